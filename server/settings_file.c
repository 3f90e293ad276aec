/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * settings_file -- the file through libconfuse, which knows braces, quotes and comments. All values
 * are texts to it: their types are the table's business, so that every error has the same form. It
 * takes several things that we do not: a key given twice, a section or comment that never ends.
 * The file is read whole before, because its scanner ends the process when a read fails.
 */
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "settings_private.h"
#include "text.h"

enum { MAX_FILE_BYTES = 1 << 20, MAX_KEYS = 32 };

/* Stands behind the last line. If it is not seen at the top level, something was left open. */
#define SENTINEL "end-of-file"

/* A flag of ours on an option: it was given. libconfuse uses the low bits. */
enum { SEEN = 1 << 30 };

struct reader {
	struct settings *settings;
	const char *path;
	struct buf text;
	int lines;
	bool at_end;
	struct buf *why;
};

/* libconfuse hands its callbacks no context. Set while it parses; main only, as its scanner is. */
static struct reader *reading;

/* FILE:LINE: message. Only the first error counts: the others follow from it. */
static void __attribute__((format(printf, 2, 3))) complain(int line, const char *fmt, ...)
{
	_autobuf_ struct buf message = BUF_INIT(900);
	va_list ap;

	if (reading->why->len)
		return;
	if (line > reading->lines) {
		line = reading->lines;
		buf_puts(&message, "the file ends in the middle of something (a missing brace, "
				   "quote or value)");
	} else {
		va_start(ap, fmt);
		buf_vprintf(&message, fmt, ap);
		va_end(ap);
	}
	text_clean(reading->why, reading->path, strnlen(reading->path, 100));
	buf_printf(reading->why, ":%d: ", line);
	text_clean(reading->why, buf_str(&message), message.len);
}

static const struct settings_row *
rows_of(const cfg_t *section)
{
	if (strcmp(section->name, "listener") == 0)
		return settings_listener_rows;
	if (strcmp(section->name, "plugin") == 0)
		return settings_plugin_rows;
	return settings_rows;
}

static void
complain_unknown(const cfg_t *cfg, const char *name)
{
	const struct settings_row *rows = rows_of(cfg);
	const char *near = settings_nearest_row(rows, name);
	_autobuf_ struct buf message = BUF_INIT(500);

	buf_printf(&message, "'%.64s' is not a setting", name);
	if (rows != settings_rows)
		buf_printf(&message, " of a %s", cfg->name);
	if (near)
		buf_printf(&message, " (did you mean '%s'?)", near);
	complain(cfg->line, "%s", buf_str(&message));
}

/* Called by libconfuse with what it found wrong itself. */
static void __attribute__((format(printf, 2, 0))) on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	_autobuf_ struct buf message = BUF_INIT(700);
	static const char unknown[] = "no such option '", twice[] = "found duplicate title '";
	char *text;

	buf_vprintf(&message, fmt, ap);
	buf_str(&message);
	text = message.data ? message.data : (char *)"unreadable";
	if (strncmp(text, unknown, strlen(unknown)) == 0) {
		text += strlen(unknown);
		text[strcspn(text, "'")] = '\0';
		complain_unknown(cfg, text);
	} else if (strncmp(text, twice, strlen(twice)) == 0) {
		complain(cfg->line, "section '%s is there twice", text + strlen(twice));
	} else {
		complain(cfg->line, "%s", text);
	}
}

/* Called with each value, and each element of a list, as text: here the line is known. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *ret)
{
	const struct settings_row *rows = rows_of(cfg);
	_autobuf_ struct buf why = BUF_WHY;
	int row = settings_find_row(rows, opt->name);

	/* The first value after an equal sign: once is right. */
	if (opt->nvalues == 1 && opt->flags & (cfg_flag_t)SEEN) {
		complain(cfg->line, "'%s' is set twice", opt->name);
		return -1;
	}
	opt->flags |= SEEN;
	if (settings_take(&rows[row], value, NULL, &why) < 0) {
		complain(cfg->line, "'%s' %s", opt->name, buf_str(&why));
		return -1;
	}
	*(const char **)ret = value;
	return 0;
}

static int
on_sentinel(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *ret)
{
	(void)cfg, (void)opt;
	reading->at_end = true;
	*(const char **)ret = value;
	return 0;
}

/* Copies what was checked already. False when a list was emptied by a second assignment, which
 * calls nobody. */
static bool
store(cfg_t *cfg, void *base, unsigned *given)
{
	const struct settings_row *rows = rows_of(cfg);
	_autobuf_ struct buf why = BUF_WHY;

	for (unsigned i = 0; rows[i].name; i++) {
		cfg_opt_t *opt = cfg_getopt(cfg, rows[i].name);
		unsigned n = cfg_opt_size(opt);

		if (!(opt->flags & (cfg_flag_t)SEEN))
			continue;
		if (n == 0) {
			complain(cfg->line < reading->lines ? cfg->line : reading->lines,
				 "'%s' is set twice", rows[i].name);
			return false;
		}
		for (unsigned j = 0; j < n; j++)
			settings_take(&rows[i], cfg_opt_getnstr(opt, j), base, &why);
		*given |= 1u << i;
	}
	return true;
}

/* The line where a section begins: libconfuse knows only where it ends. */
static int
line_of_title(const cfg_t *section, int last)
{
	const char *p = buf_str(&reading->text);
	int found = last;

	for (int line = 1; line <= last; line++) {
		size_t n = strcspn(p, "\n");

		if (memmem(p, n, section->name, strlen(section->name)) &&
		    memmem(p, n, section->title, strlen(section->title)))
			found = line;
		p += n + (p[n] != '\0');
	}
	return found;
}

static int
on_listener(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	int line = line_of_title(section, section->line);
	_autobuf_ struct buf why = BUF_WHY;
	struct settings_listener *l = settings_add_listener(reading->settings, section->title,
							    &why);
	unsigned given = 0;

	(void)cfg;
	if (!l) {
		complain(line, "listener '%.200s': %s", section->title, buf_str(&why));
		return -1;
	}
	if (!store(section, l, &given))
		return -1;
	if (l->url.scheme == NET_UNIX && l->n_allow) {
		complain(line,
			 "listener '%.200s': 'allow' is for addresses; the mode of its folder "
			 "guards a unix socket",
			 section->title);
		return -1;
	}
	return 0;
}

/* "hello" and /opt/hello.so. */
static bool
is_file_of(const char *file, const char *name)
{
	const char *base = strrchr(file, '/') + 1;
	size_t n = strlen(name);

	return strncmp(base, name, n) == 0 && strcmp(base + n, ".so") == 0;
}

static int
on_plugin(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	int line = line_of_title(section, section->line);
	struct settings *s = reading->settings;
	struct settings_plugin *p;
	unsigned given = 0;

	(void)cfg;
	if (section->title[0] == '\0' || strchr(section->title, '/')) {
		complain(line,
			 "plugin '%.64s': a plugin's name is the name of its file without .so",
			 section->title);
		return -1;
	}
	s->plugins = xrealloc(s->plugins, (s->n_plugins + 1) * sizeof(*s->plugins));
	p = &s->plugins[s->n_plugins++];
	*p = (struct settings_plugin){ .name = xstrdup(section->title) };
	settings_defaults(settings_plugin_rows, p);
	if (!store(section, p, &given))
		return -1;
	if (p->exec && (p->file || p->isolate == 0)) {
		complain(line,
			 "plugin '%.64s': with 'exec' it has no 'file', and is always isolated",
			 p->name);
		return -1;
	}
	if (p->exec && p->exec[0][0] != '/') {
		complain(line,
			 "plugin '%.64s': the first word of 'exec' must be an absolute path, "
			 "not '%.200s'",
			 p->name, p->exec[0]);
		return -1;
	}
	if (p->file && !is_file_of(p->file, p->name)) {
		complain(line, "plugin '%.64s': 'file' must be named %.64s.so, not '%.200s'",
			 p->name, p->name, p->file);
		return -1;
	}
	return 0;
}

static void
fill_options(cfg_opt_t *options, const struct settings_row *rows)
{
	static const cfg_opt_t end = CFG_END();

	for (; rows->name; rows++) {
		cfg_opt_t text = CFG_STR_CB(rows->name, NULL, CFGF_NODEFAULT, on_value);
		cfg_opt_t list = CFG_STR_LIST_CB(rows->name, NULL, CFGF_NODEFAULT, on_value);

		*options++ = settings_is_list(rows) ? list : text;
	}
	*options = end;
}

static int
parse(struct reader *r)
{
	cfg_opt_t options[MAX_KEYS], listener[MAX_KEYS], plugin[MAX_KEYS];
	cfg_opt_t sections[] = {
		CFG_SEC("listener", listener, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC("plugin", plugin, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_STR_CB(SENTINEL, NULL, CFGF_NODEFAULT, on_sentinel),
		CFG_END(),
	};
	int n = 0, result = -EINVAL;
	FILE *fp;
	cfg_t *cfg;

	/* So that there is memory even for an empty file: given none, fmemopen() takes its own. */
	if (buf_reserve(&r->text, 1) < 0)
		return r->text.error;
	fp = fmemopen(r->text.data, r->text.len, "r");
	if (!fp)
		return -errno;
	fill_options(listener, settings_listener_rows);
	fill_options(plugin, settings_plugin_rows);
	fill_options(options, settings_rows);
	while (options[n].name)
		n++;
	memcpy(options + n, sections, sizeof(sections));
	cfg = cfg_init(options, CFGF_NONE);
	if (!cfg) {
		fclose(fp);
		return -ENOMEM;
	}
	cfg_set_error_function(cfg, on_error);
	cfg_set_validate_func(cfg, "listener", on_listener);
	cfg_set_validate_func(cfg, "plugin", on_plugin);
	cfg->filename = strdup(r->path);
	if (cfg_parse_fp(cfg, fp) != CFG_SUCCESS)
		complain(cfg->line, "cannot be understood");
	else if (!r->at_end)
		complain(r->lines, "a comment or a quote is not closed");
	else if (store(cfg, r->settings, &r->settings->from_file))
		result = 0;
	cfg_free(cfg);
	fclose(fp);
	return result;
}

static int
read_whole(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;
	struct stat st;
	char bytes[8192];
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		r = -EISDIR;
	while (r == 0 && (n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n > 0)
			r = buf_put(out, bytes, (size_t)n);
		else if (errno != EINTR)
			r = -errno;
	}
	close(fd);
	return r == -EMSGSIZE ? -EFBIG : r;
}

static int
line_of(const struct buf *text, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at; i++)
		line += text->data[i] == '\n';
	return line;
}

/* What libconfuse would take for the end. */
static int
refuse_nul(struct reader *r)
{
	const char *nul = r->text.len ? memchr(r->text.data, '\0', r->text.len) : NULL;

	if (!nul)
		return 0;
	complain(line_of(&r->text, (size_t)(nul - r->text.data)), "a NUL byte");
	return -EINVAL;
}

int
settings_read_file(struct settings *s, const char *path, struct buf *why)
{
	struct reader r = { .settings = s, .path = path, .why = why };
	int result;

	buf_init(&r.text, MAX_FILE_BYTES);
	result = read_whole(path, &r.text);
	if (result == 0) {
		reading = &r;
		r.lines = line_of(&r.text, r.text.len ? r.text.len - 1 : 0);
		result = refuse_nul(&r);
	}
	if (result == 0) {
		r.text.max += 64;
		buf_puts(&r.text, "\n" SENTINEL " = 1\n");
		result = parse(&r);
	}
	reading = NULL;
	if (result < 0 && !why->len) {
		text_clean(why, path, strnlen(path, 200));
		buf_printf(why, ": %s", strerror(-result));
	}
	buf_fini(&r.text);
	return result;
}
