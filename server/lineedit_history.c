/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_history -- the lines of this session, oldest first in one buffer, each with its NUL.
 * Runs on the session's thread.
 */
#include <string.h>

#include "lineedit_private.h"

enum { MOST_LINES = 500, MOST_BYTES = 64 << 10 };

void
lineedit_remember(struct lineedit *e, const char *line, size_t n)
{
	struct buf *kept = &e->kept;
	const char *newest = lineedit_kept_before(e, NULL);

	if (n == 0 || n >= MOST_BYTES || line[0] == ' ')
		return;
	if (newest && strlen(newest) == n && memcmp(newest, line, n) == 0)
		return;
	kept->max = MOST_BYTES;
	while (e->n_kept >= MOST_LINES || kept->len + n + 1 > MOST_BYTES) {
		buf_consume(kept, strlen(kept->data) + 1);
		e->n_kept--;
	}
	if (buf_reserve(kept, n + 1) < 0) {
		buf_clear(kept); /* its error sticks */
		e->n_kept = 0;
		return;
	}
	buf_put(kept, line, n);
	buf_putc(kept, '\0');
	e->n_kept++;
}

const char *
lineedit_next_kept(const struct lineedit *e, const char *line)
{
	const char *next = line ? line + strlen(line) + 1 : e->kept.data;

	return next && next < e->kept.data + e->kept.len ? next : NULL;
}

const char *
lineedit_kept_before(const struct lineedit *e, const char *line)
{
	const char *first = e->kept.data, *end = line ? line : first + e->kept.len;

	if (e->kept.len == 0 || end == first)
		return NULL;
	do
		end--;
	while (end > first && end[-1]);
	return end;
}
