/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_typed -- what people type, on its way from the socket to the line editor: decoded, in one
 * queue with what telnet says in between, so that an interrupt or a timing mark keeps its place
 * among the keys. A CR, with or without LF or NUL behind it, is one LF in here. A full queue is
 * back-pressure: the rest stays in the socket. Runs on the session's worker.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "session_private.h"

enum { TYPED_BYTES = 64 << 10, READ_BYTES = 2048, IAC = 0xff };

/* --- the queue --- */

void
session_typed_putc(struct session *s, char c)
{
	struct buf *typed = &s->person->typed;

	/* Twice what is read ahead: decoding makes nothing longer, so only memory itself can fail.
	 */
	if (!typed->max)
		buf_init(typed, 2 * TYPED_BYTES);
	s->person->end_ns = 0;
	if (buf_putc(typed, c) < 0)
		session_lost(s);
}

void
session_typed_put(struct session *s, const char *bytes, size_t n)
{
	struct person *p = s->person;

	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];
		bool after_cr = p->typed_cr;

		p->typed_cr = c == '\r';
		if (c == '\0' || (c == '\n' && after_cr))
			continue;
		session_typed_putc(s, c == '\r' ? '\n' : c);
	}
}

void
session_typed_cut(struct person *p, size_t from, size_t to)
{
	char *typed = p->typed.data;
	size_t kept = from;

	for (size_t i = from; i < to; i++)
		if (typed[i] == TYPED_MARK)
			typed[kept++] = TYPED_MARK;
	memmove(typed + kept, typed + to, p->typed.len - to);
	p->typed.len -= to - kept;
	if (p->key_from > p->typed.len)
		p->key_from = p->typed.len;
}

bool
session_typed_full(const struct session *s)
{
	return s->person->typed.len - s->person->typed_at >= TYPED_BYTES;
}

int
session_typed_next(struct session *s)
{
	struct person *p = s->person;

	while (p->typed_at < p->typed.len) {
		unsigned char c = (unsigned char)p->typed.data[p->typed_at++];

		if (c == TYPED_MARK) {
			telnet_timing_mark(p->telnet);
		} else if (c == TYPED_INTERRUPT) {
			p->interrupted = true;
			return -ECANCELED;
		} else {
			p->interrupted = false;
			return c;
		}
	}
	p->typed_at = 0;
	buf_clear(&p->typed);
	return -EAGAIN;
}

/* --- from the socket --- */

void
session_typed_bytes(struct session *s, const char *bytes, size_t n)
{
	struct person *p = s->person;
	const char *iac;

	/* What is taken already makes room first. */
	if (p->typed_at && p->typed.data) {
		buf_consume(&p->typed, p->typed_at);
		p->key_from -= p->key_from < p->typed_at ? p->key_from : p->typed_at;
		p->typed_at = 0;
	}
	if (p->telnet) {
		session_telnet_read(s, bytes, n);
		return;
	}
	/* No text has this byte: a telnet client whose answer to the probe took longer than we
	 * waited. */
	iac = memchr(bytes, IAC, n);
	session_typed_put(s, bytes, iac ? (size_t)(iac - bytes) : n);
	if (iac) {
		session_telnet_start(s, true);
		session_telnet_read(s, iac, n - (size_t)(iac - bytes));
	}
}

int
session_typed_read(struct session *s)
{
	char bytes[READ_BYTES];
	ssize_t got = conn_read(&s->conn, bytes, sizeof(bytes));

	if (got == -EAGAIN)
		return -EAGAIN;
	if (got == 0)
		s->eof = true;
	if (got <= 0)
		return session_lost(s);
	session_typed_bytes(s, bytes, (size_t)got);
	return s->lost ? -EPIPE : 0;
}

int
session_typed_wait(struct session *s, int64_t until_ns)
{
	struct person *p = s->person;
	unsigned want = READY_IN, ready;
	int r = session_flush(s);

	if (r < 0)
		return r;
	if (conn_waiting(&s->conn))
		want |= READY_OUT;
	if (s->talk == TALK_TELNET)
		want |= READY_URGENT;
	if (p->editor && !s->noted)
		want |= READY_NOTE;
	ready = session_wait_idle(s, want, session_telnet_deadline(s, until_ns));
	if (ready & READY_STOP) {
		s->stopped = s->over = true;
		return -ESHUTDOWN;
	}
	session_telnet_tick(s);
	s->noted |= (ready & READY_NOTE) != 0;
	if (ready & READY_URGENT)
		session_telnet_urgent(s);
	if (ready & (READY_IN | READY_URGENT | READY_HANGUP)) {
		r = session_typed_read(s);
		return r == -EAGAIN ? 0 : r;
	}
	return !ready && until_ns >= 0 && now_ns() >= until_ns ? -ETIME : 0;
}
