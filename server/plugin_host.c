/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon-plugin-host -- the process that an isolated plugin lives in. It is greeted by the daemon,
 * gives up all that the plugin does not need, maps it and answers calls, one at a time, until the
 * daemon ends it. The plugin's code runs on the main thread, a second one only waits for cancels.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mem.h"
#include "plugin_host_private.h"

enum {
	EXIT_USAGE = 64,
	EXIT_CONFINE = 77,
	MAX_DESCRIPTORS = 64,
	DEADLINE_S = 10, /* plugin_load() wants one; calls bring their own */
};

static void
send_log(void *ctx, enum telmon_level level, const char *text)
{
	struct plugin_host *p = ctx;
	_autobuf_ struct buf out = BUF_INIT(1 << 12);
	_autofree_ char *cut = xstrndup(text, 600);
	size_t begin = frame_begin(&out, FRAME_LOG, 0);

	frame_put_u8(&out, (uint8_t)level);
	frame_put_text(&out, cut);
	frame_end(&out, begin);
	plugin_host_send_log(p, &out);
}

static char **
get_words(struct arena *a, struct frame_reader *r)
{
	size_t n = frame_get_u32(r);
	char **words = n < FRAME_MAX_BYTES ? arena_alloc(a, (n + 1) * sizeof(*words)) : NULL;

	if (!words)
		_exit(ISOLATE_EXIT_PROTOCOL);
	for (size_t i = 0; i < n; i++) {
		const char *word = frame_get_text(r);

		words[i] = word ? arena_strdup(a, word) : NULL;
		if (!words[i])
			_exit(ISOLATE_EXIT_PROTOCOL);
	}
	return words;
}

/* The first message, which says what to be. */
struct greeting {
	pid_t daemon;
	const char *name, *root;
	char **settings;
	struct confine confine;
	char **exec; /* NULL: there is an object */
	int format;
	int64_t uid, gid;
	double timeout_s;
};

static void
take_greeting(struct plugin_host *p, const struct frame *f, struct greeting *ret)
{
	struct frame_reader r = frame_read(f);
	const char *root;

	if (f->type != FRAME_HELLO || frame_get_u32(&r) != ISOLATE_VERSION)
		_exit(ISOLATE_EXIT_PROTOCOL);
	ret->daemon = (pid_t)frame_get_i64(&r);
	ret->name = arena_strdup(&p->arena, frame_get_text(&r));
	root = frame_get_text(&r);
	ret->root = root ? arena_strdup(&p->arena, root) : NULL;
	ret->settings = get_words(&p->arena, &r);
	ret->confine = (struct confine){ .root = ret->root, .max_descriptors = MAX_DESCRIPTORS };
	ret->confine.read = get_words(&p->arena, &r);
	ret->confine.network = frame_get_u8(&r);
	ret->confine.max_memory = frame_get_i64(&r);
	ret->confine.programs = frame_get_u8(&r);
	if (ret->confine.programs) {
		ret->exec = get_words(&p->arena, &r);
		ret->format = frame_get_u8(&r);
		ret->uid = frame_get_i64(&r);
		ret->gid = frame_get_i64(&r);
		ret->timeout_s = frame_get_f64(&r);
	}
	if (frame_read_end(&r) < 0)
		_exit(ISOLATE_EXIT_PROTOCOL);
}

/* A daemon that died before this was said is nobody's parent any more. */
static void
die_with(pid_t daemon)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != daemon)
		_exit(0);
}

/* What this process has open is no business of the programs that it runs. */
static void
keep_descriptors(void)
{
	static const int fds[] = { ISOLATE_FD_SOCKET, ISOLATE_FD_CANCEL };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
}

static void
on_end(int sig)
{
	(void)sig;
	script_kill();
	_exit(0);
}

/* One that runs programs is asked to end, so that it can end them. */
static void
end_when_asked(void)
{
	struct sigaction end = { .sa_handler = on_end };

	sigaction(SIGTERM, &end, NULL);
}

/* For good, before anything of somebody else's runs. */
static int
become(const struct greeting *g, struct buf *why)
{
	if (g->uid < 0)
		return 0;
	if (setgroups(0, NULL) == 0 &&
	    setresgid((gid_t)g->gid, (gid_t)g->gid, (gid_t)g->gid) == 0 &&
	    setresuid((uid_t)g->uid, (uid_t)g->uid, (uid_t)g->uid) == 0)
		return 0;
	buf_printf(why, "user %d: %s", (int)g->uid, strerror(errno));
	return -errno;
}

static struct plugin *
load(const struct greeting *g, struct buf *why)
{
	static struct script_options script; /* of the one that this process has */
	const struct plugin_options options = { .name = g->name, .settings = g->settings };
	char path[32];

	if (g->exec) {
		script = (struct script_options){ .name = g->name,
						  .argv = g->exec,
						  .env = g->settings,
						  .format = (enum script_format)g->format,
						  .timeout_s = g->timeout_s };
		return plugin_declared(script_plugin(&script), &options, DEADLINE_S, why);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ISOLATE_FD_OBJECT);
	return plugin_load(path, &options, DEADLINE_S, why);
}

static int
open_all(struct plugin_host *p, const struct greeting *g, struct buf *why)
{
	_autobuf_ struct buf missing = BUF_WHY;
	int r;

	p->host = host_new(g->root, why);
	if (!p->host)
		return -1;
	host_set_log(p->host, send_log, p);
	r = become(g, why);
	if (r == 0)
		r = confine_enter(&g->confine, &missing, why);
	if (r == 0)
		r = plugin_host_watch(p);
	if (r < 0)
		return r;
	if (missing.len)
		host_log(p->host, g->name, TELMON_DEBUG, buf_str(&missing));
	p->plugin = load(g, why);
	return p->plugin ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct plugin_host p = { .in = BUF_INIT(4 * FRAME_MAX_BYTES) };
	_autobuf_ struct buf why = BUF_WHY, out = BUF_INIT(1 << 14);
	struct greeting greeting = { .uid = -1 };
	struct frame f;
	int type;

	(void)argv;
	if (argc != 2 || getsockopt(ISOLATE_FD_SOCKET, SOL_SOCKET, SO_TYPE, &type,
				    &(socklen_t){ sizeof(type) }) < 0) {
		fputs("telmon-plugin-host: telmond starts this program, nobody else\n", stderr);
		return EXIT_USAGE;
	}
	/* Each further heap would take a quarter of the address space that is allowed. */
	mallopt(M_ARENA_MAX, 1);
	lock_init(&p.lock, LOCK_CALL);
	host_cancel_init(&p.cancel);
	arena_init(&p.arena, 4 * FRAME_MAX_BYTES);
	keep_descriptors();
	plugin_host_receive(&p, &f);
	take_greeting(&p, &f, &greeting);
	/* Without the daemon one that runs programs ends with its connection instead. */
	if (greeting.exec)
		end_when_asked();
	else
		die_with(greeting.daemon);
	plugin_host_begin(&p, f.call);
	if (open_all(&p, &greeting, &why) < 0) {
		plugin_host_done(&p, &out, -ENOEXEC, 0, 0, buf_str(&why));
		return EXIT_CONFINE;
	}
	do {
		/* The greeting is answered first. */
		if (!plugin_host_serve(&p, &f))
			break;
		plugin_host_receive(&p, &f);
	} while (true);
	_exit(0);
}
