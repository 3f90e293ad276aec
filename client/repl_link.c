/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_link -- the prompt's daemon: told that a person is here, what the terminal can show and how
 * large it is. One that goes away is no reason to leave: the next line looks for it.
 */
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "repl_private.h"
#include "terminal.h"

int
repl_link_ask(struct repl *r, const char *line, struct buf *answer)
{
	const struct relay_watcher watcher = { .interrupted = repl_answer_interrupted, .ctx = r };
	int e, status;

	if (!r->talk)
		return -1;
	r->cancelled_ns = 0;
	repl_answer_watch(r);
	e = relay_ask(r->talk, line, answer, &watcher, &status);
	talk_set_watch(r->talk, -1, &r->waiting);
	if (e == 0)
		return status;
	repl_link_lost(r, e);
	return -1;
}

void
repl_link_close(struct repl *r)
{
	talk_free(r->talk);
	r->talk = NULL;
}

void
repl_link_lost(struct repl *r, int error)
{
	if (error == -EIO || error == -ECANCELED) {
		r->error = error;
		return;
	}
	repl_link_close(r);
	if (r->at_prompt)
		repl_note_say(r, "-- the connection was lost; the next line connects again\n");
	else
		contact_explain(error);
}

/* The same rule as the daemon's for telnet: terminals that are older than colours show none. */
static const char *
color_line(const struct repl *r)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	bool yes = r->ansi && !(no && *no) && !(term && strncmp(term, "vt", 2) == 0);

	return yes ? "/set color on" : "/set color off";
}

void
repl_link_prompt(struct repl *r)
{
	_autobuf_ struct buf answer = BUF_INIT(1 << 16), prompt = BUF_INIT(sizeof(r->prompt) - 1);
	const char *place = r->contact->place ? r->contact->place : "telmon";

	if (repl_link_ask(r, "/set prompt --json", &answer) >= 0 && answer.len &&
	    answer_setting(answer.data, answer.len, &prompt) == 0)
		snprintf(r->prompt, sizeof(r->prompt), "%s", buf_str(&prompt));
	else if (!r->prompt[0])
		snprintf(r->prompt, sizeof(r->prompt), "%.*s> ", 255, place);
}

/* Nobody reads keys while we connect: ^C is a signal then. A new window and ^Z have to wait. */
static bool
dial_again(struct repl *r)
{
	sigset_t mask = r->waiting;
	int ignored;

	sigaddset(&mask, SIGWINCH);
	sigaddset(&mask, SIGTSTP);
	terminal_keys(true);
	r->talk = contact_open(r->contact, &mask, &ignored);
	terminal_keys(false);
	if (repl_key_signals(r) < 0)
		repl_link_close(r);
	return r->talk != NULL;
}

bool
repl_link_open(struct repl *r)
{
	if (!r->talk && !dial_again(r))
		return false;
	talk_set_notes(r->talk, repl_note, r);
	talk_set_watch(r->talk, -1, &r->waiting);
	r->untold = true;
	if (repl_link_ask(r, "/set person on", NULL) < 0)
		return false;
	repl_window_look(r);
	repl_window_tell(r);
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		repl_link_ask(r, "/set charset ascii", NULL);
	repl_link_ask(r, color_line(r), NULL);
	if (r->talk)
		repl_link_prompt(r);
	return r->talk != NULL;
}
