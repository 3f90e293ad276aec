/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * mem -- memory of our own size (x*, which abort when there is none) and arenas, which are freed
 * whole. What a peer or a plugin can size goes into a buf or an arena with a maximum instead.
 */
#ifndef MEM_H
#define MEM_H

#include <stdarg.h>
#include <stddef.h>

/* As their namesakes; never NULL: when memory is out they try again for a second, then log and
 * abort. Freed with free(). Thread-safe. Block for that second, and no longer. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Pieces that live and die together. One thread at a time. */
struct arena {
	struct arena_chunk *chunks;
	size_t left;	   /* bytes free in the newest chunk */
	size_t size_bytes; /* asked for so far */
	size_t max_bytes;  /* 0 = no limit */
};

/* Costs no allocation until the first piece. */
void arena_init(struct arena *a, size_t max_bytes);
void arena_fini(struct arena *a);
/* Frees every piece; the arena stays usable, and keeps one chunk of ordinary size (4 KiB) for what
 * comes next. */
void arena_clear(struct arena *a);
/* Zeroed, aligned for any type, valid until clear or fini. NULL past the maximum or without memory.
 */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Scope clean-up for a pointer from the x family: _autofree_ char *p = ... */
#define _autofree_ __attribute__((cleanup(mem_freep)))
void mem_freep(void *pp);

/* Whether this is built with a sanitizer, whose run time has the address space and stderr to itself
 * then. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MEM_SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { MEM_SANITIZED = 1 };
#else
enum { MEM_SANITIZED = 0 };
#endif
#else
enum { MEM_SANITIZED = 0 };
#endif

#endif
