/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline_write -- rows into the reply, piece by piece, so that a large answer never exists whole;
 * and a kept body behind a fresh head. Only JSON has a head: what was asked, by whom answered,
 * when, and how old the data is.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "mem.h"
#include "pipeline_private.h"
#include "wire.h"

enum { HEAD_BYTES = 1024 }; /* of a head, mostly */

/* A buf over memory of the caller's, which never grows: it fails first. */
#define FIXED_BUF(space)                                                                           \
	{                                                                                          \
		.data = (space), .cap = sizeof(space) - 1, .max = sizeof(space) - 1                \
	}

static double
wall_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
put_head(struct pipeline *p, const struct parse_command *parsed, int64_t time_ns, double interval_s,
	 struct buf *out)
{
	double age_s = (double)(now_ns() - time_ns) / (double)NS_PER_S;
	char name[256];
	struct render_head head = {
		.command = parsed->text,
		.host = name,
		.time_s = wall_s(),
		.age_s = age_s > 0 ? age_s : 0,
		.interval_s = interval_s,
	};

	host_name(p->host, name, sizeof(name));
	return render_json_head(out, &head);
}

static int
put(struct reply *reply, const char *bytes, size_t n)
{
	return n ? reply->ops->text(reply, bytes, n) : 0;
}

/* The reply puts head and body into one send; a copy of the body here would only be another one. */
static int
write_kept_json(struct pipeline *p, const struct parse_command *parsed, const struct blob *blob,
		int64_t time_ns, struct reply *reply)
{
	char space[HEAD_BYTES];
	struct buf fixed = FIXED_BUF(space), *head = &fixed;
	_autobuf_ struct buf large = BUF_INIT(1 << 20);
	int r;

	if (put_head(p, parsed, time_ns, blob->interval_s, head) < 0) {
		head = &large;
		r = put_head(p, parsed, time_ns, blob->interval_s, head);
		if (r < 0)
			return r;
	}
	r = put(reply, head->data, head->len);
	return r ? r : put(reply, blob->data, blob->size);
}

int
pipeline_write_kept(struct pipeline *p, const struct asker *asker,
		    const struct parse_command *parsed, const struct blob *blob, int64_t time_ns,
		    struct reply *reply)
{
	int r;

	if (pipeline_options(asker, parsed).format == RENDER_JSON)
		r = write_kept_json(p, parsed, blob, time_ns, reply);
	else
		r = put(reply, blob->data, blob->size);
	if (r == 0)
		return blob->status;
	return r == -ECANCELED || r == -EPIPE ? r : STATUS_FAILED;
}

/* A round's rates are its own, rows that a filter changed are not what the next one asks for, and
 * a child that is down will be back. */
static bool
may_keep(const struct pipeline_job *job)
{
	return job->command->kind == COMMAND_VIEW && !job->n_filters && !job->rounds && !job->stale;
}

/* *ret_begun: some of the answer is out already, so it is too late for an error. */
static int
write_pieces(struct pipeline_job *job, struct reply *reply, struct buf *out, bool *ret_begun)
{
	size_t head, piece = may_keep(job) ? PIPELINE_KEEP_BYTES : PIPELINE_PIECE_BYTES;
	struct render render;
	int more, r;

	if (job->asker.render.format == RENDER_JSON) {
		r = put_head(job->pipeline, job->parsed, job->time_ns, job->interval_s, out);
		if (r < 0)
			return r;
	}
	head = out->len;
	render_begin(&render, job->rows, &job->asker.render);
	while ((more = render_next(&render, out)) > 0) {
		if (out->len < piece)
			continue;
		*ret_begun = true;
		r = put(reply, out->data, out->len);
		if (r < 0)
			return r;
		buf_clear(out);
	}
	if (more < 0)
		return more;
	if (!*ret_begun && may_keep(job))
		pipeline_view_keep(job, out->data ? out->data + head : "", out->len - head);
	return put(reply, out->data, out->len);
}

int
pipeline_write(struct pipeline_job *job, struct reply *reply)
{
	/* A cell is bounded by the rows' own maximum, and quoting makes at most six bytes of one.
	 */
	_autobuf_ struct buf out = BUF_INIT(6 * job->pipeline->max_answer + (1 << 20));
	_autobuf_ struct buf why = BUF_WHY;
	bool begun = false;
	int r = write_pieces(job, reply, &out, &begun);

	if (r == 0)
		return job->rows->status;
	if (r == -ECANCELED || r == -EPIPE)
		return r;
	pipeline_rows_failed(job, r, &why);
	return begun ? STATUS_FAILED
		     : pipeline_error(&job->asker, reply, STATUS_FAILED, buf_str(&why));
}
