/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_edit -- what keys do to the line where the editor's own functions do something else than the
 * daemon's prompt: words are letters and digits, ^W takes what the daemon calls a word, and what
 * was taken comes back by ^Y.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "repl_private.h"

/* --- places in the line --- */

static int
word_left(const LineInfoW *li)
{
	const wchar_t *at = li->cursor;

	while (at > li->buffer && !iswalnum((wint_t)at[-1]))
		at--;
	while (at > li->buffer && iswalnum((wint_t)at[-1]))
		at--;
	return (int)(li->cursor - at);
}

static int
word_right(const LineInfoW *li)
{
	const wchar_t *at = li->cursor;

	while (at < li->lastchar && !iswalnum((wint_t)*at))
		at++;
	while (at < li->lastchar && iswalnum((wint_t)*at))
		at++;
	return (int)(at - li->cursor);
}

static int
blank_left(const LineInfoW *li)
{
	const wchar_t *at = li->cursor;

	while (at > li->buffer && at[-1] == L' ')
		at--;
	while (at > li->buffer && at[-1] != L' ')
		at--;
	return (int)(li->cursor - at);
}

static int
all_left(const LineInfoW *li)
{
	return (int)(li->cursor - li->buffer);
}

static int
all_right(const LineInfoW *li)
{
	return (int)(li->lastchar - li->cursor);
}

/* --- moving and taking away --- */

/* So many characters before the cursor and behind it. */
static unsigned char
take(EditLine *el, int left, int right)
{
	struct repl *r = repl_of(el);
	const LineInfoW *li;
	size_t n = (size_t)left + (size_t)right;

	if (n == 0)
		return CC_REFRESH;
	el_cursor(el, right);
	li = el_wline(el);
	free(r->taken);
	r->taken = xcalloc(n + 1, sizeof(*r->taken));
	wmemcpy(r->taken, li->cursor - n, n);
	el_deletestr(el, (int)n);
	return CC_REFRESH;
}

static unsigned char
move_word_left(EditLine *el, wint_t key)
{
	(void)key;
	el_cursor(el, -word_left(el_wline(el)));
	return CC_CURSOR;
}

static unsigned char
move_word_right(EditLine *el, wint_t key)
{
	(void)key;
	el_cursor(el, word_right(el_wline(el)));
	return CC_CURSOR;
}

static unsigned char
take_word_left(EditLine *el, wint_t key)
{
	(void)key;
	return take(el, word_left(el_wline(el)), 0);
}

static unsigned char
take_word_right(EditLine *el, wint_t key)
{
	(void)key;
	return take(el, 0, word_right(el_wline(el)));
}

static unsigned char
take_blank_left(EditLine *el, wint_t key)
{
	(void)key;
	return take(el, blank_left(el_wline(el)), 0);
}

static unsigned char
take_line(EditLine *el, wint_t key)
{
	const LineInfoW *li = el_wline(el);

	(void)key;
	return take(el, all_left(li), all_right(li));
}

static unsigned char
take_rest(EditLine *el, wint_t key)
{
	(void)key;
	return take(el, 0, all_right(el_wline(el)));
}

static unsigned char
give_back(EditLine *el, wint_t key)
{
	struct repl *r = repl_of(el);

	(void)key;
	if (r->taken && el_winsertstr(el, r->taken) < 0)
		return CC_ERROR;
	return CC_REFRESH;
}

/* --- leaving the line --- */

static void
go_behind(EditLine *el)
{
	struct repl *r = repl_of(el);
	int right = all_right(el_wline(el));

	if (right == 0)
		return;
	repl_window_wipe(r, r->columns);
	el_cursor(el, right);
	el_set(el, EL_REFRESH);
}

/* ^C: the line goes, a fresh prompt comes. Its mark overwrites nothing of what can still be read.
 */
static unsigned char
drop_line(EditLine *el, wint_t key)
{
	struct repl *r = repl_of(el);

	(void)key;
	go_behind(el);
	fputs("^C", stdout);
	repl_window_below(r);
	r->dropped = true;
	return CC_NEWLINE;
}

static unsigned char
stop(EditLine *el, wint_t key)
{
	(void)key;
	repl_key_stop(repl_of(el));
	return CC_REFRESH;
}

static unsigned char
leave(EditLine *el, wint_t key)
{
	(void)key;
	repl_of(el)->leave = true;
	return CC_EOF;
}

static unsigned char
ignore(EditLine *el, wint_t key)
{
	(void)el;
	(void)key;
	return CC_NORM;
}

/* --- names and keys --- */

typedef const char *binding[2];

static void
bind_list(EditLine *el, const binding *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		el_set(el, EL_BIND, keys[i][0], keys[i][1], NULL);
}

static void
bind_ours(EditLine *el)
{
	static const binding keys[] = {
		{ "^I", "telmon-complete" }, { "?", "telmon-help" },	{ "^C", "telmon-drop" },
		{ "^Z", "telmon-stop" },     { "^\\", "telmon-leave" },
	};

	bind_list(el, keys, sizeof(keys) / sizeof(keys[0]));
}

void
repl_edit_bind_vi(EditLine *el)
{
	bind_ours(el);
	/* -a: while commands are typed. */
	el_set(el, EL_BIND, "-a", "^C", "telmon-drop", NULL);
	el_set(el, EL_BIND, "-a", "^Z", "telmon-stop", NULL);
	el_set(el, EL_BIND, "-a", "^\\", "telmon-leave", NULL);
}

static void
bind_emacs(EditLine *el)
{
	static const binding keys[] = {
		{ "^R", "em-inc-search-prev" },
		{ "^W", "telmon-kill-blank" },
		{ "^U", "telmon-kill-line" },
		{ "^K", "telmon-kill-rest" },
		{ "^Y", "telmon-yank" },
		{ "\\eb", "telmon-prev-word" },
		{ "\\ef", "telmon-next-word" },
		{ "\\ed", "telmon-kill-next-word" },
		{ "\\e^H", "telmon-kill-prev-word" },
		{ "\\e^?", "telmon-kill-prev-word" },
		{ "\\e[A", "ed-prev-history" },
		{ "\\e[B", "ed-next-history" },
		{ "\\e[C", "ed-next-char" },
		{ "\\e[D", "ed-prev-char" },
		{ "\\e[H", "ed-move-to-beg" },
		{ "\\e[F", "ed-move-to-end" },
		{ "\\e[2~", "telmon-ignore" },
		{ "\\e[3~", "ed-delete-next-char" },
		{ "\\e[5~", "telmon-ignore" },
		{ "\\e[6~", "telmon-ignore" },
		{ "\\e[1;5C", "telmon-next-word" },
		{ "\\e[1;5D", "telmon-prev-word" },
		{ "\\e[1;3C", "telmon-next-word" },
		{ "\\e[1;3D", "telmon-prev-word" },
		{ "\\e[3;5~", "telmon-kill-next-word" },
		{ "\\e[3;3~", "telmon-kill-next-word" },
	};

	bind_list(el, keys, sizeof(keys) / sizeof(keys[0]));
}

void
repl_edit_bind(EditLine *el)
{
	static const struct {
		const wchar_t *name, *help;
		unsigned char (*function)(EditLine *, wint_t);
	} functions[] = {
		{ L"telmon-complete", L"complete a word", repl_complete_tab },
		{ L"telmon-help", L"show what may stand here", repl_complete_help },
		{ L"telmon-drop", L"drop the line", drop_line },
		{ L"telmon-stop", L"stop, for the shell", stop },
		{ L"telmon-leave", L"leave at once", leave },
		{ L"telmon-ignore", L"do nothing", ignore },
		{ L"telmon-prev-word", L"move a word to the left", move_word_left },
		{ L"telmon-next-word", L"move a word to the right", move_word_right },
		{ L"telmon-kill-prev-word", L"take a word away", take_word_left },
		{ L"telmon-kill-next-word", L"take the next word away", take_word_right },
		{ L"telmon-kill-blank", L"take away up to a blank", take_blank_left },
		{ L"telmon-kill-line", L"take the line away", take_line },
		{ L"telmon-kill-rest", L"take the rest of the line away", take_rest },
		{ L"telmon-yank", L"give back what was taken away", give_back },
	};

	/* The wide form: the narrow one loses memory with each call. */
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		el_wset(el, EL_ADDFN, functions[i].name, functions[i].help, functions[i].function);
	bind_ours(el);
	bind_emacs(el);
}
