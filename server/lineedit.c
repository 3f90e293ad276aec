/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit -- what is common to the two ways of reading a line, and which of them serves:
 * lineedit_plain.c, or libedit behind lineedit_edit.c. Runs on the session's thread.
 */
#include "lineedit.h"

#include <stdlib.h>

#include "lineedit_private.h"

struct lineedit *
lineedit_new(const struct lineedit_ops *ops, void *ctx, size_t max_line)
{
	struct lineedit *e = xcalloc(1, sizeof(*e));

	e->ops = ops;
	e->ctx = ctx;
	e->max_line = max_line;
	e->echo = true;
	return e;
}

void
lineedit_free(struct lineedit *e)
{
	if (!e)
		return;
	lineedit_editor_free(e->editor);
	buf_fini(&e->kept);
	free(e);
}

int
lineedit_open(struct lineedit *e, const char *terminal)
{
	int error = 0;

	if (!e->editor)
		e->editor = lineedit_editor_new(e, terminal, &error);
	return e->editor ? 0 : error;
}

bool
lineedit_is_open(const struct lineedit *e)
{
	return e->editor != NULL;
}

void
lineedit_set_echo(struct lineedit *e, bool echo)
{
	e->echo = echo;
}

void
lineedit_set_window(struct lineedit *e, unsigned columns, unsigned rows)
{
	e->columns = columns;
	e->rows = rows;
	e->resized = true;
}

void
lineedit_pause(struct lineedit *e)
{
	key_pause(&e->keys);
}

void
lineedit_show(struct lineedit *e, const char *text, size_t n)
{
	if (n)
		e->ops->show(e->ctx, text, n);
}

int
lineedit_read(struct lineedit *e, const char *prompt, struct buf *line)
{
	int r;

	buf_clear(line);
	e->prompt = prompt;
	e->line = line;
	e->keys = (struct key_reader){ 0 };
	e->too_long = e->pasting = e->resized = false;
	e->pushed = -1;
	r = e->editor && e->echo ? lineedit_editor_read(e->editor) : lineedit_plain_read(e);
	if (r == LINEEDIT_GO_PLAIN)
		r = lineedit_plain_go_on(e);
	if (r < 0)
		buf_clear(line);
	e->line = NULL;
	e->prompt = NULL;
	return r;
}
