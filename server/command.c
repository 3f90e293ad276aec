/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * command -- the table of commands and where it is published. A table is made whole, sorted, and
 * never changed; a loader makes another and swaps it, and whoever still holds the old one finds
 * everything in it alive. Looking up is in command_find.c, the words of a command in
 * command_arguments.c. Runs nothing. Any thread.
 */
#include "command.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"
#include "mem.h"

/* Words that every session understands without a slash: a command of that name could not be
 * reached. */
static const char *const session_words[] = { "quit", "exit" };

static bool
is_session_word(const char *name)
{
	for (size_t i = 0; i < sizeof(session_words) / sizeof(session_words[0]); i++) {
		if (strcmp(session_words[i], name) == 0)
			return true;
	}
	return false;
}

static const struct command *
find_among(const struct command *commands, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void
add(struct command_table *t, const struct command *c, const char *plugin, struct buf *refused)
{
	const struct command *other = find_among(t->commands, t->count, c->name);

	if (!other && !is_session_word(c->name)) {
		t->commands[t->count++] = *c;
		return;
	}
	buf_printf(refused, "plugin '%s': command '%s' is ", plugin, c->name);
	if (!other)
		buf_puts(refused, "a word of the session\n");
	else if (!other->plugin)
		buf_puts(refused, "built in\n");
	else
		buf_printf(refused, "taken by plugin '%s'\n", other->plugin->name);
}

static void
add_plugin(struct command_table *t, struct plugin *p, struct buf *refused)
{
	for (size_t i = 0; i < p->decl.n_commands; i++) {
		const struct telmon_command *callback = &p->commands[i];
		struct command c = {
			.name = callback->name,
			.help = callback->help,
			.columns = callback->columns,
			.n_columns = callback->n_columns,
			.args = callback->args,
			.n_args = callback->n_args,
			.kind = callback->view ? COMMAND_VIEW : COMMAND_RUN,
			.plugin = p,
			.callback = callback,
		};

		add(t, &c, p->name, refused);
	}
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct command *)a)->name, ((const struct command *)b)->name);
}

struct command_table *
command_table_new(const struct command *builtins, size_t n, struct plugin_table *plugins,
		  struct buf *refused)
{
	size_t n_plugins = plugins ? plugins->count : 0, room = n;
	struct command_table *t;

	for (size_t i = 0; i < n_plugins; i++)
		room += plugins->plugins[i]->decl.n_commands;
	t = xcalloc(1, sizeof(*t) + room * sizeof(t->commands[0]));
	atomic_init(&t->refs, 1);
	t->plugins = plugins ? plugin_table_ref(plugins) : NULL;
	if (n)
		memcpy(t->commands, builtins, n * sizeof(*builtins));
	t->count = n;
	for (size_t i = 0; i < n_plugins; i++)
		add_plugin(t, plugins->plugins[i], refused);
	qsort(t->commands, t->count, sizeof(t->commands[0]), by_name);
	return t;
}

struct command_table *
command_table_ref(struct command_table *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

bool
command_table_is_shared(const struct command_table *t)
{
	return atomic_load_explicit(&t->refs, memory_order_acquire) > 1;
}

void
command_table_unref(struct command_table *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	plugin_table_unref(t->plugins);
	free(t);
}

struct registry {
	struct lock lock;
	struct command_table *table; /* guarded by lock */
};

struct registry *
registry_new(void)
{
	struct registry *r = xcalloc(1, sizeof(*r));

	lock_init(&r->lock, LOCK_REGISTRY);
	return r;
}

void
registry_free(struct registry *r)
{
	if (!r)
		return;
	command_table_unref(r->table);
	lock_fini(&r->lock);
	free(r);
}

struct command_table *
registry_get(struct registry *r)
{
	struct command_table *t = NULL;

	LOCKED(&r->lock)
		t = r->table ? command_table_ref(r->table) : NULL;
	return t;
}

void
registry_set(struct registry *r, struct command_table *t)
{
	struct command_table *old = NULL;

	LOCKED(&r->lock) {
		old = r->table;
		r->table = t;
	}
	command_table_unref(old);
}
