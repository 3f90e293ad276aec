/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * feed -- reads, relays, remembers the last status. An unterminated last line counts.
 */
#include "feed.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "relay.h"

static bool
is_blank(const char *line, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strchr(" \t\r", line[i]) || line[i] == '\0')
			return false;
	}
	return true;
}

int
feed(struct talk *t, FILE *f, int *ret_status)
{
	int r, ignored, status = STATUS_OK;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	/* Whoever writes the lines may take a while; that shall not be taken for their end. */
	r = relay_ask(t, "/hold", NULL, NULL, &ignored);
	while (r == 0 && (n = getline(&line, &size, f)) >= 0 && !relay_is_leave(line)) {
		if (n && line[n - 1] == '\n')
			n--;
		if (!is_blank(line, (size_t)n))
			r = relay(t, line, (size_t)n, NULL, &status);
	}
	free(line);
	if (r == 0)
		*ret_status = status;
	return r;
}
