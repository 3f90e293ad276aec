/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * mem -- the two families of memory. x* is for what we size ourselves: when even that is not to be
 * had for a while the process cannot go on in order, so it says so and aborts. Arenas are for what
 * hangs off one session or one call: nothing in them is freed alone.
 */
#include "mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	max_align_t data[];
};

enum { CHUNK_BYTES = 4096 - sizeof(struct arena_chunk) };

/* A second in all: a moment of shortage ends nobody's session, and one that lasts ends the process
 * while somebody may still wonder. */
static const int64_t pauses_ms[] = { 10, 20, 40, 80, 150, 300, 400 };

/* Returns when it is worth another try; the tries are counted from 0. */
static void
wait_for_memory(unsigned tried, size_t size)
{
	static struct log_limit limit;
	struct timespec ts;
	uint32_t held;

	if (tried == sizeof(pauses_ms) / sizeof(*pauses_ms)) {
		log_errx("out of memory (%zu bytes asked for)", size);
		abort();
	}
	if (tried == 0 && log_allow(&limit, &held))
		log_warnx("short of memory (%zu bytes asked for; %u more since the last such "
			  "line), retrying",
			  size, held);
	ts = (struct timespec){ .tv_nsec = pauses_ms[tried] * 1000000 };
	nanosleep(&ts, NULL);
}

void *
xmalloc(size_t size)
{
	void *p;

	for (unsigned tried = 0; !(p = malloc(size ? size : 1)); tried++)
		wait_for_memory(tried, size);
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	void *p;

	for (unsigned tried = 0; !(p = calloc(n ? n : 1, size ? size : 1)); tried++)
		wait_for_memory(tried, size);
	return p;
}

void *
xrealloc(void *old, size_t size)
{
	void *p;

	for (unsigned tried = 0; !(p = realloc(old, size ? size : 1)); tried++)
		wait_for_memory(tried, size);
	return p;
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *
xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	for (unsigned tried = 0;; tried++) {
		va_start(ap, fmt);
		n = vasprintf(&p, fmt, ap);
		va_end(ap);
		if (n >= 0)
			return p;
		wait_for_memory(tried, 0);
	}
}

void
arena_init(struct arena *a, size_t max_bytes)
{
	*a = (struct arena){ .max_bytes = max_bytes };
}

void
arena_fini(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	a->left = 0;
	a->size_bytes = 0;
}

/* A session clears its arena at every line: the piece that most lines need stays. */
void
arena_clear(struct arena *a)
{
	struct arena_chunk **at = &a->chunks, *keep;

	while (*at && (*at)->size != CHUNK_BYTES)
		at = &(*at)->next;
	keep = *at;
	if (keep)
		*at = keep->next;
	arena_fini(a);
	if (!keep)
		return;
	keep->next = NULL;
	a->chunks = keep;
	a->left = keep->size;
}

static bool
add_chunk(struct arena *a, size_t need)
{
	size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
	struct arena_chunk *c;

	/* Big arenas take bigger steps, so that a large answer is not made of thousands of chunks.
	 */
	if (size < a->size_bytes / 4)
		size = a->size_bytes / 4;
	c = malloc(sizeof(*c) + size);
	if (!c)
		return false;
	c->size = size;
	c->next = a->chunks;
	a->chunks = c;
	a->left = size;
	return true;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	size_t want = size ? size : 1; /* distinct pointers, as malloc's */
	size_t need = (want + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	char *p;

	if (need < want || (a->max_bytes && need > a->max_bytes - a->size_bytes))
		return NULL;
	if (need > a->left && !add_chunk(a, need))
		return NULL;
	p = (char *)a->chunks->data + (a->chunks->size - a->left);
	/* Chunk sizes need not be multiples of the alignment; the offset from the start must be. */
	a->left -= need;
	a->size_bytes += need;
	memset(p, 0, size);
	return p;
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = arena_alloc(a, len + 1);

	if (p)
		memcpy(p, s, len);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	p = arena_alloc(a, (size_t)n + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void
mem_freep(void *pp)
{
	free(*(void **)pp);
}
