/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * fuzz_parse -- any bytes as a line. What must hold: every call moves on, no limit is passed, an
 * error has its sentence, a command's text reads as the same command once more, and completion
 * takes every line.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "parse.h"

/* A cursor further from the end is the end of another input. */
enum { LAST_CURSORS = 4 };

static void
check_command(const struct parse_command *c, size_t size)
{
	MUST(c->n_stages >= 1 && c->n_stages <= PARSE_MAX_STAGES);
	MUST(c->from < c->to && c->to <= size);
	for (size_t i = 0; i < c->n_stages; i++) {
		const struct parse_stage *s = c->stages[i];

		MUST(s->n_words >= 1 && s->n_words <= PARSE_MAX_WORDS);
		for (size_t k = 0; k < s->n_words; k++) {
			MUST(s->words[k].at <= size);
			MUST(strlen(s->words[k].text) <= size);
		}
	}
}

/* Only quotes make a word of nothing. */
static void
check_words(const struct parse_command *c)
{
	for (size_t i = 0; i < c->n_stages; i++)
		for (size_t k = 0; k < c->stages[i]->n_words; k++)
			MUST(c->stages[i]->words[k].quoted || *c->stages[i]->words[k].text);
}

static void
check_same(const struct parse_command *a, const struct parse_command *b)
{
	MUST(b->format == PARSE_AS_SET && a->n_stages == b->n_stages);
	MUST(strcmp(a->text, b->text) == 0);
	for (size_t i = 0; i < a->n_stages; i++) {
		MUST(a->stages[i]->n_words == b->stages[i]->n_words);
		for (size_t k = 0; k < a->stages[i]->n_words; k++) {
			MUST(strcmp(a->stages[i]->words[k].text, b->stages[i]->words[k].text) == 0);
			MUST(a->stages[i]->words[k].quoted == b->stages[i]->words[k].quoted);
		}
	}
}

static void
check_text(const struct parse_command *c, struct arena *arena)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct parse_command *again;
	size_t at = 0;

	MUST(parse_next(c->text, strlen(c->text), &at, arena, &again, &why) == 1);
	check_same(c, again);
	MUST(parse_next(c->text, strlen(c->text), &at, arena, &again, &why) == 0);
}

static void
check_line(const char *line, size_t size, struct arena *arena)
{
	_autobuf_ struct buf why = BUF_WHY;
	size_t at = 0;

	for (;;) {
		struct parse_command *c;
		size_t before = at;
		int r;

		buf_clear(&why);
		r = parse_next(line, size, &at, arena, &c, &why);
		MUST(at <= size);
		if (r == 0)
			break;
		MUST(at > before);
		MUST(r == 1 || (r == -EINVAL && why.len > 0 && !why.error));
		if (r < 0)
			continue;
		check_command(c, size);
		check_words(c);
		check_text(c, arena);
	}
}

static void
check_cursor(const char *line, size_t cursor, struct arena *arena)
{
	struct parse_place p;
	const struct parse_stage *s;

	MUST(parse_place(line, cursor, arena, &p) == 0);
	MUST(p.word_at <= cursor);
	if (!p.command)
		return;
	check_command(p.command, cursor);
	MUST(p.stage == p.command->n_stages - 1);
	s = p.command->stages[p.stage];
	MUST(p.word == s->n_words - 1 && strcmp(p.prefix, s->words[p.word].text) == 0);
}

/* The same in an arena that is too small may fail, but only in its own way. */
static void
check_small_arena(const char *line, size_t size)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct parse_command *c;
	struct parse_place p;
	struct arena arena;
	size_t at = 0;
	int r;

	arena_init(&arena, size % 512);
	r = parse_next(line, size, &at, &arena, &c, &why);
	MUST(r == 0 || r == 1 || r == -EINVAL || r == -ENOMEM);
	r = parse_place(line, size, &arena, &p);
	MUST(r == 0 || r == -ENOMEM);
	arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data;
	struct arena arena;

	if (size > 4096)
		return 0;
	arena_init(&arena, 0);
	check_line(line, size, &arena);
	for (size_t cursor = size > LAST_CURSORS ? size - LAST_CURSORS : 0; cursor <= size;
	     cursor++) {
		arena_clear(&arena);
		/* Between the parts of a character too: a cursor is a byte. */
		check_cursor(line, cursor, &arena);
	}
	arena_fini(&arena);
	check_small_arena(line, size);
	return 0;
}
