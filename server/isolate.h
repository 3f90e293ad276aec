/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * isolate -- a plugin that lives in a child of its own, from the daemon's side: spawns
 * telmon-plugin-host, sends it calls and takes what comes back, believing none of it; ends it when
 * it breaks the rules, and spawns it anew at the next call, with back-off. The calls have the shape
 * of those in host.h.
 *
 * Whoever calls sees to it that the calls of one isolate come one at a time (the executor);
 * isolate_status(), isolate_restart() and isolate_kill() may be called by any thread
 * (LOCK_ISOLATE).
 */
#ifndef ISOLATE_H
#define ISOLATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host.h"
#include "keeper.h"

struct isolate;

/* What both ends must agree on besides frame.h: it grows with any change of either. */
enum { ISOLATE_VERSION = 2 };
/* A VIEW names its snapshots by the numbers that COLLECT gave them, or as the first or second that
 * SNAPSHOT has lent it. */
#define ISOLATE_LENT (UINT32_C(1) << 31)
/* Descriptors of the child. */
enum { ISOLATE_FD_SOCKET = 3, ISOLATE_FD_CANCEL = 4, ISOLATE_FD_OBJECT = 5 };
/* What it says with its exit status. */
enum { ISOLATE_EXIT_CONNECTION = 74, ISOLATE_EXIT_PROTOCOL = 76 };
/* Lines for the log in one call: the child drops more, the daemon ends who sends more. */
enum { ISOLATE_MAX_LOGS = 1000 };

/* All copied; the descriptor is duplicated. */
struct isolate_options {
	const char *program; /* path of telmon-plugin-host */
	const char *name;    /* the plugin's */
	/* The shared object, what it holds must not change any more; or, where exec is not NULL,
	 * the words of a program to run for each sample (script.h), whose rights are those of uid
	 * and gid unless they are -1. */
	int object_fd;
	char *const *exec;
	int format; /* enum script_format */
	int64_t uid, gid;
	double timeout_s;
	const char *root;		     /* NULL = this machine */
	char *const *settings, *const *read; /* NULL-terminated or NULL */
	bool network;
	int64_t max_memory; /* bytes of address space; 0 = no limit */
};

/* Spawns nothing yet; what the plugin logs goes through host. Both are borrowed. NULL, with errno
 * set: no descriptor. */
struct isolate *isolate_new(struct keeper *k, struct host *host,
			    const struct isolate_options *options);
/* Kills the child. NULL is fine. */
void isolate_free(struct isolate *i);

/* Each of these returns 0, or the plugin's own negative errno, or, with the child gone and its end
 * in why: -EPIPE (it crashed, ended or broke the protocol in this call), -ETIMEDOUT (killed at the
 * deadline, or a moment later), -EHOSTDOWN (down since earlier and not tried again yet, or not to
 * be spawned). They block up to deadline_ns (CLOCK_MONOTONIC), and for half a second more where the
 * end of a child is awaited. Between them the child is metered: see child_busy(). */

/* Spawns the child and asks what the object declares: tables and texts are owned by the isolate,
 * and are as an object of today's header has them, unchecked. -ENOEXEC: the object cannot be
 * loaded, and trying again will not help. */
int isolate_describe(struct isolate *i, int64_t deadline_ns, struct telmon_plugin *ret,
		     struct buf *why);
/* From here on o->set is kept as the child's is. A child that is spawned later is started before
 * its first call. */
int isolate_start(struct isolate *i, struct host_object *o, struct host_cancel *cancel,
		  int64_t deadline_ns, struct buf *why);
int isolate_collect(struct isolate *i, struct host_object *o, struct host_cancel *cancel,
		    int64_t deadline_ns, struct snapshot **ret, struct buf *why);
int isolate_view(struct isolate *i, struct host_object *o, const struct telmon_command *cmd,
		 const struct snapshot *newest, const struct snapshot *previous,
		 const struct host_arg *args, struct host_cancel *cancel, int64_t deadline_ns,
		 struct rows *ret_rows, struct buf *why);
int isolate_run(struct isolate *i, struct host_object *o, const struct telmon_command *cmd,
		const struct host_arg *args, struct host_cancel *cancel, int64_t deadline_ns,
		struct rows *ret_rows, struct buf *why);
/* A run or a view in two steps, for one who has little time; the second may be another thread's.
 * First of all, whether there is a child to ask: it lives, and has both snapshots (NULL = none). */
bool isolate_is_ready(struct isolate *i, const struct snapshot *newest,
		      const struct snapshot *previous);
/* Puts the question to a ready child; nothing is sent yet. */
void isolate_ask_view(struct isolate *i, const struct host_object *o,
		      const struct telmon_command *cmd, const struct snapshot *newest,
		      const struct snapshot *previous, const struct host_arg *args,
		      int64_t deadline_ns, const struct rows *rows);
void isolate_ask_run(struct isolate *i, const struct host_object *o,
		     const struct telmon_command *cmd, const struct host_arg *args,
		     int64_t deadline_ns, const struct rows *rows);
/* Sends the question and takes the answer. As above; or 1, when that was not complete at about
 * until_ns, or would take longer: to be called again; rows and why stay as they are. Only with
 * INT64_MAX the end of a child is waited for. */
int isolate_answer(struct isolate *i, struct host_cancel *cancel, int64_t until_ns,
		   int64_t deadline_ns, struct rows *ret_rows, struct buf *why);
/* Lets the plugin stop, for a second at most, and ends the child. */
void isolate_stop(struct isolate *i, int64_t deadline_ns);
/* Ends the child for good: the call that waits for it fails at once, and all that follow. */
void isolate_kill(struct isolate *i);
/* Whether the child that the last call went to is still there: else that call's error is about its
 * end, whatever errnos the plugin itself returns. Whoever calls. */
bool isolate_has_child(const struct isolate *i);

/* How it stands, for people. */
struct isolate_status {
	pid_t pid; /* 0 = no child */
	unsigned restarts;
	int64_t next_try_ns; /* CLOCK_MONOTONIC; 0 = it is up, or would be tried at once */
	char cause[128];     /* of its last end; "" = none yet */
	double cpu_s;	     /* the child's so far */
	int64_t rss_bytes;
};
void isolate_status(struct isolate *i, struct isolate_status *ret);
/* Ends the child and forgets the back-off: the next call spawns another one at once. */
void isolate_restart(struct isolate *i);
/* True once after each end that nobody had asked for; appends "crashed (abort), next try in 0.2 s".
 */
bool isolate_news(struct isolate *i, struct buf *out);

#endif
