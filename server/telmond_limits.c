/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_limits -- hands each module its part of the settings, in the module's own words: nobody
 * else sees struct settings. Main thread.
 */
#include "telmond_private.h"

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
