/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * bare -- what a socket costs by itself: 16 threads that each accept, read once and send the same
 * number of constant bytes, until the peer ends. The other half of every ratio that bench.py
 * prints.
 *
 *	bare BYTES	listens on 127.0.0.1, prints its port, serves until it is killed
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 16 };

static int listening;
static char *answer;
static size_t answer_size;

static void *
serve(void *arg)
{
	char request[4096];

	(void)arg;
	for (;;) {
		int fd = accept(listening, NULL, NULL);

		if (fd < 0)
			continue;
		while (read(fd, request, sizeof(request)) > 0) {
			if (send(fd, answer, answer_size, MSG_NOSIGNAL) < 0)
				break;
		}
		close(fd);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(sin);
	int on = 1;
	pthread_t thread;

	if (argc != 2)
		errx(2, "usage: bare BYTES");
	answer_size = strtoul(argv[1], NULL, 10);
	answer = malloc(answer_size + 1);
	if (!answer)
		err(1, "malloc");
	memset(answer, 'x', answer_size);
	if (answer_size)
		answer[answer_size - 1] = '\n';
	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(listening, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	    listen(listening, 1024) < 0)
		err(1, "listen");
	getsockname(listening, (struct sockaddr *)&sin, &size);
	printf("%d\n", ntohs(sin.sin_port));
	fflush(stdout);
	for (int i = 1; i < THREADS; i++) {
		if (pthread_create(&thread, NULL, serve, NULL) != 0)
			errx(1, "pthread_create");
	}
	serve(NULL);
	return 0;
}
