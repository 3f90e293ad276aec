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
	size_t command_size;
	const char *command; /* in the file's text, without a NUL */
	/* for those that are shown */
	double cpu_percent, key;
	const char *user;
	const char *text_key; /* sort by it and not by key; never within this struct, which moves */
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
	bool valid;
	double clock, uptime;
	size_t n, cap;
	struct seen *seen; /* by pid */
};

struct state {
	struct deck latest, older; /* at least moment_s apart */
};

static int
start(struct telmon *t)
{
	struct state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	t->state = s;
	return 0;
}

static void
stop(struct telmon *t)
{
	struct state *s = t->state;

	free(s->latest.seen);
	free(s->older.seen);
	free(s);
}

/* ---- a walk -----------------------------------------------------------------------------------
 */

static const char *
skip_fields(const char *s, unsigned n)
{
	while (n-- > 0) {
		while (*s == ' ')
			s++;
		while (*s && *s != ' ')
			s++;
	}
	return s;
}

/* "4711 (a) R 1 (b) S 1 4711 ...": the name may hold anything, so it ends at the last parenthesis.
 */
static bool
parse_stat(const struct telmon_file *f, struct process *ret)
{
	const char *at = f->text, *open, *close;
	double user_ticks;

	ret->pid = telmon_number(&at);
	open = memchr(f->text, '(', f->size);
	close = memrchr(f->text, ')', f->size);
	if (!(ret->pid > 0) || !open || !close || close < open || f->text[f->size - 1] != '\n' ||
	    close[1] != ' ' || !close[2])
		return false;
	ret->command = open + 1;
	ret->command_size = (size_t)(close - open) - 1;
	ret->state[0] = close[2];
	at = skip_fields(close + 2, 11);
	user_ticks = telmon_number(&at);
	ret->ticks = user_ticks + telmon_number(&at);
	at = skip_fields(at, 4);
	ret->threads = telmon_number(&at);
	at = skip_fields(at, 1);
	ret->start = telmon_number(&at);
	at = skip_fields(at, 1);
	ret->rss_pages = telmon_number(&at);
	ret->owner = f->owner;
	return ret->rss_pages >= 0;
}

/* "/proc/" NAME FILE into path. */
static bool
make_path(char *path, size_t size, const char *name, const char *file)
{
	size_t n = strlen(name), m = strlen(file);

	if (6 + n + m >= size)
		return false;
	memcpy(path, "/proc/", 6);
	memcpy(path + 6, name, n);
	memcpy(path + 6 + n, file, m + 1);
	return true;
}

static int
by_pid(const void *a, const void *b)
{
	double x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;

	return (x > y) - (x < y);
}

/* Whether a file was not read for want of something here, and not because it is gone. */
static bool
is_shortage(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* Processes end while they are looked at: one that cannot be read is not there. */
static int
take_processes(struct telmon *t, const char *const *names, struct walk *w)
{
	bool sorted = true;
	char path[64];

	for (; *names; names++) {
		struct process *p = &w->list[w->n];
		struct telmon_file f;
		int r;

		if (**names < '0' || **names > '9' ||
		    !make_path(path, sizeof(path), *names, "/stat"))
			continue;
		if (w->n % 64 == 0 && telmon_cancelled(t))
			return -ECANCELED;
		r = telmon_read(t, path, &f);
		if (is_shortage(r))
			return telmon_fail(t, r, "processes cannot be read");
		if (r < 0 || f.size == 0 || !parse_stat(&f, p))
			continue;
		sorted = sorted && (w->n == 0 || p[-1].pid < p->pid);
		w->n++;
	}
	if (!sorted)
		qsort(w->list, w->n, sizeof(*w->list), by_pid);
	return 0;
}

static double
read_uptime(struct telmon *t)
{
	struct telmon_file f;
	const char *at;

	if (telmon_read(t, "/proc/uptime", &f) < 0)
		return NAN;
	at = f.text;
	return telmon_number(&at);
}

static int
walk(struct telmon *t, struct walk *ret)
{
	const char *const *names;
	int n = telmon_list(t, "/proc", &names);

	if (n < 0)
		return telmon_fail(t, n, "/proc cannot be listed");
	*ret = (struct walk){ .clock = telmon_clock(t), .uptime = read_uptime(t) };
	ret->list = telmon_alloc(t, ((size_t)n + 1) * sizeof(*ret->list));
	if (!ret->list)
		return telmon_fail(t, -ENOMEM, "too many processes");
	return take_processes(t, names, ret);
}

static bool
is_between(const struct deck *d, double now, double from, double to)
{
	return d->valid && now - d->clock >= from && now - d->clock < to;
}

/* Makes this walk the latest and keeps the one before as well. A walk too close to that to be
 * compared is not kept: those who ask all the time would push it on and on, and be compared with
 * one ever older. Without memory the walk is forgotten. */
static void
keep(struct state *s, const struct walk *w)
{
	struct deck *d = &s->latest, swap = s->older;

	if (is_between(d, w->clock, 0, moment_s))
		return;
	if (d->valid) {
		s->older = *d;
		*d = swap;
	}
	if (w->n > d->cap) {
		free(d->seen);
		d->seen = malloc(w->n * sizeof(*d->seen));
		d->cap = d->seen ? w->n : 0;
	}
	d->valid = w->n <= d->cap;
	d->n = d->valid ? w->n : 0;
	for (size_t i = 0; i < d->n; i++)
		d->seen[i] = (struct seen){ w->list[i].pid, w->list[i].start, w->list[i].ticks };
	d->clock = w->clock;
	d->uptime = w->uptime;
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

/* Makes the latest walk one of a moment ago. */
static int
make_deck(struct telmon *t)
{
	struct state *s = t->state;
	struct walk w;
	int r;

	if (!is_between(&s->latest, telmon_clock(t), 0, recent_s)) {
		r = walk(t, &w);
		if (r < 0)
			return r;
		keep(s, &w);
	}
	return telmon_sleep(t, s->latest.clock + moment_s - telmon_clock(t));
}

/* A walk with the CPU use of each process. */
static int
walk_and_compare(struct telmon *t, struct walk *ret)
{
	struct state *s = t->state;
	const struct deck *d = &s->latest;
	double now = telmon_clock(t);
	int r = 0;

	if (!is_between(d, now, moment_s, recent_s)) {
		if (is_between(&s->older, now, moment_s, recent_s))
			d = &s->older;
		else
			r = make_deck(t);
	}
	if (r == 0)
		r = walk(t, ret);
	if (r < 0)
		return r;
	compare(d, ret);
	keep(s, ret);
	return 0;
}

/* ---- metrics ----------------------------------------------------------------------------------
 */

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

/* ---- the command ------------------------------------------------------------------------------
 */

enum { PID, USER, STATE_COLUMN, CPU, MEMORY, RSS, THREADS_COLUMN, AGE, COMMAND };

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
	[CPU] = { .name = "cpu_percent",
		  .type = TELMON_REAL,
		  .unit = TELMON_PERCENT,
		  .priority = 1,
		  .help = "Time on CPUs, in percent of one CPU: threads on several go past 100",
		  .formula = "100 * (utime + stime) spent since an earlier walk / time since then; "
			     "that walk is at least 0.2 s and less than 10 s old" },
	[MEMORY] = { .name = "memory_percent",
		     .type = TELMON_REAL,
		     .unit = TELMON_PERCENT,
		     .priority = 4,
		     .help = "Share of the machine's memory that it holds",
		     .formula = "100 * rss / MemTotal" },
	[RSS] = { .name = "rss_bytes",
		  .type = TELMON_INT,
		  .unit = TELMON_BYTES,
		  .priority = 2,
		  .help = "Memory that it holds, shared parts counted whole",
		  .formula = "rss pages * page size" },
	[THREADS_COLUMN] = { .name = "threads",
			     .type = TELMON_INT,
			     .priority = 7,
			     .help = "Threads that it has" },
	[AGE] = { .name = "age_s",
		  .type = TELMON_REAL,
		  .unit = TELMON_SECONDS,
		  .priority = 6,
		  .help = "Time since it started",
		  .formula = "uptime - starttime" },
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
	char command[128];
	size_t n = p->command_size < sizeof(command) ? p->command_size : sizeof(command) - 1;

	if (!pattern)
		return true;
	memcpy(command, p->command, n);
	command[n] = '\0';
	return strpbrk(pattern, "*?[") ? fnmatch(pattern, command, 0) == 0
				       : strstr(command, pattern) != NULL;
}

/* The real user of "Uid:\t0\t0\t0\t0", for trees where files have no owner that means anything. */
static int64_t
read_owner(struct telmon *t, const struct process *p)
{
	struct telmon_file f;
	const char *at, *line;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.0f/status", p->pid);
	if (telmon_read(t, path, &f) < 0)
		return -1;
	for (at = f.text; (line = telmon_next_line(&at));) {
		double uid = NAN;

		if (strncmp(line, "Uid:", 4) != 0)
			continue;
		line += 4;
		telmon_number(&line);
		uid = telmon_number(&line);
		return uid >= 0 && uid <= UINT32_MAX ? (int64_t)uid : -1;
	}
	return -1;
}

/* Their users, which may cost a file each. Neighbours often have the same owner. */
static void
name_users(struct telmon *t, struct process *list, size_t n)
{
	int64_t uid = -1;
	const char *user = NULL;

	for (size_t i = 0; i < n; i++) {
		if (list[i].owner < 0)
			list[i].owner = read_owner(t, &list[i]);
		if (list[i].owner != uid) {
			uid = list[i].owner;
			user = uid < 0 ? NULL : telmon_user(t, (uint32_t)uid);
		}
		list[i].user = user;
	}
}

/* A copy with a NUL, owned by the call; NULL without memory. */
static const char *
command_text(struct telmon *t, const struct process *p)
{
	char *copy = telmon_alloc(t, p->command_size + 1);

	return copy ? memcpy(copy, p->command, p->command_size) : NULL;
}

static void
set_key(struct telmon *t, struct process *p, int64_t column)
{
	const double keys[] = {
		[PID] = p->pid,		[STATE_COLUMN] = -(double)p->state[0],
		[CPU] = p->cpu_percent, [MEMORY] = p->rss_pages,
		[RSS] = p->rss_pages,	[THREADS_COLUMN] = p->threads,
		[AGE] = -p->start,
	};

	p->text_key = NULL;
	if (column == USER)
		p->text_key = p->user ? p->user : "";
	else if (column == COMMAND)
		p->text_key = command_text(t, p);
	else
		p->key = keys[column];
}

/* Unknown numbers come last. */
static int
by_key(const void *a, const void *b)
{
	const struct process *x = a, *y = b;
	int r;

	if (x->text_key && y->text_key)
		r = strcmp(x->text_key, y->text_key);
	else if (isnan(x->key) || isnan(y->key))
		r = isnan(x->key) - isnan(y->key);
	else
		r = (x->key < y->key) - (x->key > y->key);
	return r ? r : by_pid(a, b);
}

static double
read_memory_total(struct telmon *t)
{
	struct telmon_file f;
	const char *at, *line;

	if (telmon_read(t, "/proc/meminfo", &f) < 0)
		return NAN;
	for (at = f.text; (line = telmon_next_line(&at));) {
		if (strncmp(line, "MemTotal:", 9) != 0)
			continue;
		line += 9;
		return telmon_number(&line) * 1024;
	}
	return NAN;
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
	telmon_text(t, command_text(t, p));
	return r;
}

static int
run_process(struct telmon *t)
{
	int64_t rows = telmon_arg_int(t, ARG_ROWS), column = telmon_arg_int(t, ARG_SORT);
	const char *pattern = telmon_arg_text(t, ARG_PATTERN);
	double memory = read_memory_total(t);
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
		set_key(t, &w.list[i], column);
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
