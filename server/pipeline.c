/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline -- one command from its words to its answer. Here is the order of the steps: opened and
 * checked (pipeline_open.c), rows from snapshots (pipeline_view.c), from an executor
 * (pipeline_run.c) or from a built-in, filters applied, written (pipeline_write.c). Runs on the
 * session's thread and holds no lock.
 */
#include "pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "pipeline_private.h"
#include "wire.h"

/* Between two looks for a cancel, which takes effect within 250 ms. */
#define LOOK_NS (50 * NS_PER_MS)

struct pipeline *
pipeline_new(struct host *host, struct registry *registry, struct executor *executor,
	     const struct pipeline_limits *limits)
{
	struct pipeline *p = xcalloc(1, sizeof(*p));

	p->host = host;
	p->registry = registry;
	p->executor = executor;
	pipeline_set_limits(p, limits);
	return p;
}

void
pipeline_free(struct pipeline *p)
{
	free(p);
}

void
pipeline_set_limits(struct pipeline *p, const struct pipeline_limits *limits)
{
	p->command_timeout_s = limits->command_timeout_s;
	p->cache_s = limits->cache_s;
	p->max_answer = limits->max_answer;
}

struct pipeline_limits
pipeline_get_limits(struct pipeline *p)
{
	return (struct pipeline_limits){
		.command_timeout_s = p->command_timeout_s,
		.cache_s = p->cache_s,
		.max_answer = p->max_answer,
	};
}

int
pipeline_error(const struct asker *asker, struct reply *reply, int status, const char *message)
{
	_autobuf_ struct buf out = BUF_INIT(64 << 10);
	int r = render_error(&out, asker->render.format, message, status);

	if (r == 0)
		r = reply->ops->text(reply, out.data, out.len);
	return r == -ECANCELED || r == -EPIPE ? r : status;
}

/* The sentence without "name: " before it. */
static const char *
behind_name(const char *reason, const char *name)
{
	size_t n = strlen(name);

	return strncmp(reason, name, n) == 0 && reason[n] == ':' && reason[n + 1] == ' '
		       ? reason + n + 2
		       : reason;
}

int
pipeline_say(const struct command *command, int status, const char *reason, struct buf *why)
{
	/* The executor's sentences bear the plugin's name; who asks knows the command's. */
	if (command->plugin)
		reason = behind_name(reason, command->plugin->name);
	buf_printf(why, "%s: %s", command->name, *reason ? reason : "failed");
	return status;
}

int
pipeline_rows_failed(const struct pipeline_job *job, int error, struct buf *why)
{
	size_t max = job->pipeline->max_answer;

	if (error != -EMSGSIZE)
		return pipeline_say(job->command, STATUS_FAILED, strerror(-error), why);
	buf_printf(why, "%s: answer too large (limit ", job->command->name);
	if (max >= 1 << 20 && max % (1 << 20) == 0)
		buf_printf(why, "%zu MiB)", max >> 20);
	else
		buf_printf(why, "%zu bytes)", max);
	return STATUS_FAILED;
}

void
pipeline_job_drop(struct pipeline_job *job)
{
	rows_fini(&job->own);
	call_leave(job->call, job->bell);
	job->call = NULL;
	job->rows = NULL;
}

void
pipeline_job_close(struct pipeline_job *job)
{
	pipeline_job_drop(job);
	snapshot_unref(job->newest);
	snapshot_unref(job->previous);
	for (size_t i = 0; i < job->n_filters; i++)
		filter_free(job->filters[i]);
	free(job->words);
	free(job->args);
	command_table_unref(job->table);
}

/* Runs a built-in; what it wants of the asker is in the request, never in the session. */
static int
execute(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	const struct command *c = job->command;
	struct request request = {
		.command = c,
		.asker = &job->asker,
		.parsed = job->parsed,
		.args = job->args,
		.words = job->words,
		.n_words = job->n_words,
	};
	size_t n_columns;
	const struct telmon_column *columns = pipeline_columns(job, &n_columns);
	int r;

	rows_init(&job->own, columns, n_columns, job->pipeline->max_answer);
	job->rows = &job->own;
	job->time_ns = now_ns();
	job->interval_s = NAN;
	r = c->exec(c->env, &request, &job->own, reply, why);
	return r > 0 && !why->len ? pipeline_say(c, r, "", why) : r;
}

static int
source(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	switch (job->command->kind) {
	case COMMAND_VIEW:
		return pipeline_view(job, reply, why);
	case COMMAND_RUN:
		return pipeline_run(job, reply, why);
	case COMMAND_BUILTIN:
		break;
	}
	return execute(job, reply, why);
}

/* How long whoever asks will wait for filters. */
struct patience {
	struct reply *reply;
	int64_t look_ns, end_ns;
};

/* Looks for a cancel now and then; most filters are done before the first look. */
static int
go_on(void *ctx)
{
	struct patience *p = ctx;
	int64_t now = now_ns();
	int r;

	if (now < p->look_ns)
		return 0;
	if (now >= p->end_ns)
		return -ETIMEDOUT;
	p->look_ns = now + LOOK_NS;
	r = p->reply->ops->wait(p->reply, 0);
	return r < 0 ? r : 0;
}

static int
filter(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	double timeout_s = job->pipeline->command_timeout_s;
	int64_t now = now_ns();
	struct patience p = { .reply = reply,
			      .look_ns = now + LOOK_NS,
			      .end_ns = now + (int64_t)(timeout_s * (double)NS_PER_S) };
	int r = 0;

	if (job->rows != &job->own) {
		r = rows_copy(&job->own, job->rows);
		job->rows = &job->own;
	}
	for (size_t i = 0; r == 0 && i < job->n_filters; i++)
		r = filter_apply_while(job->filters[i], &job->own, go_on, &p);
	if (r == -ECANCELED || r == -EPIPE)
		return r;
	if (r == -ETIMEDOUT) {
		r = pipeline_await_failed(r, timeout_s, &reason);
		return pipeline_say(job->command, r, buf_str(&reason), why);
	}
	return r == 0 ? 0 : pipeline_rows_failed(job, r, why);
}

int
pipeline_job_finish(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	if (job->rows->error)
		return pipeline_rows_failed(job, job->rows->error, why);
	return job->n_filters ? filter(job, reply, why) : 0;
}

int
pipeline_job_rows(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	int r;

	pipeline_job_drop(job);
	r = source(job, reply, why);
	return r ? r : pipeline_job_finish(job, reply, why);
}

/* A command that writes its own answers. */
static int
stream(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	int r;

	reply->streaming = true;
	r = execute(job, reply, why);
	reply->streaming = false;
	return r ? r : job->own.status;
}

static int
answer(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	int r;

	if (job->command->flags & COMMAND_STREAMS)
		return stream(job, reply, why);
	r = pipeline_job_rows(job, reply, why);
	return r ? r : pipeline_write(job, reply);
}

int
pipeline_answer(struct pipeline *p, const struct asker *asker, const char *line,
		const struct parse_command *cmd, struct reply *reply)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct command_table *table = registry_get(p->registry);
	struct pipeline_job job;
	const struct command *command;
	int r;

	(void)line;
	command = cmd->n_stages == 1
			  ? command_find(table, cmd->stages[0]->words[0].text, asker->person, &why)
			  : NULL;
	if (command && pipeline_view_kept(p, command, asker, cmd, reply, &r)) {
		command_table_unref(table);
		return r;
	}
	buf_clear(&why);
	r = pipeline_job_open(&job, p, table, asker, cmd, &why);
	if (r == 0)
		r = answer(&job, reply, &why);
	/* A sentence that found no room or no memory is no reason to say nothing. */
	if ((why.len || why.error) && r >= STATUS_USAGE)
		r = pipeline_error(&job.asker, reply, r,
				   why.len ? buf_str(&why) : strerror(-why.error));
	pipeline_job_close(&job);
	return r;
}
