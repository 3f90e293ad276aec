/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of session with people whose lines are edited with libedit: who gets an editor, what
 * telnet's own functions are to it, notes above the line, windows, history and completion. What the
 * peer is sent is played on a model of its terminal.
 */
#include "session_people.h"
#include "terminal.h"

#define LEFT "\x1b[D"
#define UP "\x1b[A"
#define DO_MARK "\xff\xfd\x06"
#define WILL_MARK "\xff\xfb\x06"

static void
editor_box_open(void)
{
	box_open();
	box.limits.max_editors = 256;
	box_limits();
}

/* Somebody at the prompt of an empty screen. */
struct someone {
	struct peer p;
	struct terminal terminal;
};

static struct someone *
someone_new(const char *type)
{
	struct someone *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	terminal_open(&s->terminal, 80, 24);
	telnet_open_as(&s->p, type, strlen(type));
	peer_skip_to(&s->p, "lmon\r\n");
	return s;
}

static void
someone_leave(struct someone *s)
{
	peer_leave(&s->p);
	terminal_close(&s->terminal);
	free(s);
}

/* A lone CR has a NUL behind it, which terminals do not see. */
static void
play(struct someone *s)
{
	for (size_t i = 0; i < s->p.got.len; i++)
		if (s->p.got.data[i])
			terminal_feed(&s->terminal, s->p.got.data + i, 1);
	buf_clear(&s->p.got);
}

/* Waits until this is what the screen shows; PROMPT stands for the prompt, @ for the cursor. */
static void
see(struct someone *s, const char *expected)
{
	_autobuf_ struct buf screen = BUF_INIT(1 << 20), wanted = BUF_INIT(1 << 20);
	const char *rest = expected;
	unsigned x = 0, y = 0;

	for (; *rest; rest++) {
		if (strncmp(rest, "PROMPT", 6) == 0) {
			buf_puts(&wanted, box.prompt);
			rest += 5;
		} else if (*rest == '@') {
			const char *line = wanted.len ? memrchr(wanted.data, '\n', wanted.len)
						      : NULL;
			size_t from = line ? (size_t)(line - wanted.data) + 1 : 0;

			x = (unsigned)text_width(wanted.data + from, wanted.len - from);
			for (size_t i = 0; i < wanted.len; i++)
				y += wanted.data[i] == '\n';
		} else {
			buf_putc(&wanted, *rest);
		}
	}
	/* The model leaves blanks at the end out. */
	while (wanted.len && wanted.data[wanted.len - 1] == ' ')
		wanted.len--;
	do {
		play(s);
		terminal_text(&s->terminal, &screen);
		if (strcmp(buf_str(&screen), buf_str(&wanted)) == 0 && s->terminal.x == x &&
		    s->terminal.y == y)
			return;
	} while (peer_read(&s->p, DEADLINE_MS));
	ck_abort_msg("expected at %u,%u:\n%s\n-- seen at %u,%u:\n%s", x, y, buf_str(&wanted),
		     s->terminal.x, s->terminal.y, buf_str(&screen));
}

#define keys(s, literal) peer_send(&(s)->p, literal)

/* --- who gets one --- */

START_TEST(test_editing)
{
	struct someone *s = someone_new("XTERM-256COLOR");

	see(s, "PROMPT@");
	keys(s, "echo n" LEFT "o");
	see(s, "PROMPTecho o@n");
	keys(s, "\x05"
		"e\r\0");
	see(s, "PROMPTecho one\none\nPROMPT@");
	keys(s, UP UP "!");
	see(s, "PROMPTecho one\none\nPROMPTecho one!@");
	keys(s, "\x04\x15\x04");
	peer_skip_to(&s->p, "\r\n");
	peer_expect_end(&s->p);
	terminal_close(&s->terminal);
	free(s);
}
END_TEST

static bool
got(const struct someone *s, const char *text)
{
	return s->p.got.len && memmem(s->p.got.data, s->p.got.len, text, strlen(text));
}

static bool
edits(struct someone *s)
{
	bool yes;

	keys(s, "\x15"
		"echo ab" LEFT "c\r\0");
	while (!(yes = got(s, "\nacb\r\n")) && !got(s, "\nabc\r\n"))
		ck_assert(peer_read(&s->p, DEADLINE_MS));
	peer_skip_to(&s->p, yes ? "\nacb\r\n" : "\nabc\r\n");
	peer_skip_to(&s->p, box.prompt);
	return yes;
}

START_TEST(test_terminals)
{
	static const char *const can[] = { "xterm",  "VT100",	    "linux",
					   "screen", "xterm-kitty", "rxvt-unicode-256color",
					   "PUTTY",  "alacritty" };
	static const char *const cannot[] = { "dumb", "unknown", "network", "vt52", "nonsense" };

	for (size_t i = 0; i < COUNT(can); i++) {
		struct someone *s = someone_new(can[i]);

		ck_assert_msg(edits(s), "%s", can[i]);
		someone_leave(s);
	}
	for (size_t i = 0; i < COUNT(cannot); i++) {
		struct someone *s = someone_new(cannot[i]);

		ck_assert_msg(!edits(s), "%s", cannot[i]);
		someone_leave(s);
	}
}
END_TEST

START_TEST(test_limit)
{
	struct someone *a, *b, *c;

	box.limits.max_editors = 1;
	box_limits();
	a = someone_new("xterm");
	ck_assert(edits(a));
	b = someone_new("xterm");
	ck_assert(!edits(b));
	someone_leave(a);
	/* A place that becomes free is taken at the next prompt. */
	edits(b);
	ck_assert(edits(b));
	/* Who has one keeps it. */
	box.limits.max_editors = 0;
	box_limits();
	ck_assert(edits(b));
	c = someone_new("xterm");
	ck_assert(!edits(c));
	someone_leave(b);
	edits(c);
	ck_assert(!edits(c));
	someone_leave(c);
}
END_TEST

START_TEST(test_echo)
{
	struct someone *s = someone_new("xterm");

	ck_assert(edits(s));
	/* Refused in the middle of a line, which goes on without. */
	keys(s, "echo");
	peer_expect(&s->p, "echo");
	keys(s, "\xff\xfe\x01");
	peer_expect(&s->p, "\xff\xfc\x01");
	for (int i = 0; i < 2; i++) {
		keys(s, " ab" LEFT "c\r\0");
		peer_expect(&s->p, "abc\r\n");
		peer_expect_prompt(&s->p);
		keys(s, "echo");
	}
	keys(s, "\r\0");
	peer_expect_prompt(&s->p);
	keys(s, "\xff\xfd\x01");
	edits(s);
	ck_assert(edits(s));
	someone_leave(s);
}
END_TEST

/* A client that answers late begins as one in nc. */
START_TEST(test_late)
{
	struct peer p;

	plain_open(&p);
	peer_send(&p, "\xff\xfb\x18");
	peer_skip_to(&p, SEND_TYPE);
	peer_send(&p, AGREES WINDOW "\xff\xfa\x18\x00XTERM\xff\xf0");
	peer_send(&p, "echo 1\r\0");
	peer_skip_to(&p, "1\r\n");
	peer_skip_to(&p, box.prompt);
	peer_send(&p, "echo ab" LEFT "c\r\0");
	peer_skip_to(&p, "\r\nacb\r\n");
	peer_leave(&p);
}
END_TEST

/* --- telnet --- */

START_TEST(test_functions)
{
	struct someone *s = someone_new("xterm");

	see(s, "PROMPT@");
	keys(s, "echo onx\xff\xf7" /* EC */
		"e");
	see(s, "PROMPTecho one@");
	keys(s, "\xff\xf8" /* EL */
		"echo two" LEFT);
	see(s, "PROMPTecho tw@o");
	keys(s, "\xff\xf6"); /* AYT */
	see(s, "[yes]\nPROMPTecho tw@o");
	keys(s, "\xff\xf3"); /* BRK */
	see(s, "[yes]\nPROMPTecho two\nPROMPT@");
	keys(s, "x\xff\xf4"); /* IP */
	see(s, "[yes]\nPROMPTecho two\nPROMPTx\nPROMPT@");
	someone_leave(s);
}
END_TEST

/* inetutils throws away what comes between ^C and the mark: the prompt has to come behind it. */
START_TEST(test_mark)
{
	struct someone *s = someone_new("xterm");

	see(s, "PROMPT@");
	keys(s, "half" IP DO_MARK);
	peer_skip_to(&s->p, WILL_MARK);
	s->terminal.x = 0;
	see(s, "PROMPT@");
	/* And when it comes late. */
	keys(s, "half" IP);
	see(s, "PROMPThalf\nPROMPT@");
	keys(s, DO_MARK);
	peer_skip_to(&s->p, WILL_MARK);
	s->terminal.x = 0;
	see(s, "PROMPThalf\nPROMPT@");
	keys(s, "echo on\r\0");
	see(s, "PROMPThalf\nPROMPTecho on\non\nPROMPT@");
	someone_leave(s);
}
END_TEST

START_TEST(test_windows)
{
	struct someone *s = someone_new("xterm");

	see(s, "PROMPT@");
	keys(s, "/set prompt '> '\r\0");
	see(s, "PROMPT/set prompt '> '\n> @");
	keys(s, "\xff\xfa\x1f\0\x14\0\x18\xff\xf0"
		"1234567890abcdefghij");
	terminal_resize(&s->terminal, 20, 24);
	terminal_erase(&s->terminal, 0, 0);
	see(s, "\n> 1234567890abcdefgh\nij@");
	keys(s, "\xff\xfa\x1f\0\x28\0\x18\xff\xf0");
	terminal_resize(&s->terminal, 40, 24);
	see(s, "\n> 1234567890abcdefgh\n> 1234567890abcdefghij@");
	someone_leave(s);
}
END_TEST

/* --- what a session adds --- */

START_TEST(test_notes)
{
	struct someone *a = someone_new("xterm"), *b = someone_new("xterm");

	see(a, "PROMPT@");
	see(b, "PROMPT@");
	keys(a, "echo half" LEFT LEFT);
	see(a, "PROMPTecho ha@lf");
	keys(b, "/say hello\r\0");
	see(a, "-- 127.0.0.1 #2: hello\nPROMPTecho ha@lf");
	keys(a, "r\r\0");
	see(a, "-- 127.0.0.1 #2: hello\nPROMPTecho harlf\nharlf\nPROMPT@");
	someone_leave(a);
	someone_leave(b);
}
END_TEST

START_TEST(test_history)
{
	struct someone *s = someone_new("xterm");

	see(s, "PROMPT@");
	keys(s, "echo 1\r\0echo 2\r\0 echo 3\r\0echo 2\r\0");
	see(s, "PROMPTecho 1\n1\nPROMPTecho 2\n2\nPROMPT echo 3\n3\nPROMPTecho 2\n2\nPROMPT@");
	keys(s, "\x0c/history --csv\r\0");
	see(s, "PROMPT/history --csv\nnumber,line\n1,echo 1\n2,echo 2\n3,/history --csv\nPROMPT@");
	keys(s, "\x0c" UP UP UP);
	see(s, "PROMPTecho 1@");
	keys(s, "\x15\x12"
		"2");
	see(s, "search '2': echo @2");
	someone_leave(s);
}
END_TEST

START_TEST(test_completion)
{
	struct someone *s = someone_new("xterm");

	see(s, "PROMPT@");
	keys(s, "di\t| wh\tus\t");
	see(s, "PROMPTdisk | where used_bytes @");
	keys(s, "\x15/set \t");
	see(s, "PROMPT/set\ncharset  color    format   pager    person   prompt   "
	       "width\nPROMPT/set @");
	keys(s, "\x15\x0c"
		"disk -n ?");
	see(s, "PROMPTdisk -n\n  COUNT  how many rows (whole number, 0 to 1000000; default 2)\n"
	       "PROMPTdisk -n @");
	keys(s, "\x15\x0c"
		"echo ?\r\0");
	see(s, "PROMPTecho ?\n?\nPROMPT@");
	someone_leave(s);
}
END_TEST

/* The plain reader has both as far as it goes: the cursor is at the end. */
START_TEST(test_plain_completion)
{
	struct someone *s;

	box.limits.max_editors = 0;
	box_limits();
	s = someone_new("xterm");
	see(s, "PROMPT@");
	keys(s, "di\t-n ?");
	see(s, "PROMPTdisk -n\n  COUNT  how many rows (whole number, 0 to 1000000; default 2)\n"
	       "PROMPTdisk -n @");
	someone_leave(s);
}
END_TEST

START_TEST(test_charset)
{
	struct someone *s = someone_new("xterm");

	see(s, "PROMPT@");
	keys(s, "/set charset ascii\r\0");
	see(s, "PROMPT/set charset ascii\nPROMPT@");
	/* What is shown is as wide as what it stands for. */
	keys(s, "echo \xe6\x97\xa5\xe6\x9c\xac" LEFT "x\b");
	see(s, "PROMPT/set charset ascii\nPROMPTecho ??@??");
	someone_leave(s);
}
END_TEST

START_TEST(test_long_line)
{
	struct someone *s = someone_new("xterm");
	char line[5 * MAX_LINE];

	memset(line, 'x', sizeof(line));
	see(s, "PROMPT@");
	peer_send_bytes(&s->p, line, sizeof(line));
	keys(s, "\r\0echo on\r\0");
	peer_skip_to(&s->p, "\r\nerror: line too long (limit 256 bytes)\r\n");
	peer_skip_to(&s->p, "echo on\r\non\r\n");
	someone_leave(s);
}
END_TEST

START_TEST(test_idle)
{
	struct someone *s;

	box.limits.idle_timeout_ns = 300 * NS_PER_MS;
	box_limits();
	s = someone_new("xterm");
	/* News are no keys. */
	keys(s, "half\xff\xf6");
	peer_skip_to(&s->p, "-- idle for too long, closing\r\n");
	peer_expect_end(&s->p);
	terminal_close(&s->terminal);
	free(s);
}
END_TEST

START_TEST(test_stop)
{
	struct someone *s = someone_new("xterm");

	see(s, "PROMPT@");
	keys(s, "half");
	see(s, "PROMPThalf@");
	session_shared_stop(box.shared);
	peer_skip_to(&s->p, "\r\n");
	peer_expect(&s->p, "-- telmond stops\r\n");
	peer_expect_end(&s->p);
	terminal_close(&s->terminal);
	free(s);
}
END_TEST

static Suite *
session_editor_suite(void)
{
	Suite *s = suite_create("session_editor");
	TCase *c = tcase_create("session_editor");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, editor_box_open, box_close);
	tcase_add_test(c, test_editing);
	tcase_add_test(c, test_terminals);
	tcase_add_test(c, test_limit);
	tcase_add_test(c, test_echo);
	tcase_add_test(c, test_late);
	tcase_add_test(c, test_functions);
	tcase_add_test(c, test_mark);
	tcase_add_test(c, test_windows);
	tcase_add_test(c, test_notes);
	tcase_add_test(c, test_history);
	tcase_add_test(c, test_completion);
	tcase_add_test(c, test_plain_completion);
	tcase_add_test(c, test_charset);
	tcase_add_test(c, test_long_line);
	tcase_add_test(c, test_idle);
	tcase_add_test(c, test_stop);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r;
	int failed;

	setenv("TERM", "vt100", 1);
	r = srunner_create(session_editor_suite());
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
