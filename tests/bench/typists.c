/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * typists -- people on telnet at a server on 127.0.0.1, as many as it is told, each on a terminal
 * of 80x24 with libedit behind it.
 *
 *	typists open PORT N
 *		one after another: comes, types a line, leaves; prints the median time from the
 *		answer to the probe to the prompt in microseconds (N up to 100; more speak first,
 *		which is faster)
 *
 *	typists hold PORT N
 *		N stay; prints "ready", waits for the end of its input
 *
 *	typists type PORT N TYPING SECONDS
 *		N stay, TYPING of them press a key five times a second; prints the median time
 *		from key to echo and that of 99 in 100, in microseconds
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { KEYS_A_SECOND = 5, LINE_KEYS = 40, WAIT_MS = 30000, MOST = 100000, MOST_PROBED = 100 };

static const char answer[] = "\xff\xfb\x18",
		  terms[] = "\xff\xfd\x01\xff\xfd\x03\xff\xfb\x03\xff\xfb\x1f"
			    "\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0"
			    "\xff\xfa\x18\x00XTERM\xff\xf0";

struct typist {
	int fd;
	unsigned keys;	 /* of the line at hand */
	int64_t sent_us; /* when a key went that has no echo yet; 0 = none */
	int64_t next_us; /* when the next one is due */
};

static int port;
static int64_t *times;
static size_t n_times;

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t
percentile(unsigned percent)
{
	return n_times ? times[(n_times - 1) * percent / 100] : -1;
}

static void
took(int64_t us)
{
	if (n_times < MOST)
		times[n_times++] = us;
}

static void
put(int fd, const char *bytes, size_t n)
{
	if (send(fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
		err(1, "send");
}

/* Reads until text has come. */
static void
await(int fd, const char *text)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char bytes[16384];
	size_t have = 0;

	while (!memmem(bytes, have, text, strlen(text))) {
		ssize_t n;

		if (have == sizeof(bytes))
			errx(1, "too much came before '%s'", text);
		if (poll(&poll_fd, 1, WAIT_MS) <= 0)
			errx(1, "'%s' did not come", text);
		n = read(fd, bytes + have, sizeof(bytes) - have);
		if (n <= 0)
			errx(1, "the server has left");
		have += (size_t)n;
	}
}

/* Each one comes from an address of its own in 127.0.0.0/8. */
static int
dial(unsigned number)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(0x7f000100 + number) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "connect");
	return fd;
}

/* Answers the probe, and waits for the prompt. */
static void
come(int fd)
{
	int64_t from_us;

	await(fd, answer + 2); /* the probe names the option that it asks for */
	from_us = now_us();
	put(fd, answer, sizeof(answer) - 1);
	put(fd, terms, sizeof(terms) - 1);
	await(fd, "> ");
	took(now_us() - from_us);
}

/* Speaks first, as PuTTY does: nobody waits for the probe. */
static int
come_speaking(unsigned number)
{
	int fd = dial(number);

	put(fd, answer, sizeof(answer) - 1);
	put(fd, terms, sizeof(terms) - 1);
	return fd;
}

static void
open_and_leave(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int fd;

		if (n > MOST_PROBED) {
			fd = come_speaking(i % 60000);
			await(fd, "> ");
		} else {
			fd = dial(i);
			come(fd);
		}
		put(fd, "echo some words\x1b[D\x1b[Dx\r\0", 24);
		await(fd, "worxds\r\n");
		put(fd, "quit\r\0", 6);
		await(fd, "quit");
		close(fd);
	}
}

static struct typist *
gather(unsigned n)
{
	struct typist *all = calloc(n, sizeof(*all));

	if (!all)
		err(1, "memory");
	for (unsigned i = 0; i < n; i++)
		all[i].fd = come_speaking(i);
	for (unsigned i = 0; i < n; i++)
		await(all[i].fd, "> ");
	return all;
}

static void
press(struct typist *t, int64_t now)
{
	t->sent_us = now;
	t->next_us += 1000000 / KEYS_A_SECOND;
	/* A line that is full is given up, so that it costs what lines of people cost. */
	if (++t->keys % LINE_KEYS == 0)
		put(t->fd, "\x15", 1);
	else
		put(t->fd, t->keys % 4 == 0 ? "\x7f" : "x", 1);
}

static void
echoed(struct typist *t)
{
	char bytes[4096];

	if (read(t->fd, bytes, sizeof(bytes)) <= 0)
		errx(1, "the server has left");
	if (t->sent_us)
		took(now_us() - t->sent_us);
	t->sent_us = 0;
}

static void
type(struct typist *all, unsigned typing, unsigned seconds)
{
	int queue = epoll_create1(EPOLL_CLOEXEC);
	int64_t start = now_us(), end = start + (int64_t)seconds * 1000000, now;

	n_times = 0;
	for (unsigned i = 0; i < typing; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &all[i] };

		all[i].next_us = start + (int64_t)i * 1000000 / KEYS_A_SECOND / typing;
		epoll_ctl(queue, EPOLL_CTL_ADD, all[i].fd, &event);
	}
	while ((now = now_us()) < end) {
		struct epoll_event events[64];
		int n = epoll_wait(queue, events, 64, 1);

		for (int i = 0; i < n; i++)
			echoed(events[i].data.ptr);
		now = now_us();
		for (unsigned i = 0; i < typing; i++)
			if (!all[i].sent_us && all[i].next_us <= now)
				press(&all[i], now);
	}
	close(queue);
}

static int
usage(void)
{
	fputs("usage: typists open PORT N | hold PORT N | type PORT N TYPING SECONDS\n", stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	struct rlimit limit;
	unsigned n;

	if (argc < 4)
		return usage();
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	times = calloc(MOST, sizeof(*times));
	port = atoi(argv[2]);
	n = (unsigned)atoi(argv[3]);
	if (!times)
		err(1, "memory");
	if (strcmp(argv[1], "open") == 0) {
		open_and_leave(n);
	} else if (strcmp(argv[1], "hold") == 0) {
		gather(n);
		puts("ready");
		fflush(stdout);
		while (getchar() != EOF)
			continue;
		return 0;
	} else if (strcmp(argv[1], "type") == 0 && argc == 6) {
		type(gather(n), (unsigned)atoi(argv[4]), (unsigned)atoi(argv[5]));
	} else {
		return usage();
	}
	qsort(times, n_times, sizeof(*times), compare);
	if (strcmp(argv[1], "open") == 0)
		printf("%lld\n", (long long)percentile(50));
	else
		printf("%lld %lld\n", (long long)percentile(50), (long long)percentile(99));
	return 0;
}
