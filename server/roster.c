/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * roster -- a list of seats in the order they were taken. A seat is part of its session, so
 * entering and leaving cost a few instructions under the lock and no memory. A note is copied for
 * each person who gets it; its reader takes it out on its own thread. Writes to eventfds only,
 * never to a peer. Any thread.
 */
#include "roster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"
#include "mem.h"
#include "net.h"

struct roster_note {
	struct roster_note *next;
	size_t size;
	char text[];
};

struct roster {
	struct lock lock;
	/* guarded by lock */
	struct roster_seat *first, *last;
	size_t count;
	unsigned last_id;
};

struct roster *
roster_new(void)
{
	struct roster *r = xcalloc(1, sizeof(*r));

	lock_init(&r->lock, LOCK_ROSTER);
	return r;
}

void
roster_free(struct roster *r)
{
	if (!r)
		return;
	assert(!r->first);
	lock_fini(&r->lock);
	free(r);
}

void
roster_enter(struct roster *r, struct roster_seat *seat, const struct sockaddr_storage *peer)
{
	*seat = (struct roster_seat){
		.roster = r,
		.peer = peer,
		.kind = "script",
		.doorbell_fd = -1,
		.since_ns = now_ns(),
	};
	LOCKED(&r->lock) {
		seat->id = ++r->last_id;
		seat->previous = r->last;
		if (r->last)
			r->last->next = seat;
		else
			r->first = seat;
		r->last = seat;
		r->count++;
	}
}

static void
free_notes(struct roster_note *note)
{
	while (note) {
		struct roster_note *next = note->next;

		free(note);
		note = next;
	}
}

void
roster_leave(struct roster_seat *seat)
{
	struct roster *r = seat->roster;
	struct roster_note *notes = NULL;

	if (!r)
		return;
	LOCKED(&r->lock) {
		*(seat->previous ? &seat->previous->next : &r->first) = seat->next;
		*(seat->next ? &seat->next->previous : &r->last) = seat->previous;
		r->count--;
		notes = seat->first;
	}
	free_notes(notes);
	*seat = (struct roster_seat){ .doorbell_fd = -1 };
}

void
roster_update(struct roster_seat *seat, const char *kind, bool person, int doorbell_fd)
{
	LOCKED(&seat->roster->lock) {
		seat->kind = kind;
		seat->person = person;
		seat->doorbell_fd = doorbell_fd;
	}
}

/* What is copied under the lock; the address is made text after it. */
struct listed {
	struct roster_entry entry;
	struct sockaddr_storage peer;
};

static size_t
copy_list(struct roster *r, struct listed *to, size_t room)
{
	size_t n = 0;

	for (struct roster_seat *s = r->first; s && n < room; s = s->next)
		to[n++] = (struct listed){
			.entry = { .id = s->id,
				   .kind = s->kind,
				   .person = s->person,
				   .since_ns = s->since_ns },
			.peer = *s->peer,
		};
	return n;
}

size_t
roster_list(struct roster *r, struct roster_entry **ret)
{
	struct listed *list;
	size_t room = 0, n = 0;

	LOCKED(&r->lock)
		room = r->count;
	/* Sessions that come while memory is found are not in this list; that is as good as a
	 * moment earlier. */
	list = xcalloc(room, sizeof(*list));
	LOCKED(&r->lock)
		n = copy_list(r, list, room);
	*ret = xcalloc(n, sizeof(**ret));
	for (size_t i = 0; i < n; i++) {
		_autobuf_ struct buf address = BUF_INIT(sizeof((*ret)->address) - 1);

		(*ret)[i] = list[i].entry;
		net_format_address(&address, &list[i].peer);
		strcpy((*ret)[i].address, buf_str(&address));
	}
	free(list);
	return n;
}

static void
ring(int fd)
{
	static const uint64_t one = 1;

	/* An eventfd that is full has rung already. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

static bool
add_note(struct roster_seat *seat, const char *line, size_t size)
{
	struct roster_note *note = malloc(sizeof(*note) + size), *oldest;

	if (!note)
		return false;
	note->next = NULL;
	note->size = size;
	memcpy(note->text, line, size);
	*(seat->last ? &seat->last->next : &seat->first) = note;
	seat->last = note;
	if (++seat->n_notes > ROSTER_MAX_NOTES) {
		oldest = seat->first;
		seat->first = oldest->next;
		seat->n_notes--;
		free(oldest);
	}
	ring(seat->doorbell_fd);
	return true;
}

unsigned
roster_say(struct roster *r, const struct roster_seat *from, const char *line)
{
	size_t size = strlen(line);
	unsigned heard = 0;

	LOCKED(&r->lock)
		for (struct roster_seat *s = r->first; s; s = s->next)
			if (s->person && s != from)
				heard += add_note(s, line, size);
	return heard;
}

bool
roster_note(struct roster_seat *seat, struct buf *out)
{
	struct roster_note *note = NULL;

	buf_clear(out);
	LOCKED(&seat->roster->lock) {
		note = seat->first;
		if (note) {
			seat->first = note->next;
			if (!note->next)
				seat->last = NULL;
			seat->n_notes--;
		}
	}
	if (!note)
		return false;
	buf_put(out, note->text, note->size);
	free(note);
	return true;
}
