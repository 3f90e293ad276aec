/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_terminal -- between libedit and the terminal database (libtinfo). Both were made for one
 * terminal in a process, so two of the database's functions are replaced by exporting them from the
 * program: libedit then finds these first. Each is called with the lock of lineedit_edit.c held.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "lineedit_editor_private.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int tgetent(char *space, const char *name);
EXPORTED int tputs(const char *text, int lines, int (*put)(int));

static void *
symbol(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* A name that is not found makes the database forget which terminal it read before, but not give
 * it back. */
static void
forget_terminal(void)
{
	static void *(*set)(void *);
	static int (*discard)(void *);
	void *before;

	if (!set || !discard) {
		*(void **)&set = symbol("set_curterm");
		*(void **)&discard = symbol("del_curterm");
	}
	before = set && discard ? set(NULL) : NULL;
	if (before)
		discard(before);
}

/* The database remembers what it read by the address of `space`, and frees it only when the same
 * one comes again: with libedit's, which differs from session to session, it would grow for ever.
 */
int
tgetent(char *space, const char *name)
{
	static char one[4096];
	static int (*real)(char *, const char *);
	int r;

	(void)space;
	if (!real)
		*(void **)&real = symbol("tgetent");
	r = real ? real(one, name) : -1;
	if (r <= 0)
		forget_terminal();
	return r;
}

/* Without the padding that some terminals of old needed: no network terminal does, and the
 * database's own function sleeps for it where the description says so. */
int
tputs(const char *text, int lines, int (*put)(int))
{
	const char *end;

	(void)lines;
	while (text && *text) {
		if (text[0] == '$' && text[1] == '<' && (end = strchr(text, '>')))
			text = end + 1;
		else
			put((unsigned char)*text++);
	}
	return 0;
}

/* xterm-kitty is an xterm, rxvt-unicode-256color an rxvt: what follows a hyphen only adds to it. */
int
lineedit_find_terminal(const char *name, char ret[TERMINAL_BYTES])
{
	char *hyphen;

	/* libedit edits nothing for emacs, which does so itself. */
	if (!*name || strlen(name) >= TERMINAL_BYTES || strcmp(name, "emacs") == 0)
		return -ENOTTY;
	strcpy(ret, name);
	while (tgetent(NULL, ret) <= 0) {
		hyphen = strrchr(ret, '-');
		if (!hyphen || hyphen == ret)
			return -ENOTTY;
		*hyphen = '\0';
	}
	return 0;
}
