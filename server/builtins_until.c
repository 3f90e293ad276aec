/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * until -- repeats a pipeline in silence until there is a row, and writes that answer. When its
 * time is up it writes the last answer, which is empty, and its status is 1. A round that fails has
 * no row; if the last one failed, its error is the answer.
 */
#include "builtins_private.h"

enum { ARG_LIMIT, ARG_SECONDS };

static int
wait_until(struct reply *reply, int64_t until_ns)
{
	int r;

	do {
		r = reply->ops->wait(reply, until_ns);
	} while (r > 0);
	return r;
}

static int
finish(struct pipeline_round *round, struct rows *ret, struct reply *reply, int status)
{
	ret->status = status;
	return pipeline_round_write(round, reply);
}

static int
repeat(struct pipeline_round *round, const struct request *request, struct rows *ret,
       struct reply *reply, struct buf *why)
{
	int64_t every_ns = (int64_t)(request->args[ARG_SECONDS].f * (double)NS_PER_S),
		next_ns = now_ns(), end_ns = -1;
	const struct rows *rows;
	int r;

	if (request->args[ARG_LIMIT].given)
		end_ns = next_ns + (int64_t)(request->args[ARG_LIMIT].f * (double)NS_PER_S);
	for (;;) {
		buf_clear(why);
		r = pipeline_round_rows(round, reply, &rows, why);
		if (r < 0)
			return r;
		if (r < STATUS_USAGE && rows->n_rows)
			return finish(round, ret, reply, STATUS_OK);
		/* The last look is one at the end itself, so that a slow beat misses nothing; one
		 * that lasted till then was it. */
		if (end_ns >= 0 && now_ns() >= end_ns)
			return r < STATUS_USAGE ? finish(round, ret, reply, STATUS_WARNING) : r;
		next_ns += every_ns * ((now_ns() - next_ns) / every_ns + 1);
		r = wait_until(reply, end_ns >= 0 && next_ns > end_ns ? end_ns : next_ns);
		if (r < 0)
			return r;
	}
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	struct builtins_env *env = ctx;
	struct pipeline_round *round;
	int r;

	round = pipeline_round_new(env->pipeline, request->asker, request->parsed, &r, why);
	if (!round)
		return r;
	r = repeat(round, request, rows, reply, why);
	pipeline_round_free(round);
	return r;
}

static const struct telmon_arg args[] = {
	[ARG_LIMIT] = { .name = "seconds",
			.help = "when to give up; else never",
			.flag = 't',
			.type = TELMON_REAL,
			.min = 0,
			.max = 31536000 },
	[ARG_SECONDS] = { .name = "seconds",
			  .help = "time from one round to the next",
			  .flag = 'n',
			  .type = TELMON_REAL,
			  .def = "1",
			  .min = 0.1,
			  .max = 86400 },
};

const struct command builtins_until = {
	.name = "until",
	.help = "Repeats a pipeline until it has a row",
	.args = args,
	.n_args = BUILTINS_COUNT(args),
	.kind = COMMAND_BUILTIN,
	.flags = COMMAND_STREAMS | COMMAND_PIPELINE,
	.exec = exec,
};
