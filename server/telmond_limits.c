/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_limits -- hands each module its part of the settings, in the module's own words: nobody
 * else sees struct settings. Also -n, which judges them without opening anything. Main thread.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "telmond_private.h"
#include "text.h"

/* A worker is busy a moment longer than its session counts. */
enum { SPARE_WORKERS = 16, FIRST_LINE_S = 10, STALL_S = 30, SUBOPTION_S = 10, URGENT_S = 10 };

static int64_t
to_ns(double seconds)
{
	return (int64_t)(seconds * (double)NS_PER_S);
}

struct access_limits
telmond_access_limits(const struct settings *s)
{
	return (struct access_limits){ .max_sessions = s->max_sessions,
				       .max_per_source = s->max_per_source };
}

struct session_limits
telmond_session_limits(const struct settings *s)
{
	return (struct session_limits){
		.grace_ns = to_ns(s->grace_s),
		.probe_wait_ns = to_ns(s->probe_wait_s),
		.script_linger_ns = to_ns(s->script_linger_s),
		.idle_timeout_ns = to_ns(s->idle_timeout_s),
		.first_line_ns = FIRST_LINE_S * NS_PER_S,
		.stall_ns = STALL_S * NS_PER_S,
		.suboption_ns = SUBOPTION_S * NS_PER_S,
		.urgent_ns = URGENT_S * NS_PER_S,
		.max_line = s->max_line,
		.max_output = s->max_output,
		.max_editors = s->max_editors,
	};
}

struct pipeline_limits
telmond_pipeline_limits(const struct settings *s)
{
	return (struct pipeline_limits){
		.command_timeout_s = s->command_timeout_s,
		.cache_s = s->cache_s,
		.max_answer = s->max_answer,
	};
}

unsigned
telmond_max_workers(const struct settings *s)
{
	return s->max_sessions + SPARE_WORKERS;
}

static enum session_mode
session_mode(enum settings_mode mode)
{
	switch (mode) {
	case SETTINGS_SCRIPT:
		return SESSION_SCRIPT;
	case SETTINGS_TELNET:
		return SESSION_TELNET;
	case SETTINGS_AUTO:
		break;
	}
	return SESSION_AUTO;
}

struct listener_config *
telmond_listeners(const struct settings *s)
{
	struct listener_config *configs = xcalloc(s->n_listeners, sizeof(*configs));

	for (size_t i = 0; i < s->n_listeners; i++) {
		const struct settings_listener *l = &s->listeners[i];

		configs[i] = (struct listener_config){
			.url = l->url,
			.mode = session_mode(l->mode),
			.allow = l->allow,
			.n_allow = l->n_allow,
			.asked = l->asked,
		};
	}
	return configs;
}

static bool
check_listener(const struct settings_listener *l)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found;
	char folder[sizeof(l->url.path)];
	int r;

	if (l->url.scheme == NET_UNIX) {
		memcpy(folder, l->url.path, sizeof(folder));
		*strrchr(folder, '/') = '\0';
		if (access(folder[0] ? folder : "/", F_OK) == 0)
			return true;
		log_err("listener unix:%s", l->url.path);
		return false;
	}
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

int
telmond_check(const struct telmond *d)
{
	const struct settings *s = d->settings;
	bool good = true;

	for (size_t i = 0; i < s->n_listeners; i++)
		good = (!s->listeners[i].asked || check_listener(&s->listeners[i])) && good;
	for (size_t i = 0; i < s->n_plugins; i++)
		good = check_plugin(&s->plugins[i]) && good;
	if (d->options.verbose)
		settings_list(s, list_setting, NULL);
	if (!good)
		return TELMOND_USAGE;
	if (s->file)
		printf("%s: ok\n", s->file);
	else
		puts("no configuration file: ok");
	return TELMOND_OK;
}
