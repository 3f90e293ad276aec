/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * watch_live -- watch drawn in place: a heading that says how often, how old and when, and the
 * newest round below it, cut to the window. The heading ticks each second, and a new window is
 * drawn at once, while the next round may still be on its way. Runs on a session's thread.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "builtins_private.h"
#include "mem.h"
#include "screen.h"
#include "text.h"

/* A reply that catches the lines of one answer, as many as the window has room for, and counts the
 * others. */
struct catcher {
	struct reply reply;
	struct buf *out;
	unsigned columns, room;
	bool wrap;   /* long lines, which else are cut */
	size_t last; /* where the last line begins */
	size_t over; /* lines that there is no room for */
};

struct watch {
	struct pipeline_round *round;
	const struct request *request;
	struct builtins_live live;
	double every_s;
	const struct rows *rows; /* of the newest round; NULL: it failed */
	int status;		 /* of it */
	struct buf why;
	bool asked;			/* for the next one */
	struct buf body;		/* the newest round for the window below */
	unsigned columns, lines, width; /* that body was made for */
	bool stale;			/* body is not of the newest round */
	struct buf frame;
};

/* --- a round as lines --- */

static void
catch_line(struct catcher *c, const char *line, size_t n)
{
	if (c->room == 0) {
		c->over++;
		return;
	}
	c->room--;
	c->last = c->out->len;
	screen_cut(c->out, line, n, c->columns);
	if (c->out->len == c->last || c->out->data[c->out->len - 1] != '\n')
		buf_putc(c->out, '\n');
}

static int
catch_text(struct reply *reply, const char *bytes, size_t n)
{
	struct catcher *c = (struct catcher *)((char *)reply - offsetof(struct catcher, reply));

	while (n) {
		const char *end = memchr(bytes, '\n', n);
		size_t size = end ? (size_t)(end - bytes) + 1 : n;

		if (c->wrap)
			size = screen_row(bytes, n, c->columns).size;
		catch_line(c, bytes, size);
		bytes += size;
		n -= size;
	}
	return 0;
}

static const struct reply_ops catch_ops = { .text = catch_text };

/* True when it is another one. */
static bool
note_window(struct watch *w)
{
	unsigned columns, lines, width = w->live.reply->asker->render.width;
	bool other;

	builtins_live_window(&w->live, &columns, &lines);
	other = columns != w->columns || lines != w->lines || width != w->width;
	w->columns = columns;
	w->lines = lines;
	w->width = width;
	return other;
}

static void
make_body(struct watch *w)
{
	struct catcher c = { .reply.ops = &catch_ops,
			     .out = &w->body,
			     .columns = w->columns,
			     .room = w->lines > 2 ? w->lines - 2 : 1,
			     .wrap = !w->rows || w->rows->plain };

	w->stale = false;
	buf_clear(&w->body);
	pipeline_round_set_width(w->round, w->width);
	if (w->rows)
		pipeline_round_write(w->round, &c.reply);
	else
		pipeline_error(w->request->asker, &c.reply, w->status, buf_str(&w->why));
	if (!c.over)
		return;
	/* The last line is given up for saying so. */
	w->body.len = c.last;
	buf_printf(&w->body, "-- %zu more %s --\n", c.over + 1, c.wrap ? "lines" : "rows");
}

/* --- the frame --- */

/* What is repeated, without watch's own words where the line still has it. */
static const char *
pipeline_text(const struct request *request)
{
	const struct parse_command *c = request->parsed;

	return strlen(c->text) == c->to - c->from ? c->text + (c->stages[0]->words[0].at - c->from)
						  : c->text;
}

static void
put_heading(struct watch *w, struct buf *out)
{
	_autobuf_ struct buf line = BUF_INIT(16 << 10);
	const char *text = pipeline_text(w->request);
	bool color = w->request->asker->render.color;

	buf_printf(&line, "every %g s  ", w->every_s);
	text_number(&line, (double)time(NULL), TELMON_EPOCH, TELMON_INT);
	if (w->rows)
		buf_printf(&line, "  age %.1f s", pipeline_round_age_s(w->round));
	buf_puts(&line, "  ");
	text_clean(&line, text, strlen(text));
	buf_puts(out, color ? SCREEN_BOLD : "");
	text_fit(out, line.data, line.len, w->columns);
	buf_puts(out, color ? SCREEN_PLAIN "\n" : "\n");
}

static int
draw(struct watch *w)
{
	if (note_window(w) || w->stale)
		make_body(w);
	buf_clear(&w->frame);
	put_heading(w, &w->frame);
	buf_put(&w->frame, w->body.data, w->body.len);
	return builtins_live_draw(&w->live, &w->frame);
}

/* --- rounds --- */

/* -EAGAIN: the round is not there yet. */
static int
take_round(struct watch *w)
{
	struct reply *reply = w->live.reply;
	_autobuf_ struct buf why = BUF_WHY;
	const struct rows *rows = NULL;
	int r = pipeline_round_take(w->round, reply, &rows, &why);

	if (r < 0)
		return r;
	w->asked = false;
	w->status = r;
	w->rows = r < STATUS_USAGE ? rows : NULL;
	buf_clear(&w->why);
	buf_puts(&w->why, buf_str(&why));
	w->stale = w->live.wanted = true;
	return 0;
}

static int64_t
beat(int64_t last_ns, int64_t every_ns)
{
	return last_ns + every_ns * ((now_ns() - last_ns) / every_ns + 1);
}

/* Draws what is due and sleeps. */
static int
show(struct watch *w, int64_t until_ns)
{
	int64_t second_ns = w->live.drawn_ns + NS_PER_S;
	int r = 0;

	if (builtins_live_due(&w->live))
		r = draw(w);
	if (r < 0)
		return r;
	/* Before the first round there is nothing to tick. */
	if (w->live.drawn_ns && (until_ns < 0 || second_ns < until_ns))
		until_ns = second_ns;
	r = builtins_live_wait(&w->live, until_ns);
	w->live.wanted |= w->live.drawn_ns && now_ns() >= second_ns;
	return r;
}

static int
repeat(struct watch *w, int64_t count)
{
	int64_t every_ns = (int64_t)(w->every_s * (double)NS_PER_S), next_ns = now_ns();
	int r = 0;

	while (r >= 0) {
		if (!w->asked && now_ns() >= next_ns) {
			pipeline_round_ask(w->round, w->live.reply);
			w->asked = true;
		}
		if (w->asked) {
			r = take_round(w);
			if (r == 0 && --count <= 0)
				return draw(w);
			if (r < 0 && r != -EAGAIN)
				return r;
			if (r == 0)
				next_ns = beat(next_ns, every_ns);
		}
		r = show(w, w->asked ? -1 : next_ns);
	}
	return r;
}

int
builtins_watch_live(struct pipeline_round *round, const struct request *request, double every_s,
		    int64_t count, struct reply *reply, int *ret_status)
{
	struct watch w = { .round = round,
			   .request = request,
			   .every_s = every_s,
			   .why = BUF_WHY,
			   .body = BUF_INIT(8 << 20),
			   .frame = BUF_INIT(8 << 20) };
	int r;

	builtins_live_begin(&w.live, reply, false);
	r = repeat(&w, count);
	*ret_status = w.status;
	builtins_live_end(&w.live);
	buf_fini(&w.why);
	buf_fini(&w.body);
	buf_fini(&w.frame);
	return r;
}
