/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * terminal -- a model of a terminal's screen for tests: characters, CR, LF, BS, and of ECMA-48 the
 * moves and erasures that we send. It wraps as xterm does: not when the last column is written, but
 * when a character follows. What it does not know fails the test, so nothing of it can be sent.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "text.h"

#include <check.h>

enum { TERMINAL_MAX = 512, TERMINAL_WIDE = 0xffffffff };

struct terminal {
	unsigned columns, rows, x, y;
	bool wrap;    /* the next character goes to the next row */
	bool hidden;  /* the cursor */
	bool inserts; /* what is right of the cursor moves on */
	bool alternate;
	bool colored; /* an SGR other than 0 is in force */
	unsigned saved_x, saved_y;
	unsigned hides, clears; /* how often */
	uint32_t cells[TERMINAL_MAX][TERMINAL_MAX], normal[TERMINAL_MAX][TERMINAL_MAX];
	struct buf pending; /* the beginning of a sequence or character */
};

static inline void
terminal_open(struct terminal *t, unsigned columns, unsigned rows)
{
	memset(t, 0, sizeof(*t));
	t->columns = columns;
	t->rows = rows;
	buf_init(&t->pending, 256);
}

static inline void
terminal_close(struct terminal *t)
{
	buf_fini(&t->pending);
}

static inline void
terminal_erase(struct terminal *t, unsigned y, unsigned from)
{
	for (unsigned x = from; x < TERMINAL_MAX; x++)
		t->cells[y][x] = 0;
}

/* What is out of the window is lost, as in a terminal that does not reflow. */
static inline void
terminal_resize(struct terminal *t, unsigned columns, unsigned rows)
{
	for (; t->y >= rows; t->y--) {
		memmove(t->cells[0], t->cells[1], sizeof(t->cells) - sizeof(t->cells[0]));
		terminal_erase(t, TERMINAL_MAX - 1, 0);
	}
	for (unsigned y = 0; y < TERMINAL_MAX; y++)
		terminal_erase(t, y, y < rows ? columns : 0);
	t->columns = columns;
	t->rows = rows;
	if (t->x >= columns)
		t->x = columns - 1;
	t->wrap = false;
}

static inline void
terminal_line_feed(struct terminal *t)
{
	t->wrap = false;
	if (++t->y < t->rows)
		return;
	t->y = t->rows - 1;
	memmove(t->cells[0], t->cells[1], t->y * sizeof(t->cells[0]));
	terminal_erase(t, t->y, 0);
}

/* Blanks before the cursor, and what is behind them moves on. */
static inline void
terminal_insert(struct terminal *t, unsigned n)
{
	uint32_t *row = t->cells[t->y];

	for (unsigned x = t->columns; x-- > t->x;)
		row[x] = x >= t->x + n ? row[x - n] : 0;
}

static inline void
terminal_delete(struct terminal *t, unsigned n)
{
	uint32_t *row = t->cells[t->y];

	for (unsigned x = t->x; x < t->columns; x++)
		row[x] = x + n < t->columns ? row[x + n] : 0;
}

static inline void
terminal_character(struct terminal *t, const char *s, size_t n, uint32_t c)
{
	unsigned width = (unsigned)text_width(s, n);

	if (width == 0)
		return;
	if (t->wrap || t->x + width > t->columns) {
		t->x = 0;
		terminal_line_feed(t);
	}
	if (t->inserts)
		terminal_insert(t, width);
	t->cells[t->y][t->x] = c;
	if (width == 2)
		t->cells[t->y][t->x + 1] = TERMINAL_WIDE;
	t->x += width;
	t->wrap = t->x >= t->columns;
	if (t->wrap)
		t->x = t->columns - 1;
}

static inline void
terminal_mode(struct terminal *t, unsigned mode, bool on)
{
	if (mode == 25) {
		t->hidden = !on;
		t->hides += !on;
		return;
	}
	ck_assert_msg(mode == 1049, "mode %u", mode);
	if (on == t->alternate)
		return;
	t->alternate = on;
	if (on) {
		memcpy(t->normal, t->cells, sizeof(t->cells));
		memset(t->cells, 0, sizeof(t->cells));
		t->saved_x = t->x;
		t->saved_y = t->y;
	} else {
		memcpy(t->cells, t->normal, sizeof(t->cells));
		t->x = t->saved_x;
		t->y = t->saved_y;
	}
}

static inline void
terminal_sequence(struct terminal *t, const char *s)
{
	unsigned a = 0, b = 0, n = (unsigned)strlen(s), parameters = 0;
	char final = s[n - 1];

	if (s[2] == '?') {
		ck_assert_int_eq(sscanf(s + 3, "%u", &a), 1);
		ck_assert_msg(final == 'h' || final == 'l', "%s", s + 1);
		terminal_mode(t, a, final == 'h');
		return;
	}
	parameters = (unsigned)(sscanf(s + 2, "%u;%u", &a, &b) > 0);
	if (final == 'm') {
		t->colored = a != 0;
		return;
	}
	if (final == 'h' || final == 'l') {
		ck_assert_uint_eq(a, 4);
		t->inserts = final == 'h';
		return;
	}
	t->wrap = false;
	switch (final) {
	case 'C':
		t->x = t->x + (a ? a : 1) < t->columns ? t->x + (a ? a : 1) : t->columns - 1;
		break;
	case 'D':
		t->x -= (a ? a : 1) < t->x ? (a ? a : 1) : t->x;
		break;
	case 'G':
		t->x = (a ? a - 1 : 0) < t->columns ? (a ? a - 1 : 0) : t->columns - 1;
		break;
	case '@':
		terminal_insert(t, a ? a : 1);
		break;
	case 'P':
		terminal_delete(t, a ? a : 1);
		break;
	case 'A':
		t->y -= (a ? a : 1) < t->y ? (a ? a : 1) : t->y;
		break;
	case 'H':
		t->y = (a ? a - 1 : 0) < t->rows ? (a ? a - 1 : 0) : t->rows - 1;
		t->x = (b ? b - 1 : 0) < t->columns ? (b ? b - 1 : 0) : t->columns - 1;
		break;
	case 'K':
		ck_assert_uint_eq(parameters, 0);
		terminal_erase(t, t->y, t->x);
		break;
	case 'J':
		ck_assert(a == 0 || a == 2);
		t->clears += t->x == 0 && t->y == 0;
		terminal_erase(t, t->y, a == 2 ? 0 : t->x);
		for (unsigned y = a == 2 ? 0 : t->y + 1; y < t->rows; y++)
			terminal_erase(t, y, 0);
		break;
	default:
		ck_abort_msg("sequence ESC %s", s + 1);
	}
}

/* A byte of a sequence or of a character past ASCII. */
static inline void
terminal_pending(struct terminal *t, char byte)
{
	struct buf *p = &t->pending;
	uint32_t c;

	buf_putc(p, byte);
	if (p->data[0] == '\033') {
		if (p->len < 3 || (byte >= '0' && byte <= '9') || byte == ';' || byte == '?')
			return;
		ck_assert_int_eq(p->data[1], '[');
		terminal_sequence(t, buf_str(p));
	} else {
		if (text_decode(p->data, p->len, &c) == 0) {
			ck_assert_uint_lt(p->len, 4);
			return;
		}
		terminal_character(t, p->data, p->len, c);
	}
	buf_clear(p);
}

static inline void
terminal_feed(struct terminal *t, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];

		if (t->pending.len || c == '\033' || (c & 0x80)) {
			terminal_pending(t, c);
		} else if (c == '\r') {
			t->x = 0;
			t->wrap = false;
		} else if (c == '\n') {
			terminal_line_feed(t);
		} else if (c == '\b') {
			t->x -= t->x > 0;
			t->wrap = false;
		} else if (c != '\a') {
			ck_assert_msg(c >= ' ' && c < 0x7f, "byte %d", c);
			terminal_character(t, &c, 1, (uint32_t)c);
		}
	}
}

/* One row without the blanks at its end. */
static inline void
terminal_row(const struct terminal *t, unsigned y, struct buf *out)
{
	unsigned end = t->columns;
	size_t start = out->len;

	for (unsigned x = 0; x < end; x++) {
		uint32_t c = t->cells[y][x];
		char high[5] = { 0 };

		if (c == TERMINAL_WIDE)
			continue;
		if (c < 0x80) {
			buf_putc(out, c ? (char)c : ' ');
			continue;
		}
		if (c < 0x800)
			snprintf(high, sizeof(high), "%c%c", (int)(0xc0 | c >> 6),
				 (int)(0x80 | (c & 0x3f)));
		else if (c < 0x10000)
			snprintf(high, sizeof(high), "%c%c%c", (int)(0xe0 | c >> 12),
				 (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
		else
			snprintf(high, sizeof(high), "%c%c%c%c", (int)(0xf0 | c >> 18),
				 (int)(0x80 | (c >> 12 & 0x3f)), (int)(0x80 | (c >> 6 & 0x3f)),
				 (int)(0x80 | (c & 0x3f)));
		buf_puts(out, high);
	}
	while (out->len > start && out->data[out->len - 1] == ' ')
		out->len--;
}

/* All rows, LF between them; empty ones at the end are left out. */
static inline void
terminal_text(const struct terminal *t, struct buf *out)
{
	size_t kept = 0;

	buf_clear(out);
	for (unsigned y = 0; y < t->rows; y++) {
		size_t start = out->len;

		if (y)
			buf_putc(out, '\n');
		terminal_row(t, y, out);
		if (out->len > start + (y > 0))
			kept = out->len;
	}
	out->len = kept;
}

#endif
