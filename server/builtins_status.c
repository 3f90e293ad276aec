/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * status -- the machine in a dozen lines, each with a verdict, and the worst verdict as the
 * answer's status. The numbers are those of the commands `load`, `cpu` and so on, so what it says
 * can be looked into; a command that is not there is left out. All plugins behind them are asked
 * side by side first.
 */
#include <errno.h>
#include <string.h>

#include "builtins_private.h"
#include "mem.h"
#include "parse.h"

static void
put_host(struct builtins_look *k)
{
	_autobuf_ struct buf value = BUF_INIT(1024);
	char name[256], kernel[256];

	host_name(k->env->host, name, sizeof(name));
	host_kernel(k->env->host, kernel, sizeof(kernel));
	buf_printf(&value, "%s  %s", name, kernel);
	builtins_uptime(k->env, "  ", &value);
	rows_begin(k->rows);
	rows_text(k->rows, "host");
	rows_text(k->rows, buf_str(&value));
	rows_text(k->rows, builtins_verdicts[STATUS_OK]);
}

/* Asks the plugins behind the parts side by side, so that one that is slow costs its two seconds
 * once. */
static int
gather(struct builtins_look *k, const struct command_table *table)
{
	struct plugin *plugins[BUILTINS_PARTS];
	_autobuf_ struct buf why = BUF_WHY;
	size_t n = 0;

	for (size_t i = 0; i < BUILTINS_PARTS; i++) {
		const struct command *c = command_find(table, builtins_parts[i].command, false,
						       &why);

		buf_clear(&why);
		if (c && c->plugin)
			plugins[n++] = c->plugin;
	}
	return builtins_gather(k->env, plugins, n, k->reply, &k->sources, &k->n_sources);
}

/* NULL: it does not collect. */
static const struct builtins_source *
source_of(const struct builtins_look *k, const struct plugin *p)
{
	for (size_t i = 0; i < k->n_sources; i++)
		if (k->sources[i].plugin == p)
			return &k->sources[i];
	return NULL;
}

static double
old_s(const struct builtins_source *s)
{
	return s && s->newest && !s->success
		       ? (double)(now_ns() - s->newest->time_ns) / (double)NS_PER_S
		       : 0;
}

static void
put_unknown(struct builtins_look *k, const char *item, const char *reason)
{
	_autobuf_ struct buf value = BUF_INIT(4096);

	buf_puts(&value, reason);
	builtins_put(k, item, &value, STATUS_UNKNOWN);
}

static int
run_part(struct builtins_look *k, const struct builtins_part *part)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct pipeline_round *round = NULL;
	struct parse_command *parsed;
	const struct rows *rows;
	struct arena arena;
	size_t at = 0;
	int r = -EINVAL;

	arena_init(&arena, 64 << 10);
	if (parse_next(part->command, strlen(part->command), &at, &arena, &parsed, &why) == 1)
		round = pipeline_round_new(k->env->pipeline, &k->asker, parsed, &r, &why);
	if (round)
		r = pipeline_round_rows(round, k->reply, &rows, &why);
	if (round && r >= STATUS_USAGE)
		put_unknown(k, part->command, buf_str(&why));
	else if (round && r >= 0 && rows->n_rows)
		part->put(k, rows);
	pipeline_round_free(round);
	arena_fini(&arena);
	return round && r < 0 ? r : 0;
}

static int
run_parts(struct builtins_look *k, const struct command_table *table)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct builtins_source *s;
	int r = 0;

	for (size_t i = 0; r == 0 && i < BUILTINS_PARTS; i++) {
		const struct command *c = command_find(table, builtins_parts[i].command, false,
						       &why);

		buf_clear(&why);
		if (!c || !c->plugin)
			continue;
		s = source_of(k, c->plugin);
		k->old_s = 0;
		if (s && s->late) {
			put_unknown(k, builtins_parts[i].command, "no answer within 2 s");
			continue;
		}
		k->old_s = old_s(s);
		r = run_part(k, &builtins_parts[i]);
	}
	return r;
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	struct builtins_look k = {
		.env = ctx, .reply = reply, .rows = rows, .asker = *request->asker
	};
	struct command_table *table = registry_get(k.env->registry);
	int r;

	(void)why;
	k.asker.person = false;
	r = gather(&k, table);
	if (r == 0) {
		put_host(&k);
		r = run_parts(&k, table);
	}
	rows->status = k.known ? k.worst : STATUS_UNKNOWN;
	builtins_sources_free(k.sources, k.n_sources);
	command_table_unref(table);
	return r;
}

static const struct telmon_column columns[] = {
	{ .name = "item", .help = "what is looked at", .type = TELMON_TEXT },
	{ .name = "value", .help = "how it is", .type = TELMON_TEXT },
	{ .name = "verdict", .help = "ok, warning, critical or unknown", .type = TELMON_TEXT },
};

const struct command builtins_status = {
	.name = "status",
	.help = "The machine in a dozen lines, with a verdict",
	.columns = columns,
	.n_columns = BUILTINS_COUNT(columns),
	.kind = COMMAND_BUILTIN,
	.exec = exec,
};
