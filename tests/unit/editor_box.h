/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * editor_box -- the editor with libedit, fed with keys; what it shows is played on a model of a
 * terminal, so that a test can say what a person sees.
 */
#ifndef EDITOR_BOX_H
#define EDITOR_BOX_H

#include <errno.h>
#include <stdlib.h>

#include "lineedit.h"
#include "terminal.h"

enum { BOX_LINE = 64 };

struct editor_box {
	struct lineedit *e;
	struct lineedit_ops ops;
	struct terminal terminal;
	struct buf shown; /* all bytes */
	struct buf line;
	const char *keys;
	size_t n, at;
	int end; /* what key returns when there are no more */
	/* when they are used up, and not yet told so */
	struct buf screen;
	unsigned x, y;
	/* called once, before key number hook_at; true: there is news */
	bool (*hook)(struct editor_box *b);
	size_t hook_at;
};

static inline void
editor_box_look(struct editor_box *b)
{
	terminal_text(&b->terminal, &b->screen);
	b->x = b->terminal.x;
	b->y = b->terminal.y;
}

static inline int
editor_box_key(void *ctx)
{
	struct editor_box *b = ctx;

	if (b->hook && b->at == b->hook_at) {
		bool (*hook)(struct editor_box * b) = b->hook;

		b->hook = NULL;
		if (hook(b))
			return -EAGAIN;
	}
	if (b->at < b->n)
		return (unsigned char)b->keys[b->at++];
	editor_box_look(b);
	return b->end;
}

static inline void
editor_box_show(void *ctx, const char *text, size_t n)
{
	struct editor_box *b = ctx;

	buf_put(&b->shown, text, n);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			terminal_feed(&b->terminal, "\r", 1);
		terminal_feed(&b->terminal, text + i, 1);
	}
}

static inline void
editor_box_news(void *ctx)
{
	editor_box_show(ctx, "a note\n", 7);
}

/* terminal NULL: the plain reader. */
static inline struct editor_box *
editor_box_open(const char *terminal, unsigned columns, unsigned rows)
{
	struct editor_box *b = calloc(1, sizeof(*b));

	ck_assert_ptr_nonnull(b);
	terminal_open(&b->terminal, columns, rows);
	buf_init(&b->shown, 64 << 20);
	buf_init(&b->line, 4096);
	buf_init(&b->screen, 1 << 20);
	b->end = -EPIPE;
	b->ops = (struct lineedit_ops){ .key = editor_box_key,
					.show = editor_box_show,
					.news = editor_box_news };
	b->e = lineedit_new(&b->ops, b, BOX_LINE);
	lineedit_set_window(b->e, columns, rows);
	if (terminal)
		ck_assert_int_eq(lineedit_open(b->e, terminal), 0);
	return b;
}

static inline void
editor_box_close(struct editor_box *b)
{
	lineedit_free(b->e);
	terminal_close(&b->terminal);
	buf_fini(&b->shown);
	buf_fini(&b->line);
	buf_fini(&b->screen);
	free(b);
}

static inline int
editor_box_read(struct editor_box *b, const char *keys, size_t n)
{
	b->keys = keys;
	b->n = n;
	b->at = 0;
	return lineedit_read(b->e, "> ", &b->line);
}

/* Literals with NULs inside. */
#define READ(b, keys) editor_box_read(b, keys, sizeof(keys) - 1)

#endif
