/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugins -- what is loaded and how it fares, and `plugins load PATH`. Only that form changes the
 * daemon, so the role is checked here and not by the table's flag: everybody may look. Loading
 * itself belongs to the composition root.
 */
#include <stdio.h>
#include <string.h>

#include "builtins_private.h"
#include "text.h"

enum { ARG_VERB, ARG_PATH };

static double
seconds_or_nan(bool known, int64_t ns)
{
	return known ? (double)ns / (double)NS_PER_S : NAN;
}

static void
put_state(struct rows *rows, const struct plugin_stats *stats, double stuck_s)
{
	char text[64];

	if (stuck_s > 0) {
		snprintf(text, sizeof(text), "STUCK %.0f s", stuck_s);
		rows_text(rows, text);
	} else if (stats->life == PLUGIN_STARTING) {
		rows_text(rows, "starting");
	} else if (stats->life == PLUGIN_FAILED) {
		rows_text(rows, "failed");
	} else {
		rows_text(rows, stats->last_error[0] ? "failing" : "ok");
	}
}

static void
put_plugin(struct builtins_env *env, struct rows *rows, struct plugin *p)
{
	struct plugin_stats stats = executor_stats(env->executor, p);

	rows_begin(rows);
	rows_text(rows, p->name);
	rows_text(rows, p->decl.version);
	rows_text(rows, p->sampled ? "sampled" : "on demand");
	rows_real(rows,
		  seconds_or_nan(p->sampled, __atomic_load_n(&p->interval_ns, __ATOMIC_RELAXED)));
	put_state(rows, &stats, executor_stuck_s(env->executor, p));
	rows_int(rows, (int64_t)stats.collects);
	rows_int(rows, (int64_t)stats.runs);
	rows_int(rows, (int64_t)stats.failures);
	rows_real(rows, seconds_or_nan(stats.collects, stats.last_ns));
	rows_real(rows, seconds_or_nan(stats.collects, stats.max_ns));
	rows_text(rows, stats.last_error[0] ? stats.last_error : NULL);
}

static void
list(struct builtins_env *env, const char *only, struct rows *rows)
{
	struct command_table *table = registry_get(env->registry);

	for (size_t i = 0; i < table->plugins->count; i++)
		if (!only || strcmp(only, table->plugins->plugins[i]->name) == 0)
			put_plugin(env, rows, table->plugins->plugins[i]);
	command_table_unref(table);
}

static int
load(struct builtins_env *env, const struct request *request, struct rows *rows, struct buf *why)
{
	const char *path = request->args[ARG_PATH].s, *base;
	char name[256];
	int r;

	if (strcmp(request->parsed->stages[0]->words[0].text, "plugins") != 0) {
		buf_puts(why,
			 "plugins: what changes the daemon is spelled out (plugins load PATH)");
		return STATUS_USAGE;
	}
	if (!request->args[ARG_PATH].given) {
		buf_puts(why, "plugins: load what? (plugins load PATH)");
		return STATUS_USAGE;
	}
	if (!request->asker->admin || !env->load) {
		buf_puts(why, "plugins: load is for administrators only");
		return STATUS_DENIED;
	}
	r = env->load(env->load_ctx, path, why);
	if (r != 0)
		return r;
	base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	snprintf(name, sizeof(name), "%s", base);
	if (strlen(name) > 3 && strcmp(name + strlen(name) - 3, ".so") == 0)
		name[strlen(name) - 3] = '\0';
	list(env, name, rows);
	return 0;
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	const struct host_arg *verb = &request->args[ARG_VERB];

	(void)reply;
	if (!verb->given) {
		list(ctx, NULL, rows);
		return 0;
	}
	if (strcmp(verb->s, "load") == 0)
		return load(ctx, request, rows, why);
	buf_puts(why, "plugins: no word '");
	text_clean(why, verb->s, strlen(verb->s));
	buf_puts(why, "' (usage: plugins [load PATH])");
	return STATUS_USAGE;
}

static const struct telmon_column columns[] = {
	{ .name = "name", .help = "the file's base name", .type = TELMON_TEXT },
	{ .name = "version", .help = "as the plugin says", .type = TELMON_TEXT, .priority = 6 },
	{ .name = "mode",
	  .help = "sampled every interval, or on demand",
	  .type = TELMON_TEXT,
	  .priority = 4 },
	{ .name = "interval_s",
	  .help = "time between samples",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 4 },
	{ .name = "state",
	  .help = "ok, failing (the last call did), starting, failed (its start did), or STUCK and "
		  "since when",
	  .type = TELMON_TEXT },
	{ .name = "collects", .help = "samples taken", .type = TELMON_INT, .priority = 5 },
	{ .name = "runs", .help = "commands run, views apart", .type = TELMON_INT, .priority = 7 },
	{ .name = "failures", .help = "calls that failed", .type = TELMON_INT, .priority = 1 },
	{ .name = "last_collect_s",
	  .help = "duration of the last sample",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 3 },
	{ .name = "max_collect_s",
	  .help = "duration of the longest sample",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 8 },
	{ .name = "last_error",
	  .help = "what the last call said, if it failed",
	  .type = TELMON_TEXT,
	  .priority = 2 },
};

static const struct telmon_arg args[] = {
	[ARG_VERB] = { .name = "load",
		       .help = "the word load: loads an object (administrators)",
		       .type = TELMON_TEXT },
	[ARG_PATH] = { .name = "path", .help = "the object to load", .type = TELMON_TEXT },
};

const struct command builtins_plugins = {
	.name = "plugins",
	.help = "Loaded plugins and how they fare",
	.columns = columns,
	.n_columns = BUILTINS_COUNT(columns),
	.args = args,
	.n_args = BUILTINS_COUNT(args),
	.kind = COMMAND_BUILTIN,
	.exec = exec,
};
