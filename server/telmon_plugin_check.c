/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_check -- what is looked at, in which order, and how bad it is. Each phase is a
 * process that maps the object anew, so that none of them sees what another one has broken.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "telmon_plugin_private.h"

/* ---- phases ------------------------------------------------------------------------------- */

static void
judge_sizes(struct phase *p, const struct plugin *plugin)
{
	const struct telmon_plugin *d = dlsym(plugin->handle, "telmon_plugin");

	if (!d)
		return;
	phase_say(p, FINDING_NOTE, "the object",
		  "is of ABI %u, this telmon of %d; its structs have %u, %u, %u, %u and %u bytes, "
		  "ours "
		  "%zu, %zu, %zu, %zu and %zu (plugin, metric, column, argument, command)",
		  d->abi, TELMON_ABI, d->size, d->size_metric, d->size_column, d->size_arg,
		  d->size_command, sizeof(struct telmon_plugin), sizeof(struct telmon_metric),
		  sizeof(struct telmon_column), sizeof(struct telmon_arg),
		  sizeof(struct telmon_command));
}

/* Metrics that are known at run time only are there after start and a collect. */
static void
look_at_object(struct phase *p, void *arg)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct box b;

	(void)arg;
	object_judge(p);
	if (!box_open(&b, p, NULL, FINDING_WARNING)) {
		if (b.plugin)
			names_judge(p, b.plugin);
		return;
	}
	judge_sizes(p, b.plugin);
	box_collect(&b, &why);
	names_judge(p, b.plugin);
	box_close(&b);
}

/* A key that was mistyped is taken by nobody. */
static void
judge_settings(struct phase *p, struct host_object *o)
{
	for (size_t i = 0; i < 64 && p->check->settings[i]; i++) {
		const char *s = p->check->settings[i];
		int n = (int)strcspn(s, "=");

		if (!(atomic_load(&o->asked) >> i & 1))
			phase_say(p, FINDING_WARNING, "settings", "no callback asks for '%.*s'", n,
				  s);
	}
}

static void
exercise_here(struct phase *p, void *arg)
{
	struct box b;

	(void)arg;
	if (!box_open(&b, p, NULL, FINDING_WARNING))
		return;
	box_exercise(&b, FINDING_WARNING);
	box_judge_nothing(&b);
	box_close(&b);
	judge_settings(p, &b.plugin->object);
}

/* Failing with an error is what a plugin shall do there; only how it ends is looked at. */
static void
exercise_root(struct phase *p, void *arg)
{
	struct box b;

	if (!box_open(&b, p, arg, FINDING_NOTE))
		return;
	box_exercise(&b, FINDING_NOTE);
	box_close(&b);
}

static void
exercise_mangled(struct phase *p, void *arg)
{
	struct box b;

	if (!box_open_mangled(&b, p, *(enum mangle *)arg))
		return;
	box_exercise(&b, FINDING_NOTE);
	box_close(&b);
}

/* ---- the order ---------------------------------------------------------------------------- */

static void
check_files(struct check *c)
{
	static const struct {
		enum mangle how;
		const char *where;
	} all[] = {
		{ MANGLE_GONE, " where no file is there" },
		{ MANGLE_EMPTY, " where all files are empty" },
		{ MANGLE_CUT, " where all files end half way" },
		{ MANGLE_GARBAGE, " where files are garbage" },
		{ MANGLE_HUGE, " where all numbers are huge" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		enum mangle how = all[i].how;

		phase_run(c, all[i].where, c->limit_s, exercise_mangled, &how);
	}
	for (char **root = c->roots; *root; root++) {
		_autofree_ char *where = xasprintf(" on %s", *root);

		phase_run(c, where, c->limit_s, exercise_root, *root);
	}
}

int
check_object(struct check *c)
{
	c->taken = taken_new();
	if (phase_run(c, "", c->limit_s, look_at_object, NULL) &&
	    !report_find(&c->report, "loading it", "")) {
		phase_run(c, "", c->limit_s, exercise_here, NULL);
		check_files(c);
		phase_run(c, "", c->limit_s, cost_time, NULL);
		phase_run(c, "", c->limit_s, cost_leaks, NULL);
		phase_run(c, "", c->limit_s, cost_cancel, NULL);
		phase_run(c, "", c->limit_s, cost_together, NULL);
		phase_run(c, " in a child of its own", c->limit_s, isolated_exercise, NULL);
	}
	taken_free(c->taken);
	report_print(&c->report, c->path, c->json);
	return c->report.counts[FINDING_ERROR] ? EXIT_FOUND : 0;
}
