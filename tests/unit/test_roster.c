/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of roster: who is listed, who hears what, and that a seat which has left is rung no
 * more.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lock.h"
#include "mem.h"
#include "roster.h"

#include <check.h> /* last: it has a macro `fail` */

static struct sockaddr_storage
v4(uint32_t address)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
	struct sockaddr_storage sa = { 0 };

	memcpy(&sa, &in, sizeof(in));
	return sa;
}

static uint64_t
rings(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void
assert_note(struct roster_seat *seat, const char *expected)
{
	_autobuf_ struct buf note = BUF_INIT(1 << 20);

	if (!expected) {
		ck_assert(!roster_note(seat, &note));
		return;
	}
	ck_assert(roster_note(seat, &note));
	ck_assert_str_eq(buf_str(&note), expected);
}

START_TEST(test_list)
{
	struct sockaddr_storage local = { .ss_family = AF_UNIX }, far = v4(0x0a000005);
	struct roster *r = roster_new();
	struct roster_seat a, b, c;
	struct roster_entry *list;
	int64_t from = now_ns();

	ck_assert_uint_eq(roster_list(r, &list), 0);
	free(list);
	roster_enter(r, &a, &local);
	roster_enter(r, &b, &far);
	roster_enter(r, &c, &far);
	roster_update(&b, "telnet", true, -1);
	ck_assert_uint_eq(roster_list(r, &list), 3);
	ck_assert_uint_eq(list[0].id, 1);
	ck_assert_str_eq(list[0].address, "unix");
	ck_assert_str_eq(list[0].kind, "script");
	ck_assert(!list[0].person);
	ck_assert_int_ge(list[0].since_ns, from);
	ck_assert_int_le(list[0].since_ns, now_ns());
	ck_assert_uint_eq(list[1].id, 2);
	ck_assert_str_eq(list[1].address, "10.0.0.5");
	ck_assert_str_eq(list[1].kind, "telnet");
	ck_assert(list[1].person);
	free(list);
	/* From the middle, the end and the front; numbers are not used again. */
	roster_leave(&b);
	roster_leave(&b);
	roster_enter(r, &b, &local);
	ck_assert_uint_eq(b.id, 4);
	ck_assert_uint_eq(roster_list(r, &list), 3);
	ck_assert_uint_eq(list[1].id, 3);
	ck_assert_uint_eq(list[2].id, 4);
	free(list);
	roster_leave(&b);
	roster_leave(&a);
	ck_assert_uint_eq(roster_list(r, &list), 1);
	ck_assert_uint_eq(list[0].id, 3);
	free(list);
	roster_leave(&c);
	roster_free(r);
	roster_free(NULL);
}
END_TEST

START_TEST(test_long_address)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_scope_id = 4000000000u };
	struct sockaddr_storage sa = { 0 };
	struct roster *r = roster_new();
	struct roster_entry *list;
	struct roster_seat seat;

	memset(&in6.sin6_addr, 0xfe, sizeof(in6.sin6_addr));
	memcpy(&sa, &in6, sizeof(in6));
	roster_enter(r, &seat, &sa);
	ck_assert_uint_eq(roster_list(r, &list), 1);
	ck_assert_str_eq(list[0].address, "fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe%4000000000");
	free(list);
	roster_leave(&seat);
	roster_free(r);
}
END_TEST

START_TEST(test_say)
{
	struct sockaddr_storage sa = v4(0x7f000001);
	struct roster *r = roster_new();
	struct roster_seat from, person, other, script;
	int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	roster_enter(r, &from, &sa);
	roster_enter(r, &person, &sa);
	roster_enter(r, &other, &sa);
	roster_enter(r, &script, &sa);
	roster_update(&from, "telnet", true, -1);
	roster_update(&person, "telnet", true, bell);
	roster_update(&other, "framed", true, -1);
	ck_assert_uint_eq(roster_say(r, &from, "one"), 2);
	ck_assert_uint_eq(roster_say(r, &script, "two"), 3);
	ck_assert_uint_eq(roster_say(r, NULL, ""), 3);
	ck_assert_uint_eq(rings(bell), 3);
	assert_note(&person, "one");
	assert_note(&person, "two");
	assert_note(&person, "");
	assert_note(&person, NULL);
	assert_note(&from, "two");
	assert_note(&other, "one");
	assert_note(&script, NULL);
	/* Who is no person any more hears nothing new. */
	roster_update(&person, "framed", false, -1);
	ck_assert_uint_eq(roster_say(r, &from, "three"), 1);
	ck_assert_uint_eq(rings(bell), 0);
	roster_leave(&person);
	roster_leave(&other); /* with notes that nobody read */
	roster_leave(&from);
	roster_leave(&script);
	ck_assert_uint_eq(roster_say(r, NULL, "four"), 0);
	roster_free(r);
	close(bell);
}
END_TEST

START_TEST(test_oldest_notes_go)
{
	struct sockaddr_storage sa = v4(0x7f000001);
	struct roster *r = roster_new();
	struct roster_seat seat;
	char line[16];

	roster_enter(r, &seat, &sa);
	roster_update(&seat, "plain", true, -1);
	for (int i = 0; i < ROSTER_MAX_NOTES + 10; i++) {
		snprintf(line, sizeof(line), "%d", i);
		ck_assert_uint_eq(roster_say(r, NULL, line), 1);
	}
	for (int i = 10; i < ROSTER_MAX_NOTES + 10; i++) {
		snprintf(line, sizeof(line), "%d", i);
		assert_note(&seat, line);
	}
	assert_note(&seat, NULL);
	ck_assert_uint_eq(roster_say(r, NULL, "again"), 1);
	assert_note(&seat, "again");
	roster_leave(&seat);
	roster_free(r);
}
END_TEST

/* --- many threads --- */

enum { THREADS = 6, TURNS = 300 };

static _Atomic unsigned heard;

static void *
come_and_go(void *arg)
{
	struct sockaddr_storage sa = v4(0x7f000001);
	struct roster *r = arg;

	for (int i = 0; i < TURNS; i++) {
		_autobuf_ struct buf note = BUF_INIT(64);
		int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		struct roster_entry *list;
		struct roster_seat seat;

		roster_enter(r, &seat, &sa);
		roster_update(&seat, "telnet", true, bell);
		roster_say(r, &seat, "hello");
		ck_assert_uint_ge(roster_list(r, &list), 1);
		free(list);
		while (roster_note(&seat, &note)) {
			ck_assert_str_eq(buf_str(&note), "hello");
			heard++;
		}
		roster_leave(&seat);
		close(bell);
	}
	return NULL;
}

START_TEST(test_threads)
{
	struct roster *r = roster_new();
	struct sockaddr_storage sa = v4(1);
	pthread_t threads[THREADS];
	struct roster_entry *list;
	struct roster_seat last;

	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, r), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(roster_list(r, &list), 0);
	free(list);
	roster_enter(r, &last, &sa);
	ck_assert_uint_eq(last.id, THREADS * TURNS + 1);
	roster_leave(&last);
	roster_free(r);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("roster");
	TCase *c = tcase_create("roster");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_list);
	tcase_add_test(c, test_long_address);
	tcase_add_test(c, test_say);
	tcase_add_test(c, test_oldest_notes_go);
	tcase_add_test(c, test_threads);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
