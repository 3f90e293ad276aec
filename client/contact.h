/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * contact -- where the daemon is and how to begin with it; what to say when that fails. A prompt
 * does it again when the daemon has gone.
 */
#ifndef CONTACT_H
#define CONTACT_H

#include <signal.h>
#include <stdbool.h>

#include "net.h"
#include "talk.h"

struct contact {
	const char *place;  /* as it was asked for; NULL = the usual places (dial.h) */
	struct net_url url; /* the same, parsed */
	bool json;	    /* answers as JSON */
	double seconds;	    /* for connecting, and for silence; 0 = not said */
};

/* Connects and agrees on the framed way. NULL after an error line on stderr, with its exit status
 * in *ret_status. A signal that mask does not block (NULL: none) ends it. */
struct talk *contact_open(const struct contact *c, const sigset_t *mask, int *ret_status);
/* One error line on stderr for what ended the conversation; returns its exit status. */
int contact_explain(int error);

#endif
