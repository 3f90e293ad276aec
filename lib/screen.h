/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * screen -- text on a window of so many columns: what is one row of it, and the sequences (ECMA-48,
 * and of DEC and xterm those that everybody has) that move, erase and hide. In texts the only
 * sequences are our own SGR. Pure functions, thread-safe.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define SCREEN_HOME "\033[H"
#define SCREEN_ERASE_LINE "\033[K" /* from the cursor to its right */
#define SCREEN_ERASE_BELOW "\033[J"
#define SCREEN_PLAIN "\033[0m"
#define SCREEN_BOLD "\033[1m"
#define SCREEN_REVERSE "\033[7m"
#define SCREEN_HIDE_CURSOR "\033[?25l"
#define SCREEN_SHOW_CURSOR "\033[?25h"
#define SCREEN_ALTERNATE "\033[?1049h"
/* The last row first, for terminals that have no other screen. */
#define SCREEN_NORMAL "\033[999;1H\033[K\033[?1049l"

/* The first row of a text. */
struct screen_row {
	size_t size;	  /* bytes, with the LF if it ends in one */
	unsigned columns; /* that it takes */
	bool whole;	  /* nothing that follows belongs to it */
	bool colored;	  /* it leaves a colour on */
};
/* columns is at least 1; a character that is wider has a row of its own. */
struct screen_row screen_row(const char *text, size_t n, unsigned columns);
/* Appends a line (no LF) cut to so many columns, with its colour ended. 0 or buf's error. */
int screen_cut(struct buf *out, const char *line, size_t n, unsigned columns);

#endif
