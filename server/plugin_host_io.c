/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugin_host_io -- messages from and to the daemon. There is no life without it: at the end of the
 * connection the process ends at once, whatever the plugin is doing.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugin_host_private.h"

enum { READ_BYTES = 64 << 10 };

/* The daemon is gone, or the plugin has closed what is not its own. */
static _Noreturn void
lost(ssize_t n)
{
	_exit(n < 0 && errno != EPIPE && errno != ECONNRESET ? ISOLATE_EXIT_CONNECTION : 0);
}

void
plugin_host_receive(struct plugin_host *p, struct frame *ret)
{
	size_t size;
	ssize_t n;
	int r;

	for (;;) {
		r = frame_take(p->in.data ? p->in.data + p->in_at : NULL, p->in.len - p->in_at, ret,
			       &size);
		if (r > 0) {
			p->in_at += size;
			return;
		}
		if (r < 0)
			_exit(ISOLATE_EXIT_PROTOCOL);
		if (p->in_at)
			buf_consume(&p->in, p->in_at);
		p->in_at = 0;
		if (buf_reserve(&p->in, READ_BYTES) < 0)
			_exit(ISOLATE_EXIT_PROTOCOL);
		do
			n = recv(ISOLATE_FD_SOCKET, p->in.data + p->in.len, READ_BYTES, 0);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			lost(n);
		p->in.len += (size_t)n;
	}
}

static void
send_all(const char *bytes, size_t n)
{
	while (n) {
		ssize_t sent = send(ISOLATE_FD_SOCKET, bytes, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			lost(sent);
		bytes += sent;
		n -= (size_t)sent;
	}
}

void
plugin_host_send(struct plugin_host *p, struct buf *out)
{
	LOCKED(&p->lock)
		send_all(out->data, out->len);
	buf_clear(out);
}

void
plugin_host_send_log(struct plugin_host *p, struct buf *out)
{
	/* The log takes ten lines a second; what floods it need not even get there. */
	LOCKED(&p->lock) {
		if (p->logs++ < ISOLATE_MAX_LOGS)
			send_all(out->data, out->len);
	}
}

void
plugin_host_done(struct plugin_host *p, struct buf *out, int error, int status, double wall_s,
		 const char *why)
{
	size_t begin = frame_begin(out, FRAME_DONE, p->call);

	frame_put_i64(out, error);
	frame_put_u8(out, (uint8_t)status);
	frame_put_f64(out, wall_s);
	frame_put_text(out, why);
	frame_end(out, begin);
	plugin_host_send(p, out);
}

void
plugin_host_begin(struct plugin_host *p, uint32_t call)
{
	LOCKED(&p->lock) {
		host_cancel_fini(&p->cancel);
		host_cancel_init(&p->cancel);
		p->call = call;
		p->logs = 0;
		if (call == p->cancelled)
			host_cancel_set(&p->cancel);
	}
}

/* The pipe says which call is cancelled, which may be over by now, or not read yet. */
static void *
watch(void *ctx)
{
	struct plugin_host *p = ctx;
	uint32_t call;
	ssize_t n;

	for (;;) {
		n = read(ISOLATE_FD_CANCEL, &call, sizeof(call));
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(call)) {
			script_kill_last();
			lost(n);
		}
		LOCKED(&p->lock) {
			p->cancelled = call;
			if (call == p->call)
				host_cancel_set(&p->cancel);
		}
	}
	return NULL;
}

int
plugin_host_watch(struct plugin_host *p)
{
	sigset_t end, before;
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	/* That is for the thread that knows which program runs. */
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_BLOCK, &end, &before);
	r = pthread_create(&thread, &attr, watch, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}
