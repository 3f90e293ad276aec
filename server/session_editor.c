/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_editor -- between a person's session and lineedit: which way of reading lines there is,
 * the keys for it, and what it shows. A note or a new window ends the wait for a key, so that the
 * line being typed makes room. Runs on the session's worker.
 */
#include <errno.h>
#include <string.h>

#include "pool.h"
#include "session_private.h"
#include "text.h"

/* Of a key's sequence the bytes come together. Somebody who presses Alt and ] has begun one, too,
 * which would swallow all that he types then up to Enter. */
static const int64_t pause_ns = NS_PER_S;

/* --- what it shows --- */

/* In ASCII a character keeps the columns that the line editor gave it. */
static void
show_ascii(struct session *s, const char *text, size_t n)
{
	_autobuf_ struct buf out = BUF_INIT(s->limits.max_output);

	for (size_t i = 0, len; i < n; i += len) {
		uint32_t c;

		len = text_decode(text + i, n - i, &c);
		len = len ? len : 1;
		if (len == 1)
			buf_putc(&out, text[i]);
		else
			buf_pad(&out, '?', text_width(text + i, len));
	}
	session_show(s, out.data, out.len);
}

static void
show(void *ctx, const char *text, size_t n)
{
	struct session *s = ctx;

	if (s->asker.render.ascii)
		show_ascii(s, text, n);
	else
		session_show(s, text, n);
}

/* --- what it is told --- */

static void
go_ahead(struct session *s)
{
	struct person *p = s->person;

	if (p->prompted && p->telnet && telnet_go_ahead(p->telnet))
		if (conn_put(&s->conn, TELNET_GA, sizeof(TELNET_GA) - 1) < 0)
			session_lost(s);
	p->prompted = false;
}

/* inetutils throws away all output between ^C and the answer to the timing mark it sends along: the
 * prompt went with it. */
static bool
owes_prompt(const struct person *p)
{
	return p->interrupted && p->typed_at < p->typed.len &&
	       p->typed.data[p->typed_at] == TYPED_MARK;
}

/* What is typed into a new window is drawn in it; a note waits until nothing more is typed. */
static bool
has_new_window(struct person *p)
{
	bool resized = p->resized;

	p->resized = false;
	return resized;
}

static void
news(void *ctx)
{
	struct session *s = ctx;

	if (owes_prompt(s->person))
		session_person_marks(s);
	session_person_news(s);
}

/* Waits for something to be typed. 0; else why nothing will be. What comes while this worker has no
 * processor comes without a pause, so nothing but a wait that found nothing is one. */
static int
wait_typed(struct session *s)
{
	struct person *p = s->person;
	int64_t pause_end_ns = now_ns() + pause_ns, until_ns;
	int r;

	if (s->lost)
		return -EPIPE;
	if (!p->idle_ns)
		p->idle_ns = s->limits.idle_timeout_ns ? now_ns() + s->limits.idle_timeout_ns : -1;
	until_ns = session_nearer(p->idle_ns, p->end_ns ? p->end_ns : -1);
	r = session_typed_wait(s, session_nearer(until_ns, pause_end_ns));
	if (r == -ETIME && (until_ns < 0 || now_ns() < until_ns)) {
		lineedit_pause(p->editor);
		r = session_typed_wait(s, until_ns);
	}
	return r == -ETIME && p->end_ns && now_ns() >= p->end_ns ? -EPIPE : r;
}

static int
key(void *ctx)
{
	struct session *s = ctx;
	struct person *p = s->person;
	int c, r;

	go_ahead(s);
	for (;;) {
		if (has_new_window(p) || owes_prompt(p))
			return -EAGAIN;
		c = session_typed_next(s);
		if (c != -EAGAIN)
			break;
		if (session_person_has_news(s))
			return -EAGAIN;
		r = wait_typed(s);
		if (r < 0)
			return r;
	}
	p->idle_ns = 0;
	return c;
}

static void
complete(void *ctx, const char *line, size_t cursor, struct lineedit_choices *choices)
{
	session_complete(ctx, line, cursor, choices);
}

static const struct lineedit_ops editor_ops = {
	.key = key, .show = show, .news = news, .complete = complete
};

void
session_editor_open(struct session *s)
{
	struct person *p = s->person;

	p->editor = lineedit_new(&editor_ops, s, s->limits.max_line);
	lineedit_set_echo(p->editor, p->telnet && telnet_echoes(p->telnet));
	if (p->columns)
		lineedit_set_window(p->editor, p->columns, p->rows);
	p->next_columns = 0;
}

/* --- who reads the lines --- */

static bool
take_place(struct session *s)
{
	_Atomic unsigned *editors = &s->shared->editors;
	unsigned n = atomic_load(editors);

	while (n < s->limits.max_editors)
		if (atomic_compare_exchange_weak(editors, &n, n + 1))
			return s->person->has_place = true;
	return false;
}

static void
leave_place(struct session *s)
{
	if (s->person->has_place)
		atomic_fetch_sub(&s->shared->editors, 1);
	s->person->has_place = false;
}

/* Makes the editor serve as soon as the terminal is known; an answer may be late. A terminal that
 * is not in the database but moves its cursor as ECMA-48 says is near enough to an xterm. */
void
session_editor_want(struct session *s)
{
	_autobuf_ struct buf name = BUF_WHY;
	struct person *p = s->person;
	int r;

	if (lineedit_is_open(p->editor) || p->no_editor || !p->telnet || !p->terminal[0] ||
	    p->dumb || !telnet_echoes(p->telnet) || !take_place(s))
		return;
	r = lineedit_open(p->editor, p->terminal);
	if (r == -ENOTTY && p->ansi)
		r = lineedit_open(p->editor, "xterm");
	/* The stack has been deep in the terminal database. */
	pool_retire();
	if (r == 0)
		return;
	log_debug("%s: no line editor: %s", session_name(s, &name), strerror(-r));
	p->no_editor = true;
	leave_place(s);
}

void
session_editor_close(struct session *s)
{
	lineedit_free(s->person->editor);
	leave_place(s);
}
