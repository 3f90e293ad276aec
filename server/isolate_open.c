/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * isolate_open -- a child from nothing to the first call: spawned with a connection, a pipe for
 * cancels and the object; greeted with all that it needs to know; described by what it answers. A
 * child that comes later has to describe itself as the first one did, since tables that others hold
 * were made of that.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "isolate_private.h"
#include "text.h"

enum {
	MAX_METRICS = 10000, /* as metric and plugin_check have them */
	MAX_COMMANDS = 1000,
	MAX_SAID_BYTES = 400
};

/* ---- spawning ---- */

static int
spawn_with(struct isolate *i, const int *sockets, const int *pipes, struct child **ret)
{
	char *argv[] = { (char *)"telmon-plugin-host", i->name, NULL };
	char *envp[] = { NULL };
	struct keeper_fd fds[4] = {
		{ sockets[1], ISOLATE_FD_SOCKET },
		{ pipes[0], ISOLATE_FD_CANCEL },
	};
	struct keeper_spawn what = {
		.path = i->program,
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.n_fds = 2,
		.metered = true,
	};

	if (i->object_fd >= 0)
		fds[what.n_fds++] = (struct keeper_fd){ i->object_fd, ISOLATE_FD_OBJECT };
	/* So that a sanitizer's report is read; else what a plugin prints is nobody's. */
	if (MEM_SANITIZED)
		fds[what.n_fds++] = (struct keeper_fd){ STDERR_FILENO, STDERR_FILENO };
	return keeper_spawn(i->keeper, &what, ret);
}

static int
spawn(struct isolate *i, struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	int sockets[2], pipes[2], r;
	struct child *child;

	/* Also of one that cannot be: it has lived for no time at all. */
	i->spawned_ns = now_ns();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
		goto fail;
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		close(sockets[0]);
		close(sockets[1]);
		goto fail;
	}
	r = spawn_with(i, sockets, pipes, &child);
	close(sockets[1]);
	close(pipes[0]);
	if (r == 0) {
		fcntl(pipes[1], F_SETFL, O_NONBLOCK);
		i->socket = sockets[0];
		i->cancel_fd = pipes[1];
		isolate_set_child(i, child);
		return 0;
	}
	close(sockets[0]);
	close(pipes[1]);
	errno = -r;
fail:
	buf_printf(&reason, "cannot be run in %s: %s", i->program, strerror(errno));
	return isolate_lose(i, -EHOSTDOWN, buf_str(&reason), why);
}

/* ---- greeting ---- */

static void
put_words(struct buf *out, char *const *words)
{
	uint32_t n = 0;

	while (words[n])
		n++;
	frame_put_u32(out, n);
	for (uint32_t k = 0; k < n; k++)
		frame_put_text(out, words[k]);
}

static int
greet(struct isolate *i, int64_t deadline_ns, struct buf *why)
{
	size_t begin = isolate_begin(i, FRAME_HELLO);

	frame_put_u32(&i->out, ISOLATE_VERSION);
	frame_put_i64(&i->out, getpid());
	frame_put_text(&i->out, i->name);
	frame_put_text(&i->out, i->root);
	put_words(&i->out, i->settings);
	put_words(&i->out, i->read);
	frame_put_u8(&i->out, i->network);
	frame_put_i64(&i->out, i->max_memory);
	frame_put_u8(&i->out, i->exec != NULL);
	if (i->exec) {
		put_words(&i->out, i->exec);
		frame_put_u8(&i->out, (uint8_t)i->format);
		frame_put_i64(&i->out, i->uid);
		frame_put_i64(&i->out, i->gid);
		frame_put_f64(&i->out, i->timeout_s);
	}
	frame_end(&i->out, begin);
	return isolate_send(i, deadline_ns, why);
}

/* ---- describing ---- */

/* The tables while they are filled. */
struct description {
	struct isolate *isolate;
	struct telmon_plugin decl;
	struct telmon_metric *metrics;
	struct telmon_command *commands;
	size_t n_metrics, n_commands;
	bool headed;
};

static int
take_head(struct description *d, const struct frame *f)
{
	struct arena *a = &d->isolate->arena;

	if (d->headed || frame_get_plugin(f, a, &d->decl) < 0 || d->decl.n_metrics > MAX_METRICS ||
	    d->decl.n_commands > MAX_COMMANDS)
		return -EBADMSG;
	d->headed = true;
	d->metrics = arena_alloc(a, (d->decl.n_metrics + 1) * sizeof(*d->metrics));
	d->commands = arena_alloc(a, (d->decl.n_commands + 1) * sizeof(*d->commands));
	return d->metrics && d->commands ? 0 : -EBADMSG;
}

static int
take_piece(struct description *d, const struct frame *f)
{
	struct arena *a = &d->isolate->arena;

	switch (f->type) {
	case FRAME_PLUGIN:
		return take_head(d, f);
	case FRAME_METRIC:
		return d->headed && d->n_metrics < d->decl.n_metrics
			       ? frame_get_metric(f, a, &d->metrics[d->n_metrics++])
			       : -EBADMSG;
	case FRAME_COMMAND:
		return d->headed && d->n_commands < d->decl.n_commands
			       ? frame_get_command(f, a, &d->commands[d->n_commands++])
			       : -EBADMSG;
	default:
		return -EBADMSG;
	}
}

/* The child's own word about an object that it cannot load. */
static int
cannot_load(struct isolate *i, const struct frame *f, struct buf *why)
{
	_autobuf_ struct buf clean = BUF_WHY;
	struct frame_reader reader = frame_read(f);
	int64_t error = frame_get_i64(&reader);
	const char *reason;

	(void)frame_get_u8(&reader);
	(void)frame_get_f64(&reader);
	reason = frame_get_text(&reader);
	if (frame_read_end(&reader) < 0)
		return isolate_garbage(i, why);
	if (!error)
		return 0;
	if (!reason)
		reason = "cannot be loaded";
	text_clean(&clean, reason, strnlen(reason, MAX_SAID_BYTES));
	return isolate_lose(i, -ENOEXEC, buf_str(&clean), why);
}

/* The frames as they came, up to the DONE, in *ret. */
static int
receive_description(struct isolate *i, int64_t deadline_ns, struct buf *ret, struct buf *why)
{
	struct frame f;
	int r;

	while ((r = isolate_receive(i, NULL, deadline_ns, &f, why)) == 0 && f.type != FRAME_DONE) {
		buf_put(ret, &f.type, sizeof(f.type));
		frame_put_u32(ret, (uint32_t)f.size);
		buf_put(ret, f.payload, f.size);
		if (ret->error)
			return isolate_lose(i, -EPIPE, "describes too much", why);
	}
	return r < 0 ? r : cannot_load(i, &f, why);
}

static int
read_description(struct description *d, struct buf *bytes)
{
	for (size_t at = 0; at < bytes->len;) {
		struct frame f = { 0 };
		uint32_t size;

		memcpy(&f.type, bytes->data + at, sizeof(f.type));
		memcpy(&size, bytes->data + at + sizeof(f.type), sizeof(size));
		at += sizeof(f.type) + sizeof(size);
		f.payload = bytes->data + at;
		f.size = size;
		at += size;
		if (take_piece(d, &f) < 0)
			return -EBADMSG;
	}
	if (!d->headed || d->n_metrics != d->decl.n_metrics || d->n_commands != d->decl.n_commands)
		return -EBADMSG;
	d->decl.metrics = d->metrics;
	d->decl.commands = d->commands;
	return 0;
}

static int
first_description(struct isolate *i, struct buf *bytes, struct buf *why)
{
	struct description d = { .isolate = i };

	/* What an earlier child began. */
	arena_clear(&i->arena);
	if (read_description(&d, bytes) < 0)
		return isolate_garbage(i, why);
	i->declared = metric_set_new(d.decl.metrics, d.decl.n_metrics, sizeof(*d.metrics), why);
	if (!i->declared) {
		_autobuf_ struct buf ignored = BUF_WHY;

		return isolate_lose(i, -ENOEXEC, buf_str(why), &ignored);
	}
	i->decl = d.decl;
	return buf_put(&i->description, bytes->data, bytes->len);
}

int
isolate_open(struct isolate *i, int64_t deadline_ns, struct buf *why)
{
	_autobuf_ struct buf bytes = BUF_INIT(64 << 20);
	bool first = !i->declared;
	int r = isolate_may_spawn(i, why);

	if (r == 0)
		r = spawn(i, why);
	if (r == 0)
		r = greet(i, deadline_ns, why);
	if (r == 0)
		r = receive_description(i, deadline_ns, &bytes, why);
	if (r < 0)
		return r;
	if (first)
		return first_description(i, &bytes, why);
	if (bytes.len != i->description.len ||
	    memcmp(bytes.data, i->description.data, bytes.len) != 0)
		return isolate_lose(i, -EPIPE, "describes itself otherwise than before", why);
	return 0;
}

int
isolate_describe(struct isolate *i, int64_t deadline_ns, struct telmon_plugin *ret, struct buf *why)
{
	int r = i->socket < 0 ? isolate_open(i, deadline_ns, why) : 0;

	if (r == 0)
		*ret = i->decl;
	return r;
}
