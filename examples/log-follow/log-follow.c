/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * log-follow -- counts the lines of a log file, and those that match a pattern. The state keeps the
 * open file and how far it was read. A file that was rotated is read to its end before the new one
 * is begun; one that was cut is read from its beginning. collect and run are called one at a time,
 * so the state needs no lock; views do not look at it.
 */
#include <telmon/plugin.h>

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES, MATCHES, BYTES, ROTATIONS };

static const struct telmon_metric metrics[] = {
	[LINES] = { .name = "log_follow_lines_total",
		    .help = "Lines that were read",
		    .kind = TELMON_COUNTER,
		    .labels = "file",
		    .source = "the file of the setting file, since the plugin was started" },
	[MATCHES] = { .name = "log_follow_matches_total",
		      .help = "Lines that match the pattern",
		      .kind = TELMON_COUNTER,
		      .labels = "file",
		      .source = "the file of the setting file, since the plugin was started",
		      .formula = "lines in which regexec(3) finds the setting pattern" },
	[BYTES] = { .name = "log_follow_read_bytes_total",
		    .help = "Bytes that were read",
		    .kind = TELMON_COUNTER,
		    .unit = TELMON_BYTES,
		    .labels = "file",
		    .source = "read(2)" },
	[ROTATIONS] = { .name = "log_follow_rotations_total",
			.help = "How often the file was replaced or cut",
			.kind = TELMON_COUNTER,
			.labels = "file",
			.source = "fstat(2)" },
};

/* A pass reads no more than this, so that a log that grows fast is followed in several. */
enum { MAX_LINE = 4096, MAX_PASS = 16 << 20, KEPT = 20 };

struct state {
	int fd; /* -1: the file is not there */
	struct stat file;
	off_t cursor; /* behind the last byte that was read */
	char line[MAX_LINE + 1];
	size_t n; /* of a line whose end is not there yet; past MAX_LINE its bytes are dropped */
	bool has_pattern;
	regex_t pattern;
	double lines, matches, bytes, rotations;
	char *kept[KEPT]; /* the last lines that matched; number `matches` is at matches % KEPT */
};

/* ---- lines ---- */

static void
take_line(struct state *s)
{
	char **place = &s->kept[(size_t)s->matches % KEPT];

	s->line[s->n] = '\0';
	s->n = 0;
	s->lines++;
	if (!s->has_pattern || regexec(&s->pattern, s->line, 0, NULL, 0) != 0)
		return;
	free(*place);
	*place = strdup(s->line);
	s->matches++;
}

static void
take_bytes(struct state *s, const char *bytes, size_t n)
{
	s->bytes += (double)n;
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			take_line(s);
		else if (s->n < MAX_LINE)
			s->line[s->n++] = bytes[i];
	}
}

/* Reads up to the end. 0 or -errno. */
static int
read_on(struct telmon *t, struct state *s)
{
	char bytes[64 << 10];
	off_t until = s->cursor + MAX_PASS;

	while (s->cursor < until && !telmon_cancelled(t)) {
		ssize_t n = pread(s->fd, bytes, sizeof(bytes), s->cursor);

		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		s->cursor += n;
		take_bytes(s, bytes, (size_t)n);
	}
	return 0;
}

/* ---- the file ---- */

/* Opened as it is now, and read from its beginning. */
static int
open_file(struct state *s, const char *path)
{
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (s->fd < 0)
		return -errno;
	if (fstat(s->fd, &s->file) < 0 || !S_ISREG(s->file.st_mode)) {
		close(s->fd);
		s->fd = -1;
		return -EINVAL;
	}
	s->cursor = 0;
	s->n = 0;
	return 0;
}

/* Whether the path leads to another file by now. */
static bool
was_rotated(const struct state *s, const char *path)
{
	struct stat now;

	return stat(path, &now) == 0 &&
	       (now.st_dev != s->file.st_dev || now.st_ino != s->file.st_ino);
}

static int
follow(struct telmon *t, struct state *s, const char *path)
{
	bool rotated = s->fd >= 0 && was_rotated(s, path);
	struct stat now;
	int r;

	if (s->fd >= 0 && fstat(s->fd, &now) == 0 && now.st_size < s->cursor) {
		s->cursor = 0;
		s->n = 0;
		s->rotations++;
	}
	r = s->fd >= 0 ? read_on(t, s) : 0;
	if (r < 0)
		return r;
	if (rotated && !telmon_cancelled(t)) {
		close(s->fd);
		s->fd = -1;
		s->rotations++;
	}
	if (s->fd < 0) {
		r = open_file(s, path);
		/* Between two files there may be none. */
		if (r < 0)
			return rotated && r == -ENOENT ? 0 : r;
		return read_on(t, s);
	}
	return 0;
}

/* ---- callbacks ---- */

static void
free_state(struct state *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->has_pattern)
		regfree(&s->pattern);
	for (size_t i = 0; i < KEPT; i++)
		free(s->kept[i]);
	free(s);
}

/* What was there before is not counted, unless the setting from says "begin". */
static int
start(struct telmon *t)
{
	const char *path = telmon_setting(t, "file"), *pattern = telmon_setting(t, "pattern");
	const char *from = telmon_setting(t, "from");
	struct state *s;
	int r;

	if (!path)
		return telmon_fail(t, -EINVAL, "the setting file=... is wanted");
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fd = -1;
	if (pattern && regcomp(&s->pattern, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
		free_state(s);
		return telmon_fail(t, -EINVAL, "the setting pattern=... is no regular expression");
	}
	s->has_pattern = pattern != NULL;
	r = open_file(s, path);
	if (r < 0)
		telmon_log(t, TELMON_WARNING, "the file cannot be opened yet; waiting for it");
	else if (!from || strcmp(from, "begin") != 0)
		s->cursor = s->file.st_size;
	t->state = s;
	return 0;
}

static void
stop(struct telmon *t)
{
	free_state(t->state);
}

static int
collect(struct telmon *t)
{
	const char *path = telmon_setting(t, "file");
	struct state *s = t->state;
	int r = follow(t, s, path);

	if (r < 0)
		return telmon_fail(
			t, r,
			"the file cannot be read (isolated, it must stand in read = { ... })");
	telmon_put1(t, LINES, path, s->lines);
	telmon_put1(t, MATCHES, path, s->matches);
	telmon_put1(t, BYTES, path, s->bytes);
	telmon_put1(t, ROTATIONS, path, s->rotations);
	return 0;
}

static const struct telmon_column view_columns[] = {
	{ .name = "file", .help = "The file that is followed", .type = TELMON_TEXT },
	{ .name = "lines", .help = "Lines since the start", .type = TELMON_INT },
	{ .name = "lines_per_s",
	  .help = "Lines a second",
	  .type = TELMON_REAL,
	  .unit = TELMON_PER_S,
	  .formula = "growth of log_follow_lines_total / interval" },
	{ .name = "matches", .help = "Lines that match, since the start", .type = TELMON_INT },
	{ .name = "matches_per_s",
	  .help = "Matching lines a second",
	  .type = TELMON_REAL,
	  .unit = TELMON_PER_S,
	  .formula = "growth of log_follow_matches_total / interval" },
	{ .name = "rotations",
	  .help = "How often the file was replaced or cut",
	  .type = TELMON_INT,
	  .priority = 3 },
};

static int
view_log(struct telmon *t)
{
	for (size_t i = 0; i < telmon_count(t, LINES); i++) {
		telmon_row(t);
		telmon_text(t, telmon_label(t, LINES, i, 0));
		telmon_real(t, telmon_value(t, LINES, i));
		telmon_real(t, telmon_rate(t, LINES, i));
		telmon_real(t, telmon_value(t, MATCHES, i));
		telmon_real(t, telmon_rate(t, MATCHES, i));
		telmon_real(t, telmon_value(t, ROTATIONS, i));
	}
	return 0;
}

static const struct telmon_column run_columns[] = {
	{ .name = "line", .help = "A line that matched, oldest first", .type = TELMON_TEXT },
};

enum { ROWS };

static const struct telmon_arg run_args[] = {
	[ROWS] = { .name = "rows",
		   .help = "How many lines",
		   .flag = 'n',
		   .type = TELMON_INT,
		   .def = "10",
		   .min = 1,
		   .max = KEPT },
};

/* The state is a run's as well: no collect goes on meanwhile. */
static int
run_last(struct telmon *t)
{
	struct state *s = t->state;
	size_t matches = (size_t)s->matches, rows = (size_t)telmon_arg_int(t, ROWS);

	rows = rows < matches ? rows : matches;
	rows = rows < KEPT ? rows : KEPT;
	for (size_t i = matches - rows; i < matches; i++) {
		int r = telmon_row(t);

		if (r < 0)
			return r;
		telmon_text(t, s->kept[i % KEPT]);
	}
	return 0;
}

static const struct telmon_command commands[] = {
	{ .name = "log-follow",
	  .help = "Lines of a log, and those that match",
	  TELMON_COLUMNS(view_columns),
	  .view = view_log },
	{ .name = "log-matches",
	  .help = "The last lines that matched",
	  TELMON_COLUMNS(run_columns),
	  TELMON_ARGS(run_args),
	  .run = run_last },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "Follows a log file and counts lines that match",
	.mode = TELMON_SAMPLED,
	.interval_s = 5,
	TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
	.start = start,
	.stop = stop,
	.collect = collect,
};
