/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telnet -- the protocol of RFC 854, 855, 856, 857, 858, 859, 860, 1073, 1091, 1143, 2066, server
 * side: bytes in, events out. Pure: no descriptor, no clock, no thread; what must be sent is an
 * event too. Policy (what is performed and accepted) is a table in telnet_option.c and is the same
 * for every session.
 */
#ifndef TELNET_H
#define TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum telnet_event_type {
	TELNET_DATA, /* typed bytes: text, size. Line ends arrive as one '\n' each unless BINARY is
			on */
	TELNET_SEND, /* text, size: bytes that must go out, in this order with other output, as they
			are */
	TELNET_INTERRUPT,     /* IP, BRK, ABORT: as ^C */
	TELNET_ERASE_CHAR,    /* EC */
	TELNET_ERASE_LINE,    /* EL */
	TELNET_ARE_YOU_THERE, /* AYT */
	TELNET_ABORT_OUTPUT,  /* AO */
	TELNET_EOF,	      /* EOF (236) */
	TELNET_SUSPEND,	      /* SUSP */
	TELNET_SYNCH, /* DM. on: urgent data was seen, so typed text before it is to be discarded */
	TELNET_TIMING_MARK, /* DO TM: call telnet_timing_mark() once all output before it is written
			     */
	TELNET_WINDOW,	    /* columns, rows (clamped to 512); on: both were told, else the
			       default stands in for what was not */
	TELNET_TERMINAL,    /* text, size: terminal type, lower case, [a-z0-9+._-]{1,40} */
	TELNET_ECHO,	    /* on: whether we echo now */
	TELNET_BINARY_OUT,  /* on */
	TELNET_CHARSET,	    /* the peer asked for UTF-8 and got it */
	TELNET_OPENED,	/* once: the opening has been answered, promised size and type included (not
			   DO SGA) */
	TELNET_WARNING, /* text, size: for the debug log; at most one of each kind a session */
};

struct telnet_event {
	enum telnet_event_type type;
	const char *text; /* borrowed: valid during the callback */
	size_t size;
	unsigned columns, rows;
	bool on;
};

typedef void telnet_event_cb(void *ctx, const struct telnet_event *ev);

struct telnet; /* about 1 KiB; suboptions are held only while one is open, at most 4,096 decoded
		  bytes */

/* cb is called only from inside telnet_recv(), telnet_offer(), telnet_timing_mark(),
 * telnet_set_echo() and telnet_suboption_end(). */
struct telnet *telnet_new(telnet_event_cb *cb, void *ctx);
void telnet_free(struct telnet *t);

/* Decodes all n bytes. Output is the same however the bytes are cut. */
void telnet_recv(struct telnet *t, const char *bytes, size_t n);
/* Sends the opening offer (once; later calls do nothing). probed: IAC DO TTYPE went out already.
 * Comes before telnet_recv() of the peer's first bytes, so that those count as answers. */
void telnet_offer(struct telnet *t, bool probed);
/* Answers the oldest TELNET_TIMING_MARK. */
void telnet_timing_mark(struct telnet *t);
/* Asks the Q machine to switch our echo (a password prompt keeps WILL ECHO and simply does not
 * echo). */
void telnet_set_echo(struct telnet *t, bool on);
/* Urgent data was seen (POLLPRI): typed text is discarded, options still work, until the next DM.
 */
void telnet_urgent(struct telnet *t);
/* Gives up on urgent mode (its deadline passed without a DM), or on an open suboption (10 s). */
void telnet_urgent_end(struct telnet *t);
void telnet_suboption_end(struct telnet *t);
/* True while a suboption is open, so that the caller knows that its deadline runs. */
bool telnet_in_suboption(const struct telnet *t);
bool telnet_is_urgent(const struct telnet *t);
bool telnet_is_open(const struct telnet *t); /* TELNET_OPENED was told */
bool telnet_echoes(const struct telnet *t);  /* we said WILL ECHO and the peer agreed */
bool
telnet_go_ahead(const struct telnet *t); /* SGA was refused: IAC GA belongs after each prompt */
bool telnet_refused(
	const struct telnet *t); /* neither TTYPE nor NAWS: no terminal (Python's telnetlib) */

/* Appends output as this session must see it: IAC doubled; unless BINARY, LF becomes CR LF and a CR
 * that no LF follows CR NUL. *last_cr carries a CR over from one call to the next. 0 or buf's
 * error. */
int telnet_encode(const struct telnet *t, struct buf *out, const char *s, size_t n, bool *last_cr);

#define TELNET_PROBE "\xff\xfd\x18" /* IAC DO TTYPE */
#define TELNET_GA "\xff\xf9"

#endif
