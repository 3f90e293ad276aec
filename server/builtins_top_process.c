/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * top_process -- the processes that top shows: those whose command contains what was typed, in the
 * order that was chosen. The filters' own sort does the sorting. Runs on a session's thread.
 */
#include <string.h>

#include "builtins_top_private.h"

const struct top_order top_orders[TOP_BY__COUNT] = {
	[TOP_BY_CPU] = { 'c', "cpu", "cpu_percent", true },
	[TOP_BY_MEMORY] = { 'm', "memory", "rss_bytes", true },
	[TOP_BY_PID] = { 'p', "pid", "pid", false },
	[TOP_BY_AGE] = { 't', "age", "age_s", true },
	[TOP_BY_NAME] = { 'n', "name", "command", false },
};

/* Keeps the rows that are wanted; the cells of the others go, their texts stay in the arena. */
static void
choose(struct top *t)
{
	struct rows *rows = &t->shown;
	size_t kept = 0, size = rows->n_columns * sizeof(*rows->cells);

	for (size_t i = 0; t->word.len && i < rows->n_rows; i++) {
		const char *command = builtins_text(rows, i, "command");

		if (!command || !strcasestr(command, buf_str(&t->word)))
			continue;
		memmove(&rows->cells[kept++ * rows->n_columns], &rows->cells[i * rows->n_columns],
			size);
	}
	if (t->word.len)
		rows->n_rows = kept;
}

static void
sort(struct top *t)
{
	const struct top_order *order = &top_orders[t->sort];
	bool reverse = order->largest_first != t->reverse;
	_autobuf_ struct buf why = BUF_WHY;
	char name[] = "sort", option[] = "-r", column[32];
	struct parse_word words[] = { { .text = name }, { .text = option }, { .text = column } };
	struct parse_stage stage = { .words = words, .n_words = 3 };

	strcpy(column, order->column);
	if (!reverse) {
		words[1].text = column;
		stage.n_words = 2;
	}
	t->sorter = filter_new(&stage, true, t->shown.columns, t->shown.n_columns, &why);
	if (t->sorter && filter_apply(t->sorter, &t->shown) < 0)
		t->shown.n_rows = 0;
}

void
top_processes_fini(struct top *t)
{
	rows_fini(&t->shown);
	filter_free(t->sorter);
	t->sorter = NULL;
}

void
top_arrange(struct top *t)
{
	if (!t->unsorted || !t->sources[TOP_PROCESS].known)
		return;
	t->unsorted = false;
	top_processes_fini(t);
	if (rows_copy(&t->shown, &t->sources[TOP_PROCESS].rows) < 0) {
		t->shown.n_rows = 0;
		return;
	}
	choose(t);
	sort(t);
}

void
top_scroll(struct top *t, long rows)
{
	size_t most = t->shown.n_rows > t->page ? t->shown.n_rows - t->page : 0;

	if (rows < 0)
		t->scroll -= (size_t)-rows < t->scroll ? (size_t)-rows : t->scroll;
	else
		t->scroll = (size_t)rows < most - (t->scroll < most ? t->scroll : most)
				    ? t->scroll + (size_t)rows
				    : most;
}
