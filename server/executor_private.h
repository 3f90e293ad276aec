/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor_private -- what the parts of executor share: executor.c (life, queues), executor_work.c
 * (threads), executor_brief.c (askers in their place), executor_plugin.c (calling plugins),
 * executor_ask.c (who asks for what), executor_call.c (calls and who waits for them),
 * executor_guard.c (alarms and deadlines).
 */
#ifndef EXECUTOR_PRIVATE_H
#define EXECUTOR_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "executor.h"
#include "lock.h"
#include "mem.h"
#include "pool.h"
#include "row.h"

enum {
	EXECUTOR_MAX_WAITING = 64, /* calls of one plugin */
	EXECUTOR_MAX_KEPT = 16,	   /* answers of one plugin */
	EXECUTOR_MAX_KEPT_BYTES = 64 << 20,
	EXECUTOR_STACK_BYTES = 256 << 10,
};
/* How long a sample waits for a thread that is at work, and after what time one is tried for again
 * when none could be had. */
#define EXECUTOR_PATIENCE_NS (30 * NS_PER_MS)
#define EXECUTOR_RETRY_NS (100 * NS_PER_MS)
/* A call that obeys its deadline returns a moment after it: until then it is not stuck. A child is
 * killed at it, so that its call returns for certain. */
#define EXECUTOR_GRACE_NS (100 * NS_PER_MS)
#define EXECUTOR_CHILD_GRACE_NS NS_PER_S
/* At the end: what was told to end has so long, and threads without work so long. */
#define EXECUTOR_END_NS NS_PER_S
/* ... and who waits for a child that was killed so long more. */
#define EXECUTOR_KILLED_NS (300 * NS_PER_MS)
#define EXECUTOR_IDLE_END_NS (300 * NS_PER_MS)
/* So long an asker waits for a child by itself: a person's interrupt is not heard meanwhile. */
#define EXECUTOR_BRIEF_NS NS_PER_MS

enum call_kind { CALL_START, CALL_COLLECT, CALL_VIEW, CALL_RUN, CALL_STOP };
enum call_place { CALL_NOWHERE, CALL_WAITING, CALL_RUNNING, CALL_KEPT };

struct call {
	/* set before it is shared */
	struct executor *executor;
	struct plugin *plugin; /* a reference */
	enum call_kind kind;
	const struct telmon_command *command; /* CALL_VIEW and CALL_RUN, as the next three */
	struct host_arg *args;
	size_t max_answer;
	int64_t limit_ns;		    /* how long it may run */
	uint64_t newest_id, previous_id;    /* CALL_VIEW: of what snapshots */
	struct snapshot *newest, *previous; /* references, until it has been executed */

	_Atomic unsigned refs; /* of askers, and one of the queue while it waits, runs or is kept */
	struct host_cancel cancel;
	_Atomic int64_t started_ns;
	struct rows rows; /* the executing thread's until done, then immutable */
	int error;	  /* likewise: 0 or -errno */
	bool down;	  /* likewise: there was no child to be had */
	bool asked;	  /* the executing thread's: its child was asked by its asker */

	/* guarded by the executor's lock */
	enum call_place place;
	TAILQ_ENTRY(call) link; /* by place; NOWHERE: of who is about to publish it */
	unsigned askers;
	int64_t deadline_ns; /* while it runs */
	int64_t made_ns;     /* when the rows were complete */
	bool cancelled;	     /* takes no more askers */
	bool late;	     /* the guard has said so */

	struct lock lock;
	/* guarded by lock; the results are immutable once done */
	_Atomic bool done;
	int status;
	char *why;
	int *bells;
	size_t n_bells;
};
TAILQ_HEAD(call_list, call);

enum queue_place { QUEUE_IDLE, QUEUE_URGENT, QUEUE_LAZY };

/* What one plugin has to do. All members are guarded by the executor's lock. */
struct executor_queue {
	struct plugin *plugin; /* a reference */
	TAILQ_ENTRY(executor_queue) link;
	enum queue_place place;
	TAILQ_ENTRY(executor_queue) place_link;
	int64_t since_ns;		/* in that place */
	struct call_list waiting, kept; /* kept: the newest first */
	unsigned n_waiting, n_kept;
	size_t kept_bytes;
	struct call *running; /* NULL = none */
	bool closing;	      /* takes no more calls */
	bool failing;	      /* the last collect failed, and the log says so */
};
TAILQ_HEAD(queue_list, executor_queue);

struct executor {
	/* set before start */
	struct host *host;
	struct pool *pool;
	int alarm_fd; /* a timer that wakes the guard */
	pthread_t guard;

	struct lock lock;
	/* guarded by lock */
	struct queue_list queues; /* all */
	struct queue_list urgent; /* each has a thread coming, unless none could be had */
	struct queue_list lazy;	  /* may wait until hurry_ns for a thread that is at work */
	unsigned n_urgent, n_lazy;
	unsigned active, coming; /* threads at work or on their way; on their way */
	unsigned guests;  /* askers at their calls, until they are done or a thread has them */
	int64_t hurry_ns; /* 0 = nothing lazy waits */
	int64_t alarm_ns; /* what the timer is set to; 0 = nothing */
	bool stopping, quit;
	unsigned left;		/* threads and guests that were stuck when it stopped */
	pthread_cond_t changed; /* a thread went idle: the last, or any while it stops */
};

/* What came of a call. */
struct outcome {
	bool guest; /* its asker has made it */
	int64_t ended_ns;
	int64_t cpu_ns; /* of this thread */
	bool late;
	bool recovered, failing; /* worth a line in the log */
	bool unasked;		 /* nobody waits for it */
	struct buf why, news;	 /* news: the end of the plugin's child */
	struct call_list dropped;
	struct plugin *disposed;
	unsigned summon;
};

/* ---- executor.c ---- */

/* The plugin's queue, made on first use; NULL once it has been stopped. */
struct executor_queue *executor_queue_locked(struct executor *x, struct plugin *p);
void executor_place_locked(struct executor *x, struct executor_queue *q, enum queue_place place);
/* Takes the caller's reference on c. Returns how many threads to summon once the lock is
 * released. */
unsigned executor_enqueue_locked(struct executor *x, struct executor_queue *q, struct call *c,
				 bool lazy);
/* Somebody waits now for what was lazy. As above. */
unsigned executor_urge_locked(struct executor *x, struct executor_queue *q);
/* Without the lock. */
void executor_summon(struct executor *x, unsigned n);
/* Takes a call that waits out of its queue; the queue's reference becomes the caller's. */
void executor_withdraw_locked(struct executor_queue *q, struct call *c);
/* Moves the calls that wait (but a stop) to `to`, whose owner publishes them. A start among them
 * has failed. */
void executor_withdraw_all_locked(struct executor_queue *q, struct call_list *to);
/* Keeps an answer that may serve others: the reference becomes the list's. False: it is not one. */
bool executor_keep_locked(struct executor *x, struct executor_queue *q, struct call *c,
			  struct call_list *dropped);
/* Moves a kept answer to `to`. */
void executor_drop_kept_locked(struct executor_queue *q, struct call *c, struct call_list *to);
/* The plugin takes no more calls; a stop is put behind those that wait. As
 * executor_enqueue_locked(). */
unsigned executor_close_locked(struct executor *x, struct executor_queue *q);
/* Frees a queue that is closing and has nothing left to do. Returns its plugin, to be unreferenced
 * without the lock, or NULL. */
struct plugin *executor_dispose_locked(struct executor *x, struct executor_queue *q,
				       struct call_list *dropped);
/* The plugin does not come to life. */
void executor_fail_start_locked(struct plugin *p, const char *why);

/* ---- executor_work.c ---- */

/* The pool's job; it is the executor. */
void executor_work(void *x);
/* From here on c is what runs in its queue. */
void executor_begin_locked(struct executor *x, struct executor_queue *q, struct call *c);
/* False: at until_ns it was not done, and goes on when this is called again (by any thread). */
bool executor_execute(struct executor *x, struct call *c, int64_t until_ns, struct outcome *o);
/* Takes the queue's reference on c. */
void executor_finish(struct executor *x, struct call *c, struct outcome *o);
void executor_note_failure_locked(struct plugin *p, const char *why);

/* ---- executor_brief.c ---- */

/* A call that nothing keeps from its child begins, for executor_brief() without the lock. False: it
 * has to wait for a thread. */
bool executor_begin_brief_locked(struct executor *x, struct executor_queue *q, struct call *c);
/* Makes the call for its asker, or a thread has it when this returns. Takes the queue's reference
 * on c. */
void executor_brief(struct executor *x, struct call *c);

/* ---- executor_plugin.c ---- */

/* Executes the call: c->error, c->rows, the plugin's series. news: what became of its child. False:
 * as executor_execute(); until_ns INT64_MAX = as long as it takes. */
bool executor_call_plugin(struct executor *x, struct call *c, int64_t until_ns, struct buf *why,
			  struct buf *news);

/* ---- executor_guard.c ---- */

/* 0 or -errno. */
int executor_guard_start(struct executor *x);
void executor_guard_stop(struct executor *x);
/* The guard will look at time_ns at the latest. */
void executor_arm_locked(struct executor *x, int64_t time_ns);
/* Nothing lazy waits any more. */
void executor_calm_locked(struct executor *x);
/* When a call that runs is stuck. */
int64_t executor_stuck_ns(const struct call *c);
/* What runs (in a thread, or in its asker's) has passed its deadline, and does not obey it. */
bool executor_is_stuck_locked(const struct executor_queue *q, int64_t at_ns);
/* Until when a kept answer serves. */
int64_t executor_kept_until(const struct call *c);

/* ---- executor_call.c ---- */

/* With one reference and one asker. */
struct call *executor_call_new(struct executor *x, struct plugin *p, enum call_kind kind);
void executor_call_args(struct call *c, const struct telmon_command *cmd,
			const struct host_arg *args, size_t max_answer);
bool executor_call_same(const struct call *a, const struct call *b);
/* The same question, of whatever snapshots. */
bool executor_call_like(const struct call *a, const struct call *b);
void executor_call_unref(struct call *c);
/* The result; the first one counts. Rings the doorbells, so better without the executor's lock. */
void executor_publish(struct call *c, int status, const char *why);
/* Publishes and unreferences each; status 0: only unreferences. Without the executor's lock. */
void executor_publish_all(struct call_list *calls, int status, const char *why);
/* Appends "PLUGIN: unavailable (a call has not returned for 41 s)". */
void executor_say_stuck(struct buf *why, const struct plugin *p, const struct call *running);
const char *executor_kind(const struct call *c); /* "collect" */

#endif
