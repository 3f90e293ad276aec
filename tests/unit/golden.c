/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * golden -- what a plugin makes of a captured machine, as text, JSON, CSV and Prometheus. It loads
 * the object as the daemon does, takes one sample of ROOT and one of LATER, and prints with fixed
 * times. No daemon, no threads. tests/plugins/golden.sh runs it and compares.
 *
 *	golden PLUGIN.so ROOT [LATER [COMMAND LINE]...]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "lock.h"
#include "mem.h"
#include "parse.h"
#include "plugin.h"
#include "render.h"

enum { MAX_ANSWER = 16 << 20, MAX_ARGS = 32 };

static const double clock_step_s = 5, wall_s = 1763650000.123;

struct golden {
	struct plugin *plugin;
	struct host *hosts[2]; /* ROOT, LATER */
	struct snapshot *newest, *previous;
	size_t sample; /* which of the hosts is looked at */
};

static void
flush(struct buf *b)
{
	fwrite(buf_str(b), 1, b->len, stdout);
	buf_clear(b);
}

static void
print_error(const char *what, struct buf *why)
{
	printf("error: %s: %s\n", what, buf_str(why));
	buf_clear(why);
}

/* ---- one answer -------------------------------------------------------------------------------
 */

static void
print_rows(const struct rows *rows, const struct render_options *options)
{
	_autobuf_ struct buf out = BUF_INIT(MAX_ANSWER);
	struct render r;
	int more;

	render_begin(&r, rows, options);
	do {
		more = render_next(&r, &out);
		flush(&out);
	} while (more > 0);
}

static void
print_json(struct golden *g, const struct rows *rows, const char *line)
{
	_autobuf_ struct buf out = BUF_INIT(MAX_ANSWER);
	struct render_head head = {
		.command = line, .time_s = wall_s, .age_s = 0.5, .interval_s = NAN
	};
	char host[256];

	host_name(g->hosts[g->sample], host, sizeof(host));
	head.host = host;
	if (g->previous)
		head.interval_s = clock_step_s;
	render_json_head(&out, &head);
	flush(&out);
	print_rows(rows, &(struct render_options){ .format = RENDER_JSON });
}

static int
call(struct golden *g, const struct telmon_command *cmd, const struct host_arg *args,
     struct rows *rows, struct buf *why)
{
	struct host *h = g->hosts[g->sample];

	if (cmd->view)
		return host_view(h, &g->plugin->object, cmd, g->newest, g->previous, args, rows,
				 why);
	return host_run(h, &g->plugin->object, cmd, args, NULL, now_ns() + 20 * NS_PER_S, rows,
			why);
}

/* One round of a command in all formats, or in text alone. */
static void
answer(struct golden *g, const struct telmon_command *cmd, const struct host_arg *args,
       const char *line, bool all)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct rows rows;

	rows_init(&rows, cmd->columns, cmd->n_columns, 0);
	printf("\n--- %s, sample %zu\n", line, g->sample + 1);
	if (call(g, cmd, args, &rows, &why) < 0)
		print_error(line, &why);
	else
		print_rows(&rows, &(struct render_options){ .format = RENDER_TEXT });
	if (all) {
		printf("\n--- %s, 80 columns\n", line);
		print_rows(&rows, &(struct render_options){ .format = RENDER_TEXT, .width = 80 });
		printf("\n--- %s --json\n", line);
		print_json(g, &rows, line);
		printf("\n--- %s --csv\n", line);
		print_rows(&rows, &(struct render_options){ .format = RENDER_CSV });
	}
	rows_fini(&rows);
}

static const struct telmon_command *
find_command(const struct plugin *p, const char *name)
{
	for (size_t i = 0; i < p->decl.n_commands; i++)
		if (strcmp(p->commands[i].name, name) == 0)
			return &p->commands[i];
	return NULL;
}

static void
answer_line(struct golden *g, const char *line, bool all)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct host_arg args[MAX_ARGS] = { 0 };
	const struct telmon_command *cmd = NULL;
	struct parse_command *parsed = NULL;
	struct command row = { 0 };
	struct arena arena;
	size_t at = 0;

	arena_init(&arena, MAX_ANSWER);
	if (parse_next(line, strlen(line), &at, &arena, &parsed, &why) == 1)
		cmd = find_command(g->plugin, parsed->stages[0]->words[0].text);
	if (cmd && cmd->n_args <= MAX_ARGS) {
		row = (struct command){ .name = cmd->name,
					.columns = cmd->columns,
					.n_columns = cmd->n_columns,
					.args = cmd->args,
					.n_args = cmd->n_args };
		if (command_arguments(&row, parsed->stages[0]->words + 1,
				      parsed->stages[0]->n_words - 1, true, args, &why) == 0)
			answer(g, cmd, args, line, all);
	}
	if (why.len)
		print_error(line, &why);
	arena_fini(&arena);
}

/* ---- samples ----------------------------------------------------------------------------------
 */

/* The newest becomes the previous one. Where a collect fails there is no newest. */
static void
sample(struct golden *g, size_t which)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct snapshot *snap = NULL;

	g->sample = which;
	snapshot_unref(g->previous);
	g->previous = g->newest;
	g->newest = NULL;
	if (host_collect(g->hosts[which], &g->plugin->object, NULL, 0, &snap, &why) < 0) {
		printf("\n--- collect %zu\n", which + 1);
		print_error(g->plugin->name, &why);
		return;
	}
	snap->time_ns = (int64_t)((double)which * clock_step_s * 1e9);
	snap->wall_s = wall_s;
	g->newest = snap;
}

static void
print_prometheus(const struct golden *g)
{
	_autobuf_ struct buf out = BUF_INIT(MAX_ANSWER);

	printf("\n--- metrics\n");
	if (g->newest)
		render_prometheus(&out, g->newest, "telmon_", NULL, NULL, 0);
	flush(&out);
}

static void
show(struct golden *g, char **lines)
{
	bool last = !g->hosts[1] || g->sample == 1;

	for (size_t i = 0; i < g->plugin->decl.n_commands; i++)
		answer_line(g, g->plugin->commands[i].name, last);
	for (; last && *lines; lines++)
		answer_line(g, *lines, false);
}

int
main(int argc, char **argv)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct golden g = { .plugin = NULL };
	int status = 1;

	if (argc < 3) {
		fprintf(stderr, "usage: golden PLUGIN.so ROOT [LATER [COMMAND LINE]...]\n");
		return 2;
	}
	g.plugin = plugin_load(argv[1], NULL, 10, &why);
	g.hosts[0] = g.plugin ? host_new(argv[2], &why) : NULL;
	g.hosts[1] = g.hosts[0] && argc > 3 ? host_new(argv[3], &why) : NULL;
	if (!g.hosts[0] || (argc > 3 && !g.hosts[1]) ||
	    host_start(g.hosts[0], &g.plugin->object, NULL, 0, &why) < 0) {
		fprintf(stderr, "golden: %s\n", buf_str(&why));
		goto out;
	}
	for (size_t i = 0; i < 2 && g.hosts[i]; i++) {
		sample(&g, i);
		show(&g, argc > 4 ? argv + 4 : argv + argc);
	}
	print_prometheus(&g);
	host_stop(g.hosts[0], &g.plugin->object);
	status = fflush(stdout) == 0 ? 0 : 1;
out:
	snapshot_unref(g.newest);
	snapshot_unref(g.previous);
	host_free(g.hosts[0]);
	host_free(g.hosts[1]);
	plugin_unref(g.plugin);
	return status;
}
