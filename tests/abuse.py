#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""abuse.py [CASE...] -- does to a real telmond what the network will do, and looks after each case whether

  - a session that was open before still answers, and a new one is served, at once
  - the process is the same, and no sanitizer has spoken
  - descriptors and threads are back where they were
  - memory comes to rest when the case is run again and again
  - the log grew by a bounded number of lines

A case is a function below; its name says what is done. Environment: TELMOND, TELMON_PLUGIN_PATH, TEST_PATIENCE.
"""
import fcntl
import os
import random
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PATIENCE = float(os.environ.get("TEST_PATIENCE", "10"))
SLOW = PATIENCE > 10  # a sanitizer's build
IAC, SB, SE, DO, DONT, WILL, WONT = b"\xff", b"\xfa", b"\xf0", b"\xfd", b"\xfe", b"\xfb", b"\xfc"
NAWS, TTYPE, STATUS = b"\x1f", b"\x18", b"\x05"


class Failure(Exception):
    pass


class Daemon:
    def __init__(self, config="", args=(), prefix=(), plugins=None, stderr=None):
        self.dir = tempfile.mkdtemp(prefix="telmon-abuse-")
        self.sock = os.path.join(self.dir, "telmon.sock")
        path = os.path.join(self.dir, "telmond.conf")
        with open(path, "w") as f:
            f.write(config)
        self.logfile = open(os.path.join(self.dir, "log"), "w+b")
        self.process = subprocess.Popen(
            [*prefix, os.environ.get("TELMOND", "build/telmond"), "-c", path, "-l", "telnet://127.0.0.1:0",
             "-l", "unix:" + self.sock, "-p", plugins or os.environ.get("TELMON_PLUGIN_PATH", "build/plugins/.libs"), *args],
            stderr=stderr or self.logfile, stdin=subprocess.DEVNULL)
        self.started = b""
        deadline = time.monotonic() + PATIENCE
        while not re.search(r"listening on unix", self.log()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failure("no start:\n" + self.log())
            time.sleep(0.02)
        self.port = int(re.search(r"telnet://127\.0\.0\.1:(\d+)", self.log()).group(1))
        self.pid = self.process.pid
        if prefix:  # the daemon is the prefix's child
            with open(f"/proc/{self.pid}/task/{self.pid}/children") as f:
                children = f.read().split()
            self.pid = int(children[0]) if children else self.pid  # env becomes what it starts

    def log(self):
        if self.process.stderr:  # read until it has started, and never again
            if b"listening on unix" not in self.started:
                self.started += os.read(self.process.stderr.fileno(), 4096)
            return self.started.decode()
        with open(os.path.join(self.dir, "log"), "rb") as f:
            return f.read().decode("utf-8", "backslashreplace")

    def connect(self, timeout=PATIENCE):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def ask(self, text, timeout=PATIENCE):
        """One shot over the Unix socket."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout)
            s.connect(self.sock)
            s.sendall(text.encode() + b"\n")
            s.shutdown(socket.SHUT_WR)
            return read_all(s)

    def status(self, key):
        with open(f"/proc/{self.pid}/status") as f:
            return int(re.search(rf"^{key}:\s+(\d+)", f.read(), re.M).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def end(self):
        code = None
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            try:
                code = self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Failure("did not end on SIGTERM")
        else:
            code = self.process.returncode
        log = self.log()
        if self.process.stderr:
            self.process.stderr.close()
        self.logfile.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        if code != 0 or "Sanitizer" in log or "runtime error" in log:
            raise Failure(f"ended with {code}:\n{log[-6000:]}")


def readable(s, seconds):
    """As select, for descriptors past 1,023 too."""
    poll = select.poll()
    poll.register(s, select.POLLIN)
    return bool(poll.poll(max(0, seconds) * 1000))


def read_all(s):
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except (ConnectionResetError, BrokenPipeError):
        pass
    return data


def read_some(s, seconds):
    """What comes within so many seconds, or until the end."""
    data, deadline = b"", time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if not readable(s, left):
            break
        try:
            chunk = s.recv(65536)
        except ConnectionResetError:
            break
        if not chunk:
            break
        data += chunk
    return data


def until(s, pattern, seconds=PATIENCE):
    data, deadline = b"", time.monotonic() + seconds
    while not re.search(pattern, data, re.S):
        left = deadline - time.monotonic()
        if left <= 0 or not readable(s, left):
            raise Failure(f"never saw {pattern!r} but {data[-500:]!r}")
        chunk = s.recv(65536)
        if not chunk:
            raise Failure(f"the end instead of {pattern!r}: {data[-500:]!r}")
        data += chunk
    return data


def blast(s, data, seconds=PATIENCE):
    """Sends as much as the peer takes; a peer that closes is fine."""
    s.settimeout(seconds)
    try:
        s.sendall(data)
        return True
    except OSError:
        return False


def telnet(d, width=80):
    """A session at its prompt, as a telnet client would have opened it."""
    s = d.connect()
    s.sendall(IAC + WILL + TTYPE)
    until(s, b"\xff\xfd\x1f")
    s.sendall(IAC + DO + b"\x01" + IAC + DO + b"\x03" + IAC + WILL + b"\x03" + IAC + WILL + NAWS + IAC + SB + NAWS +
              struct.pack(">HH", width, 24) + IAC + SE + IAC + SB + TTYPE + b"\x00XTERM" + IAC + SE)
    until(s, b"> $")
    return s


# ---- input and protocol

def every_short_opening(d):
    """All 1-byte openings, all 2-byte ones that begin with IAC, random others; each may close or prompt."""
    rng = random.Random(1)
    openings = [bytes([a]) for a in range(256)] + [bytes([255, a]) for a in range(256)]
    openings += [bytes(rng.randrange(256) for _ in range(rng.choice((2, 3)))) for _ in range(400 if SLOW else 2000)]
    for opening in openings:
        with d.connect() as s:
            s.sendall(opening)


def random_sessions(d):
    for seed in range(10 if SLOW else 60):
        with d.connect() as s:
            blast(s, random.Random(seed).randbytes(65536))
            s.setblocking(False)


def flood_of_ff(d):
    with d.connect() as s:
        for _ in range(4 if SLOW else 30):
            if not blast(s, b"\xff" * (1 << 20)):
                break


def endless_line(d):
    before = d.status("VmRSS")
    with d.connect() as s:
        blast(s, b"x" * ((2 if SLOW else 20) << 20))
        if d.status("VmRSS") - before > (100000 if SLOW else 4096):
            raise Failure("an endless line is kept")
        blast(s, b"\necho next\n")
        s.shutdown(socket.SHUT_WR)
        answer = read_all(s)
    if answer.count(b"too long") != 1 or not answer.endswith(b"next\n"):
        raise Failure(f"{answer[:300]!r}")


def line_cap_is_exact(d):
    for size, good in ((4095, True), (4096, True), (4097, False)):
        with d.connect() as s:
            s.sendall(b"echo ".ljust(size, b"x") + b"\n")
            s.shutdown(socket.SHUT_WR)
            answer = read_all(s)
        if (b"too long" in answer) == good:
            raise Failure(f"a line of {size} bytes: {answer[:80]!r}")


def open_suboption(d):
    before = d.status("VmRSS")
    s = telnet(d)
    blast(s, IAC + SB + TTYPE + b"A" * (4 << 20))
    s2 = telnet(d)
    blast(s2, IAC + SB + NAWS + b"\xff\xff" * (1 << 20) + IAC + SE)
    s2.sendall(b"echo live\r\n")
    until(s2, b"\r\nlive\r\n")
    if d.status("VmRSS") - before > (100000 if SLOW else 4096):
        raise Failure("a suboption is kept")
    s.close()
    s2.close()


def refused_suboption_reaches_nothing(d):
    with telnet(d) as s:
        s.sendall(IAC + SB + b"\x63echo leaked\r\n" + IAC + SE + b"echo live\r\n")
        if b"leaked" in until(s, b"\r\nlive\r\n"):
            raise Failure("the content of a suboption became a command")


def window_storm(d):
    with telnet(d) as s:
        small = IAC + SB + NAWS + b"\x00\x01\x00\x01" + IAC + SE
        large = IAC + SB + NAWS + b"\xff\xff" * 4 + IAC + SE
        blast(s, (small + large) * 5000)
        s.sendall(b"\r\necho live\r\n")
        until(s, b"live\r?\r\n")


def reflector(d):
    """A peer that returns every byte must come to rest."""
    with d.connect() as s:
        s.sendall(IAC + WILL + TTYPE)
        commands, deadline = 0, time.monotonic() + 3
        while time.monotonic() < deadline and readable(s, 0.7):
            data = s.recv(65536)
            if not data:
                break
            echoed = b"".join(re.findall(rb"\xff[\xfb-\xfe].", data, re.S))
            commands += len(echoed) // 3
            if echoed:
                s.sendall(echoed)
        if commands > 64:
            raise Failure(f"{commands} commands")


def option_storm(d):
    with telnet(d) as s:
        blast(s, (IAC + DO + b"\x01" + IAC + DONT + b"\x01") * 10000, 2)
        read_some(s, 0.5)
    with telnet(d) as s:
        s.sendall(b"".join(IAC + DO + bytes([n]) for n in range(7, 256)))
        answer = read_some(s, 1)
        if answer.count(IAC + WONT) > 256:
            raise Failure("more refusals than requests")


def are_you_there_unread(d):
    with telnet(d) as s:
        blast(s, (IAC + b"\xf6") * 100000, 2)


def status_unread(d):
    with telnet(d) as s:
        s.sendall(IAC + DO + STATUS)
        blast(s, (IAC + SB + STATUS + b"\x01" + IAC + SE) * 100000, 2)


def slc_storm(d):
    with telnet(d) as s:
        blast(s, IAC + SB + b"\x22\x03" + bytes(range(19, 240)) * 150 + IAC + SE)
        s.sendall(b"echo live\r\n")
        until(s, b"\r\nlive\r\n")


def environment_is_refused(d):
    with telnet(d) as s:
        s.sendall(IAC + WILL + b"\x27")
        until(s, b"\xff\xfe\x27")
        s.sendall(IAC + SB + b"\x27\x00\x00USER\x01-f root" + IAC + SE + b"echo live\r\n")
        until(s, b"\r\nlive\r\n")


def paste_of_many_lines(d):
    count = 2000 if SLOW else 10000
    with d.connect() as s, d.connect() as other:
        s.sendall(b"".join(b"echo %d\n" % i for i in range(count)))
        s.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        other.sendall(b"echo other\n")
        until(other, b"other\n")
        if time.monotonic() - began > (2 if SLOW else 0.2):
            raise Failure("others had to wait")
        if read_all(s) != b"".join(b"%d\n" % i for i in range(count)):
            raise Failure("answers are missing or out of order")


def broken_utf8(d):
    with telnet(d) as s:
        s.sendall(b"echo \xc3\x28 \xf8\x88\x80\x80\x80 \xed\xa0\x80 \xc0\xaf " + "é̂".encode() * 500 + b"\x7f" * 1500 + b"\r\n")
        s.sendall(b"echo live\r\n")
        until(s, b"\r\nlive\r\n")
    answer = d.ask("echo '\udcc3('".encode("utf-8", "surrogateescape").decode("latin-1"))
    answer.decode()


def odd_command_lines(d):
    for line in ("cpu " + "x " * 5000, "'" * 999, '"' * 1001, "(" * 1000, "%n%s%n%s", "| | |", ";;;;", "cpu |",
                 "cpu | " * 40, "watch watch cpu", "echo " + "\\" * 501, "help " + "%s" * 50, "--json", "\x00cpu"):
        answer = d.ask(line + "; echo on")
        if answer and not re.search(rb"\A(error: [^\n]*\n)*|on\n", answer):
            raise Failure(f"{line[:40]!r}: {answer[:200]!r}")


def explosive_expressions(d):
    for pattern in ("(a*)*b", "(a|a)*b", "((a{1,255}){1,255}){1,8}", "(.*)*(.*)*x", "a.*a.*a.*a.*a.*b", "(((((a*)*)*)*)*)*", "[" * 250):
        began = time.monotonic()
        d.ask(f"metrics | include '{pattern}' | count")
        if time.monotonic() - began > (10 if SLOW else 1.5):
            raise Failure(f"{pattern} took {time.monotonic() - began:.1f} s")


# ---- transport

def reset_in_mid_output(d):
    for _ in range(20):
        s = d.connect()
        s.sendall(b"watch -n 0.1 metrics\n")
        s.recv(10)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def half_close_before_output(d):
    with d.connect() as s:
        s.sendall(b"metrics\necho last\nquit\n")
        s.shutdown(socket.SHUT_WR)
        time.sleep(0.1)
        answer = read_all(s)
    if not answer.endswith(b"last\n") or len(answer) < 1000:
        raise Failure(f"{len(answer)} bytes, the last {answer[-40:]!r}")


def peer_that_never_reads(d):
    """Commands wait for room; nobody else does."""
    s = d.connect()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    before = d.status("VmRSS")
    blast(s, b"metrics --prometheus\n" * 3000, 1)
    time.sleep(0.5)
    if d.status("VmRSS") - before > (150000 if SLOW else 6000):
        raise Failure(f"{d.status('VmRSS') - before} KiB wait for a peer that does not read")
    s.close()


def one_byte_at_a_time(d):
    with d.connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"echo slowly\necho again\n":
            s.sendall(bytes([byte]))
        s.shutdown(socket.SHUT_WR)
        if read_all(s) != b"slowly\nagain\n":
            raise Failure("cut input is another input")


def urgent_data(d):
    with telnet(d) as s:
        s.sendall(b"junk junk")
        s.sendall(IAC)
        s.send(b"\xf2", socket.MSG_OOB)
        time.sleep(0.2)
        s.sendall(b"echo live\r\n")
        until(s, b"\r\nlive\r\n")
    with telnet(d) as s:
        for _ in range(1000):
            s.send(b"x", socket.MSG_OOB)
        time.sleep(0.1)
        clock = (~d.pid << 3) | 2
        start = time.clock_gettime(clock)
        time.sleep(0.5)
        if time.clock_gettime(clock) - start > 0.25:
            raise Failure("urgent data keep it spinning")


def thousand_connects(d):
    peers = [d.connect() for _ in range(900)]
    if d.ask("echo served") != b"served\n":
        raise Failure("not served beside 900 idle connections")
    for s in peers:
        s.close()


def too_many_sessions(d):
    peers = []
    busy = 0
    for _ in range(1100):
        peers.append(d.connect())
    deadline = time.monotonic() + PATIENCE / 2
    while busy < 50 and time.monotonic() < deadline:
        busy += sum(b"busy" in read_some(s, 0.001) for s in peers[1000:])
    if d.ask("echo served") != b"served\n":
        raise Failure("no place was kept for the Unix socket")
    if busy < 50:
        raise Failure(f"{busy} were told that it is busy")
    for s in peers:
        s.close()


# ---- text from elsewhere

def hostile_process_names(d):
    """A process may call itself anything; no control, C1 or bidi character gets through."""
    names = [b"\x1b[2J", b"a) R 1 (b", b"\x1b]52;c;QQ\x07", b"\xc2\x9b31m", b"\x9b1m", "\u202eabc".encode(), b"two\nlines", b"%n%s%s"]
    children = []
    for name in names:
        code = ("import ctypes,sys,time\nctypes.CDLL(None).prctl(15, %r, 0, 0, 0)\nprint(1, flush=True)\nsys.stdin.read()" % name)
        child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child.stdout.readline()
        children.append(child)
    try:
        time.sleep(0.6)
        for form in ("process", "process --csv", "process --json", "metrics --prometheus"):
            answer = d.ask(form)
            text = answer.decode()
            bad = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]", text)
            if bad:
                raise Failure(f"{form}: {bad.group(0)!r} got through")
        import json
        rows = json.loads(d.ask("process --json"))["rows"]
        mine = {child.pid for child in children}
        if mine - {row["pid"] for row in rows}:
            raise Failure("a process with an odd name is missing")
    finally:
        for child in children:
            child.stdin.close()
            child.stdout.close()
            child.wait()


def hostile_messages(d):
    with telnet(d) as s:
        with d.connect() as other:
            other.sendall(b"/say \x1b[2J\xc2\x9b31m\xe2\x80\xaeabc\n")
            shown = until(s, b"abc")
    if re.search(b"\x1b\\[2J|\xc2\x9b|\xe2\x80\xae", shown):
        raise Failure(f"{shown!r}")


def hostile_log(d):
    with d.connect() as s:
        s.sendall(b"GET /\x1b[2J\xc2\x9b HTTP/1.0\r\n\r\n")
        read_all(s)
    if re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", d.log()):
        raise Failure("a control byte in the log")


# ---- resources and time

def stop_and_continue(d):
    os.kill(d.pid, signal.SIGSTOP)
    time.sleep(2.5)
    os.kill(d.pid, signal.SIGCONT)
    time.sleep(0.3)
    d.ask("cpu")


def reloads(d):
    for _ in range(100):
        os.kill(d.pid, signal.SIGHUP)
        time.sleep(0.002)
    if d.ask("echo served") != b"served\n":
        raise Failure("not served after reloads")


def hang_up_while_it_runs(d):
    for _ in range(20):
        s = d.connect()
        s.sendall(b"/hold\nuntil -t 60 echo x | include y\n")
        time.sleep(0.01)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def urgent_while_output_waits(d):
    """Urgent data and half a command while the send buffer is full: nothing is over-read, the rest arrives."""
    s = telnet(d)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    s.sendall(b"/set pager off\r\n" + b"metrics --prometheus\r\n" * 100)
    time.sleep(0.3)
    s.sendall(IAC)
    s.send(b"\xf2", socket.MSG_OOB)
    s.sendall(IAC + DO + b"\x06" + b"\xff")
    time.sleep(0.1)
    s.sendall(b"\xf6\r\necho at last\r\n")
    until(s, b"\r\nat last\r\n", PATIENCE * 2)
    s.close()


def commands_across_the_line_cap(d):
    """Telnet commands that straddle the longest line: no off-by-one, no half of one in the line."""
    with telnet(d) as s:
        s.sendall(b"/set pager off\r\n")
        until(s, b"\r\n.*> $")
        # A doubled IAC is one byte of the line, a command none.
        for size, tail, good in ((4095, IAC + IAC, True), (4096, IAC + IAC, False), (4096, IAC + b"\xf1", True),
                                 (4097, IAC + b"\xf1", False)):
            s.sendall(b"echo ".ljust(size, b"x") + tail + b"\r\n")
            answer = until(s, b"\r\n.*> $")
            if (b"too long" in answer) == good:
                raise Failure(f"{size} bytes and {tail!r}: {answer[-120:]!r}")
        s.sendall(b"echo live\r\n")
        until(s, b"\r\nlive\r\n")


def passed_descriptors(d):
    """Descriptors that a peer passes over the Unix socket are not kept."""
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(d.sock)
            socket.send_fds(s, [b"echo x\n"], [0, 1, 2])
            s.shutdown(socket.SHUT_WR)
            if read_all(s) != b"x\n":
                raise Failure("no answer")


def backlog_overflow(d):
    """More connects than the backlog holds while nobody accepts."""
    os.kill(d.pid, signal.SIGSTOP)
    peers = []
    for _ in range(1500):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", d.port))
        peers.append(s)
    os.kill(d.pid, signal.SIGCONT)
    for s in peers:
        s.close()
    if d.ask("echo served") != b"served\n":
        raise Failure("not served afterwards")


SHARED = [urgent_while_output_waits, commands_across_the_line_cap, passed_descriptors, backlog_overflow, every_short_opening, random_sessions, flood_of_ff, endless_line, line_cap_is_exact, open_suboption,
          refused_suboption_reaches_nothing, window_storm, reflector, option_storm, are_you_there_unread, status_unread,
          slc_storm, environment_is_refused, paste_of_many_lines, broken_utf8, odd_command_lines, explosive_expressions,
          reset_in_mid_output, half_close_before_output, peer_that_never_reads, one_byte_at_a_time, urgent_data,
          thousand_connects, too_many_sessions, hostile_process_names, hostile_messages, hostile_log, stop_and_continue,
          reloads, hang_up_while_it_runs]


def settle(what, wanted, seconds=5 if not SLOW else 30):
    deadline = time.monotonic() + seconds
    while what() > wanted:
        if time.monotonic() > deadline:
            raise Failure(f"{what.__name__}: {what()} instead of {wanted}")
        time.sleep(0.05)


def with_invariants(d, case):
    """Runs a case at least twice and looks at the seven invariants."""
    old = d.connect()
    old.sendall(b"/hold\necho before\n")
    until(old, b"before\n")
    descriptors, lines = d.descriptors(), d.log().count("\n")
    rss = []
    for run in range(6):
        case(d)
        began = time.monotonic()
        old.sendall(b"echo old\n")
        until(old, b"old\n")
        if time.monotonic() - began > (2 if SLOW else 0.1):
            raise Failure(f"an old session waited {time.monotonic() - began:.3f} s")
        if d.ask("echo new") != b"new\n":
            raise Failure("a new session is not served")
        settle(d.descriptors, descriptors)
        rss.append(d.status("VmRSS"))
        # Threads stay ready for a minute with the stack that they touched; what leaks, grows with every run.
        if run and rss[run] - rss[run - 1] < (60000 if SLOW else 1024):
            break
    else:
        raise Failure(f"memory grows with every run: {rss} KiB")
    old.close()
    grown = d.log().count("\n") - lines
    # A session that was taken for a person's is worth two lines.
    if grown > (2500 if case in (thousand_connects, too_many_sessions) else 20) and case is not reloads:
        raise Failure(f"the log grew by {grown} lines")


# ---- cases with a daemon of their own

def accept_without_descriptors():
    """Few descriptors: no spinning, one log line, and it recovers."""
    d = Daemon()
    try:
        limit = d.descriptors() + 6
        resource.prlimit(d.pid, resource.RLIMIT_NOFILE, (limit, limit))
        peers = []
        for _ in range(30):
            peers.append(d.connect())
        clock = (~d.pid << 3) | 2
        start = time.clock_gettime(clock)
        time.sleep(1.5)
        if time.clock_gettime(clock) - start > (0.6 if SLOW else 0.15):
            raise Failure("it spins")
        if len(re.findall("(?i)accept|descriptor", d.log())) > 3:
            raise Failure("it floods the log")
        for s in peers:
            s.close()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                if d.ask("echo back", 2) == b"back\n":
                    break
            except OSError:
                pass
        else:
            raise Failure("it did not recover")
    finally:
        d.end()


def accept_errors():
    """ECONNABORTED, EPROTO, EPERM, ENETDOWN, EINTR from accept4: it goes on."""
    if SLOW or not shutil.which("strace"):
        return
    for error in ("ECONNABORTED", "EPROTO", "EPERM", "ENETDOWN", "EINTR", "ENFILE", "ENOBUFS", "ENOMEM"):
        d = Daemon(prefix=("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject=accept4:error={error}:when=1..2"))
        try:
            for _ in range(5):
                s = d.connect()
                s.sendall(b"echo x\n")
                s.shutdown(socket.SHUT_WR)
                read_all(s)
                s.close()
            if d.ask("echo back") != b"back\n":
                raise Failure(f"after {error} it does not serve")
        finally:
            d.end()


def short_writes():
    """Every send takes one byte, every read gives one: the same answers."""
    if SLOW or not shutil.which("cc"):
        return
    shim = tempfile.mkdtemp(prefix="telmon-shim-")
    with open(shim + "/s.c", "w") as f:
        f.write("#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <sys/socket.h>\n#include <unistd.h>\n"
                "static int is_socket(int fd){int t;socklen_t n=sizeof t;return getsockopt(fd,SOL_SOCKET,SO_TYPE,&t,&n)==0;}\n"
                "ssize_t send(int fd,const void*b,size_t n,int f){ssize_t(*r)(int,const void*,size_t,int)=dlsym(RTLD_NEXT,\"send\");return r(fd,b,n?1:0,f);}\n"
                "ssize_t recv(int fd,void*b,size_t n,int f){ssize_t(*r)(int,void*,size_t,int)=dlsym(RTLD_NEXT,\"recv\");return r(fd,b,n?1:0,f);}\n"
                "ssize_t write(int fd,const void*b,size_t n){ssize_t(*r)(int,const void*,size_t)=dlsym(RTLD_NEXT,\"write\");return r(fd,b,n&&is_socket(fd)?1:n);}\n"
                "ssize_t read(int fd,void*b,size_t n){ssize_t(*r)(int,void*,size_t)=dlsym(RTLD_NEXT,\"read\");return r(fd,b,n&&is_socket(fd)?1:n);}\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim + "/s.so", shim + "/s.c"], check=True)
    d = Daemon(prefix=("env", "LD_PRELOAD=" + shim + "/s.so"))
    try:
        if d.ask("echo one; echo two; help") != d.ask("echo one; echo two; help"):
            raise Failure("answers differ")
        if d.ask("echo one; echo two") != b"one\ntwo\n":
            raise Failure("one byte at a time is another conversation")
        with telnet(d) as s:
            s.sendall(b"echo live\r\n")
            until(s, b"\r\nlive\r\n")
    finally:
        d.end()
        shutil.rmtree(shim)


def unreachable_before_its_mode():
    """Under umask 0 nobody connects to the Unix socket before its mode is set."""
    old = os.umask(0)
    try:
        d = Daemon()
        try:
            if os.stat(d.sock).st_mode & 0o777 != 0o660:
                raise Failure(oct(os.stat(d.sock).st_mode))
        finally:
            d.end()
    finally:
        os.umask(old)


def end_with_many_sessions():
    """SIGTERM with people and held scripts: within 5 s, status 0."""
    d = Daemon("max_sessions = 3000\n")
    peers = [d.connect() for _ in range(200 if SLOW else 1500)]
    for s in peers:
        s.sendall(b"/hold\n")
    person = telnet(d)
    began = time.monotonic()
    os.kill(d.pid, signal.SIGTERM)
    try:
        d.process.wait(5 if not SLOW else 20)
    except subprocess.TimeoutExpired:
        d.process.kill()
        raise Failure("still there")
    finally:
        for s in peers:
            s.close()
    if time.monotonic() - began > (5 if not SLOW else 20):
        raise Failure("too slow")
    if b"telmond stops" not in read_all(person):
        raise Failure("the people were not told")
    person.close()
    d.end()


COMPILER = os.environ.get("CC", "cc").split()


def compile_plugin(folder, name, run="return telmon_row(t);", start="return 0;"):
    """A plugin with one command of its name; run and start are the bodies of its callbacks."""
    with open(f"{folder}/{name}.c", "w") as f:
        f.write("#include <telmon/plugin.h>\n#include <fcntl.h>\n#include <unistd.h>\n"
                "static const struct telmon_column c[] = {{ .name = \"a\", .type = TELMON_INT, .help = \"a\" }};\n"
                f"static int start(struct telmon *t) {{ (void)t; {start} }}\n"
                f"static int run(struct telmon *t) {{ (void)t; {run} }}\n"
                f"static const struct telmon_command k[] = {{{{ .name = \"{name}\", .help = \"h\", .run = run, TELMON_COLUMNS(c) }}}};\n"
                "TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, .version = \"1\", .help = \"h\", TELMON_COMMANDS(k), .start = start };\n")
    include = os.environ.get("TELMON_INCLUDE", "include")
    subprocess.run([*COMPILER, "-shared", "-fPIC", "-I", include, "-o", f"{folder}/{name}.so", f"{folder}/{name}.c"], check=True)


def await_true(what, why):
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise Failure(why)
        time.sleep(0.02)


def start_that_hangs():
    """Some starts never return and one takes its time: the others answer within 2 s, and so does who loads one more."""
    if not shutil.which(COMPILER[0]):
        return
    plugins, other = tempfile.mkdtemp(prefix="telmon-plugins-"), tempfile.mkdtemp(prefix="telmon-plugins-")
    mark = plugins + "/mark"
    for i in range(5):
        compile_plugin(plugins, f"hangs{i}", start="for (;;) sleep(1000);")
    compile_plugin(plugins, "slow", start=f"while (access(\"{mark}\", F_OK) < 0) usleep(10000); return 0;")
    compile_plugin(plugins, "works")
    compile_plugin(other, "late", start="for (;;) sleep(1000);")
    began = time.monotonic()
    d = Daemon(f"command_timeout = 3\nplugin late {{ isolate = false }}\n", plugins=plugins)
    try:
        answer = d.ask("works; slow; hangs0; plugins --csv | columns name,state")
        if time.monotonic() - began > (10 if SLOW else 2):
            raise Failure(f"the first answer came after {time.monotonic() - began:.1f} s")
        if not re.search(rb"error: slow: unavailable.*error: hangs0: unavailable.*\nhangs4,starting.*\nslow,starting.*\nworks,ok", answer, re.S):
            raise Failure(f"{answer!r}")
        began = time.monotonic()
        answer = d.ask(f"plugins load {other}/late.so --csv | columns name,state")
        if b"late,starting" not in answer or time.monotonic() - began > (10 if SLOW else 2):
            raise Failure(f"after {time.monotonic() - began:.1f} s: {answer!r}")
        with open(mark, "w"):
            await_true(lambda: b"slow,ok" in d.ask("plugins --csv | columns name,state"), "a start that returns late does not count")
        if b"error" in (answer := d.ask("slow")):
            raise Failure(f"{answer!r}")
        await_true(lambda: d.ask("plugins").count(b"STUCK") == 6, "they are not shown as stuck")
        began = time.monotonic()
        os.kill(d.pid, signal.SIGTERM)
        d.process.wait(PATIENCE)
        if time.monotonic() - began > (10 if SLOW else 2.5):
            raise Failure(f"it took {time.monotonic() - began:.1f} s to end")
        if "6 threads are stuck" not in d.log():
            raise Failure(d.log())
    finally:
        d.end()
        shutil.rmtree(plugins)
        shutil.rmtree(other)


def end_while_a_start_hangs():
    """SIGTERM and SIGINT before the first listener accepts: within 5 s, status 0."""
    if not shutil.which(COMPILER[0]):
        return
    plugins = tempfile.mkdtemp(prefix="telmon-plugins-")
    mark = plugins + "/mark"
    compile_plugin(plugins, "hangs", start=f"close(open(\"{mark}\", O_CREAT | O_WRONLY, 0600)); for (;;) sleep(1000);")
    try:
        for end in (signal.SIGTERM, signal.SIGINT):
            words = [os.environ.get("TELMOND", "build/telmond"), "-c", "/dev/null", "-l", f"unix:{plugins}/s", "-p", plugins]
            with open(plugins + "/log", "wb") as log:
                p = subprocess.Popen(words, stderr=log)
            try:
                await_true(lambda: os.path.exists(mark), "the start did not begin")
                began = time.monotonic()
                p.send_signal(end)
                code = p.wait(5 if not SLOW else 20)
                if code != 0 or time.monotonic() - began > (2.5 if not SLOW else 20):
                    raise Failure(f"{end.name}: {code} after {time.monotonic() - began:.1f} s")
            finally:
                p.kill()
                p.wait()
            os.unlink(mark)
    finally:
        shutil.rmtree(plugins)


def stuck_plugin():
    """A collect and a run that never return: errors for those who ask, nothing for the others."""
    if not shutil.which(COMPILER[0]):
        return
    plugins = tempfile.mkdtemp(prefix="telmon-plugins-")
    compile_plugin(plugins, "sleeper", run="for (;;) sleep(1000);")
    d = Daemon("command_timeout = 1\n", plugins=plugins)
    try:
        began = time.monotonic()
        if b"error: sleeper: " not in (answer := d.ask("sleeper")):
            raise Failure(f"{answer!r}")
        if not 0.8 < time.monotonic() - began < (8 if SLOW else 2):
            raise Failure(f"the error came after {time.monotonic() - began:.1f} s")
        time.sleep(0.3)
        began = time.monotonic()
        if b"unavailable" not in (answer := d.ask("sleeper")):
            raise Failure(f"{answer!r}")
        if b"STUCK" not in (answer := d.ask("plugins")):
            raise Failure(f"{answer!r}")
        if d.ask("echo others") != b"others\n" or time.monotonic() - began > (3 if SLOW else 0.3):
            raise Failure("others wait")
        with telnet(d) as s:
            s.sendall(b"sleeper\r\n")
            until(s, b"unavailable.*> ")
    finally:
        d.end()
    d = Daemon(plugins=plugins)
    try:
        with telnet(d) as s:
            s.sendall(b"sleeper\r\n")
            until(s, b"sleeper\r\n")
            time.sleep(0.2)
            began = time.monotonic()
            s.sendall(b"\x03")
            until(s, b"> $")
            if time.monotonic() - began > (2 if SLOW else 0.25):
                raise Failure(f"^C took {time.monotonic() - began:.3f} s")
            s.sendall(b"echo on\r\n")
            until(s, b"\r\non\r\n")
    finally:
        d.end()
        shutil.rmtree(plugins)


def system_calls_fail():
    """Opening, eventfds and threads fail now and then: errors for some, and it lives on."""
    if SLOW or not shutil.which("strace"):
        return
    for call, error in (("openat", "EMFILE"), ("openat", "ENOMEM"), ("eventfd2", "EMFILE"), ("clone3", "EAGAIN"), ("read", "EINTR"),
                        ("sendto", "EINTR"), ("ppoll", "EINTR")):
        d = Daemon()
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:error={error}:when=3+4", "-p",
                                   str(d.pid)], stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.3)
            for line in ("cpu", "process -n 3", "filesystem", "metrics", "until -t 0.1 echo x | include y", "status", "help"):
                with d.connect() as s:
                    s.sendall(line.encode() + b"\n")
                    s.shutdown(socket.SHUT_WR)
                    read_all(s)
            peers = [d.connect() for _ in range(30)]
            for s in peers:
                s.close()
        finally:
            tracer.terminate()
            tracer.wait()
        if d.ask("echo served") != b"served\n" or b"command" not in d.ask("process -n 1"):
            raise Failure(f"after {error} from {call} it does not serve")
        d.end()


def log_that_nobody_reads():
    """stderr is a pipe whose reader has stopped: sessions go on."""
    d = Daemon(stderr=subprocess.PIPE)
    try:
        fcntl.fcntl(d.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        for _ in range(100):  # two lines each
            telnet(d).close()
        began = time.monotonic()
        if d.ask("echo served") != b"served\n" or time.monotonic() - began > 1:
            raise Failure("it waits for its log")
    finally:
        d.end()


def started_many_times():
    """Thirty starts at once on one Unix socket: one wins, the others say so and fail."""
    d = Daemon()
    try:
        words = [os.environ.get("TELMOND", "build/telmond"), "-c", "/dev/null", "-l", "unix:" + d.sock, "-p", d.dir]
        others = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(30)]
        codes = []
        for other in others:
            _, text = other.communicate(timeout=PATIENCE * 2)
            codes.append(other.returncode)
            if b"telmon.sock" not in text:
                raise Failure(f"a loser said {text!r}")
        if set(codes) != {1} or d.ask("echo mine") != b"mine\n":
            raise Failure(f"{codes}")
    finally:
        d.end()


def wall_clock_jumps():
    """The wall clock jumps by hours and years: rates stay sane, nothing expires."""
    if SLOW or not shutil.which("cc"):
        return
    shim = tempfile.mkdtemp(prefix="telmon-shim-")
    with open(shim + "/s.c", "w") as f:
        f.write("#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <time.h>\n"
                "int clock_gettime(clockid_t c,struct timespec*t){static long n;int(*r)(clockid_t,struct timespec*)=dlsym(RTLD_NEXT,\"clock_gettime\");"
                "int e=r(c,t);if(c==CLOCK_REALTIME){n++;t->tv_sec+=(n%3==0?-3600:n%3==1?315360000:-31536000);}return e;}\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim + "/s.so", shim + "/s.c"], check=True)
    d = Daemon(prefix=("env", "LD_PRELOAD=" + shim + "/s.so"))
    try:
        import json
        time.sleep(1.5)
        for _ in range(10):
            answer = json.loads(d.ask("cpu --json"))
            if not 0 <= answer["age"] < 10 or not 0 < answer["interval"] < 10:
                raise Failure(f"age {answer['age']}, interval {answer['interval']}")
            for row in answer["rows"]:
                if any(v is not None and not 0 <= v <= 101 for k, v in row.items() if k != "cpu"):
                    raise Failure(f"{row}")
            time.sleep(0.05)
    finally:
        d.end()
        shutil.rmtree(shim)


def processes_that_come_and_go():
    """Processes end between being listed and being read."""
    d = Daemon()
    churn = subprocess.Popen(["/bin/sh", "-c", "while :; do /bin/true; done"])
    try:
        import json
        for _ in range(8):
            rows = json.loads(d.ask("process --json"))["rows"]
            if not any(row["pid"] == d.pid for row in rows):
                raise Failure("the daemon itself is missing")
            time.sleep(0.55)
    finally:
        churn.kill()
        churn.wait()
        d.end()


OWN = [log_that_nobody_reads, started_many_times, wall_clock_jumps, processes_that_come_and_go, accept_without_descriptors, accept_errors, short_writes, unreachable_before_its_mode, end_with_many_sessions, start_that_hangs, end_while_a_start_hangs, stuck_plugin,
       system_calls_fail]


def main():
    wanted = set(sys.argv[1:])
    failed = []
    d = None

    def attempt(case, run):
        began = time.monotonic()
        try:
            run()
            print(f"ok   {case.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as why:
            print(f"FAIL {case.__name__}: {type(why).__name__}: {why}", flush=True)
            failed.append(case.__name__)

    shared = [c for c in SHARED if not wanted or c.__name__ in wanted]
    if shared:
        d = Daemon("idle_timeout = 60\n")
        for case in shared:
            attempt(case, lambda: with_invariants(d, case))
            if d.process.poll() is not None:
                print(d.log()[-4000:])
                break
        attempt(Daemon.end, d.end)
    for case in OWN:
        if not wanted or case.__name__ in wanted:
            attempt(case, case)
    sys.exit(1 if failed else 0)


main()
