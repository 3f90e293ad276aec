/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * row -- the table that a command fills and filters change. Cells are one array that grows by
 * doubling, texts live in an arena, and both together are held under max_bytes, because their
 * number is up to a plugin. Columns are borrowed from whoever declared them. Knows no format: those
 * are in render. Rows that are being filled belong to one thread; filled ones may be read by many.
 */
#include "row.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { FIRST_ROWS = 8 };

void
rows_init(struct rows *r, const struct telmon_column *columns, size_t n_columns, size_t max_bytes)
{
	*r = (struct rows){ .columns = columns, .n_columns = n_columns, .max_bytes = max_bytes };
	arena_init(&r->arena, 0);
}

void
rows_fini(struct rows *r)
{
	free(r->cells);
	arena_fini(&r->arena);
	r->cells = NULL;
	r->n_rows = r->cap_rows = r->at = 0;
}

/* A row without columns counts as one cell, so that the limit holds for it too. */
static size_t
row_bytes(const struct rows *r)
{
	return (r->n_columns ? r->n_columns : 1) * sizeof(struct cell);
}

static bool
has_room(const struct rows *r, size_t bytes)
{
	size_t used = r->n_rows * row_bytes(r) + r->arena.size_bytes;

	return r->max_bytes == 0 || (used <= r->max_bytes && bytes <= r->max_bytes - used);
}

static int
grow(struct rows *r)
{
	size_t cap = r->cap_rows ? 2 * r->cap_rows : FIRST_ROWS;
	struct cell *cells = reallocarray(r->cells, cap, row_bytes(r));

	if (!cells)
		return r->error = -ENOMEM;
	r->cells = cells;
	r->cap_rows = cap;
	return 0;
}

int
rows_begin(struct rows *r)
{
	if (r->error)
		return r->error;
	if (!has_room(r, row_bytes(r)))
		return r->error = -EMSGSIZE;
	if (r->n_rows == r->cap_rows && grow(r) < 0)
		return r->error;
	/* Zero is CELL_NULL: cells that are not given stay unknown. */
	memset(&r->cells[r->n_rows * r->n_columns], 0, r->n_columns * sizeof(struct cell));
	r->n_rows++;
	r->at = 0;
	return 0;
}

/* The next cell of the last row, still null, and its column's type; NULL past the last one. */
static struct cell *
next_cell(struct rows *r, enum telmon_type *ret_type)
{
	*ret_type = TELMON_TEXT;
	if (r->error || r->n_rows == 0 || r->at == r->n_columns)
		return NULL;
	*ret_type = r->columns[r->at].type;
	return &r->cells[(r->n_rows - 1) * r->n_columns + r->at++];
}

/* What a cell that cannot be written means: the sticky error, or the caller's mistake. */
static int
refusal(const struct rows *r)
{
	return r->error ? r->error : -EINVAL;
}

int
rows_int(struct rows *r, int64_t v)
{
	enum telmon_type type;
	struct cell *c = next_cell(r, &type);

	if (!c || type == TELMON_TEXT)
		return refusal(r);
	if (type == TELMON_REAL)
		*c = (struct cell){ .type = CELL_REAL, .f = (double)v };
	else
		*c = (struct cell){ .type = CELL_INT, .i = v };
	return 0;
}

int
rows_real(struct rows *r, double v)
{
	enum telmon_type type;
	struct cell *c = next_cell(r, &type);

	if (!c || type == TELMON_TEXT)
		return refusal(r);
	if (isnan(v))
		return 0;
	if (type == TELMON_REAL)
		*c = (struct cell){ .type = CELL_REAL, .f = v };
	else if (v >= -0x1p63 && v < 0x1p63)
		*c = (struct cell){ .type = CELL_INT, .i = (int64_t)round(v) };
	/* What no integer can hold stays unknown. */
	return 0;
}

int
rows_number(struct rows *r, double v)
{
	enum telmon_type type;
	struct cell *c;

	if (!text_is_whole(v))
		return rows_real(r, v);
	c = next_cell(r, &type);
	if (!c || type == TELMON_TEXT)
		return refusal(r);
	*c = (struct cell){ .type = CELL_INT, .i = (int64_t)v };
	return 0;
}

int
rows_text(struct rows *r, const char *s)
{
	enum telmon_type type;
	struct cell *c = next_cell(r, &type);
	const char *copy;
	size_t n;

	if (!c || (s && type != TELMON_TEXT))
		return refusal(r);
	if (!s)
		return 0;
	n = strlen(s);
	/* The arena rounds up to the alignment. */
	if (!has_room(r, n + sizeof(max_align_t)))
		return r->error = -EMSGSIZE;
	copy = n ? arena_strndup(&r->arena, s, n) : "";
	if (!copy)
		return r->error = -ENOMEM;
	*c = (struct cell){ .type = CELL_TEXT, .s = copy };
	return 0;
}

int
rows_buf(struct rows *r, struct buf *b)
{
	const char *s = buf_str(b);

	if (b->error == -ENOMEM && !r->error)
		r->error = -ENOMEM;
	return rows_text(r, s);
}

int
rows_null(struct rows *r)
{
	enum telmon_type type;

	return next_cell(r, &type) ? 0 : refusal(r);
}

/* Gives every text cell a copy of its own, all in one piece. */
static int
copy_texts(struct rows *r)
{
	size_t n_cells = r->n_rows * r->n_columns, bytes = 0;
	char *at;

	for (size_t i = 0; i < n_cells; i++)
		if (r->cells[i].type == CELL_TEXT)
			bytes += strlen(r->cells[i].s) + 1;
	if (bytes == 0)
		return 0;
	at = arena_alloc(&r->arena, bytes);
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < n_cells; i++) {
		size_t n;

		if (r->cells[i].type != CELL_TEXT)
			continue;
		n = strlen(r->cells[i].s) + 1;
		memcpy(at, r->cells[i].s, n);
		r->cells[i].s = at;
		at += n;
	}
	return 0;
}

int
rows_copy(struct rows *to, const struct rows *from)
{
	*to = *from;
	arena_init(&to->arena, 0);
	to->cells = NULL;
	to->n_rows = to->cap_rows = 0;
	if (from->error || from->n_rows == 0)
		return from->error;
	to->cells = reallocarray(NULL, from->n_rows, row_bytes(from));
	if (!to->cells)
		return to->error = -ENOMEM;
	memcpy(to->cells, from->cells, from->n_rows * from->n_columns * sizeof(struct cell));
	to->n_rows = to->cap_rows = from->n_rows;
	if (copy_texts(to) < 0) {
		rows_fini(to);
		return to->error = -ENOMEM;
	}
	return 0;
}

/* The only column of which `fits` is true: index, -ENOENT or -EEXIST. */
static long
only_column(const struct telmon_column *columns, size_t n, const char *name,
	    bool (*fits)(const char *column, const char *name))
{
	long found = -ENOENT;

	for (size_t i = 0; i < n; i++) {
		if (!fits(columns[i].name, name))
			continue;
		if (found >= 0)
			return -EEXIST;
		found = (long)i;
	}
	return found;
}

static bool
is_name(const char *column, const char *name)
{
	return strcmp(column, name) == 0;
}

static bool
is_heading(const char *column, const char *name)
{
	size_t n = text_heading(column);

	return strncmp(column, name, n) == 0 && name[n] == '\0';
}

/* As tables show them where a percentage has the same: used is used_bytes, used% is used_percent.
 */
static bool
is_other_heading(const char *column, const char *name)
{
	return is_heading(column, name) && !text_is_percent(column);
}

static bool
is_percent_heading(const char *column, const char *name)
{
	size_t n = text_heading(column);

	return text_is_percent(column) && strncmp(column, name, n) == 0 &&
	       strcmp(name + n, "%") == 0;
}

/* A heading is how its name begins: one look is enough for both. */
static bool
begins(const char *column, const char *name)
{
	return *name && strncmp(column, name, strlen(name)) == 0;
}

long
rows_column(const struct telmon_column *columns, size_t n, const char *name)
{
	long i = only_column(columns, n, name, is_name);

	if (i == -ENOENT)
		i = only_column(columns, n, name, is_other_heading);
	if (i == -ENOENT)
		i = only_column(columns, n, name, is_heading);
	if (i == -ENOENT)
		i = only_column(columns, n, name, is_percent_heading);
	if (i == -ENOENT)
		i = only_column(columns, n, name, begins);
	return i;
}

bool
row_column_is_whole(const char *column, const char *name)
{
	size_t n = strlen(name), heading = text_heading(column);

	/* The % stands for the suffix. */
	if (n == heading + 1 && name[heading] == '%')
		n = heading;
	return strncmp(column, name, n) == 0 && (column[n] == '\0' || n == heading);
}

int
cell_text(struct buf *out, const struct cell *c, const struct telmon_column *col)
{
	switch (c->type) {
	case CELL_INT:
		/* Past 2^53 a double would not be the same number. */
		if (col->unit == TELMON_NONE)
			return buf_put_i64(out, c->i);
		return text_number(out, (double)c->i, col->unit, TELMON_INT);
	case CELL_REAL:
		return text_number(out, c->f, col->unit, TELMON_REAL);
	case CELL_TEXT:
		return text_clean(out, c->s, strlen(c->s));
	case CELL_NULL:
		break;
	}
	return buf_putc(out, '-');
}
