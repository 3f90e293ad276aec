/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * text -- strings for people and formats: the one sanitizer, display width, numbers with units,
 * quoting for JSON and CSV, and small string puzzles. Pure functions, thread-safe. Needs LC_CTYPE
 * C.UTF-8.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <telmon/plugin.h>

#include "buf.h"

/* Appends s with every control (C0, DEL, C1 in either encoding), bidi and invisible format
 * character, line or paragraph separator and byte that is no UTF-8 replaced by '?' (one for each
 * character or bad byte). At most 8 combining marks in a row stay. The result is valid UTF-8 on one
 * line. 0 or buf's error. */
int text_clean(struct buf *out, const char *s, size_t n);
/* True when text_clean() would change nothing. */
bool text_is_clean(const char *s, size_t n);
/* Appends s with every character past ASCII as '?'. */
int text_ascii(struct buf *out, const char *s, size_t n);

/* Columns that clean UTF-8 takes on a terminal (wide characters 2, combining marks 0). */
size_t text_width(const char *s, size_t n);
/* Appends s cut to at most `columns` columns, the last one an ellipsis ("…") if something was cut.
 */
int text_fit(struct buf *out, const char *s, size_t n, size_t columns);

/* Appends a number as people read it: 1.5 GiB, 12.3%, 1.2 ms, 3 h 12 min, 2026-11-20 14:03:05
 * (UTC), 42. Bytes in 1024s with the i, bits in 1000s; NaN is "-". Never rounds a percentage below
 * 100 up to 100. */
int text_number(struct buf *out, double v, enum telmon_unit unit, enum telmon_type type);
/* An integer that a double holds exactly, as its neighbours. */
bool text_is_whole(double v);
/* "bytes", "bytes per second"; "" for a plain number. And back: false, and nothing is written, when
 * there is no unit of that name. */
const char *text_unit(enum telmon_unit unit);
bool text_find_unit(const char *name, enum telmon_unit *ret);
/* Reads what people type as a number: optional sign, digits with fraction, then K M G T (1024s, an
 * optional i and B ignored), %, or s m h d (seconds), ms us. 0, or -EINVAL unless the whole word is
 * one number. */
int text_parse_number(const char *word, double *ret);
/* "1.5", "10", nothing behind. 0 or -EINVAL. */
int text_parse_double(const char *word, double *ret);
int text_parse_i64(const char *word, int64_t *ret);

/* Append s quoted, cleaned of what the format cannot carry. */
int text_json(struct buf *out, const char *s); /* with the quotes */
int text_csv(struct buf *out, const char *s);  /* RFC 4180: quotes only where needed */
/* A value as Prometheus labels need it: \\ \" \n escaped, without the quotes. */
int text_label(struct buf *out, const char *s);

/* Name of a column without its unit suffix: used_bytes -> used. Returns the length to keep. */
size_t text_heading(const char *column);
/* True when the suffix is that of a percentage. Beside a column of the same heading, such as
 * used_bytes, that of used_percent is used%. */
bool text_is_percent(const char *column);

/* Shell pattern: * ? [a-z]. */
bool text_glob(const char *pattern, const char *s);
/* The name nearest to word by edit distance, or NULL when none is near (more than a third of its
 * letters off). */
const char *text_nearest(const char *word, const char *const *names, size_t n);

/* Decodes one UTF-8 character of at most n bytes. Returns its length; 0 when s is no valid one
 * (overlong, surrogate, past U+10FFFF, cut short). */
size_t text_decode(const char *s, size_t n, uint32_t *ret);

#endif
