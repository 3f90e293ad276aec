# SPDX-License-Identifier: BSD-2-Clause
"""abuse_network.py -- cases of abuse.py that need a network of their own: peers that vanish without a word."""
import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import time

from abuse_daemon import FULL, PATIENCE, Daemon, Failure, Skip, read_all, size, telnet, until

OURS, THEIRS, OTHERS = "192.0.2.1", "192.0.2.2", "192.0.2.3"
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


class Wire:
    """Two network namespaces and a cable between them; the daemon is at one end, peers are made at the other."""

    def __init__(self):
        if os.geteuid() != 0 or not shutil.which("ip"):
            raise Skip("only root can make a network, with iproute2")
        self.ends = []
        try:
            for _ in range(2):
                end = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                self.ends.append(end)
                end.stdin.write(b"there\n")
                end.stdin.flush()
                if not end.stdout.readline():
                    raise Skip("this machine makes no network namespaces")
            self.ip(0, f"link add telmon0 type veth peer name telmon1 netns {self.ends[1].pid}")
            self.ip(0, "link set lo up")
            for end, address in enumerate((OURS, THEIRS)):
                self.ip(end, f"addr add {address}/24 dev telmon{end}")
                self.ip(end, f"link set telmon{end} up")
        except BaseException:
            self.remove()
            raise

    def at(self, end):
        return ("nsenter", "--target", str(self.ends[end].pid), "--net")

    def ip(self, end, words):
        done = subprocess.run([*self.at(end), "ip", *words.split()], stderr=subprocess.PIPE)
        if done.returncode:
            raise Failure(f"ip {words}: {done.stderr.decode()}")

    def cut(self):
        """From here on no packet passes, and nobody is told."""
        self.ip(1, "link set telmon1 down")

    @contextlib.contextmanager
    def theirs(self):
        """Sockets that this thread makes in here are at the far end."""
        with open("/proc/thread-self/ns/net") as here, open(f"/proc/{self.ends[1].pid}/ns/net") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) < 0:
                raise Failure(os.strerror(ctypes.get_errno()))
            try:
                yield
            finally:
                libc.setns(here.fileno(), CLONE_NEWNET)

    def remove(self):
        for end in self.ends:
            end.stdin.close()
            end.stdout.close()
            end.wait()


class FarDaemon(Daemon):
    """At our end of a wire; its peers come from the other."""

    def __init__(self, wire, config=""):
        super().__init__(config + f'listener "telnet://{OURS}:0" {{ }}\nlistener "unix:$DIR/telmon.sock" {{ }}\n', prefix=wire.at(0))
        self.wire = wire

    def connect(self, timeout=PATIENCE, source=THEIRS):
        with self.wire.theirs():
            return socket.create_connection((OURS, self.port), timeout, (source, 0))

    def peers(self):
        """The remote ports of the connections that it holds."""
        with open(f"/proc/{self.pid}/net/tcp") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        # A socket that was closed, and that the kernel alone still knows, has no inode.
        return {int(row[2].rpartition(":")[2], 16) for row in rows if row[9] != "0"}


def script(d, text, pattern):
    s = d.connect()
    s.sendall(text)
    until(s, pattern)
    return s


def person(d, text, pattern):
    s = telnet(d)
    s.sendall(text)
    until(s, pattern)
    return s


def never_reads(d):
    s = d.connect()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.sendall(b"/hold\n" + b"metrics --prometheus\n" * 500)
    return s


def vanish(kinds, within_s):
    """Peers of all kinds whose packets are lost from now on: how long each is held. Kinds are functions of the daemon."""
    if not FULL:
        raise Skip("takes minutes: at full size only")
    wire = Wire()
    try:
        d = FarDaemon(wire)
        peers = {name: make(d) for name, make in kinds.items()}
        ports = {name: s.getsockname()[1] for name, s in peers.items()}
        if set(ports.values()) - d.peers():
            raise Failure(f"not there: {ports}, {d.peers()}")
        wire.cut()
        began, gone = time.monotonic(), {}
        while len(gone) < len(peers):
            left = d.peers()
            for name, port in ports.items():
                if port not in left:
                    gone.setdefault(name, time.monotonic() - began)
            if time.monotonic() - began > within_s:
                raise Failure(f"after {within_s} s these are still there: {set(peers) - set(gone)}; gone {gone}")
            if d.ask("echo served") != b"served\n":
                raise Failure("others are not served")
            time.sleep(0.2)
        for s in peers.values():
            s.close()
        d.end()
    finally:
        wire.remove()
    return ", ".join(f"{name} {seconds:.0f} s" for name, seconds in gone.items())


def vanish_during_output():
    """Packets are lost while answers are on their way: closed within the 60 s of TCP_USER_TIMEOUT."""
    return vanish({"script": lambda d: script(d, b"/hold\nwatch -n 0.1 metrics\n", b"load1 "),
                   "person": lambda d: person(d, b"watch -n 0.1 load\r\n", b"load1"),
                   "framed": lambda d: script(d, b"/framed 1\nwatch -n 0.1 load\n", b"more"),
                   "one that never read": never_reads}, 62)


def vanish_while_idle():
    """Packets are lost while nothing is said: closed within the 5 minutes of keepalive."""
    return vanish({"script": lambda d: script(d, b"/hold\necho x\n", b"x\n"),
                   "person": lambda d: person(d, b"echo x\r\n", b"\nx\r\n.*> $"),
                   "plain person": lambda d: script(d, b"", b"> $"),
                   "framed": lambda d: script(d, b"/framed 1\n", b"done 0")}, 300)


def too_many_of_one_source():
    """One address has more connections than one may: those past it are told so, other addresses are served, places come back."""
    wire = Wire()
    try:
        wire.ip(1, f"addr add {OTHERS}/24 dev telmon1")
        d = FarDaemon(wire, "max_per_source = 5\n")
        peers = [script(d, b"/hold\necho in\n", b"in\n") for _ in range(5)]
        for _ in range(size(50, 10000)):
            with d.connect() as s:
                if b"too many sessions from your address" not in (answer := read_all(s)):
                    raise Failure(f"one more was answered {answer!r}")
        with d.connect(source=OTHERS) as s:
            s.sendall(b"echo other\n")
            until(s, b"other\n")
        if d.ask("echo served") != b"served\n":
            raise Failure("the Unix socket does not serve")
        peers.pop().close()
        deadline = time.monotonic() + PATIENCE
        while True:
            with d.connect() as s:
                s.sendall(b"echo again\n")
                if read_all(s) == b"again\n":
                    break
            if time.monotonic() > deadline:
                raise Failure("the place of one that has gone is not given again")
        for s in peers:
            s.close()
        d.end()
    finally:
        wire.remove()


ASIDE = [vanish_during_output, vanish_while_idle, too_many_of_one_source]
