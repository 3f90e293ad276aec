/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline -- answers one command: finds it, checks who may, gets its rows (a view from snapshots,
 * a run through the executor), filters and renders them into the reply. Runs on the session's
 * thread; blocks only in reply->wait.
 */
#ifndef PIPELINE_H
#define PIPELINE_H

#include <stddef.h>

#include "command.h"
#include "executor.h"
#include "host.h"

struct pipeline_limits {
	double command_timeout_s; /* between outputs */
	double cache_s;		  /* on demand: how old the newest snapshot may be */
	size_t max_answer;	  /* bytes of rows */
};

struct pipeline; /* what all sessions share. Thread-safe. */
struct pipeline *pipeline_new(struct host *host, struct registry *registry,
			      struct executor *executor, const struct pipeline_limits *limits);
void pipeline_free(struct pipeline *p);
void pipeline_set_limits(struct pipeline *p, const struct pipeline_limits *limits);
struct pipeline_limits pipeline_get_limits(struct pipeline *p);

/* Answers one parsed command in full, errors included. line is what cmd was parsed from, for the
 * JSON head. Returns the status of the answer (0..3, 64 and up), -ECANCELED (nothing more was
 * written) or -EPIPE. */
int pipeline_answer(struct pipeline *p, const struct asker *asker, const char *line,
		    const struct parse_command *cmd, struct reply *reply);
/* Writes an error answer in the asker's format. Returns status, or -ECANCELED, -EPIPE. */
int pipeline_error(const struct asker *asker, struct reply *reply, int status, const char *message);

/* For watch and until: rounds of one pipeline whose views compute their rates from the snapshot
 * kept since the round before. The command must not be one that streams. */
struct pipeline_round;
/* NULL with status and why when the command or a filter is wrong. asker and cmd stay the caller's
 * until the round is freed. */
struct pipeline_round *pipeline_round_new(struct pipeline *p, const struct asker *asker,
					  const struct parse_command *cmd, int *ret_status,
					  struct buf *why);
void pipeline_round_free(struct pipeline_round *r);
/* Gets and filters the rows of this moment; borrowed until the next call. A status 0..3 or 64 and
 * up with why; -ECANCELED, -EPIPE. */
int pipeline_round_rows(struct pipeline_round *r, struct reply *reply, const struct rows **ret_rows,
			struct buf *why);
/* The same in two steps, for who has more to do than to wait: asks for the rows, and takes them.
 * -EAGAIN: they are not there; the reply's doorbell rings when they may be, and rows taken before
 * are still good. A built-in answers inside take. */
void pipeline_round_ask(struct pipeline_round *r, struct reply *reply);
int pipeline_round_take(struct pipeline_round *r, struct reply *reply, const struct rows **ret_rows,
			struct buf *why);
/* Writes the rows as one answer. 0, -ECANCELED, -EPIPE. */
int pipeline_round_write(struct pipeline_round *r, struct reply *reply);
/* What text is fitted to from now on. */
void pipeline_round_set_width(struct pipeline_round *r, unsigned width);
/* A reference on what the columns of the rows that were taken last belong to. */
struct command_table *pipeline_round_table(struct pipeline_round *r);
/* How old the data of the rows is. */
double pipeline_round_age_s(const struct pipeline_round *r);

/* The newest snapshots of a plugin, collected now if it is on demand and they are older than
 * cache_s; waits at most timeout_s for that. A sampled plugin is waited for only until it has its
 * first. References; *ret_newest may be NULL. 0, or a status of wire.h with why (STATUS_TIMEOUT
 * past timeout_s; old values may be there all the same), or -ECANCELED, -EPIPE. */
int pipeline_fresh(struct pipeline *p, struct plugin *plugin, double timeout_s, struct reply *reply,
		   struct snapshot **ret_newest, struct snapshot **ret_previous, struct buf *why);

#endif
