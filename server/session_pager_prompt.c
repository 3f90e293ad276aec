/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_pager_prompt -- the pager's last line: what it says there, and the wait for a key, in
 * which notes of others appear above it, a new window is noticed, and nobody is waited for for
 * ever. Runs on the session's worker.
 */
#include <errno.h>
#include <string.h>

#include "session_pager_private.h"

static const int64_t redraw_ns = 100 * NS_PER_MS;

/* --- out --- */

int
session_pager_put(struct session *s, const char *bytes, size_t n)
{
	return s->talk == TALK_FRAMED ? session_framed_text(s, bytes, n)
				      : session_text(s, bytes, n);
}

static int
send_all(struct session *s)
{
	int r = s->talk == TALK_FRAMED ? session_framed_more(s) : 0;

	return r < 0 ? r : session_flush(s);
}

/* --- the prompt --- */

int
session_pager_line(struct session *s)
{
	_autobuf_ struct buf out = BUF_INIT(4096);
	struct pager *p = s->pager;
	bool reverse = s->asker.render.color;

	buf_puts(&out, "\r" SCREEN_ERASE_LINE);
	if (reverse)
		buf_puts(&out, SCREEN_REVERSE);
	buf_put(&out, p->line.data, p->line.len);
	if (reverse)
		buf_puts(&out, SCREEN_PLAIN);
	return out.error ? session_lost(s) : session_pager_put(s, out.data, out.len);
}

/* The longest that leaves the last column free. */
int
session_pager_prompt(struct session *s, const char *said)
{
	static const char *const keys[] = {
		" -- space page, enter line, b back, / search, q quit --",
		" -- space, enter, b, /, q --",
		" --",
	};
	struct pager *p = s->pager;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		buf_clear(&p->line);
		buf_printf(&p->line, "-- %s%s", said, keys[i]);
		if (p->line.len < s->asker.columns)
			return session_pager_line(s);
	}
	buf_clear(&p->line);
	buf_puts(&p->line, "--");
	return session_pager_line(s);
}

int
session_pager_wipe(struct session *s)
{
	static const char gone[] = "\r" SCREEN_ERASE_LINE;

	if (!s->pager->line.len)
		return 0;
	buf_clear(&s->pager->line);
	return session_pager_put(s, gone, sizeof(gone) - 1);
}

/* --- waiting for a key --- */

/* Notes of others stand above the prompt. */
static int
show_news(struct session *s)
{
	static const char gone[] = "\r" SCREEN_ERASE_LINE;
	int r;

	if (!session_person_has_news(s))
		return 0;
	r = session_pager_put(s, gone, sizeof(gone) - 1);
	session_person_news(s);
	return r < 0 ? r : session_pager_line(s);
}

static bool
is_resized(const struct session *s)
{
	return s->pager->columns != s->asker.columns || s->pager->lines != s->asker.lines;
}

static int64_t
sooner(int64_t a_ns, int64_t b_ns)
{
	return a_ns < 0 || b_ns < a_ns ? b_ns : a_ns;
}

static int64_t
wakes_ns(const struct session *s, int64_t until_ns)
{
	const struct person *who = s->person;

	if (is_resized(s))
		until_ns = sooner(until_ns, s->pager->drawn_ns + redraw_ns);
	if (who && who->end_ns)
		until_ns = sooner(until_ns, who->end_ns);
	if (who)
		until_ns = session_telnet_deadline(s, until_ns);
	return session_key_deadline(s, until_ns);
}

static int
wait_once(struct session *s, int64_t until_ns)
{
	struct person *who = s->person;
	unsigned want = session_watch_want(s) | (conn_waiting(&s->conn) ? READY_OUT : 0) |
			(s->noted ? 0 : READY_NOTE);
	unsigned ready = session_wait(s, want, wakes_ns(s, until_ns));
	int r = session_watch(s, ready);

	if (r == 0 && (ready & READY_OUT))
		r = session_flush(s);
	if (r < 0)
		return r;
	if (who)
		session_telnet_tick(s);
	s->noted |= (ready & READY_NOTE) != 0;
	return 0;
}

/* Whoever has left the terminal alone is let go, as at the prompt. */
static int
leave_idle(struct session *s)
{
	s->idled = s->cancelled = s->over = true;
	return -ECANCELED;
}

/* A key, or PAGER_NO_KEY: the window is another one, or there is nobody any more who could press
 * one. */
int
session_pager_key(struct session *s)
{
	int64_t idle_ns = s->limits.idle_timeout_ns, until_ns = idle_ns ? now_ns() + idle_ns : -1;
	struct pager *p = s->pager;
	int r = send_all(s);

	if (r == 0)
		r = session_watch_look(s);
	while (r == 0) {
		if (session_key_ready(s))
			return session_key_take(s);
		p->off = !s->asker.live ||
			 (s->person && s->person->end_ns && now_ns() >= s->person->end_ns);
		if (p->off || (is_resized(s) && now_ns() >= p->drawn_ns + redraw_ns))
			return PAGER_NO_KEY;
		if (until_ns >= 0 && now_ns() >= until_ns)
			return leave_idle(s);
		r = wait_once(s, until_ns);
		if (r == 0)
			r = show_news(s);
		if (r == 0)
			r = send_all(s);
	}
	return r;
}
