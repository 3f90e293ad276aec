/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_reload -- SIGHUP. Everything that can fail comes first and touches nothing; then each
 * module gets its new part. Sessions that run keep what they began with. Plugins are not loaded or
 * dropped here, but the log says which could be. Main thread.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "telmond_private.h"

bool
telmond_change_begin(struct telmond *d, int64_t until_ns)
{
	bool mine = false;

	LOCKED(&d->lock) {
		while (d->changing && until_ns && !d->no_more_changes &&
		       lock_wait(&d->lock, &d->changed, until_ns) == 0)
			;
		mine = !d->changing && !d->no_more_changes;
		d->changing |= mine;
	}
	return mine;
}

void
telmond_change_stop(struct telmond *d)
{
	LOCKED(&d->lock) {
		d->no_more_changes = true;
		pthread_cond_broadcast(&d->changed);
	}
}

bool
telmond_is_changing(struct telmond *d)
{
	bool changing = true;

	LOCKED(&d->lock)
		changing = d->changing;
	return changing;
}

void
telmond_wake(struct telmond *d)
{
	eventfd_write(d->again_fd, 1);
}

void
telmond_change_end(struct telmond *d)
{
	bool again = false;

	LOCKED(&d->lock) {
		again = d->reload_wanted;
		d->changing = false;
		pthread_cond_signal(&d->changed);
	}
	if (again)
		telmond_wake(d);
}

bool
telmond_reload_wanted(struct telmond *d)
{
	bool wanted = false;

	LOCKED(&d->lock) {
		wanted = d->reload_wanted;
		d->reload_wanted = false;
	}
	return wanted;
}

struct announcing {
	struct telmond *d;
	struct buf now;
	unsigned n;
};

static void
announce(void *ctx, const char *url)
{
	struct announcing *a = ctx;
	_autobuf_ struct buf line = BUF_INIT(512);

	a->n++;
	buf_printf(&line, "\n%s\n", url);
	buf_put(&a->now, line.data, line.len);
	if (strstr(buf_str(&a->d->announced), buf_str(&line)))
		return;
	log_info("listening on %s", url);
	telmond_tell_parent(a->d, "listening on ", url);
}

unsigned
telmond_announce(struct telmond *d)
{
	struct announcing a = { .d = d, .now = BUF_INIT(1 << 20) };

	listener_each(d->sockets, announce, &a);
	buf_fini(&d->announced);
	d->announced = a.now;
	return a.n;
}

/* An interval that is not in the file any more is the plugin's wish again. */
static void
set_intervals(struct telmond *d, const struct settings *s)
{
	struct command_table *table = registry_get(d->registry);

	for (size_t i = 0; i < table->plugins->count; i++) {
		struct plugin *p = table->plugins->plugins[i];
		const struct settings_plugin *section = settings_find_plugin(s, p->name);
		double interval_s = p->decl.interval_s > 0 ? p->decl.interval_s : 1;

		if (section && section->interval_s > 0)
			interval_s = section->interval_s;
		__atomic_store_n(&p->interval_ns, (int64_t)(interval_s * (double)NS_PER_S),
				 __ATOMIC_RELAXED);
	}
	command_table_unref(table);
	sampler_poke(d->sampler);
}

static void
set_limits(struct telmond *d, const struct settings *s)
{
	struct access_limits access = telmond_access_limits(s);
	struct session_limits session = telmond_session_limits(s);
	struct pipeline_limits pipeline = telmond_pipeline_limits(s);

	access_set_limits(d->access, &access);
	session_shared_set_limits(d->sessions, &session);
	pipeline_set_limits(d->pipeline, &pipeline);
	pool_set_max(d->workers, telmond_max_workers(s));
}

static bool
is_known(struct telmond *d, const struct command_table *table, const char *name)
{
	for (size_t i = 0; i < d->late.n; i++) {
		if (strcmp(d->late.plugins[i]->name, name) == 0)
			return true;
	}
	return plugin_table_find(table->plugins, name) != NULL;
}

static void
tell_section(bool loaded, const struct settings_plugin *before, const struct settings_plugin *p)
{
	if (loaded && !settings_plugin_is_same(before, p))
		log_info("plugin %s: its section has changed, 'plugins reload %s' takes it over",
			 p->name, p->name);
	else if (!loaded && p->enabled && !settings_plugin_is_same(before, p))
		log_info("plugin %s: new, 'plugins load %s' loads it", p->name, p->name);
}

/* What of plugins' sections waits for a word of the administrator. Thus a file that changes drops
 * nobody's plugin. */
static void
tell_sections(struct telmond *d, const struct settings *s)
{
	struct command_table *table = registry_get(d->registry);
	struct settings_plugin none;

	settings_plugin_defaults(&none);
	for (size_t i = 0; i < s->n_plugins; i++) {
		const struct settings_plugin *p = &s->plugins[i];
		const struct settings_plugin *before = settings_find_plugin(d->settings, p->name);

		tell_section(is_known(d, table, p->name), before ? before : &none, p);
	}
	for (size_t i = 0; i < d->settings->n_plugins; i++) {
		const struct settings_plugin *before = &d->settings->plugins[i];

		if (!settings_find_plugin(s, before->name) && is_known(d, table, before->name) &&
		    !settings_plugin_is_same(before, &none))
			log_info("plugin %s: its section has gone, 'plugins reload %s' forgets it",
				 before->name, before->name);
	}
	command_table_unref(table);
}

static struct listener_set *
open_listeners(struct telmond *d, const struct settings *s, struct buf *why)
{
	_autofree_ struct listener_config *configs = telmond_listeners(s);

	return listener_open(configs, s->n_listeners, d->sockets, why);
}

static bool
reload(struct telmond *d, struct buf *why)
{
	struct settings *s = settings_load(&d->options.flags, why);
	struct listener_set *sockets, *old = d->sockets;

	if (!s)
		return false;
	sockets = open_listeners(d, s, why);
	if (!sockets) {
		listener_use(d->listener, old);
		settings_free(s);
		return false;
	}
	set_limits(d, s);
	set_intervals(d, s);
	tell_sections(d, s);
	listener_use(d->listener, sockets);
	d->sockets = sockets;
	listener_close(old);
	settings_free(d->settings);
	d->settings = s;
	telmond_announce(d);
	return true;
}

/* False: somebody else is changing, and wakes us when that is done. */
static bool
begin_reload(struct telmond *d)
{
	bool mine = false;

	LOCKED(&d->lock) {
		mine = !d->changing;
		d->changing = true;
		d->reload_wanted |= !mine;
	}
	return mine;
}

void
telmond_reload(struct telmond *d)
{
	_autobuf_ struct buf why = BUF_WHY;

	if (!begin_reload(d))
		return;
	if (reload(d, &why))
		log_info("reloaded");
	else
		log_errx("reload: %s; nothing has changed", buf_str(&why));
	telmond_change_end(d);
}
