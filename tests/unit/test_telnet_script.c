/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_telnet_script -- plays the byte scripts of tests/telnet in every delivery and compares the
 * events. tests/telnet/README.md says what a script looks like.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "telnet.h"

/* --- the trace: events as lines --- */

struct trace {
	struct buf text;
	struct buf typed; /* data that no other event has followed yet */
	size_t skip;	  /* bytes of data that are not told */
	bool quiet;
};

static void
trace_init(struct trace *tr)
{
	memset(tr, 0, sizeof(*tr));
	buf_init(&tr->text, 64 << 20);
	buf_init(&tr->typed, 64 << 20);
}

static void
trace_fini(struct trace *tr)
{
	buf_fini(&tr->text);
	buf_fini(&tr->typed);
}

static void
put_quoted(struct buf *out, const char *s, size_t n)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n')
			buf_puts(out, "\\n");
		else if (s[i] == '\r')
			buf_puts(out, "\\r");
		else if (s[i] == '"' || s[i] == '\\')
			buf_printf(out, "\\%c", s[i]);
		else if (s[i] < ' ' || s[i] > '~')
			buf_printf(out, "\\x%02x", (uint8_t)s[i]);
		else
			buf_putc(out, s[i]);
	}
	buf_puts(out, "\"\n");
}

static void
put_hex(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, " %02X", (uint8_t)s[i]);
	buf_putc(out, '\n');
}

static void
flush_typed(struct trace *tr)
{
	if (tr->typed.len) {
		buf_puts(&tr->text, "data ");
		put_quoted(&tr->text, tr->typed.data, tr->typed.len);
	}
	buf_clear(&tr->typed);
}

static const char *const names[] = {
	[TELNET_SEND] = "send",
	[TELNET_INTERRUPT] = "interrupt",
	[TELNET_ERASE_CHAR] = "erase-char",
	[TELNET_ERASE_LINE] = "erase-line",
	[TELNET_ARE_YOU_THERE] = "are-you-there",
	[TELNET_ABORT_OUTPUT] = "abort-output",
	[TELNET_EOF] = "eof",
	[TELNET_SUSPEND] = "suspend",
	[TELNET_SYNCH] = "synch",
	[TELNET_TIMING_MARK] = "timing-mark",
	[TELNET_WINDOW] = "window",
	[TELNET_TERMINAL] = "terminal",
	[TELNET_ECHO] = "echo",
	[TELNET_BINARY_OUT] = "binary-out",
	[TELNET_CHARSET] = "charset",
	[TELNET_OPENED] = "opened",
	[TELNET_WARNING] = "warning",
};

static void
tell_event(struct trace *tr, const struct telnet_event *ev)
{
	flush_typed(tr);
	buf_puts(&tr->text, names[ev->type]);
	switch (ev->type) {
	case TELNET_SEND:
		put_hex(&tr->text, ev->text, ev->size);
		break;
	case TELNET_WINDOW:
		buf_printf(&tr->text, " %u %u\n", ev->columns, ev->rows);
		break;
	case TELNET_TERMINAL:
	case TELNET_WARNING:
		buf_printf(&tr->text, " %.*s\n", (int)ev->size, ev->text);
		break;
	case TELNET_ECHO:
	case TELNET_BINARY_OUT:
	case TELNET_SYNCH:
		buf_puts(&tr->text, ev->on ? " on\n" : " off\n");
		break;
	default:
		buf_putc(&tr->text, '\n');
	}
}

static void
on_event(void *ctx, const struct telnet_event *ev)
{
	struct trace *tr = ctx;

	if (tr->quiet)
		return;
	if (ev->type == TELNET_DATA) {
		size_t skip = ev->size < tr->skip ? ev->size : tr->skip;

		tr->skip -= skip;
		buf_put(&tr->typed, ev->text + skip, ev->size - skip);
	} else {
		tell_event(tr, ev);
	}
}

/* --- scripts --- */

struct step {
	char *directive; /* NULL: bytes */
	char *bytes;
	size_t size;
};

struct script {
	struct step steps[64];
	size_t n;
};

/* Reads "text" from p (behind the quote) into out; returns what is behind it. */
static const char *
read_quoted(const char *p, struct buf *out)
{
	static const char from[] = "rnt\\\"", to[] = "\r\n\t\\\"";

	for (; *p != '"'; p++) {
		const char *e;
		char hex[3] = "";

		ck_assert_msg(*p, "text without its end");
		if (*p != '\\') {
			buf_putc(out, *p);
			continue;
		}
		p++;
		if (*p == 'x') {
			memcpy(hex, p + 1, 2);
			buf_putc(out, (char)strtoul(hex, NULL, 16));
			p += 2;
			continue;
		}
		e = *p ? strchr(from, *p) : NULL;
		ck_assert_msg(e != NULL, "\\%c is not known", *p);
		buf_putc(out, to[e - from]);
	}
	return p + 1;
}

/* Bytes and texts of one line, up to its comment. */
static void
read_items(const char *p, struct buf *out)
{
	while (*p && *p != '#') {
		char *end;

		if (*p == ' ' || *p == '\t') {
			p++;
		} else if (*p == '"') {
			p = read_quoted(p + 1, out);
		} else {
			unsigned long v = strtoul(p, &end, 16);

			ck_assert_msg(end == p + 2 && v < 256, "no byte: %s", p);
			buf_putc(out, (char)v);
			p = end;
		}
	}
}

static struct step *
add_step(struct script *s)
{
	ck_assert_uint_lt(s->n, sizeof(s->steps) / sizeof(*s->steps));
	return &s->steps[s->n++];
}

/* Bytes that follow bytes belong to the same step. */
static void
add_bytes(struct script *s, const char *line)
{
	_autobuf_ struct buf b = BUF_INIT(1 << 20);
	unsigned long repeat = 1;
	struct step *step;
	char *rest = (char *)line;

	if (strncmp(line, "repeat ", 7) == 0)
		repeat = strtoul(line + 7, &rest, 10);
	read_items(rest, &b);
	ck_assert_int_eq(b.error, 0);
	if (b.len == 0)
		return;
	step = s->n && !s->steps[s->n - 1].directive ? &s->steps[s->n - 1] : add_step(s);
	step->bytes = xrealloc(step->bytes, step->size + b.len * repeat);
	for (unsigned long i = 0; i < repeat; i++, step->size += b.len)
		memcpy(step->bytes + step->size, b.data, b.len);
}

static void
add_directive(struct script *s, char *line)
{
	_autobuf_ struct buf b = BUF_INIT(1 << 16);
	struct step *step = add_step(s);
	char *quote = strchr(line, '"'), *end;

	if (quote) {
		read_quoted(quote + 1, &b);
		step->bytes = xmalloc(b.len);
		memcpy(step->bytes, b.data, b.len);
		step->size = b.len;
		*quote = '\0';
	}
	end = line + strcspn(line, "#");
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	step->directive = xstrndup(line, (size_t)(end - line));
}

static void
script_read(struct script *s, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[4096];

	memset(s, 0, sizeof(*s));
	ck_assert_msg(f != NULL, "%s cannot be read", path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '!')
			add_directive(s, line + 1);
		else
			add_bytes(s, line);
	}
	fclose(f);
}

static void
script_free(struct script *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->steps[i].directive);
		free(s->steps[i].bytes);
	}
}

/* --- playing --- */

struct play {
	struct telnet *t;
	struct trace tr;
	bool last_cr;
};

static void
play_open(struct play *p)
{
	memset(p, 0, sizeof(*p));
	trace_init(&p->tr);
	p->t = telnet_new(on_event, &p->tr);
}

static void
play_close(struct play *p)
{
	telnet_free(p->t);
	trace_fini(&p->tr);
}

static void
open_prompt(struct play *p)
{
	static const char answers[] = "\xff\xfb\x18\xff\xfd\x01\xff\xfd\x03\xff\xfb\x03\xff\xfb\x1f"
				      "\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xfa\x18\0xterm\xff\xf0";

	p->tr.quiet = true;
	telnet_offer(p->t, true);
	telnet_recv(p->t, answers, sizeof(answers) - 1);
	p->tr.quiet = false;
	ck_assert(telnet_is_open(p->t) && telnet_echoes(p->t));
}

static void
tell_state(struct play *p)
{
	const struct {
		const char *name;
		bool on;
	} all[] = {
		{ "open", telnet_is_open(p->t) },      { "echoes", telnet_echoes(p->t) },
		{ "go-ahead", telnet_go_ahead(p->t) }, { "refused", telnet_refused(p->t) },
		{ "urgent", telnet_is_urgent(p->t) },  { "suboption", telnet_in_suboption(p->t) },
	};

	flush_typed(&p->tr);
	buf_puts(&p->tr.text, "state");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i].on)
			buf_printf(&p->tr.text, " %s", all[i].name);
	}
	buf_putc(&p->tr.text, '\n');
}

static void
tell_encoded(struct play *p, const struct step *s)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 16);

	ck_assert_int_eq(telnet_encode(p->t, &out, s->bytes, s->size, &p->last_cr), 0);
	flush_typed(&p->tr);
	buf_puts(&p->tr.text, "out");
	put_hex(&p->tr.text, out.data, out.len);
}

static void
play_directive(struct play *p, const struct step *s)
{
	const char *d = s->directive;

	if (strcmp(d, "prompt") == 0)
		open_prompt(p);
	else if (strcmp(d, "offer") == 0)
		telnet_offer(p->t, false);
	else if (strcmp(d, "offer probed") == 0)
		telnet_offer(p->t, true);
	else if (strcmp(d, "timing-mark") == 0)
		telnet_timing_mark(p->t);
	else if (strcmp(d, "echo on") == 0)
		telnet_set_echo(p->t, true);
	else if (strcmp(d, "echo off") == 0)
		telnet_set_echo(p->t, false);
	else if (strcmp(d, "urgent") == 0)
		telnet_urgent(p->t);
	else if (strcmp(d, "urgent-end") == 0)
		telnet_urgent_end(p->t);
	else if (strcmp(d, "suboption-end") == 0)
		telnet_suboption_end(p->t);
	else if (strcmp(d, "encode") == 0)
		tell_encoded(p, s);
	else if (strcmp(d, "state") == 0)
		tell_state(p);
	else
		ck_abort_msg("!%s is not known", d);
}

/* How the bytes of one step arrive. */
typedef void deliver_fn(struct play *p, const char *bytes, size_t n, uint64_t *how);

static void
deliver_whole(struct play *p, const char *bytes, size_t n, uint64_t *how)
{
	(void)how;
	telnet_recv(p->t, bytes, n);
}

static void
deliver_bytes(struct play *p, const char *bytes, size_t n, uint64_t *how)
{
	(void)how;
	for (size_t i = 0; i < n; i++)
		telnet_recv(p->t, bytes + i, 1);
}

/* *how counts down over all steps: the cut falls into one of them. */
static void
deliver_cut(struct play *p, const char *bytes, size_t n, uint64_t *how)
{
	size_t at = *how < n ? *how : n;

	telnet_recv(p->t, bytes, at);
	telnet_recv(p->t, bytes + at, n - at);
	*how = *how >= n ? *how - n : UINT64_MAX / 2;
}

static uint64_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void
deliver_random(struct play *p, const char *bytes, size_t n, uint64_t *how)
{
	while (n) {
		size_t piece = next_random(how) % 23;

		piece = piece < n ? piece : n;
		telnet_recv(p->t, bytes, piece);
		bytes += piece;
		n -= piece;
	}
}

/* The first bytes come in one piece with lines typed before them. */
static void
deliver_behind(struct play *p, const char *bytes, size_t n, uint64_t *how)
{
	static const char typed[] = "some command that was typed before\r\n";
	_autobuf_ struct buf b = BUF_INIT(1 << 20);

	while (*how != 0 && b.len < 4096) {
		buf_puts(&b, typed);
		p->tr.skip += sizeof(typed) - 2; /* CR LF is one byte of data */
	}
	*how = 0;
	buf_put(&b, bytes, n);
	telnet_recv(p->t, b.data, b.len);
}

static const char *
play_script(struct play *p, const struct script *s, deliver_fn *deliver, uint64_t how)
{
	play_open(p);
	for (size_t i = 0; i < s->n; i++) {
		if (s->steps[i].directive)
			play_directive(p, &s->steps[i]);
		else
			deliver(p, s->steps[i].bytes, s->steps[i].size, &how);
	}
	flush_typed(&p->tr);
	return buf_str(&p->tr.text);
}

static void
expect_script(const struct script *s, const char *name, const char *way, deliver_fn *deliver,
	      uint64_t how, const char *expected)
{
	struct play p;
	const char *got = play_script(&p, s, deliver, how);

	ck_assert_msg(strcmp(got, expected) == 0, "%s, %s %llu:\n--- expected\n%s--- got\n%s", name,
		      way, (unsigned long long)how, expected, got);
	play_close(&p);
}

static size_t
script_size(const struct script *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->steps[i].directive ? 0 : s->steps[i].size;
	return n;
}

/* Lines that begin with # and empty ones do not count. */
static void
read_expected(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	char line[4096];

	ck_assert_msg(f != NULL, "%s cannot be read", path);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] != '#' && line[0] != '\n')
			buf_puts(out, line);
	}
	fclose(f);
}

static void
run_script(const char *dir, const char *name)
{
	_autobuf_ struct buf expected = BUF_INIT(1 << 20);
	_autofree_ char *in = xasprintf("%s/%s.in", dir, name);
	_autofree_ char *out = xasprintf("%s/%s.out", dir, name);
	struct script s;

	script_read(&s, in);
	read_expected(out, &expected);
	expect_script(&s, name, "whole", deliver_whole, 0, buf_str(&expected));
	expect_script(&s, name, "byte by byte", deliver_bytes, 0, buf_str(&expected));
	for (size_t at = 0; script_size(&s) <= 256 && at < script_size(&s); at++)
		expect_script(&s, name, "cut at", deliver_cut, at, buf_str(&expected));
	for (uint64_t seed = 1; seed <= 20; seed++)
		expect_script(&s, name, "random, seed", deliver_random, seed, buf_str(&expected));
	if (s.n > 1 && s.steps[0].directive && strcmp(s.steps[0].directive, "prompt") == 0 &&
	    !s.steps[1].directive)
		expect_script(&s, name, "behind 4 KB", deliver_behind, 1, buf_str(&expected));
	script_free(&s);
}

static char *
scripts_dir(void)
{
	const char *tests = getenv("TELMON_TESTS_DIR");

	return xasprintf("%s/telnet", tests ? tests : "tests");
}

START_TEST(scripts_give_their_events)
{
	_autofree_ char *dir = scripts_dir();
	DIR *d = opendir(dir);
	unsigned n = 0;

	ck_assert_msg(d != NULL, "%s cannot be read (set TELMON_TESTS_DIR)", dir);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		size_t size = strlen(e->d_name);

		if (size < 4 || strcmp(e->d_name + size - 3, ".in") != 0)
			continue;
		e->d_name[size - 3] = '\0';
		run_script(dir, e->d_name);
		n++;
	}
	closedir(d);
	ck_assert_uint_ge(n, 60);
}
END_TEST

/* TELMON_SHOW=NAME prints what a script gives, for writing its .out. */
START_TEST(show_script)
{
	_autofree_ char *dir = scripts_dir();
	_autofree_ char *path = xasprintf("%s/%s.in", dir, getenv("TELMON_SHOW"));
	struct script s;
	struct play p;

	script_read(&s, path);
	fputs(play_script(&p, &s, deliver_whole, 0), stdout);
	play_close(&p);
	script_free(&s);
}
END_TEST

static Suite *
script_suite(void)
{
	Suite *s = suite_create("telnet_script");
	TCase *c = tcase_create("scripts");

	tcase_set_timeout(c, 60);
	if (getenv("TELMON_SHOW"))
		tcase_add_test(c, show_script);
	else
		tcase_add_test(c, scripts_give_their_events);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r = srunner_create(script_suite());
	int failed;

	srunner_run_all(r, getenv("TELMON_SHOW") ? CK_SILENT : CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
