/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plot_graph -- points over time as a picture with axes. The points become, for each column of
 * dots, the lowest and highest dot that is lit, and no canvas is needed; the scale is made in
 * plot_scale.c. Pure functions, any thread.
 */
#include <math.h>
#include <string.h>

#include "plot_private.h"
#include "text.h"

enum { MIN_COLUMNS = 16, MIN_ROWS = 3, MAX_DOTS = 2 * PLOT_MAX_COLUMNS, LABEL_BYTES = 64 };

struct canvas {
	const struct plot *p;
	struct plot_scale scale;
	bool filled;		 /* the scale begins at zero, and all is above */
	unsigned rows, columns;	 /* cells of the picture alone */
	unsigned width, height;	 /* its dots */
	unsigned margin;	 /* columns of the labels */
	short lowest[MAX_DOTS];	 /* the dots that are lit in each column; 0 is the bottom */
	short highest[MAX_DOTS]; /* -1: none */
};

/* The labels take no more than half of the columns: longer ones are left out, for a number that is
 * cut is another one. */
static void
lay_out(struct canvas *c)
{
	_autobuf_ struct buf text = BUF_INIT(LABEL_BYTES);
	unsigned columns = c->p->columns;

	columns = columns < MIN_COLUMNS	       ? MIN_COLUMNS
		  : columns > PLOT_MAX_COLUMNS ? PLOT_MAX_COLUMNS
					       : columns;
	for (unsigned i = 0; i < plot_scale_ticks(&c->scale); i++) {
		buf_clear(&text);
		plot_scale_label(&c->scale, i, &text);
		if (text.len > c->margin && text.len <= columns / 2)
			c->margin = (unsigned)text.len;
	}
	/* A blank and the axis stand between. */
	c->columns = columns - c->margin - 2;
	c->width = c->columns * (c->p->ascii ? 1 : 2);
	c->height = c->rows * (c->p->ascii ? 2 : 4);
	for (unsigned x = 0; x < c->width; x++)
		c->highest[x] = -1;
}

static short
dot_of(const struct canvas *c, double v)
{
	double fraction = (v - c->scale.low) / (c->scale.high - c->scale.low);

	return (short)lround(fmin(fmax(fraction, 0), 1) * (c->height - 1));
}

static double
place(const struct canvas *c, size_t i)
{
	const struct plot *p = c->p;

	return (p->times_s[i] - p->from_s) / (p->to_s - p->from_s) * (c->width - 1);
}

static void
light(struct canvas *c, unsigned x, double v)
{
	short dot = dot_of(c, v);

	if (c->highest[x] < 0 || dot < c->lowest[x])
		c->lowest[x] = c->filled ? 0 : dot;
	if (dot > c->highest[x])
		c->highest[x] = dot;
}

/* A column takes what the line does half a column to either side, so that steep lines are joined.
 */
static void
draw_line(struct canvas *c, size_t from, size_t to)
{
	double a = place(c, from), b = place(c, to), first = fmax(ceil(a - 0.5), 0);
	double last = fmin(floor(b + 0.5), c->width - 1);
	double v = (double)c->p->points[from], rise = (double)c->p->points[to] - v;

	for (double x = first; x <= last; x++) {
		double left = fmax(x - 0.5, a), right = fmin(x + 0.5, b);

		light(c, (unsigned)x, b > a ? v + rise * (left - a) / (b - a) : v);
		light(c, (unsigned)x, b > a ? v + rise * (right - a) / (b - a) : v + rise);
	}
}

/* Lines end at a gap; they begin one point before the window, and end one behind it. */
static void
draw_points(struct canvas *c)
{
	const struct plot *p = c->p;

	for (size_t i = 0; i < p->n; i++) {
		if (plot_is_seen(p, i))
			draw_line(c, i, i);
		if (i > 0 && isfinite(p->points[i]) && isfinite(p->points[i - 1]) &&
		    p->times_s[i] >= p->from_s && p->times_s[i - 1] <= p->to_s)
			draw_line(c, i - 1, i);
	}
}

static bool
is_lit(const struct canvas *c, unsigned x, unsigned y)
{
	return c->highest[x] >= 0 && (short)y >= c->lowest[x] && (short)y <= c->highest[x];
}

/* The cell's dots as bits; bottom is the lowest of them. */
static unsigned
braille_bits(const struct canvas *c, unsigned column, unsigned bottom)
{
	/* By column, from the top: the order of the dots in U+2800 and on. */
	static const unsigned char bits[2][4] = { { 0x01, 0x02, 0x04, 0x40 },
						  { 0x08, 0x10, 0x20, 0x80 } };
	unsigned cell = 0;

	for (unsigned x = 0; x < 2; x++)
		for (unsigned y = 0; y < 4; y++)
			if (is_lit(c, 2 * column + x, bottom + 3 - y))
				cell |= bits[x][y];
	return cell;
}

static void
put_cell(struct buf *out, const struct canvas *c, unsigned column, unsigned row, unsigned *blanks)
{
	unsigned from_bottom = c->rows - 1 - row, bits;

	if (c->p->ascii)
		bits = (unsigned)is_lit(c, column, 2 * from_bottom) |
		       (unsigned)is_lit(c, column, 2 * from_bottom + 1) << 1;
	else
		bits = braille_bits(c, column, 4 * from_bottom);
	if (bits == 0) {
		++*blanks;
		return;
	}
	buf_pad(out, ' ', *blanks);
	*blanks = 0;
	if (c->p->ascii) {
		buf_putc(out, " .':"[bits]);
		return;
	}
	buf_putc(out, (char)0xe2);
	buf_putc(out, (char)(0xa0 | bits >> 6));
	buf_putc(out, (char)(0x80 | (bits & 0x3f)));
}

/* Appends the label that belongs to a row; of several the one that is nearer to the end. */
static bool
row_label(const struct canvas *c, unsigned row, struct buf *out)
{
	unsigned dots = c->height / c->rows, from_bottom = c->rows - 1 - row;
	long found = -1;

	for (unsigned i = 0; i < plot_scale_ticks(&c->scale); i++)
		if ((unsigned)dot_of(c, plot_scale_tick(&c->scale, i)) / dots == from_bottom &&
		    (found < 0 || row < c->rows / 2))
			found = i;
	if (found < 0)
		return false;
	plot_scale_label(&c->scale, (unsigned)found, out);
	return true;
}

static void
put_row(struct buf *out, const struct canvas *c, unsigned row)
{
	_autobuf_ struct buf text = BUF_INIT(LABEL_BYTES);
	bool labelled = row_label(c, row, &text);
	unsigned blanks = 0;
	size_t len = text.len <= c->margin ? text.len : 0;

	buf_pad(out, ' ', c->margin - len);
	if (len)
		buf_put(out, text.data, len);
	if (c->p->ascii)
		buf_puts(out, labelled ? " +" : " |");
	else
		buf_puts(out, labelled ? " ┤" : " │");
	for (unsigned x = 0; x < c->columns; x++)
		put_cell(out, c, x, row, &blanks);
	buf_putc(out, '\n');
}

static void
put_line(struct buf *out, const struct canvas *c, double columns)
{
	for (double i = 0; i < columns; i++)
		buf_puts(out, c->p->ascii ? "-" : "─");
}

/* The time axis: a line from the left, interrupted by times that stand where they are. */
static void
put_times(struct buf *out, const struct canvas *c)
{
	const struct plot *p = c->p;
	double span = p->to_s - p->from_s, column_s = span / c->columns, at = 0;
	double step = plot_time_step(fmax(span / 6, 14 * column_s));

	buf_pad(out, ' ', c->margin + 1);
	buf_puts(out, p->ascii ? "+" : "└");
	for (double t = -floor((p->now_s - p->from_s) / step) * step;
	     t <= p->to_s - p->now_s + step * 1e-6; t += step) {
		_autobuf_ struct buf text = BUF_INIT(LABEL_BYTES);
		double middle, begin;

		if (t > -step / 2) {
			buf_puts(&text, "now");
		} else {
			buf_putc(&text, '-');
			text_number(&text, -t, TELMON_SECONDS, TELMON_REAL);
		}
		middle = (t + p->now_s - p->from_s) / column_s;
		begin = fmin(floor(middle - (double)text.len / 2), c->columns - (double)text.len);
		begin = fmax(begin, 1);
		if (begin - 1 < at)
			continue;
		put_line(out, c, begin - 1 - at);
		buf_putc(out, ' ');
		buf_put(out, text.data, text.len);
		at = begin + (double)text.len;
		if (at < c->columns) {
			buf_putc(out, ' ');
			at++;
		}
	}
	put_line(out, c, c->columns - at);
	buf_putc(out, '\n');
}

int
plot_graph(struct buf *out, const struct plot *p)
{
	struct plot own = *p;
	struct canvas c = { .p = &own };

	/* A single point has no span of its own. */
	if (!(own.to_s > own.from_s))
		own.from_s = own.to_s - 1;
	c.rows = p->rows < MIN_ROWS ? MIN_ROWS : p->rows > PLOT_MAX_ROWS ? PLOT_MAX_ROWS : p->rows;
	plot_scale_make(&c.scale, &own, c.rows);
	c.filled = c.scale.low == 0;
	lay_out(&c);
	draw_points(&c);
	for (unsigned row = 0; row < c.rows; row++)
		put_row(out, &c, row);
	put_times(out, &c);
	return out->error;
}
