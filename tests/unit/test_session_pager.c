/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of session's pager: a person on telnet in front of a model of a terminal, and what
 * stands on its screen after each key.
 */
#include "session_people.h"
#include "terminal.h"

#define PROMPT "-- more -- space page, enter line, b back, / search, q quit --"
#define SIZE(columns, rows) "\xff\xfa\x1f\x00" columns "\x00" rows "\xff\xf0"

static struct terminal terminal;
static struct buf shown = BUF_INIT(1 << 20);
static size_t received; /* bytes since what was expected last */
static size_t total;	/* since the last key */

/* What came is shown: the padding NUL behind a CR is telnet's, and so is what begins with IAC. */
static void
show_all(struct peer *p)
{
	const char *bytes = p->got.data;
	size_t n = p->got.len;

	received += n;
	total += n;
	for (size_t i = 0; i < n; i++)
		if (bytes[i] == '\xff')
			i += 2;
		else if (bytes[i] != '\0')
			terminal_feed(&terminal, bytes + i, 1);
	buf_clear(&p->got);
	terminal_text(&terminal, &shown);
}

static bool
has_row(const char *text, unsigned y)
{
	_autobuf_ struct buf row = BUF_INIT(4096);

	terminal_row(&terminal, y, &row);
	return strcmp(buf_str(&row), text) == 0;
}

/* Waits until the row with the cursor is that, by something that came since the last time. */
static void
expect_at_cursor(struct peer *p, const char *text)
{
	show_all(p);
	while (!received || !has_row(text, terminal.y)) {
		if (!peer_read(p, DEADLINE_MS))
			ck_abort_msg("'%s' is not at the cursor (%u) of:\n%s", text, terminal.y,
				     buf_str(&shown));
		show_all(p);
	}
	received = 0;
}

static void
expect_row(unsigned y, const char *text)
{
	ck_assert_msg(has_row(text, y), "row %u is not '%s':\n%s", y, text, buf_str(&shown));
}

/* The rows of `disk` from..to, in rows y.. of the screen. */
static void
expect_disks(unsigned y, unsigned from, unsigned to)
{
	for (; from <= to; from++, y++) {
		_autobuf_ struct buf row = BUF_INIT(256);

		terminal_row(&terminal, y, &row);
		ck_assert_msg(row.len > 2 && strtoul(buf_str(&row) + 2, NULL, 10) == from,
			      "row %u is not sd%u:\n%s", y, from, buf_str(&shown));
	}
}

static void
keys(struct peer *p, const char *bytes)
{
	total = 0;
	peer_send_bytes(p, bytes, strlen(bytes));
}

/* At the prompt of the shell, on an empty screen. */
static void
person_open(struct peer *p, unsigned columns, unsigned rows)
{
	char size[] = { '\xff', '\xfa', '\x1f', 0, (char)columns, 0, (char)rows, '\xff', '\xf0' };

	telnet_open(p);
	peer_send_bytes(p, size, sizeof(size));
	terminal_open(&terminal, columns, rows);
	terminal_feed(&terminal, box.prompt, strlen(box.prompt));
}

static void
person_leave(struct peer *p)
{
	peer_leave(p);
	terminal_close(&terminal);
	buf_fini(&shown);
}

static void
expect_shell(struct peer *p)
{
	size_t n = strlen(box.prompt);
	char bare[300];

	memcpy(bare, box.prompt, n);
	bare[n - 1] = '\0'; /* the model shows no blank at the end */
	expect_at_cursor(p, bare);
}

/* --- pages --- */

START_TEST(test_only_what_is_taller)
{
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 22\r");
	expect_shell(&p);
	expect_disks(1, 0, 21);
	keys(&p, "disk -n 23\r");
	expect_at_cursor(&p, PROMPT);
	expect_disks(1, 0, 21);
	keys(&p, " ");
	expect_shell(&p);
	expect_row(22, "sd22    23 KiB");
	person_leave(&p);
}
END_TEST

START_TEST(test_pages)
{
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 100\r");
	expect_at_cursor(&p, PROMPT);
	ck_assert_uint_eq(terminal.y, 23);
	expect_row(0, "device     used");
	expect_disks(1, 0, 21);
	keys(&p, " ");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 22, 44);
	keys(&p, "\r");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 23, 45);
	keys(&p, "\x1b[B");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 24, 46);
	keys(&p, "b");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 1, 23);
	keys(&p, "\x1b[5~");
	expect_at_cursor(&p, PROMPT);
	expect_row(0, "device     used");
	expect_disks(1, 0, 21);
	keys(&p, "\x1b[6~");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 22, 44);
	keys(&p, "k");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 21, 43);
	/* What means nothing does nothing. */
	keys(&p, "x\x1b[15~\xc3\xa4\t5");
	ck_assert(!peer_read(&p, 50));
	keys(&p, "   ");
	expect_shell(&p);
	expect_disks(0, 77, 99);
	/* Nothing of a prompt is left. */
	ck_assert_ptr_null(strstr(buf_str(&shown), "more"));
	ck_assert(!terminal.colored);
	person_leave(&p);
}
END_TEST

START_TEST(test_quit)
{
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 100; echo not this\r");
	expect_at_cursor(&p, PROMPT);
	keys(&p, "q");
	expect_shell(&p);
	expect_disks(1, 0, 21);
	ck_assert_uint_eq(terminal.y, 23);
	/* ^C, as inetutils sends it: what is in front of the mark's answer is lost. */
	keys(&p, "disk -n 100\r");
	expect_at_cursor(&p, PROMPT);
	peer_send(&p, IP "\xff\xfd\x06");
	peer_expect(&p, "\xff\xfb\x06\r");
	terminal_feed(&terminal, "\r", 1);
	expect_shell(&p);
	expect_disks(1, 0, 21);
	ck_assert_int_eq(box.executions, 2);
	person_leave(&p);
}
END_TEST

START_TEST(test_several_commands)
{
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 12; nope; disk -n 20\r");
	expect_at_cursor(&p, PROMPT);
	expect_disks(1, 0, 11);
	expect_row(13, "error: no command 'nope' (try help)");
	expect_disks(15, 0, 7);
	keys(&p, " ");
	expect_shell(&p);
	/* A stream in between begins a page of its own. */
	keys(&p, "disk -n 12; flood 5; disk -n 22\r");
	expect_shell(&p);
	expect_disks(1, 0, 21);
	person_leave(&p);
}
END_TEST

/* --- search --- */

START_TEST(test_search)
{
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 100\r");
	expect_at_cursor(&p, PROMPT);
	keys(&p, "/SD6x");
	expect_at_cursor(&p, "/SD6x");
	keys(&p, "\x7f\r");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 6, 28); /* the next one, in any case */
	keys(&p, "n");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 60, 82);
	keys(&p, "b");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 37, 59);
	/* What is not there leaves everything where it is. */
	keys(&p, "/nosuch\r");
	expect_at_cursor(&p, "-- not found -- space page, enter line, b back, / search, q quit --");
	expect_disks(0, 37, 59);
	keys(&p, " ");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 60, 82);
	/* Second thoughts. */
	keys(&p, "/a\x7f\x7f");
	expect_at_cursor(&p, PROMPT);
	keys(&p, "/abc\x15\xc3\xa4");
	expect_at_cursor(&p, "/\xc3\xa4");
	keys(&p, "\x1b");
	expect_at_cursor(&p, PROMPT);
	keys(&p, "/\r"); /* the last one again */
	expect_at_cursor(&p, "-- not found -- space page, enter line, b back, / search, q quit --");
	keys(&p, "/sd99\r");
	expect_shell(&p);
	expect_disks(0, 99, 99);
	ck_assert_uint_eq(terminal.y, 1);
	person_leave(&p);
}
END_TEST

/* More than is kept is passed over in silence, and what is kept is bounded. */
START_TEST(test_search_far)
{
	unsigned pages = 0;
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 100000\r");
	expect_at_cursor(&p, PROMPT);
	keys(&p, "/sd99000\r");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 99000, 99022);
	ck_assert_uint_lt(total, 4096);
	do {
		keys(&p, "b");
		expect_at_cursor(&p, PROMPT);
		ck_assert_uint_lt(++pages, 1000);
	} while (!strstr(buf_str(&shown), "no longer"));
	expect_row(0, "-- what came before is no longer kept --");
	ck_assert_uint_gt(pages, 200);
	/* Back at a page of which nothing is kept any more. */
	keys(&p, "/nosuch\r");
	expect_at_cursor(&p, "-- not found -- space page, enter line, b back, / search, q quit --");
	keys(&p, " ");
	expect_at_cursor(&p, PROMPT);
	keys(&p, "/sd99999\r");
	expect_shell(&p);
	person_leave(&p);
}
END_TEST

START_TEST(test_search_is_stopped)
{
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 100000\r");
	expect_at_cursor(&p, PROMPT);
	keys(&p, "/nosuch\r\x03");
	expect_shell(&p);
	person_leave(&p);
}
END_TEST

/* --- windows, and what is wide --- */

START_TEST(test_resize)
{
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 100\r");
	expect_at_cursor(&p, PROMPT);
	keys(&p, " ");
	expect_at_cursor(&p, PROMPT);
	terminal_resize(&terminal, 40, 10);
	peer_send(&p, SIZE("\x28", "\x0a"));
	expect_at_cursor(&p, "-- more -- space, enter, b, /, q --");
	ck_assert_uint_eq(terminal.y, 9);
	expect_disks(0, 36, 44);
	keys(&p, " ");
	expect_at_cursor(&p, "-- more -- space, enter, b, /, q --");
	expect_disks(0, 45, 53);
	terminal_resize(&terminal, 12, 5);
	peer_send(&p, SIZE("\x0c", "\x05"));
	expect_at_cursor(&p, "-- more --");
	terminal_resize(&terminal, 80, 12);
	peer_send(&p, SIZE("\x50", "\x0c"));
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 43, 53);
	/* No window at all: nobody can say go on, so it goes on. */
	peer_send(&p, SIZE("\x00", "\x00"));
	expect_shell(&p);
	person_leave(&p);
}
END_TEST

/* Lines that take more than one row, of characters that take more than one column. */
START_TEST(test_wide_lines)
{
	static const char line[] =
		"echo a bbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccccccccccccccccc "
		"\344\270\255\344\270\255\344\270\255\344\270\255\344\270\255\344\270\255"
		"\344\270\255\344\270\255\344\270\255d\344\270\255\344\270\255 "
		"ee f g hhhhhhhhhhhhhhhhhhhhi j\r";
	struct peer p;

	person_open(&p, 20, 8);
	keys(&p, line);
	expect_at_cursor(&p, "-- more --");
	expect_row(0, "a");
	expect_row(1, "bbbbbbbbbbbbbbbbbbbb");
	expect_row(2, "cccccccccccccccccccc");
	expect_row(3, "cccccccccccccccccccc");
	expect_row(4, "c");
	expect_row(5, "\344\270\255\344\270\255\344\270\255\344\270\255\344\270\255\344\270\255"
		      "\344\270\255\344\270\255\344\270\255"
		      "d");
	expect_row(6, "\344\270\255\344\270\255");
	for (int i = 0; i < 4; i++) {
		keys(&p, "\r");
		expect_at_cursor(&p, "-- more --");
	}
	/* A page may end in the middle of a line. */
	expect_row(6, "hhhhhhhhhhhhhhhhhhhh");
	keys(&p, "\r");
	expect_at_cursor(&p, "-- more --");
	expect_row(6, "i");
	keys(&p, "b");
	expect_at_cursor(&p, "-- more --");
	expect_row(0, "a");
	keys(&p, " ");
	expect_shell(&p);
	expect_row(5, "i");
	expect_row(6, "j");
	person_leave(&p);
}
END_TEST

/* --- others --- */

START_TEST(test_notes)
{
	struct peer p, other;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 100\r");
	expect_at_cursor(&p, PROMPT);
	peer_open(&other, AF_UNIX, SESSION_AUTO, "/hold\n/say hello\necho said\n");
	peer_expect(&other, "said\n");
	while (!strstr(buf_str(&shown), "hello")) {
		ck_assert(peer_read(&p, DEADLINE_MS));
		show_all(&p);
	}
	expect_at_cursor(&p, PROMPT);
	expect_row(22, "-- unix #2: hello");
	keys(&p, "/sd");
	expect_at_cursor(&p, "/sd");
	peer_send(&p, "\xff\xf6");
	peer_skip_to(&p, "[yes]\r\n");
	terminal_feed(&terminal, "[yes]\r\n", 7);
	expect_at_cursor(&p, "/sd");
	keys(&p, "50\r");
	expect_at_cursor(&p, PROMPT);
	expect_disks(0, 50, 72);
	peer_leave(&other);
	person_leave(&p);
}
END_TEST

static void
expect_line(struct peer *p, const char *line)
{
	while (!strstr(buf_str(&shown), line)) {
		ck_assert_msg(peer_read(p, DEADLINE_MS), "%s", buf_str(&shown));
		show_all(p);
	}
	expect_shell(p);
}

/* What was typed before anybody could know that it would stop is typed ahead. */
START_TEST(test_typed_ahead)
{
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 30\recho ahead\r");
	expect_at_cursor(&p, PROMPT);
	ck_assert(!peer_read(&p, 50));
	keys(&p, " ");
	expect_line(&p, "\nahead");
	/* So is an interrupt, and it does not wait for another key to be seen. */
	keys(&p, "disk -n 30\r\003echo next\r");
	expect_line(&p, "\nnext");
	person_leave(&p);
}
END_TEST

START_TEST(test_setting)
{
	struct peer p;

	person_open(&p, 80, 24);
	keys(&p, "disk -n 30 --csv\r");
	expect_shell(&p);
	keys(&p, "/set pager on\rdisk -n 30 --csv\r");
	expect_at_cursor(&p, PROMPT);
	keys(&p, "q/set pager off\rdisk -n 30\r");
	expect_shell(&p);
	keys(&p, "echo end\r");
	while (!strstr(buf_str(&shown), "\nend\n")) {
		ck_assert(peer_read(&p, DEADLINE_MS));
		show_all(&p);
	}
	ck_assert_ptr_null(strstr(buf_str(&shown), "more"));
	person_leave(&p);
}
END_TEST

/* However much there is: what goes out is a page, and then nothing. */
START_TEST(test_nobody_presses_a_key)
{
	struct peer p;

	box.limits.max_output = 16 << 10;
	box_limits();
	person_open(&p, 80, 24);
	keys(&p, "disk -n 100000\r");
	expect_at_cursor(&p, PROMPT);
	ck_assert(!peer_read(&p, 100));
	ck_assert_uint_lt(total, 2048);
	person_leave(&p);
}
END_TEST

START_TEST(test_ends_while_it_waits)
{
	struct peer p;

	box.limits.idle_timeout_ns = 200 * NS_PER_MS;
	box_limits();
	person_open(&p, 80, 24);
	keys(&p, "disk -n 100\r");
	expect_at_cursor(&p, PROMPT);
	expect_at_cursor(&p, "");
	expect_row(23, "");
	expect_row(22, "-- idle for too long, closing");
	peer_expect_end(&p);
	terminal_close(&terminal);
	box.limits.idle_timeout_ns = 600 * NS_PER_S;
	box_limits();
	/* Hang-up. */
	person_open(&p, 80, 24);
	keys(&p, "disk -n 100\r");
	expect_at_cursor(&p, PROMPT);
	person_leave(&p);
	/* Telnet's end of file: nobody will press a key, but the answer is wanted. */
	person_open(&p, 80, 24);
	keys(&p, "disk -n 100\r");
	expect_at_cursor(&p, PROMPT);
	peer_send(&p, "\xff\xec");
	while (peer_read(&p, DEADLINE_MS))
		continue;
	show_all(&p);
	ck_assert_ptr_nonnull(strstr(buf_str(&shown), "sd99"));
	ck_assert(p.ended);
	person_leave(&p);
	/* The daemon. */
	person_open(&p, 80, 24);
	keys(&p, "disk -n 100\r");
	expect_at_cursor(&p, PROMPT);
	session_shared_stop(box.shared);
	expect_at_cursor(&p, "");
	expect_row(22, "-- telmond stops");
	peer_expect_end(&p);
	terminal_close(&terminal);
	buf_fini(&shown);
}
END_TEST

/* Any keys in any windows: the model knows whatever comes of it, and ^C always leads out. */
START_TEST(test_any_keys)
{
	static const char *const some[] = { " ",    "\r",	"b",	  "/",	     "/sd1\r", "n",
					    "k",    "\x0c",	"\x1b[A", "\x1b[6~", "\x7f",   "x",
					    "\x1b", "\xc3\xa4", "9\r",	  "\xff\xf6" };
	unsigned seed = 1;
	struct peer p;

	for (int i = 0; i < 40; i++) {
		unsigned columns = 10 + (unsigned)i * 3, rows = 3 + (unsigned)i % 30;

		person_open(&p, columns, rows);
		keys(&p,
		     i % 2 ? "disk -n 5000\r" : "echo aaaaaaaaaaaaaaa \344\270\255 b c d e f g\r");
		for (int k = 0; k < 60; k++) {
			seed = seed * 1103515245 + 12345;
			keys(&p, some[(seed >> 16) % COUNT(some)]);
			if (k % 10 == 0 && peer_read(&p, 5))
				show_all(&p);
			if (k % 25 == 24) {
				char size[] = { '\xff',	       '\xfa', '\x1f', 0, (char)(12 + k), 0,
						(char)(4 + i), '\xff', '\xf0' };

				peer_send_bytes(&p, size, sizeof(size));
				show_all(&p);
				terminal_resize(&terminal, 12 + (unsigned)k, 4 + (unsigned)i);
			}
		}
		peer_send(&p, "\x03\x15"
			      "echo e''nd\r\0");
		while (!memmem(buf_str(&shown), shown.len, "\nend", 4)) {
			ck_assert_msg(peer_read(&p, DEADLINE_MS), "%s", buf_str(&shown));
			show_all(&p);
		}
		person_leave(&p);
	}
}
END_TEST

/* --- framed --- */

START_TEST(test_framed)
{
	struct peer p;

	peer_open(&p, AF_UNIX, SESSION_AUTO, "/framed 1\n/set person on\n/resize 80 4\n");
	peer_skip_to(&p, "done 0 0\n");
	peer_send(&p, "disk -n 6\n");
	peer_expect(&p, "more 0 108\ndevice   used\nsd0     1 KiB\nsd1     2 KiB\n\r\x1b[K" PROMPT);
	ck_assert(!peer_read(&p, 30));
	peer_send(&p, "/key 20\n");
	peer_expect(&p, "more 0 112\n\r\x1b[Ksd2     3 KiB\nsd3     4 KiB\nsd4     5 KiB\n"
			"\r\x1b[K" PROMPT);
	peer_send(&p, "/key 0d\n");
	peer_expect(&p, "done 1 18\n\r\x1b[Ksd5     6 KiB\n");
	peer_send(&p, "disk -n 6\n");
	peer_skip_to(&p, PROMPT);
	peer_send(&p, "/key 71\n");
	peer_expect(&p, "more 0 4\n\r\x1b[Kdone 130 0\n");
	peer_send(&p, "disk -n 6\n");
	peer_skip_to(&p, PROMPT);
	peer_send(&p, "/cancel\necho on\n");
	peer_expect(&p, "more 0 4\n\r\x1b[Kdone 130 0\ndone 0 3\non\n");
	/* Not for a program, and not without a window. */
	peer_send(&p, "/set person off\ndisk -n 6\n/set person on\n/resize 0 0\ndisk -n 6\n");
	peer_skip_to(&p, "done 1 98\n");
	peer_skip_to(&p, "done 1 98\n");
	peer_leave(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_pager");
	TCase *c = tcase_create("session_pager");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, box_open, box_close);
	tcase_add_test(c, test_only_what_is_taller);
	tcase_add_test(c, test_pages);
	tcase_add_test(c, test_quit);
	tcase_add_test(c, test_several_commands);
	tcase_add_test(c, test_search);
	tcase_add_test(c, test_search_far);
	tcase_add_test(c, test_search_is_stopped);
	tcase_add_test(c, test_resize);
	tcase_add_test(c, test_wide_lines);
	tcase_add_test(c, test_notes);
	tcase_add_test(c, test_typed_ahead);
	tcase_add_test(c, test_setting);
	tcase_add_test(c, test_nobody_presses_a_key);
	tcase_add_test(c, test_ends_while_it_waits);
	tcase_add_test(c, test_any_keys);
	tcase_add_test(c, test_framed);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
