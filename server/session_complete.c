/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_complete -- which words may stand at the cursor: what is declared (commands with their
 * options and columns, filters, words of the session), and what was seen (session_complete_seen.c).
 * For Tab and ?, and for /complete (session_complete_word.c). Asks no plugin and waits for nothing.
 * Runs on the session's worker.
 */
#include <stdlib.h>
#include <string.h>

#include "session_complete_private.h"

/* --- names --- */

void
complete_commands(struct completion *c)
{
	for (size_t i = 0; i < c->table->count; i++)
		complete_offer(c, c->table->commands[i].name, c->table->commands[i].help);
}

static void
offer_words(struct completion *c)
{
	size_t n;
	const struct word *words = session_words(&n);

	for (size_t i = 0; i < n; i++)
		complete_offer(c, words[i].name, words[i].help);
}

static void
begin_command(struct completion *c)
{
	if (c->prefix[0] == '/') {
		offer_words(c);
		return;
	}
	complete_commands(c);
	complete_hint(c, "/help", "the session's own words, such as /set, /who and /quit");
}

/* --- /set --- */

static void
offer_values(struct completion *c, const struct setting *set)
{
	_autofree_ char *values = xstrdup(set->values);
	char *rest;

	for (char *value = strtok_r(values, " ", &rest); value; value = strtok_r(NULL, " ", &rest))
		complete_offer(c, value, set->help);
}

static void
offer_settings(struct completion *c)
{
	size_t n;
	const struct setting *settings = session_settings(&n);

	for (size_t i = 0; i < n; i++)
		if (c->word == 1)
			complete_offer(c, settings[i].name, settings[i].help);
		else if (c->word == 2 && strcmp(settings[i].name, c->stage->words[1].text) == 0)
			offer_values(c, &settings[i]);
}

/* --- the line --- */

static const struct command *
find(const struct completion *c, const struct parse_word *word)
{
	_autobuf_ struct buf why = BUF_WHY;

	return command_find(c->table, word->text, c->session->asker.person, &why);
}

/* Which command the first stage runs: watch and until have theirs behind their own options. */
static void
find_command(struct completion *c, const struct parse_stage *stage)
{
	const struct command *outer = find(c, &stage->words[0]);

	c->command = outer;
	if (!outer || !(outer->flags & COMMAND_PIPELINE))
		return;
	for (size_t i = 1; i < stage->n_words; i++) {
		if (stage->words[i].quoted || stage->words[i].text[0] != '-') {
			c->first = i;
			c->command = find(c, &stage->words[i]);
			return;
		}
		i += complete_awaits(outer, &stage->words[i]) != NULL;
	}
}

/* The first stage, behind its first word. */
static void
complete_command(struct completion *c)
{
	if (c->stage->words[0].text[0] == '/') {
		if (strcmp(c->stage->words[0].text, "/set") == 0)
			offer_settings(c);
		return;
	}
	find_command(c, c->stage);
	if (c->first && c->word == c->first) {
		/* What is repeated, or still an option of the one that repeats it. */
		complete_commands(c);
		c->command = find(c, &c->stage->words[0]);
		c->first = 0;
	}
	if (c->command && (!c->first || c->word > c->first))
		complete_argument(c);
}

static char
opening_quote(const struct parse_place *place, const char *line, size_t cursor)
{
	char c = place->word_at < cursor ? line[place->word_at] : '\0';

	return c == '\'' || c == '"' ? c : '\0';
}

static void
complete_place(struct completion *c, const struct parse_place *place)
{
	if (!place->command) {
		begin_command(c);
		return;
	}
	c->stage = place->command->stages[place->stage];
	c->word = place->word;
	if (place->stage > 0) {
		find_command(c, place->command->stages[0]);
		complete_filter(c);
	} else if (c->word == 0) {
		begin_command(c);
	} else {
		complete_command(c);
	}
}

void
session_complete(struct session *s, const char *line, size_t cursor, struct lineedit_choices *ret)
{
	struct completion c = { .session = s, .prefix = "", .choices = ret };
	struct command_table *table;
	struct parse_place place;

	if (session_line_is_text(s, line, cursor) ||
	    parse_place(line, cursor, ret->arena, &place) < 0) {
		ret->from = cursor;
		ret->letter = true;
		return;
	}
	table = registry_get(s->shared->registry);
	c.table = table;
	c.prefix = place.prefix;
	c.quote = opening_quote(&place, line, cursor);
	ret->from = place.word_at;
	ret->letter = place.word_at < cursor;
	complete_place(&c, &place);
	command_table_unref(table);
}
