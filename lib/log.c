/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * log -- a line is built on the stack and written with one write(2) or send(2), so lines of two
 * threads never mix and no lock is needed. Any thread. Whoever cannot take the line at once loses
 * it, and is told how many: answering people matters more than the log does. So syslog(3) is not
 * used, which waits for a log daemon that hangs, and with it every thread that has something to
 * say; a message to the daemon's socket (RFC 3164) is all that it would send.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 1024 };

static _Atomic int level = LOG_LEVEL_INFO;
/* Set before threads start. */
static int out_fd = STDERR_FILENO;
static bool is_socket;
static char name[32]; /* "" = stderr; else out_fd is a socket for the log daemon, which is at: */
static struct sockaddr_un daemon_at;
static _Atomic unsigned lost; /* lines that found no room */

static const char *const prefix[] = {
	[LOG_LEVEL_ERR] = "error: ",
	[LOG_LEVEL_WARN] = "warning: ",
	[LOG_LEVEL_INFO] = "",
	[LOG_LEVEL_DEBUG] = "debug: ",
};
static const int priority[] = {
	[LOG_LEVEL_ERR] = LOG_ERR,
	[LOG_LEVEL_WARN] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

void
log_set_level(enum log_level l)
{
	atomic_store(&level, (int)l);
}

/*
 * A reader that has stopped reading must not stop us. The descriptor is shared with whoever started
 * us, so a pipe or a terminal is opened once more for a flag of our own; a socket has one for each
 * call.
 */
void
log_open(void)
{
	struct stat st;
	int fd;

	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	is_socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		out_fd = fd;
}

void
log_close(void)
{
	if (out_fd >= 0 && out_fd != STDERR_FILENO)
		close(out_fd);
	out_fd = STDERR_FILENO;
	is_socket = false;
	name[0] = '\0';
}

/* Cheap, and harmless when it is connected already: the daemon may have been started anew. */
static bool
find_daemon(void)
{
	return connect(out_fd, (const struct sockaddr *)&daemon_at, sizeof(daemon_at)) == 0;
}

void
log_to_syslog(const char *ident, const char *path)
{
	tzset();
	snprintf(name, sizeof(name), "%s", ident);
	daemon_at.sun_family = AF_UNIX;
	snprintf(daemon_at.sun_path, sizeof(daemon_at.sun_path), "%s", path);
	is_socket = true;
	out_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	find_daemon();
}

static bool
put(const char *line, size_t n)
{
	ssize_t r;

	do {
		if (is_socket)
			r = send(out_fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			r = write(out_fd, line, n);
	} while (r < 0 && errno == EINTR);
	return r >= 0;
}

static bool
deliver(const char *line, size_t n)
{
	return put(line, n) || (name[0] && errno != EAGAIN && find_daemon() && put(line, n));
}

/* What stands before the text. Returns its size, which is far less than a line's. */
static size_t
put_head(char *line, size_t room, enum log_level l)
{
	time_t now = time(NULL);
	char date[32];
	struct tm tm;
	int n;

	if (name[0]) {
		strftime(date, sizeof(date), "%b %e %H:%M:%S", localtime_r(&now, &tm));
		n = snprintf(line, room, "<%d>%s %s[%d]: %s", LOG_DAEMON | priority[l], date, name,
			     (int)getpid(), prefix[l]);
	} else {
		n = snprintf(line, room, "%s", prefix[l]);
	}
	return (size_t)n;
}

/* A message has its end; a line on stderr has a line feed, for which there is always room. */
static size_t
put_end(char *line, size_t used)
{
	if (!name[0])
		line[used++] = '\n';
	return used;
}

static bool
tell_lost(unsigned n)
{
	char line[160];
	size_t used = put_head(line, sizeof(line), LOG_LEVEL_WARN);

	used += (size_t)snprintf(line + used, sizeof(line) - used, "%u lines of the log were lost",
				 n);
	return deliver(line, put_end(line, used));
}

/* What was lost is told as soon as there is room again. */
static void
deliver_or_count(const char *line, size_t n)
{
	unsigned before = atomic_exchange(&lost, 0);

	if (before && !tell_lost(before))
		atomic_fetch_add(&lost, before + 1);
	else if (!deliver(line, n))
		atomic_fetch_add(&lost, 1);
}

static void __attribute__((format(printf, 3, 0)))
write_line(enum log_level l, int with_errno, const char *fmt, va_list ap)
{
	int saved = errno, n;
	char line[LINE_BYTES];
	size_t used, room = sizeof(line) - 1; /* for the end */

	if ((int)l > atomic_load_explicit(&level, memory_order_relaxed))
		return;
	used = put_head(line, room, l);
	n = vsnprintf(line + used, room - used, fmt, ap);
	if (n > 0)
		used += (size_t)n < room - used ? (size_t)n : room - used - 1;
	if (with_errno) {
		char text[128];

		n = snprintf(line + used, room - used, ": %s",
			     strerror_r(saved, text, sizeof(text)));
		if (n > 0)
			used += (size_t)n < room - used ? (size_t)n : room - used - 1;
	}
	deliver_or_count(line, put_end(line, used));
	errno = saved;
}

#define DEFINE_LOG(name, level, with_errno)                                                        \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, fmt);                                                                 \
		write_line(level, with_errno, fmt, ap);                                            \
		va_end(ap);                                                                        \
	}

DEFINE_LOG(log_err, LOG_LEVEL_ERR, 1)
DEFINE_LOG(log_errx, LOG_LEVEL_ERR, 0)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN, 1)
DEFINE_LOG(log_warnx, LOG_LEVEL_WARN, 0)
DEFINE_LOG(log_info, LOG_LEVEL_INFO, 0)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG, 0)

bool
log_allow(struct log_limit *l, uint32_t *ret_held)
{
	struct timespec ts;
	int64_t now, next = atomic_load(&l->next_ns);

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	/* Whoever moves the mark writes the line; the others only count. */
	if (now < next || !atomic_compare_exchange_strong(&l->next_ns, &next, now + 60000000000)) {
		atomic_fetch_add(&l->held, 1);
		return false;
	}
	next = atomic_exchange(&l->held, 0);
	if (ret_held)
		*ret_held = (uint32_t)next;
	return true;
}
