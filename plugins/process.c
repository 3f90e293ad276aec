/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * process -- the processes, from one file each: /proc/PID/stat holds all that is shown, and its
 * owner comes with it. CPU use is that since an earlier walk when there is one from 0.2 to 10 s
 * ago, else over two walks 0.2 s apart; a process is known again by its number and start time,
 * because numbers are used again. Two earlier walks are kept in the state, sorted by number, so
 * that walks are compared like decks of cards, and that who asks right after another need not wait.
 */
#include <telmon/plugin.h>

#include <fnmatch.h>
#include <stdio.h>
#include <unistd.h>

static const double recent_s = 10, moment_s = 0.2;

enum { STATE, PIDS, THREADS };
enum { MAX_PID_DIGITS = 10 };

static const struct telmon_metric metrics[] = {
	[STATE] = { .name = "processes_state",
		    .kind = TELMON_GAUGE,
		    .labels = "state",
		    .help = "Processes in each state: R running, S sleeping, D waiting for I/O, Z "
			    "zombie, T stopped, I idle kernel thread",
		    .source = "/proc/PID/stat, field 3" },
	[PIDS] = { .name = "processes_pids",
		   .kind = TELMON_GAUGE,
		   .help = "Processes there are",
		   .source = "/proc" },
	[THREADS] = { .name = "processes_threads",
		      .kind = TELMON_GAUGE,
		      .help = "Threads of all processes",
		      .source = "/proc/PID/stat, field 20" },
};

struct process {
	double pid, start, ticks, threads, rss_pages; /* start and ticks in clock ticks */
	int64_t owner;				      /* -1 = unknown */
	char state[2];
	const char *command;
	/* for those that are shown */
	double cpu_percent, key;
	const char *user;
	const char *text_key; /* before key; never within this struct, which moves */
};

struct walk {
	double clock, uptime; /* uptime NaN = unknown */
	size_t n;
	struct process *list; /* by pid */
};

/* What is kept of a process until the next walk. */
struct seen {
	double pid, start, ticks;
};

/* An earlier walk. */
struct deck {
	double clock, uptime;
	size_t n;
	struct seen *seen; /* by pid; NULL = there was none */
};

struct state {
	struct deck latest, older; /* at least moment_s apart */
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

	free(s->latest.seen);
	free(s->older.seen);
	free(s);
}

/* ---- a walk ---------------------------------------------------------------------------- */

/* The fields of /proc/PID/stat by the numbers that proc(5) gives them. */
enum { STATUS = 3, UTIME = 14, STIME, NUM_THREADS = 20, STARTTIME = 22, RSS_PAGES = 24, N_FIELDS };

/* "4711 (a) R 1 (b) S 1 4711 ...": the name may hold anything, so it ends at the last parenthesis.
 * Returns 1, 0 when that is no process, or -ENOMEM. */
static int
parse_stat(struct telmon *t, const struct telmon_file *f, struct process *ret)
{
	const char *at = f->text, *open = memchr(at, '(', f->size),
		   *close = memrchr(at, ')', f->size);
	double fields[N_FIELDS];
	char *command;

	ret->pid = telmon_number(&at);
	if (!(ret->pid > 0) || !open || !close || close < open || f->text[f->size - 1] != '\n' ||
	    close[1] != ' ' || !close[2])
		return 0;
	at = close + 1;
	for (unsigned i = STATUS; i < N_FIELDS; i++) {
		size_t size;
		const char *word = telmon_word(&at, &size);

		fields[i] = word ? telmon_number(&word) : NAN;
	}
	command = telmon_alloc(t, (size_t)(close - open));
	if (!command)
		return -ENOMEM;
	ret->command = memcpy(command, open + 1, (size_t)(close - open) - 1);
	ret->state[0] = close[2];
	ret->ticks = fields[UTIME] + fields[STIME];
	ret->threads = fields[NUM_THREADS];
	ret->start = fields[STARTTIME];
	ret->rss_pages = fields[RSS_PAGES];
	ret->owner = f->owner;
	return ret->rss_pages >= 0;
}

static int
by_pid(const void *a, const void *b)
{
	double x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;

	return (x > y) - (x < y);
}

/* Processes end while they are looked at: one that cannot be read is not there, unless something is
 * short here. */
static int
take_processes(struct telmon *t, const char *const *names, struct walk *w)
{
	for (; *names; names++) {
		struct telmon_file f;
		char path[64];
		int r;

		if (**names < '0' || **names > '9')
			continue;
		if (w->n % 64 == 0 && telmon_cancelled(t))
			return -ECANCELED;
		if (strlen(*names) > MAX_PID_DIGITS)
			continue;
		/* Not printf: there may be a thousand of them. */
		stpcpy(stpcpy(stpcpy(path, "/proc/"), *names), "/stat");
		r = telmon_read(t, path, &f);
		if (r == 0 && f.size > 0)
			r = parse_stat(t, &f, &w->list[w->n]);
		if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
			return telmon_fail(t, r, "processes cannot be read");
		w->n += r == 1;
	}
	qsort(w->list, w->n, sizeof(*w->list), by_pid);
	return 0;
}

static int
walk(struct telmon *t, struct walk *ret)
{
	const char *const *names;
	int n = telmon_list(t, "/proc", &names);

	if (n < 0)
		return telmon_fail(t, n, "/proc cannot be listed");
	*ret = (struct walk){ .clock = telmon_clock(t),
			      .uptime = telmon_read_number(t, "/proc/uptime", "") };
	ret->list = telmon_alloc(t, ((size_t)n + 1) * sizeof(*ret->list));
	if (!ret->list)
		return telmon_fail(t, -ENOMEM, "too many processes");
	return take_processes(t, names, ret);
}

static bool
is_between(const struct deck *d, double now, double from, double to)
{
	return d->seen && now - d->clock >= from && now - d->clock < to;
}

/* Makes this walk the latest and keeps the one before as well. A walk too close to that to be
 * compared is not kept: those who ask all the time would push it on and on, and be compared with
 * one ever older. Without memory the walk is forgotten. */
static void
keep(struct state *s, const struct walk *w)
{
	struct deck d = { .clock = w->clock, .uptime = w->uptime, .n = w->n };

	if (is_between(&s->latest, w->clock, 0, moment_s))
		return;
	d.seen = malloc((w->n + 1) * sizeof(*d.seen));
	if (!d.seen)
		return;
	for (size_t i = 0; i < w->n; i++)
		d.seen[i] = (struct seen){ w->list[i].pid, w->list[i].start, w->list[i].ticks };
	free(s->older.seen);
	s->older = s->latest;
	s->latest = d;
}

/* Both are sorted by pid. A process that was not seen is as good as one seen with nothing used, if
 * it has started since. */
static void
compare(const struct deck *d, struct walk *w)
{
	double hertz = (double)sysconf(_SC_CLK_TCK), elapsed = w->clock - d->clock;
	size_t at = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct process *p = &w->list[i];
		double before = p->start + 1 >= d->uptime * hertz ? 0 : NAN;
		double used;

		while (at < d->n && d->seen[at].pid < p->pid)
			at++;
		if (at < d->n && d->seen[at].pid == p->pid && d->seen[at].start == p->start)
			before = d->seen[at].ticks;
		used = (p->ticks - before) / hertz;
		p->cpu_percent = elapsed > 0 && used >= 0 ? 100 * used / elapsed : NAN;
	}
}

/* A walk of a moment ago, which is made if there is none. */
static int
find_deck(struct telmon *t, const struct deck **ret)
{
	struct state *s = t->state;
	double now = telmon_clock(t);
	struct walk w;
	int r;

	*ret = is_between(&s->latest, now, moment_s, recent_s) ? &s->latest : &s->older;
	if (is_between(*ret, now, moment_s, recent_s))
		return 0;
	*ret = &s->latest;
	if (!is_between(&s->latest, now, 0, recent_s)) {
		r = walk(t, &w);
		if (r < 0)
			return r;
		keep(s, &w);
		if (!is_between(&s->latest, w.clock, 0, recent_s))
			return telmon_fail(t, -ENOMEM, "too many processes");
	}
	return telmon_sleep(t, s->latest.clock + moment_s - telmon_clock(t));
}

/* A walk with the CPU use of each process. */
static int
walk_and_compare(struct telmon *t, struct walk *ret)
{
	const struct deck *d;
	int r = find_deck(t, &d);

	if (r == 0)
		r = walk(t, ret);
	if (r < 0)
		return r;
	compare(d, ret);
	keep(t->state, ret);
	return 0;
}

/* ---- metrics --------------------------------------------------------------------------- */

static int
collect(struct telmon *t)
{
	unsigned states[128] = { 0 };
	double threads = 0;
	struct walk w;
	int r = walk(t, &w);

	if (r < 0)
		return r;
	keep(t->state, &w);
	for (size_t i = 0; i < w.n; i++) {
		states[w.list[i].state[0] & 127]++;
		threads += w.list[i].threads;
	}
	for (int i = 'A'; i <= 'z'; i++) {
		const char name[] = { (char)i, '\0' };

		if (states[i])
			telmon_put1(t, STATE, name, states[i]);
	}
	if (w.n == 0)
		return 0;
	telmon_put(t, PIDS, (double)w.n);
	telmon_put(t, THREADS, threads);
	return 0;
}

/* ---- the command ----------------------------------------------------------------------- */

enum { PID, USER, STATE_COLUMN, CPU, MEMORY, RSS, THREADS_COLUMN, AGE, COMMAND };

#define NUMBER(n, t, u, p, ...)                                                                    \
	{                                                                                          \
		.name = n, .type = t, .unit = u, .priority = p, __VA_ARGS__                        \
	}

static const struct telmon_column columns[] = {
	[PID] = { .name = "pid", .type = TELMON_INT, .help = "Number of the process" },
	[USER] = { .name = "user",
		   .type = TELMON_TEXT,
		   .priority = 3,
		   .help = "Owner, by name if it has one" },
	[STATE_COLUMN] = { .name = "state",
			   .type = TELMON_TEXT,
			   .priority = 5,
			   .help = "R running, S sleeping, D waiting for I/O, Z zombie, T stopped, "
				   "t traced, I idle kernel thread" },
	[CPU] = NUMBER(
		"cpu_percent", TELMON_REAL, TELMON_PERCENT, 1,
		.help = "Time on CPUs, in percent of one CPU: threads on several go past 100",
		.formula = "100 * (utime + stime) spent since an earlier walk / time since then; "
			   "that walk is at least 0.2 s and less than 10 s old"),
	[MEMORY] = NUMBER("memory_percent", TELMON_REAL, TELMON_PERCENT, 4,
			  .help = "Share of the machine's memory that it holds",
			  .formula = "100 * rss / MemTotal"),
	[RSS] = NUMBER("rss_bytes", TELMON_INT, TELMON_BYTES, 2,
		       .help = "Memory that it holds, shared parts counted whole",
		       .formula = "rss pages * page size"),
	[THREADS_COLUMN] = NUMBER("threads", TELMON_INT, TELMON_NONE, 7,
				  .help = "Threads that it has"),
	[AGE] = NUMBER("age_s", TELMON_REAL, TELMON_SECONDS, 6, .help = "Time since it started",
		       .formula = "uptime - starttime"),
	[COMMAND] = { .name = "command",
		      .type = TELMON_TEXT,
		      .help = "Name that the kernel has for it, 15 bytes long" },
};

enum { ARG_ROWS, ARG_SORT, ARG_PATTERN };

static const struct telmon_arg args[] = {
	[ARG_ROWS] = { .name = "rows",
		       .flag = 'n',
		       .type = TELMON_INT,
		       .def = "0",
		       .max = 10000000,
		       .help = "Show only so many; 0 = all" },
	[ARG_SORT] = { .name = "column",
		       .flag = 's',
		       .type = TELMON_COLUMN,
		       .def = "cpu_percent",
		       .help = "Sort by this column: numbers from the largest, texts by alphabet" },
	[ARG_PATTERN] = { .name = "pattern",
			  .type = TELMON_TEXT,
			  .help = "Only commands that match this shell pattern, or contain it if "
				  "it has no * ? [" },
};

static bool
matches(const struct process *p, const char *pattern)
{
	if (!pattern)
		return true;
	return strpbrk(pattern, "*?[") ? fnmatch(pattern, p->command, 0) == 0
				       : strstr(p->command, pattern) != NULL;
}

/* The effective user, the second of "Uid:\t0\t0\t0\t0", for trees where files have no owner that
 * means anything. */
static int64_t
read_owner(struct telmon *t, const struct process *p)
{
	struct telmon_file f;
	const char *at = NULL;
	char path[64];
	double uid = NAN;

	snprintf(path, sizeof(path), "/proc/%.0f/status", p->pid);
	if (telmon_read(t, path, &f) == 0)
		at = telmon_find_line(f.text, "Uid:");
	if (at) {
		telmon_number(&at);
		uid = telmon_number(&at);
	}
	return uid >= 0 && uid <= UINT32_MAX ? (int64_t)uid : -1;
}

/* Their users, which may cost a file each. */
static void
name_users(struct telmon *t, struct process *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t owner = list[i].owner < 0 ? read_owner(t, &list[i]) : list[i].owner;

		list[i].user = owner < 0 ? NULL : telmon_user(t, (uint32_t)owner);
	}
}

static void
set_key(struct process *p, int64_t column)
{
	const double keys[] = {
		[PID] = p->pid,		[STATE_COLUMN] = -(double)p->state[0],
		[CPU] = p->cpu_percent, [MEMORY] = p->rss_pages,
		[RSS] = p->rss_pages,	[THREADS_COLUMN] = p->threads,
		[AGE] = -p->start,	[COMMAND] = 0,
	};

	p->key = keys[column];
	p->text_key = column == COMMAND ? p->command : column == USER && p->user ? p->user : "";
}

/* Unknown numbers come last. */
static int
by_key(const void *a, const void *b)
{
	const struct process *x = a, *y = b;
	int r = strcmp(x->text_key, y->text_key);

	if (r == 0)
		r = isnan(x->key) - isnan(y->key);
	if (r == 0)
		r = (x->key < y->key) - (x->key > y->key);
	return r ? r : by_pid(a, b);
}

static int
row_process(struct telmon *t, const struct process *p, const struct walk *w, double memory)
{
	double rss = p->rss_pages * (double)sysconf(_SC_PAGESIZE);
	double age = w->uptime - p->start / (double)sysconf(_SC_CLK_TCK);
	int r = telmon_row(t);

	telmon_int(t, (int64_t)p->pid);
	telmon_text(t, p->user);
	telmon_text(t, p->state);
	telmon_real(t, p->cpu_percent);
	telmon_real(t, memory > 0 ? 100 * rss / memory : NAN);
	telmon_real(t, rss);
	telmon_real(t, p->threads);
	telmon_real(t, age < 0 ? 0 : age);
	telmon_text(t, p->command);
	return r;
}

static int
run_process(struct telmon *t)
{
	int64_t rows = telmon_arg_int(t, ARG_ROWS), column = telmon_arg_int(t, ARG_SORT);
	const char *pattern = telmon_arg_text(t, ARG_PATTERN);
	double memory = telmon_read_number(t, "/proc/meminfo", "MemTotal:") * 1024;
	size_t n = 0;
	struct walk w;
	int r = walk_and_compare(t, &w);

	if (r < 0)
		return r;
	for (size_t i = 0; i < w.n; i++)
		if (matches(&w.list[i], pattern))
			w.list[n++] = w.list[i];
	if (column == USER)
		name_users(t, w.list, n);
	for (size_t i = 0; i < n; i++)
		set_key(&w.list[i], column);
	qsort(w.list, n, sizeof(*w.list), by_key);
	if (rows > 0 && (size_t)rows < n)
		n = (size_t)rows;
	if (column != USER)
		name_users(t, w.list, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = row_process(t, &w.list[i], &w, memory);
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "process",
	  .help = "Processes, busiest first",
	  .run = run_process,
	  .cache_s = 0.5,
	  TELMON_COLUMNS(columns),
	  TELMON_ARGS(args) },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,	  .version = "1",	   .help = "Processes and their states",
	.mode = TELMON_ON_DEMAND, .start = start,	   .stop = stop,
	.collect = collect,	  TELMON_METRICS(metrics), TELMON_COMMANDS(commands),
};
