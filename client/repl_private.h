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
#include <wchar.h>

#include "buf.h"
#include "repl.h"

struct repl {
	struct talk *talk;
	EditLine *el;
	History *history;
	char prompt[300];
	unsigned columns; /* of the window; 0 = unknown */
	int error;	  /* why the conversation ended, once it did */
	bool at_prompt;
	bool dropped;	      /* ^C: the line that comes back is none */
	bool leave;	      /* a signal asked for the end */
	int64_t cancelled_ns; /* when /cancel was sent for the running line; 0 = not yet */
	char keys[256];	      /* read from the terminal and not taken */
	size_t n_keys, at_key;
	mbstate_t decoder;
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
/* A talk_note_cb: above the prompt, or between the lines of an answer. */
void repl_key_note(void *ctx, const char *text, size_t n);
/* Tells the daemon the window's width if it is another one. */
int repl_key_window(struct repl *r);
/* Stops the process as ^Z does, and comes back. */
void repl_key_stop(struct repl *r);

/* repl_complete.c: editor functions for Tab and ?. */
unsigned char repl_complete_tab(EditLine *el, wint_t key);
unsigned char repl_complete_help(EditLine *el, wint_t key);

/* repl_history.c */
void repl_history_load(struct repl *r);
void repl_history_add(struct repl *r, const char *line);
void repl_history_save(struct repl *r);

struct repl *repl_of(EditLine *el);

#endif
