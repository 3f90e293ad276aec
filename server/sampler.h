/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * sampler -- the thread that asks for a collect of each sampled plugin when its interval is over.
 * After a plugin's first sample comes a second 100 ms later, so that rates are there at once. A
 * pause of the machine costs no burst: what is overdue is sampled once.
 */
#ifndef SAMPLER_H
#define SAMPLER_H

#include <stdint.h>

#include "command.h"
#include "executor.h"

struct sampler;
/* Starts the thread; looks at the registry's table afresh whenever sampler_poke() says that it, or
 * an interval, changed. NULL, with a line in the log: no thread to be had. */
struct sampler *sampler_start(struct registry *registry, struct executor *executor);
void sampler_poke(struct sampler *s); /* NULL is fine */
/* When a plugin is due that was asked for now: at the next multiple of its interval, or the one
 * after where that is nearer than half an interval. Pure. */
int64_t sampler_next_ns(int64_t now_ns, int64_t interval_ns);
void sampler_stop(struct sampler *s); /* joins the thread; NULL is fine */

#endif
