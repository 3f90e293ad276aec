/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Calls that their asker makes by itself: a child that is free is asked at once, whatever takes
 * longer goes on in a thread, and nothing that a child does keeps its asker. Each with a real
 * telmon-plugin-host.
 */
#include "isolate_box.h"

#include <assert.h>
#include <sched.h>
#include <sys/eventfd.h>

#include "executor.h"
#include "series.h"
#include "wire.h"

enum { MAX_ANSWER = 4 << 20, ROWS = 20000, ASKERS = 4, QUESTIONS = 300 };

/* Its run takes one word, and answers with it. */
static const char source[] =
	"#include <telmon/plugin.h>\n#include <string.h>\n#include <time.h>\n"
	"#include <sys/socket.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
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
	"		for (send(3, head, 12, 0);; nap(0)) send(3, \"\", 1, 0); }\n"
	"	if (strcmp(word, \"oob\") == 0) { send(3, \"x\", 1, MSG_OOB); pause(); }\n"
	"	if (strcmp(word, \"shut\") == 0) { shutdown(3, SHUT_RDWR); pause(); }\n"
	"	telmon_row(t); return telmon_text(t, word); }\n"
	"static int view(struct telmon *t) {\n"
	"	telmon_row(t); return telmon_real(t, telmon_value(t, 0, 0)); }\n"
	"static int collect(struct telmon *t) { static int n; return telmon_put(t, 0, ++n); }\n"
	"static const struct telmon_metric m[] = { { .name = \"m\" } };\n"
	"static const struct telmon_column c[] = { { .name = \"c\", .type = TELMON_TEXT } };\n"
	"static const struct telmon_column v[] = { { .name = \"v\", .type = TELMON_REAL } };\n"
	"static const struct telmon_arg a[] = { { .name = \"word\", .type = TELMON_TEXT } };\n"
	"static const struct telmon_command k[] = {\n"
	"	{ .name = \"run\", .run = run, TELMON_COLUMNS(c), TELMON_ARGS(a) },\n"
	"	{ .name = \"view\", .view = view, TELMON_COLUMNS(v) },\n"
	"	{ .name = \"r\", .run = run, TELMON_COLUMNS(c), TELMON_ARGS(a), .deadline_s = 1 "
	"},\n"
	"	{ .name = \"v\", .view = view, TELMON_COLUMNS(v), .deadline_s = 1 } };\n"
	"TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, .collect = collect, TELMON_METRICS(m),\n"
	"	TELMON_COMMANDS(k) };\n";

enum question { RUN, VIEW, SHORT_RUN, SHORT_VIEW }; /* short: 1 s */

static struct executor *executor;
static struct plugin plugin;

/* Around the box's isolate. */
static void
plugin_init(struct plugin *p)
{
	memset(p, 0, sizeof(*p));
	p->refs = 1;
	p->name = strdup("plugin");
	p->decl = box.decl;
	p->object = box.object;
	p->object.decl = &p->decl;
	p->isolate = box.isolate;
	p->series = series_new(0);
	p->deadline_ns = 40 * NS_PER_S;
}

/* What the box does not free. */
static void
plugin_fini(struct plugin *p)
{
	int64_t until = soon();

	/* A thread may be about to give the last reference back. */
	while (atomic_load(&p->refs) != 1) {
		ck_assert_msg(now_ns() < until, "%u references are left", p->refs);
		sched_yield();
	}
	series_free(p->series);
	free(p->name);
	box.object = p->object;
}

static void
setup(void)
{
	box_setup();
	box_load(source);
	executor = executor_new(box.host, 1);
	ck_assert_ptr_nonnull(executor);
	plugin_init(&plugin);
}

static void
teardown(void)
{
	ck_assert_uint_eq(executor_stop(executor, soon()), 0);
	executor_free(executor);
	plugin_fini(&plugin);
	box_teardown();
}

static struct call *
ask_of(enum question command, const char *word)
{
	const struct host_arg args[] = { { .given = true, .s = word } };

	return executor_run(executor, &plugin, &plugin.decl.commands[command], args, MAX_ANSWER,
			    true);
}

static struct call *
ask(const char *word)
{
	return ask_of(RUN, word);
}

static pid_t
pid_now(void)
{
	struct isolate_status status;

	isolate_status(plugin.isolate, &status);
	return status.pid;
}

/* Waits until it is done; to be left with leave(). */
static int
await(struct call *c)
{
	struct pollfd rings = { .fd = eventfd(0, EFD_CLOEXEC), .events = POLLIN };

	call_watch(c, rings.fd);
	while (!call_done(c) && poll(&rings, 1, 60000) == 1)
		;
	assert(call_done(c));
	return rings.fd;
}

static void
leave(struct call *c, int bell)
{
	call_leave(c, bell);
	close(bell);
}

/* So many rows, the first with this word; or status and reason. Any thread. */
static bool
is_answered(struct call *c, const char *word, size_t n_rows)
{
	const struct rows *rows;
	int64_t time_ns;
	const char *why;
	int bell = await(c);
	bool good = call_result(c, &why) == 0;

	rows = call_rows(c, &time_ns);
	good = good && rows->n_rows == n_rows && strcmp(rows_cell(rows, 0, 0)->s, word) == 0;
	if (!good)
		printf("%s: '%s'\n", word, why);
	leave(c, bell);
	return good;
}

static bool
is_failed(struct call *c, int status, const char *text)
{
	const char *why;
	int bell = await(c), r = call_result(c, &why);
	bool good = r == status && strstr(why, text) != NULL;

	if (!good)
		printf("%d '%s' in place of %d '%s'\n", r, why, status, text);
	leave(c, bell);
	return good;
}

/* It may be that the machine has no time in this very millisecond. */
START_TEST(test_done_when_it_returns)
{
	unsigned done = 0;

	for (int i = 0; i < 100; i++) {
		struct call *c = ask("word");

		done += call_done(c);
		ck_assert(is_answered(c, "word", 1));
	}
	ck_assert_uint_gt(done, 0);
	/* A plugin's own errno is none of ours. */
	ck_assert(is_failed(ask("again"), STATUS_FAILED, "not now"));
	ck_assert_uint_eq(executor_stats(executor, &plugin).runs, 101);
}
END_TEST

START_TEST(test_goes_on_in_a_thread)
{
	pid_t pid = pid_now();
	struct call *c = ask("sleep"), *same = ask("sleep");

	ck_assert(!call_done(c));
	ck_assert_ptr_eq(c, same);
	call_leave(same, -1);
	call_leave(c, -1); /* cancels it */
	ck_assert(is_answered(ask("word"), "word", 1));
	ck_assert(is_answered(ask("nap20"), "nap20", 1));
	ck_assert(is_answered(ask("many"), "many", ROWS));
	ck_assert_int_eq(pid_now(), pid);
}
END_TEST

START_TEST(test_waits_behind_one_that_runs)
{
	struct call *slow = ask("nap100"), *quick = ask("word");

	ck_assert(call_done(slow) || !call_done(quick));
	ck_assert(is_answered(quick, "word", 1));
	ck_assert(is_answered(slow, "nap100", 1));
}
END_TEST

static struct snapshot *
collect(void)
{
	struct call *c = executor_collect(executor, &plugin);
	struct snapshot *newest, *previous;

	leave(c, await(c));
	series_newest(plugin.series, &newest, &previous);
	ck_assert_ptr_nonnull(newest);
	snapshot_unref(previous);
	return newest;
}

static struct call *
view(enum question command, struct snapshot *s)
{
	return executor_view(executor, &plugin, &plugin.decl.commands[command], NULL, s, NULL,
			     MAX_ANSWER, true);
}

static double
shown(struct call *c)
{
	const struct rows *rows;
	const char *why;
	int64_t time_ns;
	double value;
	int bell = await(c);

	ck_assert_msg(call_result(c, &why) == 0, "%s", why);
	rows = call_rows(c, &time_ns);
	value = rows_cell(rows, 0, 0)->f;
	leave(c, bell);
	return value;
}

START_TEST(test_views)
{
	struct snapshot *first = collect(), *s;
	pid_t pid = pid_now();
	unsigned done = 0;

	for (int i = 2; i < 50; i++) {
		struct call *c;

		s = collect();
		c = view(VIEW, s);
		done += call_done(c);
		ck_assert_double_eq(shown(c), i);
		snapshot_unref(s);
	}
	ck_assert_uint_gt(done, 0);
	/* One that the child has forgotten, and a child that has none. */
	ck_assert_double_eq(shown(view(VIEW, first)), 1);
	ck_assert_int_eq(pid_now(), pid);
	s = collect();
	isolate_restart(box.isolate);
	ck_assert_double_eq(shown(view(VIEW, s)), 50);
	snapshot_unref(s);
	snapshot_unref(first);
}
END_TEST

START_TEST(test_no_child)
{
	pid_t pid = pid_now();

	ck_assert(is_failed(ask("abort"), STATUS_FAILED, "crashed"));
	isolate_restart(box.isolate);
	ck_assert(is_answered(ask("word"), "word", 1));
	ck_assert_int_ne(pid_now(), pid);
	isolate_restart(box.isolate); /* and it may still be dying */
	ck_assert(is_answered(ask("word"), "word", 1));
}
END_TEST

/* A call that a machine which stood still made late may be in the way for a moment. */
static void
await_child(void)
{
	for (int tries = 1; !is_answered(ask("word"), "word", 1); tries++) {
		ck_assert_int_lt(tries, 5);
		usleep(500000);
	}
}

/* Whatever a child does, its asker is not kept. */
START_TEST(test_keeps_nobody)
{
	static const struct {
		const char *word;
		int status;
		const char *why;
	} cases[] = {
		{ "drip", STATUS_TIMEOUT, "no answer within 1 s" },
		{ "oob", STATUS_TIMEOUT, "no answer within 1 s" },
		{ "shut", STATUS_FAILED, "closed its connection" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool kept = true;

		/* A machine that stands still keeps anybody, but not each time. */
		for (int tries = 0; kept && tries < 5; tries++) {
			struct call *c;

			await_child();
			c = ask_of(cases[i].status == STATUS_TIMEOUT ? SHORT_RUN : RUN,
				   cases[i].word);
			kept = call_done(c);
			ck_assert(is_failed(c, cases[i].status, cases[i].why));
			isolate_restart(box.isolate);
		}
		ck_assert_msg(!kept, "%s", cases[i].word);
	}
}
END_TEST

static void *
occupy(void *other)
{
	const struct host_arg args[] = { { .given = true, .s = "nap4000" } };
	struct plugin *p = other;
	struct call *c = executor_run(executor, p, &p->decl.commands[0], args, MAX_ANSWER, false);

	assert(is_answered(c, "nap4000", 1));
	return NULL;
}

/* The one thread is with another plugin, whose object is the same, and not there in time: the child
 * is not to blame. */
START_TEST(test_no_thread)
{
	struct snapshot *first = collect(), *last = NULL;
	struct plugin other;
	struct box own = box;
	pid_t pid = pid_now();
	pthread_t thread;
	struct call *c;

	for (int i = 0; i < 3; i++) {
		snapshot_unref(last);
		last = collect();
	}
	box.isolate = NULL;
	box.object = (struct host_object){ 0 };
	box_new();
	ck_assert_int_eq(box_describe(), 0);
	ck_assert_int_eq(box_start(), 0);
	plugin_init(&other);
	for (int i = 0; i < 2; i++) {
		pthread_create(&thread, NULL, occupy, &other);
		while (executor_stats(executor, &other).busy_since_ns == 0)
			sched_yield();
		c = i ? view(SHORT_VIEW, first) : ask_of(SHORT_RUN, "nap20");
		ck_assert(!call_done(c));
		/* What has not begun may be answered yet. */
		if (i)
			leave(c, await(c));
		else
			ck_assert(is_failed(c, STATUS_UNAVAILABLE, "no thread is free"));
		pthread_join(thread, NULL);
		ck_assert(is_answered(ask("word"), "word", 1));
		ck_assert_int_eq(pid_now(), pid);
	}
	ck_assert_uint_eq(executor_stats(executor, &plugin).failures, 0);
	executor_stop_plugin(executor, &other);
	plugin_fini(&other);
	box_unload();
	box.isolate = own.isolate;
	box.decl = own.decl;
	snapshot_unref(first);
	snapshot_unref(last);
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
			assert(is_answered(ask(word), word, 1));
	}
	return NULL;
}

START_TEST(test_many_askers)
{
	pthread_t threads[ASKERS];
	pid_t pid = pid_now();

	for (uintptr_t i = 0; i < ASKERS; i++)
		pthread_create(&threads[i], NULL, asker, (void *)(i + 1));
	for (int i = 0; i < 20; i++) {
		executor_sample(executor, &plugin);
		poll(NULL, 0, 5);
	}
	for (int i = 0; i < ASKERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(pid_now(), pid);
}
END_TEST

/* Asks until there is an end. */
static void *
persistent(void *arg)
{
	const char *why;
	int status = 0;

	(void)arg;
	for (int i = 0; status == 0; i++) {
		struct call *c = ask(i % 50 == 49 ? "nap3" : "word");
		int bell = await(c);

		status = call_result(c, &why);
		leave(c, bell);
	}
	assert(status == STATUS_UNAVAILABLE || status == STATUS_CANCELLED);
	return NULL;
}

/* The end of the plugin (0), or of the executor (1), while askers are at their calls. */
START_TEST(test_end_among_askers)
{
	pthread_t threads[ASKERS];

	for (int i = 0; i < ASKERS; i++)
		pthread_create(&threads[i], NULL, persistent, NULL);
	while (executor_stats(executor, &plugin).runs < 20)
		sched_yield();
	if (_i == 0)
		executor_stop_plugin(executor, &plugin);
	else
		ck_assert_uint_eq(executor_stop(executor, soon()), 0);
	for (int i = 0; i < ASKERS; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

/* The same behind one call that goes on in a thread. */
START_TEST(test_end_behind_a_call)
{
	struct call *c = ask(_i == 0 ? "nap100" : "sleep");

	ck_assert(_i == 0 || !call_done(c));
	if (_i == 0)
		executor_stop_plugin(executor, &plugin);
	else
		ck_assert_uint_eq(executor_stop(executor, soon()), 0);
	if (_i == 0)
		ck_assert(is_answered(c, "nap100", 1));
	else
		ck_assert(is_failed(c, STATUS_CANCELLED, "cancelled"));
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
	tcase_add_test(c, test_keeps_nobody);
	tcase_add_test(c, test_no_thread);
	tcase_add_test(c, test_many_askers);
	tcase_add_loop_test(c, test_end_among_askers, 0, 2);
	tcase_add_loop_test(c, test_end_behind_a_call, 0, 2);
	suite_add_tcase(s, c);
	return box_main(s);
}
