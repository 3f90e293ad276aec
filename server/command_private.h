/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * command_private -- what the parts of command share: command.c (tables), command_find.c,
 * command_arguments.c.
 */
#ifndef COMMAND_PRIVATE_H
#define COMMAND_PRIVATE_H

#include "command.h"

/* Appends a typed word as an error may repeat it: in quotes, clean, cut to 40 columns. */
void command_put_word(struct buf *out, const char *word);

#endif
