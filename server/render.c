/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * render -- the pieces of an answer, and errors. Each format of rows is a writer in its own file:
 * render_text.c, render_graph.c (for points), render_json.c, render_csv.c; snapshots are written by
 * render_prometheus.c. Whatever came from the machine is cleaned on the way into every format. Pure
 * functions, any thread.
 */
#include "render.h"

#include <string.h>

#include "render_private.h"
#include "text.h"

enum { PIECE_BYTES = 32 << 10 };

static const struct render_writer *
writer_of(const struct render *r)
{
	switch (r->options.format) {
	case RENDER_JSON:
		return &render_json_writer;
	case RENDER_CSV:
		return &render_csv_writer;
	case RENDER_TEXT:
		break;
	}
	return r->graph ? &render_graph_writer : &render_text_writer;
}

void
render_begin(struct render *r, const struct rows *rows, const struct render_options *options)
{
	r->rows = rows;
	r->options = *options;
	r->n_columns = rows->n_columns < RENDER_MAX_COLUMNS ? rows->n_columns : RENDER_MAX_COLUMNS;
	r->next_row = 0;
	r->begun = false;
	r->error = 0;
	r->n_shown = 0;
	r->graph = options->format == RENDER_TEXT && render_is_graph(rows);
	r->n_drawn = 0;
	if (options->format == RENDER_TEXT && !r->graph)
		render_text_measure(r);
}

int
render_next(struct render *r, struct buf *out)
{
	const struct render_writer *w = writer_of(r);
	size_t end = out->len + PIECE_BYTES;

	if (r->error)
		return r->error;
	if (!r->begun)
		w->head(r, out);
	r->begun = true;
	w->rows(r, out, end);
	if (out->error)
		return out->error;
	if (r->next_row < r->rows->n_rows)
		return 1;
	w->tail(r, out);
	return out->error;
}

int
render_error(struct buf *out, enum render_format format, const char *message, int status)
{
	if (format == RENDER_JSON) {
		buf_puts(out, "{\"error\":");
		text_json(out, message);
		buf_puts(out, ",\"status\":");
		buf_put_i64(out, status);
		return buf_puts(out, "}\n");
	}
	buf_puts(out, "error: ");
	text_clean(out, message, strlen(message));
	return buf_putc(out, '\n');
}
