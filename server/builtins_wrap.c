/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_wrap -- texts that are to be read (help, explain) broken between words where a person's
 * window ends: a table cell that does not fit is shortened, and a sentence without its end explains
 * nothing. Programs and filters get the texts whole.
 */
#include <string.h>

#include "builtins_private.h"
#include "text.h"

enum { LEAST_COLUMNS = 20, BETWEEN = 2 };

static const char *
text_at(const struct rows *rows, size_t row, size_t column)
{
	const struct cell *c = rows_cell(rows, row, column);

	return c->type == CELL_TEXT ? c->s : "";
}

static size_t
widest_key(const struct rows *rows)
{
	size_t widest = 0;

	for (size_t i = 0; i < rows->n_rows; i++) {
		const char *key = text_at(rows, i, 0);
		size_t width = text_width(key, strlen(key));

		widest = width > widest ? width : widest;
	}
	return widest;
}

/* How many bytes of s go on a line of that many columns: whole words, at least one. */
static size_t
line_size(const char *s, size_t columns)
{
	size_t size = strcspn(s, " "), next;

	while (s[size]) {
		next = size + 1 + strcspn(s + size + 1, " ");
		if (text_width(s, next) > columns)
			break;
		size = next;
	}
	return size;
}

static void
put_wrapped(struct rows *to, const char *key, const char *text, size_t columns)
{
	do {
		_autobuf_ struct buf line = BUF_INIT(SIZE_MAX / 2);
		size_t size = line_size(text, columns);

		buf_put(&line, text, size);
		rows_begin(to);
		rows_text(to, key);
		rows_buf(to, &line);
		text += size;
		text += strspn(text, " ");
		key = "";
	} while (*text);
}

void
builtins_wrap(const struct request *request, struct rows *rows)
{
	const struct render_options *o = &request->asker->render;
	size_t used = widest_key(rows) + BETWEEN;
	struct rows wrapped;

	if (rows->error || o->format != RENDER_TEXT || request->parsed->n_stages > 1 ||
	    o->width < used + LEAST_COLUMNS)
		return;
	rows_init(&wrapped, rows->columns, rows->n_columns, rows->max_bytes);
	wrapped.plain = rows->plain;
	wrapped.status = rows->status;
	for (size_t i = 0; i < rows->n_rows; i++)
		put_wrapped(&wrapped, text_at(rows, i, 0), text_at(rows, i, 1), o->width - used);
	rows_fini(rows);
	*rows = wrapped;
}
