/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of net: URLs, targets, addresses, prefixes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <locale.h>
#include <net/if.h>
#include <string.h>

#include "net.h"

#include <check.h>

static void
assert_url(const char *text, const char *canonical)
{
	_autobuf_ struct buf why = BUF_WHY, out = BUF_INIT(512);
	struct net_url url;

	ck_assert_msg(net_url_parse(text, &url, &why) == 0, "%s: %s", text, buf_str(&why));
	ck_assert_int_eq(net_url_format(&out, &url), 0);
	ck_assert_str_eq(buf_str(&out), canonical);
}

static void
assert_no_url(const char *text, const char *reason)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct net_url url = { .port = 7 };

	ck_assert_msg(net_url_parse(text, &url, &why) == -EINVAL, "%s", text);
	ck_assert_msg(strstr(buf_str(&why), reason), "%s: %s", text, buf_str(&why));
	ck_assert_uint_eq(url.port, 7);
}

START_TEST(url_canonical)
{
	assert_url("telnet://127.0.0.1:2323", "telnet://127.0.0.1:2323");
	assert_url("telnet://Web1.Example.ORG:23", "telnet://web1.example.org:23");
	assert_url("telnet://[::1]:0", "telnet://[::1]:0");
	assert_url("telnet://[0:0::0:1]:65535", "telnet://[::1]:65535");
	assert_url("telnet://[FE80::1%eth0]:1", "telnet://[fe80::1%eth0]:1");
	assert_url("telnet://*:2323", "telnet://*:2323");
	assert_url("unix:/run/telmon/telmon.sock", "unix:/run/telmon/telmon.sock");
	assert_url("unix:///run/x", "unix:/run/x");
}
END_TEST

START_TEST(url_fields)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct net_url url;

	ck_assert_int_eq(net_url_parse("telnet://[::1]:2323", &url, &why), 0);
	ck_assert_int_eq(url.scheme, NET_TELNET);
	ck_assert_str_eq(url.host, "::1");
	ck_assert_uint_eq(url.port, 2323);
	ck_assert_int_eq(net_url_parse("unix:/x", &url, &why), 0);
	ck_assert_int_eq(url.scheme, NET_UNIX);
	ck_assert_str_eq(url.path, "/x");
	ck_assert_str_eq(url.host, "");
}
END_TEST

START_TEST(url_refused)
{
	assert_no_url("", "must begin with");
	assert_no_url("http://x:80", "must begin with");
	assert_no_url("localhost:2323", "must begin with");
	assert_no_url("telnet://", "not a host");
	assert_no_url("telnet://:23", "not a host");
	assert_no_url("telnet://localhost", "port is missing");
	assert_no_url("telnet://localhost:", "not a port");
	assert_no_url("telnet://localhost:65536", "not a port");
	assert_no_url("telnet://localhost:-1", "not a port");
	assert_no_url("telnet://localhost:+1", "not a port");
	assert_no_url("telnet://localhost:23/", "not a port");
	assert_no_url("telnet://::1:23", "not a host");
	assert_no_url("telnet://[::1:23", "not a host");
	assert_no_url("telnet://[::1]23", "not a port");
	assert_no_url("telnet://[1.2.3.4]:23", "not a host");
	assert_no_url("telnet://[::1%]:23", "not a host");
	assert_no_url("telnet://[::1%a\nb]:23", "not a host");
	assert_no_url("telnet://1.2.3:23", "not a host");
	assert_no_url("telnet://1.2.3.256:23", "not a host");
	assert_no_url("telnet://a b:23", "not a host");
	assert_no_url("telnet://-x:23", "not a host");
	assert_no_url("unix:", "needs a path");
	assert_no_url("unix:run/x", "slash");
	assert_no_url("unix:/a\x1b[2J", "cannot be shown");
}
END_TEST

/* What is wrong is said even when the word is longer than a sentence may be. */
START_TEST(long_ports_are_told)
{
	char text[3000] = "telnet://localhost:", behind[3000] = "telnet://[::1]";

	memset(text + strlen(text), '9', sizeof(text) - 1 - strlen(text));
	assert_no_url(text, "not a port");
	memset(behind + strlen(behind), '9', sizeof(behind) - 1 - strlen(behind));
	assert_no_url(behind, "not a port");
}
END_TEST

START_TEST(url_lengths)
{
	_autobuf_ struct buf text = BUF_INIT(1000), why = BUF_WHY;
	struct net_url url;

	/* 107 bytes and a NUL fill sun_path. */
	buf_puts(&text, "unix:/");
	buf_pad(&text, 'x', 106);
	ck_assert_int_eq(net_url_parse(buf_str(&text), &url, &why), 0);
	ck_assert_uint_eq(strlen(url.path), 107);
	buf_putc(&text, 'x');
	assert_no_url(buf_str(&text), "at most 107");
	buf_clear(&text);
	buf_puts(&text, "telnet://");
	buf_pad(&text, 'h', 253);
	buf_puts(&text, ":23");
	ck_assert_int_eq(net_url_parse(buf_str(&text), &url, &why), 0);
	buf_clear(&text);
	buf_puts(&text, "telnet://");
	buf_pad(&text, 'h', 254);
	buf_puts(&text, ":23");
	assert_no_url(buf_str(&text), "not a host");
}
END_TEST

static void
assert_target(const char *text, const char *canonical)
{
	_autobuf_ struct buf why = BUF_WHY, out = BUF_INIT(512);
	struct net_url url;

	ck_assert_msg(net_target_parse(text, 2323, &url, &why) == 0, "%s: %s", text, buf_str(&why));
	net_url_format(&out, &url);
	ck_assert_str_eq(buf_str(&out), canonical);
}

START_TEST(target_forms)
{
	static const char *const bad[] = { "",	   "*",	  "*:23",	"http://x", "a:b",
					   "[::1", ":::", "host:99999", "unix:" };
	struct net_url url;

	assert_target("web1", "telnet://web1:2323");
	assert_target("web1:23", "telnet://web1:23");
	assert_target("10.0.0.5", "telnet://10.0.0.5:2323");
	assert_target("::1", "telnet://[::1]:2323");
	assert_target("fe80::1%eth0", "telnet://[fe80::1%eth0]:2323");
	assert_target("[::1]", "telnet://[::1]:2323");
	assert_target("[::1]:23", "telnet://[::1]:23");
	assert_target("telnet://web1", "telnet://web1:2323");
	assert_target("telnet://web1:23", "telnet://web1:23");
	assert_target("unix:/run/x", "unix:/run/x");
	assert_target("/run/x", "unix:/run/x");
	assert_target("./x", "unix:./x");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		_autobuf_ struct buf why = BUF_WHY;

		ck_assert_msg(net_target_parse(bad[i], 2323, &url, &why) == -EINVAL, "%s", bad[i]);
		ck_assert_uint_gt(why.len, 0);
	}
}
END_TEST

static struct sockaddr_storage
address(const char *text, uint16_t port)
{
	struct sockaddr_storage sa = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sa;

	if (strcmp(text, "unix") == 0) {
		sa.ss_family = AF_UNIX;
	} else if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
	}
	return sa;
}

static void
assert_formats(const char *text, const char *want_address, const char *want_url)
{
	_autobuf_ struct buf a = BUF_INIT(200), u = BUF_INIT(200);
	struct sockaddr_storage sa = address(text, 2323);

	ck_assert_int_eq(net_format_address(&a, &sa), 0);
	ck_assert_str_eq(buf_str(&a), want_address);
	ck_assert_int_eq(net_format_url(&u, &sa), 0);
	ck_assert_str_eq(buf_str(&u), want_url);
}

START_TEST(format_addresses)
{
	assert_formats("10.0.0.5", "10.0.0.5", "telnet://10.0.0.5:2323");
	assert_formats("::1", "::1", "telnet://[::1]:2323");
	assert_formats("::ffff:10.0.0.5", "10.0.0.5", "telnet://10.0.0.5:2323");
	assert_formats("unix", "unix", "unix:");
}
END_TEST

START_TEST(format_zone_and_path)
{
	_autobuf_ struct buf out = BUF_INIT(200);
	struct sockaddr_storage sa = address("fe80::1", 23);
	struct sockaddr_un *un = (struct sockaddr_un *)&sa;

	((struct sockaddr_in6 *)&sa)->sin6_scope_id = if_nametoindex("lo");
	net_format_address(&out, &sa);
	ck_assert_str_eq(buf_str(&out), "fe80::1%lo");
	buf_clear(&out);
	((struct sockaddr_in6 *)&sa)->sin6_scope_id = 999999;
	net_format_url(&out, &sa);
	ck_assert_str_eq(buf_str(&out), "telnet://[fe80::1%999999]:23");
	buf_clear(&out);
	memset(&sa, 0, sizeof(sa));
	un->sun_family = AF_UNIX;
	memset(un->sun_path, 'p', sizeof(un->sun_path)); /* full, no NUL */
	net_format_url(&out, &sa);
	ck_assert_uint_eq(out.len, 5 + sizeof(un->sun_path));
}
END_TEST

static bool
matches(const char *prefix, const char *text)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct sockaddr_storage sa = address(text, 1);
	struct net_prefix p;

	ck_assert_msg(net_prefix_parse(prefix, &p, &why) == 0, "%s: %s", prefix, buf_str(&why));
	return net_prefix_match(&p, &sa);
}

START_TEST(prefix_matches)
{
	ck_assert(matches("10.0.0.0/8", "10.255.0.1"));
	ck_assert(!matches("10.0.0.0/8", "11.0.0.1"));
	ck_assert(matches("10.0.0.0/8", "::ffff:10.1.2.3"));
	ck_assert(matches("192.168.1.128/25", "192.168.1.128"));
	ck_assert(!matches("192.168.1.128/25", "192.168.1.127"));
	ck_assert(matches("192.168.1.5", "192.168.1.5"));
	ck_assert(!matches("192.168.1.5", "192.168.1.4"));
	ck_assert(matches("0.0.0.0/0", "1.2.3.4"));
	ck_assert(!matches("0.0.0.0/0", "2001:db8::1"));
	ck_assert(matches("::1", "::1"));
	ck_assert(!matches("::1", "127.0.0.1"));
	ck_assert(matches("fe80::/10", "febf::1"));
	ck_assert(!matches("fe80::/10", "fec0::1"));
	ck_assert(matches("::/0", "2001:db8::1"));
	ck_assert(matches("::ffff:10.0.0.0/104", "10.9.9.9"));
	ck_assert(!matches("::/0", "unix"));
}
END_TEST

START_TEST(prefix_refused)
{
	static const char *const bad[] = {
		"",
		"x",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/",
		"10.0.0.0/8x",
		"10.0.0.1/8",
		"::/129",
		"::1/64",
		"10.0.0/8",
		"[::1]",
		"/8",
		"0.0.0.1/0",
		"10.0.0.0/+8",
		"::1%lo",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"
	};
	struct net_prefix p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		_autobuf_ struct buf why = BUF_WHY;

		ck_assert_msg(net_prefix_parse(bad[i], &p, &why) == -EINVAL, "%s", bad[i]);
		ck_assert_msg(why.len > 0 && why.error == 0, "%s", bad[i]);
	}
}
END_TEST

START_TEST(loopback)
{
	static const struct {
		const char *text;
		bool loopback;
	} rows[] = {
		{ "127.0.0.1", true },	{ "127.255.1.2", true },
		{ "::1", true },	{ "::ffff:127.0.0.1", true },
		{ "128.0.0.1", false }, { "::2", false },
		{ "::", false },	{ "10.0.0.1", false },
		{ "7f00::", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sockaddr_storage sa = address(rows[i].text, 1);

		ck_assert_msg(net_is_loopback(&sa) == rows[i].loopback, "%s", rows[i].text);
	}
}
END_TEST

static bool
same_source(const char *a, const char *b)
{
	struct sockaddr_storage sa = address(a, 1), sb = address(b, 2);
	struct net_prefix pa = net_source(&sa), pb = net_source(&sb);

	return pa.bits == pb.bits && memcmp(pa.bytes, pb.bytes, 16) == 0;
}

START_TEST(sources)
{
	ck_assert(same_source("10.0.0.1", "10.0.0.1"));
	ck_assert(same_source("10.0.0.1", "::ffff:10.0.0.1"));
	ck_assert(!same_source("10.0.0.1", "10.0.0.2"));
	ck_assert(same_source("2001:db8:1:2::1", "2001:db8:1:2:ffff::"));
	ck_assert(!same_source("2001:db8:1:2::1", "2001:db8:1:3::1"));
	ck_assert(same_source("unix", "unix"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("net");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_test(fast, url_canonical);
	tcase_add_test(fast, url_fields);
	tcase_add_test(fast, url_refused);
	tcase_add_test(fast, long_ports_are_told);
	tcase_add_test(fast, url_lengths);
	tcase_add_test(fast, target_forms);
	tcase_add_test(fast, format_addresses);
	tcase_add_test(fast, format_zone_and_path);
	tcase_add_test(fast, prefix_matches);
	tcase_add_test(fast, prefix_refused);
	tcase_add_test(fast, loopback);
	tcase_add_test(fast, sources);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
