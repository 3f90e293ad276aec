/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * answer -- what the client itself needs out of the daemon's JSON: names to complete, and the host.
 * Pure.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stddef.h>

#include "buf.h"
#include "mem.h"

struct answer_word {
	const char *word;  /* what takes the place of the typed one, with a blank behind it when
			      nothing can follow in it; NULL: a hint, not to be typed */
	const char *shown; /* in a list */
	const char *help;  /* "" when there is none */
};

/* The rows of /complete, in their order; words only that are clean. Memory is the arena's. 0, or
 * -EBADMSG: no such answer. */
int answer_words(const char *json, size_t n, struct arena *a, struct answer_word **ret,
		 size_t *ret_n);
/* How many bytes of its beginning all words share; never half a character. */
size_t answer_common(const struct answer_word *words, size_t n);
/* Appends the "host" of any answer, cleaned. 0 or -EBADMSG. */
int answer_host(const char *json, size_t n, struct buf *out);

#endif
