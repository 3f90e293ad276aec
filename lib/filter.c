/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter -- the table of filters and the way into them. What each does is in filter_match.c
 * (include exclude begin), filter_shape.c (head tail count sort columns) and filter_where.c;
 * expressions are in filter_pattern.c. A filter is read once, against the columns that it will
 * meet, so that a mistake is told before the command runs, and may then be applied by many threads.
 * It never sees a format, and never changes a status.
 */
#include "filter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "filter_private.h"
#include "text.h"

enum { INCLUDE, GREP, EXCLUDE, BEGIN, HEAD, TAIL, COUNT, SORT, COLUMNS, WHERE, N_FILTERS };

/* What would be read of a sentence that lists more columns is its begin anyway. */
enum { MAX_LIST_BYTES = 300 };

static const struct filter_info infos[N_FILTERS] = {
	[INCLUDE] = { "include", "include RE", "only rows whose text matches the expression",
		      false },
	[GREP] = { "grep", "grep RE", "the same as include", false },
	[EXCLUDE] = { "exclude", "exclude RE", "only rows whose text does not match", false },
	[BEGIN] = { "begin", "begin RE", "rows from the first one that matches on", false },
	[HEAD] = { "head", "head [N]", "the first rows, 10 unless told", false },
	[TAIL] = { "tail", "tail [N]", "the last rows, 10 unless told", false },
	[COUNT] = { "count", "count", "how many rows there are", false },
	[SORT] = { "sort", "sort [-r] COLUMN", "rows by the values of a column; -r: largest first",
		   true },
	[COLUMNS] = { "columns", "columns A,B", "only these columns, in this order", true },
	[WHERE] = { "where", "where COLUMN OP VALUE",
		    "rows whose value is = != < <= > >= VALUE (1.5G, 90%, 2h) or matches ~ !~ RE",
		    true },
};

static const struct filter_verb verbs[N_FILTERS] = {
	[INCLUDE] = { filter_read_pattern, filter_include },
	[GREP] = { filter_read_pattern, filter_include },
	[EXCLUDE] = { filter_read_pattern, filter_exclude },
	[BEGIN] = { filter_read_pattern, filter_begin },
	[HEAD] = { filter_read_limit, filter_head },
	[TAIL] = { filter_read_limit, filter_tail },
	[COUNT] = { filter_read_count, filter_count },
	[SORT] = { filter_read_sort, filter_sort },
	[COLUMNS] = { filter_read_columns, filter_pick },
	[WHERE] = { filter_read_where, filter_where },
};

const struct filter_info *
filter_table(size_t *ret_n)
{
	*ret_n = N_FILTERS;
	return infos;
}

/* The filter of that name, or of the only name that begins so; N_FILTERS if there is none. */
static size_t
find_name(const char *name, bool exact, size_t *ret_fitting)
{
	size_t found = N_FILTERS, n = strlen(name);

	*ret_fitting = 0;
	for (size_t i = 0; i < N_FILTERS; i++) {
		if (strcmp(infos[i].name, name) == 0) {
			*ret_fitting = 1;
			return i;
		}
		if (exact || n == 0 || strncmp(infos[i].name, name, n) != 0)
			continue;
		found = i;
		++*ret_fitting;
	}
	return found;
}

static void
refuse_name(const char *name, size_t fitting, struct buf *why)
{
	const char *names[N_FILTERS], *nearest;
	const char *between = "";

	if (fitting > 1) {
		buf_printf(why, "filter '%.40s' could be ", name);
		for (size_t i = 0; i < N_FILTERS; i++) {
			if (strncmp(infos[i].name, name, strlen(name)) != 0)
				continue;
			buf_printf(why, "%s%s", between, infos[i].name);
			between = " or ";
		}
		return;
	}
	for (size_t i = 0; i < N_FILTERS; i++)
		names[i] = infos[i].name;
	nearest = text_nearest(name, names, N_FILTERS);
	for (size_t i = 0; i < N_FILTERS && !nearest && *name; i++)
		if (strncmp(names[i], name, strlen(name)) == 0)
			nearest = names[i];
	if (nearest)
		buf_printf(why, "no filter '%.40s' (did you mean '%s'? try help)", name, nearest);
	else
		buf_printf(why, "no filter '%.40s' (try help)", name);
}

int
filter_refuse(const struct filter *f, struct buf *why, const char *fmt, ...)
{
	va_list ap;

	buf_printf(why, "%s: ", f->info->name);
	va_start(ap, fmt);
	buf_vprintf(why, fmt, ap);
	va_end(ap);
	buf_printf(why, " (usage: %s)", f->info->usage);
	return -EINVAL;
}

/* Names the columns that begin with prefix, as many as a sentence bears. */
static void
list_columns(const struct filter *f, const char *prefix, const char *between, struct buf *why)
{
	size_t from = why->len;
	const char *before = "";

	for (size_t i = 0; i < f->n_in; i++) {
		if (strncmp(f->in[i].name, prefix, strlen(prefix)) != 0)
			continue;
		if (why->len - from > MAX_LIST_BYTES) {
			buf_puts(why, ", ...");
			return;
		}
		buf_printf(why, "%s%.80s", before, f->in[i].name);
		before = between;
	}
}

static int
refuse_column(const struct filter *f, const char *name, struct buf *why)
{
	const char **names = calloc(f->n_in ? f->n_in : 1, sizeof(*names)), *nearest;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < f->n_in; i++)
		names[i] = f->in[i].name;
	nearest = text_nearest(name, names, f->n_in);
	free(names);
	buf_printf(why, "%s: no column '%.40s' (", f->info->name, name);
	if (nearest)
		buf_printf(why, "did you mean '%.80s'? ", nearest);
	buf_puts(why, f->n_in ? "columns: " : "there are none");
	list_columns(f, "", ", ", why);
	buf_putc(why, ')');
	return -EINVAL;
}

long
filter_find_column(const struct filter *f, const char *name, struct buf *why)
{
	long i = rows_column(f->in, f->n_in, name);

	if (i == -EEXIST) {
		buf_printf(why, "%s: column '%.40s' could be ", f->info->name, name);
		list_columns(f, name, " or ", why);
		return -EINVAL;
	}
	if (i < 0 || (f->exact && !row_column_is_whole(f->in[i].name, name)))
		return refuse_column(f, name, why);
	return i;
}

struct filter *
filter_new(const struct parse_stage *stage, bool exact, const struct telmon_column *columns,
	   size_t n_columns, struct buf *why)
{
	size_t fitting, i = find_name(stage->words[0].text, exact, &fitting);
	struct filter *f;

	if (fitting != 1) {
		refuse_name(stage->words[0].text, fitting, why);
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->info = &infos[i];
	f->apply = verbs[i].apply;
	f->exact = exact;
	f->in = f->out = columns;
	f->n_in = f->n_out = n_columns;
	if (verbs[i].read(f, stage, why) < 0) {
		if (why->len == 0)
			buf_puts(why, "out of memory");
		filter_free(f);
		return NULL;
	}
	return f;
}

void
filter_free(struct filter *f)
{
	if (!f)
		return;
	filter_pattern_free(f->pattern);
	free(f->made);
	free(f->picked);
	free(f->text);
	free(f);
}

const struct telmon_column *
filter_columns(const struct filter *f, size_t *ret_n)
{
	*ret_n = f->n_out;
	return f->out;
}

int
filter_apply(const struct filter *f, struct rows *rows)
{
	return filter_apply_while(f, rows, NULL, NULL);
}

int
filter_apply_while(const struct filter *f, struct rows *rows, filter_go_on_fn *go_on, void *ctx)
{
	struct filter_scratch s = { .text = BUF_INIT(SIZE_MAX / 2), .go_on = go_on, .ctx = ctx };
	int r = rows->error;

	if (r == 0 && rows->n_columns != f->n_in)
		r = -EINVAL;
	if (r == 0)
		r = f->apply(f, rows, &s);
	/* The last row is whole: nothing is appended behind a filter. */
	rows->at = rows->n_columns;
	buf_fini(&s.text);
	return r;
}

int
filter_keep(const struct filter *f, struct rows *rows, filter_keep_fn *keep,
	    struct filter_scratch *s)
{
	size_t n = rows->n_columns, kept = 0;

	for (size_t i = 0; i < rows->n_rows; i++) {
		int r = keep(f, rows, i, s);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (kept != i)
			memcpy(&rows->cells[kept * n], &rows->cells[i * n],
			       n * sizeof(struct cell));
		kept++;
	}
	rows->n_rows = kept;
	return 0;
}
