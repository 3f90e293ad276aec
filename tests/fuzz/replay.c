/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * replay -- the main() of a fuzzer that is built without libFuzzer: gives each file named on the
 * command line, and each file in each directory named there, to the harness once. So the corpora
 * are tests that every compiler can run. Exit status 1 when nothing could be read: a replay of
 * nothing is no test.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { MAX_BYTES = 1 << 20 };

static unsigned
replay_file(const char *path)
{
	uint8_t *bytes = malloc(MAX_BYTES), *exact;
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f || !bytes) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	n = fread(bytes, 1, MAX_BYTES, f);
	fclose(f);
	/* No byte more, so that a sanitizer sees what reads too far. */
	exact = malloc(n ? n : 1);
	if (!exact)
		exit(1);
	memcpy(exact, bytes, n);
	free(bytes);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 1;
}

static unsigned
replay_directory(const char *path)
{
	struct dirent **names;
	unsigned files = 0;
	int n = scandir(path, &names, NULL, alphasort);

	if (n < 0) {
		perror(path);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		char *file;

		if (names[i]->d_name[0] != '.' &&
		    asprintf(&file, "%s/%s", path, names[i]->d_name) >= 0) {
			files += replay_file(file);
			free(file);
		}
		free(names[i]);
	}
	free(names);
	return files;
}

int
main(int argc, char **argv)
{
	unsigned files = 0;
	struct stat st;

	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			files += replay_directory(argv[i]);
		else
			files += replay_file(argv[i]);
	}
	printf("%u inputs\n", files);
	return files ? 0 : 1;
}
