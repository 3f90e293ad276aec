/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_builtins_live -- watch for a live asker, in front of a model of a terminal: what stands on
 * its screen, when it is drawn, and what is left behind.
 */
#include "builtins_box.h"

#include <locale.h>

#include "screen.h"
#include "terminal.h"

static struct terminal terminal;
static struct buf shown = BUF_INIT(1 << 20);
static unsigned frames; /* since the last look */

/* What was written since, as a terminal gets it. */
static void
look(struct fake *f)
{
	frames = f->rounds;
	f->rounds = 0;
	for (size_t i = 0; i < f->out.len; i++) {
		/* Rounds are marked with a line of their own. */
		if (f->out.len - i >= 3 && memcmp(f->out.data + i, "--\n", 3) == 0 &&
		    (i < 8 || memcmp(f->out.data + i - 5, "rows ", 5) != 0)) {
			i += 2;
			continue;
		}
		terminal_feed(&terminal, f->out.data[i] == '\n' ? "\r\n" : f->out.data + i,
			      f->out.data[i] == '\n' ? 2 : 1);
	}
	buf_clear(&f->out);
	terminal_text(&terminal, &shown);
}

static void
set_window(unsigned columns, unsigned lines)
{
	world.asker.columns = world.asker.render.width = columns;
	world.asker.lines = lines;
}

static void
open_terminal(unsigned columns, unsigned lines)
{
	world.asker.person = world.asker.live = true;
	set_window(columns, lines);
	terminal_open(&terminal, columns, lines);
}

static void
close_terminal(void)
{
	terminal_close(&terminal);
	buf_fini(&shown);
}

static bool
has_row(unsigned y, const char *part)
{
	_autobuf_ struct buf row = BUF_INIT(4096);

	terminal_row(&terminal, y, &row);
	return *part ? strstr(buf_str(&row), part) != NULL : row.len == 0;
}
#define expect_row(y, part)                                                                        \
	ck_assert_msg(has_row(y, part), "row %u has no '%s':\n%s", (unsigned)(y), part,            \
		      buf_str(&shown))

/* --- watch --- */

START_TEST(watch_draws_in_place)
{
	open_terminal(80, 10);
	terminal_feed(&terminal, "prompt> watch\r\n", 15);
	ck_assert_int_eq(world_say(&world, "watch -n 0.1 -c 3 turn"), 2);
	look(&world.fake);
	ck_assert_uint_ge(frames, 3);
	expect_row(0, "prompt> watch");
	expect_row(1, "every 0.1 s  2");
	expect_row(1, "  age ");
	expect_row(1, "  turn");
	expect_row(2, "turn");
	expect_row(3, "3");
	expect_row(4, "");
	ck_assert_uint_eq(terminal.y, 4);
	ck_assert_uint_eq(terminal.clears, 0);
	ck_assert_uint_eq(terminal.hides, 1);
	/* The session puts the cursor back. */
	ck_assert(terminal.hidden);
	ck_assert_str_eq(world.fake.reply.restore, SCREEN_PLAIN SCREEN_SHOW_CURSOR);
	ck_assert_uint_eq(world.fake.reply.rows, 3);
	close_terminal();
}
END_TEST

/* Formats for programs, and whose terminal is none, are as ever. */
START_TEST(watch_not_drawn)
{
	open_terminal(80, 10);
	world_say(&world, "watch -n 0.1 -c 2 turn --csv");
	ck_assert_str_eq(world_text(&world), "turn\n1\n--\nturn\n2\n");
	world.asker.live = false;
	world_say(&world, "watch -n 0.1 -c 2 turn");
	ck_assert(says("every 0.1 s\nturn\n"));
	ck_assert_ptr_null(world.fake.reply.restore);
	close_terminal();
}
END_TEST

START_TEST(watch_more_than_the_window)
{
	open_terminal(80, 8);
	world_say(&world, "watch -c 1 metrics load_bytes*");
	look(&world.fake);
	expect_row(0, "every 2 s");
	expect_row(1, "metric");
	expect_row(2, "who=\"a\"");
	expect_row(5, "who=\"d\"");
	expect_row(6, "-- 3 more rows --");
	expect_row(7, "");
	ck_assert_uint_eq(terminal.y, 7);
	/* What just fits is not cut. */
	set_window(80, 10);
	terminal_close(&terminal);
	terminal_open(&terminal, 80, 10);
	world_say(&world, "watch -c 1 metrics load_bytes*");
	look(&world.fake);
	expect_row(8, "who=\"g");
	expect_row(9, "");
	close_terminal();
}
END_TEST

/* Behind the first frame the window is another one; behind the second that is enough. */
static void
resize_once(struct fake *f)
{
	if (f->rounds == 0)
		return;
	if (world.asker.columns == 30) {
		f->cancel_at_wait = f->waits;
		return;
	}
	look(f);
	terminal_resize(&terminal, 30, 6);
	set_window(30, 6);
	f->draw = true;
}

START_TEST(watch_resized)
{
	open_terminal(80, 24);
	world.fake.on_wait = resize_once;
	world.fake.wait_error = -ECANCELED;
	/* At once, not with the next round. */
	ck_assert_int_eq(world_say(&world, "watch -n 60 metrics load_bytes*"), -ECANCELED);
	world.fake.on_wait = NULL;
	world.fake.cancel_at_wait = 0;
	look(&world.fake);
	ck_assert_uint_eq(terminal.clears, 1);
	expect_row(0, "every 60 s  2");
	expect_row(1, "metric");
	expect_row(4, "more rows --");
	ck_assert_uint_eq(terminal.y, 5);
	close_terminal();
}
END_TEST

/* What the session does when a note comes: the view goes, and is drawn again below. */
static void
note_once(struct fake *f)
{
	char up[32];

	if (f->rounds != 1)
		return;
	look(f);
	snprintf(up, sizeof(up), "\r\033[%uA\033[J", f->reply.rows);
	terminal_feed(&terminal, up, strlen(up));
	terminal_feed(&terminal, "-- a note\r\n", 11);
	f->reply.rows = 0;
	f->draw = true;
	f->on_wait = NULL;
}

START_TEST(watch_with_a_note)
{
	open_terminal(80, 24);
	world.fake.on_wait = note_once;
	world_say(&world, "watch -n 0.3 -c 2 turn");
	look(&world.fake);
	expect_row(0, "-- a note");
	expect_row(1, "every 0.3 s");
	expect_row(2, "turn");
	expect_row(3, "2");
	expect_row(4, "");
	close_terminal();
}
END_TEST

/* Ten frames a second, and none while the one before has not gone. */
static void
hurry(struct fake *f)
{
	f->draw = true;
	f->is_busy = f->waits > 2 && f->waits < 6;
}

START_TEST(watch_redraws_seldom)
{
	int64_t began_ns = now_ns();

	open_terminal(80, 24);
	world.fake.on_wait = hurry;
	world_say(&world, "watch -n 0.5 -c 2 turn");
	world.fake.on_wait = NULL;
	ck_assert_uint_le(world.fake.rounds,
			  (unsigned)((now_ns() - began_ns) / (NS_PER_S / 10)) + 2);
	ck_assert_uint_ge(world.fake.rounds, 3);
	close_terminal();
}
END_TEST

START_TEST(watch_an_error)
{
	open_terminal(20, 10);
	collect_error = -EIO;
	ck_assert_int_eq(world_say(&world, "watch -n 0.1 -c 2 turn"), STATUS_FAILED);
	look(&world.fake);
	expect_row(0, "every 0.1 s  2");
	expect_row(1, "error: turn: no turn");
	expect_row(2, " (Input/output error");
	expect_row(3, ")");
	ck_assert_uint_eq(terminal.y, 4);
	close_terminal();
}
END_TEST

START_TEST(watch_is_ended_by_a_key)
{
	open_terminal(80, 24);
	world.fake.cancel_at_wait = 3;
	world.fake.wait_error = -ECANCELED;
	ck_assert_int_eq(world_say(&world, "watch -n 0.1 turn"), -ECANCELED);
	look(&world.fake);
	expect_row(0, "every 0.1 s");
	expect_row(1, "turn");
	ck_assert_uint_eq(terminal.y, 3);
	close_terminal();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("builtins_live");
	TCase *c = tcase_create("builtins_live");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, watch_draws_in_place);
	tcase_add_test(c, watch_not_drawn);
	tcase_add_test(c, watch_more_than_the_window);
	tcase_add_test(c, watch_resized);
	tcase_add_test(c, watch_with_a_note);
	tcase_add_test(c, watch_redraws_seldom);
	tcase_add_test(c, watch_an_error);
	tcase_add_test(c, watch_is_ended_by_a_key);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	r = srunner_create(suite());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
