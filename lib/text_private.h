/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * text_private -- what the parts of text share.
 */
#ifndef TEXT_PRIVATE_H
#define TEXT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

static inline bool
text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char
text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#endif
