/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * command -- the table of commands: rows of name, columns, arguments and what runs them. A command
 * gets a request and fills rows, or talks through a reply; never a session. Built-ins and plugins'
 * commands are rows alike.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host.h"
#include "parse.h"
#include "plugin.h"
#include "render.h"

enum command_kind { COMMAND_VIEW, COMMAND_RUN, COMMAND_BUILTIN };

enum {
	COMMAND_CHANGES = 1 << 0, /* changes the daemon: administrators only, never by prefix */
	COMMAND_STREAMS = 1 << 1, /* writes its own answers until it ends */
	COMMAND_PIPELINE =
		1 << 2,		/* takes the rest of the pipeline as its argument (watch, until) */
	COMMAND_WORDS = 1 << 3, /* takes its words as they are: no options (echo) */
};

/* Who asks, and how the answer shall look. Borrowed for the call. */
struct asker {
	bool person; /* a unique prefix of a name is enough */
	bool admin;
	bool live; /* the terminal understands cursor movement (ECMA-48) and its window is known:
		      a view may be drawn in place, and keys arrive one by one */
	struct render_options render;
	unsigned columns, lines; /* of the window; 0 = unknown */
};

struct request {
	const struct command *command;
	const struct asker *asker;
	const struct parse_command
		*parsed; /* with COMMAND_PIPELINE: stage 0 begins with the inner command */
	const struct host_arg *args; /* command->n_args of them */
	char *const *words;	     /* COMMAND_WORDS: all words after the name */
	size_t n_words;
};

/* The way back to whoever asks, made by the session (or a test). All may be called only on the
 * session's thread. */
struct reply {
	const struct reply_ops *ops;
	const struct asker *asker; /* as things are now: a window changes while a command runs */
	bool streaming; /* set by pipeline for a command that COMMAND_STREAMS: any key of a person's
			   ends it, not only ^C */
	bool keys;	/* set by a streaming command that wants the keys itself: only ^C ends it */
	/* Set by a streaming command that draws, for a live asker: what puts the terminal right
	 * again, sent when it ends in whatever way. Until then wait() tells of the window. */
	const char *restore;
	unsigned rows; /* above the cursor's that it has drawn: a note takes their place */
	bool full;     /* or the whole screen is its own: notes wait */
	bool noted;    /* and do, the session says */
};
struct reply_ops {
	/* Bytes of the answer. Waits for room. 0, -ECANCELED (key, ^C, /cancel), -EPIPE (hang-up).
	 */
	int (*text)(struct reply *, const char *bytes, size_t n);
	/* One round of a streaming answer is complete: send it now. As text. */
	int (*round)(struct reply *);
	/* An eventfd that ends wait() when it is written to; the session's own, always the same
	 * one. */
	int (*doorbell)(struct reply *);
	/* Sleeps until until_ns (CLOCK_MONOTONIC, -1 = never). A REPLY_ value, -ECANCELED, -EPIPE.
	 */
	int (*wait)(struct reply *, int64_t until_ns);
	/* The key that wait() told of (see key.h); -EAGAIN: none is here. */
	int (*key)(struct reply *);
	/* True while output waits for the peer: what is drawn now is seen late. */
	bool (*busy)(struct reply *);
};
enum {
	REPLY_TIME, /* until_ns is there */
	REPLY_BELL, /* the doorbell rang, and was cleared */
	REPLY_KEY,  /* with `keys`: one is here, and stays until key() takes it */
	REPLY_DRAW, /* with `restore`: the window is another one, or what was drawn is gone */
};

/* Fills rows (initialised with the command's columns), or streams. Returns 0, or a status of wire.h
 * (64 and up) with a sentence in why, or -ECANCELED, -EPIPE. */
typedef int command_exec_fn(void *env, const struct request *, struct rows *, struct reply *,
			    struct buf *why);

struct command {
	const char *name, *help;
	const struct telmon_column *columns;
	size_t n_columns;
	const struct telmon_arg *args;
	size_t n_args;
	enum command_kind kind;
	unsigned flags;
	struct plugin *plugin;		       /* VIEW, RUN */
	const struct telmon_command *callback; /* VIEW, RUN */
	command_exec_fn *exec;		       /* BUILTIN */
	void *env;
	/* BUILTIN whose columns depend on its arguments or the format: what exec will fill. NULL:
	 * always the columns above. */
	const struct telmon_column *(*columns_for)(const struct host_arg *args,
						   enum render_format format, size_t *ret_n);
};

/* Immutable, sorted by name; holds its plugins. */
struct command_table {
	_Atomic unsigned refs;
	struct plugin_table *plugins;
	size_t count;
	struct command commands[];
};

/* All built-ins and the commands of all plugins. A name that is taken already is left out; each one
 * is told to `refused`
 * ("plugin 'x': command 'cpu' is taken by plugin 'cpu'"), one line each, which the caller logs. */
struct command_table *command_table_new(const struct command *builtins, size_t n,
					struct plugin_table *plugins, struct buf *refused);
struct command_table *command_table_ref(struct command_table *t);
void command_table_unref(struct command_table *t);
/* Whether anybody but the caller holds it; of use for one that is published no more. */
bool command_table_is_shared(const struct command_table *t);
/* Exact, or by unique prefix if prefix is true (never for COMMAND_CHANGES). NULL with the error's
 * sentence in why: "no command 'cpuu' (did you mean 'cpu'? try help)", "'p' could be plugins,
 * pressure or process". */
const struct command *command_find(const struct command_table *t, const char *name, bool prefix,
				   struct buf *why);

/* The published table: readers take a reference, the loader swaps. Thread-safe (LOCK_REGISTRY). */
struct registry;
struct registry *registry_new(void);
void registry_free(struct registry *r);
struct command_table *registry_get(struct registry *r); /* a reference; never NULL once set */
void registry_set(struct registry *r, struct command_table *t); /* takes the reference */

/* Checks a command's words (after the name) against its args. ret_args has n_args room. 0, or
 * -EINVAL with why: "no option -x (usage: process [-n ROWS] [-s COLUMN] [PATTERN])". exact: names
 * of columns must be spelled out (scripts). Texts are borrowed from the words. */
int command_arguments(const struct command *c, const struct parse_word *words, size_t n, bool exact,
		      struct host_arg *ret_args, struct buf *why);
/* Appends "process [-n ROWS] [-s COLUMN] [PATTERN]". */
int command_usage(struct buf *out, const struct command *c);
/* Argument i is the one before it once more: a word that may be repeated stands in the table as
 * often as it may be given, and is described once. */
bool command_repeats(const struct command *c, size_t i);

#endif
