/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_answer -- while an answer runs, keys go to the command that gives it, so that views can be
 * left, paged and sorted. Until it has shown something nobody can have meant it: what was typed by
 * then waits, and is the beginning of the next line if the answer ends first. Whatever the answer
 * draws, the terminal is put right at its end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "repl_private.h"
#include "terminal.h"
#include "wire.h"

enum {
	KEYS_AT_ONCE = 256,
	PATIENCE_NS = CLOCK_SECOND / 2, /* twice what the daemon takes to act on ^C */
};

/* --- while anything is awaited --- */

/* The daemon gets its chance to end the line; who asks again later than that wants to leave. */
static int
cancel(struct repl *r)
{
	int64_t now = clock_now();

	if (r->cancelled_ns && now > r->cancelled_ns + PATIENCE_NS)
		return -ECANCELED;
	if (!r->cancelled_ns)
		r->cancelled_ns = now;
	talk_hint(r->talk, "/cancel");
	return 0;
}

/* With no room left nothing is read, and what is not read must not be waited for. */
void
repl_answer_watch(struct repl *r)
{
	bool room = r->n_keys - r->at_key < sizeof(r->keys);

	talk_set_watch(r->talk, room ? STDIN_FILENO : -1, &r->waiting);
}

int
repl_answer_interrupted(void *ctx)
{
	struct repl *r = ctx;
	int signalled = repl_key_signals(r), typed = signalled < 0 ? 0 : repl_key_hear(r, false),
	    e = 0;

	if (signalled < 0 || typed < 0)
		return -ECANCELED;
	if (signalled || typed)
		e = cancel(r);
	repl_answer_watch(r);
	return e;
}

/* --- the answer --- */

/* What is typed behind a ^C is for the next line. */
static void
pass_keys(struct repl *r)
{
	size_t from = r->at_key + r->n_ahead;
	char line[sizeof("/key ") + 2 * KEYS_AT_ONCE];

	if (!r->shown || r->cancelled_ns)
		return;
	while (from < r->n_keys) {
		size_t n = r->n_keys - from < KEYS_AT_ONCE ? r->n_keys - from : KEYS_AT_ONCE;
		int at = snprintf(line, sizeof(line), "/key ");

		for (size_t i = 0; i < n; i++)
			at += snprintf(line + at, sizeof(line) - (size_t)at, "%02x",
				       (unsigned char)r->keys[from + i]);
		talk_hint(r->talk, line);
		from += n;
	}
	r->n_keys = r->at_key + r->n_ahead;
	repl_answer_watch(r);
}

static int
interrupted(void *ctx)
{
	int e = repl_answer_interrupted(ctx);

	if (e == 0)
		pass_keys(ctx);
	return e;
}

static int
show(void *ctx, const struct talk_part *part)
{
	struct repl *r = ctx;

	if (part->status >= STATUS_USAGE && part->status != STATUS_CANCELLED) {
		terminal_settle();
		fwrite(part->text, 1, part->size, stderr);
		return fflush(stderr) == 0 ? 0 : -EIO;
	}
	if (terminal_write(part->text, part->size) < 0)
		return -EIO;
	/* From here on it may be the person that the answer waits for. */
	if (part->type == WIRE_MORE) {
		r->shown = true;
		talk_set_silence(r->talk, 0);
	}
	pass_keys(r);
	return 0;
}

void
repl_answer(struct repl *r, const char *line)
{
	const struct relay_watcher watcher = { interrupted, show, r };
	int e = repl_key_hear(r, true), status;

	if (e < 0)
		return;
	/* Typed behind the line, it is for the line. */
	if (e > 0)
		raise(SIGINT);
	r->cancelled_ns = 0;
	r->shown = false;
	r->n_ahead = r->n_keys - r->at_key;
	terminal_keys(false);
	repl_answer_watch(r);
	e = relay(r->talk, line, strlen(line), &watcher, &status);
	talk_set_watch(r->talk, -1, &r->waiting);
	talk_set_silence(r->talk, r->contact->seconds);
	r->n_ahead = 0;
	terminal_settle();
	repl_note_flush(r);
	if (e < 0)
		repl_link_lost(r, e);
}
