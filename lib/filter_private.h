/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter_private -- what the parts of filter share: the stage as it was read, and expressions.
 */
#ifndef FILTER_PRIVATE_H
#define FILTER_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "filter.h"

enum filter_op {
	FILTER_EQUAL,
	FILTER_NOT_EQUAL,
	FILTER_LESS,
	FILTER_LESS_EQUAL,
	FILTER_MORE,
	FILTER_MORE_EQUAL,
	FILTER_LIKE,
	FILTER_UNLIKE,
};

/* Reads the words behind the name into f. 0, or -EINVAL with a sentence in why. */
typedef int filter_read_fn(struct filter *f, const struct parse_stage *stage, struct buf *why);
struct filter_scratch;
/* As filter_apply_while(). */
typedef int filter_apply_fn(const struct filter *f, struct rows *rows, struct filter_scratch *s);

struct filter_verb {
	filter_read_fn *read;
	filter_apply_fn *apply;
};

/* Immutable once made: many threads may apply it. */
struct filter {
	const struct filter_info *info;
	filter_apply_fn *apply;
	bool exact;
	const struct telmon_column *in;	 /* those it meets; borrowed */
	const struct telmon_column *out; /* those it leaves: in, or what it made */
	size_t n_in, n_out;
	struct telmon_column *made;
	size_t *picked;			/* columns: index in `in` of each column of `out` */
	struct filter_pattern *pattern; /* include, exclude, begin, where ~ */
	size_t limit;			/* head, tail */
	size_t column;			/* sort, where */
	bool descending;		/* sort */
	enum filter_op op;		/* where ... */
	bool is_integer;
	int64_t integer;
	double number;
	char *text;
};

filter_read_fn filter_read_pattern, filter_read_limit, filter_read_count, filter_read_sort,
	filter_read_columns, filter_read_where;
filter_apply_fn filter_include, filter_exclude, filter_begin, filter_head, filter_tail,
	filter_count, filter_sort, filter_pick, filter_where;

/* Writes "NAME: SENTENCE (usage: USAGE)" and returns -EINVAL. Words of the asker's are cut. */
int filter_refuse(const struct filter *f, struct buf *why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Index of a column that the filter meets, or -EINVAL with a sentence in why. */
long filter_find_column(const struct filter *f, const char *name, struct buf *why);
/* Keeps the rows for which keep() is 1; it may also be an error, which ends it. 0 or that. */
typedef int filter_keep_fn(const struct filter *f, const struct rows *rows, size_t row,
			   struct filter_scratch *s);
int filter_keep(const struct filter *f, struct rows *rows, filter_keep_fn *keep,
		struct filter_scratch *s);

/* A compiled expression whose size, and so its time for each character, is limited. */
struct filter_pattern;
/* NULL with a sentence in why. */
struct filter_pattern *filter_pattern_new(const char *expression, struct buf *why);
void filter_pattern_free(struct filter_pattern *p);

/* What one filter_apply_while() works with: a row as text, and the asker's patience. */
struct filter_scratch {
	struct buf text;
	filter_go_on_fn *go_on; /* NULL: without end */
	void *ctx;
};
/* Whether s->text matches: 1, 0, -ENOMEM, or what go_on() said. */
int filter_pattern_matches(const struct filter_pattern *p, struct filter_scratch *s);

/* Refuses an expression that would cost too much to match, and with it wrong grammar and all that
 * TRE has beyond POSIX. 0, or -EINVAL with a sentence in why. */
int filter_pattern_check(const wchar_t *expression, struct buf *why);

#endif
