/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_private -- what the files repl*.c share.
 */
#ifndef REPL_PRIVATE_H
#define REPL_PRIVATE_H

#include <histedit.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>

#include "buf.h"
#include "key.h"
#include "mem.h"
#include "relay.h"
#include "repl.h"

struct repl {
	const struct contact *contact;
	struct talk *talk; /* NULL = the daemon is gone; the next line looks for it */
	EditLine *el;
	History *history;
	FILE *complaints;
	char terminal[64]; /* the editor keeps the pointer */
	char prompt[300];
	bool ansi;		/* the terminal does what ECMA-48 says */
	unsigned columns, rows; /* of the window; 0 = unknown */
	bool untold;		/* the daemon does not know of them yet */
	int error;		/* -EIO, -ECANCELED: why the prompt ends, once it does */
	bool at_prompt;
	bool dropped;	      /* ^C: the line that comes back is none */
	bool leave;	      /* a signal asked for the end */
	bool shown;	      /* the answer that runs has shown something */
	int64_t cancelled_ns; /* when /cancel was sent for it; 0 = not yet */
	char keys[4096];      /* read from the terminal and not taken */
	size_t n_keys, at_key;
	size_t n_ahead; /* of those the ones typed before the line that runs was sent */
	struct key_reader reader;
	wchar_t codes[16]; /* of keys: for the editor, and not taken */
	size_t n_codes;
	wchar_t *taken;	  /* by ^K and the like, for ^Y; NULL = nothing */
	struct buf notes; /* held back while text would spoil what the answer draws */
	sigset_t waiting; /* the mask while something is waited for */
};

/* repl_signal.c: what has happened since the last call; each is told once. */
enum {
	SIGNAL_INTERRUPT = 1 << 0,
	SIGNAL_WINDOW = 1 << 1,
	SIGNAL_STOP = 1 << 2,
	SIGNAL_LEAVE = 1 << 3
};
void repl_signal_catch(sigset_t *ret_waiting);
unsigned repl_signal_take(void);
/* Stops the process until somebody continues it. */
void repl_signal_stop(void);

/* repl_key.c: the editor's source of keys (EL_GETCFN); hears the daemon and signals as well. */
int repl_key_get(EditLine *el, wchar_t *ret);
/* Reads what was typed, as much as there is room for, without waiting, and acts on those keys, or
 * on all that wait, that are signals elsewhere. 1 = ^C, which takes along what was typed before it;
 * 0; -ECANCELED = leave. */
int repl_key_hear(struct repl *r, bool all);
/* Acts on all signals but SIGINT. 1 = that came; 0; -ECANCELED = leave. */
int repl_key_signals(struct repl *r);
/* Stops the process as ^Z does elsewhere, and comes back. */
void repl_key_stop(struct repl *r);

/* repl_code.c: the next of what the keys come to for the editor, which is a character or a part of
 * a sequence. False: nothing is here. */
bool repl_code_take(struct repl *r, wchar_t *ret);
/* True while a key may go on; when it has not for a while, it has ended. */
bool repl_code_is_begun(const struct repl *r);
void repl_code_end(struct repl *r);
bool repl_code_is_vi(EditLine *el); /* somebody's ~/.editrc says so */

/* repl_edit.c: gives functions their names, and keys their functions as emacs has them. */
void repl_edit_bind(EditLine *el);
/* Only those without which nobody gets by: vi's keys stand. */
void repl_edit_bind_vi(EditLine *el);

/* repl_note.c: a talk_note_cb: above the prompt, between the lines of an answer, or later. */
void repl_note(void *ctx, const char *text, size_t n);
/* A line of our own, at the same place. */
void repl_note_say(struct repl *r, const char *text);
/* Those that were held back. */
void repl_note_flush(struct repl *r);

/* repl_window.c: looks how large the window is, and tells the daemon when that has changed; what
 * can only be told between two lines, later. */
void repl_window_look(struct repl *r);
void repl_window_tell(struct repl *r);
/* Puts the cursor where the prompt began, everything from there on wiped. drawn: columns of the
 * window when the line was. */
void repl_window_wipe(struct repl *r, unsigned drawn);
/* Puts the cursor below the line that is being typed. */
void repl_window_below(struct repl *r);

/* repl_link.c: a daemon that knows who we are. False: there is none (said on stderr). */
bool repl_link_open(struct repl *r);
void repl_link_close(struct repl *r);
/* Asks what the prompt is. */
void repl_link_prompt(struct repl *r);
/* A line of our own; answer as relay_ask(). A status; -1 when there is no answer: the daemon is
 * gone, which the person then knows. */
int repl_link_ask(struct repl *r, const char *line, struct buf *answer);
/* The conversation has ended with this error: says so, or ends the prompt. */
void repl_link_lost(struct repl *r, int error);

/* repl_answer.c: sends a line, shows its answer, hands on keys meanwhile. */
void repl_answer(struct repl *r, const char *line);
/* For relay_watcher: acts on signals and keys while an answer is awaited. ctx is the repl. */
int repl_answer_interrupted(void *ctx);
/* Has talk_hear() look at the terminal, as long as there is room for keys. */
void repl_answer_watch(struct repl *r);

/* repl_complete.c: editor functions for Tab and ?. */
unsigned char repl_complete_tab(EditLine *el, wint_t key);
unsigned char repl_complete_help(EditLine *el, wint_t key);

/* repl_history.c */
void repl_history_load(struct repl *r);
void repl_history_add(struct repl *r, const char *line);

struct repl *repl_of(EditLine *el);

#endif
