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
#include <stdio.h>
#include <string.h>
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
	int r;

	if (s->lost)
		return -EPIPE;
	if (s->cancelled)
		return -ECANCELED;
	if (s->pager && s->paged && !reply->streaming)
		return session_pager_text(s, bytes, n);
	if (s->pager && (r = session_pager_pass(s)) < 0)
		return r;
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

static int
reply_key(struct reply *reply)
{
	return session_key_take(of(reply));
}

static bool
reply_busy(struct reply *reply)
{
	return conn_waiting(&of(reply)->conn) > 0;
}

/* What was drawn goes, the notes stand in its place, and the command draws below them. */
static void
show_news(struct session *s)
{
	struct reply *reply = &s->reply;
	char up[32];

	if (!session_person_has_news(s))
		return;
	if (reply->full) {
		s->redraw |= !reply->noted && s->noted;
		reply->noted = s->noted;
		return;
	}
	if (reply->restore) {
		snprintf(up, sizeof(up), reply->rows ? "\r\033[%uA\033[J" : "\r\033[J",
			 reply->rows);
		session_show(s, up, strlen(up));
		reply->rows = 0;
		s->redraw = true;
	}
	session_person_news(s);
	if (s->talk == TALK_FRAMED)
		session_framed_more(s);
}

static bool
is_over(int64_t until_ns)
{
	return until_ns >= 0 && now_ns() >= until_ns;
}

/* What needs no sleep. -EAGAIN: nothing. */
static int
happened(struct session *s)
{
	if (s->reply.keys && session_key_ready(s))
		return REPLY_KEY;
	if (!s->redraw || !s->reply.restore)
		return -EAGAIN;
	s->redraw = false;
	return REPLY_DRAW;
}

static unsigned
wants(const struct session *s)
{
	/* A program that draws on no terminal, or draws nothing, gets them between two answers. */
	bool drawn = s->asker.live && session_format(s, s->format) == RENDER_TEXT;
	bool notes = s->reply.streaming && (s->person || drawn) && !s->noted;

	return READY_BELL | session_watch_want(s) | (notes ? READY_NOTE : 0) |
	       (conn_waiting(&s->conn) ? READY_OUT : 0);
}

static int64_t
wakes_ns(const struct session *s, int64_t until_ns)
{
	if (s->person)
		until_ns = session_telnet_deadline(s, until_ns);
	if (s->reply.keys)
		until_ns = session_key_deadline(s, until_ns);
	if (s->bell_failed)
		until_ns = session_nearer(until_ns, now_ns() + look_again_ns);
	return until_ns;
}

/* One sleep. -EAGAIN: sleep on. */
static int
wait_once(struct session *s, int64_t until_ns)
{
	unsigned ready = session_wait(s, wants(s), wakes_ns(s, until_ns));
	uint64_t rings;
	int r = session_watch(s, ready);

	if (r == 0 && (ready & READY_OUT))
		r = session_flush(s);
	if (r < 0)
		return r;
	if (s->person)
		session_telnet_tick(s);
	s->noted |= (ready & READY_NOTE) != 0;
	show_news(s);
	if (ready & READY_BELL)
		return read(s->bell_fd, &rings, sizeof(rings)) > 0 ? REPLY_BELL : -EAGAIN;
	r = happened(s);
	if (r != -EAGAIN)
		return r;
	if (is_over(until_ns))
		return REPLY_TIME;
	return s->bell_failed ? REPLY_BELL : -EAGAIN;
}

static int
reply_wait(struct reply *reply, int64_t until_ns)
{
	struct session *s = of(reply);
	int r = session_watch_look(s);

	if (r == 0)
		r = session_flush(s);
	if (r == 0)
		r = happened(s);
	while (r == -EAGAIN)
		r = wait_once(s, until_ns);
	return r;
}

void
session_reply_owed(struct session *s, const char *text)
{
	size_t n = strlen(text);

	if (s->person && s->cancelled)
		session_person_marks(s);
	if (s->talk == TALK_FRAMED)
		session_framed_owed(s, text, n);
	else if (session_room_owed(s, 4 * n) != -EPIPE)
		session_show(s, text, n);
}

void
session_reply_restore(struct session *s)
{
	struct reply *reply = &s->reply;
	const char *restore = reply->restore;

	reply->restore = NULL;
	reply->keys = reply->full = reply->noted = false;
	reply->rows = 0;
	if (restore)
		session_reply_owed(s, restore);
}

const struct reply_ops session_reply_ops = {
	.text = reply_text,
	.round = reply_round,
	.doorbell = reply_doorbell,
	.wait = reply_wait,
	.key = reply_key,
	.busy = reply_busy,
};
