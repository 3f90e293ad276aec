/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugin_check -- reads a declaration as the object's own header laid it out, makes it today's size
 * and refuses what the rest of the daemon relies on not to happen. Texts stay the object's, which
 * is never unmapped. Knows no file and no linker. The sentences name the command and the member,
 * because they are read by whoever has just written the plugin.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "plugin_private.h"
#include "text.h"

enum { MAX_SECONDS = 7 * 24 * 3600 };

#define END_OF(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* ---- sizes -------------------------------------------------------------------------------- */

/* The oldest header had all of today's members up to `least`; ours is `ours` bytes long. */
static int
check_size(const char *what, size_t size, size_t least, size_t ours, struct buf *why)
{
	if (size >= least && size <= ours && size % _Alignof(void *) == 0)
		return 0;
	buf_printf(why,
		   "its %s has %zu bytes, where this daemon knows %zu (begin it with "
		   "TELMON_PLUGIN_HEAD)",
		   what, size, ours);
	return -1;
}

static int
check_sizes(const struct telmon_plugin *p, struct buf *why)
{
	if (check_size("struct telmon_plugin", p->size, offsetof(struct telmon_plugin, metrics),
		       sizeof(*p), why) < 0 ||
	    check_size("struct telmon_metric", p->size_metric, END_OF(struct telmon_metric, unit),
		       sizeof(struct telmon_metric), why) < 0 ||
	    check_size("struct telmon_column", p->size_column, END_OF(struct telmon_column, unit),
		       sizeof(struct telmon_column), why) < 0 ||
	    check_size("struct telmon_arg", p->size_arg, END_OF(struct telmon_arg, type),
		       sizeof(struct telmon_arg), why) < 0)
		return -1;
	return check_size("struct telmon_command", p->size_command,
			  END_OF(struct telmon_command, run), sizeof(struct telmon_command), why);
}

/* Copies an element that its own header made `size` bytes long; what it does not have is zero. */
static void
copy_element(void *to, size_t ours, const void *table, size_t i, size_t size)
{
	memset(to, 0, ours);
	memcpy(to, (const char *)table + i * size, size < ours ? size : ours);
}

static bool
is_seconds(double s)
{
	return s >= 0 && s <= MAX_SECONDS;
}

int
plugin_check_head(const void *declaration, size_t size, struct telmon_plugin *ret, struct buf *why)
{
	struct telmon_plugin p = { 0 };

	if (size < offsetof(struct telmon_plugin, version)) {
		buf_printf(why, "its telmon_plugin has only %zu bytes", size);
		return -1;
	}
	memcpy(&p, declaration, offsetof(struct telmon_plugin, version));
	if (p.abi > TELMON_ABI) {
		buf_printf(why, "it needs plugin ABI %u, this daemon has %d: use a newer telmon",
			   p.abi, TELMON_ABI);
		return -1;
	}
	if (p.abi == 0) {
		buf_puts(why, "its telmon_plugin says no ABI (begin it with TELMON_PLUGIN_HEAD)");
		return -1;
	}
	if (check_sizes(&p, why) < 0)
		return -1;
	if (p.size > size) {
		buf_printf(why, "its telmon_plugin says %u bytes and has %zu", p.size, size);
		return -1;
	}
	copy_element(&p, sizeof(p), declaration, 0, p.size);
	if ((unsigned)p.mode > TELMON_SAMPLED) {
		buf_printf(why, "its mode %u is unknown", (unsigned)p.mode);
		return -1;
	}
	if (!is_seconds(p.interval_s)) {
		buf_printf(why, "its interval of %g s is out of range", p.interval_s);
		return -1;
	}
	if (p.mode == TELMON_SAMPLED && !p.collect) {
		buf_puts(why, "it is sampled but has no collect");
		return -1;
	}
	if (p.n_commands > PLUGIN_MAX_COMMANDS || (p.n_commands && !p.commands) ||
	    (p.n_metrics && !p.metrics)) {
		buf_puts(why, "its tables of metrics or commands are missing or too long");
		return -1;
	}
	p.version = p.version ? p.version : "";
	p.help = p.help ? p.help : "";
	*ret = p;
	return 0;
}

/* ---- names -------------------------------------------------------------------------------- */

static bool
is_name(const char *s, char between)
{
	size_t n = s ? strnlen(s, PLUGIN_MAX_NAME + 1) : 0;

	if (n == 0 || n > PLUGIN_MAX_NAME || *s < 'a' || *s > 'z')
		return false;
	for (size_t i = 1; i < n; i++) {
		if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') &&
		    s[i] != between)
			return false;
	}
	return true;
}

static int
refuse_name(const char *what, const char *name, const char *form, struct buf *why)
{
	buf_putc(why, '\'');
	text_clean(why, name ? name : "", name ? strnlen(name, PLUGIN_MAX_NAME) : 0);
	buf_printf(why, "' is no name for %s (%s, at most %d bytes)", what, form, PLUGIN_MAX_NAME);
	return -1;
}

/* ---- columns ------------------------------------------------------------------------------ */

static int
check_column(const struct telmon_command *cmd, size_t i, struct buf *why)
{
	const struct telmon_column *col = &cmd->columns[i];

	if (!is_name(col->name, '_'))
		return refuse_name("a column", col->name, "[a-z][a-z0-9_]*", why);
	for (size_t j = 0; j < i; j++) {
		if (strcmp(cmd->columns[j].name, col->name) == 0) {
			buf_printf(why, "command '%s' has the column '%s' twice", cmd->name,
				   col->name);
			return -1;
		}
	}
	if ((unsigned)col->type > TELMON_TEXT) {
		buf_printf(why, "column '%s.%s' has a type that is not INT, REAL or TEXT",
			   cmd->name, col->name);
		return -1;
	}
	if ((unsigned)col->unit > TELMON_WATTS) {
		buf_printf(why, "column '%s.%s' has the unknown unit %u", cmd->name, col->name,
			   (unsigned)col->unit);
		return -1;
	}
	if (col->priority < 0 || col->priority > 9 || isnan(col->warn) || isnan(col->crit)) {
		buf_printf(why, "column '%s.%s' has a priority or threshold that is out of range",
			   cmd->name, col->name);
		return -1;
	}
	return 0;
}

static int
take_columns(struct telmon_command *cmd, const void *table, const struct telmon_plugin *decl,
	     struct buf *why)
{
	struct telmon_column *columns;

	if (!cmd->n_columns || cmd->n_columns > PLUGIN_MAX_COLUMNS || !table) {
		buf_printf(why, "command '%s' has no columns, or more than %d", cmd->name,
			   PLUGIN_MAX_COLUMNS);
		return -1;
	}
	columns = xcalloc(cmd->n_columns, sizeof(*columns));
	cmd->columns = columns;
	for (size_t i = 0; i < cmd->n_columns; i++) {
		copy_element(&columns[i], sizeof(columns[i]), table, i, decl->size_column);
		columns[i].help = columns[i].help ? columns[i].help : "";
		if (check_column(cmd, i, why) < 0)
			return -1;
	}
	return 0;
}

/* ---- arguments ---------------------------------------------------------------------------- */

/* A default is what an asker might have typed, so it must pass the same test. */
static bool
is_value(const struct telmon_command *cmd, const struct telmon_arg *a)
{
	double v = 0;
	int64_t n;

	switch (a->type) {
	case TELMON_INT:
		if (text_parse_i64(a->def, &n) < 0)
			return false;
		v = (double)n;
		break;
	case TELMON_REAL:
		if (text_parse_double(a->def, &v) < 0)
			return false;
		break;
	case TELMON_COLUMN:
		for (size_t i = 0; i < cmd->n_columns; i++) {
			if (strcmp(cmd->columns[i].name, a->def) == 0)
				return true;
		}
		return false;
	case TELMON_TEXT:
	case TELMON_FLAG:
		return true;
	}
	return (a->min == 0 && a->max == 0) || (v >= a->min && v <= a->max);
}

static bool
is_flag(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int
check_arg(const struct telmon_command *cmd, size_t i, struct buf *why)
{
	const struct telmon_arg *a = &cmd->args[i];
	const char *wrong = NULL;

	if (!is_name(a->name, '_'))
		return refuse_name("an argument", a->name, "[a-z][a-z0-9_]*", why);
	if ((unsigned)a->type > TELMON_COLUMN)
		wrong = "has an unknown type";
	else if (a->flag && !is_flag(a->flag))
		wrong = "has a flag that is no letter or digit";
	else if (!a->flag && a->type == TELMON_FLAG)
		wrong = "is a FLAG without a letter";
	else if (!(a->min <= a->max))
		wrong = "has a range whose end is before its beginning";
	else if (a->def && !is_value(cmd, a))
		wrong = "has a default that is not of its type or range";
	for (size_t j = 0; !wrong && a->flag && j < i; j++) {
		if (cmd->args[j].flag == a->flag)
			wrong = "has the flag of another one";
	}
	if (!wrong)
		return 0;
	buf_printf(why, "argument '%s' of command '%s' %s", a->name, cmd->name, wrong);
	return -1;
}

static int
take_args(struct telmon_command *cmd, const void *table, const struct telmon_plugin *decl,
	  struct buf *why)
{
	struct telmon_arg *args;

	if (!cmd->n_args)
		return 0;
	if (cmd->n_args > PLUGIN_MAX_ARGS || !table) {
		buf_printf(why, "command '%s' has no table of arguments, or more than %d",
			   cmd->name, PLUGIN_MAX_ARGS);
		return -1;
	}
	args = xcalloc(cmd->n_args, sizeof(*args));
	cmd->args = args;
	for (size_t i = 0; i < cmd->n_args; i++) {
		copy_element(&args[i], sizeof(args[i]), table, i, decl->size_arg);
		args[i].help = args[i].help ? args[i].help : "";
		if (check_arg(cmd, i, why) < 0)
			return -1;
	}
	return 0;
}

/* ---- commands ----------------------------------------------------------------------------- */

void
plugin_free_command(struct telmon_command *c)
{
	free((void *)c->columns);
	free((void *)c->args);
	c->columns = NULL;
	c->args = NULL;
}

static int
check_command(const struct telmon_command *cmd, const struct telmon_command *before, size_t n,
	      struct buf *why)
{
	if (!is_name(cmd->name, '-'))
		return refuse_name("a command", cmd->name, "[a-z][a-z0-9-]*", why);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(before[i].name, cmd->name) == 0) {
			buf_printf(why, "command '%s' is declared twice", cmd->name);
			return -1;
		}
	}
	if (!cmd->view == !cmd->run) {
		buf_printf(why, "command '%s' has %s view %s run: it needs exactly one of them",
			   cmd->name, cmd->view ? "both" : "neither", cmd->view ? "and" : "nor");
		return -1;
	}
	if (!is_seconds(cmd->cache_s) || !is_seconds(cmd->deadline_s)) {
		buf_printf(why, "command '%s' has a cache or deadline that is out of range",
			   cmd->name);
		return -1;
	}
	return 0;
}

int
plugin_check_command(const struct telmon_plugin *decl, size_t i,
		     const struct telmon_command *before, struct telmon_command *ret,
		     struct buf *why)
{
	const void *columns, *args;
	struct telmon_command cmd;

	copy_element(&cmd, sizeof(cmd), decl->commands, i, decl->size_command);
	/* From here on the two are ours or nothing, so that they can be freed. */
	columns = cmd.columns;
	args = cmd.args;
	cmd.columns = NULL;
	cmd.args = NULL;
	cmd.help = cmd.help ? cmd.help : "";
	if (check_command(&cmd, before, i, why) < 0)
		return -1;
	if (take_columns(&cmd, columns, decl, why) < 0 || take_args(&cmd, args, decl, why) < 0) {
		plugin_free_command(&cmd);
		return -1;
	}
	*ret = cmd;
	return 0;
}
