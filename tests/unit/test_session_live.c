/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of session with live people: whose terminal is one, keys while a command runs, windows
 * that change under it, and what puts the terminal right again.
 */
#include "session_people.h"

#define SIZE(columns, rows) "\xff\xfa\x1f\x00" columns "\x00" rows "\xff\xf0"

/* --- who is live --- */

static void
telnet_as(struct peer *p, const char *type)
{
	telnet_open_as(p, type, strlen(type));
	peer_skip_to(p, box.prompt);
}

static void
expect_live(const char *terminal, bool live)
{
	struct peer p;

	telnet_as(&p, terminal);
	type(&p, "keys");
	peer_expect_bytes(&p, live ? "live 80x24\r\n" : "still 80x24\r\n", live ? 12 : 13);
	peer_leave(&p);
}

START_TEST(test_terminals)
{
	static const char *const live[] = { "XTERM-256COLOR", "vt100", "VT220",	 "linux",
					    "screen.xterm",   "tmux",  "rxvt",	 "putty",
					    "ansi",	      "kitty", "dtterm", "VT525" };
	static const char *const still[] = { "dumb", "unknown", "vt52", "network", "vt", "adm3a" };

	for (size_t i = 0; i < COUNT(live); i++)
		expect_live(live[i], true);
	for (size_t i = 0; i < COUNT(still); i++)
		expect_live(still[i], false);
}
END_TEST

START_TEST(test_windows)
{
	struct peer p;

	telnet_open(&p);
	type(&p, "keys");
	peer_expect(&p, "live 80x24\r\n");
	peer_send(&p, SIZE("\x28", "\x0a"));
	peer_expect(&p, "live 40x10\r\n");
	peer_send(&p, SIZE("\x05", "\x0a")); /* too small to draw anything */
	peer_expect(&p, "still 5x10\r\n");
	peer_send(&p, SIZE("\x50", "\x18"));
	peer_expect(&p, "live 80x24\r\n");
	/* Who no longer lets us echo gets no keys one by one. */
	peer_send(&p, "\xff\xfe\x01");
	peer_expect(&p, "\xff\xfc\x01");
	peer_send(&p, SIZE("\x51", "\x18"));
	peer_expect(&p, "still 81x24\r\n");
	peer_leave(&p);
	/* A terminal without a size is no window. */
	telnet_open(&p);
	peer_send(&p, SIZE("\x00", "\x00"));
	type(&p, "keys");
	peer_expect(&p, "still 80x24\r\n");
	peer_leave(&p);
	plain_open(&p);
	peer_send(&p, "keys\n");
	peer_expect(&p, "still 0x0\n");
	peer_leave(&p);
}
END_TEST

/* --- keys --- */

START_TEST(test_keys)
{
	struct peer p;

	telnet_open(&p);
	/* What was typed ahead is no key of its. */
	peer_send(&p, "keys\r\0echo ahead\r\0");
	peer_expect(&p, "keys\r\nlive 80x24\r\n");
	peer_send(&p, "a\xc3\xa4\x1b[A\x1bOB\xff\xfd\x06\x1b[5~\r\0");
	peer_expect(&p, "key 61\r\nkey e4\r\nkey 110001\r\nkey 110002\r\nkey 110007\r\nkey a\r\n");
	/* A sequence that the network cut. */
	peer_send(&p, "\x1b");
	peer_send(&p, "[C");
	peer_expect(&p, "key 110003\r\n");
	/* And an ESC that was one. */
	peer_send(&p, "\x1b");
	peer_expect(&p, "key 1b\r\n");
	peer_send(&p, "q");
	peer_expect(&p, "key 71\r\n<restored>");
	peer_expect_prompt(&p);
	peer_expect(&p, "echo ahead\r\nahead\r\n\xff\xfb\x06");
	peer_expect_prompt(&p);
	peer_leave(&p);
}
END_TEST

/* inetutils drops what comes between ^C and the answer to its mark: the cure must come after it. */
START_TEST(test_restored_behind_the_mark)
{
	struct peer p;

	telnet_open(&p);
	type(&p, "keys");
	peer_expect(&p, "live 80x24\r\n");
	peer_send(&p, "\x1b" IP "\xff\xfd\x06");
	peer_expect(&p, "\xff\xfb\x06<restored>");
	peer_expect_prompt(&p);
	ck_assert_int_eq(box.result, -ECANCELED);
	/* And it comes before the next command's answer. */
	type(&p, "keys; echo on");
	peer_expect(&p, "live 80x24\r\n");
	peer_send(&p, "q");
	peer_expect(&p, "key 71\r\n<restored>on\r\n");
	peer_expect_prompt(&p);
	peer_leave(&p);
}
END_TEST

START_TEST(test_restored_when_the_daemon_stops)
{
	struct peer p;

	telnet_open(&p);
	type(&p, "keys");
	peer_expect(&p, "live 80x24\r\n");
	session_shared_stop(box.shared);
	peer_expect(&p, "<restored>-- telmond stops\r\n");
	peer_expect_end(&p);
}
END_TEST

/* A note stands where the view was drawn, and the view is drawn again below it. */
START_TEST(test_note_in_a_view)
{
	struct peer p, other;

	telnet_open(&p);
	type(&p, "keys");
	peer_expect(&p, "live 80x24\r\n");
	peer_open(&other, AF_UNIX, SESSION_AUTO, "/say hello\n");
	peer_expect(&p, "\r\0\x1b[1A\x1b[J-- unix #2: hello\r\nlive 80x24\r\n");
	peer_expect_end(&other);
	peer_send(&p, "q");
	peer_skip_to(&p, box.prompt);
	peer_leave(&p);
}
END_TEST

/* --- framed --- */

static void
framed_open(struct peer *p)
{
	peer_open(p, AF_UNIX, SESSION_AUTO, "/framed 1\n");
	peer_skip_to(p, " framed 1\n");
	peer_send(p, "/set person on\n");
	peer_expect(p, "done 0 0\n");
}

START_TEST(test_framed_window)
{
	struct peer p;

	framed_open(&p);
	peer_send(&p, "keys\n");
	peer_expect(&p, "more 0 10\nstill 0x0\n");
	peer_send(&p, "/resize 80 24\n");
	peer_expect(&p, "more 0 11\nlive 80x24\n");
	peer_send(&p, "/resize  1000 40 \r\n");
	peer_expect(&p, "more 0 12\nlive 512x40\n");
	/* What is no size is ignored, and not answered. */
	peer_send(&p, "/resize\n/resize 1\n/resize -1 40\n/resize 80x40\n/resize 80 40 2\n"
		      "/resize 8888888 40\n/key q\n/key 7\n/key zz\n/key 71\n");
	peer_expect(&p, "more 0 7\nkey 71\nmore 0 10\n<restored>done 0 0\ndone 64 71\n");
	peer_expect(&p, "error: /resize: only for framed sessions (usage: /resize COLUMNS ");
	peer_leave(&p);
}
END_TEST

START_TEST(test_framed_keys)
{
	struct peer p;

	framed_open(&p);
	/* Before and behind a line they mean nothing, and are not answered. */
	peer_send(&p, "/key 71\n/resize 80 24\necho one\n");
	peer_expect(&p, "done 0 4\none\n");
	peer_send(&p, "keys\necho queued\n/resize 81 24\n/key 1b5b41C3a4\n");
	peer_skip_to(&p, "more 0 11\nkey 110001\n");
	peer_expect(&p, "more 0 7\nkey e4\nmore 0 11\nlive 81x24\n");
	peer_send(&p, "/key 1b\n");
	peer_expect(&p, "more 0 7\nkey 1b\n");
	peer_send(&p, "/key 71\n/key 71\n");
	peer_expect(&p, "more 0 7\nkey 71\nmore 0 10\n<restored>done 0 0\n");
	peer_expect(&p, "done 0 7\nqueued\n");
	/* ^C, and a /cancel with keys around it. */
	peer_send(&p, "keys\n");
	peer_expect(&p, "more 0 11\nlive 81x24\n");
	peer_send(&p, "/key 6103\n");
	peer_expect(&p, "more 0 10\n<restored>done 130 0\n");
	peer_send(&p, "keys\n");
	peer_expect(&p, "more 0 11\nlive 81x24\n");
	peer_send(&p, "echo not this\n/key 61\n/cancel\n/key 61\necho on\n");
	peer_skip_to(&p, "more 0 10\n<restored>done 130 0\ndone 130 0\ndone 0 3\non\n");
	/* Any key ends a stream that does not want them. */
	peer_send(&p, "stream\n");
	peer_skip_to(&p, "round 2\n");
	peer_send(&p, "/key 20\n");
	peer_expect(&p, "done 130 0\n");
	peer_leave(&p);
}
END_TEST

/* More keys and sizes than anybody takes are no harm. */
START_TEST(test_framed_flood_of_keys)
{
	struct peer p;

	framed_open(&p);
	peer_send(&p, "wait\n");
	until(box.waits == 1);
	for (int i = 0; i < 20000; i++)
		peer_send(&p, "/key 6162636465\n/resize 80 24\n");
	peer_send(&p, "echo queued\n/cancel\n");
	peer_expect(&p, "done 130 0\ndone 130 0\n");
	peer_send(&p, "echo on\n");
	peer_expect(&p, "done 0 3\non\n");
	peer_leave(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_live");
	TCase *c = tcase_create("session_live");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, box_open, box_close);
	tcase_add_test(c, test_terminals);
	tcase_add_test(c, test_windows);
	tcase_add_test(c, test_keys);
	tcase_add_test(c, test_restored_behind_the_mark);
	tcase_add_test(c, test_restored_when_the_daemon_stops);
	tcase_add_test(c, test_note_in_a_view);
	tcase_add_test(c, test_framed_window);
	tcase_add_test(c, test_framed_keys);
	tcase_add_test(c, test_framed_flood_of_keys);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
