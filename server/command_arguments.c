/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * command_arguments -- the words behind a command's name against its table of arguments: options
 * anywhere before `--`, -nN and -n N, flags (together, or spelled out as --name), the rest in
 * order. Values are checked here, so that no callback has to. Every refusal ends in the usage line.
 * Pure.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "command_private.h"
#include "row.h"
#include "text.h"

struct scan {
	const struct command *command;
	struct host_arg *args;
	struct buf *why;
	const struct parse_word *words;
	size_t n, at; /* `at` is the next word */
	size_t next_positional;
	bool exact; /* names of columns are spelled out */
};

static void
put_upper(struct buf *out, const char *s)
{
	for (; *s; s++)
		buf_putc(out, (char)toupper((unsigned char)*s));
}

static void
put_argument(struct buf *out, const struct telmon_arg *a)
{
	if (a->type != TELMON_FLAG) {
		if (a->flag)
			buf_printf(out, "-%c ", a->flag);
		put_upper(out, a->name);
		return;
	}
	if (a->flag)
		buf_printf(out, "-%c", a->flag);
	if (a->name && *a->name)
		buf_printf(out, "%s--%s", a->flag ? "|" : "", a->name);
}

bool
command_repeats(const struct command *c, size_t i)
{
	return i > 0 && i < c->n_args && !c->args[i].flag && !c->args[i - 1].flag &&
	       strcmp(c->args[i].name, c->args[i - 1].name) == 0;
}

int
command_usage(struct buf *out, const struct command *c)
{
	buf_puts(out, c->name);
	for (size_t i = 0; i < c->n_args; i++) {
		if (command_repeats(c, i))
			continue;
		buf_puts(out, " [");
		put_argument(out, &c->args[i]);
		buf_putc(out, ']');
		if (command_repeats(c, i + 1))
			buf_puts(out, "...");
	}
	if (c->flags & COMMAND_PIPELINE)
		buf_puts(out, " COMMAND [ARG...] [| FILTER]...");
	if (c->flags & COMMAND_WORDS)
		buf_puts(out, " [WORD...]");
	return out->error;
}

static int
refuse(struct scan *s)
{
	buf_puts(s->why, " (usage: ");
	command_usage(s->why, s->command);
	buf_putc(s->why, ')');
	return -EINVAL;
}

/* "-n" or "PATTERN": how people know this argument. */
static void
put_label(struct buf *out, const struct telmon_arg *a)
{
	if (a->flag)
		buf_printf(out, "-%c", a->flag);
	else
		put_upper(out, a->name);
}

static int
refuse_value(struct scan *s, const struct telmon_arg *a, const char *wants, const char *value)
{
	put_label(s->why, a);
	buf_printf(s->why, " wants %s, not ", wants);
	command_put_word(s->why, value);
	return refuse(s);
}

static int
check_range(struct scan *s, const struct telmon_arg *a, double v, const char *value)
{
	_autobuf_ struct buf range = BUF_INIT(96);

	if ((a->min == 0 && a->max == 0) || (v >= a->min && v <= a->max))
		return 0;
	buf_puts(&range, "a number from ");
	buf_put_exact(&range, a->min);
	buf_puts(&range, " to ");
	buf_put_exact(&range, a->max);
	return refuse_value(s, a, buf_str(&range), value);
}

static int
take_column(struct scan *s, const struct telmon_arg *a, const char *value, struct host_arg *ret)
{
	const struct command *c = s->command;
	long i = rows_column(c->columns, c->n_columns, value);

	if (i >= 0 && s->exact && !row_column_is_whole(c->columns[i].name, value))
		i = -ENOENT;
	if (i >= 0) {
		ret->i = i;
		ret->f = (double)i;
		ret->s = c->columns[i].name;
		return 0;
	}
	put_label(s->why, a);
	buf_puts(s->why, ": ");
	buf_puts(s->why, i == -EEXIST ? "more than one column begins with " : "no column ");
	command_put_word(s->why, value);
	buf_puts(s->why, ", there are ");
	for (size_t k = 0; k < c->n_columns; k++)
		buf_printf(s->why, "%s%s", k ? ", " : "", c->columns[k].name);
	return refuse(s);
}

static int
take_value(struct scan *s, size_t index, const char *value)
{
	const struct telmon_arg *a = &s->command->args[index];
	struct host_arg v = { .given = true, .s = value };

	switch (a->type) {
	case TELMON_INT:
		if (text_parse_i64(value, &v.i) < 0)
			return refuse_value(s, a, "a whole number", value);
		v.f = (double)v.i;
		if (check_range(s, a, v.f, value) < 0)
			return -EINVAL;
		break;
	case TELMON_REAL:
		if (text_parse_double(value, &v.f) < 0 || !isfinite(v.f))
			return refuse_value(s, a, "a number", value);
		if (check_range(s, a, v.f, value) < 0)
			return -EINVAL;
		break;
	case TELMON_COLUMN:
		if (take_column(s, a, value, &v) < 0)
			return -EINVAL;
		break;
	case TELMON_TEXT:
	case TELMON_FLAG:
		break;
	}
	s->args[index] = v;
	return 0;
}

static void
take_flag(struct scan *s, size_t index)
{
	s->args[index] = (struct host_arg){ .given = true, .i = 1, .f = 1 };
}

/* Index of the option -c, or n_args. */
static size_t
find_option(const struct command *c, char flag)
{
	size_t i = 0;

	while (i < c->n_args && c->args[i].flag != flag)
		i++;
	return i;
}

/* --name: only flags have that form, values' names are placeholders. */
static int
take_long(struct scan *s, const char *word)
{
	const struct command *c = s->command;

	for (size_t i = 0; i < c->n_args; i++) {
		if (c->args[i].type == TELMON_FLAG && c->args[i].name &&
		    strcmp(c->args[i].name, word + 2) == 0) {
			take_flag(s, i);
			return 0;
		}
	}
	buf_puts(s->why, "no option ");
	command_put_word(s->why, word);
	return refuse(s);
}

/* -x, -xVALUE, -x VALUE, -xyz. */
static int
take_short(struct scan *s, const char *word)
{
	const struct command *c = s->command;

	for (const char *p = word + 1; *p; p++) {
		size_t i = find_option(c, *p);

		if (i == c->n_args) {
			char option[3] = { '-', *p, '\0' };

			buf_puts(s->why, "no option ");
			if (isgraph((unsigned char)*p))
				buf_puts(s->why, option);
			else
				command_put_word(s->why, word);
			return refuse(s);
		}
		if (c->args[i].type != TELMON_FLAG) {
			if (p[1])
				return take_value(s, i, p + 1);
			if (s->at < s->n)
				return take_value(s, i, s->words[s->at++].text);
			buf_printf(s->why, "-%c wants a value", *p);
			return refuse(s);
		}
		take_flag(s, i);
	}
	return 0;
}

static int
take_positional(struct scan *s, const char *word)
{
	const struct command *c = s->command;
	size_t i = s->next_positional;

	while (i < c->n_args && (c->args[i].flag || c->args[i].type == TELMON_FLAG))
		i++;
	s->next_positional = i + 1;
	if (i < c->n_args)
		return take_value(s, i, word);
	command_put_word(s->why, word);
	buf_puts(s->why, " is a word too many");
	return refuse(s);
}

/* Quoted words never are options, nor is a lone dash, nor a negative number where no option is a
 * digit. */
static bool
is_option(const struct command *c, const struct parse_word *w)
{
	const char *t = w->text;

	if (w->quoted || t[0] != '-' || !t[1])
		return false;
	return !(isdigit((unsigned char)t[1]) || t[1] == '.') || find_option(c, t[1]) < c->n_args;
}

static int
take_words(struct scan *s)
{
	bool options = true;
	int r = 0;

	while (r == 0 && s->at < s->n) {
		const struct parse_word *w = &s->words[s->at++];

		if (!options || !is_option(s->command, w))
			r = take_positional(s, w->text);
		else if (strcmp(w->text, "--") == 0)
			options = false;
		else if (w->text[1] == '-')
			r = take_long(s, w->text);
		else
			r = take_short(s, w->text);
	}
	return r;
}

int
command_arguments(const struct command *c, const struct parse_word *words, size_t n, bool exact,
		  struct host_arg *ret_args, struct buf *why)
{
	struct scan s = {
		.command = c, .args = ret_args, .why = why, .words = words, .n = n, .exact = exact
	};
	int r;

	for (size_t i = 0; i < c->n_args; i++)
		ret_args[i] = (struct host_arg){ .given = false };
	r = take_words(&s);
	for (size_t i = 0; r == 0 && i < c->n_args; i++) {
		if (!ret_args[i].given && c->args[i].def && c->args[i].type != TELMON_FLAG)
			r = take_value(&s, i, c->args[i].def);
	}
	return r;
}
