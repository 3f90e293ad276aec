/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of isolate with plugins that do not mean well, or cannot: each costs the call that it
 * breaks an error which names the cause, and the next child works. What the daemon as a whole makes
 * of them is in tests/hostile.py.
 */
#include "isolate_box.h"

/* clang-format off */
/* A plugin of which the text gives what a run does when it is not asked to work: `is("x")`. The
 * helpers write frames of the plugin's own. */
#define HEAD \
	"#define _GNU_SOURCE\n" \
	"#include <telmon/plugin.h>\n#include <fcntl.h>\n#include <pthread.h>\n" \
	"#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n" \
	"#include <sys/socket.h>\n#include <unistd.h>\n" \
	"#define is(w) (what && !strcmp(what, w))\n" \
	"static char out[1 << 20]; static size_t n;\n" \
	"static void u8(int v) { out[n++] = v; }\n" \
	"static void u32(uint32_t v) { memcpy(out + n, &v, 4); n += 4; }\n" \
	"static void i64(int64_t v) { memcpy(out + n, &v, 8); n += 8; }\n" \
	"static void f64(double v) { memcpy(out + n, &v, 8); n += 8; }\n" \
	"static void text(const char *s) { u32(strlen(s)); memcpy(out + n, s, strlen(s) + 1);\n" \
	"	n += strlen(s) + 1; }\n" \
	"static uint32_t call;\n" \
	"static void head(int type) { n = 0; u32(0); u32(type); u32(call); }\n" \
	"static void go(void) { uint32_t size = n - 12; memcpy(out, &size, 4);\n" \
	"	for (size_t at = 0; at < n;) { ssize_t r = send(3, out + at, n - at, MSG_NOSIGNAL);\n" \
	"		if (r < 0) _exit(9); at += r; } }\n" \
	"static void done(int64_t error, int status, double wall, const char *why)\n" \
	"{ head(F_DONE); i64(error); u8(status); f64(wall); text(why); go(); }\n" \
	"static const struct telmon_column c[] = { { .name = \"a\", .type = TELMON_TEXT } };\n" \
	"static const struct telmon_arg a[] = { { .name = \"w\", .type = TELMON_TEXT } };\n" \
	"static const struct telmon_metric m[] = { { .name = \"m\", .labels = \"l\" } };\n"
/* The calls are counted as the daemon counts them: HELLO and START were the first two. */
#define RUN(body) \
	"static int run(struct telmon *t) { const char *what = telmon_arg_text(t, 0);\n" \
	"	call = what && strchr(what, ' ') ? atoi(strchr(what, ' ')) : 3;\n" \
	body "\n" \
	"	telmon_row(t); telmon_text(t, \"it works\"); return 0; }\n"
#define TAIL(members) \
	"static const struct telmon_command k[] = { { .name = \"x\", .run = run,\n" \
	"	TELMON_COLUMNS(c), TELMON_ARGS(a) } };\n" \
	"TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, TELMON_COMMANDS(k), TELMON_METRICS(m), " members " };\n"
#define PLUGIN(body) HEAD RUN(body) TAIL("")
#define COLLECTS(body) HEAD "static int collect(struct telmon *t) { call = 3; " body " return 0; }\n" \
	RUN("") TAIL(".collect = collect")

static const char plain[] = PLUGIN("");
/* clang-format on */

/* ---- ends of all kinds ---- */

START_TEST(test_ends)
{
	static struct {
		const char *word, *cause;
	} cases[] = {
		{ "segv", "crashed (segmentation fault)" },
		{ "abort", "crashed (abort)" },
		{ "stack", "crashed (segmentation fault)" },
		{ "divide", "crashed (arithmetic fault)" },
		{ "exit", "ended by itself (exit status 3)" },
		{ "thread", "ended by itself (exit status 4)" },
		{ "close", "lost its connection" },
		{ "shut", "closed its connection" },
		{ "kill", "was killed (SIGKILL)" },
		{ "exec", "was killed (a system call that it may not use)" },
	};

	box_load(PLUGIN("if (is(\"segv\")) { signal(SIGSEGV, SIG_DFL); raise(SIGSEGV); }\n"
			"if (is(\"stack\")) { char buf[1 << 16]; signal(SIGSEGV, SIG_DFL);\n"
			"	memset(buf, 1, sizeof(buf)); return run(t) + buf[9]; }\n"
			"if (is(\"abort\")) { signal(SIGABRT, SIG_DFL); abort(); }\n"
			"if (is(\"divide\")) { signal(SIGFPE, SIG_DFL); raise(SIGFPE); }\n"
			"if (is(\"exit\")) _exit(3);\n"
			"if (is(\"thread\")) { pthread_t x; pthread_create(&x, NULL, (void "
			"*(*)(void *))_exit,\n"
			"	(void *)4); pause(); }\n"
			"if (is(\"close\")) for (int i = 3; i < 64; i++) if (i != 4) close(i);\n"
			"if (is(\"shut\")) { shutdown(3, SHUT_RDWR); for (;;) pause(); }\n"
			"if (is(\"kill\")) kill(getpid(), SIGKILL);\n"
			"if (is(\"exec\")) execl(\"/bin/true\", \"true\", NULL);\n"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct isolate_status status;

		/* A sanitizer takes its time to end. */
		if (MEM_SANITIZED && strcmp(cases[i].word, "close") == 0)
			cases[i].cause = "its connection";
		box_failed(box_run(cases[i].word), -EPIPE, cases[i].cause);
		isolate_status(box.isolate, &status);
		ck_assert_ptr_nonnull(strstr(status.cause, cases[i].cause));
		ck_assert_int_eq(status.pid, 0);
		ck_assert_uint_eq(status.restarts, i);
		box_works();
	}
}
END_TEST

START_TEST(test_deadline)
{
	int64_t began;

	box_load(PLUGIN("if (is(\"loop\")) for (volatile int i = 0;; i++);\n"
			"if (is(\"sleep\")) for (;;) sleep(1000);\n"
			"if (is(\"deaf\")) { sigset_t s; sigfillset(&s);\n"
			"	pthread_sigmask(SIG_BLOCK, &s, NULL); for (;;) pause(); }\n"
			"if (is(\"steal\")) for (char b[99];;) read(3, b, 99);\n"));
	for (const char *const *word =
		     (const char *const[]){ "loop", "sleep", "deaf", "steal", NULL };
	     *word; word++) {
		began = now_ns();
		box_failed(box_run_until(*word, began + 150 * NS_PER_MS), -ETIMEDOUT,
			   "was killed (past its deadline)");
		ck_assert_int_ge(now_ns() - began, 150 * NS_PER_MS);
		box_works();
	}
}
END_TEST

/* ---- life after it ---- */

static double
next_try_s(void)
{
	struct isolate_status status;

	isolate_status(box.isolate, &status);
	return status.next_try_ns ? (double)(status.next_try_ns - now_ns()) / 1e9 : 0;
}

START_TEST(test_back_off)
{
	_autobuf_ struct buf news = BUF_WHY;
	double pause_s = 0.1;

	box_load(PLUGIN("if (is(\"exit\")) _exit(3);"));
	ck_assert(!isolate_news(box.isolate, &news));
	for (int i = 0; i < 3; i++, pause_s *= 2) {
		int64_t until = soon();

		box_failed(box_run("exit"), -EPIPE, "exit status 3");
		ck_assert_double_le(next_try_s(), pause_s);
		ck_assert_double_gt(next_try_s(), pause_s - 0.09);
		ck_assert(isolate_news(box.isolate, &news));
		ck_assert(!isolate_news(box.isolate, &news));
		box_failed(box_run("works"), -EHOSTDOWN,
			   "ended by itself (exit status 3) in run x ");
		ck_assert_ptr_nonnull(strstr(buf_str(&box.why), " s ago, next try in "));
		while (box_run("works") == -EHOSTDOWN && now_ns() < until)
			poll(NULL, 0, 5);
		ck_assert_int_eq(box_run("works"), 0);
		ck_assert_double_eq(next_try_s(), 0);
	}
	ck_assert_str_eq(buf_str(&news),
			 "ended by itself (exit status 3) in run x, next try in 0.1 s"
			 "ended by itself (exit status 3) in run x, next try in 0.2 s"
			 "ended by itself (exit status 3) in run x, next try in 0.4 s");
	/* Forgotten with a restart. */
	isolate_restart(box.isolate);
	ck_assert_int_eq(box_run("works"), 0);
	box_failed(box_run("exit"), -EPIPE, "exit status 3");
	ck_assert_double_le(next_try_s(), 0.1);
	buf_clear(&news);
	ck_assert(isolate_news(box.isolate, &news));
	isolate_restart(box.isolate);
	ck_assert_int_eq(box_run("works"), 0);
	ck_assert(!isolate_news(box.isolate, &news));
}
END_TEST

START_TEST(test_end_between_calls)
{
	int64_t until = soon();

	box_load(plain);
	ck_assert_int_eq(kill(box_pid(), SIGTERM), 0);
	while (box_pid() && now_ns() < until)
		poll(NULL, 0, 5);
	/* The pause holds for this one too; then all is well. */
	box_failed(box_run("works"), -EHOSTDOWN, "next try in 0.1 s");
	while (box_run("works") == -EHOSTDOWN && now_ns() < until)
		poll(NULL, 0, 5);
	ck_assert_int_eq(box_run("works"), 0);
}
END_TEST

static void *
kill_soon(void *arg)
{
	(void)arg;
	poll(NULL, 0, 100);
	isolate_kill(box.isolate);
	return NULL;
}

START_TEST(test_killed_for_good)
{
	pthread_t thread;

	box_load(PLUGIN("if (is(\"sleep\")) for (;;) sleep(1000);\n"));
	pthread_create(&thread, NULL, kill_soon, NULL);
	box_failed(box_run("sleep"), -EPIPE, "was stopped");
	pthread_join(thread, NULL);
	box_failed(box_run("works"), -EHOSTDOWN, "it was stopped");
	isolate_restart(box.isolate);
	box_failed(box_run("works"), -EHOSTDOWN, "it was stopped");
}
END_TEST

START_TEST(test_stop_that_hangs)
{
	int64_t began;

	box_load(HEAD RUN("") "static void stop(struct telmon *t) { for (;;) pause(); }\n" TAIL(
		".stop = stop"));
	began = now_ns();
	isolate_stop(box.isolate, soon());
	ck_assert_int_lt(now_ns() - began, 10 * NS_PER_S);
	ck_assert_int_eq(box_pid(), 0);
}
END_TEST

START_TEST(test_describes_itself_otherwise)
{
	box_load(plain);
	box_compile(HEAD RUN("") TAIL(".help = \"another\""));
	isolate_restart(box.isolate);
	box_failed(box_run("works"), -EPIPE, "describes itself otherwise than before");
	box_failed(box_run("works"), -EHOSTDOWN, "describes itself otherwise");
	box_compile(plain);
	box_works();
}
END_TEST

START_TEST(test_start_that_fails)
{
	box_compile(
		HEAD RUN("") "static int start(struct telmon *t) { return telmon_fail(t, -ENODEV, "
			     "\"no such thing\"); }\n" TAIL(".start = start"));
	box_new();
	ck_assert_int_eq(box_describe(), 0);
	box_failed(box_start(), -ENODEV, "start failed: no such thing (No such device)");
	ck_assert_int_eq(box_pid(), 0);
	box_failed(box_run("works"), -EHOSTDOWN, "start failed: no such thing");
}
END_TEST

/* ---- before it is described ---- */

START_TEST(test_no_program)
{
	int64_t until = soon();

	box_compile(plain);
	box.program = "/nowhere/telmon-plugin-host";
	box_new();
	box_failed(box_describe(), -EHOSTDOWN,
		   "cannot be run in /nowhere/telmon-plugin-host: No such file or directory");
	ck_assert_double_gt(next_try_s(), 0);
	box_failed(box_describe(), -EHOSTDOWN, " s ago, next try in ");
	/* As long as it is missing the pauses grow. */
	while (next_try_s() > 0 && now_ns() < until)
		poll(NULL, 0, 5);
	box_failed(box_describe(), -EHOSTDOWN, "No such file or directory");
	ck_assert_double_gt(next_try_s(), 0.1);
	box_unload();
	box.program = "/etc/passwd";
	box_new();
	box_failed(box_describe(), -EHOSTDOWN, "Permission denied");
}
END_TEST

START_TEST(test_no_descriptor)
{
	struct rlimit limit, low;
	int last = -1, first, fd;

	box_load(plain);
	isolate_restart(box.isolate);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	low.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &low);
	first = dup(0);
	for (last = first; (fd = dup(0)) >= 0;)
		last = fd;
	/* From none at all to all but one that it takes. */
	for (;;) {
		int r = box_run("works");

		if (r == 0)
			break;
		box_failed(r, -EHOSTDOWN, "Too many open files");
		ck_assert_int_gt(last, first);
		close(last--);
		isolate_restart(box.isolate);
	}
	setrlimit(RLIMIT_NOFILE, &limit);
	while (last >= first)
		close(last--);
}
END_TEST

START_TEST(test_no_plugin)
{
	static const struct {
		const char *source, *cause;
		int error;
	} cases[] = {
		{ "int x;", "has no symbol telmon_plugin", -ENOEXEC },
		{ "#include <telmon/plugin.h>\nTELMON_PLUGIN = { .abi = 99 };", "ABI 99",
		  -ENOEXEC },
		{ HEAD RUN("") "__attribute__((constructor)) static void f(void) { _exit(7); "
			       "}\n" TAIL(""),
		  "exit status 7", -EPIPE },
		{ HEAD RUN("") "__attribute__((constructor)) static void f(void) { raise(SIGKILL); "
			       "}\n" TAIL(""),
		  "SIGKILL", -EPIPE },
		/* It speaks for the program, and with escapes. */
		{ HEAD RUN("") "__attribute__((constructor)) static void f(void) { call = 1;\n"
			       "done(-1, 0, 0, \"a\\033[31mb\\nc\"); for (;;) pause(); }\n" TAIL(
				       ""),
		  "b", -ENOEXEC },
		{ HEAD RUN("") "__attribute__((constructor)) static void f(void) { call = 1;\n"
			       "done(0, 0, 0, \"\"); for (;;) pause(); }\n" TAIL(""),
		  "no message", -EPIPE },
		{ HEAD RUN("") "__attribute__((constructor)) static void f(void) { call = 1;\n"
			       "char help[60000] = \"\"; memset(help, 'h', 59999);\n"
			       "for (;;) { head(F_METRIC); text(\"a\"); text(help); u32(0); "
			       "u32(0);\n"
			       "for (int i = 0; i < 3; i++) text(\"\"); go(); } }\n" TAIL(""),
		  "describes too much", -EPIPE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		box_compile(cases[i].source);
		box_new();
		box_failed(box_describe(), cases[i].error, cases[i].cause);
		ck_assert_ptr_null(strpbrk(buf_str(&box.why), "\033\n"));
		ck_assert_int_eq(box_pid(), 0);
		box_unload();
	}
	/* A constructor that hangs. */
	box_compile(HEAD RUN("") "__attribute__((constructor)) static void f(void) { for (;;) "
				 "pause(); }\n" TAIL(""));
	box_new();
	buf_clear(&box.why);
	box_failed(isolate_describe(box.isolate, now_ns() + 200 * NS_PER_MS, &box.decl, &box.why),
		   -ETIMEDOUT, "past its deadline");
}
END_TEST

/* ---- lies ---- */

START_TEST(test_garbage)
{
	static const struct {
		const char *word, *cause;
	} cases[] = {
		{ "zero", "no message" },
		{ "long", "no message" },
		{ "type", "no message" },
		{ "call", "no message" },
		{ "status", "no message" },
		{ "error", "no message" },
		{ "behind", "no message" },
		{ "columns", "no message" },
		{ "cell", "no message" },
		{ "values", "no message" },
		{ "text", "no message" },
		{ "level", "no message" },
		{ "rows", "more rows than allowed" },
		{ "flood", "more lines than allowed" },
	};

	box_load(PLUGIN(
		"if (is(\"zero\")) for (n = 100, go(); ; pause());\n"
		"if (is(\"long\")) { head(F_DONE); u32(0); memset(out, 255, 4); send(3, out, 16, "
		"0); pause(); }\n"
		"if (is(\"type\")) { head(77); go(); pause(); }\n"
		"if (is(\"call\")) { call = 99; done(0, 0, 0, \"\"); pause(); }\n"
		"if (is(\"status\")) { done(0, 4, 0, \"\"); pause(); }\n"
		"if (is(\"error\")) { done(5, 0, 0, \"\"); pause(); }\n"
		"if (is(\"behind\")) { head(F_DONE); i64(0); u8(0); f64(0); text(\"\"); u8(1); "
		"go(); pause(); }\n"
		"if (is(\"columns\")) { head(F_ROWS); u32(2); go(); pause(); }\n"
		"if (is(\"cell\")) { head(F_ROWS); u32(1); u8(9); go(); pause(); }\n"
		"if (is(\"text\")) { head(F_ROWS); u32(1); u8(3); u32(1000); text(\"a\"); go(); "
		"pause(); }\n"
		"if (is(\"values\")) { head(F_VALUES); u32(0); f64(1); u8(1); text(\"l\"); go(); "
		"pause(); }\n"
		"if (is(\"level\")) { head(F_LOG); u8(200); text(\"l\"); go(); pause(); }\n"
		"if (is(\"rows\")) for (;;) { head(F_ROWS); u32(1); while (n < 60000) u8(0); go(); "
		"}\n"
		"if (is(\"flood\")) for (;;) { head(F_LOG); u8(3); text(\"line\"); go(); }\n"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int error = strcmp(cases[i].word, "rows") == 0 ? -EMSGSIZE : -EPIPE;

		box_failed(box_run(cases[i].word), error, cases[i].cause);
		isolate_restart(box.isolate);
		/* The numbers of calls go on. */
		box_unload();
		box_new();
		ck_assert_int_eq(box_describe(), 0);
		ck_assert_int_eq(box_start(), 0);
	}
}
END_TEST

/* What counts for nothing is not read for ever. */
START_TEST(test_endless_nothing)
{
	box_load(PLUGIN("if (is(\"rows\")) for (;;) { head(F_ROWS); u32(1); go(); }\n"
			"if (is(\"oob\")) { send(3, \"x\", 1, MSG_OOB); pause(); }\n"));
	box_failed(box_run("rows"), -EPIPE, "sent more than an answer may have");
	box_works();
	/* Something is there, and cannot be read. */
	box_failed(box_run_until("oob", now_ns() + 200 * NS_PER_MS), -ETIMEDOUT, "past its deadline");
	box_works();
	box_unload();
	box_load(COLLECTS("for (;;) { head(F_VALUES); while (n < 60000) { u32(0); f64(0.0 / 0.0);\n"
			  "u8(1); text(\"l\"); } go(); }"));
	{
		struct snapshot *s;
		int r = box_collect(&s);

		ck_assert(r == -EPIPE || r == -ETIMEDOUT);
	}
}
END_TEST

START_TEST(test_endless_log_of_a_well_meaning_one)
{
	box_load(PLUGIN(
		"if (is(\"log\")) for (int i = 0; i < 5000; i++) telmon_log(t, TELMON_DEBUG, "
		"\"l\");\n"));
	ck_assert_msg(box_run("log") == 0, "%s", buf_str(&box.why));
	ck_assert_uint_ge(box.log.len, ISOLATE_MAX_LOGS);
}
END_TEST

START_TEST(test_collect_that_lies)
{
	static const char *const bodies[] = {
		"head(F_VALUES); u32(7); f64(1); u8(1); text(\"l\"); go(); pause();",
		"head(F_VALUES); u32(0); f64(1); u8(2); text(\"l\"); text(\"l\"); go(); pause();",
		"head(F_METRIC); text(\"m\"); text(\"\"); u32(0); u32(0); text(\"\"); text(\"\");\n"
		"	text(\"\"); go(); pause();",
		"head(F_METRIC); text(\"B\\033ad\"); text(\"\"); u32(0); u32(0); text(\"\"); "
		"text(\"\");\n"
		"	text(\"\"); go(); pause();",
		"head(F_METRIC); text(\"k\"); text(\"\"); u32(99); u32(0); text(\"\"); "
		"text(\"\");\n"
		"	text(\"\"); go(); pause();",
		"head(F_ROWS); u32(1); go(); pause();",
	};
	struct snapshot *s;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		char source[8192];

		snprintf(source, sizeof(source),
			 HEAD
			 "static int collect(struct telmon *t) { call = 3; %s return 0; }\n" RUN("")
				 TAIL(".collect = collect"),
			 bodies[i]);
		box_load(source);
		box_failed(box_collect(&s), -EPIPE, "no message");
		box_works();
		box_unload();
	}
	box_load(COLLECTS("done(0, 0, 1e300, \"\"); "));
	ck_assert_int_eq(box_collect(&s), 0);
	ck_assert_double_lt(s->wall_s, 1e11);
	snapshot_unref(s);
	/* Its own answer came behind that one. */
	box_failed(box_collect(&s), -EPIPE, "no message");
}
END_TEST

START_TEST(test_too_many_metrics_and_values)
{
	struct snapshot *s;

	box_load(COLLECTS(
		"char name[20]; struct telmon_metric x = { .name = name }; int r = 0;\n"
		"for (int i = 0; i < 1000; i++) { snprintf(name, 20, \"m%d\", i);\n"
		"	r = telmon_add_metric(t, &x); telmon_put(t, r, i); }\n"
		"for (int i = 0; i < 200000 && r >= 0; i++) { snprintf(name, 20, \"%d\", i);\n"
		"	r = telmon_put1(t, 0, name, i); }\n"));
	ck_assert_msg(box_collect(&s) == 0, "%s", buf_str(&box.why));
	ck_assert_uint_eq(s->n, METRIC_MAX_VALUES);
	ck_assert_uint_eq(s->set->count, 1001);
	ck_assert_ptr_null(s->index);
	snapshot_unref(s);
	box_unload();
	box_load(COLLECTS("for (;;) { head(F_VALUES); while (n < 60000) { u32(0); f64(1);\n"
			  "u8(1); text(\"l\"); } go(); }"));
	box_failed(box_collect(&s), -EPIPE, "sent more values than allowed");
}
END_TEST

/* What may be said inside, but not in one message. */
START_TEST(test_too_large_for_a_message)
{
	struct snapshot *s;

	box_load(PLUGIN("if (is(\"cell\")) { char *p = telmon_alloc(t, 3 << 20);\n"
			"	memset(p, 'x', (3 << 20) - 1); telmon_row(t); telmon_text(t, p); "
			"return 0; }\n"));
	{
		const struct telmon_command *cmd = box_command(0);
		const struct host_arg args[] = { { .given = true, .s = "cell" } };

		rows_init(&box.rows, cmd->columns, cmd->n_columns, 64 << 20);
		box_failed(isolate_run(box.isolate, &box.object, cmd, args, &box.cancel, soon(),
				       &box.rows, &box.why),
			   -E2BIG, "a row may have 1024 KiB in an isolated plugin");
	}
	box_works();
	box_unload();
	box_load(COLLECTS("char *p = telmon_alloc(t, 3 << 20); memset(p, 'x', (3 << 20) - 1);\n"
			  "telmon_put1(t, 0, p, 1);"));
	box_failed(box_collect(&s), -E2BIG, "the labels of a value");
	box_works();
}
END_TEST

START_TEST(test_passed_descriptors)
{
	unsigned before;

	box_load(PLUGIN(
		"if (is(\"pass\")) { char space[CMSG_SPACE(8 * sizeof(int))] = { 0 };\n"
		"	struct iovec v = { out, 0 }; struct msghdr h = { .msg_iov = &v, "
		".msg_iovlen = 1,\n"
		"		.msg_control = space, .msg_controllen = sizeof(space) };\n"
		"	struct cmsghdr *x = CMSG_FIRSTHDR(&h); int *fds = (int *)CMSG_DATA(x);\n"
		"	x->cmsg_level = SOL_SOCKET; x->cmsg_type = SCM_RIGHTS; x->cmsg_len = "
		"CMSG_LEN(32);\n"
		"	for (int i = 0; i < 8; i++) fds[i] = 4;\n"
		"	head(F_LOG); u8(3); text(\"l\"); u32(0); n -= 4;\n"
		"	{ uint32_t size = n - 12; memcpy(out, &size, 4); } v.iov_len = n;\n"
		"	for (int i = 0; i < 50; i++) if (sendmsg(3, &h, 0) < 0) break; "
		"}\n"));
	before = box_descriptors();
	ck_assert_msg(box_run("pass") == 0, "%s", buf_str(&box.why));
	ck_assert_uint_eq(box_descriptors(), before);
}
END_TEST

START_TEST(test_memory)
{
	if (MEM_SANITIZED)
		return;
	box.max_memory = 96 << 20;
	box_load(PLUGIN("if (is(\"leak\")) for (;;) memset(malloc(1 << 20), 1, 1 << 20);\n"
			"if (is(\"careful\")) while (malloc(1 << 20));\n"));
	box_failed(box_run("leak"), -EPIPE, "crashed (segmentation fault) in run x with ");
	ck_assert_ptr_nonnull(strstr(buf_str(&box.why), " of its 96 MiB of memory in use"));
	box_works();
	ck_assert_int_eq(box_run("careful"), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("isolate_bad");
	TCase *c = tcase_create("isolate_bad");

	tcase_set_timeout(c, 240);
	tcase_add_checked_fixture(c, box_setup, box_teardown);
	tcase_add_test(c, test_ends);
	tcase_add_test(c, test_deadline);
	tcase_add_test(c, test_back_off);
	tcase_add_test(c, test_end_between_calls);
	tcase_add_test(c, test_killed_for_good);
	tcase_add_test(c, test_stop_that_hangs);
	tcase_add_test(c, test_describes_itself_otherwise);
	tcase_add_test(c, test_start_that_fails);
	tcase_add_test(c, test_no_program);
	tcase_add_test(c, test_no_descriptor);
	tcase_add_test(c, test_no_plugin);
	tcase_add_test(c, test_garbage);
	tcase_add_test(c, test_endless_nothing);
	tcase_add_test(c, test_endless_log_of_a_well_meaning_one);
	tcase_add_test(c, test_collect_that_lies);
	tcase_add_test(c, test_too_many_metrics_and_values);
	tcase_add_test(c, test_too_large_for_a_message);
	tcase_add_test(c, test_passed_descriptors);
	tcase_add_test(c, test_memory);
	suite_add_tcase(s, c);
	return box_main(s);
}
