/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_reply -- the way back that a command is given: text with back-pressure, rounds, and a
 * sleep that ends by the doorbell, the clock, a cancel or hang-up. A command sees nothing of the
 * session behind it. Runs on the session's worker; only the doorbell is written to by others.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "session_private.h"

static const int64_t look_again_ns = 20 * NS_PER_MS;

static struct session *
of(struct reply *reply)
{
	return (struct session *)((char *)reply - offsetof(struct session, reply));
}

static int
reply_text(struct reply *reply, const char *bytes, size_t n)
{
	struct session *s = of(reply);

	if (s->lost)
		return -EPIPE;
	if (s->cancelled)
		return -ECANCELED;
	return s->talk == TALK_FRAMED ? session_framed_text(s, bytes, n)
				      : session_text(s, bytes, n);
}

static int
reply_round(struct reply *reply)
{
	struct session *s = of(reply);
	int r = 0;

	if (s->lost)
		return -EPIPE;
	if (s->cancelled)
		return -ECANCELED;
	if (s->talk == TALK_FRAMED)
		r = session_framed_more(s);
	return r < 0 ? r : session_flush(s);
}

static int
reply_doorbell(struct reply *reply)
{
	struct session *s = of(reply);

	if (s->bell_fd < 0)
		s->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->bell_failed = s->bell_fd < 0;
	return s->bell_fd;
}

static int64_t
nearer(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static bool
is_over(int64_t until_ns)
{
	return until_ns >= 0 && now_ns() >= until_ns;
}

/* One sleep. -EAGAIN: sleep on. */
static int
wait_once(struct session *s, int64_t until_ns)
{
	unsigned want = READY_BELL | session_watch_want(s) |
			(s->reply.streaming && s->person ? READY_NOTE : 0);
	int64_t wake_ns = until_ns;
	unsigned ready;
	uint64_t rings;
	int r;

	if (conn_waiting(&s->conn))
		want |= READY_OUT;
	if (s->person)
		wake_ns = session_telnet_deadline(s, wake_ns);
	if (s->bell_failed)
		wake_ns = nearer(wake_ns, now_ns() + look_again_ns);
	ready = session_wait(s, want, wake_ns);
	r = session_watch(s, ready);
	if (r == 0 && (ready & READY_OUT))
		r = session_flush(s);
	if (r < 0)
		return r;
	if (s->person) {
		session_telnet_tick(s);
		s->person->noted |= (ready & READY_NOTE) != 0;
		session_person_news(s);
	}
	if (ready & READY_BELL)
		return read(s->bell_fd, &rings, sizeof(rings)) > 0 ? 1 : -EAGAIN;
	if (is_over(until_ns))
		return 0;
	return s->bell_failed ? 1 : -EAGAIN;
}

static int
reply_wait(struct reply *reply, int64_t until_ns)
{
	struct session *s = of(reply);
	int r = session_watch_look(s);

	if (r == 0)
		r = session_flush(s);
	if (r < 0)
		return r;
	do {
		r = wait_once(s, until_ns);
	} while (r == -EAGAIN);
	return r;
}

const struct reply_ops session_reply_ops = {
	.text = reply_text,
	.round = reply_round,
	.doorbell = reply_doorbell,
	.wait = reply_wait,
};
