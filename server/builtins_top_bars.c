/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * top_bars -- the pieces that top's lines are made of: a cell as its command shows it, a bar in a
 * frame, and a bar for each CPU, folded into columns where there are many. Pure.
 */
#include <math.h>
#include <string.h>

#include "builtins_top_private.h"
#include "plot.h"
#include "screen.h"
#include "text.h"

enum {
	NICE_CORE = 30, /* columns of a CPU's cell: number, bar, percentage and what is between */
	LEAST_BAR = 3,
	BETWEEN = 2,
};

static void
put_colored(const struct top *t, const char *color, const char *text, size_t n, struct buf *out)
{
	if (!t->look.color)
		color = NULL;
	buf_puts(out, color ? color : "");
	buf_put(out, text, n);
	buf_puts(out, color ? SCREEN_PLAIN : "");
}

void
top_draw_cell(const struct top *t, const struct rows *rows, size_t row, const char *column,
	      struct buf *out)
{
	const struct cell *c = builtins_cell(rows, row, column);
	_autobuf_ struct buf text = BUF_INIT(4096);
	const struct telmon_column *col;

	if (!c) {
		buf_putc(out, '-');
		return;
	}
	col = &rows->columns[(size_t)(c - rows->cells) % rows->n_columns];
	cell_text(&text, c, col);
	put_colored(t, render_color(col, c), text.data, text.len, out);
}

void
top_draw_bar(const struct top *t, double percent, double warn, double crit, unsigned columns,
	     struct buf *out)
{
	const struct telmon_column column = { .warn = warn, .crit = crit };
	const struct cell cell = { .type = isnan(percent) ? CELL_NULL : CELL_REAL, .f = percent };
	_autobuf_ struct buf bar = BUF_INIT(8192);

	if (columns < LEAST_BAR)
		return;
	plot_bar(&bar, percent / 100, columns - 2, t->look.ascii);
	buf_putc(out, '[');
	put_colored(t, render_color(&column, &cell), bar.data, bar.len, out);
	buf_putc(out, ']');
}

/* --- a bar for each CPU --- */

static bool
is_core(const struct rows *rows, size_t row)
{
	const char *name = builtins_text(rows, row, "cpu");

	return name && strcmp(name, "all") != 0;
}

static unsigned
count_cores(const struct rows *rows, size_t *ret_widest)
{
	unsigned n = 0;

	*ret_widest = 0;
	for (size_t i = 0; i < rows->n_rows; i++) {
		size_t width;

		if (!is_core(rows, i))
			continue;
		width = strlen(builtins_text(rows, i, "cpu"));
		*ret_widest = width > *ret_widest ? width : *ret_widest;
		n++;
	}
	return n;
}

/* The row of core number i. */
static size_t
find_core(const struct rows *rows, unsigned i)
{
	size_t row = 0;

	while (!is_core(rows, row) || i--)
		row++;
	return row;
}

/* How many cells stand side by side: as many as look nice, or more if that takes too many lines. 0:
 * so many are too narrow. */
static unsigned
cells_across(unsigned n, unsigned columns, unsigned most, unsigned least_columns)
{
	unsigned across = (columns + BETWEEN) / (NICE_CORE + BETWEEN);

	if (most == 0)
		return 0;
	across = across ? across : 1;
	across = across < n ? across : n;
	if ((n + across - 1) / across > most)
		across = (n + most - 1) / most;
	return (columns + BETWEEN) / across >= least_columns + BETWEEN ? across : 0;
}

static void
put_core(const struct top *t, const struct rows *rows, size_t row, size_t widest, unsigned columns,
	 struct buf *out)
{
	const struct cell *c = builtins_cell(rows, row, "busy_percent");
	double busy = builtins_number(rows, row, "busy_percent"), warn = 0, crit = 0;
	const char *name = builtins_text(rows, row, "cpu");
	_autobuf_ struct buf percent = BUF_WHY;

	if (c) {
		warn = rows->columns[(size_t)(c - rows->cells) % rows->n_columns].warn;
		crit = rows->columns[(size_t)(c - rows->cells) % rows->n_columns].crit;
	}
	buf_pad(out, ' ', widest - strlen(name));
	text_clean(out, name, strlen(name));
	buf_putc(out, ' ');
	buf_printf(&percent, isnan(busy) ? "-" : "%.0f%%", busy);
	top_draw_bar(t, busy, warn, crit, columns - (unsigned)widest - 6, out);
	buf_pad(out, ' ', 5 - percent.len);
	buf_put(out, percent.data, percent.len);
}

unsigned
top_draw_cores(const struct top *t, unsigned columns, unsigned most, struct buf *out)
{
	const struct rows *rows = &t->sources[TOP_CPU].rows;
	size_t widest;
	unsigned n = count_cores(rows, &widest), across, lines, width;

	across = n > 1 ? cells_across(n, columns, most, (unsigned)widest + 6 + LEAST_BAR) : 0;
	if (!across)
		return 0;
	lines = (n + across - 1) / across;
	width = (columns + BETWEEN) / across - BETWEEN;
	width = width < 2 * NICE_CORE ? width : 2 * NICE_CORE;
	for (unsigned y = 0; y < lines; y++) {
		for (unsigned x = 0; x < across && x * lines + y < n; x++) {
			buf_pad(out, ' ', x ? BETWEEN : 0);
			put_core(t, rows, find_core(rows, x * lines + y), widest, width, out);
		}
		buf_putc(out, '\n');
	}
	return lines;
}
