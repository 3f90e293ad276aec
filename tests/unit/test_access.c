/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of access: allow lists, places in all, places kept for Unix sockets, places by source.
 */
#include <check.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "access.h"

static struct sockaddr_storage
peer(const char *text)
{
	struct sockaddr_storage sa;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&sa;

	memset(&sa, 0, sizeof(sa));
	if (strcmp(text, "unix") == 0) {
		sa.ss_family = AF_UNIX;
	} else if (strchr(text, ':')) {
		sa.ss_family = AF_INET6;
		ck_assert_int_eq(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
	} else {
		sa.ss_family = AF_INET;
		ck_assert_int_eq(inet_pton(AF_INET, text, &v4->sin_addr), 1);
	}
	return sa;
}

static enum access_verdict
enter(struct access *a, const char *text)
{
	struct sockaddr_storage sa = peer(text);

	return access_enter(a, &sa, NULL, 0);
}

static void
leave(struct access *a, const char *text)
{
	struct sockaddr_storage sa = peer(text);

	access_leave(a, &sa);
}

static struct net_prefix
prefix(const char *text)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct net_prefix p;

	ck_assert_msg(net_prefix_parse(text, &p, &why) == 0, "%s", buf_str(&why));
	return p;
}

START_TEST(test_allow_list)
{
	struct access_limits limits = { 100, 100 };
	struct access *a = access_new(&limits);
	struct net_prefix allow[] = { prefix("10.0.0.0/8"), prefix("2001:db8::/32") };
	struct sockaddr_storage in = peer("10.1.2.3"), out = peer("11.1.2.3"),
				mapped = peer("::ffff:10.9.9.9"), v6 = peer("2001:db8:1::5"),
				out6 = peer("2001:db9::1"), local = peer("unix"),
				loopback = peer("127.0.0.1");

	ck_assert_int_eq(access_enter(a, &in, allow, 2), ACCESS_OK);
	ck_assert_int_eq(access_enter(a, &mapped, allow, 2), ACCESS_OK);
	ck_assert_int_eq(access_enter(a, &v6, allow, 2), ACCESS_OK);
	ck_assert_int_eq(access_enter(a, &out, allow, 2), ACCESS_DENIED);
	ck_assert_int_eq(access_enter(a, &out6, allow, 2), ACCESS_DENIED);
	/* Loopback is an address like others here; a Unix socket is not. */
	ck_assert_int_eq(access_enter(a, &loopback, allow, 2), ACCESS_DENIED);
	ck_assert_int_eq(access_enter(a, &local, allow, 2), ACCESS_OK);
	ck_assert_uint_eq(access_sessions(a), 4);
	access_free(a);
}
END_TEST

START_TEST(test_per_source)
{
	struct access_limits limits = { 100, 2 };
	struct access *a = access_new(&limits);

	ck_assert_int_eq(enter(a, "10.0.0.5"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "::ffff:10.0.0.5"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "10.0.0.5"), ACCESS_BUSY_SOURCE);
	ck_assert_int_eq(enter(a, "::ffff:10.0.0.5"), ACCESS_BUSY_SOURCE);
	ck_assert_int_eq(enter(a, "10.0.0.6"), ACCESS_OK);

	/* One IPv6 source is a /64. */
	ck_assert_int_eq(enter(a, "2001:db8:0:1::1"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "2001:db8:0:1:ffff::9"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "2001:db8:0:1::2"), ACCESS_BUSY_SOURCE);
	ck_assert_int_eq(enter(a, "2001:db8:0:2::1"), ACCESS_OK);
	ck_assert_uint_eq(access_sessions(a), 6);

	/* Refused ones were not counted: one leaves, one comes. */
	leave(a, "::ffff:10.0.0.5");
	ck_assert_int_eq(enter(a, "10.0.0.5"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "10.0.0.5"), ACCESS_BUSY_SOURCE);
	leave(a, "2001:db8:0:1::77");
	ck_assert_int_eq(enter(a, "2001:db8:0:1::2"), ACCESS_OK);
	access_free(a);
}
END_TEST

START_TEST(test_loopback_and_unix_have_no_source)
{
	struct access_limits limits = { 100, 1 };
	struct access *a = access_new(&limits);

	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(enter(a, "127.0.0.1"), ACCESS_OK);
		ck_assert_int_eq(enter(a, "127.9.9.9"), ACCESS_OK);
		ck_assert_int_eq(enter(a, "::1"), ACCESS_OK);
		ck_assert_int_eq(enter(a, "::ffff:127.0.0.1"), ACCESS_OK);
		ck_assert_int_eq(enter(a, "unix"), ACCESS_OK);
	}
	ck_assert_uint_eq(access_sessions(a), 25);
	for (int i = 0; i < 5; i++) {
		leave(a, "127.0.0.1");
		leave(a, "unix");
	}
	ck_assert_uint_eq(access_sessions(a), 15);
	access_free(a);
}
END_TEST

START_TEST(test_places_kept_for_unix)
{
	struct access_limits limits = { 20, 100 };
	struct access *a = access_new(&limits);

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(enter(a, i % 2 ? "127.0.0.1" : "192.0.2.1"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "127.0.0.1"), ACCESS_BUSY);
	ck_assert_int_eq(enter(a, "192.0.2.7"), ACCESS_BUSY);
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(enter(a, "unix"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "unix"), ACCESS_BUSY);
	ck_assert_uint_eq(access_sessions(a), 20);
	/* A network session leaves: either kind may take the place. */
	leave(a, "127.0.0.1");
	ck_assert_int_eq(enter(a, "unix"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "127.0.0.1"), ACCESS_BUSY);
	leave(a, "unix");
	ck_assert_int_eq(enter(a, "127.0.0.1"), ACCESS_OK);
	access_free(a);
}
END_TEST

START_TEST(test_small_limits_keep_nothing)
{
	struct access_limits limits = { 2, 100 };
	struct access *a = access_new(&limits);

	ck_assert_int_eq(enter(a, "127.0.0.1"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "127.0.0.1"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "unix"), ACCESS_BUSY);
	leave(a, "127.0.0.1");
	ck_assert_int_eq(enter(a, "unix"), ACCESS_OK);
	access_free(a);
}
END_TEST

START_TEST(test_limits_change)
{
	struct access_limits limits = { 50, 3 }, tight = { 18, 1 }, closed = { 0, 0 };
	struct access *a = access_new(&limits);

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(enter(a, "192.0.2.1"), ACCESS_OK);
	access_set_limits(a, &tight);
	ck_assert_int_eq(enter(a, "192.0.2.2"),
			 ACCESS_BUSY); /* three where two may be: they stay, nobody comes */
	leave(a, "192.0.2.1");
	leave(a, "192.0.2.1");
	ck_assert_int_eq(enter(a, "192.0.2.1"), ACCESS_BUSY_SOURCE);
	ck_assert_int_eq(enter(a, "192.0.2.2"), ACCESS_OK);
	access_set_limits(a, &closed);
	ck_assert_int_eq(enter(a, "unix"), ACCESS_BUSY);
	limits.max_per_source = 0;
	access_set_limits(a, &limits);
	ck_assert_int_eq(enter(a, "192.0.2.3"), ACCESS_BUSY_SOURCE);
	ck_assert_uint_eq(access_sessions(a), 2);
	access_free(a);
}
END_TEST

/* More sources than buckets: each has its own count, and the table empties. */
START_TEST(test_many_sources)
{
	enum { N = 5000 };
	struct access_limits limits = { 2 * N + 16, 1 };
	struct access *a = access_new(&limits);
	char text[64];

	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < N; i++) {
			snprintf(text, sizeof(text), "192.%u.%u.1", i / 250, i % 250);
			ck_assert_int_eq(enter(a, text), ACCESS_OK);
			ck_assert_int_eq(enter(a, text), ACCESS_BUSY_SOURCE);
			snprintf(text, sizeof(text), "2001:db8:0:%x::1", i);
			ck_assert_int_eq(enter(a, text), ACCESS_OK);
		}
		ck_assert_uint_eq(access_sessions(a), 2 * N);
		for (unsigned i = 0; i < N; i++) {
			snprintf(text, sizeof(text), "2001:db8:0:%x::2", i);
			leave(a, text);
			snprintf(text, sizeof(text), "192.%u.%u.1", i / 250, i % 250);
			leave(a, text);
		}
		ck_assert_uint_eq(access_sessions(a), 0);
	}
	access_free(a);
}
END_TEST

static void *
come_and_go(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		if (enter(arg, "192.0.2.1") == ACCESS_OK)
			leave(arg, "192.0.2.1");
	}
	return NULL;
}

START_TEST(test_threads)
{
	struct access_limits limits = { 100, 2 };
	struct access *a = access_new(&limits);
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, a), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(access_sessions(a), 0);
	ck_assert_int_eq(enter(a, "192.0.2.1"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "192.0.2.1"), ACCESS_OK);
	ck_assert_int_eq(enter(a, "192.0.2.1"), ACCESS_BUSY_SOURCE);
	access_free(a);
	access_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("access");
	TCase *c = tcase_create("access");
	SRunner *r;
	int failed;

	tcase_add_test(c, test_allow_list);
	tcase_add_test(c, test_per_source);
	tcase_add_test(c, test_loopback_and_unix_have_no_source);
	tcase_add_test(c, test_places_kept_for_unix);
	tcase_add_test(c, test_small_limits_keep_nothing);
	tcase_add_test(c, test_limits_change);
	tcase_add_test(c, test_many_sources);
	tcase_add_test(c, test_threads);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
