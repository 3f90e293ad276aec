/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline_fake -- what tests of pipeline and builtins stand on: a reply that collects bytes,
 * plugins that live in the test's own process, and a world of host, executor, registry and pipeline
 * around them.
 */
#ifndef PIPELINE_FAKE_H
#define PIPELINE_FAKE_H

/* Before check.h, which has a macro named fail. */
#include <telmon/plugin.h>

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "buf.h"
#include "command.h"
#include "executor.h"
#include "host.h"
#include "lock.h"
#include "mem.h"
#include "parse.h"
#include "pipeline.h"
#include "plugin.h"
#include "series.h"
#include "wire.h"

/* ---- the reply ------------------------------------------------------------------------------- */

struct fake {
	struct reply reply;
	struct buf out;
	int bell;
	unsigned texts, rounds, waits;
	unsigned cancel_at_wait; /* this wait returns wait_error; 0 = none */
	int wait_error;
	unsigned fail_at_text; /* this text returns -EPIPE; 0 = none */
	bool no_bell;
	bool was_streaming;
	void (*on_wait)(struct fake *f);
	/* What a terminal adds. */
	bool draw; /* the next wait says so */
	bool is_busy;
	int keys[16]; /* up to a 0, taken one by one */
};

static inline int
fake_text(struct reply *reply, const char *bytes, size_t n)
{
	struct fake *f = (struct fake *)reply;

	f->was_streaming = reply->streaming;
	if (++f->texts == f->fail_at_text)
		return -EPIPE;
	return buf_put(&f->out, bytes, n);
}

static inline int
fake_round(struct reply *reply)
{
	struct fake *f = (struct fake *)reply;

	f->rounds++;
	buf_puts(&f->out, "--\n");
	return 0;
}

static inline int
fake_doorbell(struct reply *reply)
{
	struct fake *f = (struct fake *)reply;

	if (f->no_bell)
		return -EMFILE;
	if (f->bell < 0)
		f->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return f->bell;
}

static inline int
fake_wait(struct reply *reply, int64_t until_ns)
{
	struct fake *f = (struct fake *)reply;
	struct pollfd pfd = { .fd = f->bell, .events = POLLIN };

	f->waits++;
	if (f->on_wait)
		f->on_wait(f);
	if (f->waits == f->cancel_at_wait)
		return f->wait_error;
	if (reply->keys && f->keys[0])
		return REPLY_KEY;
	if (reply->restore && f->draw) {
		f->draw = false;
		return REPLY_DRAW;
	}
	for (;;) {
		int64_t left_ns = until_ns - now_ns();
		struct timespec ts = { .tv_sec = left_ns / NS_PER_S,
				       .tv_nsec = left_ns % NS_PER_S };
		uint64_t rings;

		if (left_ns < 0)
			ts = (struct timespec){ 0 };
		if (ppoll(&pfd, 1, until_ns < 0 ? NULL : &ts, NULL) > 0)
			return read(f->bell, &rings, sizeof(rings)) > 0;
		if (until_ns >= 0 && now_ns() >= until_ns)
			return 0;
	}
}

static inline int
fake_key(struct reply *reply)
{
	struct fake *f = (struct fake *)reply;
	int key = f->keys[0];

	memmove(f->keys, f->keys + 1, sizeof(f->keys) - sizeof(f->keys[0]));
	return key ? key : -EAGAIN;
}

static inline bool
fake_busy(struct reply *reply)
{
	return ((struct fake *)reply)->is_busy;
}

static const struct reply_ops fake_ops = { fake_text, fake_round, fake_doorbell,
					   fake_wait, fake_key,	  fake_busy };

static inline void
fake_init(struct fake *f)
{
	*f = (struct fake){ .reply.ops = &fake_ops, .out = BUF_INIT(256 << 20), .bell = -1 };
}

static inline void
fake_fini(struct fake *f)
{
	if (f->bell >= 0)
		close(f->bell);
	buf_fini(&f->out);
}

/* ---- plugins --------------------------------------------------------------------------------- */

static inline struct plugin *
fake_plugin(const char *name, const struct telmon_plugin *decl)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct plugin *p = xcalloc(1, sizeof(*p));

	atomic_init(&p->refs, 1);
	p->name = xstrdup(name);
	p->path = xstrdup(name);
	p->decl = *decl;
	p->metrics = (struct telmon_metric *)decl->metrics;
	p->commands = (struct telmon_command *)decl->commands;
	p->sampled = decl->mode == TELMON_SAMPLED;
	p->interval_ns = decl->interval_s > 0 ? (int64_t)(decl->interval_s * (double)NS_PER_S)
					      : NS_PER_S;
	p->deadline_ns = 10 * NS_PER_S;
	p->series = series_new(p->sampled ? 0 : 10);
	p->object.name = p->name;
	p->object.decl = &p->decl;
	p->object.set = metric_set_new(decl->metrics, decl->n_metrics, sizeof(struct telmon_metric),
				       &why);
	ck_assert_msg(p->object.set != NULL, "%s", buf_str(&why));
	return p;
}

/* The tables are the test's own constants: they must not be freed with the plugin. */
static inline void
fake_plugin_free(struct plugin *p)
{
	ck_assert_uint_eq(p->refs, 1);
	p->metrics = NULL;
	p->commands = NULL;
	plugin_unref(p);
}

/* ---- the world ------------------------------------------------------------------------------- */

enum { WORLD_MAX_PLUGINS = 16 };

struct world {
	struct host *host;
	struct registry *registry;
	struct executor *executor;
	struct pipeline *pipeline;
	struct plugin *plugins[WORLD_MAX_PLUGINS];
	size_t n_plugins;
	struct asker asker;
	struct fake fake;
};

static inline void
world_open(struct world *w)
{
	static const struct pipeline_limits limits = { .command_timeout_s = 10,
						       .cache_s = 1,
						       .max_answer = 64 << 20 };
	_autobuf_ struct buf why = BUF_WHY;

	*w = (struct world){ 0 };
	w->host = host_new(NULL, &why);
	ck_assert_msg(w->host != NULL, "%s", buf_str(&why));
	w->registry = registry_new();
	w->executor = executor_new(w->host, 8);
	w->pipeline = pipeline_new(w->host, w->registry, w->executor, &limits);
	fake_init(&w->fake);
	w->fake.reply.asker = &w->asker;
}

static inline struct plugin *
world_add(struct world *w, const char *name, const struct telmon_plugin *decl)
{
	return w->plugins[w->n_plugins++] = fake_plugin(name, decl);
}

static inline void
world_publish(struct world *w, const struct command *builtins, size_t n)
{
	_autobuf_ struct buf refused = BUF_INIT(4096);
	struct plugin_table *plugins = plugin_table_new(w->plugins, w->n_plugins, NULL, 0);

	registry_set(w->registry, command_table_new(builtins, n, plugins, &refused));
	ck_assert_str_eq(buf_str(&refused), "");
	plugin_table_unref(plugins);
}

static inline void
world_close(struct world *w)
{
	ck_assert_uint_eq(executor_stop(w->executor, now_ns() + 5 * NS_PER_S), 0);
	pipeline_free(w->pipeline);
	registry_free(w->registry);
	executor_free(w->executor);
	for (size_t i = 0; i < w->n_plugins; i++)
		fake_plugin_free(w->plugins[i]);
	host_free(w->host);
	fake_fini(&w->fake);
}

static inline void
world_set_limits(struct world *w, double command_timeout_s, double cache_s, size_t max_answer)
{
	struct pipeline_limits limits = { .command_timeout_s = command_timeout_s,
					  .cache_s = cache_s,
					  .max_answer = max_answer };

	pipeline_set_limits(w->pipeline, &limits);
}

/* Answers every command of a line; what was written is in w->fake.out. Returns the last status. */
static inline int
world_say(struct world *w, const char *line)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct parse_command *cmd;
	struct arena arena;
	size_t at = 0;
	int r = -1, more;

	arena_init(&arena, 1 << 20);
	buf_clear(&w->fake.out);
	w->fake.texts = w->fake.rounds = w->fake.waits = 0;
	w->fake.reply.restore = NULL;
	w->fake.reply.rows = 0;
	while ((more = parse_next(line, strlen(line), &at, &arena, &cmd, &why)) != 0) {
		ck_assert_msg(more == 1, "%s: %s", line, buf_str(&why));
		r = pipeline_answer(w->pipeline, &w->asker, line, cmd, &w->fake.reply);
	}
	arena_fini(&arena);
	return r;
}

static inline const char *
world_text(struct world *w)
{
	return buf_str(&w->fake.out);
}

#define ck_assert_contains(haystack, needle)                                                       \
	ck_assert_msg(strstr((haystack), (needle)) != NULL, "'%s' lacks '%s'", (haystack), (needle))

#endif
