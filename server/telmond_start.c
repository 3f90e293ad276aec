/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_start -- the starts of plugins, and the new begin of one in a child. All are asked side
 * by side and waited for together, a second at most: one that hangs holds up neither the others nor
 * the daemon, and not the signal that ends it. What has not returned by then goes on, on its
 * executor thread. Main thread, and that of an administrator who loads a plugin.
 */
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "plugin.h"
#include "telmond_private.h"

enum { STARTS_MS = 1000, LOOK_MS = 20 };

/* Readable while a signal waits that ends the daemon; whoever reads signals still finds it. */
static int
open_end(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool
all_done(struct call *const *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!call_done(calls[i]))
			return false;
	}
	return true;
}

static void
await(struct call *const *calls, size_t n, int64_t until, int bell, int end)
{
	struct pollfd fds[] = { { bell, POLLIN, 0 }, { end, POLLIN, 0 } };
	int64_t now = now_ns();
	eventfd_t rings;

	for (; now < until && !fds[1].revents && !all_done(calls, n); now = now_ns()) {
		int left_ms = (int)((until - now) / NS_PER_MS) + 1;

		/* Without a doorbell (no descriptor was left) they are looked at now and then. */
		poll(fds, 2, bell < 0 && left_ms > LOOK_MS ? LOOK_MS : left_ms);
		if (fds[0].revents)
			(void)!eventfd_read(bell, &rings);
	}
}

/* Takes the references. */
static void
await_and_leave(struct call *const *calls, size_t n, int64_t until_ns)
{
	int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), end = open_end();

	for (size_t i = 0; i < n && bell >= 0; i++)
		call_watch(calls[i], bell);
	await(calls, n, until_ns, bell, end);
	for (size_t i = 0; i < n; i++)
		call_leave(calls[i], bell);
	if (bell >= 0)
		close(bell);
	if (end >= 0)
		close(end);
}

void
telmond_start_plugins(struct telmond *d, struct plugin *const *plugins, size_t n)
{
	_autofree_ struct call **calls = xcalloc(n, sizeof(struct call *));

	for (size_t i = 0; i < n; i++)
		calls[i] = executor_start_plugin(d->executor, plugins[i],
						 d->settings->command_timeout_s);
	await_and_leave(calls, n, now_ns() + STARTS_MS * NS_PER_MS);
}

static bool
has_child(const struct plugin *p)
{
	struct isolate_status status;

	isolate_status(p->isolate, &status);
	return status.pid != 0;
}

void
telmond_restart_child(struct telmond *d, struct plugin *p)
{
	int64_t until_ns = now_ns() + STARTS_MS * NS_PER_MS;

	isolate_restart(p->isolate);
	/* The first may be the one that ended with the child. */
	for (int i = 0; i == 0 || (i == 1 && !has_child(p)); i++) {
		struct call *c = executor_collect(d->executor, p);

		await_and_leave(&c, 1, until_ns);
	}
}
