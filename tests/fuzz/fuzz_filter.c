/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * fuzz_filter -- up to the first NUL the filters of a command line, behind it texts for the cells,
 * cut at LF. What filters leave is rendered in every format. What must hold: a filter that is
 * refused has its sentence, rows keep their shape, no filter adds any, every line of an answer is
 * clean, and nothing takes long (libFuzzer's own limit).
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "filter.h"
#include "fuzz.h"
#include "render.h"
#include "text.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct telmon_column columns[] = {
	{ .name = "name", .type = TELMON_TEXT },
	{ .name = "used_bytes", .type = TELMON_INT, .unit = TELMON_BYTES, .priority = 3 },
	{ .name = "used_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 1,
	  .warn = 80,
	  .crit = 90 },
	{ .name = "up_s", .type = TELMON_REAL, .unit = TELMON_SECONDS, .priority = 9 },
	{ .name = "mount", .type = TELMON_TEXT, .priority = 2 },
};

static const double reals[] = {
	0, 1.5, -3, 85, 99.97, 1e9, -0.0001, 1e300, NAN, INFINITY, -INFINITY
};

enum { MAX_ROWS = 20 };

/* The text up to the next LF, taken from *at on. NULL when there is none left. */
static char *
next_text(const char **at, size_t *left)
{
	const char *end = memchr(*at, '\n', *left);
	size_t n = end ? (size_t)(end - *at) : *left;
	char *text;

	if (*left == 0)
		return NULL;
	text = xstrndup(*at, n);
	n += end != NULL;
	*at += n;
	*left -= n;
	return text;
}

static void
fill(struct rows *rows, const char *bytes, size_t size)
{
	for (size_t i = 0; i < MAX_ROWS && (i < 3 || size > 0); i++) {
		_autofree_ char *name = next_text(&bytes, &size), *mount = next_text(&bytes, &size);
		int64_t seed = name ? (int64_t)strlen(name) * 7 : 1;

		if (rows_begin(rows) < 0)
			return;
		rows_text(rows, name);
		rows_int(rows, seed % 5 ? seed * seed * 1000 : INT64_MIN);
		rows_real(rows, reals[(size_t)seed % N(reals)]);
		rows_real(rows, reals[(size_t)(seed / 7 + 3) % N(reals)]);
		rows_text(rows, mount);
	}
}

static void
check_answer(const struct buf *out, enum render_format format)
{
	size_t from = 0;

	MUST(out->len > 0 && out->data[out->len - 1] == '\n');
	for (size_t i = 0; i < out->len; i++) {
		if (out->data[i] != '\n')
			continue;
		MUST(text_is_clean(out->data + from, i - from));
		/* A field of CSV may well end in one. */
		MUST(format == RENDER_CSV || i == from || out->data[i - 1] != ' ');
		from = i + 1;
	}
}

static void
render(const struct rows *rows, const struct render_options *options)
{
	_autobuf_ struct buf out = BUF_INIT(64 << 20);
	struct render r;
	int more;

	render_begin(&r, rows, options);
	while ((more = render_next(&r, &out)) == 1)
		;
	MUST(more == 0);
	check_answer(&out, options->format);
	if (options->ascii && options->format == RENDER_TEXT)
		for (size_t i = 0; i < out.len; i++)
			MUST((unsigned char)out.data[i] < 0x80);
}

static void
render_all(const struct rows *rows, size_t size)
{
	for (unsigned format = RENDER_TEXT; format <= RENDER_CSV; format++)
		for (unsigned width = 0; width <= 80; width += 20 + (unsigned)size % 61)
			render(rows, &(struct render_options){ format, width, width & 1, false });
}

/* Applies the stages one after the other. False when one was refused. */
static bool
apply(const struct parse_command *c, struct rows *rows, bool exact, struct filter **filters)
{
	const struct telmon_column *now = columns;
	size_t n = N(columns);

	for (size_t i = 1; i < c->n_stages; i++) {
		_autobuf_ struct buf why = BUF_WHY;
		struct filter *f = filter_new(c->stages[i], exact, now, n, &why);
		size_t before = rows->n_rows;

		MUST(f ? why.len == 0 : why.len > 0 && !why.error);
		if (!f)
			return false;
		filters[i] = f;
		now = filter_columns(f, &n);
		MUST(filter_apply(f, rows) == 0);
		MUST(rows->n_columns == n && rows->columns == now);
		MUST(rows->n_rows <= (before ? before : 1));
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_autobuf_ struct buf line = BUF_INIT(8192), why = BUF_WHY;
	size_t n = strnlen((const char *)data, size), rest = n < size ? size - n - 1 : 0, at = 0;
	struct filter *filters[PARSE_MAX_STAGES] = { NULL };
	struct parse_command *c;
	struct arena arena;
	struct rows rows;

	if (n > 4096)
		return 0;
	setlocale(LC_CTYPE, "C.UTF-8");
	buf_puts(&line, "x|");
	buf_put(&line, data, n);
	arena_init(&arena, 0);
	rows_init(&rows, columns, N(columns), 1 << 20);
	fill(&rows, (const char *)data + size - rest, rest);
	if (parse_next(line.data, line.len, &at, &arena, &c, &why) == 1 &&
	    apply(c, &rows, size & 1, filters))
		render_all(&rows, size);
	rows_fini(&rows);
	for (size_t i = 0; i < PARSE_MAX_STAGES; i++)
		filter_free(filters[i]);
	arena_fini(&arena);
	return 0;
}
