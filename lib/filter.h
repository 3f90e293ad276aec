/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter -- what stands behind a pipe: rows in, rows out. include exclude begin head tail count
 * sort columns where. Pure functions over rows; expressions are POSIX extended ones matched in
 * linear time by TRE.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stddef.h>

#include "buf.h"
#include "parse.h"
#include "row.h"

enum { FILTER_MAX_PATTERN_BYTES = 256 };

/* One row of the table that help and completion are made from. */
struct filter_info {
	const char *name, *usage, *help;
	bool takes_columns; /* its words are names of columns (sort, columns, where's first) */
};
const struct filter_info *filter_table(size_t *ret_n);
/* The same for what stands between COLUMN and VALUE of where: name and help. */
const struct filter_info *filter_operators(size_t *ret_n);

struct filter; /* one stage, its words checked and its expression compiled */
/* exact: names must be spelled out (scripts); else a unique prefix does. columns: those that the
 * stage will meet, so that a wrong one is a usage error before the command runs. NULL with a
 * sentence in why. */
struct filter *filter_new(const struct parse_stage *stage, bool exact,
			  const struct telmon_column *columns, size_t n_columns, struct buf *why);
void filter_free(struct filter *f);
/* The columns that come out of it (borrowed from f, or the ones that went in). */
const struct telmon_column *filter_columns(const struct filter *f, size_t *ret_n);
/* Changes the rows. 0, or the rows' own error, -ENOMEM, or -EINVAL when they have not as many
 * columns as was announced. The filter must outlive the rows, whose columns may be its own
 * afterwards. Thread-safe: a filter is constant. */
int filter_apply(const struct filter *f, struct rows *rows);
/* The same for an asker who may lose patience: go_on is asked at each row that an expression looks
 * at, and every few thousand characters of a long one, and every few thousand rows of a sort. What it returns below 0 ends the work and is
 * returned; the rows are then good for rows_fini() only. */
typedef int filter_go_on_fn(void *ctx);
int filter_apply_while(const struct filter *f, struct rows *rows, filter_go_on_fn *go_on,
		       void *ctx);

#endif
