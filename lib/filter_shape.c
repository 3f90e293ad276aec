/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter_shape -- filters that look at no text: head, tail, count, sort and columns. They move
 * cells about and never touch what a cell points at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "filter_private.h"
#include "text.h"

enum {
	DEFAULT_LIMIT = 10,
	GO_ON_KEYS = 4096, /* merged between two looks at the asker's patience: some 100 us */
};

int
filter_read_limit(struct filter *f, const struct parse_stage *stage, struct buf *why)
{
	int64_t n = DEFAULT_LIMIT;

	if (stage->n_words > 2)
		return filter_refuse(f, why, "takes one number");
	if (stage->n_words == 2 && (text_parse_i64(stage->words[1].text, &n) < 0 || n < 0))
		return filter_refuse(f, why, "'%.40s' is no number of rows", stage->words[1].text);
	f->limit = (size_t)n;
	return 0;
}

int
filter_head(const struct filter *f, struct rows *rows, struct filter_scratch *s)
{
	(void)s;
	if (rows->n_rows > f->limit)
		rows->n_rows = f->limit;
	return 0;
}

int
filter_tail(const struct filter *f, struct rows *rows, struct filter_scratch *s)
{
	size_t n = rows->n_columns, first;

	(void)s;
	if (rows->n_rows <= f->limit)
		return 0;
	first = rows->n_rows - f->limit;
	memmove(rows->cells, &rows->cells[first * n], f->limit * n * sizeof(struct cell));
	rows->n_rows = f->limit;
	return 0;
}

int
filter_read_count(struct filter *f, const struct parse_stage *stage, struct buf *why)
{
	static const struct telmon_column column = { .name = "count",
						     .help = "number of rows",
						     .type = TELMON_INT };

	if (stage->n_words > 1)
		return filter_refuse(f, why, "takes no words");
	f->out = &column;
	f->n_out = 1;
	return 0;
}

int
filter_count(const struct filter *f, struct rows *rows, struct filter_scratch *s)
{
	struct cell *cell = calloc(1, sizeof(*cell));

	(void)s;
	if (!cell)
		return -ENOMEM;
	*cell = (struct cell){ .type = CELL_INT, .i = (int64_t)rows->n_rows };
	free(rows->cells);
	rows->cells = cell;
	rows->columns = f->out;
	rows->n_columns = f->n_out;
	rows->n_rows = rows->cap_rows = 1;
	return 0;
}

int
filter_read_sort(struct filter *f, const struct parse_stage *stage, struct buf *why)
{
	const struct parse_word *w = stage->words + 1;
	long column;

	f->descending = stage->n_words > 1 && !w->quoted && strcmp(w->text, "-r") == 0;
	if (stage->n_words != (f->descending ? 3 : 2))
		return filter_refuse(f, why, "takes one column");
	column = filter_find_column(f, w[f->descending].text, why);
	if (column < 0)
		return -EINVAL;
	f->column = (size_t)column;
	return 0;
}

struct key {
	struct cell cell;
	size_t row;
};

/* Numbers, then texts: a well-made column holds only one of them, and nulls. */
static int
compare_cells(const struct cell *a, const struct cell *b)
{
	double x, y;

	if (a->type == CELL_TEXT && b->type == CELL_TEXT)
		return strcmp(a->s, b->s);
	if (a->type == CELL_TEXT || b->type == CELL_TEXT)
		return (a->type == CELL_TEXT) - (b->type == CELL_TEXT);
	if (a->type == CELL_INT && b->type == CELL_INT)
		return (a->i > b->i) - (a->i < b->i);
	x = a->type == CELL_INT ? (double)a->i : a->f;
	y = b->type == CELL_INT ? (double)b->i : b->f;
	return (x > y) - (x < y);
}

static bool
comes_first(const struct filter *f, const struct cell *a, const struct cell *b)
{
	int order = (a->type == CELL_NULL) - (b->type == CELL_NULL);

	if (order == 0 && a->type != CELL_NULL) {
		order = compare_cells(a, b);
		if (f->descending)
			order = -order;
	}
	return order <= 0;
}

/* Merges from[at..middle) and from[middle..end) into the same places of `to`. 0, or what go_on()
 * said. */
static int
merge(const struct filter *f, struct filter_scratch *s, const struct key *from, struct key *to,
      size_t at, size_t middle, size_t end)
{
	size_t left = at, right = middle;

	for (; at < end; at++) {
		bool take_left = right == end || (left < middle && comes_first(f, &from[left].cell,
									       &from[right].cell));
		int r = at % GO_ON_KEYS == 0 && s->go_on ? s->go_on(s->ctx) : 0;

		if (r < 0)
			return r;
		to[at] = take_left ? from[left++] : from[right++];
	}
	return 0;
}

/* Sorts keys, with the same room again behind them, and tells on which side they are then. libc's
 * sorting cannot be left half way. */
static int
sort_keys(const struct filter *f, struct key *keys, size_t n, struct filter_scratch *s,
	  struct key **ret_sorted)
{
	struct key *from = keys, *to = keys + n;

	for (size_t run = 1; run < n; run *= 2) {
		struct key *merged = to;

		for (size_t at = 0; at < n; at += 2 * run) {
			size_t middle = at + run < n ? at + run : n;
			size_t end = middle + run < n ? middle + run : n;
			int r = merge(f, s, from, to, at, middle, end);

			if (r < 0)
				return r;
		}
		to = from;
		from = merged;
	}
	*ret_sorted = from;
	return 0;
}

static void
order_rows(struct rows *rows, const struct key *sorted, struct cell *cells)
{
	size_t n = rows->n_columns;

	for (size_t i = 0; i < rows->n_rows; i++)
		memcpy(&cells[i * n], rows_cell(rows, sorted[i].row, 0), n * sizeof(*cells));
	free(rows->cells);
	rows->cells = cells;
	rows->cap_rows = rows->n_rows;
}

int
filter_sort(const struct filter *f, struct rows *rows, struct filter_scratch *s)
{
	struct key *keys, *sorted;
	struct cell *cells;
	int r = -ENOMEM;

	if (rows->n_rows < 2)
		return 0;
	keys = calloc(rows->n_rows, 2 * sizeof(*keys));
	cells = calloc(rows->n_rows, rows->n_columns * sizeof(*cells));
	if (keys && cells) {
		for (size_t i = 0; i < rows->n_rows; i++)
			keys[i] = (struct key){ .cell = *rows_cell(rows, i, f->column), .row = i };
		r = sort_keys(f, keys, rows->n_rows, s, &sorted);
	}
	if (r == 0)
		order_rows(rows, sorted, cells);
	else
		free(cells);
	free(keys);
	return r;
}

/* Adds one column to those picked. */
static int
pick_column(struct filter *f, const char *name, struct buf *why)
{
	long i;

	/* Commas with a blank behind them, as people write lists, leave empty names. */
	if (*name == '\0')
		return 0;
	i = filter_find_column(f, name, why);
	if (i < 0)
		return -EINVAL;
	for (size_t k = 0; k < f->n_out; k++)
		if (f->picked[k] == (size_t)i)
			return filter_refuse(f, why, "'%.80s' is named twice", f->in[i].name);
	f->picked[f->n_out] = (size_t)i;
	f->made[f->n_out++] = f->in[i];
	return 0;
}

int
filter_read_columns(struct filter *f, const struct parse_stage *stage, struct buf *why)
{
	int r = 0;

	/* None is named twice, so there are never more than came in. */
	f->made = calloc(f->n_in + 1, sizeof(*f->made));
	f->picked = calloc(f->n_in + 1, sizeof(*f->picked));
	if (!f->made || !f->picked)
		return -ENOMEM;
	f->n_out = 0;
	for (size_t i = 1; i < stage->n_words && r == 0; i++) {
		char *word = xstrdup(stage->words[i].text), *rest = word, *name;

		while (r == 0 && (name = strsep(&rest, ",")))
			r = pick_column(f, name, why);
		free(word);
	}
	f->out = f->made;
	if (r == 0 && f->n_out == 0)
		return filter_refuse(f, why, "names of columns are missing");
	return r;
}

int
filter_pick(const struct filter *f, struct rows *rows, struct filter_scratch *s)
{
	struct cell *row = calloc(f->n_in, sizeof(*row));

	(void)s;
	if (!row)
		return -ENOMEM;
	/* A row shrinks or stays: what is written lies never behind what is still to be read. */
	for (size_t i = 0; i < rows->n_rows; i++) {
		memcpy(row, rows_cell(rows, i, 0), f->n_in * sizeof(*row));
		for (size_t k = 0; k < f->n_out; k++)
			rows->cells[i * f->n_out + k] = row[f->picked[k]];
	}
	free(row);
	rows->columns = f->out;
	rows->n_columns = f->n_out;
	return 0;
}
