/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * net -- URLs of listeners, addresses and prefixes as text and as values. Pure functions; nothing
 * here opens a socket or asks a resolver. Thread-safe.
 */
#ifndef NET_H
#define NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "buf.h"

enum net_scheme { NET_TELNET, NET_UNIX };

/* telnet://HOST:PORT or unix:PATH. */
struct net_url {
	enum net_scheme scheme;
	char host[256]; /* name, address without brackets, or "*"; empty for unix */
	uint16_t port;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* unix only; absolute */
};

/* 0, or -EINVAL with one sentence in why: unknown scheme, no port, port above 65535, path too long
 * or relative. */
int net_url_parse(const char *text, struct net_url *ret, struct buf *why);
/* Appends the canonical form: names in lower case, IPv6 in brackets. */
int net_url_format(struct buf *out, const struct net_url *url);
/* Splits HOST, HOST:PORT, [V6]:PORT, bare V6, telnet://..., unix:PATH or a path with a slash, as
 * telmon -H takes it; a missing port is default_port. 0 or -EINVAL with why. */
int net_target_parse(const char *text, uint16_t default_port, struct net_url *ret, struct buf *why);

/* Appends "10.0.0.5", "fe80::1%eth0" or "unix". v4-mapped IPv6 is shown as IPv4. */
int net_format_address(struct buf *out, const struct sockaddr_storage *sa);
/* Appends the URL of a bound socket's address: telnet://127.0.0.1:2323. */
int net_format_url(struct buf *out, const struct sockaddr_storage *sa);

/* An address range: 10.0.0.0/8, ::1, fe80::/10. IPv4 is kept v4-mapped, so one comparison serves
 * both. */
struct net_prefix {
	uint8_t bytes[16];
	unsigned bits; /* of 128 */
};
/* Bits past the prefix must be zero. 0 or -EINVAL with why. */
int net_prefix_parse(const char *text, struct net_prefix *ret, struct buf *why);
bool net_prefix_match(const struct net_prefix *p, const struct sockaddr_storage *sa);
bool net_is_loopback(const struct sockaddr_storage *sa);
/* What "one source" means for limits: an IPv4 address, or an IPv6 /64. */
struct net_prefix net_source(const struct sockaddr_storage *sa);

#endif
