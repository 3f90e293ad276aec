/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor -- runs what may block: collects and runs, each plugin's one at a time, on threads of
 * its own (or for a moment on its asker's, where a child answers). Waiting calls queue, identical
 * ones share one execution. A call that has not returned 0.1 s past its deadline is STUCK: further
 * calls of that plugin fail at once until it returns. All functions are thread-safe (LOCK_EXECUTOR,
 * LOCK_CALL).
 */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "plugin.h"

struct executor;
/* NULL, with a line in the log: no thread or descriptor to be had. */
struct executor *executor_new(struct host *host, unsigned max_threads);
/* Fails what waits and cancels what runs. Waits a second for that to end, and until until_ns for
 * the stops of plugins that executor_stop_plugin() was told before. Returns how many calls are
 * stuck (their threads stay); the log has their names. May be called again to wait longer. */
unsigned executor_stop(struct executor *x, int64_t until_ns);
/* After executor_stop() and after every call_leave(). Leaves in place what stuck threads use. NULL
 * is fine. */
void executor_free(struct executor *x);

/* A call: counted; the caller's reference is given up with call_leave(). */
struct call;
/* Asks for start, before any other call of the plugin. Never NULL. Until start has returned,
 * however late, the plugin takes no calls; after a failure it never does, and last_error says why;
 * one that is PLUGIN_DOWN may be asked again. An end that nobody waits for is logged. */
struct call *executor_start_plugin(struct executor *x, struct plugin *p, double deadline_s);
/* Runs stop once nothing of the plugin runs or waits; returns at once. Further calls of the plugin
 * fail. Without a start that succeeded there is nothing to stop. */
void executor_stop_plugin(struct executor *x, struct plugin *p);

/* A collect whose snapshot goes to the plugin's series. Shares one that waits or runs. Never NULL;
 * may be done at once (stuck). Status: 70 when it failed, 75 when it passed its deadline, 69 when
 * it could not be tried. */
struct call *executor_collect(struct executor *x, struct plugin *p);
/* A collect that nobody waits for, as the sampler asks: those of several plugins may be done one
 * after another on one thread, but none waits more than 50 ms for another. False, and nothing is
 * asked for: one waits or runs already, or the plugin is stuck or stopped. */
bool executor_sample(struct executor *x, struct plugin *p);
/* A run. Shares one that waits or runs, and the last answer while it is younger than cache_s, if
 * plugin, command and args are the same. args' texts are copied. alone: the caller waits for
 * nothing else; a child that is free it asks by itself then, which takes about a millisecond at
 * most and spares two threads their wake-up: the call may be done when this returns. */
struct call *executor_run(struct executor *x, struct plugin *p, const struct telmon_command *cmd,
			  const struct host_arg *args, size_t max_answer, bool alone);
/* A view of an isolated plugin, which its child answers. Shares one of the same snapshots that
 * waits or runs, or has been answered. alone: as above. */
struct call *executor_view(struct executor *x, struct plugin *p, const struct telmon_command *cmd,
			   const struct host_arg *args, struct snapshot *newest,
			   struct snapshot *previous, size_t max_answer, bool alone);
/* The last answer to the same question, of whatever snapshots: a call that is done, or NULL. */
struct call *executor_last_view(struct executor *x, struct plugin *p,
				const struct telmon_command *cmd, const struct host_arg *args,
				size_t max_answer);
/* Writes to the eventfd when the call is done (at once if it is); until call_leave() by the same
 * waiter. */
void call_watch(struct call *c, int doorbell_fd);
/* Gives the reference up and forgets the doorbell (-1: there was none): nothing is written to it
 * after this. The last one to leave a run that is not done cancels it. A collect goes on: its
 * snapshot serves whoever asks next. NULL is fine. */
void call_leave(struct call *c, int doorbell_fd);
bool call_done(struct call *c);
/* When it began to execute, CLOCK_MONOTONIC; 0 while it waits. */
int64_t call_started_ns(struct call *c);
/* Once done: 0, or a status of wire.h with the sentence in *ret_why (owned by the call). */
int call_result(struct call *c, const char **ret_why);
/* Once done with 0, a run's rows: immutable, shared, owned by the call. And when they were made. */
const struct rows *call_rows(struct call *c, int64_t *ret_time_ns);

/* A copy of a plugin's statistics. */
struct plugin_stats executor_stats(struct executor *x, struct plugin *p);
/* Seconds that a stuck call has been running past its start; 0 = not stuck. */
double executor_stuck_s(struct executor *x, struct plugin *p);

#endif
