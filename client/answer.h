/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * answer -- what the client itself needs out of the daemon's JSON: names to complete, and the
 * prompt. Pure.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stddef.h>

#include "buf.h"
#include "mem.h"
#include "menu.h"

/* The rows of /complete, in their order; words only that are clean, with a blank behind them when
 * nothing can follow in them. Memory is the arena's. 0, or -EBADMSG: no such answer. */
int answer_words(const char *json, size_t n, struct arena *a, struct menu_word **ret,
		 size_t *ret_n);
/* Appends the value that /set KEY answers, cleaned. 0 or -EBADMSG. */
int answer_setting(const char *json, size_t n, struct buf *out);

#endif
