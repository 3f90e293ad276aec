/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_mangle -- stands between a plugin and the host's functions, through the table that
 * every callback is given, and makes files and lists what they should not be. So every file is
 * tried that the plugin reads, whatever it is. One plugin in a process, hence the one static
 * struct.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "telmon_plugin_private.h"

enum { HUGE_DIGITS = 40 };

static struct {
	enum mangle how;
	struct telmon_host ours;
	const struct telmon_host *theirs;
	int (*start)(struct telmon *);
	int (*collect)(struct telmon *);
	struct telmon_command *commands; /* as declared */
} one;

/* ---- files -------------------------------------------------------------------------------- */

static int
cut(struct telmon_file *f, char *text)
{
	f->size /= 2;
	text[f->size] = '\0';
	return 0;
}

/* The same on each run, so that a finding can be found again. Lines stay, more or less. */
static int
spoil(struct telmon_file *f, char *text)
{
	uint32_t random = 1;

	for (size_t i = 0; i < f->size; i++) {
		random = random * 1664525 + 1013904223;
		if (text[i] != '\n' && random >> 30 != 0)
			text[i] = (char)(random >> 16);
	}
	return 0;
}

/* Each digit becomes many nines. */
static int
blow_up(struct telmon *t, struct telmon_file *f)
{
	size_t digits = 0;
	char *to, *begin;

	for (size_t i = 0; i < f->size; i++)
		digits += f->text[i] >= '0' && f->text[i] <= '9';
	begin = to = one.theirs->alloc(t, f->size + digits * HUGE_DIGITS + 1);
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < f->size; i++) {
		if (f->text[i] < '0' || f->text[i] > '9') {
			*to++ = f->text[i];
			continue;
		}
		memset(to, '9', HUGE_DIGITS);
		to += HUGE_DIGITS;
	}
	f->text = begin;
	f->size = (size_t)(to - begin);
	return 0;
}

static int
mangle_file(struct telmon *t, struct telmon_file *f)
{
	char *text;

	if (one.how == MANGLE_HUGE)
		return blow_up(t, f);
	text = one.theirs->alloc(t, f->size + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, f->text, f->size);
	f->text = text;
	switch (one.how) {
	case MANGLE_EMPTY:
		*text = '\0';
		f->size = 0;
		return 0;
	case MANGLE_CUT:
		return cut(f, text);
	default:
		return spoil(f, text);
	}
}

static int
our_read(struct telmon *t, const char *path, struct telmon_file *ret)
{
	struct telmon_file f;
	int r;

	if (one.how == MANGLE_GONE)
		return -ENOENT;
	r = one.theirs->read(t, path, &f);
	if (r == 0)
		r = mangle_file(t, &f);
	if (r == 0)
		*ret = f;
	return r;
}

static int
our_list(struct telmon *t, const char *path, const char *const **ret_names)
{
	static const char *const none[] = { NULL };

	if (one.how == MANGLE_GONE)
		return -ENOENT;
	if (one.how != MANGLE_EMPTY)
		return one.theirs->list(t, path, ret_names);
	*ret_names = none;
	return 0;
}

static int
our_statfs(struct telmon *t, const char *path, struct telmon_statfs *ret)
{
	if (one.how == MANGLE_GONE)
		return -ENOENT;
	return one.theirs->statfs(t, path, ret);
}

static int
our_statfs_many(struct telmon *t, const char *const *paths, size_t n, struct telmon_statfs *ret,
		int *ret_errors)
{
	if (one.how != MANGLE_GONE)
		return one.theirs->statfs_many(t, paths, n, ret, ret_errors);
	for (size_t i = 0; i < n; i++)
		ret_errors[i] = -ENOENT;
	return 0;
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static void
make_table(const struct telmon_host *theirs)
{
	one.theirs = theirs;
	one.ours = *theirs;
	one.ours.read = our_read;
	one.ours.list = our_list;
	one.ours.statfs = our_statfs;
	one.ours.statfs_many = our_statfs_many;
}

static int
through(struct telmon *t, int (*callback)(struct telmon *))
{
	static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&first);
	if (!one.theirs)
		make_table(t->host);
	pthread_mutex_unlock(&first);
	t->host = &one.ours;
	return callback(t);
}

static int
our_start(struct telmon *t)
{
	return through(t, one.start);
}

static int
our_collect(struct telmon *t)
{
	return through(t, one.collect);
}

/* Which of the commands it is stands nowhere in the call, so each has a function of its own. */
enum { MAX_MANGLED = 16 };
#define EACH(X)                                                                                    \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define FUNCTIONS(n)                                                                               \
	static int view_##n(struct telmon *t)                                                      \
	{                                                                                          \
		return through(t, one.commands[n].view);                                           \
	}                                                                                          \
	static int run_##n(struct telmon *t)                                                       \
	{                                                                                          \
		return through(t, one.commands[n].run);                                            \
	}
EACH(FUNCTIONS)
#define ROW(n) { view_##n, run_##n },
static const struct {
	int (*view)(struct telmon *), (*run)(struct telmon *);
} functions[] = { EACH(ROW) };

void
mangle_plugin(struct plugin *plugin, enum mangle how)
{
	size_t n = plugin->decl.n_commands < MAX_MANGLED ? plugin->decl.n_commands : MAX_MANGLED;

	one.how = how;
	one.start = plugin->decl.start;
	one.collect = plugin->decl.collect;
	plugin->decl.start = one.start ? our_start : NULL;
	plugin->decl.collect = one.collect ? our_collect : NULL;
	one.commands = calloc(n + 1, sizeof(*one.commands));
	for (size_t i = 0; one.commands && i < n; i++) {
		one.commands[i] = plugin->commands[i];
		if (plugin->commands[i].view)
			plugin->commands[i].view = functions[i].view;
		else
			plugin->commands[i].run = functions[i].run;
	}
}
