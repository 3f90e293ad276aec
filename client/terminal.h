/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * terminal -- standard input and output when both are a terminal: its modes while an answer runs,
 * and back to what they were. Answers may hold escape sequences; what those leave behind (another
 * screen, no cursor, colours) is known here and can be undone, also when the process dies.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Remembers the modes and sees to it that deadly signals restore them: those whose action nobody
 * has changed. One terminal for each process. */
void terminal_open(void);
/* Keys come at once, as they are, and are not echoed; those for signals send signals only if
 * asked for. */
void terminal_keys(bool signals);
/* Writes to the terminal what is no answer's last word: 0, or -EIO. */
int terminal_write(const char *s, size_t n);
/* True while escape sequences have left something behind: text would not stand where it should. */
bool terminal_taken(void);
/* Undoes that, and puts the cursor at the start of a line. */
void terminal_settle(void);
/* Everything as terminal_open() found it; what escape sequences did is undone, and done again by
 * terminal_resume(), which ends with terminal_keys(false). */
void terminal_suspend(void);
void terminal_resume(void);
/* The window; false when it is not known. */
bool terminal_window(unsigned *ret_columns, unsigned *ret_rows);

#endif
