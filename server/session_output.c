/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_output -- the way out: text with the line ends and characters that this peer wants, room
 * waited for while the peer is slow, and given up after stall_ns in which it took nothing. While it
 * waits it keeps an eye on what the peer says (session_watch.c). Runs on the session's worker.
 */
#include <errno.h>

#include "session_private.h"
#include "text.h"

enum {
	PIECE_BYTES = 16 << 10, /* of text that is changed on its way out */
	FLUSH_BYTES = 64 << 10, /* waiting output past this is offered to the peer at once */
	DIRECT_BYTES =
		8 << 10, /* an answer of this size is not copied when nothing waits before it */
};

int
session_flush(struct session *s)
{
	int r;

	if (s->lost)
		return -EPIPE;
	r = conn_flush(&s->conn);
	return r == 0 || r == -EAGAIN ? 0 : session_lost(s);
}

static bool
has_room(const struct session *s, size_t n)
{
	return n <= s->limits.max_output && conn_waiting(&s->conn) <= s->limits.max_output - n;
}

static bool
is_stalled(const struct session *s)
{
	return conn_waiting(&s->conn) && now_ns() >= s->conn.progress_ns + s->limits.stall_ns;
}

int
session_room(struct session *s, size_t n)
{
	while (!has_room(s, n)) {
		int r = session_flush(s);
		unsigned ready;

		if (r < 0)
			return r;
		if (has_room(s, n))
			break;
		if (!conn_waiting(&s->conn))
			return session_lost(s); /* more than there can ever be room for */
		ready = session_wait(s, READY_OUT | session_watch_want(s),
				     s->conn.progress_ns + s->limits.stall_ns);
		if (!ready && is_stalled(s))
			return session_lost(s);
		r = session_watch(s, ready);
		if (r < 0)
			return r;
	}
	return 0;
}

int
session_room_owed(struct session *s, size_t n)
{
	bool cancelled = s->cancelled;
	int r;

	do {
		s->cancelled = false;
		r = session_room(s, n);
		cancelled |= s->cancelled;
	} while (r == -ECANCELED && !s->stopped);
	s->cancelled = cancelled;
	return r;
}

static int
put_piece(struct session *s, const char *bytes, size_t n)
{
	int r = session_room(s, n);

	if (r < 0)
		return r;
	if (n >= DIRECT_BYTES && !conn_waiting(&s->conn))
		r = conn_send(&s->conn, bytes, n);
	else
		r = conn_put(&s->conn, bytes, n);
	if (r < 0 && r != -EAGAIN)
		return session_lost(s);
	if (conn_waiting(&s->conn) < FLUSH_BYTES)
		return 0;
	/* A long answer is where a ^C is wanted most: look for it as often as something goes out.
	 */
	r = session_flush(s);
	return r < 0 ? r : session_watch(s, session_wait(s, session_watch_want(s), 0));
}

int
session_put(struct session *s, const char *bytes, size_t n)
{
	size_t most = s->limits.max_output / 2 < FLUSH_BYTES ? s->limits.max_output / 2
							     : FLUSH_BYTES;

	while (n) {
		size_t piece = n < most ? n : most;
		int r = put_piece(s, bytes, piece);

		if (r < 0)
			return r;
		bytes += piece;
		n -= piece;
	}
	return 0;
}

/* What the peer's terminal wants; out is cleared first. */
static int
encode(struct session *s, struct buf *out, const char *text, size_t n)
{
	_autobuf_ struct buf ascii = BUF_INIT(4 * PIECE_BYTES);

	buf_clear(out);
	if (s->asker.render.ascii) {
		text_ascii(&ascii, text, n);
		text = ascii.data;
		n = ascii.len;
	}
	if (s->talk != TALK_TELNET)
		return buf_put(out, text, n);
	return telnet_encode(s->person->telnet, out, text, n, &s->person->last_cr);
}

int
session_text(struct session *s, const char *text, size_t n)
{
	_autobuf_ struct buf out = BUF_INIT(4 * PIECE_BYTES);

	if (!s->asker.render.ascii && s->talk != TALK_TELNET)
		return session_put(s, text, n);
	while (n) {
		size_t piece = n < PIECE_BYTES ? n : PIECE_BYTES;
		int r;

		/* A character is not cut in two, else each half would be replaced. */
		while (piece < n && piece > 1 && ((unsigned char)text[piece] & 0xc0) == 0x80)
			piece--;
		r = encode(s, &out, text, piece) < 0 ? session_lost(s)
						     : session_put(s, out.data, out.len);
		if (r < 0)
			return r;
		text += piece;
		n -= piece;
	}
	return 0;
}

void
session_show(struct session *s, const char *text, size_t n)
{
	_autobuf_ struct buf out = BUF_INIT(4 * PIECE_BYTES);

	if (s->talk == TALK_FRAMED) {
		session_framed_text(s, text, n);
		return;
	}
	while (n && !s->lost) {
		size_t piece = n < PIECE_BYTES ? n : PIECE_BYTES;

		if (encode(s, &out, text, piece) < 0 || conn_put(&s->conn, out.data, out.len) < 0)
			session_lost(s);
		text += piece;
		n -= piece;
	}
}

void
session_flush_all(struct session *s)
{
	while (session_flush(s) == 0 && conn_waiting(&s->conn)) {
		unsigned ready = session_wait(s, READY_OUT,
					      s->conn.progress_ns + s->limits.stall_ns);

		if ((ready & (READY_STOP | READY_HANGUP)) || (!ready && is_stalled(s)))
			session_lost(s);
	}
}
