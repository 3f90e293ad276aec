/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * script -- a plugin that is no object but a program: it is run for each sample, and what it prints
 * becomes metrics and rows. Lives in telmon-plugin-host, one for a process.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stddef.h>

#include <telmon/plugin.h>

enum script_format { SCRIPT_NAGIOS, SCRIPT_MUNIN, SCRIPT_PROMETHEUS };

struct script_options {
	const char *name;  /* the plugin's: of its command, and before its metrics */
	char *const *argv; /* argv[0] is the program's absolute path; NULL-terminated */
	char *const *env;  /* more words of its environment; NULL-terminated */
	enum script_format format;
	double timeout_s; /* of one sample */
};

/* Its declaration, as an object would export it. Everything is borrowed. Once a process. */
const struct telmon_plugin *script_plugin(const struct script_options *options);
/* Kills the program that runs, with all that it has started. In a handler of SIGTERM's, on the
 * thread that runs it. */
void script_kill(void);
/* The same from another thread, just before the process ends: no program is run after it. */
void script_kill_last(void);

#endif
