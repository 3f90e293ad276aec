/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_script -- sessions that send whole lines: scripts, and the framed sessions they may turn
 * into. Lines are answered in order; what is complete is answered before anything more is read.
 * Ends with the input, after the linger, by idling or by /quit. Runs on the session's worker.
 *
 * The order of the system calls is what a one-shot costs: a read before any poll, one send for all
 * that was answered, then one more read, because a peer that half-closes has mostly done so by
 * then; only after that is waiting worth its call. A peer that stays waits first from its second
 * turn on: in the read itself where it can, else in a poll.
 */
#include <errno.h>
#include <string.h>

#include "session_private.h"

enum { TURN_LINES = 20 };

static void
run_line(struct session *s, const char *line, size_t n)
{
	const char *kept;
	int status;

	arena_clear(&s->arena);
	if (s->talk == TALK_FRAMED ? session_framed_control(s, line, n)
				   : session_foreign(s, line, n, false))
		return;
	kept = session_keep_line(s, line, n);
	if (!kept) {
		session_lost(s);
		return;
	}
	status = session_line(s, kept, n);
	if (s->talk == TALK_FRAMED)
		session_framed_done(s, status);
}

static void
run_too_long(struct session *s)
{
	int status;

	session_watch_begin(s);
	status = session_line_too_long(s);
	if (s->talk == TALK_FRAMED)
		session_framed_done(s, status);
}

/* r as session_take_line() returned it: not 0. */
static void
answer(struct session *s, int r, const char *line, size_t n)
{
	s->lines++;
	if (r > 0)
		run_line(s, line, n);
	else
		run_too_long(s);
	if (s->drop && s->talk == TALK_FRAMED)
		session_framed_drop(s);
	else
		s->in_at += s->drop;
	s->drop = 0;
}

static void
check_stop(struct session *s)
{
	if (atomic_load_explicit(&s->shared->stopping, memory_order_relaxed))
		s->stopped = s->over = true;
}

/* Answers all complete lines. */
static void
run_lines(struct session *s)
{
	const char *line = NULL;
	unsigned turn = 0;
	size_t n = 0;
	int r;

	while (!s->over && !s->lost && (r = session_take_line(s, &line, &n)) != 0) {
		answer(s, r, line, n);
		if (++turn % TURN_LINES == 0) {
			session_flush(s);
			check_stop(s);
		}
	}
	if (!s->lost)
		session_flush(s);
}

static void
run_rest(struct session *s)
{
	const char *line = NULL;
	size_t n = 0;
	int r;

	if (s->over || s->lost)
		return;
	r = session_take_rest(s, &line, &n);
	if (r)
		answer(s, r, line, n);
}

/* A program that has framed answers knows where they end, and goes by itself. */
static bool
lingers(const struct session *s)
{
	return !s->hold && s->talk != TALK_FRAMED;
}

/* Until when the next bytes are waited for; -1 = for ever. */
static int64_t
patience(const struct session *s)
{
	int64_t now = now_ns();

	if (s->lines == 0)
		return s->first_ns + s->limits.first_line_ns;
	if (lingers(s))
		return now + s->limits.script_linger_ns;
	return s->limits.idle_timeout_ns ? now + s->limits.idle_timeout_ns : -1;
}

/* Waits and reads once. 0 = bytes or the end of input, -EAGAIN = neither, else the session has
 * ended. */
static int
wait_bytes(struct session *s, int64_t until_ns)
{
	unsigned ready, want = READY_IN | READY_NOTE | (conn_waiting(&s->conn) ? READY_OUT : 0);

	ready = lingers(s) ? session_wait(s, want, until_ns) : session_wait_idle(s, want, until_ns);
	if (ready & READY_STOP) {
		s->stopped = true;
		return -ESHUTDOWN;
	}
	if (ready & READY_OUT)
		session_flush(s);
	if (ready & READY_NOTE)
		session_framed_notes(s);
	if ((ready & (READY_IN | READY_HANGUP)) && session_fill(s) != -EAGAIN)
		return s->lost ? -EPIPE : 0;
	if (!ready && until_ns >= 0 && now_ns() >= until_ns)
		return -ETIME;
	return s->lost ? -EPIPE : -EAGAIN;
}

/* Programs find out by themselves; a person is told. */
static void
say_goodbye(struct session *s, const char *notice)
{
	if (s->talk == TALK_FRAMED && s->asker.person)
		session_framed_note(s, notice, strlen(notice));
}

/*
 * A script that asks again and again waits inside its read: one system call for each request where
 * polling takes two. Nothing wakes it there, so this is for short lingers only, and a stop is
 * looked for afterwards.
 */
static bool
waits_in_read(const struct session *s)
{
	return s->lines > 1 && lingers(s) && s->limits.script_linger_ns > 0 &&
	       s->limits.script_linger_ns <= NS_PER_S;
}

/* Reads more, however long that takes. False: there will be no more. */
static bool
next_bytes(struct session *s, bool read_first)
{
	int64_t until_ns;
	int r;

	/* The linger counts from when the peer has the whole answer. */
	if (lingers(s))
		session_flush_all(s);
	if (s->lost)
		return false;
	if (read_first && session_fill(s) != -EAGAIN)
		return !s->lost;
	if (waits_in_read(s)) {
		ssize_t got = session_fill_wait(s, s->limits.script_linger_ns);

		check_stop(s);
		return got != -EAGAIN && !s->lost;
	}
	until_ns = patience(s);
	do {
		r = wait_bytes(s, until_ns);
	} while (r == -EAGAIN);
	if (r == -ETIME)
		say_goodbye(s, "-- idle for too long, closing\n");
	return r == 0;
}

void
session_script_run(struct session *s)
{
	bool read_first = true;

	s->first_ns = now_ns();
	for (;;) {
		run_lines(s);
		if (s->over || s->lost || s->eof || !next_bytes(s, read_first))
			break;
		read_first = s->full;
	}
	if (s->eof)
		run_rest(s);
	if (s->idled)
		say_goodbye(s, "-- idle for too long, closing\n");
	if (s->stopped)
		say_goodbye(s, "-- telmond stops\n");
	else if (!s->lost)
		session_flush_all(s);
}
