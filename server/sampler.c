/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * sampler -- one thread that knows when each sampled plugin is due, and asks the executor then.
 * After its first two samples a plugin is due at the multiples of its interval on the monotonic
 * clock: all plugins of one interval share a wake-up, and what a pause made overdue is asked for
 * once. Holds a table of the registry as long as it works with it; waits for no collect.
 */
#include "sampler.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "lock.h"
#include "log.h"
#include "mem.h"
#include "pool.h"

#define SECOND_SAMPLE_NS (100 * NS_PER_MS)
enum { STACK_BYTES = 256 << 10, MAX_MISSES = 10 };

/* One sampled plugin of the table. */
struct due {
	struct plugin *plugin; /* the table holds it */
	int64_t next_ns;
	int64_t interval_ns; /* that next_ns was made with */
	unsigned samples;    /* 0, 1, 2 = two and more */
	unsigned misses;     /* of the second one, because the first took long */
};

struct sampler {
	/* set before start */
	struct registry *registry;
	struct executor *executor;
	pthread_t thread;

	struct lock lock;
	/* guarded by lock */
	bool poked, quit;
	pthread_cond_t changed;

	/* sampler thread only */
	struct command_table *table;
	struct due *due;
	size_t n_due;
};

static int64_t
interval_of(const struct plugin *p)
{
	int64_t ns = __atomic_load_n(&p->interval_ns, __ATOMIC_RELAXED);

	return ns > NS_PER_MS ? ns : NS_PER_MS;
}

int64_t
sampler_next_ns(int64_t now_ns, int64_t interval_ns)
{
	int64_t next = (now_ns / interval_ns + 1) * interval_ns;

	return next - now_ns < interval_ns / 2 ? next + interval_ns : next;
}

static const struct due *
find(const struct sampler *s, const struct plugin *p)
{
	for (size_t i = 0; i < s->n_due; i++) {
		if (s->due[i].plugin == p)
			return &s->due[i];
	}
	return NULL;
}

/* Plugins that were there keep their times, unless their interval changed. */
static struct due
due_of(const struct sampler *s, struct plugin *p, int64_t now)
{
	const struct due *known = find(s, p);
	struct due d = { .plugin = p, .next_ns = now, .interval_ns = interval_of(p) };

	if (!known)
		return d;
	d.samples = known->samples;
	d.misses = known->misses;
	d.next_ns = known->next_ns;
	if (d.interval_ns != known->interval_ns && d.samples > 1)
		d.next_ns = sampler_next_ns(now, d.interval_ns);
	return d;
}

/* Takes the table that is published now. */
static void
look_up(struct sampler *s)
{
	struct command_table *table = registry_get(s->registry);
	const struct plugin_table *plugins = table ? table->plugins : NULL;
	size_t n = 0, room = plugins ? plugins->count : 0;
	struct due *due = xcalloc(room, sizeof(*due));
	int64_t now = now_ns();

	for (size_t i = 0; i < room; i++) {
		if (plugins->plugins[i]->sampled)
			due[n++] = due_of(s, plugins->plugins[i], now);
	}
	free(s->due);
	s->due = due;
	s->n_due = n;
	/* The old table goes last: until here a plugin's address could not be another's. */
	command_table_unref(s->table);
	s->table = table;
}

static void
sample(struct sampler *s, struct due *d, int64_t now)
{
	bool asked = executor_sample(s->executor, d->plugin);

	if (d->samples < 2)
		d->samples += asked;
	if (d->samples == 1 && d->interval_ns > SECOND_SAMPLE_NS &&
	    (asked || ++d->misses < MAX_MISSES))
		d->next_ns = now + SECOND_SAMPLE_NS;
	else
		d->next_ns = sampler_next_ns(now, d->interval_ns);
}

/* Asks for all that is due. Returns when the next one is; -1 = never. */
static int64_t
sample_due(struct sampler *s)
{
	int64_t now = now_ns(), next = -1;

	for (size_t i = 0; i < s->n_due; i++) {
		struct due *d = &s->due[i];

		if (d->next_ns <= now)
			sample(s, d, now);
		if (next < 0 || d->next_ns < next)
			next = d->next_ns;
	}
	return next;
}

/* Sleeps until then, or until told. False: it is over. */
static bool
await(struct sampler *s, int64_t until_ns, bool *ret_poked)
{
	bool go_on = false;

	LOCKED(&s->lock) {
		while (!s->poked && !s->quit && lock_wait(&s->lock, &s->changed, until_ns) == 0)
			;
		*ret_poked = s->poked;
		s->poked = false;
		go_on = !s->quit;
	}
	return go_on;
}

static void *
run(void *arg)
{
	struct sampler *s = arg;
	bool poked = true;

	pthread_setname_np(pthread_self(), "sample");
	do {
		if (poked)
			look_up(s);
	} while (await(s, sample_due(s), &poked));
	return NULL;
}

struct sampler *
sampler_start(struct registry *registry, struct executor *executor)
{
	struct sampler *s = xcalloc(1, sizeof(*s));
	int r;

	s->registry = registry;
	s->executor = executor;
	lock_init(&s->lock, LOCK_LEAF);
	lock_cond_init(&s->changed);
	r = pool_thread_start(&s->thread, STACK_BYTES, run, s);
	if (r == 0)
		return s;
	errno = -r;
	log_err("sampler: its thread cannot be started");
	pthread_cond_destroy(&s->changed);
	lock_fini(&s->lock);
	free(s);
	return NULL;
}

static void
tell(struct sampler *s, bool quit)
{
	LOCKED(&s->lock) {
		s->poked = true;
		s->quit |= quit;
		pthread_cond_signal(&s->changed);
	}
}

void
sampler_poke(struct sampler *s)
{
	if (s)
		tell(s, false);
}

void
sampler_stop(struct sampler *s)
{
	if (!s)
		return;
	tell(s, true);
	pthread_join(s->thread, NULL);
	command_table_unref(s->table);
	free(s->due);
	pthread_cond_destroy(&s->changed);
	lock_fini(&s->lock);
	free(s);
}
