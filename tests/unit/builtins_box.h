/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_box -- the plugins that both tests of builtins ask: load as status knows it, one that is
 * late, one whose rows come only after a while, and the parts of a machine made of fixed numbers.
 */
#ifndef BUILTINS_BOX_H
#define BUILTINS_BOX_H

#include "builtins.h"
#include "pipeline_fake.h"

/* ---- plugins: cpu and load as status knows them, and two that misbehave ---------------------- */

enum { LOAD1, LOAD_BY };

static const struct telmon_metric load_metrics[] = {
	[LOAD1] = { .name = "load1",
		    .kind = TELMON_GAUGE,
		    .help = "Load over one minute",
		    .source = "/proc/loadavg",
		    .formula = "first field" },
	[LOAD_BY] = { .name = "load_bytes_total",
		      .kind = TELMON_COUNTER,
		      .unit = TELMON_BYTES,
		      .labels = "who,why",
		      .help = "Bytes by who",
		      .source = "/proc/who" },
};

static _Atomic int load_tenths, late_ms, collect_error, rows_from_round, rounds;

static int
load_collect(struct telmon *t)
{
	telmon_put(t, LOAD1, load_tenths / 10.0);
	for (int i = 0; i < 7; i++)
		telmon_put2(t, LOAD_BY, (const char *[]){ "a", "b", "c", "d", "e", "f", "g\"x" }[i],
			    "w", 1024 * i);
	return collect_error ? telmon_fail(t, collect_error, "no load today") : 0;
}

static const struct telmon_column load_columns[] = {
	{ .name = "load1",
	  .type = TELMON_REAL,
	  .help = "Average over one minute",
	  .warn = 4,
	  .crit = 8,
	  .formula = "LA" },
	{ .name = "cpus", .type = TELMON_INT, .help = "CPUs", .priority = 1 },
	{ .name = "free_bytes",
	  .type = TELMON_INT,
	  .unit = TELMON_BYTES,
	  .help = "Room",
	  .warn = 2048,
	  .crit = 1024 },
};

static int
view_load(struct telmon *t)
{
	telmon_row(t);
	telmon_real(t, telmon_value(t, LOAD1, 0));
	telmon_int(t, 2);
	return 0;
}

static const struct telmon_arg load_args[] = {
	{ .name = "rows",
	  .flag = 'n',
	  .type = TELMON_INT,
	  .def = "10",
	  .min = 1,
	  .max = 99,
	  .help = "how many" },
	{ .name = "pattern", .type = TELMON_TEXT, .help = "which" },
};

static const struct telmon_command load_commands[] = {
	{ .name = "load",
	  .help = "load of the machine",
	  .view = view_load,
	  TELMON_COLUMNS(load_columns),
	  TELMON_ARGS(load_args) },
};

static const struct telmon_plugin load = {
	TELMON_PLUGIN_HEAD,
	.version = "1.5",
	.help = "load",
	.mode = TELMON_SAMPLED,
	.interval_s = 2,
	.collect = load_collect,
	TELMON_METRICS(load_metrics),
	TELMON_COMMANDS(load_commands),
};

static const struct telmon_metric late_metrics[] = {
	{ .name = "late_value", .kind = TELMON_GAUGE, .help = "Late" }
};

static int
late_collect(struct telmon *t)
{
	if (telmon_sleep(t, late_ms / 1000.0) < 0)
		return -ECANCELED;
	telmon_put(t, 0, 5);
	return collect_error ? telmon_fail(t, collect_error, "late and broken") : 0;
}

static const struct telmon_plugin late = {
	TELMON_PLUGIN_HEAD,	      .version = "2", .help = "late", .collect = late_collect,
	TELMON_METRICS(late_metrics),
};

/* Gives a row once it was asked often enough. */
static const struct telmon_column turn_columns[] = {
	{ .name = "turn", .type = TELMON_INT, .help = "turn" }
};

static int
run_turn(struct telmon *t)
{
	int n = ++rounds;

	telmon_sleep(t, late_ms / 1000.0);
	if (collect_error)
		return telmon_fail(t, collect_error, "no turn");
	if (n < rows_from_round)
		return 0;
	telmon_row(t);
	telmon_int(t, n);
	telmon_status(t, 2);
	return 0;
}

static const struct telmon_command turn_commands[] = {
	{ .name = "turn", .help = "whose turn", .run = run_turn, TELMON_COLUMNS(turn_columns) },
};

static const struct telmon_plugin turn = {
	TELMON_PLUGIN_HEAD,
	.version = "3",
	.help = "turns",
	TELMON_COMMANDS(turn_commands),
};

/* ---- plugin "parts": what status looks at, made of fixed numbers ----------------------------- */

static _Atomic int percent;

#define TEXT(n)                                                                                    \
	{                                                                                          \
		.name = n, .type = TELMON_TEXT, .help = n                                          \
	}
#define NUMBER(n, ...)                                                                             \
	{                                                                                          \
		.name = n, .type = TELMON_REAL, .help = n, __VA_ARGS__                             \
	}
#define PERCENT(n) NUMBER(n, .unit = TELMON_PERCENT, .warn = 80, .crit = 95)
#define BYTES(n) NUMBER(n, .unit = TELMON_BYTES)

static const struct telmon_column cpu_columns[] = { TEXT("cpu"), PERCENT("busy_percent"),
						    PERCENT("steal_percent") };
static const struct telmon_column memory_columns[] = { TEXT("kind"), BYTES("total_bytes"),
						       BYTES("used_bytes"),
						       BYTES("available_bytes"),
						       BYTES("free_bytes") };
static const struct telmon_column filesystem_columns[] = { TEXT("mount"), BYTES("available_bytes"),
							   PERCENT("used_percent"),
							   PERCENT("inodes_used_percent"),
							   TEXT("state") };
static const struct telmon_column disk_columns[] = { TEXT("device"), PERCENT("util_percent") };
static const struct telmon_column network_columns[] = {
	TEXT("interface"),   NUMBER("rx_bytes_per_s"), NUMBER("tx_bytes_per_s"),
	NUMBER("rx_errors"), NUMBER("tx_errors"),      TEXT("state")
};
static const struct telmon_column pressure_columns[] = { TEXT("resource"), TEXT("share"),
							 PERCENT("avg10_percent") };

static void
put_row(struct telmon *t, const char *name, size_t n, const double *numbers)
{
	telmon_row(t);
	telmon_text(t, name);
	for (size_t i = 0; i < n; i++)
		telmon_real(t, numbers[i]);
}
#define ROW(t, name, ...)                                                                          \
	put_row(t, name, sizeof((double[]){ __VA_ARGS__ }) / sizeof(double),                       \
		(double[]){ __VA_ARGS__ })

static int
run_cpu(struct telmon *t)
{
	ROW(t, "0", 1, 0);
	ROW(t, "all", percent, percent > 50 ? 85 : 2);
	return 0;
}

static int
run_memory(struct telmon *t)
{
	ROW(t, "memory", 1000, 10 * percent, 1000 - 10 * percent, 0);
	ROW(t, "swap", percent > 50 ? 1000 : 0, 10 * percent, 0, 1000 - 10 * percent);
	return 0;
}

static int
run_filesystem(struct telmon *t)
{
	ROW(t, "/small", 1024, 3, percent);
	telmon_text(t, "ok");
	ROW(t, "/image", 0, 100, 100);
	telmon_text(t, "read-only");
	ROW(t, "/full", 2048, percent, 4);
	telmon_text(t, "ok");
	return 0;
}

static int
run_disk(struct telmon *t)
{
	ROW(t, "loop0", 99);
	ROW(t, "sda", 1);
	ROW(t, "sdb", percent);
	return 0;
}

static int
run_network(struct telmon *t)
{
	ROW(t, "lo", 1e9, 1e9, 0, 0);
	ROW(t, "eth0", 10, 10, 0, 0);
	ROW(t, "ifb0", 1000, 10, 0, 0);
	telmon_text(t, "down");
	ROW(t, "eth1", 20, 1, 3, 4);
	return 0;
}

static int
run_pressure(struct telmon *t)
{
	static const char *const resources[] = { "cpu", "memory", "irq" };

	for (int i = 0; i < 3; i++) {
		telmon_row(t);
		telmon_text(t, resources[i]);
		telmon_text(t, "some");
		telmon_real(t, i == 1 ? 0.5 : percent);
		telmon_row(t);
		telmon_text(t, resources[i]);
		telmon_text(t, "full");
		telmon_real(t, 100);
	}
	return 0;
}

#define RUN(n)                                                                                     \
	{                                                                                          \
		.name = #n, .help = #n, .run = run_##n, TELMON_COLUMNS(n##_columns)                \
	}
static const struct telmon_command part_commands[] = {
	RUN(cpu), RUN(memory), RUN(filesystem), RUN(disk), RUN(network), RUN(pressure),
};

static const struct telmon_plugin parts = {
	TELMON_PLUGIN_HEAD,
	.version = "4",
	.help = "parts",
	TELMON_COMMANDS(part_commands),
};

/* ---- the world ------------------------------------------------------------------------------- */

static struct world world;
static struct builtins_env env;
static struct command *table;
static size_t n_table;
static char changed[256];

static int
change_plugin(void *ctx, const char *verb, const char *what, struct buf *why)
{
	(void)ctx;
	if (strstr(what, "bad")) {
		buf_printf(why, "%s: is not a shared object", what);
		return STATUS_FAILED;
	}
	snprintf(changed, sizeof(changed), "%s %s", verb, what);
	return 0;
}

static inline void
setup(void)
{
	load_tenths = 5;
	late_ms = collect_error = rounds = 0;
	rows_from_round = 1;
	changed[0] = '\0';
	world_open(&world);
	world_add(&world, "load", &load);
	world_add(&world, "late", &late);
	world_add(&world, "turn", &turn);
	env = (struct builtins_env){
		.host = world.host,
		.registry = world.registry,
		.executor = world.executor,
		.pipeline = world.pipeline,
		.metric_prefix = "telmon_",
		.started_ns = now_ns(),
		.change = change_plugin,
	};
	table = builtins_table(&env, &n_table);
	world_publish(&world, table, n_table);
}

static inline void
teardown(void)
{
	world_close(&world);
	free(table);
}

static inline void
expect(const char *line, int status, const char *text)
{
	int r = world_say(&world, line);

	ck_assert_msg(strcmp(world_text(&world), text) == 0, "%s: '%s' is not '%s'", line,
		      world_text(&world), text);
	ck_assert_msg(r == status, "%s: status %d is not %d (%s)", line, r, status, text);
}

static inline void
expect_part(const char *line, int status, const char *part)
{
	int r = world_say(&world, line);

	ck_assert_msg(strstr(world_text(&world), part) != NULL, "%s: '%s' lacks '%s'", line,
		      world_text(&world), part);
	ck_assert_msg(r == status, "%s: status %d is not %d (%s)", line, r, status,
		      world_text(&world));
}

static inline bool
says(const char *part)
{
	return strstr(world_text(&world), part) != NULL;
}

#endif
