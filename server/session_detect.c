/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_detect -- decides once, by what arrives first, how a peer talks: bytes within the grace
 * period are a script, telnet bytes are telnet, silence is probed, and what belongs to another
 * protocol is not talked to at all: a body that a web page sends here must never be run as
 * commands. Runs on the session's worker.
 */
#include <errno.h>
#include <string.h>

#include "session_private.h"
#include "text.h"

enum { IAC = 0xff, TLS_HANDSHAKE = 0x16, RDP_TPKT = 0x03 };

enum foreign {
	FOREIGN_NONE,
	FOREIGN_HTTP,
	FOREIGN_SSH,
	FOREIGN_TLS,
	FOREIGN_RDP,
	FOREIGN_BINARY,
	FOREIGN__COUNT
};

static const char *const foreign_names[] = {
	[FOREIGN_HTTP] = "HTTP",
	[FOREIGN_SSH] = "SSH",
	[FOREIGN_TLS] = "TLS",
	[FOREIGN_RDP] = "RDP",
	[FOREIGN_BINARY] = "an unknown protocol",
};

/* --- foreign protocols --- */

static bool
begins(const char *bytes, size_t n, const char *word)
{
	size_t len = strlen(word);

	return n >= len && memcmp(bytes, word, len) == 0;
}

/* No command of ours is in capitals, so a method and a blank are enough. */
static bool
is_http(const char *bytes, size_t n)
{
	static const char *const openings[] = { "GET ",	     "HEAD ",	 "POST ",      "PUT ",
						"DELETE ",   "OPTIONS ", "CONNECT ",   "TRACE ",
						"PROPFIND ", "PATCH ",	 "PRI * HTTP/" };

	for (size_t i = 0; i < sizeof(openings) / sizeof(*openings); i++)
		if (begins(bytes, n, openings[i]))
			return true;
	return n >= 5 && strncasecmp(bytes, "host:", 5) == 0;
}

static enum foreign
foreign_opening(const unsigned char *bytes, size_t n)
{
	if (n == 0)
		return FOREIGN_NONE;
	if (bytes[0] == TLS_HANDSHAKE)
		return FOREIGN_TLS;
	if (bytes[0] == RDP_TPKT && n > 1 && bytes[1] == 0)
		return FOREIGN_RDP;
	/* SMB and much else begins with a length, high byte first. */
	return bytes[0] == 0 ? FOREIGN_BINARY : FOREIGN_NONE;
}

static enum foreign
foreign_line(const char *bytes, size_t n)
{
	if (is_http(bytes, n))
		return FOREIGN_HTTP;
	return begins(bytes, n, "SSH-") ? FOREIGN_SSH : FOREIGN_NONE;
}

bool
session_foreign(struct session *s, const char *bytes, size_t n, bool opening)
{
	static struct log_limit limits[FOREIGN__COUNT];
	enum foreign kind = opening ? foreign_opening((const unsigned char *)bytes, n)
				    : FOREIGN_NONE;
	_autobuf_ struct buf name = BUF_WHY;
	uint32_t held;

	if (kind == FOREIGN_NONE)
		kind = foreign_line(bytes, n);
	if (kind == FOREIGN_NONE)
		return false;
	if (log_allow(&limits[kind], &held))
		log_warnx("%s: speaks %s, closing (%u more since the last such line)",
			  session_name(s, &name), foreign_names[kind], held);
	/* Its further input is none of ours: no answer, no drain, and a reset for what it still
	 * sends. */
	s->over = s->lost = true;
	return true;
}

/* --- what arrives first --- */

/* Reads the first bytes, waiting for them if they are not here yet; -1 = for ever. Their number, 0
 * when the session is over, -ETIME after wait_ns. */
static ssize_t
first_bytes(struct session *s, int64_t wait_ns)
{
	int64_t until_ns = -1;
	ssize_t got = session_fill(s);

	if (got == -EAGAIN && wait_ns >= 0)
		until_ns = now_ns() + wait_ns;
	while (got == -EAGAIN) {
		unsigned ready = session_wait_idle(s, READY_IN, until_ns);

		if (ready & READY_STOP)
			return 0;
		got = session_fill(s);
		if (got == -EAGAIN && until_ns >= 0 && now_ns() >= until_ns)
			return -ETIME;
	}
	return got > 0 ? got : 0;
}

static bool
first_is_foreign(struct session *s)
{
	return session_foreign(s, s->in + s->in_at, s->in_end - s->in_at, true);
}

static bool
first_is_telnet(const struct session *s)
{
	return (unsigned char)s->in[s->in_at] == IAC;
}

/* The peer has been silent: a telnet client cannot but answer this, and a terminal shows nothing of
 * it. */
static void
probe(struct session *s)
{
	int64_t wait_ns = s->limits.probe_wait_ns, trips_ns = 4 * conn_round_trip_ns(&s->conn);
	ssize_t got;

	if (session_put(s, TELNET_PROBE, sizeof(TELNET_PROBE) - 1) < 0)
		return;
	session_flush_all(s);
	if (s->lost)
		return;
	got = first_bytes(s, trips_ns > wait_ns ? trips_ns : wait_ns);
	if (got == 0 || (got > 0 && first_is_foreign(s)))
		return;
	session_person_run(s, got > 0 && first_is_telnet(s) ? TALK_TELNET : TALK_PLAIN, true);
}

static void
detect_auto(struct session *s)
{
	ssize_t got = first_bytes(s, s->limits.grace_ns);

	if (got == -ETIME)
		probe(s);
	else if (got == 0 || first_is_foreign(s))
		return;
	else if (first_is_telnet(s))
		session_person_run(s, TALK_TELNET, false);
	else
		session_script_run(s);
}

static void
detect_script(struct session *s)
{
	ssize_t got = first_bytes(s, s->limits.idle_timeout_ns ? s->limits.idle_timeout_ns : -1);

	if (got > 0 && !first_is_foreign(s))
		session_script_run(s);
}

static void
detect_telnet(struct session *s)
{
	ssize_t got = first_bytes(s, 0);

	if (got == -ETIME || (got > 0 && !first_is_foreign(s)))
		session_person_run(s, TALK_TELNET, false);
}

void
session_detect(struct session *s, enum session_mode mode)
{
	switch (mode) {
	case SESSION_AUTO:
		detect_auto(s);
		break;
	case SESSION_SCRIPT:
		detect_script(s);
		break;
	case SESSION_TELNET:
		detect_telnet(s);
		break;
	}
}
