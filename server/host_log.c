/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_log -- what plugins write to the log: cleaned, cut, tagged with the plugin's name and at
 * most ten lines a second from each, so that a plugin that complains at every sample of every disk
 * cannot fill one. Any thread, no lock. Plugins are told apart by a hash of their name; two may
 * share a place.
 */
#include <stdatomic.h>
#include <string.h>

#include "host_private.h"
#include "log.h"
#include "text.h"

enum { MAX_LINE_BYTES = 600 };

static struct host_log_slot *
slot_of(struct host *h, const char *name, bool debug)
{
	unsigned hash = 0;

	for (; *name; name++)
		hash = hash * 31 + (unsigned char)*name;
	return &h->log_slots[debug][hash % HOST_LOG_SLOTS];
}

/* True when one more line may go. Whoever opens a new second gets the number of those held back
 * before. */
static bool
allow(struct host_log_slot *slot, unsigned *ret_held)
{
	int64_t now = now_ns() / NS_PER_S + 1, then = atomic_load(&slot->second);
	unsigned lines;

	*ret_held = 0;
	if (now != then && atomic_compare_exchange_strong(&slot->second, &then, now)) {
		lines = atomic_exchange(&slot->lines, 1);
		if (lines > HOST_LOG_PER_S)
			*ret_held = lines - HOST_LOG_PER_S;
		return true;
	}
	return atomic_fetch_add(&slot->lines, 1) < HOST_LOG_PER_S;
}

void
host_set_log(struct host *h, host_log_fn *fn, void *ctx)
{
	h->log = fn;
	h->log_ctx = ctx;
}

void
host_log(struct host *h, const char *name, enum telmon_level level, const char *text)
{
	_autobuf_ struct buf clean = BUF_INIT(MAX_LINE_BYTES);
	unsigned held;

	if (h->log && text)
		h->log(h->log_ctx, level, text);
	if (h->log || !text || !allow(slot_of(h, name, level == TELMON_DEBUG), &held))
		return;
	if (held)
		log_warnx("plugin %s: %u more lines were held back", name, held);
	text_clean(&clean, text, strnlen(text, MAX_LINE_BYTES));
	switch (level) {
	case TELMON_ERROR:
		log_errx("plugin %s: %s", name, buf_str(&clean));
		break;
	case TELMON_WARNING:
		log_warnx("plugin %s: %s", name, buf_str(&clean));
		break;
	case TELMON_DEBUG:
		log_debug("plugin %s: %s", name, buf_str(&clean));
		break;
	default:
		log_info("plugin %s: %s", name, buf_str(&clean));
		break;
	}
}
