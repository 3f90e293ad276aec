/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_metric -- sets of metrics from tables of any header's age, and snapshots: order, labels,
 * limits, and finding series again in another snapshot.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "metric.h"

/* Last: it makes a macro of the word `fail`, which plugin.h uses. */
#include <check.h>

#define ONE(...) ((struct telmon_metric[]){ { __VA_ARGS__ } })

static void
put(struct snapshot_builder *b, unsigned metric, const char *a, const char *c, double v)
{
	const char *const labels[] = { a, c };

	ck_assert_int_eq(snapshot_builder_put(b, metric, labels, c ? 2 : a ? 1 : 0, v), 0);
}

static struct metric_set *
three(void)
{
	static const struct telmon_metric table[] = {
		{ .name = "plain", .unit = TELMON_BYTES },
		{ .name = "one", .labels = "cpu", .kind = TELMON_COUNTER },
		{ .name = "two", .labels = "cpu,mode" },
	};
	struct buf why = BUF_WHY;
	struct metric_set *s = metric_set_new(table, 3, sizeof(table[0]), &why);

	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(why.len, 0);
	return s;
}

START_TEST(test_set_copies)
{
	char name[] = "cpu_seconds_total", labels[] = "cpu,mode", help[] = "tells\x1b[2J",
	     source[] = "/proc/stat";
	struct telmon_metric m = { .name = name,
				   .labels = labels,
				   .help = help,
				   .source = source,
				   .kind = TELMON_COUNTER,
				   .unit = TELMON_SECONDS };
	struct buf why = BUF_WHY;
	struct metric_set *s = metric_set_new(&m, 1, sizeof(m), &why);

	ck_assert_ptr_nonnull(s);
	memset(name, 'x', sizeof(name) - 1);
	memset(labels, 'x', sizeof(labels) - 1);
	ck_assert_uint_eq(s->count, 1);
	ck_assert_str_eq(s->metrics[0].name, "cpu_seconds_total");
	ck_assert_str_eq(s->metrics[0].help, "tells?[2J");
	ck_assert_str_eq(s->metrics[0].source, "/proc/stat");
	ck_assert_ptr_null(s->metrics[0].formula);
	ck_assert_uint_eq(s->metrics[0].n_labels, 2);
	ck_assert_str_eq(s->metrics[0].labels[0], "cpu");
	ck_assert_str_eq(s->metrics[0].labels[1], "mode");
	ck_assert_int_eq(s->metrics[0].kind, TELMON_COUNTER);
	ck_assert_int_eq(s->metrics[0].unit, TELMON_SECONDS);
	ck_assert_int_eq(metric_set_find(s, "cpu_seconds_total"), 0);
	ck_assert_int_eq(metric_set_find(s, "cpu"), -1);
	metric_set_unref(s);
	metric_set_unref(NULL);
}
END_TEST

START_TEST(test_set_of_an_older_header)
{
	struct old {
		const char *name, *help;
		enum telmon_kind kind;
		enum telmon_unit unit;
	} table[] = { { "a", "first", TELMON_GAUGE, TELMON_NONE },
		      { "b", NULL, TELMON_COUNTER, TELMON_BYTES } };
	struct buf why = BUF_WHY;
	struct metric_set *s = metric_set_new(table, 2, sizeof(table[0]), &why);

	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(s->metrics[1].name, "b");
	ck_assert_str_eq(s->metrics[1].help, "");
	ck_assert_str_eq(s->metrics[1].source, "");
	ck_assert_uint_eq(s->metrics[1].n_labels, 0);
	ck_assert_int_eq(s->metrics[1].unit, TELMON_BYTES);
	metric_set_unref(s);
	s = metric_set_new(NULL, 0, sizeof(table[0]), &why);
	ck_assert_uint_eq(s->count, 0);
	metric_set_unref(s);
}
END_TEST

static void
refused(const struct telmon_metric *table, size_t n, const char *sentence)
{
	struct buf why = BUF_WHY;

	ck_assert_ptr_null(metric_set_new(table, n, sizeof(*table), &why));
	ck_assert_msg(strstr(buf_str(&why), sentence), "'%s' is not in '%s'", sentence,
		      buf_str(&why));
	buf_fini(&why);
}

START_TEST(test_set_refuses)
{
	struct telmon_metric same[] = { { .name = "x" }, { .name = "y" }, { .name = "x" } };
	char long_name[200];

	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	refused(ONE(.name = NULL), 1, "'' is no name for a metric");
	refused(ONE(.name = ""), 1, "'' is no name");
	refused(ONE(.name = "9a"), 1, "'9a' is no name");
	refused(ONE(.name = "Up"), 1, "'Up' is no name");
	refused(ONE(.name = "_a"), 1, "'_a' is no name");
	refused(ONE(.name = "a b"), 1, "'a b' is no name");
	refused(ONE(.name = "a\nb"), 1, "'a?b' is no name");
	refused(ONE(.name = long_name), 1, "is no name");
	refused(ONE(.name = "x", .kind = (enum telmon_kind)9), 1, "unknown kind 9");
	refused(ONE(.name = "x", .unit = (enum telmon_unit)99), 1, "unknown unit 99");
	refused(ONE(.name = "x", .labels = "a,,b"), 1, "'' is no name for a label");
	refused(ONE(.name = "x", .labels = "a,"), 1, "'' is no name for a label");
	refused(ONE(.name = "x", .labels = "a b"), 1, "'a b' is no name for a label");
	refused(ONE(.name = "x", .labels = "__name"), 1, "'__name' is no name for a label");
	refused(ONE(.name = "x", .labels = "ab,a,ab"), 1, "the label 'ab' twice");
	refused(ONE(.name = "x", .labels = "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"), 1,
		"more than 16 labels");
	refused(same, 3, "'x' is declared twice");
	refused(same, 10001, "10001 metrics are more than 10000");
}
END_TEST

START_TEST(test_set_takes_the_limits)
{
	struct buf why = BUF_WHY;
	char name[129];
	struct metric_set *s;

	memset(name, 'a', 128);
	name[128] = '\0';
	s = metric_set_new(ONE(.name = name, .labels = "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,P_9"), 1,
			   sizeof(struct telmon_metric), &why);
	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(s->metrics[0].n_labels, 16);
	ck_assert_str_eq(s->metrics[0].labels[15], "P_9");
	metric_set_unref(s);
	s = metric_set_new(ONE(.name = "x", .labels = ""), 1, sizeof(struct telmon_metric), &why);
	ck_assert_uint_eq(s->metrics[0].n_labels, 0);
	metric_set_unref(s);
}
END_TEST

START_TEST(test_set_add)
{
	struct metric_set *old = three(), *same, *more;
	struct buf why = BUF_WHY;
	unsigned at = 77;

	more = metric_set_add(old, ONE(.name = "four", .labels = "x", .formula = "a / b"), &at,
			      &why);
	ck_assert_ptr_nonnull(more);
	ck_assert_ptr_ne(more, old);
	ck_assert_uint_eq(at, 3);
	ck_assert_uint_eq(old->count, 3);
	ck_assert_uint_eq(more->count, 4);
	ck_assert_str_eq(more->metrics[3].formula, "a / b");
	same = metric_set_add(more, ONE(.name = "one"), &at, &why);
	ck_assert_ptr_eq(same, more);
	ck_assert_uint_eq(at, 1);
	metric_set_unref(same);
	ck_assert_ptr_null(metric_set_add(more, ONE(.name = "Bad"), &at, &why));
	ck_assert_str_ne(buf_str(&why), "");
	buf_fini(&why);
	/* The strings that both share outlive the older one. */
	metric_set_unref(old);
	ck_assert_str_eq(more->metrics[2].labels[1], "mode");
	ck_assert_str_eq(more->metrics[0].name, "plain");
	metric_set_unref(more);
}
END_TEST

START_TEST(test_set_add_up_to_the_limit)
{
	struct buf why = BUF_WHY;
	struct metric_set *s = metric_set_new(NULL, 0, sizeof(struct telmon_metric), &why), *next;
	struct telmon_metric *table = xcalloc(10000, sizeof(*table));
	unsigned at;

	metric_set_unref(s);
	for (unsigned i = 0; i < 10000; i++)
		table[i].name = xasprintf("m%u", i);
	s = metric_set_new(table, 10000, sizeof(*table), &why);
	ck_assert_ptr_nonnull(s);
	ck_assert_ptr_null(metric_set_add(s, ONE(.name = "another"), &at, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "one more than 10000"));
	next = metric_set_add(s, ONE(.name = "m9999"), &at, &why);
	ck_assert_ptr_eq(next, s);
	ck_assert_uint_eq(at, 9999);
	metric_set_unref(next);
	metric_set_unref(s);
	for (unsigned i = 0; i < 10000; i++)
		free((char *)table[i].name);
	free(table);
	buf_fini(&why);
}
END_TEST

START_TEST(test_snapshot_sorts_by_metric)
{
	struct metric_set *set = three();
	struct snapshot_builder *b = snapshot_builder_new(set);
	struct snapshot *s;

	put(b, 2, "0", "user", 1);
	put(b, 0, NULL, NULL, 2);
	put(b, 1, "0", NULL, 3);
	put(b, 2, "0", "system", 4);
	put(b, 1, "1", NULL, 5);
	s = snapshot_builder_seal(b, 1234, 5.5);
	metric_set_unref(set);
	ck_assert_int_eq(s->time_ns, 1234);
	ck_assert_double_eq(s->wall_s, 5.5);
	ck_assert_uint_eq(s->n, 5);
	ck_assert_uint_eq(snapshot_count(s, 0), 1);
	ck_assert_uint_eq(snapshot_count(s, 1), 2);
	ck_assert_uint_eq(snapshot_count(s, 2), 2);
	ck_assert_uint_eq(snapshot_count(s, 3), 0);
	ck_assert_double_eq(snapshot_value(s, 0, 0), 2);
	ck_assert_double_eq(snapshot_value(s, 1, 1), 5);
	ck_assert_double_eq(snapshot_value(s, 2, 0), 1);
	ck_assert_double_eq(snapshot_value(s, 2, 1), 4);
	ck_assert_str_eq(snapshot_label(s, 2, 1, 0), "0");
	ck_assert_str_eq(snapshot_label(s, 2, 1, 1), "system");
	ck_assert_uint_eq(s->first[0], 0);
	ck_assert_uint_eq(s->first[3], 5);
	for (uint32_t i = 0; i < s->n; i++)
		ck_assert(i >= s->first[s->samples[i].metric] &&
			  i < s->first[s->samples[i].metric + 1]);
	snapshot_unref(s);
}
END_TEST

START_TEST(test_snapshot_out_of_range)
{
	struct metric_set *set = three();
	struct snapshot_builder *b = snapshot_builder_new(set);
	const char *const labels[] = { "0", "user" };
	struct snapshot *s;

	ck_assert_int_eq(snapshot_builder_put(b, 3, NULL, 0, 1), -EINVAL);
	ck_assert_int_eq(snapshot_builder_put(b, ~0u, NULL, 0, 1), -EINVAL);
	ck_assert_int_eq(snapshot_builder_put(b, 0, labels, 1, 1), -EINVAL);
	ck_assert_int_eq(snapshot_builder_put(b, 1, NULL, 0, 1), -EINVAL);
	ck_assert_int_eq(snapshot_builder_put(b, 1, NULL, 1, 1), -EINVAL);
	ck_assert_int_eq(snapshot_builder_put(b, 2, labels, 1, 1), -EINVAL);
	ck_assert_int_eq(snapshot_builder_put(b, 0, NULL, 0, NAN), 0);
	s = snapshot_builder_seal(b, 0, 0);
	metric_set_unref(set);
	ck_assert_uint_eq(s->n, 0);
	ck_assert_uint_eq(snapshot_count(s, 0), 0);
	ck_assert_double_nan(snapshot_value(s, 0, 0));
	ck_assert_double_nan(snapshot_value(s, 9, 0));
	ck_assert_ptr_null(snapshot_label(s, 2, 0, 0));
	ck_assert_int_eq(snapshot_find(s, 2, labels, 2, 0), -1);
	ck_assert_int_eq(snapshot_find(s, 9, labels, 2, 0), -1);
	ck_assert_uint_eq(snapshot_count(NULL, 0), 0);
	ck_assert_double_nan(snapshot_value(NULL, 0, 0));
	ck_assert_ptr_null(snapshot_label(NULL, 0, 0, 0));
	ck_assert_int_eq(snapshot_find(NULL, 0, NULL, 0, 0), -1);
	ck_assert_double_nan(snapshot_match(NULL, s, 0, 0));
	ck_assert_double_nan(snapshot_match(s, NULL, 0, 0));
	snapshot_unref(s);
	snapshot_unref(NULL);
	snapshot_builder_free(NULL);
}
END_TEST

START_TEST(test_snapshot_labels)
{
	struct metric_set *set = three();
	struct snapshot_builder *b = snapshot_builder_new(set);
	const char *const none[] = { NULL, "x" }, *const empty[] = { "", "x" },
			  *const joined[] = { "x", "" };
	struct snapshot *s;

	put(b, 2, "x", "", 1);
	ck_assert_int_eq(snapshot_builder_put(b, 2, none, 2, 2), 0);
	s = snapshot_builder_seal(b, 0, 0);
	metric_set_unref(set);
	ck_assert_str_eq(snapshot_label(s, 2, 1, 0), "");
	ck_assert_str_eq(snapshot_label(s, 2, 1, 1), "x");
	ck_assert_ptr_null(snapshot_label(s, 2, 1, 2));
	ck_assert_ptr_null(snapshot_label(s, 2, 2, 0));
	ck_assert_int_eq(snapshot_find(s, 2, empty, 2, 0), 1);
	ck_assert_int_eq(snapshot_find(s, 2, none, 2, 99), 1);
	ck_assert_int_eq(snapshot_find(s, 2, joined, 2, 1), 0);
	ck_assert_int_eq(snapshot_find(s, 2, joined, 1, 0), -1);
	ck_assert_int_eq(snapshot_find(s, 2, NULL, 2, 0), -1);
	snapshot_unref(s);
}
END_TEST

static struct snapshot *
many(struct metric_set *set, unsigned from, unsigned to, double factor)
{
	struct snapshot_builder *b = snapshot_builder_new(set);
	char name[16];

	put(b, 0, NULL, NULL, 7 * factor);
	for (unsigned i = from; i < to; i++) {
		snprintf(name, sizeof(name), "%u", i);
		put(b, 1, name, NULL, i * factor);
	}
	return snapshot_builder_seal(b, 0, 0);
}

/* 20,000 against 20,000 of which half are new: by looking at each it would take 10^8 steps and
 * more. */
START_TEST(test_snapshot_match_large)
{
	struct metric_set *set = three();
	struct snapshot *before = many(set, 0, 20000, 1), *now = many(set, 10000, 30000, 2);
	unsigned matched = 0;

	for (size_t i = 0; i < snapshot_count(now, 1); i++) {
		double v = snapshot_match(before, now, 1, i);

		if (isnan(v)) {
			ck_assert_uint_ge(i, 10000);
			continue;
		}
		ck_assert_double_eq(v * 2, snapshot_value(now, 1, i));
		matched++;
	}
	ck_assert_uint_eq(matched, 10000);
	ck_assert_double_eq(snapshot_match(before, now, 0, 0), 7);
	ck_assert_double_nan(snapshot_match(before, now, 0, 1));
	ck_assert_double_nan(snapshot_match(before, now, 5, 0));
	snapshot_unref(before);
	snapshot_unref(now);
	metric_set_unref(set);
}
END_TEST

START_TEST(test_snapshot_finds_the_first_of_two)
{
	struct metric_set *set = three();
	struct snapshot_builder *b = snapshot_builder_new(set);
	const char *const twice[] = { "twice" };
	struct snapshot *s;
	char name[16];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "%u", i);
		put(b, 1, i == 5 || i == 30 ? "twice" : name, NULL, i);
	}
	s = snapshot_builder_seal(b, 0, 0);
	ck_assert_int_eq(snapshot_find(s, 1, twice, 1, 0), 5);
	ck_assert_int_eq(snapshot_find(s, 1, twice, 1, 1000), 5);
	ck_assert_int_eq(snapshot_find(s, 1, twice, 1, 30), 30);
	snapshot_unref(s);
	metric_set_unref(set);
}
END_TEST

START_TEST(test_snapshot_match_across_sets)
{
	static const struct telmon_metric table[] = {
		{ .name = "two", .labels = "cpu,mode" },
		{ .name = "one", .labels = "core" },
	};
	struct buf why = BUF_WHY;
	struct metric_set *set = three(), *other = metric_set_new(table, 2, sizeof(table[0]), &why);
	struct snapshot_builder *b = snapshot_builder_new(other);
	struct snapshot *before, *now;

	put(b, 0, "0", "idle", 40);
	put(b, 1, "0", NULL, 41);
	before = snapshot_builder_seal(b, 0, 0);
	b = snapshot_builder_new(set);
	put(b, 0, NULL, NULL, 1);
	put(b, 1, "0", NULL, 2);
	put(b, 2, "1", "idle", 3);
	put(b, 2, "0", "idle", 4);
	now = snapshot_builder_seal(b, 0, 0);
	ck_assert_double_eq(snapshot_match(before, now, 2, 1), 40);
	ck_assert_double_nan(snapshot_match(before, now, 2, 0));
	ck_assert_double_nan(snapshot_match(before, now, 0, 0));
	/* The label has another name there: not the same series. */
	ck_assert_double_nan(snapshot_match(before, now, 1, 0));
	snapshot_unref(before);
	snapshot_unref(now);
	metric_set_unref(set);
	metric_set_unref(other);
}
END_TEST

START_TEST(test_builder_grows_its_set)
{
	struct metric_set *set = three(), *more;
	struct snapshot_builder *b = snapshot_builder_new(set);
	struct buf why = BUF_WHY;
	struct snapshot *s, *before = many(set, 0, 3, 1);
	unsigned at;

	put(b, 1, "2", NULL, 5);
	more = metric_set_add(set, ONE(.name = "late"), &at, &why);
	ck_assert_int_eq(snapshot_builder_put(b, at, NULL, 0, 1), -EINVAL);
	snapshot_builder_set(b, more);
	metric_set_unref(set);
	put(b, at, NULL, NULL, 6);
	s = snapshot_builder_seal(b, 0, 0);
	ck_assert_ptr_eq(s->set, more);
	ck_assert_double_eq(snapshot_value(s, at, 0), 6);
	ck_assert_double_eq(snapshot_match(before, s, 1, 0), 2);
	ck_assert_double_nan(snapshot_match(before, s, at, 0));
	snapshot_unref(before);
	snapshot_unref(s);
	metric_set_unref(more);
}
END_TEST

START_TEST(test_builder_limits)
{
	struct metric_set *set = three();
	struct snapshot_builder *b = snapshot_builder_new(set);
	char *big = xmalloc(1 << 20);
	const char *const labels[] = { big };
	struct snapshot *s;

	for (int i = 0; i < METRIC_MAX_VALUES; i++)
		ck_assert_int_eq(snapshot_builder_put(b, 0, NULL, 0, i), 0);
	ck_assert_int_eq(snapshot_builder_put(b, 0, NULL, 0, 1), -EMSGSIZE);
	s = snapshot_builder_seal(b, 0, 0);
	ck_assert_uint_eq(snapshot_count(s, 0), METRIC_MAX_VALUES);
	ck_assert_double_eq(snapshot_value(s, 0, METRIC_MAX_VALUES - 1), METRIC_MAX_VALUES - 1);
	snapshot_unref(s);
	memset(big, 'a', (1 << 20) - 1);
	big[(1 << 20) - 1] = '\0';
	b = snapshot_builder_new(set);
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(snapshot_builder_put(b, 1, labels, 1, i), 0);
	ck_assert_int_eq(snapshot_builder_put(b, 1, labels, 1, 1), -EMSGSIZE);
	ck_assert_int_eq(snapshot_builder_put(b, 0, NULL, 0, 1), 0);
	s = snapshot_builder_seal(b, 0, 0);
	ck_assert_uint_eq(s->n, 17);
	snapshot_unref(s);
	/* A builder that is given up takes everything with it. */
	b = snapshot_builder_new(set);
	put(b, 1, "x", NULL, 1);
	snapshot_builder_free(b);
	metric_set_unref(set);
	free(big);
}
END_TEST

START_TEST(test_snapshot_ids_and_references)
{
	struct metric_set *set = three();
	struct snapshot *a = many(set, 0, 1, 1), *b = many(set, 0, 1, 1);

	ck_assert_uint_ne(a->id, b->id);
	ck_assert_uint_ne(a->id, 0);
	ck_assert_ptr_eq(snapshot_ref(a), a);
	snapshot_unref(a);
	metric_set_unref(set);
	ck_assert_double_eq(snapshot_value(a, 0, 0), 7);
	snapshot_unref(a);
	snapshot_unref(b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("metric");
	TCase *t = tcase_create("set");
	SRunner *r;
	int failed;

	tcase_add_test(t, test_set_copies);
	tcase_add_test(t, test_set_of_an_older_header);
	tcase_add_test(t, test_set_refuses);
	tcase_add_test(t, test_set_takes_the_limits);
	tcase_add_test(t, test_set_add);
	tcase_add_test(t, test_set_add_up_to_the_limit);
	suite_add_tcase(s, t);
	t = tcase_create("snapshot");
	tcase_add_test(t, test_snapshot_sorts_by_metric);
	tcase_add_test(t, test_snapshot_out_of_range);
	tcase_add_test(t, test_snapshot_labels);
	tcase_add_test(t, test_snapshot_match_large);
	tcase_add_test(t, test_snapshot_finds_the_first_of_two);
	tcase_add_test(t, test_snapshot_match_across_sets);
	tcase_add_test(t, test_builder_grows_its_set);
	tcase_add_test(t, test_builder_limits);
	tcase_add_test(t, test_snapshot_ids_and_references);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
