/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl -- reads a line with libedit, relays it, again. The session is told that a person is here,
 * how wide the window is and what the terminal can show. One thread; keys come through repl_key.c,
 * words through repl_complete.c.
 */
#include "repl.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "clock.h"
#include "relay.h"
#include "repl_private.h"

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

/* ^C: the line goes, a fresh prompt comes. */
static unsigned char
drop_line(EditLine *el, wint_t key)
{
	(void)key;
	repl_of(el)->dropped = true;
	fputs("^C", stdout);
	fflush(stdout);
	return CC_NEWLINE;
}

static void
bind_keys(EditLine *el)
{
	static const char *const keys[][2] = {
		{ "^I", "telmon-complete" },	 { "?", "telmon-help" },
		{ "^C", "telmon-drop" },	 { "^R", "em-inc-search-prev" },
		{ "^W", "ed-delete-prev-word" }, { "\\e[3~", "ed-delete-next-char" },
		{ "\\e[1;5C", "em-next-word" },	 { "\\e[1;5D", "ed-prev-word" },
		{ "\\e[H", "ed-move-to-beg" },	 { "\\e[F", "ed-move-to-end" },
		{ "\\e[1~", "ed-move-to-beg" },	 { "\\e[4~", "ed-move-to-end" },
	};

	/* The wide form: the narrow one loses memory with each call. */
	el_wset(el, EL_ADDFN, L"telmon-complete", L"complete a word", repl_complete_tab);
	el_wset(el, EL_ADDFN, L"telmon-help", L"show what may stand here", repl_complete_help);
	el_wset(el, EL_ADDFN, L"telmon-drop", L"drop the line", drop_line);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		el_set(el, EL_BIND, keys[i][0], keys[i][1], NULL);
}

static int
open_editor(struct repl *r)
{
	r->history = history_init();
	r->el = el_init("telmon", stdin, stdout, stderr);
	if (!r->history || !r->el)
		return -ENOMEM;
	el_set(r->el, EL_CLIENTDATA, r);
	el_set(r->el, EL_EDITOR, "emacs");
	el_set(r->el, EL_PROMPT, get_prompt);
	el_set(r->el, EL_HIST, history, r->history);
	el_wset(r->el, EL_GETCFN, repl_key_get);
	bind_keys(r->el);
	/* The person's own ~/.editrc has the last word. */
	el_source(r->el, NULL);
	repl_history_load(r);
	return 0;
}

static void
close_editor(struct repl *r)
{
	if (r->history && r->el)
		repl_history_save(r);
	if (r->el)
		el_end(r->el);
	if (r->history)
		history_end(r->history);
}

/* --- the session --- */

static void
make_prompt(struct repl *r, const char *place)
{
	_autobuf_ struct buf answer = BUF_INIT(1 << 16), host = BUF_INIT(256);
	int status;

	r->error = relay_ask(r->talk, "version --json", &answer, &status);
	if (r->error < 0 || answer.len == 0 || answer_host(answer.data, answer.len, &host) < 0)
		buf_puts(&host, place);
	snprintf(r->prompt, sizeof(r->prompt), "%.*s> ", 255, buf_str(&host));
}

static int
introduce(struct repl *r, const char *place)
{
	int status;

	r->error = relay_ask(r->talk, "/set person on", NULL, &status);
	if (r->error == 0)
		r->error = repl_key_window(r);
	if (r->error == 0 && strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		r->error = relay_ask(r->talk, "/set charset ascii", NULL, &status);
	if (r->error == 0)
		make_prompt(r, place);
	return r->error;
}

/* While an answer is awaited. The second ^C, when the first one had its second, means that nobody
 * is there. */
static int
interrupt(void *ctx)
{
	struct repl *r = ctx;
	unsigned signals = repl_signal_take();

	if (signals & SIGNAL_LEAVE) {
		r->leave = true;
		return -ECANCELED;
	}
	if (signals & SIGNAL_STOP)
		repl_key_stop(r);
	if (!(signals & SIGNAL_INTERRUPT))
		return 0;
	if (r->cancelled_ns && clock_now() > r->cancelled_ns + CLOCK_SECOND)
		return -ECANCELED;
	if (!r->cancelled_ns)
		r->cancelled_ns = clock_now();
	return talk_say(r->talk, "/cancel", 7);
}

static void
run_line(struct repl *r, const char *line)
{
	int status;

	if (line[strspn(line, " \t")] == '\0')
		return;
	repl_history_add(r, line);
	r->cancelled_ns = 0;
	r->error = relay(r->talk, line, strlen(line), interrupt, r, &status);
	/* The terminal has shown the ^C where the cursor stood. */
	if (r->cancelled_ns)
		putchar('\n');
	if (r->error == 0)
		r->error = repl_key_window(r);
}

/* The next line, cut at its end; NULL when there is none any more. Valid until the next one. */
static char *
read_line(struct repl *r, struct buf *line)
{
	const char *s;
	int n = 0;

	r->dropped = false;
	r->at_prompt = true;
	/* The editor would show its prompt first: keys typed in between would be taken as those of
	 * a cooked terminal. */
	el_set(r->el, EL_PREP_TERM, 1);
	s = el_gets(r->el, &n);
	r->at_prompt = false;
	if (!r->dropped && (!s || n <= 0))
		return NULL;
	buf_clear(line);
	if (r->dropped)
		putchar('\n');
	else
		buf_put(line, s, strcspn(s, "\r\n"));
	buf_str(line);
	return line->data;
}

int
repl(struct talk *t, const char *place)
{
	_autobuf_ struct buf buf = BUF_INIT(1 << 20);
	struct repl r = { .talk = t };
	char *line;

	repl_signal_catch(&r.waiting);
	talk_set_notes(t, repl_key_note, &r);
	talk_set_signals(t, &r.waiting);
	if (introduce(&r, place) == 0)
		r.error = open_editor(&r);
	while (r.error == 0 && !r.leave) {
		line = read_line(&r, &buf);
		if (!line)
			putchar('\n');
		if (!line || relay_is_leave(line))
			break;
		run_line(&r, line);
	}
	close_editor(&r);
	talk_set_notes(t, NULL, NULL);
	talk_set_signals(t, NULL);
	fflush(stdout);
	return r.leave ? 0 : r.error;
}
