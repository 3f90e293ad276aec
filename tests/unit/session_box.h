/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_box -- a daemon without its roof, for the tests of session and listener: the real
 * pipeline over commands of the test's own. Peers to talk to it are in session_peer.h. Nothing
 * sleeps: what another thread will do is waited for.
 */
#ifndef SESSION_BOX_H
#define SESSION_BOX_H

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access.h"
#include "command.h"
#include "host.h"
#include "lock.h"
#include "mem.h"
#include "pipeline.h"
#include "plugin.h"
#include "roster.h"
#include "session.h"
#include "wire.h"

#include <check.h> /* last: it has a macro `fail` */

enum { DEADLINE_MS = 20000, MAX_LINE = 256, MAX_OUTPUT = 256 << 10 };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct box {
	struct host *host;
	struct registry *registry;
	struct pipeline *pipeline;
	struct roster *roster;
	struct access *access;
	struct session_shared *shared;
	struct session_limits limits;
	char prompt[300];
	_Atomic int executions; /* of any command */
	_Atomic int waits;	/* commands that are in wait() */
	_Atomic int result;	/* what the last wait() said */
} box;

/* --- commands --- */

static int
exec_echo(void *env, const struct request *q, struct rows *rows, struct reply *reply,
	  struct buf *why)
{
	(void)env;
	(void)reply;
	(void)why;
	box.executions++;
	rows->plain = true;
	for (size_t i = 0; i < q->n_words; i++) {
		rows_begin(rows);
		rows_text(rows, q->words[i]);
	}
	return 0;
}

static const struct telmon_column text_column[] = {
	{ .name = "text", .type = TELMON_TEXT, .help = "text" }
};
static const struct telmon_column disk_columns[] = {
	{ .name = "device", .type = TELMON_TEXT, .help = "which" },
	{ .name = "used_bytes", .type = TELMON_INT, .unit = TELMON_BYTES, .help = "how much" },
};
static const struct telmon_arg disk_args[] = {
	{ .name = "by", .flag = 's', .type = TELMON_COLUMN, .help = "sort by" },
	{ .name = "count",
	  .flag = 'n',
	  .type = TELMON_INT,
	  .def = "2",
	  .min = 0,
	  .max = 1e6,
	  .help = "how many rows" },
};

static int
exec_disk(void *env, const struct request *q, struct rows *rows, struct reply *reply,
	  struct buf *why)
{
	(void)env;
	(void)reply;
	(void)why;
	box.executions++;
	for (int64_t i = 0; i < q->args[1].i; i++) {
		char name[32];

		snprintf(name, sizeof(name), "sd%lld", (long long)i);
		rows_begin(rows);
		rows_text(rows, name);
		rows_int(rows, 1024 * (i + 1));
	}
	rows->status = 1;
	return 0;
}

/* Waits until it is cancelled, or its doorbell rings: a pipe tells the test that it waits. */
static int
exec_wait(void *env, const struct request *q, struct rows *rows, struct reply *reply,
	  struct buf *why)
{
	int r;

	(void)env;
	(void)q;
	(void)why;
	box.executions++;
	reply->ops->doorbell(reply);
	box.waits++;
	do {
		r = reply->ops->wait(reply, -1);
	} while (r > 0);
	box.result = r;
	box.waits--;
	if (r < 0)
		return r;
	rows->plain = true;
	rows_begin(rows);
	rows_text(rows, "waited");
	return 0;
}

/* Rings its own doorbell, waits for that, and then for a time that is there at once. */
static int
exec_ring(void *env, const struct request *q, struct rows *rows, struct reply *reply,
	  struct buf *why)
{
	static const uint64_t one = 1;
	int bell = reply->ops->doorbell(reply);

	(void)env;
	(void)q;
	(void)why;
	box.executions++;
	ck_assert_int_ge(bell, 0);
	ck_assert_int_eq(reply->ops->doorbell(reply), bell);
	ck_assert_int_eq(write(bell, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(reply->ops->wait(reply, -1), 1);
	ck_assert_int_eq(reply->ops->wait(reply, now_ns() + NS_PER_MS), 0);
	rows->plain = true;
	rows_begin(rows);
	rows_text(rows, "rang");
	return 0;
}

/* Three rounds, and then it waits for ever. */
static int
exec_stream(void *env, const struct request *q, struct rows *rows, struct reply *reply,
	    struct buf *why)
{
	int r = 0;

	(void)env;
	(void)q;
	(void)rows;
	(void)why;
	box.executions++;
	ck_assert(reply->streaming);
	for (int i = 0; i < 3 && r == 0; i++) {
		char text[24];

		snprintf(text, sizeof(text), "round %d\n", i);
		r = reply->ops->text(reply, text, strlen(text));
		if (r == 0)
			r = reply->ops->round(reply);
	}
	box.waits++;
	while (r >= 0)
		r = reply->ops->wait(reply, -1);
	box.result = r;
	box.waits--;
	return r;
}

/* As much text as it is told, in lines of 64 bytes. */
static int
exec_flood(void *env, const struct request *q, struct rows *rows, struct reply *reply,
	   struct buf *why)
{
	char line[65];
	int r = 0;

	(void)env;
	(void)rows;
	(void)why;
	box.executions++;
	for (int64_t i = 0; i < q->args[0].i && r == 0; i++) {
		snprintf(line, sizeof(line), "%062lld.\n", (long long)i);
		r = reply->ops->text(reply, line, 64);
	}
	box.result = r;
	return r;
}

/* Says what it is told while it has the keys, until q. */
static int
exec_keys(void *env, const struct request *q, struct rows *rows, struct reply *reply,
	  struct buf *why)
{
	int r, key = 0;

	(void)env;
	(void)q;
	(void)rows;
	(void)why;
	box.executions++;
	reply->keys = true;
	reply->restore = "<restored>";
	for (r = REPLY_DRAW; r >= 0 && key != 'q'; r = reply->ops->wait(reply, -1)) {
		_autobuf_ struct buf line = BUF_INIT(256);

		box.waits++;
		if (r == REPLY_KEY) {
			key = reply->ops->key(reply);
			buf_printf(&line, "key %x\n", (unsigned)key);
		} else {
			buf_printf(&line, "%s %ux%u%s\n", reply->asker->live ? "live" : "still",
				   reply->asker->columns, reply->asker->lines,
				   reply->noted ? " noted" : "");
		}
		reply->rows = 1;
		r = reply->ops->text(reply, line.data, line.len);
		if (r == 0)
			r = reply->ops->round(reply);
		if (r < 0 || key == 'q')
			break;
	}
	box.result = r;
	return r < 0 ? r : 0;
}

static const struct telmon_arg flood_args[] = {
	{ .name = "lines",
	  .type = TELMON_INT,
	  .def = "0",
	  .min = 0,
	  .max = 1e9,
	  .help = "how many" },
};

static const struct command commands[] = {
	{ .name = "disk",
	  .help = "disks",
	  .columns = disk_columns,
	  .n_columns = COUNT(disk_columns),
	  .args = disk_args,
	  .n_args = COUNT(disk_args),
	  .kind = COMMAND_BUILTIN,
	  .exec = exec_disk },
	{ .name = "echo",
	  .help = "says it again",
	  .columns = text_column,
	  .n_columns = 1,
	  .kind = COMMAND_BUILTIN,
	  .flags = COMMAND_WORDS,
	  .exec = exec_echo },
	{ .name = "flood",
	  .help = "much text",
	  .args = flood_args,
	  .n_args = COUNT(flood_args),
	  .kind = COMMAND_BUILTIN,
	  .flags = COMMAND_STREAMS,
	  .exec = exec_flood },
	{ .name = "keys",
	  .help = "keys",
	  .kind = COMMAND_BUILTIN,
	  .flags = COMMAND_STREAMS,
	  .exec = exec_keys },
	{ .name = "ring",
	  .help = "rings",
	  .columns = text_column,
	  .n_columns = 1,
	  .kind = COMMAND_BUILTIN,
	  .exec = exec_ring },
	{ .name = "stream",
	  .help = "rounds",
	  .kind = COMMAND_BUILTIN,
	  .flags = COMMAND_STREAMS,
	  .exec = exec_stream },
	{ .name = "wait",
	  .help = "waits",
	  .columns = text_column,
	  .n_columns = 1,
	  .kind = COMMAND_BUILTIN,
	  .exec = exec_wait },
};

/* --- the box --- */

static void
greet(void *ctx, struct buf *out)
{
	(void)ctx;
	buf_puts(out, "welcome\nto t\303\252lmon\n");
}

static void
box_open(void)
{
	struct access_limits access = { .max_sessions = 100, .max_per_source = 100 };
	struct pipeline_limits pipeline = { .command_timeout_s = 10,
					    .cache_s = 1,
					    .max_answer = 8 << 20 };
	_autobuf_ struct buf why = BUF_WHY;
	struct plugin_table *plugins = plugin_table_new(NULL, 0, NULL, 0);
	char name[256];

	setlocale(LC_CTYPE, "C.UTF-8");
	memset(&box, 0, sizeof(box));
	/* No editors: each byte of the plain reader is known. */
	box.limits = (struct session_limits){
		.grace_ns = 30 * NS_PER_MS,
		.probe_wait_ns = 30 * NS_PER_MS,
		.script_linger_ns = 50 * NS_PER_MS,
		.idle_timeout_ns = 600 * NS_PER_S,
		.first_line_ns = 10 * NS_PER_S,
		.stall_ns = 30 * NS_PER_S,
		.suboption_ns = 10 * NS_PER_S,
		.urgent_ns = 10 * NS_PER_S,
		.max_line = MAX_LINE,
		.max_output = MAX_OUTPUT,
	};
	box.host = host_new(NULL, &why);
	box.registry = registry_new();
	registry_set(box.registry, command_table_new(commands, COUNT(commands), plugins, &why));
	plugin_table_unref(plugins);
	box.pipeline = pipeline_new(box.host, box.registry, NULL, &pipeline);
	box.roster = roster_new();
	box.access = access_new(&access);
	box.shared = session_shared_new(box.pipeline, box.registry, box.roster, box.access,
					box.host, &box.limits);
	session_shared_set_banner(box.shared, greet, NULL);
	host_name(box.host, name, sizeof(name));
	snprintf(box.prompt, sizeof(box.prompt), "%.*s> ", (int)strcspn(name, "."), name);
}

static void
box_close(void)
{
	struct roster_entry *list;

	ck_assert_uint_eq(access_sessions(box.access), 0);
	ck_assert_uint_eq(roster_list(box.roster, &list), 0);
	free(list);
	session_shared_free(box.shared);
	access_free(box.access);
	roster_free(box.roster);
	pipeline_free(box.pipeline);
	registry_free(box.registry);
	host_free(box.host);
}

/* Waits for something that another thread will do. */
#define until(condition)                                                                           \
	do {                                                                                       \
		int64_t deadline_ns_ = now_ns() + DEADLINE_MS * NS_PER_MS;                         \
                                                                                                   \
		while (!(condition)) {                                                             \
			ck_assert_msg(now_ns() < deadline_ns_, "never: %s", #condition);           \
			sched_yield();                                                             \
		}                                                                                  \
	} while (0)

#endif
