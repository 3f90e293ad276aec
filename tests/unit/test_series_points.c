/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_series_points -- what is kept of each series: values and rates, series that come and go, the
 * limits, and readers against the writer.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lock.h"
#include "mem.h"
#include "series.h"

/* Last: it makes a macro of the word `fail`, which plugin.h uses. */
#include <check.h>

enum { GAUGE, COUNTER, BY, INFO, MANY };

static const struct telmon_metric table[] = {
	[GAUGE] = { .name = "gauge", .unit = TELMON_BYTES },
	[COUNTER] = { .name = "counter", .kind = TELMON_COUNTER, .unit = TELMON_SECONDS },
	[BY] = { .name = "by", .kind = TELMON_COUNTER, .labels = "who" },
	[INFO] = { .name = "info", .kind = TELMON_INFO, .labels = "what" },
	[MANY] = { .name = "many", .labels = "a,b" },
};

static struct metric_set *set;
static struct series *series;
static struct snapshot_builder *builder;

static void
setup(void)
{
	struct buf why = BUF_WHY;

	set = metric_set_new(table, sizeof(table) / sizeof(table[0]), sizeof(table[0]), &why);
	series = series_new(0);
	builder = snapshot_builder_new(set);
}

static void
teardown(void)
{
	snapshot_builder_free(builder);
	series_free(series);
	metric_set_unref(set);
}

static void
put(unsigned metric, const char *label, double value)
{
	const char *labels[] = { label, "second" };
	size_t n = metric == MANY ? 2 : label ? 1 : 0;

	ck_assert_int_eq(snapshot_builder_put(builder, metric, labels, n, value), 0);
}

static void
add(double seconds)
{
	series_add(series,
		   snapshot_builder_seal(builder, (int64_t)(seconds * (double)NS_PER_S), seconds));
	builder = snapshot_builder_new(set);
}

/* "metric{label}" in the order of the list. */
static void
expect_tracks(const char *want)
{
	_autobuf_ struct buf got = BUF_INIT(1 << 20);
	struct track_list *l = series_tracks(series);
	const char *value;

	for (size_t i = 0; l && i < l->n; i++) {
		buf_printf(&got, "%s%s", i ? " " : "", track_metric(l->tracks[i]));
		if (track_label(l->tracks[i], 0, &value))
			buf_printf(&got, "{%s}", value);
	}
	track_list_unref(l);
	ck_assert_str_eq(buf_str(&got), want);
}

/* A reference on the list that holds it; *ret is borrowed from that. */
static struct track_list *
find(const char *metric, const char *label, struct track **ret)
{
	struct track_list *l = series_tracks(series);
	const char *value;

	*ret = NULL;
	for (size_t i = 0; l && i < l->n; i++) {
		if (strcmp(track_metric(l->tracks[i]), metric) != 0)
			continue;
		if (!label || (track_label(l->tracks[i], 0, &value) && strcmp(value, label) == 0))
			*ret = l->tracks[i];
	}
	return l;
}

/* "-" is NaN. */
static void
put_points(struct buf *out, const struct track *t)
{
	int64_t times[SERIES_POINTS];
	float points[SERIES_POINTS];
	size_t n = series_points(series, t, points, times);

	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? " " : "");
		if (isnan(points[i]))
			buf_putc(out, '-');
		else
			buf_put_real(out, (double)points[i]);
	}
}

static void
expect_points(const char *metric, const char *label, const char *want)
{
	_autobuf_ struct buf got = BUF_INIT(1 << 20);
	struct track *t;
	struct track_list *l = find(metric, label, &t);

	ck_assert_ptr_nonnull(t);
	put_points(&got, t);
	track_list_unref(l);
	ck_assert_str_eq(buf_str(&got), want);
}

START_TEST(on_demand_keeps_nothing)
{
	struct series *s = series_new(10);

	ck_assert_ptr_null(series_tracks(s));
	series_free(s);
	ck_assert_ptr_null(series_tracks(series));
	add(1);
	expect_tracks("");
	track_list_unref(NULL);
}
END_TEST

START_TEST(gauges_are_values_and_counters_rates)
{
	put(GAUGE, NULL, 5);
	put(COUNTER, NULL, 100);
	add(10);
	expect_points("gauge", NULL, "5");
	expect_points("counter", NULL, "-");
	put(GAUGE, NULL, -1.5);
	put(COUNTER, NULL, 101);
	add(12);
	put(GAUGE, NULL, 0);
	put(COUNTER, NULL, 101);
	add(12.5);
	expect_points("gauge", NULL, "5 -1.5 0");
	expect_points("counter", NULL, "- 0.5 0");
	/* It began anew, by a reboot or an overflow. */
	put(COUNTER, NULL, 3);
	add(13);
	put(COUNTER, NULL, 7);
	add(15);
	expect_points("counter", NULL, "- 0.5 0 - 2");
	/* Two snapshots of one moment have no rate. */
	put(COUNTER, NULL, 9);
	add(15);
	expect_points("counter", NULL, "- 0.5 0 - 2 -");
}
END_TEST

START_TEST(tracks_know_what_they_are)
{
	struct track_list *l;
	const char *value;
	struct track *t;

	put(MANY, "x", 1);
	put(COUNTER, NULL, 1);
	add(1);
	l = find("many", NULL, &t);
	ck_assert_str_eq(track_metric(t), "many");
	ck_assert_int_eq(track_kind(t), TELMON_GAUGE);
	ck_assert_str_eq(track_label(t, 0, &value), "a");
	ck_assert_str_eq(value, "x");
	ck_assert_str_eq(track_label(t, 1, &value), "b");
	ck_assert_str_eq(value, "second");
	ck_assert_ptr_null(track_label(t, 2, &value));
	track_list_unref(l);
	l = find("counter", NULL, &t);
	ck_assert_int_eq(track_kind(t), TELMON_COUNTER);
	ck_assert_int_eq(track_unit(t), TELMON_SECONDS);
	ck_assert_ptr_null(track_label(t, 0, &value));
	track_list_unref(l);
}
END_TEST

START_TEST(series_come_and_go)
{
	put(BY, "a", 10);
	put(BY, "b", 10);
	add(1);
	put(BY, "b", 11);
	put(BY, "c", 10);
	add(2);
	expect_tracks("by{b} by{c} by{a}");
	expect_points("by", "a", "- -");
	expect_points("by", "b", "- 1");
	expect_points("by", "c", "- -");
	/* Back again: what it counted in between is not known to be of this interval. */
	put(BY, "c", 12);
	put(BY, "a", 20);
	add(3);
	put(BY, "c", 13);
	put(BY, "a", 21);
	add(4);
	expect_tracks("by{c} by{a} by{b}");
	expect_points("by", "a", "- - - 1");
	expect_points("by", "b", "- 1 - -");
	expect_points("by", "c", "- - 2 1");
}
END_TEST

START_TEST(a_ring_of_600)
{
	int64_t times[SERIES_POINTS];
	float points[SERIES_POINTS];
	struct track_list *l;
	struct track *t;

	for (int i = 1; i <= 1500; i++) {
		put(GAUGE, NULL, i);
		if (i == 901)
			put(BY, "once", 1);
		add(i * 2);
		if (i % 100)
			continue;
		l = find("gauge", NULL, &t);
		ck_assert_uint_eq(series_points(series, t, points, times),
				  i < SERIES_POINTS ? (size_t)i : SERIES_POINTS);
		for (int k = 0; k < (i < SERIES_POINTS ? i : SERIES_POINTS); k++) {
			int want = i < SERIES_POINTS ? k + 1 : i - SERIES_POINTS + 1 + k;

			ck_assert_double_eq((double)points[k], want);
			ck_assert_int_eq(times[k], want * 2 * NS_PER_S);
		}
		track_list_unref(l);
	}
	/* 599 snapshots ago it was there. */
	expect_tracks("gauge by{once}");
	put(GAUGE, NULL, 0);
	add(4000);
	expect_tracks("gauge");
}
END_TEST

/* Points that are the same, and begin to differ, at every place of a piece and of the ring. */
START_TEST(points_that_hardly_change)
{
	int64_t times[SERIES_POINTS];
	float points[SERIES_POINTS];
	struct track_list *l;
	struct track *t;

	for (int i = 1; i <= 2000; i++) {
		if (i % 97 && i % 409 > 130)
			put(GAUGE, NULL, i / 61 % 3);
		add(i);
		if (i % 13)
			continue;
		l = find("gauge", NULL, &t);
		for (size_t n = t ? series_points(series, t, points, times) : 0, k = 0; k < n;
		     k++) {
			int tick = (int)(times[k] / NS_PER_S);

			if (tick % 97 && tick % 409 > 130)
				ck_assert_double_eq((double)points[k], tick / 61 % 3);
			else
				ck_assert(isnan(points[k]));
		}
		track_list_unref(l);
	}
}
END_TEST

/* A reader that holds on to what is gone does not see what was written by others since. */
START_TEST(a_track_that_is_let_go_has_no_more_points)
{
	_autobuf_ struct buf got = BUF_INIT(1 << 20);
	struct track_list *l;
	struct track *t;

	put(MANY, "gone", 7);
	add(1);
	l = find("many", "gone", &t);
	for (int i = 2; i <= 600; i++)
		add(i);
	put_points(&got, t);
	ck_assert_int_eq(strncmp(buf_str(&got), "7 - -", 5), 0);
	add(601);
	expect_tracks("");
	buf_clear(&got);
	put_points(&got, t);
	ck_assert_ptr_null(strchr(buf_str(&got), '7'));
	track_list_unref(l);
}
END_TEST

START_TEST(what_is_not_kept)
{
	char *label = xmalloc(SERIES_MAX_TRACK_BYTES);

	memset(label, 'x', SERIES_MAX_TRACK_BYTES - 1);
	label[SERIES_MAX_TRACK_BYTES - 1] = '\0';
	put(BY, label, 1);
	/* by, who and the label, each with its end, are just too much, and then just not. */
	label[SERIES_MAX_TRACK_BYTES - 3 - 4 - 1] = '\0';
	put(BY, label + 1, 1);
	put(INFO, "x", 1);
	put(GAUGE, NULL, 1);
	put(GAUGE, NULL, 2);
	put(MANY, "m", 1);
	put(MANY, "m", 2);
	add(1);
	expect_points("gauge", NULL, "1");
	expect_points("many", "m", "1");
	expect_points("by", label + 1, "-");
	label[SERIES_MAX_TRACK_BYTES - 3 - 4 - 1] = 'x';
	free(label);
}
END_TEST

START_TEST(a_set_that_grows_keeps_its_tracks)
{
	struct telmon_metric more = { .name = "more" },
			     other = { .name = "gauge", .kind = TELMON_COUNTER };
	struct buf why = BUF_WHY;
	struct metric_set *old = set;
	unsigned index;

	put(GAUGE, NULL, 1);
	add(1);
	set = metric_set_add(old, &more, &index, &why);
	metric_set_unref(old);
	snapshot_builder_set(builder, set);
	put(GAUGE, NULL, 2);
	put(index, NULL, 3);
	add(2);
	expect_points("gauge", NULL, "1 2");
	expect_points("more", NULL, "- 3");
	/* Of another kind, it is another one. */
	snapshot_builder_free(builder);
	metric_set_unref(set);
	set = metric_set_new(&other, 1, sizeof(other), &why);
	builder = snapshot_builder_new(set);
	snapshot_builder_put(builder, 0, NULL, 0, 5);
	add(3);
	expect_tracks("gauge gauge more");
}
END_TEST

static void
put_many(int from, int to)
{
	char name[16];

	for (int i = from; i < to; i++) {
		snprintf(name, sizeof(name), "%d", i);
		put(MANY, name, i);
	}
}

static bool
is_there(int i)
{
	char name[16];
	struct track_list *l;
	struct track *t;

	snprintf(name, sizeof(name), "%d", i);
	l = find("many", name, &t);
	track_list_unref(l);
	return t != NULL;
}

static size_t
n_tracks(void)
{
	struct track_list *l = series_tracks(series);
	size_t n = l->n;

	track_list_unref(l);
	return n;
}

START_TEST(places_are_limited)
{
	put_many(0, SERIES_MAX_TRACKS + 100);
	add(1);
	ck_assert_uint_eq(n_tracks(), SERIES_MAX_TRACKS);
	ck_assert(is_there(0) && is_there(SERIES_MAX_TRACKS - 1) && !is_there(SERIES_MAX_TRACKS));
	/* Two go, and three that had no place come before the others: those that are there stay. */
	put_many(SERIES_MAX_TRACKS, SERIES_MAX_TRACKS + 3);
	put_many(2, SERIES_MAX_TRACKS);
	add(2);
	ck_assert_uint_eq(n_tracks(), SERIES_MAX_TRACKS);
	ck_assert(is_there(2) && is_there(SERIES_MAX_TRACKS - 1));
	ck_assert(is_there(SERIES_MAX_TRACKS) && is_there(SERIES_MAX_TRACKS + 1));
	ck_assert(!is_there(SERIES_MAX_TRACKS + 2) && !is_there(0) && !is_there(1));
}
END_TEST

START_TEST(the_longest_gone_goes_first)
{
	put_many(0, SERIES_MAX_TRACKS);
	add(1);
	put_many(0, SERIES_MAX_TRACKS - 2);
	add(2);
	put_many(0, SERIES_MAX_TRACKS - 4);
	add(3);
	ck_assert_uint_eq(n_tracks(), SERIES_MAX_TRACKS);
	put_many(0, SERIES_MAX_TRACKS - 4);
	put_many(10000, 10002);
	add(4);
	ck_assert(is_there(SERIES_MAX_TRACKS - 3) && is_there(SERIES_MAX_TRACKS - 4));
	ck_assert(!is_there(SERIES_MAX_TRACKS - 1) && !is_there(SERIES_MAX_TRACKS - 2));
	ck_assert(is_there(10000) && is_there(10001));
}
END_TEST

/* Labels that are never used again fill the places, and no more. */
START_TEST(labels_without_end)
{
	for (int i = 0; i < 300; i++) {
		put(GAUGE, NULL, i);
		put_many(i * 50, i * 50 + 50);
		add(i + 1);
		ck_assert_uint_le(n_tracks(), SERIES_MAX_TRACKS);
	}
	ck_assert(is_there(300 * 50 - 1) && is_there(300 * 50 - 4000) &&
		  !is_there(300 * 50 - 4200));
	for (int i = 0; i <= 600; i++) {
		put(GAUGE, NULL, i);
		add(1000 + i);
	}
	expect_tracks("gauge");
}
END_TEST

struct race {
	atomic_bool stop;
	atomic_uint seen;
};

/* Each series has the second of its snapshot as value, or is absent. */
static void
read_all(struct race *race)
{
	struct track_list *l = series_tracks(series);
	int64_t times[SERIES_POINTS];
	float points[SERIES_POINTS];

	for (size_t i = 0; l && i < l->n; i++) {
		size_t n = series_points(series, l->tracks[i], points, times);

		for (size_t k = 0; k < n; k++)
			if (!isnan(points[k])) {
				ck_assert_int_eq((int64_t)points[k], times[k] / NS_PER_S);
				atomic_fetch_add(&race->seen, 1);
			}
	}
	track_list_unref(l);
}

static void *
reader(void *arg)
{
	struct race *race = arg;

	while (!atomic_load(&race->stop))
		read_all(race);
	return NULL;
}

START_TEST(a_writer_and_readers)
{
	struct race race = { 0 };
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, reader, &race), 0);
	for (int i = 1; i < 800 || atomic_load(&race.seen) < 1000; i++) {
		char name[16];

		put(GAUGE, NULL, i);
		for (int k = 0; k < 5; k++) {
			snprintf(name, sizeof(name), "%d", i / 9 + k);
			put(MANY, name, i);
		}
		add(i);
		sched_yield();
	}
	atomic_store(&race.stop, true);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

/* ---- labels that were made to collide ---- */

enum { PAIRS = 15, PAIR_BYTES = 8 };

static uint32_t
fnv(uint32_t h, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

/* Two words that lead from *h to the same number, which is *h then. */
static void
find_pair(uint32_t *h, char ret[2][PAIR_BYTES + 1])
{
	enum { PLACES = 1 << 20 };
	uint32_t *words = xcalloc(PLACES, sizeof(*words)), word, hash, at;

	for (word = 1;; word++) {
		snprintf(ret[0], PAIR_BYTES + 1, "%08x", word);
		hash = fnv(*h, ret[0], PAIR_BYTES);
		at = hash * 2654435761u >> 12;
		for (; words[at]; at = (at + 1) % PLACES) {
			snprintf(ret[1], PAIR_BYTES + 1, "%08x", words[at]);
			if (fnv(*h, ret[1], PAIR_BYTES) == hash)
				goto out;
		}
		words[at] = word;
	}
out:
	*h = hash;
	free(words);
}

static double
processor_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Processor time in which a new series takes two samples of so many labels; pairs NULL: of any. */
static double
cost(char pairs[][2][PAIR_BYTES + 1])
{
	double spent = 0, from;

	series_free(series);
	series = series_new(0);
	for (int round = 0; round < 2; round++) {
		for (int k = 0; k < 1 << PAIRS; k++) {
			char label[PAIRS * PAIR_BYTES + 1] = "";

			if (!pairs)
				snprintf(label, sizeof(label), "%0*d", PAIRS * PAIR_BYTES, k);
			for (int i = 0; pairs && i < PAIRS; i++)
				strcat(label, pairs[i][k >> i & 1]);
			put(BY, label, k);
		}
		if (round)
			put(GAUGE, NULL, 1);
		from = processor_s();
		add(round);
		spent += processor_s() - from;
	}
	return spent;
}

/* Labels that collide cost too much each time; what else runs on the machine, only at times. */
START_TEST(labels_that_collide)
{
	uint32_t h = fnv(2166136261u, "by\0who", sizeof("by\0who"));
	char pairs[PAIRS][2][PAIR_BYTES + 1];
	double usual, collided;
	int tries = 0;

	for (int i = 0; i < PAIRS; i++)
		find_pair(&h, pairs[i]);
	do {
		usual = cost(NULL);
		collided = cost(pairs);
	} while (collided >= 5 * usual && ++tries < 5);
	ck_assert_msg(tries < 5, "%.3f s where %.3f s are usual", collided, usual);
}
END_TEST

/* ---- heirs ---- */

/* From here on `series` is the heir; returns the other. */
static struct series *
inherit(void)
{
	struct series *old = series;

	series = series_new(0);
	series_inherit(series, old, set);
	return old;
}

START_TEST(an_heir_goes_on)
{
	struct snapshot *newest, *previous;
	struct series *old;

	series_free(inherit()); /* of one that has nothing */
	ck_assert_ptr_null(series_tracks(series));
	put(BY, "gone", 1);
	add(9);
	for (int i = 0; i < 3; i++) {
		put(GAUGE, NULL, i);
		put(COUNTER, NULL, 2 * i);
		put(BY, "a", 10 * i);
		add(10 + i);
	}
	old = inherit();
	expect_tracks("gauge counter by{a} by{gone}");
	expect_points("gauge", NULL, "- 0 1 2");
	expect_points("counter", NULL, "- - 2 2");
	expect_points("by", "gone", "- - - -");
	series_newest(series, &newest, &previous);
	ck_assert_double_eq(snapshot_value(newest, GAUGE, 0), 2);
	ck_assert_double_eq(snapshot_value(previous, GAUGE, 0), 1);
	snapshot_unref(newest);
	snapshot_unref(previous);
	/* No gap, and what the other one is given meanwhile is its own. */
	put(COUNTER, NULL, 10);
	add(13);
	expect_points("counter", NULL, "- - 2 2 6");
	expect_points("gauge", NULL, "- 0 1 2 -");
	put(GAUGE, NULL, 77);
	series_add(old, snapshot_builder_seal(builder, 13 * NS_PER_S, 13));
	builder = snapshot_builder_new(set);
	put(GAUGE, NULL, 5);
	add(14);
	expect_points("gauge", NULL, "- 0 1 2 - 5");
	series_free(old);
	expect_points("by", "a", "- - 10 10 - -");
}
END_TEST

/* Of another description it is heir to the points alone. */
START_TEST(an_heir_of_other_metrics)
{
	struct series *old = series;
	struct metric_set *few;
	_autobuf_ struct buf why = BUF_WHY;
	struct snapshot *newest;

	put(GAUGE, NULL, 3);
	add(1);
	few = metric_set_new(table, 1, sizeof(table[0]), &why);
	series = series_new(0);
	series_inherit(series, old, few);
	metric_set_unref(few);
	series_free(old);
	expect_points("gauge", NULL, "3");
	series_newest(series, &newest, NULL);
	ck_assert_ptr_null(newest);
}
END_TEST

static void
same_as(struct series *old, const char *metric)
{
	_autobuf_ struct buf want = BUF_INIT(1 << 20);
	struct series *heir = series;
	struct track_list *l;
	struct track *t;

	series = old;
	l = find(metric, NULL, &t);
	put_points(&want, t);
	track_list_unref(l);
	series = heir;
	expect_points(metric, NULL, buf_str(&want));
}

START_TEST(an_heir_of_a_full_ring)
{
	struct series *old;

	for (int i = 1; i <= 1000; i++) {
		put(GAUGE, NULL, i / 100);
		put(COUNTER, NULL, i % 7 * i);
		add(i);
	}
	old = inherit();
	for (int i = 1001; i < 1200; i++) {
		same_as(old, "gauge");
		same_as(old, "counter");
		put(GAUGE, NULL, i / 100);
		put(COUNTER, NULL, i % 7 * i);
		add(i);
		put(GAUGE, NULL, i / 100);
		put(COUNTER, NULL, i % 7 * i);
		series_add(old, snapshot_builder_seal(builder, i * NS_PER_S, i));
		builder = snapshot_builder_new(set);
	}
	series_free(old);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("series_points");
	TCase *t = tcase_create("points");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, on_demand_keeps_nothing);
	tcase_add_test(t, gauges_are_values_and_counters_rates);
	tcase_add_test(t, tracks_know_what_they_are);
	tcase_add_test(t, series_come_and_go);
	tcase_add_test(t, a_ring_of_600);
	tcase_add_test(t, points_that_hardly_change);
	tcase_add_test(t, a_track_that_is_let_go_has_no_more_points);
	tcase_add_test(t, what_is_not_kept);
	tcase_add_test(t, a_set_that_grows_keeps_its_tracks);
	tcase_add_test(t, places_are_limited);
	tcase_add_test(t, the_longest_gone_goes_first);
	tcase_add_test(t, labels_without_end);
	tcase_add_test(t, labels_that_collide);
	tcase_add_test(t, an_heir_goes_on);
	tcase_add_test(t, an_heir_of_other_metrics);
	tcase_add_test(t, an_heir_of_a_full_ring);
	tcase_add_test(t, a_writer_and_readers);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
