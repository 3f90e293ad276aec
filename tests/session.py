#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""session.py FILE.session... -- plays transcripts against a real telmond with real clients.

A transcript is a list of verbs, one a line; # begins a comment. Peers have names of one word.

    needs PROGRAM         the transcript is skipped where it is not there
    config TEXT           a line of the configuration (before daemon)
    daemon [ARG...]       starts telmond: a TCP port and a Unix socket of its own, the built plugins
    tcp A | unix A        connects; tcp A 6 over IPv6
    send A TEXT           sends TEXT; \\n \\r \\t \\0 \\xNN are understood, nothing is added
    eof A | close A | reset A   half-close; close; close with a reset
    expect A REGEX        waits until what came since the last match matches (DOTALL, MULTILINE)
    end A                 waits for the peer's end; nothing but matched text may be left: use expect first
    gone A                the same, whatever text is left, and a reset will do
    never A REGEX         nothing that ever came from A matches (after end, or at once)
    quiet A SECONDS       nothing comes for so long
    pty A COMMAND         runs COMMAND by the shell on a pseudo terminal; send, expect, end as above
    size A ROWS COLUMNS   resizes that terminal
    run COMMAND           runs COMMAND by the shell; its output is what `out` looks at
    out REGEX             the whole output of the last run matches (fullmatch, DOTALL)
    has REGEX             some part of it matches
    status N              its exit status
    within SECONDS        the last run took no longer
    log REGEX             waits until the daemon's log matches
    signal NAME           sends the daemon a signal
    exit N                waits for the daemon to end with this status, within 5 s
    alive                 the daemon answers a new client within 1 s

In commands and texts $PORT, $PORT6, $SOCK, $DIR, $TELMON, $TELMOND, $PLUGINS, $HOST stand for the daemon at hand.
At the end of every transcript the daemon must end with status 0 on SIGTERM, and have leaked no descriptor.
Environment: TELMOND, TELMON (programs), TELMON_PLUGIN_PATH.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.dont_write_bytecode = True  # the sources may be read-only, and stay clean

import pace

PATIENCE = float(os.environ.get("TEST_PATIENCE", "10"))
FLAGS = re.DOTALL | re.MULTILINE


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def unescape(text):
    return text.encode("utf-8").decode("unicode_escape").encode("latin-1") if "\\" in text else text.encode()


class Peer:
    """A client of the daemon: a socket, or a program on a pseudo terminal."""

    def __init__(self, fd, close, process=None):
        self.fd, self.close_fd, self.process = fd, close, process
        self.all = b""
        self.at = 0
        self.ended = False

    def read(self, timeout):
        if self.ended or not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except (ConnectionResetError, OSError):
            data = b""
        if not data:
            self.ended = True
        self.all += data
        return True

    def send(self, data):
        while data:
            data = data[os.write(self.fd, data):]

    def expect(self, pattern):
        deadline = time.monotonic() + PATIENCE
        regex = re.compile(pattern.encode(), FLAGS)
        while True:
            found = regex.search(self.all, self.at)
            if found:
                self.at = found.end()
                return
            if self.ended or time.monotonic() > deadline:
                raise Failure(f"expected {pattern!r}, got {self.all[self.at:][-2000:]!r}{' and the end' if self.ended else ''}")
            self.read(0.1)

    def wait_end(self):
        deadline = time.monotonic() + PATIENCE
        while not self.ended:
            if time.monotonic() > deadline:
                raise Failure(f"no end of connection; last came {self.all[self.at:][-500:]!r}")
            self.read(0.1)


class Transcript:
    def __init__(self, path):
        self.path = path
        self.dir = tempfile.mkdtemp(prefix="telmon-test-")
        self.peers = {}
        self.config = ""
        self.daemon = self.daemon_env = None
        self.env = dict(os.environ, DIR=self.dir, HOST="127.0.0.1", TERM=os.environ.get("TERM", "xterm"),
                        SOCK=os.path.join(self.dir, "telmon.sock"),
                        TELMON=os.environ.get("TELMON", "telmon"), TELMOND=os.environ.get("TELMOND", "telmond"),
                        PLUGINS=os.environ.get("TELMON_PLUGIN_PATH", "plugins"))
        self.env["XDG_STATE_HOME"] = self.dir
        if self.env["TERM"] == "dumb":
            self.env["TERM"] = "xterm"
        self.log = b""
        self.output, self.code, self.took = "", 0, 0.0

    def expand(self, text):
        return re.sub(r"\$(\w+)", lambda m: self.env.get(m.group(1), m.group(0)), text)

    def do_needs(self, rest):
        if not shutil.which(self.expand(rest)):
            raise Skip(rest)

    # -- the daemon

    def do_config(self, rest):
        self.config += self.expand(rest) + "\n"

    def do_daemon(self, rest):
        config = os.path.join(self.dir, "telmond.conf")
        with open(config, "w") as f:
            f.write(self.config)
        words = [self.env["TELMOND"], "-c", config]
        if not re.search(r"(^| )-l ", rest) and "listener" not in self.config:
            words += ["-l", "telnet://127.0.0.1:0", "-l", "telnet://[::1]:0", "-l", "unix:" + self.env["SOCK"]]
        if not re.search(r"(^| )-p ", rest) and "plugin_path" not in self.config:
            words += ["-p", self.env["PLUGINS"]]
        words += self.expand(rest).split()
        self.daemon = subprocess.Popen(words, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=self.daemon_env)
        os.set_blocking(self.daemon.stderr.fileno(), False)
        wanted = 1 if "-l" in rest else max(1, self.config.count("listener ")) if "listener" in self.config else 3
        self.wait_log(r"(listening on [^\n]*\n.*){%d}" % wanted)
        for match in re.finditer(r"listening on telnet://(\S+):(\d+)$", self.log.decode(), re.M):
            self.env["PORT6" if match.group(1).startswith("[") else "PORT"] = match.group(2)
        self.descriptors = self.count_descriptors()

    def count_descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.pid}/fd"))

    def read_log(self, timeout):
        if select.select([self.daemon.stderr], [], [], timeout)[0]:
            try:
                self.log += os.read(self.daemon.stderr.fileno(), 65536)
            except BlockingIOError:
                pass

    def wait_log(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern.encode(), self.log, FLAGS):
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                self.read_log(0)
                raise Failure(f"log never had {pattern!r}; it is:\n{self.log.decode(errors='replace')}")
            self.read_log(0.1)

    def do_log(self, rest):
        self.wait_log(self.expand(rest))

    def do_signal(self, rest):
        self.daemon.send_signal(getattr(signal, "SIG" + rest))

    def do_exit(self, rest):
        deadline = time.monotonic() + 5
        while self.daemon.poll() is None:
            if time.monotonic() > deadline:
                raise Failure("the daemon did not end within 5 s")
            self.read_log(0.05)
        self.read_log(0)
        if self.daemon.returncode != int(rest):
            raise Failure(f"the daemon ended with {self.daemon.returncode}; log:\n{self.log.decode(errors='replace')}")
        self.daemon.stderr.close()
        self.daemon = None

    def do_alive(self, _):
        began = pace.now()
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(PATIENCE)
        s.connect(self.env["SOCK"])
        s.sendall(b"echo still here\n")
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while data := s.recv(4096):
            answer += data
        s.close()
        if answer != b"still here\n":
            raise Failure(f"asked whether it is alive, it said {answer!r}")
        if pace.now() - began > max(1.0, PATIENCE / 10):
            raise Failure("it took more than a second to answer")

    # -- peers

    def connect(self, name, family, address):
        s = socket.socket(family)
        s.settimeout(PATIENCE)
        s.connect(address)
        s.settimeout(None)
        peer = Peer(s.fileno(), s.close)
        peer.socket = s
        self.peers[name] = peer

    def do_tcp(self, rest):
        name, *six = rest.split()
        if six:
            self.connect(name, socket.AF_INET6, ("::1", int(self.env["PORT6"])))
        else:
            self.connect(name, socket.AF_INET, ("127.0.0.1", int(self.env["PORT"])))

    def do_unix(self, rest):
        self.connect(rest, socket.AF_UNIX, self.env["SOCK"])

    def do_pty(self, rest):
        name, command = rest.split(None, 1)
        pid, fd = pty.fork()
        if pid == 0:
            os.execve("/bin/sh", ["sh", "-c", "exec " + self.expand(command)], self.env)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.peers[name] = Peer(fd, lambda: os.close(fd), pid)

    def do_size(self, rest):
        name, rows, columns = rest.split()
        fcntl.ioctl(self.peers[name].fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))

    def do_send(self, rest):
        name, text = rest.split(" ", 1)
        self.peers[name].send(unescape(self.expand(text)))

    def do_eof(self, rest):
        self.peers[rest].socket.shutdown(socket.SHUT_WR)

    def do_close(self, rest):
        self.drop(self.peers.pop(rest))

    def do_reset(self, rest):
        peer = self.peers.pop(rest)
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close_fd()

    def do_expect(self, rest):
        name, pattern = rest.split(" ", 1)
        self.peers[name].expect(self.expand(pattern))

    def do_end(self, rest):
        peer = self.peers[rest]
        peer.wait_end()
        if peer.all[peer.at:]:
            raise Failure(f"unexpected before the end: {peer.all[peer.at:]!r}")

    def do_gone(self, rest):
        self.peers[rest].wait_end()

    def do_never(self, rest):
        name, pattern = rest.split(" ", 1)
        found = re.search(self.expand(pattern).encode(), self.peers[name].all, FLAGS)
        if found:
            raise Failure(f"{found.group(0)!r} came")

    def do_quiet(self, rest):
        name, seconds = rest.split()
        peer = self.peers[name]
        peer.read(float(seconds))
        if peer.all[peer.at:] or peer.ended:
            raise Failure(f"not quiet: {peer.all[peer.at:]!r}{' and the end' if peer.ended else ''}")

    # -- programs

    def do_run(self, rest):
        began = pace.now()
        done = subprocess.run(["/bin/bash", "-c", self.expand(rest)], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=PATIENCE * 6)
        self.took = pace.now() - began
        self.output, self.code = done.stdout.decode("utf-8", "backslashreplace"), done.returncode

    def do_out(self, rest):
        if not re.fullmatch(self.expand(rest), self.output, FLAGS):
            raise Failure(f"output is {self.output!r}")

    def do_has(self, rest):
        if not re.search(self.expand(rest), self.output, FLAGS):
            raise Failure(f"output is {self.output!r}")

    def do_status(self, rest):
        if self.code != int(rest):
            raise Failure(f"exit status is {self.code}; output {self.output!r}")

    def do_within(self, rest):
        if self.took > float(rest) * PATIENCE / 10:
            raise Failure(f"took {self.took:.2f} s")

    # -- the whole

    def drop(self, peer):
        peer.close_fd()
        if peer.process:
            try:
                os.kill(peer.process, signal.SIGHUP)
                os.waitpid(peer.process, 0)
            except (ProcessLookupError, ChildProcessError):
                pass

    def finish(self):
        """The daemon lets go of every peer's descriptors, and ends cleanly."""
        for name in list(self.peers):
            self.drop(self.peers.pop(name))
        if not self.daemon:
            return
        deadline = time.monotonic() + 5
        while self.count_descriptors() > self.descriptors + 2:  # spare ones of the kept threads
            if time.monotonic() > deadline:
                raise Failure(f"{self.count_descriptors() - self.descriptors} descriptors leaked")
            time.sleep(0.05)
        self.do_signal("TERM")
        self.do_exit("0")

    def abandon(self):
        for peer in self.peers.values():
            self.drop(peer)
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
            self.daemon.stderr.close()

    def play(self):
        with open(self.path) as f:
            lines = f.read().split("\n")
        number = 0
        try:
            for number, text in enumerate(lines, 1):
                text = text.lstrip()
                if not text or text.startswith("#"):
                    continue
                verb, _, rest = text.partition(" ")
                getattr(self, "do_" + verb)(rest)
            number = "end"
            self.finish()
        except Skip as what:
            print(f"{self.path}: {what} is not there, skipping")
            self.abandon()
            return None
        except Exception as why:
            if self.daemon and self.daemon.poll() is not None:
                why = f"{why}\nthe daemon is dead ({self.daemon.returncode}): {self.log.decode(errors='replace')}"
                self.read_log(0)
            print(f"{self.path}:{number}: {lines[number - 1] if isinstance(number, int) else ''}\n  {type(why).__name__ if isinstance(why, Exception) and not isinstance(why, Failure) else 'failed'}: {why}")
            if self.daemon:
                self.read_log(0)
                print("  log: " + self.log.decode(errors="replace")[-3000:].replace("\n", "\n       "))
            self.abandon()
            return False
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)
        return True


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    results = [Transcript(path).play() for path in sys.argv[1:]]
    sys.exit(1 if False in results else 77 if None in results else 0)


if __name__ == "__main__":
    main()
