/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Calls that their asker makes by itself: a child that is free is asked at once, whatever takes
 * longer goes on in a thread, and nothing that a child does keeps its asker. Each with a real
 * telmon-plugin-host.
 */
#include "isolate_box.h"

#include <sched.h>
#include <sys/eventfd.h>

#include "executor.h"
#include "series.h"
#include "wire.h"

enum { MAX_ANSWER = 4 << 20, ROWS = 20000, ASKERS = 4, QUESTIONS = 300 };

/* Its run takes one word, and answers with it. */
static const char source[] =
	"#include <telmon/plugin.h>\n#include <string.h>\n#include <time.h>\n"
	"#include <sys/socket.h>\n#include <stdlib.h>\n"
	"static void nap(int ms) { struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };\n"
	"	nanosleep(&ts, NULL); }\n"
	"static int many(struct telmon *t) {\n"
	"	for (int i = 0; i < 20000; i++) { telmon_row(t); telmon_text(t, \"many\");\n"
	"		if (i % 5000 == 0) nap(5); }\n"
	"	return 0; }\n"
	"static int run(struct telmon *t) { const char *word = telmon_arg_text(t, 0);\n"
	"	if (strcmp(word, \"sleep\") == 0) return telmon_sleep(t, 100);\n"
	"	if (strncmp(word, \"nap\", 3) == 0) nap(atoi(word + 3));\n"
	"	if (strcmp(word, \"many\") == 0) return many(t);\n"
	"	if (strcmp(word, \"again\") == 0) return telmon_fail(t, -11, \"not now\");\n"
	"	if (strcmp(word, \"abort\") == 0) abort();\n"
	"	if (strcmp(word, \"drip\") == 0) { unsigned head[] = { 1 << 20, F_ROWS, 3 };\n"
	"		for (send(3, head, 12, 0);;) send(3, \"\", 1, 0); }\n"
	"	telmon_row(t); return telmon_text(t, word); }\n"
	"static int view(struct telmon *t) {\n"
	"	telmon_row(t); return telmon_real(t, telmon_value(t, 0, 0)); }\n"
	"static int collect(struct telmon *t) { return telmon_put(t, 0, 7); }\n"
	"static const struct telmon_metric m[] = { { .name = \"m\" } };\n"
	"static const struct telmon_column c[] = { { .name = \"c\", .type = TELMON_TEXT } };\n"
	"static const struct telmon_column v[] = { { .name = \"v\", .type = TELMON_REAL } };\n"
	"static const struct telmon_arg a[] = { { .name = \"word\", .type = TELMON_TEXT } };\n"
	"static const struct telmon_command k[] = {\n"
	"	{ .name = \"run\", .run = run, TELMON_COLUMNS(c), TELMON_ARGS(a) },\n"
	"	{ .name = \"view\", .view = view, TELMON_COLUMNS(v) } };\n"
	"TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, .collect = collect, TELMON_METRICS(m),\n"
	"	TELMON_COMMANDS(k) };\n";

static struct executor *executor;
static struct plugin plugin;

static void
setup(void)
{
	box_setup();
	box_load(source);
	executor = executor_new(box.host, 1);
	ck_assert_ptr_nonnull(executor);
	memset(&plugin, 0, sizeof(plugin));
	plugin.refs = 1;
	plugin.name = strdup("plugin");
	plugin.decl = box.decl;
	plugin.object = box.object;
	plugin.object.decl = &plugin.decl;
	plugin.isolate = box.isolate;
	plugin.series = series_new(0);
	plugin.deadline_ns = 40 * NS_PER_S;
}

static void
teardown(void)
{
	ck_assert_uint_eq(executor_stop(executor, soon()), 0);
	executor_free(executor);
	ck_assert_uint_eq(plugin.refs, 1);
	series_free(plugin.series);
	free(plugin.name);
	box.object = plugin.object;
	box_teardown();
}

static struct call *
ask(const char *word)
{
	const struct host_arg args[] = { { .given = true, .s = word } };

	return executor_run(executor, &plugin, &plugin.decl.commands[0], args, MAX_ANSWER, true);
}

/* Its result, once it is there; to be left with leave(). */
static int
await(struct call *c, int *ret_bell, const char **ret_why)
{
	struct pollfd rings = { .fd = eventfd(0, EFD_CLOEXEC), .events = POLLIN };

	call_watch(c, rings.fd);
	while (!call_done(c) && poll(&rings, 1, 60000) == 1)
		;
	ck_assert(call_done(c));
	*ret_bell = rings.fd;
	return call_result(c, ret_why);
}

static void
leave(struct call *c, int bell)
{
	call_leave(c, bell);
	close(bell);
}

static void
answers(struct call *c, const char *word, size_t n_rows)
{
	const char *why;
	const struct rows *rows;
	int64_t time_ns;
	int bell;

	ck_assert_msg(await(c, &bell, &why) == 0, "%s", why);
	rows = call_rows(c, &time_ns);
	ck_assert_uint_eq(rows->n_rows, n_rows);
	ck_assert_str_eq(rows_cell(rows, 0, 0)->s, word);
	leave(c, bell);
}

static void
fails(struct call *c, int status, const char *text)
{
	const char *why;
	int bell, r = await(c, &bell, &why);

	ck_assert_msg(r == status && strstr(why, text), "%d '%s'", r, why);
	leave(c, bell);
}

/* It may be that the machine has no time in this very millisecond. */
START_TEST(test_done_when_it_returns)
{
	unsigned done = 0;

	for (int i = 0; i < 100; i++) {
		struct call *c = ask("word");

		done += call_done(c);
		answers(c, "word", 1);
	}
	ck_assert_uint_gt(done, 0);
	/* A plugin's own errno is none of ours. */
	fails(ask("again"), STATUS_FAILED, "not now");
	ck_assert_uint_eq(executor_stats(executor, &plugin).runs, 101);
}
END_TEST

START_TEST(test_goes_on_in_a_thread)
{
	pid_t pid = box_pid();
	struct call *c = ask("sleep"), *same = ask("sleep");

	ck_assert(!call_done(c));
	ck_assert_ptr_eq(c, same);
	call_leave(same, -1);
	call_leave(c, -1); /* cancels it */
	answers(ask("word"), "word", 1);
	answers(ask("nap20"), "nap20", 1);
	answers(ask("many"), "many", ROWS);
	ck_assert_int_eq(box_pid(), pid);
}
END_TEST

START_TEST(test_waits_behind_one_that_runs)
{
	struct call *slow = ask("nap100"), *quick = ask("word");

	ck_assert(!call_done(quick));
	answers(quick, "word", 1);
	answers(slow, "nap100", 1);
}
END_TEST

START_TEST(test_views)
{
	struct snapshot *newest, *previous;
	struct call *c;
	const struct rows *rows;
	const char *why;
	int64_t time_ns;
	int bell;

	/* The first is of a child that has it, the second of one that has nothing. */
	for (int i = 0; i < 2; i++) {
		c = executor_collect(executor, &plugin);
		ck_assert_msg(await(c, &bell, &why) == 0, "%s", why);
		leave(c, bell);
		series_newest(plugin.series, &newest, &previous);
		if (i == 1)
			isolate_restart(box.isolate);
		c = executor_view(executor, &plugin, &plugin.decl.commands[1], NULL, newest,
				  previous, MAX_ANSWER, true);
		ck_assert_msg(await(c, &bell, &why) == 0, "%s", why);
		rows = call_rows(c, &time_ns);
		ck_assert_double_eq(rows_cell(rows, 0, 0)->f, 7);
		leave(c, bell);
		snapshot_unref(newest);
		snapshot_unref(previous);
	}
}
END_TEST

START_TEST(test_no_child)
{
	pid_t pid = box_pid();

	fails(ask("abort"), STATUS_FAILED, "crashed");
	isolate_restart(box.isolate);
	answers(ask("word"), "word", 1);
	ck_assert_int_ne(box_pid(), pid);
	isolate_restart(box.isolate); /* and it may still be dying */
	answers(ask("word"), "word", 1);
}
END_TEST

/* Who has always something to say, but never a message. */
START_TEST(test_drips)
{
	struct call *c;

	plugin.deadline_ns = 300 * NS_PER_MS;
	c = ask("drip");
	ck_assert(!call_done(c));
	fails(c, STATUS_TIMEOUT, "no answer within 0.3 s");
}
END_TEST

static void *
occupy(void *other)
{
	const struct host_arg args[] = { { .given = true, .s = "nap2500" } };
	struct plugin *p = other;

	answers(executor_run(executor, p, &p->decl.commands[0], args, MAX_ANSWER, false), "nap2500",
		1);
	return NULL;
}

/* There is one thread only, which is not there in time: the child is not to blame. */
START_TEST(test_no_thread)
{
	struct plugin other = plugin;
	struct box first = box;
	pid_t pid = box_pid();
	pthread_t thread;
	struct call *c;

	box.isolate = NULL;
	box.object = (struct host_object){ 0 };
	box_new();
	ck_assert_int_eq(box_describe(), 0);
	ck_assert_int_eq(box_start(), 0);
	other.isolate = box.isolate;
	other.object = box.object;
	other.decl = box.decl;
	other.object.decl = &other.decl;
	other.series = series_new(0);
	other.refs = 1;
	pthread_create(&thread, NULL, occupy, &other);
	while (executor_stats(executor, &other).busy_since_ns == 0)
		sched_yield();
	plugin.deadline_ns = NS_PER_S;
	c = ask("nap20");
	ck_assert(!call_done(c));
	fails(c, STATUS_TIMEOUT, "no answer within 1 s");
	pthread_join(thread, NULL);
	executor_stop_plugin(executor, &other);
	while (other.refs != 1)
		sched_yield();
	plugin.deadline_ns = 40 * NS_PER_S;
	series_free(other.series);
	box.object = other.object;
	box_unload();
	box.isolate = first.isolate;
	box.decl = first.decl;
	answers(ask("word"), "word", 1);
	ck_assert_int_eq(box_pid(), pid);
}
END_TEST

static void *
asker(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	char word[16];

	for (int i = 0; i < QUESTIONS; i++) {
		/* Some take longer than askers wait; some are shared; some are left. */
		int kind = rand_r(&seed) % 8;

		snprintf(word, sizeof(word), kind < 2 ? "nap%d" : "w%d", kind < 2 ? 1 + kind : i);
		if (kind == 7)
			call_leave(ask(word), -1);
		else
			answers(ask(word), word, 1);
	}
	return NULL;
}

START_TEST(test_many_askers)
{
	pthread_t threads[ASKERS];
	pid_t pid = box_pid();

	for (uintptr_t i = 0; i < ASKERS; i++)
		pthread_create(&threads[i], NULL, asker, (void *)(i + 1));
	for (int i = 0; i < 20; i++) {
		executor_sample(executor, &plugin);
		poll(NULL, 0, 5);
	}
	for (int i = 0; i < ASKERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(box_pid(), pid);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("executor_brief");
	TCase *c = tcase_create("executor_brief");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_done_when_it_returns);
	tcase_add_test(c, test_goes_on_in_a_thread);
	tcase_add_test(c, test_waits_behind_one_that_runs);
	tcase_add_test(c, test_views);
	tcase_add_test(c, test_no_child);
	tcase_add_test(c, test_drips);
	tcase_add_test(c, test_no_thread);
	tcase_add_test(c, test_many_askers);
	suite_add_tcase(s, c);
	return box_main(s);
}
