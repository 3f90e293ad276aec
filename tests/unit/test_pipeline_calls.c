/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_pipeline_calls -- answers that have to be waited for: runs, collects on demand, late,
 * failing and stuck ones; rounds of watch and until; and many sessions side by side.
 */
#include "pipeline_box.h"

/* ---- runs ------------------------------------------------------------------------------------ */

START_TEST(run_fails)
{
	ck_assert_int_eq(world_say(&world, "fail"), STATUS_FAILED);
	ck_assert_contains(world_text(&world), "error: fail: cannot read /proc");
	ck_assert_contains(world_text(&world), "Permission denied");
	ck_assert_int_eq(runs, 1);
}
END_TEST

START_TEST(run_head)
{
	world_say(&world, "list --json");
	ck_assert_contains(world_text(&world), "\"interval\":null,");
	ck_assert_contains(world_text(&world), "\"age\":0");
}
END_TEST

START_TEST(run_is_late)
{
	world_set_limits(&world, 0.05, 1, 64 << 20);
	expect("sleep", STATUS_TIMEOUT, "error: sleep: no answer within 0.05 s\n");
}
END_TEST

/* Each of its rows costs some 50 us: nobody waits for the end. */
static const char endless[] =
	"many -n 400000 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | include '(a?){30}b'";

/* Of the processors' time: others take as much as they like. */
static int64_t
spent_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

START_TEST(filters_are_left_in_time)
{
	int64_t before_ns;

	world_say(&world, "many -n 1");
	for (int error = -EPIPE; error; error = error == -EPIPE ? -ECANCELED : 0) {
		world.fake.cancel_at_wait = 3;
		world.fake.wait_error = error;
		before_ns = spent_ns();
		ck_assert_int_eq(world_say(&world, endless), error);
		ck_assert_uint_eq(world.fake.waits, 3);
		ck_assert_str_eq(world_text(&world), "");
		/* Three looks at 50 ms each; making the rows takes its time under a sanitizer. */
		ck_assert_int_lt(spent_ns() - before_ns, 10 * NS_PER_S);
	}
	world.fake.cancel_at_wait = 0;
	world_set_limits(&world, 0.1, 1, 64 << 20);
	expect(endless, STATUS_TIMEOUT, "error: many: no answer within 0.1 s\n");
}
END_TEST

static void
spin_until(_Atomic bool *flag)
{
	int64_t until_ns = now_ns() + 5 * NS_PER_S;

	while (!*flag && now_ns() < until_ns)
		sched_yield();
	ck_assert(*flag);
}

START_TEST(a_late_call_is_left)
{
	world_set_limits(&world, 0.02, 1, 64 << 20);
	ck_assert_int_eq(world_say(&world, "sleep"), STATUS_TIMEOUT);
	spin_until(&was_cancelled);
	world_set_limits(&world, 10, 1, 64 << 20);
	expect("list | count --csv", 1, "count\n4\n");
}
END_TEST

static void
until_it_runs(struct fake *f)
{
	int64_t until_ns = now_ns() + 5 * NS_PER_S;

	(void)f;
	while (!runs && now_ns() < until_ns)
		sched_yield();
	ck_assert_int_eq(runs, 1);
}

START_TEST(run_is_cancelled)
{
	world.fake.on_wait = until_it_runs;
	world.fake.cancel_at_wait = 1;
	world.fake.wait_error = -ECANCELED;
	expect("sleep", -ECANCELED, "");
	spin_until(&was_cancelled);
	world.fake.on_wait = NULL;
	world.fake.wait_error = -EPIPE;
	expect("sleep", -EPIPE, "");
	world.fake.cancel_at_wait = 0;
	expect("list | count --csv", 1, "count\n4\n");
}
END_TEST

START_TEST(without_a_doorbell)
{
	world.fake.no_bell = true;
	expect("list | count --csv", 1, "count\n4\n");
	world_set_limits(&world, 0.05, 1, 64 << 20);
	expect("sleep", STATUS_TIMEOUT, "error: sleep: no answer within 0.05 s\n");
}
END_TEST

/* ---- on demand ------------------------------------------------------------------------------- */

START_TEST(collects_when_asked)
{
	expect("lazy", 0, "name  ticks  rate\nall     100     -\n");
	expect("lazy", 0, "name  ticks  rate\nall     100     -\n");
	ck_assert_int_eq(collects, 1);
	ck_assert_int_eq(views, 1);
	world_set_limits(&world, 10, 0, 64 << 20);
	ck_assert_int_eq(world_say(&world, "lazy"), 0);
	ck_assert_int_eq(collects, 2);
	ck_assert_contains(world_text(&world), "200");
	ck_assert_contains(world_text(&world),
			   "/s"); /* the one before is young enough for a rate */
}
END_TEST

START_TEST(a_sampled_one_is_collected_once)
{
	expect("box", 0, "name  ticks  rate\nall     100     -\n");
	ck_assert_int_eq(collects, 1);
	world_set_limits(&world, 10, 0, 64 << 20);
	expect("box | head 1", 0, "name  ticks  rate\nall     100     -\n");
	ck_assert_int_eq(collects, 1);
}
END_TEST

START_TEST(first_collect_fails)
{
	collect_error = -ENOENT;
	ck_assert_int_eq(world_say(&world, "lazy"), STATUS_FAILED);
	ck_assert_int_eq(strncmp(world_text(&world), "error: lazy: cannot read /proc/ticks", 36),
			 0);
	collect_error = 0;
	ck_assert_int_eq(world_say(&world, "lazy"), 0);
}
END_TEST

START_TEST(old_values_when_a_collect_fails)
{
	double age_s;

	add_snapshot(lazy_plugin, 42, 5);
	collect_error = -ENOENT;
	ck_assert_int_eq(world_say(&world, "lazy --json"), 0);
	ck_assert_contains(world_text(&world), "\"ticks\":42");
	ck_assert_int_eq(sscanf(strstr(world_text(&world), "\"age\":"), "\"age\":%lf", &age_s), 1);
	ck_assert(age_s >= 5 && age_s < 60);
}
END_TEST

START_TEST(old_values_when_a_collect_is_late)
{
	world_set_limits(&world, 0.05, 1, 64 << 20);
	block_collect = true;
	expect("lazy", STATUS_TIMEOUT, "error: lazy: no answer within 0.05 s\n");
	add_snapshot(lazy_plugin, 42, 5);
	expect("lazy", 0, "name  ticks  rate\nall      42     -\n");
	block_collect = false;
}
END_TEST

START_TEST(waiting_for_a_collect_is_cancelled)
{
	block_collect = true;
	world.fake.cancel_at_wait = 1;
	world.fake.wait_error = -ECANCELED;
	expect("lazy", -ECANCELED, "");
	world.fake.cancel_at_wait = 0;
	block_collect = false;
}
END_TEST

/* A collect that ignores its deadline. */
static _Atomic bool hold;

static int
stuck_collect(struct telmon *t)
{
	while (hold)
		sched_yield();
	telmon_put(t, TICKS, 1);
	return 0;
}

static const struct telmon_command stuck_commands[] = {
	{ .name = "stuck", .help = "stuck", .view = view_box, TELMON_COLUMNS(box_columns) },
	{ .name = "stucklist", .help = "stuck", .run = run_list, TELMON_COLUMNS(box_columns) },
};

static const struct telmon_plugin stuck = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "stuck",
	.collect = stuck_collect,
	TELMON_METRICS(box_metrics),
	TELMON_COMMANDS(stuck_commands),
};

START_TEST(stuck_plugin)
{
	struct plugin *p = world_add(&world, "stuck", &stuck);
	int64_t until_ns = now_ns() + 5 * NS_PER_S;

	p->deadline_ns = 20 * NS_PER_MS;
	world_publish(&world, builtins, sizeof(builtins) / sizeof(*builtins));
	hold = true;
	ck_assert_int_ge(world_say(&world, "stuck"), STATUS_USAGE);
	while (executor_stuck_s(world.executor, p) == 0 && now_ns() < until_ns)
		sched_yield();
	ck_assert_int_eq(world_say(&world, "stuck"), STATUS_UNAVAILABLE);
	ck_assert_int_eq(strncmp(world_text(&world), "error: stuck: ", 14), 0);
	ck_assert_int_eq(world_say(&world, "stucklist"), STATUS_UNAVAILABLE);
	add_snapshot(p, 5, 3);
	expect("stuck", 0, "name  ticks  rate\nall       5     -\n");
	hold = false;
	while (executor_stuck_s(world.executor, p) > 0 && now_ns() < until_ns)
		sched_yield();
	expect("stucklist | count --csv", 1, "count\n4\n");
}
END_TEST

/* ---- rounds ---------------------------------------------------------------------------------- */

static struct pipeline_round *
open_round(const char *line, struct arena *arena, int *ret_status, struct buf *why)
{
	struct parse_command *cmd;
	size_t at = 0;

	arena_init(arena, 1 << 20);
	ck_assert_int_eq(parse_next(line, strlen(line), &at, arena, &cmd, why), 1);
	return pipeline_round_new(world.pipeline, &world.asker, cmd, ret_status, why);
}

static double
cell_of_round(struct pipeline_round *round, size_t column)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct rows *rows;
	const struct cell *c;

	ck_assert_int_eq(pipeline_round_rows(round, &world.fake.reply, &rows, &why), 0);
	ck_assert_uint_eq(rows->n_rows, 1);
	c = rows_cell(rows, 0, column);
	return c->type == CELL_NULL ? (double)NAN : c->type == CELL_INT ? (double)c->i : c->f;
}

START_TEST(rates_since_the_round_before)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct pipeline_round *round;
	struct arena arena;
	int status;

	add_snapshot(box_plugin, 100, 20);
	add_snapshot(box_plugin, 200, 10);
	round = open_round("box", &arena, &status, &why);
	ck_assert_ptr_nonnull(round);
	ck_assert_double_eq_tol(cell_of_round(round, 2), 10, 0.1);
	add_snapshot(box_plugin, 900, 6);
	add_snapshot(box_plugin, 1000, 2);
	ck_assert_double_eq_tol(cell_of_round(round, 2), 100, 0.1); /* (1000 - 200) / 8 */
	ck_assert_double_eq_tol(cell_of_round(round, 2), 100,
				0.1); /* nothing new: the same again */
	add_snapshot(box_plugin, 1002, 1);
	ck_assert_double_eq_tol(cell_of_round(round, 2), 2, 0.1);
	ck_assert_int_eq(pipeline_round_write(round, &world.fake.reply), 0);
	ck_assert_contains(world_text(&world), "1002");
	pipeline_round_free(round);
	arena_fini(&arena);
	/* A round's answer must not be what the next one gets who asks. */
	ck_assert_int_eq(world_say(&world, "box"), 0);
	ck_assert_int_eq(views, 5);
}
END_TEST

START_TEST(round_errors)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct arena arena;
	int status = 0;

	ck_assert_ptr_null(open_round("nosuch", &arena, &status, &why));
	ck_assert_int_eq(status, STATUS_USAGE);
	arena_fini(&arena);
	ck_assert_ptr_null(open_round("box | sort nosuch", &arena, &status, &why));
	ck_assert_int_eq(status, STATUS_USAGE);
	arena_fini(&arena);
	ck_assert_ptr_null(open_round("change", &arena, &status, &why));
	ck_assert_int_eq(status, STATUS_DENIED);
	arena_fini(&arena);
	pipeline_round_free(NULL);
}
END_TEST

/* Takes the rows once they are there; -EAGAIN came `waits` times before. */
static int
take_round(struct pipeline_round *round, const struct rows **ret_rows, unsigned *ret_waits)
{
	_autobuf_ struct buf why = BUF_WHY;
	int r;

	*ret_waits = 0;
	while ((r = pipeline_round_take(round, &world.fake.reply, ret_rows, &why)) == -EAGAIN) {
		++*ret_waits;
		block_collect = false;
		ck_assert_int_ge(fake_wait(&world.fake.reply, now_ns() + 10 * NS_PER_S), 0);
	}
	return r;
}

/* Nothing waits inside, and what was taken stays until there is something new. */
START_TEST(round_in_two_steps)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct rows *rows, *before;
	struct pipeline_round *round;
	struct arena arena;
	unsigned waits;
	int status;

	round = open_round("list | include odd", &arena, &status, &why);
	pipeline_round_ask(round, &world.fake.reply);
	ck_assert_int_eq(take_round(round, &rows, &waits), 1);
	ck_assert_uint_eq(rows->n_rows, 2);
	pipeline_round_ask(round, &world.fake.reply);
	ck_assert_uint_eq(rows->n_rows, 2);
	ck_assert_int_eq(take_round(round, &rows, &waits), 1);
	pipeline_round_free(round);
	arena_fini(&arena);
	/* On demand, and late. */
	world_set_limits(&world, 10, 0, 64 << 20);
	round = open_round("lazy", &arena, &status, &why);
	pipeline_round_ask(round, &world.fake.reply);
	ck_assert_int_eq(take_round(round, &before, &waits), 0);
	block_collect = true;
	pipeline_round_ask(round, &world.fake.reply);
	pipeline_round_ask(round, &world.fake.reply);
	ck_assert_int_eq(pipeline_round_take(round, &world.fake.reply, &rows, &why), -EAGAIN);
	ck_assert_uint_eq(before->n_rows, 1);
	ck_assert_int_eq(take_round(round, &rows, &waits), 0);
	ck_assert_uint_ge(waits, 1);
	ck_assert(pipeline_round_age_s(round) >= 0 && pipeline_round_age_s(round) < 10);
	/* Past the deadline there are the old values, of a run none. */
	world_set_limits(&world, 0.05, 0, 64 << 20);
	block_collect = true;
	pipeline_round_ask(round, &world.fake.reply);
	while ((status = pipeline_round_take(round, &world.fake.reply, &rows, &why)) == -EAGAIN)
		fake_wait(&world.fake.reply, now_ns() + 10 * NS_PER_MS);
	ck_assert_int_eq(status, 0);
	block_collect = false;
	pipeline_round_free(round);
	arena_fini(&arena);
	round = open_round("sleep", &arena, &status, &why);
	pipeline_round_ask(round, &world.fake.reply);
	while ((status = pipeline_round_take(round, &world.fake.reply, &rows, &why)) == -EAGAIN)
		fake_wait(&world.fake.reply, now_ns() + 10 * NS_PER_MS);
	ck_assert_int_eq(status, STATUS_TIMEOUT);
	ck_assert_str_eq(buf_str(&why), "sleep: no answer within 0.05 s");
	/* Who leaves with a question open loses nothing but the answer. */
	pipeline_round_ask(round, &world.fake.reply);
	pipeline_round_free(round);
	arena_fini(&arena);
	/* A built-in is there at once. */
	buf_clear(&why);
	round = open_round("words a b", &arena, &status, &why);
	pipeline_round_ask(round, &world.fake.reply);
	ck_assert_int_eq(pipeline_round_take(round, &world.fake.reply, &rows, &why), 0);
	ck_assert_uint_eq(rows->n_rows, 2);
	pipeline_round_free(round);
	arena_fini(&arena);
}
END_TEST

/* A table that changes between two rounds, and a command that goes and comes again. */
START_TEST(round_of_plugins_that_come_and_go)
{
	static const char *const lines[] = { "box --csv", "list --csv",
					     "list --csv | include odd" };
	size_t n = world.n_plugins;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		_autobuf_ struct buf why = BUF_WHY, before = BUF_INIT(4096);
		struct pipeline_round *round;
		struct command_table *table;
		const struct rows *rows;
		struct arena arena;
		unsigned waits;
		int status;

		round = open_round(lines[i], &arena, &status, &why);
		ck_assert_ptr_nonnull(round);
		pipeline_round_ask(round, &world.fake.reply);
		ck_assert_int_lt(take_round(round, &rows, &waits), STATUS_USAGE);
		buf_clear(&world.fake.out);
		pipeline_round_write(round, &world.fake.reply);
		buf_puts(&before, world_text(&world));
		table = pipeline_round_table(round);
		world_publish(&world, builtins, sizeof(builtins) / sizeof(*builtins));
		pipeline_round_ask(round, &world.fake.reply);
		/* The rows of before are still there, and how old they are. */
		buf_clear(&world.fake.out);
		pipeline_round_write(round, &world.fake.reply);
		ck_assert_str_eq(world_text(&world), buf_str(&before));
		ck_assert(pipeline_round_age_s(round) < 10);
		ck_assert_int_lt(take_round(round, &rows, &waits), STATUS_USAGE);
		command_table_unref(table);
		world.n_plugins = 0;
		world_publish(&world, builtins, sizeof(builtins) / sizeof(*builtins));
		for (int k = 0; k < 2; k++) {
			pipeline_round_ask(round, &world.fake.reply);
			ck_assert_int_eq(take_round(round, &rows, &waits), STATUS_USAGE);
			buf_clear(&why);
			ck_assert_int_eq(pipeline_round_rows(round, &world.fake.reply, &rows, &why),
					 STATUS_USAGE);
			ck_assert_contains(buf_str(&why), "no command '");
		}
		world.n_plugins = n;
		world_publish(&world, builtins, sizeof(builtins) / sizeof(*builtins));
		pipeline_round_ask(round, &world.fake.reply);
		ck_assert_int_lt(take_round(round, &rows, &waits), STATUS_USAGE);
		pipeline_round_free(round);
		arena_fini(&arena);
	}
}
END_TEST

START_TEST(round_of_a_run)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct pipeline_round *round;
	const struct rows *rows;
	struct arena arena;
	int status;

	round = open_round("list | include odd", &arena, &status, &why);
	for (int i = 1; i <= 3; i++) {
		ck_assert_int_eq(pipeline_round_rows(round, &world.fake.reply, &rows, &why), 1);
		ck_assert_uint_eq(rows->n_rows, 2);
		ck_assert_int_eq(runs, i);
	}
	pipeline_round_free(round);
	arena_fini(&arena);
}
END_TEST

START_TEST(streams)
{
	add_snapshot(box_plugin, 100, 0);
	expect("twice -n 1 -q many -n 1 --csv", 0, "name,ticks,rate_per_s\nrow,0,\n--\n");
	ck_assert(world.fake.was_streaming);
	ck_assert(!world.fake.reply.streaming);
	expect("twice -- many -n 1 --csv", 0,
	       "name,ticks,rate_per_s\nrow,0,\n--\nname,ticks,rate_per_s\nrow,0,\n--\n");
	expect("twice -n1 many -n 4 | count --csv", 0, "count\n4\n--\n");
	world_say(&world, "box");
	ck_assert(!world.fake.was_streaming);
}
END_TEST

START_TEST(stream_usage)
{
	ck_assert_int_eq(world_say(&world, "twice"), STATUS_USAGE);
	ck_assert_contains(world_text(&world), "usage: twice");
	ck_assert_int_eq(world_say(&world, "twice -n 3"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "twice -n"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "twice -x box"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "twice twice box"), STATUS_USAGE);
	ck_assert_contains(world_text(&world), "cannot stand inside");
	ck_assert_int_eq(world_say(&world, "twice --"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "twice nosuch"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "twice box | sort nosuch"), STATUS_USAGE);
	ck_assert_int_eq(views, 0);
}
END_TEST

/* ---- many at once ---------------------------------------------------------------------------- */

enum { SESSIONS = 4, QUESTIONS = 300 };

static void *
one_session(void *arg)
{
	static const char *const lines[] = { "box",  "box --json",   "many -n 5 | sort -r ticks",
					     "lazy", "list | count", "kept" };
	struct fake *fake = arg;
	struct asker asker = { 0 };

	for (size_t i = 0; i < QUESTIONS; i++) {
		_autobuf_ struct buf why = BUF_WHY;
		const char *line = lines[i % (sizeof(lines) / sizeof(*lines))];
		struct parse_command *cmd;
		struct arena arena;
		size_t at = 0;
		int r;

		arena_init(&arena, 1 << 16);
		if (parse_next(line, strlen(line), &at, &arena, &cmd, &why) != 1)
			return "parse";
		buf_clear(&fake->out);
		r = pipeline_answer(world.pipeline, &asker, line, cmd, &fake->reply);
		arena_fini(&arena);
		if (r < 0 || r > 1 || !fake->out.len)
			return (void *)line;
	}
	return NULL;
}

START_TEST(sessions_side_by_side)
{
	struct fake fakes[SESSIONS];
	pthread_t threads[SESSIONS];
	void *wrong;

	add_snapshot(box_plugin, 1, 0);
	world_set_limits(&world, 10, 0.001, 64 << 20);
	for (int i = 0; i < SESSIONS; i++) {
		fake_init(&fakes[i]);
		ck_assert_int_eq(pthread_create(&threads[i], NULL, one_session, &fakes[i]), 0);
	}
	for (int i = 0; i < 200; i++) {
		add_snapshot(box_plugin, i, 0);
		sched_yield();
	}
	for (int i = 0; i < SESSIONS; i++) {
		pthread_join(threads[i], &wrong);
		ck_assert_msg(wrong == NULL, "%s: %s", (const char *)wrong, buf_str(&fakes[i].out));
		fake_fini(&fakes[i]);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("pipeline_calls");
	TCase *c = tcase_create("pipeline_calls");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, run_fails);
	tcase_add_test(c, run_head);
	tcase_add_test(c, run_is_late);
	tcase_add_test(c, filters_are_left_in_time);
	tcase_add_test(c, a_late_call_is_left);
	tcase_add_test(c, run_is_cancelled);
	tcase_add_test(c, without_a_doorbell);
	tcase_add_test(c, collects_when_asked);
	tcase_add_test(c, a_sampled_one_is_collected_once);
	tcase_add_test(c, first_collect_fails);
	tcase_add_test(c, old_values_when_a_collect_fails);
	tcase_add_test(c, old_values_when_a_collect_is_late);
	tcase_add_test(c, waiting_for_a_collect_is_cancelled);
	tcase_add_test(c, stuck_plugin);
	tcase_add_test(c, rates_since_the_round_before);
	tcase_add_test(c, round_errors);
	tcase_add_test(c, round_in_two_steps);
	tcase_add_test(c, round_of_plugins_that_come_and_go);
	tcase_add_test(c, round_of_a_run);
	tcase_add_test(c, streams);
	tcase_add_test(c, stream_usage);
	tcase_add_test(c, sessions_side_by_side);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
