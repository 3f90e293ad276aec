/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * render_graph -- rows that are points, drawn for the eye: for each series a line that names it and
 * says what its values are, and its graph. Rows that follow each other and bear the same metric and
 * labels are one series, so filters before it change what is drawn and need not know of it. Of many
 * series the first are drawn, and the others counted.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "render_private.h"
#include "text.h"

enum { MAX_DRAWN = 8, WIDTH = 80, WORDS_BYTES = 4096 };

enum { METRIC, LABELS, TIME, VALUE, UNIT, N_COLUMNS };

static const char *const column_names[N_COLUMNS] = { "metric", "labels", "time", "value", "unit" };

/* One series: rows from..to. */
struct group {
	size_t columns[N_COLUMNS];
	size_t from, to;
	double *times_s;
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

static size_t
end_of(const struct rows *rows, const size_t *columns, size_t from)
{
	size_t to = from + 1;

	while (to < rows->n_rows &&
	       strcmp(text_in(rows, to, columns[METRIC]), text_in(rows, from, columns[METRIC])) ==
		       0 &&
	       strcmp(text_in(rows, to, columns[LABELS]), text_in(rows, from, columns[LABELS])) ==
		       0)
		to++;
	return to;
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

/* 0 or -ENOMEM. */
static int
take_group(struct group *g, const struct rows *rows)
{
	size_t n = g->to - g->from;

	take_unit(g, text_in(rows, g->from, g->columns[UNIT]));
	g->times_s = calloc(n, sizeof(*g->times_s));
	g->points = calloc(n, sizeof(*g->points));
	if (!g->times_s || !g->points)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		g->times_s[i] = number_in(rows, g->from + i, g->columns[TIME]);
		g->points[i] = (float)(g->factor * number_in(rows, g->from + i, g->columns[VALUE]));
	}
	return 0;
}

static void
put_words(struct buf *out, const struct group *g)
{
	double low = INFINITY, high = -INFINITY, sum = 0;
	size_t n = g->to - g->from, known = 0;

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
	const char *labels = text_in(r->rows, g->from, g->columns[LABELS]);
	unsigned width = r->options.width ? r->options.width : WIDTH;

	buf_puts(&name, text_in(r->rows, g->from, g->columns[METRIC]));
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
draw(const struct render *r, struct buf *out, struct group *g)
{
	struct plot plot = {
		.from_s = r->rows->graph.from_s,
		.to_s = r->rows->graph.to_s,
		.now_s = r->rows->graph.to_s,
		.columns = r->options.width ? r->options.width : WIDTH,
		.rows = r->rows->graph.height,
		.ascii = r->options.ascii,
	};

	if (take_group(g, r->rows) < 0) {
		out->error = -ENOMEM;
		return;
	}
	plot.times_s = g->times_s;
	plot.points = g->points;
	plot.n = g->to - g->from;
	plot.unit = g->unit;
	put_title(r, out, g);
	plot_graph(out, &plot);
}

static void
put_rest(struct render *r, struct buf *out, const size_t *columns)
{
	size_t n = 0;

	for (; r->next_row < r->rows->n_rows; n++)
		r->next_row = end_of(r->rows, columns, r->next_row);
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
	struct group g;

	find_columns(r->rows, g.columns);
	while (render_more(r, out, end)) {
		if (r->n_drawn == MAX_DRAWN) {
			put_rest(r, out, g.columns);
			return;
		}
		if (r->n_drawn++)
			buf_putc(out, '\n');
		g.from = r->next_row;
		g.to = end_of(r->rows, g.columns, g.from);
		draw(r, out, &g);
		free(g.times_s);
		free(g.points);
		r->next_row = g.to;
	}
}

static void
graph_tail(struct render *r, struct buf *out)
{
	(void)r;
	(void)out;
}

const struct render_writer render_graph_writer = { graph_head, graph_rows, graph_tail };
