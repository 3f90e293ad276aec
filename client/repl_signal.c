/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_signal -- signals as flags. They are blocked except while something waits for input (ppoll),
 * so no call of the editor is ever interrupted, and none can slip in between looking at a flag and
 * going to sleep.
 */
#include "repl_private.h"

static volatile sig_atomic_t interrupted, resized, stopped, leaving;

static void
on_signal(int sig)
{
	switch (sig) {
	case SIGINT:
		interrupted = 1;
		break;
	case SIGWINCH:
		resized = 1;
		break;
	case SIGTSTP:
		stopped = 1;
		break;
	default:
		leaving = 1;
		break;
	}
}

void
repl_signal_catch(sigset_t *ret_waiting)
{
	static const int signals[] = { SIGINT, SIGWINCH, SIGTSTP, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, ret_waiting);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		sigaction(signals[i], &action, NULL);
		sigdelset(ret_waiting, signals[i]);
	}
}

/* The signal's own default, and not SIGSTOP: the kernel knows when there is no shell that could
 * wake us again. */
void
repl_signal_stop(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL }, ours;
	sigset_t tstp, before;

	sigemptyset(&tstp);
	sigaddset(&tstp, SIGTSTP);
	sigaction(SIGTSTP, &action, &ours);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &tstp, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGTSTP, &ours, NULL);
}

unsigned
repl_signal_take(void)
{
	unsigned all = (interrupted ? SIGNAL_INTERRUPT : 0) | (resized ? SIGNAL_WINDOW : 0) |
		       (stopped ? SIGNAL_STOP : 0) | (leaving ? SIGNAL_LEAVE : 0);

	interrupted = resized = stopped = leaving = 0;
	return all;
}
