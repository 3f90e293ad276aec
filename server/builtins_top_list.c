/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * top_list -- the lower part of top's screen: the processes, or help in their place, and the line
 * at the bottom that says what keys there are and where the list stands. Runs on a session's
 * thread.
 */
#include <string.h>

#include "builtins_top_private.h"
#include "screen.h"

enum { LINE_BYTES = 16 << 10 };

/* --- processes --- */

/* The table's heading stands out, as wide as the window. */
static void
put_table_heading(const struct top *t, const char *line, size_t n, unsigned columns,
		  struct buf *out)
{
	size_t width = screen_row(line, n, columns).columns;

	buf_puts(out, t->look.color ? SCREEN_REVERSE : "");
	screen_cut(out, line, n, columns);
	if (t->look.color) {
		buf_pad(out, ' ', columns - width);
		buf_puts(out, SCREEN_PLAIN);
	}
	buf_putc(out, '\n');
}

/* All are measured, so that columns stay where they are while the list moves. */
static void
put_table(const struct top *t, unsigned columns, size_t n, struct buf *out)
{
	_autobuf_ struct buf text = BUF_INIT(16 << 20);
	struct rows seen = t->shown;
	struct render_options look = t->look;
	struct render render;
	const char *end;

	look.width = columns;
	render_begin(&render, &t->shown, &look);
	seen.n_rows = t->scroll + n < seen.n_rows ? t->scroll + n : seen.n_rows;
	render.rows = &seen;
	render.next_row = t->scroll;
	while (render_next(&render, &text) > 0)
		continue;
	end = text.len ? memchr(text.data, '\n', text.len) : NULL;
	if (!end)
		return;
	put_table_heading(t, text.data, (size_t)(end - text.data), columns, out);
	buf_put(out, end + 1, text.len - (size_t)(end + 1 - text.data));
}

void
top_draw_processes(struct top *t, unsigned columns, unsigned lines, struct buf *out)
{
	_autobuf_ struct buf line = BUF_INIT(LINE_BYTES);

	if (lines == 0)
		return;
	top_arrange(t);
	t->page = lines - 1;
	top_scroll(t, 0);
	if (t->shown.n_rows) {
		put_table(t, columns, t->page, out);
		return;
	}
	buf_puts(&line, "processes: ");
	if (!top_missing(t, TOP_PROCESS, &line))
		buf_printf(&line, "none is called '%s'", buf_str(&t->word));
	screen_cut(out, line.data, line.len, columns);
	buf_putc(out, '\n');
}

/* --- help, and what keys there are --- */

void
top_draw_help(unsigned columns, unsigned lines, struct buf *out)
{
	static const char *const texts[] = {
		"  c m p t n   sort by cpu, memory, pid, age, name",
		"  r           the other way round",
		"  /           only commands that contain what you type; nothing: all",
		"  1           a bar for each CPU, or one for all",
		"  up, down, page up, page down, home, end   move in the list",
		"  space       look again now",
		"  q, ESC, ^C  leave",
		"  any key leaves this help",
	};

	for (size_t i = 0; i < BUILTINS_COUNT(texts) && i < lines; i++) {
		screen_cut(out, texts[i], strlen(texts[i]), columns);
		buf_putc(out, '\n');
	}
}

static void
put_state(const struct top *t, struct buf *out)
{
	size_t last = t->scroll + t->page < t->shown.n_rows ? t->scroll + t->page : t->shown.n_rows;

	if (t->word.len)
		buf_printf(out, "/%.*s  ", (int)t->word.len, t->word.data);
	buf_printf(out, "by %s%s  %zu-%zu of %zu", top_orders[t->sort].name,
		   t->reverse ? " reversed" : "", t->shown.n_rows ? t->scroll + 1 : 0, last,
		   t->shown.n_rows);
}

static size_t
count_lines(const struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

void
top_draw_footer(const struct top *t, unsigned columns, unsigned lines, struct buf *out)
{
	static const char *const keys[] = {
		"q quit  c cpu  m mem  p pid  t age  n name  r reverse  / filter  1 cores  h help",
		"q quit  cmptn sort  r reverse  / filter  h help",
		"q quit  cmptn sort  h help",
		"q quit  h help",
	};
	_autobuf_ struct buf line = BUF_INIT(LINE_BYTES), state = BUF_INIT(1024);
	size_t i = 0;

	if (t->typing) {
		buf_printf(&line, "only commands that contain: %s_",
			   buf_str((struct buf *)&t->word));
	} else {
		put_state(t, &state);
		if (t->reply->noted)
			buf_puts(&line, "a message waits until you leave  ");
		while (i + 1 < BUILTINS_COUNT(keys) &&
		       line.len + strlen(keys[i]) + 2 + state.len > columns)
			i++;
		buf_puts(&line, keys[i]);
		if (line.len + 2 + state.len <= columns) {
			buf_pad(&line, ' ', columns - line.len - state.len);
			buf_put(&line, state.data, state.len);
		}
	}
	for (size_t n = count_lines(out); n + 1 < lines; n++)
		buf_putc(out, '\n');
	screen_cut(out, line.data, line.len, columns);
}
