/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_gather -- the values of many plugins at once: those whose values are old are asked side
 * by side and waited for together, at most two seconds; one that is late serves what it had. Runs
 * on a session's thread.
 */
#include <stdlib.h>

#include "builtins_private.h"
#include "mem.h"

static bool
is_stale(const struct builtins_source *s, double cache_s)
{
	if (!s->newest)
		return true;
	return !s->plugin->sampled &&
	       (double)(now_ns() - s->newest->time_ns) > cache_s * (double)NS_PER_S;
}

static void
ask(struct builtins_env *env, struct builtins_source *s, double cache_s, int bell)
{
	series_newest(s->plugin->series, &s->newest, NULL);
	if (!is_stale(s, cache_s))
		return;
	s->call = executor_collect(env->executor, s->plugin);
	if (bell >= 0)
		call_watch(s->call, bell);
}

static int
wait_all(const struct builtins_source *sources, size_t n, struct reply *reply, int bell)
{
	int64_t until_ns = now_ns() + BUILTINS_WAIT_S * NS_PER_S, soon_ns;
	size_t i = 0;
	int r;

	while (i < n) {
		if (!sources[i].call || call_done(sources[i].call)) {
			i++;
			continue;
		}
		/* Without a doorbell (no descriptor was left) the calls are looked at now and then.
		 */
		soon_ns = now_ns() + 20 * NS_PER_MS;
		r = reply->ops->wait(reply, bell < 0 && soon_ns < until_ns ? soon_ns : until_ns);
		if (r < 0)
			return r;
		if (now_ns() >= until_ns)
			return 0;
	}
	return 0;
}

/* The sampler asks sampled plugins, not we: that a sample of theirs failed shows once the next one
 * is overdue. */
static bool
sampled_well(struct builtins_env *env, const struct builtins_source *s,
	     const struct plugin_stats *stats)
{
	double interval_s = (double)__atomic_load_n(&s->plugin->interval_ns, __ATOMIC_RELAXED) /
			    (double)NS_PER_S;
	double age_s = (double)(now_ns() - s->newest->time_ns) / (double)NS_PER_S;

	if (executor_stuck_s(env->executor, s->plugin) > 0)
		return false;
	return age_s <= interval_s || (!stats->last_error[0] && age_s <= 2 * interval_s + 1);
}

static void
settle(struct builtins_env *env, struct builtins_source *s, int bell)
{
	struct plugin_stats stats = executor_stats(env->executor, s->plugin);
	const char *reason;

	s->duration_s = (double)stats.last_ns / (double)NS_PER_S;
	if (!s->call) {
		s->success = !s->plugin->sampled || sampled_well(env, s, &stats);
		return;
	}
	s->late = !call_done(s->call);
	s->success = !s->late && call_result(s->call, &reason) == 0;
	call_leave(s->call, bell);
	s->call = NULL;
	snapshot_unref(s->newest);
	series_newest(s->plugin->series, &s->newest, NULL);
}

int
builtins_gather(struct builtins_env *env, struct plugin *const *plugins, size_t n,
		struct reply *reply, struct builtins_source **ret, size_t *ret_n)
{
	double cache_s = pipeline_get_limits(env->pipeline).cache_s;
	struct builtins_source *sources = xcalloc(n, sizeof(*sources));
	int r, bell = reply->ops->doorbell(reply);
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (!plugins[i]->decl.collect)
			continue;
		sources[found].plugin = plugins[i];
		ask(env, &sources[found++], cache_s, bell);
	}
	r = wait_all(sources, found, reply, bell);
	for (size_t i = 0; i < found; i++)
		settle(env, &sources[i], bell);
	*ret = sources;
	*ret_n = found;
	return r;
}

void
builtins_sources_free(struct builtins_source *sources, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snapshot_unref(sources[i].newest);
	free(sources);
}
