/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of session with people: telnet clients and those who type into nc. What they are asked
 * and greeted with, keys while a command runs, notes, urgent data, and hang-up. The plain reader
 * serves, whose every byte is known; the editor is in test_session_editor.c.
 */
#include "session_people.h"

/* --- who it is --- */

START_TEST(test_telnet)
{
	struct peer p;

	telnet_open(&p);
	type(&p, "echo one");
	peer_expect(&p, "one\r\n");
	peer_expect_prompt(&p);
	type(&p, "ec two; e three"); /* prefixes do for people */
	peer_expect(&p, "two\r\nthree\r\n");
	peer_expect_prompt(&p);
	type(&p, "/w | columns kind --csv");
	peer_expect(&p, "kind\r\ntelnet\r\n");
	peer_expect_prompt(&p);
	type(&p, "quit");
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_putty_speaks_first)
{
	struct peer p;

	peer_open(&p, AF_INET, SESSION_AUTO,
		  "\xff\xfb\x1f\xff\xfb\x18\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03");
	/* Each is asked or answered once, and there is no probe before it. */
	peer_expect(&p, PROBE OFFER);
	peer_skip_to(&p, SEND_TYPE);
	peer_send(&p, WINDOW "\xff\xfa\x18\x00XTERM\xff\xf0");
	peer_expect(&p, WELCOME);
	peer_expect_prompt(&p);
	peer_leave(&p);
}
END_TEST

START_TEST(test_plain)
{
	struct peer p;

	plain_open(&p);
	/* Its own terminal echoes; line ends are LF. */
	peer_send(&p, "echo one\n");
	peer_expect(&p, "one\n");
	peer_expect_prompt(&p);
	peer_send(&p, "echo two\r\necho three\recho four\n");
	peer_expect(&p, "two\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "three\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "four\n");
	peer_expect_prompt(&p);
	/* What was typed before the hang-up is run. */
	peer_send(&p, "echo last\n");
	peer_end_input(&p);
	peer_expect(&p, "last\n");
	peer_expect_prompt(&p);
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_text_while_the_probe_is_out)
{
	struct peer p;

	box.limits.probe_wait_ns = DEADLINE_MS * NS_PER_MS;
	box_limits();
	peer_open(&p, AF_INET, SESSION_AUTO, NULL);
	peer_expect(&p, PROBE);
	peer_send(&p, "echo early\n");
	peer_expect(&p, "\rwelcome\nto t\303\252lmon\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "early\n");
	peer_expect_prompt(&p);
	peer_leave(&p);
	/* But not if it is a browser. */
	for (int i = 0; i < 2; i++) {
		peer_open(&p, AF_INET, SESSION_AUTO, NULL);
		peer_expect(&p, PROBE);
		if (i == 0)
			peer_send(&p, "POST / HTTP/1.1\r\n\r\necho one\r\n");
		else
			peer_send(&p, "\x16\x03\x01");
		peer_expect_end(&p);
	}
	ck_assert_int_eq(box.executions, 1);
}
END_TEST

START_TEST(test_browser_that_was_silent)
{
	struct peer p;

	plain_open(&p);
	peer_send(&p, "POST / HTTP/1.1\nHost: x\n\necho one\n");
	while (peer_read(&p, DEADLINE_MS))
		continue;
	ck_assert_str_eq(buf_str(&p.got), "");
	peer_leave(&p);
	ck_assert_int_eq(box.executions, 0);
}
END_TEST

START_TEST(test_late_telnet)
{
	struct peer p;

	plain_open(&p);
	peer_send(&p, "echo o\xff\xfb\x18ne\n");
	peer_expect(&p, OFFER SEND_TYPE "one\r\n");
	peer_expect_prompt(&p);
	peer_send(&p, AGREES WINDOW "\xff\xfa\x18\x00vt100\xff\xf0");
	type(&p, "/set width");
	peer_skip_to(&p, "auto");
	peer_skip_to(&p, box.prompt);
	type(&p, "/who --csv | columns kind");
	peer_expect(&p, "kind\r\ntelnet\r\n");
	peer_leave(&p);
}
END_TEST

START_TEST(test_all_refused)
{
	struct peer p;

	probed_open(&p);
	peer_send(&p, "\xff\xfc\x18");
	peer_expect(&p, OFFER);
	peer_send(&p, "\xff\xfe\x01\xff\xfe\x03\xff\xfc\x03\xff\xfc\x1f");
	peer_expect(&p, WELCOME);
	peer_expect_prompt(&p);
	peer_expect(&p, "\xff\xf9"); /* who refuses SGA gets GA */
	peer_send(&p, "echo one\r\n");
	peer_expect(&p, "one\r\n"); /* and no echo */
	peer_expect_prompt(&p);
	peer_expect(&p, "\xff\xf9");
	peer_leave(&p);
}
END_TEST

/* A client that sends all it has before it answers: more than is kept stays in the socket. */
START_TEST(test_much_text_before_the_answers)
{
	char text[4000];
	struct peer p;

	memset(text, 'x', sizeof(text));
	probed_open(&p);
	peer_send(&p, "\xff\xfb\x18");
	for (int i = 0; i < 60; i++)
		peer_send_bytes(&p, text, sizeof(text));
	peer_send(&p, "\r\necho on\r\n");
	peer_expect(&p, OFFER SEND_TYPE WELCOME);
	peer_expect_prompt(&p);
	peer_expect(&p, "error: line too long (limit 256 bytes)\r\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "on\r\n");
	peer_leave(&p);
}
END_TEST

START_TEST(test_pinned_telnet)
{
	struct peer p;

	box.limits.grace_ns = DEADLINE_MS * NS_PER_MS;
	box_limits();
	peer_open(&p, AF_INET, SESSION_TELNET, NULL);
	peer_expect(&p, PROBE OFFER);
	peer_send(&p, "\xff\xfb\x18" AGREES WINDOW "\xff\xfa\x18\x00"
		      "dumb\xff\xf0");
	peer_expect(&p, SEND_TYPE "welcome\r\nto t?lmon\r\n"); /* a dumb terminal knows ASCII */
	peer_expect_prompt(&p);
	peer_leave(&p);
	/* Text that is there first is executed once, and a browser's not at all. */
	peer_open(&p, AF_INET, SESSION_TELNET, "echo early\r\n");
	peer_skip_to(&p, box.prompt);
	peer_expect(&p, "early\r\n");
	peer_leave(&p);
	peer_open(&p, AF_INET, SESSION_TELNET, "GET / HTTP/1.1\r\n");
	while (peer_read(&p, DEADLINE_MS))
		continue;
	ck_assert_ptr_null(p.got.len ? memmem(p.got.data, p.got.len, "error", 5) : NULL);
	peer_leave(&p);
	ck_assert_int_eq(box.executions, 1);
}
END_TEST

START_TEST(test_cold_commands)
{
	for (int code = 0xec; code <= 0xff; code++) {
		const char bytes[] = { '\xff', (char)code, '\0' };
		struct peer p;

		peer_open(&p, AF_INET, SESSION_AUTO, bytes);
		peer_skip_to(&p, PROBE OFFER);
		peer_send(&p, "\xff\xf0\xff\xf0"); /* whatever was open is closed */
		peer_send(&p, "\xff\xfe\x01\xff\xfe\x03\xff\xfc\x03\xff\xfc\x1f\xff\xfc\x18");
		peer_send(&p, "\r\necho live\r\n");
		peer_skip_to(&p, "live\r\n");
		peer_leave(&p);
	}
	/* And those that end in the middle. */
	for (int i = 0; i < 4; i++) {
		static const char *const cut[] = { "\xff", "\xff\xfb", "\xff\xfa",
						   "\xff\xfa\x1f\xff" };
		struct peer p;

		peer_open(&p, AF_INET, SESSION_AUTO, cut[i]);
		peer_end_input(&p);
		while (peer_read(&p, DEADLINE_MS))
			continue;
		ck_assert(p.ended);
		peer_leave(&p);
	}
}
END_TEST

/* --- keys --- */

START_TEST(test_interrupt_at_the_prompt)
{
	struct peer p;

	telnet_open(&p);
	peer_send(&p, "abc" IP);
	peer_expect(&p, "abc\r\n");
	peer_expect_prompt(&p);
	peer_send(&p, "abc\x03");
	peer_expect(&p, "abc\r\n");
	peer_expect_prompt(&p);
	peer_send(&p, "helx\xff\xf7p\xff\xf8"
		      "ech\x7fho x\r\n");
	peer_skip_to(&p, "x\r\nx\r\n");
	peer_expect_prompt(&p);
	peer_send(&p, "\x04");
	peer_expect(&p, "\r\n");
	peer_expect_end(&p);
}
END_TEST

START_TEST(test_interrupt_ends_a_command)
{
	struct peer p;

	telnet_open(&p);
	type(&p, "wait; echo not this");
	until(box.waits == 1);
	peer_send(&p, IP);
	peer_expect_prompt(&p);
	ck_assert_int_eq(box.result, -ECANCELED);
	/* In the same segment, before the command was ready for it; what was typed between is gone.
	 */
	peer_send(&p, "wait\r\ntyped" IP "echo on\r\n");
	peer_expect(&p, "wait\r\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "echo on\r\non\r\n");
	peer_expect_prompt(&p);
	type(&p, "wait");
	until(box.waits == 1);
	peer_send(&p, "\x03");
	peer_expect_prompt(&p);
	ck_assert_int_eq(box.executions, 4);
	peer_leave(&p);
}
END_TEST

START_TEST(test_keys_are_typed_ahead)
{
	struct peer p;

	telnet_open(&p);
	type(&p, "wait");
	until(box.waits == 1);
	peer_send(&p, "echo one\r\0echo t");
	ck_assert(!peer_read(&p, 30));
	ck_assert_int_eq(box.waits, 1);
	peer_send(&p, "\x03"
		      "echo two\r\n");
	/* ^C takes what was typed before it along, as terminals do. */
	peer_expect_prompt(&p);
	peer_expect(&p, "echo two\r\ntwo\r\n");
	peer_expect_prompt(&p);
	peer_send(&p, "ring\r\0echo one\r\0echo two\r\0");
	peer_expect(&p, "ring\r\nrang\r\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "echo one\r\none\r\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "echo two\r\ntwo\r\n");
	peer_expect_prompt(&p);
	peer_leave(&p);
}
END_TEST

/* One key ends it, whatever it is, and is not seen again. */
START_TEST(test_key_ends_a_stream)
{
	static const char *const keys[] = {
		"q", "\x1b[A", "\x1bOP", "\xc3\xa4", "\r\n", "\x1b[15~"
	};
	struct peer p;

	telnet_open(&p);
	for (size_t i = 0; i < COUNT(keys); i++) {
		type(&p, "stream");
		peer_expect(&p, "round 0\r\nround 1\r\nround 2\r\n");
		until(box.waits == 1);
		peer_send_bytes(&p, keys[i], strlen(keys[i]));
		peer_send(&p, "echo on\r\n");
		peer_expect_prompt(&p);
		peer_expect(&p, "echo on\r\non\r\n");
		peer_expect_prompt(&p);
		ck_assert_int_eq(box.result, -ECANCELED);
	}
	/* What was typed before it began is for later. */
	peer_send(&p, "stream\r\0echo ahead\r\0");
	peer_expect(&p, "stream\r\nround 0\r\nround 1\r\nround 2\r\n");
	until(box.waits == 1);
	peer_send(&p, " ");
	peer_expect_prompt(&p);
	peer_expect(&p, "echo ahead\r\nahead\r\n");
	peer_expect_prompt(&p);
	peer_leave(&p);
	/* Who has a terminal that edits lines sends one. */
	plain_open(&p);
	peer_send(&p, "stream\n");
	peer_expect(&p, "round 0\nround 1\nround 2\n");
	until(box.waits == 1);
	peer_send(&p, "stop it\necho on\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "on\n");
	peer_expect_prompt(&p);
	peer_leave(&p);
}
END_TEST

START_TEST(test_hangup_ends_a_command)
{
	static const char *const lines[] = { "wait\r\n", "stream\r\n" };
	struct peer p;

	for (size_t i = 0; i < COUNT(lines); i++) {
		telnet_open(&p);
		peer_send_bytes(&p, lines[i], strlen(lines[i]));
		until(box.waits == 1);
		if (i == 0)
			peer_send(&p, "typed ahead\r\n");
		peer_end_input(&p);
		while (peer_read(&p, DEADLINE_MS))
			continue;
		peer_leave(&p);
		ck_assert_int_eq(box.result, -EPIPE);
	}
	ck_assert_int_eq(box.executions, COUNT(lines));
}
END_TEST

START_TEST(test_interrupt_ends_a_flood)
{
	struct peer p;

	telnet_open(&p);
	type(&p, "flood 100000000");
	/* Nobody reads: it waits for room, and sees the ^C all the same. */
	until(box.executions == 1);
	peer_send(&p, "\x03");
	until(box.result == -ECANCELED);
	peer_skip_to(&p, box.prompt);
	peer_leave(&p);
}
END_TEST

/* plink's piped input ends so, without a half-close; a client that goes on typing has not ended. */
START_TEST(test_telnet_end_of_file)
{
	struct peer p;

	telnet_open(&p);
	peer_send(&p, "\xff\xec");
	peer_send(&p, "echo one\r\n\xff\xec");
	peer_expect(&p, "echo one\r\none\r\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "\r\n");
	peer_expect_end(&p);
}
END_TEST

/* --- what comes between the keys --- */

START_TEST(test_are_you_there)
{
	struct peer p;

	telnet_open(&p);
	peer_send(&p, "he\xff\xf6");
	peer_skip_to(&p, "[yes]\r\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "he"); /* the line is still there */
	peer_send(&p, "\x15wait\r\0");
	until(box.waits == 1);
	peer_send(&p, "\xff\xf6");
	peer_skip_to(&p, "wait\r\n[yes]\r\n");
	peer_leave(&p);
}
END_TEST

START_TEST(test_timing_mark)
{
	struct peer p;

	telnet_open(&p);
	peer_send(&p, "\xff\xfd\x06");
	peer_expect(&p, "\xff\xfb\x06");
	/* After the output of what came before it. */
	peer_send(&p, "echo one\r\n\xff\xfd\x06"
		      "echo two\r\n");
	peer_expect(&p, "echo one\r\none\r\n\xff\xfb\x06");
	peer_expect_prompt(&p);
	peer_expect(&p, "echo two\r\ntwo\r\n");
	peer_expect_prompt(&p);
	/* As inetutils sends ^C: it drops all output up to the answer, so the prompt must follow
	 * it. */
	type(&p, "wait");
	until(box.waits == 1);
	peer_send(&p, IP "\xff\xfd\x06");
	peer_expect(&p, "\xff\xfb\x06");
	peer_expect_prompt(&p);
	peer_send(&p, "abc" IP);
	peer_expect(&p, "abc\r\n");
	peer_expect_prompt(&p);
	peer_send(&p, "\xff\xfd\x06");
	peer_skip_to(&p, "\xff\xfb\x06");
	peer_expect_prompt(&p);
	peer_leave(&p);
}
END_TEST

START_TEST(test_notes)
{
	struct peer p, other;

	telnet_open(&p);
	peer_send(&p, "half a li");
	peer_expect(&p, "half a li");
	peer_open(&other, AF_UNIX, SESSION_AUTO, "/hold\n/say hello \x1b[2J\necho said\n");
	peer_expect(&other, "said\n");
	peer_skip_to(&p, "-- unix #2: hello ?[2J\r\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "half a li");
	/* Between the rounds of a stream, and after a command that gives one answer. */
	peer_send(&p, "\x15");
	peer_send(&p, "stream\r\n");
	peer_skip_to(&p, "round 2\r\n");
	until(box.waits == 1);
	peer_send(&other, "/say now\necho said\n");
	peer_expect(&p, "-- unix #2: now\r\n");
	peer_expect(&other, "said\n");
	peer_send(&p, "q");
	peer_expect_prompt(&p);
	type(&p, "wait");
	until(box.waits == 1);
	peer_send(&other, "/say later\necho said\n");
	peer_expect(&other, "said\n");
	ck_assert(!peer_read(&p, 20));
	peer_send(&p, "\x03");
	peer_skip_to(&p, "-- unix #2: later\r\n");
	peer_expect_prompt(&p);
	/* One's own are not heard. */
	type(&p, "/say to you");
	peer_expect(&p, "nobody else is here\r\n");
	peer_expect_prompt(&p);
	peer_leave(&other);
	peer_leave(&p);
}
END_TEST

START_TEST(test_urgent)
{
	struct peer p;

	telnet_open(&p);
	ck_assert_int_eq(send(p.fd, "rm\r\n\xff\xf4\xff\xf2", 8, MSG_OOB), 8);
	peer_expect(&p, "\r\n"); /* the text is gone, the interrupt is not */
	peer_expect_prompt(&p);
	type(&p, "echo live");
	peer_expect(&p, "live\r\n");
	peer_expect_prompt(&p);
	/* A line that was being typed goes too. */
	peer_send(&p, "junk");
	peer_expect(&p, "junk");
	ck_assert_int_eq(send(p.fd, "\xff\xf2", 2, MSG_OOB), 2);
	peer_skip_to(&p, "\b\b\b\b    \b\b\b\b");
	type(&p, "echo live");
	peer_expect(&p, "live\r\n");
	peer_expect_prompt(&p);
	/* Urgent bytes that are no mark: ignored text until there is one. */
	ck_assert_int_eq(send(p.fd, "no", 2, MSG_OOB), 2);
	peer_send(&p, "nor this\r\n\xff\xf2");
	peer_send(&p, "echo live\r\n");
	peer_skip_to(&p, "echo live\r\nlive\r\n");
	ck_assert_int_eq(box.executions, 3);
	peer_leave(&p);
}
END_TEST

/* Types a line again and again until it is one. */
static void
until_live(struct peer *p)
{
	static const char answer[] = "\r\nlive\r\n";

	do {
		peer_send(p, "echo live\r\n");
		peer_read(p, 20);
	} while (!p->got.len || !memmem(p->got.data, p->got.len, answer, strlen(answer)));
}

/* What the peer began and does not end is given up. */
START_TEST(test_protocol_deadlines)
{
	struct peer p;

	box.limits.suboption_ns = 50 * NS_PER_MS;
	box_limits();
	telnet_open(&p);
	peer_send(&p, "\xff\xfa\x18\x00junk");
	until_live(&p);
	peer_leave(&p);
	box.limits.suboption_ns = 600 * NS_PER_S;
	box.limits.urgent_ns = 50 * NS_PER_MS;
	box_limits();
	telnet_open(&p);
	ck_assert_int_eq(send(p.fd, "no", 2, MSG_OOB), 2);
	until_live(&p);
	peer_leave(&p);
}
END_TEST

START_TEST(test_stalled_person)
{
	struct peer p;

	box.limits.stall_ns = 50 * NS_PER_MS;
	box_limits();
	telnet_open(&p);
	type(&p, "flood 100000000");
	until(box.result == -EPIPE);
	peer_leave(&p);
}
END_TEST

START_TEST(test_window_and_settings)
{
	struct peer p;

	telnet_open(&p);
	type(&p, "/set charset ascii");
	peer_expect_prompt(&p);
	peer_send(&p, "echo \303\274\r\n");
	peer_expect(&p, "echo ?\r\n?\r\n");
	peer_expect_prompt(&p);
	type(&p, "/set charset auto; /set prompt \"a b> \"");
	peer_expect(&p, "a b> ");
	for (unsigned i = 0; i < 1000; i++)
		peer_send_bytes(&p,
				i % 2 ? "\xff\xfa\x1f\0\1\0\1\xff\xf0"
				      : "\xff\xfa\x1f\x7f\x7f\x7f\x7f\xff\xf0",
				9);
	type(&p, "echo x");
	peer_expect(&p, "x\r\na b> ");
	type(&p, "/set prompt auto");
	peer_expect_prompt(&p);
	peer_leave(&p);
}
END_TEST

START_TEST(test_history)
{
	struct peer p;

	telnet_open(&p);
	type(&p, "echo one");
	peer_skip_to(&p, box.prompt);
	type(&p, "");
	peer_expect_prompt(&p);
	type(&p, "/history --csv");
	peer_expect(&p, "number,line\r\n1,echo one\r\n2,/history --csv\r\n");
	peer_expect_prompt(&p);
	/* The oldest go: 500 lines. */
	for (int i = 0; i < 600; i++) {
		char line[24];

		snprintf(line, sizeof(line), "echo %d\r\n", i);
		peer_send_bytes(&p, line, strlen(line));
	}
	peer_send(&p, "/history --csv | count\r\n");
	peer_skip_to(&p, "count\r\n500\r\n");
	peer_leave(&p);
}
END_TEST

/* --- limits --- */

START_TEST(test_long_line)
{
	char line[MAX_LINE + 10];
	struct peer p;

	memset(line, 'x', sizeof(line));
	plain_open(&p);
	peer_send_bytes(&p, line, sizeof(line));
	peer_send(&p, "\necho on\n");
	peer_expect(&p, "error: line too long (limit 256 bytes)\n");
	peer_expect_prompt(&p);
	peer_expect(&p, "on\n");
	peer_leave(&p);
}
END_TEST

START_TEST(test_idle)
{
	struct peer p;

	box.limits.idle_timeout_ns = 300 * NS_PER_MS;
	box_limits();
	telnet_open(&p);
	peer_skip_to(&p, "\r\n-- idle for too long, closing\r\n");
	peer_expect_end(&p);
	/* A stream is not idle. */
	telnet_open(&p);
	type(&p, "stream");
	peer_expect(&p, "round 0\r\nround 1\r\nround 2\r\n");
	ck_assert(!peer_read(&p, 450));
	ck_assert(!p.ended);
	peer_leave(&p);
}
END_TEST

START_TEST(test_paste)
{
	enum { LINES = 3000 };
	_autobuf_ struct buf input = BUF_INIT(1 << 20);
	struct peer p;

	telnet_open(&p);
	for (int i = 0; i < LINES; i++)
		buf_printf(&input, "echo %d\r\n", i);
	peer_send_bytes(&p, input.data, input.len);
	for (int i = 0; i < LINES; i++) {
		char expected[64];

		snprintf(expected, sizeof(expected), "echo %d\r\n%d\r\n", i, i);
		peer_expect_bytes(&p, expected, strlen(expected));
		peer_expect_prompt(&p);
	}
	peer_leave(&p);
	ck_assert_int_eq(box.executions, LINES);
}
END_TEST

/* Answers to the protocol that nobody reads are the end at max_output. */
START_TEST(test_protocol_replies_unread)
{
	struct peer p;
	char ask[6 * 500];
	ssize_t n = 1;

	for (size_t i = 0; i < sizeof(ask); i += 6)
		memcpy(ask + i, "\xff\xfa\x05\x01\xff\xf0", 6);
	telnet_open(&p);
	peer_send(&p, "\xff\xfd\x05");
	peer_expect(&p, "\xff\xfb\x05");
	while (n > 0)
		n = send(p.fd, ask, sizeof(ask), MSG_NOSIGNAL);
	ck_assert(errno == ECONNRESET || errno == EPIPE);
	peer_leave(&p);
}
END_TEST

START_TEST(test_garbage)
{
	struct peer p;
	unsigned seed = 1;

	for (int i = 0; i < 200; i++) {
		char bytes[300];

		for (size_t k = 0; k < sizeof(bytes); k++) {
			static const char telnet[] =
				"\xff\xfa\xf0\xfb\xfc\xfd\xfe\xf2\xf4\xf6\x18\x1f\x01\x03\r\n";

			seed = seed * 1103515245 + 12345;
			bytes[k] = seed >> 16 & 1 ? telnet[(seed >> 17) % (sizeof(telnet) - 1)]
						  : (char)(seed >> 20);
		}
		bytes[0] = '\xff';
		peer_open(&p, AF_INET, SESSION_AUTO, NULL);
		peer_send_bytes(&p, bytes, sizeof(bytes));
		peer_end_input(&p);
		while (peer_read(&p, DEADLINE_MS))
			continue;
		peer_leave(&p);
	}
}
END_TEST

START_TEST(test_stop)
{
	struct peer prompt, working, plain;

	telnet_open(&prompt);
	telnet_open(&working);
	plain_open(&plain);
	type(&working, "wait");
	until(box.waits == 1);
	session_shared_stop(box.shared);
	peer_expect(&prompt, "\r\n-- telmond stops\r\n");
	peer_expect_end(&prompt);
	peer_expect(&working, "-- telmond stops\r\n");
	peer_expect_end(&working);
	peer_expect(&plain, "\n-- telmond stops\n");
	peer_expect_end(&plain);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_person");
	TCase *c = tcase_create("session_person");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, box_open, box_close);
	tcase_add_test(c, test_telnet);
	tcase_add_test(c, test_putty_speaks_first);
	tcase_add_test(c, test_plain);
	tcase_add_test(c, test_text_while_the_probe_is_out);
	tcase_add_test(c, test_browser_that_was_silent);
	tcase_add_test(c, test_late_telnet);
	tcase_add_test(c, test_all_refused);
	tcase_add_test(c, test_much_text_before_the_answers);
	tcase_add_test(c, test_pinned_telnet);
	tcase_add_test(c, test_cold_commands);
	tcase_add_test(c, test_interrupt_at_the_prompt);
	tcase_add_test(c, test_interrupt_ends_a_command);
	tcase_add_test(c, test_keys_are_typed_ahead);
	tcase_add_test(c, test_key_ends_a_stream);
	tcase_add_test(c, test_hangup_ends_a_command);
	tcase_add_test(c, test_interrupt_ends_a_flood);
	tcase_add_test(c, test_telnet_end_of_file);
	tcase_add_test(c, test_are_you_there);
	tcase_add_test(c, test_timing_mark);
	tcase_add_test(c, test_notes);
	tcase_add_test(c, test_urgent);
	tcase_add_test(c, test_protocol_deadlines);
	tcase_add_test(c, test_stalled_person);
	tcase_add_test(c, test_window_and_settings);
	tcase_add_test(c, test_history);
	tcase_add_test(c, test_long_line);
	tcase_add_test(c, test_idle);
	tcase_add_test(c, test_paste);
	tcase_add_test(c, test_protocol_replies_unread);
	tcase_add_test(c, test_garbage);
	tcase_add_test(c, test_stop);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
