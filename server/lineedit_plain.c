/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_plain -- the plain line reader: keys in, one line out, echo on the way. The cursor
 * always stands at the end of the line, so all that happens on the screen is appending, and taking
 * back with "\b \b"; no terminal is too dumb for it. A line holds clean UTF-8 only: whole
 * characters, no controls. Keys without a character do nothing. Runs on the session's thread and
 * blocks only in ops->key.
 */
#include <errno.h>
#include <string.h>

#include "lineedit_private.h"
#include "text.h"

/* A base character with the marks that text_clean() lets stand on it. */
enum { CLUSTER_BYTES = 4 * (1 + 8 + 1) };

/* --- the screen --- */

static void
echo(struct lineedit *e, const char *text, size_t n)
{
	if (e->echo)
		lineedit_show(e, text, n);
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
	lineedit_show(e, e->prompt, strlen(e->prompt));
	lineedit_show(e, e->line->data, shown_line(e));
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
		lineedit_show(e, run, piece);
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
		lineedit_show(e, "\n", 1);
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
	buf_clear(e->line); /* it may have run out of memory */
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

/* Whether a character past ASCII may join a line that ends in these n bytes: a ninth combining mark
 * in a row would be replaced wherever the line is shown later. */
static bool
fits_cluster(const char *line, size_t n, uint32_t c)
{
	char tail[CLUSTER_BYTES + 4];
	size_t from = n > CLUSTER_BYTES ? n - CLUSTER_BYTES : 0, size;

	while (from < n && ((uint8_t)line[from] & 0xc0) == 0x80)
		from++;
	size = n - from;
	if (size)
		memcpy(tail, line + from, size);
	return text_is_clean(tail, size + key_encode(c, tail + size));
}

/* A whole character past ASCII. */
static void
add_character(struct lineedit *e, uint32_t c)
{
	char s[4];
	size_t n = key_encode(c, s);

	if (!text_is_clean(s, n))
		add(e, "?", 1);
	else if (fits_cluster(e->line->data, e->line->len, c))
		add(e, s, n);
}

/* --- reading --- */

static void
redraw(struct lineedit *e)
{
	lineedit_show(e, "\n", 1);
	show_all(e);
}

/* Shows a list below the line. */
static void
show_below(struct lineedit *e, const char *text, size_t n)
{
	lineedit_show(e, "\n", 1);
	lineedit_show(e, text, n);
	show_all(e);
}

static const char *
text_of(const struct lineedit *e)
{
	return e->line->data ? e->line->data : "";
}

/* Without echo the peer's terminal edits the line, and a Tab in it is a blank. */
static void
complete(struct lineedit *e)
{
	_autobuf_ struct buf out = BUF_INIT(LINEEDIT_MENU_BYTES);
	size_t from, n = e->line->len;

	if (!e->echo || e->pasting || !e->ops->complete || e->too_long) {
		add(e, " ", 1);
		return;
	}
	switch (lineedit_complete(e, text_of(e), n, n, &out, &from)) {
	case LINEEDIT_TEXT:
		/* Most often it only goes on. */
		if (out.len >= n - from && memcmp(text_of(e) + from, out.data, n - from) == 0) {
			add(e, out.data + (n - from), out.len - (n - from));
			break;
		}
		cut(e, from);
		add(e, out.data, out.len);
		break;
	case LINEEDIT_LIST:
		show_below(e, out.data, out.len);
		break;
	case LINEEDIT_NOTHING:
		break;
	}
}

/* True when the ? was a question. */
static bool
explain(struct lineedit *e)
{
	_autobuf_ struct buf out = BUF_INIT(LINEEDIT_MENU_BYTES);

	if (!e->echo || e->pasting || e->too_long ||
	    lineedit_explain(e, text_of(e), e->line->len, &out) == LINEEDIT_NOTHING)
		return false;
	show_below(e, out.data, out.len);
	return true;
}

/* A control character that does not end the line. */
static void
take_control(struct lineedit *e, uint32_t c)
{
	switch ((enum lineedit_control)c) {
	case LINEEDIT_BACKSPACE:
	case LINEEDIT_RUBOUT:
		erase_character(e);
		break;
	case LINEEDIT_KILL_LINE:
		kill_line(e);
		break;
	case LINEEDIT_KILL_WORD:
		kill_word(e);
		break;
	case LINEEDIT_REDRAW:
		redraw(e);
		break;
	case LINEEDIT_TAB:
		complete(e);
		break;
	default:
		break;
	}
}

/* Where the peer's terminal keeps the line to itself, a question is seen only with its Enter. */
static bool
was_question(struct lineedit *e)
{
	_autobuf_ struct buf out = BUF_INIT(LINEEDIT_MENU_BYTES);
	size_t n = e->line->len;

	if (e->echo || e->too_long || n == 0 || e->line->data[n - 1] != '?' ||
	    lineedit_explain(e, e->line->data, n - 1, &out) == LINEEDIT_NOTHING)
		return false;
	lineedit_show(e, out.data, out.len);
	return true;
}

static int
end_line(struct lineedit *e)
{
	echo(e, "\n", 1);
	if (e->line->error)
		return e->line->error;
	if (was_question(e))
		return -ECANCELED;
	return e->too_long ? -EMSGSIZE : 1;
}

/* The line ends without being one. */
static int
drop_line(struct lineedit *e, int result)
{
	buf_clear(e->line);
	lineedit_show(e, "\n", 1);
	return result;
}

enum { GO_ON = 2 };

/* GO_ON, or what lineedit_read() returns. */
static int
take_key(struct lineedit *e, uint32_t c)
{
	bool after_cr = e->after_cr;

	e->after_cr = c == '\r';
	if (c == '\n' && after_cr)
		return GO_ON;
	if (c == '\r' || c == '\n')
		return end_line(e);
	if (c == LINEEDIT_INTERRUPT)
		return drop_line(e, -ECANCELED);
	if (c == LINEEDIT_DELETE && e->line->len == 0 && !e->too_long)
		return drop_line(e, 0);
	if (c < ' ' || c == LINEEDIT_RUBOUT)
		take_control(e, c);
	else if (c == '?' && explain(e))
		return GO_ON;
	else if (c < 0x80)
		add(e, &(char){ (char)c }, 1);
	else if (c < KEY_INVALID)
		add_character(e, c);
	else if (c == KEY_INVALID)
		add(e, "?", 1);
	else if (c == KEY_PASTE_BEGIN || c == KEY_PASTE_END)
		e->pasting = c == KEY_PASTE_BEGIN;
	return GO_ON;
}

static int
take_byte(struct lineedit *e, int byte)
{
	uint32_t keys[2];
	size_t n = key_read(&e->keys, (uint8_t)byte, keys);
	int r = GO_ON;

	for (size_t i = 0; i < n && r == GO_ON; i++)
		r = take_key(e, keys[i]);
	return r;
}

static void
hide(struct lineedit *e)
{
	size_t width = width_shown(e);

	if (!e->echo || (e->columns && width >= e->columns))
		lineedit_show(e, "\n", 1);
	else
		wipe(e, width);
}

/* What -EAGAIN was for. A line of which only the end is ever touched stays as it is in a new
 * window. */
static void
take_news(struct lineedit *e)
{
	if (e->resized) {
		e->resized = false;
		return;
	}
	hide(e);
	e->ops->news(e->ctx);
	show_all(e);
}

static int
next_byte(struct lineedit *e)
{
	int pushed = e->pushed;

	e->pushed = -1;
	return pushed >= 0 ? pushed : e->ops->key(e->ctx);
}

int
lineedit_plain_read(struct lineedit *e)
{
	show_all(e);
	return lineedit_plain_go_on(e);
}

int
lineedit_plain_go_on(struct lineedit *e)
{
	int r = GO_ON;

	while (r == GO_ON) {
		int c = next_byte(e);

		if (c == -EAGAIN)
			take_news(e);
		else
			r = c < 0 ? drop_line(e, c) : take_byte(e, c);
	}
	return r;
}
