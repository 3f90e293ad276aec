#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""terminal.py CLIENT [SCENE...] -- a person at a terminal looks at telmond through one of CLIENTS: every scene is the same for each,
and the screen is, too, but for what CLIENTS says. Environment: see terminal_box.py.
"""
import re
import signal
import sys

from terminal_box import AT, COLUMNS, PROMPT, ROWS, TELMON_CLIENT, Client, Failure, play

CLIENTS = {
    "telmon": TELMON_CLIENT,
    "telnet": Client("telnet", "{program} 127.0.0.1 {port}", mark=("--version", "inetutils"),
                     farewell=("Connection closed by foreign host.",), escape=("telnet>", "quit", "Connection closed.\n")),
    # It tells the size of its window once, when it is asked for it.
    "busybox": Client("busybox", "{program} telnet 127.0.0.1 {port}", mark=("--list", "telnet"), resizes=False,
                      farewell=("Connection closed by foreign host",), escape=(" e +exit telnet", "e", "")),
    "plink": Client("plink", "{program} -telnet -P {port} 127.0.0.1"),
}


def rows_of(text, columns=COLUMNS):
    """A line that is being typed, as a window of that width shows it."""
    text = PROMPT + text
    return [text[i:i + columns] for i in range(0, len(text), columns)]


# --- the line


def editing(box):
    box.prompt()
    box.type("echo one two-three")
    box.edited("echo one two-three", 18)
    box.type("Home", "DC", "X")
    box.edited("Xcho one two-three", 1)
    box.type("C-Right", "C-Right")
    box.edited("Xcho one two-three", 8)
    box.type("C-Right", "Right", "Right", "Left")
    box.edited("Xcho one two-three", 13)
    box.type("C-Left")
    box.edited("Xcho one two-three", 9)
    box.type("C-k")
    box.edited("Xcho one ", 9)
    box.type("C-a", "C-y")
    box.edited("two-threeXcho one ", 9)
    box.type("End", "C-w")
    box.edited("two-threeXcho ", 14)
    box.type("M-b", "M-BSpace")
    box.edited("threeXcho ", 0)
    box.type("F5", "PPage", "IC", "F1", "S-Up", "BSpace", "C-e", "BSpace")
    box.edited("threeXcho", 9)
    box.type("C-u")
    box.edited("", 0)


def letters(box):
    """Of two bytes and of three, one column and two wide."""
    box.prompt()
    box.type("echo grüße 日本 €")
    box.edited("echo grüße 日本 €", 17)
    box.type("Left", "Left", "BSpace")
    box.edited("echo grüße 日 €", 13)
    box.type("Left", "ä", "C-e", "語", "Left", "Left")
    box.edited("echo grüße ä日 €語", 15)
    box.type("Enter")
    box.screen_is(PROMPT + "echo grüße ä日 €語", "grüße ä日 €語", PROMPT)


def wrapping(box):
    """A line longer than the window, and one that fills a row to its end."""
    box.prompt()
    text = "echo " + "0123456789" * 9
    box.type(text)
    box.screen_is(*rows_of(text), cursor=((AT + len(text)) % COLUMNS, 1))
    box.type("Home", "C-Right", "Right", "xy")
    text = "echo xy" + "0123456789" * 9
    box.screen_is(*rows_of(text), cursor=(AT + 7, 0))
    box.type("C-e", "BSpace")
    box.screen_is(*rows_of(text[:-1]), cursor=((AT + len(text) - 1) % COLUMNS, 1))
    box.type("Enter")
    box.screen_is(*rows_of(text[:-1]), text[5:65], text[65:-1], PROMPT)
    box.type("C-l")
    box.edited("", 0)
    text = "echo " + "a" * (COLUMNS - AT - 5)
    box.type(text)
    box.screen_is(PROMPT + text, cursor=(0, 1))
    box.type("BSpace", "日")
    box.screen_is(PROMPT + text[:-1], "日", cursor=(2, 1))
    box.type("C-u")
    box.edited("", 0)


def history(box):
    box.prompt()
    for line in ("echo alpha", "echo beta", "echo gamma"):
        box.type(line, "Enter")
        box.see(rf"^{line[5:]}\n{PROMPT.rstrip()}\n\Z")
    box.type("C-l")
    box.edited("", 0)
    box.type("Up", "Up")
    box.edited("echo beta", 9)
    box.type("Up", "Down", "Down", "Left")
    box.edited("echo gamma", 9)
    box.type("Down")
    box.edited("", 0)

    def searched(word, line):
        box.screen_is(*box.client.search.format(word=word, line=line).split("\n"))
    box.type("C-r", "ph")
    searched("ph", "echo alpha")
    box.type("C-e")
    box.edited("echo alpha", 10)
    box.type("C-c", "C-l", "C-r", "bet")
    searched("bet", "echo beta")
    box.type("Enter")
    box.screen_is(PROMPT + "echo beta", "beta", PROMPT)


def completion(box):
    box.prompt()
    box.type("plu", "Tab")
    box.edited("plugins ", 8)
    box.type("C-u", "netw", "Tab", "| so", "Tab", "inte", "Tab")
    box.edited("network | sort interface ", 25)
    box.type("| columns mt", "Tab")
    box.edited("network | sort interface | columns mtu ", 39)
    box.type("Enter")
    box.screen_is(PROMPT + "network | sort interface | columns mtu", *box.ask("network | sort interface | columns mtu"), PROMPT)
    box.type("C-l", "network | where interface = et", "Tab")
    box.edited("network | where interface = eth0 ", 33)
    box.type("| columns state", "Enter")
    box.screen_is(PROMPT + "network | where interface = eth0 | columns state",
                  *box.ask("network | where interface = eth0 | columns state"), PROMPT)
    box.type("C-l", "pr", "Tab")
    box.screen_is(PROMPT + "pr", "pressure  process", PROMPT + "pr", cursor=(AT + 2, 2))


def explain(box):
    box.prompt()
    box.type("plugins ", "?")
    box.see(rf"\A{PROMPT}plugins\n(  \S.*\n)+  --json +one JSON line\n  --csv +CSV with a header row\n(  \S.*\n)*{PROMPT}plugins\n\Z")
    box.wait("the cursor is not behind the line", lambda: box.cursor()[0], lambda x: x == AT + 8)
    box.type("C-u", "C-l")
    box.edited("", 0)
    box.type("echo a? \"?", "Home", "End")
    box.edited("echo a? \"?", 10)


# --- answers

METRICS = "metrics memory_*"  # 55 lines

def pager(box):
    box.prompt()
    lines = box.ask(METRICS)

    def page(begin, end):
        """Those lines above a prompt."""
        box.screen_is(*lines[begin:end], "-- more -- space, enter, b, /, q --")

    def find(word, behind):
        return next(i for i in range(behind + 1, len(lines)) if word in lines[i].lower())
    full = ROWS - 1
    box.type(METRICS, "Enter")
    page(0, full)
    box.type("Space")
    page(full, 2 * full)
    box.type("Enter")
    page(full + 1, 2 * full + 1)
    box.type("b")
    page(1, full + 1)
    box.type("/")
    box.screen_is(*lines[1:full + 1], "/")
    box.type("swap", "Enter")
    first = find("swap", 1)
    page(first, first + full)
    box.type("n")
    second = find("swap", first)
    page(second, second + full)
    box.type("q")
    box.screen_is(*lines[second:second + full], PROMPT)
    box.type("C-l", METRICS, "Enter")
    page(0, full)
    box.type("C-c")
    box.screen_is(*lines[:full], PROMPT)
    box.type("C-l", "echo after", "Enter")
    box.screen_is(PROMPT + "echo after", "after", PROMPT)


def watch(box):
    """Drawn in place, ends by any key; the terminal is as before."""
    box.prompt()
    line = "watch -n 0.1 memory"
    rows = "".join(row + "\n" for row in box.ask("memory"))
    drawn = r"every 0\.1 s  \S.*  memory\n" + re.escape(rows)
    for key in ("x", "C-c"):
        box.type("C-l", line, "Enter")
        box.see(rf"\A{PROMPT}{line}\n{drawn}\Z")
        box.wait("a view shows no cursor", box.state, lambda s: s == ["0", "0"])
        first = box.screen()
        box.wait("it is not drawn again", box.screen, lambda s: s != first)
        box.see(rf"\A{PROMPT}{line}\n{drawn}\Z")
        box.type(key)
        box.see(rf"\A{PROMPT}{line}\n{drawn}{PROMPT.rstrip()}\n\Z")
        box.wait("no cursor", box.state, lambda s: s == ["1", "0"])
        box.type("C-l", "echo after", "Enter")
        box.screen_is(PROMPT + "echo after", "after", PROMPT)


def interrupt(box):
    box.prompt()
    box.type("echo nothing", "Left", "C-c")
    box.screen_is(PROMPT + box.client.dropped.format(line="echo nothing"), PROMPT)
    long = "echo " + "0123456789" * 7
    box.type("C-l", long, "Home", "C-c")
    box.screen_is(*rows_of(box.client.dropped.format(line=long)), PROMPT)
    box.type("C-l")
    line = "until -t 600 echo x | include y"
    box.type(line, "Enter")
    box.screen_is(PROMPT + line, cursor=(0, 1))
    box.type("C-c")
    box.see(rf"\A{PROMPT}{re.escape(line)}\n(\^C\n)?{PROMPT.rstrip()}\n\Z")
    box.type("C-l", "echo after", "Enter")
    box.screen_is(PROMPT + "echo after", "after", PROMPT)


# --- windows


def resize_line(box):
    box.prompt()
    text = "echo " + "0123456789" * 6
    box.type(text)
    box.screen_is(*rows_of(text))
    for columns in (59, 30, 40, 100):
        box.tmux("clear-history")  # what a narrower window has scrolled away comes back in a wider one
        shown = len(box.output())
        box.resize(columns, ROWS)
        if box.client.resizes:
            box.wait("nothing is drawn", lambda: box.output()[shown:], lambda drawn: PROMPT + "echo" in drawn)
            box.screen_is(*rows_of(text, columns), cursor=((AT + len(text)) % columns, len(rows_of(text, columns)) - 1))
    box.type("Enter")
    box.see(rf"^(0123456789){{6}}\n{PROMPT.rstrip()}\n\Z")
    box.type("C-l")
    box.edited("", 0)
    if box.client.resizes:
        box.type(text, "Left")
        box.edited(text, len(text) - 1)
        box.type("C-u")
        box.edited("", 0)


def resize_pager(box):
    box.prompt()
    lines = box.ask(METRICS)
    box.type(METRICS, "Enter")
    box.screen_is(*lines[:ROWS - 1], "-- more -- space, enter, b, /, q --")
    box.resize(70, 12)
    if box.client.resizes:
        box.see(r"\A(.*\n){11}-- more -- space page, enter line, b back, / search, q quit --\n\Z")
        box.type("b")
        box.see(rf"\A{re.escape(lines[0][:40])}.*\n(.*\n){{10}}-- more -- space page, enter line, b back, / search, q quit --\n\Z")
    else:
        box.type("b")
        box.screen_is(*lines[8:ROWS - 1], "-- more -- space, enter, b, /, q --")
    box.type("/", "swap")
    box.see(r"\A(.*\n)+/swap\n\Z")
    shown = len(box.output())
    box.resize(COLUMNS, 10)
    if box.client.resizes:
        # tmux itself cuts the screen to what looks the same.
        box.wait("nothing is drawn", lambda: box.output()[shown:], lambda drawn: "/swap" in drawn)
        box.see(r"\A(.*\n){9}/swap\n\Z")
        box.type("f", "Enter")
        box.see(r"\A.*SwapFree.*\n(.*\n){8}-- more -- space, enter, b, /, q --\n\Z")
    else:
        box.type("Enter")
    box.type("q")
    box.see(r"\A(.*\n)+" + PROMPT.rstrip() + r"\n\Z")


def resize_watch(box):
    box.prompt()
    box.type("watch -n 0.1 memory", "Enter")
    box.see(r"^every 0\.1 s .*  memory\n")
    box.resize(30, 8)
    if box.client.resizes:
        box.wait("a line is too long", box.screen, lambda s: re.search(r"^every 0\.1 s .*\n.*\n.*\n.*\n\Z", s, re.M)
                 and all(len(line) <= 30 for line in s.split("every")[1].split("\n")))
    box.resize(COLUMNS, ROWS)
    box.see(r"^every 0\.1 s .*  memory\n" + re.escape("".join(row + "\n" for row in box.ask("memory"))) + r"\Z")
    box.type("x")
    box.see(rf"^{PROMPT.rstrip()}\n\Z")


def resize_top(box):
    box.prompt()
    box.type("top", "Enter")
    box.see(r"\Abox  up .*\ncpu  \[.*\nmem  \[.*\n +pid .*\nq quit")
    box.wait("it has a screen of its own", box.state, lambda s: s == ["0", "1"])
    for columns, rows in ((40, 10), (70, 24)):
        box.resize(columns, rows)
        if box.client.resizes:
            box.wait("it is not drawn anew", box.screen,
                     lambda s: re.search(r"\Abox  up .*\ncpu  \[.*\nq quit", s, re.S) and s.count("\n") == rows
                     and columns - 12 <= max(map(len, s.split("\n"))) <= columns)
    box.type("q")
    box.screen_is(PROMPT + "top", PROMPT)
    box.wait("no cursor", box.state, lambda s: s == ["1", "0"])
    box.type("C-l", "echo after", "Enter")
    box.screen_is(PROMPT + "echo after", "after", PROMPT)


# --- others


def say(box):
    box.prompt()
    box.type("echo half", "Left")
    box.edited("echo half", 8)
    box.ask("/say hello you")
    box.see(rf"\A\S.*: hello you\n{PROMPT}echo half\n\Z", cursor=(AT + 8, 1))
    text = "echo half" + "0123456789" * 6
    box.type("End", "0123456789" * 6, "Home", "C-Right")
    box.ask("/say second")
    first, rest = rows_of(text)
    box.see(rf"\A\S.*: hello you\n\S.*: second\n{first}\n{rest}\n\Z", cursor=(AT + 4, 2))
    box.type("Enter")
    box.see(rf"{rest}\n" + text[5:65] + "\n" + text[65:] + f"\n{PROMPT.rstrip()}\n")


def say_while_drawn(box):
    """Above the prompt of a pager, above what watch draws, and behind top, which says so."""
    note = r"-- \S+ #\d+: "
    box.prompt()
    lines = box.ask(METRICS)
    box.type(METRICS, "Enter")
    box.screen_is(*lines[:ROWS - 1], "-- more -- space, enter, b, /, q --")
    box.ask("/say paged")
    box.see(r"\A" + re.escape("".join(line + "\n" for line in lines[1:ROWS - 1])) + note + r"paged\n-- more -- .*\n\Z")
    box.type("q")
    box.see(note + rf"paged\n{PROMPT.rstrip()}\n\Z")
    box.type("C-l", "watch -n 0.1 memory", "Enter")
    box.see(r"^every 0\.1 s .*  memory\n")
    box.ask("/say watched")
    box.see(rf"\A{PROMPT}watch -n 0.1 memory\n{note}watched\nevery 0\.1 s .*  memory\n")
    box.type("x")
    box.see(rf"^{PROMPT.rstrip()}\n\Z")
    box.type("C-l", "until -t 600 echo x | include y", "Enter")
    box.screen_is(PROMPT + "until -t 600 echo x | include y", cursor=(0, 1))
    box.ask("/say until")
    box.see(note + r"until\n\Z")
    box.type("x")
    box.see(rf"^{PROMPT.rstrip()}\n\Z")
    box.type("C-l", "top", "Enter")
    box.see(r"^q quit")
    box.ask("/say topped")
    box.see(r"^a message waits until you leave")
    box.type("q")
    box.see(rf"\A{PROMPT}top\n{note}topped\n{PROMPT.rstrip()}\n\Z")


def set_prompt(box):
    box.prompt()
    box.type("/set prompt there:", "Enter")
    box.screen_is(PROMPT + "/set prompt there:", "there:")
    box.type("/set prompt auto", "Enter")
    box.screen_is(PROMPT + "/set prompt there:", "there:/set prompt auto", PROMPT)


def shutdown(box):
    before = box.modes()
    box.prompt()
    box.type("echo ha", "Left")
    box.edited("echo ha", 6)
    box.stop_daemon(signal.SIGTERM)
    stopped = [line.format(line="echo ha") for line in box.client.stopped]
    if box.client.stays:
        box.screen_is(*stopped, cursor=(AT + 6, 2))
        return
    box.screen_is(*stopped, *box.client.farewell, "shell>")
    if box.modes() != before:
        raise Failure(f"afterwards: {box.screen()}")


# --- leaving


def leaving(box):
    """In each way the shell gets its terminal back as it was."""
    before = box.modes()
    for keys in (("C-d",), ("/quit", "Enter"), ("quit", "Enter")):
        box.prompt()
        box.type(*keys)
        typed = keys[0] if len(keys) > 1 else box.client.left
        box.screen_is(PROMPT + typed, *box.client.farewell, "shell>")
        after = box.modes()
        if after != before:
            raise Failure(f"after {keys[0]}: {after}instead of\n{before}")


def escape(box):
    before = box.modes()
    box.prompt()
    box.type("echo half", "C-]")
    if box.client.escape is None:
        box.type(" a line")
        box.edited("echo half a line", 16)
        return
    asks, answer, farewell = box.client.escape
    box.see(asks)
    box.type(answer, "Enter")
    box.see(rf"^{farewell}shell>\n\Z")
    if box.modes() != before:
        raise Failure(f"afterwards: {box.screen()}")


SCENES = [editing, letters, wrapping, history, completion, explain, pager, watch, interrupt, resize_line, resize_pager, resize_watch, resize_top, say,
          say_while_drawn, set_prompt, shutdown, leaving, escape]

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in CLIENTS:
        sys.exit(f"terminal.py: which client? {', '.join(CLIENTS)}")
    sys.exit(play(f"terminal.py {sys.argv[1]}", CLIENTS[sys.argv[1]], SCENES, sys.argv[2:]))
