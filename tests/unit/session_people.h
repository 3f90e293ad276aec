/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_people -- peers that are people: a telnet client at its prompt, somebody in nc, and lines
 * typed by them.
 */
#ifndef SESSION_PEOPLE_H
#define SESSION_PEOPLE_H

#include "session_peer.h"

#define WELCOME "welcome\r\nto t\303\252lmon\r\n"
#define PROBE "\xff\xfd\x18"
#define OFFER "\xff\xfb\x01\xff\xfb\x03\xff\xfd\x03\xff\xfd\x1f"
#define SEND_TYPE "\xff\xfa\x18\x01\xff\xf0"
#define AGREES "\xff\xfd\x01\xff\xfd\x03\xff\xfb\x03\xff\xfb\x1f"
#define WINDOW "\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0"
#define IP "\xff\xf4"

/* One that has got the probe and all the time to answer it, however busy the machine is. */
static void __attribute__((unused)) probed_open(struct peer *p)
{
	int64_t probe_wait_ns = box.limits.probe_wait_ns;

	box.limits.probe_wait_ns = DEADLINE_MS * NS_PER_MS;
	box_limits();
	peer_open(p, AF_INET, SESSION_AUTO, NULL);
	peer_expect(p, PROBE);
	box.limits.probe_wait_ns = probe_wait_ns;
	box_limits();
}

/* A telnet client at its prompt: everything agreed, 80x24. */
static void __attribute__((unused)) telnet_open_as(struct peer *p, const char *type, size_t n)
{
	probed_open(p);
	peer_send(p, "\xff\xfb\x18");
	peer_expect(p, OFFER SEND_TYPE);
	peer_send(p, AGREES WINDOW "\xff\xfa\x18\x00");
	peer_send_bytes(p, type, n);
	peer_send(p, "\xff\xf0");
}

static void __attribute__((unused)) telnet_open(struct peer *p)
{
	telnet_open_as(p, "XTERM", 5);
	peer_expect(p, WELCOME);
	peer_expect_prompt(p);
}

static void __attribute__((unused)) plain_open(struct peer *p)
{
	peer_open(p, AF_INET, SESSION_AUTO, NULL);
	peer_expect(p, PROBE "\rwelcome\nto t\303\252lmon\n");
	peer_expect_prompt(p);
}

/* Types a line that is echoed. */
static void __attribute__((unused)) type(struct peer *p, const char *line)
{
	peer_send_bytes(p, line, strlen(line));
	peer_send(p, "\r\0");
	peer_expect_bytes(p, line, strlen(line));
	peer_expect(p, "\r\n");
}

#endif
