/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline_view -- rows that are computed from the newest snapshots, and answers that are kept as
 * long as a snapshot is the newest.
 *
 * The kept answer is the hottest path of the daemon: it calls no plugin, renders nothing and
 * allocates nothing. Its key says all that the bytes depend on: the command's full name, its words
 * and whether each was quoted (a quoted "-n" is no option), format, and for text the width and the
 * bits that change it.
 */
#include <errno.h>
#include <string.h>

#include "mem.h"
#include "pipeline_private.h"
#include "wire.h"

struct key {
	size_t size;
	char bytes[PIPELINE_KEY_BYTES];
};

static bool
key_put(struct key *key, const void *bytes, size_t n)
{
	if (n > sizeof(key->bytes) - key->size)
		return false;
	memcpy(key->bytes + key->size, bytes, n);
	key->size += n;
	return true;
}

/* False when the command line is too long to be kept. */
static bool
make_key(struct key *key, const struct command *command, const struct parse_stage *stage,
	 const struct render_options *o)
{
	const struct {
		unsigned width;
		unsigned char format, ascii, color, zero;
	} look = {
		.width = o->format == RENDER_TEXT ? o->width : 0,
		.format = (unsigned char)o->format,
		.ascii = o->format == RENDER_TEXT && o->ascii,
		.color = o->format == RENDER_TEXT && o->color,
	};
	bool fits;

	key->size = 0;
	fits = key_put(key, &look, sizeof(look)) &&
	       key_put(key, command->name, strlen(command->name));
	for (size_t i = 1; fits && i < stage->n_words; i++) {
		const struct parse_word *w = &stage->words[i];

		fits = key_put(key, w->quoted ? "\0q" : "\0-", 2) &&
		       key_put(key, w->text, strlen(w->text));
	}
	return fits;
}

static bool
is_stale(const struct pipeline *p, const struct plugin *plugin, int64_t time_ns)
{
	return !plugin->sampled && (double)(now_ns() - time_ns) > p->cache_s * (double)NS_PER_S;
}

bool
pipeline_view_kept(struct pipeline *p, const struct command *command, const struct asker *asker,
		   const struct parse_command *parsed, struct reply *reply, int *ret)
{
	struct render_options options = pipeline_options(asker, parsed);
	struct blob *blob;
	struct key key;
	int64_t time_ns;
	bool usable;

	if (command->kind != COMMAND_VIEW || parsed->n_stages != 1)
		return false;
	if (!make_key(&key, command, parsed->stages[0], &options))
		return false;
	blob = series_kept(command->plugin->series, key.bytes, key.size, &time_ns);
	if (!blob)
		return false;
	usable = !is_stale(p, command->plugin, time_ns);
	if (usable)
		*ret = pipeline_write_kept(p, asker, parsed, blob, time_ns, reply);
	blob_unref(blob);
	return usable;
}

void
pipeline_view_keep(const struct pipeline_job *job, const char *body, size_t size)
{
	struct blob *blob;
	struct key key;

	if (!make_key(&key, job->command, job->parsed->stages[0], &job->asker.render))
		return;
	blob = blob_new(body, size, job->rows->status, job->interval_s);
	if (blob)
		series_keep(job->command->plugin->series, job->newest->id, key.bytes, key.size,
			    blob);
	blob_unref(blob);
}

static void
release(struct snapshot **s)
{
	snapshot_unref(*s);
	*s = NULL;
}

/* Waits for a collect that others may wait for too. */
static int
refresh(struct pipeline *p, struct plugin *plugin, double timeout_s, struct reply *reply,
	struct buf *why)
{
	int bell = reply->ops->doorbell(reply);
	struct call *call = executor_collect(p->executor, plugin);
	int r = pipeline_await(call, bell, reply,
			       now_ns() + (int64_t)(timeout_s * (double)NS_PER_S));
	const char *reason = "";

	if (r < 0) {
		r = pipeline_await_failed(r, timeout_s, why);
	} else {
		r = call_result(call, &reason);
		if (r != 0)
			buf_puts(why, reason);
	}
	call_leave(call, bell);
	return r;
}

int
pipeline_fresh(struct pipeline *p, struct plugin *plugin, double timeout_s, struct reply *reply,
	       struct snapshot **ret_newest, struct snapshot **ret_previous, struct buf *why)
{
	struct snapshot *newest, *previous;
	int r;

	series_newest(plugin->series, &newest, &previous);
	if (newest && !is_stale(p, plugin, newest->time_ns)) {
		*ret_newest = newest;
		*ret_previous = previous;
		return 0;
	}
	release(&newest);
	release(&previous);
	r = refresh(p, plugin, timeout_s, reply, why);
	if (r >= 0)
		series_newest(plugin->series, &newest, &previous);
	*ret_newest = newest;
	*ret_previous = previous;
	return r;
}

/* Between rounds the snapshot of the round before is the previous one, however many came in the
 * meantime. */
static void
take_snapshots(struct pipeline_job *job, struct snapshot *newest, struct snapshot *previous)
{
	if (job->newest && newest && newest->id == job->newest->id) {
		release(&newest);
		release(&previous);
		return;
	}
	if (job->newest) {
		release(&previous);
		previous = job->newest;
	}
	release(&job->previous);
	job->newest = newest;
	job->previous = previous;
}

int
pipeline_view_take(struct pipeline_job *job, struct snapshot *newest, struct snapshot *previous,
		   int status, const char *reason, struct buf *why)
{
	if (!newest)
		return pipeline_say(job->command, status ? status : STATUS_FAILED,
				    status ? reason : "no values yet", why);
	take_snapshots(job, newest, previous);
	job->time_ns = job->newest->time_ns;
	job->interval_s = job->previous ? (double)(job->newest->time_ns - job->previous->time_ns) /
						  (double)NS_PER_S
					: NAN;
	return 0;
}

int
pipeline_view_make(struct pipeline_job *job, struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	const struct command *c = job->command;
	int r;

	rows_init(&job->own, c->columns, c->n_columns, job->pipeline->max_answer);
	job->rows = &job->own;
	r = host_view(job->pipeline->host, &c->plugin->object, c->callback, job->newest,
		      job->previous, job->args, &job->own, &reason);
	if (r == 0 || job->own.error)
		return 0;
	return pipeline_say(c, STATUS_FAILED, buf_str(&reason), why);
}

int
pipeline_view(struct pipeline_job *job, struct reply *reply, struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	struct snapshot *newest, *previous;
	int r = pipeline_fresh(job->pipeline, job->command->plugin,
			       job->pipeline->command_timeout_s, reply, &newest, &previous,
			       &reason);

	if (r < 0)
		return r;
	r = pipeline_view_take(job, newest, previous, r, buf_str(&reason), why);
	if (r != 0)
		return r;
	return job->command->plugin->isolate ? pipeline_run_view(job, reply, why)
					     : pipeline_view_make(job, why);
}

struct call *
pipeline_view_ask(const struct pipeline_job *job)
{
	struct plugin *plugin = job->command->plugin;
	struct snapshot *newest;
	bool fresh;

	series_newest(plugin->series, &newest, NULL);
	fresh = newest && !is_stale(job->pipeline, plugin, newest->time_ns);
	snapshot_unref(newest);
	return fresh ? NULL : executor_collect(job->pipeline->executor, plugin);
}
