# SPDX-License-Identifier: BSD-2-Clause
"""prompt_box.py -- for prompt.py and prompt_answer.py: telmon on a pseudo terminal, and a daemon that is told line by line
what to say. Environment: TELMON (program), TEST_PATIENCE (seconds, 15).
"""
import fcntl
import json
import os
import pty
import re
import select
import socket
import signal
import struct
import sys
import tempfile
import termios
import time

PATIENCE = float(os.environ.get("TEST_PATIENCE", "15"))
TELMON = os.environ.get("TELMON", "./telmon")
ENV = {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8"}
for name in os.environ:
    if name.endswith("SAN_OPTIONS"):
        ENV[name] = os.environ[name]


class Failure(Exception):
    pass


class Daemon:
    """Listens on a path; the test says what it wants to hear and what it answers."""

    def __init__(self, path):
        self.path = path
        self.peer = None
        self.listen()

    def listen(self):
        self.server = socket.socket(socket.AF_UNIX)
        self.server.settimeout(PATIENCE)
        self.server.bind(self.path)
        self.server.listen(5)

    def accept(self):
        self.peer, _ = self.server.accept()
        self.peer.settimeout(PATIENCE)
        self.lines = self.peer.makefile("rb")

    def hear(self, wanted):
        try:
            line = self.lines.readline()
        except TimeoutError:
            raise Failure(f"wanted {wanted!r}, nothing came") from None
        if line != wanted.encode() + b"\n":
            raise Failure(f"wanted {wanted!r}, got {line!r}")

    def say(self, data):
        self.peer.sendall(data)

    def part(self, kind, text="", status=0):
        body = text.encode()
        self.say(b"%s %d %d\n%s" % (kind.encode(), status, len(body), body))

    def answer(self, line, text="", status=0):
        self.hear(line)
        self.part("done", text, status)

    def greet(self, window="/resize 80 24", color="on"):
        self.accept()
        self.answer("/framed 1", "telmond 0.1.0 framed 1\n")
        self.answer("/set person on")
        if window.startswith("/resize"):
            self.hear(window)
        elif window:
            self.answer(window)
        self.answer(f"/set color {color}")
        self.answer("/set prompt --json", '{"command":"/set prompt","host":"web1","rows":[{"key":"prompt","value":"web1> "}]}\n')

    def complete(self, cursor, line, *words):
        rows = [{"word": w, "shown": (w or s[0]).rstrip(), "help": h} for w, h, *s in words]
        self.answer(f"/complete {cursor} {line}", json.dumps({"rows": rows}) + "\n")

    def leave(self):
        """What is left is nothing but the end."""
        if rest := self.lines.read():
            raise Failure(f"the client said {rest!r} at its end")

    def go(self):
        """As a daemon that dies."""
        self.server.close()
        os.unlink(self.path)
        self.lines.close()
        self.peer.close()


class Terminal:
    """telmon on a pseudo terminal."""

    def __init__(self, *words, rows=24, columns=80, **env):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.modes = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 64)
            os.execve(TELMON, [TELMON, *words], {**ENV, **env})
        self.all, self.at = "", 0
        self.status = None

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def kill(self, sig):
        os.kill(self.pid, sig)

    def read(self, timeout):
        if select.select([self.master], [], [], timeout)[0]:
            self.all += os.read(self.master, 65536).decode("utf-8", "replace")
            return True
        return False

    def see(self, pattern):
        """Waits for it behind what was seen last; returns what stood before it."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.all[self.at:], re.M | re.S)):
            # What it said last may have come since.
            if not self.read(0.1) and (time.monotonic() > deadline or self.ended()) and not self.read(0):
                raise Failure(f"{pattern!r} never came, but {self.all[self.at:]!r}")
        before = self.all[self.at:self.at + found.start()]
        self.at += found.end()
        return before

    def never(self, pattern):
        if re.search(pattern, self.all, re.M | re.S):
            raise Failure(f"{pattern!r} came: {self.all!r}")

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def end(self, status=0):
        """It ends like this, a negative status being a signal, and leaves the terminal as it was."""
        deadline = time.monotonic() + PATIENCE
        while not self.ended():
            if time.monotonic() > deadline:
                raise Failure(f"it does not end; last came {self.all[self.at:]!r}")
            self.read(0.05)
        while self.read(0):
            pass
        if os.waitstatus_to_exitcode(self.status) != status:
            raise Failure(f"it ended with {os.waitstatus_to_exitcode(self.status)}: {self.all!r}")
        if termios.tcgetattr(self.slave) != self.modes:
            raise Failure("the terminal has other modes than before")

    def close(self):
        if not self.ended():
            self.kill(signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)


class Box:
    """A folder, a daemon in it, and terminals with a client each."""

    def __init__(self, folder):
        self.folder = folder
        self.daemon = Daemon(folder + "/d.sock")
        self.terminals = []

    def start(self, *words, **env):
        t = Terminal("-H", self.daemon.path, *words, **{"HOME": self.folder, "XDG_STATE_HOME": self.folder, **env})
        self.terminals.append(t)
        return t

    def prompt(self, *words, window="/resize 80 24", color="on", **env):
        """A client with its prompt."""
        t = self.start(*words, **env)
        self.daemon.greet(window, color)
        t.see("web1> ")
        return t, self.daemon

    def close(self):
        for t in self.terminals:
            t.close()
        self.daemon.server.close()


def main(cases, wanted):
    """Runs those cases, or all, each in a box of its own. An exit status."""
    script = os.path.basename(sys.argv[0])
    if not os.access(TELMON, os.X_OK):
        print(f"{script}: no client was built, skipping")
        return 77
    failed = 0
    for case in cases:
        if wanted and case.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="telmon-prompt-") as folder:
            box = Box(folder)
            try:
                case(box)
            except (Failure, OSError) as e:
                failed += 1
                print(f"FAILED: {case.__name__}: {e}")
            finally:
                box.close()
    print(f"{script}: {failed} failed")
    return 1 if failed else 0
