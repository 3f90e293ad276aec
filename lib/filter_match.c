/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter_match -- include, exclude and begin: rows by what they read. What an expression sees is
 * the row as a person would, its cells with their units and cleaned, unfitted and with one blank
 * between, so that the same expression finds the same rows in every width and format.
 */
#include <string.h>

#include "filter_private.h"

int
filter_read_pattern(struct filter *f, const struct parse_stage *stage, struct buf *why)
{
	if (stage->n_words != 2)
		return filter_refuse(f, why,
				     stage->n_words < 2
					     ? "an expression is missing"
					     : "one expression, quoted if it holds blanks");
	f->pattern = filter_pattern_new(stage->words[1].text, why);
	return f->pattern ? 0 : -EINVAL;
}

/* As filter_pattern_matches(). */
static int
row_matches(const struct filter *f, const struct rows *rows, size_t row, struct filter_scratch *s)
{
	buf_clear(&s->text);
	for (size_t i = 0; i < rows->n_columns; i++) {
		if (i)
			buf_putc(&s->text, ' ');
		cell_text(&s->text, rows_cell(rows, row, i), &rows->columns[i]);
	}
	return filter_pattern_matches(f->pattern, s);
}

static int
not_matches(const struct filter *f, const struct rows *rows, size_t row, struct filter_scratch *s)
{
	int r = row_matches(f, rows, row, s);

	return r < 0 ? r : !r;
}

int
filter_include(const struct filter *f, struct rows *rows, struct filter_scratch *s)
{
	return filter_keep(f, rows, row_matches, s);
}

int
filter_exclude(const struct filter *f, struct rows *rows, struct filter_scratch *s)
{
	return filter_keep(f, rows, not_matches, s);
}

int
filter_begin(const struct filter *f, struct rows *rows, struct filter_scratch *s)
{
	size_t n = rows->n_columns, first = 0;
	int r = 0;

	while (first < rows->n_rows && (r = row_matches(f, rows, first, s)) == 0)
		first++;
	if (r < 0)
		return r;
	if (first) {
		rows->n_rows -= first;
		memmove(rows->cells, &rows->cells[first * n],
			rows->n_rows * n * sizeof(struct cell));
	}
	return 0;
}
