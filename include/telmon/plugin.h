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
 * Life. The object is mapped, its tables are checked and copied, start is called once, then collect, views
 * and runs as they are wanted, stop once at the end. A reload is a new life: the new object is started before
 * the old one is stopped, so both live for a moment, and what the old one had in t->state is gone.
 *
 * Units. Values travel in base units: bytes, seconds, percent (0..100 and more), counts. A column's
 * name ends in its unit (_bytes, _s, _percent, _per_s, _bytes_per_s, _bits_per_s); a metric's name
 * follows Prometheus (_bytes, _seconds, _total for counters, _info for info metrics). The unit in the table
 * says how people see it. Unknown is NaN for a number and NULL for a text; it is shown as `-` or null, never
 * as zero.
 *
 * View or run. A view turns the sample that collect has put into rows: its answer is kept as long as the
 * sample, costs nothing to ask for, and is what metrics, watches and alarms agree with. A run reads the
 * machine when it is asked, with the arguments of whoever asks; it has a deadline.
 *
 * Threads and state. The host calls start, stop, collect and every run of one plugin one at a time, on any
 * thread: `t->state`, which start sets and stop frees, needs no lock. Views are called by many threads at
 * once and at any time, also during a collect: they read snapshots, arguments and settings only; no I/O, no
 * sleeping, and nothing of the state that changes. Static variables are state, too, and forbidden to views.
 *
 * Metrics known only at run time are added in start or collect with telmon_add_metric(), which returns the
 * number to put their values under. It stays theirs until stop; what is not put is simply not there. Asking
 * for the same name again is cheap and gives the same number. Before a name is made of other people's text,
 * make a name of it; other people's text belongs into labels.
 *
 * Cancelling. Whoever asked may leave, and each collect and run has a deadline (10 s, or what deadline_s and
 * the administrator say). Either makes telmon_cancelled() true: ask it in each loop that can be long, wait
 * with telmon_sleep() or in pieces of at most 0.1 s, and return -ECANCELED; what was put or written till then
 * is dropped. A call that goes on past its deadline is shown as STUCK, and the plugin is asked nothing else
 * until it returns; isolated, its child is killed and spawned anew.
 *
 * Errors and statuses. Functions return 0 or a count, or -errno. -EPERM: they are not for this callback;
 * -EINVAL: the arguments are not as the tables say. Such a call does nothing else; the first of a plugin's is
 * named in the log, and each is an error of `telmon-plugin check`. A callback returns 0, or the negative errno
 * of what stopped it, best through telmon_fail() so that the asker reads a sentence. A start that fails
 * keeps the plugin out of service, and stop is not called for it; a collect that fails leaves the values
 * of the one before in place, with their age; a view or run that fails answers an error and no rows.
 * That what is watched is in a bad way is no failure: that is a value, and for the answer of a command
 * telmon_status(), which becomes the exit status of `telmon COMMAND`.
 *
 * Explain. `explain METRIC` prints help, unit, source and formula as the table says them, `explain COMMAND.COLUMN`
 * help, unit, thresholds and formula. The source is where somebody else would look the number up
 * ("/proc/stat, line cpu"), and `help VIEW` lists those of all metrics; a formula stands wherever a column or a
 * metric is computed ("100 * used / size").
 *
 * Settings. `plugin NAME { settings = { "host=db1", "port=5432" } }` in telmond.conf; telmon_setting(t, "host").
 * They are texts, and do not change between start and stop. Check them in start, and fail with a sentence.
 *
 * Isolation. The same object runs inside the daemon or in a child of its own, by a word of the
 * administrator's (isolate = true; the default for all but the folder that telmon installs into and those
 * given with -p). All that this header offers works the same. Besides, in a child:
 *	files		/proc and /sys may be read, and what `read = { "/path", ... }` names, folders with all
 *			that is below them; nothing may be written, created or run
 *	network		no sockets, unless the section says `network = true`
 *	memory		256 MiB of address space (max_memory); past it allocations fail
 *	descriptors	64; those of the daemon are not there, nor its environment or terminal
 *	threads		may be made, 256; processes (fork, exec, system, popen) not
 *	processor	what a call needs up to its deadline; between calls half of one, or the child is ended
 *	messages	a row, or the labels of a value, may have 1 MiB; past it the call fails
 *	signals		to itself alone
 *	exit(), crash	cost the call that was going on, which fails and names the cause; the child is spawned
 *			anew, start is called again, with pauses from 0.1 s up to 30 s when it goes on
 * Inside, the plugin is a part of the daemon: a crash or exit() ends it. Leave what belongs to the process
 * alone: signal handlers, the working folder, the locale, the environment, umask, standard output. Wherever
 * it lives, close what you open, with O_CLOEXEC. `telmon-plugin check FILE.so` tries all of this.
 *
 * Growth. The object carries the sizes of its tables' elements, the host those of its own; later
 * versions append members. A newer host loads older objects. An object that needs a newer ABI is refused.
 * A function that says `since 1.1` is not in the first tables of ABI 1, and does its work without them there.
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
	const char *formula; /* for explain, or NULL: as it is read */
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
	/* All optional. start may set t->state, add metrics, and refuse to run; the plugin is not asked
	 * anything until it has returned, and others do not wait for it. stop frees the state; collect puts
	 * the values of one snapshot. */
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
	/* since 1.1 */
	int (*statfs_many)(struct telmon *, const char *const *paths, size_t n, struct telmon_statfs *ret,
			   int *ret_errors);
};

/* Whether the host's table goes as far as this function. */
#define TELMON_HOST_HAS(t, function) ((t)->host->size > offsetof(struct telmon_host, function))

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

/* telmon_statfs() of n mounts side by side: ret[i] is written where ret_errors[i] is 0; else that is the
 * negative errno which telmon_statfs() would return. They are asked in the order given, one after the other
 * while each answers within 20 ms; slower ones are waited for together, each for its second. Of all that the
 * plugins ask 16 may hang, and of these places the last goes only to a path that has none hanging before it in
 * its call. So put first what cannot hang (disks, tmpfs), last what can (network, FUSE). Blocks for 1.1 s
 * however many are dead, a little longer where slow ones make room for others, and not at all once all are
 * known to be dead. Returns 0, or -errno and nothing is written.
 * Since 1.1; an older host is asked for one path after the other, a second for each that is dead. */
static inline int
telmon_statfs_many(struct telmon *t, const char *const *paths, size_t n, struct telmon_statfs *ret,
		   int *ret_errors)
{
	if (TELMON_HOST_HAS(t, statfs_many))
		return t->host->statfs_many(t, paths, n, ret, ret_errors);
	for (size_t i = 0; i < n; i++)
		ret_errors[i] = t->host->statfs(t, paths[i], &ret[i]);
	return 0;
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

/* What stands behind `key` in the first line that begins with it, for telmon_number() and telmon_word();
 * NULL when there is no such line. The key "" is that of the first line. */
static inline const char *
telmon_find_line(const char *text, const char *key)
{
	size_t n = strlen(key);
	const char *line;

	while ((line = telmon_next_line(&text)))
		if (strncmp(line, key, n) == 0)
			return line + n;
	return NULL;
}

/* Undoes in place what the kernel does to names in mountinfo, mounts and swaps, where blank, tab, LF and
 * backslash are three octal digits: \040. */
static inline void
telmon_unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* The number behind `key`, as above, in a file; NaN without it. Start, collect and run. */
static inline double
telmon_read_number(struct telmon *t, const char *path, const char *key)
{
	struct telmon_file f;
	const char *at = telmon_read(t, path, &f) < 0 ? NULL : telmon_find_line(f.text, key);

	return at ? telmon_number(&at) : NAN;
}

/* ---- any callback --------------------------------------------------------------------------- */

/* The value of `settings = { "key=value" }` in the plugin's section, or NULL; "" for "key=". Valid until stop. */
static inline const char *
telmon_setting(struct telmon *t, const char *key)
{
	return t->host->setting(t, key);
}

/* A line in the daemon's log, with the plugin's name; ten a second at most. Not for what fails a call: that
 * is telmon_fail()'s. */
static inline void
telmon_log(struct telmon *t, enum telmon_level level, const char *text)
{
	t->host->log(t, level, text);
}

/* Says why this call fails, in words for the asker, up to 300 bytes; returns error (negative), so that a
 * callback can end with it. The host adds the text of the errno. It decides nothing by itself: a callback
 * that returns 0 after it has succeeded. */
static inline int
telmon_fail(struct telmon *t, int error, const char *why)
{
	return t->host->fail(t, error, why);
}

/* For start: makes t->state so many zero bytes, which stop frees. 0 or -ENOMEM. */
static inline int
telmon_new_state(struct telmon *t, size_t size)
{
	t->state = calloc(1, size);
	return t->state ? 0 : -ENOMEM;
}

/* ---- values: collect (add_metric: start and collect) ----------------------------------------- */

/* Adds a metric known only now; its texts are copied. Returns its index, which is good until stop; the same one
 * when the name exists (with the kind, unit and labels that it has then); -EINVAL when it is none (its name, more
 * than 16 labels, past 10,000 metrics). */
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
 * All return 0; -EMSGSIZE when the answer has grown past its limit: stop then; -EINVAL: a cell before the first
 * row or past the last column, a text for a number or the other way round. */
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

/* The answer's own word, as Nagios means it: 0 ok (unless said), 1 warning, 2 critical, 3 unknown. The exit status
 * of `telmon COMMAND`. */
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

/* ---- time: start, collect and run ------------------------------------------------------------- */

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
