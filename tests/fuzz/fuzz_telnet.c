/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * fuzz_telnet -- the first byte says how the session begins, the others are what a peer sends. They
 * are delivered whole, byte by byte and in odd pieces: the events must be the same. What else must
 * hold: answers stay within a few bytes for each one received, windows and names within their
 * limits, and output comes out the same however it is cut.
 */
#include <string.h>

#include "fuzz.h"
#include "telnet.h"

enum { OFFER = 1, PROBED = 2, URGENT = 4, MARK = 8, ECHO = 16, END_SUBOPTION = 32 };

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

/* Delivers in pieces of so many bytes. */
static void
play(struct trace *tr, unsigned how, const char *bytes, size_t n, size_t piece)
{
	size_t sent;

	open_session(tr, how);
	sent = tr->sent;
	for (size_t at = 0; at < n; at += piece)
		telnet_recv(tr->telnet, bytes + at, n - at < piece ? n - at : piece);
	MUST(tr->sent - sent <= 64 + 8 * n);
	end_session(tr, how);
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 3, 7 };
	const char *bytes = (const char *)data + 1;
	struct trace whole, other;

	if (size < 1 || size > 1 << 16)
		return 0;
	play(&whole, data[0], bytes, size - 1, size);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		play(&other, data[0], bytes, size - 1, pieces[i]);
		MUST(whole.events.len == other.events.len);
		MUST(whole.events.len == 0 ||
		     memcmp(whole.events.data, other.events.data, whole.events.len) == 0);
		MUST(telnet_is_open(whole.telnet) == telnet_is_open(other.telnet));
		MUST(telnet_echoes(whole.telnet) == telnet_echoes(other.telnet));
		drop(&other);
	}
	check_encode(whole.telnet, bytes, size - 1);
	drop(&whole);
	return 0;
}
