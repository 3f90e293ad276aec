/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * net_address -- socket addresses as text, and ranges of them. Every address becomes 16 bytes, IPv4
 * as ::ffff:a.b.c.d, so a rule for an IPv4 address holds however the connection came in. Pure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>

#include "net.h"
#include "text.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/* The address as 16 bytes; false for families that have none. */
static bool
address_bytes(const struct sockaddr_storage *sa, uint8_t ret[16])
{
	if (sa->ss_family == AF_INET) {
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
		return true;
	}
	if (sa->ss_family == AF_INET6) {
		memcpy(ret, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
		return true;
	}
	return false;
}

static bool
is_mapped(const uint8_t bytes[16])
{
	return memcmp(bytes, mapped, sizeof(mapped)) == 0;
}

/* An interface's name may be any bytes; the number is there when it went away. */
static void
put_zone(struct buf *out, uint32_t scope)
{
	char name[IF_NAMESIZE];

	buf_putc(out, '%');
	if (if_indextoname(scope, name))
		text_clean(out, name, strlen(name));
	else
		buf_printf(out, "%u", scope);
}

int
net_format_address(struct buf *out, const struct sockaddr_storage *sa)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	uint32_t scope;

	if (!address_bytes(sa, bytes))
		return buf_puts(out, "unix");
	if (is_mapped(bytes)) {
		inet_ntop(AF_INET, bytes + 12, text, sizeof(text));
		return buf_puts(out, text);
	}
	inet_ntop(AF_INET6, bytes, text, sizeof(text));
	buf_puts(out, text);
	scope = ((const struct sockaddr_in6 *)sa)->sin6_scope_id;
	if (scope)
		put_zone(out, scope);
	return out->error;
}

static int
format_unix_url(struct buf *out, const struct sockaddr_un *un)
{
	buf_puts(out, "unix:");
	return text_clean(out, un->sun_path, strnlen(un->sun_path, sizeof(un->sun_path)));
}

int
net_format_url(struct buf *out, const struct sockaddr_storage *sa)
{
	uint8_t bytes[16];
	bool v6;

	if (!address_bytes(sa, bytes))
		return format_unix_url(out, (const struct sockaddr_un *)sa);
	v6 = !is_mapped(bytes);
	buf_puts(out, v6 ? "telnet://[" : "telnet://");
	net_format_address(out, sa);
	/* The port is at the same place in both families. */
	return buf_printf(out, v6 ? "]:%u" : ":%u",
			  ntohs(((const struct sockaddr_in *)sa)->sin_port));
}

/* Clears what is past the prefix; true when something was set there. */
static bool
mask(uint8_t bytes[16], unsigned bits)
{
	uint8_t lost = 0;

	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits <= i * 8 ? 0 : bits - i * 8 >= 8 ? 8 : bits - i * 8;
		uint8_t m = (uint8_t)(0xff00 >> keep);

		lost |= (uint8_t)(bytes[i] & ~m);
		bytes[i] &= m;
	}
	return lost != 0;
}

static int
refuse(struct buf *why, const char *text, const char *reason)
{
	buf_printf(why, "'%.64s' %s", text, reason);
	return -EINVAL;
}

int
net_prefix_parse(const char *text, struct net_prefix *ret, struct buf *why)
{
	struct net_prefix p = { .bits = 128 };
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	unsigned base = 0;
	int64_t bits;

	if (n >= sizeof(address))
		return refuse(why, text, "is not an address");
	memcpy(address, text, n);
	address[n] = '\0';
	if (inet_pton(AF_INET, address, p.bytes + 12) == 1) {
		memcpy(p.bytes, mapped, sizeof(mapped));
		base = 96;
	} else if (inet_pton(AF_INET6, address, p.bytes) != 1) {
		return refuse(why, text, "is not an address");
	}
	if (text[n] == '/') {
		if (text[n + 1] < '0' || text[n + 1] > '9' ||
		    text_parse_i64(text + n + 1, &bits) < 0 || bits > 128 - (int64_t)base)
			return refuse(why, text,
				      base ? "needs a prefix length of 0 to 32"
					   : "needs a prefix length of 0 to 128");
		p.bits = base + (unsigned)bits;
	}
	if (mask(p.bytes, p.bits))
		return refuse(why, text, "has bits set behind its prefix");
	*ret = p;
	return 0;
}

bool
net_prefix_match(const struct net_prefix *p, const struct sockaddr_storage *sa)
{
	uint8_t bytes[16];

	if (!address_bytes(sa, bytes))
		return false;
	mask(bytes, p->bits);
	return memcmp(bytes, p->bytes, 16) == 0;
}

bool
net_is_loopback(const struct sockaddr_storage *sa)
{
	static const uint8_t one[16] = { [15] = 1 };
	uint8_t bytes[16];

	if (!address_bytes(sa, bytes))
		return false;
	return (is_mapped(bytes) && bytes[12] == 127) || memcmp(bytes, one, 16) == 0;
}

struct net_prefix
net_source(const struct sockaddr_storage *sa)
{
	struct net_prefix p = { .bits = 0 };

	if (!address_bytes(sa, p.bytes))
		return p;
	p.bits = is_mapped(p.bytes) ? 128 : 64;
	mask(p.bytes, p.bits);
	return p;
}
