/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline_run -- rows of a run, which an executor thread makes while the session waits on its
 * socket, the call and the clock, unless they are there at once. Whoever leaves a call early loses
 * nothing but the answer: the call writes into its own memory and goes when it is done.
 */
#include <errno.h>

#include "pipeline_private.h"
#include "wire.h"

/* Without a doorbell (no descriptor was left) the call is looked at now and then. */
static int64_t
wake_ns(int bell, int64_t until_ns)
{
	int64_t soon_ns = now_ns() + 20 * NS_PER_MS;

	return bell < 0 && soon_ns < until_ns ? soon_ns : until_ns;
}

int
pipeline_await(struct call *call, int bell, struct reply *reply, int64_t until_ns)
{
	if (call_done(call))
		return 0;
	if (bell >= 0)
		call_watch(call, bell);
	while (!call_done(call)) {
		/* A ring may be a late one of the call before. */
		int r = reply->ops->wait(reply, wake_ns(bell, until_ns));

		if (r < 0)
			return r;
		if (r == 0 && now_ns() >= until_ns && !call_done(call))
			return -ETIMEDOUT;
	}
	return 0;
}

int
pipeline_await_failed(int error, double timeout_s, struct buf *why)
{
	if (error != -ETIMEDOUT)
		return error;
	buf_printf(why, "no answer within %g s", timeout_s);
	return STATUS_TIMEOUT;
}

int
pipeline_run_result(struct pipeline_job *job, struct buf *why)
{
	const char *reason = "";
	int r = call_result(job->call, &reason), error;

	/* A run that was told to stop when its answer grew too large may have failed with that. */
	if (r == STATUS_FAILED && (error = call_rows(job->call, &job->time_ns)->error))
		return pipeline_rows_failed(job, error, why);
	if (r != 0)
		return pipeline_say(job->command, r, reason, why);
	job->rows = call_rows(job->call, &job->time_ns);
	job->interval_s = NAN;
	return 0;
}

/* Waits for the job's call, and takes its rows. */
static int
await_rows(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	double timeout_s = job->pipeline->command_timeout_s;
	int r;

	if (!call_done(job->call))
		job->bell = reply->ops->doorbell(reply);
	r = pipeline_await(job->call, job->bell, reply,
			   now_ns() + (int64_t)(timeout_s * (double)NS_PER_S));

	if (r == 0)
		return pipeline_run_result(job, why);
	r = pipeline_await_failed(r, timeout_s, &reason);
	return r < 0 ? r : pipeline_say(job->command, r, buf_str(&reason), why);
}

int
pipeline_run(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	const struct command *c = job->command;
	struct pipeline *p = job->pipeline;

	job->call = executor_run(p->executor, c->plugin, c->callback, job->args, p->max_answer,
				 true);
	return await_rows(job, reply, why);
}

/* Rows that the child made before it went down, with the age that they have. */
static int
last_view(struct pipeline_job *job, int status, struct buf *why)
{
	const struct command *c = job->command;
	struct pipeline *p = job->pipeline;
	struct call *last = executor_last_view(p->executor, c->plugin, c->callback, job->args,
					       p->max_answer);

	if (!last)
		return status;
	call_leave(job->call, job->bell);
	job->call = last;
	job->stale = true;
	buf_clear(why);
	return pipeline_run_result(job, why);
}

struct call *
pipeline_run_ask_view(struct pipeline_job *job, bool alone)
{
	const struct command *c = job->command;
	struct pipeline *p = job->pipeline;

	return executor_view(p->executor, c->plugin, c->callback, job->args, job->newest,
			     job->previous, p->max_answer, alone);
}

int
pipeline_run_view_done(struct pipeline_job *job, int64_t time_ns, double interval_s, int status,
		       struct buf *why)
{
	/* Whoever asked for what went wrong is told so. */
	if (status == STATUS_UNAVAILABLE)
		return last_view(job, status, why);
	/* Its data is as old as its snapshots, whenever it was rendered. */
	job->time_ns = time_ns;
	job->interval_s = interval_s;
	return status;
}

int
pipeline_run_view(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	int64_t time_ns = job->time_ns;
	double interval_s = job->interval_s;

	job->call = pipeline_run_ask_view(job, true);
	return pipeline_run_view_done(job, time_ns, interval_s, await_rows(job, reply, why), why);
}
