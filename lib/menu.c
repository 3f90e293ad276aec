/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
#include "menu.h"

#include <string.h>

#include "text.h"

enum {
	USUAL_COLUMNS = 80,
	USUAL_ROWS = 24,
	OTHER_ROWS = 3, /* besides the list: the line, how many more, the line again */
	GAP = 2,
	MOST_NAME = 32, /* columns of a name that has help beside it */
	LEAST_HELP = 10,
};

size_t
menu_drop_hints(struct menu_word *words, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (words[i].text)
			words[kept++] = words[i];
	}
	return kept;
}

size_t
menu_common(const struct menu_word *words, size_t n)
{
	const char *first = words[0].text;
	size_t common = strlen(first);

	for (size_t i = 1; i < n; i++) {
		size_t same = 0;

		while (same < common && words[i].text[same] == first[same])
			same++;
		common = same;
	}
	while (common > 0 && ((unsigned char)first[common] & 0xc0) == 0x80)
		common--;
	return common;
}

/* --- lists --- */

static size_t
width_of(const char *s)
{
	return text_width(s, strlen(s));
}

static size_t
widest(const struct menu_word *words, size_t n)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++) {
		size_t width = width_of(words[i].word);

		most = width > most ? width : most;
	}
	return most;
}

/* How many lines a list may have. */
static size_t
room(unsigned rows)
{
	rows = rows ? rows : USUAL_ROWS;
	return rows > OTHER_ROWS + 1 ? rows - OTHER_ROWS : 1;
}

static void
put_more(struct buf *out, size_t more)
{
	if (more)
		buf_printf(out, "-- %zu more\n", more);
}

void
menu_put_names(struct buf *out, const struct menu_word *words, size_t n, unsigned columns,
	       unsigned rows)
{
	size_t window = columns ? columns : USUAL_COLUMNS, column = widest(words, n) + GAP;
	size_t across = window / column ? window / column : 1, down = (n + across - 1) / across;
	size_t shown;

	down = down > room(rows) ? room(rows) : down;
	shown = down * across < n ? down * across : n;
	for (size_t row = 0; row < down; row++) {
		for (size_t i = row; i < shown; i += down) {
			text_fit(out, words[i].word, strlen(words[i].word), window - 1);
			if (i + down < shown)
				buf_pad(out, ' ', column - width_of(words[i].word));
		}
		buf_putc(out, '\n');
	}
	put_more(out, n - shown);
}

static void
put_explained(struct buf *out, const struct menu_word *w, size_t column, size_t columns)
{
	size_t width = width_of(w->word);

	buf_pad(out, ' ', GAP);
	text_fit(out, w->word, strlen(w->word), columns > GAP + 1 ? columns - GAP - 1 : 1);
	if (*w->help && width <= column && columns > GAP + column + GAP + LEAST_HELP) {
		buf_pad(out, ' ', column - width + GAP);
		text_fit(out, w->help, strlen(w->help), columns - GAP - column - GAP - 1);
	}
	buf_putc(out, '\n');
}

void
menu_put_help(struct buf *out, const struct menu_word *words, size_t n, unsigned columns,
	      unsigned rows)
{
	size_t column = widest(words, n), shown = n > room(rows) ? room(rows) : n;

	column = column > MOST_NAME ? MOST_NAME : column;
	for (size_t i = 0; i < shown; i++)
		put_explained(out, &words[i], column, columns ? columns : USUAL_COLUMNS);
	put_more(out, n - shown);
	if (n == 0)
		buf_puts(out, "  (nothing more)\n");
}
