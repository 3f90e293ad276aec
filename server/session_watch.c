/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_watch -- what the peer does while a command runs: ^C, a key, /cancel, hang-up. Bytes that
 * mean none of these stay where they are, as typed ahead, and are looked at once. Scripts and
 * people differ in one thing: the end of input is hang-up for people, while a script has merely
 * said all it wants to say. Runs on the session's worker.
 */
#include <errno.h>
#include <string.h>

#include "session_private.h"

void
session_watch_begin(struct session *s)
{
	s->cancelled = false;
	s->scanned = 0;
	s->drop = 0;
	s->redraw = false;
	s->reply.streaming = false;
	session_keys_begin(s);
}

static bool
reads_typed(const struct session *s)
{
	return s->talk == TALK_TELNET || s->talk == TALK_PLAIN;
}

unsigned
session_watch_want(const struct session *s)
{
	if (!reads_typed(s))
		return (session_may_fill(s) ? READY_IN : 0) | (s->asker.person ? READY_HANGUP : 0);
	/* With too much typed ahead nothing is read, and urgent data that nobody reads would be
	 * told again and again. */
	if (session_typed_full(s))
		return READY_HANGUP;
	return READY_HANGUP | READY_IN | (s->talk == TALK_TELNET ? READY_URGENT : 0);
}

static int
cancel(struct session *s)
{
	s->cancelled = true;
	return -ECANCELED;
}

/* --- people --- */

/* One press of a key: a cursor key is several bytes, and a terminal that edits lines itself sends a
 * whole line. */
static size_t
key_length(const struct session *s, const char *key, size_t n)
{
	const struct person *p = s->person;
	struct key_reader reader = { 0 };
	uint32_t keys[2];
	size_t i = 0;

	if (!p->telnet || !telnet_echoes(p->telnet)) {
		const char *end = memchr(key, '\n', n);

		return end ? (size_t)(end - key) + 1 : n;
	}
	do {
		if (key_read(&reader, (uint8_t)key[i++], keys))
			break;
	} while (i < n && key_is_begun(&reader));
	return i;
}

/* ^C takes everything with it that was typed before it. */
static int
look_typed(struct session *s)
{
	struct person *p = s->person;
	size_t from = p->typed_at, n = p->typed.len - from;
	const char *interrupt = n ? memrchr(p->typed.data + from, TYPED_INTERRUPT, n) : NULL;

	if (interrupt) {
		session_typed_cut(p, from, (size_t)(interrupt - p->typed.data) + 1);
		p->interrupted = true;
		return cancel(s);
	}
	if (!s->reply.streaming || s->reply.keys)
		return 0;
	from = p->key_from > from ? p->key_from : from;
	while (from < p->typed.len && p->typed.data[from] == TYPED_MARK)
		from++;
	if (from >= p->typed.len)
		return 0;
	session_typed_cut(p, from, from + key_length(s, p->typed.data + from, p->typed.len - from));
	return cancel(s);
}

/* --- scripts and framed sessions --- */

bool
session_is_cancel(const char *line, size_t n)
{
	static const char word[] = "/cancel";

	while (n && (line[n - 1] == '\r' || line[n - 1] == ' '))
		n--;
	return n == sizeof(word) - 1 && memcmp(line, word, n) == 0;
}

/* A line that was acted on: the ones behind it move up. */
static void
take_out(struct session *s, size_t from, size_t to)
{
	char *in = s->in + s->in_at;

	memmove(in + from, in + to, s->in_end - s->in_at - to);
	s->in_end -= to - from;
	s->scanned = from;
}

/* A key that arrived for a line of a framed session. */
static int
look_keys(struct session *s)
{
	const struct buf *keys = &s->keys;

	if (!keys->len)
		return 0;
	if (memchr(keys->data, TYPED_INTERRUPT, keys->len))
		return cancel(s);
	return s->reply.streaming && !s->reply.keys ? cancel(s) : 0;
}

/* Looks at the lines behind the one that runs. */
static int
look_behind(struct session *s)
{
	const char *in = s->in + s->in_at, *end;
	size_t from;

	while ((end = memchr(in + s->scanned, '\n', s->in_end - s->in_at - s->scanned))) {
		from = s->scanned;
		s->scanned = (size_t)(end - in) + 1;
		if (session_is_cancel(in + from, (size_t)(end - in) - from)) {
			s->drop = s->scanned;
			return cancel(s);
		}
		if (s->talk == TALK_FRAMED &&
		    session_framed_control(s, in + from, (size_t)(end - in) - from))
			take_out(s, from, s->scanned);
	}
	return s->talk == TALK_FRAMED ? look_keys(s) : 0;
}

static int
look_lines(struct session *s)
{
	size_t have = s->in_end - s->in_at;
	const char *in, *interrupt;

	if (s->scanned >= have)
		return look_keys(s);
	in = s->in + s->in_at;
	interrupt = s->talk == TALK_SCRIPT
			    ? memrchr(in + s->scanned, TYPED_INTERRUPT, have - s->scanned)
			    : NULL;
	if (!interrupt)
		return look_behind(s);
	s->drop = (size_t)(interrupt - in) + 1;
	return cancel(s);
}

static int
read_lines(struct session *s)
{
	ssize_t got = session_fill(s);

	if (got == -EPIPE)
		return -EPIPE;
	if (got == 0 && s->asker.person)
		return session_lost(s);
	return look_lines(s);
}

/* --- both --- */

int
session_watch_look(struct session *s)
{
	if (s->lost)
		return -EPIPE;
	if (s->cancelled)
		return -ECANCELED;
	return reads_typed(s) ? look_typed(s) : look_lines(s);
}

int
session_watch(struct session *s, unsigned ready)
{
	int r;

	if (ready & READY_STOP) {
		s->stopped = s->over = true;
		return cancel(s);
	}
	if (ready & READY_HANGUP)
		return session_lost(s);
	if (!(ready & (READY_IN | READY_URGENT)))
		return session_watch_look(s);
	if (!reads_typed(s))
		return read_lines(s);
	if (ready & READY_URGENT)
		session_telnet_urgent(s);
	r = session_typed_read(s);
	return r == -EPIPE ? r : look_typed(s);
}
