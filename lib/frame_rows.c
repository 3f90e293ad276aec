/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * frame_rows -- rows as frames: the number of columns, then cell by cell a byte for its type and
 * its value. Several rows share a frame, none is divided.
 */
#include <errno.h>
#include <string.h>

#include "frame.h"

enum { FULL_BYTES = 64 << 10 }; /* no further row is begun behind these */

static void
put_cell(struct buf *out, const struct cell *c)
{
	frame_put_u8(out, (uint8_t)c->type);
	switch (c->type) {
	case CELL_INT:
		frame_put_i64(out, c->i);
		break;
	case CELL_REAL:
		frame_put_f64(out, c->f);
		break;
	case CELL_TEXT:
		frame_put_text(out, c->s);
		break;
	case CELL_NULL:
		break;
	}
}

int
frame_put_rows(struct buf *out, uint32_t call, const struct rows *rows, size_t *row)
{
	size_t begin = frame_begin(out, FRAME_ROWS, call), r = *row;
	int error;

	frame_put_u32(out, (uint32_t)rows->n_columns);
	while (r < rows->n_rows && out->len - begin < FULL_BYTES) {
		size_t end = out->len;

		for (size_t i = 0; i < rows->n_columns; i++)
			put_cell(out, rows_cell(rows, r, i));
		/* One that would burst this frame begins the next. */
		if (out->len - begin > FRAME_MAX_BYTES && r > *row) {
			out->len = end;
			break;
		}
		r++;
	}
	error = frame_end(out, begin);
	if (error < 0)
		return error;
	*row = r;
	return r < rows->n_rows;
}

static int
get_cell(struct frame_reader *r, struct rows *ret)
{
	switch (frame_get_u8(r)) {
	case CELL_NULL:
		return rows_null(ret);
	case CELL_INT:
		return rows_int(ret, frame_get_i64(r));
	case CELL_REAL:
		return rows_real(ret, frame_get_f64(r));
	case CELL_TEXT:
		return rows_text(ret, frame_get_text(r));
	default:
		return -EBADMSG;
	}
}

int
frame_get_rows(const struct frame *f, struct rows *ret)
{
	struct frame_reader r = frame_read(f);

	if (frame_get_u32(&r) != ret->n_columns || ret->n_columns == 0)
		return -EBADMSG;
	while (r.left && !r.bad) {
		int error = rows_begin(ret);

		for (size_t i = 0; i < ret->n_columns && error == 0; i++)
			error = get_cell(&r, ret);
		if (error < 0)
			return error == -EINVAL ? -EBADMSG : error;
	}
	return frame_read_end(&r);
}
