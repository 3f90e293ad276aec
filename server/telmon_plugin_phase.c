/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_phase -- a part of the check in a process of its own. The object is never mapped in
 * the one that reports, so whatever it does there is a line of the report: a crash, a hang, an
 * exit(), something printed. Findings come over a pipe, one a line; what was going on at the end
 * stands in a shared page.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock.h"
#include "mem.h"
#include "telmon_plugin_private.h"
#include "text.h"

enum { MAX_LINE = 4096, MAX_FINDINGS_BYTES = 4 << 20, LOOK_EVERY_MS = 20 };

struct phase_page {
	char at[200];
	bool ended;
};

/* ---- within the process ------------------------------------------------------------------- */

void
phase_at(struct phase *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->page->at, sizeof(p->page->at), fmt, ap);
	va_end(ap);
}

void
phase_say(struct phase *p, enum finding_level level, const char *about, const char *fmt, ...)
{
	_autobuf_ struct buf text = BUF_INIT(MAX_LINE), line = BUF_INIT(MAX_LINE);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_printf(&line, "%d\t", (int)level);
	text_clean(&line, about, strlen(about));
	buf_putc(&line, '\t');
	text_clean(&line, buf_str(&text), text.len);
	buf_putc(&line, '\n');
	while (!line.error && line.len) {
		ssize_t n = write(p->report_fd, line.data, line.len);

		if (n < 0 && errno != EINTR)
			return;
		buf_consume(&line, n > 0 ? (size_t)n : 0);
	}
}

static void
run_body(struct phase *p, int printed_fd, phase_fn *fn, void *arg)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0);
	signal(SIGPIPE, SIG_IGN);
	dup2(null, STDIN_FILENO);
	dup2(printed_fd, STDOUT_FILENO);
	dup2(printed_fd, STDERR_FILENO);
	fn(p, arg);
	fflush(NULL);
	p->page->ended = true;
	_exit(0);
}

/* ---- from outside ------------------------------------------------------------------------- */

static void
take_line(struct report *r, char *line)
{
	char *about = strchr(line, '\t'), *text = about ? strchr(about + 1, '\t') : NULL;

	if (!text || *line < '0' || *line >= '0' + FINDING__COUNT)
		return;
	*about++ = '\0';
	*text++ = '\0';
	report_add(r, (enum finding_level)(*line - '0'), about, text);
}

static void
take_lines(struct report *r, struct buf *in)
{
	char *at = in->len ? (char *)(uintptr_t)buf_str(in) : NULL, *end;

	for (; at && (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		take_line(r, at);
	}
}

/* Reads until the process has ended or its time is up. True: it ended. */
static bool
follow(int fd, pid_t pid, int64_t until_ns, struct buf *in, int *ret_status)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	bool ended = false;
	char bytes[MAX_LINE];

	for (;;) {
		ssize_t n = poll(&poll_fd, 1, ended ? 0 : LOOK_EVERY_MS);

		if (n > 0 && (n = read(fd, bytes, sizeof(bytes))) > 0) {
			buf_put(in, bytes, (size_t)n);
			continue;
		}
		if (ended)
			return true;
		/* The pipe may be at its end before the process is, and the other way round. */
		if (poll_fd.revents & POLLHUP)
			poll_fd.fd = -1;
		ended = waitpid(pid, ret_status, WNOHANG) == pid;
		if (!ended && now_ns() > until_ns)
			return false;
	}
}

static void
judge_end(struct check *c, const struct phase_page *page, const char *where, int status)
{
	_autobuf_ struct buf text = BUF_WHY;

	if (WIFSIGNALED(status))
		buf_printf(&text, "crashed%s (%s)", where, strsignal(WTERMSIG(status)));
	else if (!page->ended)
		buf_printf(&text, "ended the process%s (exit status %d)", where,
			   WEXITSTATUS(status));
	if (text.len)
		report_add(&c->report, FINDING_ERROR, page->at, buf_str(&text));
}

static void
judge_printed(struct check *c, int fd, bool fine)
{
	_autobuf_ struct buf text = BUF_WHY;
	char bytes[400];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	char *end;

	if (n <= 0)
		return;
	end = memchr(bytes, '\n', (size_t)n);
	buf_puts(&text, "to standard output or error, where nobody reads it: ");
	text_clean(&text, bytes, end ? (size_t)(end - bytes) : (size_t)n);
	/* Of one that crashed these may be the last words of the C library. */
	report_add(&c->report, fine ? FINDING_WARNING : FINDING_NOTE, "it prints", buf_str(&text));
}

static pid_t
fork_body(struct phase *p, int pipe_in, int printed, phase_fn *fn, void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(pipe_in);
		run_body(p, printed, fn, arg);
	}
	return pid;
}

static bool
finish(struct check *c, struct phase *p, int fd, pid_t pid, double limit_s)
{
	_autobuf_ struct buf in = BUF_INIT(MAX_FINDINGS_BYTES), text = BUF_WHY;
	int status = 0;
	bool ended = follow(fd, pid, now_ns() + (int64_t)(limit_s * 1e9), &in, &status);

	/* And whatever it has started. */
	kill(-pid, SIGKILL);
	if (!ended) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		buf_printf(&text, "has not returned%s within %.0f s", p->where, limit_s);
		report_add(&c->report, FINDING_ERROR, p->page->at, buf_str(&text));
	}
	take_lines(&c->report, &in);
	if (ended)
		judge_end(c, p->page, p->where, status);
	return ended && p->page->ended;
}

bool
phase_run(struct check *c, const char *where, double limit_s, phase_fn *fn, void *arg)
{
	struct phase p = { .check = c, .where = where };
	int pipes[2], printed = memfd_create("printed", MFD_CLOEXEC);
	bool fine = false;
	pid_t pid;

	p.page = mmap(NULL, sizeof(*p.page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (printed < 0 || p.page == MAP_FAILED || pipe2(pipes, O_CLOEXEC) < 0) {
		perror("telmon-plugin");
		exit(EXIT_FOUND);
	}
	p.report_fd = pipes[1];
	phase_at(&p, "loading it");
	pid = fork_body(&p, pipes[0], printed, fn, arg);
	close(pipes[1]);
	if (pid > 0)
		fine = finish(c, &p, pipes[0], pid, limit_s);
	else
		report_add(&c->report, FINDING_ERROR, "the check", strerror(errno));
	judge_printed(c, printed, fine);
	close(pipes[0]);
	close(printed);
	munmap(p.page, sizeof(*p.page));
	return fine;
}
