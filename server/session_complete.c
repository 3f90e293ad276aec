/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_complete -- which words may stand at the cursor, from what is declared: commands, their
 * options and columns, filters, words of the session. Asks no plugin and waits for nothing. A row's
 * word takes the place of all that was typed of it, and is whole: a blank stands behind it. Runs on
 * the session's worker.
 */
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "parse.h"
#include "session_private.h"

struct completion {
	struct session *session;
	struct command_table *table;
	const struct parse_stage *stage; /* the one with the cursor */
	const struct command
		*command; /* of stage 0, or the one that watch and until repeat; NULL = unknown */
	size_t first;	  /* index of its name in stage 0 */
	size_t word;	  /* index of the word at the cursor */
	const char *prefix;
	struct rows rows;
};

static void
offer(struct completion *c, const char *word, const char *help)
{
	_autofree_ char *whole = NULL;

	if (strncmp(word, c->prefix, strlen(c->prefix)) != 0)
		return;
	whole = xasprintf("%s ", word);
	rows_begin(&c->rows);
	rows_text(&c->rows, whole);
	rows_text(&c->rows, help);
}

/* --- names --- */

static void
offer_commands(struct completion *c)
{
	for (size_t i = 0; i < c->table->count; i++)
		offer(c, c->table->commands[i].name, c->table->commands[i].help);
}

static void
offer_words(struct completion *c)
{
	size_t n;
	const struct word *words = session_words(&n);

	for (size_t i = 0; i < n; i++)
		offer(c, words[i].name, words[i].help);
}

static void
offer_filters(struct completion *c)
{
	size_t n;
	const struct filter_info *filters = filter_table(&n);

	for (size_t i = 0; i < n; i++)
		offer(c, filters[i].name, filters[i].help);
}

/* The last of names with a comma between; those before it stay as they were typed. */
static void
offer_columns(struct completion *c)
{
	const char *comma = strrchr(c->prefix, ',');
	int kept = comma ? (int)(comma + 1 - c->prefix) : 0;

	if (!c->command)
		return;
	for (size_t i = 0; i < c->command->n_columns; i++) {
		_autofree_ char *word = xasprintf("%.*s%s", kept, c->prefix,
						  c->command->columns[i].name);

		offer(c, word, c->command->columns[i].help);
	}
}

/* --- /set --- */

static void
offer_values(struct completion *c, const struct setting *set)
{
	_autofree_ char *values = xstrdup(set->values);
	char *rest;

	for (char *value = strtok_r(values, " ", &rest); value; value = strtok_r(NULL, " ", &rest))
		offer(c, value, set->help);
}

static void
offer_settings(struct completion *c)
{
	size_t n;
	const struct setting *settings = session_settings(&n);

	for (size_t i = 0; i < n; i++)
		if (c->word == 1)
			offer(c, settings[i].name, settings[i].help);
		else if (c->word == 2 && strcmp(settings[i].name, c->stage->words[1].text) == 0)
			offer_values(c, &settings[i]);
}

/* --- arguments --- */

/* The option whose value follows this word; NULL if the word stands alone. */
static const struct telmon_arg *
awaits_value(const struct command *command, const struct parse_word *word)
{
	if (word->quoted || word->text[0] != '-' || !word->text[1] || word->text[2])
		return NULL;
	for (size_t i = 0; i < command->n_args; i++)
		if (command->args[i].flag == word->text[1] && command->args[i].type != TELMON_FLAG)
			return &command->args[i];
	return NULL;
}

static void
offer_options(struct completion *c)
{
	const struct command *command = c->command;

	for (size_t i = 0; i < command->n_args; i++) {
		const char option[] = { '-', command->args[i].flag, '\0' };

		if (command->args[i].flag)
			offer(c, option, command->args[i].help);
	}
	offer(c, "--json", "one JSON line");
	offer(c, "--csv", "CSV with a header row");
	offer(c, "--text", "for the eye");
}

/* The positional argument that the word at the cursor would be; NULL past the last. */
static const struct telmon_arg *
positional(const struct completion *c)
{
	size_t place = 0;

	for (size_t i = c->first + 1; i < c->word; i++) {
		const struct parse_word *word = &c->stage->words[i];

		if (awaits_value(c->command, word))
			i++;
		else if (word->quoted || word->text[0] != '-')
			place++;
	}
	for (size_t i = 0; i < c->command->n_args; i++)
		if (!c->command->args[i].flag && place-- == 0)
			return &c->command->args[i];
	return NULL;
}

static void
offer_arguments(struct completion *c)
{
	const struct parse_word *before = &c->stage->words[c->word - 1];
	const struct telmon_arg *value = c->word > c->first + 1 ? awaits_value(c->command, before)
								: NULL;

	if (value) {
		if (value->type == TELMON_COLUMN)
			offer_columns(c);
		return;
	}
	if (c->command->flags & COMMAND_WORDS)
		return;
	value = positional(c);
	if (value && value->type == TELMON_COLUMN)
		offer_columns(c);
	/* help's argument is the name of a command. */
	if (value && c->command->kind == COMMAND_BUILTIN && strcmp(c->command->name, "help") == 0)
		offer_commands(c);
	if (!c->prefix[0] || c->prefix[0] == '-')
		offer_options(c);
}

/* --- the line --- */

static const struct command *
find(struct completion *c, const struct parse_word *word)
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
		i += awaits_value(outer, &stage->words[i]) != NULL;
	}
}

/* True when the word at the cursor is the value of an option of the outer command's. */
static bool
is_outer_value(const struct completion *c)
{
	return c->first && c->word < c->first;
}

static void
complete_command(struct completion *c)
{
	if (c->word == 0) {
		if (c->prefix[0] == '/')
			offer_words(c);
		else
			offer_commands(c);
		return;
	}
	if (c->stage->words[0].text[0] == '/') {
		if (strcmp(c->stage->words[0].text, "/set") == 0)
			offer_settings(c);
		return;
	}
	find_command(c, c->stage);
	if (c->first && c->word == c->first)
		offer_commands(c);
	else if (c->command && !is_outer_value(c))
		offer_arguments(c);
}

static void
complete_filter(struct completion *c, const struct parse_stage *first)
{
	size_t n;
	const struct filter_info *filters = filter_table(&n);

	if (c->word == 0) {
		offer_filters(c);
		return;
	}
	find_command(c, first);
	for (size_t i = 0; i < n; i++)
		if (filters[i].takes_columns &&
		    strcmp(filters[i].name, c->stage->words[0].text) == 0)
			offer_columns(c);
}

static void
complete(struct completion *c, const char *line, size_t cursor)
{
	struct parse_place place;

	if (parse_place(line, cursor, &c->session->arena, &place) < 0)
		return;
	c->prefix = place.prefix ? place.prefix : "";
	if (!place.command || !place.command->n_stages) {
		offer_commands(c);
		return;
	}
	c->stage = place.command->stages[place.stage];
	c->word = place.word;
	if (place.stage == 0)
		complete_command(c);
	else
		complete_filter(c, place.command->stages[0]);
}

int
session_word_complete(struct session *s, const struct word_call *call)
{
	static const struct telmon_column columns[] = {
		{ .name = "word", .type = TELMON_TEXT, .help = "what may stand at the cursor" },
		{ .name = "help", .type = TELMON_TEXT, .help = "what it is" },
	};
	const char *text = call->rest + strspn(call->rest, " \t");
	size_t cursor, size;
	struct completion c = { .session = s };
	char *line;
	int r;

	cursor = strtoul(text, &line, 10);
	if (*text < '0' || *text > '9' || (*line && *line != ' '))
		return session_error(s, STATUS_USAGE,
				     "/complete: no cursor (usage: /complete CURSOR LINE)");
	line += *line == ' ';
	size = strlen(line);
	c.table = registry_get(s->shared->registry);
	rows_init(&c.rows, columns, 2, 0);
	complete(&c, line, cursor < size ? cursor : size);
	r = session_rows(s, call, PARSE_JSON, &c.rows);
	rows_fini(&c.rows);
	command_table_unref(c.table);
	return r;
}
