/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_complete -- Tab completes, ? shows what may stand here. The daemon knows the words and
 * answers /complete with rows; only where the word at hand begins is found here, with the same
 * grammar.
 */
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "mem.h"
#include "parse.h"
#include "repl_private.h"
#include "text.h"
#include "wire.h"

enum {
	ARENA_BYTES = 8 << 20,
	USUAL_COLUMNS = 80,
	USUAL_ROWS = 24,
	OTHER_ROWS = 3, /* besides the list: the line, how many more, the line again */
	GAP = 2,
	MOST_NAME = 32, /* columns of a name that has help beside it */
	LEAST_HELP = 10,
};

/* What is asked and answered for one key. */
struct query {
	struct arena arena;
	const char *line; /* the editor's; moves with the next change */
	size_t size, cursor;
	size_t word_at;
	struct answer_word *words;
	size_t n;
};

static void
query_init(struct query *q, EditLine *el)
{
	const LineInfo *li = el_line(el);
	struct parse_place place = { 0 };

	memset(q, 0, sizeof(*q));
	arena_init(&q->arena, ARENA_BYTES);
	q->line = li->buffer;
	q->size = (size_t)(li->lastchar - li->buffer);
	q->cursor = (size_t)(li->cursor - li->buffer);
	q->word_at = q->cursor;
	if (parse_place(q->line, q->cursor, &q->arena, &place) == 0)
		q->word_at = place.word_at;
}

static void
query_ask(struct query *q, struct repl *r)
{
	_autobuf_ struct buf line = BUF_INIT(1 << 20), answer = BUF_INIT(ARENA_BYTES);
	int status;

	buf_printf(&line, "/complete %zu ", q->cursor);
	if (buf_put(&line, q->line, q->size) < 0)
		return;
	status = repl_link_ask(r, buf_str(&line), &answer);
	if (status >= 0 && status < STATUS_USAGE && answer.len)
		answer_words(answer.data, answer.len, &q->arena, &q->words, &q->n);
}

/* --- lists --- */

static size_t
width_of(const char *s)
{
	return text_width(s, strlen(s));
}

static size_t
widest(const struct query *q)
{
	size_t most = 0;

	for (size_t i = 0; i < q->n; i++) {
		size_t width = width_of(q->words[i].shown);

		most = width > most ? width : most;
	}
	return most;
}

/* How many lines a list may have: it never pushes its own beginning out of the window. */
static size_t
room(const struct repl *r)
{
	size_t rows = r->rows ? r->rows : USUAL_ROWS;

	return rows > OTHER_ROWS + 1 ? rows - OTHER_ROWS : 1;
}

static size_t
columns_of(const struct repl *r)
{
	return r->columns ? r->columns : USUAL_COLUMNS;
}

static void
put_more(struct buf *out, size_t more)
{
	if (more)
		buf_printf(out, "-- %zu more\n", more);
}

/* Down the columns, as ls does. */
static void
put_names(const struct query *q, const struct repl *r, struct buf *out)
{
	size_t column = widest(q) + GAP, across = columns_of(r) / column, rows, shown;

	across = across ? across : 1;
	rows = (q->n + across - 1) / across;
	rows = rows > room(r) ? room(r) : rows;
	shown = rows * across < q->n ? rows * across : q->n;
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = row; i < shown; i += rows) {
			const char *word = q->words[i].shown;

			text_fit(out, word, strlen(word), columns_of(r) - 1);
			if (i + rows < shown)
				buf_pad(out, ' ', column - width_of(word));
		}
		buf_putc(out, '\n');
	}
	put_more(out, q->n - shown);
}

static void
put_explained(const struct answer_word *w, size_t column, size_t columns, struct buf *out)
{
	size_t width = width_of(w->shown);

	buf_pad(out, ' ', GAP);
	text_fit(out, w->shown, strlen(w->shown), columns > GAP + 1 ? columns - GAP - 1 : 1);
	if (*w->help && width <= column && columns > GAP + column + GAP + LEAST_HELP) {
		buf_pad(out, ' ', column - width + GAP);
		text_fit(out, w->help, strlen(w->help), columns - GAP - column - GAP - 1);
	}
	buf_putc(out, '\n');
}

static void
put_help(const struct query *q, const struct repl *r, struct buf *out)
{
	size_t column = widest(q), shown = q->n > room(r) ? room(r) : q->n;

	column = column > MOST_NAME ? MOST_NAME : column;
	for (size_t i = 0; i < shown; i++)
		put_explained(&q->words[i], column, columns_of(r), out);
	put_more(out, q->n - shown);
	if (q->n == 0)
		buf_puts(out, "  (nothing more)\n");
}

/* Below the line, which then comes again. */
static void
show_list(const struct query *q, struct repl *r,
	  void (*put)(const struct query *, const struct repl *, struct buf *))
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);

	put(q, r, &out);
	repl_window_below(r);
	fwrite(buf_str(&out), 1, out.len, stdout);
	fflush(stdout);
	el_set(r->el, EL_REFRESH);
}

/* --- the line --- */

/* How many characters the editor counts in these bytes. */
static int
characters(const char *s, size_t n)
{
	mbstate_t state = { 0 };
	size_t count = mbsnrtowcs(NULL, &s, n, 0, &state);

	return count == (size_t)-1 ? (int)n : (int)count;
}

/* Puts n bytes of word in the place of the one at hand; a blank that is there already is not
 * doubled. */
static void
replace_word(const struct query *q, EditLine *el, const char *word, size_t n)
{
	_autofree_ char *copy = xstrndup(word, n);
	int old = characters(q->line + q->word_at, q->cursor - q->word_at);

	if (n && copy[n - 1] == ' ' && q->cursor < q->size && q->line[q->cursor] == ' ')
		copy[n - 1] = '\0';
	el_deletestr(el, old);
	el_insertstr(el, copy);
}

static unsigned char
finish(struct query *q, struct repl *r, unsigned char result)
{
	arena_fini(&q->arena);
	return r->error < 0 ? CC_EOF : result;
}

/* Only what can be typed counts. */
static void
drop_hints(struct query *q)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->n; i++) {
		if (q->words[i].word)
			q->words[kept++] = q->words[i];
	}
	q->n = kept;
}

unsigned char
repl_complete_tab(EditLine *el, wint_t key)
{
	struct repl *r = repl_of(el);
	struct query q;
	size_t common;

	(void)key;
	query_init(&q, el);
	query_ask(&q, r);
	drop_hints(&q);
	if (q.n == 0)
		return finish(&q, r, CC_REFRESH_BEEP);
	common = answer_common(q.words, q.n);
	if (q.n == 1 || common > q.cursor - q.word_at)
		replace_word(&q, el, q.words[0].word, common);
	else
		show_list(&q, r, put_names);
	return finish(&q, r, CC_REFRESH);
}

/* Inside quotes and words a question mark is text: expressions are full of them. */
unsigned char
repl_complete_help(EditLine *el, wint_t key)
{
	struct repl *r = repl_of(el);
	struct query q;

	(void)key;
	query_init(&q, el);
	if (q.word_at < q.cursor) {
		el_insertstr(el, "?");
	} else {
		query_ask(&q, r);
		if (r->talk && r->error == 0)
			show_list(&q, r, put_help);
	}
	return finish(&q, r, CC_REFRESH);
}
