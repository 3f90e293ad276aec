/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_telnet -- all 72 steps of the Q machine, and what is too much for a byte script: floods,
 * mirrors, caps, output. The rest of the protocol is in tests/telnet, played by test_telnet_script.
 * Looks into telnet_private.h for the Q machine's states and for what is held.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "telnet_private.h"

/* --- a recorder of what the decoder says --- */

struct record {
	struct buf sent;  /* all TELNET_SEND bytes */
	struct buf typed; /* all TELNET_DATA bytes */
	struct buf all;	  /* everything in order; the same for data that was cut otherwise */
	unsigned sends;
};

static void
on_event(void *ctx, const struct telnet_event *ev)
{
	struct record *r = ctx;

	if (ev->type == TELNET_DATA) {
		for (size_t i = 0; i < ev->size; i++)
			buf_printf(&r->all, "'%c", ev->text[i]);
	} else {
		buf_printf(&r->all, "\n%d %d %u %u ", ev->type, ev->on, ev->columns, ev->rows);
		buf_put(&r->all, ev->text, ev->size);
	}
	r->sends += ev->type == TELNET_SEND;
	if (ev->type == TELNET_SEND)
		buf_put(&r->sent, ev->text, ev->size);
	else if (ev->type == TELNET_DATA)
		buf_put(&r->typed, ev->text, ev->size);
}

static struct telnet *
open_telnet(struct record *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->sent, 1 << 20);
	buf_init(&r->typed, 1 << 20);
	buf_init(&r->all, 4 << 20);
	return telnet_new(on_event, r);
}

/* With everything agreed, and the record empty. */
static struct telnet *
open_prompt(struct record *r)
{
	static const char answers[] = "\xff\xfb\x18\xff\xfd\x01\xff\xfd\x03\xff\xfb\x03\xff\xfb\x1f"
				      "\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xfa\x18\0xterm\xff\xf0";
	struct telnet *t = open_telnet(r);

	telnet_offer(t, true);
	telnet_recv(t, answers, sizeof(answers) - 1);
	ck_assert(telnet_is_open(t) && telnet_echoes(t));
	buf_clear(&r->sent);
	r->sends = 0;
	return t;
}

/* Delivers in pieces of so many bytes. */
static void
deliver(struct telnet *t, const char *bytes, size_t n, size_t piece)
{
	for (size_t at = 0; at < n; at += piece)
		telnet_recv(t, bytes + at, n - at < piece ? n - at : piece);
}

static const size_t pieces[] = { 1, 2, 3, 5, 7, 11, 1 << 20 };
enum { N_PIECES = sizeof(pieces) / sizeof(*pieces) };

static void
close_telnet(struct telnet *t, struct record *r)
{
	telnet_free(t);
	buf_fini(&r->sent);
	buf_fini(&r->typed);
	buf_fini(&r->all);
}

/* --- the Q machine --- */

/* One row of RFC 1143: the verbs are those about him; about us WILL reads DO, DO reads WILL, and so
 * on. */
struct q_case {
	enum telnet_q from;
	enum telnet_q_event event;
	enum telnet_q to;
	int says; /* CODE_DO, CODE_DONT, or 0 */
};

static const struct q_case agreed[] = {
	{ Q_NO, Q_RECV_ON, Q_YES, CODE_DO },
	{ Q_YES, Q_RECV_ON, Q_YES, 0 },
	{ Q_WANT_NO, Q_RECV_ON, Q_NO, 0 },
	{ Q_WANT_NO_QUEUED, Q_RECV_ON, Q_YES, 0 },
	{ Q_WANT_YES, Q_RECV_ON, Q_YES, 0 },
	{ Q_WANT_YES_QUEUED, Q_RECV_ON, Q_WANT_NO, CODE_DONT },

	{ Q_NO, Q_RECV_OFF, Q_NO, 0 },
	{ Q_YES, Q_RECV_OFF, Q_NO, CODE_DONT },
	{ Q_WANT_NO, Q_RECV_OFF, Q_NO, 0 },
	{ Q_WANT_NO_QUEUED, Q_RECV_OFF, Q_WANT_YES, CODE_DO },
	{ Q_WANT_YES, Q_RECV_OFF, Q_NO, 0 },
	{ Q_WANT_YES_QUEUED, Q_RECV_OFF, Q_NO, 0 },

	{ Q_NO, Q_ASK_ON, Q_WANT_YES, CODE_DO },
	{ Q_YES, Q_ASK_ON, Q_YES, 0 },
	{ Q_WANT_NO, Q_ASK_ON, Q_WANT_NO_QUEUED, 0 },
	{ Q_WANT_NO_QUEUED, Q_ASK_ON, Q_WANT_NO_QUEUED, 0 },
	{ Q_WANT_YES, Q_ASK_ON, Q_WANT_YES, 0 },
	{ Q_WANT_YES_QUEUED, Q_ASK_ON, Q_WANT_YES, 0 },

	{ Q_NO, Q_ASK_OFF, Q_NO, 0 },
	{ Q_YES, Q_ASK_OFF, Q_WANT_NO, CODE_DONT },
	{ Q_WANT_NO, Q_ASK_OFF, Q_WANT_NO, 0 },
	{ Q_WANT_NO_QUEUED, Q_ASK_OFF, Q_WANT_NO, 0 },
	{ Q_WANT_YES, Q_ASK_OFF, Q_WANT_YES_QUEUED, 0 },
	{ Q_WANT_YES_QUEUED, Q_ASK_OFF, Q_WANT_YES_QUEUED, 0 },
};

static void
drive(struct telnet *t, enum telnet_side side, uint8_t option, enum telnet_q_event event)
{
	const char will[] = { '\xff', (char)(side == SIDE_HIM ? CODE_WILL : CODE_DO),
			      (char)option };
	const char wont[] = { '\xff', (char)(side == SIDE_HIM ? CODE_WONT : CODE_DONT),
			      (char)option };

	if (event == Q_RECV_ON)
		telnet_recv(t, will, 3);
	else if (event == Q_RECV_OFF)
		telnet_recv(t, wont, 3);
	else
		telnet_option_step(t, side, option, event);
}

static int
expected_verb(enum telnet_side side, int says)
{
	if (side == SIDE_HIM || says == 0)
		return says;
	return says == CODE_DO ? CODE_WILL : CODE_WONT;
}

static void
check_step(enum telnet_side side, uint8_t option, const struct q_case *c, bool refused)
{
	bool no = refused && c->from == Q_NO && c->event == Q_RECV_ON;
	int says = expected_verb(side, no ? CODE_DONT : c->says);
	struct record r;
	struct telnet *t = open_telnet(&r);

	t->q[side][option] = (uint8_t)c->from;
	drive(t, side, option, c->event);
	ck_assert_msg(t->q[side][option] == (no ? Q_NO : c->to),
		      "side %d option %d: %d by %d gives %d", side, option, c->from, c->event,
		      t->q[side][option]);
	ck_assert_uint_eq(t->q[!side][option], Q_NO);
	ck_assert_uint_eq(r.sent.len, says ? 3 : 0);
	if (says) {
		ck_assert_uint_eq((uint8_t)r.sent.data[1], (unsigned)says);
		ck_assert_uint_eq((uint8_t)r.sent.data[2], option);
	}
	close_telnet(t, &r);
}

/* TN-053 */
START_TEST(q_machine_takes_72_steps)
{
	unsigned n = 0;

	ck_assert_uint_eq(sizeof(agreed) / sizeof(*agreed), 24);
	for (size_t i = 0; i < 24; i++, n += 3) {
		check_step(SIDE_HIM, OPTION_SGA, &agreed[i], false);
		check_step(SIDE_US, OPTION_SGA, &agreed[i], false);
		check_step(SIDE_HIM, OPTION_ECHO, &agreed[i], true);
	}
	ck_assert_uint_eq(n, 72);
}
END_TEST

/* TN-038, TN-039: what is performed and accepted, and every other option refused exactly once for
 * each request. */
START_TEST(every_option_is_answered_by_policy)
{
	static const uint8_t performed[] = { 0, 1, 3, 5, 42 }, accepted[] = { 0, 3, 24, 31, 42 };

	for (unsigned option = 0; option < 256; option++) {
		bool will = memchr(accepted, (int)option, sizeof(accepted)) != NULL;
		bool doo = memchr(performed, (int)option, sizeof(performed)) != NULL;
		struct record r;
		struct telnet *t = open_telnet(&r);

		drive(t, SIDE_HIM, (uint8_t)option, Q_RECV_ON);
		ck_assert_uint_eq((uint8_t)r.sent.data[1], will ? CODE_DO : CODE_DONT);
		ck_assert_uint_eq(r.sent.len, option == OPTION_TTYPE ? 9 : 3);
		buf_clear(&r.sent);
		drive(t, SIDE_US, (uint8_t)option, Q_RECV_ON);
		if (option != OPTION_TM) {
			ck_assert_uint_eq((uint8_t)r.sent.data[1], doo ? CODE_WILL : CODE_WONT);
			ck_assert_uint_eq((uint8_t)r.sent.data[2], option);
		}
		ck_assert_uint_eq(r.sent.len, option == OPTION_TM ? 0 : 3);
		close_telnet(t, &r);
	}
}
END_TEST

/* --- what comes first --- */

/* TN-019: no function of the protocol needs anything to have been negotiated. What follows is
 * typed, once a suboption or a verb that was begun has its end. */
START_TEST(every_command_may_come_first)
{
	for (unsigned code = 0; code < 256; code++) {
		bool verb = code >= CODE_WILL && code <= CODE_DONT, sub = code == CODE_SB;
		const char first[] = { '\xff', (char)code, verb ? 'c' : '\xff',
				       sub ? '\xf0' : '\xf1' };
		size_t n = verb ? 3 : 4;

		for (size_t i = 0; i < N_PIECES; i++) {
			_autobuf_ struct buf all = BUF_INIT(64);
			struct record r;
			struct telnet *t = open_telnet(&r);

			buf_put(&all, first, n);
			buf_puts(&all, "help\r\n");
			deliver(t, all.data, all.len, pieces[i]);
			ck_assert_str_eq(buf_str(&r.typed),
					 code == CODE_IAC ? "\xffhelp\n" : "help\n");
			ck_assert(!telnet_in_suboption(t));
			close_telnet(t, &r);
		}
	}
}
END_TEST

/* --- floods and mirrors --- */

/* TN-047 */
START_TEST(requests_get_one_reply_each_and_no_memory)
{
	static const char pair[] = "\xff\xfd\x01\xff\xfe\x01";
	_autobuf_ struct buf storm = BUF_INIT(1 << 20);

	for (unsigned i = 0; i < 10000; i++)
		buf_put(&storm, pair, sizeof(pair) - 1);
	for (size_t i = 0; i < N_PIECES; i++) {
		struct record r;
		struct telnet *t = open_prompt(&r);

		deliver(t, storm.data, storm.len, pieces[i]);
		/* The first DO finds ECHO on already. */
		ck_assert_uint_eq(r.sends, 2 * 10000 - 1);
		ck_assert(!telnet_echoes(t));
		close_telnet(t, &r);
	}
}
END_TEST

/* Feeds what we send back through `turn`; returns how many commands we sent before silence. */
static unsigned
play_mirror(void (*turn)(char *bytes, size_t n), size_t piece)
{
	_autobuf_ struct buf back = BUF_INIT(1 << 16);
	struct record r;
	struct telnet *t = open_telnet(&r);
	unsigned sends;

	telnet_offer(t, false);
	for (unsigned i = 0; r.sent.len; i++) {
		ck_assert_uint_lt(i, 64);
		buf_clear(&back);
		buf_put(&back, r.sent.data, r.sent.len);
		buf_clear(&r.sent);
		turn(back.data, back.len);
		deliver(t, back.data, back.len, piece);
	}
	sends = r.sends;
	close_telnet(t, &r);
	return sends;
}

static void
turn_none(char *bytes, size_t n)
{
	(void)bytes;
	(void)n;
}

/* Agrees to all that we offer and demands all that we ask for. */
static void
turn_agree(char *bytes, size_t n)
{
	for (size_t i = 0; i + 2 < n; i++) {
		uint8_t verb = (uint8_t)bytes[i + 1];

		if ((uint8_t)bytes[i] == CODE_IAC && verb >= CODE_WILL && verb <= CODE_DONT)
			bytes[i + 1] = (char)(verb <= CODE_WONT ? verb + 2 : verb - 2);
	}
}

/* TN-048, TN-049 */
START_TEST(mirrors_fall_silent)
{
	for (size_t i = 0; i < N_PIECES; i++) {
		/* Every byte comes back as it was: WILL answers WILL, DO answers DO. */
		ck_assert_uint_le(play_mirror(turn_none, pieces[i]), 64);
		ck_assert_uint_le(play_mirror(turn_agree, pieces[i]), 64);
	}
}
END_TEST

/* TN-102 */
START_TEST(status_floods_are_answered_one_to_one)
{
	static const char ask[] = "\xff\xfa\x05\x01\xff\xf0";
	struct record r;
	struct telnet *t = open_prompt(&r);

	telnet_recv(t, "\xff\xfd\x05\xff\xfd\x2a\xff\xfb\x2a\xff\xfd\0\xff\xfb\0", 15);
	buf_clear(&r.sent);
	r.sends = 0;
	for (unsigned i = 0; i < 1000; i++)
		telnet_recv(t, ask, sizeof(ask) - 1);
	ck_assert_uint_eq(r.sends, 1000);
	/* All ten options in force: under five bytes out for each byte in. */
	ck_assert_uint_eq(r.sent.len, 1000 * (4 + 2 * 10 + 2));
	close_telnet(t, &r);
}
END_TEST

/* TN-061, TN-062 */
START_TEST(suboptions_hold_no_more_than_their_cap)
{
	struct record r;
	struct telnet *t = open_telnet(&r);

	telnet_recv(t, "\xff\xfa\x18", 3);
	for (unsigned i = 0; i < TELNET_MAX_SUBOPTION - 1; i++)
		telnet_recv(t, "A", 1);
	ck_assert_uint_eq(t->sub.len, TELNET_MAX_SUBOPTION);
	ck_assert_uint_le(t->sub.cap, TELNET_MAX_SUBOPTION);
	telnet_recv(t, "\xff\xff", 2);
	ck_assert_uint_eq(t->sub.cap, 0);
	for (unsigned i = 0; i < 1000000; i++)
		telnet_recv(t, "\xff\xff", 2);
	ck_assert_uint_eq(t->sub.cap, 0);
	ck_assert(telnet_in_suboption(t));
	telnet_recv(t, "\xff\xf0x", 3);
	ck_assert_str_eq(buf_str(&r.typed), "x");
	close_telnet(t, &r);
}
END_TEST

START_TEST(output_that_does_not_fit_is_an_error)
{
	_autobuf_ struct buf out = BUF_INIT(3);
	bool last_cr = false;
	struct record r;
	struct telnet *t = open_telnet(&r);

	ck_assert_int_eq(telnet_encode(t, &out, "a\n", 2, &last_cr), 0);
	ck_assert_int_eq(telnet_encode(t, &out, "\xff", 1, &last_cr), -EMSGSIZE);
	ck_assert_int_eq(telnet_encode(t, &out, "", 0, &last_cr), -EMSGSIZE);
	close_telnet(t, &r);
}
END_TEST

/* Encoding piece by piece gives the same bytes, wherever the pieces end. */
START_TEST(output_is_the_same_however_it_is_cut)
{
	static const char text[] = "a\r\nb\rc\n\r\r\n\xff\r\xff\n\r";
	_autobuf_ struct buf whole = BUF_INIT(256);
	_autobuf_ struct buf parts = BUF_INIT(256);
	bool last_cr = false;
	struct record r;
	struct telnet *t = open_telnet(&r);

	telnet_encode(t, &whole, text, sizeof(text) - 1, &last_cr);
	ck_assert(last_cr);
	last_cr = false;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		telnet_encode(t, &parts, text + i, 1, &last_cr);
	ck_assert_mem_eq(whole.data, "a\r\nb\r\0c\r\n\r\0\r\n\xff\xff\r\0\xff\xff\r\n\r", 22);
	ck_assert_uint_eq(whole.len, 22);
	ck_assert_uint_eq(parts.len, whole.len);
	ck_assert_mem_eq(parts.data, whole.data, whole.len);
	close_telnet(t, &r);
}
END_TEST

/* --- noise --- */

static uint64_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Bytes that a telnet stream is made of come more often than others. */
static char
noise(uint64_t *seed)
{
	static const uint8_t likely[] = { 0xff, 0xff, 0xff, 0xfa, 0xf0, 0xfb, 0xfc, 0xfd,
					  0xfe, 0x00, 0x01, 0x03, 0x05, 0x06, 0x18, 0x1f,
					  0x2a, 0xf2, 0xf4, 0xf7, '\r', '\n', 'a',  ';' };
	uint64_t r = next_random(seed);

	return (char)(r % 4 ? likely[r / 4 % sizeof(likely)] : r / 4);
}

START_TEST(noise_is_the_same_however_it_is_cut)
{
	char bytes[512];

	for (uint64_t seed = 1; seed <= 3000; seed++) {
		struct record r, r2;
		struct telnet *t = open_telnet(&r), *t2 = open_telnet(&r2);
		uint64_t state = seed;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = noise(&state);
		telnet_offer(t, false);
		telnet_recv(t, bytes, sizeof(bytes));
		telnet_offer(t2, false);
		for (size_t i = 0, n; i < sizeof(bytes); i += n) {
			n = 1 + next_random(&state) % 7;
			n = n < sizeof(bytes) - i ? n : sizeof(bytes) - i;
			telnet_recv(t2, bytes + i, n);
		}
		ck_assert_uint_eq(r.all.len, r2.all.len);
		ck_assert_mem_eq(r.all.data, r2.all.data, r.all.len);
		/* The offer, a reply for three bytes at most, and the questions for a type. */
		ck_assert_uint_le(r.sends, 5 + sizeof(bytes) / 3 + TELNET_MAX_TYPE_ASKS);
		close_telnet(t, &r);
		close_telnet(t2, &r2);
	}
}
END_TEST

START_TEST(free_takes_an_open_suboption_and_null)
{
	struct record r;
	struct telnet *t = open_telnet(&r);

	telnet_recv(t, "\xff\xfa\x18zzz", 6);
	close_telnet(t, &r);
	telnet_free(NULL);
}
END_TEST

static Suite *
telnet_suite(void)
{
	Suite *s = suite_create("telnet");
	TCase *c = tcase_create("codec");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, q_machine_takes_72_steps);
	tcase_add_test(c, every_option_is_answered_by_policy);
	tcase_add_test(c, every_command_may_come_first);
	tcase_add_test(c, requests_get_one_reply_each_and_no_memory);
	tcase_add_test(c, mirrors_fall_silent);
	tcase_add_test(c, status_floods_are_answered_one_to_one);
	tcase_add_test(c, suboptions_hold_no_more_than_their_cap);
	tcase_add_test(c, output_that_does_not_fit_is_an_error);
	tcase_add_test(c, output_is_the_same_however_it_is_cut);
	tcase_add_test(c, noise_is_the_same_however_it_is_cut);
	tcase_add_test(c, free_takes_an_open_suboption_and_null);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r = srunner_create(telnet_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
