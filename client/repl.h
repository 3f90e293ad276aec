/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl -- the prompt: line editing, history, completion, notes of others.
 */
#ifndef REPL_H
#define REPL_H

#include "talk.h"

/* Runs until the person leaves: 0. Else an error of relay(). place is how the prompt calls the
 * daemon when it does not tell its host. Takes over the process' signals SIGINT, SIGWINCH, SIGTSTP,
 * SIGTERM and SIGHUP. */
int repl(struct talk *t, const char *place);

#endif
