#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""prompt_tmux.py [CASE...] -- telmon and telmond in a real terminal: keys are typed into tmux, and its screen is looked at.

Environment: TELMON, TELMOND (programs), TELMON_PLUGIN_PATH (folder), TEST_PATIENCE (seconds, 15).
"""
import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = float(os.environ.get("TEST_PATIENCE", "15"))
TELMON = os.path.abspath(os.environ.get("TELMON", "./telmon"))
TELMOND = os.path.abspath(os.environ.get("TELMOND", "./telmond"))
PLUGINS = os.environ.get("TELMON_PLUGIN_PATH", "plugins/.libs")


class Failure(Exception):
    pass


class Box:
    """A daemon, and a shell in a terminal."""

    def __init__(self, folder):
        self.folder = folder
        self.socket = folder + "/d.sock"
        self.env = {k: v for k, v in os.environ.items() if k != "TMUX"}
        self.env.update(HOME=folder, XDG_STATE_HOME=folder, HISTFILE="", LC_ALL="C.UTF-8", TERM="xterm-256color")
        self.daemon = None
        self.start_daemon()
        try:
            self.start_shell()
        except Failure:
            self.close()
            raise

    def start_shell(self):
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "60", "-y", "20", "bash --norc --noprofile")
        self.tmux("set", "-g", "window-size", "manual")
        self.type("PS1='sh''ell> '; clear", "Enter")
        self.see(r"^shell>$")
        self.type(f"telmon() {{ {TELMON} -H {self.socket} \"$@\"; }}; clear", "Enter")
        self.see(r"\Ashell>$")

    def start_daemon(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.daemon = subprocess.Popen([TELMOND, "-l", "unix:" + self.socket, "-p", PLUGINS], stderr=subprocess.PIPE)
        log, deadline = b"", time.monotonic() + PATIENCE
        while b"listening on unix" not in log:
            if time.monotonic() > deadline or self.daemon.poll() is not None:
                raise Failure(f"the daemon does not listen: {log!r}")
            if select.select([self.daemon.stderr], [], [], 0.1)[0]:
                log += os.read(self.daemon.stderr.fileno(), 65536)

    def stop_daemon(self, sig=signal.SIGTERM):
        self.daemon.send_signal(sig)
        self.daemon.wait(PATIENCE)
        self.daemon.stderr.close()

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-S", self.folder + "/tmux", *words], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE)
        if done.returncode:
            raise Failure(f"tmux {words}: {done.stdout!r}")
        return done.stdout.decode()

    def type(self, *keys):
        """Keys as tmux calls them; anything else is text."""
        self.tmux("send-keys", *keys)

    def screen(self):
        lines = self.tmux("capture-pane", "-p").split("\n")
        return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"

    def cursor(self):
        return tuple(int(n) for n in self.tmux("display", "-p", "#{cursor_x} #{cursor_y}").split())

    def state(self):
        """Cursor shown, other screen."""
        return self.tmux("display", "-p", "#{cursor_flag} #{alternate_on}").split()

    def wait(self, what, get, good):
        deadline = time.monotonic() + PATIENCE
        while not good(value := get()):
            if time.monotonic() > deadline:
                raise Failure(f"{what}, but: {value if isinstance(value, str) else repr(value)}")
            time.sleep(0.02)

    def see(self, pattern, cursor=None):
        """Waits until the screen has it, and the cursor is there."""
        self.wait(f"wanted {pattern!r}", self.screen, lambda s: re.search(pattern, s, re.M | re.S))
        if cursor:
            self.wait(f"wanted the cursor at {cursor}", self.cursor, lambda c: c == cursor)

    def screen_is(self, *lines, cursor=None):
        """Waits until the screen is this: each line a pattern."""
        self.see(r"\A" + "\n".join(lines) + r"\n\Z", cursor)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def prompt(self):
        """A client whose prompt is the first line of the screen."""
        self.type("clear; telmon", "Enter")
        self.see(r"^\S+>$")
        self.type("C-l")
        self.screen_is(r"(?!shell)\S+>")
        self.name = self.screen().split(">", 1)[0]
        self.at = len(self.name) + 2

    def line(self, text):
        return re.escape(f"{self.name}> {text}".rstrip())

    def edited(self, text, column):
        """The line being typed on an otherwise empty screen."""
        self.screen_is(self.line(text), cursor=(self.at + column, 0))

    def ask(self, line):
        """What a script gets."""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(PATIENCE)
        s.connect(self.socket)
        s.sendall(line.encode() + b"\n")
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096):
            pass
        s.close()

    def end_programs(self, shell):
        """What runs in the terminal ends before that goes: a program in the middle of ending may not bear a hang-up."""
        def children():
            with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as f:
                return [int(pid) for pid in f.read().split()]
        for pid in children():
            with contextlib.suppress(ProcessLookupError):  # it may just have ended
                os.kill(pid, signal.SIGTERM)
                os.kill(pid, signal.SIGCONT)
        self.wait("a program does not end", children, lambda left: not left)

    def close(self):
        try:
            shell = self.tmux("display", "-p", "#{pane_pid}").strip()
            self.end_programs(shell)
            self.tmux("kill-server")
            self.wait("the shell does not end", lambda: os.path.exists("/proc/" + shell), lambda there: not there)
        finally:
            if self.daemon.poll() is None:
                self.stop_daemon()


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
    box.type("echo grüße 日本 €")
    box.edited("echo grüße 日本 €", 17)
    box.type("Left", "Left", "BSpace")
    box.edited("echo grüße 日 €", 13)
    box.type("Enter")
    box.screen_is(box.line("echo grüße 日 €"), "grüße 日 €", box.line(""))
    box.type("junk")
    box.see(r"junk$")
    box.type("C-c")
    box.see(r"junk\^C\n" + box.line("") + r"\n\Z")
    box.type("C-l", "C-d")
    box.see(r"\Ashell>$|\^D\nshell>$")


def wrapping(box):
    box.prompt()
    text = "echo " + "0123456789" * 9
    box.type(text)
    width = 60 - box.at
    rows = [box.line(text[:width]), text[width:]]
    box.screen_is(*rows, cursor=(len(text) - width, 1))
    box.type("Home", "C-Right", "Right", "xy")
    text = "echo xy" + "0123456789" * 9
    box.screen_is(box.line(text[:width]), text[width:], cursor=(box.at + 7, 0))
    box.type("Enter")
    box.see(r"^xy0123")


def history(box):
    box.prompt()
    for line in ("echo alpha", "echo beta", "echo gamma"):
        box.type(line, "Enter")
        box.see(f"^{line[5:]}$")
    box.type("C-d")
    box.see(r"shell>$")
    box.prompt()
    box.type("Up", "Up")
    box.edited("echo beta", 9)
    box.type("Up", "Down", "Down", "Left")
    box.edited("echo gamma", 9)
    box.type("Down")
    box.edited("", 0)
    box.type("C-r", "ph")
    box.see(r"\A" + box.line("echo alpha") + r"$.*bck:ph")
    box.type("Left")
    box.see(r"\A" + box.line("echo alpha") + r"\n\Z")
    box.type("C-c", "C-l", "C-r", "bet")
    box.see(r"\A" + box.line("echo beta") + r"$.*bck:bet")
    box.type("Enter")
    box.see(r"^beta\n" + box.line("") + r"\n\Z")


def completion(box):
    box.prompt()
    box.type("plu", "Tab")
    box.edited("plugins ", 8)
    box.type("| so", "Tab", "na", "Tab", "Enter")
    box.see(r"\A" + box.line("plugins | sort name ") + r"\n.*\ncpu .*\n" + box.line("") + r"\n\Z")
    box.type("C-l", "pr", "Tab")
    box.see(r"\A" + box.line("pr") + r"\npressure\s+process\n" + box.line("pr") + r"\n\Z")
    box.type("C-c")


def explain(box):
    box.prompt()
    box.type("plugins ", "?")
    box.see(r"\A" + box.line("plugins ") + r"\n(  \S.*\n)+  --csv\s+\S.*\n" + box.line("plugins ") + r"\n\Z")
    box.type("| include \"a?b\" x?y", "Home", "End")
    box.see(box.line("plugins | include \"a?b\" x?y") + r"\n\Z")


# --- notes and windows


def notes(box):
    box.prompt()
    box.type("echo half")
    box.edited("echo half", 9)
    box.ask("/say hello you")
    box.screen_is(r"\S.*hello you", box.line("echo half"), cursor=(box.at + 9, 1))
    text = "echo half" + "0123456789" * 6
    width = 60 - box.at
    box.type("0123456789" * 6, "Home", "C-Right")
    box.ask("/say second")
    box.screen_is(r"\S.*hello you", r"\S.*second", box.line(text[:width]), text[width:], cursor=(box.at + 4, 2))
    box.type("Enter")
    box.see(r"^half0123456789.*" + box.line(""))


def window(box):
    box.prompt()
    text = "echo " + "0123456789" * 6
    box.type(text)
    for columns in (40, 59, 30, 100):
        box.resize(columns, 20)
        width = columns - box.at
        rest = [text[i:i + columns] for i in range(width, len(text), columns)]
        box.screen_is(box.line(text[:width]), *rest)
    box.type("Enter")
    box.see(r"^(0123456789){6}\n" + box.line(""))


# --- answers


def pager(box):
    box.prompt()
    box.type("metrics")
    box.edited("metrics", 7)
    box.type("Enter")
    prompt = r"^-- more -- .*\n\Z"
    box.see(r"\Ametric .*" + prompt)
    first = box.screen()
    box.type("Space")
    box.wait("no second page", box.screen, lambda s: s != first and re.search(prompt, s, re.M))
    if set(first.split("\n")[:-2]) & set(box.screen().split("\n")[:-2]):
        raise Failure(f"the second page has lines of the first: {box.screen()}")
    box.type("b")
    box.wait("not the first page again", box.screen, lambda s: s == first)
    box.type("/")
    box.see(r"^/\n\Z")
    box.type("memtotal", "Enter")
    box.see(r"\Amemory_MemTotal_bytes .*" + prompt)
    box.resize(70, 12)
    box.see(prompt)
    box.type("q")
    box.see(box.line("") + r"\n\Z")
    box.type("metrics", "Enter")
    box.see(r"\Ametric .*" + prompt)
    box.type("C-c")
    box.see(box.line("") + r"\n\Z")
    box.type("C-l", "echo after", "Enter")
    box.screen_is(box.line("echo after"), "after", box.line(""))


def watch(box):
    """Drawn in place, follows the window, ends by any key; the terminal is as before."""
    box.prompt()
    round = r"every 0\.1 s  .*  load\nload1 .*\n\s*\d.*\n"
    for key in ("x", "C-c"):
        box.type("C-l", "watch -n 0.1 load", "Enter")
        box.see(r"\A" + box.line("watch -n 0.1 load") + "\n" + round + r"\Z")
        if box.state() != ["0", "0"]:
            raise Failure("a view shows no cursor")
        first = box.screen()
        box.wait("it is not drawn again", box.screen, lambda s: s != first)
        box.see(r"\A" + box.line("watch -n 0.1 load") + "\n" + round + r"\Z")
        box.resize(30, 8)
        box.see(r"every 0\.1 s  .*\n.*\n.*\n\Z")
        box.wait("a line is too long", box.screen, lambda s: max(map(len, s.split("\n"))) <= 30)
        box.resize(60, 20)
        box.see(round + r"\Z")
        box.type(key)
        box.see(round + box.line("") + r"\n\Z")
        box.wait("no cursor", box.state, lambda s: s == ["1", "0"])
        box.type("echo after", "Enter")
        box.see(r"^after\n" + box.line("") + r"\n\Z")


def watch_stopped(box):
    """^Z and fg while a view is drawn."""
    before = modes(box)
    box.prompt()
    box.type("watch -n 0.1 load", "Enter")
    box.see("^every")
    box.type("C-z")
    box.see(r"Stopped.*shell>\n\Z")
    if modes(box) != before or box.state() != ["1", "0"]:
        raise Failure(f"stopped: {box.state()} {box.screen()}")
    box.type("clear; fg", "Enter")
    box.see("^every")
    box.wait("the cursor is shown", box.state, lambda s: s == ["0", "0"])
    box.type("x")
    box.see(box.line("") + r"\n\Z")
    box.wait("no cursor", box.state, lambda s: s == ["1", "0"])


def watch_killed(box):
    """The daemon dies while it draws."""
    before = modes(box)
    box.prompt()
    box.type("watch -n 0.1 load", "Enter")
    box.see("^every")
    box.stop_daemon(signal.SIGKILL)
    box.see(r"^error: the connection was lost\n" + box.line("") + r"\n\Z")
    box.wait("no cursor", box.state, lambda s: s == ["1", "0"])
    box.type("C-d")
    box.see(r"shell>\n\Z")
    if modes(box) != before:
        raise Failure(f"afterwards: {box.screen()}")


# --- leaving


def modes(box):
    box.type("clear; stty -a", "Enter")
    box.see(r"iexten.*shell>\n\Z")
    return box.screen()


def leaving(box):
    """In each way the shell gets its terminal back."""
    before = modes(box)
    for key in ("C-d", "C-\\", "TERM"):
        box.prompt()
        if key != "C-d":
            box.type("echo half")
            box.edited("echo half", 9)
        if key == "TERM":
            box.tmux("run-shell", "kill -TERM $(pgrep -x telmon -P #{pane_pid})")
        else:
            box.type(key)
        box.see(r"shell>\n\Z")
        if modes(box) != before:
            raise Failure(f"after {key}: {box.screen()}")


def stopping(box):
    """^Z and fg."""
    before = modes(box)
    box.prompt()
    box.type("echo ha")
    box.edited("echo ha", 7)
    box.type("C-z")
    box.see(r"Stopped.*shell>\n\Z")
    if modes(box) != before:
        raise Failure(f"stopped: {box.screen()}")
    box.type("clear; fg", "Enter")
    box.see(box.line("echo ha") + r"\n\Z")
    box.type("lf", "Enter")
    box.see(r"^half\n" + box.line("") + r"\n\Z")
    box.type("C-d")
    box.see(r"shell>\n\Z")


def shutdown(box):
    """A note above the line; then the next daemon is found."""
    box.prompt()
    box.type("echo ha")
    box.edited("echo ha", 7)
    box.stop_daemon()
    box.screen_is(r"-- telmond stops", "-- the connection was lost; the next line connects again", box.line("echo ha"),
                  cursor=(box.at + 7, 2))
    box.start_daemon()
    box.type("lf", "Enter")
    box.screen_is(r"-- telmond stops", "-- the connection was lost; the next line connects again", box.line("echo half"),
                  "-- connected again", "half", box.line(""))


CASES = [editing, wrapping, history, completion, explain, notes, window, pager, watch, watch_stopped, watch_killed, leaving,
         stopping, shutdown]


def main(wanted):
    if not os.access(TELMON, os.X_OK) or not shutil.which("tmux"):
        print("prompt_tmux.py: no client was built, or there is no tmux: skipping")
        return 77
    failed = 0
    for case in CASES:
        if wanted and case.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="telmon-tmux-") as folder:
            box = Box(folder)
            for step in (case, Box.close):
                try:
                    step(box)
                except (Failure, OSError, subprocess.TimeoutExpired) as e:
                    failed += 1
                    print(f"FAILED: {case.__name__}: {e}")
    print(f"prompt_tmux.py: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
