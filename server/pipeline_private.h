/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline_private -- what the parts of pipeline share: the job, which is one command with its
 * checked arguments, its compiled filters and, once they are there, its rows. A job belongs to one
 * session's thread.
 *
 * Where a function here returns int, 0 is good, a status of wire.h (64 and up) comes with a
 * sentence in why, and -ECANCELED and -EPIPE are the reply's.
 */
#ifndef PIPELINE_PRIVATE_H
#define PIPELINE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "executor.h"
#include "filter.h"
#include "host.h"
#include "pipeline.h"

struct pipeline {
	struct host *host;
	struct registry *registry;
	struct executor *executor;
	/* Each is read alone, so a reload needs no lock. */
	_Atomic double command_timeout_s, cache_s;
	_Atomic size_t max_answer;
};

enum {
	PIPELINE_KEY_BYTES = 512,	 /* longer command lines are not kept */
	PIPELINE_KEEP_BYTES = 256 << 10, /* nor are longer answers */
	PIPELINE_PIECE_BYTES = 32 << 10, /* others go out in pieces of about this size */
};

struct pipeline_job {
	struct pipeline *pipeline;
	struct command_table *table; /* a reference; it holds command and plugin */
	const struct command *command;
	struct asker asker;		    /* with the format that the command line asks for */
	const struct parse_command *parsed; /* the caller's, or inner */
	struct parse_command inner;	    /* COMMAND_PIPELINE: what its own options leave */
	struct parse_stage first;
	struct host_arg *args;
	char **words;
	size_t n_words;
	struct filter *filters[PARSE_MAX_STAGES];
	size_t n_filters;
	bool rounds; /* the snapshots below stay from one round to the next */
	bool stale;  /* the rows are of older snapshots than those below */

	struct snapshot *newest, *previous;
	struct call *call; /* a run's, while its rows are borrowed */
	int bell;
	struct rows own;
	const struct rows *rows; /* own, or the call's */
	int64_t time_ns;	 /* of the data; CLOCK_MONOTONIC */
	double interval_s;
};

/* Also for a job that did not open. */
void pipeline_job_close(struct pipeline_job *job);
/* Gets the rows of this moment and filters them: job->rows. */
int pipeline_job_rows(struct pipeline_job *job, struct reply *reply, struct buf *why);
/* What is done with rows from whatever source: too many are an error, and filters are applied. */
int pipeline_job_finish(struct pipeline_job *job, struct reply *reply, struct buf *why);
/* Drops what belongs to the last rows. */
void pipeline_job_drop(struct pipeline_job *job);
/* Why there are no rows, from their error: "NAME: answer too large (limit 64 MiB)" for -EMSGSIZE.
 * Returns STATUS_FAILED. */
int pipeline_rows_failed(const struct pipeline_job *job, int error, struct buf *why);
/* Puts the name of the command before a plugin's sentence. Returns status. */
int pipeline_say(const struct command *command, int status, const char *reason, struct buf *why);

/* pipeline_open.c. Finds the command, checks role, arguments and filters. The job may be closed
 * whatever this returns. parsed must stay; table is taken. */
int pipeline_job_open(struct pipeline_job *job, struct pipeline *p, struct command_table *table,
		      const struct asker *asker, const struct parse_command *parsed,
		      struct buf *why);
/* The columns that the source of the rows will have. */
const struct telmon_column *pipeline_columns(const struct pipeline_job *job, size_t *ret_n);

/* pipeline_view.c: rows from snapshots, into job->own. */
int pipeline_view(struct pipeline_job *job, struct reply *reply, struct buf *why);
/* The same in steps: asks for values unless they are new (NULL); takes the snapshots (the
 * references; newest may be NULL; status and reason are those of the call); makes rows of them,
 * unless that is an isolated plugin's business. */
struct call *pipeline_view_ask(const struct pipeline_job *job);
int pipeline_view_take(struct pipeline_job *job, struct snapshot *newest, struct snapshot *previous,
		       int status, const char *reason, struct buf *why);
int pipeline_view_make(struct pipeline_job *job, struct buf *why);
/* Answers from a kept rendering. True if that was possible; *ret is then what pipeline_answer()
 * returns. */
bool pipeline_view_kept(struct pipeline *p, const struct command *command,
			const struct asker *asker, const struct parse_command *parsed,
			struct reply *reply, int *ret);
/* Keeps a rendered body (without head) of the job's rows for those who ask the same. */
void pipeline_view_keep(const struct pipeline_job *job, const char *body, size_t size);

/* pipeline_run.c: rows of a run; job->rows points into the shared call. */
int pipeline_run(struct pipeline_job *job, struct reply *reply, struct buf *why);
/* The same for a view of an isolated plugin, of the job's snapshots. */
int pipeline_run_view(struct pipeline_job *job, struct reply *reply, struct buf *why);
/* The same in two steps: asks (alone: as executor_view()), and makes the best of what came; status
 * is that of the call. */
struct call *pipeline_run_ask_view(struct pipeline_job *job, bool alone);
int pipeline_run_view_done(struct pipeline_job *job, int64_t time_ns, double interval_s, int status,
			   struct buf *why);
/* The rows of job->call, which is done. */
int pipeline_run_result(struct pipeline_job *job, struct buf *why);
/* Waits until the call is done. 0, -ETIMEDOUT, -ECANCELED, -EPIPE. */
int pipeline_await(struct call *call, int bell, struct reply *reply, int64_t until_ns);
/* What pipeline_await() returned as a result: "no answer within 10 s" and STATUS_TIMEOUT, or what
 * the reply said. */
int pipeline_await_failed(int error, double timeout_s, struct buf *why);

/* pipeline_write.c: renders job->rows into the reply. Returns the status of the rows, or
 * STATUS_FAILED. */
int pipeline_write(struct pipeline_job *job, struct reply *reply);
/* A kept body behind a head of its own. Returns the blob's status. */
int pipeline_write_kept(struct pipeline *p, const struct asker *asker,
			const struct parse_command *parsed, const struct blob *blob,
			int64_t time_ns, struct reply *reply);

static inline struct render_options
pipeline_options(const struct asker *asker, const struct parse_command *parsed)
{
	static const enum render_format formats[] = {
		[PARSE_TEXT] = RENDER_TEXT,
		[PARSE_JSON] = RENDER_JSON,
		[PARSE_CSV] = RENDER_CSV,
	};
	struct render_options o = asker->render;

	if (parsed->format != PARSE_AS_SET)
		o.format = formats[parsed->format];
	return o;
}

#endif
