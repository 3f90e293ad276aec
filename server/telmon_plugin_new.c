/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_new -- writes a plugin to begin with: the files of kit/ and two of examples/, which
 * are compiled into this program, with the name in its place. Nothing that is there already is
 * touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "telmon_plugin_private.h"

enum { MAX_NAME = 60, MAX_FILE = 64 << 10 };

/* Made of kit/ by the Makefile. */
extern const char kit_code[], kit_makefile[], kit_plugin[], kit_ask[], kit_test[], kit_readme[],
	kit_fixture[], kit_telmond[];

static const struct {
	const char *path; /* @ is the name */
	const char *text;
	mode_t mode;
} files[] = {
	{ "@.c", kit_code, 0644 },
	{ "Makefile", kit_makefile, 0644 },
	{ "plugin.mk", kit_plugin, 0644 },
	{ "ask.sh", kit_ask, 0755 },
	{ "test.sh", kit_test, 0755 },
	{ "README.md", kit_readme, 0644 },
	{ "telmond.conf", kit_telmond, 0644 },
	{ "fixture/proc/meminfo", kit_fixture, 0644 },
};
enum { N_FILES = sizeof(files) / sizeof(files[0]) };

/* The command's name has dashes, the metric's underscores, the plugin's either. All three are
 * names to the daemon if this is one. */
static bool
is_name(const char *s)
{
	size_t n = strlen(s);

	return n && n <= MAX_NAME && *s >= 'a' && *s <= 'z' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

static void
put_name(struct buf *out, const char *name, char from, char to)
{
	for (; *name; name++)
		buf_putc(out, *name == from ? to : *name);
}

/* @NAME@ is the plugin, @METRIC@ and @COMMAND@ what it becomes there. */
static void
fill_in(struct buf *out, const char *text, const char *name)
{
	static const struct {
		const char *word;
		char from, to;
	} words[] = { { "@NAME@", '_', '_' }, { "@METRIC@", '-', '_' }, { "@COMMAND@", '_', '-' } };

	while (*text) {
		size_t i = 0;

		while (i < 3 && strncmp(text, words[i].word, strlen(words[i].word)) != 0)
			i++;
		if (i == 3) {
			buf_putc(out, *text++);
			continue;
		}
		put_name(out, name, words[i].from, words[i].to);
		text += strlen(words[i].word);
	}
}

static int
write_file(int dir, const char *path, mode_t mode, struct buf *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	while (text->len) {
		ssize_t n = write(fd, text->data, text->len);

		if (n < 0 && errno != EINTR) {
			int r = -errno;

			close(fd);
			return r;
		}
		buf_consume(text, n > 0 ? (size_t)n : 0);
	}
	return close(fd) < 0 ? -errno : 0;
}

static int
make_file(int dir, const char *path, const char *text, mode_t mode, const char *name)
{
	_autobuf_ struct buf place = BUF_WHY, filled = BUF_INIT(MAX_FILE);

	for (; *path; path++) {
		if (*path == '@')
			buf_puts(&place, name);
		else
			buf_putc(&place, *path);
		if (*path == '/' && mkdirat(dir, buf_str(&place), 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	fill_in(&filled, text, name);
	if (filled.error)
		return filled.error;
	return write_file(dir, buf_str(&place), mode, &filled);
}

/* Always a new one: nothing of ours gets in anybody's way. */
static int
open_dir(const char *path)
{
	int dir;

	if (mkdir(path, 0755) < 0)
		return -errno;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : dir;
}

static void
warn(bool taken, const char *what, const char *name, struct buf *why)
{
	if (taken)
		fprintf(stderr, "telmon-plugin: warning: %s '%s' %s\n", what, name, buf_str(why));
	buf_clear(why);
}

/* What it declares bears its name, so one name will do to have them all anew. */
static void
warn_of_taken(const char *name)
{
	_autobuf_ struct buf command = BUF_WHY, why = BUF_WHY;
	struct taken *t = taken_new();

	put_name(&command, name, '_', '-');
	warn(taken_plugin(t, name, &why), "plugin", name, &why);
	warn(taken_command(t, buf_str(&command), "", &why), "command", buf_str(&command), &why);
	taken_free(t);
}

int
new_plugin(const char *name, const char *path)
{
	int dir, r = 0;

	if (!is_name(name)) {
		fprintf(stderr,
			"telmon-plugin: that is no name for a plugin: small letters, digits, _ and "
			"-, a "
			"letter first, at most %d\n",
			MAX_NAME);
		return EXIT_WRONG_USAGE;
	}
	dir = open_dir(path);
	for (size_t i = 0; dir >= 0 && r == 0 && i < N_FILES; i++)
		r = make_file(dir, files[i].path, files[i].text, files[i].mode, name);
	if (dir >= 0)
		close(dir);
	if (dir < 0 || r < 0) {
		fprintf(stderr, "telmon-plugin: %s: %s\n", path, strerror(dir < 0 ? -dir : -r));
		return EXIT_FOUND;
	}
	warn_of_taken(name);
	printf("%s is written. Now:\n\n\tcd %s && make && make check\n\n", path, path);
	return 0;
}
