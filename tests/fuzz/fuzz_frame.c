/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * fuzz_frame -- any bytes as what a child sends. What must hold: nothing outside of them is read,
 * what is taken fits the limits, and what was read as a declaration can be written again.
 */
#include <errno.h>
#include <string.h>

#include "frame.h"
#include "fuzz.h"

static const struct telmon_column columns[] = {
	{ .name = "n", .type = TELMON_INT },
	{ .name = "x", .type = TELMON_REAL },
	{ .name = "s", .type = TELMON_TEXT },
};

static int
take_value(void *ctx, uint32_t metric, const char *const *labels, size_t n, double value)
{
	size_t *bytes = ctx;

	(void)metric;
	(void)value;
	MUST(n <= METRIC_MAX_LABELS);
	for (size_t i = 0; i < n; i++)
		*bytes += strlen(labels[i]);
	return 0;
}

static void
check_command(const struct telmon_command *c)
{
	_autobuf_ struct buf out = BUF_INIT(4 << 20);
	struct telmon_command again;
	struct arena arena;
	struct frame f;
	size_t size;

	arena_init(&arena, 0);
	if (frame_put_command(&out, 1, c) == 0) {
		MUST(frame_take(out.data, out.len, &f, &size) == 1);
		MUST(frame_get_command(&f, &arena, &again) == 0);
		MUST(again.n_columns == c->n_columns && again.n_args == c->n_args);
	}
	arena_fini(&arena);
}

static void
check_frame(const struct frame *f)
{
	struct telmon_command command;
	struct telmon_plugin plugin;
	struct telmon_metric metric;
	struct arena arena;
	struct rows rows;
	size_t bytes = 0;

	arena_init(&arena, 8 << 20);
	rows_init(&rows, columns, 3, 1 << 20);
	if (frame_get_rows(f, &rows) == 0)
		MUST(rows.n_rows <= f->size);
	frame_get_values(f, take_value, &bytes);
	MUST(bytes <= f->size);
	frame_get_plugin(f, &arena, &plugin);
	frame_get_metric(f, &arena, &metric);
	if (frame_get_command(f, &arena, &command) == 0)
		check_command(&command);
	rows_fini(&rows);
	arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct frame f;
	size_t used;

	while (frame_take(bytes, size, &f, &used) == 1) {
		MUST(used <= size && f.size <= FRAME_MAX_BYTES);
		check_frame(&f);
		bytes += used;
		size -= used;
	}
	return 0;
}
