/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_complete_word -- /complete: the choices as rows, for programs that edit lines themselves.
 * A row's word takes the place of all that was typed of it, and is whole: a blank stands behind it.
 * Runs on the session's worker.
 */
#include <stdlib.h>
#include <string.h>

#include "session_private.h"

static void
put_choice(struct rows *rows, const struct menu_word *choice)
{
	_autofree_ char *whole = choice->text ? xasprintf("%s ", choice->text) : NULL;

	rows_begin(rows);
	rows_text(rows, whole);
	rows_text(rows, choice->word);
	rows_text(rows, choice->help);
}

int
session_word_complete(struct session *s, const struct word_call *call)
{
	static const struct telmon_column columns[] = {
		{ .name = "word",
		  .type = TELMON_TEXT,
		  .help = "what may be typed at the cursor; null = a hint" },
		{ .name = "shown", .type = TELMON_TEXT, .help = "how a list shows it" },
		{ .name = "help", .type = TELMON_TEXT, .help = "what it is" },
	};
	const char *text = call->rest + strspn(call->rest, " \t");
	struct lineedit_choices choices = { .arena = &s->arena };
	size_t cursor, size;
	struct rows rows;
	char *line;
	int r;

	cursor = strtoul(text, &line, 10);
	if (*text < '0' || *text > '9' || (*line && *line != ' '))
		return session_error(s, STATUS_USAGE,
				     "/complete: no cursor (usage: /complete CURSOR LINE)");
	line += *line == ' ';
	size = strlen(line);
	session_complete(s, line, cursor < size ? cursor : size, &choices);
	rows_init(&rows, columns, 3, 0);
	for (size_t i = 0; i < choices.n; i++)
		put_choice(&rows, &choices.list[i]);
	r = session_rows(s, call, PARSE_JSON, &rows);
	rows_fini(&rows);
	return r;
}
