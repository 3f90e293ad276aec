/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_private -- what the parts of host share: host.c (life, calls), host_call.c (the table that
 * plugins see), host_refuse.c, host_read.c, host_statfs.c, host_probes.c, host_names.c, host_log.c.
 * Only they and the unit test include it.
 */
#ifndef HOST_PRIVATE_H
#define HOST_PRIVATE_H

#include <sys/stat.h>

#include "host.h"
#include "lock.h"
#include "mem.h"

enum {
	HOST_MAX_FILE = 4 << 20,
	HOST_MAX_LIST = 16 << 20,
	HOST_READ_START = 16 << 10, /* most files of /proc fit: one read */
	HOST_MAX_ALLOC = 64 << 20,  /* telmon_alloc() of one call */
	HOST_MAX_TEXTS = 256 << 20, /* files, lists and names of one call */
	HOST_MAX_HANGING = 16,
	HOST_LOG_SLOTS = 64,
	HOST_LOG_PER_S = 10,
};

/* ---- the root ----------------------------------------------------------------------------- */

struct host_users; /* an immutable copy of the passwd file, counted */

/* How many lines the plugins whose names fall into this slot have written in this second. */
struct host_log_slot {
	_Atomic int64_t second;
	_Atomic unsigned lines;
};

struct host {
	/* set before start */
	int root_fd;		 /* O_PATH */
	bool other;		 /* the root is not / */
	int proc_fd;		 /* O_PATH of root's proc if it is a real one: owners mean
				    something there; else -1 */
	_Atomic bool no_openat2; /* the kernel has none, or a filter forbids it */
	struct host_probes *probes;
	host_log_fn *log; /* NULL: the log */
	void *log_ctx;
	host_refused_fn *refused; /* NULL: the log */
	void *refused_ctx;
	/* Debug lines apart: they are often dropped later. */
	struct host_log_slot log_slots[2][HOST_LOG_SLOTS];
	struct lock lock;
	/* guarded by lock */
	struct host_users *users;
	char name[256];
	int64_t name_ns; /* when it was asked; 0 = never */
};

/* ---- host_read.c -------------------------------------------------------------------------- */

/* 0, or -EINVAL when it is not absolute or has a component `..`. */
int host_check_path(const char *path);
/* Opens a path of the machine that is looked at, with O_CLOEXEC. A descriptor or -errno. */
int host_open(struct host *h, const char *path, int flags);
/* Appends the names in a directory, each with its NUL. Their number or -errno; scratch is
 * overwritten. */
int host_list(struct host *h, const char *path, struct buf *scratch, struct buf *names);

/* ---- host_probes.c ------------------------------------------------------------------------ */

/* Asks the system; may hang. root_fd is the probes' own. 0 or -errno. Tests put their own in its
 * place. */
typedef int host_probe_fn(void *ctx, int root_fd, const char *path, struct telmon_statfs *ret);

struct host_probes;
/* The descriptor is duplicated; NULL: it could not be. */
struct host_probes *host_probes_new(int root_fd);
/* Helpers that hang are left behind; they free what they hold when they come back. */
void host_probes_free(struct host_probes *p);
/* Before the first probe. deadline_ns is 1 s where nobody says so, as telmon_statfs() documents. */
void host_probes_set(struct host_probes *p, host_probe_fn *fn, void *ctx, int64_t deadline_ns);
/* Asks about the paths whose ret_errors is 0 on entry, as telmon_statfs_many() says. 0, or -ENOMEM
 * and nothing was asked. Blocks for deadline_ns and up to half of it more. */
int host_probes_ask(struct host_probes *p, const char *const *paths, size_t n,
		    struct telmon_statfs *ret, int *ret_errors);
/* How many helper threads live. */
unsigned host_probes_threads(struct host_probes *p);

/* ---- host_statfs.c ------------------------------------------------------------------------ */

int host_statfs_many(struct host *h, const char *const *paths, size_t n, struct telmon_statfs *ret,
		     int *ret_errors);
/* The same for one path; its error is the result. */
int host_statfs(struct host *h, const char *path, struct telmon_statfs *ret);

/* ---- host_names.c ------------------------------------------------------------------------- */

/* Strings go into the arena. 0, -errno. */
int host_uname(struct host *h, struct arena *a, struct telmon_uname *ret);
/* The passwd file as it is now: a reference, or NULL when there is none. */
struct host_users *host_users_get(struct host *h);
void host_users_unref(struct host_users *u); /* NULL is fine */
/* Valid as long as u; NULL = no such user (u may be NULL). */
const char *host_users_find(const struct host_users *u, uint32_t uid);
/* The two numbers of ROOT/telmon/clock; false when there is none. */
bool host_fixed_clock(struct host *h, double *ret_clock_s, double *ret_wall_s);

/* ---- a call ------------------------------------------------------------------------------- */

enum host_kind {
	HOST_START = 1 << 0,
	HOST_STOP = 1 << 1,
	HOST_COLLECT = 1 << 2,
	HOST_VIEW = 1 << 3,
	HOST_RUN = 1 << 4,
};

/* One call of one callback; lives on the stack of host_start() and its like. One thread. */
#define HOST_CALL_MAGIC 0x7e1a90caU
struct host_call {
	struct telmon telmon; /* what the plugin is given; first */
	uint32_t magic;
	enum host_kind kind;
	struct host *host;
	struct host_object *object; /* views do not write to it */
	struct host_cancel *cancel; /* or NULL */
	int64_t deadline_ns;	    /* or 0 */
	struct arena memory, texts;
	struct buf scratch, names; /* of reading and listing: reused from file to file */
	struct host_users *users;
	bool users_known, clock_known, clock_fixed;
	double clock_s, wall_s;
	struct buf said; /* telmon_fail()'s words, cleaned */
	bool said_all;	 /* and nothing is to be added to them */
	/* collect */
	struct snapshot_builder *builder;
	/* view */
	const struct snapshot *newest, *previous;
	size_t hint; /* where telmon_find() looks first: behind its last find */
	/* view, run */
	const struct telmon_command *command;
	const struct host_arg *args;
	struct rows *rows;
};

extern const struct telmon_host host_table;
/* What the plugin has asked for in this call is none: says so, with the callback. Returns error. */
int host_refuse(const struct host_call *c, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same of a put that was not as the metric is declared, and of a cell at that place of its row.
 * -EINVAL. */
int host_refuse_put(const struct host_call *c, unsigned metric, size_t n_labels);
int host_refuse_cell(const struct host_call *c, const char *function, size_t at);
/* When the call was cancelled or its deadline has passed. */
bool host_call_cancelled(const struct host_call *c);
/* Waits until until_ns or the cancel. 0 or -ECANCELED. */
int host_cancel_sleep(struct host_cancel *cancel, int64_t deadline_ns, int64_t until_ns);
/* The clocks that the plugin sees, asked at most once for each call where they are fixed. */
double host_call_clock(struct host_call *c);
double host_call_wall(struct host_call *c);

#endif
