/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_table -- what some plugins make up together, before it is published: one table, with
 * notes about names that two of them have. Whoever is changing plugins.
 */
#include <string.h>

#include "plugin.h"
#include "telmond_private.h"

/* Takes what was said of it for the table's notes. */
struct command_table *
telmond_table(struct telmond *d, const struct telmond_list *l)
{
	_autobuf_ struct buf notes = BUF_INIT(1 << 16);
	struct plugin_table *plugins = plugin_table_new(l->plugins, l->n, d->off, d->n_off);
	struct command_table *commands = command_table_new(d->builtins, d->n_builtins, plugins,
							   &notes);

	plugin_table_set_notes(plugins, buf_str(&notes));
	plugin_table_add_late(plugins, d->late.plugins, d->late.n);
	plugin_table_unref(plugins);
	return commands;
}

void
telmond_table_compare(const struct command_table *then, const struct command_table *now,
		      const struct plugin *p, struct buf *why)
{
	const char *notes = then->plugins->notes, *known = now->plugins->notes;
	_autofree_ char *text = xstrdup(notes ? notes : ""), *own = NULL;
	char *save = NULL;

	own = xasprintf("plugin '%s': ", p->name);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (known && strstr(known, line))
			continue;
		if (strncmp(line, own, strlen(own)) != 0)
			buf_printf(why, "with '%s' loaded, ", p->name);
		buf_puts(why, line);
		return;
	}
}
