/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_complete_argument -- what may follow a command's name, from its table of arguments:
 * options with what they want, names of columns, and for the words in between the type, default and
 * range. Runs on the session's worker.
 */
#include <ctype.h>
#include <string.h>

#include "session_complete_private.h"

void
complete_columns(struct completion *c)
{
	const char *comma = strrchr(c->prefix, ',');
	int kept = comma ? (int)(comma + 1 - c->prefix) : 0;

	if (!c->command)
		return;
	for (size_t i = 0; i < c->command->n_columns; i++) {
		const struct telmon_column *column = &c->command->columns[i];
		_autofree_ char *text = xasprintf("%.*s%s", kept, c->prefix, column->name);

		complete_offer_as(c, column->name, text, column->help);
	}
}

/* COMMAND.COLUMN, once the dot is there. */
static void
offer_columns_of_any(struct completion *c)
{
	const char *dot = strchr(c->prefix, '.');
	_autofree_ char *name = dot ? xstrndup(c->prefix, (size_t)(dot - c->prefix)) : NULL;
	_autobuf_ struct buf why = BUF_WHY;
	const struct command *command;

	command = name ? command_find(c->table, name, c->session->asker.person, &why) : NULL;
	for (size_t i = 0; command && i < command->n_columns; i++) {
		const struct telmon_column *column = &command->columns[i];
		_autofree_ char *text = xasprintf("%s.%s", name, column->name);

		complete_offer_as(c, column->name, text, column->help);
	}
}

/* --- what an argument is --- */

static void
put_upper(struct buf *out, const char *s)
{
	for (; s && *s; s++)
		buf_putc(out, (char)toupper((unsigned char)*s));
}

/* "how many rows (whole number, 1 to 1000; default 10)" */
static void
describe(struct buf *out, const struct telmon_arg *a)
{
	static const char *const types[] = {
		[TELMON_INT] = "whole number", [TELMON_REAL] = "number",
		[TELMON_TEXT] = "text",	       [TELMON_FLAG] = "",
		[TELMON_COLUMN] = "column",
	};

	buf_puts(out, a->help ? a->help : "");
	if (a->type == TELMON_FLAG)
		return;
	buf_printf(out, " (%s", types[a->type]);
	if (a->min != 0 || a->max != 0)
		buf_printf(out, ", %.10g to %.10g", a->min, a->max);
	if (a->def)
		buf_printf(out, "; default %s", a->def);
	buf_putc(out, ')');
}

static void
hint_argument(struct completion *c, const struct telmon_arg *a)
{
	_autobuf_ struct buf name = BUF_INIT(256), help = BUF_INIT(4096);

	put_upper(&name, a->name);
	describe(&help, a);
	complete_hint(c, buf_str(&name), buf_str(&help));
}

static void
offer_option(struct completion *c, const struct telmon_arg *a)
{
	const char option[] = { '-', a->flag, '\0' };
	_autobuf_ struct buf shown = BUF_INIT(256), help = BUF_INIT(4096);

	buf_puts(&shown, option);
	if (a->type == TELMON_FLAG && a->name && *a->name) {
		buf_printf(&shown, ", --%s", a->name);
	} else if (a->type != TELMON_FLAG) {
		buf_putc(&shown, ' ');
		put_upper(&shown, a->name);
	}
	describe(&help, a);
	complete_offer_as(c, buf_str(&shown), option, buf_str(&help));
}

static void
offer_options(struct completion *c)
{
	for (size_t i = 0; i < c->command->n_args; i++)
		if (c->command->args[i].flag)
			offer_option(c, &c->command->args[i]);
	complete_offer(c, "--json", "one JSON line");
	complete_offer(c, "--csv", "CSV with a header row");
	complete_offer(c, "--text", "for the eye");
}

/* --- where the cursor stands --- */

const struct telmon_arg *
complete_awaits(const struct command *command, const struct parse_word *word)
{
	if (word->quoted || word->text[0] != '-' || !word->text[1] || word->text[2])
		return NULL;
	for (size_t i = 0; i < command->n_args; i++)
		if (command->args[i].flag == word->text[1] && command->args[i].type != TELMON_FLAG)
			return &command->args[i];
	return NULL;
}

/* The positional argument that the word at the cursor would be, the how-manyth it is; NULL past the
 * last. */
static const struct telmon_arg *
positional(const struct completion *c, size_t *ret_place)
{
	size_t place = 0;

	for (size_t i = c->first + 1; i < c->word; i++) {
		const struct parse_word *word = &c->stage->words[i];

		if (complete_awaits(c->command, word))
			i++;
		else if (word->quoted || word->text[0] != '-')
			place++;
	}
	*ret_place = place;
	for (size_t i = 0; i < c->command->n_args; i++)
		if (!c->command->args[i].flag && place-- == 0)
			return &c->command->args[i];
	return NULL;
}

/* What is known to be a value of this argument. */
static void
offer_known(struct completion *c, const struct telmon_arg *a, size_t place)
{
	if (a->type == TELMON_COLUMN) {
		complete_columns(c);
	} else if (c->command->kind != COMMAND_BUILTIN) {
		if (a->type == TELMON_TEXT)
			complete_labels(c, a->name);
	} else if (strcmp(a->name, "metric") == 0 || strcmp(a->name, "glob") == 0) {
		complete_metrics(c);
		if (strcmp(c->command->name, "explain") == 0)
			offer_columns_of_any(c);
	} else if (strcmp(c->command->name, "plugins") == 0 && place > 0) {
		complete_plugins(c);
	} else if (strcmp(c->command->name, "help") == 0) {
		complete_commands(c);
		complete_filters(c);
	}
}

static void
offer_value(struct completion *c, const struct telmon_arg *a, size_t place)
{
	offer_known(c, a, place);
	hint_argument(c, a);
}

void
complete_argument(struct completion *c)
{
	const struct parse_word *before = &c->stage->words[c->word - 1];
	const struct telmon_arg *a = c->word > c->first + 1 ? complete_awaits(c->command, before)
							    : NULL;
	size_t place;

	if (a) {
		offer_value(c, a, 0);
		return;
	}
	if (c->command->flags & COMMAND_WORDS) {
		c->choices->letter = true;
		return;
	}
	a = positional(c, &place);
	if (a)
		offer_value(c, a, place);
	if (!c->quote && (!c->prefix[0] || c->prefix[0] == '-'))
		offer_options(c);
	if (c->command->flags & COMMAND_PIPELINE)
		complete_hint(c, "COMMAND", "what to repeat, with its filters");
	else
		complete_hint(c, "|", "a filter follows");
}
