/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_series -- two newest snapshots, answers kept for as long as the newest stays it, limits of
 * what is kept, and readers against a writer.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"
#include "mem.h"
#include "series.h"

/* Last: it makes a macro of the word `fail`, which plugin.h uses. */
#include <check.h>

static struct metric_set *set;

static void
setup(void)
{
	static const struct telmon_metric table[] = { { .name = "x" } };
	struct buf why = BUF_WHY;

	set = metric_set_new(table, 1, sizeof(table[0]), &why);
}

static void
teardown(void)
{
	metric_set_unref(set);
}

static struct snapshot *
at(double seconds)
{
	struct snapshot_builder *b = snapshot_builder_new(set);

	snapshot_builder_put(b, 0, NULL, 0, seconds);
	return snapshot_builder_seal(b, (int64_t)(seconds * (double)NS_PER_S), seconds);
}

static uint64_t
add(struct series *s, double seconds)
{
	struct snapshot *snap = at(seconds);
	uint64_t id = snap->id;

	series_add(s, snap);
	return id;
}

static void
keep(struct series *s, uint64_t id, const char *key, const char *text)
{
	struct blob *b = blob_new(text, strlen(text), 1, 0.5);

	series_keep(s, id, key, strlen(key), b);
	blob_unref(b);
}

/* The text kept for a key, or "" when there is none. */
static const char *
kept(struct series *s, const char *key)
{
	static char text[64];
	int64_t time_ns = -1;
	struct blob *b = series_kept(s, key, strlen(key), &time_ns);

	text[0] = '\0';
	if (!b) {
		ck_assert_int_eq(time_ns, -1);
		return text;
	}
	ck_assert_int_ne(time_ns, -1);
	snprintf(text, sizeof(text), "%.*s", (int)b->size, b->data);
	blob_unref(b);
	return text;
}

START_TEST(test_newest)
{
	struct series *s = series_new(0);
	struct snapshot *newest, *previous;

	series_newest(s, &newest, &previous);
	ck_assert_ptr_null(newest);
	ck_assert_ptr_null(previous);
	add(s, 1);
	series_newest(s, &newest, &previous);
	ck_assert_double_eq(newest->wall_s, 1);
	ck_assert_ptr_null(previous);
	snapshot_unref(newest);
	add(s, 2);
	add(s, 1000);
	series_newest(s, &newest, &previous);
	ck_assert_double_eq(newest->wall_s, 1000);
	ck_assert_double_eq(previous->wall_s, 2);
	/* They live on without the series. */
	series_free(s);
	ck_assert_double_eq(snapshot_value(previous, 0, 0), 2);
	snapshot_unref(newest);
	snapshot_unref(previous);
	series_free(NULL);
}
END_TEST

START_TEST(test_previous_grows_too_old)
{
	struct series *s = series_new(10);
	struct snapshot *newest, *previous;

	add(s, 1);
	add(s, 11);
	series_newest(s, &newest, &previous);
	ck_assert_ptr_nonnull(previous);
	snapshot_unref(newest);
	snapshot_unref(previous);
	add(s, 21.001);
	series_newest(s, &newest, &previous);
	ck_assert_double_eq(newest->wall_s, 21.001);
	ck_assert_ptr_null(previous);
	snapshot_unref(newest);
	series_newest(s, &newest, NULL);
	snapshot_unref(newest);
	series_free(s);
}
END_TEST

START_TEST(test_kept)
{
	struct series *s = series_new(0);
	uint64_t first, second;
	int64_t time_ns;
	struct blob *b;

	keep(s, 0, "cpu", "nothing to keep it for");
	ck_assert_str_eq(kept(s, "cpu"), "");
	first = add(s, 3);
	keep(s, first, "cpu", "answer");
	keep(s, first, "cpu --json", "json");
	keep(s, first, "", "empty key");
	ck_assert_str_eq(kept(s, "cpu"), "answer");
	ck_assert_str_eq(kept(s, "cpu --json"), "json");
	ck_assert_str_eq(kept(s, ""), "empty key");
	ck_assert_str_eq(kept(s, "cp"), "");
	ck_assert_str_eq(kept(s, "cpu "), "");
	b = series_kept(s, "cpu", 3, &time_ns);
	ck_assert_int_eq(time_ns, 3 * NS_PER_S);
	ck_assert_int_eq(b->status, 1);
	ck_assert_double_eq(b->interval_s, 0.5);
	keep(s, first, "cpu", "another");
	ck_assert_str_eq(kept(s, "cpu"), "answer");
	second = add(s, 4);
	ck_assert_str_eq(kept(s, "cpu"), "");
	/* Who came late rendered an older snapshot. */
	keep(s, first, "cpu", "late");
	ck_assert_str_eq(kept(s, "cpu"), "");
	keep(s, second, "cpu", "fresh");
	ck_assert_str_eq(kept(s, "cpu"), "fresh");
	/* A reference outlives what it was taken from. */
	ck_assert_int_eq(memcmp(b->data, "answer", 6), 0);
	series_free(s);
	blob_unref(b);
	blob_unref(NULL);
}
END_TEST

START_TEST(test_keys_are_bytes)
{
	struct series *s = series_new(0);
	uint64_t id = add(s, 1);
	struct blob *b = blob_new("x", 1, 0, 0);
	int64_t time_ns;

	series_keep(s, id, "a\0b", 3, b);
	ck_assert_ptr_null(series_kept(s, "a\0c", 3, &time_ns));
	ck_assert_ptr_null(series_kept(s, "a", 1, &time_ns));
	ck_assert_ptr_eq(series_kept(s, "a\0b", 3, &time_ns), b);
	blob_unref(b);
	series_free(s);
	blob_unref(b);
}
END_TEST

START_TEST(test_at_most_32)
{
	struct series *s = series_new(0);
	uint64_t id = add(s, 1);
	char key[16];

	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		keep(s, id, key, key);
	}
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		ck_assert_str_eq(kept(s, key), i < 8 ? "" : key);
	}
	id = add(s, 2);
	keep(s, id, "key 1", "again");
	ck_assert_str_eq(kept(s, "key 1"), "again");
	ck_assert_str_eq(kept(s, "key 39"), "");
	series_free(s);
}
END_TEST

START_TEST(test_at_most_4_mib)
{
	struct series *s = series_new(0);
	uint64_t id = add(s, 1);
	char *bytes = xcalloc(1, (4 << 20) + 1);
	struct blob *mib = blob_new(bytes, 1 << 20, 0, 0), *big = blob_new(bytes, 4 << 20, 0, 0);
	struct blob *most = blob_new(bytes, (4 << 20) - 1024, 0, 0);
	int64_t time_ns;
	char key = 'a';

	for (; key < 'h'; key++)
		series_keep(s, id, &key, 1, mib);
	/* The fourth one's key and heads no longer fit. */
	for (key = 'a'; key < 'h'; key++) {
		struct blob *b = series_kept(s, &key, 1, &time_ns);

		ck_assert_msg((b != NULL) == (key >= 'e'), "key %c", key);
		blob_unref(b);
	}
	series_keep(s, id, "big", 3, big);
	ck_assert_ptr_null(series_kept(s, "big", 3, &time_ns));
	ck_assert_ptr_eq(series_kept(s, "g", 1, &time_ns), mib);
	blob_unref(mib);
	series_keep(s, id, "most", 4, most);
	ck_assert_ptr_null(series_kept(s, "g", 1, &time_ns));
	ck_assert_ptr_eq(series_kept(s, "most", 4, &time_ns), most);
	blob_unref(most);
	series_keep(s, id, bytes, (4 << 20) + 1, mib);
	ck_assert_ptr_null(series_kept(s, bytes, (4 << 20) + 1, &time_ns));
	/* After holes the places are used in turn again. */
	for (int i = 0; i < 70; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		keep(s, id, name, name);
		ck_assert_str_eq(kept(s, name), name);
	}
	blob_unref(mib);
	blob_unref(big);
	blob_unref(most);
	series_free(s);
	free(bytes);
}
END_TEST

struct race {
	struct series *series;
	atomic_bool stop;
	atomic_uint seen;
};

static void *
reader(void *arg)
{
	struct race *r = arg;
	char key[8];

	for (unsigned i = 0; !atomic_load(&r->stop); i++) {
		struct snapshot *newest, *previous;
		int64_t time_ns;
		struct blob *b;

		snprintf(key, sizeof(key), "k%u", i % 50);
		b = series_kept(r->series, key, strlen(key), &time_ns);
		if (b) {
			/* The answer tells the time of the snapshot that it was made of. */
			ck_assert_int_eq(strtoll(b->data, NULL, 10), time_ns);
			atomic_fetch_add(&r->seen, 1);
			blob_unref(b);
			continue;
		}
		series_newest(r->series, &newest, &previous);
		if (newest) {
			char text[32];
			int n = snprintf(text, sizeof(text), "%lld", (long long)newest->time_ns);

			b = blob_new(text, (size_t)n + 1, 0, 0);
			series_keep(r->series, newest->id, key, strlen(key), b);
			blob_unref(b);
		}
		snapshot_unref(newest);
		snapshot_unref(previous);
	}
	return NULL;
}

START_TEST(test_readers_and_a_writer)
{
	struct race r = { .series = series_new(0) };
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, reader, &r), 0);
	for (int i = 1; i < 2000 || atomic_load(&r.seen) < 100; i++) {
		add(r.series, i);
		sched_yield();
	}
	atomic_store(&r.stop, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	series_free(r.series);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("series");
	TCase *t = tcase_create("series");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_newest);
	tcase_add_test(t, test_previous_grows_too_old);
	tcase_add_test(t, test_kept);
	tcase_add_test(t, test_keys_are_bytes);
	tcase_add_test(t, test_at_most_32);
	tcase_add_test(t, test_at_most_4_mib);
	tcase_add_test(t, test_readers_and_a_writer);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
