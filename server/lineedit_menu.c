/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_menu -- what Tab and ? come to, for both ways of reading: the text that a choice leaves
 * in the line, and the lists that are shown below it. What may stand at the cursor is asked of the
 * session. A list never fills more than the window. Runs on the session's thread, no lock held.
 */
#include <string.h>

#include "lineedit_private.h"
#include "text.h"

enum {
	ARENA_BYTES = 4 << 20,
	USUAL_COLUMNS = 80,
	USUAL_ROWS = 24,
	OTHER_ROWS = 3, /* besides the list: the line, how many more, the line again */
	GAP = 2,
	MOST_NAME = 32, /* columns of a name that has help beside it */
	LEAST_HELP = 10,
};

static void
ask(struct lineedit *e, const char *line, size_t cursor, struct lineedit_choices *choices)
{
	if (e->ops->complete)
		e->ops->complete(e->ctx, line, cursor, choices);
}

static size_t
width_of(const char *s)
{
	return text_width(s, strlen(s));
}

static size_t
columns_of(const struct lineedit *e)
{
	return e->columns ? e->columns : USUAL_COLUMNS;
}

/* How many lines a list may have. */
static size_t
room(const struct lineedit *e)
{
	size_t rows = e->rows ? e->rows : USUAL_ROWS;

	return rows > OTHER_ROWS + 1 ? rows - OTHER_ROWS : 1;
}

static void
put_more(struct buf *out, size_t more)
{
	if (more)
		buf_printf(out, "-- %zu more\n", more);
}

static size_t
widest(const struct lineedit_choices *c)
{
	size_t most = 0;

	for (size_t i = 0; i < c->n; i++) {
		size_t width = width_of(c->list[i].word);

		most = width > most ? width : most;
	}
	return most;
}

/* --- Tab --- */

/* Only choices that can be typed count. */
static void
drop_hints(struct lineedit_choices *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].text)
			c->list[kept++] = c->list[i];
	c->n = kept;
}

/* How many bytes all texts begin with, whole characters. */
static size_t
common(const struct lineedit_choices *c)
{
	const char *first = c->list[0].text;
	size_t n = strlen(first);

	for (size_t i = 1; i < c->n; i++) {
		size_t same = 0;

		while (same < n && c->list[i].text[same] == first[same])
			same++;
		n = same;
	}
	while (n > 0 && ((unsigned char)first[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Down the columns, as ls does. */
static void
put_columns(const struct lineedit *e, const struct lineedit_choices *c, struct buf *out)
{
	size_t column = widest(c) + GAP, across = columns_of(e) / column, rows, shown;

	across = across ? across : 1;
	rows = (c->n + across - 1) / across;
	rows = rows > room(e) ? room(e) : rows;
	shown = rows * across < c->n ? rows * across : c->n;
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = row; i < shown; i += rows) {
			const char *word = c->list[i].word;
			size_t before = out->len;

			text_fit(out, word, strlen(word), columns_of(e) - 1);
			if (i + rows < shown)
				buf_pad(out, ' ',
					column - text_width(out->data + before, out->len - before));
		}
		buf_putc(out, '\n');
	}
	put_more(out, c->n - shown);
}

enum lineedit_menu
lineedit_complete(struct lineedit *e, const char *line, size_t n, size_t cursor, struct buf *out,
		  size_t *ret_from)
{
	struct arena arena;
	struct lineedit_choices choices = { .arena = &arena };
	enum lineedit_menu result = LINEEDIT_NOTHING;
	size_t same;

	arena_init(&arena, ARENA_BYTES);
	ask(e, line, cursor, &choices);
	drop_hints(&choices);
	if (choices.n == 0)
		goto out;
	*ret_from = choices.from;
	same = common(&choices);
	if (choices.n == 1 || same > cursor - choices.from) {
		buf_put(out, choices.list[0].text, same);
		/* A blank that stands there already is enough. */
		if (choices.n == 1 && (cursor == n || line[cursor] != ' '))
			buf_putc(out, ' ');
		result = LINEEDIT_TEXT;
	} else {
		put_columns(e, &choices, out);
		result = LINEEDIT_LIST;
	}
out:
	arena_fini(&arena);
	return result;
}

/* --- ? --- */

static void
put_explained(const struct lineedit_choice *choice, size_t column, size_t columns, struct buf *out)
{
	size_t width = width_of(choice->word);

	buf_pad(out, ' ', GAP);
	text_fit(out, choice->word, strlen(choice->word),
		 columns > GAP + 1 ? columns - GAP - 1 : 1);
	if (choice->help[0] && columns > GAP + column + GAP + LEAST_HELP && width <= column) {
		buf_pad(out, ' ', column - width + GAP);
		text_fit(out, choice->help, strlen(choice->help), columns - GAP - column - GAP - 1);
	}
	buf_putc(out, '\n');
}

enum lineedit_menu
lineedit_explain(struct lineedit *e, const char *line, size_t cursor, struct buf *out)
{
	struct arena arena;
	struct lineedit_choices choices = { .arena = &arena };
	size_t column, shown;

	if (!e->ops->complete)
		return LINEEDIT_NOTHING;
	arena_init(&arena, ARENA_BYTES);
	ask(e, line, cursor, &choices);
	if (!choices.letter) {
		column = widest(&choices);
		column = column > MOST_NAME ? MOST_NAME : column;
		shown = choices.n > room(e) ? room(e) : choices.n;
		for (size_t i = 0; i < shown; i++)
			put_explained(&choices.list[i], column, columns_of(e), out);
		put_more(out, choices.n - shown);
		if (choices.n == 0)
			buf_puts(out, "  (nothing more)\n");
	}
	arena_fini(&arena);
	return choices.letter ? LINEEDIT_NOTHING : LINEEDIT_LIST;
}
