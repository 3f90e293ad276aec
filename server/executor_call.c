/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor_call -- one call from the side of those who wait for it: counted, watched, left. A
 * doorbell is rung under the call's lock, so that one who has left is never written to. Results are
 * written once and then read without a lock. The call keeps its own memory, so one that nobody
 * wants any more writes where it harms nobody. Any thread.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "executor_private.h"
#include "wire.h"

struct call *
executor_call_new(struct executor *x, struct plugin *p, enum call_kind kind)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->executor = x;
	c->plugin = plugin_ref(p);
	c->kind = kind;
	c->askers = 1;
	c->limit_ns = p->deadline_ns;
	atomic_init(&c->refs, 1);
	lock_init(&c->lock, LOCK_CALL);
	host_cancel_init(&c->cancel);
	rows_init(&c->rows, NULL, 0, 0);
	return c;
}

/* In one piece with their texts, which a line bounds: one that is missing would be another
 * question. */
static struct host_arg *
copy_args(const struct host_arg *args, size_t n)
{
	size_t bytes = n * sizeof(*args);
	struct host_arg *copy;
	char *text;

	for (size_t i = 0; i < n; i++)
		bytes += args[i].s ? strlen(args[i].s) + 1 : 0;
	copy = xmalloc(bytes);
	text = (char *)(copy + n);
	for (size_t i = 0; i < n; i++) {
		copy[i] = args[i];
		if (!args[i].s)
			continue;
		copy[i].s = strcpy(text, args[i].s);
		text += strlen(text) + 1;
	}
	return copy;
}

void
executor_call_args(struct call *c, const struct telmon_command *cmd, const struct host_arg *args,
		   size_t max_answer)
{
	c->command = cmd;
	c->max_answer = max_answer;
	if (cmd->deadline_s > 0)
		c->limit_ns = (int64_t)(cmd->deadline_s * (double)NS_PER_S);
	c->args = copy_args(args, cmd->n_args);
	rows_init(&c->rows, cmd->columns, cmd->n_columns, max_answer);
}

static bool
same_arg(const struct host_arg *a, const struct host_arg *b)
{
	if (a->given != b->given || a->i != b->i || memcmp(&a->f, &b->f, sizeof(a->f)) != 0)
		return false;
	return a->s && b->s ? strcmp(a->s, b->s) == 0 : a->s == b->s;
}

bool
executor_call_same(const struct call *a, const struct call *b)
{
	return a->newest_id == b->newest_id && a->previous_id == b->previous_id &&
	       executor_call_like(a, b);
}

bool
executor_call_like(const struct call *a, const struct call *b)
{
	if (a->kind != b->kind || a->command != b->command || a->max_answer != b->max_answer)
		return false;
	for (size_t i = 0; a->command && i < a->command->n_args; i++) {
		if (!same_arg(&a->args[i], &b->args[i]))
			return false;
	}
	return true;
}

void
executor_call_unref(struct call *c)
{
	if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	snapshot_unref(c->newest);
	snapshot_unref(c->previous);
	rows_fini(&c->rows);
	host_cancel_fini(&c->cancel);
	lock_fini(&c->lock);
	plugin_unref(c->plugin);
	free(c->args);
	free(c->why);
	free(c->bells);
	free(c);
}

/* An eventfd takes this at once; a descriptor that is none any more would be the waiter's
 * mistake. */
static void
ring(int bell)
{
	uint64_t one = 1;

	if (write(bell, &one, sizeof(one)) < 0) {
		/* Its counter is full: it rings already. */
	}
}

void
executor_publish(struct call *c, int status, const char *why)
{
	LOCKED(&c->lock) {
		if (atomic_load(&c->done))
			return;
		c->status = status;
		c->why = why ? xstrdup(why) : NULL;
		atomic_store(&c->done, true);
		for (size_t i = 0; i < c->n_bells; i++)
			ring(c->bells[i]);
	}
}

void
executor_publish_all(struct call_list *calls, int status, const char *why)
{
	struct call *c;

	while ((c = TAILQ_FIRST(calls))) {
		TAILQ_REMOVE(calls, c, link);
		if (status)
			executor_publish(c, status, why);
		executor_call_unref(c);
	}
}

void
executor_say_stuck(struct buf *why, const struct plugin *p, const struct call *running)
{
	double s = (double)(now_ns() - atomic_load(&running->started_ns)) / (double)NS_PER_S;

	buf_printf(why, "%s: unavailable (a call has not returned for %.*f s)", p->name,
		   s < 10 ? 1 : 0, s);
}

const char *
executor_kind(const struct call *c)
{
	static const char *const names[] = {
		[CALL_START] = "start", [CALL_COLLECT] = "collect", [CALL_VIEW] = "view",
		[CALL_RUN] = "run",	[CALL_STOP] = "stop",
	};

	return names[c->kind];
}

void
call_watch(struct call *c, int doorbell_fd)
{
	LOCKED(&c->lock) {
		if (atomic_load(&c->done))
			ring(doorbell_fd);
		c->bells = xrealloc(c->bells, (c->n_bells + 1) * sizeof(*c->bells));
		c->bells[c->n_bells++] = doorbell_fd;
	}
}

static void
unwatch(struct call *c, int bell)
{
	LOCKED(&c->lock) {
		for (size_t i = 0; i < c->n_bells; i++) {
			if (c->bells[i] == bell) {
				c->bells[i] = c->bells[--c->n_bells];
				return;
			}
		}
	}
}

void
call_leave(struct call *c, int doorbell_fd)
{
	bool cancel = false, withdrawn = false;

	if (!c)
		return;
	unwatch(c, doorbell_fd);
	LOCKED(&c->executor->lock) {
		if (--c->askers == 0 && (c->kind == CALL_RUN || c->kind == CALL_VIEW)) {
			withdrawn = c->place == CALL_WAITING;
			cancel = c->place == CALL_RUNNING && !c->cancelled;
			c->cancelled |= cancel;
			if (withdrawn)
				executor_withdraw_locked(c->plugin->queue, c);
		}
	}
	if (cancel)
		host_cancel_set(&c->cancel);
	if (withdrawn)
		executor_call_unref(c);
	executor_call_unref(c);
}

bool
call_done(struct call *c)
{
	return atomic_load(&c->done);
}

int64_t
call_started_ns(struct call *c)
{
	return atomic_load(&c->started_ns);
}

int
call_result(struct call *c, const char **ret_why)
{
	*ret_why = c->why ? c->why : "";
	return c->status;
}

const struct rows *
call_rows(struct call *c, int64_t *ret_time_ns)
{
	*ret_time_ns = c->made_ns;
	return &c->rows;
}
