/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * command_find -- from a typed name to a row of the table, or to a sentence that helps. Names are
 * sorted, so those with one prefix stand together. Pure.
 */
#include <stdlib.h>
#include <string.h>

#include "command_private.h"
#include "mem.h"
#include "text.h"

enum { MAX_NAMED = 8, MAX_WORD_COLUMNS = 40 };

void
command_put_word(struct buf *out, const char *word)
{
	/* Cleaning may triple a byte; more than this would be cut anyway. */
	_autobuf_ struct buf clean = BUF_INIT(4096);

	text_clean(&clean, word, strnlen(word, 1024));
	buf_putc(out, '\'');
	text_fit(out, buf_str(&clean), clean.len, MAX_WORD_COLUMNS);
	buf_putc(out, '\'');
}

/* The first command whose name is not below `name`. */
static size_t
lower_bound(const struct command_table *t, const char *name)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(t->commands[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The next command from i on that a prefix may mean; t->count at the end. */
static size_t
next_match(const struct command_table *t, size_t i, const char *prefix, size_t n)
{
	for (; i < t->count && strncmp(t->commands[i].name, prefix, n) == 0; i++) {
		if (!(t->commands[i].flags & COMMAND_CHANGES))
			return i;
	}
	return t->count;
}

/* "'p' could be plugins, pressure or process". */
static void
say_ambiguous(const struct command_table *t, size_t first, size_t n_matches, const char *prefix,
	      struct buf *why)
{
	size_t n = strlen(prefix), shown = n_matches > MAX_NAMED ? MAX_NAMED : n_matches;
	size_t left = n_matches - shown;

	command_put_word(why, prefix);
	buf_puts(why, " could be ");
	for (size_t i = first, k = 0; k < shown; i = next_match(t, i + 1, prefix, n), k++) {
		if (k > 0)
			buf_puts(why, k + 1 == shown && left == 0 ? " or " : ", ");
		buf_puts(why, t->commands[i].name);
	}
	if (left > 0)
		buf_printf(why, " or one of %zu more", left);
}

/* What a wrong name may have meant: the only one that it begins, else the nearest by its
 * letters. */
static const char *
guess(const struct command_table *t, const char *name, size_t at)
{
	size_t n = strlen(name), i;
	const char **names, *nearest;

	if (n > 0 && at < t->count && strncmp(t->commands[at].name, name, n) == 0 &&
	    (at + 1 == t->count || strncmp(t->commands[at + 1].name, name, n) != 0))
		return t->commands[at].name;
	names = xcalloc(t->count, sizeof(*names));
	for (i = 0; i < t->count; i++)
		names[i] = t->commands[i].name;
	nearest = text_nearest(name, names, t->count);
	free(names);
	return nearest;
}

static void
say_unknown(const struct command_table *t, const char *name, size_t at, struct buf *why)
{
	const char *meant = guess(t, name, at);

	buf_puts(why, "no command ");
	command_put_word(why, name);
	if (meant)
		buf_printf(why, " (did you mean '%s'? try help)", meant);
	else
		buf_puts(why, " (try help)");
}

const struct command *
command_find(const struct command_table *t, const char *name, bool prefix, struct buf *why)
{
	size_t at = lower_bound(t, name), n = strlen(name), first, n_matches = 0;

	if (at < t->count && strcmp(t->commands[at].name, name) == 0)
		return &t->commands[at];
	first = prefix && n > 0 ? next_match(t, at, name, n) : t->count;
	for (size_t i = first; i < t->count; i = next_match(t, i + 1, name, n))
		n_matches++;
	if (n_matches == 1)
		return &t->commands[first];
	if (n_matches > 1)
		say_ambiguous(t, first, n_matches, name, why);
	else
		say_unknown(t, name, at, why);
	return NULL;
}
