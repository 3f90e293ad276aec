/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_rows -- the answers of session words that are rows: filtered and rendered as any
 * command's are, with nobody's age. Runs on the session's worker.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "filter.h"
#include "host.h"
#include "render.h"
#include "session_private.h"

enum { PIECE_BYTES = 64 << 10 };

enum render_format
session_format(const struct session *s, enum parse_format format)
{
	switch (format) {
	case PARSE_TEXT:
		return RENDER_TEXT;
	case PARSE_JSON:
		return RENDER_JSON;
	case PARSE_CSV:
		return RENDER_CSV;
	case PARSE_AS_SET:
		break;
	}
	return s->asker.render.format;
}

static int
put_head(struct session *s, const struct word_call *call, struct buf *out)
{
	char name[256];
	struct timespec now;
	struct render_head head = {
		.command = call->command ? call->command->text : call->line,
		.host = name,
		.age_s = NAN,
		.interval_s = NAN,
	};

	clock_gettime(CLOCK_REALTIME, &now);
	head.time_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	host_name(s->shared->host, name, sizeof(name));
	return render_json_head(out, &head);
}

static int
write_rows(struct session *s, const struct word_call *call, const struct render_options *options,
	   const struct rows *rows)
{
	_autobuf_ struct buf out = BUF_INIT(4 * PIECE_BYTES);
	struct render render;
	int more, r = 0;

	if (options->format == RENDER_JSON)
		r = put_head(s, call, &out);
	if (r < 0)
		return STATUS_FAILED;
	render_begin(&render, rows, options);
	do {
		more = render_next(&render, &out);
		if (more < 0)
			return STATUS_FAILED;
		r = out.len ? s->reply.ops->text(&s->reply, out.data, out.len) : 0;
		buf_clear(&out);
	} while (more && r == 0);
	return r < 0 ? r : rows->status;
}

/* Filters keep what their rows point to, so they live until the rows are written. */
static int
filter_and_write(struct session *s, const struct word_call *call,
		 const struct render_options *options, struct rows *rows, size_t stage,
		 struct buf *why)
{
	size_t n = rows->n_columns;
	struct filter *f;
	int r;

	if (!call->command || stage >= call->command->n_stages)
		return write_rows(s, call, options, rows);
	f = filter_new(call->command->stages[stage], !s->asker.person, rows->columns, n, why);
	if (!f)
		return STATUS_USAGE;
	r = filter_apply(f, rows) < 0 ? STATUS_FAILED
				      : filter_and_write(s, call, options, rows, stage + 1, why);
	filter_free(f);
	return r;
}

int
session_rows(struct session *s, const struct word_call *call, enum parse_format format,
	     struct rows *rows)
{
	struct render_options options = s->asker.render;
	_autobuf_ struct buf why = BUF_WHY;
	struct asker asker = s->asker;
	int r = STATUS_FAILED;

	options.format = session_format(s, format);
	if (!rows->error)
		r = filter_and_write(s, call, &options, rows, 1, &why);
	if (r < STATUS_USAGE)
		return r;
	asker.render = options;
	/* What the session itself knows is small: if it did not fit, then into memory. */
	return pipeline_error(&asker, &s->reply, r, why.len ? buf_str(&why) : strerror(ENOMEM));
}
