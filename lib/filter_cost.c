/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter_cost -- reads an expression as TRE will, and adds up the automaton that it would make: its
 * states and the steps between them, with all counts multiplied out (Glushkov's construction, in
 * numbers only). One step costs about 3 ns for each character, and every state some stack, so both
 * are limited. What POSIX leaves open and TRE's own inventions (approximate matching, \Q, \x, (?,
 * back-references) are refused: their cost is another, and nobody who searches a table misses
 * them. The depth of nesting is a stack of our own, never the program's.
 */
#include <errno.h>
#include <string.h>

#include "filter_private.h"

enum {
	MAX_COST = 1000,
	MAX_COUNT = 255, /* as POSIX has it */
	MAX_DEPTH = FILTER_MAX_PATTERN_BYTES / 2 + 1,
	UNLIMITED = -1,
};

/* A part of the automaton. */
struct part {
	unsigned states;
	unsigned first, last; /* states it may begin and end with */
	unsigned steps;
	bool nullable; /* matches nothing, too */
};

struct group {
	struct part done; /* alternatives before the last | */
	bool has_done;
	struct part branch; /* what stands before `atom` */
	struct part atom;   /* what a count would repeat */
	bool has_atom;
};

struct reader {
	const wchar_t *at;
	struct buf *why;
	size_t depth;
	struct group groups[MAX_DEPTH];
};

static const struct part nothing = { .nullable = true };

static struct part
join(struct part a, struct part b)
{
	return (struct part){
		.states = a.states + b.states,
		.first = a.first + (a.nullable ? b.first : 0),
		.last = b.last + (b.nullable ? a.last : 0),
		.steps = a.steps + b.steps + a.last * b.first,
		.nullable = a.nullable && b.nullable,
	};
}

static struct part
either(struct part a, struct part b)
{
	return (struct part){
		.states = a.states + b.states,
		.first = a.first + b.first,
		.last = a.last + b.last,
		.steps = a.steps + b.steps,
		.nullable = a.nullable || b.nullable,
	};
}

static struct part
loop(struct part a)
{
	a.steps += a.last * a.first;
	return a;
}

static struct part
optional(struct part a)
{
	a.nullable = true;
	return a;
}

static bool
too_big(struct part a)
{
	return a.states > MAX_COST || a.steps + a.first + a.last > MAX_COST;
}

/* min copies, then what TRE makes of the rest: a loop, or a(a(a)?)? */
static struct part
repeat(struct part a, int min, int max)
{
	struct part head = nothing, tail = nothing;

	for (int i = 0; i < min && !too_big(head); i++)
		head = join(head, a);
	if (max == UNLIMITED)
		tail = optional(loop(a));
	for (int i = min; i < max && !too_big(tail); i++)
		tail = optional(join(a, tail));
	return join(head, tail);
}

static int
refuse(const struct reader *r, const char *sentence)
{
	buf_printf(r->why, "the expression %s", sentence);
	return -EINVAL;
}

static int
refuse_size(const struct reader *r)
{
	buf_printf(r->why, "the expression is too large, counts multiplied out (at most %d steps)",
		   MAX_COST);
	return -EINVAL;
}

/* The atom before is complete: no count comes any more. */
static void
end_atom(struct group *g)
{
	if (g->has_atom)
		g->branch = join(g->branch, g->atom);
	g->has_atom = false;
}

static void
end_branch(struct group *g)
{
	end_atom(g);
	g->done = g->has_done ? either(g->done, g->branch) : g->branch;
	g->has_done = true;
	g->branch = nothing;
}

static void
begin_group(struct group *g)
{
	*g = (struct group){ .branch = nothing };
}

/* An atom of so many alternative characters or ranges; 0 of them is an assertion, which is a state
 * for the compiler all the same. */
static void
put_atom(struct reader *r, unsigned ranges)
{
	struct group *g = &r->groups[r->depth];

	end_atom(g);
	g->atom = (struct part){
		.states = 1, .first = ranges, .last = ranges, .nullable = ranges == 0
	};
	g->has_atom = true;
}

/* [:alpha:] and its kin, r->at behind the [. The names are compared here because TRE takes any. */
static int
read_class(struct reader *r)
{
	static const wchar_t *const names[] = {
		L":alnum:]", L":alpha:]", L":blank:]", L":cntrl:]", L":digit:]", L":graph:]",
		L":lower:]", L":print:]", L":punct:]", L":space:]", L":upper:]", L":xdigit:]",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = wcslen(names[i]);

		if (wcsncmp(r->at, names[i], n) != 0)
			continue;
		r->at += n;
		return 0;
	}
	return refuse(r, "has an unknown class in [ ] (as in [[:alpha:]])");
}

static int
read_bracket(struct reader *r)
{
	const wchar_t *start = r->at + 1;
	/* An inverted one needs a range more than it names. */
	unsigned ranges = *start == L'^';

	start += *start == L'^';
	for (r->at = start; *r->at != L']' || r->at == start; ranges++) {
		if (*r->at == 0)
			return refuse(r, "has a [ that is never closed");
		if (r->at[1] == L'-' && r->at[2] != 0 && r->at[2] != L']') {
			r->at += 3;
			continue;
		}
		if (r->at[0] == L'[' && (r->at[1] == L'.' || r->at[1] == L'='))
			return refuse(r, "has [. or [= in [ ]");
		if (r->at[0] != L'[' || r->at[1] != L':') {
			r->at++;
			continue;
		}
		r->at++;
		if (read_class(r) < 0)
			return -EINVAL;
	}
	r->at++;
	put_atom(r, ranges);
	return 0;
}

static int
read_escape(struct reader *r)
{
	wchar_t c = *++r->at;

	if (c == 0)
		return refuse(r, "ends in a backslash");
	if (c >= L'0' && c <= L'9')
		return refuse(r, "has a back-reference: those are not supported");
	if (wcschr(L"bB<>", c)) {
		put_atom(r, 0);
	} else if (wcschr(L"wWsSdD", c)) {
		put_atom(r, 3);
	} else if ((c | 0x20) >= L'a' && (c | 0x20) <= L'z') {
		return refuse(r,
			      "has an unknown letter behind a backslash (known: w W s S d D b B)");
	} else {
		put_atom(r, 1);
	}
	r->at++;
	return 0;
}

/* Digits at r->at, or -1. More than any count may be stays more. */
static int
read_number(struct reader *r)
{
	int n = -1;

	for (; *r->at >= L'0' && *r->at <= L'9'; r->at++)
		if (n <= MAX_COUNT)
			n = (n < 0 ? 0 : n * 10) + (int)(*r->at - L'0');
	return n;
}

/* * + ? and {n}, {n,}, {n,m} */
static int
read_count(struct reader *r)
{
	struct group *g = &r->groups[r->depth];
	wchar_t c = *r->at++;
	int min = c == L'+', max = c == L'?' ? 1 : UNLIMITED;

	if (!g->has_atom)
		return refuse(r, "repeats nothing (put a backslash before the sign itself)");
	if (c != L'{') {
		if (c != L'?')
			g->atom = loop(g->atom);
		if (c != L'+')
			g->atom = optional(g->atom);
		return 0;
	}
	min = max = read_number(r);
	if (*r->at == L',') {
		r->at++;
		max = read_number(r);
	}
	if (*r->at != L'}' || min < 0)
		return refuse(r, "has a count that is not {N}, {N,} or {N,M} (\\{ is the sign)");
	r->at++;
	if (min > MAX_COUNT || max > MAX_COUNT)
		return refuse(r, "has a count above 255");
	if (max == 0 || (max != UNLIMITED && max < min))
		return refuse(r, "has a count that nothing fulfils");
	g->atom = repeat(g->atom, min, max);
	return 0;
}

static int
close_group(struct reader *r)
{
	struct group *inner = &r->groups[r->depth], *g = inner - 1;

	if (r->depth == 0)
		return refuse(r, "has a ) without its (");
	end_branch(inner);
	r->depth--;
	end_atom(g);
	g->atom = inner->done;
	/* Even an empty group is copied by counts. */
	if (g->atom.states == 0)
		g->atom.states = 1;
	g->has_atom = true;
	r->at++;
	return 0;
}

static int
open_group(struct reader *r)
{
	if (r->at[1] == L'?')
		return refuse(r, "has (? which is not supported");
	end_atom(&r->groups[r->depth]);
	begin_group(&r->groups[++r->depth]);
	r->at++;
	return 0;
}

static int
read_next(struct reader *r)
{
	switch (*r->at) {
	case L'(':
		return open_group(r);
	case L')':
		return close_group(r);
	case L'[':
		return read_bracket(r);
	case L'\\':
		return read_escape(r);
	case L'*':
	case L'+':
	case L'?':
	case L'{':
		return read_count(r);
	case L'|':
		end_branch(&r->groups[r->depth]);
		break;
	case L'^':
	case L'$':
		put_atom(r, 0);
		break;
	default:
		put_atom(r, 1);
	}
	r->at++;
	return 0;
}

int
filter_pattern_check(const wchar_t *expression, struct buf *why)
{
	struct reader r = { .at = expression, .why = why };

	begin_group(&r.groups[0]);
	while (*r.at) {
		struct group *g;

		/* Nested no deeper than half the bytes there are, if each is closed again. */
		if (r.depth + 1 == MAX_DEPTH)
			return refuse(&r, "is nested too deeply");
		if (read_next(&r) < 0)
			return -EINVAL;
		/* At each sign, so that numbers stay small. */
		g = &r.groups[r.depth];
		if (too_big(g->branch) || too_big(g->done) || (g->has_atom && too_big(g->atom)))
			return refuse_size(&r);
	}
	if (r.depth > 0)
		return refuse(&r, "has a ( that is never closed");
	end_branch(&r.groups[0]);
	if (too_big(r.groups[0].done))
		return refuse_size(&r);
	return 0;
}
