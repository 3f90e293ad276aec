/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * conn -- one accepted socket: non-blocking reads and writes, peer and credentials. Knows no
 * protocol. Owned by one session; one thread at a time.
 */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "buf.h"

struct conn {
	int fd;
	bool is_unix;
	bool admin; /* Unix peer whose uid is root's or the daemon's own */
	uid_t uid;  /* Unix peers */
	pid_t pid;
	struct sockaddr_storage peer;
	struct buf out; /* waiting to be sent; its maximum is max_output */
	size_t sent;	/* bytes of out that went already */
	uint64_t bytes_in, bytes_out;
	int64_t wait_ns;     /* what conn_read_wait() told the kernel; 0 = nothing yet */
	int64_t progress_ns; /* when the peer last took a byte while something was waiting */
};

/* Takes fd, which must be non-blocking. Socket options are inherited from the listener; credentials
 * are asked for here. */
void conn_open(struct conn *c, int fd, const struct sockaddr_storage *peer, size_t max_output);
/* Sends what is still waiting if the peer takes it at once, shuts down, drains input up to drain_ms
 * so that no reset eats the answer (0 when the peer has already ended), closes. */
void conn_close(struct conn *c, int drain_ms);

/* Bytes read, 0 at the end of input, -EAGAIN, or -errno (reset). Never blocks. */
ssize_t conn_read(struct conn *c, char *bytes, size_t n);
/* As conn_read(), but blocks up to timeout_ns (more than 0): one system call where polling first
 * takes two. Setting the time costs two more, once, so this is for a peer that asks again and
 * again. Nothing else can end the wait. */
ssize_t conn_read_wait(struct conn *c, char *bytes, size_t n, int64_t timeout_ns);
/* Appends to what is waiting. 0, or -EMSGSIZE when that would pass max_output: flush and wait for
 * room first. */
int conn_put(struct conn *c, const void *bytes, size_t n);
/* Sends as much as the peer takes now. 0 = nothing is left, -EAGAIN = poll for writing, -EPIPE and
 * others: the peer is gone. */
int conn_flush(struct conn *c);
/* Sends bytes past the buffer when it is empty, keeps the rest. The fast way for a whole answer. As
 * conn_flush(). */
int conn_send(struct conn *c, const void *bytes, size_t n);
static inline size_t
conn_waiting(const struct conn *c)
{
	return c->out.len - c->sent;
}
/* The smoothed round trip of TCP in nanoseconds; 0 for others. */
int64_t conn_round_trip_ns(const struct conn *c);
/* Gives memory back while nothing waits to be sent. */
void conn_release(struct conn *c);
/* For a socket that no session will have: writes the line if the peer takes it at once (NULL: says
 * nothing), closes. Never blocks. */
void conn_refuse(int fd, const char *line);

#endif
