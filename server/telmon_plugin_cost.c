/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_cost -- what a plugin takes: time of its calls, and what it does not give back:
 * memory, descriptors, threads. And how soon a run obeys a cancel, and whether two views at once
 * give the same.
 */
#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"
#include "mem.h"
#include "render.h"
#include "telmon_plugin_private.h"

enum {
	ROUNDS_TIMED = 20,
	ROUNDS = 200,
	WARM_UP = 20,
	RESTARTS = 20,
	PARTS = 4,
	TRIES = 3,
	LEAK_BYTES = 16,
};
static const int64_t rounds_ns = 4 * NS_PER_S, dear_ns = 50 * NS_PER_MS;
static const int64_t cancel_after_ns = 50 * NS_PER_MS, obeys_ns = 250 * NS_PER_MS;

/* ---- time --------------------------------------------------------------------------------- */

static int
compare_ns(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double
ms(int64_t ns)
{
	return (double)ns / 1e6;
}

/* One call of a command with its defaults. */
static int64_t
ask_once(struct box *b, const struct telmon_command *cmd)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct host_arg args[BOX_MAX_ARGS];
	int64_t began_ns = now_ns();
	struct rows rows;

	if (cmd->view && !b->newest)
		return 0;
	phase_at(b->phase, "%s '%s'", cmd->view ? "view" : "run", cmd->name);
	box_args(cmd, BOX_DEFAULTS, args);
	box_ask(b, cmd, args, NULL, &rows, &why);
	rows_fini(&rows);
	return now_ns() - began_ns;
}

static void
time_collect(struct box *b)
{
	_autobuf_ struct buf why = BUF_WHY;
	int64_t taken[ROUNDS_TIMED];
	double p50, interval_ms = ms(b->plugin->interval_ns);
	size_t n = 0;

	for (int64_t began_ns = now_ns(); n < ROUNDS_TIMED && now_ns() - began_ns < rounds_ns;
	     n++) {
		taken[n] = now_ns();
		if (!box_collect(b, &why))
			return;
		taken[n] = now_ns() - taken[n];
	}
	qsort(taken, n, sizeof(taken[0]), compare_ns);
	p50 = ms(taken[n / 2]);
	phase_say(b->phase, FINDING_NOTE, "collect",
		  "takes %.2f ms (p50 of %zu), %.2f ms at most; %zu values", p50, n,
		  ms(taken[n - 1]), b->newest->n);
	if (b->plugin->sampled && p50 > interval_ms / 10)
		phase_say(b->phase, FINDING_WARNING, "collect",
			  "takes more than a tenth of its interval of %.1f s", interval_ms / 1e3);
}

static void
time_commands(struct box *b)
{
	for (size_t i = 0; i < b->plugin->decl.n_commands; i++) {
		const struct telmon_command *cmd = &b->plugin->commands[i];
		_autobuf_ struct buf about = BUF_WHY;
		int64_t taken[ROUNDS_TIMED], began_ns = now_ns();
		size_t n = 0;

		for (; n < ROUNDS_TIMED && now_ns() - began_ns < NS_PER_S; n++)
			taken[n] = ask_once(b, cmd);
		qsort(taken, n, sizeof(taken[0]), compare_ns);
		buf_printf(&about, "%s '%s'", cmd->view ? "view" : "run", cmd->name);
		phase_say(b->phase, FINDING_NOTE, buf_str(&about), "takes %.2f ms (p50 of %zu)",
			  ms(taken[n / 2]), n);
		if (cmd->view && taken[n / 2] > dear_ns)
			phase_say(b->phase, FINDING_WARNING, buf_str(&about),
				  "is slow for a view: what takes long belongs into collect");
	}
}

void
cost_time(struct phase *p, void *arg)
{
	int64_t began_ns = now_ns();
	struct box b;

	(void)arg;
	if (!box_open(&b, p, NULL, FINDING_NOTE))
		return;
	if (b.plugin->decl.start)
		phase_say(p, FINDING_NOTE, "start", "takes %.2f ms, loading included",
			  ms(now_ns() - began_ns));
	time_collect(&b);
	time_commands(&b);
	box_close(&b);
}

/* ---- leaks -------------------------------------------------------------------------------- */

struct held {
	long descriptors, threads;
	int64_t bytes;
};

static long
count_names(const char *path)
{
	DIR *d = opendir(path);
	long n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static int64_t
heap_bytes(void)
{
#ifdef HAVE_MALLINFO2
	struct mallinfo2 m = mallinfo2();

	return (int64_t)(m.uordblks + m.hblkhd);
#else
	return 0;
#endif
}

static struct held
look(void)
{
	return (struct held){ count_names("/proc/self/fd"), count_names("/proc/self/task"),
			      heap_bytes() };
}

/* A table that grows now and then is no leak: what leaks has grown in each part of the time. */
struct watch {
	struct held marks[PARTS + 1];
	int rounds[PARTS + 1];
	int parts;
};

static void
mark(struct watch *w, int rounds)
{
	w->marks[w->parts] = look();
	w->rounds[w->parts++] = rounds;
}

/* By how many bytes a round it has grown at least. */
static int64_t
growth(const struct watch *w)
{
	int64_t least = INT64_MAX;

	for (int i = 1; i < w->parts; i++) {
		int64_t bytes = w->marks[i].bytes - w->marks[i - 1].bytes;

		bytes /= w->rounds[i] - w->rounds[i - 1];
		least = bytes < least ? bytes : least;
	}
	return least;
}

/* Where ever more is going on, tables grow for a while; a leak goes on. */
static bool
seems_to_leak(const struct watch *w)
{
	return w->parts > 1 && growth(w) >= LEAK_BYTES;
}

static void
judge_held(struct phase *p, const char *what, const struct watch *w)
{
	const struct held *first = &w->marks[0], *last = &w->marks[w->parts - 1];
	int rounds = w->rounds[w->parts - 1] - w->rounds[0];

	if (w->parts < 2)
		return;
	/* One may be kept for good. */
	if (last->descriptors > first->descriptors + 1)
		phase_say(p, FINDING_ERROR, what, "leaks descriptors: %ld in %d rounds",
			  last->descriptors - first->descriptors, rounds);
	if (last->threads > first->threads + 1)
		phase_say(p, FINDING_ERROR, what, "leaves threads behind: %ld in %d rounds",
			  last->threads - first->threads, rounds);
	if (seems_to_leak(w))
		phase_say(p, FINDING_WARNING, what,
			  "keeps %lld more bytes of memory each time (%d rounds)",
			  (long long)growth(w), rounds);
}

static void
round_of(struct box *b, const bool *cheap)
{
	_autobuf_ struct buf why = BUF_WHY;

	box_collect(b, &why);
	for (size_t i = 0; i < b->plugin->decl.n_commands; i++) {
		if (cheap[i])
			ask_once(b, &b->plugin->commands[i]);
	}
}

/* How many rounds there were. */
static int
watch_calls(struct box *b, const bool *cheap, struct watch *w)
{
	int64_t began_ns = now_ns();
	int n = 0;

	*w = (struct watch){ .parts = 0 };
	for (int i = 0; i < WARM_UP && now_ns() - began_ns < rounds_ns / 2; i++)
		round_of(b, cheap);
	mark(w, 0);
	began_ns = now_ns();
	while (n < ROUNDS && now_ns() - began_ns < rounds_ns) {
		round_of(b, cheap);
		if (++n % (ROUNDS / PARTS) == 0)
			mark(w, n);
	}
	return n;
}

static void
leaks_of_calls(struct box *b)
{
	_autofree_ bool *cheap = xcalloc(b->plugin->decl.n_commands + 1, sizeof(*cheap));
	struct watch w;
	int n, tries = 0;

	for (size_t i = 0; i < b->plugin->decl.n_commands; i++)
		cheap[i] = ask_once(b, &b->plugin->commands[i]) < dear_ns;
	do
		n = watch_calls(b, cheap, &w);
	while (seems_to_leak(&w) && ++tries < TRIES);
	judge_held(b->phase, "collect, views and runs", &w);
	phase_say(b->phase, FINDING_NOTE, "leaks", "looked for over %d rounds of all calls", n);
}

/* False where it does not start again. */
static bool
watch_life(struct box *b, struct watch *w)
{
	_autobuf_ struct buf why = BUF_WHY;
	int64_t began_ns = now_ns();

	*w = (struct watch){ .parts = 0 };
	/* The first ones fill what malloc keeps for the next call of the same size. */
	for (int n = -WARM_UP; n <= RESTARTS && now_ns() - began_ns < rounds_ns; n++) {
		if (n >= 0 && n % (RESTARTS / PARTS) == 0)
			mark(w, n);
		phase_at(b->phase, "stop and start");
		host_stop(b->host, &b->plugin->object);
		if (host_start(b->host, &b->plugin->object, NULL, now_ns() + rounds_ns, &why) < 0)
			return false;
		box_collect(b, &why);
	}
	return true;
}

static void
leaks_of_life(struct box *b)
{
	struct watch w;
	int tries = 0;

	do
		if (!watch_life(b, &w))
			return;
	while (seems_to_leak(&w) && ++tries < TRIES);
	judge_held(b->phase, "stop and start", &w);
}

void
cost_leaks(struct phase *p, void *arg)
{
	struct box b;

	(void)arg;
	if (!box_open(&b, p, NULL, FINDING_NOTE))
		return;
	leaks_of_calls(&b);
	leaks_of_life(&b);
	box_close(&b);
}

/* ---- cancels ------------------------------------------------------------------------------ */

struct canceller {
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	bool done;
	int64_t cancelled_ns; /* 0 = it was done before */
	struct host_cancel cancel;
};

static void *
cancel_soon(void *arg)
{
	struct canceller *c = arg;
	int64_t until_ns = now_ns() + cancel_after_ns;
	struct timespec until = { until_ns / NS_PER_S, until_ns % NS_PER_S };

	pthread_mutex_lock(&c->lock);
	while (!c->done && now_ns() < until_ns)
		pthread_cond_timedwait(&c->done_cond, &c->lock, &until);
	if (!c->done) {
		c->cancelled_ns = now_ns();
		host_cancel_set(&c->cancel);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* How long it went on after the cancel; 0 when it did not live that long. */
static int64_t
cancel_one(struct box *b, const struct telmon_command *cmd)
{
	struct canceller c = { .lock = PTHREAD_MUTEX_INITIALIZER };
	_autobuf_ struct buf why = BUF_WHY;
	struct host_arg args[BOX_MAX_ARGS];
	struct rows rows;
	pthread_t thread;

	lock_cond_init(&c.done_cond);
	host_cancel_init(&c.cancel);
	box_args(cmd, BOX_DEFAULTS, args);
	if (pthread_create(&thread, NULL, cancel_soon, &c) != 0)
		return 0;
	box_ask(b, cmd, args, &c.cancel, &rows, &why);
	pthread_mutex_lock(&c.lock);
	c.done = true;
	pthread_cond_signal(&c.done_cond);
	pthread_mutex_unlock(&c.lock);
	pthread_join(thread, NULL);
	rows_fini(&rows);
	host_cancel_fini(&c.cancel);
	return c.cancelled_ns ? now_ns() - c.cancelled_ns : 0;
}

void
cost_cancel(struct phase *p, void *arg)
{
	struct box b;

	(void)arg;
	if (!box_open(&b, p, NULL, FINDING_NOTE))
		return;
	for (size_t i = 0; i < b.plugin->decl.n_commands; i++) {
		const struct telmon_command *cmd = &b.plugin->commands[i];
		_autobuf_ struct buf about = BUF_WHY;
		int64_t ns;

		if (!cmd->run)
			continue;
		buf_printf(&about, "run '%s', cancelled", cmd->name);
		phase_at(p, "%s", buf_str(&about));
		ns = cancel_one(&b, cmd);
		if (ns > obeys_ns)
			phase_say(p, FINDING_WARNING, buf_str(&about),
				  "goes on for %.1f s: ask telmon_cancelled() now and then, wait "
				  "with "
				  "telmon_sleep()",
				  (double)ns / 1e9);
	}
	box_close(&b);
}

/* ---- two at once -------------------------------------------------------------------------- */

enum { VIEWS_EACH = 50 };

struct viewer {
	struct box *box;
	const struct telmon_command *cmd;
	struct buf first; /* rendered */
	bool differs;
};

static void
render_rows(const struct rows *rows, struct buf *out)
{
	struct render r;

	render_begin(&r, rows, &(struct render_options){ .format = RENDER_JSON });
	while (render_next(&r, out) > 0)
		;
}

static void *
view_often(void *arg)
{
	struct viewer *v = arg;
	struct host_arg args[BOX_MAX_ARGS];

	box_args(v->cmd, BOX_DEFAULTS, args);
	for (int i = 0; i < VIEWS_EACH; i++) {
		_autobuf_ struct buf why = BUF_WHY, out = BUF_INIT(BOX_MAX_ANSWER);
		struct rows rows;

		box_ask(v->box, v->cmd, args, NULL, &rows, &why);
		render_rows(&rows, &out);
		rows_fini(&rows);
		if (i == 0)
			buf_put(&v->first, buf_str(&out), out.len);
		else if (strcmp(buf_str(&out), buf_str(&v->first)) != 0)
			v->differs = true;
	}
	return NULL;
}

static void
view_together(struct box *b, const struct telmon_command *cmd)
{
	struct viewer v[2] = { { .box = b, .cmd = cmd, .first = BUF_INIT(BOX_MAX_ANSWER) },
			       { .box = b, .cmd = cmd, .first = BUF_INIT(BOX_MAX_ANSWER) } };
	_autobuf_ struct buf about = BUF_WHY;
	pthread_t thread;

	buf_printf(&about, "view '%s', two at once", cmd->name);
	phase_at(b->phase, "%s", buf_str(&about));
	if (pthread_create(&thread, NULL, view_often, &v[1]) == 0) {
		view_often(&v[0]);
		pthread_join(thread, NULL);
		if (v[0].differs || v[1].differs ||
		    strcmp(buf_str(&v[0].first), buf_str(&v[1].first)) != 0)
			phase_say(b->phase, FINDING_ERROR, buf_str(&about),
				  "give different answers of one sample: a view reads values and "
				  "arguments, nothing else");
	}
	buf_fini(&v[0].first);
	buf_fini(&v[1].first);
}

void
cost_together(struct phase *p, void *arg)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct box b;

	(void)arg;
	if (!box_open(&b, p, NULL, FINDING_NOTE))
		return;
	box_collect(&b, &why);
	box_collect(&b, &why);
	for (size_t i = 0; b.newest && i < b.plugin->decl.n_commands; i++) {
		if (b.plugin->commands[i].view)
			view_together(&b, &b.plugin->commands[i]);
	}
	box_close(&b);
}
