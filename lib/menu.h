/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * menu -- the words that may stand in a line: how many bytes they share, and the lists of them that
 * Tab and ? show. A list never pushes its own beginning out of the window. Pure functions,
 * thread-safe.
 */
#ifndef MENU_H
#define MENU_H

#include <stddef.h>

#include "buf.h"

struct menu_word {
	const char *word; /* as it is listed */
	const char *text; /* what takes the place of the typed word, quotes and all; NULL: the word
			     is a hint to be read, not to be typed */
	const char *help; /* "" = none */
};

/* Keeps, in their order, those that can be typed; how many. */
size_t menu_drop_hints(struct menu_word *words, size_t n);
/* How many bytes all texts begin with, whole characters. No hints among them; n is at least 1. */
size_t menu_common(const struct menu_word *words, size_t n);

/* Append lines, for a window of so many columns and rows (0 = unknown). Errors are out's. */
/* The words alone, down the columns, as ls(1) does. */
void menu_put_names(struct buf *out, const struct menu_word *words, size_t n, unsigned columns,
		    unsigned rows);
/* A line each, with its help as far as it fits. */
void menu_put_help(struct buf *out, const struct menu_word *words, size_t n, unsigned columns,
		   unsigned rows);

#endif
