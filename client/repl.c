/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl -- reads a line with libedit, has it answered (repl_answer.c), again. One thread. Keys come
 * through repl_key.c, words through repl_complete.c; what it takes to have a daemon is in
 * repl_link.c. Only the files repl*.c know the editor.
 */
#include "repl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repl_private.h"
#include "terminal.h"
#include "wire.h"

struct repl *
repl_of(EditLine *el)
{
	void *r = NULL;

	el_get(el, EL_CLIENTDATA, &r);
	return r;
}

/* --- the editor --- */

static char *
get_prompt(EditLine *el)
{
	return repl_of(el)->prompt;
}

/* A name that is not in the database may begin with one that is: what follows a hyphen only adds.
 */
static void
choose_terminal(struct repl *r)
{
	const char *term = getenv("TERM");
	char *hyphen;

	snprintf(r->terminal, sizeof(r->terminal), "%s", term ? term : "dumb");
	while (el_set(r->el, EL_TERMINAL, r->terminal) < 0 &&
	       (hyphen = strrchr(r->terminal, '-')) != NULL)
		*hyphen = '\0';
}

/* A capability of the terminal, as the database has it; never NULL. */
static const char *
capability(EditLine *el, char *name)
{
	char *value = NULL;

	return el_get(el, EL_GETTC, name, &value) == 0 && value ? value : "";
}

/*
 * Rows that the terminal wraps by itself are joined again when the window changes, unlike those
 * that the editor ends: one kind is enough. (Terminals that wrap before there is another character
 * leave no choice.)
 */
static void
wrap_rows(EditLine *el)
{
	char am[] = "am", xn[] = "xn";

	if (strcmp(capability(el, xn), "yes") == 0)
		el_set(el, EL_SETTC, am, "no", NULL);
}

static int
open_editor(struct repl *r)
{
	char clear_line[] = "ce";

	r->history = history_init();
	/* Where the editor complains of terminals that it does not know. */
	r->complaints = fopen("/dev/null", "we");
	if (r->history && r->complaints)
		r->el = el_init("telmon", stdin, stdout, r->complaints);
	if (!r->el)
		return -ENOMEM;
	choose_terminal(r);
	wrap_rows(r->el);
	/* Keys keep their order, between two lines and around a ^C: no mode but the last one we
	 * leave behind makes a signal of any, or takes it for its own editing. */
	el_set(r->el, EL_SETTY, "-d", "-isig", NULL);
	el_set(r->el, EL_SETTY, "-x", "-isig", "-icanon", "-echo", "-iexten", "-icrnl", NULL);
	el_set(r->el, EL_CLIENTDATA, r);
	el_set(r->el, EL_EDITOR, "emacs");
	el_set(r->el, EL_PROMPT, get_prompt);
	el_set(r->el, EL_HIST, history, r->history);
	el_wset(r->el, EL_GETCFN, repl_key_get);
	repl_edit_bind(r->el);
	/* The person's own ~/.editrc has the last word. */
	el_source(r->el, NULL);
	if (repl_code_is_vi(r->el))
		repl_edit_bind_vi(r->el);
	/* What clears a line as ECMA-48 has it does the rest of that, too. */
	r->ansi = strstr(capability(r->el, clear_line), "\033[K") != NULL;
	repl_history_load(r);
	return 0;
}

static void
close_editor(struct repl *r)
{
	if (r->el)
		el_end(r->el);
	if (r->history)
		history_end(r->history);
	if (r->complaints)
		fclose(r->complaints);
	free(r->taken);
	terminal_suspend();
}

/* --- lines --- */

/* The next line, cut at its end; NULL when there is none any more. Valid until the next one. */
static const char *
read_line(struct repl *r, struct buf *line)
{
	const char *s;
	int n = 0;

	r->dropped = false;
	r->at_prompt = true;
	el_set(r->el, EL_PREP_TERM, 1);
	s = el_gets(r->el, &n);
	r->at_prompt = false;
	if (!r->dropped && (!s || n <= 0))
		return NULL;
	buf_clear(line);
	if (!r->dropped)
		buf_put(line, s, strcspn(s, "\r\n"));
	return buf_str(line);
}

static void
run_line(struct repl *r, const char *line)
{
	bool empty = line[strspn(line, " \t")] == '\0';

	if (!empty)
		repl_history_add(r, line);
	if (!r->talk && !r->dropped && repl_link_open(r))
		repl_note_say(r, "-- connected again\n");
	if (r->talk)
		repl_window_tell(r);
	if (!empty && r->talk)
		repl_answer(r, line);
	/* Short for /set will do. Whoever has given up on the daemon is not made to wait again. */
	if (r->talk && r->error == 0 && strstr(line, "/s"))
		repl_link_prompt(r);
}

int
repl(const struct contact *c)
{
	_autobuf_ struct buf buf = BUF_INIT(1 << 20);
	struct repl r = { .contact = c };
	int status = STATUS_OK;
	const char *line;

	r.talk = contact_open(c, NULL, &status);
	if (!r.talk)
		return status;
	buf_init(&r.notes, 1 << 16);
	terminal_open();
	repl_signal_catch(&r.waiting);
	r.error = open_editor(&r);
	terminal_keys(false);
	if (r.error == 0 && !repl_link_open(&r))
		status = STATUS_UNAVAILABLE;
	while (r.error == 0 && status == STATUS_OK && !r.leave) {
		line = read_line(&r, &buf);
		if (!line)
			repl_window_below(&r);
		if (!line || relay_is_leave(line))
			break;
		run_line(&r, line);
	}
	close_editor(&r);
	repl_link_close(&r);
	buf_fini(&r.notes);
	fflush(stdout);
	return r.error < 0 && !r.leave ? contact_explain(r.error) : status;
}
