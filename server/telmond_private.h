/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_private -- the daemon as a whole, for the parts of its main program.
 */
#ifndef TELMOND_PRIVATE_H
#define TELMOND_PRIVATE_H

#include "access.h"
#include "builtins.h"
#include "command.h"
#include "executor.h"
#include "host.h"
#include "keeper.h"
#include "listener.h"
#include "lock.h"
#include "mem.h"
#include "pipeline.h"
#include "pool.h"
#include "roster.h"
#include "sampler.h"
#include "session.h"
#include "settings.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif
#ifndef TELMON_PLUGIN_DIR
#define TELMON_PLUGIN_DIR "/usr/local/lib/telmon/plugins"
#endif

enum { TELMOND_OK, TELMOND_FAILED, TELMOND_USAGE }; /* exit statuses */

struct telmond_options {
	struct settings_flags flags;
	const char *root;
	bool check, detach;
	unsigned verbose;
	struct arena arena; /* of what the flags point to */
};

struct telmond_list {
	struct plugin **plugins; /* references */
	size_t n;
};

struct telmond {
	/* set before start */
	struct telmond_options options;
	int64_t started_ns;
	char *metric_prefix;
	struct host *host;
	struct keeper *keeper;
	char *plugin_host; /* path of the program */
	struct registry *registry;
	struct executor *executor;
	struct pipeline *pipeline;
	struct roster *roster;
	struct access *access;
	struct session_shared *sessions;
	struct pool *workers;
	struct sampler *sampler;
	struct listener *listener;
	struct builtins_env env;
	struct command *builtins;
	size_t n_builtins;
	int signal_fd;
	int again_fd; /* an eventfd: there may be work for main */

	/* main only */
	int parent_fd; /* after -d: where start-up is reported; else -1 */
	struct listener_set *sockets;
	struct buf announced; /* URLs that were said to listen, one a line */

	/* Whoever changes plugins or settings has `changing` to itself: a plugin's start may take
	 * seconds, so no lock is held for it. */
	struct lock lock;
	pthread_cond_t changed; /* nobody is changing any more */
	bool changing;		/* guarded by lock */
	bool no_more_changes;	/* guarded by lock: the daemon ends */
	bool reload_wanted;	/* guarded by lock */
	/* by whoever is changing, as the rest but unfinished */
	struct telmond_list late;      /* isolated, and not described yet: starting or down */
	struct telmond_list retired;   /* published no more; stopped when nobody can call them */
	struct command_table **tables; /* published no more, and held by somebody */
	size_t n_tables;
	struct plugin_off *off; /* plugins that are disabled */
	size_t n_off;
	_Atomic bool unfinished;   /* there is work for telmond_plugins_finish() */
	struct settings *settings; /* by whoever is changing */
};

/* telmond_options: negative = go on; else the exit status (help, version, usage). */
int telmond_options_parse(struct telmond_options *o, int argc, char **argv);

/* telmond_limits: what each module gets of the settings. */
struct access_limits telmond_access_limits(const struct settings *s);
struct session_limits telmond_session_limits(const struct settings *s);
struct pipeline_limits telmond_pipeline_limits(const struct settings *s);
unsigned telmond_max_workers(const struct settings *s);
/* Borrows from s; freed with free(). */
struct listener_config *telmond_listeners(const struct settings *s);

/* telmond_check. -n: looks at what can be looked at without opening a socket or starting anything.
 * The exit status. */
int telmond_check(struct telmond *d);
/* False with why when ROOT/proc is no folder. */
bool telmond_root_has_proc(const char *root, struct buf *why);

/* telmond_load: one object, not yet started. NULL with "PATH: reason" in why. */
struct plugin *telmond_load(struct telmond *d, const char *path,
			    const struct settings_plugin *section, struct buf *why);
char *telmond_plugin_name(const char *path); /* that of its file; xmalloc */

/* telmond_plugins: loads what the settings name, publishes the first table. */
void telmond_plugins_start(struct telmond *d);
/* Starts those of the list side by side. Only those that are fit to be published stay in it; why is
 * what the last one said that failed. patient: one whose child crashed, or whose start failed in
 * it, is tried again. */
void telmond_start_list(struct telmond *d, struct telmond_list *l, bool patient, struct buf *why);
/* Publishes what there is with one more (which takes the place of one of the same name) or without
 * one; NULL: neither. What leaves the table is stopped later. */
void telmond_publish(struct telmond *d, struct plugin *add, const char *remove);
/* False with why when a name of its commands is taken, or it would take another one's. */
bool telmond_is_fit(struct telmond *d, struct plugin *p, struct buf *why);
/* Logs why and gives it up; takes the reference. */
void telmond_refuse(struct telmond *d, struct plugin *p, struct buf *why);
/* Gives up one that nothing is known of yet. NULL and others are fine. */
void telmond_drop_late(struct telmond *d, struct plugin *p);
/* Main only: does what had to wait. Milliseconds until it wants to be called again; -1 = it does
 * not. */
int telmond_plugins_finish(struct telmond *d);
/* Stops all, published or not. */
void telmond_plugins_stop(struct telmond *d);
/* The plugins that are disabled, and where they were. */
void telmond_off_add(struct telmond *d, const char *name, const char *path);
void telmond_off_remove(struct telmond *d, const char *name);
const char *telmond_off_path(const struct telmond *d, const char *name); /* or NULL */

/* telmond_table: what the plugins of the list make up, with the late and the disabled ones. */
struct command_table *telmond_table(struct telmond *d, const struct telmond_list *l);
/* Logs the notes of `then` that the published one (NULL: there is none) has not. */
void telmond_table_log(const struct command_table *then, const struct command_table *now);
/* Appends the first command of `then` that is not to be had and was before p came. */
void telmond_table_compare(const struct command_table *then, const struct command_table *now,
			   const struct plugin *p, struct buf *why);

/* telmond_change. A builtins_change_fn. */
int telmond_plugins_change(void *telmond, const char *verb, const char *what, struct buf *why);
/* -n: loads what the settings name, starts nothing, and logs what would be refused. */
void telmond_plugins_check(struct telmond *d);

/* telmond_start: asks all to start and waits for them together, a second at most, and no longer
 * once a signal waits that ends the daemon. What became of them is in executor_stats(). */
void telmond_start_plugins(struct telmond *d, struct plugin *const *plugins, size_t n);
/* Ends the child of one that is published, and waits as long for the next one's collect. */
void telmond_restart_child(struct telmond *d, struct plugin *p);

/* Main looks at once whether there is something to do. Any thread. */
void telmond_wake(struct telmond *d);

/* telmond_reload: one at a time. False when somebody else is changing still at until_ns (0: now),
 * or the daemon ends. */
bool telmond_change_begin(struct telmond *d, int64_t until_ns);
void telmond_change_end(struct telmond *d);
/* Main, at the end: nobody begins a change any more, and whoever waits for that gives up. */
void telmond_change_stop(struct telmond *d);
bool telmond_is_changing(struct telmond *d);
/* Whether a reload had to wait for somebody else's change; asked once for each. */
bool telmond_reload_wanted(struct telmond *d);
/* Main only. Reads the file anew; what is wrong with it is logged and changes nothing. */
void telmond_reload(struct telmond *d);
/* Says once for each socket that it listens. Returns how many there are. */
unsigned telmond_announce(struct telmond *d);

/* telmond_process: goes to the background; the parent waits for the report and exits. 0 or -errno.
 */
int telmond_detach(int *ret_parent_fd);
/* A line for the people at the terminal that -d left. */
void telmond_tell_parent(struct telmond *d, const char *prefix, const char *text);
/* Ends the wait of the parent. */
void telmond_report(struct telmond *d, int status);
/* Whoever started us may have closed the first three: what would get their numbers would get what
 * is printed and logged. Before anything else is opened. */
void telmond_fill_descriptors(void);
/* Descriptors, signals; before threads. 0 or -errno with why. */
int telmond_prepare_process(struct telmond *d, struct buf *why);
/* For the service manager, where there is one. */
void telmond_notify(const char *state);
/* Milliseconds until it wants to hear of us; -1 = it does not. */
int telmond_watchdog_ms(void);

#endif
