/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * disk -- I/O of whole disks from /proc/diskstats, with iostat's formulas. A sector is 512 bytes
 * whatever the device says. The kernel keeps milliseconds in 32 bits: the view undoes their wrap,
 * which a device that was replaced does not look like, because its other counters went back as
 * well. Whether a line is a disk or a partition is looked up in /sys/block when a name turns up for
 * the first time, and again once in a while: device-mapper names change.
 */
#include <telmon/plugin.h>

#include <errno.h>
#include <stdio.h>

enum { NAME_SIZE = 64, MAX_DEVICES = 4096, LOOK_AGAIN = 60, N_OLD = 11, N_FIELDS = 17 };

/* The first N_FIELDS are the numbers of a line, in its order. */
enum {
	READS,
	READS_MERGED,
	READ_BYTES,
	READ_TIME,
	WRITES,
	WRITES_MERGED,
	WRITTEN_BYTES,
	WRITE_TIME,
	IO_NOW,
	IO_TIME,
	IO_WEIGHTED,
	DISCARDS,
	DISCARDS_MERGED,
	DISCARDED_SECTORS,
	DISCARD_TIME,
	FLUSHES,
	FLUSH_TIME,
	MAPPER,
};

#define COUNT(n, field, what)                                                                      \
	{                                                                                          \
		.name = "disk_" n "_total", .kind = TELMON_COUNTER, .labels = "device",            \
		.help = what, .source = "/proc/diskstats, field " field                            \
	}
#define BYTES(n, field, what)                                                                      \
	{                                                                                          \
		.name = "disk_" n "_bytes_total", .kind = TELMON_COUNTER, .unit = TELMON_BYTES,    \
		.labels = "device", .help = what, .source = "/proc/diskstats, field " field,       \
		.formula = "sectors * 512"                                                         \
	}
#define TIME(n, field, what)                                                                       \
	{                                                                                          \
		.name = "disk_" n "_seconds_total", .kind = TELMON_COUNTER,                        \
		.unit = TELMON_SECONDS, .labels = "device", .help = what,                          \
		.source = "/proc/diskstats, field " field, .formula = "ms / 1000"                  \
	}

static const struct telmon_metric metrics[] = {
	[READS] = COUNT("reads_completed", "1", "Reads completed"),
	[READS_MERGED] = COUNT("reads_merged", "2", "Reads that were merged with a neighbour"),
	[READ_BYTES] = BYTES("read", "3", "Bytes read"),
	[READ_TIME] = TIME("read_time", "4", "Time that reads took, all together"),
	[WRITES] = COUNT("writes_completed", "5", "Writes completed"),
	[WRITES_MERGED] = COUNT("writes_merged", "6", "Writes that were merged with a neighbour"),
	[WRITTEN_BYTES] = BYTES("written", "7", "Bytes written"),
	[WRITE_TIME] = TIME("write_time", "8", "Time that writes took, all together"),
	[IO_NOW] = { .name = "disk_io_now",
		     .kind = TELMON_GAUGE,
		     .labels = "device",
		     .help = "Requests in flight",
		     .source = "/proc/diskstats, field 9" },
	[IO_TIME] = TIME("io_time", "10", "Time in which requests were in flight"),
	[IO_WEIGHTED] = TIME("io_time_weighted", "11",
			     "Time that all requests took, those in flight included"),
	[DISCARDS] = COUNT("discards_completed", "12", "Discards completed"),
	[DISCARDS_MERGED] = COUNT("discards_merged", "13",
				  "Discards that were merged with a neighbour"),
	[DISCARDED_SECTORS] = COUNT("discarded_sectors", "14", "Sectors of 512 bytes discarded"),
	[DISCARD_TIME] = TIME("discard_time", "15", "Time that discards took, all together"),
	[FLUSHES] = COUNT("flush_requests", "16", "Flushes completed"),
	[FLUSH_TIME] = TIME("flush_requests_time", "17", "Time that flushes took, all together"),
	[MAPPER] = { .name = "disk_device_mapper_info",
		     .kind = TELMON_INFO,
		     .labels = "device,name",
		     .help = "Name that the device mapper knows a device by",
		     .source = "/sys/block/dm-*/dm/name" },
};

static const double scales[N_FIELDS] = {
	[READS] = 1,	       [READS_MERGED] = 1,	[READ_BYTES] = 512,    [READ_TIME] = 1e-3,
	[WRITES] = 1,	       [WRITES_MERGED] = 1,	[WRITTEN_BYTES] = 512, [WRITE_TIME] = 1e-3,
	[IO_NOW] = 1,	       [IO_TIME] = 1e-3,	[IO_WEIGHTED] = 1e-3,  [DISCARDS] = 1,
	[DISCARDS_MERGED] = 1, [DISCARDED_SECTORS] = 1, [DISCARD_TIME] = 1e-3, [FLUSHES] = 1,
	[FLUSH_TIME] = 1e-3,
};

struct device {
	double major, minor;
	bool whole;
	char name[NAME_SIZE];
	char mapper[128]; /* "" = not of the device mapper */
};

struct state {
	struct device *devices; /* in the order of the file */
	size_t n, cap;
	unsigned samples;
	const char *const
		*disks; /* names in /sys/block, read at most once a collect and owned by it */
	bool listed;
};

static int
start(struct telmon *t)
{
	return telmon_new_state(t, sizeof(struct state));
}

static void
stop(struct telmon *t)
{
	struct state *s = t->state;

	free(s->devices);
	free(s);
}

static struct device *
add_device(struct state *s)
{
	struct device *p;

	if (s->n == MAX_DEVICES)
		return NULL;
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;

		p = realloc(s->devices, cap * sizeof(*p));
		if (!p)
			return NULL;
		s->devices = p;
		s->cap = cap;
	}
	return memset(&s->devices[s->n++], 0, sizeof(*p));
}

/* Without /sys/block to ask: vda1 and nvme0n1p2 stand behind the disk whose name they begin with.
 */
static bool
looks_like_partition(const struct state *s, const char *name)
{
	for (size_t i = s->n; i-- > 0;) {
		const char *disk = s->devices[i].name, *rest = name + strlen(disk);

		if (!s->devices[i].whole || strncmp(name, disk, strlen(disk)) != 0)
			continue;
		if (rest > name && rest[-1] >= '0' && rest[-1] <= '9' && *rest++ != 'p')
			continue; /* nvme0n10p1 stands not behind nvme0n1 */
		if (*rest && strspn(rest, "0123456789") == strlen(rest))
			return true;
	}
	return false;
}

/* Disks are the names in /sys/block, where ! stands for a slash. */
static bool
is_whole(struct telmon *t, const char *name)
{
	struct state *s = t->state;
	size_t n = strlen(name);
	char file[NAME_SIZE];

	if (!s->listed && telmon_list(t, "/sys/block", &s->disks) <= 0)
		s->disks = NULL;
	s->listed = true;
	if (!s->disks)
		return !looks_like_partition(s, name);
	for (size_t i = 0; i <= n; i++)
		file[i] = name[i] == '/' ? '!' : name[i];
	for (const char *const *disk = s->disks; *disk; disk++)
		if (strcmp(*disk, file) == 0)
			return true;
	return false;
}

static void
look_up_mapper(struct telmon *t, struct device *d)
{
	char path[NAME_SIZE + 32];
	const char *at, *line;
	struct telmon_file f;

	if (strncmp(d->name, "dm-", 3) != 0 || strchr(d->name, '/'))
		return;
	snprintf(path, sizeof(path), "/sys/block/%s/dm/name", d->name);
	if (telmon_read(t, path, &f) < 0)
		return;
	at = f.text;
	line = telmon_next_line(&at);
	if (line && (size_t)(at - line) <= sizeof(d->mapper))
		memcpy(d->mapper, line, (size_t)(at - line) - 1);
}

/* What is known of a device, which most likely is at `hint`. Borrowed until the next call; NULL: no
 * room. */
static struct device *
find_device(struct telmon *t, const char *name, size_t size, double major, double minor,
	    size_t hint)
{
	struct state *s = t->state;
	struct device *d;
	bool whole;
	char copy[NAME_SIZE] = "";

	for (size_t i = 0; i < s->n; i++) {
		d = &s->devices[(hint + i) % s->n];
		if (d->major == major && d->minor == minor && strncmp(d->name, name, size) == 0 &&
		    !d->name[size])
			return d;
	}
	memcpy(copy, name, size);
	whole = is_whole(t, copy);
	d = add_device(s);
	if (!d)
		return NULL;
	memcpy(d->name, copy, sizeof(copy));
	d->major = major;
	d->minor = minor;
	d->whole = whole;
	look_up_mapper(t, d);
	return d;
}

/* Loop and RAM devices exist in numbers, used or not. */
static bool
idle_stand_in(const char *name, const double *fields)
{
	return (strncmp(name, "loop", 4) == 0 || strncmp(name, "ram", 3) == 0 ||
		strncmp(name, "zram", 4) == 0) &&
	       fields[READS] == 0 && fields[WRITES] == 0;
}

/* "254 0 vda 32022 13387 ..." with 11, 15 or 17 numbers, by the kernel's age. */
static void
take_line(struct telmon *t, const char *line, size_t hint)
{
	double major = telmon_number(&line), minor = telmon_number(&line), fields[N_FIELDS];
	size_t size = 0;
	const char *name = telmon_word(&line, &size);
	const struct device *d;
	unsigned n = 0;

	if (isnan(major) || isnan(minor) || !name || size >= NAME_SIZE)
		return;
	while (n < N_FIELDS && !isnan(fields[n] = telmon_number(&line)))
		n++;
	if (n < N_OLD)
		return;
	d = find_device(t, name, size, major, minor, hint);
	if (!d || !d->whole || idle_stand_in(d->name, fields))
		return;
	for (unsigned i = 0; i < n; i++)
		telmon_put1(t, i, d->name, fields[i] * scales[i]);
	if (d->mapper[0])
		telmon_put2(t, MAPPER, d->name, d->mapper, 1);
}

static int
collect(struct telmon *t)
{
	struct state *s = t->state;
	const char *at, *line;
	struct telmon_file f;
	size_t lines = 0;
	int r = telmon_read(t, "/proc/diskstats", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/diskstats cannot be read");
	if (++s->samples % LOOK_AGAIN == 0)
		s->n = 0;
	s->listed = false;
	for (at = f.text; (line = telmon_next_line(&at));)
		take_line(t, line, lines++);
	return 0;
}

static const struct telmon_column columns[] = {
	{ .name = "device", .type = TELMON_TEXT, .help = "Name of the disk; no partitions" },
	{ .name = "reads_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_PER_S,
	  .priority = 3,
	  .help = "Reads completed",
	  .formula = "reads / interval, iostat's r/s" },
	{ .name = "read_bytes_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_BYTES_PER_S,
	  .priority = 1,
	  .help = "Bytes read",
	  .formula = "sectors read * 512 / interval, iostat's rkB/s" },
	{ .name = "read_await_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 4,
	  .warn = 0.05,
	  .crit = 0.5,
	  .help = "What a read took on average, its time in the queue included; unknown without "
		  "reads",
	  .formula = "time of reads / reads, iostat's r_await" },
	{ .name = "writes_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_PER_S,
	  .priority = 3,
	  .help = "Writes completed",
	  .formula = "writes / interval, iostat's w/s" },
	{ .name = "write_bytes_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_BYTES_PER_S,
	  .priority = 1,
	  .help = "Bytes written",
	  .formula = "sectors written * 512 / interval, iostat's wkB/s" },
	{ .name = "write_await_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 4,
	  .warn = 0.05,
	  .crit = 0.5,
	  .help = "What a write took on average, its time in the queue included; unknown without "
		  "writes",
	  .formula = "time of writes / writes, iostat's w_await" },
	{ .name = "queue_depth",
	  .type = TELMON_REAL,
	  .priority = 5,
	  .help = "Requests in flight on average",
	  .formula = "weighted time / interval, iostat's aqu-sz" },
	{ .name = "util_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 2,
	  .warn = 80,
	  .crit = 95,
	  .help = "Time in which requests were in flight; devices that serve many at once are not "
		  "full at 100",
	  .formula = "100 * time with requests / interval, iostat's %util" },
};

/* Growth of a time that the kernel keeps in 32 bits of milliseconds. One that fell by less than
 * half of their range did not wrap, it went back. */
static double
delta_time(struct telmon *t, unsigned metric, size_t i)
{
	const double range = 4294967.296;
	double d = telmon_value(t, metric, i) - telmon_previous(t, metric, i);

	if (d < -range / 2)
		d += range;
	return d >= 0 ? d : NAN;
}

static double
quotient(double a, double b)
{
	return b > 0 ? a / b : NAN;
}

/* A line is put with its first N_OLD numbers or not at all: i is the same device in all of their
 * metrics. */
static int
row_disk(struct telmon *t, size_t i)
{
	double s = telmon_interval(t), reads = telmon_delta(t, READS, i),
	       writes = telmon_delta(t, WRITES, i);
	bool reset = isnan(reads) || isnan(writes);
	int r = telmon_row(t);

	telmon_text(t, telmon_label(t, READS, i, 0));
	telmon_real(t, quotient(reads, s));
	telmon_real(t, telmon_rate(t, READ_BYTES, i));
	telmon_real(t, quotient(delta_time(t, READ_TIME, i), reads));
	telmon_real(t, quotient(writes, s));
	telmon_real(t, telmon_rate(t, WRITTEN_BYTES, i));
	telmon_real(t, quotient(delta_time(t, WRITE_TIME, i), writes));
	telmon_real(t, reset ? NAN : quotient(delta_time(t, IO_WEIGHTED, i), s));
	telmon_real(t, reset ? NAN : quotient(100 * delta_time(t, IO_TIME, i), s));
	return r;
}

static int
view_disk(struct telmon *t)
{
	size_t n = telmon_count(t, READS);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = row_disk(t, i);
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "disk", .help = "I/O of each disk", .view = view_disk, TELMON_COLUMNS(columns) },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,	.version = "1",		 .help = "I/O of disks",
	.mode = TELMON_SAMPLED, .start = start,		 .stop = stop,
	.collect = collect,	TELMON_METRICS(metrics), TELMON_COMMANDS(commands),
};
