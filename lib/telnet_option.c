/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telnet_option -- who does what: the Q machine of RFC 1143 as a table, our policy as another, and
 * what follows when an option goes on or off. Each option is negotiated alone for each side, never
 * twice at a time, and what is in force already is never acknowledged: that is what keeps two
 * machines from answering each other for ever. TIMING-MARK (RFC 860) is outside: each DO is
 * answered, in telnet.c.
 */
#include "telnet_private.h"

enum say { SAY_NOTHING, SAY_ON, SAY_OFF };

struct step {
	uint8_t next; /* enum telnet_q */
	uint8_t say;  /* enum say */
	bool wrong;   /* the verb does not answer what we asked */
};

/* RFC 1143 section 7. "On" and "off" read as WILL and WONT from him, or as DO and DONT about us. */
static const struct step steps[Q_EVENT__COUNT][Q__COUNT] = {
	[Q_RECV_ON] = {
		[Q_NO] = { Q_YES, SAY_ON, false }, /* if the policy agrees */
		[Q_YES] = { Q_YES, SAY_NOTHING, false },
		[Q_WANT_NO] = { Q_NO, SAY_NOTHING, true },
		[Q_WANT_NO_QUEUED] = { Q_YES, SAY_NOTHING, true },
		[Q_WANT_YES] = { Q_YES, SAY_NOTHING, false },
		[Q_WANT_YES_QUEUED] = { Q_WANT_NO, SAY_OFF, false },
	},
	[Q_RECV_OFF] = {
		[Q_NO] = { Q_NO, SAY_NOTHING, false },
		[Q_YES] = { Q_NO, SAY_OFF, false },
		[Q_WANT_NO] = { Q_NO, SAY_NOTHING, false },
		[Q_WANT_NO_QUEUED] = { Q_WANT_YES, SAY_ON, false },
		[Q_WANT_YES] = { Q_NO, SAY_NOTHING, false },
		[Q_WANT_YES_QUEUED] = { Q_NO, SAY_NOTHING, false },
	},
	[Q_ASK_ON] = {
		[Q_NO] = { Q_WANT_YES, SAY_ON, false },
		[Q_YES] = { Q_YES, SAY_NOTHING, false },
		[Q_WANT_NO] = { Q_WANT_NO_QUEUED, SAY_NOTHING, false },
		[Q_WANT_NO_QUEUED] = { Q_WANT_NO_QUEUED, SAY_NOTHING, false },
		[Q_WANT_YES] = { Q_WANT_YES, SAY_NOTHING, false },
		[Q_WANT_YES_QUEUED] = { Q_WANT_YES, SAY_NOTHING, false },
	},
	[Q_ASK_OFF] = {
		[Q_NO] = { Q_NO, SAY_NOTHING, false },
		[Q_YES] = { Q_WANT_NO, SAY_OFF, false },
		[Q_WANT_NO] = { Q_WANT_NO, SAY_NOTHING, false },
		[Q_WANT_NO_QUEUED] = { Q_WANT_NO, SAY_NOTHING, false },
		[Q_WANT_YES] = { Q_WANT_YES_QUEUED, SAY_NOTHING, false },
		[Q_WANT_YES_QUEUED] = { Q_WANT_YES_QUEUED, SAY_NOTHING, false },
	},
};

/* What we do when asked, and what we let him do. All else is refused, above all LINEMODE,
 * NEW-ENVIRON, AUTHENTICATION and ENCRYPT, whose suboptions are where telnet servers broke. */
static const struct policy {
	uint8_t option;
	bool agree[SIDE__COUNT];
} policies[] = {
	{ OPTION_BINARY, { [SIDE_US] = true, [SIDE_HIM] = true } },
	{ OPTION_ECHO, { [SIDE_US] = true } },
	{ OPTION_SGA, { [SIDE_US] = true, [SIDE_HIM] = true } },
	{ OPTION_STATUS, { [SIDE_US] = true } },
	{ OPTION_TTYPE, { [SIDE_HIM] = true } },
	{ OPTION_NAWS, { [SIDE_HIM] = true } },
	{ OPTION_CHARSET, { [SIDE_US] = true, [SIDE_HIM] = true } },
};

static bool
agrees(enum telnet_side side, uint8_t option)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
		if (policies[i].option == option)
			return policies[i].agree[side];
	}
	return false;
}

static void
say(struct telnet *t, enum telnet_side side, uint8_t option, bool on)
{
	static const uint8_t verbs[SIDE__COUNT][2] = {
		[SIDE_US] = { CODE_WONT, CODE_WILL },
		[SIDE_HIM] = { CODE_DONT, CODE_DO },
	};
	const uint8_t bytes[] = { CODE_IAC, verbs[side][on], option };

	telnet_send(t, bytes, sizeof(bytes));
}

static void
window_changed(struct telnet *t, bool on)
{
	t->size_awaited = on;
	if (!on)
		telnet_suboption_tell_window(t, 0, 0);
}

static void
type_changed(struct telnet *t, bool on)
{
	t->type_asked = false;
	if (on)
		telnet_suboption_ask_type(t);
}

/* An option went on or off; our word about it has been sent, so what changes begins behind it. */
static void
changed(struct telnet *t, enum telnet_side side, uint8_t option, bool on)
{
	if (side == SIDE_US && option == OPTION_ECHO)
		telnet_emit(t, &(struct telnet_event){ .type = TELNET_ECHO, .on = on });
	else if (side == SIDE_US && option == OPTION_BINARY)
		telnet_emit(t, &(struct telnet_event){ .type = TELNET_BINARY_OUT, .on = on });
	else if (side == SIDE_HIM && option == OPTION_TTYPE)
		type_changed(t, on);
	else if (side == SIDE_HIM && option == OPTION_NAWS)
		window_changed(t, on);
}

void
telnet_option_step(struct telnet *t, enum telnet_side side, uint8_t option,
		   enum telnet_q_event event)
{
	bool was_on = telnet_option_on(t, side, option);
	struct step step = steps[event][t->q[side][option]];

	if (event == Q_RECV_ON && t->q[side][option] == Q_NO && !agrees(side, option))
		step = (struct step){ Q_NO, SAY_OFF, false };
	t->q[side][option] = step.next;
	if (step.wrong)
		telnet_warn(t, WARN_VERB, "a refusal was answered by its opposite");
	if (step.say != SAY_NOTHING)
		say(t, side, option, step.say == SAY_ON);
	if (was_on != telnet_option_on(t, side, option))
		changed(t, side, option, !was_on);
}

void
telnet_option_recv(struct telnet *t, uint8_t verb, uint8_t option)
{
	enum telnet_side side = verb == CODE_DO || verb == CODE_DONT ? SIDE_US : SIDE_HIM;
	bool on = verb == CODE_DO || verb == CODE_WILL;

	telnet_option_step(t, side, option, on ? Q_RECV_ON : Q_RECV_OFF);
}

bool
telnet_option_on(const struct telnet *t, enum telnet_side side, uint8_t option)
{
	return t->q[side][option] == Q_YES;
}

void
telnet_offer(struct telnet *t, bool probed)
{
	if (t->offered)
		return;
	t->offered = true;
	if (probed && t->q[SIDE_HIM][OPTION_TTYPE] == Q_NO)
		t->q[SIDE_HIM][OPTION_TTYPE] = Q_WANT_YES;
	telnet_option_step(t, SIDE_HIM, OPTION_TTYPE, Q_ASK_ON);
	telnet_option_step(t, SIDE_US, OPTION_ECHO, Q_ASK_ON);
	telnet_option_step(t, SIDE_US, OPTION_SGA, Q_ASK_ON);
	telnet_option_step(t, SIDE_HIM, OPTION_SGA, Q_ASK_ON);
	telnet_option_step(t, SIDE_HIM, OPTION_NAWS, Q_ASK_ON);
	telnet_check_opened(t);
}

void
telnet_set_echo(struct telnet *t, bool on)
{
	telnet_option_step(t, SIDE_US, OPTION_ECHO, on ? Q_ASK_ON : Q_ASK_OFF);
}

/*
 * Our DO SGA is not waited for: busybox answers it with DONT SGA, so its proper answer never comes.
 * Type and size are: PuTTY promises both unasked and sends them one round trip later.
 */
void
telnet_check_opened(struct telnet *t)
{
	if (t->opened || !t->offered || t->type_asked || t->size_awaited)
		return;
	if (t->q[SIDE_US][OPTION_ECHO] == Q_WANT_YES || t->q[SIDE_US][OPTION_SGA] == Q_WANT_YES ||
	    t->q[SIDE_HIM][OPTION_TTYPE] == Q_WANT_YES || t->q[SIDE_HIM][OPTION_NAWS] == Q_WANT_YES)
		return;
	t->opened = true;
	telnet_emit(t, &(struct telnet_event){ .type = TELNET_OPENED });
}

bool
telnet_is_open(const struct telnet *t)
{
	return t->opened;
}

bool
telnet_echoes(const struct telnet *t)
{
	return telnet_option_on(t, SIDE_US, OPTION_ECHO);
}

bool
telnet_go_ahead(const struct telnet *t)
{
	return t->offered && t->q[SIDE_US][OPTION_SGA] == Q_NO;
}

bool
telnet_refused(const struct telnet *t)
{
	return t->offered && t->q[SIDE_HIM][OPTION_TTYPE] == Q_NO &&
	       t->q[SIDE_HIM][OPTION_NAWS] == Q_NO;
}
