/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * net -- URLs of listeners and targets. What is accepted is made canonical at once (names in lower
 * case, addresses as inet_ntop() writes them), so two ways of writing the same place compare equal.
 * Values of addresses are in net_address.c. Nothing here opens a socket or asks a resolver. Pure.
 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define TELNET "telnet://"
#define UNIX "unix:"

static int __attribute__((format(printf, 2, 3))) refuse(struct buf *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(why, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool
has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int
parse_port(const char *text, uint16_t *ret, struct buf *why)
{
	int64_t port;

	if (text[0] < '0' || text[0] > '9' || text_parse_i64(text, &port) < 0 || port > 65535)
		return refuse(why, "'%.64s' is not a port (0 to 65535)", text);
	*ret = (uint16_t)port;
	return 0;
}

/* A path goes to logs and terminals, so it has to be clean. */
static int
parse_path(const char *path, struct net_url *ret, struct buf *why)
{
	size_t n;

	/* unix:///run/x means the same place as unix:/run/x. */
	while (path[0] == '/' && path[1] == '/')
		path++;
	n = strlen(path);
	if (n == 0)
		return refuse(why, "a unix socket needs a path");
	if (n >= sizeof(ret->path))
		return refuse(why, "the path has %zu bytes; a unix socket takes at most %zu", n,
			      sizeof(ret->path) - 1);
	if (!text_is_clean(path, n))
		return refuse(why, "the path has characters that cannot be shown");
	*ret = (struct net_url){ .scheme = NET_UNIX };
	memcpy(ret->path, path, n);
	return 0;
}

/* An IPv6 address, perhaps with a zone, which stays as it is. */
static bool
canonical_v6(const char *host, size_t n, char *ret, size_t size)
{
	const char *zone = memchr(host, '%', n);
	size_t n_address = zone ? (size_t)(zone - host) : n;
	char text[INET6_ADDRSTRLEN];
	struct in6_addr v6;

	if (n_address >= sizeof(text))
		return false;
	memcpy(text, host, n_address);
	text[n_address] = '\0';
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return false;
	inet_ntop(AF_INET6, &v6, text, sizeof(text));
	if (zone && (n - n_address < 2 || n - n_address > 17 ||
		     !text_is_clean(zone, n - n_address) || memchr(zone, ']', n - n_address)))
		return false;
	if (strlen(text) + n - n_address >= size)
		return false;
	strcpy(ret, text);
	if (zone)
		strncat(ret, zone, n - n_address);
	return true;
}

/* Letters, digits, points, hyphens; what consists of digits and points alone must be an address. */
static bool
canonical_name(const char *host, size_t n, char *ret, size_t size)
{
	struct in_addr v4;

	if (n == 0 || n >= size || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = host[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
		      c == '_'))
			return false;
		ret[i] = c;
	}
	ret[n] = '\0';
	if (ret[strspn(ret, "0123456789.")] == '\0')
		return inet_pton(AF_INET, ret, &v4) == 1;
	return ret[0] != '-' && ret[0] != '.';
}

/* HOST and port of "HOST:PORT" or "[V6]:PORT". A missing port is default_port, or an error when
 * that is negative. */
static int
parse_host(const char *text, long default_port, struct net_url *ret, struct buf *why)
{
	struct net_url url = { .scheme = NET_TELNET };
	const char *rest;
	bool good;
	size_t n;

	if (text[0] == '[') {
		n = strcspn(++text, "]");
		good = canonical_v6(text, n, url.host, sizeof(url.host));
		rest = text + n + (text[n] == ']');
		good = good && text[n] == ']';
	} else {
		n = strcspn(text, ":");
		rest = text + n;
		good = (n == 1 && text[0] == '*') ||
		       canonical_name(text, n, url.host, sizeof(url.host));
		if (n == 1 && text[0] == '*')
			strcpy(url.host, "*");
	}
	if (!good)
		return refuse(why, "'%.*s' is not a host name or address", (int)(n < 256 ? n : 256),
			      text);
	if (*rest == '\0' && default_port >= 0) {
		url.port = (uint16_t)default_port;
	} else if (*rest == '\0') {
		return refuse(why, "the port is missing");
	} else if (*rest != ':') {
		return refuse(why, "'%.64s' behind the host is not a port", rest);
	} else if (parse_port(rest + 1, &url.port, why) < 0) {
		return -EINVAL;
	}
	*ret = url;
	return 0;
}

int
net_url_parse(const char *text, struct net_url *ret, struct buf *why)
{
	if (has_prefix(text, TELNET))
		return parse_host(text + strlen(TELNET), -1, ret, why);
	if (has_prefix(text, UNIX)) {
		if (text[strlen(UNIX)] && text[strlen(UNIX)] != '/')
			return refuse(why, "the path of a unix socket must begin with a slash");
		return parse_path(text + strlen(UNIX), ret, why);
	}
	return refuse(why, "the URL must begin with telnet:// or unix:");
}

/* An address of IPv6 that stands without brackets can have no port behind it. */
static bool
is_bare_v6(const char *text)
{
	const char *colon = strchr(text, ':');

	return text[0] != '[' && colon && strchr(colon + 1, ':');
}

int
net_target_parse(const char *text, uint16_t default_port, struct net_url *ret, struct buf *why)
{
	struct net_url url;
	bool is_url = has_prefix(text, TELNET);

	if (has_prefix(text, UNIX))
		return parse_path(text + strlen(UNIX), ret, why);
	if (is_url)
		text += strlen(TELNET);
	else if (strstr(text, "://"))
		return refuse(why, "the URL must begin with telnet:// or unix:");
	else if (strchr(text, '/'))
		return parse_path(text, ret, why);
	if (is_bare_v6(text)) {
		url = (struct net_url){ .scheme = NET_TELNET, .port = default_port };
		if (!canonical_v6(text, strlen(text), url.host, sizeof(url.host)))
			return refuse(why, "'%.256s' is not a host name or address", text);
	} else if (parse_host(text, default_port, &url, why) < 0) {
		return -EINVAL;
	}
	if (strcmp(url.host, "*") == 0)
		return refuse(why, "'*' is where a daemon listens; name one host");
	*ret = url;
	return 0;
}

int
net_url_format(struct buf *out, const struct net_url *url)
{
	if (url->scheme == NET_UNIX)
		return buf_printf(out, UNIX "%s", url->path);
	return buf_printf(out, strchr(url->host, ':') ? TELNET "[%s]:%u" : TELNET "%s:%u",
			  url->host, url->port);
}
