/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins -- the daemon's own commands: help plugins metrics explain graph status top watch until echo
 * version. Each verb is a file builtins_VERB.c; the table is here. They register down into command
 * and see everything below.
 */
#ifndef BUILTINS_H
#define BUILTINS_H

#include <stddef.h>

#include "command.h"
#include "executor.h"
#include "host.h"
#include "pipeline.h"

/* How `plugins VERB NAME` (load: an absolute path) reaches the composition root, which alone knows
 * the settings. 0 or a status with why. Blocks. */
typedef int builtins_change_fn(void *ctx, const char *verb, const char *what, struct buf *why);

struct builtins_env {
	struct host *host;
	struct registry *registry;
	struct executor *executor;
	struct pipeline *pipeline;
	const char *metric_prefix; /* borrowed; valid as long as the env */
	int64_t started_ns;
	builtins_change_fn *change;
	void *change_ctx;
};

/* The rows for command_table_new(); their env is the one given, which must outlive them. Owned by
 * the caller (free()). */
struct command *builtins_table(struct builtins_env *env, size_t *ret_n);
/* "up 3 h 12 min  load 0.42  cpu 7 %  mem 31 %": the second line of the banner; parts whose plugin
 * is missing are left out. Never waits. */
void builtins_summary(struct builtins_env *env, struct buf *out);

#endif
