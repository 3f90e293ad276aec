/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of session with peers that are programs: scripts, framed sessions, foreign protocols,
 * session words, limits and every way to end. People are in test_session_person.c.
 */
#include "session_peer.h"

/* Runs input as a script that half-closes, and expects exactly this, then a clean end. */
static void
script(const char *input, const char *expected)
{
	struct peer p;

	peer_open(&p, AF_INET, SESSION_AUTO, input);
	peer_end_input(&p);
	peer_expect_bytes(&p, expected, strlen(expected));
	peer_expect_end(&p);
}

/* --- scripts --- */

START_TEST(test_script_answers)
{
	script("echo one\n", "one\n");
	script("echo one\r\necho two\r\n", "one\ntwo\n");
	script("echo one", "one\n"); /* the end of input ends the line too */
	script("echo one\r", "one\n");
	script("\n\n;;  ;\necho one\n\n", "one\n");
	script("echo a; echo b;echo c", "a\nb\nc\n");
	script("disk -n 1\n", "device   used\nsd0     1 KiB\n");
	script("disk | count --csv\n", "count\n2\n");
	script("echo 'a;b|c' | include b\n", "a;b|c\n");
	script("", "");
	script("\n", "");
}
END_TEST

START_TEST(test_script_errors)
{
	script("ech x\n",
	       "error: no command 'ech' (did you mean 'echo'? try help)\n"); /* no prefixes for
										scripts */
	script("echo 'x\necho on\n",
	       "error: unbalanced quote: the ' at byte 6 is never closed\non\n");
	script("nope; echo on\n", "error: no command 'nope' (try help)\non\n");
	script("/nope\n", "error: no word '/nope' (try /help)\n");
	/* Whoever finds it, it is JSON where that was asked for, and there alone. */
	script("/nope --json; /nope\n",
	       "{\"error\":\"no word '/nope' (try /help)\",\"status\":64}\n"
	       "error: no word '/nope' (try /help)\n");
	script("/who x --json\n",
	       "{\"error\":\"/who: too many words (try /help)\",\"status\":64}\n");
	script("/set zzz --json\n",
	       "{\"error\":\"/set: no setting 'zzz' (try /set)\",\"status\":64}\n");
	script("echo a --json |\necho |\n",
	       "{\"error\":\"no filter behind | (try help)\",\"status\":64}\n"
	       "error: no filter behind | (try help)\n");
	script("/set format json\n/who x --text\n/who x\n",
	       "error: /who: too many words (try /help)\n"
	       "{\"error\":\"/who: too many words (try /help)\",\"status\":64}\n");
}
END_TEST

START_TEST(test_script_lingers)
{
	struct peer p;
	int64_t from;

	box.limits.script_linger_ns = NS_PER_S;
	box_limits();
	peer_open(&p, AF_INET, SESSION_AUTO, "echo one\n");
	peer_expect(&p, "one\n");
	from = now_ns();
	peer_send(&p, "echo two\n");
	peer_expect(&p, "two\n");
	peer_expect_end(&p); /* which never half-closed */
	ck_assert_int_ge(now_ns() - from, box.limits.script_linger_ns);
}
END_TEST

/* Who asks more than once is waited for inside the read: every way to go on, and to end. */
START_TEST(test_script_asks_again)
{
	struct linger hard = { .l_onoff = 1 };
	struct peer p;

	box.limits.script_linger_ns = NS_PER_S;
	box_limits();
	for (int way = 0; way < 6; way++) {
		peer_open(&p, way % 2 ? AF_UNIX : AF_INET, SESSION_AUTO, "echo first\n");
		peer_expect(&p, "first\n");
		for (int i = 0; i < 5; i++) {
			peer_send(&p, "echo a");
			peer_send(&p, "gain\n");
			peer_expect(&p, "again\n");
		}
		if (way < 2) {
			peer_send(&p, "echo last");
			peer_end_input(&p);
			peer_expect(&p, "last\n");
			peer_expect_end(&p);
		} else if (way < 4) {
			peer_send(&p, "/hold\n");
			ck_assert(!peer_read(&p, 1200));
			ck_assert(!p.ended);
			peer_send(&p, "echo held\n/quit\n");
			peer_expect(&p, "held\n");
			peer_expect_end(&p);
		} else {
			setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
			peer_leave(&p);
		}
	}
}
END_TEST

/* However short the linger is, it ends. */
START_TEST(test_shortest_linger)
{
	struct peer p;

	box.limits.script_linger_ns = 1;
	box_limits();
	peer_open(&p, AF_UNIX, SESSION_AUTO, "echo one\necho two\n");
	peer_expect(&p, "one\ntwo\n");
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_hold)
{
	struct peer p;

	box.limits.script_linger_ns = 1;
	box_limits();
	peer_open(&p, AF_INET, SESSION_AUTO, "/hold\necho one\n");
	peer_expect(&p, "one\n");
	/* Long enough for buffers to be given back, and far past the linger. */
	ck_assert(!peer_read(&p, 120));
	ck_assert(!p.ended);
	peer_send(&p, "echo two\n");
	peer_expect(&p, "two\n");
	peer_send(&p, "/quit\n");
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_idle_script_is_closed)
{
	struct peer p;

	box.limits.idle_timeout_ns = 30 * NS_PER_MS;
	box_limits();
	peer_open(&p, AF_INET, SESSION_AUTO, "/hold\necho one\n");
	peer_expect(&p, "one\n");
	peer_expect_end(&p);
	peer_open(&p, AF_UNIX, SESSION_SCRIPT, NULL); /* not a word at all */
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_first_line_has_a_deadline)
{
	struct peer p;

	box.limits.first_line_ns = 30 * NS_PER_MS;
	box.limits.idle_timeout_ns = 0;
	box_limits();
	peer_open(&p, AF_INET, SESSION_AUTO, "echo never ended");
	peer_expect_end(&p);
	ck_assert_int_eq(box.executions, 0);
}
END_TEST

START_TEST(test_bytes_one_by_one)
{
	static const char input[] = "echo one\r\n\necho two; echo three\n/framed\ndisk -n 1 --csv";
	struct peer p;

	box.limits.script_linger_ns = DEADLINE_MS * NS_PER_MS;
	box_limits();
	peer_open(&p, AF_UNIX, SESSION_AUTO, "e");
	for (size_t i = 1; i < sizeof(input) - 1; i++)
		peer_send_bytes(&p, input + i, 1);
	peer_end_input(&p);
	peer_expect(&p, "one\ntwo\nthree\nerror: /framed: only as the first line of a connection\n"
			"device,used_bytes\nsd0,1024\n");
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_line_limit)
{
	char line[MAX_LINE + 16], expected[MAX_LINE + 64];
	struct peer p;

	for (int over = -1; over <= 2; over++) {
		size_t n = (size_t)(MAX_LINE + over);

		memset(line, 'x', sizeof(line));
		memcpy(line, "echo ", 5);
		strcpy(line + n, over == 0 ? "\r\n" : "\n");
		snprintf(expected, sizeof(expected), "%.*s\n", (int)n - 5, line + 5);
		script(line, over <= 0 ? expected : "error: line too long (limit 256 bytes)\n");
		line[n] = '\0';
		script(line, over <= 0 ? expected : "error: line too long (limit 256 bytes)\n");
	}
	/* One error, and the rest is dropped to its end, however long that is. */
	peer_open(&p, AF_INET, SESSION_AUTO, "echo first\n");
	for (int i = 0; i < 2000; i++)
		peer_send_bytes(&p, line, MAX_LINE);
	peer_send(&p, "\necho last\n");
	peer_end_input(&p);
	peer_expect(&p, "first\nerror: line too long (limit 256 bytes)\nlast\n");
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_many_lines_at_once)
{
	enum { LINES = 5000 };
	_autobuf_ struct buf input = BUF_INIT(1 << 20), expected = BUF_INIT(1 << 20);
	struct peer p;

	for (int i = 0; i < LINES; i++) {
		buf_printf(&input, "echo %d\n", i);
		buf_printf(&expected, "%d\n", i);
	}
	box.limits.grace_ns = NS_PER_S; /* a silent peer would be a person */
	box_limits();
	peer_open(&p, AF_INET, SESSION_AUTO, NULL);
	peer_send_bytes(&p, input.data, input.len);
	peer_end_input(&p);
	peer_expect_bytes(&p, expected.data, expected.len);
	peer_expect_end(&p);
	ck_assert_int_eq(box.executions, LINES);
}
END_TEST

START_TEST(test_no_byte_of_telnet)
{
	struct peer p;

	/* Neither to a script nor on a port that is pinned to scripts, whatever it says. */
	peer_open(&p, AF_UNIX, SESSION_SCRIPT, "\xff\xfd\x01\n");
	peer_end_input(&p);
	peer_skip_to(&p, "\n");
	peer_expect_end(&p);
	/* A pinned port knows no grace: nothing comes while its peer is silent. */
	peer_open(&p, AF_UNIX, SESSION_SCRIPT, NULL);
	ck_assert(!peer_read(&p, 100));
	peer_send(&p, "echo here\n");
	peer_expect(&p, "here\n");
	peer_expect_end(&p);
	/* A scan. */
	box.limits.grace_ns = DEADLINE_MS * NS_PER_MS;
	box_limits();
	peer_open(&p, AF_INET, SESSION_AUTO, NULL);
	peer_end_input(&p);
	peer_expect_end(&p);
}
END_TEST

/* --- long answers and slow peers --- */

START_TEST(test_long_answer)
{
	enum { LINES = 40000 };
	char line[65];
	struct peer p;

	peer_open(&p, AF_INET, SESSION_AUTO, "flood 40000\necho end\n");
	peer_end_input(&p);
	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "%062d.\n", i);
		peer_expect_bytes(&p, line, 64);
	}
	peer_expect(&p, "end\n");
	peer_expect_end(&p);
}
END_TEST

/* A peer that takes nothing is given up, in an answer and behind the last one. */
START_TEST(test_stalled_peer)
{
	static const char *const floods[] = { "flood 1000000\n", "/framed 1\nflood 1000000\n",
					      "flood 4000\n" };
	struct peer p;

	box.limits.stall_ns = 50 * NS_PER_MS;
	box_limits();
	for (size_t i = 0; i < COUNT(floods); i++) {
		box.result = 0;
		peer_open(&p, AF_UNIX, SESSION_AUTO, floods[i]);
		until(box.executions == (int)i + 1 && access_sessions(box.access) == 0);
		ck_assert_int_eq(box.result, i < 2 ? -EPIPE : 0);
		while (peer_read(&p, DEADLINE_MS))
			continue;
		ck_assert(p.ended);
		ck_assert_uint_lt(p.got.len, 4000 * 64);
		peer_leave(&p);
	}
}
END_TEST

START_TEST(test_reset_ends_a_command)
{
	struct linger hard = { .l_onoff = 1 };
	struct peer p;

	peer_open(&p, AF_INET, SESSION_AUTO, "wait\n");
	until(box.waits == 1);
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	peer_leave(&p);
	ck_assert_int_eq(box.result, -EPIPE);
	/* While it writes to somebody who does not read. */
	peer_open(&p, AF_INET, SESSION_AUTO, "flood 1000000\n");
	ck_assert(peer_read(&p, DEADLINE_MS));
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	peer_leave(&p);
	ck_assert_int_eq(box.result, -EPIPE);
	/* A Unix peer that is gone altogether. */
	peer_open(&p, AF_UNIX, SESSION_AUTO, "wait\n");
	until(box.waits == 1);
	peer_leave(&p);
	ck_assert_int_eq(box.result, -EPIPE);
}
END_TEST

START_TEST(test_end_of_input_is_no_hangup)
{
	struct peer p;

	peer_open(&p, AF_INET, SESSION_AUTO, "ring\necho after\n");
	peer_end_input(&p);
	peer_expect(&p, "rang\nafter\n");
	peer_expect_end(&p);
	/* The end comes while the command runs; it goes on until the peer is really gone. */
	peer_open(&p, AF_UNIX, SESSION_AUTO, "wait\n");
	until(box.waits == 1);
	peer_end_input(&p);
	ck_assert(!peer_read(&p, 30));
	ck_assert(!p.ended);
	ck_assert_int_eq(box.waits, 1);
	peer_leave(&p);
}
END_TEST

START_TEST(test_script_may_cancel)
{
	struct peer p;

	box.limits.script_linger_ns = DEADLINE_MS * NS_PER_MS;
	box_limits();
	peer_open(&p, AF_INET, SESSION_AUTO, "stream; echo not this\n");
	peer_expect(&p, "round 0\nround 1\nround 2\n");
	peer_send(&p, "echo nor this\n/cancel\necho 'but this'\n");
	peer_expect(&p, "but this\n");
	ck_assert_int_eq(box.result, -ECANCELED);
	peer_send(&p, "wait\n");
	until(box.waits == 1);
	peer_send(&p, "typed\x03"
		      "echo on\n");
	peer_expect(&p, "on\n");
	/* Nothing runs: nothing happens. */
	peer_send(&p, "/cancel\necho on\nquit\n");
	peer_expect(&p, "on\n");
	peer_expect_end(&p);
	ck_assert_int_eq(box.executions, 5);
}
END_TEST

/* --- foreign protocols --- */

static void
foreign(const char *bytes, size_t n)
{
	struct peer p;

	box.limits.grace_ns = DEADLINE_MS * NS_PER_MS;
	box_limits();
	peer_open(&p, AF_INET, SESSION_AUTO, NULL);
	peer_send_bytes(&p, bytes, n);
	while (peer_read(&p, DEADLINE_MS))
		continue;
	ck_assert_str_eq(buf_str(&p.got), "");
	ck_assert(p.ended || p.reset);
	peer_leave(&p);
	ck_assert_int_eq(box.executions, 0);
}

#define foreign(literal) foreign(literal, sizeof(literal) - 1)

START_TEST(test_foreign)
{
	struct peer p;

	foreign("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
	foreign("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\necho one\r\n");
	foreign("OPTIONS * HTTP/1.0\r\n");
	foreign("GET /"); /* no line end is waited for */
	foreign("\x16\x03\x01\x02\x00\x01\x00");
	foreign("SSH-2.0-OpenSSH_9.2\r\n");
	foreign("\x00\x00\x00\x85\xffSMB");
	foreign("\x03\x00\x00\x2f\x2a\xe0");
	/* Behind a line that was none, and cut in two. */
	peer_open(&p, AF_INET, SESSION_AUTO, "junk\nPOST / HTTP/1.1\r\necho one\n");
	peer_expect(&p, "error: no command 'junk' (try help)\n");
	peer_expect_end(&p);
	peer_open(&p, AF_INET, SESSION_AUTO, "junk\nhOsT: evil\r\n\r\necho one\n");
	peer_expect(&p, "error: no command 'junk' (try help)\n");
	peer_expect_end(&p);
	peer_open(&p, AF_INET, SESSION_AUTO, "PO");
	ck_assert(!peer_read(&p, 20));
	peer_send(&p, "ST / HTTP/1.1\r\nHost: x\r\n\r\necho one\n");
	peer_expect_end(&p);
	ck_assert_int_eq(box.executions, 0);
	/* A command may be called like that. */
	script("GETTING\n", "error: no command 'GETTING' (try help)\n");
	script("echo GET / HTTP\n", "GET\n/\nHTTP\n");
}
END_TEST

/* --- framed --- */

static void
framed_open(struct peer *p)
{
	peer_open(p, AF_INET, SESSION_AUTO, "/framed 1\n");
	peer_expect(p, "done 0 ");
	peer_skip_to(p, " framed 1\n");
}

START_TEST(test_framed)
{
	struct peer p;

	framed_open(&p);
	peer_send(&p, "echo one\n\n  \nnope\ndisk -n 1 --csv\necho 'x\n");
	peer_expect(&p, "done 0 4\none\n"
			"done 0 0\n"
			"done 0 0\n"
			"done 64 36\nerror: no command 'nope' (try help)\n"
			"done 1 27\ndevice,used_bytes\nsd0,1024\n"
			"done 64 ");
	peer_skip_to(&p, "\n");
	peer_skip_to(&p, "\n");
	/* The status of the last one counts, and all is one answer. */
	peer_send(&p, "nope; echo one\necho one; nope\n");
	peer_expect(&p, "done 0 40\nerror: no command 'nope' (try help)\none\n"
			"done 64 40\none\nerror: no command 'nope' (try help)\n");
	/* No linger, and no foreign protocols any more. */
	ck_assert(!peer_read(&p, 100));
	ck_assert(!p.ended);
	peer_send(&p, "GET / HTTP/1.1\n");
	peer_expect(&p, "done 64 ");
	peer_skip_to(&p, "\n");
	peer_skip_to(&p, "\n");
	peer_send(&p, "/set format json\nnope\n/quit\necho no\n");
	peer_expect(&p, "done 0 0\ndone 64 ");
	peer_skip_to(&p, "\n");
	peer_expect(&p, "{\"error\":\"no command 'nope' (try help)\",\"status\":64}\n");
	peer_expect(&p, "done 0 0\n");
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_framed_versions)
{
	struct peer p;

	peer_open(&p, AF_INET, SESSION_AUTO, "/framed 2\necho on\n");
	peer_end_input(&p);
	peer_expect(&p, "done 64 54\nerror: /framed: no such version (this daemon knows 1)\ndone 0 "
			"3\non\n");
	peer_expect_end(&p);
	peer_open(&p, AF_INET, SESSION_AUTO, "/framed\n");
	peer_expect(&p, "done 64 54\n");
	peer_leave(&p);
	script("echo first\n/framed 1\n",
	       "first\nerror: /framed: only as the first line of a connection\n");
	framed_open(&p);
	peer_send(&p, "/framed 1\n");
	peer_expect(&p, "done 64 55\nerror: /framed: only as the first line of a connection\n");
	peer_leave(&p);
}
END_TEST

START_TEST(test_framed_parts)
{
	char line[65];
	struct peer p;
	size_t total = 0;
	bool done = false;

	framed_open(&p);
	peer_send(&p, "flood 3000\necho end\n");
	while (!done) {
		enum wire_type type;
		size_t length;
		char *end;
		int status;

		while (!(p.got.len && (end = memchr(p.got.data, '\n', p.got.len))))
			ck_assert(peer_read(&p, DEADLINE_MS));
		ck_assert_int_eq(wire_parse_header(p.got.data, (size_t)(end - p.got.data), &type,
						   &status, &length),
				 0);
		ck_assert_int_eq(status, 0);
		ck_assert_uint_le(length, 64 << 10);
		buf_consume(&p.got, (size_t)(end - p.got.data) + 1);
		while (p.got.len < length)
			ck_assert(peer_read(&p, DEADLINE_MS));
		for (size_t i = 0; i < length; i += 64, total += 64) {
			snprintf(line, sizeof(line), "%062zu.\n", total / 64);
			ck_assert_mem_eq(p.got.data + i, line, 64);
		}
		buf_consume(&p.got, length);
		ck_assert(type == WIRE_MORE || type == WIRE_DONE);
		done = type == WIRE_DONE;
	}
	ck_assert_uint_eq(total, 3000 * 64);
	peer_expect(&p, "done 0 4\nend\n");
	peer_leave(&p);
}
END_TEST

START_TEST(test_framed_cancel)
{
	struct peer p;

	framed_open(&p);
	peer_send(&p, "/cancel\nstream\necho queued\n\n");
	peer_expect(&p, "more 0 8\nround 0\nmore 0 8\nround 1\nmore 0 8\nround 2\n");
	peer_send(&p, "/cancel\necho after\n");
	/* A done for each line that was received, and none of those that waited is run. */
	peer_expect(&p, "done 130 0\ndone 130 0\ndone 130 0\ndone 0 6\nafter\n");
	ck_assert_int_eq(box.executions, 2);
	/* All at once, before the command had a chance to look. */
	peer_send(&p, "wait\n/cancel\necho after\n");
	peer_expect(&p, "done 130 0\ndone 0 6\nafter\n");
	/* Behind an end of input, which is no hang-up here. */
	peer_send(&p, "ring\n");
	peer_end_input(&p);
	peer_expect(&p, "done 0 5\nrang\n");
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_framed_long_line)
{
	char line[2000];
	struct peer p;

	memset(line, 'x', sizeof(line));
	framed_open(&p);
	peer_send_bytes(&p, line, sizeof(line));
	peer_send(&p, "\necho on\n");
	peer_expect(&p, "done 64 39\nerror: line too long (limit 256 bytes)\ndone 0 3\non\n");
	peer_leave(&p);
}
END_TEST

START_TEST(test_framed_notes)
{
	struct peer p, other;

	framed_open(&p);
	peer_open(&other, AF_UNIX, SESSION_AUTO, "/hold\n/say nobody hears this\necho said\n");
	peer_expect(&other, "said\n");
	peer_send(&p, "/set person on\n");
	peer_expect(&p, "done 0 0\n");
	peer_send(&other, "/say  it's \"me\x1b | a; b\necho said\n");
	peer_expect(&other, "said\n");
	peer_expect(&p, "note 0 29\n-- unix #2: it's \"me? | a; b\n");
	/* Never within an answer. */
	peer_send(&p, "stream\n");
	peer_skip_to(&p, "round 2\n");
	peer_send(&other, "/say later\necho said\n");
	peer_expect(&other, "said\n");
	ck_assert(!peer_read(&p, 30));
	peer_send(&p, "/cancel\n");
	peer_expect(&p, "done 130 0\nnote 0 18\n-- unix #2: later\n");
	/* Prefixes do now; and not for a script any more. */
	peer_send(&p, "ec one\n/set person off\nec one\n");
	peer_expect(&p, "done 0 4\none\ndone 0 0\ndone 64 ");
	peer_skip_to(&p, "\n");
	peer_skip_to(&p, "\n");
	peer_send(&other, "/say to nobody\necho said\n");
	peer_expect(&other, "said\n");
	ck_assert(!peer_read(&p, 30));
	peer_leave(&p);
	peer_leave(&other);
}
END_TEST

START_TEST(test_framed_person_hangs_up)
{
	struct peer p;

	framed_open(&p);
	peer_send(&p, "/set person on\nwait\n");
	peer_expect(&p, "done 0 0\n");
	until(box.waits == 1);
	peer_end_input(&p);
	peer_expect_end(&p);
	ck_assert_int_eq(box.result, -EPIPE);
}
END_TEST

/* --- words --- */

START_TEST(test_quit)
{
	struct peer p;

	for (int i = 0; i < 3; i++) {
		static const char *const lines[] = { "/quit\necho no\n", "echo a; quit; echo no\n",
						     "exit\necho no\n" };

		peer_open(&p, AF_INET, SESSION_AUTO, lines[i]);
		if (i == 1)
			peer_expect(&p, "a\n");
		peer_expect_end(&p);
	}
	script("/quit now\necho on\n", "error: /quit: too many words (try /help)\non\n");
	script("/quit | count\necho on\n", "error: /quit: nothing to filter\non\n");
	script("quit now\n", "error: no command 'quit' (try help)\n");
}
END_TEST

START_TEST(test_words)
{
	struct peer p;

	script("/hlp\n", "error: no word '/hlp' (did you mean '/help'? try /help)\n");
	script("/h\n", "error: no word '/h' (try /help)\n");
	script("'/quit'\n", "error: no command '/quit' (try help)\n");
	script("/history\n", "number  line\n");
	script("/help | include '^/quit' | columns word\n", "word\n/quit\n");
	script("/help | nope\n", "error: no filter 'nope' (try help)\n");
	script("/who | columns id,kind,address\n", "id  kind    address\n 7  script  127.0.0.1\n");
	peer_open(&p, AF_UNIX, SESSION_AUTO, "/who --json | columns id,kind,address\n");
	peer_expect(&p, "{\"command\":\"/who | columns id,kind,address\",\"host\":");
	peer_skip_to(&p, "\"age\":null,\"interval\":null,\"rows\":");
	peer_expect(&p, "[{\"id\":8,\"kind\":\"script\",\"address\":\"unix\"}]}\n");
	peer_leave(&p);
	script("/set width 30; /who | columns address,kind,since\n",
	       "address    kind\n127.0.0.1  script\n");
	script("/say\n", "error: /say: nothing to say (usage: /say TEXT)\n");
	script("/say hello\n", "");
}
END_TEST

START_TEST(test_set)
{
	script("/set format csv\ndisk -n 1\n/set format text\ndisk -n 1\n",
	       "device,used_bytes\nsd0,1024\ndevice   used\nsd0     1 KiB\n");
	script("/set colour on\n",
	       "error: /set: no setting 'colour' (did you mean 'color'? try /set)\n");
	script("/set zzz\n", "error: /set: no setting 'zzz' (try /set)\n");
	script("/set format xml\n",
	       "error: /set: format: 'xml' is no value for it (how answers look: text json csv)\n");
	script("/set width 5\n", "error: /set: width: '5' is no value for it (columns that text is "
				 "fitted to, 20 to 512; "
				 "auto is the window: auto)\n");
	script("/set prompt 'a prompt as long as a sentence of which nobody knows where it will "
	       "end'\n",
	       "error: /set: prompt: 'a prompt as long as a sentence of which nobody knows where "
	       "i' "
	       "is no value for it (what stands before a typed line, at most 64 bytes; auto is the "
	       "host's name: auto)\n");
	script("/set person on\n", "error: /set: person: only for framed sessions\n");
	script("/set a b c\n", "error: /set: too many words (usage: /set [KEY [VALUE]])\n");
	script("/set charset ascii; /set width 100; /set color on; /set prompt 'x> '; /set | "
	       "columns key,value\n",
	       "key      value\ncharset  ascii\ncolor    on\nformat   text\npager    auto\nperson  "
	       " off\nprompt   "
	       "x>\nwidth    100\n");
	script("/set charset\n", "key      value  help\ncharset  auto   characters of text; auto "
				 "is UTF-8 but on a dumb terminal\n");
	script("echo gr\303\274n\n/set charset ascii\necho gr\303\274n\n/set charset UTF-8\necho "
	       "gr\303\274n\n",
	       "gr\303\274n\ngr?n\ngr\303\274n\n");
}
END_TEST

/* The words that are offered, in order; each is complete, so a blank stands behind it. */
static void
completes(const char *line, const char *cursor, const char *expected)
{
	_autobuf_ struct buf input = BUF_INIT(1024), words = BUF_INIT(4096);
	struct peer p;
	char *at;

	buf_printf(&input, "/complete %s %s\n", cursor, line);
	peer_open(&p, AF_INET, SESSION_AUTO, buf_str(&input));
	peer_end_input(&p);
	while (peer_read(&p, DEADLINE_MS))
		continue;
	ck_assert(p.got.len > 0 && p.got.data[p.got.len - 1] == '\n');
	ck_assert_ptr_eq(memchr(p.got.data, '\n', p.got.len), p.got.data + p.got.len - 1);
	at = strstr((char *)(uintptr_t)buf_str(&p.got), "\"rows\":");
	ck_assert_ptr_nonnull(at);
	while ((at = strstr(at, "{\"word\":\""))) {
		at += 9;
		buf_put(&words, at, strcspn(at, "\""));
	}
	ck_assert_str_eq(buf_str(&words), expected);
	peer_leave(&p);
}

START_TEST(test_complete)
{
	completes("", "0", "disk echo flood keys ring stream wait ");
	completes("d", "1", "disk ");
	completes("disk x", "1", "disk ");
	completes("d", "99", "disk ");
	completes("echo a; fl", "10", "flood ");
	completes("/se", "3", "/set ");
	completes("/set ", "5", "charset color format pager person prompt width ");
	completes("/set co", "7", "color ");
	completes("/set format ", "12", "text json csv ");
	completes("/set nope x", "11", "");
	completes("disk ", "5", "-s -n --json --csv --text ");
	completes("disk --j", "8", "--json ");
	completes("disk -s ", "8", "device used_bytes ");
	completes("disk -s us", "10", "used_bytes ");
	completes("disk -n ", "8", "");
	completes("echo ", "5", "");
	completes("nope ", "5", "");
	completes("disk | ", "7", "include grep exclude begin head tail count sort columns where ");
	completes("disk | so", "9", "sort ");
	completes("disk | sort ", "12", "device used_bytes -r ");
	completes("disk | sort -r d", "16", "device ");
	completes("disk | columns device,u", "23", "device,used_bytes ");
	completes("disk | head ", "12", "");
	completes("disk | wh used", "14", "used_bytes ");
	completes("disk | where used_bytes ", "24", "= == != < > <= >= ~ !~ ");
	completes("disk | where used_bytes > ", "26", "");
	completes("disk; echo a | ", "15",
		  "include grep exclude begin head tail count sort columns where ");
	completes("/say dis", "8", "");
	completes("disk; /say a; dis", "17", "");
	completes("disk | include d | where u", "26", "used_bytes ");
	script("/complete\n", "error: /complete: no cursor (usage: /complete CURSOR LINE)\n");
	script("/complete x echo\n",
	       "error: /complete: no cursor (usage: /complete CURSOR LINE)\n");
	script("/complete 1x echo\n",
	       "error: /complete: no cursor (usage: /complete CURSOR LINE)\n");
}
END_TEST

/* --- the end of it all --- */

START_TEST(test_stop)
{
	struct peer silent, held, working, framed;

	peer_open(&silent, AF_UNIX, SESSION_SCRIPT, NULL);
	peer_open(&held, AF_INET, SESSION_AUTO, "/hold\necho here\n");
	peer_expect(&held, "here\n");
	peer_open(&working, AF_INET, SESSION_AUTO, "wait\necho no\n");
	framed_open(&framed);
	peer_send(&framed, "/set person on\n");
	peer_expect(&framed, "done 0 0\n");
	until(box.waits == 1);
	session_shared_stop(box.shared);
	peer_expect(&framed, "note 0 17\n-- telmond stops\n");
	peer_expect_end(&framed);
	peer_expect_end(&working);
	peer_expect_end(&held);
	peer_expect_end(&silent);
	/* One that comes now finds the door closing. */
	peer_open(&held, AF_INET, SESSION_AUTO, NULL);
	peer_expect_end(&held);
}
END_TEST

/* One that waits inside its read is not woken, but hears of it soon, and runs nothing more. */
START_TEST(test_stop_while_it_reads)
{
	struct peer waiting, asking;

	box.limits.script_linger_ns = NS_PER_S;
	box_limits();
	peer_open(&waiting, AF_UNIX, SESSION_AUTO, "echo one\necho two\n");
	peer_expect(&waiting, "one\ntwo\n");
	peer_open(&asking, AF_INET, SESSION_AUTO, "echo one\n");
	peer_expect(&asking, "one\n");
	peer_send(&asking, "echo two\n");
	peer_expect(&asking, "two\n"); /* from here on it reads once for each turn */
	session_shared_stop(box.shared);
	peer_send(&asking, "echo no\n");
	peer_expect_end(&asking);
	peer_expect_end(&waiting);
	ck_assert_int_eq(box.executions, 4);
}
END_TEST

START_TEST(test_refused_job)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNIX };
	int fds[2];
	char bytes[128];
	ssize_t n;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_eq(access_enter(box.access, &sa, NULL, 0), ACCESS_OK);
	session_job_refuse(session_job_new(box.shared, fds[0], &sa, SESSION_AUTO));
	n = recv(fds[1], bytes, sizeof(bytes), MSG_WAITALL);
	ck_assert_int_eq(n, 56);
	ck_assert_mem_eq(bytes, "error: server busy (too many sessions; try again later)\n", 56);
	close(fds[1]);
	ck_assert_uint_eq(access_sessions(box.access), 0);
}
END_TEST

START_TEST(test_sessions_side_by_side)
{
	struct peer peers[20];

	for (size_t i = 0; i < COUNT(peers); i++)
		peer_open(&peers[i], AF_INET, SESSION_AUTO, "/hold\necho up\n");
	for (size_t i = 0; i < COUNT(peers); i++)
		peer_expect(&peers[i], "up\n");
	for (int turn = 0; turn < 30; turn++) {
		for (size_t i = 0; i < COUNT(peers); i++)
			peer_send(&peers[i], "disk -n 1 --csv\n/who | count --csv\n/say hello\n");
		for (size_t i = 0; i < COUNT(peers); i++)
			peer_expect(&peers[i], "device,used_bytes\nsd0,1024\ncount\n20\n");
	}
	for (size_t i = 0; i < COUNT(peers); i++)
		peer_leave(&peers[i]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session");
	TCase *c = tcase_create("session");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, box_open, box_close);
	tcase_add_test(c, test_script_answers);
	tcase_add_test(c, test_script_errors);
	tcase_add_test(c, test_script_lingers);
	tcase_add_test(c, test_script_asks_again);
	tcase_add_test(c, test_shortest_linger);
	tcase_add_test(c, test_hold);
	tcase_add_test(c, test_idle_script_is_closed);
	tcase_add_test(c, test_first_line_has_a_deadline);
	tcase_add_test(c, test_bytes_one_by_one);
	tcase_add_test(c, test_line_limit);
	tcase_add_test(c, test_many_lines_at_once);
	tcase_add_test(c, test_no_byte_of_telnet);
	tcase_add_test(c, test_long_answer);
	tcase_add_test(c, test_stalled_peer);
	tcase_add_test(c, test_reset_ends_a_command);
	tcase_add_test(c, test_end_of_input_is_no_hangup);
	tcase_add_test(c, test_script_may_cancel);
	tcase_add_test(c, test_foreign);
	tcase_add_test(c, test_framed);
	tcase_add_test(c, test_framed_versions);
	tcase_add_test(c, test_framed_parts);
	tcase_add_test(c, test_framed_cancel);
	tcase_add_test(c, test_framed_long_line);
	tcase_add_test(c, test_framed_notes);
	tcase_add_test(c, test_framed_person_hangs_up);
	tcase_add_test(c, test_quit);
	tcase_add_test(c, test_words);
	tcase_add_test(c, test_set);
	tcase_add_test(c, test_complete);
	tcase_add_test(c, test_stop);
	tcase_add_test(c, test_stop_while_it_reads);
	tcase_add_test(c, test_refused_job);
	tcase_add_test(c, test_sessions_side_by_side);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
