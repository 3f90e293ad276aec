/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of isolate with plugins that mean well: what they declare, put, show and answer is the
 * same through a child, and after its end. Those that do not are in test_isolate_bad.c.
 */
#include <sys/ioctl.h>

#include "isolate_private.h"

#include "isolate_box.h"

/* clang-format off */
static const char all[] =
	"#include <telmon/plugin.h>\n"
	"#include <stdio.h>\n"
	"enum { ONE, TWO };\n"
	"static const struct telmon_metric metrics[] = {\n"
	"	[ONE] = { .name = \"one\", .labels = \"cpu,mode\", .kind = TELMON_COUNTER,\n"
	"		  .help = \"a help\", .source = \"/proc/x\", .formula = \"1 + 1\" },\n"
	"	[TWO] = { .name = \"two_bytes\", .unit = TELMON_BYTES } };\n"
	"static const struct telmon_column columns[] = {\n"
	"	{ .name = \"a\", .help = \"h\" },\n"
	"	{ .name = \"b_s\", .type = TELMON_REAL, .unit = TELMON_SECONDS, .warn = 1, .crit = 2,\n"
	"	  .formula = \"f\", .priority = 3 },\n"
	"	{ .name = \"c\", .type = TELMON_TEXT } };\n"
	"static const struct telmon_arg args[] = {\n"
	"	{ .name = \"what\", .type = TELMON_TEXT, .help = \"h\" },\n"
	"	{ .name = \"rows\", .flag = 'n', .type = TELMON_INT, .def = \"10\", .min = 1, .max = 99 },\n"
	"	{ .name = \"real\", .flag = 'r', .type = TELMON_REAL },\n"
	"	{ .name = \"yes\", .flag = 'y', .type = TELMON_FLAG } };\n"
	"static int added, times;\n"
	"static int start(struct telmon *t)\n"
	"{\n"
	"	struct telmon_metric m = { .name = \"added\", .labels = \"x\" };\n"
	"	const char *key = telmon_setting(t, \"name\");\n"
	"	if (key) m.name = key;\n"
	"	t->state = \"state\";\n"
	"	telmon_log(t, TELMON_NOTICE, \"started\");\n"
	"	added = telmon_add_metric(t, &m);\n"
	"	return 0;\n"
	"}\n"
	"static void stop(struct telmon *t) { telmon_log(t, TELMON_WARNING, t->state); }\n"
	"static int collect(struct telmon *t)\n"
	"{\n"
	"	char label[16];\n"
	"	struct telmon_metric late = { .name = \"late\" };\n"
	"	if (++times == 99) return telmon_fail(t, -ENOENT, \"no more\");\n"
	"	for (int i = 0; i < 3; i++) {\n"
	"		snprintf(label, sizeof(label), \"c%d\", i);\n"
	"		telmon_put2(t, ONE, label, \"user\", 100 * times + i);\n"
	"	}\n"
	"	telmon_put(t, TWO, times);\n"
	"	telmon_put1(t, added, NULL, 7);\n"
	"	if (times > 1) telmon_put(t, telmon_add_metric(t, &late), 5);\n"
	"	return 0;\n"
	"}\n"
	"static int run(struct telmon *t)\n"
	"{\n"
	"	const char *what = telmon_arg_text(t, 0);\n"
	"	if (what && !strcmp(what, \"fail\")) return telmon_fail(t, -EACCES, \"not you\");\n"
	"	if (what && !strcmp(what, \"sleep\")) return telmon_sleep(t, 1000);\n"
	"	telmon_row(t);\n"
	"	telmon_int(t, telmon_arg_int(t, 1));\n"
	"	telmon_real(t, telmon_arg_real(t, 2));\n"
	"	telmon_text(t, what);\n"
	"	telmon_status(t, 2);\n"
	"	return 0;\n"
	"}\n"
	"static int view(struct telmon *t)\n"
	"{\n"
	"	for (size_t i = 0; i < telmon_count(t, ONE); i++) {\n"
	"		telmon_row(t);\n"
	"		telmon_real(t, telmon_delta(t, ONE, i));\n"
	"		telmon_real(t, telmon_interval(t));\n"
	"		telmon_text(t, telmon_label(t, ONE, i, 0));\n"
	"	}\n"
	"	telmon_row(t);\n"
	"	telmon_real(t, telmon_value(t, added, 0));\n"
	"	telmon_real(t, telmon_value(t, TWO, 0));\n"
	"	return 0;\n"
	"}\n"
	"static const struct telmon_command commands[] = {\n"
	"	{ .name = \"go\", .help = \"goes\", .run = run, .cache_s = 2, .deadline_s = 3,\n"
	"	  TELMON_COLUMNS(columns), TELMON_ARGS(args) },\n"
	"	{ .name = \"look\", .view = view, TELMON_COLUMNS(columns) } };\n"
	"TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, .version = \"1.2\", .help = \"all\",\n"
	"	.mode = TELMON_SAMPLED, .interval_s = 5, .start = start, .stop = stop,\n"
	"	.collect = collect, TELMON_METRICS(metrics), TELMON_COMMANDS(commands) };\n";
/* clang-format on */

static const char *
label_of(const struct snapshot *s, const char *metric, size_t i)
{
	return snapshot_label(s, (unsigned)metric_set_find(s->set, metric), i, 0);
}

static double
value_of(const struct snapshot *s, const char *metric, size_t i)
{
	return snapshot_value(s, (unsigned)metric_set_find(s->set, metric), i);
}

START_TEST(test_describes)
{
	const struct telmon_command *go;

	box_compile(all);
	box_new();
	ck_assert_int_eq(box_pid(), 0);
	ck_assert_int_eq(box_describe(), 0);
	ck_assert_int_gt(box_pid(), 0);
	ck_assert_str_eq(box.decl.version, "1.2");
	ck_assert_int_eq(box.decl.mode, TELMON_SAMPLED);
	ck_assert_double_eq(box.decl.interval_s, 5);
	ck_assert(box.decl.start && box.decl.stop && box.decl.collect);
	ck_assert_uint_eq(box.decl.n_metrics, 2);
	ck_assert_str_eq(box.decl.metrics[0].labels, "cpu,mode");
	ck_assert_str_eq(box.decl.metrics[0].formula, "1 + 1");
	ck_assert_int_eq(box.decl.metrics[1].unit, TELMON_BYTES);
	ck_assert_uint_eq(box.decl.n_commands, 2);
	go = &box.decl.commands[0];
	ck_assert_str_eq(go->name, "go");
	ck_assert(go->run && !go->view);
	ck_assert_double_eq(go->deadline_s, 3);
	ck_assert_uint_eq(go->n_columns, 3);
	ck_assert_double_eq(go->columns[1].crit, 2);
	ck_assert_int_eq(go->columns[1].priority, 3);
	ck_assert_uint_eq(go->n_args, 4);
	ck_assert_int_eq(go->args[1].flag, 'n');
	ck_assert_str_eq(go->args[1].def, "10");
	ck_assert(box.decl.commands[1].view && !box.decl.commands[1].run);
	/* It is known already, and the child is the same. */
	ck_assert_int_eq(box_describe(), 0);
}
END_TEST

START_TEST(test_starts)
{
	char *const settings[] = { (char *)"other=1", (char *)"name=named", NULL };

	box.settings = settings;
	box_load(all);
	ck_assert_uint_eq(box.object.set->count, 3);
	ck_assert_int_eq(metric_set_find(box.object.set, "named"), 2);
	ck_assert_str_eq(box.object.set->metrics[2].labels[0], "x");
	ck_assert_str_eq(buf_str(&box.log), "2 started\n"
					    "2 settings that start never asked for: other\n");
}
END_TEST

START_TEST(test_collects)
{
	int64_t before = now_ns();
	struct snapshot *s;

	box_load(all);
	ck_assert_int_eq(box_collect(&s), 0);
	ck_assert_uint_eq(s->n, 5);
	ck_assert_double_eq(value_of(s, "one", 2), 102);
	ck_assert_str_eq(label_of(s, "one", 2), "c2");
	ck_assert_str_eq(label_of(s, "added", 0), "");
	ck_assert_int_ge(s->time_ns, before);
	ck_assert_int_le(s->time_ns, now_ns());
	ck_assert_double_gt(s->wall_s, 1.6e9);
	snapshot_unref(s);
	ck_assert_int_eq(box_collect(&s), 0);
	ck_assert_uint_eq(s->set->count, 4);
	ck_assert_double_eq(value_of(s, "late", 0), 5);
	snapshot_unref(s);
	for (int i = 2; i < 98; i++) {
		ck_assert_int_eq(box_collect(&s), 0);
		snapshot_unref(s);
	}
	box_failed(box_collect(&s), -ENOENT, "no more (No such file or directory)");
	ck_assert_int_eq(box_collect(&s), 0);
	snapshot_unref(s);
}
END_TEST

static void
check_view(double delta, double two)
{
	ck_assert_uint_eq(box.rows.n_rows, 4);
	for (size_t i = 0; i < 3; i++) {
		const struct cell *c = rows_cell(&box.rows, i, 0);

		ck_assert_int_eq(c->type, isnan(delta) ? CELL_NULL : CELL_INT);
		ck_assert(isnan(delta) || (double)c->i == delta);
		ck_assert_int_eq(rows_cell(&box.rows, i, 2)->s[1], '0' + (int)i);
	}
	ck_assert_int_eq(rows_cell(&box.rows, 3, 0)->i, 7);
	ck_assert_double_eq(rows_cell(&box.rows, 3, 1)->f, two);
}

START_TEST(test_views)
{
	struct snapshot *s[4];
	double interval_s;

	box_load(all);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(box_collect(&s[i]), 0);
	/* Those that the child keeps ... */
	ck_assert_int_eq(box_view(1, s[3], s[2]), 0);
	check_view(100, 4);
	interval_s = (double)(s[3]->time_ns - s[2]->time_ns) / 1e9;
	ck_assert_double_eq_tol(rows_cell(&box.rows, 0, 1)->f, interval_s, 1e-9);
	ck_assert_int_eq(box_view(1, s[3], NULL), 0);
	check_view((double)NAN, 4);
	ck_assert_int_eq(rows_cell(&box.rows, 0, 1)->type, CELL_NULL);
	/* ... those that it does not, of an older set too ... */
	ck_assert_int_eq(box_view(1, s[1], s[0]), 0);
	check_view(100, 2);
	ck_assert_int_eq(box_view(1, s[3], s[0]), 0);
	check_view(300, 4);
	/* ... and those of an earlier child. */
	isolate_restart(box.isolate);
	ck_assert_int_eq(box_view(1, s[3], s[2]), 0);
	check_view(100, 4);
	for (size_t i = 0; i < 4; i++)
		snapshot_unref(s[i]);
}
END_TEST

START_TEST(test_view_without_values)
{
	struct snapshot_builder *b;
	struct snapshot *s;

	box_load(all);
	b = snapshot_builder_new(box.object.set);
	s = snapshot_builder_seal(b, now_ns(), 1);
	ck_assert_int_eq(box_view(1, s, s), 0);
	ck_assert_uint_eq(box.rows.n_rows, 1);
	ck_assert_int_eq(rows_cell(&box.rows, 0, 0)->type, CELL_NULL);
	snapshot_unref(s);
}
END_TEST

START_TEST(test_runs)
{
	const struct telmon_command *cmd;
	const struct host_arg args[] = {
		{ .given = true, .s = "w\xc3\xb6rter" },
		{ .given = true, .i = INT64_MIN },
		{ .given = true, .f = 0.1 },
		{ .given = false },
	};

	box_load(all);
	cmd = box_command(0);
	ck_assert_int_eq(isolate_run(box.isolate, &box.object, cmd, args, &box.cancel, soon(),
				     &box.rows, &box.why),
			 0);
	ck_assert_uint_eq(box.rows.n_rows, 1);
	ck_assert_int_eq(rows_cell(&box.rows, 0, 0)->i, INT64_MIN);
	ck_assert_double_eq(rows_cell(&box.rows, 0, 1)->f, 0.1);
	ck_assert_str_eq(rows_cell(&box.rows, 0, 2)->s, "w\xc3\xb6rter");
	ck_assert_int_eq(box.rows.status, 2);
	ck_assert_int_eq(box_run(NULL), 0);
	ck_assert_int_eq(rows_cell(&box.rows, 0, 2)->type, CELL_NULL);
	box_failed(box_run("fail"), -EACCES, "not you (Permission denied)");
	box_works();
}
END_TEST

static void *
cancel_soon(void *arg)
{
	(void)arg;
	poll(NULL, 0, 100);
	host_cancel_set(&box.cancel);
	return NULL;
}

START_TEST(test_cancels)
{
	pthread_t thread;
	int64_t began;
	pid_t pid;

	box_load(all);
	pid = box_pid();
	pthread_create(&thread, NULL, cancel_soon, NULL);
	began = now_ns();
	box_failed(box_run("sleep"), -ECANCELED, "Operation canceled");
	ck_assert_int_lt(now_ns() - began, 20 * NS_PER_S);
	pthread_join(thread, NULL);
	host_cancel_fini(&box.cancel);
	host_cancel_init(&box.cancel);
	/* The next call is another one, and the child has not had to go. */
	ck_assert_int_eq(box_run("works"), 0);
	ck_assert_int_eq(box_pid(), pid);
}
END_TEST

/* Two connections: what is said on one may be read before what was said earlier on the other. */
START_TEST(test_cancel_that_overtakes)
{
	uint32_t next;
	int64_t began = now_ns(), until = soon();
	int unread = 1;
	pid_t pid;

	box_load(all);
	pid = box_pid();
	next = box.isolate->call + 1;
	ck_assert_int_eq(write(box.isolate->cancel_fd, &next, sizeof(next)), sizeof(next));
	while (unread && now_ns() < until)
		ck_assert_int_eq(ioctl(box.isolate->cancel_fd, FIONREAD, &unread), 0);
	box_failed(box_run("sleep"), -ECANCELED, "Operation canceled");
	ck_assert_int_lt(now_ns() - began, 20 * NS_PER_S);
	ck_assert_int_eq(box_run("works"), 0);
	ck_assert_int_eq(box_pid(), pid);
}
END_TEST

START_TEST(test_obeys_its_deadline)
{
	pid_t pid;
	int r;

	box_load(all);
	pid = box_pid();
	/* telmon_sleep() ends at it, and is given a moment to say so. */
	for (int64_t ms = 50; (r = box_run_until("sleep", now_ns() + ms * NS_PER_MS)) != -ECANCELED;
	     ms *= 2) {
		/* ... which this machine may not have had. */
		ck_assert_int_eq(r, -ETIMEDOUT);
		ck_assert_int_lt(ms, 2000);
		isolate_restart(box.isolate);
		ck_assert_int_eq(box_run("works"), 0);
		pid = box_pid();
	}
	ck_assert_int_eq(box_pid(), pid);
	ck_assert_int_eq(box_run("works"), 0);
}
END_TEST

START_TEST(test_stops)
{
	box_load(all);
	buf_clear(&box.log);
	isolate_stop(box.isolate, soon());
	ck_assert_str_eq(buf_str(&box.log), "1 state\n");
	ck_assert_int_eq(box_pid(), 0);
	isolate_stop(box.isolate, soon());
}
END_TEST

START_TEST(test_other_root)
{
	box_load("#include <telmon/plugin.h>\n"
		 "static const struct telmon_column c[] = { { .name = \"a\", .type = TELMON_TEXT } "
		 "};\n"
		 "static int run(struct telmon *t) { struct telmon_file f;\n"
		 "	int r = telmon_read(t, \"/proc/loadavg\", &f);\n"
		 "	telmon_row(t); telmon_text(t, r < 0 ? \"none\" : f.text); return 0; }\n"
		 "static const struct telmon_arg args[] = { { .name = \"w\", .type = TELMON_TEXT } "
		 "};\n"
		 "static const struct telmon_command k[] = { { .name = \"x\", .run = run,\n"
		 "	TELMON_COLUMNS(c), TELMON_ARGS(args) } };\n"
		 "TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, TELMON_COMMANDS(k) };\n");
	ck_assert_int_eq(box_run(NULL), 0);
	ck_assert_ptr_nonnull(strchr(rows_cell(&box.rows, 0, 0)->s, '/'));
	box_unload();
	ck_assert_int_eq(mkdir(box_path("proc"), 0755), 0);
	box_write("proc/loadavg", "captured");
	box.root = box.dir;
	box_new();
	ck_assert_int_eq(box_describe(), 0);
	ck_assert_int_eq(box_start(), 0);
	ck_assert_int_eq(box_run(NULL), 0);
	ck_assert_str_eq(rows_cell(&box.rows, 0, 0)->s, "captured");
}
END_TEST

/* Which metrics it finds, and in what order, is another one's word each time. */
START_TEST(test_metrics_in_another_order)
{
	char *const read[] = { box.dir, NULL };
	struct snapshot *before, *after;

	box.read = read;
	box_write("order", "ab");
	box_load("#include <telmon/plugin.h>\n#include <stdio.h>\n"
		 "static const struct telmon_column c[] = { { .name = \"a\" }, { .name = \"b\" },\n"
		 "	{ .name = \"was\" } };\n"
		 "static int place[128];\n"
		 "static int collect(struct telmon *t) {\n"
		 "	FILE *f = fopen(DIR \"/order\", \"r\"); int ch; char name[2] = \"\";\n"
		 "	struct telmon_metric m = { .name = name };\n"
		 "	if (!f) return -errno;\n"
		 "	while ((ch = getc(f)) != EOF) { name[0] = ch;\n"
		 "		place[ch] = telmon_add_metric(t, &m); telmon_put(t, place[ch], "
		 "ch); }\n"
		 "	fclose(f); return 0; }\n"
		 "static int view(struct telmon *t) { telmon_row(t);\n"
		 "	telmon_real(t, telmon_value(t, place['a'], 0));\n"
		 "	telmon_real(t, telmon_value(t, place['b'], 0));\n"
		 "	telmon_real(t, telmon_previous(t, place['a'], 0)); return 0; }\n"
		 "static const struct telmon_command k[] = { { .name = \"x\", .view = view,\n"
		 "	TELMON_COLUMNS(c) } };\n"
		 "TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, .collect = collect, TELMON_COMMANDS(k) "
		 "};\n");
	ck_assert_msg(box_collect(&before) == 0, "%s", buf_str(&box.why));
	ck_assert_double_eq(value_of(before, "a", 0), 'a');
	box_write("order", "cba");
	isolate_restart(box.isolate);
	ck_assert_int_eq(box_collect(&after), 0);
	ck_assert_uint_eq(after->set->count, 3);
	ck_assert_double_eq(value_of(after, "a", 0), 'a');
	ck_assert_int_eq(metric_set_find(before->set, "a"), 0);
	ck_assert_int_eq(metric_set_find(after->set, "a"), 2);
	ck_assert_int_eq(box_view(0, after, before), 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(rows_cell(&box.rows, 0, i)->i, "aba"[i]);
	/* The old one as the newest: its own names in the new child's order. */
	ck_assert_int_eq(box_view(0, before, NULL), 0);
	ck_assert_int_eq(rows_cell(&box.rows, 0, 0)->i, 'a');
	ck_assert_int_eq(rows_cell(&box.rows, 0, 1)->i, 'b');
	ck_assert_int_eq(rows_cell(&box.rows, 0, 2)->type, CELL_NULL);
	snapshot_unref(before);
	snapshot_unref(after);
}
END_TEST

/* What the daemon's views and samples would be sent back to a child is all that there may be. */
START_TEST(test_many_values)
{
	struct snapshot *s[3];

	box_load("#include <telmon/plugin.h>\n#include <stdio.h>\n"
		 "static const struct telmon_metric m[] = { { .name = \"m\", .labels = \"l\" } };\n"
		 "static const struct telmon_column c[] = { { .name = \"n\" } };\n"
		 "static int collect(struct telmon *t) { char l[160];\n"
		 "	for (int i = 0; i < 100000; i++) { snprintf(l, sizeof(l), \"%0150d\", i);\n"
		 "		if (telmon_put1(t, 0, l, i) < 0) return -EIO; }\n"
		 "	return 0; }\n"
		 "static int view(struct telmon *t) {\n"
		 "	telmon_row(t); telmon_int(t, telmon_count(t, 0));\n"
		 "	telmon_row(t); telmon_real(t, telmon_previous(t, 0, 99999)); return 0; }\n"
		 "static const struct telmon_command k[] = { { .name = \"x\", .view = view,\n"
		 "	TELMON_COLUMNS(c) } };\n"
		 "TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, .collect = collect, TELMON_METRICS(m),\n"
		 "	TELMON_COMMANDS(k) };\n");
	for (size_t i = 0; i < 3; i++)
		ck_assert_msg(box_collect(&s[i]) == 0, "%s", buf_str(&box.why));
	ck_assert_uint_eq(s[0]->n, 100000);
	isolate_restart(box.isolate);
	ck_assert_msg(box_view(0, s[2], s[0]) == 0, "%s", buf_str(&box.why));
	ck_assert_int_eq(rows_cell(&box.rows, 0, 0)->i, 100000);
	ck_assert_int_eq(rows_cell(&box.rows, 1, 0)->i, 99999);
	for (size_t i = 0; i < 3; i++)
		snapshot_unref(s[i]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("isolate");
	TCase *c = tcase_create("isolate");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, box_setup, box_teardown);
	tcase_add_test(c, test_describes);
	tcase_add_test(c, test_starts);
	tcase_add_test(c, test_collects);
	tcase_add_test(c, test_views);
	tcase_add_test(c, test_view_without_values);
	tcase_add_test(c, test_runs);
	tcase_add_test(c, test_cancels);
	tcase_add_test(c, test_cancel_that_overtakes);
	tcase_add_test(c, test_obeys_its_deadline);
	tcase_add_test(c, test_stops);
	tcase_add_test(c, test_other_root);
	tcase_add_test(c, test_metrics_in_another_order);
	tcase_add_test(c, test_many_values);
	suite_add_tcase(s, c);
	return box_main(s);
}
