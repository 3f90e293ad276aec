/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of log: lines as they arrive on stderr and at a log daemon, levels, lengths, errno,
 * the limit a minute.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"

#include <check.h>

static int saved_stderr, reader;
static char text[65536];

static void
capture(void)
{
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(fds[1], STDERR_FILENO), 0);
	close(fds[1]);
	reader = fds[0];
}

static const char *
captured(void)
{
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1 && (n = read(reader, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

static void
release(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(reader);
	log_set_level(LOG_LEVEL_INFO);
}

START_TEST(lines_and_prefixes)
{
	errno = ENOENT;
	log_err("open %s", "x");
	log_warn("read");
	ck_assert_int_eq(errno, ENOENT);
	log_errx("a %d", 1);
	log_warnx("b, ignoring");
	log_info("listening on unix:/x");
	log_debug("not shown");
	ck_assert_str_eq(captured(), "error: open x: No such file or directory\n"
				     "warning: read: No such file or directory\n"
				     "error: a 1\nwarning: b, ignoring\nlistening on unix:/x\n");
}
END_TEST

START_TEST(levels)
{
	log_set_level(LOG_LEVEL_ERR);
	log_errx("e");
	log_warnx("w");
	log_info("i");
	ck_assert_str_eq(captured(), "error: e\n");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("d");
	ck_assert_str_eq(captured(), "debug: d\n");
}
END_TEST

START_TEST(long_lines_are_cut)
{
	char line[5000];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	errno = EIO;
	log_err("%s", line);
	log_info("%s", line);
	log_info("next");
	captured();
	ck_assert_uint_lt(strcspn(text, "\n"), 1024);
	ck_assert_uint_gt(strcspn(text, "\n"), 1000);
	ck_assert_ptr_nonnull(strstr(text, "x\nnext\n"));
}
END_TEST

START_TEST(a_full_stderr_blocks_nobody)
{
	for (int i = 0; i < 5000; i++)
		log_info("line %d with some more text, so that the pipe is full early", i);
	ck_assert_ptr_nonnull(strstr(captured(), "line 0 "));
}
END_TEST

/* The pipe itself would block, as one does that somebody else made. */
START_TEST(a_reader_that_stopped_blocks_nobody)
{
	const char *told;

	ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, 0), 0);
	log_open();
	for (int i = 0; i < 5000; i++)
		log_info("line %d of more than a pipe holds", i);
	log_close();
	ck_assert_ptr_nonnull(strstr(captured(), "line 0 of"));
	ck_assert_ptr_null(strstr(text, "line 4999 of"));
	captured();
	log_open();
	log_info("after");
	log_close();
	told = captured();
	ck_assert_ptr_eq(strstr(told, "warning: "), told);
	ck_assert_ptr_nonnull(strstr(told, " lines of the log were lost\nafter\n"));
	/* Whoever shares the descriptor finds it as it was. */
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

/* --- a log daemon --- */

static char dir[64];
static struct sockaddr_un at;

static void
make_dir(void)
{
	strcpy(dir, "/tmp/test_log.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	at.sun_family = AF_UNIX;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/log", dir);
}

static void
remove_dir(void)
{
	log_close();
	unlink(at.sun_path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static int
listen_for_messages(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	unlink(at.sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* The next message's text behind its head, which is as it should be; NULL: there is none. */
static const char *
message(int fd, int priority)
{
	static char got[2048];
	char expected[32], month[4], *end;
	int day, h, m, s, length = 0;
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	if (n < 0)
		return NULL;
	got[n] = '\0';
	snprintf(expected, sizeof(expected), "<%d>", LOG_DAEMON | priority);
	ck_assert_ptr_eq(strstr(got, expected), got);
	end = got + strlen(expected);
	ck_assert_int_eq(sscanf(end, "%3s %d %d:%d:%d %n", month, &day, &h, &m, &s, &length), 5);
	ck_assert_int_eq(length, 16);
	end += length;
	snprintf(expected, sizeof(expected), "test[%d]: ", (int)getpid());
	ck_assert_ptr_eq(strstr(end, expected), end);
	return end + strlen(expected);
}

START_TEST(messages)
{
	int fd = listen_for_messages();

	log_to_syslog("test", at.sun_path);
	errno = ENOENT;
	log_err("open %s", "x");
	ck_assert_int_eq(errno, ENOENT);
	log_warnx("b, ignoring");
	log_info("c");
	log_debug("not shown");
	ck_assert_str_eq(message(fd, LOG_ERR), "error: open x: No such file or directory");
	ck_assert_str_eq(message(fd, LOG_WARNING), "warning: b, ignoring");
	ck_assert_str_eq(message(fd, LOG_INFO), "c");
	ck_assert_ptr_null(message(fd, LOG_DEBUG));
	close(fd);
}
END_TEST

/* One that takes nothing any more would hold up whoever logs, for ever. */
START_TEST(a_daemon_that_hangs_blocks_nobody)
{
	int fd = listen_for_messages(), n = 0, lost = 0;
	const char *got;

	log_to_syslog("test", at.sun_path);
	for (int i = 0; i < 5000; i++)
		log_info("line %d", i);
	ck_assert_str_eq(message(fd, LOG_INFO), "line 0");
	while (message(fd, LOG_INFO))
		n++;
	ck_assert_int_gt(n, 0);
	log_info("after");
	got = message(fd, LOG_WARNING);
	ck_assert_int_eq(sscanf(got, "warning: %d lines of the log were lost", &lost), 1);
	ck_assert_int_eq(lost + 1 + n, 5000);
	ck_assert_str_eq(message(fd, LOG_INFO), "after");
	close(fd);
}
END_TEST

START_TEST(a_daemon_that_comes_and_goes_is_found)
{
	int fd;

	log_to_syslog("test", at.sun_path);
	for (int i = 0; i < 3; i++) {
		log_info("nobody is there");
		fd = listen_for_messages();
		log_info("line %d", i);
		ck_assert_ptr_nonnull(strstr(message(fd, LOG_WARNING), "1 lines"));
		ck_assert_ptr_nonnull(strstr(message(fd, LOG_INFO), "line "));
		close(fd);
	}
}
END_TEST

static void *
write_lines(void *arg)
{
	for (int i = 0; i < 50; i++)
		log_info("%s%s%s%s", (char *)arg, (char *)arg, (char *)arg, (char *)arg);
	return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
	static char a[] = "aaaaaaaaaa", b[] = "bbbbbbbbbb";
	pthread_t ta, tb;
	size_t lines = 0;

	ck_assert_int_eq(pthread_create(&ta, NULL, write_lines, a), 0);
	ck_assert_int_eq(pthread_create(&tb, NULL, write_lines, b), 0);
	pthread_join(ta, NULL);
	pthread_join(tb, NULL);
	captured();
	for (char *p = text; *p; p += 41, lines++) {
		ck_assert_uint_eq(strspn(p, p[0] == 'a' ? "a" : "b"), 40);
		ck_assert_int_eq(p[40], '\n');
	}
	ck_assert_uint_eq(lines, 100);
}
END_TEST

START_TEST(one_line_a_minute)
{
	static struct log_limit l;
	uint32_t held = 99;

	ck_assert(log_allow(&l, &held));
	ck_assert_uint_eq(held, 0);
	for (int i = 0; i < 5; i++)
		ck_assert(!log_allow(&l, &held));
	ck_assert_uint_eq(held, 0);
	/* The minute is over. */
	l.next_ns = 1;
	ck_assert(log_allow(&l, &held));
	ck_assert_uint_eq(held, 5);
	ck_assert(!log_allow(&l, NULL));
	l.next_ns = 1;
	ck_assert(log_allow(&l, NULL));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("log");
	TCase *fast = tcase_create("fast"), *limit = tcase_create("limit"),
	      *daemon = tcase_create("daemon");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(fast, capture, release);
	tcase_add_test(fast, lines_and_prefixes);
	tcase_add_test(fast, levels);
	tcase_add_test(fast, long_lines_are_cut);
	tcase_add_test(fast, a_full_stderr_blocks_nobody);
	tcase_add_test(fast, a_reader_that_stopped_blocks_nobody);
	tcase_add_test(fast, lines_of_threads_do_not_mix);
	tcase_add_test(limit, one_line_a_minute);
	tcase_add_checked_fixture(daemon, make_dir, remove_dir);
	tcase_add_test(daemon, messages);
	tcase_add_test(daemon, a_daemon_that_hangs_blocks_nobody);
	tcase_add_test(daemon, a_daemon_that_comes_and_goes_is_found);
	suite_add_tcase(s, daemon);
	suite_add_tcase(s, fast);
	suite_add_tcase(s, limit);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
