/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_trend -- how the parts of the machine fared in the last two minutes, for the small
 * pictures of `status`: the points of the metrics behind a line, put together as the line's command
 * does, the highest of each five seconds. What is not there has no picture.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "builtins_private.h"
#include "mem.h"

#define BUCKET_NS (BUILTINS_TREND_S * NS_PER_S / BUILTINS_TREND_POINTS)

struct points {
	size_t n;
	int64_t times_ns[SERIES_POINTS];
	float v[SERIES_POINTS];
};

typedef float join_fn(float a, float b);

static float
add(float a, float b)
{
	return a + b;
}

/* Where both are there. Between two copies a snapshot may have come, so they are put side by side
 * by their times. */
static void
join(struct points *a, const struct points *b, join_fn *fn)
{
	size_t k = 0;

	for (size_t i = 0; i < a->n; i++) {
		while (k < b->n && b->times_ns[k] < a->times_ns[i])
			k++;
		a->v[i] = k < b->n && b->times_ns[k] == a->times_ns[i] ? fn(a->v[i], b->v[k]) : NAN;
	}
}

static bool
fits(const struct track *t, const char *metric, const char *label, const char *wanted)
{
	const char *name, *value;

	if (strcmp(track_metric(t), metric) != 0)
		return false;
	for (unsigned i = 0; label && (name = track_label(t, i, &value)); i++)
		if (strcmp(name, label) == 0)
			return strcmp(value, wanted) == 0;
	return !label;
}

/* All series of a metric that have this label (NULL: all) as one; owned. NULL: there is none. */
static struct points *
join_series(const struct builtins_look *k, const char *metric, const char *label, const char *value,
	    join_fn *fn)
{
	struct track_list *l = series_tracks(k->plugin->series);
	struct points *all = NULL, *one = xmalloc(sizeof(*one)), *empty;

	for (size_t i = 0; l && i < l->n; i++) {
		if (!fits(l->tracks[i], metric, label, value))
			continue;
		one->n = series_points(k->plugin->series, l->tracks[i], one->v, one->times_ns);
		if (all) {
			join(all, one, fn);
			continue;
		}
		empty = xmalloc(sizeof(*empty));
		all = one;
		one = empty;
	}
	track_list_unref(l);
	free(one);
	return all;
}

/* Takes both; either may be NULL. */
static struct points *
take_both(struct points *a, struct points *b, join_fn *fn)
{
	if (a && b) {
		join(a, b, fn);
		free(b);
		return a;
	}
	free(a);
	free(b);
	return NULL;
}

/* Where a plugin is sampled less often than every five seconds, a point counts until the next. */
static void
carry_on(struct builtins_trend *t, int64_t interval_ns)
{
	int64_t most = interval_ns / BUCKET_NS, carried = isnan(t->points[0]) ? most : 0;

	for (size_t i = 1; i < BUILTINS_TREND_POINTS; i++) {
		carried = isnan(t->points[i]) ? carried + 1 : 0;
		if (carried && carried <= most)
			t->points[i] = t->points[i - 1];
	}
}

/* Takes the points, which may be NULL. full is the height of the picture; the highest if that is
 * higher. Buckets begin at multiples of their length, so that pictures of two moments agree. */
static void
settle(struct builtins_look *k, struct points *p, double full)
{
	int64_t interval_ns = __atomic_load_n(&k->plugin->interval_ns, __ATOMIC_RELAXED);
	int64_t end_ns = now_ns() - 2 * interval_ns - NS_PER_S;
	struct builtins_trend *t = &k->trend;

	if (!p)
		return;
	*t = (struct builtins_trend){ .full = full };
	for (size_t i = 0; i < BUILTINS_TREND_POINTS; i++)
		t->points[i] = NAN;
	if (p->n && p->times_ns[p->n - 1] > end_ns)
		end_ns = p->times_ns[p->n - 1];
	for (size_t i = 0; i < p->n; i++) {
		int64_t ago = end_ns / BUCKET_NS - p->times_ns[i] / BUCKET_NS;
		float *at;

		if (ago < 0 || ago >= BUILTINS_TREND_POINTS || !isfinite(p->v[i]))
			continue;
		at = &t->points[BUILTINS_TREND_POINTS - 1 - ago];
		*at = fmaxf(*at, p->v[i]);
		t->full = fmax(t->full, (double)p->v[i]);
		t->known = true;
	}
	carry_on(t, interval_ns);
	free(p);
}

void
builtins_trend_load(struct builtins_look *k, double cpus)
{
	settle(k, join_series(k, "load1", NULL, NULL, add), isnan(cpus) ? 1 : cpus);
}

static float
rest(float idle, float all)
{
	return 1 - idle / all;
}

void
builtins_trend_cpu(struct builtins_look *k)
{
	static const char metric[] = "cpu_all_seconds_total";
	struct points *idle = take_both(join_series(k, metric, "mode", "idle", add),
					join_series(k, metric, "mode", "iowait", add), add);

	settle(k, take_both(idle, join_series(k, metric, NULL, NULL, add), rest), 1);
}

void
builtins_trend_memory(struct builtins_look *k)
{
	settle(k,
	       take_both(join_series(k, "memory_MemAvailable_bytes", NULL, NULL, add),
			 join_series(k, "memory_MemTotal_bytes", NULL, NULL, add), rest),
	       1);
}

void
builtins_trend_disk(struct builtins_look *k, const char *device)
{
	settle(k, join_series(k, "disk_io_time_seconds_total", "device", device, add), 1);
}

/* The chatter of an idle interface fills no picture. */
void
builtins_trend_network(struct builtins_look *k, const char *interface)
{
	const double least_bytes_per_s = 10 << 10;

	settle(k,
	       take_both(join_series(k, "network_receive_bytes_total", "device", interface, add),
			 join_series(k, "network_transmit_bytes_total", "device", interface, add),
			 add),
	       least_bytes_per_s);
}

void
builtins_trend_pressure(struct builtins_look *k)
{
	settle(k, join_series(k, "pressure_avg10_percent", "share", "some", fmaxf), 100);
}
