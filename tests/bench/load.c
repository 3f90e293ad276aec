/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * load -- asks a server on 127.0.0.1 and counts. Knows two servers' manners: telmon's and bare's.
 *
 *	load once PORT CLIENTS SECONDS LINE
 *		connect, send, half-close, read to the end; prints answers a second
 *
 *	load keep PORT CLIENTS SECONDS LINE BYTES
 *		one connection each, again and again; BYTES an answer, 0 = up to a line feed
 *
 *	load hold PORT N
 *		opens N connections that say /hold, prints "ready", waits for the end of its input
 *
 *	load paced PORT COUNT MS LINE
 *		one shot every MS milliseconds; prints the median latency in microseconds
 *
 *	load crowd N
 *		N processes that sleep until the end of its input; prints "ready"
 *
 *	load start PATH LINE CMD...
 *		runs CMD, asks LINE on Unix socket PATH as soon as it answers; prints the
 *		microseconds since exec
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct client {
	pthread_t thread;
	int number;
	long answers;
};

static int port;
static char *line;
static size_t line_size, answer_bytes;
static volatile int stopping;

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Each client comes from addresses of its own in 127.0.0.0/8, so that ports in TIME_WAIT do not run
 * out. */
static int
dial(int number)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(0x7f000100 + (uint32_t)number) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static size_t
read_to_end(int fd)
{
	char answer[65536];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, answer, sizeof(answer))) > 0)
		total += (size_t)n;
	return n < 0 ? 0 : total;
}

static void *
ask_once(void *arg)
{
	struct client *c = arg;

	for (unsigned i = 0; !stopping; i++) {
		int fd = dial(c->number * 16 + (int)(i % 16));

		if (fd < 0)
			continue;
		if (send(fd, line, line_size, MSG_NOSIGNAL) == (ssize_t)line_size &&
		    shutdown(fd, SHUT_WR) == 0 && read_to_end(fd) > 0)
			c->answers++;
		close(fd);
	}
	return NULL;
}

/* True once one answer has been read: answer_bytes of it, or up to its line feed. */
static int
read_answer(int fd)
{
	char answer[65536];
	size_t got = 0;

	for (;;) {
		ssize_t n = read(fd, answer, sizeof(answer));

		if (n <= 0)
			return 0;
		got += (size_t)n;
		if (answer_bytes ? got >= answer_bytes : answer[n - 1] == '\n')
			return 1;
	}
}

static void *
ask_again(void *arg)
{
	struct client *c = arg;
	int fd = dial(c->number);

	if (fd < 0)
		err(1, "connect");
	while (!stopping) {
		if (send(fd, line, line_size, MSG_NOSIGNAL) != (ssize_t)line_size ||
		    !read_answer(fd))
			break;
		c->answers++;
	}
	close(fd);
	return NULL;
}

static void
run_clients(void *(*fn)(void *), int n, double seconds)
{
	struct client *clients = calloc((size_t)n, sizeof(*clients));
	int64_t start = now_us(), spent;
	long answers = 0;

	if (!clients)
		err(1, "calloc");
	for (int i = 0; i < n; i++) {
		clients[i].number = i;
		if (pthread_create(&clients[i].thread, NULL, fn, &clients[i]) != 0)
			errx(1, "pthread_create");
	}
	usleep((useconds_t)(seconds * 1e6));
	stopping = 1;
	spent = now_us() - start;
	for (int i = 0; i < n; i++) {
		pthread_join(clients[i].thread, NULL);
		answers += clients[i].answers;
	}
	printf("%.1f\n", (double)answers * 1e6 / (double)spent);
	free(clients);
}

static void
hold(int n)
{
	struct rlimit limit;
	char byte;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < n; i++) {
		int fd = dial(i % 200);

		if (fd < 0 || send(fd, "/hold\n", 6, MSG_NOSIGNAL) != 6)
			err(1, "connection %d", i);
	}
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
paced(int count, int pause_ms)
{
	int64_t *times = calloc((size_t)count, sizeof(*times));

	if (!times)
		err(1, "calloc");
	for (int i = 0; i < count; i++) {
		int64_t start = now_us();
		int fd = dial(0);

		if (fd < 0 || send(fd, line, line_size, MSG_NOSIGNAL) < 0 ||
		    shutdown(fd, SHUT_WR) < 0 || read_to_end(fd) == 0)
			err(1, "request");
		times[i] = now_us() - start;
		close(fd);
		usleep((useconds_t)pause_ms * 1000);
	}
	qsort(times, (size_t)count, sizeof(*times), compare);
	printf("%lld\n", (long long)times[count / 2]);
	free(times);
}

static void
crowd(int n)
{
	pid_t *children = calloc((size_t)n, sizeof(*children));
	char byte;

	for (int i = 0; children && i < n; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			pause();
			_exit(0);
		}
	}
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (int i = 0; children && i < n; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	free(children);
}

static void
start(const char *path, char **command)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int64_t began = now_us();
	pid_t pid = fork();
	int fd = -1;

	strncpy(to.sun_path, path, sizeof(to.sun_path) - 1);
	if (pid == 0) {
		execv(command[0], command);
		_exit(127);
	}
	while (now_us() - began < 5000000) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
			break;
		close(fd);
		fd = -1;
		usleep(100);
	}
	if (fd < 0 || send(fd, line, line_size, MSG_NOSIGNAL) < 0 || shutdown(fd, SHUT_WR) < 0 ||
	    read_to_end(fd) == 0)
		errx(1, "no answer");
	printf("%lld\n", (long long)(now_us() - began));
	close(fd);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static void
set_line(const char *text)
{
	line_size = strlen(text) + 1;
	line = malloc(line_size + 1);
	if (!line)
		err(1, "malloc");
	snprintf(line, line_size + 1, "%s\n", text);
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	if (strcmp(mode, "once") == 0 && argc == 6) {
		port = atoi(argv[2]);
		set_line(argv[5]);
		run_clients(ask_once, atoi(argv[3]), atof(argv[4]));
	} else if (strcmp(mode, "keep") == 0 && argc == 7) {
		port = atoi(argv[2]);
		set_line(argv[5]);
		answer_bytes = strtoul(argv[6], NULL, 10);
		run_clients(ask_again, atoi(argv[3]), atof(argv[4]));
	} else if (strcmp(mode, "hold") == 0 && argc == 4) {
		port = atoi(argv[2]);
		hold(atoi(argv[3]));
	} else if (strcmp(mode, "paced") == 0 && argc == 6) {
		port = atoi(argv[2]);
		set_line(argv[5]);
		paced(atoi(argv[3]), atoi(argv[4]));
	} else if (strcmp(mode, "crowd") == 0 && argc == 3) {
		crowd(atoi(argv[2]));
	} else if (strcmp(mode, "start") == 0 && argc >= 5) {
		set_line(argv[3]);
		start(argv[2], argv + 4);
	} else {
		errx(2, "see the head of load.c");
	}
	return 0;
}
