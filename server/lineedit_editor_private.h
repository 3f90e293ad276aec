/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_editor_private -- what the files around libedit share, and no other. libedit keeps the
 * line and draws it; which key does what, history, search and completion are ours.
 *
 * libedit and the terminal database under it have process-wide state, so one lock is held whenever
 * a thread is inside; it is given up wherever something else is called. Functions here are called
 * with the lock held.
 */
#ifndef LINEEDIT_EDITOR_PRIVATE_H
#define LINEEDIT_EDITOR_PRIVATE_H

#include <histedit.h>
#include <stdio.h>
#include <wchar.h>

#include "lineedit_private.h"

enum { TERMINAL_BYTES = 48, OUT_BYTES = 256, PATTERN_BYTES = 256 };

/* What libedit asks a bound function for: CC_NORM, CC_REFRESH, CC_REDISPLAY, CC_ERROR (a beep). */
typedef unsigned char todo_fn(struct editor *ed);

struct editor {
	struct lineedit *e;
	EditLine *el;
	int master, slave; /* of the pseudo terminal whose modes and size libedit asks for */
	FILE *out;
	char out_space[OUT_BYTES];
	struct buf shown;	       /* drawn, and not given to ops->show yet */
	char terminal[TERMINAL_BYTES]; /* libedit keeps the pointer */
	unsigned columns, rows;	       /* as libedit knows them */
	char *killed;		       /* for ^Y; NULL = nothing */

	/* of the line that is being read */
	wchar_t *prompt;
	int result;	  /* what the line comes to */
	bool muted;	  /* what libedit draws is dropped */
	uint32_t keys[2]; /* that one byte made */
	size_t n_keys;
	todo_fn *todo; /* what the next call of the bound function does */
	uint32_t key;  /* for it */
	wchar_t next;  /* what libedit gets behind it; 0 = nothing */

	struct lineedit_cluster *clusters; /* that have a code */
	size_t n_clusters;

	wchar_t *held; /* the line while it is off the screen; else NULL */
	size_t held_cursor;
	struct buf below; /* a list to be shown below the line */

	const char *recalled; /* the line of history at hand; NULL = none */
	wchar_t *draft;	      /* the own line meanwhile */

	bool searching;
	bool failed;		   /* the pattern is nowhere */
	const char *found;	   /* NULL = nothing yet */
	const char *searched_from; /* what was recalled before */
	char pattern[PATTERN_BYTES];
	size_t n_pattern;
};

/* lineedit_edit.c */
/* Gives the lock up, and what was drawn to the session; takes the lock again. */
void lineedit_leave(struct editor *ed);
void lineedit_enter(struct editor *ed);
/* A todo_fn: takes prompt and line off the screen. They come again behind the list that waits, the
 * new window, or news. */
unsigned char lineedit_hide(struct editor *ed);
void lineedit_set_prompt(struct editor *ed, const char *prompt, size_t n);

/* lineedit_keys.c: the character that libedit shall have for a key; 0 = none. */
wchar_t lineedit_take_key(struct editor *ed, uint32_t key);
/* The same for something that libedit shall have done. */
wchar_t lineedit_do(struct editor *ed, todo_fn *todo);
/* The key comes again, before any other. */
void lineedit_again(struct editor *ed, uint32_t key);

/* lineedit_line.c: libedit's line, counted in characters. */
size_t lineedit_length(const struct editor *ed);
size_t lineedit_cursor(const struct editor *ed);
const wchar_t *lineedit_text(const struct editor *ed); /* valid until the line changes */
void lineedit_move(struct editor *ed, size_t to);
void lineedit_delete(struct editor *ed, size_t from, size_t to); /* leaves the cursor there */
void lineedit_insert(struct editor *ed, const wchar_t *text);
/* Puts text in the place of the whole line, the cursor behind it. */
void lineedit_replace(struct editor *ed, const wchar_t *text);
wchar_t *lineedit_copy(const struct editor *ed); /* xmalloc */
/* Whether so many more bytes fit into the line. */
bool lineedit_has_room(const struct editor *ed, size_t bytes);
/* Whether prompt and line, and a character more, are surely no higher than the window. */
bool lineedit_fits_window(const struct editor *ed);
wchar_t *lineedit_wide(struct editor *ed, const char *s, size_t n); /* xmalloc; s is UTF-8 */
int lineedit_narrow(const struct editor *ed, struct buf *out, const wchar_t *s, size_t n);
size_t lineedit_bytes(const struct editor *ed, const wchar_t *s, size_t n);
size_t lineedit_columns(const wchar_t *s, size_t n);

/* lineedit_cluster.c */
bool lineedit_is_mark(uint32_t c);
/* What stands in libedit's line for a character with its marks: itself, or a code. 0: it can have
 * none. */
wchar_t lineedit_cluster(struct editor *ed, const char *text, size_t n);
/* The same for what is there already and one more mark. */
wchar_t lineedit_cluster_add(struct editor *ed, wchar_t c, uint32_t mark);
/* And back: the text, in space or the editor's own, and its size. */
size_t lineedit_cluster_text(const struct editor *ed, wchar_t c, char space[4], const char **ret);
uint32_t lineedit_cluster_letter(const struct editor *ed, wchar_t c);
/* Shows what libedit has drawn. */
void lineedit_clusters_show(const struct editor *ed, const char *s, size_t n);
void lineedit_clusters_clear(struct editor *ed);

/* lineedit_recall.c: history. */
/* Puts that line in the place of the one at hand; NULL = the own one. */
void lineedit_recall(struct editor *ed, const char *line);
todo_fn lineedit_older, lineedit_newer, lineedit_oldest, lineedit_own;

/* lineedit_search.c */
todo_fn lineedit_search;
/* As lineedit_take_key(), while searching. */
wchar_t lineedit_search_key(struct editor *ed, uint32_t key);

/* lineedit_terminal.c */
/* The name in the terminal database that fits best. 0, or -ENOTTY. */
int lineedit_find_terminal(const char *name, char ret[TERMINAL_BYTES]);

#endif
