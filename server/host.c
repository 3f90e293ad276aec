/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host -- the root that is looked at, and the calls of a plugin's callbacks: each makes a struct
 * host_call on its own stack, lets the plugin work with it through the table in host_call.c, and
 * turns what came of it into a snapshot, rows or a sentence. Runs on the caller's thread; who calls
 * when is the executor's business. A sleeping call waits for its cancel here.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "host_private.h"
#include "text.h"

enum { MAX_SAID_BYTES = 400 };

/* ---- the root ----------------------------------------------------------------------------- */

static int
open_procfs(int root_fd)
{
	int fd = openat(root_fd, "proc", O_PATH | O_CLOEXEC);
	struct statfs st;

	if (fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type == PROC_SUPER_MAGIC)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

struct host *
host_new(const char *root, struct buf *why)
{
	struct host *h = xcalloc(1, sizeof(*h));

	if (!root || !*root)
		root = "/";
	lock_init(&h->lock, LOCK_HOST);
	h->other = strspn(root, "/") != strlen(root);
	h->proc_fd = -1;
	h->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (h->root_fd < 0) {
		buf_puts(why, "root '");
		text_clean(why, root, strlen(root));
		buf_printf(why, "': %s", strerror(errno));
		goto fail;
	}
	h->proc_fd = open_procfs(h->root_fd);
	h->probes = host_probes_new(h->root_fd);
	if (!h->probes) {
		buf_printf(why, "no descriptor for probes: %s", strerror(errno));
		goto fail;
	}
	return h;
fail:
	host_free(h);
	return NULL;
}

void
host_free(struct host *h)
{
	if (!h)
		return;
	host_probes_free(h->probes);
	host_users_unref(h->users);
	if (h->proc_fd >= 0)
		close(h->proc_fd);
	if (h->root_fd >= 0)
		close(h->root_fd);
	lock_fini(&h->lock);
	free(h);
}

/* ---- cancelling --------------------------------------------------------------------------- */

struct host_cancel_wait {
	struct lock lock; /* guards nothing but the order of `on` and the wake-up */
	pthread_cond_t changed;
};

void
host_cancel_init(struct host_cancel *c)
{
	atomic_init(&c->on, false);
	atomic_init(&c->wait, NULL);
}

static void
wait_free(struct host_cancel_wait *w)
{
	pthread_cond_destroy(&w->changed);
	lock_fini(&w->lock);
	free(w);
}

void
host_cancel_fini(struct host_cancel *c)
{
	struct host_cancel_wait *w = atomic_exchange(&c->wait, NULL);

	if (w)
		wait_free(w);
}

/* Either the sleeper has published its wait and is woken, or it will see `on` before it sleeps. */
void
host_cancel_set(struct host_cancel *c)
{
	struct host_cancel_wait *w;

	atomic_store(&c->on, true);
	w = atomic_load(&c->wait);
	if (!w)
		return;
	LOCKED(&w->lock)
		pthread_cond_broadcast(&w->changed);
}

static struct host_cancel_wait *
wait_get(struct host_cancel *c)
{
	struct host_cancel_wait *w = atomic_load(&c->wait), *none = NULL;

	if (w)
		return w;
	w = xcalloc(1, sizeof(*w));
	lock_init(&w->lock, LOCK_LEAF);
	lock_cond_init(&w->changed);
	if (atomic_compare_exchange_strong(&c->wait, &none, w))
		return w;
	wait_free(w);
	return none;
}

static void
sleep_until(int64_t until_ns)
{
	struct timespec ts = { .tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

int
host_cancel_sleep(struct host_cancel *cancel, int64_t deadline_ns, int64_t until_ns)
{
	bool late = deadline_ns && deadline_ns < until_ns;
	struct host_cancel_wait *w;
	bool on = false;

	if (late)
		until_ns = deadline_ns;
	if (!cancel) {
		sleep_until(until_ns);
		return late ? -ECANCELED : 0;
	}
	w = wait_get(cancel);
	LOCKED(&w->lock) {
		while (!(on = atomic_load(&cancel->on)) &&
		       lock_wait(&w->lock, &w->changed, until_ns) == 0)
			;
	}
	return on || late ? -ECANCELED : 0;
}

/* ---- a call ------------------------------------------------------------------------------- */

static void
call_init(struct host_call *c, enum host_kind kind, struct host *h, const struct host_object *o)
{
	*c = (struct host_call){
		.telmon = { .host = &host_table, .state = o->state },
		.magic = HOST_CALL_MAGIC,
		.kind = kind,
		.host = h,
		/* Views get no way to write to it: add_metric is not theirs. */
		.object = (struct host_object *)o,
		.scratch = BUF_INIT(HOST_MAX_FILE),
		.names = BUF_INIT(HOST_MAX_LIST),
		.said = BUF_INIT(MAX_SAID_BYTES),
	};
	arena_init(&c->memory, HOST_MAX_ALLOC);
	arena_init(&c->texts, HOST_MAX_TEXTS);
}

static void
call_fini(struct host_call *c)
{
	c->magic = 0;
	c->telmon.host = NULL;
	arena_fini(&c->memory);
	arena_fini(&c->texts);
	buf_fini(&c->scratch);
	buf_fini(&c->names);
	buf_fini(&c->said);
	host_users_unref(c->users);
}

/* A callback's result as ours: 0, or the negative errno with "what it said: No such file or
 * directory". */
static int
result(struct host_call *c, int r, struct buf *why)
{
	char text[128];

	/* An answer of which a part is missing is no answer, whatever the callback thinks of it. */
	if (r >= 0 && c->rows && c->rows->error)
		r = telmon_fail(&c->telmon, c->rows->error, "the answer has grown past its limit");
	if (r > 0)
		host_refuse(c, r, "returned %d, which counts as success: 0, or a negative errno",
			    r);
	if (r >= 0)
		return 0;
	if (r < -4095) {
		host_refuse(c, r, "returned %d, which is no negative errno", r);
		r = -EIO;
	}
	if (why && c->said.len && c->said_all)
		buf_puts(why, buf_str(&c->said));
	else if (why)
		buf_printf(why, c->said.len ? "%s (%s)" : "%s%s", buf_str(&c->said),
			   strerror_r(-r, text, sizeof(text)));
	return r;
}

/* A key that was mistyped. Who asks for none in start asks later, if at all. */
static void
tell_unasked(struct host *h, struct host_object *o)
{
	uint64_t asked = atomic_load_explicit(&o->asked, memory_order_relaxed);
	_autobuf_ struct buf text = BUF_INIT(1024);

	for (size_t i = 0; asked && o->settings[i] && i < 64; i++) {
		if (asked >> i & 1)
			continue;
		buf_puts(&text, text.len ? ", " : "settings that start never asked for: ");
		buf_put(&text, o->settings[i], strcspn(o->settings[i], "="));
	}
	if (text.len)
		host_log(h, o->name, TELMON_NOTICE, buf_str(&text));
}

int
host_start(struct host *h, struct host_object *o, struct host_cancel *cancel, int64_t deadline_ns,
	   struct buf *why)
{
	struct host_call c;
	int r;

	if (!o->decl->start)
		return 0;
	call_init(&c, HOST_START, h, o);
	c.cancel = cancel;
	c.deadline_ns = deadline_ns;
	r = result(&c, o->decl->start(&c.telmon), why);
	o->state = r == 0 ? c.telmon.state : NULL;
	call_fini(&c);
	/* One that failed had no time to ask. */
	if (r == 0)
		tell_unasked(h, o);
	return r;
}

void
host_stop(struct host *h, struct host_object *o)
{
	struct host_call c;

	if (!o->decl->stop)
		return;
	call_init(&c, HOST_STOP, h, o);
	o->decl->stop(&c.telmon);
	o->state = NULL;
	call_fini(&c);
}

int
host_collect(struct host *h, struct host_object *o, struct host_cancel *cancel, int64_t deadline_ns,
	     struct snapshot **ret, struct buf *why)
{
	int64_t began_ns = now_ns();
	struct host_call c;
	double wall_s;
	int r = 0;

	call_init(&c, HOST_COLLECT, h, o);
	c.cancel = cancel;
	c.deadline_ns = deadline_ns;
	c.builder = snapshot_builder_new(o->set);
	wall_s = host_call_wall(&c);
	if (o->decl->collect)
		r = result(&c, o->decl->collect(&c.telmon), why);
	if (r == 0)
		*ret = snapshot_builder_seal(c.builder, began_ns, wall_s);
	else
		snapshot_builder_free(c.builder);
	call_fini(&c);
	return r;
}

int
host_view(struct host *h, const struct host_object *o, const struct telmon_command *cmd,
	  const struct snapshot *newest, const struct snapshot *previous,
	  const struct host_arg *args, struct rows *ret_rows, struct buf *why)
{
	struct host_call c;
	int r;

	call_init(&c, HOST_VIEW, h, o);
	c.newest = newest;
	c.previous = previous;
	c.command = cmd;
	c.args = args;
	c.rows = ret_rows;
	r = result(&c, cmd->view(&c.telmon), why);
	call_fini(&c);
	return r;
}

int
host_run(struct host *h, struct host_object *o, const struct telmon_command *cmd,
	 const struct host_arg *args, struct host_cancel *cancel, int64_t deadline_ns,
	 struct rows *ret_rows, struct buf *why)
{
	struct host_call c;
	int r;

	call_init(&c, HOST_RUN, h, o);
	c.cancel = cancel;
	c.deadline_ns = deadline_ns;
	c.command = cmd;
	c.args = args;
	c.rows = ret_rows;
	r = result(&c, cmd->run(&c.telmon), why);
	call_fini(&c);
	return r;
}
