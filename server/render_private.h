/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * render_private -- what the parts of render share: one writer for each format of rows.
 */
#ifndef RENDER_PRIVATE_H
#define RENDER_PRIVATE_H

#include "render.h"

/* All write into the buf and leave its error to render_next(). */
struct render_writer {
	void (*head)(struct render *r, struct buf *out);
	/* Rows from r->next_row on, until out has reached `end` bytes or there are no more. */
	void (*rows)(struct render *r, struct buf *out, size_t end);
	void (*tail)(struct render *r, struct buf *out);
};

extern const struct render_writer render_text_writer, render_graph_writer, render_json_writer,
	render_csv_writer;
/* The rows are points, and ask to be drawn. */
bool render_is_graph(const struct rows *rows);

/* Chooses columns and their widths for text. */
void render_text_measure(struct render *r);

static inline bool
render_more(const struct render *r, const struct buf *out, size_t end)
{
	return r->next_row < r->rows->n_rows && out->len < end && !out->error;
}

#endif
