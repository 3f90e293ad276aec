/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit -- the plain line reader: keys in, one line out, echo on the way. The cursor always
 * stands at the end of the line, so all that happens on the screen is appending, and taking back
 * with "\b \b"; no terminal is too dumb for it. A line holds clean UTF-8 only: whole characters, no
 * controls. Escape sequences are recognised so that they can be swallowed. Runs on the session's
 * thread and blocks only in ops->key.
 */
#include "lineedit.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

enum key {
	KEY_INTERRUPT = 'C' & 0x1f,
	KEY_END = 'D' & 0x1f,
	KEY_BACKSPACE = 'H' & 0x1f,
	KEY_TAB = '\t',
	KEY_REDRAW = 'L' & 0x1f,
	KEY_KILL_LINE = 'U' & 0x1f,
	KEY_KILL_WORD = 'W' & 0x1f,
	KEY_ESCAPE = 0x1b,
	KEY_DELETE = 0x7f,
	CSI = 0x9b, /* ESC [ as one character */
};

/* ECMA-48: what is left of an escape sequence. */
enum escape {
	ESCAPE_NONE,
	ESCAPE_FIRST,  /* behind ESC */
	ESCAPE_CSI,    /* behind ESC [ */
	ESCAPE_PARAMS, /* behind ESC [ and more */
	ESCAPE_SHIFT,  /* behind ESC O, or ESC [ [ of the Linux console: one more */
	ESCAPE_STRING, /* OSC, DCS and their kin, up to BEL or ST */
};

/* A base character with the marks that text_clean() lets stand on it. */
enum { CLUSTER_BYTES = 4 * (1 + 8 + 1) };

struct lineedit {
	const struct lineedit_ops *ops;
	void *ctx;
	size_t max_line;
	unsigned columns; /* 0 = unknown */
	bool echo;

	/* while lineedit_read() runs */
	const char *prompt;
	struct buf *line;
	enum escape escape;
	bool too_long;	   /* dropped up to its end */
	bool after_cr;	   /* BINARY input: the LF of a CR LF is no second line */
	char character[4]; /* a character whose bytes are not all here */
	size_t n_character;
};

struct lineedit *
lineedit_new(const struct lineedit_ops *ops, void *ctx, size_t max_line)
{
	struct lineedit *e = xcalloc(1, sizeof(*e));

	e->ops = ops;
	e->ctx = ctx;
	e->max_line = max_line;
	e->echo = true;
	return e;
}

void
lineedit_free(struct lineedit *e)
{
	free(e);
}

void
lineedit_set_echo(struct lineedit *e, bool echo)
{
	e->echo = echo;
}

void
lineedit_set_window(struct lineedit *e, unsigned columns)
{
	e->columns = columns;
}

/* --- the screen --- */

static void
show(struct lineedit *e, const char *text, size_t n)
{
	if (n)
		e->ops->show(e->ctx, text, n);
}

static void
echo(struct lineedit *e, const char *text, size_t n)
{
	if (e->echo)
		show(e, text, n);
}

/* Without echo the line is on the peer's screen alone, out of our hands. */
static size_t
shown_line(const struct lineedit *e)
{
	return e->echo ? e->line->len : 0;
}

static void
show_all(struct lineedit *e)
{
	show(e, e->prompt, strlen(e->prompt));
	show(e, e->line->data, shown_line(e));
}

static size_t
width_shown(const struct lineedit *e)
{
	return text_width(e->prompt, strlen(e->prompt)) + text_width(e->line->data, shown_line(e));
}

static void
repeat(struct lineedit *e, char c, size_t n)
{
	char run[64];

	memset(run, c, sizeof(run));
	for (size_t piece; n; n -= piece) {
		piece = n < sizeof(run) ? n : sizeof(run);
		show(e, run, piece);
	}
}

static void
wipe(struct lineedit *e, size_t columns)
{
	repeat(e, '\b', columns);
	repeat(e, ' ', columns);
	repeat(e, '\b', columns);
}

/*
 * Takes `columns` columns back whose text has left the line already. Where they touch the right
 * margin a backspace would end in different places on different terminals: those get the line
 * again, on a row of its own.
 */
static void
take_back(struct lineedit *e, size_t columns)
{
	size_t left;

	if (!e->echo || columns == 0)
		return;
	left = width_shown(e);
	if (e->columns && left % e->columns + columns >= e->columns) {
		show(e, "\n", 1);
		show_all(e);
	} else {
		wipe(e, columns);
	}
}

/* --- taking away --- */

/* Cuts the line to n bytes. */
static void
cut(struct lineedit *e, size_t n)
{
	size_t columns = text_width(e->line->data + n, e->line->len - n);

	e->line->len = n;
	take_back(e, columns);
}

static bool
continues(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

/* Where the last character with a width begins: marks go with the letter that they stand on. */
static size_t
last_character(const struct lineedit *e)
{
	const char *s = e->line->data;
	size_t at = e->line->len;

	do {
		at--;
		while (at > 0 && continues(s[at]))
			at--;
	} while (at > 0 && text_width(s + at, e->line->len - at) == 0);
	return at;
}

static void
erase_character(struct lineedit *e)
{
	e->n_character = 0;
	if (e->line->len > 0 && !e->too_long)
		cut(e, last_character(e));
}

static void
kill_word(struct lineedit *e)
{
	size_t at = e->line->len;

	while (at > 0 && e->line->data[at - 1] == ' ')
		at--;
	while (at > 0 && e->line->data[at - 1] != ' ')
		at--;
	if (at < e->line->len && !e->too_long)
		cut(e, at);
}

static void
kill_line(struct lineedit *e)
{
	e->too_long = false;
	if (e->line->len > 0)
		cut(e, 0);
}

/* --- adding --- */

static void
add(struct lineedit *e, const char *s, size_t n)
{
	if (e->too_long)
		return;
	/* The buf's own limit is asked first: its errors stick, and ^U must begin again. */
	if (e->line->len + n > e->max_line || e->line->len + n > e->line->max ||
	    buf_put(e->line, s, n) < 0) {
		e->too_long = true;
		return;
	}
	echo(e, s, n);
}

/* A ninth combining mark in a row would be replaced wherever the line is shown later. */
static bool
fits_cluster(const struct lineedit *e, const char *s, size_t n)
{
	char tail[CLUSTER_BYTES + 4];
	size_t from = e->line->len;

	while (from > 0 && e->line->len - from < CLUSTER_BYTES)
		from--;
	while (from < e->line->len && continues(e->line->data[from]))
		from++;
	if (from < e->line->len)
		memcpy(tail, e->line->data + from, e->line->len - from);
	memcpy(tail + (e->line->len - from), s, n);
	return text_is_clean(tail, e->line->len - from + n);
}

/* A whole character past ASCII. */
static void
add_character(struct lineedit *e, const char *s, size_t n, uint32_t c)
{
	if (c == CSI)
		e->escape = ESCAPE_CSI;
	else if (c >= 0x80 && c < 0xa0)
		return;
	else if (!text_is_clean(s, n))
		add(e, "?", 1);
	else if (fits_cluster(e, s, n))
		add(e, s, n);
}

/* How many bytes the character has that begins so; 0: none does. */
static size_t
character_size(uint8_t first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* A character that stays without its end, and each byte that can begin none, becomes one '?'. */
static void
give_up_character(struct lineedit *e)
{
	if (e->n_character)
		add(e, "?", 1);
	e->n_character = 0;
}

static void
take_high_byte(struct lineedit *e, char byte)
{
	uint32_t c;

	if (!continues(byte))
		give_up_character(e);
	if (e->n_character == 0 && character_size((uint8_t)byte) == 0) {
		add(e, "?", 1);
		return;
	}
	e->character[e->n_character++] = byte;
	if (e->n_character < character_size((uint8_t)e->character[0]))
		return;
	if (text_decode(e->character, e->n_character, &c) == e->n_character)
		add_character(e, e->character, e->n_character, c);
	else
		add(e, "?", 1);
	e->n_character = 0;
}

/* --- escape sequences --- */

static enum escape
after_escape(uint8_t c)
{
	if (c == '[')
		return ESCAPE_CSI;
	if (c == 'O' || c == 'N')
		return ESCAPE_SHIFT;
	if (c == KEY_ESCAPE || (c >= 0x20 && c < 0x30))
		return ESCAPE_FIRST;
	return strchr("]PX^_", c) ? ESCAPE_STRING : ESCAPE_NONE;
}

/* The state behind one byte of a sequence. ST is ESC \: its ESC leaves the string, the backslash is
 * swallowed. */
static enum escape
next_escape(enum escape state, uint8_t c)
{
	if (c == KEY_ESCAPE)
		return ESCAPE_FIRST;
	switch (state) {
	case ESCAPE_FIRST:
		return after_escape(c);
	case ESCAPE_CSI:
		if (c == '[')
			return ESCAPE_SHIFT;
		/* fall through */
	case ESCAPE_PARAMS:
		return c >= 0x20 && c < 0x40 ? ESCAPE_PARAMS : ESCAPE_NONE;
	case ESCAPE_STRING:
		return c == '\a' ? ESCAPE_NONE : ESCAPE_STRING;
	case ESCAPE_NONE:
	case ESCAPE_SHIFT:
		break;
	}
	return ESCAPE_NONE;
}

/* What a sequence may be made of. Control characters end one: an Enter always gets through. */
static bool
may_continue(enum escape state, int c)
{
	if (state == ESCAPE_STRING)
		return c >= ' ' || c == '\a';
	return state != ESCAPE_NONE && c >= ' ' && c < 0x80;
}

/* True when c belonged to an escape sequence. */
static bool
swallow(struct lineedit *e, int c)
{
	if (c != KEY_ESCAPE && !may_continue(e->escape, c)) {
		e->escape = ESCAPE_NONE;
		return false;
	}
	e->n_character = 0;
	e->escape = next_escape(e->escape, (uint8_t)c);
	return true;
}

/* --- reading --- */

static void
redraw(struct lineedit *e)
{
	show(e, "\n", 1);
	show_all(e);
}

/* A control character that does not end the line. */
static void
take_control(struct lineedit *e, int c)
{
	switch (c) {
	case KEY_BACKSPACE:
	case KEY_DELETE:
		erase_character(e);
		break;
	case KEY_KILL_LINE:
		kill_line(e);
		break;
	case KEY_KILL_WORD:
		kill_word(e);
		break;
	case KEY_REDRAW:
		redraw(e);
		break;
	case KEY_TAB:
		add(e, " ", 1);
		break;
	default:
		break;
	}
}

static int
end_line(struct lineedit *e)
{
	give_up_character(e);
	echo(e, "\n", 1);
	return e->too_long ? -EMSGSIZE : 1;
}

/* The line ends without being one. */
static int
drop_line(struct lineedit *e, int result)
{
	buf_clear(e->line);
	show(e, "\n", 1);
	return result;
}

enum { GO_ON = 2 };

/* GO_ON, or what lineedit_read() returns. */
static int
take_key(struct lineedit *e, int c)
{
	bool after_cr = e->after_cr;

	e->after_cr = false;
	if (swallow(e, c) || (c == '\n' && after_cr))
		return GO_ON;
	if (c >= 0x80) {
		take_high_byte(e, (char)c);
		return GO_ON;
	}
	if (c == '\r' || c == '\n') {
		e->after_cr = c == '\r';
		return end_line(e);
	}
	if (c == KEY_INTERRUPT)
		return drop_line(e, -ECANCELED);
	if (c == KEY_END && e->line->len == 0 && e->n_character == 0 && !e->too_long)
		return drop_line(e, 0);
	if (c < ' ' || c == KEY_DELETE) {
		take_control(e, c);
		return GO_ON;
	}
	give_up_character(e);
	add(e, &(char){ (char)c }, 1);
	return GO_ON;
}

int
lineedit_read(struct lineedit *e, const char *prompt, struct buf *line)
{
	int r = GO_ON;

	buf_clear(line);
	e->prompt = prompt;
	e->line = line;
	e->escape = ESCAPE_NONE;
	e->too_long = false;
	e->n_character = 0;
	show_all(e);
	while (r == GO_ON) {
		int c = e->ops->key(e->ctx);

		r = c < 0 ? drop_line(e, c) : take_key(e, c);
	}
	if (r < 0)
		buf_clear(line);
	e->line = NULL;
	e->prompt = NULL;
	return r;
}

void
lineedit_hide(struct lineedit *e)
{
	size_t width;

	if (!e->line)
		return;
	width = width_shown(e);
	if (!e->echo || (e->columns && width >= e->columns))
		show(e, "\n", 1);
	else
		wipe(e, width);
}

void
lineedit_restore(struct lineedit *e)
{
	if (e->line)
		show_all(e);
}
