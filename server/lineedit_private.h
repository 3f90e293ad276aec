/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_private -- what the files of lineedit share.
 */
#ifndef LINEEDIT_PRIVATE_H
#define LINEEDIT_PRIVATE_H

#include "key.h"
#include "lineedit.h"

struct lineedit {
	const struct lineedit_ops *ops;
	void *ctx;
	size_t max_line;
	unsigned columns; /* 0 = unknown */
	bool echo;
	bool after_cr; /* BINARY input: the LF of a CR LF is no second line */

	/* while lineedit_read() runs */
	const char *prompt;
	struct buf *line;
	struct key_reader keys;
	bool too_long; /* dropped up to its end */
};

/* lineedit.c */
void lineedit_show(struct lineedit *e, const char *text, size_t n);
/* Whether a character past ASCII may join a line that ends in these n bytes: a ninth combining mark
 * in a row would be replaced wherever the line is shown later. */
bool lineedit_fits_cluster(const char *line, size_t n, uint32_t c);

/* lineedit_plain.c: as the functions of lineedit.h. */
int lineedit_plain_read(struct lineedit *e);
void lineedit_plain_hide(struct lineedit *e);
void lineedit_plain_restore(struct lineedit *e);

#endif
