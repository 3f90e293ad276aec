/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * memory -- every line of /proc/meminfo as a metric, and the table that free(1) of procps 4 prints.
 * The lines differ from kernel to kernel, so those that the view needs are declared and the others
 * added as they turn up. They keep their order from one sample to the next: where a line stood the
 * last time it is known again by one comparison.
 */
#include <telmon/plugin.h>

#include <errno.h>
#include <stdio.h>

enum { MAX_KEYS = 256, KEY_SIZE = 48 };

/* What the view computes with; in the order of `metrics`. */
enum { TOTAL, FREE, AVAILABLE, BUFFERS, CACHED, RECLAIMABLE, SHARED, SWAP_TOTAL, SWAP_FREE };

#define KEY(k, what)                                                                               \
	{                                                                                          \
		.name = "memory_" k "_bytes", .kind = TELMON_GAUGE, .unit = TELMON_BYTES,          \
		.help = what, .source = "/proc/meminfo, line " k, .formula = "kB * 1024"           \
	}

static const struct telmon_metric metrics[] = {
	[TOTAL] = KEY("MemTotal", "Memory that the kernel can use"),
	[FREE] = KEY("MemFree", "Memory that nothing uses"),
	[AVAILABLE] = KEY(
		"MemAvailable",
		"Memory that programs could have without swapping, as the kernel estimates"),
	[BUFFERS] = KEY("Buffers", "Cached blocks of block devices"),
	[CACHED] = KEY("Cached", "Cached files, shared memory and tmpfs included"),
	[RECLAIMABLE] = KEY("SReclaimable", "Caches of the kernel that can be given back"),
	[SHARED] = KEY("Shmem", "Shared memory and tmpfs"),
	[SWAP_TOTAL] = KEY("SwapTotal", "Swap space"),
	[SWAP_FREE] = KEY("SwapFree", "Swap space that nothing uses"),
};

struct key {
	char name[KEY_SIZE]; /* as in the file */
	size_t size;
	unsigned metric;
};

struct state {
	size_t n;
	struct key keys[MAX_KEYS];
};

static int
start(struct telmon *t)
{
	return telmon_new_state(t, sizeof(struct state));
}

static void
stop(struct telmon *t)
{
	free(t->state);
}

/* "Active(anon)" becomes Active_anon, as node_exporter has it. False when the key makes no metric's
 * name. */
static bool
metric_key(char *ret, const char *key, size_t size)
{
	if (size > 0 && key[size - 1] == ')')
		size--;
	for (size_t i = 0; i < size; i++) {
		char c = key[i] == '(' ? '_' : key[i];

		if (c != '_' && !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z'))
			return false;
		ret[i] = c;
	}
	ret[size] = '\0';
	return size > 0;
}

static int
declare(struct telmon *t, const char *key, size_t size, bool bytes)
{
	char clean[KEY_SIZE], name[KEY_SIZE + 32], help[KEY_SIZE + 32], source[KEY_SIZE + 32];
	struct telmon_metric m = {
		.name = name, .help = help, .source = source, .kind = TELMON_GAUGE
	};

	if (!metric_key(clean, key, size))
		return -EINVAL;
	snprintf(name, sizeof(name), "memory_%s%s", clean, bytes ? "_bytes" : "");
	snprintf(help, sizeof(help), "What the kernel calls %.*s", (int)size, key);
	snprintf(source, sizeof(source), "/proc/meminfo, line %.*s", (int)size, key);
	if (bytes) {
		m.unit = TELMON_BYTES;
		m.formula = "kB * 1024";
	}
	return telmon_add_metric(t, &m);
}

/* The metric of a key that most likely stands at `hint`. Negative when it has none. */
static int
find_key(struct telmon *t, const char *key, size_t size, bool bytes, size_t hint)
{
	struct state *s = t->state;
	struct key *k;
	int metric;

	for (size_t i = 0; i < s->n; i++) {
		k = &s->keys[(hint + i) % s->n];
		if (k->size == size && memcmp(k->name, key, size) == 0)
			return (int)k->metric;
	}
	if (s->n == MAX_KEYS || size >= KEY_SIZE)
		return -ENOSPC;
	metric = declare(t, key, size, bytes);
	if (metric < 0)
		return metric;
	k = &s->keys[s->n++];
	memcpy(k->name, key, size);
	k->size = size;
	k->metric = (unsigned)metric;
	return metric;
}

/* "MemTotal:       24684084 kB", "HugePages_Total:       0". */
static bool
take_line(struct telmon *t, const char *line, size_t hint)
{
	size_t size = strcspn(line, ": \t\n");
	const char *at = line + size, *unit;
	size_t unit_size = 0;
	bool bytes;
	double v;
	int metric;

	if (*at++ != ':')
		return false;
	v = telmon_number(&at);
	unit = telmon_word(&at, &unit_size);
	bytes = unit && unit_size == 2 && memcmp(unit, "kB", 2) == 0;
	if (isnan(v) || (unit && !bytes))
		return false;
	metric = find_key(t, line, size, bytes, hint);
	return metric >= 0 && telmon_put(t, (unsigned)metric, bytes ? v * 1024 : v) == 0;
}

static int
collect(struct telmon *t)
{
	const char *at, *line;
	struct telmon_file f;
	size_t found = 0;
	int r = telmon_read(t, "/proc/meminfo", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/meminfo cannot be read");
	for (at = f.text; (line = telmon_next_line(&at));)
		found += take_line(t, line, found);
	return found ? 0 : telmon_fail(t, -ENODATA, "/proc/meminfo has no line of the known form");
}

#define COLUMN(n, p, ...)                                                                          \
	{                                                                                          \
		.name = n, .type = TELMON_INT, .unit = TELMON_BYTES, .priority = p, __VA_ARGS__    \
	}

static const struct telmon_column columns[] = {
	{ .name = "kind", .type = TELMON_TEXT, .help = "memory or swap" },
	COLUMN("total_bytes", 1, .help = "All there is", .formula = "MemTotal; SwapTotal"),
	COLUMN("used_bytes", 0, .help = "What programs and the kernel hold",
	       .formula = "MemTotal - MemAvailable; SwapTotal - SwapFree"),
	COLUMN("free_bytes", 3, .help = "What nothing uses, not even a cache",
	       .formula = "MemFree; SwapFree"),
	COLUMN("shared_bytes", 5, .help = "Shared memory and tmpfs", .formula = "Shmem"),
	COLUMN("buff_cache_bytes", 4, .help = "Caches of files and of the kernel",
	       .formula = "Buffers + Cached + SReclaimable"),
	COLUMN("available_bytes", 2, .help = "What programs could have without swapping",
	       .formula = "MemAvailable; MemFree where the kernel has none or it exceeds MemTotal"),
};

/* used as procps 4 has it: the part of the total that is not available. */
static int
row_memory(struct telmon *t)
{
	double total = telmon_value(t, TOTAL, 0), free_bytes = telmon_value(t, FREE, 0);
	double available = telmon_value(t, AVAILABLE, 0);
	int r = telmon_row(t);

	if (isnan(available) || available == 0 || available > total)
		available = free_bytes;
	telmon_text(t, "memory");
	telmon_real(t, total);
	telmon_real(t, available <= total ? total - available : NAN);
	telmon_real(t, free_bytes);
	telmon_real(t, telmon_value(t, SHARED, 0));
	telmon_real(t, telmon_value(t, BUFFERS, 0) + telmon_value(t, CACHED, 0) +
			       telmon_value(t, RECLAIMABLE, 0));
	telmon_real(t, available);
	return r;
}

static int
row_swap(struct telmon *t)
{
	double total = telmon_value(t, SWAP_TOTAL, 0), free_bytes = telmon_value(t, SWAP_FREE, 0);
	int r = telmon_row(t);

	telmon_text(t, "swap");
	telmon_real(t, total);
	telmon_real(t, free_bytes <= total ? total - free_bytes : NAN);
	telmon_real(t, free_bytes);
	return r;
}

static int
view_memory(struct telmon *t)
{
	int r = 0;

	if (telmon_count(t, TOTAL) > 0 || telmon_count(t, FREE) > 0)
		r = row_memory(t);
	if (r == 0 && (telmon_count(t, SWAP_TOTAL) > 0 || telmon_count(t, SWAP_FREE) > 0))
		r = row_swap(t);
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "memory",
	  .help = "Memory and swap, as free(1) counts them",
	  .view = view_memory,
	  TELMON_COLUMNS(columns) },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,	.version = "1",		 .help = "Memory and swap",
	.mode = TELMON_SAMPLED, .start = start,		 .stop = stop,
	.collect = collect,	TELMON_METRICS(metrics), TELMON_COMMANDS(commands),
};
