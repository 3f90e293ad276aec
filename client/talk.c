/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * talk -- the client's end of a framed session. Before the first header the other side may have
 * taken us for a person: then telnet bytes, a banner and a prompt come first, and the header may
 * stand behind that prompt on its line. From then on nothing is guessed: a header that is none ends
 * the conversation. Knows no command and no terminal.
 */
#include "talk.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "text.h"

#define ERROR_PREFIX "error: "

enum {
	READ_BYTES = 64 << 10,
	MAX_PREAMBLE = 64 << 10, /* banner, prompt, errors: what may come before the first header */
	MAX_UNSENT = 64 << 10,	 /* beyond that hints are left out */
};

struct talk {
	int fd;
	double silence_s;
	int watched;		 /* descriptor, or -1 */
	const sigset_t *signals; /* NULL = nothing is watched */
	talk_note_cb *note;
	void *ctx;
	struct buf in;
	size_t at;	/* bytes of in that are taken already */
	struct buf out; /* not sent yet */
	bool deaf;	/* the other side takes no more; what it said before may still be here */
};

struct talk *
talk_new(int fd, double silence_s)
{
	struct talk *t = xcalloc(1, sizeof(*t));

	t->fd = fd;
	t->watched = -1;
	t->silence_s = silence_s;
	buf_init(&t->out, SIZE_MAX / 2);
	buf_init(&t->in, WIRE_MAX_LENGTH + WIRE_MAX_HEADER + 2 * READ_BYTES);
	return t;
}

void
talk_free(struct talk *t)
{
	if (!t)
		return;
	close(t->fd);
	buf_fini(&t->in);
	buf_fini(&t->out);
	free(t);
}

void
talk_set_silence(struct talk *t, double silence_s)
{
	t->silence_s = silence_s;
}

void
talk_set_notes(struct talk *t, talk_note_cb *cb, void *ctx)
{
	t->note = cb;
	t->ctx = ctx;
}

void
talk_set_watch(struct talk *t, int fd, const sigset_t *mask)
{
	t->watched = fd;
	t->signals = mask;
}

int
talk_fd(const struct talk *t)
{
	return t->fd;
}

/* --- bytes --- */

/* Sends what the socket takes. */
static void
send_some(struct talk *t)
{
	while (t->out.len && !t->deaf) {
		ssize_t n = send(t->fd, t->out.data, t->out.len, MSG_NOSIGNAL);

		if (n >= 0)
			buf_consume(&t->out, (size_t)n);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			t->deaf = true;
	}
}

/* While descriptors are ready a wait for them delivers no signal; one for nothing does. */
static bool
was_signalled(const struct talk *t)
{
	static const struct timespec now;

	return t->signals && ppoll(NULL, 0, &now, t->signals) < 0;
}

/* Waits for something to read, and sends meanwhile. 0, -EINTR, -ETIMEDOUT. */
static int
wait_bytes(struct talk *t, int64_t until)
{
	struct pollfd p[] = {
		{ .fd = t->fd, .events = (short)(POLLIN | (t->out.len ? POLLOUT : 0)) },
		{ .fd = t->watched, .events = POLLIN },
	};
	struct timespec left;
	int r;

	if (was_signalled(t))
		return -EINTR;
	do {
		r = ppoll(p, 2, clock_left(until, &left), t->signals);
	} while (r < 0 && errno == EINTR && !t->signals);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	if (p[0].revents & POLLOUT)
		send_some(t);
	return p[1].revents ? -EINTR : 0;
}

/* Reads once, without waiting: 0, -EAGAIN, -EPIPE. */
static int
read_some(struct talk *t)
{
	ssize_t n;

	if (t->at) {
		buf_consume(&t->in, t->at);
		t->at = 0;
	}
	if (buf_reserve(&t->in, READ_BYTES) < 0)
		return -EBADMSG;
	n = recv(t->fd, t->in.data + t->in.len, READ_BYTES, 0);
	if (n < 0)
		return (errno == EAGAIN || errno == EINTR) && !t->deaf ? -EAGAIN : -EPIPE;
	t->in.len += (size_t)n;
	return n == 0 ? -EPIPE : 0;
}

/* Reads at least a byte, or fails. Who watches is asked first: parts that never pause must not keep
 * a ^C waiting. */
static int
read_more(struct talk *t)
{
	int64_t until = clock_in(t->silence_s);
	size_t unsent;
	int r = t->signals ? -EAGAIN : read_some(t);

	while (r == -EAGAIN) {
		unsent = t->out.len;
		r = wait_bytes(t, until);
		if (r < 0)
			return r;
		/* A daemon that takes a long line piece by piece is not silent. */
		if (t->out.len < unsent)
			until = clock_in(t->silence_s);
		r = read_some(t);
	}
	return r;
}

void
talk_say(struct talk *t, const char *line, size_t n)
{
	/* One segment, so that the daemon never sees half a line and waits. */
	if (buf_put(&t->out, line, n) < 0 || buf_putc(&t->out, '\n') < 0)
		t->deaf = true;
	send_some(t);
}

void
talk_hint(struct talk *t, const char *line)
{
	if (t->out.len < MAX_UNSENT)
		talk_say(t, line, strlen(line));
}

/* --- messages --- */

/* 1 = *ret is whole; 0 = more bytes are needed; -EBADMSG. */
static int
take_part(struct talk *t, struct talk_part *ret)
{
	const char *s = t->in.data + t->at, *end;
	size_t have = t->in.len - t->at, header, length;

	end = have ? memchr(s, '\n', have < WIRE_MAX_HEADER ? have : WIRE_MAX_HEADER) : NULL;
	if (!end)
		return have < WIRE_MAX_HEADER ? 0 : -EBADMSG;
	header = (size_t)(end - s) + 1;
	if (wire_parse_header(s, header - 1, &ret->type, &ret->status, &length) < 0)
		return -EBADMSG;
	if (have - header < length)
		return 0;
	ret->text = s + header;
	ret->size = length;
	t->at += header + length;
	return 1;
}

/* The same, notes told and left out. */
static int
take_answer(struct talk *t, struct talk_part *ret)
{
	int r;

	while ((r = take_part(t, ret)) == 1 && ret->type == WIRE_NOTE) {
		if (t->note)
			t->note(t->ctx, ret->text, ret->size);
	}
	return r;
}

int
talk_hear(struct talk *t, struct talk_part *ret)
{
	int r;

	while ((r = take_answer(t, ret)) == 0) {
		r = read_more(t);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 0;
}

/* What is no note answers nothing that we said: the two sides have lost each other. */
int
talk_notes(struct talk *t)
{
	struct talk_part part;
	int r;

	do {
		r = take_answer(t, &part);
		if (r)
			return -EBADMSG;
		r = read_some(t);
	} while (r == 0);
	return r == -EAGAIN ? 0 : r;
}

/* --- the opening --- */

/* Where a header begins that ends with this line, or NULL. */
static const char *
find_header(const char *line, size_t n)
{
	struct talk_part part;
	size_t length;

	for (size_t i = 0; i < n; i++) {
		if (line[i] == 'd' &&
		    wire_parse_header(line + i, n - i, &part.type, &part.status, &length) == 0)
			return line + i;
	}
	return NULL;
}

static void
keep_error(struct buf *why, const char *line, size_t n)
{
	const size_t prefix = strlen(ERROR_PREFIX);

	if (n && line[n - 1] == '\r')
		n--;
	if (n < prefix || memcmp(line, ERROR_PREFIX, prefix) != 0)
		return;
	if (why->len)
		buf_puts(why, "; ");
	text_clean(why, line + prefix, n - prefix);
}

/* Takes lines until one ends in a header, which stays. 1 = it is there; 0 = more is needed. */
static int
skip_preamble(struct talk *t, struct buf *why)
{
	const char *end;

	while (t->in.len > t->at && (end = memchr(t->in.data + t->at, '\n', t->in.len - t->at))) {
		const char *line = t->in.data + t->at;
		const char *header = find_header(line, (size_t)(end - line));

		if (header) {
			t->at = (size_t)(header - t->in.data);
			return 1;
		}
		keep_error(why, line, (size_t)(end - line));
		t->at = (size_t)(end + 1 - t->in.data);
	}
	return 0;
}

/* An error may stand there without its line end when the other side has closed. */
static int
skip_to_header(struct talk *t, struct buf *why)
{
	size_t seen = 0;
	int r;

	while (!skip_preamble(t, why)) {
		size_t before = t->in.len - t->at;

		r = read_more(t);
		seen += r < 0 ? 0 : t->in.len - before;
		if (r == 0 && seen > MAX_PREAMBLE)
			r = -EBADMSG;
		if (r < 0) {
			keep_error(why, t->in.data + t->at, t->in.len - t->at);
			return r;
		}
	}
	return 0;
}

int
talk_open(struct talk *t, struct buf *why)
{
	static const char hello[] = "/framed 1";
	struct talk_part part;
	int r;

	_Static_assert(WIRE_VERSION == 1, "the version is part of the line");
	talk_say(t, hello, sizeof(hello) - 1);
	r = skip_to_header(t, why);
	if (r == 0)
		r = talk_hear(t, &part);
	if (r < 0 || part.status == STATUS_OK)
		return r;
	keep_error(why, part.text,
		   part.size && part.text[part.size - 1] == '\n' ? part.size - 1 : part.size);
	return -EPROTO;
}
