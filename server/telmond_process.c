/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_process -- what the daemon does to its own process: going to the background, descriptors,
 * signals, and words with the service manager. All before there are threads, the notices apart.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "telmond_private.h"

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>

void
telmond_notify(const char *state)
{
	sd_notify(0, state);
}

int
telmond_watchdog_ms(void)
{
	uint64_t us;

	/* Twice as often as we must. */
	if (sd_watchdog_enabled(0, &us) <= 0)
		return -1;
	return us / 2000 > INT32_MAX ? INT32_MAX : (int)(us / 2000);
}
#else
void
telmond_notify(const char *state)
{
	(void)state;
}

int
telmond_watchdog_ms(void)
{
	return -1;
}
#endif

/* The daemon sends lines, then a byte that is its status; without it the daemon died. */
static _Noreturn void
relay_report(int fd)
{
	int status = TELMOND_FAILED;
	unsigned char c;
	ssize_t n;

	while ((n = read(fd, &c, 1)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		if (n == 1 && c <= TELMOND_USAGE)
			status = c;
		else if (n == 1)
			fputc(c, stderr);
	}
	_exit(status);
}

int
telmond_detach(int *ret_parent_fd)
{
	int fds[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;

	if (null < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(fds[1]);
		relay_report(fds[0]);
	}
	/* Twice, so that no terminal which is opened later becomes ours. */
	setsid();
	pid = fork();
	if (pid != 0)
		_exit(TELMOND_FAILED);
	if (chdir("/") < 0)
		return -errno;
	close(fds[0]);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
	log_to_syslog("telmond", _PATH_LOG);
	*ret_parent_fd = fds[1];
	return 0;
}

void
telmond_tell_parent(struct telmond *d, const char *prefix, const char *text)
{
	if (d->parent_fd >= 0)
		dprintf(d->parent_fd, "%s%s\n", prefix, text);
}

void
telmond_report(struct telmond *d, int status)
{
	char byte = (char)status;

	if (d->parent_fd < 0)
		return;
	if (write(d->parent_fd, &byte, 1) < 0)
		log_warn("the report of the start reached nobody, ignoring");
	close(d->parent_fd);
	d->parent_fd = -1;
}

/* Each session is a descriptor; select() is used nowhere. */
static void
raise_descriptor_limit(const struct settings *s)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warn("descriptors stay limited to what they were, ignoring");
	/* A person's session has a few more for its editor. */
	if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < (rlim_t)s->max_sessions + 64)
		log_warnx("%llu descriptors do not suffice for max_sessions = %u, ignoring",
			  (unsigned long long)limit.rlim_cur, s->max_sessions);
}

static int
take_signals(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	/* Where that one is ignored children are nobody's to reap. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* An ignored one (a shell's background job, nohup) never reaches the descriptor. */
		signal(signals[i], SIG_DFL);
		sigaddset(&set, signals[i]);
	}
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void
telmond_fill_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
telmond_prepare_process(struct telmond *d, struct buf *why)
{
	raise_descriptor_limit(d->settings);
	d->signal_fd = take_signals();
	d->again_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->signal_fd >= 0 && d->again_fd >= 0)
		return 0;
	buf_printf(why, "signals: %s", strerror(errno));
	return -EMFILE;
}
