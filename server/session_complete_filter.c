/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_complete_filter -- what may stand behind a |: filters, the columns that they take, and
 * what rows may hold. Runs on the session's worker.
 */
#include <string.h>

#include "row.h"
#include "session_complete_private.h"

void
complete_filters(struct completion *c)
{
	size_t n;
	const struct filter_info *filters = filter_table(&n);

	for (size_t i = 0; i < n; i++)
		complete_offer(c, filters[i].name, filters[i].help);
}

/* Exact or by the only one that begins so, as people may type it. */
static const struct filter_info *
find(const struct completion *c)
{
	size_t n;
	const struct filter_info *filters = filter_table(&n), *found = NULL;
	const char *name = c->stage->words[0].text;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(filters[i].name, name) == 0)
			return &filters[i];
		if (strncmp(filters[i].name, name, strlen(name)) == 0)
			found = found ? &filters[n] : &filters[i];
	}
	return found == &filters[n] ? NULL : found;
}

static const struct telmon_column *
column_of(const struct completion *c, const char *name)
{
	int i = c->command ? rows_column(c->command->columns, c->command->n_columns, name) : -1;

	return i < 0 ? NULL : &c->command->columns[i];
}

/* where COLUMN OP VALUE */
static void
offer_condition(struct completion *c)
{
	const struct telmon_column *column;
	size_t n;
	const struct filter_info *ops;

	if (c->word == 1) {
		complete_columns(c);
	} else if (c->word == 2) {
		ops = filter_operators(&n);
		for (size_t i = 0; i < n; i++)
			complete_offer(c, ops[i].name, ops[i].help);
	} else if (c->word == 3) {
		column = column_of(c, c->stage->words[1].text);
		if (column && column->type == TELMON_TEXT)
			complete_labels(c, column->name);
	}
}

static bool
takes_expression(const char *filter)
{
	static const char *const names[] = { "include", "grep", "exclude", "begin" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], filter) == 0)
			return true;
	return false;
}

void
complete_filter(struct completion *c)
{
	const struct filter_info *filter;

	if (c->word == 0) {
		complete_filters(c);
		return;
	}
	filter = find(c);
	if (!filter)
		return;
	if (strcmp(filter->name, "where") == 0)
		offer_condition(c);
	else if (filter->takes_columns)
		complete_columns(c);
	else if (c->word == 1 && takes_expression(filter->name))
		complete_labels(c, NULL);
	if (strcmp(filter->name, "sort") == 0 && c->word == 1)
		complete_offer(c, "-r", "largest first");
	complete_hint(c, filter->usage, filter->help);
}
