/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugin -- loaded objects and the table of them. A plugin is counted; the published table is
 * immutable and swapped whole, so a reader holds its table (and with it every plugin) as long as it
 * needs. Objects are never unmapped.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "host.h"
#include "isolate.h"
#include "lock.h"
#include "series.h"

/* All but RUNNING take no calls: the start has not returned yet, or it did not succeed, or the
 * child did not live to say what the object declares, and may be started again. */
enum plugin_life { PLUGIN_RUNNING, PLUGIN_STARTING, PLUGIN_FAILED, PLUGIN_DOWN };

enum { PLUGIN_RECENT = 32 };

/* Guarded by LOCK_EXECUTOR; copied out with executor_stats(). */
struct plugin_stats {
	enum plugin_life life;
	uint64_t collects, runs, failures;
	int64_t last_ns, max_ns;	  /* duration of collects */
	int64_t recent_ns[PLUGIN_RECENT]; /* of the last ones, collects % PLUGIN_RECENT is next */
	int64_t p50_ns;			  /* their median; only in a copy */
	int64_t cpu_ns;			  /* processor time of the threads that called it */
	int64_t busy_since_ns;		  /* a call runs since then; 0 = none */
	int64_t busy_deadline_ns;
	char last_error[256]; /* "" = the last call went well */
	int64_t last_error_ns;
};

struct plugin {
	_Atomic unsigned refs;
	char *name; /* base name of the file */
	char *path;
	struct host_object object; /* object.set: guarded by the executor's one-at-a-time rule */
	struct telmon_plugin decl; /* normalised: today's sizes */
	struct telmon_metric *metrics;
	struct telmon_command *commands; /* with their columns and args, all normalised */
	char **settings;
	bool sampled;
	int64_t interval_ns; /* sampled plugins; set before start and at a reload (atomic) */
	int64_t deadline_ns; /* longest run or collect */
	int64_t loaded_ns;   /* CLOCK_MONOTONIC */
	struct series *series;
	struct plugin_stats stats;    /* guarded by LOCK_EXECUTOR */
	struct executor_queue *queue; /* the executor's own, guarded by LOCK_EXECUTOR */
	void *handle;		      /* dlopen's; NULL when isolated */
	struct isolate *isolate;      /* NULL: inside */
	bool brought; /* by an administrator: published only if it starts and takes nobody's
			 command; of who changes plugins */
};

struct plugin_options {
	const char *name;	       /* NULL = by the file's */
	double interval_s, deadline_s; /* 0 = the plugin's wish, the daemon's setting */
	char *const *settings;	       /* NULL-terminated or NULL; copied */
};

/* Opens, checks and describes an object; does not call into it (its constructors apart). NULL with
 * one sentence in why that names what is wrong: no ELF object, another architecture or word size,
 * symbol missing, newer ABI, sizes, bad or repeated names, a command without view and run or with
 * both, dlopen's own words. The name is the file's base name without .so. */
struct plugin *plugin_load(const char *path, const struct plugin_options *options,
			   double default_deadline_s, struct buf *why);
/* The same for a declaration that no file has; it must stay. */
struct plugin *plugin_declared(const struct telmon_plugin *declaration,
			       const struct plugin_options *options, double default_deadline_s,
			       struct buf *why);
/* What a child of its own needs; name, settings and object of the options are filled in here. */
struct plugin_isolation {
	struct keeper *keeper;
	struct host *host;
	struct isolate_options options;
};
/* The same for one that will live in a child: the file is looked at and copied, so that all its
 * children run the same code, but not mapped; of a program it is only looked at. Nothing but name,
 * path and settings is there before plugin_describe(). */
struct plugin *plugin_load_isolated(const char *path, const struct plugin_options *options,
				    double default_deadline_s,
				    const struct plugin_isolation *isolation, struct buf *why);
/* Asks the child what it declares, once; before the plugin is published. 0, or -errno with why,
 * where all but -ENOEXEC is the child's end and may be tried again. Nothing to do for one inside.
 * Blocks up to deadline_ns. */
int plugin_describe(struct plugin *p, int64_t deadline_ns, struct buf *why);
struct plugin *plugin_ref(struct plugin *p);
void plugin_unref(struct plugin *p); /* NULL is fine */

/* An immutable table, sorted by name. */
struct plugin_table {
	_Atomic unsigned refs;
	struct plugin_off *off; /* n_off of them */
	size_t n_off;
	struct plugin **late; /* n_late of them; of what describes them nothing may be looked at */
	size_t n_late;
	char *notes; /* names that two of them have, a line each; or NULL */
	size_t count;
	struct plugin *plugins[];
};
/* One that an administrator has switched off. */
struct plugin_off {
	char *name, *path;
};
/* Takes references of its own, and copies. */
struct plugin_table *plugin_table_new(struct plugin *const *plugins, size_t n,
				      const struct plugin_off *off, size_t n_off);
/* Adds isolated ones that nothing is known of yet. Before it is published; as above. */
void plugin_table_add_late(struct plugin_table *t, struct plugin *const *plugins, size_t n);
/* Before it is published. Lines that begin "plugin 'NAME': ". */
void plugin_table_set_notes(struct plugin_table *t, const char *notes);
/* The rest of the first note about that plugin, *ret_size bytes of it; NULL: there is none. */
const char *plugin_table_note(const struct plugin_table *t, const char *name, size_t *ret_size);
struct plugin_table *plugin_table_ref(struct plugin_table *t);
void plugin_table_unref(struct plugin_table *t);
struct plugin *plugin_table_find(const struct plugin_table *t,
				 const char *name); /* borrowed, or NULL */

/* Files that end in .so in a directory, sorted; names are owned by the caller (xmalloc),
 * NULL-terminated. 0 or -errno. */
int plugin_scan(const char *dir, char ***ret_paths);

#endif
