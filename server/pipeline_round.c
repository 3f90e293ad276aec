/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline_round -- one pipeline again and again: checked once, its snapshots held from round to
 * round, so that rates are those since the round before. Runs on the session's thread, called by
 * commands that stream.
 */
#include "pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "mem.h"
#include "pipeline_private.h"
#include "wire.h"

struct pipeline_round {
	struct pipeline *pipeline;
	const struct asker *asker; /* the caller's, as cmd */
	const struct parse_command *cmd;
	struct pipeline_job job;
};

static int
open_job(struct pipeline_round *r, struct command_table *table, struct buf *why)
{
	int status = pipeline_job_open(&r->job, r->pipeline, table, r->asker, r->cmd, why);

	r->job.rounds = true;
	return status;
}

/* Plugins come and go while one watches: a round is of those that are published. Snapshots stay
 * those of the round before as long as the plugin does. */
static int
follow(struct pipeline_round *r, struct buf *why)
{
	struct command_table *now = registry_get(r->pipeline->registry);
	struct pipeline_job old = r->job;
	int status;

	if (now == old.table) {
		command_table_unref(now);
		return 0;
	}
	r->job = (struct pipeline_job){ 0 };
	status = open_job(r, now, why);
	if (status == 0 && old.command && old.command->plugin == r->job.command->plugin) {
		r->job.newest = old.newest;
		r->job.previous = old.previous;
		old.newest = old.previous = NULL;
	}
	pipeline_job_close(&old);
	return status;
}

struct pipeline_round *
pipeline_round_new(struct pipeline *p, const struct asker *asker, const struct parse_command *cmd,
		   int *ret_status, struct buf *why)
{
	struct pipeline_round *r = xcalloc(1, sizeof(*r));
	int status;

	r->pipeline = p;
	r->asker = asker;
	r->cmd = cmd;
	status = open_job(r, registry_get(p->registry), why);
	if (status == 0 && (r->job.command->flags & COMMAND_STREAMS)) {
		buf_printf(why, "%s: cannot stand inside watch or until", r->job.command->name);
		status = STATUS_USAGE;
	}
	if (status == 0)
		return r;
	pipeline_round_free(r);
	*ret_status = status;
	return NULL;
}

void
pipeline_round_free(struct pipeline_round *r)
{
	if (!r)
		return;
	pipeline_job_close(&r->job);
	free(r);
}

int
pipeline_round_rows(struct pipeline_round *r, struct reply *reply, const struct rows **ret_rows,
		    struct buf *why)
{
	int status = follow(r, why);

	if (status == 0)
		status = pipeline_job_rows(&r->job, reply, why);
	if (status != 0)
		return status;
	*ret_rows = r->job.rows;
	return r->job.rows->status;
}

int
pipeline_round_write(struct pipeline_round *r, struct reply *reply)
{
	int status = pipeline_write(&r->job, reply);

	return status < 0 ? status : 0;
}
