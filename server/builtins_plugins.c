/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugins -- what is loaded and how it fares, and the verbs that change it. Only those forms change
 * the daemon, so the role is checked here and not by the table's flag: everybody may look. The
 * changes themselves belong to the composition root.
 */
#include <stdio.h>
#include <string.h>

#include "builtins_private.h"
#include "mem.h"
#include "text.h"

enum { ARG_VERB, ARG_WHAT };

static const char *const verbs[] = { "load", "unload", "reload", "restart", "enable", "disable" };

static double
seconds_or_nan(bool known, int64_t ns)
{
	return known ? (double)ns / (double)NS_PER_S : NAN;
}

/* ---- the table ---- */

static void
put_state(struct rows *rows, const struct plugin_stats *stats, double stuck_s, bool down)
{
	char text[64];

	if (stuck_s > 0) {
		snprintf(text, sizeof(text), "STUCK %.0f s", stuck_s);
		rows_text(rows, text);
	} else if (stats->life == PLUGIN_STARTING) {
		rows_text(rows, "starting");
	} else if (stats->life == PLUGIN_FAILED) {
		rows_text(rows, "failed");
	} else if (down) {
		rows_text(rows, "down");
	} else {
		rows_text(rows, stats->last_error[0] ? "failing" : "ok");
	}
}

/* Average of one core since it was loaded. */
static double
cpu_percent(double cpu_s, int64_t since_ns)
{
	double age_s = (double)(now_ns() - since_ns) / (double)NS_PER_S;

	return age_s > 0 ? 100 * cpu_s / age_s : NAN;
}

static void
put_isolation(struct rows *rows, const struct plugin *p, const struct isolate_status *s)
{
	rows_text(rows, p->isolate ? "isolated" : "inside");
	if (!p->isolate || s->pid == 0)
		rows_null(rows);
	else
		rows_int(rows, s->pid);
	if (p->isolate)
		rows_int(rows, s->restarts);
	else
		rows_null(rows);
}

static void
put_cost(struct rows *rows, const struct plugin *p, const struct plugin_stats *stats,
	 const struct isolate_status *s)
{
	double cpu_s = (double)stats->cpu_ns / (double)NS_PER_S;

	rows_real(rows, seconds_or_nan(stats->collects, stats->p50_ns));
	rows_real(rows, seconds_or_nan(stats->collects, stats->max_ns));
	rows_real(rows, cpu_percent(cpu_s + s->cpu_s, p->loaded_ns));
	if (s->pid)
		rows_int(rows, s->rss_bytes);
	else
		rows_null(rows);
}

/* What its last call said comes before what the table says of it. */
static void
put_error(struct rows *rows, const struct plugin_table *t, const struct plugin *p,
	  const struct plugin_stats *stats)
{
	size_t n;
	const char *note = plugin_table_note(t, p->name, &n);
	_autofree_ char *text = NULL;

	if (!stats->last_error[0] && note)
		text = xstrndup(note, n);
	rows_text(rows, stats->last_error[0] ? stats->last_error : text);
}

static void
put_plugin(struct builtins_env *env, struct rows *rows, const struct plugin_table *t,
	   struct plugin *p)
{
	struct plugin_stats stats = executor_stats(env->executor, p);
	struct isolate_status s = { 0 };
	int64_t now = now_ns();

	if (p->isolate)
		isolate_status(p->isolate, &s);
	rows_begin(rows);
	rows_text(rows, p->name);
	rows_text(rows, p->decl.version);
	rows_text(rows, p->sampled ? "sampled" : "on demand");
	rows_real(rows,
		  seconds_or_nan(p->sampled, __atomic_load_n(&p->interval_ns, __ATOMIC_RELAXED)));
	put_state(rows, &stats, executor_stuck_s(env->executor, p), p->isolate && s.pid == 0);
	put_isolation(rows, p, &s);
	rows_int(rows, (int64_t)stats.collects);
	rows_int(rows, (int64_t)stats.runs);
	rows_int(rows, (int64_t)stats.failures);
	put_cost(rows, p, &stats, &s);
	rows_real(rows, seconds_or_nan(s.next_try_ns > now, s.next_try_ns - now));
	put_error(rows, t, p, &stats);
}

/* Nothing is known of it but how its child fares. */
static void
put_late(struct builtins_env *env, struct rows *rows, struct plugin *p)
{
	struct plugin_stats stats = executor_stats(env->executor, p);
	struct isolate_status s;
	int64_t now = now_ns();

	isolate_status(p->isolate, &s);
	rows_begin(rows);
	rows_text(rows, p->name);
	for (int i = 0; i < 3; i++)
		rows_null(rows);
	put_state(rows, &stats, executor_stuck_s(env->executor, p), true);
	put_isolation(rows, p, &s);
	rows_int(rows, 0);
	rows_int(rows, 0);
	rows_int(rows, (int64_t)stats.failures);
	put_cost(rows, p, &stats, &s);
	rows_real(rows, seconds_or_nan(s.next_try_ns > now, s.next_try_ns - now));
	rows_text(rows, stats.last_error[0] ? stats.last_error : NULL);
}

/* Nothing is known of it but that it is not there. */
static void
put_off(struct rows *rows, const char *name)
{
	rows_begin(rows);
	rows_text(rows, name);
	rows_null(rows);
	rows_null(rows);
	rows_null(rows);
	rows_text(rows, "disabled");
}

static bool
is_wanted(const char *only, const char *name)
{
	return !only || strcmp(only, name) == 0;
}

static void
list(struct builtins_env *env, const char *only, struct rows *rows)
{
	struct command_table *table = registry_get(env->registry);
	const struct plugin_table *t = table->plugins;

	for (size_t i = 0; i < t->count; i++)
		if (is_wanted(only, t->plugins[i]->name))
			put_plugin(env, rows, t, t->plugins[i]);
	for (size_t i = 0; i < t->n_late; i++)
		if (is_wanted(only, t->late[i]->name))
			put_late(env, rows, t->late[i]);
	for (size_t i = 0; i < t->n_off; i++)
		if (is_wanted(only, t->off[i].name))
			put_off(rows, t->off[i].name);
	command_table_unref(table);
}

/* ---- the verbs ---- */

static int
refuse(struct buf *why, int status, const char *verb, const char *reason)
{
	buf_printf(why, "plugins: %s %s", verb, reason);
	return status;
}

/* What changed, as it is now: of a path its name. */
static void
list_changed(struct builtins_env *env, const char *what, struct rows *rows)
{
	const char *base = strrchr(what, '/') ? strrchr(what, '/') + 1 : what;
	char name[256];

	snprintf(name, sizeof(name), "%s", base);
	if (base != what && strlen(name) > 3 && strcmp(name + strlen(name) - 3, ".so") == 0)
		name[strlen(name) - 3] = '\0';
	list(env, name, rows);
}

static int
change(struct builtins_env *env, const char *verb, const struct request *request, struct rows *rows,
       struct buf *why)
{
	const struct host_arg *what = &request->args[ARG_WHAT];
	int r;

	if (strcmp(request->parsed->stages[0]->words[0].text, "plugins") != 0)
		return refuse(why, STATUS_USAGE, "what changes the daemon",
			      "is spelled out (plugins VERB NAME)");
	if (!what->given)
		return refuse(why, STATUS_USAGE, verb,
			      strcmp(verb, "load") == 0
				      ? "what? (plugins load PATH, or NAME)"
				      : "what? (plugins VERB NAME)");
	if (!request->asker->admin || !env->change)
		return refuse(why, STATUS_DENIED, verb,
			      "is for administrators only (root or the daemon's user, over the "
			      "Unix socket)");
	r = env->change(env->change_ctx, verb, what->s, why);
	if (r == 0)
		list_changed(env, what->s, rows);
	return r;
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	const struct host_arg *verb = &request->args[ARG_VERB];
	const char *nearest;

	(void)reply;
	if (!verb->given) {
		list(ctx, NULL, rows);
		return 0;
	}
	for (size_t i = 0; i < BUILTINS_COUNT(verbs); i++)
		if (strcmp(verb->s, verbs[i]) == 0)
			return change(ctx, verbs[i], request, rows, why);
	nearest = text_nearest(verb->s, verbs, BUILTINS_COUNT(verbs));
	buf_puts(why, "plugins: no word '");
	builtins_put_word(why, verb->s);
	if (nearest)
		buf_printf(why, "' (did you mean '%s'?)", nearest);
	else
		buf_puts(why, "' (load, unload, reload, restart, enable or disable)");
	return STATUS_USAGE;
}

static const struct telmon_column columns[] = {
	{ .name = "name", .help = "the file's base name", .type = TELMON_TEXT },
	{ .name = "version", .help = "as the plugin says", .type = TELMON_TEXT, .priority = 6 },
	{ .name = "mode",
	  .help = "sampled every interval, or on demand",
	  .type = TELMON_TEXT,
	  .priority = 5 },
	{ .name = "interval_s",
	  .help = "time between samples",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 5 },
	{ .name = "state",
	  .help = "ok, failing (the last call did), down (it has no child now), starting, failed "
		  "(its start did), disabled, or STUCK and since when",
	  .type = TELMON_TEXT },
	{ .name = "isolation",
	  .help = "inside the daemon, or isolated in a child",
	  .type = TELMON_TEXT,
	  .priority = 3 },
	{ .name = "pid", .help = "of its child", .type = TELMON_INT, .priority = 4 },
	{ .name = "restarts",
	  .help = "children after the first",
	  .type = TELMON_INT,
	  .priority = 4 },
	{ .name = "collects", .help = "samples taken", .type = TELMON_INT, .priority = 7 },
	{ .name = "runs",
	  .help = "commands run, views apart that are made inside",
	  .type = TELMON_INT,
	  .priority = 7 },
	{ .name = "failures", .help = "calls that failed", .type = TELMON_INT, .priority = 1 },
	{ .name = "p50_collect_s",
	  .help = "duration of a sample, the median of the last 32",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 3 },
	{ .name = "max_collect_s",
	  .help = "duration of the longest sample",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 8 },
	{ .name = "cpu_percent",
	  .help = "processor time of its calls and its child, of one core, since it was loaded",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 4 },
	{ .name = "memory_bytes",
	  .help = "resident memory of its child",
	  .type = TELMON_INT,
	  .unit = TELMON_BYTES,
	  .priority = 4 },
	{ .name = "next_try_s",
	  .help = "when a call may spawn its child again",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 6 },
	{ .name = "last_error",
	  .help = "what the last call said, if it failed; else which of its names is taken",
	  .type = TELMON_TEXT,
	  .priority = 2 },
};

static const struct telmon_arg args[] = {
	[ARG_VERB] = { .name = "verb",
		       .help = "load, unload, reload, restart, enable or disable (administrators)",
		       .type = TELMON_TEXT },
	[ARG_WHAT] = { .name = "name",
		       .help = "the plugin; for load also the absolute path of an object",
		       .type = TELMON_TEXT },
};

const struct command builtins_plugins = {
	.name = "plugins",
	.help = "Loaded plugins and how they fare; loads and restarts them",
	.columns = columns,
	.n_columns = BUILTINS_COUNT(columns),
	.args = args,
	.n_args = BUILTINS_COUNT(args),
	.kind = COMMAND_BUILTIN,
	.exec = exec,
};
