/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * contact -- dials, opens the session, says in one line why that did not work. The daemon's own
 * words, where it has any, say more than ours.
 */
#include "contact.h"

#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "dial.h"
#include "relay.h"
#include "wire.h"

/* Without -t connecting and the first words may take this long, and an answer for ever: the daemon
 * has deadlines. */
enum { CONNECT_SECONDS = 10 };

int
contact_explain(int error)
{
	switch (error) {
	case -ETIMEDOUT:
		fputs("error: no answer in time\n", stderr);
		return STATUS_TIMEOUT;
	case -EIO:
		fputs("error: the answer cannot be written\n", stderr);
		return STATUS_FAILED;
	case -EINTR:
	case -ECANCELED:
		fputs("error: gave up waiting for the daemon\n", stderr);
		return STATUS_CANCELLED;
	case -EBADMSG:
	case -EPROTO:
		fputs("error: this is no telmond, or one of another version\n", stderr);
		return STATUS_UNAVAILABLE;
	default:
		fputs("error: the connection was lost\n", stderr);
		return STATUS_UNAVAILABLE;
	}
}

static struct talk *
dial_daemon(const struct contact *c, double seconds, const sigset_t *mask, int *ret_status)
{
	_autobuf_ struct buf why = BUF_INIT(16 << 10);
	int fd = dial(c->place ? &c->url : NULL, clock_in(seconds), mask, &why);

	if (fd >= 0)
		return talk_new(fd, seconds);
	if (fd == -EINTR) {
		*ret_status = contact_explain(fd);
		return NULL;
	}
	fprintf(stderr, "error: cannot connect: %s\n", buf_str(&why));
	*ret_status = fd == -ETIMEDOUT ? STATUS_TIMEOUT : STATUS_NO_HOST;
	return NULL;
}

static int
open_session(struct talk *t, const struct contact *c)
{
	_autobuf_ struct buf why = BUF_INIT(16 << 10);
	int status, r = talk_open(t, &why);

	if (why.len)
		fprintf(stderr, "error: %s\n", buf_str(&why));
	if (r < 0 && why.len)
		return r == -ETIMEDOUT ? STATUS_TIMEOUT : STATUS_UNAVAILABLE;
	if (r == 0 && c->json)
		r = relay_ask(t, "/set format json", NULL, NULL, &status);
	talk_set_silence(t, c->seconds);
	return r < 0 ? contact_explain(r) : STATUS_OK;
}

struct talk *
contact_open(const struct contact *c, const sigset_t *mask, int *ret_status)
{
	double seconds = c->seconds > 0 ? c->seconds : CONNECT_SECONDS;
	struct talk *t = dial_daemon(c, seconds, mask, ret_status);

	if (!t)
		return NULL;
	talk_set_watch(t, -1, mask);
	*ret_status = open_session(t, c);
	if (*ret_status == STATUS_OK)
		return t;
	talk_free(t);
	return NULL;
}
