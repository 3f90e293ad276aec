/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_box -- the plugin loaded into the process of a phase, and its callbacks called as
 * the daemon calls them inside: start, collect, views, runs, stop. One thread, unless a phase makes
 * more.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "lock.h"
#include "mem.h"
#include "telmon_plugin_private.h"

static int64_t
deadline(void)
{
	return now_ns() + BOX_PATIENCE_S * NS_PER_S;
}

/* ---- what is wrong for certain ------------------------------------------------------------- */

enum { MAX_REFUSED = 20 };

static void
say_refused(void *ctx, const char *callback, const char *text)
{
	static atomic_uint said; /* by a phase, which is a process */

	if (atomic_fetch_add(&said, 1) < MAX_REFUSED)
		phase_say(ctx, FINDING_ERROR, callback, "%s", text);
}

void
box_say_log(void *ctx, enum telmon_level level, const char *text)
{
	if (level != TELMON_DEBUG)
		phase_say(ctx, FINDING_NOTE, "the log", "%s", text);
}

/* Of bad files anything may be made, and said. */
static void
refused_nothing(void *ctx, const char *callback, const char *text)
{
	(void)ctx;
	(void)callback;
	(void)text;
}

static void
log_nothing(void *ctx, enum telmon_level level, const char *text)
{
	(void)ctx;
	(void)level;
	(void)text;
}

static void
hear(struct host *h, struct phase *p, bool bad_files)
{
	host_set_refused(h, bad_files ? refused_nothing : say_refused, p);
	host_set_log(h, bad_files ? log_nothing : box_say_log, p);
}

/* ---- life --------------------------------------------------------------------------------- */

/* Joins the threads that asked filesystems; a slow machine has had several. */
static void
free_host(struct box *b)
{
	host_free(b->host);
	b->host = NULL;
}

static bool
open_box(struct box *b, struct phase *p, const char *root, enum mangle how,
	 enum finding_level level)
{
	const struct plugin_options options = { .settings = p->check->settings };
	_autobuf_ struct buf why = BUF_WHY;

	*b = (struct box){ .phase = p };
	phase_at(p, "loading it");
	b->host = host_new(root, &why);
	b->plugin = b->host ? plugin_load(p->check->path, &options, BOX_PATIENCE_S, &why) : NULL;
	if (!b->plugin) {
		phase_say(p, FINDING_ERROR, "loading it", "%s", buf_str(&why));
		return false;
	}
	hear(b->host, p, how != MANGLE_NONE);
	if (how != MANGLE_NONE)
		mangle_plugin(b->plugin, how);
	phase_at(p, "start");
	if (host_start(b->host, &b->plugin->object, NULL, deadline(), &why) == 0)
		return true;
	phase_say(p, level, "start", "fails%s: %s", p->where, buf_str(&why));
	free_host(b);
	return false;
}

bool
box_open(struct box *b, struct phase *p, const char *root, enum finding_level level)
{
	return open_box(b, p, root, MANGLE_NONE, level);
}

bool
box_open_mangled(struct box *b, struct phase *p, enum mangle how)
{
	return open_box(b, p, NULL, how, FINDING_NOTE);
}

void
box_close(struct box *b)
{
	phase_at(b->phase, "stop");
	host_stop(b->host, &b->plugin->object);
	snapshot_unref(b->newest);
	snapshot_unref(b->previous);
	b->newest = b->previous = NULL;
	free_host(b);
}

/* ---- calls -------------------------------------------------------------------------------- */

bool
box_collect(struct box *b, struct buf *why)
{
	struct snapshot *s;

	phase_at(b->phase, "collect");
	if (host_collect(b->host, &b->plugin->object, NULL, deadline(), &s, why) < 0)
		return false;
	snapshot_unref(b->previous);
	b->previous = b->newest;
	b->newest = s;
	return true;
}

static void
smallest(const struct telmon_command *cmd, const struct telmon_arg *a, struct host_arg *ret)
{
	*ret = (struct host_arg){ .given = true, .s = "" };
	switch (a->type) {
	case TELMON_INT:
	case TELMON_REAL:
		ret->f = a->min != 0 || a->max != 0 ? a->min : 0;
		ret->i = (int64_t)ret->f;
		ret->s = "0";
		break;
	case TELMON_COLUMN:
		ret->s = cmd->columns[0].name;
		break;
	case TELMON_FLAG:
		ret->i = 1;
		break;
	case TELMON_TEXT:
		break;
	}
}

void
box_args(const struct telmon_command *cmd, enum box_args which, struct host_arg *ret)
{
	const struct command row = { .name = cmd->name,
				     .columns = cmd->columns,
				     .n_columns = cmd->n_columns,
				     .args = cmd->args,
				     .n_args = cmd->n_args };
	_autobuf_ struct buf why = BUF_WHY;

	memset(ret, 0, BOX_MAX_ARGS * sizeof(*ret));
	if (cmd->n_args > BOX_MAX_ARGS)
		return;
	command_arguments(&row, NULL, 0, true, ret, &why);
	for (size_t i = 0; which == BOX_SMALLEST && i < cmd->n_args; i++)
		smallest(cmd, &cmd->args[i], &ret[i]);
}

int
box_ask(struct box *b, const struct telmon_command *cmd, const struct host_arg *args,
	struct host_cancel *cancel, struct rows *ret_rows, struct buf *why)
{
	rows_init(ret_rows, cmd->columns, cmd->n_columns, BOX_MAX_ANSWER);
	if (cmd->view)
		return host_view(b->host, &b->plugin->object, cmd, b->newest, b->previous, args,
				 ret_rows, why);
	return host_run(b->host, &b->plugin->object, cmd, args, cancel, deadline(), ret_rows, why);
}

/* ---- everything once ---------------------------------------------------------------------- */

/* What belongs to the process and not to a plugin. */
struct surroundings {
	struct sigaction signals[NSIG];
	char folder[4096], locale[200];
	mode_t mask;
};

static void
look_around(struct surroundings *s)
{
	memset(s, 0, sizeof(*s));
	for (int i = 1; i < NSIG; i++)
		sigaction(i, NULL, &s->signals[i]);
	if (!getcwd(s->folder, sizeof(s->folder)))
		s->folder[0] = '\0';
	strncpy(s->locale, setlocale(LC_ALL, NULL), sizeof(s->locale) - 1);
	s->mask = umask(0);
	umask(s->mask);
}

static void
judge_surroundings(struct phase *p, const struct surroundings *before)
{
	struct surroundings *now = xcalloc(1, sizeof(*now));

	look_around(now);
	for (int i = 1; i < NSIG; i++) {
		if (now->signals[i].sa_handler != before->signals[i].sa_handler)
			phase_say(p, FINDING_ERROR, "the process",
				  "has got another handler for signal %d (%s)", i, strsignal(i));
	}
	if (strcmp(now->folder, before->folder) != 0)
		phase_say(p, FINDING_ERROR, "the process",
			  "has got another working folder (chdir)");
	if (strcmp(now->locale, before->locale) != 0)
		phase_say(p, FINDING_ERROR, "the process", "has got another locale (setlocale)");
	if (now->mask != before->mask)
		phase_say(p, FINDING_ERROR, "the process", "has got another umask");
	free(now);
}

static bool
lacks_argument(const struct telmon_command *cmd)
{
	for (size_t i = 0; i < cmd->n_args; i++) {
		if (!cmd->args[i].def && cmd->args[i].type != TELMON_FLAG)
			return true;
	}
	return false;
}

/* A run may refuse what it was given, miss what it was not, or find nobody to talk to. */
static bool
is_excused(const struct telmon_command *cmd, enum box_args which, int error)
{
	if (!cmd->run)
		return false;
	switch (-error) {
	case EINVAL:
		return which == BOX_SMALLEST || lacks_argument(cmd);
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return true;
	default:
		return which == BOX_SMALLEST && cmd->n_args;
	}
}

static void
exercise_command(struct box *b, const struct telmon_command *cmd, enum box_args which,
		 enum finding_level level)
{
	_autobuf_ struct buf why = BUF_WHY, about = BUF_WHY;
	struct host_arg args[BOX_MAX_ARGS];
	struct rows rows;
	int r;

	buf_printf(&about, "%s '%s'%s", cmd->view ? "view" : "run", cmd->name,
		   which == BOX_SMALLEST ? " with the smallest arguments" : "");
	phase_at(b->phase, "%s", buf_str(&about));
	box_args(cmd, which, args);
	r = box_ask(b, cmd, args, NULL, &rows, &why);
	rows_fini(&rows);
	/* Failing is right where files are bad. */
	if (r < 0 && level > FINDING_NOTE)
		phase_say(b->phase, is_excused(cmd, which, r) ? FINDING_NOTE : level,
			  buf_str(&about), "fails%s: %s", b->phase->where, buf_str(&why));
}

/* A counter never falls from one sample to the next, and is never below zero. */
static void
judge_counters(struct box *b)
{
	const struct snapshot *s = b->newest;

	for (size_t m = 0; m < s->set->count; m++) {
		if (s->set->metrics[m].kind != TELMON_COUNTER)
			continue;
		for (size_t i = 0; i < snapshot_count(s, (unsigned)m); i++) {
			double now = snapshot_value(s, (unsigned)m, i);

			if (now < 0 || now < snapshot_match(b->previous, s, (unsigned)m, i)) {
				phase_say(b->phase, FINDING_WARNING, s->set->metrics[m].name,
					  "is a counter and %s",
					  now < 0 ? "is below zero" : "fell between two samples");
				break;
			}
		}
	}
}

void
box_exercise(struct box *b, enum finding_level level)
{
	struct surroundings *before = xcalloc(1, sizeof(*before));
	_autobuf_ struct buf why = BUF_WHY;
	bool fine = true;

	look_around(before);
	for (int i = 0; i < 2 && fine; i++)
		fine = box_collect(b, &why);
	if (!fine)
		phase_say(b->phase, level, "collect", "fails%s: %s", b->phase->where,
			  buf_str(&why));
	else if (level > FINDING_NOTE)
		judge_counters(b);
	for (size_t i = 0; i < b->plugin->decl.n_commands; i++) {
		/* The daemon asks no view before there is a sample. */
		if (b->plugin->commands[i].view && !b->newest)
			continue;
		exercise_command(b, &b->plugin->commands[i], BOX_DEFAULTS, level);
		exercise_command(b, &b->plugin->commands[i], BOX_SMALLEST, level);
	}
	judge_surroundings(b->phase, before);
	free(before);
}

/* ---- nothing known ------------------------------------------------------------------------ */

static void
judge_zeros(struct box *b, const struct telmon_command *cmd, const struct rows *rows)
{
	for (size_t i = 0; i < rows->n_rows * rows->n_columns; i++) {
		const struct cell *c = &rows->cells[i];

		if ((c->type == CELL_INT && c->i == 0) || (c->type == CELL_REAL && c->f == 0)) {
			phase_say(b->phase, FINDING_WARNING, cmd->name,
				  "shows %s as zero where nothing is known: give a NaN or nothing",
				  cmd->columns[i % rows->n_columns].name);
			return;
		}
	}
}

void
box_judge_nothing(struct box *b)
{
	struct snapshot *kept[2] = { b->newest, b->previous };

	b->newest = snapshot_builder_seal(snapshot_builder_new(b->plugin->object.set), now_ns(), 0);
	b->previous = NULL;
	for (size_t i = 0; i < b->plugin->decl.n_commands; i++) {
		const struct telmon_command *cmd = &b->plugin->commands[i];
		_autobuf_ struct buf why = BUF_WHY;
		struct host_arg args[BOX_MAX_ARGS];
		struct rows rows;

		if (!cmd->view)
			continue;
		phase_at(b->phase, "view '%s' of an empty sample", cmd->name);
		box_args(cmd, BOX_DEFAULTS, args);
		if (box_ask(b, cmd, args, NULL, &rows, &why) == 0)
			judge_zeros(b, cmd, &rows);
		rows_fini(&rows);
	}
	snapshot_unref(b->newest);
	b->newest = kept[0];
	b->previous = kept[1];
}
