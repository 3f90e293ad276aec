/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host -- what machine this is: names and versions, size, and since when it runs. All of it is
 * collected when somebody asks, from small files of which any may be missing: what they would say
 * is unknown then. Words travel as labels of info metrics, and the view reads them there.
 */
#include <telmon/plugin.h>

#include <stdio.h>

enum { BOOT_TIME, UPTIME, CPUS, MEMORY, UNAME, OS };
enum { TEXT_SIZE = 256 };

#define OS_LABELS                                                                                  \
	"build_id,id,id_like,image_id,image_version,name,pretty_name,variant,variant_id,version,"  \
	"version_codename,version_id"

static const struct telmon_metric metrics[] = {
	[BOOT_TIME] = { .name = "boot_time_seconds",
			.kind = TELMON_GAUGE,
			.unit = TELMON_EPOCH,
			.help = "When the machine was started; moves when the clock is set",
			.source = "/proc/stat, line btime" },
	[UPTIME] = { .name = "host_uptime_seconds",
		     .kind = TELMON_GAUGE,
		     .unit = TELMON_SECONDS,
		     .help = "Time since the machine was started, suspended time included",
		     .source = "/proc/uptime, first number" },
	[CPUS] = { .name = "host_cpus",
		   .kind = TELMON_GAUGE,
		   .help = "CPUs that are online",
		   .source = "/proc/stat, lines cpu0, cpu1, ..." },
	[MEMORY] = { .name = "host_memory_bytes",
		     .kind = TELMON_GAUGE,
		     .unit = TELMON_BYTES,
		     .help = "Memory that the kernel can use",
		     .source = "/proc/meminfo, line MemTotal",
		     .formula = "kB * 1024" },
	[UNAME] = { .name = "uname_info",
		    .kind = TELMON_INFO,
		    .labels = "sysname,release,version,machine,nodename",
		    .help = "What uname(2) says",
		    .source = "uname(2)" },
	[OS] = { .name = "os_info",
		 .kind = TELMON_INFO,
		 .labels = OS_LABELS,
		 .help = "What the distribution says of itself",
		 .source = "/etc/os-release" },
};

/* The lines of os-release in the order of the labels. */
static const char *const os_keys[] = {
	"BUILD_ID",    "ID",	  "ID_LIKE",	"IMAGE_ID", "IMAGE_VERSION",	"NAME",
	"PRETTY_NAME", "VARIANT", "VARIANT_ID", "VERSION",  "VERSION_CODENAME", "VERSION_ID",
};
enum { N_OS_KEYS = sizeof(os_keys) / sizeof(os_keys[0]), PRETTY_NAME = 6 };

static void
collect_stat(struct telmon *t)
{
	const char *at, *line;
	struct telmon_file f;
	unsigned cpus = 0;

	if (telmon_read(t, "/proc/stat", &f) < 0)
		return;
	for (at = f.text; (line = telmon_next_line(&at));) {
		if (strncmp(line, "cpu", 3) == 0) {
			line += 3;
			cpus += *line != ' ' && telmon_number(&line) >= 0 && *line == ' ';
		} else if (strncmp(line, "btime ", 6) == 0) {
			line += 6;
			telmon_put(t, BOOT_TIME, telmon_number(&line));
		}
	}
	telmon_put(t, CPUS, cpus ? cpus : NAN);
}

/* A captured tree may have the file and nothing in it. */
static void
collect_uname(struct telmon *t)
{
	struct telmon_uname u;

	if (telmon_uname(t, &u) == 0 && (*u.nodename || *u.release))
		telmon_put_labels(
			t, UNAME,
			(const char *[]){ u.sysname, u.release, u.version, u.machine, u.nodename },
			5, 1);
}

/* A value of os-release, which is written as a shell would read it: bare, or in quotes with
 * backslashes. */
static void
unquote(const char *s, char *ret, size_t size)
{
	char quote = *s == '"' || *s == '\'' ? *s++ : '\0';
	size_t n = 0;

	for (; *s != '\n' && *s != quote && n + 1 < size; s++) {
		if (*s == '\\' && quote != '\'' && s[1] != '\n')
			s++;
		ret[n++] = *s;
	}
	ret[n] = '\0';
}

static void
collect_os(struct telmon *t)
{
	char values[N_OS_KEYS][TEXT_SIZE] = { { 0 } };
	const char *labels[N_OS_KEYS], *at, *line;
	struct telmon_file f;
	bool found = false;

	if (telmon_read(t, "/etc/os-release", &f) < 0 &&
	    telmon_read(t, "/usr/lib/os-release", &f) < 0)
		return;
	for (at = f.text; (line = telmon_next_line(&at));) {
		for (size_t i = 0; i < N_OS_KEYS; i++) {
			size_t n = strlen(os_keys[i]);

			if (strncmp(line, os_keys[i], n) != 0 || line[n] != '=')
				continue;
			unquote(line + n + 1, values[i], TEXT_SIZE);
			found = true;
		}
	}
	for (size_t i = 0; i < N_OS_KEYS; i++)
		labels[i] = values[i];
	if (found)
		telmon_put_labels(t, OS, labels, N_OS_KEYS, 1);
}

static int
collect(struct telmon *t)
{
	collect_stat(t);
	telmon_put(t, UPTIME, telmon_read_number(t, "/proc/uptime", ""));
	telmon_put(t, MEMORY, telmon_read_number(t, "/proc/meminfo", "MemTotal:") * 1024);
	collect_uname(t);
	collect_os(t);
	return 0;
}

static const struct telmon_column columns[] = {
	{ .name = "hostname",
	  .type = TELMON_TEXT,
	  .help = "Name of the machine",
	  .formula = "uname -n" },
	{ .name = "kernel",
	  .type = TELMON_TEXT,
	  .priority = 2,
	  .help = "Release of the kernel",
	  .formula = "uname -r" },
	{ .name = "os",
	  .type = TELMON_TEXT,
	  .priority = 3,
	  .help = "Distribution and version",
	  .formula = "PRETTY_NAME in /etc/os-release" },
	{ .name = "architecture",
	  .type = TELMON_TEXT,
	  .priority = 5,
	  .help = "Kind of processor",
	  .formula = "uname -m" },
	{ .name = "cpus", .type = TELMON_INT, .priority = 4, .help = "CPUs that are online" },
	{ .name = "memory_bytes",
	  .type = TELMON_INT,
	  .unit = TELMON_BYTES,
	  .priority = 4,
	  .help = "Memory that the kernel can use",
	  .formula = "MemTotal" },
	{ .name = "boot_time",
	  .type = TELMON_INT,
	  .unit = TELMON_EPOCH,
	  .priority = 6,
	  .help = "When the machine was started; moves when the clock is set",
	  .formula = "btime in /proc/stat" },
	{ .name = "uptime_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 1,
	  .help = "Time since the machine was started, suspended time included",
	  .formula = "first number of /proc/uptime" },
};

/* An empty label is a word that was not there. */
static int
cell_label(struct telmon *t, unsigned metric, size_t which)
{
	const char *s = telmon_label(t, metric, 0, which);

	return telmon_text(t, s && *s ? s : NULL);
}

static int
view_host(struct telmon *t)
{
	int r = telmon_row(t);

	cell_label(t, UNAME, 4);
	cell_label(t, UNAME, 1);
	cell_label(t, OS, PRETTY_NAME);
	cell_label(t, UNAME, 3);
	telmon_real(t, telmon_value(t, CPUS, 0));
	telmon_real(t, telmon_value(t, MEMORY, 0));
	telmon_real(t, telmon_value(t, BOOT_TIME, 0));
	telmon_real(t, telmon_value(t, UPTIME, 0));
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "host",
	  .help = "What machine this is, and since when it runs",
	  .view = view_host,
	  TELMON_COLUMNS(columns) },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "Name, kernel, distribution and size of the machine",
	.mode = TELMON_ON_DEMAND,
	.collect = collect,
	TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
};
