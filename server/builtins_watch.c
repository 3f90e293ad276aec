/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * watch -- one pipeline again and again, each round an answer of its own with rates since the round
 * before. Rounds begin on a fixed beat; what is overdue is left out, not caught up. A round that
 * fails says so and the next one tries again. Ends by its count, a key or /cancel (-ECANCELED), or
 * hang-up. For a live asker the rounds are drawn one over the other (builtins_watch_live.c).
 */
#include <time.h>

#include "builtins_private.h"
#include "text.h"

enum { ARG_SECONDS, ARG_COUNT };

/* Nobody but a person looking at plain text wants to be told when a round was. */
static int
write_heading(const struct asker *asker, double every_s, struct reply *reply)
{
	_autobuf_ struct buf line = BUF_INIT(256);

	if (!asker->person || asker->render.format != RENDER_TEXT)
		return 0;
	text_number(&line, (double)time(NULL), TELMON_EPOCH, TELMON_INT);
	buf_printf(&line, "  every %g s\n", every_s);
	return reply->ops->text(reply, line.data, line.len);
}

static int
round_once(struct pipeline_round *round, const struct asker *asker, struct reply *reply,
	   int *ret_status)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct rows *rows;
	int r = pipeline_round_rows(round, reply, &rows, &why);

	if (r < 0)
		return r;
	*ret_status = r;
	if (r < STATUS_USAGE)
		return pipeline_round_write(round, reply);
	r = pipeline_error(asker, reply, r, buf_str(&why));
	return r < 0 ? r : 0;
}

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
repeat(struct pipeline_round *round, const struct request *request, struct reply *reply,
       int *ret_status)
{
	double every_s = request->args[ARG_SECONDS].f;
	int64_t every_ns = (int64_t)(every_s * (double)NS_PER_S), next_ns = now_ns(), late_ns;
	int64_t count = request->args[ARG_COUNT].given ? request->args[ARG_COUNT].i : INT64_MAX;
	int r;

	for (;;) {
		r = write_heading(request->asker, every_s, reply);
		if (r == 0)
			r = round_once(round, request->asker, reply, ret_status);
		if (r < 0 || --count <= 0)
			return r;
		r = reply->ops->round(reply);
		if (r < 0)
			return r;
		late_ns = now_ns() - next_ns;
		next_ns += every_ns * (late_ns / every_ns + 1);
		r = wait_until(reply, next_ns);
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
	if (request->asker->live && request->asker->render.format == RENDER_TEXT)
		r = builtins_watch_live(round, request, request->args[ARG_SECONDS].f,
					request->args[ARG_COUNT].given ? request->args[ARG_COUNT].i
								       : INT64_MAX,
					reply, &rows->status);
	else
		r = repeat(round, request, reply, &rows->status);
	pipeline_round_free(round);
	return r;
}

static const struct telmon_arg args[] = {
	[ARG_SECONDS] = { .name = "seconds",
			  .help = "time from one round to the next",
			  .flag = 'n',
			  .type = TELMON_REAL,
			  .def = "2",
			  .min = 0.1,
			  .max = 86400 },
	[ARG_COUNT] = { .name = "count",
			.help = "how many rounds; else until it is stopped",
			.flag = 'c',
			.type = TELMON_INT,
			.min = 1,
			.max = 1e9 },
};

const struct command builtins_watch = {
	.name = "watch",
	.help = "Repeats a pipeline",
	.args = args,
	.n_args = BUILTINS_COUNT(args),
	.kind = COMMAND_BUILTIN,
	.flags = COMMAND_STREAMS | COMMAND_PIPELINE,
	.exec = exec,
};
