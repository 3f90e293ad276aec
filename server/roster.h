/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * roster -- the sessions that are there: who, from where, since when; and the notes they send each
 * other. Any thread (LOCK_ROSTER, which is never held while writing to a peer).
 */
#ifndef ROSTER_H
#define ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "buf.h"

struct roster;
struct roster *roster_new(void);
void roster_free(struct roster *r); /* every seat has left; NULL is fine */

/* How a session is listed. */
struct roster_entry {
	unsigned id;
	char address[72];
	const char *kind; /* "script", "telnet", "plain", "framed": a literal */
	bool person;
	int64_t since_ns;
};

enum { ROSTER_MAX_NOTES = 64 };

/* One session's place, embedded in it; all guarded by LOCK_ROSTER but `roster` and `id`, which are
 * set before start. */
struct roster_seat {
	struct roster *roster; /* NULL: not entered */
	unsigned id;	       /* from 1; never used twice */
	struct roster_seat *previous, *next;
	const struct sockaddr_storage *peer;
	const char *kind;
	bool person;
	int doorbell_fd;
	int64_t since_ns;
	struct roster_note *first, *last;
	unsigned n_notes;
};

/* peer is borrowed until roster_leave(); it is made text only when somebody asks. Listed as a
 * script until roster_update(). */
void roster_enter(struct roster *r, struct roster_seat *seat, const struct sockaddr_storage *peer);
/* Pending notes are dropped, and the doorbell is not rung any more. Nothing for a seat that is all
 * zero. */
void roster_leave(struct roster_seat *seat);
/* Notes for persons ring doorbell_fd (a non-blocking eventfd), or nothing while it is -1. */
void roster_update(struct roster_seat *seat, const char *kind, bool person, int doorbell_fd);
/* Copies the list, oldest first; *ret is xmalloc'd. Returns how many. */
size_t roster_list(struct roster *r, struct roster_entry **ret);

/* Queues a line (clean text, no LF) for every person but `from` (NULL: everybody). At most 64 wait
 * for one session; oldest go. Returns how many sessions got it. */
unsigned roster_say(struct roster *r, const struct roster_seat *from, const char *line);
/* Takes the oldest note (cleared into out): true if there was one. */
bool roster_note(struct roster_seat *seat, struct buf *out);

#endif
