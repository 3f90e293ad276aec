/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_call -- the functions behind <telmon/plugin.h>. Each one first asks whether this kind of
 * callback may use it, and answers -EPERM, NaN, NULL or zero where not: a plugin written wrong
 * reads nonsense, it never takes the daemon down. All memory handed out is the call's. Runs on the
 * thread that runs the callback.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host_private.h"
#include "text.h"

enum { MAX_WHY_BYTES = 300 };

/* What looks at the machine, and may take its time. */
static const unsigned working = HOST_START | HOST_COLLECT | HOST_RUN;
static const unsigned answering = HOST_VIEW | HOST_RUN;

/* The call, if this is one that may do that. A struct kept from an earlier callback is none. */
static struct host_call *
call_of(struct telmon *t, unsigned kinds)
{
	struct host_call *c = (struct host_call *)t;

	return c && c->magic == HOST_CALL_MAGIC && (c->kind & kinds) ? c : NULL;
}

/* The same for a function that not all may use: who may not is told. */
static struct host_call *
allowed(struct telmon *t, unsigned kinds, const char *function)
{
	struct host_call *c = call_of(t, ~0u);

	if (!c || (c->kind & kinds))
		return c;
	host_refuse(c, -EPERM, "%s(): is not for this callback", function);
	return NULL;
}

/* A call whose arguments make no sense, or that no callback makes. */
static int
nothing_given(const struct host_call *c, const char *function)
{
	return c ? host_refuse(c, -EINVAL, "%s(): NULL is given", function) : -EPERM;
}

static int
judged_path(const struct host_call *c, const char *function, const char *path, int r)
{
	/* What the kernel says of a file is another matter. */
	if (r == -EINVAL && host_check_path(path) < 0)
		host_refuse(c, r, "%s(\"%.200s\"): a path is absolute, and without ..", function,
			    path ? path : "NULL");
	return r;
}

/* ---- reading the machine ------------------------------------------------------------------ */

/* Read into memory that serves for all files of the call, then copied to its size. */
static int
call_read(struct telmon *t, const char *path, struct telmon_file *ret)
{
	struct host_call *c = allowed(t, working, "telmon_read");
	int64_t owner;
	char *text;
	int r;

	if (!c || !ret)
		return nothing_given(c, "telmon_read");
	r = host_read(c->host, path, &c->scratch, &owner);
	if (r < 0)
		return judged_path(c, "telmon_read", path, r);
	text = arena_alloc(&c->texts, c->scratch.len + 1);
	if (!text)
		return -ENOMEM;
	if (c->scratch.len)
		memcpy(text, c->scratch.data, c->scratch.len);
	*ret = (struct telmon_file){ .text = text, .size = c->scratch.len, .owner = owner };
	return 0;
}

/* The names and the pointers to them are one piece of memory. */
static int
call_list(struct telmon *t, const char *path, const char *const **ret_names)
{
	struct host_call *c = allowed(t, working, "telmon_list");
	const char **names;
	char *at;
	int n;

	if (!c || !ret_names)
		return nothing_given(c, "telmon_list");
	buf_clear(&c->names);
	n = host_list(c->host, path, &c->scratch, &c->names);
	if (n < 0)
		return judged_path(c, "telmon_list", path, n);
	names = arena_alloc(&c->texts, ((size_t)n + 1) * sizeof(*names) + c->names.len);
	if (!names)
		return -ENOMEM;
	at = (char *)(names + n + 1);
	if (n)
		memcpy(at, c->names.data, c->names.len);
	for (int i = 0; i < n; i++) {
		names[i] = at;
		at += strlen(at) + 1;
	}
	*ret_names = names;
	return n;
}

static int
call_statfs(struct telmon *t, const char *path, struct telmon_statfs *ret)
{
	struct host_call *c = allowed(t, working, "telmon_statfs");

	if (!c || !ret)
		return nothing_given(c, "telmon_statfs");
	return judged_path(c, "telmon_statfs", path, host_statfs(c->host, path, ret));
}

static int
call_statfs_many(struct telmon *t, const char *const *paths, size_t n, struct telmon_statfs *ret,
		 int *ret_errors)
{
	struct host_call *c = allowed(t, working, "telmon_statfs_many");

	if (!c || (n && (!paths || !ret || !ret_errors)))
		return nothing_given(c, "telmon_statfs_many");
	return host_statfs_many(c->host, paths, n, ret, ret_errors);
}

static int
call_uname(struct telmon *t, struct telmon_uname *ret)
{
	struct host_call *c = allowed(t, working, "telmon_uname");

	if (!c || !ret)
		return nothing_given(c, "telmon_uname");
	return host_uname(c->host, &c->texts, ret);
}

static const char *
call_user(struct telmon *t, uint32_t uid)
{
	struct host_call *c = call_of(t, ~0u);
	const char *name;

	if (!c)
		return "?";
	if (!c->users_known && (c->kind & working)) {
		c->users = host_users_get(c->host);
		c->users_known = true;
	}
	name = host_users_find(c->users, uid);
	if (!name)
		name = arena_printf(&c->texts, "%u", uid);
	return name ? name : "?";
}

static double
seconds_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool
clock_is_fixed(struct host_call *c)
{
	if (!c->clock_known) {
		c->clock_fixed = host_fixed_clock(c->host, &c->clock_s, &c->wall_s);
		c->clock_known = true;
	}
	return c->clock_fixed;
}

double
host_call_clock(struct host_call *c)
{
	return clock_is_fixed(c) ? c->clock_s : seconds_of(CLOCK_MONOTONIC);
}

double
host_call_wall(struct host_call *c)
{
	return clock_is_fixed(c) ? c->wall_s : seconds_of(CLOCK_REALTIME);
}

static double
call_clock(struct telmon *t)
{
	struct host_call *c = allowed(t, working, "telmon_clock");

	return c ? host_call_clock(c) : (double)NAN;
}

static double
call_wall(struct telmon *t)
{
	struct host_call *c = allowed(t, working, "telmon_wall");

	return c ? host_call_wall(c) : (double)NAN;
}

/* Views may have it too: it is nobody's but theirs. */
static void *
call_alloc(struct telmon *t, size_t size)
{
	struct host_call *c = call_of(t, ~0u);

	return c ? arena_alloc(&c->memory, size ? size : 1) : NULL;
}

/* ---- any callback ------------------------------------------------------------------------- */

static const char *
call_setting(struct telmon *t, const char *key)
{
	struct host_call *c = call_of(t, ~0u);
	size_t n;

	if (!c || !key || !c->object->settings)
		return NULL;
	n = strlen(key);
	for (size_t i = 0; c->object->settings[i]; i++) {
		const char *s = c->object->settings[i];

		if (strncmp(s, key, n) != 0 || s[n] != '=')
			continue;
		if (i < 64)
			atomic_fetch_or_explicit(&c->object->asked, UINT64_C(1) << i,
						 memory_order_relaxed);
		return s + n + 1;
	}
	return NULL;
}

static void
call_log(struct telmon *t, enum telmon_level level, const char *text)
{
	struct host_call *c = call_of(t, ~0u);

	if (c)
		host_log(c->host, c->object->name, level, text);
}

static int
call_fail(struct telmon *t, int error, const char *why)
{
	struct host_call *c = call_of(t, ~0u);

	/* Whoever says that it failed has failed. */
	if (error >= 0)
		error = error ? -error : -EIO;
	if (c && why) {
		buf_clear(&c->said);
		text_clean(&c->said, why, strnlen(why, MAX_WHY_BYTES));
	}
	return error;
}

int
host_fail(struct telmon *t, int error, const char *why)
{
	struct host_call *c = call_of(t, ~0u);

	if (c)
		c->said_all = true;
	return call_fail(t, error, why);
}

/* ---- values ------------------------------------------------------------------------------- */

static int
call_add_metric(struct telmon *t, const struct telmon_metric *given)
{
	struct host_call *c = allowed(t, HOST_START | HOST_COLLECT, "telmon_add_metric");
	_autobuf_ struct buf why = BUF_WHY;
	struct telmon_metric m = { 0 };
	struct metric_set *set;
	unsigned index;
	size_t size;

	if (!c || !given)
		return nothing_given(c, "telmon_add_metric");
	size = c->object->size_metric;
	memcpy(&m, given, size && size < sizeof(m) ? size : sizeof(m));
	set = metric_set_add(c->object->set, &m, &index, &why);
	if (!set)
		return host_refuse(c, -EINVAL, "telmon_add_metric(): %s", buf_str(&why));
	if (c->builder && set != c->object->set)
		snapshot_builder_set(c->builder, set);
	metric_set_unref(c->object->set);
	c->object->set = set;
	return (int)index;
}

static int
call_put(struct telmon *t, unsigned metric, const char *const *labels, size_t n, double value)
{
	struct host_call *c = allowed(t, HOST_COLLECT, "telmon_put");
	int r = c ? snapshot_builder_put(c->builder, metric, labels, n, value) : -EPERM;

	return r == -EINVAL ? host_refuse_put(c, metric, n) : r;
}

/* ---- snapshots ---------------------------------------------------------------------------- */

static double
call_interval(struct telmon *t)
{
	struct host_call *c = allowed(t, HOST_VIEW, "telmon_interval");

	if (!c || !c->newest || !c->previous)
		return (double)NAN;
	return (double)(c->newest->time_ns - c->previous->time_ns) / (double)NS_PER_S;
}

static size_t
call_count(struct telmon *t, unsigned metric)
{
	struct host_call *c = allowed(t, HOST_VIEW, "telmon_count");

	return c ? snapshot_count(c->newest, metric) : 0;
}

static const char *
call_label(struct telmon *t, unsigned metric, size_t i, size_t which)
{
	struct host_call *c = allowed(t, HOST_VIEW, "telmon_label");

	return c ? snapshot_label(c->newest, metric, i, which) : NULL;
}

static double
call_value(struct telmon *t, unsigned metric, size_t i)
{
	struct host_call *c = allowed(t, HOST_VIEW, "telmon_value");

	return c ? snapshot_value(c->newest, metric, i) : (double)NAN;
}

static double
call_previous(struct telmon *t, unsigned metric, size_t i)
{
	struct host_call *c = allowed(t, HOST_VIEW, "telmon_previous");

	return c ? snapshot_match(c->previous, c->newest, metric, i) : (double)NAN;
}

/* Views mostly look for the series of one metric in the order of another's. */
static long
call_find(struct telmon *t, unsigned metric, const char *const *labels, size_t n)
{
	struct host_call *c = allowed(t, HOST_VIEW, "telmon_find");
	long at;

	if (!c)
		return -1;
	at = snapshot_find(c->newest, metric, labels, n, c->hint);
	if (at >= 0)
		c->hint = (size_t)at + 1;
	return at;
}

/* ---- rows --------------------------------------------------------------------------------- */

static int
call_row(struct telmon *t)
{
	struct host_call *c = allowed(t, answering, "telmon_row");

	return c ? rows_begin(c->rows) : -EPERM;
}

static int
call_cell_int(struct telmon *t, int64_t v)
{
	struct host_call *c = allowed(t, answering, "telmon_int");
	size_t at = c ? c->rows->at : 0;
	int r = c ? rows_int(c->rows, v) : -EPERM;

	return r == -EINVAL ? host_refuse_cell(c, "telmon_int", at) : r;
}

static int
call_cell_real(struct telmon *t, double v)
{
	struct host_call *c = allowed(t, answering, "telmon_real");
	size_t at = c ? c->rows->at : 0;
	int r = c ? rows_real(c->rows, v) : -EPERM;

	return r == -EINVAL ? host_refuse_cell(c, "telmon_real", at) : r;
}

static int
call_cell_text(struct telmon *t, const char *v)
{
	struct host_call *c = allowed(t, answering, "telmon_text");
	size_t at = c ? c->rows->at : 0;
	int r = c ? rows_text(c->rows, v) : -EPERM;

	return r == -EINVAL ? host_refuse_cell(c, "telmon_text", at) : r;
}

static void
call_status(struct telmon *t, int status)
{
	struct host_call *c = allowed(t, answering, "telmon_status");

	if (!c)
		return;
	if (status < 0 || status > 3)
		host_refuse(c, -EINVAL, "telmon_status(%d): there are 0 to 3, it counts as 3",
			    status);
	c->rows->status = status < 0 || status > 3 ? 3 : status;
}

/* ---- arguments ---------------------------------------------------------------------------- */

/* The value of an argument that was given, else NULL. */
static const struct host_arg *
arg_of(struct telmon *t, size_t arg, enum telmon_type *ret_type)
{
	struct host_call *c = allowed(t, answering, "telmon_arg");

	if (c && arg >= c->command->n_args)
		host_refuse(c, -EINVAL, "telmon_arg(%zu): no such argument, '%s' has %zu", arg,
			    c->command->name, c->command->n_args);
	if (!c || !c->args || arg >= c->command->n_args || !c->args[arg].given)
		return NULL;
	*ret_type = c->command->args[arg].type;
	return &c->args[arg];
}

static bool
call_arg_given(struct telmon *t, size_t arg)
{
	enum telmon_type type;

	return arg_of(t, arg, &type);
}

static int64_t
call_arg_int(struct telmon *t, size_t arg)
{
	enum telmon_type type;
	const struct host_arg *a = arg_of(t, arg, &type);

	if (!a || type == TELMON_TEXT)
		return 0;
	if (type != TELMON_REAL)
		return a->i;
	/* 2^63 itself is no int64_t any more. */
	return a->f >= 0x1p63 ? INT64_MAX : a->f > -0x1p63 ? (int64_t)a->f : INT64_MIN;
}

static double
call_arg_real(struct telmon *t, size_t arg)
{
	enum telmon_type type;
	const struct host_arg *a = arg_of(t, arg, &type);

	if (!a || type == TELMON_TEXT)
		return (double)NAN;
	return type == TELMON_REAL ? a->f : (double)a->i;
}

static const char *
call_arg_text(struct telmon *t, size_t arg)
{
	enum telmon_type type;
	const struct host_arg *a = arg_of(t, arg, &type);

	return a ? a->s : NULL;
}

/* ---- time --------------------------------------------------------------------------------- */

bool
host_call_cancelled(const struct host_call *c)
{
	if (c->cancel && atomic_load_explicit(&c->cancel->on, memory_order_relaxed))
		return true;
	return c->deadline_ns && now_ns() >= c->deadline_ns;
}

static bool
call_cancelled(struct telmon *t)
{
	struct host_call *c = call_of(t, ~0u);

	return c && host_call_cancelled(c);
}

static int
call_sleep(struct telmon *t, double seconds)
{
	struct host_call *c = allowed(t, working, "telmon_sleep");
	int64_t ns;

	if (!c)
		return -EPERM;
	if (host_call_cancelled(c))
		return -ECANCELED;
	if (!(seconds > 0))
		return 0;
	ns = seconds < 1e8 ? (int64_t)(seconds * (double)NS_PER_S) : (int64_t)1e8 * NS_PER_S;
	return host_cancel_sleep(c->cancel, c->deadline_ns, now_ns() + ns);
}

const struct telmon_host host_table = {
	.size = sizeof(struct telmon_host),
	.read = call_read,
	.list = call_list,
	.statfs = call_statfs,
	.uname = call_uname,
	.user = call_user,
	.clock = call_clock,
	.wall = call_wall,
	.alloc = call_alloc,
	.setting = call_setting,
	.log = call_log,
	.fail = call_fail,
	.add_metric = call_add_metric,
	.put = call_put,
	.interval = call_interval,
	.count = call_count,
	.label = call_label,
	.value = call_value,
	.previous = call_previous,
	.find = call_find,
	.row = call_row,
	.cell_int = call_cell_int,
	.cell_real = call_cell_real,
	.cell_text = call_cell_text,
	.status = call_status,
	.arg_given = call_arg_given,
	.arg_int = call_arg_int,
	.arg_real = call_arg_real,
	.arg_text = call_arg_text,
	.cancelled = call_cancelled,
	.sleep = call_sleep,
	.statfs_many = call_statfs_many,
};
