/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * log -- one line a call, on stderr or to the log daemon. Everything here is thread-safe, waits for
 * nobody, and keeps errno. Callers clean peer text with text_clean() before they log it.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are dropped. Set before threads start, or at a reload. */
void log_set_level(enum log_level level);
/* From here on no line waits for whoever reads stderr: what it does not take is lost and counted.
 * Before threads start; without it lines are written plainly. log_close() undoes it. */
void log_open(void);
void log_close(void);
/* After -d there is no stderr: lines go to the log daemon's socket at path with this name (at most
 * 31 bytes), what it does not take is lost and counted. One that is not there, or comes anew, is
 * found when it is. Before threads start. log_close() undoes it. */
void log_to_syslog(const char *ident, const char *path);

/* err: an operator must act. warn: we carried on; the text ends in what we do ("ignoring").
 * info: start, stop, reload, sessions. debug: the rest. The forms without x add the text of errno.
 */
void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_errx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* At most one line a minute for what a peer can provoke: static struct log_limit l; if
 * (log_allow(&l)) ... */
struct log_limit {
	_Atomic int64_t next_ns; /* CLOCK_MONOTONIC */
	_Atomic uint32_t held;	 /* lines held back since the last one */
};
/* True when a line may be written now; *ret_held (may be NULL) says how many were held back. */
bool log_allow(struct log_limit *l, uint32_t *ret_held);

#endif
