/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of render: whole answers compared as strings, in every format, width and with texts
 * that were made to break them; pieces; and snapshots as Prometheus reads them.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "text.h"

#include <check.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct telmon_column columns[] = {
	{ .name = "device", .type = TELMON_TEXT },
	{ .name = "used_bytes", .type = TELMON_INT, .unit = TELMON_BYTES, .priority = 2 },
	{ .name = "used_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 1,
	  .warn = 80,
	  .crit = 90 },
	{ .name = "idle_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 9,
	  .warn = 10,
	  .crit = 5 },
	{ .name = "mount", .type = TELMON_TEXT },
};

static void
put_row(struct rows *r, const char *device, int64_t used, double percent, double idle,
	const char *mount)
{
	rows_begin(r);
	rows_text(r, device);
	rows_int(r, used);
	rows_real(r, percent);
	rows_real(r, idle);
	rows_text(r, mount);
}

static void
fill(struct rows *r)
{
	rows_init(r, columns, N(columns), 0);
	put_row(r, "sda1", 1536, 12.34, 1, "/");
	put_row(r, "b\xc3\xa4r", 0, 85, 7, "/mnt/a,b\"c");
	put_row(r, NULL, 3, NAN, NAN, NULL);
	put_row(r, "x\x1b[2J\n", INT64_C(1) << 40, 99.99, 20, "");
}

static void
render_all(struct buf *out, const struct rows *rows, struct render_options options)
{
	struct render r;
	int more;

	render_begin(&r, rows, &options);
	while ((more = render_next(&r, out)) == 1)
		;
	ck_assert_int_eq(more, 0);
}

static void
assert_rendered(const struct rows *rows, struct render_options options, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 24);

	render_all(&out, rows, options);
	ck_assert_str_eq(buf_str(&out), want);
}

START_TEST(text_is_aligned)
{
	struct rows rows;

	fill(&rows);
	assert_rendered(&rows, (struct render_options){ 0 },
			"device     used  used%  idle  mount\n"
			"sda1    1.5 KiB  12.3%   1 s  /\n"
			"b\xc3\xa4r         0 B  85.0%   7 s  /mnt/a,b\"c\n"
			"-           3 B      -     -  -\n"
			"x?[2J?    1 TiB  99.9%  20 s\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(headings_lose_their_unit)
{
	struct rows rows;

	rows_init(&rows, columns + 2, 3, 0);
	assert_rendered(&rows, (struct render_options){ 0 }, "used  idle  mount\n");
	rows_begin(&rows);
	assert_rendered(&rows, (struct render_options){ 0 }, "used  idle  mount\n   -     -  -\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(equal_headings_are_told_apart)
{
	static const struct telmon_column many[] = {
		{ .name = "used_percent", .type = TELMON_REAL },
		{ .name = "used_bytes", .type = TELMON_INT },
		{ .name = "used_seconds", .type = TELMON_REAL },
		{ .name = "percent", .type = TELMON_REAL },
	};
	struct rows rows;

	rows_init(&rows, many, N(many), 0);
	assert_rendered(&rows, (struct render_options){ 0 },
			"used%  used_bytes  used_seconds  percent\n");
	rows_fini(&rows);
	rows_init(&rows, many, 2, 0);
	assert_rendered(&rows, (struct render_options){ 0 }, "used%  used\n");
	/* The sign counts when a line is fitted. */
	assert_rendered(&rows, (struct render_options){ .width = 11 }, "used%  used\n");
	rows_fini(&rows);
	rows_init(&rows, many + 1, 2, 0);
	assert_rendered(&rows, (struct render_options){ 0 }, "used_bytes  used_seconds\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(verdicts_are_coloured)
{
	static const struct telmon_column some[] = { { .name = "verdict", .type = TELMON_TEXT },
						     { .name = "other", .type = TELMON_TEXT } };
	static const char *const words[] = { "ok", "warning", "critical", "unknown" };
	struct rows rows;

	rows_init(&rows, some, N(some), 0);
	for (size_t i = 0; i < N(words); i++) {
		rows_begin(&rows);
		rows_text(&rows, words[i]);
		rows_text(&rows, words[i]);
	}
	assert_rendered(&rows, (struct render_options){ .color = true },
			"verdict   other\n"
			"ok        ok\n"
			"\033[33mwarning\033[0m   warning\n"
			"\033[31mcritical\033[0m  critical\n"
			"unknown   unknown\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(plain_rows_have_no_header)
{
	struct rows rows;

	rows_init(&rows, columns, 1, 0);
	rows.plain = true;
	assert_rendered(&rows, (struct render_options){ 0 }, "");
	rows_begin(&rows);
	rows_text(&rows, "a line that is told whole  ");
	rows_begin(&rows);
	rows_text(&rows, "");
	assert_rendered(&rows, (struct render_options){ .width = 10 },
			"a line that is told whole\n\n");
	assert_rendered(&rows, (struct render_options){ .format = RENDER_JSON },
			"[{\"device\":\"a line that is told whole  \"},{\"device\":\"\"}]}\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(wide_characters_are_counted)
{
	struct rows rows;

	rows_init(&rows, columns, 2, 0);
	rows_begin(&rows);
	rows_text(&rows, "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2");
	rows_int(&rows, 1);
	rows_begin(&rows);
	rows_text(&rows, "e\xcc\x81t\xc3\xa9");
	rows_int(&rows, 22);
	assert_rendered(&rows, (struct render_options){ 0 },
			"device  used\n"
			"\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2   1 B\n"
			"e\xcc\x81t\xc3\xa9     22 B\n");
	assert_rendered(&rows, (struct render_options){ .ascii = true },
			"device  used\n"
			"???      1 B\n"
			"e?t?    22 B\n");
	rows_fini(&rows);
}
END_TEST

/* Two of the columns of a name and a number, so that headings are short. */
static const struct telmon_column narrow[] = {
	{ .name = "a", .type = TELMON_TEXT },
	{ .name = "b", .type = TELMON_INT, .priority = 1 },
	{ .name = "c", .type = TELMON_INT, .priority = 9 },
	{ .name = "d", .type = TELMON_INT, .priority = 9 },
	{ .name = "e", .type = TELMON_INT, .priority = 3 },
	{ .name = "f", .type = TELMON_INT },
};

static void
fill_narrow(struct rows *r, const char *text)
{
	rows_init(r, narrow, N(narrow), 0);
	rows_begin(r);
	rows_text(r, text);
	for (int i = 1; i < 6; i++)
		rows_int(r, i * 1000);
}

START_TEST(columns_are_dropped_by_priority)
{
	struct rows rows;

	fill_narrow(&rows, "xx");
	assert_rendered(&rows, (struct render_options){ .width = 32 },
			"a      b     c     d     e     f\nxx  1000  2000  3000  4000  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 31 },
			"a      b     c     e     f\nxx  1000  2000  4000  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 25 },
			"a      b     e     f\nxx  1000  4000  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 19 },
			"a      b     f\nxx  1000  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 13 }, "a      f\nxx  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 1 }, "a      f\nxx  5000\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(long_texts_are_shortened)
{
	struct rows rows;

	fill_narrow(&rows, "abcdefghijklmnopqrstuvwxyz");
	assert_rendered(&rows, (struct render_options){ .width = 19 },
			"a                 f\nabcdefghijkl\xe2\x80\xa6  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 19, .ascii = true },
			"a                 f\nabcdefghij...  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 20 },
			"a            b     f\nabcdefg\xe2\x80\xa6  1000  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 14 },
			"a            f\nabcdefg\xe2\x80\xa6  5000\n");
	/* Before a row wraps, even further. */
	assert_rendered(&rows, (struct render_options){ .width = 11 },
			"a         f\nabcd\xe2\x80\xa6  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 11, .ascii = true },
			"a         f\nab...  5000\n");
	assert_rendered(&rows, (struct render_options){ .width = 3 },
			"a        f\nabc\xe2\x80\xa6  5000\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(a_long_text_does_not_drive_columns_out)
{
	struct rows rows;
	char text[300];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fill_narrow(&rows, text);
	assert_rendered(&rows, (struct render_options){ .width = 46 },
			"a                    b     c     d     e     f\n"
			"xxxxxxxxxxxxxxx\xe2\x80\xa6  1000  2000  3000  4000  5000\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(several_texts_are_shortened_evenly)
{
	static const struct telmon_column texts[] = {
		{ .name = "a", .type = TELMON_TEXT },
		{ .name = "b", .type = TELMON_TEXT },
		{ .name = "c", .type = TELMON_TEXT },
	};
	struct rows rows;

	rows_init(&rows, texts, 3, 0);
	rows_begin(&rows);
	rows_text(&rows, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	rows_text(&rows, "bbbbbbbbb");
	rows_text(&rows, "cccccccccccccccccccccccccccccc");
	assert_rendered(&rows, (struct render_options){ .width = 33, .ascii = true },
			"a           b          c\naaaaaaa...  bbbbbbbbb  ccccccc...\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(thresholds_colour)
{
	struct rows rows;

	fill(&rows);
	assert_rendered(&rows, (struct render_options){ .color = true },
			"device     used  used%  idle  mount\n"
			"sda1    1.5 KiB  12.3%   \033[31m1 s\033[0m  /\n"
			"b\xc3\xa4r         0 B  \033[33m85.0%\033[0m   \033[33m7 "
			"s\033[0m  /mnt/a,b\"c\n"
			"-           3 B      -     -  -\n"
			"x?[2J?    1 TiB  \033[31m99.9%\033[0m  20 s\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(json_has_base_units)
{
	struct rows rows;

	fill(&rows);
	assert_rendered(
		&rows, (struct render_options){ .format = RENDER_JSON, .width = 5, .color = true },
		"[{\"device\":\"sda1\",\"used_bytes\":1536,\"used_percent\":12.34,\"idle_s\":1,"
		"\"mount\":\"/\"},"
		"{\"device\":\"b\xc3\xa4r\",\"used_bytes\":0,\"used_percent\":85,\"idle_s\":7,"
		"\"mount\":\"/mnt/a,b\\\"c\"},"
		"{\"device\":null,\"used_bytes\":3,\"used_percent\":null,\"idle_s\":null,\"mount\":"
		"null},"
		"{\"device\":\"x?[2J?\",\"used_bytes\":1099511627776,\"used_percent\":99.99,\"idle_"
		"s\":20,"
		"\"mount\":\"\"}]}\n");
	rows_fini(&rows);
	rows_init(&rows, columns, N(columns), 0);
	assert_rendered(&rows, (struct render_options){ .format = RENDER_JSON }, "[]}\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(json_knows_no_infinity)
{
	struct rows rows;

	rows_init(&rows, columns + 2, 2, 0);
	rows_begin(&rows);
	rows_real(&rows, INFINITY);
	rows_real(&rows, -INFINITY);
	assert_rendered(&rows, (struct render_options){ .format = RENDER_JSON },
			"[{\"used_percent\":null,\"idle_s\":null}]}\n");
	assert_rendered(&rows, (struct render_options){ .format = RENDER_CSV },
			"used_percent,idle_s\n,\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(json_head_says_what_and_when)
{
	_autobuf_ struct buf out = BUF_INIT(4096);
	struct render_head head = { "cpu \"x\"", "web1", 1763650000.1234, 0.4, 1.0 };

	ck_assert_int_eq(render_json_head(&out, &head), 0);
	ck_assert_str_eq(buf_str(&out),
			 "{\"command\":\"cpu \\\"x\\\"\",\"host\":\"web1\",\"time\":1763650000.123,"
			 "\"age\":0.4,\"interval\":1,\"rows\":");
	buf_clear(&out);
	head = (struct render_head){ "c", "a\nb", 0, NAN, INFINITY };
	render_json_head(&out, &head);
	ck_assert_str_eq(buf_str(&out), "{\"command\":\"c\",\"host\":\"a?b\",\"time\":0.000,"
					"\"age\":null,\"interval\":null,\"rows\":");
}
END_TEST

START_TEST(csv_is_quoted_where_needed)
{
	struct rows rows;

	fill(&rows);
	assert_rendered(&rows, (struct render_options){ .format = RENDER_CSV },
			"device,used_bytes,used_percent,idle_s,mount\n"
			"sda1,1536,12.34,1,/\n"
			"b\xc3\xa4r,0,85,7,\"/mnt/a,b\"\"c\"\n"
			",3,,,\n"
			"x?[2J?,1099511627776,99.99,20,\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(csv_has_no_empty_line)
{
	struct rows rows;

	rows_init(&rows, columns, 1, 0);
	rows_begin(&rows);
	rows_begin(&rows);
	rows_text(&rows, "");
	assert_rendered(&rows, (struct render_options){ .format = RENDER_CSV },
			"device\n\"\"\n\"\"\n");
	rows_fini(&rows);
}
END_TEST

START_TEST(errors_are_one_line)
{
	_autobuf_ struct buf out = BUF_INIT(4096);

	ck_assert_int_eq(render_error(&out, RENDER_TEXT, "cpu: it\nfailed \x1b[0m\"", 70), 0);
	ck_assert_str_eq(buf_str(&out), "error: cpu: it?failed ?[0m\"\n");
	buf_clear(&out);
	render_error(&out, RENDER_CSV, "a,b", 64);
	ck_assert_str_eq(buf_str(&out), "error: a,b\n");
	buf_clear(&out);
	render_error(&out, RENDER_JSON, "no command 'x\"\n'", 64);
	ck_assert_str_eq(buf_str(&out), "{\"error\":\"no command 'x\\\"?'\",\"status\":64}\n");
}
END_TEST

/* Renders piece by piece and whole, which must be the same. */
static void
assert_pieces(const struct rows *rows, enum render_format format)
{
	struct render_options options = { .format = format };
	_autobuf_ struct buf whole = BUF_INIT(1 << 28), piece = BUF_INIT(64 << 10);
	struct render r;
	size_t at = 0;
	int more, n = 0;

	render_all(&whole, rows, options);
	render_begin(&r, rows, &options);
	do {
		buf_clear(&piece);
		more = render_next(&r, &piece);
		ck_assert_int_ge(more, 0);
		ck_assert_uint_le(piece.len, 34 << 10);
		ck_assert_uint_le(at + piece.len, whole.len);
		ck_assert_int_eq(memcmp(whole.data + at, piece.data, piece.len), 0);
		at += piece.len;
		n++;
	} while (more);
	ck_assert_uint_eq(at, whole.len);
	ck_assert_int_gt(n, 20);
}

START_TEST(pieces_make_the_whole)
{
	struct rows rows;
	char name[32];

	rows_init(&rows, columns, N(columns), 0);
	for (int i = 0; i < 20000; i++) {
		memset(name, 'a' + i % 26, sizeof(name));
		name[i % 31] = '\0';
		put_row(&rows, name, i, i / 7.0, i, name);
	}
	assert_pieces(&rows, RENDER_TEXT);
	assert_pieces(&rows, RENDER_JSON);
	assert_pieces(&rows, RENDER_CSV);
	rows_fini(&rows);
}
END_TEST

START_TEST(a_full_buf_is_told)
{
	static const enum render_format formats[] = { RENDER_TEXT, RENDER_JSON, RENDER_CSV };
	struct rows rows;

	fill(&rows);
	for (size_t i = 0; i < N(formats); i++)
		for (size_t max = 0; max < 100; max++) {
			_autobuf_ struct buf out = BUF_INIT(max);
			struct render r;

			render_begin(&r, &rows, &(struct render_options){ .format = formats[i] });
			ck_assert_int_eq(render_next(&r, &out), -EMSGSIZE);
			ck_assert_uint_le(out.len, max);
		}
	rows_fini(&rows);
}
END_TEST

/* A text of n bytes of everything that must not reach a terminal. */
static char *
hostile_text(size_t n)
{
	static const char bytes[] = "\x1b["
				    "2J\x9b\xc2\x9b\n\r\t\x07\xff\xfe\xe2\x80\xae\xe2\x81\xa6\xc0"
				    "\x80\xed\xa0\x80\"\\,\xf5\x80";
	char *text = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		text[i] = bytes[i % (sizeof(bytes) - 1)];
	text[n] = '\0';
	return text;
}

static void
assert_lines_are_clean(const struct buf *out)
{
	size_t from = 0;

	ck_assert_int_eq(out->data[out->len - 1], '\n');
	for (size_t i = 0; i < out->len; i++) {
		if (out->data[i] != '\n')
			continue;
		ck_assert(text_is_clean(out->data + from, i - from));
		from = i + 1;
	}
}

START_TEST(hostile_texts_stay_texts)
{
	static const enum render_format formats[] = { RENDER_TEXT, RENDER_JSON, RENDER_CSV };
	static const size_t lines[] = { 4, 1, 4 };
	char *text = hostile_text(128 << 10);
	struct rows rows;

	rows_init(&rows, columns, N(columns), 0);
	put_row(&rows, text, 1, 1, 1, text + 1);
	put_row(&rows, text + 2, 1, 1, 1, "x");
	put_row(&rows, "y", 1, 1, 1, text + 3);
	for (size_t i = 0; i < N(formats); i++)
		for (unsigned width = 0; width <= 512; width += 128)
			for (int ascii = 0; ascii < 2; ascii++) {
				_autobuf_ struct buf out = BUF_INIT(64 << 20);
				size_t n = 0;

				render_all(&out, &rows,
					   (struct render_options){ .format = formats[i],
								    .width = width,
								    .ascii = ascii });
				assert_lines_are_clean(&out);
				for (size_t k = 0; k < out.len; k++)
					n += out.data[k] == '\n';
				ck_assert_uint_eq(n, lines[i]);
				if (formats[i] == RENDER_TEXT && width)
					ck_assert_uint_le(out.len, 4 * (width + 1) * 4);
			}
	rows_fini(&rows);
	free(text);
}
END_TEST

START_TEST(one_long_cell_does_not_stretch_all_rows)
{
	char *text = hostile_text(1 << 20);
	_autobuf_ struct buf out = BUF_INIT(16 << 20);
	struct rows rows;

	rows_init(&rows, columns, N(columns), 0);
	put_row(&rows, text, 1, 1, 1, "/");
	for (int i = 0; i < 5000; i++)
		put_row(&rows, "x", 1, 1, 1, "/");
	render_all(&out, &rows, (struct render_options){ 0 });
	ck_assert_uint_le(out.len, (1 << 20) + 5001 * 600);
	rows_fini(&rows);
	free(text);
}
END_TEST

START_TEST(more_columns_than_can_be_shown)
{
	struct telmon_column many[300];
	char names[300][8];
	_autobuf_ struct buf out = BUF_INIT(1 << 20);
	struct rows rows;

	for (int i = 0; i < 300; i++) {
		names[i][0] = 'c';
		names[i][1] = (char)('a' + i / 26 % 26);
		names[i][2] = (char)('a' + i % 26);
		names[i][3] = '\0';
		many[i] = (struct telmon_column){ .name = names[i], .type = TELMON_INT };
	}
	rows_init(&rows, many, 300, 0);
	rows_begin(&rows);
	for (int i = 0; i < 300; i++)
		rows_int(&rows, i);
	render_all(&out, &rows, (struct render_options){ .format = RENDER_CSV });
	ck_assert_ptr_nonnull(strstr(buf_str(&out), ",254,255\n"));
	buf_clear(&out);
	render_all(&out, &rows, (struct render_options){ .format = RENDER_TEXT });
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "  254  255\n"));
	buf_clear(&out);
	render_all(&out, &rows, (struct render_options){ .format = RENDER_JSON });
	ck_assert_ptr_nonnull(strstr(buf_str(&out), ":255}]}\n"));
	rows_fini(&rows);
	rows_init(&rows, NULL, 0, 0);
	rows_begin(&rows);
	assert_rendered(&rows, (struct render_options){ .format = RENDER_JSON }, "[{}]}\n");
	assert_rendered(&rows, (struct render_options){ .format = RENDER_TEXT, .width = 80 },
			"\n\n");
	rows_fini(&rows);
}
END_TEST

static const struct telmon_metric metrics[] = {
	{ .name = "cpu_seconds_total",
	  .help = "time \\ in each mode\nof a CPU",
	  .kind = TELMON_COUNTER,
	  .labels = "cpu,mode" },
	{ .name = "load1", .help = "load", .kind = TELMON_GAUGE },
	{ .name = "os_info", .kind = TELMON_INFO, .labels = "name", .help = "which system" },
	{ .name = "empty", .help = "never put", .kind = TELMON_GAUGE },
	{ .name = "odd", .kind = TELMON_UNTYPED },
};

static struct snapshot *
make_snapshot(void)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct metric_set *set = metric_set_new(metrics, N(metrics), sizeof(metrics[0]), &why);
	struct snapshot_builder *b;

	ck_assert_msg(set != NULL, "%s", buf_str(&why));
	b = snapshot_builder_new(set);
	snapshot_builder_put(b, 1, NULL, 0, 0.42);
	snapshot_builder_put(b, 0, (const char *const[]){ "0", "user" }, 2, 123.45);
	snapshot_builder_put(b, 0, (const char *const[]){ "0", "sys\"\\\n\x1b" }, 2, 1e21);
	snapshot_builder_put(b, 2, (const char *const[]){ NULL }, 1, 7);
	snapshot_builder_put(b, 4, NULL, 0, INFINITY);
	metric_set_unref(set);
	return snapshot_builder_seal(b, 1, 1);
}

#define CPU                                                                                        \
	"# HELP telmon_cpu_seconds_total time \\\\ in each mode?of a CPU\n"                        \
	"# TYPE telmon_cpu_seconds_total counter\n"                                                \
	"telmon_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 123.45\n"                               \
	"telmon_cpu_seconds_total{cpu=\"0\",mode=\"sys\\\"\\\\\\n?\"} 1e+21\n"
#define LOAD                                                                                       \
	"# HELP telmon_load1 load\n"                                                               \
	"# TYPE telmon_load1 gauge\n"                                                              \
	"telmon_load1 0.42\n"
#define INFO                                                                                       \
	"# HELP telmon_os_info which system\n"                                                     \
	"# TYPE telmon_os_info gauge\n"                                                            \
	"telmon_os_info{name=\"\"} 1\n"
#define ODD                                                                                        \
	"# TYPE telmon_odd untyped\n"                                                              \
	"telmon_odd +Inf\n"

static void
assert_exposed(const struct snapshot *s, const char *glob, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 16);

	ck_assert_int_eq(render_prometheus(&out, s, "telmon_", glob, NULL, 0), 0);
	ck_assert_str_eq(buf_str(&out), want);
}

START_TEST(prometheus_families)
{
	struct snapshot *s = make_snapshot();

	assert_exposed(s, NULL, CPU LOAD INFO ODD);
	assert_exposed(s, "load*", LOAD);
	assert_exposed(s, "telmon_l*", LOAD);
	assert_exposed(s, "*o*", CPU LOAD INFO ODD);
	assert_exposed(s, "nothing", "");
	assert_exposed(s, "empty", "");
	snapshot_unref(s);
}
END_TEST

/* Of two plugins with a metric of one name the first has it; one without a value leaves it to the
 * other. */
START_TEST(prometheus_family_once)
{
	static const struct telmon_metric others[] = {
		{ .name = "load1", .help = "mine", .kind = TELMON_GAUGE },
		{ .name = "odd", .help = "never put", .kind = TELMON_UNTYPED },
	};
	_autobuf_ struct buf why = BUF_WHY, out = BUF_INIT(1 << 16);
	struct metric_set *set = metric_set_new(others, N(others), sizeof(others[0]), &why);
	struct snapshot_builder *b = snapshot_builder_new(set);
	struct snapshot *s = make_snapshot(), *first;

	snapshot_builder_put(b, 0, NULL, 0, 1);
	first = snapshot_builder_seal(b, 1, 1);
	ck_assert_int_eq(render_prometheus(&out, s, "telmon_", NULL,
					   (const struct snapshot *const[]){ NULL, first }, 2),
			 0);
	ck_assert_str_eq(buf_str(&out), CPU INFO ODD);
	snapshot_unref(first);
	snapshot_unref(s);
	metric_set_unref(set);
}
END_TEST

START_TEST(prometheus_reports_a_full_buf)
{
	struct snapshot *s = make_snapshot();

	for (size_t max = 0; max < 300; max++) {
		_autobuf_ struct buf out = BUF_INIT(max);

		ck_assert_int_eq(render_prometheus(&out, s, "telmon_", NULL, NULL, 0), -EMSGSIZE);
	}
	snapshot_unref(s);
}
END_TEST

START_TEST(prometheus_family_alone)
{
	_autobuf_ struct buf out = BUF_INIT(4096);

	ck_assert_int_eq(render_prometheus_family(&out, "node_", "scrape_success", "gauge",
						  "whether it worked"),
			 0);
	ck_assert_str_eq(
		buf_str(&out),
		"# HELP node_scrape_success whether it worked\n# TYPE node_scrape_success gauge\n");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("render");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_set_timeout(fast, 60);
	tcase_add_test(fast, text_is_aligned);
	tcase_add_test(fast, headings_lose_their_unit);
	tcase_add_test(fast, equal_headings_are_told_apart);
	tcase_add_test(fast, verdicts_are_coloured);
	tcase_add_test(fast, plain_rows_have_no_header);
	tcase_add_test(fast, wide_characters_are_counted);
	tcase_add_test(fast, columns_are_dropped_by_priority);
	tcase_add_test(fast, long_texts_are_shortened);
	tcase_add_test(fast, a_long_text_does_not_drive_columns_out);
	tcase_add_test(fast, several_texts_are_shortened_evenly);
	tcase_add_test(fast, thresholds_colour);
	tcase_add_test(fast, json_has_base_units);
	tcase_add_test(fast, json_knows_no_infinity);
	tcase_add_test(fast, json_head_says_what_and_when);
	tcase_add_test(fast, csv_is_quoted_where_needed);
	tcase_add_test(fast, csv_has_no_empty_line);
	tcase_add_test(fast, errors_are_one_line);
	tcase_add_test(fast, pieces_make_the_whole);
	tcase_add_test(fast, a_full_buf_is_told);
	tcase_add_test(fast, hostile_texts_stay_texts);
	tcase_add_test(fast, one_long_cell_does_not_stretch_all_rows);
	tcase_add_test(fast, more_columns_than_can_be_shown);
	tcase_add_test(fast, prometheus_families);
	tcase_add_test(fast, prometheus_family_once);
	tcase_add_test(fast, prometheus_reports_a_full_buf);
	tcase_add_test(fast, prometheus_family_alone);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
