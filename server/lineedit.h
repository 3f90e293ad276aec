/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit -- reads a line from a person: echo, editing, history, completion. libedit serves where
 * the terminal can, the plain reader everywhere else. Pulls its keys from the session, pushes what
 * shall be seen to it; never sees a socket. Each call blocks only in the callback `key`.
 */
#ifndef LINEEDIT_H
#define LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "mem.h"
#include "menu.h"

/* What may stand at the cursor. */
struct lineedit_choices {
	struct arena *arena; /* of the strings; borrowed */
	struct menu_word *list;
	size_t n;
	size_t from; /* where in the line the typed word begins */
	bool letter; /* a '?' typed here is one: inside a word, in quotes, in free text */
};

/* What the editor needs of its session. */
struct lineedit_ops {
	/* The next typed byte, 0..255; blocks. -EAGAIN: none, but there is something to show, or
	 * the window has changed. Other negative values end the line: -EPIPE hang-up, -ECANCELED
	 * interrupt (^C, IP), -ETIME idle. */
	int (*key)(void *ctx);
	/* Shows text: '\n' is a new line, '\r' goes to the left margin, '\b' one to the left.
	 * Never blocks. */
	void (*show)(void *ctx, const char *text, size_t n);
	/* After -EAGAIN: shows what there is. Prompt and line have left the screen, and come again
	 * behind it. */
	void (*news)(void *ctx);
	/* Fills in what may stand at the cursor (all zero but the arena before), by what is
	 * declared and was seen: never waits. */
	void (*complete)(void *ctx, const char *line, size_t cursor,
			 struct lineedit_choices *choices);
};

struct lineedit;

/* ops and ctx are borrowed. The plain reader serves; echo is on, the window unknown. max_line:
 * bytes without the line end. */
struct lineedit *lineedit_new(const struct lineedit_ops *ops, void *ctx, size_t max_line);
void lineedit_free(struct lineedit *e); /* NULL is fine */
/* libedit serves from the next line on, as long as there is echo. terminal: a name of the terminal
 * database, in small letters. 0; -ENOTTY when that terminal is not known or cannot move its cursor
 * up; or -errno when there is no pty or no memory: the plain reader goes on. */
int lineedit_open(struct lineedit *e, const char *terminal);
bool lineedit_is_open(const struct lineedit *e);
/* Whether typed characters are shown (telnet that let us echo), or the peer's terminal does that
 * itself, its Enter included (nc). This one and the next may be called from inside `key`. */
void lineedit_set_echo(struct lineedit *e, bool echo);
void lineedit_set_window(struct lineedit *e, unsigned columns, unsigned rows); /* 0 = unknown */
/* From inside `key`: before what it returns next nothing was typed for a while, so it is no part of
 * an escape sequence. */
void lineedit_pause(struct lineedit *e);
/* Prompts and reads one line into line (cleared first, no LF, clean UTF-8). 1 = a line; 0 = end (^D
 * on an empty line); -EMSGSIZE = the line was too long and has been dropped to its end, -ENOMEM =
 * so it was for want of memory; -ECANCELED = ^C; else what `key` returned. The cursor is on a fresh
 * line then. prompt must stay as long as the call. */
int lineedit_read(struct lineedit *e, const char *prompt, struct buf *line);

/* Keeps a line for Up, for ^R and for who asks: no empty one, none that begins with a blank, one
 * like the newest only once. The newest 500 and 64 KiB of them. */
void lineedit_remember(struct lineedit *e, const char *line, size_t n);
/* The line kept behind this one, or the oldest (line NULL); NULL = none. Valid until the next
 * lineedit_remember(). */
const char *lineedit_next_kept(const struct lineedit *e, const char *line);

#endif
