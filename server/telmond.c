/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond -- the daemon: the only place that knows every module. It starts them in the order of the
 * floors, waits for signals, and stops them in the opposite order. The command line is in
 * telmond_options.c, -n is telmond_check.c, settings go out in telmond_limits.c, plugins come in
 * through telmond_plugins.c, SIGHUP is telmond_reload.c, and telmond_process.c is about the
 * process. Main thread.
 */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "log.h"
#include "plugin.h"
#include "telmond_private.h"

enum {
	EXECUTOR_THREADS = 64, /* far more than plugins: a stuck one keeps its thread */
	WORKERS_KEPT = 4,
	WORKER_STACK = 256 << 10,
	SESSIONS_END_MS = 3500, /* of the 5 s that a stop may take */
	STOPS_END_MS = 4500,	/* of plugins */
};

/* The lines that greet a person. On sessions' threads. */
static void
greet(void *ctx, struct buf *out)
{
	struct telmond *d = ctx;
	char name[256], kernel[128];
	size_t before;

	host_name(d->host, name, sizeof(name));
	host_kernel(d->host, kernel, sizeof(kernel));
	buf_printf(out, "telmond " PACKAGE_VERSION " on %s  %s\n", name, kernel);
	before = out->len;
	builtins_summary(&d->env, out);
	if (out->len > before)
		buf_putc(out, '\n');
	buf_puts(out, "Type help, or ? at any point. /quit leaves.\n");
}

static void
make_builtins(struct telmond *d)
{
	d->metric_prefix = xstrdup(d->settings->metric_prefix);
	d->env = (struct builtins_env){
		.host = d->host,
		.registry = d->registry,
		.executor = d->executor,
		.pipeline = d->pipeline,
		.metric_prefix = d->metric_prefix,
		.started_ns = d->started_ns,
		.change = telmond_plugins_change,
		.change_ctx = d,
	};
	d->builtins = builtins_table(&d->env, &d->n_builtins);
}

static int
open_sockets(struct telmond *d, struct buf *why)
{
	_autofree_ struct listener_config *configs = telmond_listeners(d->settings);

	d->sockets = listener_open(configs, d->settings->n_listeners, NULL, why);
	return d->sockets ? 0 : -1;
}

static int
lacks(const char *what, struct buf *why)
{
	buf_printf(why, "%s: no thread or descriptor to be had", what);
	return TELMOND_FAILED;
}

/* What answers, before there is anybody who asks. An exit status. */
static int
make_parts(struct telmond *d, struct buf *why)
{
	const struct settings *s = d->settings;
	struct access_limits access = telmond_access_limits(s);
	struct session_limits session = telmond_session_limits(s);
	struct pipeline_limits pipeline = telmond_pipeline_limits(s);

	d->keeper = keeper_new();
	if (!d->keeper)
		return lacks("keeper", why);
	d->registry = registry_new();
	d->executor = executor_new(d->host, EXECUTOR_THREADS);
	if (!d->executor)
		return lacks("executor", why);
	d->pipeline = pipeline_new(d->host, d->registry, d->executor, &pipeline);
	d->roster = roster_new();
	d->access = access_new(&access);
	d->sessions = session_shared_new(d->pipeline, d->registry, d->roster, d->access, d->host,
					 &session);
	if (!d->sessions)
		return lacks("sessions", why);
	session_shared_set_banner(d->sessions, greet, d);
	make_builtins(d);
	return TELMOND_OK;
}

/* An exit status. */
static int
start_work(struct telmond *d, struct buf *why)
{
	d->workers = pool_new("session", WORKERS_KEPT, telmond_max_workers(d->settings),
			      WORKER_STACK, session_run);
	telmond_plugins_start(d);
	d->sampler = sampler_start(d->registry, d->executor);
	if (!d->sampler)
		return lacks("sampler", why);
	d->listener = listener_start(d->sockets, d->sessions, d->access, d->workers);
	if (!d->listener)
		return lacks("listener", why);
	if (telmond_announce(d) > 0)
		return TELMOND_OK;
	buf_puts(why, "there is no listener left");
	return TELMOND_FAILED;
}

/* Everything up to the first accept. An exit status; what was made so far is stop()'s to free. */
static int
start(struct telmond *d, struct buf *why)
{
	int status;

	if (telmond_prepare_process(d, why) < 0)
		return TELMOND_FAILED;
	d->host = host_new(d->options.root, why);
	if (!d->host)
		return d->options.root ? TELMOND_USAGE : TELMOND_FAILED;
	if (d->options.root && !telmond_root_has_proc(d->options.root, why)) {
		log_warnx("%s, ignoring", buf_str(why));
		buf_clear(why);
	}
	if (open_sockets(d, why) < 0)
		return TELMOND_FAILED;
	status = make_parts(d, why);
	return status == TELMOND_OK ? start_work(d, why) : status;
}

/* Ends every thread within 5 s; what does not obey has a second of them. Returns how many are
 * stuck, and those still use everything. */
static unsigned
stop_threads(struct telmond *d)
{
	int64_t now = now_ns();
	unsigned stuck = 0;

	listener_stop(d->listener);
	listener_close(d->sockets);
	if (d->sessions)
		session_shared_stop(d->sessions);
	telmond_change_stop(d);
	if (d->workers)
		stuck = pool_stop(d->workers, now + SESSIONS_END_MS * NS_PER_MS);
	if (stuck == 0)
		sampler_stop(d->sampler);
	if (!d->executor)
		return stuck;
	telmond_plugins_stop(d);
	stuck += executor_stop(d->executor, now + STOPS_END_MS * NS_PER_MS);
	return stuck;
}

/* The mirror image of start(), for as much of it as there is. */
static void
stop(struct telmond *d, int status)
{
	unsigned stuck = stop_threads(d);

	if (stuck) {
		log_warnx("%u thread%s stuck, leaving %s behind", stuck,
			  stuck > 1 ? "s are" : " is", stuck > 1 ? "them" : "it");
		_exit(status);
	}
	free(d->builtins);
	free(d->metric_prefix);
	pool_free(d->workers);
	session_shared_free(d->sessions);
	access_free(d->access);
	roster_free(d->roster);
	pipeline_free(d->pipeline);
	executor_free(d->executor);
	registry_free(d->registry);
	keeper_free(d->keeper);
	free(d->plugin_host);
	host_free(d->host);
}

/* True when a signal says that it is over. */
static bool
take_signal(struct telmond *d)
{
	struct signalfd_siginfo info;
	bool over = false;

	while (read(d->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			telmond_reload(d);
		else
			over = true;
	}
	return over;
}

/* The sooner of two times; negative = never. */
static int
sooner_ms(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void
wait_for_the_end(struct telmond *d)
{
	struct pollfd fds[] = { { d->signal_fd, POLLIN, 0 }, { d->again_fd, POLLIN, 0 } };
	int watchdog_ms = telmond_watchdog_ms();
	eventfd_t value;

	for (;;) {
		poll(fds, 2, sooner_ms(telmond_plugins_finish(d), watchdog_ms));
		if (watchdog_ms >= 0)
			telmond_notify("WATCHDOG=1");
		if (fds[0].revents && take_signal(d))
			return;
		if (fds[1].revents && eventfd_read(d->again_fd, &value) == 0 &&
		    telmond_reload_wanted(d))
			telmond_reload(d);
	}
}

static int
run(struct telmond *d)
{
	_autobuf_ struct buf why = BUF_WHY;
	int status;

	if (!d->options.detach)
		log_open();
	status = start(d, &why);
	if (status == TELMOND_OK) {
		telmond_notify("READY=1");
		telmond_report(d, status);
		wait_for_the_end(d);
		telmond_notify("STOPPING=1");
		log_info("stopping");
	} else {
		log_errx("%s", buf_str(&why));
		telmond_tell_parent(d, "error: ", buf_str(&why));
		telmond_report(d, status);
	}
	stop(d, status);
	log_close();
	return status;
}

static int
configure_and_run(struct telmond *d)
{
	_autobuf_ struct buf why = BUF_WHY;
	int status;

	d->settings = settings_load(&d->options.flags, &why);
	if (!d->settings) {
		log_errx("%s", buf_str(&why));
		return TELMOND_USAGE;
	}
	if (d->options.check) {
		status = telmond_check(d);
	} else if (d->options.detach && telmond_detach(&d->parent_fd) < 0) {
		log_err("going to the background");
		status = TELMOND_FAILED;
	} else {
		status = run(d);
	}
	settings_free(d->settings);
	return status;
}

int
main(int argc, char **argv)
{
	struct telmond d = { .parent_fd = -1, .signal_fd = -1, .again_fd = -1 };
	int status;

	telmond_fill_descriptors();
	/* Widths of characters; numbers keep their point. */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* For the line editor, which shall not look at the terminal that we were started from. */
	setenv("TERM", "vt100", 1);
	d.started_ns = now_ns();
	lock_init(&d.lock, LOCK_LEAF);
	lock_cond_init(&d.changed);
	status = telmond_options_parse(&d.options, argc, argv);
	if (status < 0)
		status = configure_and_run(&d);
	buf_fini(&d.announced);
	pthread_cond_destroy(&d.changed);
	lock_fini(&d.lock);
	arena_fini(&d.options.arena);
	return status;
}
