/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_terminal -- between libedit and the terminal database (libtinfo). Both were made for one
 * terminal in a process that has memory, so four of the database's functions are replaced by
 * exporting them from the program: libedit, and the database, then find these first. Each is called
 * with the lock of lineedit_edit.c held.
 */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "lineedit_editor_private.h"
#include "log.h"
#include "mem.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int tgetent(char *space, const char *name);
EXPORTED int tputs(const char *text, int lines, int (*put)(int));
EXPORTED void *_nc_doalloc(void *old, size_t size);
EXPORTED _Noreturn void _nc_err_abort(const char *format, ...);

enum { TRIES = 10, DESCRIPTION_BYTES = 64 << 10 /* more than one takes */ };

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

/* The database ends the process where it finds no memory. While it reads a description it is left
 * by a jump instead: what it had so far is lost, which is all that it holds. */
static jmp_buf no_memory;
static bool reads;

void
_nc_err_abort(const char *format, ...)
{
	(void)format;
	if (reads)
		longjmp(no_memory, 1);
	log_errx("out of memory (in the terminal database)");
	abort();
}

/* Its own function for what grows. */
void *
_nc_doalloc(void *old, size_t size)
{
	return xrealloc(old, size);
}

/* The database remembers what it read by the address of `space`, and frees it only when the same
 * one comes again: with libedit's, which differs from session to session, it would grow for ever.
 */
static int
read_description(const char *name)
{
	static char one[4096];
	static int (*real)(char *, const char *);
	int r;

	if (!real)
		*(void **)&real = symbol("tgetent");
	if (!real)
		return -1;
	if (setjmp(no_memory) == 0) {
		reads = true;
		r = real(one, name);
	} else {
		r = -ENOMEM;
	}
	reads = false;
	return r;
}

int
tgetent(char *space, const char *name)
{
	int r = -ENOMEM;

	(void)space;
	for (int tries = 0; r == -ENOMEM && tries < TRIES; tries++) {
		if (tries > 0)
			free(xmalloc(DESCRIPTION_BYTES)); /* there is some again */
		r = read_description(name);
	}
	if (r <= 0)
		forget_terminal();
	return r < 0 ? -1 : r;
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
