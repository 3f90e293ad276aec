/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter_where -- rows by the value of one column. Numbers are compared in base units, whatever
 * unit they were typed with; texts byte by byte, as the source gave them; ~ and !~ match what the
 * cell reads as. An unknown value is neither more nor less nor unlike anything: such rows go.
 */
#include <errno.h>
#include <string.h>

#include "filter_private.h"
#include "text.h"

static const struct filter_info operators[] = {
	{ .name = "=", .help = "equal" },
	{ .name = "==", .help = "equal" },
	{ .name = "!=", .help = "not equal" },
	{ .name = "<", .help = "less than" },
	{ .name = ">", .help = "more than" },
	{ .name = "<=", .help = "at most" },
	{ .name = ">=", .help = "at least" },
	{ .name = "~", .help = "matches the expression" },
	{ .name = "!~", .help = "does not match it" },
};
static const enum filter_op ops[] = {
	FILTER_EQUAL,	   FILTER_EQUAL,      FILTER_NOT_EQUAL, FILTER_LESS,   FILTER_MORE,
	FILTER_LESS_EQUAL, FILTER_MORE_EQUAL, FILTER_LIKE,	FILTER_UNLIKE,
};

const struct filter_info *
filter_operators(size_t *ret_n)
{
	*ret_n = sizeof(operators) / sizeof(operators[0]);
	return operators;
}

static int
read_op(struct filter *f, const char *word, struct buf *why)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(operators[i].name, word) != 0)
			continue;
		f->op = ops[i];
		return 0;
	}
	return filter_refuse(f, why, "'%.40s' is none of = != < <= > >= ~ !~", word);
}

/* Bytes that are more than "90%" would be all of them, and nobody would know why: `used` may well
 * have been meant to be used%. */
static bool
is_no_share(const struct telmon_column *col, const char *word)
{
	size_t n = strlen(word);

	return n > 0 && word[n - 1] == '%' && col->unit != TELMON_PERCENT &&
	       col->unit != TELMON_NONE;
}

static int
refuse_share(struct filter *f, const char *word, struct buf *why)
{
	const char *name = f->in[f->column].name;
	_autofree_ char *share = xasprintf("%.*s%%", (int)text_heading(name), name);

	if (rows_column(f->in, f->n_in, share) >= 0)
		return filter_refuse(f, why, "'%.80s' is no percentage, '%.80s' is", name, share);
	return filter_refuse(f, why, "'%.80s' is no percentage, as '%.40s' is", name, word);
}

static int
read_value(struct filter *f, const char *word, struct buf *why)
{
	if (f->op == FILTER_LIKE || f->op == FILTER_UNLIKE) {
		f->pattern = filter_pattern_new(word, why);
		return f->pattern ? 0 : -EINVAL;
	}
	if (f->in[f->column].type == TELMON_TEXT) {
		f->text = xstrdup(word);
		return 0;
	}
	f->is_integer = text_parse_i64(word, &f->integer) == 0;
	if (text_parse_number(word, &f->number) < 0)
		return filter_refuse(f, why, "'%.40s' is no number", word);
	if (is_no_share(&f->in[f->column], word))
		return refuse_share(f, word, why);
	return 0;
}

int
filter_read_where(struct filter *f, const struct parse_stage *stage, struct buf *why)
{
	long column;

	if (stage->n_words != 4)
		return filter_refuse(f, why, "takes three words, with blanks between");
	column = filter_find_column(f, stage->words[1].text, why);
	if (column < 0)
		return -EINVAL;
	f->column = (size_t)column;
	if (read_op(f, stage->words[2].text, why) < 0)
		return -EINVAL;
	return read_value(f, stage->words[3].text, why);
}

/* As strcmp(); the cell is no null and fits its column. */
static int
compare(const struct filter *f, const struct cell *c)
{
	double v;

	if (c->type == CELL_TEXT)
		return strcmp(c->s, f->text);
	if (c->type == CELL_INT && f->is_integer)
		return (c->i > f->integer) - (c->i < f->integer);
	v = c->type == CELL_INT ? (double)c->i : c->f;
	return (v > f->number) - (v < f->number);
}

static bool
holds(enum filter_op op, int order)
{
	switch (op) {
	case FILTER_EQUAL:
		return order == 0;
	case FILTER_NOT_EQUAL:
		return order != 0;
	case FILTER_LESS:
		return order < 0;
	case FILTER_LESS_EQUAL:
		return order <= 0;
	case FILTER_MORE:
		return order > 0;
	case FILTER_MORE_EQUAL:
		return order >= 0;
	case FILTER_LIKE:
	case FILTER_UNLIKE:
		break;
	}
	return false;
}

static int
keep(const struct filter *f, const struct rows *rows, size_t row, struct filter_scratch *s)
{
	const struct cell *c = rows_cell(rows, row, f->column);
	int r;

	if (c->type == CELL_NULL)
		return 0;
	if (f->pattern) {
		buf_clear(&s->text);
		cell_text(&s->text, c, &rows->columns[f->column]);
		r = filter_pattern_matches(f->pattern, s);
		return r < 0 ? r : r == (f->op == FILTER_LIKE);
	}
	/* A text in a column of numbers or the other way: such rows come from nobody who keeps to
	 * the contract. */
	if ((c->type == CELL_TEXT) != (f->text != NULL))
		return 0;
	return holds(f->op, compare(f, c));
}

int
filter_where(const struct filter *f, struct rows *rows, struct filter_scratch *s)
{
	return filter_keep(f, rows, keep, s);
}
