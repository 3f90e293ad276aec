/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * frame -- headers and fields. A header is length, type and call, 32 bits each; a text is its
 * length, its bytes and a NUL, so that it can be used where it lies. What frames say is in
 * frame_rows.c, frame_values.c and frame_plugin.c.
 */
#include "frame.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* The length of a text that is NULL. */
static const uint32_t no_text = UINT32_MAX;

size_t
frame_begin(struct buf *out, enum frame_type type, uint32_t call)
{
	size_t begin = out->len;

	frame_put_u32(out, 0);
	frame_put_u32(out, type);
	frame_put_u32(out, call);
	return begin;
}

int
frame_end(struct buf *out, size_t begin)
{
	size_t size = out->len - begin - FRAME_HEADER_BYTES;
	uint32_t length = (uint32_t)size;

	if (out->error)
		return out->error;
	if (size > FRAME_MAX_BYTES) {
		out->len = begin;
		return -EMSGSIZE;
	}
	memcpy(out->data + begin, &length, sizeof(length));
	return 0;
}

int
frame_take(const char *bytes, size_t n, struct frame *ret, size_t *ret_size)
{
	uint32_t head[3];

	*ret_size = FRAME_HEADER_BYTES;
	if (n < FRAME_HEADER_BYTES)
		return 0;
	memcpy(head, bytes, sizeof(head));
	if (head[0] > FRAME_MAX_BYTES || head[1] == 0 || head[1] >= FRAME__COUNT)
		return -EBADMSG;
	*ret_size += head[0];
	if (n < *ret_size)
		return 0;
	*ret = (struct frame){
		.type = (enum frame_type)head[1],
		.call = head[2],
		.payload = bytes + FRAME_HEADER_BYTES,
		.size = head[0],
	};
	return 1;
}

/* ---- writing ---- */

void
frame_put_u8(struct buf *out, uint8_t v)
{
	buf_put(out, &v, sizeof(v));
}

void
frame_put_u32(struct buf *out, uint32_t v)
{
	buf_put(out, &v, sizeof(v));
}

void
frame_put_i64(struct buf *out, int64_t v)
{
	buf_put(out, &v, sizeof(v));
}

void
frame_put_f64(struct buf *out, double v)
{
	buf_put(out, &v, sizeof(v));
}

void
frame_put_text(struct buf *out, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (!s) {
		frame_put_u32(out, no_text);
		return;
	}
	/* Longer than a frame: frame_end() finds out. */
	if (n > FRAME_MAX_BYTES)
		n = FRAME_MAX_BYTES;
	frame_put_u32(out, (uint32_t)n);
	buf_put(out, s, n);
	frame_put_u8(out, 0);
}

/* ---- reading ---- */

struct frame_reader
frame_read(const struct frame *f)
{
	return (struct frame_reader){ .at = f->payload, .left = f->size };
}

static bool
take(struct frame_reader *r, void *to, size_t n)
{
	if (r->bad || r->left < n) {
		r->bad = true;
		return false;
	}
	memcpy(to, r->at, n);
	r->at += n;
	r->left -= n;
	return true;
}

uint8_t
frame_get_u8(struct frame_reader *r)
{
	uint8_t v = 0;

	take(r, &v, sizeof(v));
	return v;
}

uint32_t
frame_get_u32(struct frame_reader *r)
{
	uint32_t v = 0;

	take(r, &v, sizeof(v));
	return v;
}

int64_t
frame_get_i64(struct frame_reader *r)
{
	int64_t v = 0;

	take(r, &v, sizeof(v));
	return v;
}

double
frame_get_f64(struct frame_reader *r)
{
	double v = NAN;

	take(r, &v, sizeof(v));
	return v;
}

const char *
frame_get_text(struct frame_reader *r)
{
	uint32_t n = frame_get_u32(r);
	const char *text = r->at;

	if (r->bad || n == no_text)
		return NULL;
	if (n >= r->left || memchr(text, '\0', (size_t)n + 1) != text + n) {
		r->bad = true;
		return NULL;
	}
	r->at += (size_t)n + 1;
	r->left -= (size_t)n + 1;
	return text;
}

int
frame_read_end(const struct frame_reader *r)
{
	return r->bad || r->left ? -EBADMSG : 0;
}
