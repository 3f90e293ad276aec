/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * exposition -- one line at a time: # HELP, # TYPE, or a sample with its labels. A time behind the
 * value is passed over: whoever reads knows when it asked.
 */
#include "exposition.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r");
}

static const char *
take_word(const char **at, struct arena *a)
{
	const char *s = skip_blanks(*at);
	size_t n = strcspn(s, " \t\r\n");

	*at = s + n;
	return n ? arena_strndup(a, s, n) : NULL;
}

/* ---- comments that say something ---- */

static enum telmon_kind
kind_of(const char *word)
{
	if (strcmp(word, "counter") == 0)
		return TELMON_COUNTER;
	return strcmp(word, "gauge") == 0 ? TELMON_GAUGE : TELMON_UNTYPED;
}

static bool
read_comment(const char *s, const char *end, struct arena *a, struct exposition_line *ret)
{
	const char *word = take_word(&s, a), *rest;

	if (!word || (strcmp(word, "HELP") != 0 && strcmp(word, "TYPE") != 0))
		return false;
	ret->type = *word == 'H' ? EXPOSITION_HELP : EXPOSITION_TYPE;
	ret->name = take_word(&s, a);
	s = skip_blanks(s);
	rest = arena_strndup(a, s, s < end ? (size_t)(end - s) : 0);
	if (!ret->name || !rest)
		return false;
	ret->help = rest;
	ret->kind = ret->type == EXPOSITION_TYPE ? kind_of(rest) : TELMON_UNTYPED;
	return true;
}

/* ---- samples ---- */

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == ':';
}

static const char *
take_name(const char **at, struct arena *a)
{
	const char *s = *at;

	while (is_name(**at))
		++*at;
	return *at > s ? arena_strndup(a, s, (size_t)(*at - s)) : NULL;
}

/* A value in quotes, in which a backslash says that the next one is meant. */
static const char *
take_value(const char **at, const char *end, struct arena *a)
{
	const char *s = *at;
	char *value, *to;

	if (*s != '"')
		return NULL;
	value = to = arena_alloc(a, (size_t)(end - s) + 1);
	for (s++; value && s < end && *s != '"'; s++) {
		if (*s == '\\' && s + 1 < end)
			s++, *to++ = *s == 'n' ? '\n' : *s;
		else
			*to++ = *s;
	}
	if (s >= end)
		return NULL;
	*at = s + 1;
	return value;
}

static bool
read_labels(const char **at, const char *end, struct arena *a, struct exposition_line *ret)
{
	const char *s = skip_blanks(*at + 1);

	while (s < end && *s != '}') {
		size_t n = ret->n_labels;

		if (n == EXPOSITION_MAX_LABELS || !(ret->labels[n] = take_name(&s, a)))
			return false;
		s = skip_blanks(s);
		if (*s++ != '=')
			return false;
		s = skip_blanks(s);
		ret->values[n] = take_value(&s, end, a);
		if (!ret->values[n])
			return false;
		ret->n_labels++;
		s = skip_blanks(s);
		if (*s == ',')
			s = skip_blanks(s + 1);
	}
	*at = s + 1;
	return s < end;
}

static bool
read_number(const char *word, double *ret)
{
	char *end;

	*ret = strtod(word, &end);
	/* No hexadecimal ones, and no NaN(...). */
	return end != word && *end == '\0' && !strpbrk(word, "xX(");
}

static bool
read_sample(const char *s, const char *end, struct arena *a, struct exposition_line *ret)
{
	const char *word;

	ret->type = EXPOSITION_SAMPLE;
	ret->name = take_name(&s, a);
	if (!ret->name)
		return false;
	s = skip_blanks(s);
	if (*s == '{' && !read_labels(&s, end, a, ret))
		return false;
	word = take_word(&s, a);
	return word && s <= end && read_number(word, &ret->value);
}

static void
take_wrong(const char *s, const char *end, struct arena *a, struct exposition_line *ret)
{
	size_t n = (size_t)(end - s);
	const char *text = arena_strndup(a, s, n < EXPOSITION_MAX_WRONG ? n : EXPOSITION_MAX_WRONG);

	*ret = (struct exposition_line){ .type = EXPOSITION_WRONG,
					 .help = "",
					 .name = text ? text : "?" };
}

bool
exposition_next(const char **at, struct arena *a, struct exposition_line *ret)
{
	while (**at) {
		const char *line = skip_blanks(*at), *end = line + strcspn(line, "\n");

		*at = *end ? end + 1 : end;
		*ret = (struct exposition_line){ .help = "" };
		if (line == end || (*line == '#' && !read_comment(line + 1, end, a, ret)))
			continue;
		if (*line != '#' && !read_sample(line, end, a, ret))
			take_wrong(line, end, a, ret);
		return true;
	}
	return false;
}
