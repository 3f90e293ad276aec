/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_window -- how large the window is, and where in it the editor has put prompt and line. The
 * editor keeps that to itself, so it is worked out again from what it shows.
 */
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "repl_private.h"
#include "terminal.h"
#include "text.h"

enum {
	MIN_WIDTH = 20,
	MAX_WIDTH = 512, /* what /set width takes */
	USUAL_COLUMNS = 80,
};

/* --- the daemon --- */

void
repl_window_look(struct repl *r)
{
	unsigned columns = 0, rows = 0;
	char line[48];

	if (!terminal_window(&columns, &rows) ||
	    (columns == r->columns && rows == r->rows && !r->untold))
		return;
	r->columns = columns;
	r->rows = rows;
	r->untold = true;
	if (!r->talk || !r->ansi || rows == 0)
		return;
	snprintf(line, sizeof(line), "/resize %u %u", columns, rows);
	talk_hint(r->talk, line);
	r->untold = false;
}

/* A terminal that views cannot be drawn on has a width all the same. */
void
repl_window_tell(struct repl *r)
{
	unsigned width = r->columns < MAX_WIDTH ? r->columns : MAX_WIDTH;
	char line[48];

	if (!r->untold || width < MIN_WIDTH)
		return;
	r->untold = false;
	snprintf(line, sizeof(line), "/set width %u", width);
	repl_link_ask(r, line, NULL);
}

/* --- the line --- */

/* A walk over what is drawn. The editor ends each row itself (repl.c sees to that), so when the
 * window has changed since, terminals wrap each row by itself. */
struct place {
	size_t drawn, now; /* columns */
	size_t row, column;
};

static void
end_row(struct place *p)
{
	p->row += p->column > p->now ? (p->column + p->now - 1) / p->now : 1;
	p->column = 0;
}

static void
advance(struct place *p, size_t width)
{
	if (p->column + width > p->drawn) /* a wide character leaves the last column free */
		end_row(p);
	p->column += width;
	if (p->column == p->drawn)
		end_row(p);
}

static void
walk(struct place *p, const char *s, size_t n)
{
	while (n) {
		uint32_t c;
		size_t size = text_decode(s, n, &c);

		if (*s == '\n')
			end_row(p);
		else if (size == 0 || c < ' ' || c == 0x7f)
			advance(p, 2); /* ^A */
		else
			advance(p, text_width(s, size));
		s += size ? size : 1;
		n -= size ? size : 1;
	}
}

static void
find_rows(struct repl *r, unsigned drawn, size_t *ret_cursor, size_t *ret_last)
{
	const LineInfo *li = el_line(r->el);
	struct place p = { .drawn = drawn ? drawn : USUAL_COLUMNS,
			   .now = r->columns ? r->columns : USUAL_COLUMNS };

	walk(&p, r->prompt, strlen(r->prompt));
	walk(&p, li->buffer, (size_t)(li->cursor - li->buffer));
	*ret_cursor = p.row + p.column / p.now;
	walk(&p, li->cursor, (size_t)(li->lastchar - li->cursor));
	*ret_last = p.row + p.column / p.now;
}

/* Without the sequences of ECMA-48 a line of several rows stays, and what follows comes below. */
void
repl_window_wipe(struct repl *r, unsigned drawn)
{
	const LineInfo *li = el_line(r->el);
	size_t cursor, last, width = text_width(r->prompt, strlen(r->prompt));

	find_rows(r, drawn, &cursor, &last);
	if (r->ansi && cursor)
		printf("\r\033[%zuA\033[J", cursor);
	else if (r->ansi)
		fputs("\r\033[J", stdout);
	else if (last)
		repl_window_below(r);
	else
		printf("\r%*s\r",
		       (int)(width + text_width(li->buffer, (size_t)(li->lastchar - li->buffer))),
		       "");
	fflush(stdout);
}

void
repl_window_below(struct repl *r)
{
	size_t cursor, last;

	find_rows(r, r->columns, &cursor, &last);
	for (size_t i = cursor; i <= last; i++)
		putchar('\n');
	fflush(stdout);
}
