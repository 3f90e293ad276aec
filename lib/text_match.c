/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * text_match -- shell patterns, and the name that somebody probably meant. Both take input of a
 * peer's: the matcher goes back to the last star only, so its worst case is the product of the two
 * lengths, and the distance is computed for short words alone.
 */
#include <string.h>

#include "text.h"
#include "text_private.h"

enum { MAX_LETTERS = 64 };

/* Bytes of the character at s, which is not the end. */
static size_t
letter(const char *s)
{
	uint32_t c;
	size_t len = text_decode(s, strnlen(s, 4), &c);

	return len ? len : 1;
}

/* Past the class that opens at p, or NULL when it never closes: then [ is a letter. */
static const char *
class_end(const char *p)
{
	p++;
	if (*p == '!' || *p == '^')
		p++;
	/* A ] that stands first is a member. */
	if (*p == ']')
		p++;
	while (*p && *p != ']')
		p++;
	return *p ? p + 1 : NULL;
}

static bool
class_has(const char *p, const char *end, unsigned char c)
{
	bool negated = p[1] == '!' || p[1] == '^', found = false;

	for (p += negated ? 2 : 1; p < end - 1; p++) {
		unsigned char low = (unsigned char)*p, high = low;

		if (p[1] == '-' && p + 2 < end - 1) {
			high = (unsigned char)p[2];
			p += 2;
		}
		found = found || (c >= low && c <= high);
	}
	return found != negated;
}

/* Matches one element of the pattern against one character. Returns how many bytes of s it took,
 * 0 when it does not match; *ret_next is the pattern behind it. */
static size_t
match_one(const char *p, const char *s, const char **ret_next)
{
	const char *end;

	*ret_next = p + 1;
	if (*s == '\0')
		return 0;
	if (*p == '?')
		return letter(s);
	if (*p == '[' && (end = class_end(p))) {
		*ret_next = end;
		return class_has(p, end, (unsigned char)*s);
	}
	return *p == *s;
}

bool
text_glob(const char *pattern, const char *s)
{
	const char *star = NULL, *resume = NULL, *next = NULL;

	for (;;) {
		size_t len;

		if (*pattern == '*') {
			star = ++pattern;
			resume = s;
			continue;
		}
		if (*pattern == '\0' && *s == '\0')
			return true;
		len = *pattern ? match_one(pattern, s, &next) : 0;
		if (len) {
			pattern = next;
			s += len;
			continue;
		}
		/* The last star takes one more. */
		if (!star || *resume == '\0')
			return false;
		pattern = star;
		resume += letter(resume);
		s = resume;
	}
}

/* Letters to insert, drop, change or swap with their neighbour to make b of a. */
static unsigned
distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	unsigned rows[3][MAX_LETTERS + 1], *before = rows[0], *last = rows[1], *row = rows[2];

	for (unsigned j = 0; j <= n_b; j++)
		last[j] = j;
	for (unsigned i = 1; i <= n_a; i++) {
		unsigned *oldest = before;

		row[0] = i;
		for (unsigned j = 1; j <= n_b; j++) {
			unsigned best = last[j - 1] +
					(text_lower(a[i - 1]) != text_lower(b[j - 1]));

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[n_b];
}

const char *
text_nearest(const char *word, const char *const *names, size_t n)
{
	size_t letters = strlen(word);
	unsigned least = (unsigned)(letters / 3) + 1;
	const char *nearest = NULL;

	if (letters > MAX_LETTERS)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);
		unsigned d;

		if (len > MAX_LETTERS)
			continue;
		d = distance(word, letters, names[i], len);
		if (d < least) {
			least = d;
			nearest = names[i];
		}
	}
	return nearest;
}
