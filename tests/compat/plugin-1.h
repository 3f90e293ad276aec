/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon/plugin.h -- the contract between telmon and its monitors; since ABI 1.
 *
 * A plugin is one shared object that exports one symbol, `telmon_plugin`, and includes this header
 * and nothing else of telmon. It declares metrics and commands; the daemon makes text, JSON, CSV,
 * Prometheus, help, completion and `explain` of them. A plugin never prints, and never sees a
 * socket, a session or a thread. This is a complete one:
 *
 *	#include <telmon/plugin.h>
 *
 *	enum { LOAD1 };
 *	static const struct telmon_metric metrics[] = {
 *		[LOAD1] = { .name = "load1", .kind = TELMON_GAUGE, .help = "1 minute load average",
 *			    .source = "/proc/loadavg" },
 *	};
 *	static const struct telmon_column columns[] = {
 *		{ .name = "load1", .type = TELMON_REAL, .help = "load over one minute" },
 *	};
 *	static int
 *	collect(struct telmon *t)
 *	{
 *		struct telmon_file f;
 *		const char *at;
 *		int r = telmon_read(t, "/proc/loadavg", &f);
 *
 *		if (r < 0)
 *			return telmon_fail(t, r, "/proc/loadavg cannot be read");
 *		at = f.text;
 *		telmon_put(t, LOAD1, telmon_number(&at));
 *		return 0;
 *	}
 *	static int
 *	view_load(struct telmon *t)
 *	{
 *		telmon_row(t);
 *		telmon_real(t, telmon_value(t, LOAD1, 0));
 *		return 0;
 *	}
 *	static const struct telmon_command commands[] = {
 *		{ .name = "myload", .help = "load of this machine", .view = view_load,
 *		  TELMON_COLUMNS(columns) },
 *	};
 *	TELMON_PLUGIN = {
 *		TELMON_PLUGIN_HEAD, .version = "1", .help = "load average",
 *		.mode = TELMON_SAMPLED, .collect = collect,
 *		TELMON_METRICS(metrics), TELMON_COMMANDS(commands),
 *	};
 *
 *	cc -shared -fPIC -o myload.so myload.c $(pkg-config --cflags telmon)
 *
 * Units. Values travel in base units: bytes, seconds, percent (0..100 and more), counts. A column's
 * name ends in its unit (_bytes, _s, _percent, _per_s, _bytes_per_s, _bits_per_s); a metric's name
 * follows Prometheus (_bytes, _seconds, _total). The unit in the table says how people see it.
 * Unknown is NaN for a number and NULL for a text; it is shown as `-` or null, never as zero.
 *
 * Threads. The host calls start, stop, collect and every run of one plugin one at a time, on any
 * thread: `t->state` needs no lock. Views are called by many threads at once and at any time: they
 * read snapshots and arguments only; no I/O, no state, no sleeping.
 *
 * Isolation. The same object runs inside the daemon or in a child of its own, by a word of the
 * administrator's. In a child it has no descriptors, environment, terminal or network of the
 * daemon's, and limits on memory and processor time; all that this header offers works the same.
 *
 * Errors. Functions return 0 or a count, or -errno. A callback returns 0, or the negative errno of
 * what stopped it, best through telmon_fail() so that the asker reads a sentence.
 *
 * Growth. The object carries the sizes of its tables' elements, the host those of its own; later
 * versions append members. A newer host loads older objects. An object that needs a newer ABI is refused.
 */
#ifndef TELMON_PLUGIN_H
#define TELMON_PLUGIN_H

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TELMON_ABI 1

/* What a metric is, as Prometheus means it. An info metric's value is 1; its labels are the text. */
enum telmon_kind { TELMON_GAUGE, TELMON_COUNTER, TELMON_INFO, TELMON_UNTYPED };

/* How a number is shown to people. Machines always get base units. */
enum telmon_unit {
	TELMON_NONE,	    /* a plain number */
	TELMON_BYTES,	    /* shown as 1.5 GiB */
	TELMON_SECONDS,	    /* a duration: 1.2 ms, 3 h 12 min */
	TELMON_PERCENT,	    /* 12.3% */
	TELMON_PER_S,	    /* events a second */
	TELMON_BYTES_PER_S, /* 1.5 MiB/s */
	TELMON_BITS_PER_S,  /* 1 Gbit/s, in 1000s */
	TELMON_EPOCH,	    /* seconds since 1970, shown as date and time */
	TELMON_CELSIUS,
	TELMON_HERTZ,
	TELMON_VOLTS,
	TELMON_AMPERES,
	TELMON_WATTS,
};

/* What a cell or an argument holds. FLAG and COLUMN are for arguments only. */
enum telmon_type {
	TELMON_INT,    /* int64_t */
	TELMON_REAL,   /* double */
	TELMON_TEXT,   /* UTF-8; the host cleans it of control characters before showing it */
	TELMON_FLAG,   /* an option without a value: 1 when given */
	TELMON_COLUMN, /* the name of a column of the command; read with telmon_arg_int() as its index */
};

/* Whether collect runs every interval, or when somebody asks and the last answer is too old. */
enum telmon_mode { TELMON_ON_DEMAND, TELMON_SAMPLED };

struct telmon_metric {
	/* [a-z][a-zA-Z0-9_]*; node_exporter's name after its prefix where the meaning is the same */
	const char *name;
	const char *help;   /* one sentence, no full stop */
	enum telmon_kind kind;
	enum telmon_unit unit;
	const char *labels; /* names, comma between: "cpu,mode"; NULL = none */
	const char *source; /* for explain: "/proc/stat" */
	const char *formula; /* for explain, or NULL */
};

struct telmon_column {
	const char *name; /* [a-z][a-z0-9_]*, unit last: used_bytes */
	const char *help;
	enum telmon_type type; /* INT, REAL or TEXT */
	enum telmon_unit unit;
	int priority;	       /* 0 = never dropped; 1 is dropped last, 9 first, in a narrow window */
	double warn, crit;     /* thresholds that colour; both 0 = none; crit < warn: low is bad */
	const char *formula;   /* for explain, or NULL */
};

struct telmon_arg {
	const char *name; /* "pattern"; for an option the word for its value: "rows" */
	const char *help;
	char flag;	  /* 'n' for -n; 0 for a positional word; positionals are optional */
	enum telmon_type type;
	const char *def;  /* as text; NULL = none: telmon_arg_given() is false */
	double min, max;  /* range of INT and REAL; both 0 = no limit */
};

struct telmon; /* one call: what a callback is given */

struct telmon_command {
	const char *name; /* [a-z][a-z0-9-]* */
	const char *help; /* one line */
	const struct telmon_column *columns;
	size_t n_columns;
	const struct telmon_arg *args;
	size_t n_args;
	/* Exactly one of the two. A view turns the newest snapshots into rows: pure, many threads at
	 * once. A run may read files and block; it ends by its deadline and watches telmon_cancelled(). */
	int (*view)(struct telmon *t);
	int (*run)(struct telmon *t);
	double cache_s;	   /* a run's answer serves everyone who asks the same for this long; 0 = not at all */
	double deadline_s; /* of a run, from its start; 0 = the daemon's setting */
};

struct telmon_plugin {
	uint32_t abi;
	uint32_t size, size_metric, size_column, size_arg, size_command; /* TELMON_PLUGIN_HEAD sets these */
	const char *version;
	const char *help; /* one line: what it monitors */
	enum telmon_mode mode;
	double interval_s; /* wished for, if sampled; 0 = 1 s; the configuration overrides it */
	const struct telmon_metric *metrics;
	size_t n_metrics;
	const struct telmon_command *commands;
	size_t n_commands;
	/* All optional. start may set t->state, add metrics, and refuse to run; stop frees the state;
	 * collect puts the values of one snapshot. */
	int (*start)(struct telmon *t);
	void (*stop)(struct telmon *t);
	int (*collect)(struct telmon *t);
};

#define TELMON_PLUGIN_HEAD                                                                         \
	.abi = TELMON_ABI, .size = sizeof(struct telmon_plugin),                                   \
	.size_metric = sizeof(struct telmon_metric), .size_column = sizeof(struct telmon_column),  \
	.size_arg = sizeof(struct telmon_arg), .size_command = sizeof(struct telmon_command)
#define TELMON_METRICS(a) .metrics = (a), .n_metrics = sizeof(a) / sizeof((a)[0])
#define TELMON_COMMANDS(a) .commands = (a), .n_commands = sizeof(a) / sizeof((a)[0])
#define TELMON_COLUMNS(a) .columns = (a), .n_columns = sizeof(a) / sizeof((a)[0])
#define TELMON_ARGS(a) .args = (a), .n_args = sizeof(a) / sizeof((a)[0])

/* The one symbol of a plugin: TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, ... }; */
extern __attribute__((visibility("default"))) const struct telmon_plugin telmon_plugin;
#define TELMON_PLUGIN const struct telmon_plugin telmon_plugin

/* A file, whole. Owned by the call: valid until the callback returns. */
struct telmon_file {
	const char *text; /* NUL after the last byte */
	size_t size;
	int64_t owner; /* user id: the process's for /proc/PID/..., -1 where that says nothing (a captured tree) */
};

/* As struct statvfs, in bytes and counts. */
struct telmon_statfs {
	uint64_t size_bytes, free_bytes, available_bytes;
	uint64_t files, files_free; /* 0, 0 where the filesystem has no such number */
	bool read_only;
};

struct telmon_uname {
	const char *sysname, *nodename, *release, *version, *machine;
};

enum telmon_level { TELMON_ERROR, TELMON_WARNING, TELMON_NOTICE, TELMON_DEBUG };

/*
 * What the host does for a plugin. Use the functions below, which read better; the table is how
 * they get there without a symbol of the daemon's. `size` is that of the host's table.
 */
struct telmon_host {
	size_t size;
	int (*read)(struct telmon *, const char *path, struct telmon_file *ret);
	int (*list)(struct telmon *, const char *path, const char *const **ret_names);
	int (*statfs)(struct telmon *, const char *path, struct telmon_statfs *ret);
	int (*uname)(struct telmon *, struct telmon_uname *ret);
	const char *(*user)(struct telmon *, uint32_t uid);
	double (*clock)(struct telmon *);
	double (*wall)(struct telmon *);
	void *(*alloc)(struct telmon *, size_t size);
	const char *(*setting)(struct telmon *, const char *key);
	void (*log)(struct telmon *, enum telmon_level, const char *text);
	int (*fail)(struct telmon *, int error, const char *why);
	int (*add_metric)(struct telmon *, const struct telmon_metric *);
	int (*put)(struct telmon *, unsigned metric, const char *const *labels, size_t n_labels, double value);
	double (*interval)(struct telmon *);
	size_t (*count)(struct telmon *, unsigned metric);
	const char *(*label)(struct telmon *, unsigned metric, size_t i, size_t which);
	double (*value)(struct telmon *, unsigned metric, size_t i);
	double (*previous)(struct telmon *, unsigned metric, size_t i);
	long (*find)(struct telmon *, unsigned metric, const char *const *labels, size_t n_labels);
	int (*row)(struct telmon *);
	int (*cell_int)(struct telmon *, int64_t);
	int (*cell_real)(struct telmon *, double);
	int (*cell_text)(struct telmon *, const char *);
	void (*status)(struct telmon *, int);
	bool (*arg_given)(struct telmon *, size_t arg);
	int64_t (*arg_int)(struct telmon *, size_t arg);
	double (*arg_real)(struct telmon *, size_t arg);
	const char *(*arg_text)(struct telmon *, size_t arg);
	bool (*cancelled)(struct telmon *);
	int (*sleep)(struct telmon *, double seconds);
};

struct telmon {
	const struct telmon_host *host;
	void *state; /* the plugin's own, set in start; read-only in views */
};

/* ---- reading the machine: start, collect and run ------------------------------------------- */

/* Reads a file whole with as few system calls as it takes. Paths are those of the machine that is
 * looked at (-R): /proc/stat, /sys/block. Returns 0 or -errno; -EFBIG past 4 MiB. */
static inline int
telmon_read(struct telmon *t, const char *path, struct telmon_file *ret)
{
	return t->host->read(t, path, ret);
}

/* Names in a directory without . and .., unsorted, NULL-terminated, owned by the call.
 * Returns their number or -errno. */
static inline int
telmon_list(struct telmon *t, const char *path, const char *const **ret_names)
{
	return t->host->list(t, path, ret_names);
}

/* statvfs(3) on a thread that may hang in the caller's place. -ETIMEDOUT: no answer in 1 s, and it is not
 * asked again until it answers; -EBUSY: too many such hang already; else what statvfs says. */
static inline int
telmon_statfs(struct telmon *t, const char *path, struct telmon_statfs *ret)
{
	return t->host->statfs(t, path, ret);
}

/* Strings owned by the call. nodename is the host's name. */
static inline int
telmon_uname(struct telmon *t, struct telmon_uname *ret)
{
	return t->host->uname(t, ret);
}

/* A user's name, or the number as text. Owned by the call. Never blocks on a network directory. */
static inline const char *
telmon_user(struct telmon *t, uint32_t uid)
{
	return t->host->user(t, uid);
}

/* Monotonic seconds; for intervals. */
static inline double
telmon_clock(struct telmon *t)
{
	return t->host->clock(t);
}

/* Seconds since 1970. */
static inline double
telmon_wall(struct telmon *t)
{
	return t->host->wall(t);
}

/* Zeroed memory, freed by the host after the callback. NULL past 64 MiB a call. */
static inline void *
telmon_alloc(struct telmon *t, size_t size)
{
	return t->host->alloc(t, size);
}

/* ---- taking the text of a file apart: any callback ------------------------------------------- */

/* Takes a line: returns its start and moves *at behind its LF. NULL at the end. What has no LF was
 * cut off and is not given: half a number is not a number. */
static inline const char *
telmon_next_line(const char **at)
{
	const char *line = *at;
	const char *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*at = end + 1;
	return line;
}

/* Takes the next word of a line, *ret_size bytes without a NUL; blanks and tabs are between words.
 * NULL, and nothing is taken, at the end of the line. */
static inline const char *
telmon_word(const char **at, size_t *ret_size)
{
	const char *word = *at + strspn(*at, " \t");
	size_t size = strcspn(word, " \t\n");

	if (size == 0)
		return NULL;
	*at = word + size;
	*ret_size = size;
	return word;
}

/* Takes a decimal number with an optional minus and fraction, past blanks and tabs, never past the end of
 * the line. NaN, and nothing is taken, where there is none; `12x` and `1.2.3` are none, `3/99` is 3. */
static inline double
telmon_number(const char **at)
{
	const char *s = *at;
	double digits = 0, scale = 1;
	bool minus;

	while (*s == ' ' || *s == '\t')
		s++;
	minus = *s == '-';
	s += minus;
	if (*s < '0' || *s > '9')
		return NAN;
	for (; *s >= '0' && *s <= '9'; s++)
		digits = digits * 10 + (*s - '0');
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, scale *= 10)
			digits = digits * 10 + (*s - '0');
	if ((unsigned char)*s >= 0x7f || *s == '.' || ((*s | 32) >= 'a' && (*s | 32) <= 'z') ||
	    !isfinite(digits))
		return NAN;
	*at = s;
	return (minus ? -digits : digits) / scale;
}

/* ---- any callback --------------------------------------------------------------------------- */

/* The value of `settings = { "key=value" }` in the plugin's section, or NULL. */
static inline const char *
telmon_setting(struct telmon *t, const char *key)
{
	return t->host->setting(t, key);
}

static inline void
telmon_log(struct telmon *t, enum telmon_level level, const char *text)
{
	t->host->log(t, level, text);
}

/* Says why this call fails, in words for the asker; returns error (negative), so that a callback can
 * end with it. The host adds the text of the errno. */
static inline int
telmon_fail(struct telmon *t, int error, const char *why)
{
	return t->host->fail(t, error, why);
}

/* ---- values: collect (add_metric: start and collect) ----------------------------------------- */

/* Adds a metric known only now. Returns its index; the same one when the name exists; -EINVAL. */
static inline int
telmon_add_metric(struct telmon *t, const struct telmon_metric *m)
{
	return t->host->add_metric(t, m);
}

/* Puts a value under its labels, in the order of the declaration. NaN is not put. A text may be
 * NULL, which is the empty label. Returns 0, -EINVAL (index, number of labels, put twice is not
 * checked), -EMSGSIZE (past 100,000 values or 16 MiB of labels). */
static inline int
telmon_put_labels(struct telmon *t, unsigned metric, const char *const *labels, size_t n, double value)
{
	return t->host->put(t, metric, labels, n, value);
}

static inline int
telmon_put(struct telmon *t, unsigned metric, double value)
{
	return t->host->put(t, metric, NULL, 0, value);
}

static inline int
telmon_put1(struct telmon *t, unsigned metric, const char *label, double value)
{
	const char *const labels[] = { label };

	return t->host->put(t, metric, labels, 1, value);
}

static inline int
telmon_put2(struct telmon *t, unsigned metric, const char *a, const char *b, double value)
{
	const char *const labels[] = { a, b };

	return t->host->put(t, metric, labels, 2, value);
}

/* ---- snapshots: views ------------------------------------------------------------------------- */

/* Seconds between the two newest snapshots; NaN when there is only one. */
static inline double
telmon_interval(struct telmon *t)
{
	return t->host->interval(t);
}

/* How many series (label sets) of the metric the newest snapshot has; 0 when its source is missing.
 * They stand in the order in which they were put. After a failed collect a view sees the last good snapshot. */
static inline size_t
telmon_count(struct telmon *t, unsigned metric)
{
	return t->host->count(t, metric);
}

/* Label number `which` of series i; NULL out of range. Valid until the view returns. */
static inline const char *
telmon_label(struct telmon *t, unsigned metric, size_t i, size_t which)
{
	return t->host->label(t, metric, i, which);
}

/* The newest value of series i; NaN out of range. */
static inline double
telmon_value(struct telmon *t, unsigned metric, size_t i)
{
	return t->host->value(t, metric, i);
}

/* The value that the series with the same labels had in the snapshot before; NaN if it had none. */
static inline double
telmon_previous(struct telmon *t, unsigned metric, size_t i)
{
	return t->host->previous(t, metric, i);
}

/* The series with these labels; -1 if there is none. */
static inline long
telmon_find(struct telmon *t, unsigned metric, const char *const *labels, size_t n)
{
	return t->host->find(t, metric, labels, n);
}

/* The newest value under one label, NaN if there is none. */
static inline double
telmon_value1(struct telmon *t, unsigned metric, const char *label)
{
	long i = t->host->find(t, metric, &label, 1);

	return i < 0 ? NAN : t->host->value(t, metric, (size_t)i);
}

/* Growth of a counter over the interval; NaN without a previous value, or when it went down (reset). */
static inline double
telmon_delta(struct telmon *t, unsigned metric, size_t i)
{
	double d = t->host->value(t, metric, i) - t->host->previous(t, metric, i);

	return d >= 0 ? d : NAN;
}

/* The same a second. */
static inline double
telmon_rate(struct telmon *t, unsigned metric, size_t i)
{
	double s = t->host->interval(t);

	return s > 0 ? telmon_delta(t, metric, i) / s : NAN;
}

/* ---- rows: views and runs --------------------------------------------------------------------- */

/* Begins a row; the cells follow in the order of the columns. Cells not given are unknown.
 * All return 0, or -EMSGSIZE when the answer has grown past its limit: stop then. */
static inline int
telmon_row(struct telmon *t)
{
	return t->host->row(t);
}

static inline int
telmon_int(struct telmon *t, int64_t v)
{
	return t->host->cell_int(t, v);
}

/* NaN is unknown. Into an INT column the value is rounded. */
static inline int
telmon_real(struct telmon *t, double v)
{
	return t->host->cell_real(t, v);
}

/* NULL is unknown. The text is copied. */
static inline int
telmon_text(struct telmon *t, const char *v)
{
	return t->host->cell_text(t, v);
}

/* The answer's own word, as Nagios means it: 0 ok, 1 warning, 2 critical, 3 unknown. */
static inline void
telmon_status(struct telmon *t, int status)
{
	t->host->status(t, status);
}

/* ---- arguments: views and runs ---------------------------------------------------------------- */

/* By index into the command's args. Checked against type and range before the callback is called. */
static inline bool
telmon_arg_given(struct telmon *t, size_t arg)
{
	return t->host->arg_given(t, arg);
}

static inline int64_t
telmon_arg_int(struct telmon *t, size_t arg)
{
	return t->host->arg_int(t, arg);
}

static inline double
telmon_arg_real(struct telmon *t, size_t arg)
{
	return t->host->arg_real(t, arg);
}

/* NULL when not given and without default. */
static inline const char *
telmon_arg_text(struct telmon *t, size_t arg)
{
	return t->host->arg_text(t, arg);
}

/* ---- time: collect and run -------------------------------------------------------------------- */

/* True once nobody waits for the answer, or its deadline has passed: return soon. */
static inline bool
telmon_cancelled(struct telmon *t)
{
	return t->host->cancelled(t);
}

/* Sleeps. 0, or -ECANCELED as soon as telmon_cancelled() turns true. */
static inline int
telmon_sleep(struct telmon *t, double seconds)
{
	return t->host->sleep(t, seconds);
}

#ifdef __cplusplus
}
#endif

#endif
