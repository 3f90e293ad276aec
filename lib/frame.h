/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * frame -- the messages between the daemon and the child that a plugin lives in: a header of twelve
 * bytes, then fields whose lengths are checked before they are used. Both ends run on one machine,
 * so numbers are in its own byte order. Pure: bytes in, bytes out. Whoever reads believes nothing:
 * the other end may be a plugin that writes what it likes.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <telmon/plugin.h>

#include "buf.h"
#include "mem.h"
#include "metric.h"
#include "row.h"

enum { FRAME_MAX_BYTES = 1 << 20, FRAME_HEADER_BYTES = 12 };

enum frame_type {
	/* to the child; each but SNAPSHOT is answered by what belongs to it and one DONE */
	FRAME_HELLO = 1, /* once, first: answered by PLUGIN, METRIC, COMMAND */
	FRAME_START,	 /* by METRIC that are new */
	FRAME_COLLECT,	 /* by METRIC that are new, VALUES */
	FRAME_SNAPSHOT,	 /* values for a VIEW that the child does not keep; VALUES follow */
	FRAME_VIEW,	 /* by ROWS */
	FRAME_RUN,	 /* by ROWS */
	FRAME_STOP,
	/* from the child (VALUES: either way) */
	FRAME_PLUGIN,
	FRAME_METRIC,
	FRAME_COMMAND,
	FRAME_VALUES,
	FRAME_ROWS,
	FRAME_LOG, /* at any time */
	FRAME_DONE,
	FRAME__COUNT
};

struct frame {
	enum frame_type type;
	uint32_t call; /* which call it belongs to */
	const char *payload;
	size_t size;
};

/* Begins a frame behind what is in out; its fields follow; frame_end() with what this returned
 * writes its length. frame_end() returns 0, or the buf's error, or -EMSGSIZE when it is too long:
 * then the frame is taken back. */
size_t frame_begin(struct buf *out, enum frame_type type, uint32_t call);
int frame_end(struct buf *out, size_t begin);
/* The first frame of n bytes, which the payload is borrowed from. 1 and how many bytes it takes, 0
 * when it is not complete (*ret_size is then how many bytes are needed at least), -EBADMSG. */
int frame_take(const char *bytes, size_t n, struct frame *ret, size_t *ret_size);

void frame_put_u8(struct buf *out, uint8_t v);
void frame_put_u32(struct buf *out, uint32_t v);
void frame_put_i64(struct buf *out, int64_t v);
void frame_put_f64(struct buf *out, double v);
void frame_put_text(struct buf *out, const char *s); /* NULL is another text than "" */

/* Takes fields from a payload, in their order. Past the end or wrong: zero, NaN or NULL, and bad.
 */
struct frame_reader {
	const char *at;
	size_t left;
	bool bad; /* sticky */
};
struct frame_reader frame_read(const struct frame *f);
uint8_t frame_get_u8(struct frame_reader *r);
uint32_t frame_get_u32(struct frame_reader *r);
int64_t frame_get_i64(struct frame_reader *r);
double frame_get_f64(struct frame_reader *r);
const char *frame_get_text(struct frame_reader *r); /* borrowed from the payload */
/* 0 when all was taken and none of it was bad, else -EBADMSG. */
int frame_read_end(const struct frame_reader *r);

/* ---- frame_rows.c ---- */

/* Appends one frame of rows from *row on, and moves *row behind them. 1 while there are more, 0,
 * or an error: a row larger than a frame is -EMSGSIZE. */
int frame_put_rows(struct buf *out, uint32_t call, const struct rows *rows, size_t *row);
/* Appends them to rows of the same columns. 0, -EBADMSG, or the rows' own error. */
int frame_get_rows(const struct frame *f, struct rows *ret);

/* ---- frame_values.c ---- */

/* As frame_put_rows(), for the samples of a snapshot. A metric is told by its index in the set. */
int frame_put_values(struct buf *out, uint32_t call, const struct snapshot *s, size_t *sample);
/* 0, or what ends the reading. labels has n, at most METRIC_MAX_LABELS, none of them NULL. */
typedef int frame_value_fn(void *ctx, uint32_t metric, const char *const *labels, size_t n,
			   double value);
int frame_get_values(const struct frame *f, frame_value_fn *take, void *ctx);

/* ---- frame_plugin.c: a declaration, piece by piece. Texts longer than 1,000 bytes are cut. ----
 */

int frame_put_plugin(struct buf *out, uint32_t call, const struct telmon_plugin *decl);
int frame_put_metric(struct buf *out, uint32_t call, const struct metric *m);
int frame_put_command(struct buf *out, uint32_t call, const struct telmon_command *c);
/* All texts and tables go into the arena. 0 or -EBADMSG. What a metric or a command may be is not
 * checked here, and the head has only the numbers of both. Callbacks that the object has are
 * functions that fail. */
int frame_get_plugin(const struct frame *f, struct arena *a, struct telmon_plugin *ret);
int frame_get_metric(const struct frame *f, struct arena *a, struct telmon_metric *ret);
int frame_get_command(const struct frame *f, struct arena *a, struct telmon_command *ret);

#endif
