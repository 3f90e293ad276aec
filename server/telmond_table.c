/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_table -- what some plugins make up together, before it is published: one table, with
 * notes about names that two of them have. Whoever is changing plugins.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "plugin.h"
#include "telmond_private.h"

/* ---- metrics that two plugins declare ---- */

struct named {
	const char *name;
	size_t plugin; /* its place in the table */
};

static int
by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : (x->plugin > y->plugin) - (x->plugin < y->plugin);
}

/* Sorted by name. xmalloc. */
static struct named *
list_metrics(const struct plugin_table *t, size_t *ret_n)
{
	struct named *list;
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++)
		n += t->plugins[i]->decl.n_metrics;
	list = xcalloc(n, sizeof(*list));
	n = 0;
	for (size_t i = 0; i < t->count; i++) {
		for (size_t j = 0; j < t->plugins[i]->decl.n_metrics; j++)
			list[n++] = (struct named){ t->plugins[i]->metrics[j].name, i };
	}
	if (n)
		qsort(list, n, sizeof(*list), by_name);
	*ret_n = n;
	return list;
}

struct clash {
	const char *name; /* the first of them */
	size_t other, n;
};

/* The exposition may have each name once: the first plugin's. */
static void
note_metrics(const struct plugin_table *t, struct buf *notes)
{
	_autofree_ struct clash *clashes = xcalloc(t->count, sizeof(*clashes));
	_autofree_ struct named *list = NULL;
	size_t n, first = 0;

	list = list_metrics(t, &n);
	for (size_t i = 1; i < n; i++) {
		struct clash *c = &clashes[list[i].plugin];

		if (strcmp(list[i].name, list[first].name) != 0)
			first = i;
		else if (c->n++ == 0)
			*c = (struct clash){ list[i].name, list[first].plugin, 1 };
	}
	for (size_t i = 0; i < t->count; i++) {
		if (!clashes[i].n)
			continue;
		buf_printf(notes, "plugin '%s': metric '%s'", t->plugins[i]->name, clashes[i].name);
		if (clashes[i].n > 1)
			buf_printf(notes, " (and %zu more)", clashes[i].n - 1);
		buf_printf(notes, " is also plugin '%s's: the exposition leaves it out here\n",
			   t->plugins[clashes[i].other]->name);
	}
}

/* ---- the table ---- */

/* Takes what was said of it for the table's notes. */
struct command_table *
telmond_table(struct telmond *d, const struct telmond_list *l)
{
	_autobuf_ struct buf notes = BUF_INIT(1 << 16);
	struct plugin_table *plugins = plugin_table_new(l->plugins, l->n, d->off, d->n_off);
	struct command_table *commands = command_table_new(d->builtins, d->n_builtins, plugins,
							   &notes);

	note_metrics(plugins, &notes);
	plugin_table_set_notes(plugins, buf_str(&notes));
	plugin_table_add_late(plugins, d->late.plugins, d->late.n);
	plugin_table_unref(plugins);
	return commands;
}

/* The next of them that is not among those that are known, NULL at the end; `at` is cut up. */
static const char *
next_note(char **at, const struct command_table *now)
{
	const char *known = now ? now->plugins->notes : NULL, *line;

	while ((line = strsep(at, "\n"))) {
		if (*line && (!known || !strstr(known, line)))
			return line;
	}
	return NULL;
}

void
telmond_table_log(const struct command_table *then, const struct command_table *now)
{
	_autofree_ char *text = xstrdup(then->plugins->notes ? then->plugins->notes : "");
	const char *line;

	for (char *at = text; (line = next_note(&at, now));)
		log_warnx("%s, ignoring", line);
}

void
telmond_table_compare(const struct command_table *then, const struct command_table *now,
		      const struct plugin *p, struct buf *why)
{
	_autofree_ char *text = xstrdup(then->plugins->notes ? then->plugins->notes : "");
	_autofree_ char *own = xasprintf("plugin '%s': ", p->name);
	const char *line;

	for (char *at = text; (line = next_note(&at, now));) {
		/* Values that nobody sees are a pity, a command is another one's. */
		if (!strstr(line, "': command '"))
			continue;
		if (strncmp(line, own, strlen(own)) != 0)
			buf_printf(why, "with '%s' loaded, ", p->name);
		buf_puts(why, line);
		return;
	}
}
