/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * settings -- defaults, then the file, then the flags, as one value that nobody changes afterwards.
 * The keys are rows in settings_table.c; settings_file.c reads the file. What a setting means is
 * not known here: only telmond reads the value and hands each module its part. Main thread.
 */
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "settings_private.h"
#include "text.h"

/* The build gives both; these are for a file compiled alone. */
#ifndef TELMON_SYSCONFDIR
#define TELMON_SYSCONFDIR "/usr/local/etc"
#endif
#ifndef TELMON_PLUGIN_DIR
#define TELMON_PLUGIN_DIR "/usr/local/lib/telmon/plugins"
#endif

#define DEFAULT_PREFIX "telmon_"

static void
free_list(char **list)
{
	for (char **p = list; p && *p; p++)
		free(*p);
	free(list);
}

static void
free_listeners(struct settings *s)
{
	for (size_t i = 0; i < s->n_listeners; i++)
		free(s->listeners[i].allow);
	free(s->listeners);
	s->listeners = NULL;
	s->n_listeners = 0;
}

void
settings_free(struct settings *s)
{
	if (!s)
		return;
	free_listeners(s);
	for (size_t i = 0; i < s->n_plugins; i++) {
		free(s->plugins[i].name);
		free(s->plugins[i].file);
		free_list(s->plugins[i].settings);
		free_list(s->plugins[i].read);
		free_list(s->plugins[i].exec);
		free(s->plugins[i].user);
	}
	free(s->plugins);
	free(s->file);
	free(s->metric_prefix);
	free_list(s->plugin_path);
	free(s);
}

static bool
same_place(const struct net_url *a, const struct net_url *b)
{
	return a->scheme == b->scheme && a->port == b->port && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->path, b->path) == 0;
}

struct settings_listener *
settings_add_listener(struct settings *s, const char *text, struct buf *why)
{
	struct settings_listener *l;
	struct net_url url;

	if (net_url_parse(text, &url, why) < 0)
		return NULL;
	/* Port 0 is another one each time. */
	for (size_t i = 0; i < s->n_listeners; i++) {
		if (same_place(&s->listeners[i].url, &url) &&
		    (url.scheme == NET_UNIX || url.port != 0)) {
			buf_puts(why, "the same listener is there twice");
			return NULL;
		}
	}
	s->listeners = xrealloc(s->listeners, (s->n_listeners + 1) * sizeof(*s->listeners));
	l = &s->listeners[s->n_listeners++];
	*l = (struct settings_listener){ .url = url, .asked = true };
	settings_defaults(settings_listener_rows, l);
	if (url.scheme == NET_UNIX)
		l->mode = SETTINGS_SCRIPT;
	return l;
}

/* Where a Unix socket belongs when nobody says it; NULL when there is no such place. */
static char *
default_socket(void)
{
	const char *runtime = getenv("RUNTIME_DIRECTORY"), *xdg = getenv("XDG_RUNTIME_DIR");

	/* A service manager separates several by colons. */
	if (runtime && runtime[0] == '/')
		return xasprintf("unix:%.*s/telmon.sock", (int)strcspn(runtime, ":"), runtime);
	if (geteuid() == 0)
		return xstrdup("unix:/run/telmon/telmon.sock");
	if (xdg && xdg[0] == '/')
		return xasprintf("unix:%s/telmon.sock", xdg);
	return NULL;
}

static void
add_default_listeners(struct settings *s)
{
	_autofree_ char *socket = default_socket();
	const char *const urls[] = { "telnet://127.0.0.1:2323", "telnet://[::1]:2323", socket };
	_autobuf_ struct buf why = BUF_WHY;

	/* Only a runtime directory of an absurd length can fail. */
	for (size_t i = 0; i < 3; i++) {
		struct settings_listener *l;

		l = urls[i] ? settings_add_listener(s, urls[i], &why) : NULL;
		if (l)
			l->asked = false;
	}
}

static int
take_flags(struct settings *s, const struct settings_flags *flags, struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY, message = BUF_WHY;
	int path = settings_find_row(settings_rows, "plugin_path");

	if (flags->n_listen)
		free_listeners(s);
	for (size_t i = 0; i < flags->n_listen; i++) {
		if (!settings_add_listener(s, flags->listen[i], &reason)) {
			buf_printf(&message, "--listen %.200s: %s", flags->listen[i],
				   buf_str(&reason));
			text_clean(why, message.data, message.len);
			return -EINVAL;
		}
	}
	if (flags->n_plugin_dirs == 0)
		return 0;
	free_list(s->plugin_path);
	s->plugin_path = xcalloc(flags->n_plugin_dirs + 1, sizeof(*s->plugin_path));
	for (size_t i = 0; i < flags->n_plugin_dirs; i++)
		s->plugin_path[i] = xstrdup(flags->plugin_dirs[i]);
	s->plugin_path_trusted = true;
	s->from_flag |= 1u << path;
	return 0;
}

static void
fill_in(struct settings *s)
{
	if (!s->metric_prefix)
		s->metric_prefix = xstrdup(DEFAULT_PREFIX);
	if (!s->plugin_path) {
		s->plugin_path = xcalloc(2, sizeof(*s->plugin_path));
		s->plugin_path[0] = xstrdup(TELMON_PLUGIN_DIR);
		s->plugin_path_trusted = true;
	}
	if (s->n_listeners == 0)
		add_default_listeners(s);
}

struct settings *
settings_load(const struct settings_flags *flags, struct buf *why)
{
	static const char standard[] = TELMON_SYSCONFDIR "/telmond.conf";
	struct settings *s = xcalloc(1, sizeof(*s));
	const char *file = flags->file;

	settings_defaults(settings_rows, s);
	/* One that exists and cannot be read is an error like any other. */
	if (!file && (access(standard, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)))
		file = standard;
	if ((file && settings_read_file(s, file, why) < 0) || take_flags(s, flags, why) < 0) {
		settings_free(s);
		return NULL;
	}
	s->file = file ? xstrdup(file) : NULL;
	fill_in(s);
	return s;
}

const struct settings_plugin *
settings_find_plugin(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_plugins; i++) {
		if (strcmp(s->plugins[i].name, name) == 0)
			return &s->plugins[i];
	}
	return NULL;
}

static void
put_value(struct buf *out, const struct settings_row *row, const void *at)
{
	switch (row->type) {
	case SETTINGS_UNSIGNED:
		buf_put_i64(out, *(const unsigned *)at);
		break;
	case SETTINGS_SIZE:
		buf_put_i64(out, (int64_t)(*(const size_t *)at));
		break;
	case SETTINGS_SECONDS:
		buf_put_real(out, *(const double *)at);
		break;
	case SETTINGS_PATHS:
		for (char *const *p = *(char *const *const *)at; *p; p++)
			buf_printf(out, "%s%s", p == *(char *const *const *)at ? "" : ":", *p);
		break;
	default: /* the others stand in sections, but for a text */
		buf_puts(out, *(const char *const *)at);
	}
}

void
settings_list(const struct settings *s,
	      void (*cb)(void *ctx, const char *key, const char *value, const char *origin),
	      void *ctx)
{
	for (unsigned i = 0; settings_rows[i].name; i++) {
		const char *origin = s->from_file >> i & 1 ? "file" : "default";
		_autobuf_ struct buf value = BUF_INIT(1 << 16);

		if (s->from_flag >> i & 1)
			origin = "flag";
		put_value(&value, &settings_rows[i], (const char *)s + settings_rows[i].offset);
		cb(ctx, settings_rows[i].name, buf_str(&value), origin);
	}
}

void
settings_plugin_defaults(struct settings_plugin *ret)
{
	*ret = (struct settings_plugin){ 0 };
	settings_defaults(settings_plugin_rows, ret);
}

static bool
is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
is_same_list(char *const *a, char *const *b)
{
	for (; a && b && *a && *b; a++, b++) {
		if (strcmp(*a, *b) != 0)
			return false;
	}
	return (!a || !*a) && (!b || !*b);
}

static bool
is_same_value(const struct settings_row *row, const void *a, const void *b)
{
	switch (row->type) {
	case SETTINGS_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case SETTINGS_SIZE:
		return *(const size_t *)a == *(const size_t *)b;
	case SETTINGS_SECONDS:
		return memcmp(a, b, sizeof(double)) == 0;
	case SETTINGS_MAYBE:
	case SETTINGS_FORMAT:
		return memcmp(a, b, sizeof(int)) == 0;
	case SETTINGS_PATH:
	case SETTINGS_WORD:
		return is_same_text(*(const char *const *)a, *(const char *const *)b);
	default: /* no section of a plugin has others */
		return is_same_list(*(char *const *const *)a, *(char *const *const *)b);
	}
}

bool
settings_plugin_is_same(const struct settings_plugin *a, const struct settings_plugin *b)
{
	for (const struct settings_row *row = settings_plugin_rows; row->name; row++) {
		if (strcmp(row->name, "interval") != 0 &&
		    !is_same_value(row, (const char *)a + row->offset,
				   (const char *)b + row->offset))
			return false;
	}
	return true;
}
