/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_builtins_top -- top in front of a model of a terminal: what stands where in windows of every
 * size, what its keys do, and how it fares when plugins are missing, slow or broken.
 */
#include "builtins_box.h"

#include <locale.h>

#include "key.h"
#include "screen.h"
#include "terminal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- a machine of fixed numbers, but for its parts ------------------------------------------- */

static _Atomic int cores, slow_ms, process_error;

static const struct telmon_column core_columns[] = { TEXT("cpu"), PERCENT("busy_percent"),
						     PERCENT("user_percent") };
static const struct telmon_column process_columns[] = {
	{ .name = "pid", .type = TELMON_INT, .help = "pid" },
	PERCENT("cpu_percent"),
	BYTES("rss_bytes"),
	{ .name = "age_s", .type = TELMON_REAL, .unit = TELMON_SECONDS, .help = "age" },
	TEXT("command"),
};

static int
run_cores(struct telmon *t)
{
	char name[16];

	ROW(t, "all", 42.5, 30);
	for (int i = 0; i < cores; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ROW(t, name, i % 101, 1);
	}
	return 0;
}

static int
run_process(struct telmon *t)
{
	static const char *const names[] = { "init", "Nginx", "\033[2J\302\233evil\n", "postgres" };

	if (slow_ms && telmon_sleep(t, slow_ms / 1000.0) < 0)
		return -ECANCELED;
	if (process_error)
		return telmon_fail(t, process_error, "no processes today");
	for (int i = 0; i < 100; i++) {
		telmon_row(t);
		telmon_int(t, 1 + i);
		telmon_real(t, (i * 7) % 100);
		telmon_real(t, 1024.0 * ((i * 13) % 101));
		telmon_real(t, 1000 - i);
		telmon_text(t, names[i % 4]);
	}
	return 0;
}

static const struct telmon_command machine_commands[] = {
	{ .name = "cpu",
	  .help = "cores",
	  .run = run_cores,
	  .columns = core_columns,
	  .n_columns = COUNT(core_columns) },
	RUN(memory),
	RUN(disk),
	RUN(network),
	RUN(pressure),
	RUN(process),
};

static const struct telmon_plugin machine = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "a machine",
	TELMON_COMMANDS(machine_commands),
};

/* ---- somebody at a terminal ------------------------------------------------------------------ */

static struct terminal terminal;
static struct buf shown = BUF_INIT(4 << 20);

static void
look(struct fake *f)
{
	for (size_t i = 0; i < f->out.len; i++) {
		if (f->out.len - i >= 3 && memcmp(f->out.data + i, "--\n", 3) == 0) {
			i += 2; /* the mark of a round */
			continue;
		}
		terminal_feed(&terminal, f->out.data[i] == '\n' ? "\r\n" : f->out.data + i,
			      f->out.data[i] == '\n' ? 2 : 1);
	}
	buf_clear(&f->out);
	terminal_text(&terminal, &shown);
}

static bool
shows(const char *part)
{
	return strstr(buf_str(&shown), part) != NULL;
}

static bool
has_row(unsigned y, const char *part)
{
	_autobuf_ struct buf row = BUF_INIT(8192);

	terminal_row(&terminal, y, &row);
	return strstr(buf_str(&row), part) != NULL;
}
#define expect_row(y, part)                                                                        \
	ck_assert_msg(has_row(y, part), "row %u has no '%s':\n%s", (unsigned)(y), part,            \
		      buf_str(&shown))

/* What is waited for, what has to hold then, and the key that is pressed. */
struct step {
	const char *shows;
	void (*check)(void);
	int key;
};
static const struct step *step;
static int64_t step_ns;

static void
play(struct fake *f)
{
	look(f);
	ck_assert_msg(now_ns() < step_ns + 20 * NS_PER_S, "never '%s':\n%s", step->shows,
		      buf_str(&shown));
	if (f->keys[0] || !shows(step->shows))
		return;
	if (step->check)
		step->check();
	f->keys[0] = step->key;
	step++;
	step_ns = now_ns();
}

static void
set_window(unsigned columns, unsigned lines)
{
	world.asker.columns = world.asker.render.width = columns;
	world.asker.lines = lines;
}

static int
run_top(const char *line, unsigned columns, unsigned lines, const struct step *steps)
{
	int r;

	world.asker.person = world.asker.live = true;
	set_window(columns, lines);
	terminal_open(&terminal, columns, lines);
	world.fake.on_wait = play;
	step = steps;
	step_ns = now_ns();
	r = world_say(&world, line);
	world.fake.on_wait = NULL;
	look(&world.fake);
	return r;
}

static void
leave_top(void)
{
	terminal_close(&terminal);
	buf_fini(&shown);
	buf_init(&shown, 4 << 20);
}

static void
open_machine(void)
{
	cores = 4;
	slow_ms = process_error = 0;
	percent = 40;
	setup();
	world_add(&world, "machine", &machine);
	world_publish(&world, table, n_table);
}

/* ---- windows --------------------------------------------------------------------------------- */

static void
check_screen(void)
{
	ck_assert(terminal.alternate);
	ck_assert(terminal.hidden);
	expect_row(0, "load 0.50 - -");
	expect_row(0, "20"); /* the clock */
	expect_row(1, "cpu  [\342\226\210\342\226\210");
	expect_row(1, "] 42.5%  user 30.0%  system -");
	expect_row(2, "0 [");
	expect_row(2, "  2 [");
	expect_row(3, "1 [");
	expect_row(4, "mem  [");
	expect_row(4, "] 40.0%  used 400 B / 1000 B  available 600 B");
	expect_row(5, "pressure  cpu 40.0%  memory 0.5%");
	expect_row(6, "disk sdb  busy 40.0%  read -");
	expect_row(7, "disk sda  busy 1.0%"); /* loop0 is busier, and nobody's business */
	expect_row(8, "net  eth1  in 20.00  out 1.00");
	expect_row(9, "net  eth0");
	expect_row(10, "pid");
	expect_row(10, "command");
	expect_row(11, "99.0%");
	expect_row(22, "88.0%");
	expect_row(23, "q quit");
	expect_row(23, "by cpu  1-12 of 100");
}

START_TEST(screen_of_a_machine)
{
	static const struct step steps[] = { { "1-12 of", check_screen, 'q' } };

	ck_assert_int_eq(run_top("top", 80, 24, steps), 0);
	/* The session puts the terminal right. */
	ck_assert_str_eq(world.fake.reply.restore, SCREEN_PLAIN SCREEN_SHOW_CURSOR SCREEN_NORMAL);
	ck_assert(world.fake.reply.full);
	terminal_feed(&terminal, world.fake.reply.restore, strlen(world.fake.reply.restore));
	ck_assert(!terminal.alternate && !terminal.hidden && !terminal.colored);
	leave_top();
}
END_TEST

static void
check_fits(void)
{
	unsigned last = terminal.rows - 1;

	/* Nothing has scrolled, and nothing was wrapped. */
	expect_row(0, "");
	ck_assert_msg(!has_row(last, "command"), "%s", buf_str(&shown));
	if (terminal.columns >= 6)
		expect_row(last, "q quit");
	if (terminal.columns >= 40 && terminal.rows >= 10) {
		expect_row(0, "load");
		expect_row(1, "cpu");
		ck_assert(shows("pid "));
		ck_assert(shows("99.0%"));
		ck_assert(!has_row(last - 1, "command"));
	}
}

START_TEST(windows_of_every_size)
{
	static const struct step small[] = { { "q quit", check_fits, 'q' } };
	static const struct step large[] = { { "99.0%", check_fits, 'q' } };
	static const unsigned sizes[][2] = { { 40, 10 },  { 10, 3 },   { 20, 5 },    { 41, 10 },
					     { 59, 12 },  { 60, 12 },  { 79, 24 },   { 132, 50 },
					     { 200, 60 }, { 512, 10 }, { 512, 512 }, { 40, 512 } };

	world.asker.render.color = true;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		bool is_small = sizes[i][0] < 40 || sizes[i][1] < 10;

		ck_assert_int_eq(run_top("top", sizes[i][0], sizes[i][1], is_small ? small : large),
				 0);
		leave_top();
	}
	for (unsigned rows = 3; rows < 40; rows++) {
		ck_assert_int_eq(run_top("top", 8 * rows, rows, rows < 10 ? small : large), 0);
		leave_top();
	}
}
END_TEST

static void
make_small(void)
{
	terminal_resize(&terminal, 40, 10);
	set_window(40, 10);
	world.fake.draw = true;
}

/* Too small for anything, and what is no window at all: the frame stays what it was. */
static void
make_unknown(void)
{
	world.asker.live = false;
	set_window(5, 2);
	world.fake.draw = true;
}

static void
check_small(void)
{
	check_fits();
	expect_row(9, "1-3 of 100");
	ck_assert_uint_ge(terminal.clears, 2);
}

START_TEST(window_that_changes)
{
	static const struct step steps[] = { { "1-12 of", make_small, 'x' },
					     { "1-3 of", check_small, 'm' },
					     { "by memory", make_unknown, 'p' },
					     { "by pid  1-3", NULL, 'q' } };

	ck_assert_int_eq(run_top("top", 80, 24, steps), 0);
	leave_top();
}
END_TEST

static void
check_many_cores(void)
{
	/* Four fifths of the lines are not theirs. */
	for (unsigned y = 2; y < 10; y++)
		expect_row(y, "%");
	expect_row(2, "0 [");
	expect_row(2, " 56 [");
	expect_row(9, " 63 [");
	ck_assert(shows("63%"));
	check_fits();
}

static void
check_no_cores(void)
{
	ck_assert(!shows("63 ["));
	check_fits();
}

START_TEST(many_cores)
{
	static const struct step fold[] = { { "99.0%", check_many_cores, '1' },
					    { "1-20 of", check_no_cores, 'q' } };
	static const struct step none[] = { { "99.0%", check_no_cores, 'q' } };
	static const struct step more[] = { { "511 [", check_fits, 'q' } };

	cores = 64;
	ck_assert_int_eq(run_top("top", 132, 30, fold), 0);
	leave_top();
	ck_assert_int_eq(run_top("top", 40, 10, none), 0);
	leave_top();
	cores = 512;
	ck_assert_int_eq(run_top("top", 512, 100, more), 0);
	leave_top();
}
END_TEST

/* ---- keys ------------------------------------------------------------------------------------ */

static void
check_by_memory(void)
{
	expect_row(11, "100 KiB");
	expect_row(12, "99 KiB");
}

static void
check_reversed(void)
{
	expect_row(11, " 0 B");
}

static void
check_by_pid(void)
{
	expect_row(11, "  1  ");
	expect_row(11, "init");
	expect_row(12, "  2  ");
}

static void
check_scrolled(void)
{
	expect_row(11, "  3  ");
}

static void
check_last(void)
{
	expect_row(22, "100  ");
}

static void
check_filtered(void)
{
	expect_row(10, "command");
	expect_row(11, "Nginx");
	expect_row(22, "Nginx");
	ck_assert(!shows("postgres"));
}

static void
check_help(void)
{
	ck_assert(shows("leave"));
	ck_assert(!shows("command "));
	expect_row(23, "q quit");
}

static void
check_evil(void)
{
	expect_row(11, "?[2J?evil?");
	ck_assert_uint_le(terminal.clears, 1);
}

START_TEST(keys_sort_scroll_and_filter)
{
	static const struct step steps[] = {
		{ "by cpu  1-12", NULL, 'm' },
		{ "by memory  1-12", check_by_memory, 'r' },
		{ "by memory reversed  1-12", check_reversed, 'p' },
		{ "by pid  1-12", check_by_pid, KEY_DOWN },
		{ "2-13 of 100", NULL, 'j' },
		{ "3-14 of 100", check_scrolled, KEY_PAGE_DOWN },
		{ "15-26 of", NULL, KEY_PAGE_UP },
		{ "3-14 of", NULL, KEY_END },
		{ "89-100 of 100", check_last, KEY_DOWN },
		{ "89-100 of 100", check_last, KEY_HOME },
		{ "1-12 of 100", NULL, KEY_UP },
		{ "1-12 of 100", NULL, 'n' },
		{ "by name  1-12", NULL, 't' },
		{ "by age  1-12", check_by_pid, '?' },
		{ "look again now", check_help, 'q' },
		{ "by age  1-12", NULL, '/' },
		{ "contain: _", NULL, 'g' },
		{ "contain: g_", NULL, 'I' },
		{ "contain: gI_", NULL, 'x' },
		{ "none is called 'gIx'", NULL, 0x7f },
		{ "contain: gI_", check_filtered, '\n' },
		{ "/gI  by age  1-12 of 25", check_filtered, 'f' },
		{ "contain: gI_", NULL, 0x15 },
		{ "contain: _", NULL, 'e' },
		{ "contain: e_", NULL, 0x1b },
		{ "/gI  by age", check_filtered, '/' },
		{ "contain: gI_", NULL, 0x15 },
		{ "contain: _", NULL, 'v' },
		{ "contain: v_", check_evil, '\n' },
		{ "/v  by age", NULL, ' ' },
		{ "/v  by age", NULL, 'Z' },
		{ "/v  by age", NULL, 0x1b },
	};

	ck_assert_int_eq(run_top("top", 80, 24, steps), 0);
	ck_assert_ptr_eq(step, steps + COUNT(steps));
	leave_top();
}
END_TEST

/* Any keys, in windows that change: the model knows whatever comes of it. */
static void
press_any(struct fake *f)
{
	static const int some[] = { KEY_UP,  KEY_DOWN, KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME,
				    KEY_END, KEY_LEFT, '/',	    '\n',	   0x15,
				    0x7f,    'r',      'c',	    'm',	   'n',
				    '1',     '?',      ' ',	    'e',	   0xe4,
				    0x4e2d,  'q',      0x1b };
	static unsigned seed = 1;
	unsigned columns, lines;

	look(f);
	seed = seed * 1103515245 + 12345;
	f->keys[0] = some[(seed >> 16) % COUNT(some)];
	if (f->keys[0] != KEY_LEFT)
		return;
	columns = 10 + (seed >> 8) % 200;
	lines = 3 + (seed >> 12) % 60;
	terminal_resize(&terminal, columns, lines);
	set_window(columns, lines);
	f->draw = true;
}

START_TEST(any_keys)
{
	world.asker.person = world.asker.live = true;
	for (int i = 0; i < 150; i++) {
		set_window(80, 24);
		terminal_open(&terminal, 80, 24);
		world.fake.on_wait = press_any;
		ck_assert_int_eq(world_say(&world, "top -n 0.1"), 0);
		world.fake.on_wait = NULL;
		memset(world.fake.keys, 0, sizeof(world.fake.keys));
		leave_top();
	}
}
END_TEST

static void
leave_note(void)
{
	world.fake.reply.noted = true;
	world.fake.draw = true;
}

START_TEST(note_waits)
{
	static const struct step steps[] = { { "1-12 of", leave_note, 'x' },
					     { "a message waits until you leave", NULL, 'q' } };

	ck_assert_int_eq(run_top("top", 80, 24, steps), 0);
	world.fake.reply.noted = false;
	leave_top();
}
END_TEST

START_TEST(interrupted)
{
	static const struct step steps[] = { { "nothing such", NULL, 'q' } };

	world.fake.cancel_at_wait = 3;
	world.fake.wait_error = -ECANCELED;
	ck_assert_int_eq(run_top("top", 80, 24, steps), -ECANCELED);
	leave_top();
}
END_TEST

/* ---- plugins that are missing, slow or broken ------------------------------------------------ */

static void
check_others(void)
{
	expect_row(1, "cpu  [");
	expect_row(4, "mem  [");
	ck_assert(shows("disk sdb"));
}

static void
check_begins_slow(void)
{
	check_others();
	ck_assert(shows("processes: ..."));
}

static void
make_slow(void)
{
	slow_ms = 3000;
}

static void
check_old(void)
{
	check_others();
	ck_assert(shows("99.0%"));
}

/* The others go on, and the last values stay. */
START_TEST(slow_plugin)
{
	static const struct step begins_slow[] = { { "disk sdb", check_begins_slow, 'q' } };
	static const struct step gets_slow[] = { { "1-12 of 100", make_slow, 'x' },
						 { "s old)", check_old, 'q' } };
	int64_t began_ns = now_ns();

	slow_ms = 5000;
	ck_assert_int_eq(run_top("top", 80, 24, begins_slow), 0);
	ck_assert(now_ns() < began_ns + 3 * NS_PER_S);
	leave_top();
	slow_ms = 0;
	ck_assert_int_eq(run_top("top -n 0.2", 80, 24, gets_slow), 0);
	leave_top();
	/* The next question comes before the last one has been waited for. */
	slow_ms = 0;
	ck_assert_int_eq(run_top("top -n 0.1", 80, 24, gets_slow), 0);
	leave_top();
}
END_TEST

START_TEST(broken_plugin)
{
	static const struct step steps[] = {
		{ "processes: process: no processes today (Input/output error)", check_others, 'q' }
	};

	process_error = -EIO;
	ck_assert_int_eq(run_top("top", 80, 24, steps), 0);
	leave_top();
}
END_TEST

START_TEST(missing_plugins)
{
	static const struct step steps[] = { { "load 0.50", NULL, 'q' } };

	teardown();
	setup(); /* load alone */
	ck_assert_int_eq(run_top("top", 80, 24, steps), 0);
	expect_row(1, "cpu  not loaded");
	expect_row(2, "mem  not loaded");
	expect_row(3, "pressure not loaded");
	expect_row(4, "disk not loaded");
	expect_row(5, "net  not loaded");
	expect_row(6, "processes: not loaded");
	expect_row(23, "q quit");
	leave_top();
}
END_TEST

/* ---- for everybody else ---------------------------------------------------------------------- */

START_TEST(plain_snapshot)
{
	unsigned lines = 0;

	cores = 64;
	ck_assert_int_eq(world_say(&world, "top"), 0);
	ck_assert(says("cpu  ["));
	ck_assert(says("63 ["));
	ck_assert(says("\npid "));
	ck_assert(says("?[2J?evil?"));
	ck_assert(says("disk sda"));
	ck_assert_ptr_null(strchr(world_text(&world), '\033'));
	ck_assert_ptr_null(strstr(world_text(&world), "q quit"));
	for (const char *s = world_text(&world); (s = strchr(s, '\n')); s++)
		lines++;
	ck_assert_uint_ge(lines, 20 + 5 + 16);
	ck_assert_uint_le(lines, 20 + 12 + 40);
	world.asker.render.ascii = true;
	world_say(&world, "top");
	for (const char *s = world_text(&world); *s; s++)
		ck_assert_int_gt(*s, 0);
	world.asker.render.ascii = false;
	/* A slow one is waited for, but not for long. */
	slow_ms = 8000;
	ck_assert_int_eq(world_say(&world, "top"), 0);
	ck_assert(says("processes: ...\n"));
}
END_TEST

/* A bar has no fewer columns than none. */
START_TEST(narrow_snapshot)
{
	for (unsigned width = 1; width < 14; width++) {
		world.asker.render.width = width;
		ck_assert_int_eq(world_say(&world, "top"), 0);
		ck_assert_msg(!says("cpu  [") && !says("mem  ["), "%u: %s", width,
			      world_text(&world));
	}
	world.asker.render.width = 0;
}
END_TEST

START_TEST(usage)
{
	expect("top --json", STATUS_USAGE,
	       "{\"error\":\"top: is for the eye, neither JSON nor CSV (try status, cpu, "
	       "process)\",\"status\":64}\n");
	expect("top | head 3", STATUS_USAGE, "error: top: nothing to filter (try process)\n");
	expect_part("top -n 0", STATUS_USAGE, "usage: top");
	expect_part("watch top", STATUS_USAGE, "top: cannot stand inside watch or until");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("builtins_top");
	TCase *c = tcase_create("builtins_top");

	tcase_add_checked_fixture(c, open_machine, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, screen_of_a_machine);
	tcase_add_test(c, windows_of_every_size);
	tcase_add_test(c, window_that_changes);
	tcase_add_test(c, many_cores);
	tcase_add_test(c, keys_sort_scroll_and_filter);
	tcase_add_test(c, any_keys);
	tcase_add_test(c, note_waits);
	tcase_add_test(c, interrupted);
	tcase_add_test(c, slow_plugin);
	tcase_add_test(c, broken_plugin);
	tcase_add_test(c, missing_plugins);
	tcase_add_test(c, plain_snapshot);
	tcase_add_test(c, narrow_snapshot);
	tcase_add_test(c, usage);
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
