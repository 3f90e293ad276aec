/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * relay -- the answer goes out as it came: the daemon has cleaned it, and a file must get every
 * byte. Each part is flushed, so that `telmon watch cpu | while read` works.
 */
#include "relay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Lines that get no answer; they mean nothing while none runs, and it is the terminal that knows
 * its window. */
static bool
is_control(const char *line, size_t n)
{
	static const char *const words[] = { "/cancel", "/key", "/resize" };
	size_t size = 0;

	while (n && strchr(" \t", *line)) {
		line++;
		n--;
	}
	while (size < n && !strchr(" \t\r", line[size]))
		size++;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (size == strlen(words[i]) && memcmp(line, words[i], size) == 0)
			return true;
	}
	return false;
}

bool
relay_is_leave(const char *line)
{
	static const char *const words[] = { "quit", "exit", "/quit" };
	size_t n;

	line += strspn(line, " \t");
	n = strcspn(line, " \t\r\n");
	if (line[n + strspn(line + n, " \t\r\n")])
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (n == strlen(words[i]) && memcmp(line, words[i], n) == 0)
			return true;
	}
	return false;
}

static int
write_part(const struct talk_part *part)
{
	FILE *f = part->status >= STATUS_USAGE ? stderr : stdout;

	if (f == stderr)
		fflush(stdout);
	if (fwrite(part->text, 1, part->size, f) < part->size || fflush(f) != 0)
		return -EIO;
	return 0;
}

int
relay(struct talk *t, const char *line, size_t n, const struct relay_watcher *watcher,
      int *ret_status)
{
	struct talk_part part = { .type = WIRE_MORE };
	int r = 0;

	if (is_control(line, n)) {
		*ret_status = STATUS_OK;
		return 0;
	}
	talk_say(t, line, n);
	while (r == 0 && part.type != WIRE_DONE) {
		r = talk_hear(t, &part);
		if (r == -EINTR && watcher)
			r = watcher->interrupted(watcher->ctx);
		else if (r == 0)
			r = watcher ? watcher->show(watcher->ctx, &part) : write_part(&part);
	}
	if (r == 0)
		*ret_status = part.status;
	return r;
}

int
relay_ask(struct talk *t, const char *line, struct buf *answer, const struct relay_watcher *watcher,
	  int *ret_status)
{
	struct talk_part part = { .type = WIRE_MORE };
	int r = 0;

	talk_say(t, line, strlen(line));
	if (answer)
		buf_clear(answer);
	while (r == 0 && part.type != WIRE_DONE) {
		r = talk_hear(t, &part);
		if (r == -EINTR && watcher)
			r = watcher->interrupted(watcher->ctx);
		else if (r == 0 && answer)
			buf_put(answer, part.text, part.size);
	}
	if (r == 0)
		*ret_status = part.status;
	return r;
}
