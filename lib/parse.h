/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * parse -- the grammar of a command line: words, quotes, pipes, semicolons and --json.
 * Knows no command and no filter. Pure; memory comes from the caller's arena; no recursion on the
 * input.
 *
 * Blanks and tabs part words. '...' is literal; in "..." a backslash frees a quote or a backslash
 * and stays before anything else; elsewhere it frees any byte. Of several format options the last
 * one counts. A NUL byte is an error.
 */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "mem.h"

enum { PARSE_MAX_STAGES = 16, PARSE_MAX_WORDS = 64 };

enum parse_format { PARSE_AS_SET, PARSE_TEXT, PARSE_JSON, PARSE_CSV };

struct parse_word {
	char *text;  /* quotes and backslashes resolved */
	size_t at;   /* offset of its first byte in the line */
	bool quoted; /* some part was: never an option */
};

struct parse_stage {
	struct parse_word *words;
	size_t n_words; /* at least 1, at most PARSE_MAX_WORDS */
};

/* COMMAND [ARG...] [--json|--csv|--text] [| FILTER [ARG...]]... */
struct parse_command {
	struct parse_stage *stages[PARSE_MAX_STAGES];
	size_t n_stages;
	enum parse_format
		format;	  /* the format option, taken out of the words wherever it stood unquoted */
	size_t from, to;  /* the command's own text in the line, blanks around it left out */
	const char *text; /* the same without the format option: what a JSON head repeats */
};

/* Takes the next command of a line from *at on and moves *at behind it and its semicolon. Empty
 * commands are skipped. 1 and *ret; 0 at the end of the line; -EINVAL with a sentence in why
 * (unbalanced quote, empty stage after |, too many stages or words): *at is then behind the command
 * at fault, so the next one can still run, and of *ret only the format is good; -ENOMEM when the
 * arena is full. */
int parse_next(const char *line, size_t size, size_t *at, struct arena *arena,
	       struct parse_command **ret, struct buf *why);

/* Where the cursor stands, for completion: splits line[0..cursor) and tells which word is being
 * typed. Lenient: never fails. command is what stands before (the last word of its last stage is
 * the one being typed, maybe ""); past the limits the newest word or stage takes the place of the
 * one before. */
struct parse_place {
	struct parse_command
		*command;   /* the command at the cursor, cut at the cursor; NULL when empty */
	size_t stage;	    /* 0 = command, else filter */
	size_t word;	    /* index of the word being typed in that stage */
	size_t word_at;	    /* its offset in the line */
	const char *prefix; /* its text so far, quotes resolved */
	bool in_quotes;
};
/* 0, or -ENOMEM when the arena is full. */
int parse_place(const char *line, size_t cursor, struct arena *arena, struct parse_place *ret);

#endif
