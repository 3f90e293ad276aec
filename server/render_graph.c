/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * render_graph -- rows that are points, drawn for the eye: for each series a line that names it and
 * says what its values are, and its graph. Rows that bear the same metric and labels are one
 * series, in whatever order they come, so filters before it change what is drawn and need not know
 * of it. Of many series the first are drawn, and the others counted.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "render_private.h"
#include "text.h"

enum { WIDTH = 80, WORDS_BYTES = 4096 };

enum { METRIC, LABELS, TIME, VALUE, UNIT, N_COLUMNS };

static const char *const column_names[N_COLUMNS] = { "metric", "labels", "time", "value", "unit" };

struct point {
	double time_s;
	float value;
};

/* One series. */
struct group {
	size_t columns[N_COLUMNS];
	size_t first; /* row */
	size_t n;
	struct point *sorted; /* by time */
	double *times_s;      /* the same, as they are drawn */
	float *points;
	enum telmon_unit unit;
	double factor; /* from the rows' unit to the one that is shown */
};

static bool
find_columns(const struct rows *rows, size_t columns[N_COLUMNS])
{
	size_t found = 0;

	for (size_t i = 0; i < N_COLUMNS; i++)
		for (size_t k = 0; k < rows->n_columns; k++)
			if (strcmp(rows->columns[k].name, column_names[i]) == 0) {
				columns[i] = k;
				found++;
				break;
			}
	return found == N_COLUMNS;
}

bool
render_is_graph(const struct rows *rows)
{
	size_t columns[N_COLUMNS];

	return rows->graph.height && find_columns(rows, columns);
}

static const char *
text_in(const struct rows *rows, size_t row, size_t column)
{
	const struct cell *c = rows_cell(rows, row, column);

	return c->type == CELL_TEXT ? c->s : "";
}

static double
number_in(const struct rows *rows, size_t row, size_t column)
{
	const struct cell *c = rows_cell(rows, row, column);

	return c->type == CELL_REAL ? c->f : c->type == CELL_INT ? (double)c->i : (double)NAN;
}

static bool
is_same(const struct rows *rows, const size_t *columns, size_t a, size_t b)
{
	return strcmp(text_in(rows, a, columns[METRIC]), text_in(rows, b, columns[METRIC])) == 0 &&
	       strcmp(text_in(rows, a, columns[LABELS]), text_in(rows, b, columns[LABELS])) == 0;
}

/* Whether one of the n rows listed is of the series that this row is of. */
static bool
is_among(const struct rows *rows, const size_t *columns, size_t row, const size_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_same(rows, columns, row, list[i]))
			return true;
	return false;
}

/* Seconds that pass in a second are a share; the eye wants that in percent. */
static void
take_unit(struct group *g, const char *name)
{
	g->factor = 1;
	g->unit = TELMON_NONE;
	if (strcmp(name, "seconds per second") == 0) {
		g->factor = 100;
		g->unit = TELMON_PERCENT;
	} else if (!text_find_unit(name, &g->unit)) {
		g->unit = TELMON_NONE;
	}
}

static int
by_time(const void *a, const void *b)
{
	double x = ((const struct point *)a)->time_s, y = ((const struct point *)b)->time_s;

	return x < y ? -1 : x > y;
}

static void
take_points(struct group *g, const struct rows *rows)
{
	for (size_t row = g->first; row < rows->n_rows; row++)
		if (is_same(rows, g->columns, row, g->first))
			g->sorted[g->n++] = (struct point){
				number_in(rows, row, g->columns[TIME]),
				(float)(g->factor * number_in(rows, row, g->columns[VALUE])),
			};
	/* sort and its kin have put them in an order of their own. */
	qsort(g->sorted, g->n, sizeof(*g->sorted), by_time);
	for (size_t i = 0; i < g->n; i++) {
		g->times_s[i] = g->sorted[i].time_s;
		g->points[i] = g->sorted[i].value;
	}
}

/* 0 or -ENOMEM. */
static int
take_group(struct group *g, const struct rows *rows)
{
	size_t most = rows->n_rows - g->first;

	take_unit(g, text_in(rows, g->first, g->columns[UNIT]));
	g->sorted = calloc(most, sizeof(*g->sorted));
	g->times_s = calloc(most, sizeof(*g->times_s));
	g->points = calloc(most, sizeof(*g->points));
	if (!g->sorted || !g->times_s || !g->points)
		return -ENOMEM;
	take_points(g, rows);
	return 0;
}

static void
drop_group(struct group *g)
{
	free(g->sorted);
	free(g->times_s);
	free(g->points);
}

static void
put_words(struct buf *out, const struct group *g)
{
	double low = INFINITY, high = -INFINITY, sum = 0;
	size_t n = g->n, known = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isfinite(g->points[i]))
			continue;
		low = fmin(low, (double)g->points[i]);
		high = fmax(high, (double)g->points[i]);
		sum += (double)g->points[i];
		known++;
	}
	buf_puts(out, "now ");
	text_number(out, (double)g->points[n - 1], g->unit, TELMON_REAL);
	if (!known)
		return;
	buf_puts(out, "  min ");
	text_number(out, low, g->unit, TELMON_REAL);
	buf_puts(out, "  mean ");
	text_number(out, sum / (double)known, g->unit, TELMON_REAL);
	buf_puts(out, "  max ");
	text_number(out, high, g->unit, TELMON_REAL);
	buf_puts(out, "  over ");
	text_number(out, floor(g->times_s[n - 1] - g->times_s[0]), TELMON_SECONDS, TELMON_INT);
}

/* A line of at most the window's width. */
static void
put_line(const struct render *r, struct buf *out, const char *text, size_t n)
{
	_autobuf_ struct buf clean = BUF_INIT(SIZE_MAX / 2), ascii = BUF_INIT(SIZE_MAX / 2);
	unsigned width = r->options.width ? r->options.width : WIDTH;

	text_clean(&clean, text, n);
	if (r->options.ascii) {
		text_ascii(&ascii, buf_str(&clean), clean.len);
		buf_put(out, ascii.data, ascii.len < width ? ascii.len : width);
	} else {
		text_fit(out, buf_str(&clean), clean.len, width);
	}
	buf_putc(out, '\n');
}

/* Name and words on one line where there is room. */
static void
put_title(const struct render *r, struct buf *out, const struct group *g)
{
	_autobuf_ struct buf name = BUF_INIT(SIZE_MAX / 2), words = BUF_INIT(WORDS_BYTES);
	const char *labels = text_in(r->rows, g->first, g->columns[LABELS]);
	unsigned width = r->options.width ? r->options.width : WIDTH;

	buf_puts(&name, text_in(r->rows, g->first, g->columns[METRIC]));
	if (*labels)
		buf_printf(&name, "{%s}", labels);
	put_words(&words, g);
	if (text_width(buf_str(&name), name.len) + 2 + words.len > width) {
		put_line(r, out, buf_str(&name), name.len);
		buf_clear(&name);
	} else {
		buf_puts(&name, "  ");
	}
	buf_puts(&name, buf_str(&words));
	put_line(r, out, buf_str(&name), name.len);
}

static void
draw_group(const struct render *r, struct buf *out, const struct group *g)
{
	struct plot plot = {
		.times_s = g->times_s,
		.points = g->points,
		.n = g->n,
		.from_s = r->rows->graph.from_s,
		.to_s = r->rows->graph.to_s,
		.now_s = r->rows->graph.to_s,
		.columns = r->options.width ? r->options.width : WIDTH,
		.rows = r->rows->graph.height,
		.unit = g->unit,
		.ascii = r->options.ascii,
	};

	put_title(r, out, g);
	plot_graph(out, &plot);
}

/* The series whose first row this is. */
static void
draw(const struct render *r, struct buf *out, size_t row)
{
	struct group g = { .first = row };

	find_columns(r->rows, g.columns);
	if (take_group(&g, r->rows) == 0)
		draw_group(r, out, &g);
	else
		out->error = -ENOMEM;
	drop_group(&g);
}

struct order {
	const struct rows *rows;
	const size_t *columns;
};

static int
by_series(const void *a, const void *b, void *ctx)
{
	const struct order *o = ctx;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int r = strcmp(text_in(o->rows, x, o->columns[METRIC]),
		       text_in(o->rows, y, o->columns[METRIC]));

	return r ? r
		 : strcmp(text_in(o->rows, x, o->columns[LABELS]),
			  text_in(o->rows, y, o->columns[LABELS]));
}

/* Counts what is not drawn, from this row on. */
static void
put_rest(struct render *r, struct buf *out, const size_t *columns, size_t row)
{
	size_t *list = calloc(r->rows->n_rows - row, sizeof(*list)), listed = 0, n = 0;
	struct order order = { r->rows, columns };

	if (!list) {
		out->error = -ENOMEM;
		return;
	}
	for (; row < r->rows->n_rows; row++)
		if (!is_same(r->rows, columns, row, row - 1) &&
		    !is_among(r->rows, columns, row, r->drawn, r->n_drawn))
			list[listed++] = row;
	/* Sorted, since there may be hundreds of thousands of rows of thousands of series. */
	qsort_r(list, listed, sizeof(*list), by_series, &order);
	for (size_t i = 0; i < listed; i++)
		n += i == 0 || !is_same(r->rows, columns, list[i], list[i - 1]);
	free(list);
	r->next_row = row;
	buf_printf(out, "\nand %zu more series: ask for some, as in graph METRIC{LABEL=VALUE}\n",
		   n);
}

static void
graph_head(struct render *r, struct buf *out)
{
	(void)r;
	(void)out;
}

static void
graph_rows(struct render *r, struct buf *out, size_t end)
{
	size_t columns[N_COLUMNS];

	find_columns(r->rows, columns);
	while (render_more(r, out, end)) {
		size_t row = r->next_row++;

		if (is_among(r->rows, columns, row, r->drawn, r->n_drawn))
			continue;
		if (r->n_drawn == RENDER_MAX_GRAPHS) {
			put_rest(r, out, columns, row);
			return;
		}
		if (r->n_drawn)
			buf_putc(out, '\n');
		r->drawn[r->n_drawn++] = row;
		draw(r, out, row);
	}
}

static void
graph_tail(struct render *r, struct buf *out)
{
	(void)r;
	(void)out;
}

const struct render_writer render_graph_writer = { graph_head, graph_rows, graph_tail };
