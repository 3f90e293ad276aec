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
	bool open;		 /* the job can be run; else its command has gone */
	struct pipeline_job old; /* of another table: kept while its rows are the newest */
	unsigned width;		 /* what text is fitted to, if fitted is set */
	bool fitted;
	/* between ask and take */
	struct call *asked; /* NULL: nothing has to be waited for */
	bool rows;	    /* it brings rows, else values to make them of */
	int bell;
	int64_t until_ns;
	int status; /* it could not be asked */
	struct buf why;
};

static int
open_job(struct pipeline_round *r, struct command_table *table, struct buf *why)
{
	int status = pipeline_job_open(&r->job, r->pipeline, table, r->asker, r->cmd, why);

	r->open = status == 0;
	r->job.rounds = true;
	if (r->fitted)
		r->job.asker.render.width = r->width;
	return status;
}

static void
close_old(struct pipeline_round *r)
{
	pipeline_job_close(&r->old);
	r->old = (struct pipeline_job){ 0 };
}

/* The rows that a job made itself go where the job goes. */
static void
keep_old(struct pipeline_round *r, const struct pipeline_job *job, bool own)
{
	close_old(r);
	r->old = *job;
	if (own)
		r->old.rows = &r->old.own;
}

/* Plugins come and go while one watches: a round is of those that are published. Snapshots stay
 * those of the round before as long as the plugin does, and rows until there are others. */
static int
follow(struct pipeline_round *r, struct buf *why)
{
	struct command_table *now = registry_get(r->pipeline->registry);
	struct pipeline_job before = r->job;
	int status;

	if (now == before.table && r->open) {
		command_table_unref(now);
		return 0;
	}
	r->job = (struct pipeline_job){ 0 };
	status = open_job(r, now, why);
	if (status == 0 && before.command && before.command->plugin == r->job.command->plugin) {
		r->job.newest = before.newest;
		r->job.previous = before.previous;
		before.newest = before.previous = NULL;
	}
	if (before.rows)
		keep_old(r, &before, before.rows == &r->job.own);
	else
		pipeline_job_close(&before);
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
	r->why = (struct buf)BUF_WHY;
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
	call_leave(r->asked, r->bell);
	pipeline_job_close(&r->job);
	close_old(r);
	buf_fini(&r->why);
	free(r);
}

int
pipeline_round_rows(struct pipeline_round *r, struct reply *reply, const struct rows **ret_rows,
		    struct buf *why)
{
	int status = follow(r, why);

	close_old(r);
	if (status == 0)
		status = pipeline_job_rows(&r->job, reply, why);
	if (status != 0)
		return status;
	*ret_rows = r->job.rows;
	return r->job.rows->status;
}

static void
watch(struct pipeline_round *r, struct call *asked, bool rows, struct reply *reply)
{
	double timeout_s = r->job.pipeline->command_timeout_s;

	r->asked = asked;
	r->rows = rows;
	if (!asked)
		return;
	r->until_ns = now_ns() + (int64_t)(timeout_s * (double)NS_PER_S);
	r->bell = reply->ops->doorbell(reply);
	if (r->bell >= 0)
		call_watch(asked, r->bell);
}

void
pipeline_round_ask(struct pipeline_round *r, struct reply *reply)
{
	struct pipeline_job *job = &r->job;
	const struct command *c;

	if (r->asked)
		return;
	buf_clear(&r->why);
	r->status = follow(r, &r->why);
	if (r->status != 0)
		return;
	c = job->command;
	if (c->kind == COMMAND_VIEW)
		watch(r, pipeline_view_ask(job), false, reply);
	else if (c->kind == COMMAND_RUN)
		watch(r,
		      executor_run(job->pipeline->executor, c->plugin, c->callback, job->args,
				   job->pipeline->max_answer, false),
		      true, reply);
}

/* How the call fared that is not waited for any longer. */
static int
result(const struct pipeline_round *r, struct buf *reason)
{
	const char *said = "";
	int status;

	if (!r->asked)
		return 0;
	if (!call_done(r->asked))
		return pipeline_await_failed(-ETIMEDOUT, r->job.pipeline->command_timeout_s,
					     reason);
	status = call_result(r->asked, &said);
	buf_puts(reason, said);
	return status;
}

/* Values are here, or will not come. An isolated plugin makes the rows of them itself. */
static int
take_values(struct pipeline_round *r, struct reply *reply, struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	struct snapshot *newest, *previous;
	struct pipeline_job *job = &r->job;
	int status = result(r, &reason);

	call_leave(r->asked, r->bell);
	r->asked = NULL;
	series_newest(job->command->plugin->series, &newest, &previous);
	status = pipeline_view_take(job, newest, previous, status, buf_str(&reason), why);
	if (status == 0 && job->command->plugin->isolate) {
		watch(r, pipeline_run_ask_view(job, false), true, reply);
		return -EAGAIN;
	}
	pipeline_job_drop(job);
	return status ? status : pipeline_view_make(job, why);
}

/* The call's rows are shared, so the job keeps the call. */
static int
take_rows(struct pipeline_round *r, struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	struct pipeline_job *job = &r->job;
	int64_t time_ns = job->time_ns;
	double interval_s = job->interval_s;
	int status = result(r, &reason);

	pipeline_job_drop(job);
	job->call = r->asked;
	job->bell = r->bell;
	r->asked = NULL;
	status = call_done(job->call) ? pipeline_run_result(job, why)
				      : pipeline_say(job->command, status, buf_str(&reason), why);
	return job->command->kind == COMMAND_VIEW
		       ? pipeline_run_view_done(job, time_ns, interval_s, status, why)
		       : status;
}

static bool
is_open(const struct pipeline_round *r)
{
	return r->asked && !call_done(r->asked) && now_ns() < r->until_ns;
}

static int
take(struct pipeline_round *r, struct reply *reply, struct buf *why)
{
	struct pipeline_job *job = &r->job;
	int status = -EAGAIN;

	if (r->status) {
		buf_puts(why, buf_str(&r->why));
		return r->status;
	}
	if (job->command->kind == COMMAND_BUILTIN)
		return pipeline_job_rows(job, reply, why);
	if (!r->rows && !is_open(r))
		status = take_values(r, reply, why);
	if (r->rows && !is_open(r))
		status = take_rows(r, why);
	return status ? status : pipeline_job_finish(job, reply, why);
}

int
pipeline_round_take(struct pipeline_round *r, struct reply *reply, const struct rows **ret_rows,
		    struct buf *why)
{
	int status = take(r, reply, why);

	if (status != -EAGAIN)
		close_old(r);
	if (status != 0)
		return status;
	*ret_rows = r->job.rows;
	return r->job.rows->status;
}

void
pipeline_round_set_width(struct pipeline_round *r, unsigned width)
{
	r->width = width;
	r->fitted = true;
	r->job.asker.render.width = r->old.asker.render.width = width;
}

double
pipeline_round_age_s(const struct pipeline_round *r)
{
	const struct pipeline_job *job = r->old.rows ? &r->old : &r->job;
	double age_s = (double)(now_ns() - job->time_ns) / (double)NS_PER_S;

	return age_s > 0 ? age_s : 0;
}

struct command_table *
pipeline_round_table(struct pipeline_round *r)
{
	return command_table_ref(r->job.table);
}

int
pipeline_round_write(struct pipeline_round *r, struct reply *reply)
{
	int status = pipeline_write(r->old.rows ? &r->old : &r->job, reply);

	return status < 0 ? status : 0;
}
