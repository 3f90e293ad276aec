/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter_match -- include, exclude and begin: rows by what they read. What an expression sees is
 * the row as a person would, its cells with their units and cleaned, unfitted and with one blank
 * between, so that the same expression finds the same rows in every width and format.
 */
#include <errno.h>
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

/* 1, 0 or -ENOMEM. */
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
keep_matching(const struct filter *f, const struct rows *rows, size_t row, void *scratch)
{
	return row_matches(f, rows, row, scratch);
}

static int
keep_others(const struct filter *f, const struct rows *rows, size_t row, void *scratch)
{
	int r = row_matches(f, rows, row, scratch);

	return r < 0 ? r : !r;
}

int
filter_include(const struct filter *f, struct rows *rows)
{
	struct filter_scratch scratch;
	int r;

	filter_scratch_init(&scratch);
	r = filter_keep(f, rows, keep_matching, &scratch);
	filter_scratch_fini(&scratch);
	return r;
}

int
filter_exclude(const struct filter *f, struct rows *rows)
{
	struct filter_scratch scratch;
	int r;

	filter_scratch_init(&scratch);
	r = filter_keep(f, rows, keep_others, &scratch);
	filter_scratch_fini(&scratch);
	return r;
}

int
filter_begin(const struct filter *f, struct rows *rows)
{
	struct filter_scratch scratch;
	size_t n = rows->n_columns, first = 0;
	int r = 0;

	filter_scratch_init(&scratch);
	while (first < rows->n_rows && (r = row_matches(f, rows, first, &scratch)) == 0)
		first++;
	filter_scratch_fini(&scratch);
	if (r < 0)
		return r;
	if (first) {
		rows->n_rows -= first;
		memmove(rows->cells, &rows->cells[first * n],
			rows->n_rows * n * sizeof(struct cell));
	}
	return 0;
}
