/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_key -- where the prompt waits: for a key, for a note of the daemon, for a signal, whichever
 * comes first. The terminal is read here and not by the editor, because only so can the daemon be
 * heard while a line is being typed.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "repl_private.h"
#include "terminal.h"

enum { KEY_INTERRUPT = 'C' & 0x1f, KEY_STOP = 'Z' & 0x1f, KEY_QUIT = '\\' & 0x1f };

/* The other bytes of a sequence are here by then, or ESC was pressed. */
static const struct timespec rest_of_key = { .tv_nsec = 100000000 };

/* --- signals --- */

/* A view does not know that a shell had the terminal meanwhile: being told its window makes it draw
 * everything. */
void
repl_key_stop(struct repl *r)
{
	if (r->at_prompt) {
		repl_window_below(r);
		el_set(r->el, EL_PREP_TERM, 0);
	}
	terminal_suspend();
	repl_signal_stop();
	if (r->at_prompt) {
		el_set(r->el, EL_PREP_TERM, 1);
		el_set(r->el, EL_REFRESH);
	} else {
		terminal_resume();
		r->untold = true;
	}
	repl_window_look(r);
}

/* The editor does not know where the terminal has moved its rows to. */
static void
resize(struct repl *r)
{
	unsigned drawn = r->columns;

	repl_window_look(r);
	el_resize(r->el);
	if (r->at_prompt) {
		repl_window_wipe(r, drawn);
		el_set(r->el, EL_REFRESH);
	}
}

int
repl_key_signals(struct repl *r)
{
	unsigned signals = repl_signal_take();

	if (signals & SIGNAL_LEAVE) {
		r->leave = true;
		return -ECANCELED;
	}
	if (signals & SIGNAL_STOP)
		repl_key_stop(r);
	if (signals & SIGNAL_WINDOW)
		resize(r);
	return signals & SIGNAL_INTERRUPT ? 1 : 0;
}

/* --- keys --- */

/* Reads what was typed, as much as there is room for, without waiting. Negative: the terminal is
 * gone. */
static int
read_keys(struct repl *r)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n;

	memmove(r->keys, r->keys + r->at_key, r->n_keys - r->at_key);
	r->n_keys -= r->at_key;
	r->at_key = 0;
	if (r->n_keys == sizeof(r->keys) || poll(&p, 1, 0) <= 0)
		return 0;
	n = read(STDIN_FILENO, r->keys + r->n_keys, sizeof(r->keys) - r->n_keys);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	r->n_keys += (size_t)n;
	return n == 0 ? -1 : 0;
}

/* The key for it among those from `from` on, which it then takes with it, and what it takes away
 * besides that: keys before it. */
static bool
take_control(struct repl *r, size_t from, char control, bool all)
{
	const char *at = memrchr(r->keys + from, control, r->n_keys - from);
	size_t to = at ? (size_t)(at - r->keys) + 1 : 0;

	if (!at)
		return false;
	from = all ? 0 : to - 1;
	memmove(r->keys + from, r->keys + to, r->n_keys - to);
	r->n_keys -= to - from;
	if (all)
		r->n_ahead = 0;
	return true;
}

int
repl_key_hear(struct repl *r, bool all)
{
	size_t from = all ? 0 : r->n_keys - r->at_key;

	if (read_keys(r) < 0 || take_control(r, from, KEY_QUIT, false)) {
		r->leave = true;
		return -ECANCELED;
	}
	if (take_control(r, from, KEY_STOP, false))
		repl_key_stop(r);
	return take_control(r, from, KEY_INTERRUPT, true);
}

/* Waits for something to do and does what is no key. 0, or negative: the end. */
static int
wait_key(struct repl *r)
{
	struct pollfd p[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	/* First, because a note may have come along with the last answer. */
	int e = r->talk ? talk_notes(r->talk) : 0, n;

	if (e < 0)
		repl_link_lost(r, e);
	if (r->talk)
		p[1].fd = talk_fd(r->talk);
	n = ppoll(p, 2, repl_code_is_begun(r) ? &rest_of_key : NULL, &r->waiting);
	if (n < 0)
		return errno == EINTR ? 0 : -1;
	if (n == 0)
		repl_code_end(r);
	return p[0].revents ? read_keys(r) : 0;
}

/* 1 = a key, 0 or less = the end. */
int
repl_key_get(EditLine *el, wchar_t *ret)
{
	struct repl *r = repl_of(el);
	int n;

	for (;;) {
		*ret = KEY_INTERRUPT;
		n = repl_key_signals(r);
		if (n == 0)
			n = repl_code_take(r, ret);
		if (n == 0)
			n = wait_key(r);
		if (n != 0)
			return n > 0 ? 1 : 0;
	}
}
