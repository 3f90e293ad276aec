/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of keeper: what children are born with, how they end, who is killed, and that nothing
 * of them stays. The children are this program with the name of a role.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper_private.h"

enum { MANY_THREADS = 300, SPAWNERS = 8, SPAWNS = 12 };

static int64_t
soon(void)
{
	return now_ns() + 40 * NS_PER_S;
}

/* ---- roles ---- */

static void
say_pid(int fd, pid_t pid)
{
	if (write(fd, &pid, sizeof(pid)) != sizeof(pid))
		_exit(90);
}

/* Which descriptors are open, as a bit each; 63 = any higher one. */
static void
tell_descriptors(void)
{
	uint64_t open = 0;

	for (int fd = 0; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			open |= UINT64_C(1) << (fd < 63 ? fd : 63);
	}
	if (write(3, &open, sizeof(open)) != sizeof(open))
		_exit(90);
}

static bool
is_null(int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat("/dev/null", &b) == 0 && a.st_rdev == b.st_rdev;
}

static int
look_around(void)
{
	extern char **environ;
	struct sigaction action;
	sigset_t blocked;

	if (environ && environ[0] && strcmp(environ[0], "A=b") != 0)
		return 10;
	if (getpgrp() != getpid())
		return 11;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		if (sigismember(&blocked, sig))
			return 12;
		if (sig == SIGPIPE &&
		    (sigaction(sig, NULL, &action) < 0 || action.sa_handler != SIG_DFL))
			return 13;
	}
	return is_null(0) && is_null(1) && is_null(2) ? 0 : 14;
}

static void *
rest(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void
make_threads(unsigned n)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (unsigned i = 0; i < n; i++)
		pthread_create(&thread, &attr, rest, NULL);
	pthread_attr_destroy(&attr);
}

/* One more process in the group, which nobody would reap. */
static void
fork_one(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	say_pid(3, pid);
}

static int
play(char **argv)
{
	const char *role = argv[1];

	/* A test that fails leaves nobody behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (strcmp(role, "exit") == 0)
		return atoi(argv[2]);
	if (strcmp(role, "signal") == 0) {
		/* A sanitizer would have a word with it. */
		signal(atoi(argv[2]), SIG_DFL);
		kill(getpid(), atoi(argv[2]));
	}
	if (strcmp(role, "descriptors") == 0)
		tell_descriptors();
	if (strcmp(role, "look") == 0)
		return look_around();
	if (strcmp(role, "write") == 0)
		return write(atoi(argv[2]), "a", 1) == 1 && write(atoi(argv[3]), "b", 1) == 1 ? 0
											      : 9;
	if (strcmp(role, "fork-and-end") == 0) {
		fork_one();
		return 0;
	}
	if (strcmp(role, "fork") == 0)
		fork_one();
	if (strcmp(role, "threads") == 0)
		make_threads(MANY_THREADS);
	if (strcmp(role, "descriptors") == 0)
		return 0;
	for (;;)
		pause();
}

/* ---- around them ---- */

static char *const no_words[] = { NULL };

static int
try_spawn(struct keeper *k, const char *role, const char *arg, const struct keeper_fd *fds,
	  size_t n_fds, struct child **ret)
{
	char *argv[] = { (char *)"role", (char *)role, (char *)arg, NULL };
	const struct keeper_spawn what = {
		.path = "/proc/self/exe",
		.argv = argv,
		.envp = no_words,
		.fds = fds,
		.n_fds = n_fds,
		.metered = true,
	};

	return keeper_spawn(k, &what, ret);
}

static struct child *
spawn(struct keeper *k, const char *role, const char *arg)
{
	struct child *c;

	ck_assert_int_eq(try_spawn(k, role, arg, NULL, 0, &c), 0);
	return c;
}

static struct child *
spawn_with_pipe(struct keeper *k, const char *role, int *ret_read)
{
	struct child *c;
	int pipes[2];
	struct keeper_fd fd = { .to = 3 };

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	fd.from = pipes[1];
	ck_assert_int_eq(try_spawn(k, role, NULL, &fd, 1, &c), 0);
	close(pipes[1]);
	*ret_read = pipes[0];
	return c;
}

static void
read_exactly(int fd, void *to, size_t n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ck_assert_int_eq(poll(&p, 1, 40000), 1);
	ck_assert_int_eq(read(fd, to, n), (ssize_t)n);
}

static unsigned
count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* The keeper gives up its own reference a moment after the end. */
static void
await_descriptors(unsigned wanted)
{
	int64_t until = soon();

	while (count_descriptors() != wanted && now_ns() < until)
		poll(NULL, 0, 5);
	ck_assert_uint_eq(count_descriptors(), wanted);
}

/* How it ended, in words; gives the reference up. */
static const char *
end_of(struct child *c)
{
	static char text[128];
	_autobuf_ struct buf out = BUF_WHY;

	ck_assert(child_ended(c, soon()));
	child_say_end(c, &out);
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	child_unref(c);
	return text;
}

static bool
is_gone(pid_t pid)
{
	int64_t until = soon();

	/* Its parent is dead, and it is reaped by whoever inherits it: no event tells us. */
	while (kill(pid, 0) == 0) {
		char path[40], stat[256] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			(void)!read(fd, stat, sizeof(stat) - 1);
			close(fd);
		}
		if (strstr(stat, ") Z "))
			return true;
		if (now_ns() > until)
			return false;
		poll(NULL, 0, 5);
	}
	return true;
}

/* ---- tests ---- */

START_TEST(test_ends_in_words)
{
	static const struct {
		const char *role, *arg, *end;
	} cases[] = {
		{ "exit", "0", "ended by itself (exit status 0)" },
		{ "exit", "3", "ended by itself (exit status 3)" },
		{ "signal", "11", "crashed (segmentation fault)" },
		{ "signal", "7", "crashed (bus error)" },
		{ "signal", "8", "crashed (arithmetic fault)" },
		{ "signal", "4", "crashed (illegal instruction)" },
		{ "signal", "6", "crashed (abort)" },
		{ "signal", "5", "crashed (trap)" },
		{ "signal", "9", "was killed (SIGKILL)" },
		{ "signal", "31", "was killed (a system call that it may not use)" },
		{ "signal", "24", "was killed (too much processor time)" },
		{ "signal", "25", "was killed (it may write no files)" },
		{ "signal", "40", "was killed (signal 40)" },
	};
	struct keeper *k = keeper_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct child *c = spawn(k, cases[i].role, cases[i].arg);
		struct pollfd fd = { .fd = child_fd(c), .events = POLLIN };
		int code, status;

		ck_assert_int_eq(poll(&fd, 1, 40000), 1);
		ck_assert(child_ended(c, soon()));
		child_end(c, &code, &status);
		ck_assert_int_eq(status, atoi(cases[i].arg));
		ck_assert_int_eq(code == CLD_EXITED, strcmp(cases[i].role, "exit") == 0);
		ck_assert_str_eq(end_of(c), cases[i].end);
	}
	keeper_free(k);
}
END_TEST

START_TEST(test_is_born_with_nothing)
{
	struct keeper *k = keeper_new();
	sigset_t some, old;

	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &some, &old);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_str_eq(end_of(spawn(k, "look", NULL)), "ended by itself (exit status 0)");
	signal(SIGPIPE, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	keeper_free(k);
}
END_TEST

START_TEST(test_gets_no_other_descriptor)
{
	struct keeper *k = keeper_new();
	int low = open("/dev/null", O_RDONLY), high = fcntl(low, F_DUPFD, 500), fd;
	uint64_t open;
	struct child *c = spawn_with_pipe(k, "descriptors", &fd);

	read_exactly(fd, &open, sizeof(open));
	ck_assert_uint_eq(open, 0xf);
	ck_assert_str_eq(end_of(c), "ended by itself (exit status 0)");
	close(fd);
	close(low);
	close(high);
	keeper_free(k);
}
END_TEST

/* Each of two descriptors goes to the other's number. */
START_TEST(test_numbers_may_collide)
{
	struct keeper *k = keeper_new();
	int a[2], b[2];
	char arg[2][16], c1, c2;
	struct child *c;

	ck_assert_int_eq(pipe2(a, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(b, O_CLOEXEC), 0);
	ck_assert_int_lt(b[1], 16);
	snprintf(arg[0], sizeof(arg[0]), "%d", b[1]);
	snprintf(arg[1], sizeof(arg[1]), "%d", a[1]);
	{
		const struct keeper_fd fds[] = { { a[1], b[1] }, { b[1], a[1] } };
		char *argv[] = { (char *)"role", (char *)"write", arg[0], arg[1], NULL };
		const struct keeper_spawn what = {
			.path = "/proc/self/exe",
			.argv = argv,
			.envp = no_words,
			.fds = fds,
			.n_fds = 2,
		};

		ck_assert_int_eq(keeper_spawn(k, &what, &c), 0);
	}
	read_exactly(a[0], &c1, 1);
	read_exactly(b[0], &c2, 1);
	ck_assert_int_eq(c1, 'a');
	ck_assert_int_eq(c2, 'b');
	ck_assert_str_eq(end_of(c), "ended by itself (exit status 0)");
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
	keeper_free(k);
}
END_TEST

START_TEST(test_what_cannot_be_spawned)
{
	struct keeper *k = keeper_new();
	const struct keeper_fd bad = { 999, 3 }, far = { 0, 16 };
	const char *paths[] = { "/nowhere/at/all", "/etc/passwd" };
	const int errors[] = { -ENOENT, -EACCES };
	unsigned before = count_descriptors();
	struct child *c = NULL;

	for (size_t i = 0; i < 2; i++) {
		const struct keeper_spawn what = { .path = paths[i],
						   .argv = no_words,
						   .envp = no_words };

		ck_assert_int_eq(keeper_spawn(k, &what, &c), errors[i]);
	}
	ck_assert_int_eq(try_spawn(k, "exit", "0", &bad, 1, &c), -EBADF);
	ck_assert_int_eq(try_spawn(k, "exit", "0", &far, 1, &c), -EINVAL);
	ck_assert_ptr_null(c);
	await_descriptors(before);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	keeper_free(k);
}
END_TEST

START_TEST(test_no_descriptor_left)
{
	struct keeper *k = keeper_new();
	struct rlimit limit, low;
	struct child *c = NULL;
	int first = open("/dev/null", O_RDONLY | O_CLOEXEC), last = first, fd, r;

	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	/* The pidfd has no room any more, but the process is there by then. */
	low.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &low);
	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		last = fd;
	r = try_spawn(k, "rest", NULL, NULL, 0, &c);
	setrlimit(RLIMIT_NOFILE, &limit);
	while (last >= first)
		close(last--);
	ck_assert_int_eq(r, -EMFILE);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_str_eq(end_of(spawn(k, "exit", "1")), "ended by itself (exit status 1)");
	keeper_free(k);
}
END_TEST

START_TEST(test_kills_the_group)
{
	struct keeper *k = keeper_new();
	struct child *c;
	pid_t pid;
	int fd;

	c = spawn_with_pipe(k, "fork", &fd);
	read_exactly(fd, &pid, sizeof(pid));
	ck_assert(!child_ended(c, 0));
	child_kill(c, SIGTERM);
	ck_assert_str_eq(end_of(c), "was killed (SIGTERM)");
	ck_assert(is_gone(pid));
	close(fd);
	/* What it leaves behind goes with it. */
	c = spawn_with_pipe(k, "fork-and-end", &fd);
	read_exactly(fd, &pid, sizeof(pid));
	ck_assert_str_eq(end_of(c), "ended by itself (exit status 0)");
	ck_assert(is_gone(pid));
	close(fd);
	keeper_free(k);
}
END_TEST

START_TEST(test_a_dead_one_is_not_signalled)
{
	struct keeper *k = keeper_new();
	struct child *c = spawn(k, "exit", "0");

	ck_assert(child_ended(c, soon()));
	/* Its number may be anybody's now. */
	child_kill(c, SIGKILL);
	ck_assert_str_eq(end_of(c), "ended by itself (exit status 0)");
	keeper_free(k);
}
END_TEST

START_TEST(test_free_ends_all)
{
	unsigned before = count_descriptors();
	struct keeper *k = keeper_new();
	struct child *c[5];

	for (size_t i = 0; i < 5; i++)
		c[i] = spawn(k, "rest", NULL);
	keeper_free(k);
	for (size_t i = 0; i < 5; i++) {
		ck_assert(child_ended(c[i], 0));
		child_kill(c[i], SIGKILL);
		ck_assert_str_eq(end_of(c[i]), "was killed (SIGKILL)");
	}
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	await_descriptors(before);
}
END_TEST

START_TEST(test_usage)
{
	struct keeper *k = keeper_new();
	struct child *c = spawn(k, "rest", NULL);
	struct child_usage usage = { 0 };
	int64_t until = soon();

	while (usage.cpu_ns == 0 && now_ns() < until)
		ck_assert(child_usage(c, &usage));
	ck_assert_int_gt(usage.cpu_ns, 0);
	ck_assert_uint_ge(usage.threads, 1);
	child_kill(c, SIGKILL);
	ck_assert(child_ended(c, soon()));
	ck_assert(!child_usage(c, &usage));
	ck_assert_int_gt(usage.rss_bytes, 0);
	ck_assert_int_eq(usage.cpu_ns, 0);
	child_unref(c);
	keeper_free(k);
}
END_TEST

/* As if it had used so much since the meter was read. */
static void
pretend_s(struct child *c, int64_t seconds)
{
	LOCKED(&c->state->lock)
		c->mark_cpu_ns -= seconds * NS_PER_S;
}

/* One is busy and may; one rests and may not; one is asked now and then, and may not either. */
START_TEST(test_meter_of_time)
{
	static const char killed[] = "was killed (too much processor time between calls)";
	struct keeper *k = keeper_new();
	struct child *busy = spawn(k, "rest", NULL), *idle = spawn(k, "rest", NULL),
		     *asked = spawn(k, "rest", NULL);

	child_busy(idle, false);
	child_busy(asked, false);
	pretend_s(busy, 1000);
	pretend_s(idle, 2);
	for (int i = 0; i < 20; i++) {
		pretend_s(asked, i % 2);
		child_busy(asked, true);
		pretend_s(asked, 5);
		child_busy(asked, false);
	}
	ck_assert_str_eq(end_of(asked), killed);
	/* Two looks of the keeper's are enough. */
	ck_assert_str_eq(end_of(idle), killed);
	ck_assert(!child_ended(busy, 0));
	child_busy(busy, false);
	ck_assert(!child_ended(busy, now_ns() + 1500 * NS_PER_MS));
	child_kill(busy, SIGKILL);
	ck_assert_str_eq(end_of(busy), "was killed (SIGKILL)");
	keeper_free(k);
}
END_TEST

START_TEST(test_meter_of_threads)
{
	struct keeper *k = keeper_new();

	ck_assert_str_eq(end_of(spawn(k, "threads", NULL)), "was killed (too many threads)");
	keeper_free(k);
}
END_TEST

static void *
spawn_many(void *k)
{
	for (unsigned i = 0; i < SPAWNS; i++) {
		struct child *c;

		if (try_spawn(k, i % 2 ? "exit" : "rest", "0", NULL, 0, &c) < 0)
			abort();
		child_kill(c, SIGKILL);
		if (!child_ended(c, soon()))
			abort();
		child_unref(c);
	}
	return NULL;
}

START_TEST(test_from_many_threads)
{
	struct keeper *k = keeper_new();
	unsigned before = count_descriptors();
	pthread_t threads[SPAWNERS];

	for (size_t i = 0; i < SPAWNERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, spawn_many, k), 0);
	for (size_t i = 0; i < SPAWNERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	await_descriptors(before);
	keeper_free(k);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("keeper");
	TCase *c = tcase_create("keeper");
	SRunner *r;
	int failed;

	if (argc > 1)
		_exit(play(argv));
	tcase_set_timeout(c, 120);
	tcase_add_test(c, test_ends_in_words);
	tcase_add_test(c, test_is_born_with_nothing);
	tcase_add_test(c, test_gets_no_other_descriptor);
	tcase_add_test(c, test_numbers_may_collide);
	tcase_add_test(c, test_what_cannot_be_spawned);
	tcase_add_test(c, test_no_descriptor_left);
	tcase_add_test(c, test_kills_the_group);
	tcase_add_test(c, test_a_dead_one_is_not_signalled);
	tcase_add_test(c, test_free_ends_all);
	tcase_add_test(c, test_usage);
	tcase_add_test(c, test_meter_of_time);
	tcase_add_test(c, test_meter_of_threads);
	tcase_add_test(c, test_from_many_threads);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
