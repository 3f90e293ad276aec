/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugin_host_private -- what the parts of telmon-plugin-host share.
 */
#ifndef PLUGIN_HOST_PRIVATE_H
#define PLUGIN_HOST_PRIVATE_H

#include "confine.h"
#include "frame.h"
#include "host.h"
#include "isolate.h"
#include "lock.h"
#include "plugin.h"
#include "script.h"

struct plugin_host {
	struct host *host;
	struct plugin *plugin;
	struct arena arena; /* of the greeting */
	char **settings;
	size_t told; /* metrics of the set that the daemon knows */
	/* The two newest snapshots of our own, and two that were lent for a view. */
	struct snapshot *kept[2], *lent[2];
	uint32_t seq[2];
	struct snapshot_builder *lending;
	unsigned lending_place;
	size_t lending_left;
	int64_t lending_time_ns;
	struct buf in;
	size_t in_at;

	struct lock lock; /* messages are written whole, whoever writes them */
	/* guarded by lock */
	uint32_t call;	    /* the one that runs */
	uint32_t cancelled; /* the last one that was, which may be yet to come */
	unsigned logs;	    /* lines that it has sent */
	struct host_cancel cancel;
};

/* plugin_host_io.c. Whoever the other end is gone for, ends. */
void plugin_host_receive(struct plugin_host *p, struct frame *ret);
void plugin_host_send(struct plugin_host *p, struct buf *out); /* and clears it */
/* The same for a line of the log, if the call may have one more. */
void plugin_host_send_log(struct plugin_host *p, struct buf *out);
void plugin_host_done(struct plugin_host *p, struct buf *out, int error, int status, double wall_s,
		      const char *why);
/* Waits for cancels on a thread of its own. 0 or -errno. */
int plugin_host_watch(struct plugin_host *p);
void plugin_host_begin(struct plugin_host *p, uint32_t call);

/* plugin_host_serve.c. Answers a call. False: it was the last one. */
bool plugin_host_serve(struct plugin_host *p, const struct frame *f);

#endif
