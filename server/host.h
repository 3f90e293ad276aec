/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host -- what a plugin sees: the host functions of <telmon/plugin.h> over one root of the machine,
 * and the calls of its callbacks. Serves inside the daemon and in a child alike. Knows no session,
 * no schedule and no registry.
 */
#ifndef HOST_H
#define HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <telmon/plugin.h>

#include "buf.h"
#include "metric.h"
#include "row.h"

struct host; /* one for a process: the root, statfs probes, name caches. Thread-safe (LOCK_HOST). */

/* root NULL or "/" is this machine. NULL with why: root is no directory. */
struct host *host_new(const char *root, struct buf *why);
void host_free(struct host *h);
/* Reads a file below the root whole into out (cleared first). /proc/net/... is ROOT/proc/1/net/...
 * when looking at another root that has it, /proc/self/... likewise. *ret_owner (may be NULL) as in
 * telmon_file. 0 or -errno; -EFBIG past out's maximum (default 4 MiB). */
int host_read(struct host *h, const char *path, struct buf *out, int64_t *ret_owner);
/* This machine's name (or the root's), cleaned, cut to size; refreshed when older than 10 s. */
void host_name(struct host *h, char *ret, size_t size);
/* "Linux 6.18  2 CPUs" (online ones); for banners. Reads files. */
void host_kernel(struct host *h, char *ret, size_t size);
/* How many statfs probes hang right now. */
unsigned host_hanging(struct host *h);

/* A line of a plugin's for the log, cleaned and cut; at most ten a second from each. */
void host_log(struct host *h, const char *name, enum telmon_level level, const char *text);
/* In a child those lines go to fn instead, as they are. Before any call. */
typedef void host_log_fn(void *ctx, enum telmon_level level, const char *text);
void host_set_log(struct host *h, host_log_fn *fn, void *ctx);
/* What a plugin does that no callback may, or as its tables do not say: the first of each goes to
 * the log; all go to fn instead, with the callback ("view 'cpu'"), if there is one. It may be
 * called by many threads. Before any call. */
typedef void host_refused_fn(void *ctx, const char *callback, const char *text);
void host_set_refused(struct host *h, host_refused_fn *fn, void *ctx);

/* A loaded plugin as host sees it. The declaration is a copy with today's element sizes. */
struct host_object {
	const char *name;
	const struct telmon_plugin *decl;
	void *state;		     /* what start left in t->state */
	struct metric_set *set;	     /* the newest set, never NULL; guarded by the executor's
					one-at-a-time rule; views use their snapshot's */
	const char *const *settings; /* "key=value", NULL-terminated; may be NULL */
	_Atomic uint64_t asked;	     /* bit i: settings[i] was asked for */
	size_t size_metric;   /* of struct telmon_metric in the object's own header; 0 = as today */
	_Atomic bool refused; /* something of it was, and the log has it */
};

/* Where a waiting side says that nobody wants the answer any more. */
struct host_cancel {
	_Atomic bool on;
	struct host_cancel_wait *_Atomic wait; /* made on first sleep; private to host.c */
};
void host_cancel_init(struct host_cancel *c);
void host_cancel_fini(struct host_cancel *c);
void host_cancel_set(struct host_cancel *c); /* wakes a telmon_sleep() at once. Thread-safe. */

/* telmon_fail() for a plugin of telmon's own: why is the whole sentence, no errno is added. */
int host_fail(struct telmon *t, int error, const char *why);

/* One argument's value, checked. */
struct host_arg {
	bool given; /* by the asker or by default */
	int64_t i;
	double f;
	const char *s; /* borrowed */
};

/* Each calls one callback on this thread and returns 0 or its negative errno, with one sentence in
 * why (cleaned: what telmon_fail() said and the errno's text). `cancel` may be NULL; deadline_ns
 * (CLOCK_MONOTONIC, 0 = none) makes telmon_cancelled() true. */
/* A start that fails leaves no state, and is not followed by host_stop(). */
int host_start(struct host *h, struct host_object *o, struct host_cancel *cancel,
	       int64_t deadline_ns, struct buf *why);
void host_stop(struct host *h, struct host_object *o);
/* *ret is a new snapshot (owned by the caller), also when nothing was put; untouched when collect
 * fails. */
int host_collect(struct host *h, struct host_object *o, struct host_cancel *cancel,
		 int64_t deadline_ns, struct snapshot **ret, struct buf *why);
/* Rows must be initialised with the command's columns; rows that did not fit are a failure
 * (-EMSGSIZE). previous may be NULL. */
int host_view(struct host *h, const struct host_object *o, const struct telmon_command *cmd,
	      const struct snapshot *newest, const struct snapshot *previous,
	      const struct host_arg *args, struct rows *ret_rows, struct buf *why);
int host_run(struct host *h, struct host_object *o, const struct telmon_command *cmd,
	     const struct host_arg *args, struct host_cancel *cancel, int64_t deadline_ns,
	     struct rows *ret_rows, struct buf *why);

#endif
