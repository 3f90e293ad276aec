/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_pager_private -- the pager's state, what session_pager_text.c finds in its text, and the
 * prompt of session_pager_prompt.c.
 */
#ifndef SESSION_PAGER_PRIVATE_H
#define SESSION_PAGER_PRIVATE_H

#include "screen.h"
#include "session_private.h"

enum {
	PAGER_WORD_BYTES = 64,
	PAGER_NO_KEY = KEY_INVALID, /* something else happened that ends a wait */
};

struct pager {
	struct buf text;
	size_t at;	 /* of text: behind the last row that was shown or skipped */
	unsigned room;	 /* rows that the page still has */
	bool partial;	 /* the last row shown does not end its line */
	bool cut;	 /* what stood before the text is no longer kept */
	bool off;	 /* there is nobody to press keys: all goes through */
	bool met;	 /* the first prompt has been shown */
	bool searching;	 /* lines are passed over */
	size_t from;	 /* of text: where that began, to come back to */
	struct buf line; /* the prompt, or what is being typed there; empty: none is shown */
	bool typing;	 /* a word to look for: */
	struct buf typed;
	unsigned columns, lines; /* of the window when the page was drawn */
	int64_t drawn_ns;
	char word[PAGER_WORD_BYTES]; /* searched for */
	size_t n_word;
};

/* How many rows of an answer a page has. */
unsigned session_pager_rows(const struct session *s);
/* The row that begins at text[at]. */
struct screen_row session_pager_row(const struct session *s, size_t at);
/* Where the page begins whose last row ends at `at`. */
size_t session_pager_before(const struct session *s, size_t at, unsigned rows);
/* Gives the oldest text back, but not what is on the screen. */
void session_pager_forget(struct session *s);
/* Looks at one line behind the other; final: no more text comes. 1: p->at is where the one begins
 * that has the word; 0: at the end of what is here. */
int session_pager_find(struct pager *p, bool final);

/* Bytes to the peer, waiting for room. 0, -ECANCELED, -EPIPE, as all that follow. */
int session_pager_put(struct session *s, const char *bytes, size_t n);
/* Draws p->line where the prompt stands. */
int session_pager_line(struct session *s);
/* Makes p->line of what is said and the keys there are. */
int session_pager_prompt(struct session *s, const char *said);
/* Takes it away. */
int session_pager_wipe(struct session *s);
/* Waits for a key, or PAGER_NO_KEY: the window is another one, or there is nobody any more who
 * could press one (p->off). */
int session_pager_key(struct session *s);

#endif
