/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * text -- the one sanitizer, and how wide a text is. Whatever came from the machine or a peer goes
 * through text_clean() before a terminal, a log or a format sees it, so a process that is named
 * after an escape sequence stays a name. Nearly all of it is printable ASCII, which is passed over
 * eight bytes at a time. Numbers are in text_number.c, quoting in text_quote.c, comparing in
 * text_match.c. Pure functions, any thread.
 */
#include "text.h"

#include <string.h>
#include <wchar.h>

enum { MAX_MARKS = 8 };

/* What nobody can see, or what turns the reading direction: a name that carries it looks like
 * another one. Sorted. Zero-width joiners go too: no name of a machine's needs them. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{ 0x00ad, 0x00ad },   /* soft hyphen */
	{ 0x034f, 0x034f },   /* grapheme joiner */
	{ 0x061c, 0x061c },   /* Arabic letter mark (bidi) */
	{ 0x115f, 0x1160 },   /* Hangul fillers */
	{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
	{ 0x180e, 0x180e },   /* Mongolian vowel separator */
	{ 0x200b, 0x200f },   /* zero width, directional marks */
	{ 0x2028, 0x202e },   /* line and paragraph separator, embeddings and overrides (bidi) */
	{ 0x2060, 0x206f },   /* word joiner, invisible operators, isolates (bidi), deprecated */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xfdd0, 0xfdef },   /* noncharacters */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xffa0, 0xffa0 },   /* halfwidth Hangul filler */
	{ 0xfff9, 0xfffb },   /* interlinear annotations */
	{ 0x1bca0, 0x1bca3 }, /* shorthand format controls */
	{ 0x1d173, 0x1d17a }, /* musical format controls */
	{ 0xe0000, 0xe0fff }, /* tags, more variation selectors */
};

/* Length of the printable ASCII at the start of s: the hot path of everything that walks a text. */
static size_t
plain_run(const char *s, size_t n)
{
	const uint64_t ones = 0x0101010101010101;
	size_t i = 0;
	uint64_t w;

	for (; i + 8 <= n; i += 8) {
		memcpy(&w, s + i, 8);
		/* The high bit appears in a byte past 0x7e or below 0x20; only such a byte borrows.
		 */
		if ((w | (w + ones) | (w - ones * 0x20)) & (ones * 0x80))
			break;
	}
	while (i < n && s[i] >= 0x20 && s[i] < 0x7f)
		i++;
	return i;
}

size_t
text_decode(const char *s, size_t n, uint32_t *ret)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	size_t len;
	uint32_t c;

	if (n == 0)
		return 0;
	if (u[0] < 0x80) {
		*ret = u[0];
		return 1;
	}
	len = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
	if (u[0] < 0xc2 || u[0] > 0xf4 || len > n)
		return 0;
	c = u[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < lowest[len] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*ret = c;
	return len;
}

/* A character past ASCII that may be shown as it is. */
static bool
can_show(uint32_t c)
{
	size_t low = 0, high = sizeof(unseen) / sizeof(unseen[0]);

	if (c < 0xa0 || (c & 0xfffe) == 0xfffe)
		return false;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c > unseen[middle].last)
			low = middle + 1;
		else if (c < unseen[middle].first)
			high = middle;
		else
			return false;
	}
	return true;
}

static size_t
width_of(uint32_t c)
{
	int w;

	if (c < 0x300)
		return 1;
	w = wcwidth((wchar_t)c);
	/* Newer than the C library's table: most are letters or signs. */
	return w < 0 ? 1 : (size_t)w;
}

/* Takes one character that is not printable ASCII, of *ret_len bytes. True when it stays. */
static bool
keep_next(const char *s, size_t n, unsigned *marks, size_t *ret_len)
{
	uint32_t c;
	size_t len = text_decode(s, n, &c);

	*ret_len = len ? len : 1;
	if (len < 2 || !can_show(c))
		return false;
	if (width_of(c) != 0) {
		*marks = 0;
		return true;
	}
	if (*marks == MAX_MARKS)
		return false;
	++*marks;
	return true;
}

/* Length of the stretch that needs no change, from *at on; *at moves behind it and the one
 * character or byte after it that must go (*ret_bad; false at the end). */
static size_t
clean_stretch(const char *s, size_t n, size_t *at, unsigned *marks, bool *ret_bad)
{
	size_t start = *at, len;

	*ret_bad = false;
	while (*at < n) {
		len = plain_run(s + *at, n - *at);
		if (len) {
			*at += len;
			*marks = 0;
			continue;
		}
		*ret_bad = !keep_next(s + *at, n - *at, marks, &len);
		*at += len;
		if (*ret_bad)
			return *at - len - start;
	}
	return n - start;
}

int
text_clean(struct buf *out, const char *s, size_t n)
{
	unsigned marks = 0;
	size_t at = 0;
	bool bad;

	if (plain_run(s, n) == n)
		return buf_put(out, s, n);
	while (at < n) {
		size_t start = at;
		size_t len = clean_stretch(s, n, &at, &marks, &bad);

		buf_put(out, s + start, len);
		if (bad)
			buf_putc(out, '?');
	}
	return out->error;
}

bool
text_is_clean(const char *s, size_t n)
{
	unsigned marks = 0;
	size_t at = 0;
	bool bad;

	clean_stretch(s, n, &at, &marks, &bad);
	return !bad;
}

int
text_ascii(struct buf *out, const char *s, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t start = at;
		uint32_t c;

		while (at < n && (unsigned char)s[at] < 0x80)
			at++;
		buf_put(out, s + start, at - start);
		if (at < n) {
			size_t len = text_decode(s + at, n - at, &c);

			at += len ? len : 1;
			buf_putc(out, '?');
		}
	}
	return out->error;
}

/* One character of a text that is taken as it comes: what is no UTF-8 counts a column a byte. */
static size_t
step(const char *s, size_t n, size_t *ret_width)
{
	uint32_t c;
	size_t len = text_decode(s, n, &c);

	*ret_width = len ? width_of(c) : 1;
	return len ? len : 1;
}

size_t
text_width(const char *s, size_t n)
{
	size_t at = plain_run(s, n), width = at, w;

	while (at < n) {
		at += step(s + at, n - at, &w);
		width += w;
	}
	return width;
}

int
text_fit(struct buf *out, const char *s, size_t n, size_t columns)
{
	size_t at = 0, cut = 0, width = 0, len, w;

	if (n <= columns && plain_run(s, n) == n)
		return buf_put(out, s, n);
	if (columns == 0)
		return out->error;
	/* cut follows one column behind, where the ellipsis would stand. Marks keep their letter.
	 */
	while (at < n) {
		len = step(s + at, n - at, &w);
		if (width + w > columns)
			break;
		width += w;
		at += len;
		if (width < columns)
			cut = at;
	}
	if (at == n)
		return buf_put(out, s, n);
	buf_put(out, s, cut);
	return buf_puts(out, "\xe2\x80\xa6");
}

size_t
text_heading(const char *column)
{
	/* The longer ones first: rx_bytes_per_s is rx. */
	static const char *const suffixes[] = {
		"_bytes_per_s", "_bits_per_s", "_per_s", "_percent", "_seconds", "_amperes",
		"_celsius",	"_bytes",      "_hertz", "_volts",   "_watts",	 "_s",
	};
	size_t len = strlen(column);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t tail = strlen(suffixes[i]);

		if (len > tail && strcmp(column + len - tail, suffixes[i]) == 0)
			return len - tail;
	}
	return len;
}

bool
text_is_percent(const char *column)
{
	return strcmp(column + text_heading(column), "_percent") == 0;
}
