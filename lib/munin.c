/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * munin -- one line at a time.
 */
#include "munin.h"

#include <string.h>

static const char blanks[] = " \t\r";

/* The rest of a line without blanks around it. */
static const char *
take_rest(const char *s, const char *end, struct arena *a)
{
	s += strspn(s, blanks);
	while (end > s && strchr(blanks, end[-1]))
		end--;
	return arena_strndup(a, s, s < end ? (size_t)(end - s) : 0);
}

static bool
read_line(const char *s, const char *end, const char **graph, struct arena *a,
	  struct munin_line *ret)
{
	size_t n = strcspn(s, " \t\r\n");
	const char *dot = memchr(s, '.', n);
	const char *value = take_rest(s + n, end, a);

	if (n == 0 || *s == '#' || !value)
		return false;
	if (n == 10 && memcmp(s, "multigraph", n) == 0) {
		*graph = value;
		return false;
	}
	/* `graph_title` has no field; what begins with a dot, no name. */
	if (dot == s || (!dot && strncmp(s, "graph_", 6) != 0))
		return false;
	ret->graph = *graph;
	ret->field = dot ? arena_strndup(a, s, (size_t)(dot - s)) : "";
	ret->attribute = dot ? arena_strndup(a, dot + 1, n - (size_t)(dot + 1 - s))
			     : arena_strndup(a, s, n);
	ret->value = value;
	return ret->field && ret->attribute;
}

bool
munin_next(const char **at, const char **graph, struct arena *a, struct munin_line *ret)
{
	while (**at) {
		const char *line = *at, *end = line + strcspn(line, "\n");

		*at = *end ? end + 1 : end;
		line += strspn(line, blanks);
		if (line < end && read_line(line, end, graph, a, ret))
			return true;
	}
	return false;
}
