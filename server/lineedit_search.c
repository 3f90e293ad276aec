/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_search -- ^R: each typed character narrows the search, which goes from the newest line
 * to the oldest; the line found stands behind the pattern, the cursor where it matches. libedit has
 * such a search of its own, whose stack grows with each key and whose expressions may take for
 * ever, with the lock held; ours compares text. Runs on the session's thread with the lock held.
 */
#include <string.h>

#include "lineedit_editor_private.h"
#include "text.h"

static void
show_pattern(struct editor *ed)
{
	_autobuf_ struct buf prompt = BUF_INIT(PATTERN_BYTES + 64);

	buf_puts(&prompt, ed->failed ? "not found '" : "search '");
	buf_put(&prompt, ed->pattern, ed->n_pattern);
	buf_puts(&prompt, "': ");
	lineedit_set_prompt(ed, prompt.data, prompt.len);
}

static const char *
match(const struct editor *ed, const char *line)
{
	return memmem(line, strlen(line), ed->pattern, ed->n_pattern);
}

/* Shows a line of history. */
static void
take(struct editor *ed, const char *line)
{
	_autofree_ wchar_t *before = NULL;

	before = lineedit_wide(ed, line, (size_t)(match(ed, line) - line));
	lineedit_recall(ed, line);
	lineedit_move(ed, wcslen(before));
	ed->found = line;
	ed->failed = false;
}

/* Looks from `line` on, which may be NULL: behind the last one. */
static void
find(struct editor *ed, const char *line, bool newer)
{
	while (line && !match(ed, line))
		line = newer ? lineedit_next_kept(ed->e, line) : lineedit_kept_before(ed->e, line);
	if (line)
		take(ed, line);
	else
		ed->failed = true;
}

/* --- keys --- */

static unsigned char
further(struct editor *ed)
{
	bool newer = ed->key == LINEEDIT_SEARCH_NEWER;
	const char *from = newer ? (ed->found ? lineedit_next_kept(ed->e, ed->found) : NULL)
				 : lineedit_kept_before(ed->e, ed->found);

	if (ed->n_pattern)
		find(ed, from, newer);
	show_pattern(ed);
	return CC_REFRESH;
}

static unsigned char
narrow(struct editor *ed)
{
	char bytes[4];
	size_t n = key_encode(ed->key, bytes);

	if (!text_is_clean(bytes, n))
		return CC_NORM;
	if (ed->n_pattern + n > sizeof(ed->pattern))
		return CC_NORM;
	memcpy(ed->pattern + ed->n_pattern, bytes, n);
	ed->n_pattern += n;
	find(ed, ed->found ? ed->found : lineedit_kept_before(ed->e, NULL), false);
	show_pattern(ed);
	return CC_REFRESH;
}

static unsigned char
widen(struct editor *ed)
{
	if (ed->n_pattern == 0)
		return CC_NORM;
	do
		ed->n_pattern--;
	while (ed->n_pattern > 0 && ((uint8_t)ed->pattern[ed->n_pattern] & 0xc0) == 0x80);
	ed->failed = false;
	if (ed->n_pattern)
		find(ed, lineedit_kept_before(ed->e, NULL), false);
	show_pattern(ed);
	return CC_REFRESH;
}

/* Leaves the line found where it is. */
static unsigned char
accept(struct editor *ed)
{
	ed->searching = false;
	lineedit_set_prompt(ed, ed->e->prompt, strlen(ed->e->prompt));
	return CC_REFRESH;
}

static unsigned char
give_up(struct editor *ed)
{
	lineedit_recall(ed, ed->searched_from);
	return accept(ed);
}

unsigned char
lineedit_search(struct editor *ed)
{
	ed->searching = true;
	ed->found = NULL;
	ed->searched_from = ed->recalled;
	ed->failed = false;
	ed->n_pattern = 0;
	show_pattern(ed);
	return CC_REFRESH;
}

wchar_t
lineedit_search_key(struct editor *ed, uint32_t key)
{
	ed->key = key;
	if (key >= ' ' && key < KEY_INVALID && key != LINEEDIT_RUBOUT)
		return lineedit_do(ed, narrow);
	switch (key) {
	case LINEEDIT_SEARCH:
	case LINEEDIT_SEARCH_NEWER:
		return lineedit_do(ed, further);
	case LINEEDIT_BACKSPACE:
	case LINEEDIT_RUBOUT:
		return lineedit_do(ed, widen);
	case LINEEDIT_ABORT:
		return lineedit_do(ed, give_up);
	case KEY_INVALID:
		return 0;
	default:
		/* Any other key takes the line and does what it always does. */
		lineedit_again(ed, key);
		return lineedit_do(ed, accept);
	}
}
