/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of conn over real sockets: what waits, what was sent, and the end without a reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "lock.h"
#include "mem.h"

#include <check.h> /* last: it has a macro `fail` */

enum { MAX_OUTPUT = 64 << 10, DEADLINE_MS = 10000 };

static const struct sockaddr_storage unix_peer = { .ss_family = AF_UNIX };
static const struct sockaddr_storage tcp_peer = { .ss_family = AF_INET };

static void
nonblocking(int fd)
{
	ck_assert_int_eq(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

static void
open_pair(struct conn *c, int *ret_peer, size_t max_output)
{
	int fds[2], small = 4096;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	nonblocking(fds[0]);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	conn_open(c, fds[0], &unix_peer, max_output);
	*ret_peer = fds[1];
}

/* A TCP connection over loopback; *ret_peer is the connecting end. */
static void
open_tcp(struct conn *c, int *ret_peer)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(in);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	ck_assert_int_eq(bind(listening, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&in, &size), 0);
	*ret_peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(*ret_peer, (struct sockaddr *)&in, sizeof(in)), 0);
	fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	close(listening);
	conn_open(c, fd, &tcp_peer, MAX_OUTPUT);
}

static bool
readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, DEADLINE_MS) > 0;
}

/* Reads exactly n bytes. */
static void
read_all(int fd, char *bytes, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r;

		ck_assert(readable(fd));
		r = read(fd, bytes + got, n - got);
		ck_assert_int_gt(r, 0);
		got += (size_t)r;
	}
}

START_TEST(test_open_knows_its_peer)
{
	struct conn c;
	int peer;

	open_pair(&c, &peer, MAX_OUTPUT);
	ck_assert(c.is_unix);
	ck_assert(c.admin); /* ourselves */
	ck_assert_uint_eq(c.uid, geteuid());
	ck_assert_int_eq(c.pid, getpid());
	ck_assert_int_eq(conn_round_trip_ns(&c), 0);
	conn_close(&c, 0);
	ck_assert_int_eq(c.fd, -1);
	conn_close(&c, 0); /* once more does no harm */
	close(peer);
	open_tcp(&c, &peer);
	ck_assert(!c.is_unix);
	ck_assert(!c.admin);
	ck_assert_int_gt(conn_round_trip_ns(&c), 0);
	ck_assert_int_lt(conn_round_trip_ns(&c), NS_PER_S);
	conn_close(&c, 0);
	close(peer);
}
END_TEST

START_TEST(test_read)
{
	struct conn c;
	char bytes[8];
	int peer;

	open_pair(&c, &peer, MAX_OUTPUT);
	ck_assert_int_eq(conn_read(&c, bytes, sizeof(bytes)), -EAGAIN);
	ck_assert_int_eq(write(peer, "cpu\n", 4), 4);
	ck_assert_int_eq(conn_read(&c, bytes, 3), 3);
	ck_assert_mem_eq(bytes, "cpu", 3);
	ck_assert_int_eq(conn_read(&c, bytes, sizeof(bytes)), 1);
	ck_assert_uint_eq(c.bytes_in, 4);
	close(peer);
	ck_assert_int_eq(conn_read(&c, bytes, sizeof(bytes)), 0);
	conn_close(&c, 0);
}
END_TEST

START_TEST(test_read_tells_a_reset)
{
	struct linger hard = { .l_onoff = 1 };
	struct conn c;
	char byte;
	int peer;

	open_tcp(&c, &peer);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(peer);
	ck_assert(readable(c.fd));
	ck_assert_int_eq(conn_read(&c, &byte, 1), -ECONNRESET);
	ck_assert_int_eq(conn_send(&c, "x", 1), -EPIPE);
	conn_close(&c, 10);
	open_tcp(&c, &peer);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(peer);
	ck_assert_int_eq(conn_read_wait(&c, &byte, 1, DEADLINE_MS * NS_PER_MS), -ECONNRESET);
	conn_close(&c, 10);
}
END_TEST

START_TEST(test_read_wait)
{
	int64_t from = now_ns();
	char bytes[8];
	struct conn c;
	int peer, r;

	open_pair(&c, &peer, MAX_OUTPUT);
	ck_assert_int_eq(conn_read_wait(&c, bytes, sizeof(bytes), 30 * NS_PER_MS), -EAGAIN);
	ck_assert_int_ge(now_ns() - from, 20 * NS_PER_MS);
	/* Less than the kernel can count is not for ever. */
	ck_assert_int_eq(conn_read_wait(&c, bytes, sizeof(bytes), 1), -EAGAIN);
	ck_assert_int_eq(conn_read_wait(&c, bytes, sizeof(bytes), NS_PER_S - 1), -EAGAIN);
	ck_assert_int_eq(write(peer, "cpu\n", 4), 4);
	from = now_ns();
	ck_assert_int_eq(conn_read_wait(&c, bytes, 3, DEADLINE_MS * NS_PER_MS), 3);
	ck_assert_int_eq(conn_read_wait(&c, bytes, 3, DEADLINE_MS * NS_PER_MS), 1);
	ck_assert_uint_eq(c.bytes_in, 4);
	/* Nothing else waits because of it. */
	ck_assert_int_eq(conn_read(&c, bytes, sizeof(bytes)), -EAGAIN);
	do {
		r = conn_put(&c, bytes, sizeof(bytes));
	} while (r == 0 && conn_flush(&c) == 0);
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(conn_read_wait(&c, bytes, 3, DEADLINE_MS * NS_PER_MS), 0);
	conn_close(&c, 0);
	ck_assert_int_lt(now_ns() - from, DEADLINE_MS * NS_PER_MS / 2);
	close(peer);
}
END_TEST

START_TEST(test_send_goes_out_at_once)
{
	struct conn c;
	char bytes[8];
	int peer;

	open_pair(&c, &peer, MAX_OUTPUT);
	ck_assert_int_eq(conn_send(&c, "answer", 6), 0);
	ck_assert_uint_eq(conn_waiting(&c), 0);
	ck_assert_ptr_null(c.out.data); /* not even copied */
	read_all(peer, bytes, 6);
	ck_assert_mem_eq(bytes, "answer", 6);
	ck_assert_int_eq(conn_send(&c, "", 0), 0);
	/* Behind what waits already the order is kept. */
	ck_assert_int_eq(conn_put(&c, "one ", 4), 0);
	ck_assert_int_eq(conn_send(&c, "two", 3), 0);
	read_all(peer, bytes, 7);
	ck_assert_mem_eq(bytes, "one two", 7);
	ck_assert_uint_eq(c.bytes_out, 13);
	ck_assert_int_eq(c.progress_ns, 0);
	conn_close(&c, 0);
	close(peer);
}
END_TEST

/* What was put, in order, while the peer is slow; the maximum counts only what still waits. */
START_TEST(test_slow_peer)
{
	char piece[1000], got[1000];
	unsigned put = 0, read_back = 0;
	struct conn c;
	int peer, r;

	open_pair(&c, &peer, MAX_OUTPUT);
	for (;;) {
		memset(piece, (int)('a' + put % 26), sizeof(piece));
		r = conn_put(&c, piece, sizeof(piece));
		if (r < 0)
			break;
		put++;
		r = conn_flush(&c);
		ck_assert(r == 0 || r == -EAGAIN);
	}
	ck_assert_int_eq(r, -EMSGSIZE);
	ck_assert_uint_le(conn_waiting(&c), MAX_OUTPUT);
	ck_assert_uint_gt(conn_waiting(&c), MAX_OUTPUT - sizeof(piece));
	ck_assert_int_gt(c.progress_ns, 0);
	ck_assert_int_le(c.progress_ns, now_ns());
	/* One piece read makes room, and the refusal was not sticky. */
	while (read_back < put) {
		read_all(peer, got, sizeof(got));
		for (size_t i = 0; i < sizeof(got); i++)
			ck_assert_int_eq(got[i], (char)('a' + read_back % 26));
		read_back++;
		conn_flush(&c);
		if (put < 200 && conn_put(&c, memset(piece, (int)('a' + put % 26), sizeof(piece)),
					  sizeof(piece)) == 0)
			put++;
	}
	ck_assert_uint_eq(put, 200);
	ck_assert_int_eq(conn_flush(&c), 0);
	ck_assert_int_eq(c.progress_ns, 0);
	conn_close(&c, 0);
	close(peer);
}
END_TEST

START_TEST(test_send_keeps_the_rest)
{
	enum { SIZE = 48 << 10 };
	_autofree_ char *bytes = xmalloc(SIZE), *got = xmalloc(SIZE);
	struct conn c;
	int peer;

	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 7);
	open_pair(&c, &peer, MAX_OUTPUT);
	ck_assert_int_eq(conn_send(&c, bytes, SIZE), -EAGAIN);
	ck_assert_uint_gt(conn_waiting(&c), 0);
	ck_assert_uint_lt(conn_waiting(&c), SIZE);
	for (size_t at = 0; at < SIZE;) {
		ssize_t n = read(peer, got + at, SIZE - at);

		ck_assert_int_gt(n, 0);
		at += (size_t)n;
		conn_flush(&c);
	}
	ck_assert_mem_eq(got, bytes, SIZE);
	conn_release(&c);
	ck_assert_ptr_null(c.out.data);
	conn_close(&c, 0);
	close(peer);
}
END_TEST

START_TEST(test_limits)
{
	struct conn c;
	char bytes[128];
	int peer;

	memset(bytes, 'x', sizeof(bytes));
	open_pair(&c, &peer, 100);
	ck_assert_int_eq(conn_put(&c, bytes, 101), -EMSGSIZE);
	ck_assert_int_eq(conn_send(&c, bytes, 101), -EMSGSIZE);
	ck_assert_int_eq(conn_put(&c, bytes, 60), 0);
	ck_assert_int_eq(conn_put(&c, bytes, 41), -EMSGSIZE);
	ck_assert_int_eq(conn_put(&c, bytes, 40), 0);
	ck_assert_int_eq(conn_put(&c, bytes, 0), 0);
	ck_assert_int_eq(conn_put(&c, bytes, 1), -EMSGSIZE);
	conn_release(&c); /* keeps what waits */
	ck_assert_uint_eq(conn_waiting(&c), 100);
	ck_assert_int_eq(conn_flush(&c), 0);
	ck_assert_int_eq(conn_put(&c, bytes, 100), 0);
	conn_close(&c, 0); /* which sends it */
	ck_assert_int_eq(recv(peer, bytes, 100, MSG_WAITALL), 100);
	ck_assert_int_eq(recv(peer, bytes, 100, MSG_WAITALL), 100);
	ck_assert_int_eq(recv(peer, bytes, 1, 0), 0);
	close(peer);
}
END_TEST

START_TEST(test_write_to_a_closed_peer)
{
	struct conn c;
	int peer;

	open_pair(&c, &peer, MAX_OUTPUT);
	close(peer);
	ck_assert_int_eq(conn_send(&c, "x", 1), -EPIPE); /* and no SIGPIPE */
	ck_assert_int_eq(conn_put(&c, "x", 1), 0);
	ck_assert_int_eq(conn_flush(&c), -EPIPE);
	conn_close(&c, 50);
}
END_TEST

/* Input that nobody read would be a reset, and the reset would eat the answer. */
START_TEST(test_close_drains)
{
	char bytes[64];
	struct conn c;
	int peer;

	open_tcp(&c, &peer);
	ck_assert_int_eq(write(peer, "unread\n", 7), 7);
	ck_assert(readable(c.fd));
	ck_assert_int_eq(conn_put(&c, "answer\n", 7), 0);
	conn_close(&c, 1);
	ck_assert_int_eq(recv(peer, bytes, 7, MSG_WAITALL), 7);
	ck_assert_mem_eq(bytes, "answer\n", 7);
	ck_assert_int_eq(recv(peer, bytes, sizeof(bytes), 0), 0);
	close(peer);
	open_tcp(&c, &peer);
	ck_assert_int_eq(write(peer, "unread\n", 7), 7);
	ck_assert(readable(c.fd));
	conn_close(&c, 0);
	ck_assert_int_eq(recv(peer, bytes, sizeof(bytes), 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	close(peer);
}
END_TEST

/* A peer that has ended is not waited for, however long the drain may take. */
START_TEST(test_close_ends_with_the_peer)
{
	int64_t from = now_ns();
	struct conn c;
	int peer;

	open_tcp(&c, &peer);
	shutdown(peer, SHUT_WR);
	conn_close(&c, DEADLINE_MS);
	ck_assert_int_lt(now_ns() - from, DEADLINE_MS * NS_PER_MS / 2);
	close(peer);
}
END_TEST

START_TEST(test_refuse)
{
	int fds[2];
	char bytes[32];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	conn_refuse(fds[0], "error: busy\n");
	ck_assert_int_eq(recv(fds[1], bytes, sizeof(bytes), MSG_WAITALL), 12);
	ck_assert_mem_eq(bytes, "error: busy\n", 12);
	close(fds[1]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	conn_refuse(fds[0], NULL);
	ck_assert_int_eq(recv(fds[1], bytes, sizeof(bytes), 0), 0);
	close(fds[1]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("conn");
	TCase *c = tcase_create("conn");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_open_knows_its_peer);
	tcase_add_test(c, test_read);
	tcase_add_test(c, test_read_tells_a_reset);
	tcase_add_test(c, test_read_wait);
	tcase_add_test(c, test_send_goes_out_at_once);
	tcase_add_test(c, test_slow_peer);
	tcase_add_test(c, test_send_keeps_the_rest);
	tcase_add_test(c, test_limits);
	tcase_add_test(c, test_write_to_a_closed_peer);
	tcase_add_test(c, test_close_drains);
	tcase_add_test(c, test_close_ends_with_the_peer);
	tcase_add_test(c, test_refuse);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
