/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * cpu -- where processor time goes, from /proc/stat. The kernel's "cpu" line keeps metrics of its
 * own, so that sum() over cpu_seconds_total counts each tick once. Percentages are mpstat's: guest
 * time is taken out of user and nice, where the kernel books it. Counters that went backwards
 * (iowait does, idle after a hotplug) are unknown for that interval, never negative. collect is
 * called once an interval; the view reads snapshots only.
 */
#include <telmon/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
	USER,
	NICE,
	SYSTEM,
	IDLE,
	IOWAIT,
	IRQ,
	SOFTIRQ,
	STEAL,
	N_MODES,
	GUEST = N_MODES,
	GUEST_NICE,
	N_FIELDS
};

static const char *const modes[N_MODES] = { "user",   "nice", "system",	 "idle",
					    "iowait", "irq",  "softirq", "steal" };
static const char *const guests[] = { "user", "nice" };

enum {
	SECONDS,
	GUEST_SECONDS,
	ALL_SECONDS,
	ALL_GUEST_SECONDS,
	RUNNING,
	BLOCKED,
	SWITCHES,
	INTERRUPTS,
	FORKS
};

static const struct telmon_metric metrics[] = {
	[SECONDS] = { .name = "cpu_seconds_total",
		      .kind = TELMON_COUNTER,
		      .unit = TELMON_SECONDS,
		      .labels = "cpu,mode",
		      .help = "Time that each CPU spent in each mode; user and nice include guest "
			      "time",
		      .source = "/proc/stat, lines cpu0, cpu1, ...",
		      .formula = "ticks / ticks per second" },
	[GUEST_SECONDS] = { .name = "cpu_guest_seconds_total",
			    .kind = TELMON_COUNTER,
			    .unit = TELMON_SECONDS,
			    .labels = "cpu,mode",
			    .help = "Time that each CPU ran virtual machines, by the mode that "
				    "includes it",
			    .source = "/proc/stat, lines cpu0, cpu1, ...",
			    .formula = "ticks / ticks per second" },
	[ALL_SECONDS] = { .name = "cpu_all_seconds_total",
			  .kind = TELMON_COUNTER,
			  .unit = TELMON_SECONDS,
			  .labels = "mode",
			  .help = "Time that all CPUs together spent in each mode; user and nice "
				  "include guest time",
			  .source = "/proc/stat, line cpu",
			  .formula = "ticks / ticks per second" },
	[ALL_GUEST_SECONDS] = { .name = "cpu_all_guest_seconds_total",
				.kind = TELMON_COUNTER,
				.unit = TELMON_SECONDS,
				.labels = "mode",
				.help = "Time that all CPUs together ran virtual machines",
				.source = "/proc/stat, line cpu",
				.formula = "ticks / ticks per second" },
	[RUNNING] = { .name = "procs_running",
		      .kind = TELMON_GAUGE,
		      .help = "Threads that run or could run",
		      .source = "/proc/stat, line procs_running" },
	[BLOCKED] = { .name = "procs_blocked",
		      .kind = TELMON_GAUGE,
		      .help = "Threads that wait for I/O to complete",
		      .source = "/proc/stat, line procs_blocked" },
	[SWITCHES] = { .name = "context_switches_total",
		       .kind = TELMON_COUNTER,
		       .help = "Context switches since boot",
		       .source = "/proc/stat, line ctxt" },
	[INTERRUPTS] = { .name = "intr_total",
			 .kind = TELMON_COUNTER,
			 .help = "Interrupts served since boot",
			 .source = "/proc/stat, first number of line intr" },
	[FORKS] = { .name = "forks_total",
		    .kind = TELMON_COUNTER,
		    .help = "Processes and threads started since boot",
		    .source = "/proc/stat, line processes" },
};

/* The lines of /proc/stat that are one number behind a word. */
static const struct {
	const char *word;
	unsigned metric;
} totals[] = {
	{ "procs_running ", RUNNING }, { "procs_blocked ", BLOCKED }, { "ctxt ", SWITCHES },
	{ "intr ", INTERRUPTS },       { "processes ", FORKS },
};

static void
put_cpu(struct telmon *t, const char *cpu, const double *ticks, double hertz)
{
	for (unsigned i = 0; i < N_MODES; i++)
		if (cpu)
			telmon_put2(t, SECONDS, cpu, modes[i], ticks[i] / hertz);
		else
			telmon_put1(t, ALL_SECONDS, modes[i], ticks[i] / hertz);
	for (unsigned i = 0; i < 2; i++)
		if (cpu)
			telmon_put2(t, GUEST_SECONDS, cpu, guests[i], ticks[GUEST + i] / hertz);
		else
			telmon_put1(t, ALL_GUEST_SECONDS, guests[i], ticks[GUEST + i] / hertz);
}

/* "cpu  1 2 3" or "cpu17 1 2 3". False when the line has no CPU's times. */
static bool
take_cpu(struct telmon *t, const char *line, double hertz)
{
	const char *at = line + strlen("cpu");
	double ticks[N_FIELDS], number = NAN;
	char cpu[16];

	if (*at != ' ') {
		number = telmon_number(&at);
		if (!(number >= 0 && number < 1e6))
			return false;
		snprintf(cpu, sizeof(cpu), "%.0f", number);
	}
	for (unsigned i = 0; i < N_FIELDS; i++)
		ticks[i] = telmon_number(&at);
	if (isnan(ticks[IDLE]))
		return false;
	put_cpu(t, isnan(number) ? NULL : cpu, ticks, hertz);
	return true;
}

static void
take_total(struct telmon *t, const char *line)
{
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		size_t n = strlen(totals[i].word);

		if (strncmp(line, totals[i].word, n) == 0) {
			line += n;
			telmon_put(t, totals[i].metric, telmon_number(&line));
			return;
		}
	}
}

static int
collect(struct telmon *t)
{
	double hertz = (double)sysconf(_SC_CLK_TCK);
	const char *at, *line;
	struct telmon_file f;
	size_t found = 0;
	int r = telmon_read(t, "/proc/stat", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/stat cannot be read");
	for (at = f.text; (line = telmon_next_line(&at));)
		if (strncmp(line, "cpu", 3) == 0)
			found += take_cpu(t, line, hertz);
		else
			take_total(t, line);
	return found ? 0 : telmon_fail(t, -ENODATA, "/proc/stat has no line of a CPU");
}

static const struct telmon_column columns[] = {
	{ .name = "cpu",
	  .type = TELMON_TEXT,
	  .help = "Number of the CPU; `all` is all of them together" },
	{ .name = "busy_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 1,
	  .warn = 80,
	  .crit = 95,
	  .help = "Time that was neither idle nor waiting for I/O",
	  .formula = "100 - idle - iowait" },
	{ .name = "user_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 2,
	  .help = "Programs, without guests",
	  .formula = "100 * (user - guest) / total, mpstat's %usr" },
	{ .name = "nice_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 6,
	  .help = "Programs of low priority, without guests",
	  .formula = "100 * (nice - guest_nice) / total, mpstat's %nice" },
	{ .name = "system_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 2,
	  .warn = 50,
	  .crit = 80,
	  .help = "The kernel, without interrupts",
	  .formula = "100 * system / total, mpstat's %sys" },
	{ .name = "iowait_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 2,
	  .warn = 20,
	  .crit = 50,
	  .help = "Idle while I/O was outstanding; unknown when the kernel's counter went back",
	  .formula = "100 * iowait / total" },
	{ .name = "irq_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 5,
	  .help = "Hardware interrupts",
	  .formula = "100 * irq / total" },
	{ .name = "softirq_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 4,
	  .warn = 30,
	  .crit = 60,
	  .help = "Software interrupts",
	  .formula = "100 * softirq / total" },
	{ .name = "steal_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 3,
	  .warn = 10,
	  .crit = 30,
	  .help = "Time that the hypervisor gave to somebody else",
	  .formula = "100 * steal / total" },
	{ .name = "guest_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 7,
	  .help = "Running virtual machines",
	  .formula = "100 * guest / total" },
	{ .name = "guest_nice_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 8,
	  .help = "Running virtual machines of low priority",
	  .formula = "100 * guest_nice / total" },
	{ .name = "idle_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 3,
	  .help = "Nothing to do, and no I/O outstanding",
	  .formula = "100 * idle / total; total = user + nice + system + idle + iowait + irq + "
		     "softirq + steal" },
};

/* Takes guest time out of the mode that includes it and returns what that adds to the total: the
 * two are not booked at the same instant, and mpstat counts a guest that is ahead as zero, not
 * below. */
static double
without_guest(double *mode, double guest)
{
	double ahead;

	if (isnan(guest))
		return 0;
	*mode -= guest;
	if (!(*mode < 0))
		return 0;
	ahead = -*mode;
	*mode = 0;
	return ahead;
}

/* delta holds what each field grew by; unknown ones are NaN and add nothing. busy is summed, not
 * subtracted, so that rounding never makes it negative. */
static int
row_cpu(struct telmon *t, const char *cpu, double *delta)
{
	static const unsigned order[] = { USER,	   NICE,  SYSTEM, IOWAIT,     IRQ,
					  SOFTIRQ, STEAL, GUEST,  GUEST_NICE, IDLE };
	double busy = 0, total;
	int r = telmon_row(t);

	telmon_text(t, cpu);
	for (unsigned i = 0; i < N_MODES; i++)
		if (i != IDLE && i != IOWAIT && !isnan(delta[i]))
			busy += delta[i];
	busy += without_guest(&delta[USER], delta[GUEST]);
	busy += without_guest(&delta[NICE], delta[GUEST_NICE]);
	total = busy + delta[IDLE] + (isnan(delta[IOWAIT]) ? 0 : delta[IOWAIT]);
	if (!(total > 0))
		return r;
	telmon_real(t, 100 * busy / total);
	for (unsigned i = 0; i < N_FIELDS; i++)
		telmon_real(t, 100 * delta[order[i]] / total);
	return r;
}

static int
index_of(const char *mode)
{
	for (int i = 0; mode && i < N_MODES; i++)
		if (strcmp(modes[i], mode) == 0)
			return i;
	return -1;
}

/* Reads the run of series of one CPU that begins at *at; series come in the order they were put.
 * The mode is the last label. */
static void
take_run(struct telmon *t, unsigned metric, size_t *at, const char *cpu, unsigned first,
	 double *delta)
{
	for (; *at < telmon_count(t, metric); ++*at) {
		const char *mode = telmon_label(t, metric, *at, cpu ? 1 : 0);
		int i = index_of(mode);

		if (cpu && strcmp(cpu, telmon_label(t, metric, *at, 0)) != 0)
			return;
		if (i >= 0 && first + (unsigned)i < N_FIELDS)
			delta[first + (unsigned)i] = telmon_delta(t, metric, *at);
	}
}

static void
forget(double *delta)
{
	for (unsigned i = 0; i < N_FIELDS; i++)
		delta[i] = NAN;
}

static int
view_cpu(struct telmon *t)
{
	size_t n = telmon_count(t, SECONDS), i = 0, guest = 0;
	double delta[N_FIELDS];
	int r = 0;

	if (telmon_count(t, ALL_SECONDS) > 0) {
		forget(delta);
		take_run(t, ALL_SECONDS, &i, NULL, 0, delta);
		take_run(t, ALL_GUEST_SECONDS, &guest, NULL, GUEST, delta);
		r = row_cpu(t, "all", delta);
	}
	for (i = 0, guest = 0; r == 0 && i < n;) {
		const char *cpu = telmon_label(t, SECONDS, i, 0);

		forget(delta);
		take_run(t, SECONDS, &i, cpu, 0, delta);
		take_run(t, GUEST_SECONDS, &guest, cpu, GUEST, delta);
		r = row_cpu(t, cpu, delta);
	}
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "cpu",
	  .help = "Where the time of each CPU goes",
	  .view = view_cpu,
	  TELMON_COLUMNS(columns) },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "Processor time by mode, interrupts, context switches",
	.mode = TELMON_SAMPLED,
	.collect = collect,
	TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
};
