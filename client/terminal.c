/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * terminal -- reads along what goes to the terminal, as far as it has to be undone: private modes
 * (ESC [ ? N h and l), colours (ESC [ N m), the scrolling region (ESC [ N ; N r). The state is the
 * process's own, because there is one terminal and a signal handler has nothing else to look at.
 * Knows neither the daemon nor the line editor.
 */
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_PARAMETERS = 32 };

/* What stays behind, in the order in which it is undone: what belongs to a screen before that
 * screen is left. */
static const struct trace {
	unsigned mode; /* private mode; 0 = no mode */
	bool normal;   /* whether that is set on a terminal that nobody has touched */
	const char *undo, *redo;
} traces[] = {
	{ 0, false, "\033[m", "" },
	{ 0, false, "\0337\033[r\0338", "" }, /* it would move the cursor */
	{ 7, true, "\033[?7h", "\033[?7l" },
	{ 1, false, "\033[?1l", "\033[?1h" },
	{ 2004, false, "\033[?2004l", "\033[?2004h" },
	{ 47, false, "\033[?47l", "\033[?47h" },
	{ 1047, false, "\033[?1047l", "\033[?1047h" },
	{ 1049, false, "\033[?1049l", "\033[?1049h" },
	{ 25, true, "\033[?25h", "\033[?25l" },
};
enum {
	TRACES = sizeof(traces) / sizeof(traces[0]),
	TRACE_COLOUR = 1u << 0,
	TRACE_REGION = 1u << 1,
	TRACE_SCREENS = 7u << 5, /* the rows of 47, 1047 and 1049 */
};

static struct {
	struct termios before;
	volatile sig_atomic_t opened;
	volatile sig_atomic_t left; /* a bit for each row of traces[] */
	enum { IN_TEXT, IN_ESCAPE, IN_CONTROL } at;
	char parameters[MAX_PARAMETERS];
	size_t n_parameters;
	bool in_line; /* the cursor stands behind text */
} terminal;

/* --- reading along --- */

static void
leave_behind(unsigned bits, bool yes)
{
	if (yes)
		terminal.left |= (sig_atomic_t)bits;
	else
		terminal.left &= (sig_atomic_t)~bits;
}

static void
set_modes(const char *list, bool on)
{
	while (*list) {
		unsigned long mode = strtoul(list, NULL, 10);

		for (size_t i = 0; i < TRACES; i++) {
			if (mode && traces[i].mode == mode)
				leave_behind(1u << i, on != traces[i].normal);
		}
		list += strcspn(list, ";");
		list += *list == ';';
	}
}

static void
end_control(char final)
{
	const char *p = terminal.parameters;

	terminal.parameters[terminal.n_parameters] = '\0';
	if (final == 'm')
		leave_behind(TRACE_COLOUR, p[strspn(p, "0;")] != '\0');
	else if (final == 'r')
		leave_behind(TRACE_REGION, *p != '\0');
	else if (*p == '?' && (final == 'h' || final == 'l'))
		set_modes(p + 1, final == 'h');
}

static void
read_text(char c)
{
	if (c == '\033')
		terminal.at = IN_ESCAPE;
	/* The cursor comes back from another screen to where it stood. */
	else if (!(terminal.left & TRACE_SCREENS))
		terminal.in_line = c != '\n' && c != '\r';
}

static void
read_byte(char c)
{
	switch (terminal.at) {
	case IN_TEXT:
		read_text(c);
		break;
	case IN_ESCAPE:
		terminal.at = c == '[' ? IN_CONTROL : c == '\033' ? IN_ESCAPE : IN_TEXT;
		terminal.n_parameters = 0;
		break;
	case IN_CONTROL:
		if (c == '\033') {
			terminal.at = IN_ESCAPE;
		} else if (c >= 0x40 && c <= 0x7e) {
			terminal.at = IN_TEXT;
			end_control(c);
		} else if (terminal.n_parameters < MAX_PARAMETERS - 1) {
			terminal.parameters[terminal.n_parameters++] = c;
		}
		break;
	}
}

int
terminal_write(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		read_byte(s[i]);
	return fwrite(s, 1, n, stdout) < n || fflush(stdout) != 0 ? -EIO : 0;
}

bool
terminal_taken(void)
{
	return terminal.left != 0;
}

/* --- undoing --- */

/* From a signal handler, too: nothing but write() and tables. */
static void
put(const char *s)
{
	ssize_t ignored = write(STDOUT_FILENO, s, strlen(s));

	(void)ignored;
}

static void
undo(void)
{
	/* CAN: a sequence that was cut short must not swallow the first of ours. */
	if (terminal.at != IN_TEXT)
		put("\030");
	for (size_t i = 0; i < TRACES; i++) {
		if (terminal.left & (sig_atomic_t)(1u << i))
			put(traces[i].undo);
	}
}

void
terminal_settle(void)
{
	fflush(stdout);
	undo();
	if (terminal.in_line)
		put("\n");
	terminal.left = 0;
	terminal.at = IN_TEXT;
	terminal.in_line = false;
}

void
terminal_suspend(void)
{
	fflush(stdout);
	undo();
	if (terminal.in_line)
		put("\n");
	if (terminal.opened)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

void
terminal_resume(void)
{
	terminal_keys(false);
	for (size_t i = TRACES; i-- > 0;) {
		if (terminal.left & (sig_atomic_t)(1u << i))
			put(traces[i].redo);
	}
}

/* --- modes --- */

static void
on_deadly(int sig)
{
	if (terminal.opened)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
	undo();
	raise(sig);
}

void
terminal_open(void)
{
	static const int deadly[] = { SIGSEGV, SIGBUS,	SIGFPE,	 SIGILL,   SIGABRT, SIGSYS,
				      SIGTRAP, SIGPIPE, SIGALRM, SIGUSR1,  SIGUSR2, SIGXCPU,
				      SIGXFSZ, SIGPOLL, SIGPROF, SIGVTALRM };
	/* The second time, raised by the handler itself, it is deadly. */
	struct sigaction action = { .sa_handler = on_deadly, .sa_flags = SA_RESETHAND }, before;

	terminal.opened = tcgetattr(STDIN_FILENO, &terminal.before) == 0;
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
		if (sigaction(deadly[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(deadly[i], &action, NULL);
	}
}

/* ^C must not throw away what is under way to the terminal: half an escape sequence is worse than
 * none. */
void
terminal_keys(bool signals)
{
	struct termios t = terminal.before;

	if (!terminal.opened)
		return;
	t.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP | IXON);
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN | ISIG);
	t.c_lflag |= NOFLSH | (signals ? ISIG : 0u);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

bool
terminal_window(unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return false;
	*ret_columns = w.ws_col;
	*ret_rows = w.ws_row;
	return true;
}
