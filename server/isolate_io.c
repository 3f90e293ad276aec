/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * isolate_io -- frames to the child and back, with the call's deadline and its cancel. What is not
 * a frame of this call ends the child: there is no way back to where the next one begins.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "isolate_private.h"
#include "log.h"
#include "text.h"

enum {
	READ_BYTES = 64 << 10,
	KEPT_BYTES = 256 << 10, /* larger buffers do not outlive their call */
	/* More than all metrics and all values that are allowed. */
	MAX_CALL_BYTES = 128 << 20,
};

/* A call that obeys its deadline answers a moment after it. The executor's own patience is longer.
 */
static const int64_t grace_ns = 50 * NS_PER_MS;
static const int64_t look_ns = 50 * NS_PER_MS; /* between two looks at the cancel */

/* Nothing lies in these between calls, but for what a child says unasked. */
static void
trim(struct isolate *i)
{
	if (i->in_at == i->in.len && i->in.cap > KEPT_BYTES) {
		buf_release(&i->in);
		i->in_at = 0;
	}
	if (i->out.cap > KEPT_BYTES)
		buf_release(&i->out);
}

size_t
isolate_begin(struct isolate *i, enum frame_type type)
{
	i->logs = 0;
	i->room = MAX_CALL_BYTES;
	i->cancel_told = false;
	i->doing = type;
	i->command = NULL;
	i->until_ns = INT64_MAX;
	i->out_at = 0;
	buf_clear(&i->out);
	trim(i);
	child_busy(i->child, true);
	return frame_begin(&i->out, type, ++i->call);
}

int
isolate_garbage(struct isolate *i, struct buf *why)
{
	return isolate_lose(i, -EPIPE, "sent what is no message", why);
}

static int
late(struct isolate *i, struct buf *why)
{
	return isolate_lose(i, -ETIMEDOUT, "was killed (past its deadline)", why);
}

/* Waits for the child's socket as long as there is time: the call, its thread, or so much. As
 * poll(2). */
static int
wait_ready(struct isolate *i, short events, int64_t deadline_ns, int64_t most_ns)
{
	struct pollfd fd = { .fd = i->socket, .events = events };
	int64_t now = now_ns(), left = deadline_ns + grace_ns - now;
	struct timespec ts;

	left = left < i->until_ns - now ? left : i->until_ns - now;
	left = left < most_ns ? left : most_ns;
	left = left > 0 ? left : 0;
	ts = (struct timespec){ .tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S };
	return ppoll(&fd, 1, &ts, NULL);
}

static bool
is_late(int64_t deadline_ns)
{
	return now_ns() >= deadline_ns + grace_ns;
}

/* The connection has ended, and its process mostly with it; to wait for that takes time. */
static int
lost(struct isolate *i, struct buf *why)
{
	return i->until_ns == INT64_MAX ? isolate_lose(i, -EPIPE, NULL, why) : 1;
}

int
isolate_send(struct isolate *i, int64_t deadline_ns, struct buf *why)
{
	if (i->out.error)
		return isolate_lose(i, -EPIPE, "was asked for more than a message holds", why);
	while (i->out_at < i->out.len) {
		ssize_t n = send(i->socket, i->out.data + i->out_at, i->out.len - i->out_at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			i->out_at += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return lost(i, why);
		if (now_ns() >= i->until_ns)
			return 1;
		wait_ready(i, POLLOUT, deadline_ns, INT64_MAX);
		if (is_late(deadline_ns))
			return late(i, why);
	}
	i->out_at = 0;
	buf_clear(&i->out);
	return 0;
}

/* Tells the child once that nobody wants the answer any more. */
static void
tell_cancel(struct isolate *i, struct host_cancel *cancel)
{
	if (!cancel || i->cancel_told || !atomic_load(&cancel->on))
		return;
	i->cancel_told = true;
	(void)!write(i->cancel_fd, &i->call, sizeof(i->call));
}

/* Waits for bytes and reads them behind those that are there, if any; 1 at until_ns. */
static int
fill(struct isolate *i, struct host_cancel *cancel, int64_t deadline_ns, struct buf *why)
{
	ssize_t n;

	if (i->in_at) {
		buf_consume(&i->in, i->in_at);
		i->in_at = 0;
	}
	for (;;) {
		int r;

		if (now_ns() >= i->until_ns)
			return 1;
		r = wait_ready(i, POLLIN, deadline_ns,
			       cancel && !i->cancel_told ? look_ns : INT64_MAX);
		/* Also for one that never stops talking. */
		if (is_late(deadline_ns))
			return late(i, why);
		if (r > 0)
			break;
		tell_cancel(i, cancel);
	}
	if (buf_reserve(&i->in, READ_BYTES) < 0)
		return isolate_lose(i, -EPIPE, "sent too much at once", why);
	/* A byte out of band is something to poll(2), and nothing to a recv(2) that would wait. */
	n = recv(i->socket, i->in.data + i->in.len, READ_BYTES, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return lost(i, why);
	if ((size_t)n > i->room)
		return isolate_lose(i, -EPIPE, "sent more than an answer may have", why);
	i->room -= (size_t)n;
	i->in.len += (size_t)n;
	return 0;
}

static int
write_log(struct isolate *i, const struct frame *f, struct buf *why)
{
	struct frame_reader r = frame_read(f);
	uint8_t level = frame_get_u8(&r);
	const char *text = frame_get_text(&r);

	if (frame_read_end(&r) < 0 || !text || level > TELMON_DEBUG)
		return isolate_garbage(i, why);
	if (++i->logs > ISOLATE_MAX_LOGS)
		return isolate_lose(i, -EPIPE, "wrote more lines than allowed", why);
	host_log(i->host, i->name, (enum telmon_level)level, text);
	return 0;
}

int
isolate_receive(struct isolate *i, struct host_cancel *cancel, int64_t deadline_ns,
		struct frame *ret, struct buf *why)
{
	size_t size;
	int r;

	for (;;) {
		r = frame_take(i->in.data ? i->in.data + i->in_at : NULL, i->in.len - i->in_at, ret,
			       &size);
		if (r == 0) {
			r = fill(i, cancel, deadline_ns, why);
			if (r != 0)
				return r;
			continue;
		}
		if (r < 0)
			return isolate_garbage(i, why);
		i->in_at += size;
		if (ret->type != FRAME_LOG)
			break;
		r = write_log(i, ret, why);
		if (r < 0)
			return r;
	}
	if (ret->call != i->call)
		return isolate_garbage(i, why);
	if (ret->type == FRAME_DONE) {
		i->doing = 0;
		child_busy(i->child, false);
	}
	return 0;
}
