/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * isolate_box -- one isolated plugin for the tests of isolate: compiled here, in a real
 * telmon-plugin-host, with a keeper and a host of its own. Needs a C compiler (CC, else cc), the
 * header (TELMON_INCLUDE) and the program (TELMON_PLUGIN_HOST).
 */
#ifndef ISOLATE_BOX_H
#define ISOLATE_BOX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "host.h"
#include "isolate.h"
#include "keeper.h"
#include "lock.h"
#include "mem.h"
#include "metric.h"
#include "row.h"

#include <check.h> /* last: it has a macro `fail` */

static struct box {
	char dir[64];
	int object_fd; /* in memory, as the daemon has it: a file could not be opened */
	struct keeper *keeper;
	struct host *host;
	struct isolate *isolate;
	struct host_object object;
	struct telmon_plugin decl;
	struct host_cancel cancel;
	struct buf why, log; /* log: its lines */
	struct rows rows;
	unsigned descriptors; /* before anything was opened */
	/* what box_load() uses, besides the object */
	const char *program, *root;
	char *const *settings, *const *read;
	int64_t max_memory;
} box;

static inline int64_t
soon(void)
{
	return now_ns() + 40 * NS_PER_S;
}

static inline unsigned
box_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static inline void
box_log(void *ctx, enum telmon_level level, const char *text)
{
	(void)ctx;
	buf_printf(&box.log, "%d %s\n", (int)level, text);
}

static inline void
box_setup(void)
{
	memset(&box, 0, sizeof(box));
	box.descriptors = box_descriptors();
	buf_init(&box.why, 1024);
	buf_init(&box.log, 4 << 20);
	host_cancel_init(&box.cancel);
	rows_init(&box.rows, NULL, 0, 0);
	snprintf(box.dir, sizeof(box.dir), "/tmp/telmon-isolate-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(box.dir));
	box.object_fd = memfd_create("plugin", MFD_CLOEXEC);
	box.keeper = keeper_new();
	box.host = host_new(NULL, &box.why);
	host_set_log(box.host, box_log, NULL);
	box.program = getenv("TELMON_PLUGIN_HOST");
	if (!box.program)
		box.program = "build/telmon-plugin-host";
}

static inline void
box_unload(void)
{
	isolate_free(box.isolate);
	box.isolate = NULL;
	metric_set_unref(box.object.set);
	memset(&box.object, 0, sizeof(box.object));
}

/* And nothing may be left. */
static inline void
box_teardown(void)
{
	char command[128];

	box_unload();
	keeper_free(box.keeper);
	host_free(box.host);
	host_cancel_fini(&box.cancel);
	rows_fini(&box.rows);
	buf_fini(&box.why);
	buf_fini(&box.log);
	close(box.object_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", box.dir);
	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_eq(box_descriptors(), box.descriptors);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}

static inline const char *
box_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", box.dir, name);
	return path;
}

static inline void
box_write(const char *name, const char *text)
{
	FILE *f = fopen(box_path(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static inline void
box_copy(const char *name)
{
	int fd = open(box_path(name), O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(ftruncate(box.object_fd, 0), 0);
	lseek(box.object_fd, 0, SEEK_SET);
	ck_assert_int_gt(sendfile(box.object_fd, fd, NULL, 1 << 20), 0);
	close(fd);
}

/* Compiles the object, over one that is there. What frames look like is told to it, so that it can
 * lie about them. */
static inline void
box_compile(const char *source)
{
	const char *cc = getenv("CC"), *include = getenv("TELMON_INCLUDE");
	char command[1024];

	box_write("plugin.c", source);
	snprintf(command, sizeof(command),
		 "cd '%s' && %s -w -shared -fPIC -pthread -DDIR='\"%s\"' -DF_VALUES=%d -DF_ROWS=%d "
		 "-DF_LOG=%d -DF_DONE=%d -DF_METRIC=%d -DF_PLUGIN=%d -I'%s' -o plugin.so plugin.c",
		 box.dir, cc ? cc : "cc", box.dir, FRAME_VALUES, FRAME_ROWS, FRAME_LOG, FRAME_DONE,
		 FRAME_METRIC, FRAME_PLUGIN, include ? include : "include");
	ck_assert_msg(system(command) == 0, "%s", command);
	box_copy("plugin.so");
}

static inline void
box_new(void)
{
	const struct isolate_options options = {
		.program = box.program,
		.name = "plugin",
		.object_fd = box.object_fd,
		.root = box.root,
		.settings = box.settings,
		.read = box.read,
		.max_memory = box.max_memory,
	};

	box.isolate = isolate_new(box.keeper, box.host, &options);
	ck_assert_ptr_nonnull(box.isolate);
	box.object.name = "plugin";
	box.object.decl = &box.decl;
}

static inline int
box_describe(void)
{
	buf_clear(&box.why);
	return isolate_describe(box.isolate, soon(), &box.decl, &box.why);
}

static inline int
box_start(void)
{
	buf_clear(&box.why);
	return isolate_start(box.isolate, &box.object, &box.cancel, soon(), &box.why);
}

/* Up to a plugin that has started. */
static inline void
box_load(const char *source)
{
	box_compile(source);
	box_new();
	ck_assert_msg(box_describe() == 0, "%s", buf_str(&box.why));
	ck_assert_msg(box_start() == 0, "%s", buf_str(&box.why));
}

static inline int
box_collect(struct snapshot **ret)
{
	buf_clear(&box.why);
	return isolate_collect(box.isolate, &box.object, &box.cancel, soon(), ret, &box.why);
}

static inline const struct telmon_command *
box_command(size_t i)
{
	const struct telmon_command *cmd = &box.decl.commands[i];

	rows_fini(&box.rows);
	rows_init(&box.rows, cmd->columns, cmd->n_columns, 1 << 20);
	buf_clear(&box.why);
	return cmd;
}

static inline int
box_run_until(const char *word, int64_t deadline_ns)
{
	const struct host_arg args[8] = { { .given = word != NULL, .s = word } };
	const struct telmon_command *cmd = box_command(0);

	return isolate_run(box.isolate, &box.object, cmd, args, &box.cancel, deadline_ns, &box.rows,
			   &box.why);
}

/* The first command with one argument. */
static inline int
box_run(const char *word)
{
	return box_run_until(word, soon());
}

static inline int
box_view(size_t i, const struct snapshot *newest, const struct snapshot *previous)
{
	const struct telmon_command *cmd = box_command(i);

	return isolate_view(box.isolate, &box.object, cmd, newest, previous, NULL, &box.cancel,
			    soon(), &box.rows, &box.why);
}

static inline pid_t
box_pid(void)
{
	struct isolate_status status;

	isolate_status(box.isolate, &status);
	return status.pid;
}

/* The call failed so, and its reason is this. */
#define box_failed(r, error, text)                                                                 \
	do {                                                                                       \
		int _r = (r);                                                                      \
		ck_assert_msg(_r == (error) && strstr(buf_str(&box.why), (text)) != NULL,          \
			      "%d '%s' instead of %d '%s'", _r, buf_str(&box.why), (error),        \
			      (text));                                                             \
	} while (0)

/* Without the back-off it would be down for a moment. */
#define box_works()                                                                                \
	do {                                                                                       \
		isolate_restart(box.isolate);                                                      \
		ck_assert_msg(box_run("works") == 0, "%s", buf_str(&box.why));                     \
		ck_assert_uint_eq(box.rows.n_rows, 1);                                             \
	} while (0)

static inline int
box_main(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

#endif
