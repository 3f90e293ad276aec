/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_builtins_graph -- the daemon's own commands that look back: graph with its selectors, and
 * the pictures of status.
 */
#include "builtins_box.h"

#include <locale.h>

/* ---- points ---------------------------------------------------------------------------------- */

static struct snapshot_builder *
begin(size_t plugin)
{
	return snapshot_builder_new(world.plugins[plugin]->object.set);
}

static void
put(struct snapshot_builder *b, unsigned metric, const char *first, const char *second,
    double value)
{
	const char *labels[] = { first, second };

	ck_assert_int_eq(snapshot_builder_put(b, metric, labels, first ? second ? 2 : 1 : 0, value),
			 0);
}

/* A snapshot of the second `at_s` of a time that began at begin_ns. */
static void
end(size_t plugin, struct snapshot_builder *b, int64_t begin_ns, int at_s)
{
	series_add(world.plugins[plugin]->series,
		   snapshot_builder_seal(b, begin_ns + at_s * NS_PER_S, 0));
}

static int64_t
ago_ns(double ago_s)
{
	return now_ns() - (int64_t)(ago_s * (double)NS_PER_S);
}

/* Ten seconds of load, the newest 0.5 s ago, and of two counters that grow by 1,024 and 2,048 a
 * second. */
static void
fill(void)
{
	int64_t begin_ns = ago_ns(9.5);

	for (int i = 0; i < 10; i++) {
		struct snapshot_builder *b = begin(0);

		put(b, LOAD1, NULL, NULL, i / 10.0);
		put(b, LOAD_BY, "a", "w", 1024 * i);
		put(b, LOAD_BY, "b c", "w", 2048 * i);
		end(0, b, begin_ns, i);
	}
}

/* ---- graph ----------------------------------------------------------------------------------- */

START_TEST(graph_draws)
{
	fill();
	expect_part("graph load1", 0,
		    "load1  now 0.90  min 0.00  mean 0.45  max 0.90  over 9 s\n1.00 ┤");
	ck_assert(says(" now\n"));
	ck_assert(says("⣿"));
	expect_part("graph telmon_load1", 0, "load1  now 0.90");
	expect_part("graph -h 3 load1", 0, "\n0.50 ┤");
	world.asker.render.ascii = true;
	expect_part("graph load1", 0, "\n1.00 +");
	for (const char *p = world_text(&world); *p; p++)
		ck_assert_int_lt(*p & 0x80, 0x80);
	expect_part("graph load_bytes_total", 0,
		    "load_bytes_total{who=\"a\",why=\"w\"}\n"
		    "now 1 KiB/s  min 1 KiB/s  mean 1 KiB/s  max 1 KiB/s  over 8 s\n");
	ck_assert(says("{who=\"b c\",why=\"w\"}\nnow 2 KiB/s"));
}
END_TEST

START_TEST(graph_gives_rows)
{
	fill();
	expect("graph load1 --csv | tail 2 | columns metric,labels,value,unit", 0,
	       "metric,labels,value,unit\nload1,,0.8,\nload1,,0.9,\n");
	/* The first point of a counter has no rate, and stands for nothing. */
	expect("graph load_bytes_total{who=a} --csv | head 1 | columns labels,value,unit", 0,
	       "labels,value,unit\n\"who=\"\"a\"\",why=\"\"w\"\"\",1024,bytes per second\n");
	expect("graph load_bytes_total{who=a} --csv | count", 0, "count\n9\n");
	expect_part("graph load1 --json | tail 1", 0,
		    "\"rows\":[{\"metric\":\"load1\",\"labels\":null,\"time\":");
	expect("graph load1 -s 3 --csv | count", 0, "count\n3\n");
	expect("graph load1 | where value > 0.65 | count", 0, "count\n    3\n");
	expect_part("graph load1 | where value > 0.65", 0, "load1  now 0.90  min 0.70");
	expect_part("watch -c 1 graph load1", 0, "load1  now 0.90");
}
END_TEST

START_TEST(graph_selects)
{
	fill();
	expect("graph load_bytes_total{who=a} --csv | count", 0, "count\n9\n");
	expect("graph load_bytes_total{who!=a,why=w} --csv | columns value | tail 1", 0,
	       "value\n2048\n");
	expect("graph 'load_bytes_total{who=b c}' --csv | count", 0, "count\n9\n");
	expect("graph load_bytes_total{who=\"b c\"} --csv | count", 0, "count\n9\n");
	expect("graph load_*{wh=?*} --csv | count", STATUS_UNAVAILABLE,
	       "error: graph: no series of load_bytes_total has these labels (try metrics "
	       "load_bytes_total)\n");
	expect("graph load* --csv | count", 0, "count\n28\n");
	expect("graph load1{} load1 --csv | count", 0, "count\n10\n");
	expect("graph load1{who=} --csv | count", 0, "count\n10\n");
	expect("graph load1 telmon_load_b* --csv | count", 0, "count\n28\n");
}
END_TEST

START_TEST(graph_refuses)
{
	expect("graph", STATUS_USAGE,
	       "error: graph: graph what? (usage: graph [METRIC]... [-h ROWS] [-s SECONDS]; try "
	       "metrics)\n");
	expect("graph load1", STATUS_UNAVAILABLE, "error: graph: no points of load1 yet\n");
	fill();
	expect_part("graph load2", STATUS_USAGE, "no metric 'load2' (did you mean 'load1'?");
	expect_part("graph load", STATUS_USAGE, "no metric 'load' (try metrics load*)");
	expect_part("graph xyzzy", STATUS_USAGE, "no metric 'xyzzy' (try metrics)");
	expect_part("graph ''", STATUS_USAGE, "no metric '' (try metrics)");
	expect_part("graph load1{who=x}", STATUS_UNAVAILABLE, "no series of load1 has these");
	expect_part("graph late_value", STATUS_UNAVAILABLE,
		    "no points are kept of late_value: the plugin late measures only when");
	expect_part("graph load1{", STATUS_USAGE, "lacks the } at its end");
	expect_part("graph load1{who}", STATUS_USAGE, "lacks a LABEL= before a value");
	expect_part("graph load1{=x}", STATUS_USAGE, "lacks a LABEL=");
	expect_part("graph load1{!=x}", STATUS_USAGE, "lacks a LABEL=");
	expect_part("graph load1{a=,a=,a=,a=,a=,a=,a=,a=,a=,a=,a=,a=,a=,a=,a=,a=,a=}", STATUS_USAGE,
		    "too many labels");
	expect_part("graph load1 -h 2", STATUS_USAGE, "from 3 to 100");
	expect_part("graph load1 load1 load1 load1 load1 load1 load1 load1 load1", STATUS_USAGE,
		    "a word too many");
}
END_TEST

START_TEST(graph_of_too_many)
{
	struct snapshot_builder *b = begin(0);
	char who[16];

	for (int i = 0; i < 65; i++) {
		snprintf(who, sizeof(who), "%d", i);
		put(b, LOAD_BY, who, "w", i);
	}
	end(0, b, ago_ns(1), 0);
	expect_part("graph load_bytes_total", STATUS_USAGE,
		    "that is 65 series, at most 64 are possible");
	expect("graph load_bytes_total{who!=0}", STATUS_UNAVAILABLE,
	       "error: graph: no points yet\n");
}
END_TEST

static size_t
lines(void)
{
	size_t n = 0;

	for (const char *p = world_text(&world); *p; p++)
		n += *p == '\n';
	return n;
}

/* Where nobody looked there is a gap, whatever the distance of the points is. */
START_TEST(graph_has_gaps)
{
	static const int seconds[] = { 0, 2, 4, 15, 17, 67, 117 };
	int64_t begin_ns = ago_ns(130);

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		struct snapshot_builder *b = begin(0);

		put(b, LOAD1, NULL, NULL, seconds[i]);
		end(0, b, begin_ns, seconds[i]);
	}
	expect("graph load1 --csv | columns value", 0,
	       "value\n0\n2\n4\n\"\"\n15\n17\n\"\"\n67\n117\n");
}
END_TEST

/* One screen, while it has room for pictures that can be read. */
START_TEST(graph_fits_the_window)
{
	fill();
	world.asker.render.width = 100;
	world.asker.lines = 24;
	ck_assert_int_eq(world_say(&world, "graph load1"), 0);
	ck_assert_uint_eq(lines(), 14);
	ck_assert_int_eq(world_say(&world, "graph load_bytes_total"), 0);
	ck_assert_uint_le(lines(), 23);
	ck_assert_uint_ge(lines(), 18);
	world.asker.lines = 5;
	ck_assert_int_eq(world_say(&world, "graph load1"), 0);
	ck_assert_uint_eq(lines(), 5);
	ck_assert_int_eq(world_say(&world, "graph load1 -h 20"), 0);
	ck_assert_uint_eq(lines(), 22);
}
END_TEST

/* ---- the pictures of status ------------------------------------------------------------------ */

enum { CPU_ALL, AVAILABLE, TOTAL, IO_TIME, RECEIVE, TRANSMIT, AVG10 };

static const struct telmon_metric part_metrics[] = {
	[CPU_ALL] = { .name = "cpu_all_seconds_total", .kind = TELMON_COUNTER, .labels = "mode" },
	[AVAILABLE] = { .name = "memory_MemAvailable_bytes" },
	[TOTAL] = { .name = "memory_MemTotal_bytes" },
	[IO_TIME] = { .name = "disk_io_time_seconds_total",
		      .kind = TELMON_COUNTER,
		      .labels = "device" },
	[RECEIVE] = { .name = "network_receive_bytes_total",
		      .kind = TELMON_COUNTER,
		      .labels = "device" },
	[TRANSMIT] = { .name = "network_transmit_bytes_total",
		       .kind = TELMON_COUNTER,
		       .labels = "device" },
	[AVG10] = { .name = "pressure_avg10_percent", .labels = "resource,share" },
};

static const struct telmon_plugin sampled_parts = {
	TELMON_PLUGIN_HEAD,
	.version = "4",
	.help = "parts, and their past",
	.mode = TELMON_SAMPLED,
	TELMON_METRICS(part_metrics),
	TELMON_COMMANDS(part_commands),
};

enum { PARTS = 3 };

/* Sixty seconds in which everything was idle, then busy, and is idle again. */
static void
fill_parts(void)
{
	int64_t begin_ns = ago_ns(60.5);
	double busy_s = 0, idle_s = 0;

	for (int i = 0; i <= 60; i++) {
		struct snapshot_builder *b = begin(PARTS);
		bool busy = i > 20 && i <= 40;

		busy_s += busy;
		idle_s += !busy;
		put(b, CPU_ALL, "user", NULL, busy_s);
		put(b, CPU_ALL, "idle", NULL, idle_s / 2);
		put(b, CPU_ALL, "iowait", NULL, idle_s / 2);
		put(b, AVAILABLE, NULL, NULL, busy ? 0 : 1000);
		put(b, TOTAL, NULL, NULL, 1000);
		put(b, IO_TIME, "sda", NULL, 0);
		put(b, IO_TIME, "sdb", NULL, busy_s);
		put(b, RECEIVE, "eth0", NULL, 1e6 * i);
		put(b, RECEIVE, "eth1", NULL, 3 * busy_s);
		put(b, TRANSMIT, "eth1", NULL, 5 * 1024 * busy_s);
		put(b, AVG10, "cpu", "some", 0);
		put(b, AVG10, "io", "some", busy ? 100 : 0);
		put(b, AVG10, "io", "full", 100);
		end(PARTS, b, begin_ns, i);
	}
}

static const char *
picture_of(const char *item)
{
	static char line[512];
	const char *at = strstr(world_text(&world), item), *last;

	ck_assert_msg(at != NULL, "no %s in '%s'", item, world_text(&world));
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	last = strstr(line, "ok");
	return last ? last + 2 + strspn(last + 2, " ") : "";
}

/* Five or six of the buckets are of the busy time, by where their borders are. */
static void
expect_hill(const char *item, const char *low, const char *high)
{
	_autobuf_ struct buf four = BUF_INIT(64), six = BUF_INIT(64), edges = BUF_INIT(64);
	const char *picture = picture_of(item);

	for (int i = 0; i < 4; i++)
		buf_puts(&four, high);
	for (int i = 0; i < 6; i++)
		buf_puts(&six, high);
	buf_printf(&edges, "%s%s%s", low, low, low);
	ck_assert_msg(strncmp(picture, buf_str(&edges), edges.len) == 0, "%s: '%s'", item, picture);
	ck_assert_msg(strstr(picture, buf_str(&four)) != NULL, "%s: '%s'", item, picture);
	ck_assert_msg(strstr(picture, buf_str(&six)) == NULL, "%s: '%s'", item, picture);
	ck_assert_msg(strlen(picture) >= 12 * strlen(low), "%s: '%s'", item, picture);
	ck_assert_str_eq(picture + strlen(picture) - edges.len, buf_str(&edges));
}

START_TEST(status_has_pictures)
{
	percent = 40;
	world_add(&world, "parts", &sampled_parts);
	world_publish(&world, table, n_table);
	ck_assert_int_eq(world_say(&world, "status"), 0);
	ck_assert(says("last_2_min"));
	ck_assert_str_eq(picture_of("cpu"), "");
	fill_parts();
	ck_assert_int_eq(world_say(&world, "status"), 0);
	expect_hill("cpu", "▁", "█");
	expect_hill("memory", "▁", "█");
	expect_hill("disk", "▁", "█");
	/* 5,123 bytes a second are half of what fills a picture. */
	expect_hill("network", "▁", "▅");
	expect_hill("pressure", "▁", "█");
	ck_assert_str_eq(picture_of("filesystem"), "");
	world.asker.render.ascii = true;
	ck_assert_int_eq(world_say(&world, "status"), 0);
	expect_hill("cpu", ".", "@");
}
END_TEST

START_TEST(pictures_give_way_to_words)
{
	size_t widest = 0;

	percent = 40;
	world_add(&world, "parts", &sampled_parts);
	world_publish(&world, table, n_table);
	fill_parts();
	/* For machines there are none. */
	expect_part("status --csv", 0, "item,value,verdict\n");
	expect_part("status --json", 0, "\"verdict\":\"ok\"}");
	ck_assert(!says("last_2_min"));
	for (unsigned width = 20; width < 140; width++) {
		world.asker.render.width = width;
		ck_assert_int_eq(world_say(&world, "status"), 0);
		/* As long as there are pictures, no word is cut. */
		ck_assert(!says("last_2_min") || !says("…"));
		widest = says("last_2_min") ? widest : width;
	}
	ck_assert_uint_ge(widest, 50);
	ck_assert_uint_le(widest, 90);
	/* A filter that names the column has it at any width. */
	world.asker.render.width = 30;
	expect_part("status | columns item,last_2_min", 0, "last_2_min");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("builtins_graph");
	TCase *c = tcase_create("graph");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, graph_draws);
	tcase_add_test(c, graph_gives_rows);
	tcase_add_test(c, graph_selects);
	tcase_add_test(c, graph_refuses);
	tcase_add_test(c, graph_of_too_many);
	tcase_add_test(c, graph_has_gaps);
	tcase_add_test(c, graph_fits_the_window);
	tcase_add_test(c, status_has_pictures);
	tcase_add_test(c, pictures_give_way_to_words);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	r = srunner_create(suite());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
