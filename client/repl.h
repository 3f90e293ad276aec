/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl -- the prompt: line editing, history, completion, notes of others, live views.
 */
#ifndef REPL_H
#define REPL_H

#include "contact.h"

/* Runs until the person leaves, connecting again when a line is typed and the daemon has gone.
 * Returns the exit status; errors are said on stderr. Takes over the process' signals and the
 * terminal, and leaves the terminal as it was. */
int repl(const struct contact *c);

#endif
