/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * fuzz_telnet -- the first byte says how the session begins, the others are what a peer sends. They
 * are delivered whole, byte by byte and in odd pieces: the events must be the same. What else must
 * hold: answers stay within a few bytes for each one received, windows and names within their
 * limits, and output comes out the same however it is cut.
 *
 * Two bytes that telnet has no use for are the fuzzer's: CALL and the number of a function that the
 * session calls at this place; REPEAT, N and a byte: 32 N of it, because what meets a limit of
 * thousands is otherwise never found.
 */
#include <string.h>

#include "fuzz.h"
#include "telnet.h"

enum { OFFER = 1, PROBED = 2, URGENT = 4, MARK = 8, ECHO = 16, END_SUBOPTION = 32 };
enum { REPEAT = 0x0e, CALL = 0x0f, REPEAT_BYTES = 32, MAX_BYTES = 1 << 16 };

struct trace {
	struct telnet *telnet;
	struct buf events; /* what happened, data that is not interrupted as one */
	bool in_data;
	size_t sent;
};

static void
put_event(struct trace *tr, const struct telnet_event *ev)
{
	bool joins = ev->type == TELNET_DATA && tr->in_data;

	tr->in_data = ev->type == TELNET_DATA;
	if (!joins)
		buf_printf(&tr->events, "\n%d %u %u %d ", (int)ev->type, ev->columns, ev->rows,
			   ev->on);
	if (ev->size)
		buf_put(&tr->events, ev->text, ev->size);
}

static void
on_event(void *ctx, const struct telnet_event *ev)
{
	struct trace *tr = ctx;

	switch (ev->type) {
	case TELNET_SEND:
		MUST(ev->size > 0);
		tr->sent += ev->size;
		break;
	case TELNET_WINDOW:
		MUST(ev->columns >= 1 && ev->columns <= 512 && ev->rows >= 1 && ev->rows <= 512);
		break;
	case TELNET_TERMINAL:
		MUST(ev->size >= 1 && ev->size <= 40);
		for (size_t i = 0; i < ev->size; i++)
			MUST(ev->text[i] &&
			     strchr("abcdefghijklmnopqrstuvwxyz0123456789+._-", ev->text[i]));
		break;
	default:
		break;
	}
	put_event(tr, ev);
}

static void
open_session(struct trace *tr, unsigned how)
{
	*tr = (struct trace){ .events = BUF_INIT(64 << 20) };
	tr->telnet = telnet_new(on_event, tr);
	if (how & OFFER)
		telnet_offer(tr->telnet, how & PROBED);
	if (how & ECHO)
		telnet_set_echo(tr->telnet, false);
	if (how & URGENT)
		telnet_urgent(tr->telnet);
}

static void
end_session(struct trace *tr, unsigned how)
{
	if (how & MARK)
		telnet_timing_mark(tr->telnet);
	if (how & END_SUBOPTION)
		telnet_suboption_end(tr->telnet);
	if (how & URGENT)
		telnet_urgent_end(tr->telnet);
	MUST(!(how & END_SUBOPTION) || !telnet_in_suboption(tr->telnet));
	telnet_recv(tr->telnet, "x\r\n", 3);
	MUST(!tr->events.error);
}

static void
call(struct telnet *t, unsigned what)
{
	switch (what % 8) {
	case 0:
		telnet_timing_mark(t);
		break;
	case 1:
		telnet_set_echo(t, true);
		break;
	case 2:
		telnet_set_echo(t, false);
		break;
	case 3:
		telnet_urgent(t);
		MUST(telnet_is_urgent(t));
		break;
	case 4:
		telnet_urgent_end(t);
		MUST(!telnet_is_urgent(t));
		break;
	case 5:
		telnet_suboption_end(t);
		MUST(!telnet_in_suboption(t));
		break;
	default:
		telnet_offer(t, what & 1);
		break;
	}
}

/* Delivers in pieces of so many bytes. */
static void
deliver(struct telnet *t, const char *bytes, size_t n, size_t piece)
{
	for (size_t at = 0; at < n; at += piece)
		telnet_recv(t, bytes + at, n - at < piece ? n - at : piece);
}

/* The same, with what is called in between. */
static void
play(struct trace *tr, unsigned how, const char *bytes, size_t n, size_t piece)
{
	size_t sent, at = 0;

	open_session(tr, how);
	sent = tr->sent;
	while (at < n) {
		const char *end = memchr(bytes + at, CALL, n - at);
		size_t size = end ? (size_t)(end - bytes) - at : n - at;

		deliver(tr->telnet, bytes + at, size, piece);
		at += size + 2;
		if (at <= n)
			call(tr->telnet, (unsigned char)bytes[at - 1]);
	}
	MUST(tr->sent - sent <= 64 + 8 * n);
	end_session(tr, how);
}

static void
check_same(const struct trace *a, const struct trace *b)
{
	MUST(a->events.len == b->events.len);
	MUST(a->events.len == 0 || memcmp(a->events.data, b->events.data, a->events.len) == 0);
	MUST(telnet_is_open(a->telnet) == telnet_is_open(b->telnet));
	MUST(telnet_echoes(a->telnet) == telnet_echoes(b->telnet));
	MUST(telnet_go_ahead(a->telnet) == telnet_go_ahead(b->telnet));
	MUST(telnet_refused(a->telnet) == telnet_refused(b->telnet));
}

static void
drop(struct trace *tr)
{
	telnet_free(tr->telnet);
	buf_fini(&tr->events);
}

/* The bytes as output of ours, whole and in pieces. */
static void
check_encode(const struct telnet *t, const char *bytes, size_t n)
{
	_autobuf_ struct buf whole = BUF_INIT(1 << 24), pieces = BUF_INIT(1 << 24);
	bool cr = false, last = false;

	MUST(telnet_encode(t, &whole, bytes, n, &cr) == 0);
	for (size_t at = 0; at < n; at += 3)
		MUST(telnet_encode(t, &pieces, bytes + at, n - at < 3 ? n - at : 3, &last) == 0);
	MUST(whole.len == pieces.len && cr == last);
	MUST(whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0);
	MUST(whole.len <= 2 * n + 1);
}

static void
expand(struct buf *out, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		size_t times = 1;

		if (data[i] == REPEAT && i + 2 < size) {
			times = (size_t)data[i + 1] * REPEAT_BYTES;
			i += 2;
		}
		while (times--)
			buf_putc(out, (char)data[i]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 3, 7 };
	_autobuf_ struct buf in = BUF_INIT(MAX_BYTES);
	struct trace whole, other;

	if (size < 1)
		return 0;
	expand(&in, data + 1, size - 1);
	if (in.error)
		return 0;
	play(&whole, data[0], in.data, in.len, MAX_BYTES);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		play(&other, data[0], in.data, in.len, pieces[i]);
		check_same(&whole, &other);
		drop(&other);
	}
	check_encode(whole.telnet, in.data, in.len);
	drop(&whole);
	return 0;
}
