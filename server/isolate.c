/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * isolate -- the life of the child: what it is made with, how it ended, and when it may be tried
 * again: after 0.1 s, and twice as long after each end that follows soon, up to 30 s, never given
 * up. It is spawned by the call that needs it (isolate_open.c), so that one which nobody asks costs
 * nothing.
 */
#include "isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isolate_private.h"

/* 2 MiB more than a frame: what is read behind one. */
enum { MAX_IN_BYTES = FRAME_MAX_BYTES + (2 << 20), MAX_OUT_BYTES = FRAME_MAX_BYTES + (1 << 20) };

static const int64_t pause_first_ns = 100 * NS_PER_MS, pause_last_ns = 30 * NS_PER_S;
/* Who has lived so long begins again with the first pause. */
static const int64_t good_life_ns = 60 * NS_PER_S;
/* A connection that ends is mostly the end of its process: so long for that to be seen. */
static const int64_t end_ns = 500 * NS_PER_MS;

static char **
copy_words(char *const *words)
{
	size_t n = 0;
	char **copy;

	while (words && words[n])
		n++;
	copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(words[i]);
	return copy;
}

static void
free_words(char **words)
{
	for (char **w = words; w && *w; w++)
		free(*w);
	free(words);
}

struct isolate *
isolate_new(struct keeper *k, struct host *host, const struct isolate_options *o)
{
	struct isolate *i = xcalloc(1, sizeof(*i));

	lock_init(&i->lock, LOCK_ISOLATE);
	i->keeper = k;
	i->host = host;
	i->program = xstrdup(o->program);
	i->name = xstrdup(o->name);
	i->root = o->root ? xstrdup(o->root) : NULL;
	i->settings = copy_words(o->settings);
	i->read = copy_words(o->read);
	i->network = o->network;
	i->max_memory = o->max_memory;
	i->socket = i->cancel_fd = -1;
	buf_init(&i->in, MAX_IN_BYTES);
	buf_init(&i->out, MAX_OUT_BYTES);
	buf_init(&i->description, 64 << 20);
	arena_init(&i->arena, 64 << 20);
	i->exec = o->exec ? copy_words(o->exec) : NULL;
	i->format = o->format;
	i->uid = o->uid;
	i->gid = o->gid;
	i->timeout_s = o->timeout_s;
	i->object_fd = o->exec ? -1 : fcntl(o->object_fd, F_DUPFD_CLOEXEC, 3);
	if (o->exec || i->object_fd >= 0)
		return i;
	isolate_free(i);
	return NULL;
}

static void
close_child(struct isolate *i)
{
	if (i->socket >= 0)
		close(i->socket);
	if (i->cancel_fd >= 0)
		close(i->cancel_fd);
	i->socket = i->cancel_fd = -1;
	buf_release(&i->in);
	buf_release(&i->out);
	i->in_at = i->out_at = 0;
	memset(i->known, 0, sizeof(i->known));
}

/* One that runs a program is asked, so that the program ends with it. */
static void
end_locked(struct isolate *i)
{
	if (i->child && i->exec)
		child_terminate(i->child);
	else if (i->child)
		child_kill(i->child, SIGKILL);
}

void
isolate_set_child(struct isolate *i, struct child *c)
{
	struct child *before = NULL;

	LOCKED(&i->lock) {
		before = i->child;
		i->child = c;
		/* Whoever had asked for the end of that one has it. */
		i->asked = false;
		if (i->killed)
			end_locked(i);
	}
	child_unref(before);
}

void
isolate_kill(struct isolate *i)
{
	LOCKED(&i->lock) {
		i->killed = true;
		end_locked(i);
	}
}

bool
isolate_has_child(const struct isolate *i)
{
	return i->socket >= 0;
}

void
isolate_end_child(struct isolate *i)
{
	LOCKED(&i->lock)
		end_locked(i);
	isolate_set_child(i, NULL);
	close_child(i);
}

void
isolate_free(struct isolate *i)
{
	if (!i)
		return;
	isolate_end_child(i);
	if (i->object_fd >= 0)
		close(i->object_fd);
	metric_set_unref(i->declared);
	arena_fini(&i->arena);
	buf_fini(&i->description);
	free_words(i->settings);
	free_words(i->read);
	free_words(i->exec);
	free(i->program);
	free(i->name);
	free(i->root);
	lock_fini(&i->lock);
	free(i);
}

/* ---- the end of a child ---- */

/* False when somebody wanted it: then there is nothing to tell, and no pause. final: it is not
 * tried again, and whoever asked says why. */
static bool
note_end(struct isolate *i, const char *cause, bool final, int64_t lived_ns)
{
	int64_t now = now_ns();

	LOCKED(&i->lock) {
		if (i->asked || i->killed) {
			i->asked = false;
			return false;
		}
		i->pause_ns = i->pause_ns && lived_ns < good_life_ns ? 2 * i->pause_ns
								     : pause_first_ns;
		if (i->pause_ns > pause_last_ns)
			i->pause_ns = pause_last_ns;
		i->down_ns = now;
		i->next_try_ns = now + i->pause_ns;
		/* What ends the same way every half minute is no news any more. */
		i->news |= !final && (i->pause_ns < pause_last_ns ||
				      strncmp(i->cause, cause, sizeof(i->cause) - 1) != 0);
		snprintf(i->cause, sizeof(i->cause), "%s", cause);
	}
	return true;
}

/* Where the plugin's author has to look. */
static void
say_callback(const struct isolate *i, struct buf *out)
{
	static const char *const names[FRAME__COUNT] = {
		[FRAME_START] = "start", [FRAME_COLLECT] = "collect", [FRAME_VIEW] = "view",
		[FRAME_RUN] = "run",	 [FRAME_STOP] = "stop",
	};

	if (!names[i->doing])
		return;
	buf_printf(out, " in %s", names[i->doing]);
	if (i->command)
		buf_printf(out, " %s", i->command);
}

/* A crash for want of memory does not say so. */
static void
say_memory(struct isolate *i, struct buf *out)
{
	struct child_usage usage;

	child_usage(i->child, &usage);
	if (i->max_memory && !MEM_SANITIZED && usage.rss_bytes >= i->max_memory / 4 * 3)
		buf_printf(out, " with %d of its %d MiB of memory in use",
			   (int)(usage.rss_bytes >> 20), (int)(i->max_memory >> 20));
}

static void
say_end(struct isolate *i, struct buf *out)
{
	int code, status;

	if (!child_ended(i->child, now_ns() + end_ns)) {
		buf_puts(out, "closed its connection");
		return;
	}
	child_end(i->child, &code, &status);
	if (code == CLD_EXITED && status == ISOLATE_EXIT_CONNECTION)
		buf_puts(out, "lost its connection (a descriptor was closed)");
	else if (code == CLD_EXITED && status == ISOLATE_EXIT_PROTOCOL)
		buf_puts(out, "ended by itself (its connection was garbled)");
	else
		child_say_end(i->child, out);
	say_callback(i, out);
	say_memory(i, out);
}

int
isolate_lose(struct isolate *i, int error, const char *reason, struct buf *why)
{
	_autobuf_ struct buf cause = BUF_WHY;

	if (reason) {
		buf_puts(&cause, reason);
		say_callback(i, &cause);
	} else {
		say_end(i, &cause);
	}
	if (!note_end(i, buf_str(&cause), error == -ENOEXEC, now_ns() - i->spawned_ns)) {
		buf_clear(&cause);
		buf_puts(&cause, "was stopped, or restarted by an administrator");
	}
	i->doing = 0;
	isolate_end_child(i);
	buf_clear(why);
	buf_puts(why, buf_str(&cause));
	return error;
}

bool
isolate_was_ended(struct isolate *i)
{
	bool asked = false;

	LOCKED(&i->lock)
		asked = i->asked;
	return asked;
}

int
isolate_may_spawn(struct isolate *i, struct buf *why)
{
	int64_t now = now_ns();

	LOCKED(&i->lock) {
		if (i->killed) {
			buf_puts(why, "it was stopped");
			return -EHOSTDOWN;
		}
		if (now >= i->next_try_ns)
			return 0;
		buf_printf(why, "%s %.1f s ago, next try in %.1f s", i->cause,
			   (double)(now - i->down_ns) / (double)NS_PER_S,
			   (double)(i->next_try_ns - now) / (double)NS_PER_S);
	}
	return -EHOSTDOWN;
}

/* ---- for people ---- */

void
isolate_status(struct isolate *i, struct isolate_status *ret)
{
	struct child_usage usage;
	struct child *c = NULL;
	int64_t now = now_ns();

	*ret = (struct isolate_status){ 0 };
	LOCKED(&i->lock) {
		c = i->child ? child_ref(i->child) : NULL;
		ret->restarts = i->restarts;
		ret->next_try_ns = i->next_try_ns > now ? i->next_try_ns : 0;
		memcpy(ret->cause, i->cause, sizeof(ret->cause));
	}
	if (c && child_usage(c, &usage)) {
		ret->pid = child_pid(c);
		ret->cpu_s = (double)usage.cpu_ns / (double)NS_PER_S;
		ret->rss_bytes = usage.rss_bytes;
	}
	child_unref(c);
}

void
isolate_restart(struct isolate *i)
{
	LOCKED(&i->lock) {
		i->next_try_ns = 0;
		i->pause_ns = 0;
		i->asked = i->child != NULL;
		end_locked(i);
	}
}

bool
isolate_news(struct isolate *i, struct buf *out)
{
	bool news = false;

	LOCKED(&i->lock) {
		news = i->news;
		i->news = false;
		if (news)
			buf_puts(out, i->cause);
		if (news && !i->ending)
			buf_printf(out, ", next try in %.1f s",
				   (double)i->pause_ns / (double)NS_PER_S);
	}
	return news;
}
