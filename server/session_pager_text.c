/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_pager_text -- the pager's text: its rows forward and back, the oldest of it given up, and
 * a word looked for. It is all one text: what was shown or skipped, up to `at`, and what was not
 * yet; rows are found anew each time, so a window may change at any moment. Writes nothing. Runs on
 * the session's worker.
 */
#include <string.h>
#include <strings.h>

#include "session_pager_private.h"

enum {
	BACK_BYTES = 256 << 10,	    /* kept for going back, */
	SLACK_BYTES = 64 << 10,	    /* and so much more before the oldest goes */
	LONG_LINE_BYTES = 32 << 10, /* a line past this is not waited for, nor kept whole */
};

unsigned
session_pager_rows(const struct session *s)
{
	return s->asker.lines > 1 ? s->asker.lines - 1 : 1;
}

struct screen_row
session_pager_row(const struct session *s, size_t at)
{
	const struct buf *text = &s->pager->text;
	unsigned columns = s->asker.columns ? s->asker.columns : 80;

	return screen_row(text->data + at, text->len - at, columns);
}

/* Where the line begins that text[at - 1] belongs to. */
static size_t
line_start(const struct pager *p, size_t at)
{
	const char *end = at > 1 ? memrchr(p->text.data, '\n', at - 1) : NULL;

	return end ? (size_t)(end - p->text.data) + 1 : 0;
}

/* Walks over so many rows from `from` on, but not past `to`. Returns where that is, and leaves in
 * *rows how many it did not come to. */
static size_t
walk(const struct session *s, size_t from, size_t to, unsigned *rows)
{
	while (from < to && *rows) {
		from += session_pager_row(s, from).size;
		--*rows;
	}
	return from < to ? from : to;
}

size_t
session_pager_before(const struct session *s, size_t at, unsigned rows)
{
	while (rows && at) {
		size_t start = line_start(s->pager, at);
		unsigned left = UINT32_MAX, skip;

		walk(s, start, at, &left);
		left = UINT32_MAX - left;
		if (left > rows) {
			skip = left - rows;
			return walk(s, start, at, &skip);
		}
		rows -= left;
		at = start;
	}
	return at;
}

void
session_pager_forget(struct session *s)
{
	struct pager *p = s->pager;
	size_t n, most, start;

	if (p->text.len <= BACK_BYTES + SLACK_BYTES)
		return;
	n = p->text.len - BACK_BYTES;
	most = p->searching ? p->at : session_pager_before(s, p->at, session_pager_rows(s));
	n = n < most ? n : most;
	start = line_start(p, n + 1);
	if (n - start > LONG_LINE_BYTES)
		for (start = n; start && ((unsigned char)p->text.data[start] & 0xc0) == 0x80;)
			start--;
	buf_consume(&p->text, start);
	p->at -= start;
	p->from -= start < p->from ? start : p->from;
	p->cut |= start > 0;
}

static bool
has_word(const struct pager *p, const char *line, size_t n)
{
	for (size_t i = 0; i + p->n_word <= n; i++)
		if (strncasecmp(line + i, p->word, p->n_word) == 0)
			return true;
	return false;
}

int
session_pager_find(struct pager *p, bool final)
{
	while (p->at < p->text.len) {
		const char *line = p->text.data + p->at;
		size_t left = p->text.len - p->at;
		const char *end = memchr(line, '\n', left);

		if (!end && !final && left < LONG_LINE_BYTES)
			return 0;
		left = end ? (size_t)(end - line) + 1 : left;
		if (has_word(p, line, left))
			return 1;
		p->at += left;
	}
	return 0;
}
