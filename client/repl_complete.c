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
#include "wire.h"

enum { ARENA_BYTES = 8 << 20 };

/* What is asked and answered for one key. */
struct query {
	struct arena arena;
	const char *line; /* the editor's; moves with the next change */
	size_t size, cursor;
	size_t word_at;
	struct menu_word *words;
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

/* Below the line, which then comes again. */
static void
show_list(const struct query *q, struct repl *r,
	  void (*put)(struct buf *, const struct menu_word *, size_t, unsigned, unsigned))
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);

	put(&out, q->words, q->n, r->columns, r->rows);
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

unsigned char
repl_complete_tab(EditLine *el, wint_t key)
{
	struct repl *r = repl_of(el);
	struct query q;
	size_t common;

	(void)key;
	query_init(&q, el);
	query_ask(&q, r);
	q.n = menu_drop_hints(q.words, q.n);
	if (q.n == 0)
		return finish(&q, r, CC_REFRESH_BEEP);
	common = menu_common(q.words, q.n);
	if (q.n == 1 || common > q.cursor - q.word_at)
		replace_word(&q, el, q.words[0].text, common);
	else
		show_list(&q, r, menu_put_names);
	return finish(&q, r, CC_REFRESH);
}

/* Inside quotes and words a question mark is text: expressions are full of them. So it is where the
 * daemon knows of nothing that may stand there: messages end with one. */
unsigned char
repl_complete_help(EditLine *el, wint_t key)
{
	struct repl *r = repl_of(el);
	struct query q;

	(void)key;
	query_init(&q, el);
	if (q.word_at == q.cursor)
		query_ask(&q, r);
	if (q.n > 0)
		show_list(&q, r, menu_put_help);
	else if (q.word_at < q.cursor || r->talk)
		el_insertstr(el, "?");
	return finish(&q, r, CC_REFRESH);
}
