/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_isolated -- the plugin in a confined child, as the daemon runs one that it does not
 * trust: everything once, with what --read, --network and --max-memory would open. What works
 * inside and fails here wants a word of the administrator's.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "isolate.h"
#include "keeper.h"
#include "lock.h"
#include "mem.h"
#include "telmon_plugin_private.h"

static const char hint[] = "what it needs besides /proc and /sys is given with read = { ... }, "
			   "network = true and max_memory = ... (here: --read, --network, "
			   "--max-memory)";

static int64_t
deadline(void)
{
	return now_ns() + BOX_PATIENCE_S * NS_PER_S;
}

static int
ask(struct plugin *pl, const struct telmon_command *cmd, const struct snapshot *s, struct buf *why)
{
	struct host_arg args[BOX_MAX_ARGS];
	struct rows rows;
	int r;

	box_args(cmd, BOX_DEFAULTS, args);
	rows_init(&rows, cmd->columns, cmd->n_columns, BOX_MAX_ANSWER);
	if (cmd->view)
		r = isolate_view(pl->isolate, &pl->object, cmd, s, NULL, args, NULL, deadline(),
				 &rows, why);
	else
		r = isolate_run(pl->isolate, &pl->object, cmd, args, NULL, deadline(), &rows, why);
	rows_fini(&rows);
	return r;
}

/* What fails here and not inside is a matter of what the administrator gives. One whose child has
 * ended goes on in another, so that no later call is blamed for it. */
static void
judge(struct phase *p, struct plugin *pl, const char *about, int r, struct buf *why)
{
	bool alike = report_find(&p->check->report, about, "fails: ");
	bool ended = r < 0 && !isolate_has_child(pl->isolate);

	if (r < 0 && (alike || ended))
		phase_say(p, alike ? FINDING_NOTE : FINDING_WARNING, about, "fails%s: %s", p->where,
			  buf_str(why));
	else if (r < 0)
		phase_say(p, FINDING_WARNING, about, "fails%s: %s; %s", p->where, buf_str(why),
			  hint);
	if (ended)
		isolate_restart(pl->isolate);
}

static void
exercise(struct phase *p, struct plugin *pl)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct snapshot *s = NULL;
	int r;

	phase_at(p, "start");
	r = isolate_start(pl->isolate, &pl->object, NULL, deadline(), &why);
	judge(p, pl, "start", r, &why);
	if (r < 0)
		return;
	phase_at(p, "collect");
	r = isolate_collect(pl->isolate, &pl->object, NULL, deadline(), &s, &why);
	judge(p, pl, "collect", r, &why);
	for (size_t i = 0; i < pl->decl.n_commands; i++) {
		const struct telmon_command *cmd = &pl->commands[i];
		_autobuf_ struct buf about = BUF_WHY;

		if (cmd->view && !s)
			continue;
		buf_clear(&why);
		buf_printf(&about, "%s '%s'", cmd->view ? "view" : "run", cmd->name);
		phase_at(p, "%s", buf_str(&about));
		judge(p, pl, buf_str(&about), ask(pl, cmd, s, &why), &why);
	}
	snapshot_unref(s);
	phase_at(p, "stop");
	isolate_stop(pl->isolate, deadline());
}

void
isolated_exercise(struct phase *p, void *arg)
{
	const struct plugin_options options = { .settings = p->check->settings };
	_autofree_ char *program = taken_path("telmon-plugin-host",
					      TELMON_LIBEXECDIR "/telmon-plugin-host");
	_autobuf_ struct buf why = BUF_WHY;
	struct plugin_isolation isolation = {
		.keeper = keeper_new(),
		.host = host_new(NULL, &why),
		.options = { .program = program,
			     .uid = -1,
			     .gid = -1,
			     .read = p->check->read,
			     .network = p->check->network,
			     .max_memory = p->check->max_memory },
	};
	struct plugin *pl = NULL;

	(void)arg;
	if (access(program, X_OK) < 0) {
		phase_say(p, FINDING_NOTE, "isolation", "was not tried: no %s", program);
		return;
	}
	if (isolation.host)
		host_set_log(isolation.host, box_say_log, p);
	if (isolation.keeper && isolation.host)
		pl = plugin_load_isolated(p->check->path, &options, BOX_PATIENCE_S, &isolation,
					  &why);
	if (pl && plugin_describe(pl, deadline(), &why) == 0)
		exercise(p, pl);
	else
		phase_say(p, FINDING_ERROR, "loading it", "fails%s: %s", p->where, buf_str(&why));
	plugin_unref(pl);
	keeper_free(isolation.keeper);
	host_free(isolation.host);
}
