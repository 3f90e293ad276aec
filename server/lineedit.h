/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit -- reads a line from a person: echo, erase, kill; history and completion when libedit
 * serves. Pulls its keys from the session, pushes its echo to it; never sees a socket. Each call
 * blocks only in the callback `key`.
 */
#ifndef LINEEDIT_H
#define LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* What the editor needs of its session. */
struct lineedit_ops {
	/* The next typed byte, 0..255; blocks. Negative ends the line: -EPIPE hang-up, -ECANCELED
	 * interrupt (^C, IP), -ETIME idle. */
	int (*key)(void *ctx);
	/* Shows text: '\n' is a new line, '\b' moves left. Never blocks. */
	void (*show)(void *ctx, const char *text, size_t n);
};

struct lineedit;

/* ops and ctx are borrowed. Echo is on at first, the window unknown. max_line: bytes without the
 * line end. */
struct lineedit *lineedit_new(const struct lineedit_ops *ops, void *ctx, size_t max_line);
void lineedit_free(struct lineedit *e); /* NULL is fine */
/* Whether typed characters are shown (telnet that let us echo), or the peer's terminal does that
 * itself, its Enter included (nc). This one and the next may be called from inside `key`. */
void lineedit_set_echo(struct lineedit *e, bool echo);
void lineedit_set_window(struct lineedit *e, unsigned columns); /* 0 = unknown */
/* Prompts and reads one line into line (cleared first, no LF, clean UTF-8). 1 = a line; 0 = end (^D
 * on an empty line); -EMSGSIZE = the line was too long and has been dropped to its end, -ENOMEM =
 * so it was for want of memory; -ECANCELED = ^C; else what `key` returned. The cursor is on a fresh
 * line then. prompt must stay as long as the call. */
int lineedit_read(struct lineedit *e, const char *prompt, struct buf *line);
/* Around text that comes from elsewhere while a line is being typed: takes prompt and line off the
 * screen, puts them back. From inside `key` only. */
void lineedit_hide(struct lineedit *e);
void lineedit_restore(struct lineedit *e);

#endif
