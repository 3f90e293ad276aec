/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_private -- what the files of lineedit share: the reader, its history, and the menu that
 * both ways of reading have.
 */
#ifndef LINEEDIT_PRIVATE_H
#define LINEEDIT_PRIVATE_H

#include "key.h"
#include "lineedit.h"

struct editor;

struct lineedit {
	const struct lineedit_ops *ops;
	void *ctx;
	size_t max_line;
	unsigned columns, rows; /* 0 = unknown */
	bool echo;
	bool after_cr;	 /* BINARY input: the LF of a CR LF is no second line */
	struct buf kept; /* lines, each with its NUL, oldest first */
	unsigned n_kept;
	struct editor *editor; /* NULL: plain */

	/* while lineedit_read() runs */
	const char *prompt;
	struct buf *line;
	struct key_reader keys;
	int pushed;    /* a byte that libedit has left; -1 = none */
	bool too_long; /* dropped up to its end */
	bool pasting;  /* what comes was not typed: Tab and ? are characters */
	bool resized;  /* the window has changed, and nothing was done about it */
};

/* Control characters that are keys. */
enum lineedit_control {
	LINEEDIT_HOME = 'A' & 0x1f,
	LINEEDIT_LEFT = 'B' & 0x1f,
	LINEEDIT_INTERRUPT = 'C' & 0x1f,
	LINEEDIT_DELETE = 'D' & 0x1f, /* the end, on an empty line */
	LINEEDIT_END = 'E' & 0x1f,
	LINEEDIT_RIGHT = 'F' & 0x1f,
	LINEEDIT_ABORT = 'G' & 0x1f,
	LINEEDIT_BACKSPACE = 'H' & 0x1f,
	LINEEDIT_TAB = 'I' & 0x1f,
	LINEEDIT_KILL_END = 'K' & 0x1f,
	LINEEDIT_REDRAW = 'L' & 0x1f,
	LINEEDIT_DOWN = 'N' & 0x1f,
	LINEEDIT_UP = 'P' & 0x1f,
	LINEEDIT_SEARCH = 'R' & 0x1f,
	LINEEDIT_SEARCH_NEWER = 'S' & 0x1f,
	LINEEDIT_TRANSPOSE = 'T' & 0x1f,
	LINEEDIT_KILL_LINE = 'U' & 0x1f,
	LINEEDIT_KILL_WORD = 'W' & 0x1f,
	LINEEDIT_YANK = 'Y' & 0x1f,
	LINEEDIT_RUBOUT = 0x7f,
};

/* lineedit.c */
void lineedit_show(struct lineedit *e, const char *text, size_t n);

/* lineedit_history.c */
/* The line kept before this one, or the newest (line NULL); NULL = none. */
const char *lineedit_kept_before(const struct lineedit *e, const char *line);

/* lineedit_menu.c: what Tab and ? come to. */
enum lineedit_menu {
	LINEEDIT_NOTHING, /* of Tab: nothing fits; of ?: it is a letter */
	LINEEDIT_TEXT,	  /* out takes the place of line[*ret_from..cursor) */
	LINEEDIT_LIST,	  /* out is to be shown below the line, which then comes again */
};
enum lineedit_menu lineedit_complete(struct lineedit *e, const char *line, size_t n, size_t cursor,
				     struct buf *out, size_t *ret_from);
enum lineedit_menu lineedit_explain(struct lineedit *e, const char *line, size_t cursor,
				    struct buf *out);
enum { LINEEDIT_MENU_BYTES = 256 << 10 };

/* lineedit_plain.c: as lineedit_read(). The second goes on with a line that is on the screen. */
int lineedit_plain_read(struct lineedit *e);
int lineedit_plain_go_on(struct lineedit *e);

/* lineedit_edit.c: the same with libedit. */
struct editor *lineedit_editor_new(struct lineedit *e, const char *terminal, int *ret_error);
void lineedit_editor_free(struct editor *ed); /* NULL is fine */
int lineedit_editor_read(struct editor *ed);
/* Besides what lineedit_read() returns: the peer wants no echo any more, in the middle of the line.
 */
enum { LINEEDIT_GO_PLAIN = 2 };

#endif
