/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_private -- what the parts of telmon-plugin share: telmon_plugin.c (words of the
 * command line), _new.c (writes a plugin to begin with), _check.c (what is looked at, in which
 * order), _report.c (findings, for people and programs), _phase.c (a process for each part of the
 * check, so that what crashes is a finding), _object.c and _names.c (what the object says),
 * _taken.c (who says the same), _box.c (its calls), _mangle.c (files that are not as they should
 * be), _cost.c (time and leaks), _isolated.c.
 */
#ifndef TELMON_PLUGIN_PRIVATE_H
#define TELMON_PLUGIN_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "host.h"
#include "plugin.h"

enum { EXIT_FOUND = 1, EXIT_WRONG_USAGE = 2 };

/* ---- telmon_plugin_report.c --------------------------------------------------------------- */

enum finding_level { FINDING_NOTE, FINDING_WARNING, FINDING_ERROR, FINDING__COUNT };

struct finding {
	enum finding_level level;
	char *about, *text;
};

struct report {
	struct finding *findings;
	size_t n;
	size_t counts[FINDING__COUNT];
};

/* One that is there already is not added again. */
void report_add(struct report *r, enum finding_level level, const char *about, const char *text);
/* One of any level whose text begins with prefix ("" = any), or NULL. */
const struct finding *report_find(const struct report *r, const char *about, const char *prefix);
void report_print(const struct report *r, const char *path, bool json);
void report_fini(struct report *r);

/* ---- telmon_plugin_check.c ---------------------------------------------------------------- */

struct taken;
struct phase;

struct check {
	const char *path;		  /* of the object */
	char **roots, **settings, **read; /* NULL-terminated */
	bool network, json;
	double limit_s;	    /* of each phase */
	int64_t max_memory; /* bytes of address space of a child of its own */
	struct taken *taken;
	struct report report;
};

/* All of it; the report is printed. Returns the exit status. */
int check_object(struct check *c);

/* ---- telmon_plugin_taken.c ---------------------------------------------------------------- */

/* Names that are taken. The plugins that are installed are loaded in processes of their own. */
struct taken *taken_new(void);
void taken_free(struct taken *t);
/* Notes which of those could not be asked. */
void taken_tell(const struct taken *t, struct phase *p);
/* True, with why: "is the name of ...". The plugin `own` takes nothing from itself. */
bool taken_plugin(const struct taken *t, const char *name, struct buf *why);
bool taken_command(const struct taken *t, const char *name, const char *own, struct buf *why);
bool taken_metric(const struct taken *t, const char *name, const char *own, struct buf *why);
/* A path beside this program where it was built, else where it is installed. Owned by the caller.
 */
char *taken_path(const char *built, const char *installed);

/* ---- telmon_plugin_new.c ------------------------------------------------------------------ */

/* Writes a plugin into a folder that is not there yet. Returns the exit status. */
int new_plugin(const char *name, const char *dir);

/* ---- telmon_plugin_phase.c ---------------------------------------------------------------- */

/* A part of the check, within its process. */
struct phase {
	const struct check *check;
	const char *where; /* "" = this machine; else " on an empty root" */
	struct phase_page *page;
	int report_fd;
};

typedef void phase_fn(struct phase *p, void *arg);
/* Runs fn in a process of its own and takes its findings; how it ends is one as well. Whether it
 * came to its end within limit_s. */
bool phase_run(struct check *c, const char *where, double limit_s, phase_fn *fn, void *arg);
/* What it is doing, should it be the last thing: "collect", "view 'cpu'". */
void phase_at(struct phase *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void phase_say(struct phase *p, enum finding_level level, const char *about, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- telmon_plugin_object.c, telmon_plugin_names.c ---------------------------------------- */

/* Symbols, ABI and sizes of the object as a file. */
void object_judge(struct phase *p);
/* Names and texts of what it declares; the metrics are those known by now. */
void names_judge(struct phase *p, const struct plugin *plugin);

/* ---- telmon_plugin_mangle.c --------------------------------------------------------------- */

enum mangle { MANGLE_NONE, MANGLE_GONE, MANGLE_EMPTY, MANGLE_CUT, MANGLE_GARBAGE, MANGLE_HUGE };

/* From here on the plugin's callbacks get the host's functions through ours, and files are as `how`
 * says, which is not NONE. One plugin in a process. */
void mangle_plugin(struct plugin *plugin, enum mangle how);

/* ---- telmon_plugin_box.c ------------------------------------------------------------------ */

enum { BOX_MAX_ARGS = 60, BOX_MAX_ANSWER = 64 << 20, BOX_PATIENCE_S = 10 };

/* The plugin in this process, as the daemon has it inside. */
struct box {
	struct phase *phase;
	struct host *host;
	struct plugin *plugin;
	struct snapshot *newest, *previous;
};

/* Loads and starts; root NULL is this machine. What fails is said, at that level. */
bool box_open(struct box *b, struct phase *p, const char *root, enum finding_level level);
bool box_open_mangled(struct box *b, struct phase *p, enum mangle how);
void box_close(struct box *b); /* stops it, and frees the host; the plugin stays */
/* A host_log_fn; ctx is the phase. */
void box_say_log(void *ctx, enum telmon_level level, const char *text);
/* The newest becomes the previous one. */
bool box_collect(struct box *b, struct buf *why);
enum box_args { BOX_DEFAULTS, BOX_SMALLEST };
void box_args(const struct telmon_command *cmd, enum box_args which, struct host_arg *ret);
/* Rows need to be finished in any case. */
int box_ask(struct box *b, const struct telmon_command *cmd, const struct host_arg *args,
	    struct host_cancel *cancel, struct rows *ret_rows, struct buf *why);
/* Two collects, each command with both kinds of arguments; failures are said at that level. */
void box_exercise(struct box *b, enum finding_level level);
/* What views make of a sample without values. */
void box_judge_nothing(struct box *b);

/* ---- telmon_plugin_cost.c, telmon_plugin_isolated.c --------------------------------------- */

void cost_time(struct phase *p, void *arg);
void cost_leaks(struct phase *p, void *arg);
void cost_cancel(struct phase *p, void *arg);
void cost_together(struct phase *p, void *arg);
void isolated_exercise(struct phase *p, void *arg);

#endif
