/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * version -- which daemon this is, in one line.
 */
#include "builtins_private.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif

static int
exec(void *env, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	(void)env;
	(void)request;
	(void)reply;
	(void)why;
	rows->plain = true;
	rows_begin(rows);
	rows_text(rows, "telmond " PACKAGE_VERSION);
	return 0;
}

static const struct telmon_column columns[] = {
	{ .name = "version", .help = "program and version", .type = TELMON_TEXT },
};

const struct command builtins_version = {
	.name = "version",
	.help = "Which daemon this is",
	.columns = columns,
	.n_columns = BUILTINS_COUNT(columns),
	.kind = COMMAND_BUILTIN,
	.exec = exec,
};
