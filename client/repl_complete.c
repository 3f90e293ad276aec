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
#include <sys/ioctl.h>

#include "answer.h"
#include "mem.h"
#include "parse.h"
#include "relay.h"
#include "repl_private.h"
#include "text.h"

enum { ARENA_BYTES = 8 << 20, MAX_LISTED = 200 };

/* What is asked and answered for one key. */
struct query {
	struct arena arena;
	const char *line; /* the editor's; moves with the next change */
	size_t size, cursor;
	size_t word_at;
	bool in_quotes;
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
	if (parse_place(q->line, q->cursor, &q->arena, &place) == 0) {
		q->word_at = place.word_at;
		q->in_quotes = place.in_quotes;
	}
}

static void
query_ask(struct query *q, struct repl *r)
{
	_autobuf_ struct buf line = BUF_INIT(1 << 20), answer = BUF_INIT(ARENA_BYTES);
	int e, status;

	buf_printf(&line, "/complete %zu ", q->cursor);
	if (buf_put(&line, q->line, q->size) < 0)
		return;
	e = relay_ask(r->talk, buf_str(&line), &answer, &status);
	if (e < 0)
		r->error = e;
	else if (status < STATUS_USAGE && answer.len)
		answer_words(answer.data, answer.len, &q->arena, &q->words, &q->n);
}

/* --- the list --- */

static size_t
widest(const struct query *q)
{
	size_t most = 0;

	for (size_t i = 0; i < q->n; i++) {
		size_t width = text_width(q->words[i].word, strlen(q->words[i].word));

		most = width > most ? width : most;
	}
	return most;
}

static void
put_word(struct buf *out, const struct answer_word *w, size_t column, unsigned columns)
{
	size_t size = strlen(w->word), width = text_width(w->word, size);

	buf_puts(out, "  ");
	buf_put(out, w->word, size);
	if (*w->help) {
		buf_pad(out, ' ', column - width + 2);
		if (columns > column + 10)
			text_fit(out, w->help, strlen(w->help), columns - column - 5);
	}
	buf_putc(out, '\n');
}

/* Below the line, which then comes again. */
static void
show_words(const struct query *q, struct repl *r)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);
	size_t column = widest(q);

	buf_putc(&out, '\n');
	for (size_t i = 0; i < q->n && i < MAX_LISTED; i++)
		put_word(&out, &q->words[i], column, r->columns ? r->columns : 80);
	if (q->n > MAX_LISTED)
		buf_printf(&out, "  ... and %zu more\n", q->n - MAX_LISTED);
	if (q->n == 0)
		buf_puts(&out, "  (nothing is known about what may stand here)\n");
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

unsigned char
repl_complete_tab(EditLine *el, wint_t key)
{
	struct repl *r = repl_of(el);
	struct query q;
	size_t common;

	(void)key;
	query_init(&q, el);
	query_ask(&q, r);
	if (q.n == 0)
		return finish(&q, r, CC_REFRESH_BEEP);
	common = answer_common(q.words, q.n);
	if (q.n == 1 || common > q.cursor - q.word_at)
		replace_word(&q, el, q.words[0].word, common);
	else
		show_words(&q, r);
	return finish(&q, r, CC_REFRESH);
}

/* Inside quotes a question mark is text: expressions are full of them. */
unsigned char
repl_complete_help(EditLine *el, wint_t key)
{
	struct repl *r = repl_of(el);
	struct query q;

	(void)key;
	query_init(&q, el);
	if (q.in_quotes) {
		el_insertstr(el, "?");
	} else {
		query_ask(&q, r);
		if (r->error == 0)
			show_words(&q, r);
	}
	return finish(&q, r, CC_REFRESH);
}
