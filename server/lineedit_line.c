/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_line -- libedit's line through the few functions of it that change a line, and between
 * its characters and UTF-8. Runs on the session's thread with the lock held.
 */
#include <stdlib.h>

#include "lineedit_editor_private.h"
#include "text.h"

/* --- UTF-8 --- */

/* Bytes of the character at s and the marks behind it. */
static size_t
cluster_size(const char *s, size_t n)
{
	uint32_t c;
	size_t size = text_decode(s, n, &c), len = size;

	while (len && (len = text_decode(s + size, n - size, &c)) && lineedit_is_mark(c))
		size += len;
	return size ? size : 1;
}

wchar_t *
lineedit_wide(struct editor *ed, const char *s, size_t n)
{
	wchar_t *wide = xcalloc(n + 1, sizeof(*wide));
	size_t count = 0;

	for (size_t i = 0, len; i < n; i += len) {
		wchar_t c;

		len = cluster_size(s + i, n - i);
		c = lineedit_cluster(ed, s + i, len);
		wide[count++] = c ? c : '?';
	}
	return wide;
}

int
lineedit_narrow(const struct editor *ed, struct buf *out, const wchar_t *s, size_t n)
{
	const char *text;
	char space[4];
	size_t size;

	for (size_t i = 0; i < n; i++) {
		size = lineedit_cluster_text(ed, s[i], space, &text);
		buf_put(out, text, size);
	}
	return out->error;
}

size_t
lineedit_bytes(const struct editor *ed, const wchar_t *s, size_t n)
{
	const char *text;
	char space[4];
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += lineedit_cluster_text(ed, s[i], space, &text);
	return sum;
}

size_t
lineedit_columns(const wchar_t *s, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		int width = wcwidth(s[i]);

		sum += width > 0 ? (size_t)width : 0;
	}
	return sum;
}

/* --- the line --- */

size_t
lineedit_length(const struct editor *ed)
{
	const LineInfoW *line = el_wline(ed->el);

	return (size_t)(line->lastchar - line->buffer);
}

size_t
lineedit_cursor(const struct editor *ed)
{
	const LineInfoW *line = el_wline(ed->el);

	return (size_t)(line->cursor - line->buffer);
}

const wchar_t *
lineedit_text(const struct editor *ed)
{
	return el_wline(ed->el)->buffer;
}

void
lineedit_move(struct editor *ed, size_t to)
{
	el_cursor(ed->el, (int)to - (int)lineedit_cursor(ed));
}

void
lineedit_delete(struct editor *ed, size_t from, size_t to)
{
	lineedit_move(ed, to);
	el_deletestr(ed->el, (int)(to - from));
}

void
lineedit_insert(struct editor *ed, const wchar_t *text)
{
	el_winsertstr(ed->el, text);
}

void
lineedit_replace(struct editor *ed, const wchar_t *text)
{
	lineedit_delete(ed, 0, lineedit_length(ed));
	lineedit_insert(ed, text);
}

wchar_t *
lineedit_copy(const struct editor *ed)
{
	size_t n = lineedit_length(ed);
	wchar_t *copy = xcalloc(n + 1, sizeof(*copy));

	return wmemcpy(copy, lineedit_text(ed), n);
}

bool
lineedit_has_room(const struct editor *ed, size_t bytes)
{
	const struct lineedit *e = ed->e;
	size_t most = e->max_line < e->line->max ? e->max_line : e->line->max;
	size_t n = lineedit_length(ed);

	/* Most lines need no counting. */
	if (!ed->n_clusters && n * 4 + bytes <= most)
		return true;
	return lineedit_bytes(ed, lineedit_text(ed), n) + bytes <= most;
}

bool
lineedit_fits_window(const struct editor *ed)
{
	size_t n = lineedit_length(ed), prompt = wcslen(ed->prompt);
	/* A row may lose its last column to a wide character that does not fit; the last row is
	 * for the character that comes. */
	size_t cells = (ed->rows - 1) * (ed->columns - 1);

	if ((n + prompt) * 2 < cells)
		return true;
	return lineedit_columns(ed->prompt, prompt) + lineedit_columns(lineedit_text(ed), n) + 2 <
	       cells;
}
