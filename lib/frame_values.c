/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * frame_values -- the samples of a snapshot as frames: metric, value, number of labels, labels.
 */
#include <errno.h>
#include <string.h>

#include "frame.h"

enum { FULL_BYTES = 64 << 10 };

static void
put_sample(struct buf *out, const struct snapshot *s, const struct sample *sample)
{
	const struct metric *m = &s->set->metrics[sample->metric];
	const char *label = s->text + sample->labels;

	frame_put_u32(out, sample->metric);
	frame_put_f64(out, sample->value);
	frame_put_u8(out, (uint8_t)m->n_labels);
	for (unsigned i = 0; i < m->n_labels; i++) {
		frame_put_text(out, label);
		label += strlen(label) + 1;
	}
}

int
frame_put_values(struct buf *out, uint32_t call, const struct snapshot *s, size_t *sample)
{
	size_t begin = frame_begin(out, FRAME_VALUES, call), i = *sample;
	int error;

	while (i < s->n && out->len - begin < FULL_BYTES) {
		size_t end = out->len;

		put_sample(out, s, &s->samples[i]);
		if (out->len - begin > FRAME_MAX_BYTES && i > *sample) {
			out->len = end;
			break;
		}
		i++;
	}
	error = frame_end(out, begin);
	if (error < 0)
		return error;
	*sample = i;
	return i < s->n;
}

int
frame_get_values(const struct frame *f, frame_value_fn *take, void *ctx)
{
	struct frame_reader r = frame_read(f);

	while (r.left && !r.bad) {
		const char *labels[METRIC_MAX_LABELS];
		uint32_t metric = frame_get_u32(&r);
		double value = frame_get_f64(&r);
		size_t n = frame_get_u8(&r);
		int error;

		if (n > METRIC_MAX_LABELS)
			return -EBADMSG;
		for (size_t i = 0; i < n; i++) {
			labels[i] = frame_get_text(&r);
			if (!labels[i])
				return -EBADMSG;
		}
		if (r.bad)
			break;
		error = take(ctx, metric, labels, n, value);
		if (error < 0)
			return error;
	}
	return frame_read_end(&r);
}
