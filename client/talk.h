/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * talk -- a framed conversation with the daemon: lines out, answers in, notes in between. Prints
 * nothing.
 */
#ifndef TALK_H
#define TALK_H

#include <signal.h>
#include <stddef.h>

#include "buf.h"
#include "wire.h"

/* A line from elsewhere, as it came: clean it before it is shown. */
typedef void talk_note_cb(void *ctx, const char *text, size_t n);

struct talk;

/* Takes fd, which is non-blocking. silence_s: how long the daemon may send nothing while we wait; 0
 * = for ever. */
struct talk *talk_new(int fd, double silence_s);
void talk_set_silence(struct talk *t, double silence_s);
void talk_free(struct talk *t); /* NULL is fine; closes */
void talk_set_notes(struct talk *t, talk_note_cb *cb, void *ctx);
/* What talk_hear() waits for besides the daemon: something to read from fd (-1: no descriptor), a
 * signal that mask does not block. It then returns -EINTR, even while parts keep coming. mask is
 * borrowed; NULL = wait for the daemon alone. */
void talk_set_watch(struct talk *t, int fd, const sigset_t *mask);
int talk_fd(const struct talk *t);

/* Those with a result return 0 or -ETIMEDOUT (silence), -EPIPE (the daemon is gone), -EBADMSG (what
 * came is no framed answer). */

/* Agrees on the framed way. What is not known before that is skipped; lines that begin "error: " go
 * to why, cleaned, the prefix taken off, with "; " between them. -EPROTO: the daemon does not speak
 * it. */
int talk_open(struct talk *t, struct buf *why);
/* Sends one line; n bytes without a line end. Exactly one WIRE_DONE answers it. Never waits: what
 * the socket does not take now goes out while talk_hear() waits, which also tells of errors. */
void talk_say(struct talk *t, const char *line, size_t n);
/* The same for a line that is not answered. While the daemon takes nothing it is left out. */
void talk_hint(struct talk *t, const char *line);
/* Waits for the next part of an answer (WIRE_MORE, WIRE_DONE). text is borrowed until the next
 * call. -EINTR as said above. */
struct talk_part {
	enum wire_type type;
	int status;
	const char *text;
	size_t size;
};
int talk_hear(struct talk *t, struct talk_part *ret);
/* Takes the notes that are here. Never waits. */
int talk_notes(struct talk *t);

#endif
