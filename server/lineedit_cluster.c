/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_cluster -- a character together with the marks that stand on it. libedit has one cell
 * for a character and none for a mark, so it would never show one; it gets a code of ours for the
 * whole, as wide as the character, and what it draws is made text again on its way out. Codes are
 * those of one line. Runs on the session's thread with the lock held.
 */
#include <stdlib.h>
#include <string.h>

#include "lineedit_editor_private.h"
#include "text.h"

/* Where the codes are taken from: private characters, and wide ones that hardly anybody types.
 * Whoever does type one gets a code for it. */
enum { NARROW = 0xf0000, WIDE = 0x17000, MOST_CLUSTERS = 256 };

/* A character and at most eight marks. */
enum { CLUSTER_BYTES = 4 * (1 + 8) };

struct lineedit_cluster {
	size_t size;
	char text[CLUSTER_BYTES];
};

void
lineedit_clusters_clear(struct editor *ed)
{
	free(ed->clusters);
	ed->clusters = NULL;
	ed->n_clusters = 0;
}

static bool
is_code(uint32_t c)
{
	return (c >= NARROW && c < NARROW + MOST_CLUSTERS) ||
	       (c >= WIDE && c < WIDE + MOST_CLUSTERS);
}

size_t
lineedit_cluster_text(const struct editor *ed, wchar_t c, char space[4], const char **ret)
{
	uint32_t code = (uint32_t)c, i = code >= NARROW ? code - NARROW : code - WIDE;

	if (is_code(code) && i < ed->n_clusters) {
		*ret = ed->clusters[i].text;
		return ed->clusters[i].size;
	}
	*ret = space;
	return key_encode(code, space);
}

/* The code for a text; 0: there are too many of them. */
static wchar_t
code_of(struct editor *ed, const char *text, size_t n)
{
	wchar_t from = text_width(text, n) == 2 ? WIDE : NARROW;
	size_t i = 0;

	while (i < ed->n_clusters &&
	       (ed->clusters[i].size != n || memcmp(ed->clusters[i].text, text, n) != 0))
		i++;
	if (i == MOST_CLUSTERS)
		return 0;
	if (!ed->clusters)
		ed->clusters = xcalloc(MOST_CLUSTERS, sizeof(*ed->clusters));
	if (i == ed->n_clusters) {
		ed->clusters[i].size = n;
		memcpy(ed->clusters[i].text, text, n);
		ed->n_clusters++;
	}
	return from + (wchar_t)i;
}

bool
lineedit_is_mark(uint32_t c)
{
	return c >= 0x300 && wcwidth((wchar_t)c) == 0;
}

wchar_t
lineedit_cluster(struct editor *ed, const char *text, size_t n)
{
	uint32_t c = 0;
	size_t size = text_decode(text, n, &c);

	if (size == 0 || lineedit_is_mark(c))
		return 0;
	if (size == n && !is_code(c))
		return (wchar_t)c;
	/* A mark on a blank would belong to no word. */
	if (n > CLUSTER_BYTES || c == ' ' || !text_is_clean(text, n))
		return 0;
	return code_of(ed, text, n);
}

wchar_t
lineedit_cluster_add(struct editor *ed, wchar_t c, uint32_t mark)
{
	char space[4], text[CLUSTER_BYTES + 4];
	const char *before;
	size_t n = lineedit_cluster_text(ed, c, space, &before);

	memcpy(text, before, n);
	return lineedit_cluster(ed, text, n + key_encode(mark, text + n));
}

uint32_t
lineedit_cluster_letter(const struct editor *ed, wchar_t c)
{
	uint32_t letter = 0;
	const char *text;
	char space[4];
	size_t n = lineedit_cluster_text(ed, c, space, &text);

	text_decode(text, n, &letter);
	return letter;
}

void
lineedit_clusters_show(const struct editor *ed, const char *s, size_t n)
{
	size_t from = 0, size;

	for (size_t i = 0, len; i < n; i += len) {
		const char *text;
		char space[4];
		uint32_t c;

		/* All codes have four bytes. */
		len = ed->n_clusters && (uint8_t)s[i] >= 0xf0 ? text_decode(s + i, n - i, &c) : 0;
		if (len == 0 || !is_code(c)) {
			len = len ? len : 1;
			continue;
		}
		size = lineedit_cluster_text(ed, (wchar_t)c, space, &text);
		lineedit_show(ed->e, s + from, i - from);
		lineedit_show(ed->e, text, size);
		from = i + len;
	}
	if (n > from)
		lineedit_show(ed->e, s + from, n - from);
}
