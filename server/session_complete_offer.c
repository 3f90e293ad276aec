/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_complete_offer -- the list of choices: only those that go on as the typed word began, and
 * each with the quotes that the parser wants. Runs on the session's worker.
 */
#include <string.h>

#include "session_complete_private.h"
#include "text.h"

enum { MOST_CHOICES = 2000, FIRST_ROOM = 32, MOST_BYTES = 4096 };

/* Plugins wrote some of it. */
static const char *
keep(struct completion *c, const char *s)
{
	_autobuf_ struct buf clean = BUF_INIT(MOST_BYTES);

	if (s && !text_is_clean(s, strlen(s)))
		s = text_clean(&clean, s, strlen(s)) == 0 ? buf_str(&clean) : NULL;
	return s ? arena_strdup(c->choices->arena, s) : NULL;
}

static void
add(struct completion *c, const char *shown, const char *text, const char *help)
{
	struct lineedit_choices *to = c->choices;
	struct menu_word new = { keep(c, shown), keep(c, text), keep(c, help ? help : "") };

	if (to->n >= MOST_CHOICES || !new.word || (text && !new.text) || !new.help)
		return;
	if (to->n == c->room) {
		size_t room = c->room ? 2 * c->room : FIRST_ROOM;
		struct menu_word *list = arena_alloc(to->arena, room * sizeof(*list));

		if (!list)
			return;
		if (to->n)
			memcpy(list, to->list, to->n * sizeof(*list));
		to->list = list;
		c->room = room;
	}
	to->list[to->n++] = new;
}

static bool
goes_on(const struct completion *c, const char *word)
{
	return strncmp(word, c->prefix, strlen(c->prefix)) == 0;
}

/* Quoted as the typed word is; '...' where nothing is typed yet and there is none inside. */
static void
put_quoted(struct buf *out, const char *word, char quote)
{
	if (!quote || (quote == '\'' && strchr(word, '\'')))
		quote = strchr(word, '\'') ? '"' : '\'';
	buf_putc(out, quote);
	for (; *word; word++) {
		if (quote == '"' && (*word == '"' || *word == '\\'))
			buf_putc(out, '\\');
		buf_putc(out, *word);
	}
	buf_putc(out, quote);
}

void
complete_offer_as(struct completion *c, const char *shown, const char *text, const char *help)
{
	if (goes_on(c, text))
		add(c, shown, text, help);
}

void
complete_offer(struct completion *c, const char *word, const char *help)
{
	_autobuf_ struct buf text = BUF_INIT(4096);

	if (!goes_on(c, word))
		return;
	if (c->quote)
		put_quoted(&text, word, c->quote);
	else
		buf_puts(&text, word);
	add(c, word, buf_str(&text), help);
}

void
complete_offer_value(struct completion *c, const char *word, const char *help)
{
	_autobuf_ struct buf text = BUF_INIT(4096);

	if (!*word || !goes_on(c, word))
		return;
	if (c->quote || strpbrk(word, " \t'\"\\|;") || word[0] == '-')
		put_quoted(&text, word, c->quote);
	else
		buf_puts(&text, word);
	if (!text.error)
		add(c, word, buf_str(&text), help);
}

void
complete_hint(struct completion *c, const char *shown, const char *help)
{
	if (!c->prefix[0] && !c->quote)
		add(c, shown, NULL, help);
}
