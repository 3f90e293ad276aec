/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * render_csv -- RFC 4180 but for the line ends, which are the session's: a header of column names,
 * then a record for each row, numbers in base units, nothing between the commas where a value is
 * unknown.
 */
#include <math.h>
#include <string.h>

#include "render_private.h"
#include "text.h"

/* A record of one empty field would be an empty line, which readers skip. */
static void
end_record(const struct render *r, struct buf *out, size_t start)
{
	if (r->n_columns == 1 && out->len == start)
		buf_puts(out, "\"\"");
	buf_putc(out, '\n');
}

static void
csv_head(struct render *r, struct buf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < r->n_columns; i++) {
		if (i)
			buf_putc(out, ',');
		text_csv(out, r->rows->columns[i].name);
	}
	end_record(r, out, start);
}

static void
put_field(struct buf *out, const struct cell *c)
{
	switch (c->type) {
	case CELL_INT:
		buf_put_i64(out, c->i);
		return;
	case CELL_REAL:
		if (isfinite(c->f))
			buf_put_real(out, c->f);
		return;
	case CELL_TEXT:
		text_csv(out, c->s);
		return;
	case CELL_NULL:
		return;
	}
}

static void
csv_rows(struct render *r, struct buf *out, size_t end)
{
	for (; render_more(r, out, end); r->next_row++) {
		size_t start = out->len;

		for (size_t i = 0; i < r->n_columns; i++) {
			if (i)
				buf_putc(out, ',');
			put_field(out, rows_cell(r->rows, r->next_row, i));
		}
		end_record(r, out, start);
	}
}

static void
csv_tail(struct render *r, struct buf *out)
{
	(void)r;
	(void)out;
}

const struct render_writer render_csv_writer = { csv_head, csv_rows, csv_tail };
