/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_check -- -n: judges the configuration and the command line without opening a socket or
 * starting a plugin. What a start warns of is a warning here; what is wrong for certain fails. Main
 * thread.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "telmond_private.h"
#include "text.h"

bool
telmond_root_has_proc(const char *root, struct buf *why)
{
	_autofree_ char *proc = xasprintf("%s/proc", root);
	struct stat st;

	if (stat(proc, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	buf_puts(why, "root '");
	text_clean(why, root, strlen(root));
	buf_puts(why, "': there is no proc in it");
	return false;
}

static bool
check_root(const char *root)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct host *host;
	bool good;

	if (!root)
		return true;
	host = host_new(root, &why);
	good = host && telmond_root_has_proc(root, &why);
	host_free(host);
	if (!good)
		log_errx("%s", buf_str(&why));
	return good;
}

/* A daemon that listens there already may be the one to be replaced. */
static bool
check_unix(const char *path)
{
	_autofree_ char *folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	struct stat st;

	if (access(folder[0] ? folder : "/", F_OK) < 0) {
		log_err("listener unix:%s", path);
		return false;
	}
	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return true;
		log_err("listener unix:%s", path);
		return false;
	}
	if (S_ISSOCK(st.st_mode))
		return true;
	log_errx("listener unix:%s: there is something at its path that is no socket", path);
	return false;
}

static bool
check_listener(const struct settings_listener *l)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found;
	int r;

	if (l->url.scheme == NET_UNIX)
		return check_unix(l->url.path);
	if (strcmp(l->url.host, "*") == 0)
		return true;
	r = getaddrinfo(l->url.host, NULL, &hints, &found);
	if (r != 0) {
		log_errx("listener telnet://%s:%u: %s", l->url.host, l->url.port, gai_strerror(r));
		return false;
	}
	freeaddrinfo(found);
	return true;
}

static bool
check_plugin(const struct settings_plugin *p)
{
	struct stat st;

	if (!p->enabled || !p->file)
		return true;
	if (stat(p->file, &st) < 0) {
		log_err("plugin %s: %s", p->name, p->file);
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		log_errx("plugin %s: %s is no file", p->name, p->file);
		return false;
	}
	return true;
}

static void
list_setting(void *ctx, const char *key, const char *value, const char *origin)
{
	(void)ctx;
	printf("%s = %s (%s)\n", key, value, origin);
}

static void
check_objects(struct telmond *d)
{
	d->registry = registry_new();
	d->builtins = builtins_table(&d->env, &d->n_builtins);
	telmond_plugins_check(d);
	registry_free(d->registry);
	free(d->builtins);
	free(d->plugin_host);
}

int
telmond_check(struct telmond *d)
{
	const struct settings *s = d->settings;
	bool good = check_root(d->options.root);

	for (size_t i = 0; i < s->n_listeners; i++)
		good = (!s->listeners[i].asked || check_listener(&s->listeners[i])) && good;
	for (size_t i = 0; i < s->n_plugins; i++)
		good = check_plugin(&s->plugins[i]) && good;
	if (d->options.verbose)
		settings_list(s, list_setting, NULL);
	if (!good)
		return TELMOND_USAGE;
	check_objects(d);
	if (s->file)
		printf("%s: ok\n", s->file);
	else
		puts("no configuration file: ok");
	return TELMOND_OK;
}
