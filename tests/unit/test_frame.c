/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of frame: what is written is read back, cut off at any byte it is incomplete or
 * refused, and lengths that lie are refused.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#include <check.h>

enum { OUT_BYTES = 4 << 20 };

static struct frame
take(const struct buf *b)
{
	struct frame f;
	size_t size;

	ck_assert_int_eq(frame_take(b->data, b->len, &f, &size), 1);
	ck_assert_uint_eq(size, b->len);
	return f;
}

START_TEST(fields_round_trip)
{
	_autobuf_ struct buf b = BUF_INIT(OUT_BYTES);
	size_t begin = frame_begin(&b, FRAME_RUN, 7);
	struct frame_reader r;
	struct frame f;

	frame_put_u8(&b, 200);
	frame_put_u32(&b, 4000000000u);
	frame_put_i64(&b, INT64_MIN);
	frame_put_f64(&b, 0.1);
	frame_put_text(&b, "a\xc3\xa4");
	frame_put_text(&b, "");
	frame_put_text(&b, NULL);
	ck_assert_int_eq(frame_end(&b, begin), 0);
	f = take(&b);
	ck_assert_int_eq(f.type, FRAME_RUN);
	ck_assert_uint_eq(f.call, 7);
	r = frame_read(&f);
	ck_assert_uint_eq(frame_get_u8(&r), 200);
	ck_assert_uint_eq(frame_get_u32(&r), 4000000000u);
	ck_assert_int_eq(frame_get_i64(&r), INT64_MIN);
	ck_assert_double_eq(frame_get_f64(&r), 0.1);
	ck_assert_str_eq(frame_get_text(&r), "a\xc3\xa4");
	ck_assert_str_eq(frame_get_text(&r), "");
	ck_assert_ptr_null(frame_get_text(&r));
	ck_assert_int_eq(frame_read_end(&r), 0);
	/* Past the end there is nothing, and it is told. */
	ck_assert_uint_eq(frame_get_u32(&r), 0);
	ck_assert_int_eq(frame_read_end(&r), -EBADMSG);
	ck_assert(isnan(frame_get_f64(&r)));
}
END_TEST

START_TEST(a_frame_that_is_cut_off_needs_more)
{
	_autobuf_ struct buf b = BUF_INIT(OUT_BYTES);
	size_t begin = frame_begin(&b, FRAME_LOG, 1), size;
	struct frame f;

	frame_put_text(&b, "some text");
	frame_end(&b, begin);
	for (size_t n = 0; n < b.len; n++) {
		ck_assert_int_eq(frame_take(b.data, n, &f, &size), 0);
		ck_assert_uint_eq(size, n < FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES : b.len);
	}
	/* What follows belongs to the next one. */
	buf_put(&b, "xyz", 3);
	ck_assert_int_eq(frame_take(b.data, b.len, &f, &size), 1);
	ck_assert_uint_eq(size, b.len - 3);
}
END_TEST

static int
take_header(uint32_t length, uint32_t type)
{
	uint32_t head[4] = { length, type, 1, 0 };
	struct frame f;
	size_t size;

	return frame_take((const char *)head, sizeof(head), &f, &size);
}

START_TEST(headers_that_lie_are_refused)
{
	ck_assert_int_eq(take_header(4, FRAME_DONE), 1);
	ck_assert_int_eq(take_header(5, FRAME_DONE), 0);
	ck_assert_int_eq(take_header(FRAME_MAX_BYTES, FRAME_DONE), 0);
	ck_assert_int_eq(take_header(FRAME_MAX_BYTES + 1, FRAME_DONE), -EBADMSG);
	ck_assert_int_eq(take_header(UINT32_MAX, FRAME_DONE), -EBADMSG);
	ck_assert_int_eq(take_header(4, 0), -EBADMSG);
	ck_assert_int_eq(take_header(4, FRAME__COUNT), -EBADMSG);
}
END_TEST

static const char *
text_of(uint32_t n, const char *bytes, size_t size, bool *ret_bad)
{
	static char payload[64];
	struct frame f = { .payload = payload, .size = sizeof(n) + size };
	struct frame_reader r = frame_read(&f);
	const char *s;

	memcpy(payload, &n, sizeof(n));
	memcpy(payload + sizeof(n), bytes, size);
	s = frame_get_text(&r);
	*ret_bad = r.bad;
	return s;
}

START_TEST(texts_that_lie_are_refused)
{
	bool bad;

	ck_assert_str_eq(text_of(2, "ab\0", 3, &bad), "ab");
	ck_assert(!bad);
	ck_assert_ptr_null(text_of(3, "ab\0", 3, &bad)); /* longer than there is */
	ck_assert(bad);
	ck_assert_ptr_null(text_of(2, "abc", 3, &bad)); /* no end */
	ck_assert(bad);
	ck_assert_ptr_null(text_of(2, "a\0\0", 3, &bad)); /* an end inside */
	ck_assert(bad);
	ck_assert_ptr_null(text_of(UINT32_MAX - 1, "ab\0", 3, &bad));
	ck_assert(bad);
}
END_TEST

START_TEST(what_is_too_long_is_taken_back)
{
	_autobuf_ struct buf b = BUF_INIT(OUT_BYTES);
	char *text = malloc(FRAME_MAX_BYTES + 2);
	size_t begin;

	memset(text, 'x', FRAME_MAX_BYTES + 1);
	text[FRAME_MAX_BYTES + 1] = '\0';
	buf_puts(&b, "before");
	begin = frame_begin(&b, FRAME_LOG, 1);
	frame_put_text(&b, text);
	ck_assert_int_eq(frame_end(&b, begin), -EMSGSIZE);
	ck_assert_str_eq(buf_str(&b), "before");
	free(text);
}
END_TEST

/* ---- rows ---- */

static const struct telmon_column columns[] = {
	{ .name = "n", .type = TELMON_INT },
	{ .name = "x", .type = TELMON_REAL },
	{ .name = "s", .type = TELMON_TEXT },
};

static void
add_row(struct rows *rows, int64_t n, const char *s)
{
	rows_begin(rows);
	rows_int(rows, n);
	rows_real(rows, (double)n / 4);
	rows_text(rows, s);
}

/* Sends them through frames; returns how many it took. */
static int
pass(const struct rows *from, struct rows *to)
{
	size_t row = 0;
	int frames = 0, more = 1;

	while (more) {
		_autobuf_ struct buf b = BUF_INIT(OUT_BYTES);
		struct frame f;

		more = frame_put_rows(&b, 3, from, &row);
		ck_assert_int_ge(more, 0);
		f = take(&b);
		ck_assert_int_eq(frame_get_rows(&f, to), 0);
		frames++;
	}
	return frames;
}

START_TEST(rows_round_trip)
{
	struct rows from, to;

	rows_init(&from, columns, 3, 0);
	rows_init(&to, columns, 3, 0);
	ck_assert_int_eq(pass(&from, &to), 1);
	ck_assert_uint_eq(to.n_rows, 0);
	for (int i = 0; i < 10000; i++)
		add_row(&from, i, i % 3 ? "text" : NULL);
	ck_assert_int_gt(pass(&from, &to), 1);
	ck_assert_uint_eq(to.n_rows, 10000);
	for (size_t i = 0; i < to.n_rows; i++) {
		ck_assert_int_eq(rows_cell(&to, i, 0)->i, (int64_t)i);
		ck_assert_double_eq(rows_cell(&to, i, 1)->f, (double)i / 4);
		ck_assert_int_eq(rows_cell(&to, i, 2)->type, i % 3 ? CELL_TEXT : CELL_NULL);
	}
	rows_fini(&from);
	rows_fini(&to);
}
END_TEST

START_TEST(large_rows_get_frames_of_their_own)
{
	char *text = malloc(FRAME_MAX_BYTES);
	struct rows from, to;
	_autobuf_ struct buf b = BUF_INIT(OUT_BYTES);
	size_t row = 0;

	rows_init(&from, columns, 3, 0);
	rows_init(&to, columns, 3, 0);
	memset(text, 'x', FRAME_MAX_BYTES - 100);
	text[FRAME_MAX_BYTES - 100] = '\0';
	add_row(&from, 1, "small");
	add_row(&from, 2, text);
	add_row(&from, 3, "small");
	ck_assert_int_eq(pass(&from, &to), 2);
	ck_assert_uint_eq(to.n_rows, 3);
	ck_assert_uint_eq(strlen(rows_cell(&to, 1, 2)->s), FRAME_MAX_BYTES - 100);
	memset(text, 'x', FRAME_MAX_BYTES - 1);
	text[FRAME_MAX_BYTES - 1] = '\0';
	rows_fini(&from);
	rows_init(&from, columns, 3, 0);
	add_row(&from, 1, text);
	ck_assert_int_eq(frame_put_rows(&b, 1, &from, &row), -EMSGSIZE);
	rows_fini(&from);
	rows_fini(&to);
	free(text);
}
END_TEST

START_TEST(rows_of_other_columns_are_refused)
{
	_autobuf_ struct buf b = BUF_INIT(OUT_BYTES);
	struct rows from, two, small;
	size_t row = 0;
	struct frame f;

	rows_init(&from, columns, 3, 0);
	rows_init(&two, columns, 2, 0);
	rows_init(&small, columns, 3, 16);
	add_row(&from, 1, "a");
	ck_assert_int_eq(frame_put_rows(&b, 1, &from, &row), 0);
	f = take(&b);
	ck_assert_int_eq(frame_get_rows(&f, &two), -EBADMSG);
	ck_assert_int_eq(frame_get_rows(&f, &small), -EMSGSIZE);
	for (size_t n = 0; n < f.size; n++) {
		struct frame cut = { .payload = f.payload, .size = n };
		struct rows to;

		rows_init(&to, columns, 3, 0);
		/* Behind the number of columns an end is one of no rows. */
		ck_assert_int_eq(frame_get_rows(&cut, &to), n == 4 ? 0 : -EBADMSG);
		rows_fini(&to);
	}
	rows_fini(&from);
	rows_fini(&two);
	rows_fini(&small);
}
END_TEST

/* ---- values ---- */

static struct metric_set *
make_set(void)
{
	static const struct telmon_metric metrics[] = {
		{ .name = "plain" },
		{ .name = "labelled", .labels = "a,b", .help = "help" },
	};
	_autobuf_ struct buf why = BUF_WHY;

	return metric_set_new(metrics, 2, sizeof(metrics[0]), &why);
}

static int
put_value(void *ctx, uint32_t metric, const char *const *labels, size_t n, double value)
{
	return snapshot_builder_put(ctx, metric, labels, n, value);
}

START_TEST(values_round_trip)
{
	struct metric_set *set = make_set();
	struct snapshot_builder *from = snapshot_builder_new(set), *to = snapshot_builder_new(set);
	struct snapshot *s, *t;
	size_t sample = 0;
	int more = 1;

	snapshot_builder_put(from, 0, NULL, 0, 1.5);
	for (int i = 0; i < 20000; i++) {
		char name[16];
		const char *labels[] = { name, "b" };

		snprintf(name, sizeof(name), "%d", i);
		snapshot_builder_put(from, 1, labels, 2, i);
	}
	s = snapshot_builder_seal(from, 1, 2);
	while (more) {
		_autobuf_ struct buf b = BUF_INIT(OUT_BYTES);
		struct frame f;

		more = frame_put_values(&b, 1, s, &sample);
		f = take(&b);
		ck_assert_int_eq(frame_get_values(&f, put_value, to), 0);
	}
	t = snapshot_builder_seal(to, 1, 2);
	ck_assert_uint_eq(t->n, s->n);
	ck_assert_double_eq(snapshot_value(t, 0, 0), 1.5);
	ck_assert_double_eq(snapshot_value(t, 1, 19999), 19999);
	ck_assert_str_eq(snapshot_label(t, 1, 19999, 0), "19999");
	ck_assert_str_eq(snapshot_label(t, 1, 19999, 1), "b");
	snapshot_unref(s);
	snapshot_unref(t);
	metric_set_unref(set);
}
END_TEST

static int
refuse_value(void *ctx, uint32_t metric, const char *const *labels, size_t n, double value)
{
	(void)ctx;
	(void)metric;
	(void)labels;
	(void)n;
	(void)value;
	return -EMSGSIZE;
}

START_TEST(values_that_lie_are_refused)
{
	struct metric_set *set = make_set();
	struct snapshot_builder *from = snapshot_builder_new(set);
	_autobuf_ struct buf b = BUF_INIT(OUT_BYTES), many = BUF_INIT(OUT_BYTES);
	const char *labels[] = { "x", "y" };
	struct snapshot *s;
	size_t sample = 0, begin;
	struct frame f;

	snapshot_builder_put(from, 1, labels, 2, 5);
	s = snapshot_builder_seal(from, 1, 2);
	ck_assert_int_eq(frame_put_values(&b, 1, s, &sample), 0);
	f = take(&b);
	ck_assert_int_eq(frame_get_values(&f, refuse_value, NULL), -EMSGSIZE);
	for (size_t n = 1; n < f.size; n++) {
		struct frame cut = { .payload = f.payload, .size = n };
		struct snapshot_builder *to = snapshot_builder_new(set);

		ck_assert_int_eq(frame_get_values(&cut, put_value, to), -EBADMSG);
		snapshot_builder_free(to);
	}
	begin = frame_begin(&many, FRAME_VALUES, 1);
	frame_put_u32(&many, 0);
	frame_put_f64(&many, 1);
	frame_put_u8(&many, METRIC_MAX_LABELS + 1);
	frame_end(&many, begin);
	f = take(&many);
	ck_assert_int_eq(frame_get_values(&f, refuse_value, NULL), -EBADMSG);
	snapshot_unref(s);
	metric_set_unref(set);
}
END_TEST

/* ---- declarations ---- */

static int
nothing(struct telmon *t)
{
	(void)t;
	return 0;
}

static const struct telmon_arg args[] = {
	{ .name = "rows", .flag = 'n', .type = TELMON_INT, .def = "5", .min = 1, .max = 9 },
	{ .name = "word", .type = TELMON_TEXT, .help = "a word" },
};
static const struct telmon_column rich[] = {
	{ .name = "used_bytes",
	  .type = TELMON_INT,
	  .unit = TELMON_BYTES,
	  .priority = 3,
	  .warn = 80,
	  .crit = 90,
	  .help = "used",
	  .formula = "a - b" },
};
static const struct telmon_command command = { .name = "look",
					       .help = "looks",
					       .run = nothing,
					       .cache_s = 0.5,
					       .deadline_s = 3,
					       TELMON_COLUMNS(rich),
					       TELMON_ARGS(args) };

static void
check_command(const struct telmon_command *c)
{
	ck_assert_str_eq(c->name, "look");
	ck_assert_str_eq(c->help, "looks");
	ck_assert(c->run && !c->view);
	ck_assert_int_eq(c->run(NULL), -ENOSYS);
	ck_assert_double_eq(c->cache_s, 0.5);
	ck_assert_double_eq(c->deadline_s, 3);
	ck_assert_uint_eq(c->n_columns, 1);
	ck_assert_str_eq(c->columns[0].name, "used_bytes");
	ck_assert_int_eq(c->columns[0].unit, TELMON_BYTES);
	ck_assert_int_eq(c->columns[0].priority, 3);
	ck_assert_double_eq(c->columns[0].crit, 90);
	ck_assert_str_eq(c->columns[0].formula, "a - b");
	ck_assert_uint_eq(c->n_args, 2);
	ck_assert_int_eq(c->args[0].flag, 'n');
	ck_assert_str_eq(c->args[0].def, "5");
	ck_assert_double_eq(c->args[0].max, 9);
	ck_assert_ptr_null(c->args[0].help);
	ck_assert_ptr_null(c->args[1].def);
}

START_TEST(commands_round_trip)
{
	_autobuf_ struct buf b = BUF_INIT(OUT_BYTES);
	struct telmon_command c;
	struct arena arena;
	struct frame f;

	arena_init(&arena, 0);
	ck_assert_int_eq(frame_put_command(&b, 1, &command), 0);
	f = take(&b);
	ck_assert_int_eq(frame_get_command(&f, &arena, &c), 0);
	check_command(&c);
	for (size_t n = 0; n < f.size; n++) {
		struct frame cut = { .payload = f.payload, .size = n };

		ck_assert_int_eq(frame_get_command(&cut, &arena, &c), -EBADMSG);
	}
	arena_fini(&arena);
}
END_TEST

START_TEST(heads_and_metrics_round_trip)
{
	struct telmon_plugin decl = { TELMON_PLUGIN_HEAD, .version = "1.2", .mode = TELMON_SAMPLED,
				      .interval_s = 5,	  .n_metrics = 2,   .n_commands = 1,
				      .collect = nothing };
	_autobuf_ struct buf b = BUF_INIT(OUT_BYTES), c = BUF_INIT(OUT_BYTES);
	struct metric_set *set = make_set();
	struct telmon_plugin p;
	struct telmon_metric m;
	struct arena arena;
	struct frame f;

	arena_init(&arena, 0);
	ck_assert_int_eq(frame_put_plugin(&b, 1, &decl), 0);
	f = take(&b);
	ck_assert_int_eq(frame_get_plugin(&f, &arena, &p), 0);
	ck_assert_str_eq(p.version, "1.2");
	ck_assert_ptr_null(p.help);
	ck_assert_int_eq(p.mode, TELMON_SAMPLED);
	ck_assert(p.collect && !p.start && !p.stop);
	ck_assert_uint_eq(p.n_metrics, 2);
	ck_assert_uint_eq(p.size_column, sizeof(struct telmon_column));
	ck_assert_int_eq(frame_put_metric(&c, 1, &set->metrics[1]), 0);
	f = take(&c);
	ck_assert_int_eq(frame_get_metric(&f, &arena, &m), 0);
	ck_assert_str_eq(m.name, "labelled");
	ck_assert_str_eq(m.labels, "a,b");
	ck_assert_str_eq(m.help, "help");
	metric_set_unref(set);
	arena_fini(&arena);
}
END_TEST

START_TEST(long_texts_of_declarations_are_cut)
{
	char text[3000];
	struct telmon_column column = { .name = "n", .help = text };
	struct telmon_command c = {
		.name = "long", .help = text, .view = nothing, .columns = &column, .n_columns = 1
	};
	_autobuf_ struct buf b = BUF_INIT(OUT_BYTES);
	struct telmon_command ret;
	struct arena arena;
	struct frame f;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	arena_init(&arena, 0);
	ck_assert_int_eq(frame_put_command(&b, 1, &c), 0);
	f = take(&b);
	ck_assert_int_eq(frame_get_command(&f, &arena, &ret), 0);
	ck_assert_uint_eq(strlen(ret.help), 1000);
	ck_assert_uint_eq(strlen(ret.columns[0].help), 1000);
	arena_fini(&arena);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("frame");
	TCase *c = tcase_create("fast");
	SRunner *runner;
	int failed;

	tcase_add_test(c, fields_round_trip);
	tcase_add_test(c, a_frame_that_is_cut_off_needs_more);
	tcase_add_test(c, headers_that_lie_are_refused);
	tcase_add_test(c, texts_that_lie_are_refused);
	tcase_add_test(c, what_is_too_long_is_taken_back);
	tcase_add_test(c, rows_round_trip);
	tcase_add_test(c, large_rows_get_frames_of_their_own);
	tcase_add_test(c, rows_of_other_columns_are_refused);
	tcase_add_test(c, values_round_trip);
	tcase_add_test(c, values_that_lie_are_refused);
	tcase_add_test(c, commands_round_trip);
	tcase_add_test(c, heads_and_metrics_round_trip);
	tcase_add_test(c, long_texts_of_declarations_are_cut);
	suite_add_tcase(s, c);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
