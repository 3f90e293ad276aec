/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_live -- views that are drawn in place: one frame over the other without flicker, cut to
 * the window, at most ten a second and none while the one before is still on its way. What a frame
 * shows is the verb's business. The session puts the terminal right again, whatever ends the view.
 * Runs on a session's thread.
 */
#include <string.h>

#include "builtins_private.h"
#include "screen.h"

static const int64_t apart_ns = 100 * NS_PER_MS, busy_ns = 50 * NS_PER_MS;

void
builtins_live_begin(struct builtins_live *v, struct reply *reply, bool full)
{
	*v = (struct builtins_live){ .reply = reply, .full = full };
	buf_init(&v->out, 8 << 20);
}

void
builtins_live_end(struct builtins_live *v)
{
	buf_fini(&v->out);
}

void
builtins_live_window(const struct builtins_live *v, unsigned *ret_columns, unsigned *ret_lines)
{
	const struct asker *asker = v->reply->asker;
	bool known = asker->live || !v->columns;

	*ret_columns = known ? asker->columns : v->columns;
	*ret_lines = known ? asker->lines : v->lines;
}

static int64_t
due_ns(const struct builtins_live *v)
{
	return v->reply->ops->busy(v->reply) ? now_ns() + busy_ns : v->drawn_ns + apart_ns;
}

bool
builtins_live_due(const struct builtins_live *v)
{
	return v->wanted && due_ns(v) <= now_ns();
}

/* Where the frame begins. */
static void
put_start(struct builtins_live *v, bool resized)
{
	struct reply *reply = v->reply;

	if (!reply->restore) {
		reply->restore = v->full ? SCREEN_PLAIN SCREEN_SHOW_CURSOR SCREEN_NORMAL
					 : SCREEN_PLAIN SCREEN_SHOW_CURSOR;
		reply->full = v->full;
		buf_puts(
			&v->out,
			v->full ? SCREEN_HIDE_CURSOR SCREEN_ALTERNATE SCREEN_HOME SCREEN_ERASE_BELOW
				: SCREEN_HIDE_CURSOR);
	} else if (v->full || resized) {
		/* What a terminal does to lines that no longer fit is its own idea. */
		buf_puts(&v->out, resized ? SCREEN_HOME SCREEN_ERASE_BELOW : SCREEN_HOME);
	} else {
		buf_putc(&v->out, '\r');
		if (reply->rows)
			buf_printf(&v->out, "\033[%uA", reply->rows);
	}
}

/* Erasing behind a full row would take its last character with it. */
static void
put_line(struct builtins_live *v, const char *line, size_t n)
{
	screen_cut(&v->out, line, n, v->columns);
	if (screen_row(line, n, v->columns).columns < v->columns)
		buf_puts(&v->out, SCREEN_ERASE_LINE);
}

int
builtins_live_draw(struct builtins_live *v, const struct buf *frame)
{
	const char *at = frame->data, *end = at + frame->len, *stop;
	unsigned rows = 0, most, columns, lines;
	bool resized;
	int r;

	builtins_live_window(v, &columns, &lines);
	resized = columns != v->columns || lines != v->lines;
	v->columns = columns;
	v->lines = lines;
	most = v->full ? v->lines : v->lines - 1;
	buf_clear(&v->out);
	put_start(v, resized);
	for (; at < end && rows < most; at = stop + 1, rows++) {
		stop = memchr(at, '\n', (size_t)(end - at));
		stop = stop ? stop : end;
		put_line(v, at, (size_t)(stop - at));
		if (rows + 1 < v->lines)
			buf_putc(&v->out, '\n');
	}
	if (rows < v->lines)
		buf_puts(&v->out, SCREEN_ERASE_BELOW);
	v->reply->rows = rows;
	v->drawn_ns = now_ns();
	v->wanted = false;
	r = v->reply->ops->text(v->reply, v->out.data, v->out.len);
	return r < 0 ? r : v->reply->ops->round(v->reply);
}

int
builtins_live_wait(struct builtins_live *v, int64_t until_ns)
{
	int64_t wake_ns = until_ns;
	int r;

	if (v->wanted && (wake_ns < 0 || due_ns(v) < wake_ns))
		wake_ns = due_ns(v);
	r = v->reply->ops->wait(v->reply, wake_ns);
	v->wanted |= r == REPLY_DRAW;
	return r;
}
