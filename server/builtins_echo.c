/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * echo -- gives its words back, joined by one blank. It shows how a line was split, marks places in
 * the output of a script, and tells a program that the session is alive. Takes no options: its
 * words are its own.
 */
#include "builtins_private.h"

static int
exec(void *env, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	/* As long as the longest line that there may be. */
	_autobuf_ struct buf line = BUF_INIT(SIZE_MAX / 2);

	(void)env;
	(void)reply;
	(void)why;
	for (size_t i = 0; i < request->n_words; i++) {
		if (i)
			buf_putc(&line, ' ');
		buf_puts(&line, request->words[i]);
	}
	rows->plain = true;
	rows_begin(rows);
	rows_buf(rows, &line);
	return 0;
}

static const struct telmon_column columns[] = {
	{ .name = "text", .help = "the words, joined by one blank", .type = TELMON_TEXT },
};

const struct command builtins_echo = {
	.name = "echo",
	.help = "Gives its words back",
	.columns = columns,
	.n_columns = BUILTINS_COUNT(columns),
	.kind = COMMAND_BUILTIN,
	.flags = COMMAND_WORDS,
	.exec = exec,
};
