/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor_box -- for the tests of executor: plugins whose callbacks wait at gates that the test
 * opens, an executor, and what is asked of it. Nothing waits for time but what has a deadline of
 * its own. What threads other than the test's own find is a matter of assert(): check hears one
 * thread only.
 */
#ifndef EXECUTOR_BOX_H
#define EXECUTOR_BOX_H

#include <assert.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "executor.h"
#include "log.h"
#include "wire.h"

/* Its macro fail() must not meet the plugin's header. */
#include <check.h>
enum { MAX_ANSWER = 1 << 20 };

static inline int64_t
soon(void)
{
	return now_ns() + 20 * NS_PER_S;
}

/* ---- a plugin whose callbacks do as they are told ---- */

struct unit {
	struct plugin plugin; /* first */
	struct telmon_command commands[2];
	_Atomic int error;   /* what callbacks return */
	_Atomic bool closed; /* callbacks wait until it opens */
	_Atomic bool sleeps; /* ... in telmon_sleep(), which a cancel ends */
	_Atomic bool stop_closed;
	_Atomic unsigned naps; /* so many of them */
	_Atomic unsigned entered, inside, most_inside, collects, runs, starts, stops, cancelled;
};

static const struct telmon_metric metric = { .name = "unit_value", .kind = TELMON_GAUGE };
static const struct telmon_column columns[] = {
	{ .name = "n", .type = TELMON_INT },
	{ .name = "word", .type = TELMON_TEXT },
};
static const struct telmon_arg args[] = {
	{ .name = "word", .type = TELMON_TEXT },
	{ .name = "n", .flag = 'n', .type = TELMON_INT },
};

static inline bool
is_sleepy(struct unit *u)
{
	unsigned naps = atomic_load(&u->naps);

	if (naps)
		atomic_store(&u->naps, naps - 1);
	return naps || atomic_load(&u->sleeps);
}

static inline int
act(struct telmon *t, struct unit *u)
{
	unsigned inside = atomic_fetch_add(&u->inside, 1) + 1;
	int64_t until = soon();
	int r = atomic_load(&u->error);

	if (inside > atomic_load(&u->most_inside))
		atomic_store(&u->most_inside, inside);
	atomic_fetch_add(&u->entered, 1);
	while (atomic_load(&u->closed)) {
		assert(now_ns() < until);
		sched_yield();
	}
	if (is_sleepy(u) && telmon_sleep(t, 20) < 0) {
		atomic_fetch_add(&u->cancelled, 1);
		r = -ECANCELED;
	}
	atomic_fetch_sub(&u->inside, 1);
	return r;
}

static inline int
collect(struct telmon *t)
{
	struct unit *u = t->state;
	int r;

	atomic_fetch_add(&u->collects, 1);
	r = act(t, u);
	if (r < 0)
		return r == -ECANCELED ? r : telmon_fail(t, r, "the unit is broken");
	return telmon_put(t, 0, u->collects);
}

static inline int
run(struct telmon *t)
{
	struct unit *u = t->state;
	int r;

	atomic_fetch_add(&u->runs, 1);
	r = act(t, u);
	if (r < 0)
		return r == -ECANCELED ? r : telmon_fail(t, r, "no answer to this");
	telmon_row(t);
	telmon_int(t, telmon_arg_int(t, 1));
	return telmon_text(t, telmon_arg_text(t, 0));
}

static inline int
start(struct telmon *t)
{
	struct unit *u = t->state;

	atomic_fetch_add(&u->starts, 1);
	return act(t, u);
}

static inline void
stop(struct telmon *t)
{
	struct unit *u = t->state;
	int64_t until = soon();

	assert(u);
	assert(atomic_load(&u->inside) == 0);
	while (atomic_load(&u->stop_closed)) {
		assert(now_ns() < until);
		sched_yield();
	}
	atomic_fetch_add(&u->stops, 1);
}

static inline struct unit *
unit_new(const char *name, double deadline_s)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct unit *u = calloc(1, sizeof(*u));
	struct plugin *p = &u->plugin;

	u->commands[0] = (struct telmon_command){
		.name = "ask", TELMON_COLUMNS(columns), TELMON_ARGS(args), .run = run
	};
	u->commands[1] = u->commands[0];
	u->commands[1].name = "cached";
	u->commands[1].cache_s = 100;
	p->refs = 1;
	p->name = strdup(name);
	p->decl = (struct telmon_plugin){ .collect = collect,
					  .start = start,
					  .stop = stop,
					  .commands = u->commands,
					  .n_commands = 2 };
	p->commands = u->commands;
	p->object = (struct host_object){ .name = p->name, .decl = &p->decl, .state = u };
	p->object.set = metric_set_new(&metric, 1, sizeof(metric), &why);
	p->series = series_new(0);
	p->deadline_ns = (int64_t)(deadline_s * (double)NS_PER_S);
	return u;
}

static inline void
unit_free(struct unit *u)
{
	int64_t until = soon();

	/* A thread may be about to give the last reference back. */
	while (atomic_load(&u->plugin.refs) != 1) {
		ck_assert_msg(now_ns() < until, "%u references are left", u->plugin.refs);
		sched_yield();
	}
	series_free(u->plugin.series);
	metric_set_unref(u->plugin.object.set);
	free(u->plugin.name);
	free(u);
}

static inline void
await_count(_Atomic unsigned *what, unsigned n)
{
	int64_t until = soon();

	while (atomic_load(what) < n) {
		ck_assert_msg(now_ns() < until, "%u, not %u", *what, n);
		sched_yield();
	}
}

/* ---- the executor and its calls ---- */

static struct host *host;

static inline struct executor *
executor(unsigned threads)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct executor *x;

	host = host_new(NULL, &why);
	ck_assert_msg(host != NULL, "%s", buf_str(&why));
	x = executor_new(host, threads);
	ck_assert_ptr_nonnull(x);
	return x;
}

static inline void
finish(struct executor *x)
{
	ck_assert_uint_eq(executor_stop(x, soon()), 0);
	executor_free(x);
	host_free(host);
}

static inline struct call *
ask(struct executor *x, struct unit *u, int command, const char *word, int64_t n)
{
	char copy[64];
	struct host_arg a[2] = { { .given = word != NULL, .s = word ? copy : NULL },
				 { .given = true, .i = n, .f = (double)n } };
	struct call *c;

	snprintf(copy, sizeof(copy), "%s", word ? word : "");
	c = executor_run(x, &u->plugin, &u->commands[command], a, MAX_ANSWER, false);
	memset(copy, 'X', sizeof(copy)); /* it has its own */
	return c;
}

static inline bool
rings(int bell, int timeout_ms)
{
	struct pollfd p = { .fd = bell, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

/* Its bell is open as long as the process: it stays in the call until the last asker leaves. */
static inline void
await(struct call *c)
{
	static int bell = -1;
	uint64_t rung;

	if (bell < 0)
		bell = eventfd(0, EFD_CLOEXEC);
	call_watch(c, bell);
	while (!call_done(c)) {
		ck_assert(rings(bell, 20000));
		ck_assert_int_eq(read(bell, &rung, sizeof(rung)), sizeof(rung));
	}
}

static inline void
assert_result(struct call *c, int status, const char *want)
{
	const char *why;

	await(c);
	ck_assert_int_eq(call_result(c, &why), status);
	ck_assert_str_eq(why, want);
}

static inline void
assert_begins(struct call *c, int status, const char *want)
{
	const char *why;

	await(c);
	ck_assert_int_eq(call_result(c, &why), status);
	ck_assert_msg(strncmp(why, want, strlen(want)) == 0, "%s", why);
}

static inline double
newest_value(struct unit *u)
{
	struct snapshot *s;
	double v;

	series_newest(u->plugin.series, &s, NULL);
	v = snapshot_value(s, 0, 0);
	snapshot_unref(s);
	return v;
}

/* Nothing of the plugin's runs any more. */
static inline void
await_idle(struct executor *x, struct unit *u)
{
	int64_t until = soon();

	while (executor_stats(x, &u->plugin).busy_since_ns) {
		ck_assert(now_ns() < until);
		sched_yield();
	}
}

#endif
