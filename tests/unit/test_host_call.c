/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_host_call -- callbacks through the host: each function of the plugin's header in the right
 * callback, and in every wrong one; cancelling; errors; limits; the log. Plugins here are callbacks
 * of this file.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host.h"
#include "lock.h"
#include "log.h"
#include "mem.h"
#include "row.h"

/* Last: it makes a macro of the word `fail`, which plugin.h uses. */
#include <check.h>

enum { PLAIN, ONE, TWO };

static const struct telmon_metric metrics[] = {
	[PLAIN] = { .name = "plain" },
	[ONE] = { .name = "one", .kind = TELMON_COUNTER, .labels = "cpu" },
	[TWO] = { .name = "two", .labels = "cpu,mode" },
};
static const struct telmon_column columns[] = {
	{ .name = "a", .type = TELMON_INT },
	{ .name = "b", .type = TELMON_REAL },
	{ .name = "c", .type = TELMON_TEXT },
};

static struct host *h;
static struct host_object object;
static struct telmon_plugin decl;
static struct rows rows;
static struct buf why = BUF_WHY;

static void
setup(void)
{
	h = host_new(NULL, &why);
	ck_assert_ptr_nonnull(h);
	decl = (struct telmon_plugin){ TELMON_PLUGIN_HEAD };
	object = (struct host_object){ .name = "test",
				       .decl = &decl,
				       .set = metric_set_new(metrics, 3, sizeof(metrics[0]),
							     &why) };
	rows_init(&rows, columns, 3, 0);
}

static void
teardown(void)
{
	rows_fini(&rows);
	metric_set_unref(object.set);
	host_free(h);
	buf_fini(&why);
}

static struct snapshot *
collect_with(int (*fn)(struct telmon *t))
{
	struct snapshot *s = NULL;

	decl.collect = fn;
	ck_assert_int_eq(host_collect(h, &object, NULL, 0, &s, &why), 0);
	ck_assert_ptr_nonnull(s);
	return s;
}

static int
run_with(int (*fn)(struct telmon *t), struct host_cancel *cancel, int64_t deadline_ns)
{
	struct telmon_command cmd = {
		.name = "cmd", .columns = columns, .n_columns = 3, .run = fn
	};

	return host_run(h, &object, &cmd, NULL, cancel, deadline_ns, &rows, &why);
}

static int
view_with(int (*fn)(struct telmon *t), const struct snapshot *newest,
	  const struct snapshot *previous)
{
	struct telmon_command cmd = {
		.name = "cmd", .columns = columns, .n_columns = 3, .view = fn
	};

	return host_view(h, &object, &cmd, newest, previous, NULL, &rows, &why);
}

/* ---- start, stop -------------------------------------------------------------------------- */

static int stopped;

static int
start_state(struct telmon *t)
{
	ck_assert_ptr_null(t->state);
	t->state = strdup("mine");
	ck_assert_int_eq(
		telmon_add_metric(t, &(struct telmon_metric){ .name = "late", .labels = "x" }), 3);
	ck_assert_int_eq(telmon_add_metric(t, &(struct telmon_metric){ .name = "one" }), ONE);
	ck_assert_int_eq(telmon_add_metric(t, &(struct telmon_metric){ .name = "Not a name" }),
			 -EINVAL);
	ck_assert_int_eq(telmon_add_metric(t, NULL), -EINVAL);
	ck_assert_int_eq(telmon_put(t, PLAIN, 1), -EPERM);
	return 0;
}

static void
stop_state(struct telmon *t)
{
	struct telmon_file f;

	ck_assert_int_eq(telmon_read(t, "/proc/stat", &f), -EPERM);
	ck_assert_int_eq(telmon_add_metric(t, &(struct telmon_metric){ .name = "toolate" }),
			 -EPERM);
	free(t->state);
	stopped++;
}

static int
start_refuses(struct telmon *t)
{
	t->state = t;
	return telmon_fail(t, -ENODEV, "no such \x1b[31msensor");
}

START_TEST(test_start_and_stop)
{
	decl.start = start_state;
	decl.stop = stop_state;
	stopped = 0;
	ck_assert_int_eq(host_start(h, &object, NULL, 0, &why), 0);
	ck_assert_str_eq(object.state, "mine");
	ck_assert_uint_eq(object.set->count, 4);
	host_stop(h, &object);
	ck_assert_int_eq(stopped, 1);
	ck_assert_ptr_null(object.state);
	decl.start = start_refuses;
	ck_assert_int_eq(host_start(h, &object, NULL, 0, &why), -ENODEV);
	ck_assert_str_eq(buf_str(&why), "no such ?[31msensor (No such device)");
	ck_assert_ptr_null(object.state);
	decl.start = NULL;
	decl.stop = NULL;
	ck_assert_int_eq(host_start(h, &object, NULL, 0, &why), 0);
	host_stop(h, &object);
}
END_TEST

/* ---- collect ------------------------------------------------------------------------------ */

static int
collect_values(struct telmon *t)
{
	struct telmon_file f;
	const char *const *names;
	const char *const places[] = { "/proc", "/nothing/at/all" };
	struct telmon_statfs s, many[2];
	struct statvfs st;
	struct telmon_uname u;
	char *zero;
	int n, errors[2];

	ck_assert_int_eq(telmon_read(t, "/proc/self/stat", &f), 0);
	ck_assert_uint_eq(strlen(f.text), f.size);
	ck_assert_int_eq(f.owner, geteuid());
	ck_assert_int_eq(telmon_read(t, "/nothing", &f), -ENOENT);
	ck_assert_int_eq(telmon_read(t, "/proc/stat", NULL), -EINVAL);
	n = telmon_list(t, "/proc/self", &names);
	ck_assert_int_gt(n, 10);
	ck_assert_ptr_nonnull(names[n - 1]);
	ck_assert_ptr_null(names[n]);
	ck_assert_int_eq(telmon_list(t, "/nothing", &names), -ENOENT);
	ck_assert_int_eq(telmon_list(t, "/proc", NULL), -EINVAL);
	ck_assert_int_eq(telmon_statfs(t, "/proc", &s), 0);
	ck_assert_int_eq(statvfs("/proc", &st), 0);
	ck_assert_uint_eq(s.size_bytes, (uint64_t)st.f_blocks * st.f_frsize);
	ck_assert_int_eq(telmon_statfs_many(t, places, 2, many, errors), 0);
	ck_assert_int_eq(errors[0], 0);
	ck_assert_uint_eq(many[0].size_bytes, s.size_bytes);
	ck_assert_int_eq(errors[1], -ENOENT);
	ck_assert_int_eq(t->host->statfs_many(t, places, 2, many, NULL), -EINVAL);
	ck_assert_int_eq(telmon_statfs_many(t, NULL, 0, NULL, NULL), 0);
	ck_assert_int_eq(telmon_uname(t, &u), 0);
	ck_assert_str_eq(u.sysname, "Linux");
	ck_assert_str_eq(telmon_user(t, 0), "root");
	ck_assert_str_eq(telmon_user(t, 4000000000u), "4000000000");
	ck_assert_double_gt(telmon_clock(t), 0);
	ck_assert_double_gt(telmon_wall(t), 1.5e9);
	zero = telmon_alloc(t, 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(zero[i], 0);
	ck_assert_ptr_nonnull(telmon_alloc(t, 0));
	ck_assert_ptr_null(telmon_alloc(t, SIZE_MAX));
	ck_assert_ptr_null(telmon_alloc(t, 65 << 20));
	ck_assert_int_eq(telmon_put(t, PLAIN, 5), 0);
	ck_assert_int_eq(telmon_put2(t, TWO, "0", "idle", 6), 0);
	ck_assert_int_eq(telmon_put1(t, ONE, "0", 7), 0);
	ck_assert_int_eq(telmon_put1(t, ONE, NULL, 8), 0);
	ck_assert_int_eq(telmon_put(t, ONE, 1), -EINVAL);
	ck_assert_int_eq(telmon_put(t, 99, 1), -EINVAL);
	ck_assert_int_eq(telmon_add_metric(t, &(struct telmon_metric){ .name = "late" }), 3);
	ck_assert_int_eq(telmon_put(t, 3, 9), 0);
	return 0;
}

START_TEST(test_collect)
{
	int64_t before = now_ns();
	struct snapshot *s = collect_with(collect_values);

	ck_assert_int_ge(s->time_ns, before);
	ck_assert_int_le(s->time_ns, now_ns());
	ck_assert_double_gt(s->wall_s, 1.5e9);
	ck_assert_double_eq(snapshot_value(s, PLAIN, 0), 5);
	ck_assert_double_eq(snapshot_value(s, TWO, 0), 6);
	ck_assert_double_eq(snapshot_value(s, ONE, 1), 8);
	ck_assert_str_eq(snapshot_label(s, ONE, 1, 0), "");
	ck_assert_double_eq(snapshot_value(s, 3, 0), 9);
	ck_assert_uint_eq(object.set->count, 4);
	ck_assert_ptr_eq(s->set, object.set);
	snapshot_unref(s);
}
END_TEST

static int
collect_fails(struct telmon *t)
{
	telmon_put(t, PLAIN, 1);
	return telmon_fail(t, -EIO, "the disk is gone");
}

static int
collect_fails_silently(struct telmon *t)
{
	(void)t;
	return -EACCES;
}

static int
collect_fails_strangely(struct telmon *t)
{
	/* Positive, and none at all: whoever says that it failed has failed. */
	ck_assert_int_eq(telmon_fail(t, ENOENT, NULL), -ENOENT);
	ck_assert_int_eq(telmon_fail(t, 0, "x"), -EIO);
	return -1000000;
}

static int
collect_count(struct telmon *t)
{
	telmon_fail(t, -EIO, "forgotten");
	return 17;
}

static int
collect_fails_at_length(struct telmon *t)
{
	char text[2000];

	memset(text, 'w', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	return telmon_fail(t, -EIO, text);
}

START_TEST(test_collect_fails)
{
	struct snapshot *s = (struct snapshot *)&object;

	decl.collect = collect_fails;
	ck_assert_int_eq(host_collect(h, &object, NULL, 0, &s, &why), -EIO);
	ck_assert_str_eq(buf_str(&why), "the disk is gone (Input/output error)");
	ck_assert_ptr_eq(s, (struct snapshot *)&object);
	buf_clear(&why);
	decl.collect = collect_fails_silently;
	ck_assert_int_eq(host_collect(h, &object, NULL, 0, &s, &why), -EACCES);
	ck_assert_str_eq(buf_str(&why), "Permission denied");
	ck_assert_int_eq(host_collect(h, &object, NULL, 0, &s, NULL), -EACCES);
	buf_clear(&why);
	decl.collect = collect_fails_strangely;
	ck_assert_int_eq(host_collect(h, &object, NULL, 0, &s, &why), -EIO);
	ck_assert_str_eq(buf_str(&why), "x (Input/output error)");
	buf_clear(&why);
	decl.collect = collect_fails_at_length;
	ck_assert_int_eq(host_collect(h, &object, NULL, 0, &s, &why), -EIO);
	ck_assert_uint_eq(why.error, 0);
	ck_assert_uint_lt(why.len, 400);
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "www (Input/output error)"));
	buf_clear(&why);
	snapshot_unref(collect_with(collect_count));
	ck_assert_uint_eq(why.len, 0);
	s = collect_with(NULL);
	ck_assert_uint_eq(s->n, 0);
	snapshot_unref(s);
}
END_TEST

static int
collect_at_the_limit(struct telmon *t)
{
	size_t got = 0;

	while (telmon_alloc(t, 1 << 20))
		got++;
	ck_assert_uint_eq(got, 64);
	/* What is read has a purse of its own. */
	ck_assert_ptr_null(telmon_alloc(t, 1));
	for (int i = 0; i < 1000; i++) {
		struct telmon_file f;

		ck_assert_int_eq(telmon_read(t, "/proc/self/stat", &f), 0);
	}
	for (int i = 0; i < METRIC_MAX_VALUES; i++)
		ck_assert_int_eq(telmon_put(t, PLAIN, i), 0);
	ck_assert_int_eq(telmon_put(t, PLAIN, 1), -EMSGSIZE);
	return 0;
}

START_TEST(test_collect_at_the_limit)
{
	struct snapshot *s = collect_with(collect_at_the_limit);

	ck_assert_uint_eq(snapshot_count(s, PLAIN), METRIC_MAX_VALUES);
	snapshot_unref(s);
}
END_TEST

static int
collect_wrong(struct telmon *t)
{
	const char *const labels[] = { "0" };

	ck_assert_int_eq(telmon_row(t), -EPERM);
	ck_assert_int_eq(telmon_int(t, 1), -EPERM);
	ck_assert_int_eq(telmon_real(t, 1), -EPERM);
	ck_assert_int_eq(telmon_text(t, "x"), -EPERM);
	telmon_status(t, 2);
	ck_assert_uint_eq(telmon_count(t, PLAIN), 0);
	ck_assert_double_nan(telmon_value(t, PLAIN, 0));
	ck_assert_double_nan(telmon_previous(t, PLAIN, 0));
	ck_assert_double_nan(telmon_interval(t));
	ck_assert_ptr_null(telmon_label(t, ONE, 0, 0));
	ck_assert_int_eq(telmon_find(t, ONE, labels, 1), -1);
	ck_assert(!telmon_arg_given(t, 0));
	ck_assert_int_eq(telmon_arg_int(t, 0), 0);
	ck_assert_double_nan(telmon_arg_real(t, 0));
	ck_assert_ptr_null(telmon_arg_text(t, 0));
	ck_assert_int_eq(t->host->put(NULL, 0, NULL, 0, 1), -EPERM);
	return 0;
}

START_TEST(test_collect_wrong_use)
{
	snapshot_unref(collect_with(collect_wrong));
}
END_TEST

/* ---- settings, and an older header -------------------------------------------------------- */

static int
collect_settings(struct telmon *t)
{
	ck_assert_str_eq(telmon_setting(t, "host"), "db1");
	ck_assert_str_eq(telmon_setting(t, "empty"), "");
	ck_assert_str_eq(telmon_setting(t, "a"), "b=c");
	ck_assert_ptr_null(telmon_setting(t, "hos"));
	ck_assert_ptr_null(telmon_setting(t, "host=db1"));
	ck_assert_ptr_null(telmon_setting(t, NULL));
	return 0;
}

static int
collect_without_settings(struct telmon *t)
{
	ck_assert_ptr_null(telmon_setting(t, "host"));
	return 0;
}

static int
collect_old_metric(struct telmon *t)
{
	struct old {
		const char *name, *help;
		enum telmon_kind kind;
		enum telmon_unit unit;
	};
	struct {
		struct old metric;
		const void *behind[3]; /* read as labels this would be a bad name, or a crash */
	} m = { .metric = { .name = "old" }, .behind = { (void *)8, (void *)8, (void *)8 } };

	ck_assert_int_eq(telmon_add_metric(t, (const struct telmon_metric *)(const void *)&m), 3);
	return 0;
}

START_TEST(test_settings_and_sizes)
{
	static const char *const settings[] = { "host=db1", "empty=", "a=b=c", NULL };

	object.settings = settings;
	snapshot_unref(collect_with(collect_settings));
	object.settings = NULL;
	snapshot_unref(collect_with(collect_without_settings));
	object.size_metric = offsetof(struct telmon_metric, labels);
	snapshot_unref(collect_with(collect_old_metric));
	ck_assert_uint_eq(object.set->metrics[3].n_labels, 0);
}
END_TEST

/* ---- views -------------------------------------------------------------------------------- */

static double factor;

static int
collect_counter(struct telmon *t)
{
	telmon_put(t, PLAIN, 100 * factor);
	telmon_put1(t, ONE, "0", 10 * factor);
	telmon_put1(t, ONE, factor > 1 ? "2" : "1", 20 * factor);
	return 0;
}

static int
view_values(struct telmon *t)
{
	const char *const zero[] = { "0" }, *const none[] = { "9" };
	struct telmon_file f;
	const char *const *names;
	struct telmon_statfs s;
	struct telmon_uname u;

	ck_assert_double_eq(telmon_interval(t), 2);
	ck_assert_uint_eq(telmon_count(t, ONE), 2);
	ck_assert_uint_eq(telmon_count(t, TWO), 0);
	ck_assert_uint_eq(telmon_count(t, 99), 0);
	ck_assert_str_eq(telmon_label(t, ONE, 1, 0), "2");
	ck_assert_ptr_null(telmon_label(t, ONE, 1, 1));
	ck_assert_ptr_null(telmon_label(t, ONE, 2, 0));
	ck_assert_double_eq(telmon_value(t, ONE, 0), 30);
	ck_assert_double_nan(telmon_value(t, ONE, 2));
	ck_assert_double_eq(telmon_previous(t, ONE, 0), 10);
	ck_assert_double_nan(telmon_previous(t, ONE, 1));
	ck_assert_double_eq(telmon_rate(t, ONE, 0), 10);
	ck_assert_int_eq(telmon_find(t, ONE, zero, 1), 0);
	ck_assert_int_eq(telmon_find(t, ONE, zero, 1), 0);
	ck_assert_int_eq(telmon_find(t, ONE, none, 1), -1);
	ck_assert_double_eq(telmon_value1(t, ONE, "2"), 60);
	/* None of this is a view's. */
	ck_assert_int_eq(telmon_read(t, "/proc/stat", &f), -EPERM);
	ck_assert_int_eq(telmon_list(t, "/proc", &names), -EPERM);
	ck_assert_int_eq(telmon_statfs(t, "/", &s), -EPERM);
	ck_assert_int_eq(telmon_statfs_many(t, NULL, 0, NULL, NULL), -EPERM);
	ck_assert_int_eq(telmon_uname(t, &u), -EPERM);
	ck_assert_int_eq(telmon_put(t, PLAIN, 1), -EPERM);
	ck_assert_int_eq(telmon_add_metric(t, &(struct telmon_metric){ .name = "late" }), -EPERM);
	ck_assert_int_eq(telmon_sleep(t, 1), -EPERM);
	ck_assert_double_nan(telmon_clock(t));
	ck_assert_double_nan(telmon_wall(t));
	ck_assert_str_eq(telmon_user(t, 0), "0");
	ck_assert(!telmon_cancelled(t));
	ck_assert_ptr_nonnull(telmon_alloc(t, 10));
	telmon_row(t);
	telmon_int(t, 1);
	telmon_real(t, NAN);
	telmon_text(t, "text");
	ck_assert_int_eq(telmon_int(t, 5), -EINVAL);
	telmon_row(t);
	telmon_real(t, 2.6);
	telmon_status(t, 1);
	return 0;
}

START_TEST(test_view)
{
	struct snapshot *previous, *newest;

	factor = 1;
	previous = collect_with(collect_counter);
	factor = 3;
	newest = collect_with(collect_counter);
	newest->time_ns = previous->time_ns + 2 * NS_PER_S;
	ck_assert_int_eq(view_with(view_values, newest, previous), 0);
	ck_assert_uint_eq(rows.n_rows, 2);
	ck_assert_int_eq(rows_cell(&rows, 0, 0)->i, 1);
	ck_assert_int_eq(rows_cell(&rows, 0, 1)->type, CELL_NULL);
	ck_assert_str_eq(rows_cell(&rows, 0, 2)->s, "text");
	ck_assert_int_eq(rows_cell(&rows, 1, 0)->i, 3);
	ck_assert_int_eq(rows_cell(&rows, 1, 2)->type, CELL_NULL);
	ck_assert_int_eq(rows.status, 1);
	snapshot_unref(previous);
	snapshot_unref(newest);
}
END_TEST

static int
view_alone(struct telmon *t)
{
	ck_assert_double_nan(telmon_interval(t));
	ck_assert_double_nan(telmon_previous(t, ONE, 0));
	ck_assert_double_nan(telmon_rate(t, ONE, 0));
	telmon_status(t, 99);
	return telmon_count(t, PLAIN) ? 0 : telmon_fail(t, -ENODATA, "no values yet");
}

START_TEST(test_view_of_little)
{
	struct snapshot *s;

	factor = 1;
	s = collect_with(collect_counter);
	ck_assert_int_eq(view_with(view_alone, s, NULL), 0);
	ck_assert_int_eq(rows.status, 3);
	ck_assert_int_eq(view_with(view_alone, NULL, NULL), -ENODATA);
	ck_assert_str_eq(buf_str(&why), "no values yet (No data available)");
	snapshot_unref(s);
}
END_TEST

static int
view_nothing(struct telmon *t)
{
	(void)t;
	return 0;
}

static void *
many_views(void *s)
{
	struct telmon_command cmd = {
		.name = "cmd", .columns = columns, .n_columns = 3, .view = view_nothing
	};

	for (int i = 0; i < 200; i++) {
		struct rows r;

		rows_init(&r, columns, 3, 0);
		cmd.view = i % 2 ? view_nothing : view_alone;
		ck_assert_int_eq(host_view(h, &object, &cmd, s, NULL, NULL, &r, NULL), 0);
		rows_fini(&r);
	}
	return NULL;
}

START_TEST(test_views_side_by_side)
{
	pthread_t threads[4];
	struct snapshot *s;

	factor = 1;
	s = collect_with(collect_counter);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, many_views, s), 0);
	/* Meanwhile the plugin goes on collecting. */
	for (int i = 0; i < 200; i++)
		snapshot_unref(collect_with(collect_counter));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	snapshot_unref(s);
}
END_TEST

/* ---- runs --------------------------------------------------------------------------------- */

static const struct telmon_arg args[] = {
	{ .name = "n", .flag = 'n', .type = TELMON_INT },
	{ .name = "r", .flag = 'r', .type = TELMON_REAL },
	{ .name = "t", .type = TELMON_TEXT },
	{ .name = "f", .flag = 'f', .type = TELMON_FLAG },
	{ .name = "c", .flag = 'c', .type = TELMON_COLUMN },
	{ .name = "no", .type = TELMON_TEXT },
	{ .name = "h", .flag = 'h', .type = TELMON_REAL },
};

static int
run_args(struct telmon *t)
{
	ck_assert(telmon_arg_given(t, 0));
	ck_assert_int_eq(telmon_arg_int(t, 0), 42);
	ck_assert_double_eq(telmon_arg_real(t, 0), 42);
	ck_assert_double_eq(telmon_arg_real(t, 1), -2.5);
	ck_assert_int_eq(telmon_arg_int(t, 1), -2);
	ck_assert_str_eq(telmon_arg_text(t, 2), "word");
	ck_assert_int_eq(telmon_arg_int(t, 2), 0);
	ck_assert_double_nan(telmon_arg_real(t, 2));
	ck_assert_int_eq(telmon_arg_int(t, 3), 1);
	ck_assert_int_eq(telmon_arg_int(t, 4), 2);
	ck_assert(!telmon_arg_given(t, 5));
	ck_assert_ptr_null(telmon_arg_text(t, 5));
	ck_assert_int_eq(telmon_arg_int(t, 5), 0);
	ck_assert_int_eq(telmon_arg_int(t, 6), INT64_MAX);
	ck_assert(!telmon_arg_given(t, 7));
	ck_assert_ptr_null(telmon_arg_text(t, SIZE_MAX));
	telmon_row(t);
	telmon_int(t, 7);
	return 0;
}

START_TEST(test_run_arguments)
{
	const struct telmon_command cmd = { .name = "cmd",
					    .columns = columns,
					    .n_columns = 3,
					    .args = args,
					    .n_args = 7,
					    .run = run_args };
	const struct host_arg given[7] = {
		{ .given = true, .i = 42 },	     { .given = true, .f = -2.5 },
		{ .given = true, .s = "word" },	     { .given = true, .i = 1 },
		{ .given = true, .i = 2, .s = "c" }, { .given = false, .s = "leftover" },
		{ .given = true, .f = 1e300 },
	};

	ck_assert_int_eq(host_run(h, &object, &cmd, given, NULL, 0, &rows, &why), 0);
	ck_assert_uint_eq(rows.n_rows, 1);
}
END_TEST

static int
run_wrong(struct telmon *t)
{
	ck_assert_int_eq(telmon_put(t, PLAIN, 1), -EPERM);
	ck_assert_uint_eq(telmon_count(t, PLAIN), 0);
	ck_assert(!telmon_arg_given(t, 0));
	return 0;
}

START_TEST(test_run_wrong_use)
{
	ck_assert_int_eq(run_with(run_wrong, NULL, 0), 0);
}
END_TEST

static int
run_too_much(struct telmon *t)
{
	for (int i = 0;; i++) {
		int r = telmon_row(t);

		if (r == 0)
			r = telmon_int(t, i);
		if (r == 0)
			r = telmon_real(t, i);
		if (r == 0)
			r = telmon_text(t, "some text that takes room");
		if (r < 0)
			return telmon_fail(t, r, "stopped");
		ck_assert_int_lt(i, 100000);
	}
}

static int
run_too_much_unseen(struct telmon *t)
{
	run_too_much(t);
	return 0;
}

START_TEST(test_run_too_much)
{
	rows_fini(&rows);
	rows_init(&rows, columns, 3, 10000);
	ck_assert_int_eq(run_with(run_too_much, NULL, 0), -EMSGSIZE);
	ck_assert_str_eq(buf_str(&why), "stopped (Message too long)");
	buf_clear(&why);
	ck_assert_int_eq(run_with(run_too_much_unseen, NULL, 0), -EMSGSIZE);
	ck_assert_str_eq(buf_str(&why), "the answer has grown past its limit (Message too long)");
}
END_TEST

/* ---- cancelling --------------------------------------------------------------------------- */

static atomic_bool sleeping;

static int
run_sleeps(struct telmon *t)
{
	int r;

	ck_assert(!telmon_cancelled(t));
	atomic_store(&sleeping, true);
	r = telmon_sleep(t, 60);
	ck_assert_int_eq(r, -ECANCELED);
	ck_assert(telmon_cancelled(t));
	ck_assert_int_eq(telmon_sleep(t, 0), -ECANCELED);
	return r;
}

static void *
run_in_thread(void *cancel)
{
	return (void *)(long)run_with(run_sleeps, cancel, 0);
}

START_TEST(test_cancel_wakes_a_sleeper)
{
	struct host_cancel cancel;
	int64_t before = now_ns();
	pthread_t thread;
	void *r;

	for (int i = 0; i < 50; i++) {
		host_cancel_init(&cancel);
		atomic_store(&sleeping, false);
		ck_assert_int_eq(pthread_create(&thread, NULL, run_in_thread, &cancel), 0);
		while (!atomic_load(&sleeping))
			sched_yield();
		/* Now it sleeps, or is about to: both must be met. */
		for (int turn = 0; turn < i; turn++)
			sched_yield();
		host_cancel_set(&cancel);
		pthread_join(thread, &r);
		ck_assert_ptr_eq(r, (void *)(long)-ECANCELED);
		host_cancel_fini(&cancel);
		buf_clear(&why);
	}
	ck_assert_int_lt(now_ns() - before, 30 * NS_PER_S);
}
END_TEST

static int
run_sleeps_through(struct telmon *t)
{
	ck_assert_int_eq(telmon_sleep(t, 0.01), 0);
	ck_assert_int_eq(telmon_sleep(t, 0), 0);
	ck_assert_int_eq(telmon_sleep(t, -1), 0);
	ck_assert_int_eq(telmon_sleep(t, NAN), 0);
	return 0;
}

static int
run_past_deadline(struct telmon *t)
{
	int r = telmon_sleep(t, INFINITY);

	ck_assert_int_eq(r, -ECANCELED);
	ck_assert(telmon_cancelled(t));
	return telmon_fail(t, r, "too slow");
}

START_TEST(test_sleep_and_deadline)
{
	struct host_cancel cancel;
	int64_t before = now_ns();

	host_cancel_init(&cancel);
	ck_assert_int_eq(run_with(run_sleeps_through, NULL, 0), 0);
	ck_assert_int_eq(run_with(run_sleeps_through, &cancel, 0), 0);
	ck_assert_int_ge(now_ns() - before, 20 * NS_PER_MS);
	ck_assert_int_eq(run_with(run_past_deadline, NULL, now_ns() + 5 * NS_PER_MS), -ECANCELED);
	ck_assert_str_eq(buf_str(&why), "too slow (Operation canceled)");
	buf_clear(&why);
	ck_assert_int_eq(run_with(run_past_deadline, &cancel, now_ns() + 5 * NS_PER_MS),
			 -ECANCELED);
	/* Without a sleep there is nothing to wake and nothing to free. */
	host_cancel_fini(&cancel);
	host_cancel_init(&cancel);
	host_cancel_set(&cancel);
	ck_assert_int_eq(run_with(run_past_deadline, &cancel, 0), -ECANCELED);
	host_cancel_fini(&cancel);
}
END_TEST

/* ---- the log ------------------------------------------------------------------------------ */

static int
collect_logs(struct telmon *t)
{
	char text[2000];

	telmon_log(t, TELMON_ERROR, "bad \x1b[2J\nline");
	telmon_log(t, TELMON_WARNING, "w");
	telmon_log(t, TELMON_NOTICE, "n");
	telmon_log(t, TELMON_DEBUG, "d");
	telmon_log(t, (enum telmon_level)77, "odd");
	telmon_log(t, TELMON_ERROR, NULL);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	telmon_log(t, TELMON_NOTICE, text);
	for (int i = 0; i < 1000; i++)
		telmon_log(t, TELMON_NOTICE, "many");
	return 0;
}

static unsigned
occurrences(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

static void
logged_by(int (*collect)(struct telmon *), char *ret, size_t size)
{
	char name[] = "/tmp/telmon-log-XXXXXX";
	int fd = mkstemp(name), err = dup(STDERR_FILENO);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	dup2(fd, STDERR_FILENO);
	log_set_level(LOG_LEVEL_DEBUG);
	snapshot_unref(collect_with(collect));
	log_set_level(LOG_LEVEL_INFO);
	dup2(err, STDERR_FILENO);
	n = pread(fd, ret, size - 1, 0);
	close(fd);
	close(err);
	unlink(name);
	ck_assert_int_gt(n, 0);
	ret[n] = '\0';
}

START_TEST(test_log)
{
	char text[8192];

	logged_by(collect_logs, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "error: plugin test: bad ?[2J?line\n"));
	ck_assert_ptr_nonnull(strstr(text, "warning: plugin test: w\n"));
	ck_assert_ptr_nonnull(strstr(text, "plugin test: n\n"));
	ck_assert_ptr_nonnull(strstr(text, "debug: plugin test: d\n"));
	ck_assert_ptr_nonnull(strstr(text, "plugin test: odd\n"));
	/* Ten a second; the clock may have moved on to the next one meanwhile. */
	ck_assert_uint_ge(occurrences(text, "many\n"), 5);
	ck_assert_uint_le(occurrences(text, "many\n"), 30);
	ck_assert_uint_le(occurrences(text, "x"), 700);
}
END_TEST

static int
collect_refused(struct telmon *t)
{
	telmon_put(t, ONE, 1);
	telmon_put(t, TWO, 1);
	return 5;
}

START_TEST(test_refused)
{
	char text[8192];

	logged_by(collect_refused, text, sizeof(text));
	ck_assert_str_eq(text, "warning: plugin test: collect: telmon_put(1 'one'): "
			       "0 labels given, it has 1 (cpu) (said once)\n");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("host_call");
	TCase *t = tcase_create("host_call");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_start_and_stop);
	tcase_add_test(t, test_collect);
	tcase_add_test(t, test_collect_fails);
	tcase_add_test(t, test_collect_at_the_limit);
	tcase_add_test(t, test_collect_wrong_use);
	tcase_add_test(t, test_settings_and_sizes);
	tcase_add_test(t, test_view);
	tcase_add_test(t, test_view_of_little);
	tcase_add_test(t, test_views_side_by_side);
	tcase_add_test(t, test_run_arguments);
	tcase_add_test(t, test_run_wrong_use);
	tcase_add_test(t, test_run_too_much);
	tcase_add_test(t, test_cancel_wakes_a_sleeper);
	tcase_add_test(t, test_sleep_and_deadline);
	tcase_add_test(t, test_log);
	tcase_add_test(t, test_refused);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
