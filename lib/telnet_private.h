/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telnet_private -- what the files telnet*.c share, and what the unit test looks into. Nobody else
 * includes it.
 */
#ifndef TELNET_PRIVATE_H
#define TELNET_PRIVATE_H

#include "telnet.h"

enum telnet_code {
	CODE_EOF = 0xec,
	CODE_SUSP = 0xed,
	CODE_ABORT = 0xee,
	CODE_EOR = 0xef,
	CODE_SE = 0xf0,
	CODE_NOP = 0xf1,
	CODE_DM = 0xf2,
	CODE_BRK = 0xf3,
	CODE_IP = 0xf4,
	CODE_AO = 0xf5,
	CODE_AYT = 0xf6,
	CODE_EC = 0xf7,
	CODE_EL = 0xf8,
	CODE_GA = 0xf9,
	CODE_SB = 0xfa,
	CODE_WILL = 0xfb,
	CODE_WONT = 0xfc,
	CODE_DO = 0xfd,
	CODE_DONT = 0xfe,
	CODE_IAC = 0xff,
};

enum telnet_option {
	OPTION_BINARY = 0,
	OPTION_ECHO = 1,
	OPTION_SGA = 3,
	OPTION_STATUS = 5,
	OPTION_TM = 6,
	OPTION_TTYPE = 24,
	OPTION_NAWS = 31,
	OPTION_CHARSET = 42,
};

/* RFC 1143's two ends: what we do (WILL, WONT), and what he does (DO, DONT). */
enum telnet_side { SIDE_US, SIDE_HIM, SIDE__COUNT };
enum telnet_q { Q_NO, Q_YES, Q_WANT_NO, Q_WANT_NO_QUEUED, Q_WANT_YES, Q_WANT_YES_QUEUED, Q__COUNT };
enum telnet_q_event { Q_RECV_ON, Q_RECV_OFF, Q_ASK_ON, Q_ASK_OFF, Q_EVENT__COUNT };

enum telnet_state { STATE_DATA, STATE_IAC, STATE_VERB, STATE_SUB, STATE_SUB_IAC };

enum telnet_warning {
	WARN_VERB, /* a verb that cannot answer ours */
	WARN_CODE, /* no such command */
	WARN_SUB_LONG,
	WARN_SUB_OPEN,	 /* given up on */
	WARN_SUB_IAC,	 /* a command inside */
	WARN_SUB_OPTION, /* for an option that is off */
	WARN_SUB_SIZE,
	WARN_TERMINAL,
};

enum {
	TELNET_MAX_SUBOPTION = 4096, /* decoded bytes, the option's number among them */
	TELNET_MAX_TYPE_ASKS = 8,
	TELNET_MAX_TYPE = 40,
	TELNET_MAX_WINDOW = 512,
};

struct telnet {
	telnet_event_cb *cb;
	void *ctx;

	enum telnet_state state;
	uint8_t verb;	/* STATE_VERB: WILL, WONT, DO or DONT */
	bool after_cr;	/* the line has been ended: swallow a LF or NUL */
	bool urgent;	/* text is discarded up to the next DM */
	bool sub_bad;	/* the open suboption is to be dropped */
	struct buf sub; /* the open suboption */

	uint8_t q[SIDE__COUNT][256]; /* enum telnet_q */
	bool offered, opened;
	bool type_asked;   /* a terminal type is on its way */
	bool size_awaited; /* WILL NAWS was said, its first size is on its way */
	unsigned type_asks;
	char last_type[TELNET_MAX_TYPE + 1]; /* as it came, cut */
	unsigned timing_marks;		     /* not answered yet */
	uint32_t warned;		     /* a bit for each enum telnet_warning */

	size_t run_size; /* decoded text that has not been told yet; empty between calls */
	char run[256];
};

/* Tell what was typed so far, then this event. */
void telnet_emit(struct telnet *t, const struct telnet_event *ev);
void telnet_send(struct telnet *t, const void *bytes, size_t n);
void telnet_warn(struct telnet *t, enum telnet_warning kind, const char *text);
/* After any answer: tells TELNET_OPENED when it was the last one. */
void telnet_check_opened(struct telnet *t);

/* A step of the Q machine, with what follows from it: reply, events. */
void telnet_option_step(struct telnet *t, enum telnet_side side, uint8_t option,
			enum telnet_q_event event);
/* IAC verb option was received. */
void telnet_option_recv(struct telnet *t, uint8_t verb, uint8_t option);
bool telnet_option_on(const struct telnet *t, enum telnet_side side, uint8_t option);

/* t->sub is complete and well-formed. */
void telnet_suboption_recv(struct telnet *t);
/* Asks for the terminal type, unless that was asked often enough. */
void telnet_suboption_ask_type(struct telnet *t);
void telnet_suboption_tell_window(struct telnet *t, unsigned columns, unsigned rows);

#endif
