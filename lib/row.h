/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * row -- typed rows under named columns: what every command answers with. The columns are borrowed
 * and must outlive the rows; cells and texts belong to them. One thread at a time; immutable rows
 * may be read by many.
 */
#ifndef ROW_H
#define ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <telmon/plugin.h>

#include "buf.h"
#include "mem.h"

enum cell_type { CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT };

struct cell {
	enum cell_type type;
	union {
		int64_t i;
		double f;
		const char *s; /* as the source gave it: clean it before showing it */
	};
};

/* Rows that are points of series, each with the columns metric, labels, time, value and unit, may
 * ask to be drawn where text is wanted. */
struct rows_graph {
	unsigned height;     /* of each graph, in lines; 0 = a table as any other */
	double from_s, to_s; /* the time axis, in seconds since 1970; its end is now */
};

struct rows {
	const struct telmon_column *columns;
	size_t n_columns;
	struct cell *cells; /* n_rows * n_columns, row by row */
	size_t n_rows, cap_rows;
	size_t at;	    /* next cell of the last row */
	struct arena arena; /* texts */
	size_t max_bytes;   /* of cells and texts together; 0 = no limit */
	int error;	    /* 0 or -EMSGSIZE, -ENOMEM; sticky */
	int status;	    /* 0..3, the command's own word */
	bool plain;	    /* text shows the cells alone: no header line (help, echo, version) */
	struct rows_graph graph;
};

void rows_init(struct rows *r, const struct telmon_column *columns, size_t n_columns,
	       size_t max_bytes);
void rows_fini(struct rows *r);
/* Append a row; its cells follow, and those not given are null. All return 0 or the sticky error.
 * A real into an INT column is rounded (null where no integer can hold it), an int into a REAL
 * column converted, NaN and NULL become null. A number into a TEXT column or a text into another
 * leaves null and is -EINVAL, and so is a cell past the last column or before the first row;
 * neither is sticky. */
int rows_begin(struct rows *r);
int rows_int(struct rows *r, int64_t v);
int rows_real(struct rows *r, double v);
/* For a REAL column whose numbers are of many kinds: one that is whole is shown as such. */
int rows_number(struct rows *r, double v);
int rows_text(struct rows *r, const char *s);
int rows_null(struct rows *r);
/* The content of b as rows_text(); that b ran out of memory is an error of the rows. */
int rows_buf(struct rows *r, struct buf *b);
/* A deep copy (rows that are shared are copied before filters change them). `to` need not be
 * initialised and is fit for rows_fini() in any case. 0 or the error. */
int rows_copy(struct rows *to, const struct rows *from);

static inline const struct cell *
rows_cell(const struct rows *r, size_t row, size_t column)
{
	return &r->cells[row * r->n_columns + column];
}

/* A column by its name or its heading (the name without unit suffix), or by a unique prefix of
 * either. A percentage may always be called by its heading with a % behind it, and leaves the bare
 * heading to another column that has the same. Index, or -ENOENT, or -EEXIST when it is ambiguous.
 */
long rows_column(const struct telmon_column *columns, size_t n, const char *name);
/* Whether name is that column's whole name or heading: scripts may not shorten, so that a new
 * column cannot break them. */
bool row_column_is_whole(const char *column, const char *name);
/* Appends the cell as people see it (unit applied, text cleaned); null is "-". */
int cell_text(struct buf *out, const struct cell *c, const struct telmon_column *col);

#endif
