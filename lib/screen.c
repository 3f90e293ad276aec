/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * screen -- where a row ends. A terminal wraps when a character does not fit any more, not when the
 * row is full: a line as wide as the window takes one row, and a wide character at the margin
 * leaves a column empty. SGR sequences take no column. Pure.
 */
#include "screen.h"

#include <string.h>

#include "text.h"

enum { ESC = 0x1b };

/* The size of the SGR sequence at s; 0: none begins here. */
static size_t
sgr_size(const char *s, size_t n)
{
	size_t i = 2;

	if (n < 3 || s[0] != ESC || s[1] != '[')
		return 0;
	while (i < n && ((s[i] >= '0' && s[i] <= '9') || s[i] == ';'))
		i++;
	return i < n && s[i] == 'm' ? i + 1 : 0;
}

/* ESC [ m and ESC [ 0 m. */
static bool
is_reset(size_t size, const char *s)
{
	return size == 3 || (size == 4 && s[2] == '0');
}

static size_t
character(const char *s, size_t n, unsigned *ret_columns)
{
	uint32_t c;
	size_t size;

	if (*s >= ' ' && *s < 0x7f) {
		*ret_columns = 1;
		return 1;
	}
	size = text_decode(s, n, &c);
	size = size ? size : 1;
	*ret_columns = (unsigned)text_width(s, size);
	return size;
}

struct screen_row
screen_row(const char *text, size_t n, unsigned columns)
{
	struct screen_row row = { 0 };
	unsigned width;
	size_t size;

	for (; row.size < n; row.size += size) {
		const char *at = text + row.size;

		if (*at == '\n') {
			row.size++;
			row.whole = true;
			break;
		}
		size = sgr_size(at, n - row.size);
		if (size) {
			row.colored = !is_reset(size, at);
			continue;
		}
		size = character(at, n - row.size, &width);
		if (row.columns + width > columns && row.columns) {
			row.whole = true;
			break;
		}
		row.columns += width;
	}
	return row;
}

int
screen_cut(struct buf *out, const char *line, size_t n, unsigned columns)
{
	struct screen_row row = screen_row(line, n, columns);

	if (row.columns <= columns)
		buf_put(out, line, row.size);
	if (row.colored)
		buf_puts(out, SCREEN_PLAIN);
	return out->error;
}
