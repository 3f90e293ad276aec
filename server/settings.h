/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * settings -- the configuration file (libconfuse) and its defaults as one immutable value. Only
 * telmond reads it and hands each module its part. A key is one row of a table: name, type,
 * default, range.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "net.h"

enum settings_mode { SETTINGS_AUTO, SETTINGS_SCRIPT, SETTINGS_TELNET };

struct settings_listener {
	struct net_url url;
	enum settings_mode mode;  /* unix: SCRIPT unless the section says otherwise */
	struct net_prefix *allow; /* empty = everybody */
	size_t n_allow;
	bool asked; /* by -l or the file: failing to open it is an error, else a warning */
};

enum settings_format { SETTINGS_NAGIOS, SETTINGS_MUNIN, SETTINGS_PROMETHEUS };

struct settings_plugin {
	char *name;
	char *file;	   /* NULL = found by name in the path */
	bool enabled;	   /* default true */
	int isolate;	   /* 1, 0, or -1: not said */
	double interval_s; /* 0 = not said */
	double deadline_s; /* 0 = not said */
	char **settings;   /* "key=value", NULL-terminated */
	/* of one that is a program */
	char **exec;		     /* its words, NULL-terminated; NULL = it is an object */
	enum settings_format format; /* of what it prints */
	char *user; /* whose rights it gets where the daemon is root; NULL = nobody */
	/* of one that is isolated */
	char **read;	   /* paths that it may read besides those of every plugin; likewise */
	bool network;	   /* it may open connections */
	size_t max_memory; /* bytes */
};

enum { SETTINGS_PLUGIN_MEMORY = 256 << 20 }; /* max_memory where there is no section */

struct settings {
	char *file; /* the one that was read; NULL = none */
	/* every key of the file; seconds as double */
	unsigned max_sessions, max_per_source, max_line, max_editors;
	size_t max_output, max_answer;
	double grace_s, probe_wait_s, script_linger_s, idle_timeout_s, command_timeout_s,
		login_timeout_s, cache_s;
	char *metric_prefix;
	char **plugin_path;	  /* NULL-terminated */
	bool plugin_path_trusted; /* from -p or compiled in: plugins found there run inside */
	struct settings_listener *listeners;
	size_t n_listeners;
	struct settings_plugin *plugins;
	size_t n_plugins;
	unsigned from_file, from_flag; /* private: which rows of the table were given where */
};

/* What the command line says; it wins over the file. */
struct settings_flags {
	const char *file;	   /* -c, or NULL: the compiled-in one if it exists */
	const char *const *listen; /* -l, n_listen of them: replace all configured listeners */
	size_t n_listen;
	const char *const *plugin_dirs; /* -p */
	size_t n_plugin_dirs;
};

/* Reads file and flags. NULL with why: "FILE:LINE: 'intervall' is not a setting (did you mean
 * 'interval'?)". Unknown and repeated keys, repeated listeners and plugin sections, wrong types and
 * values out of range are errors. Not thread-safe (libconfuse's scanner is global): main only. */
struct settings *settings_load(const struct settings_flags *flags, struct buf *why);
void settings_free(struct settings *s); /* NULL is fine */
/* The section of a plugin, or NULL. */
const struct settings_plugin *settings_find_plugin(const struct settings *s, const char *name);
/* What holds where there is no section. */
void settings_plugin_defaults(struct settings_plugin *ret);
/* Whether they say the same of it, but for the interval. */
bool settings_plugin_is_same(const struct settings_plugin *a, const struct settings_plugin *b);
/* Calls cb with each scalar key, its value as text and where it is from ("default", "file",
 * "flag"). For the manual's test and -n -v. */
void settings_list(const struct settings *s,
		   void (*cb)(void *ctx, const char *key, const char *value, const char *origin),
		   void *ctx);

#endif
