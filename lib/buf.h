/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * buf -- bytes that grow up to a maximum. Once a write did not fit, the buf is failed: later writes
 * do nothing and return the same error, so a caller may check once at the end. One thread at a
 * time.
 */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL while nothing was written */
	size_t len;
	size_t cap; /* bytes that data can hold; there is room for a NUL behind them */
	size_t max; /* len never exceeds it */
	int error;  /* 0, -EMSGSIZE (past max) or -ENOMEM; sticky until buf_clear() */
};

#define BUF_INIT(max_bytes)                                                                        \
	{                                                                                          \
		.max = (max_bytes)                                                                 \
	}
/* Messages for people: long enough for any of ours. */
#define BUF_WHY BUF_INIT(1024)
#define _autobuf_ __attribute__((cleanup(buf_fini)))

/* Costs no allocation. */
void buf_init(struct buf *b, size_t max_bytes);
void buf_fini(struct buf *b);
/* Empties it, keeps the memory, forgets the error. */
void buf_clear(struct buf *b);
/* Empties it and gives the memory back. */
void buf_release(struct buf *b);
/* Makes room for n more bytes after len. 0 or the error. */
int buf_reserve(struct buf *b, size_t n);
/* Drops n bytes from the front; n <= len. */
void buf_consume(struct buf *b, size_t n);
/* The content with a NUL behind it (not counted in len). Never fails, though the content may have.
 */
const char *buf_str(struct buf *b);

/* All append, whole or not at all, and return 0 or the error. */
int buf_put(struct buf *b, const void *data, size_t n);
int buf_puts(struct buf *b, const char *s);
int buf_putc(struct buf *b, char c);
int buf_pad(struct buf *b, char c, size_t n);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Decimal, no printf behind it. */
int buf_put_i64(struct buf *b, int64_t v);
/* Rounded to this many decimals (0..9). For |v| >= 1e15, infinities and NaN it writes what "%.17g"
 * would. */
int buf_put_fixed(struct buf *b, double v, unsigned decimals);
/* As buf_put_fixed() with six decimals, but without trailing zeros; tiny values as "%.6g" writes
 * them. */
int buf_put_real(struct buf *b, double v);
/* The shortest decimal that reads back as the same double; NaN, +Inf, -Inf as Prometheus writes
 * them. */
int buf_put_exact(struct buf *b, double v);

#endif
