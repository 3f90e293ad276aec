# SPDX-License-Identifier: BSD-2-Clause
"""abuse_input.py -- cases of abuse.py: what peers send: openings, floods, telnet, lines."""
import random
import re
import select
import socket
import struct
import time

import pace
from abuse_daemon import (DO, DONT, FULL, IAC, NAWS, PATIENCE, SB, SE, SLOW, STATUS, TTYPE, WILL, WONT, Failure, blast, read_all,
                          read_some, readable, size, telnet, until)


def half_close(s):
    """Half-closes; a peer that has closed already is fine."""
    try:
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def every_short_opening(d):
    """Openings of one, two and three bytes; each may close or prompt, and ends. In make check those of two begin with IAC."""
    rng = random.Random(1)
    openings = [bytes([a]) for a in range(256)]
    openings += [bytes([a, b]) for a in (range(256) if FULL else (255,)) for b in range(256)]
    openings += [rng.randbytes(rng.choice((2, 3))) for _ in range(size(2000, 1000000, 400))]
    for n, opening in enumerate(openings):
        with d.connect() as s:
            s.sendall(opening)
            if n % 2:  # every other peer stays for what comes of it, which must not take for ever
                half_close(s)
                read_all(s)


RANDOM_SESSIONS = size(200, 100000, 60)
RANDOM_BYTES = 65536
AT_ONCE = 64


class RandomSession:
    """Sends random bytes; its seed says which, and whether it then half-closes and reads to the end, resets, or goes."""

    def __init__(self, d, seed):
        self.seed, self.socket = seed, d.connect()
        self.socket.setblocking(False)
        self.left = memoryview(random.Random(seed).randbytes(RANDOM_BYTES))

    def end(self):
        """False when there is nothing to read either."""
        if self.seed % 3 == 0:
            self.socket.shutdown(socket.SHUT_WR)
        elif self.seed % 3 == 1:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return self.seed % 3 == 0

    def step(self):
        """Sends and reads what it can. False when it is over."""
        try:
            while self.left:
                self.left = self.left[self.socket.send(self.left):]
                if not self.left and not self.end():
                    return False
        except BlockingIOError:
            pass
        except OSError:  # it was closed on
            return False
        try:
            return bool(self.socket.recv(1 << 20))
        except BlockingIOError:
            return True
        except OSError:
            return False


def random_sessions(d):
    """Random bytes from fixed seeds, many sessions at once."""
    seed, sessions = 0, {}
    poll = select.poll()
    while seed < RANDOM_SESSIONS or sessions:
        while seed < RANDOM_SESSIONS and len(sessions) < AT_ONCE:
            session = RandomSession(d, seed)
            sessions[session.socket.fileno()] = session
            poll.register(session.socket, select.POLLIN | select.POLLOUT)
            seed += 1
        ready = poll.poll(PATIENCE * 1000)
        if not ready:
            raise Failure(f"these neither take bytes nor end: seeds {[session.seed for session in sessions.values()]}")
        for fd, _ in ready:
            session = sessions[fd]
            if session.step():
                poll.modify(fd, select.POLLIN | (select.POLLOUT if session.left else 0))
            else:
                poll.unregister(fd)
                session.socket.close()
                del sessions[fd]


def flood_of_ff(d):
    with d.connect() as s:
        for _ in range(size(30, 100, 4)):
            if not blast(s, b"\xff" * (1 << 20)):
                break


def endless_line(d):
    before = d.status("VmRSS")
    with d.connect() as s:
        for _ in range(size(20, 100, 2)):
            blast(s, b"x" * (1 << 20))
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
    blast(s, IAC + SB + TTYPE + b"A" * (size(4, 10) << 20))
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
        for _ in range(size(1, 1000)):
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
    count = size(10000, 10000, 2000)
    with d.connect() as s, d.connect() as other:
        s.sendall(b"".join(b"echo %d\n" % i for i in range(count)))
        s.shutdown(socket.SHUT_WR)
        began = pace.now()
        other.sendall(b"echo other\n")
        until(other, b"other\n")
        if pace.now() - began > (2 if SLOW else 0.2):
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
        began = pace.now()
        d.ask(f"metrics | include '{pattern}' | count")
        if (took := pace.now() - began) > (10 if SLOW else 1.5):
            raise Failure(f"{pattern} took {took:.1f} s")


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


SHARED = [commands_across_the_line_cap, every_short_opening, random_sessions, flood_of_ff, endless_line, line_cap_is_exact,
          open_suboption, refused_suboption_reaches_nothing, window_storm, reflector, option_storm, are_you_there_unread,
          status_unread, slc_storm, environment_is_refused, paste_of_many_lines, broken_utf8, odd_command_lines,
          explosive_expressions]
