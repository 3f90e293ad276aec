/*
 * @NAME@ -- a plugin for telmon. It watches how much the kernel has not yet written to the disks.
 * Replace that by what you want to watch: the four numbered parts are all that a plugin has.
 * <telmon/plugin.h> is the manual.
 */
#include <telmon/plugin.h>

/* 1. What is measured. The place in the table is the metric's number. */
enum { DIRTY, WRITEBACK };

static const struct telmon_metric metrics[] = {
	{ .name = "@METRIC@_dirty_bytes",
	  .help = "Memory that waits to be written to disk",
	  .kind = TELMON_GAUGE,
	  .unit = TELMON_BYTES,
	  .source = "/proc/meminfo, Dirty" },
	{ .name = "@METRIC@_writeback_bytes",
	  .help = "Memory that is being written to disk",
	  .kind = TELMON_GAUGE,
	  .unit = TELMON_BYTES,
	  .source = "/proc/meminfo, Writeback" },
};

/* 2. A sample: called once an interval. A NaN is not put, and is shown as unknown. */
static double
bytes_of(const char *text, const char *key)
{
	const char *at = telmon_find_line(text, key); /* "Dirty:   224 kB": behind the key */

	return at ? telmon_number(&at) * 1024 : NAN;
}

static int
collect(struct telmon *t)
{
	struct telmon_file f;
	int r = telmon_read(t, "/proc/meminfo", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/meminfo cannot be read");
	telmon_put(t, DIRTY, bytes_of(f.text, "Dirty:"));
	telmon_put(t, WRITEBACK, bytes_of(f.text, "Writeback:"));
	return 0;
}

/*
 * 3. Commands. A view makes rows of the newest sample and does nothing else. The setting comes from
 * telmond.conf: plugin @NAME@ { settings = { "limit=1000000" } }
 */
static const struct telmon_column view_columns[] = {
	{ .name = "dirty_bytes",
	  .help = "Waits to be written to disk",
	  .type = TELMON_REAL,
	  .unit = TELMON_BYTES },
	{ .name = "writeback_bytes",
	  .help = "Is being written to disk",
	  .type = TELMON_REAL,
	  .unit = TELMON_BYTES,
	  .priority = 1 },
	{ .name = "state", .help = "high above the setting limit, else ok", .type = TELMON_TEXT },
};

static int
view_state(struct telmon *t)
{
	const char *setting = telmon_setting(t, "limit");
	double limit = setting ? telmon_number(&setting) : NAN;
	double dirty = telmon_value(t, DIRTY, 0);

	telmon_row(t);
	telmon_real(t, dirty);
	telmon_real(t, telmon_value(t, WRITEBACK, 0));
	telmon_text(t, isnan(dirty) ? NULL : dirty > limit ? "high" : "ok");
	telmon_status(t, isnan(dirty) ? 3 : dirty > limit ? 1 : 0);
	return 0;
}

/* A run reads the machine when it is asked, and may take its time. This one has an argument. */
static const struct telmon_column run_columns[] = {
	{ .name = "name", .help = "Name of the line", .type = TELMON_TEXT },
	{ .name = "size_bytes", .help = "Its number", .type = TELMON_REAL, .unit = TELMON_BYTES },
};

enum { ROWS };

static const struct telmon_arg run_args[] = {
	{ .name = "rows",
	  .help = "How many lines",
	  .flag = 'n',
	  .type = TELMON_INT,
	  .def = "5",
	  .min = 1,
	  .max = 100 },
};

static int
run_lines(struct telmon *t)
{
	int64_t left = telmon_arg_int(t, ROWS);
	struct telmon_file f;
	const char *at, *line;
	char name[64];
	int r = telmon_read(t, "/proc/meminfo", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/meminfo cannot be read");
	at = f.text;
	while (left-- > 0 && !telmon_cancelled(t) && (line = telmon_next_line(&at))) {
		size_t n = strcspn(line, ":\n");

		if (line[n] != ':' || n >= sizeof(name))
			continue;
		memcpy(name, line, n);
		name[n] = '\0';
		line += n + 1;
		telmon_row(t);
		telmon_text(t, name);
		r = telmon_real(t, telmon_number(&line) * 1024);
		if (r < 0)
			return r; /* the answer is too large */
	}
	return 0;
}

static const struct telmon_command commands[] = {
	{ .name = "@COMMAND@",
	  .help = "What waits to be written to disk",
	  TELMON_COLUMNS(view_columns),
	  .view = view_state },
	{ .name = "@COMMAND@-lines",
	  .help = "The first lines of /proc/meminfo",
	  TELMON_COLUMNS(run_columns),
	  TELMON_ARGS(run_args),
	  .run = run_lines },
};

/* 4. The plugin: the one symbol that is exported. */
TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "What waits to be written to disk",
	.mode = TELMON_SAMPLED,
	.interval_s = 5,
	TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
	.collect = collect,
};
