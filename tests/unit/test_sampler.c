/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of sampler: when plugins are due, and that the thread asks for them then. Counts of
 * samples are waited for; of times only what no load can change is asserted.
 * What threads other than the test's own find is a matter of assert(): check hears one thread only.
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "sampler.h"

/* Its macro fail() must not meet the plugin's header. */
#include <check.h>

enum { MAX_TIMES = 64 };

struct unit {
	struct plugin plugin; /* first */
	_Atomic unsigned collects;
	_Atomic bool closed;
	_Atomic int64_t times[MAX_TIMES];
};

static const struct telmon_metric metric = { .name = "unit_value", .kind = TELMON_GAUGE };

static int64_t
soon(void)
{
	return now_ns() + 20 * NS_PER_S;
}

static int
collect(struct telmon *t)
{
	struct unit *u = t->state;
	unsigned i = atomic_load(&u->collects);
	int64_t until = soon();

	if (i < MAX_TIMES)
		atomic_store(&u->times[i], now_ns());
	atomic_fetch_add(&u->collects, 1);
	while (atomic_load(&u->closed)) {
		assert(now_ns() < until);
		sched_yield();
	}
	return telmon_put(t, 0, i);
}

static struct unit *
unit_new(const char *name, int64_t interval_ns)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct unit *u = calloc(1, sizeof(*u));
	struct plugin *p = &u->plugin;

	p->refs = 1;
	p->name = strdup(name);
	p->decl = (struct telmon_plugin){ .collect = collect };
	p->object = (struct host_object){ .name = p->name, .decl = &p->decl, .state = u };
	p->object.set = metric_set_new(&metric, 1, sizeof(metric), &why);
	p->series = series_new(0);
	p->deadline_ns = 100 * NS_PER_S;
	p->sampled = interval_ns > 0;
	p->interval_ns = interval_ns;
	return u;
}

static void
unit_free(struct unit *u)
{
	ck_assert_uint_eq(u->plugin.refs, 1);
	series_free(u->plugin.series);
	metric_set_unref(u->plugin.object.set);
	free(u->plugin.name);
	free(u);
}

static void
await_count(struct unit *u, unsigned n)
{
	int64_t until = soon();

	while (atomic_load(&u->collects) < n) {
		ck_assert_msg(now_ns() < until, "%s: %u, not %u", u->plugin.name, u->collects, n);
		sched_yield();
	}
}

struct house {
	struct host *host;
	struct executor *executor;
	struct registry *registry;
	struct sampler *sampler;
};

static void
publish(struct house *h, struct unit *const *units, size_t n)
{
	_autobuf_ struct buf refused = BUF_WHY;
	struct plugin *plugins[8];
	struct plugin_table *t;

	for (size_t i = 0; i < n; i++)
		plugins[i] = &units[i]->plugin;
	t = plugin_table_new(plugins, n, NULL, 0);
	registry_set(h->registry, command_table_new(NULL, 0, t, &refused));
	plugin_table_unref(t);
}

static void
house_open(struct house *h, struct unit *const *units, size_t n)
{
	_autobuf_ struct buf why = BUF_WHY;

	h->host = host_new(NULL, &why);
	ck_assert_ptr_nonnull(h->host);
	h->executor = executor_new(h->host, 8);
	h->registry = registry_new();
	if (n)
		publish(h, units, n);
	h->sampler = sampler_start(h->registry, h->executor);
	ck_assert_ptr_nonnull(h->sampler);
}

static void
house_close(struct house *h)
{
	sampler_stop(h->sampler);
	ck_assert_uint_eq(executor_stop(h->executor, soon()), 0);
	executor_free(h->executor);
	registry_free(h->registry);
	host_free(h->host);
}

START_TEST(test_next)
{
	const int64_t s = NS_PER_S, ms = NS_PER_MS;

	/* On the grid, a little late: the next point. */
	ck_assert_int_eq(sampler_next_ns(5 * s, s), 6 * s);
	ck_assert_int_eq(sampler_next_ns(5 * s + 1, s), 6 * s);
	ck_assert_int_eq(sampler_next_ns(5 * s + 400 * ms, s), 6 * s);
	ck_assert_int_eq(sampler_next_ns(5 * s + 500 * ms, s), 6 * s);
	/* Too near: the one after it. */
	ck_assert_int_eq(sampler_next_ns(5 * s + 501 * ms, s), 7 * s);
	ck_assert_int_eq(sampler_next_ns(6 * s - 1, s), 7 * s);
	/* However long the pause was: one sample now, and then the grid again. */
	ck_assert_int_eq(sampler_next_ns(86400 * s + 3 * ms, s), 86401 * s);
	/* Plugins of one interval, and of multiples, meet. */
	ck_assert_int_eq(sampler_next_ns(12 * s, 5 * s), 15 * s);
	ck_assert_int_eq(sampler_next_ns(14 * s, 5 * s), 20 * s);
	ck_assert_int_eq(sampler_next_ns(14 * s, 60 * s), 60 * s);
	ck_assert_int_eq(sampler_next_ns(7 * ms, 50 * ms), 50 * ms);
}
END_TEST

START_TEST(test_first_samples)
{
	struct unit *u = unit_new("unit", 3600 * NS_PER_S), *demand = unit_new("demand", 0);
	struct unit *units[] = { u, demand };
	struct snapshot *newest, *previous;
	int64_t before = now_ns(), until = soon();
	struct house h;

	house_open(&h, units, 2);
	await_count(u, 2);
	/* At once, and a second one for rates; then not for an hour. */
	ck_assert_int_ge(u->times[0], before);
	ck_assert_int_ge(u->times[1] - before, 100 * NS_PER_MS);
	do {
		series_newest(u->plugin.series, &newest, &previous);
		snapshot_unref(newest);
		snapshot_unref(previous);
		ck_assert(now_ns() < until);
	} while (!previous);
	house_close(&h);
	ck_assert_uint_eq(u->collects, 2);
	ck_assert_uint_eq(demand->collects, 0);
	unit_free(u);
	unit_free(demand);
}
END_TEST

START_TEST(test_goes_on)
{
	struct unit *fast = unit_new("fast", 20 * NS_PER_MS),
		    *slow = unit_new("slow", 100 * NS_PER_MS);
	struct unit *units[] = { fast, slow };
	int64_t began = now_ns(), took;
	unsigned n;
	struct house h;

	house_open(&h, units, 2);
	await_count(slow, 5);
	await_count(fast, 12);
	sampler_stop(h.sampler);
	h.sampler = NULL;
	took = now_ns() - began;
	n = atomic_load(&fast->collects);
	/* Never more than the interval says, but for the first two. */
	ck_assert_int_le(n, took / (20 * NS_PER_MS) + 3);
	ck_assert_int_le(slow->collects, took / (100 * NS_PER_MS) + 3);
	house_close(&h);
	unit_free(fast);
	unit_free(slow);
}
END_TEST

START_TEST(test_skips_what_still_runs)
{
	struct unit *stuck = unit_new("stuck", 20 * NS_PER_MS),
		    *other = unit_new("other", 20 * NS_PER_MS);
	struct unit *units[] = { stuck, other };
	struct house h;

	atomic_store(&stuck->closed, true);
	house_open(&h, units, 2);
	await_count(stuck, 1);
	await_count(other, 8);
	ck_assert_uint_eq(stuck->collects, 1);
	atomic_store(&stuck->closed, false);
	await_count(stuck, 4);
	house_close(&h);
	unit_free(stuck);
	unit_free(other);
}
END_TEST

START_TEST(test_poke)
{
	struct unit *a = unit_new("a", 3600 * NS_PER_S), *b = unit_new("b", 20 * NS_PER_MS);
	struct unit *only_a[] = { a }, *both[] = { a, b };
	struct house h;

	/* Nothing published yet: it waits to be told. */
	house_open(&h, NULL, 0);
	publish(&h, only_a, 1);
	sampler_poke(h.sampler);
	await_count(a, 2);
	publish(&h, both, 2);
	sampler_poke(h.sampler);
	await_count(b, 5);
	ck_assert_uint_eq(a->collects, 2); /* still there: its times are kept */
	/* A shorter interval is taken up. */
	__atomic_store_n(&a->plugin.interval_ns, 20 * NS_PER_MS, __ATOMIC_RELAXED);
	sampler_poke(h.sampler);
	await_count(a, 5);
	/* What is gone is let go. */
	publish(&h, only_a, 1);
	sampler_poke(h.sampler);
	executor_stop_plugin(h.executor, &b->plugin);
	for (int64_t until = soon(); atomic_load(&b->plugin.refs) != 1; sched_yield())
		ck_assert(now_ns() < until);
	unit_free(b);
	await_count(a, 8);
	house_close(&h);
	sampler_poke(NULL);
	sampler_stop(NULL);
	unit_free(a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sampler");
	TCase *c = tcase_create("sampler");
	SRunner *r;
	int failed;

	log_set_level(LOG_LEVEL_ERR);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_next);
	tcase_add_test(c, test_first_samples);
	tcase_add_test(c, test_goes_on);
	tcase_add_test(c, test_skips_what_still_runs);
	tcase_add_test(c, test_poke);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
