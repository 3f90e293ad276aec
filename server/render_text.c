/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * render_text -- a table for the eye: columns measured over all rows, numbers to the right, texts
 * to the left, two blanks between, no blank at the end of a line. In a window whose width is known,
 * columns are dropped by their priority, and then the widest texts shortened, until a row fits a
 * line. Rows are made twice, to measure and to write; nothing of them is kept between.
 */
#include <limits.h>
#include <string.h>

#include "render_private.h"
#include "text.h"

enum {
	BETWEEN = 2,	/* blanks between columns */
	LEAST_TEXT = 8, /* no text is shortened below this, */
	TINY_TEXT = 4,	/* unless rows would wrap */
	MAX_PAD = 512,	/* the widest window there is: past it nothing lines up, and one long cell
			   shall not stretch all rows */
	ELLIPSIS = 3,	/* columns of "...", which stands for it in ASCII */
};

static bool
is_right(const struct telmon_column *col)
{
	return col->type != TELMON_TEXT;
}

/* Bytes may be appended to a buf from itself once there is room: nothing moves then. */
static void
make_ascii(struct buf *text)
{
	size_t n = text->len;

	if (buf_reserve(text, n) == 0 && text_ascii(text, text->data, n) == 0)
		buf_consume(text, n);
}

static bool
has_high(const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if ((unsigned char)text->data[i] >= 0x80)
			return true;
	return false;
}

/* The cell as it is shown, but for its width. Returns its columns. */
static size_t
show_cell(const struct render *r, size_t row, size_t column, struct buf *text)
{
	buf_clear(text);
	cell_text(text, rows_cell(r->rows, row, column), &r->rows->columns[column]);
	if (r->options.ascii && has_high(text))
		make_ascii(text);
	return text_width(text->data ? text->data : "", text->len);
}

static size_t
show_heading(const struct render *r, size_t column, struct buf *text)
{
	buf_clear(text);
	text_clean(text, r->rows->columns[column].name, r->headings[column]);
	if (r->percent[column])
		buf_putc(text, '%');
	return text_width(text->data ? text->data : "", text->len);
}

/* Cuts a text that is wider than its column may be. */
static size_t
shorten(const struct render *r, struct buf *text, size_t columns)
{
	size_t n = text->len;

	if (r->options.ascii) {
		text->len = columns - ELLIPSIS;
		buf_puts(text, "...");
		return columns;
	}
	if (buf_reserve(text, n + 4) == 0 && text_fit(text, text->data, n, columns) == 0)
		buf_consume(text, n);
	return text_width(text->data, text->len);
}

/* Of two columns whose names differ only in the unit, a percentage is told by its sign; others keep
 * their full names. rows_column() reads what is chosen here. */
static void
choose_headings(struct render *r)
{
	const struct telmon_column *columns = r->rows->columns;
	unsigned lengths[RENDER_MAX_COLUMNS];
	bool percent[RENDER_MAX_COLUMNS];

	for (size_t i = 0; i < r->n_columns; i++) {
		lengths[i] = (unsigned)text_heading(columns[i].name);
		percent[i] = text_is_percent(columns[i].name);
	}
	for (size_t i = 0; i < r->n_columns; i++) {
		r->headings[i] = lengths[i];
		r->percent[i] = false;
		for (size_t k = 0; k < r->n_columns; k++) {
			if (k == i || lengths[k] != lengths[i] ||
			    memcmp(columns[k].name, columns[i].name, lengths[i]) != 0)
				continue;
			if (percent[k] == percent[i])
				r->headings[i] = (unsigned)strlen(columns[i].name);
			r->percent[i] = percent[i];
		}
		r->percent[i] &= r->headings[i] == lengths[i];
	}
}

/* text is what is so wide, or was to be. */
static void
widen(struct render *r, size_t column, size_t width, const struct buf *text)
{
	if (text->error)
		r->error = text->error;
	if (width > r->widths[column])
		r->widths[column] = width < UINT_MAX ? (unsigned)width : UINT_MAX;
}

/* Columns of a line in which no text is wider than max_text. */
static size_t
line_width(const struct render *r, size_t max_text)
{
	size_t total = 0;

	for (size_t i = 0; i < r->n_shown; i++) {
		size_t column = r->shown[i], width = r->widths[column];

		if (width > max_text && !is_right(&r->rows->columns[column]))
			width = max_text;
		total += width + (i ? BETWEEN : 0);
	}
	return total;
}

/* The place in shown[] of the column that goes first: the highest priority, and of those the last
 * one; n_shown if none may go. */
static size_t
least_wanted(const struct render *r)
{
	size_t found = r->n_shown;
	int highest = 1;

	for (size_t i = 0; i < r->n_shown; i++) {
		int priority = r->rows->columns[r->shown[i]].priority;

		if (priority < highest)
			continue;
		highest = priority;
		found = i;
	}
	return found;
}

/* The widest text column that may be shortened further, or -1; *ret_next is how far before it is as
 * wide as the next. */
static int
widest_text(const struct render *r, unsigned least, unsigned *ret_next)
{
	unsigned widest = least;
	int found = -1;

	*ret_next = least;
	for (size_t i = 0; i < r->n_shown; i++) {
		size_t column = r->shown[i];
		unsigned width = r->widths[column];

		if (is_right(&r->rows->columns[column]) || width <= *ret_next)
			continue;
		if (width > widest) {
			*ret_next = widest;
			widest = width;
			found = (int)column;
		} else {
			*ret_next = width;
		}
	}
	return found;
}

/* Shortens the widest texts, evenly, until a line fits. */
static void
shorten_texts(struct render *r, unsigned least)
{
	size_t over;
	unsigned next;
	int column;

	while ((over = line_width(r, SIZE_MAX)) > r->options.width &&
	       (column = widest_text(r, least, &next)) >= 0) {
		unsigned spare = r->widths[column] - next;

		over -= r->options.width;
		if (spare == 0)
			spare = 1;
		r->widths[column] -= over < spare ? (unsigned)over : spare;
	}
}

static void
fit(struct render *r)
{
	/* One long path or name shall not drive all other columns out: it is shortened first. */
	size_t width = r->options.width, at;
	size_t max_text = width / 3 > LEAST_TEXT ? width / 3 : LEAST_TEXT;

	while (r->n_shown > 1 && line_width(r, max_text) > width &&
	       (at = least_wanted(r)) < r->n_shown) {
		r->n_shown--;
		memmove(&r->shown[at], &r->shown[at + 1], r->n_shown - at);
	}
	/* Else two columns of a megabyte each would be shortened byte by byte. */
	max_text = width > LEAST_TEXT ? width : LEAST_TEXT;
	for (size_t i = 0; i < r->n_shown; i++)
		if (!is_right(&r->rows->columns[r->shown[i]]) && r->widths[r->shown[i]] > max_text)
			r->widths[r->shown[i]] = (unsigned)max_text;
	shorten_texts(r, LEAST_TEXT);
	shorten_texts(r, TINY_TEXT);
}

void
render_text_measure(struct render *r)
{
	_autobuf_ struct buf text = BUF_INIT(SIZE_MAX / 2);

	choose_headings(r);
	r->n_shown = r->n_columns;
	for (size_t i = 0; i < r->n_columns; i++) {
		r->shown[i] = (unsigned char)i;
		r->widths[i] = 0;
		if (!r->rows->plain)
			widen(r, i, show_heading(r, i, &text), &text);
	}
	for (size_t row = 0; row < r->rows->n_rows; row++)
		for (size_t i = 0; i < r->n_columns; i++)
			widen(r, i, show_cell(r, row, i, &text), &text);
	/* What is told in one plain column is told whole. */
	if (r->options.width && !(r->rows->plain && r->n_columns == 1))
		fit(r);
}

static const char red[] = "\033[31m", yellow[] = "\033[33m";

/* A column called verdict says itself how things are. */
static const char *
color_of_verdict(const struct telmon_column *col, const struct cell *c)
{
	if (c->type != CELL_TEXT || strcmp(col->name, "verdict") != 0)
		return NULL;
	if (strcmp(c->s, "critical") == 0)
		return red;
	return strcmp(c->s, "warning") == 0 ? yellow : NULL;
}

const char *
render_color(const struct telmon_column *col, const struct cell *c)
{
	/* Where little is bad, everything is the other way round. */
	double sign = col->crit < col->warn ? -1 : 1, v;

	if (col->warn == 0 && col->crit == 0)
		return color_of_verdict(col, c);
	if (c->type != CELL_INT && c->type != CELL_REAL)
		return NULL;
	v = c->type == CELL_INT ? (double)c->i : c->f;
	if (sign * v >= sign * col->crit)
		return red;
	return sign * v >= sign * col->warn ? yellow : NULL;
}

static const char *
color_of(const struct render *r, size_t row, size_t column)
{
	return r->options.color
		       ? render_color(&r->rows->columns[column], rows_cell(r->rows, row, column))
		       : NULL;
}

/* Puts text, which is `width` columns wide, as cell number `at` of a line. */
static void
put_cell(struct render *r, struct buf *out, struct buf *text, size_t width, size_t at,
	 const char *color)
{
	size_t column = r->shown[at];
	size_t target = r->widths[column] < MAX_PAD ? r->widths[column] : MAX_PAD;
	bool right = is_right(&r->rows->columns[column]);
	size_t pad;

	if (width > r->widths[column] && !right)
		width = shorten(r, text, r->widths[column]);
	pad = width < target ? target - width : 0;
	if (at)
		buf_pad(out, ' ', BETWEEN);
	if (right)
		buf_pad(out, ' ', pad);
	if (color)
		buf_puts(out, color);
	buf_put(out, text->data, text->len);
	if (color)
		buf_puts(out, "\033[0m");
	if (!right)
		buf_pad(out, ' ', pad);
	if (text->error)
		out->error = text->error;
}

static void
end_line(struct buf *out, size_t start)
{
	while (out->len > start && out->data[out->len - 1] == ' ')
		out->len--;
	buf_putc(out, '\n');
}

static void
text_head(struct render *r, struct buf *out)
{
	_autobuf_ struct buf text = BUF_INIT(SIZE_MAX / 2);
	size_t start = out->len;

	if (r->rows->plain)
		return;
	for (size_t i = 0; i < r->n_shown; i++)
		put_cell(r, out, &text, show_heading(r, r->shown[i], &text), i, NULL);
	end_line(out, start);
}

static void
text_rows(struct render *r, struct buf *out, size_t end)
{
	_autobuf_ struct buf text = BUF_INIT(SIZE_MAX / 2);

	for (; render_more(r, out, end); r->next_row++) {
		size_t start = out->len;

		for (size_t i = 0; i < r->n_shown; i++) {
			size_t column = r->shown[i];
			size_t width = show_cell(r, r->next_row, column, &text);

			put_cell(r, out, &text, width, i, color_of(r, r->next_row, column));
		}
		end_line(out, start);
	}
}

static void
text_tail(struct render *r, struct buf *out)
{
	(void)r;
	(void)out;
}

const struct render_writer render_text_writer = { text_head, text_rows, text_tail };
