/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * walk -- what reading every process costs by itself: opens and reads each /proc/PID/stat.
 *
 *	walk COUNT MS	walks COUNT times, MS milliseconds apart; prints the median in microseconds
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
walk(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		err(1, "/proc");
	while ((entry = readdir(proc))) {
		char path[300], text[4096];
		int fd;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text)) < 0)
			text[0] = '\0';
		close(fd);
	}
	closedir(proc);
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[1]) : 0;
	int64_t *times = calloc((size_t)count + 1, sizeof(*times));

	if (count < 1 || !times)
		errx(2, "usage: walk COUNT MS");
	for (int i = 0; i < count; i++) {
		int64_t start = now_us();

		walk();
		times[i] = now_us() - start;
		usleep((useconds_t)atoi(argv[2]) * 1000);
	}
	qsort(times, (size_t)count, sizeof(*times), compare);
	printf("%lld\n", (long long)times[count / 2]);
	free(times);
	return 0;
}
