/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * fuzz_filter -- up to the first NUL the filters of a command line, behind it texts for the cells,
 * cut at LF. What filters leave is rendered in every format. What must hold: a filter that is
 * refused has its sentence, rows keep their shape, no filter adds any, every line of an answer is
 * clean, and nothing takes long (libFuzzer's own limit). With too little room, and when who asks
 * loses patience, a filter fails in its own way.
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

/* One go at the filters of a line. */
struct trial {
	const struct parse_command *command;
	const char *texts; /* of the cells */
	size_t n_texts;
	bool exact;
	size_t max_bytes; /* of the rows */
	unsigned
		patience; /* how often the one who asks may be asked whether to go on; 0 = always */
	struct rows rows;
	struct filter *filters[PARSE_MAX_STAGES];
};

static int
go_on(void *ctx)
{
	unsigned *left = ctx;

	if (*left == 1)
		return -ECANCELED;
	--*left;
	return 0;
}

static int
apply_one(struct trial *t, struct filter *f)
{
	int r = t->patience ? filter_apply_while(f, &t->rows, go_on, &t->patience)
			    : filter_apply(f, &t->rows);

	MUST(r == 0 || (r == -ECANCELED && t->patience) ||
	     (r == -EMSGSIZE && t->rows.error == -EMSGSIZE));
	return r;
}

/* What help and completion are made from begins with this name, or is it. */
static bool
is_listed(const char *name, bool exact)
{
	size_t n;
	const struct filter_info *table = filter_table(&n);

	for (size_t i = 0; i < n; i++)
		if (exact ? strcmp(table[i].name, name) == 0
			  : strncmp(table[i].name, name, strlen(name)) == 0)
			return true;
	return false;
}

/* Applies the stages one after the other. False when one was refused, or not done. */
static bool
apply(struct trial *t)
{
	const struct telmon_column *now = columns;
	size_t n = N(columns);

	for (size_t i = 1; i < t->command->n_stages; i++) {
		_autobuf_ struct buf why = BUF_WHY;
		struct filter *f = filter_new(t->command->stages[i], t->exact, now, n, &why);
		size_t before = t->rows.n_rows;

		MUST(f ? why.len == 0 : why.len > 0 && !why.error);
		if (!f)
			return false;
		MUST(is_listed(t->command->stages[i]->words[0].text, t->exact));
		t->filters[i] = f;
		now = filter_columns(f, &n);
		if (apply_one(t, f) < 0)
			return false;
		MUST(t->rows.n_columns == n && t->rows.columns == now);
		MUST(t->rows.n_rows <= (before ? before : 1));
	}
	return !t->rows.error;
}

static void
try(struct trial t)
{
	rows_init(&t.rows, columns, N(columns), t.max_bytes);
	fill(&t.rows, t.texts, t.n_texts);
	if (apply(&t))
		render_all(&t.rows, t.n_texts);
	rows_fini(&t.rows);
	for (size_t i = 0; i < PARSE_MAX_STAGES; i++)
		filter_free(t.filters[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_autobuf_ struct buf line = BUF_INIT(8192), why = BUF_WHY;
	size_t n = strnlen((const char *)data, size), rest = n < size ? size - n - 1 : 0, at = 0;
	struct trial t = { .texts = (const char *)data + size - rest,
			   .n_texts = rest,
			   .exact = size & 1,
			   .max_bytes = 1 << 20 };
	struct parse_command *c;
	struct arena arena;

	if (n > 4096)
		return 0;
	setlocale(LC_CTYPE, "C.UTF-8");
	buf_puts(&line, "x|");
	buf_put(&line, data, n);
	arena_init(&arena, 0);
	if (parse_next(line.data, line.len, &at, &arena, &c, &why) == 1) {
		t.command = c;
		try(t);
		/* And with too little room, or patience. */
		t.max_bytes = size * 37 % 4096 + 1;
		try(t);
		t.max_bytes = 1 << 20;
		t.patience = 1 + (unsigned)size % 7;
		try(t);
	}
	arena_fini(&arena);
	return 0;
}
