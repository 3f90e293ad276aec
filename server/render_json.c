/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * render_json -- an answer as one line of JSON: first what it is an answer to, then its rows as
 * objects whose keys are the columns' names. The part from the rows on depends on the rows alone
 * and may be kept and shared. Numbers are in base units; what is unknown or no number of JSON's is
 * null.
 */
#include <math.h>
#include <string.h>

#include "render_private.h"
#include "text.h"

static void
json_head(struct render *r, struct buf *out)
{
	(void)r;
	buf_putc(out, '[');
}

static void
put_real(struct buf *out, double v)
{
	if (isfinite(v))
		buf_put_real(out, v);
	else
		buf_puts(out, "null");
}

static void
put_value(struct buf *out, const struct cell *c)
{
	switch (c->type) {
	case CELL_INT:
		buf_put_i64(out, c->i);
		return;
	case CELL_REAL:
		put_real(out, c->f);
		return;
	case CELL_TEXT:
		text_json(out, c->s);
		return;
	case CELL_NULL:
		break;
	}
	buf_puts(out, "null");
}

/* What stands before each value: {"name": of the first, ,"name": of the others. */
static void
put_keys(const struct render *r, struct buf *keys, size_t ends[RENDER_MAX_COLUMNS])
{
	for (size_t i = 0; i < r->n_columns; i++) {
		buf_putc(keys, i ? ',' : '{');
		text_json(keys, r->rows->columns[i].name);
		buf_putc(keys, ':');
		ends[i] = keys->len;
	}
}

static void
json_rows(struct render *r, struct buf *out, size_t end)
{
	_autobuf_ struct buf keys = BUF_INIT(SIZE_MAX / 2);
	size_t ends[RENDER_MAX_COLUMNS];

	if (r->next_row == r->rows->n_rows)
		return;
	put_keys(r, &keys, ends);
	if (keys.error)
		out->error = keys.error;
	for (; render_more(r, out, end); r->next_row++) {
		size_t from = 0;

		if (r->next_row)
			buf_putc(out, ',');
		if (r->n_columns == 0)
			buf_putc(out, '{');
		for (size_t i = 0; i < r->n_columns; i++) {
			buf_put(out, keys.data + from, ends[i] - from);
			put_value(out, rows_cell(r->rows, r->next_row, i));
			from = ends[i];
		}
		buf_putc(out, '}');
	}
}

static void
json_tail(struct render *r, struct buf *out)
{
	(void)r;
	buf_puts(out, "]}\n");
}

const struct render_writer render_json_writer = { json_head, json_rows, json_tail };

/* Milliseconds are what anyone can use of a span. */
static void
put_span(struct buf *out, double s)
{
	put_real(out, isfinite(s) && fabs(s) < 1e12 ? round(s * 1e3) / 1e3 : s);
}

int
render_json_head(struct buf *out, const struct render_head *head)
{
	buf_puts(out, "{\"command\":");
	text_json(out, head->command);
	buf_puts(out, ",\"host\":");
	text_json(out, head->host);
	buf_puts(out, ",\"time\":");
	if (isfinite(head->time_s))
		buf_put_fixed(out, head->time_s, 3);
	else
		buf_puts(out, "null");
	buf_puts(out, ",\"age\":");
	put_span(out, head->age_s);
	buf_puts(out, ",\"interval\":");
	put_span(out, head->interval_s);
	return buf_puts(out, ",\"rows\":");
}
