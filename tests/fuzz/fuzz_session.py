#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""fuzz_session.py [SECONDS] -- many made-up peers at once, over TCP and Unix sockets, against a whole telmond; in batches.

What a peer does follows from its seed alone (session_scripts.py). Behind each batch the daemon must be the same process, answer
another session within 100 ms, have told of nothing (a sanitizer, an assertion), have let go of all descriptors and know no
session more. What scripts and framed sessions get must be clean text, and headers with their bodies.

A seed that fails is printed, and SEED=N plays it alone. FIRST=N begins there (default 1), BATCH=N and PEERS=N: so many, of which
so many at once. VERBOSE=1 with SEED tells what the peer does. Environment: TELMOND, TELMON_PLUGIN_PATH, TELMON_TESTS_DIR, TEST_PATIENCE.
"""
import collections
import heapq
import os
import re
import selectors
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from daemon import PATIENCE, SLOW, Daemon, Failure, spoke, wait_for  # noqa: E402
from session_scripts import grow, recordings  # noqa: E402

TESTS = os.environ.get("TELMON_TESTS_DIR", "tests")
BATCH = int(os.environ.get("BATCH", "200"))
PEERS = int(os.environ.get("PEERS", "80"))
# Short times, so that many sessions fit; few editors, so that some people have one and some have not.
CONFIG = ("grace = 0.05\nprobe_wait = 0.05\nscript_linger = 0.1\nidle_timeout = 3\ncommand_timeout = 2\nmax_editors = 12\n"
          "max_output = 200000\nplugin load { isolate = true }\nplugin process { isolate = true }\n")
LIFE, REST = 3.0, 0.15  # seconds that a peer lives at most, and that it reads on behind its last step
KEEP = 1 << 20  # of what it got, bytes that are kept for looking at
HEADER = re.compile(rb"(more|done|note) (\d{1,3}) (\d{1,9})\n")


class Peer:
    """One script being played: never blocks, is called when its socket is ready or its time has come."""

    def __init__(self, daemon, script):
        self.script = script
        self.steps = collections.deque(script.steps)
        self.socket = daemon.connect_unix() if script.over == "unix" else daemon.connect()
        self.socket.setblocking(False)
        if any(what in ("deaf", "sip") for what, _ in script.steps):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.got, self.size = bytearray(), 0
        self.unsent = b""
        self.began = self.until = self.due = time.monotonic()
        self.pattern = None  # of an await
        self.deaf, self.rests, self.over = False, False, False
        # To a script's session a close is but the end of its input: what was asked is answered, however long that takes.
        self.resets = script.kind not in ("telnet", "plain")
        self.events = 0  # that are waited for

    def wants(self):
        return (0 if self.deaf else selectors.EVENT_READ) | (selectors.EVENT_WRITE if self.unsent else 0)

    def read(self, most=65536):
        try:
            data = self.socket.recv(most)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.over = self.over or not data
        self.size += len(data)
        if len(self.got) < KEEP:
            self.got += data
        if self.pattern and re.search(self.pattern, self.got[-200:]):
            self.pattern, self.until = None, 0

    def write(self):
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent[:65536]):]
        except BlockingIOError:
            pass
        except OSError:
            self.over = True

    def go_on(self, now):
        """As many steps as can be done now."""
        if now > self.began + LIFE:
            self.over = True
        while not self.over and not self.unsent and now >= self.until:
            self.deaf, self.pattern = False, None
            if self.steps:
                self.do(*self.steps.popleft(), now)
            elif self.rests:
                self.over = True
            else:
                self.rests, self.until = True, now + REST

    def do(self, what, value, now):
        if what == "send":
            self.unsent = value
            self.write()
        elif what == "urgent" and self.script.over == "tcp":
            try:
                self.socket.send(value, socket.MSG_OOB)
            except OSError:
                pass
        elif what in ("wait", "deaf"):
            self.until, self.deaf = now + value, what == "deaf"
        elif what == "await":
            if not re.search(value, self.got[-200:]):
                self.until, self.pattern = now + 0.3, value
        elif what == "sip":
            self.read(value)
            self.until, self.deaf = now + 0.05, True
        elif what == "eof":
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.over = True
        elif what == "reset":
            self.over = self.resets = True

    def close(self):
        if self.resets:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


# ---- what scripts and framed sessions get

def check_text(text):
    """Clean: UTF-8, no control but LF and what colours are made of."""
    try:
        shown = text.decode()
    except UnicodeDecodeError as why:
        if why.end < len(text) - 3:  # else it was cut
            raise Failure(f"no UTF-8: {text[max(0, why.start - 60):why.end + 20]!r}") from None
        return
    bad = re.search("[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    if bad:
        raise Failure(f"a control character: {shown[max(0, bad.start() - 60):bad.end() + 20]!r}")


def check_frames(got, lines, has_window):
    """A line of error before the first header, then nothing but headers with their bodies; no more answers than lines. Whoever has told
    a window gets what belongs on a terminal."""
    at, done = 0, 0
    if got.startswith(b"error: "):
        return
    while at < len(got):
        header = HEADER.match(got, at)
        if not header:
            if len(got) - at < 24 and b"\n" not in got[at:]:
                return
            raise Failure(f"no header: {got[max(0, at - 100):at + 100]!r}")
        done += header.group(1) == b"done"
        at = header.end() + int(header.group(3))
        if not has_window:
            check_text(got[header.end():at])
    if done > lines:
        raise Failure(f"{done} answers to {lines} lines")


def check_peer(peer):
    script, got = peer.script, bytes(peer.got)
    if not script.strict or len(got) >= KEEP or got.startswith(b"\xff\xfd\x18"):  # it was so slow that it was probed
        return
    if script.kind == "framed":
        check_frames(got, script.sent().count(b"\n") + 1, b"/resize" in script.sent())
    else:
        check_text(got)


# ---- a batch

class Crowd:
    """Plays scripts, so many at once."""

    def __init__(self, daemon, scripts):
        self.daemon, self.waiting = daemon, collections.deque(scripts)
        self.peers, self.due, self.numbers = {}, [], 0
        self.selector = selectors.DefaultSelector()
        self.failure = None  # the first one: script, why

    def admit(self):
        while self.waiting and len(self.peers) < PEERS:
            peer = Peer(self.daemon, self.waiting.popleft())
            self.numbers += 1
            self.peers[self.numbers] = peer
            self.turn(self.numbers, peer.began)  # what it says first, before it is taken for silent

    def watch(self, number, events):
        peer = self.peers[number]
        if events and not peer.events:
            self.selector.register(peer.socket, events, number)
        elif not events and peer.events:
            self.selector.unregister(peer.socket)
        elif events != peer.events:
            self.selector.modify(peer.socket, events, number)
        peer.events = events

    def leave(self, number):
        self.watch(number, 0)
        peer = self.peers.pop(number)
        peer.close()
        try:
            check_peer(peer)
        except Failure as why:
            self.failure = self.failure or (peer.script, why)

    def turn(self, number, now):
        peer = self.peers[number]
        peer.go_on(now)
        if peer.over:
            self.leave(number)
            return
        self.watch(number, peer.wants())
        when = max(now + 0.002, min(peer.until, peer.began + LIFE + 0.01))
        if when != peer.due:
            peer.due = when
            heapq.heappush(self.due, (when, number))

    def play(self):
        while self.waiting or self.peers:
            self.admit()
            touched = set()
            for key, mask in self.selector.select(max(0, min(0.05, self.due[0][0] - time.monotonic()) if self.due else 0)):
                peer = self.peers[key.data]
                if mask & selectors.EVENT_READ:
                    peer.read()
                if mask & selectors.EVENT_WRITE:
                    peer.write()
                touched.add(key.data)
            now = time.monotonic()
            while self.due and self.due[0][0] <= now:
                when, number = heapq.heappop(self.due)
                if number in self.peers and self.peers[number].due == when:
                    touched.add(number)
            for number in touched & set(self.peers):
                self.turn(number, now)
        self.selector.close()
        return self.failure


def answers_soon(daemon):
    """The fastest of a few: the machine has other things to do, too."""
    took = []
    while len(took) < 5:
        began = time.monotonic()
        if daemon.ask("echo alive") != b"alive\n":
            raise Failure("it does not answer")
        took.append(time.monotonic() - began)
        if took[-1] <= 0.1:
            return
    if min(took) > (2 if SLOW else 0.1):
        raise Failure(f"it answers after {min(took):.3f} s")


def judge(daemon, before):
    if not daemon.alive():
        raise Failure("it is dead")
    answers_soon(daemon)
    if spoke(daemon.log()):
        raise Failure("it complains")
    wait_for(lambda: daemon.ask("/who --csv").count(b"\n") <= 2, "all sessions to end")
    wait_for(lambda: daemon.descriptors() <= before + 2, "the descriptors to be let go", 2 * PATIENCE)
    if daemon.status("Threads") > 60 + PEERS:
        raise Failure(f"{daemon.status('Threads')} threads")


class Fuzzer:
    def __init__(self):
        self.recorded = recordings(TESTS)
        self.daemon = None

    def fresh(self):
        if self.daemon:
            self.daemon.kill()
        self.daemon = Daemon(CONFIG)
        self.before = self.daemon.descriptors()

    def batch(self, seeds):
        """None, or what went wrong."""
        try:
            failure = Crowd(self.daemon, [grow(seed, self.recorded) for seed in seeds]).play()
            judge(self.daemon, self.before)
        except (Failure, OSError) as why:
            return f"{type(why).__name__}: {why}"
        return f"seed {failure[0].seed} ({failure[0].kind} over {failure[0].over}): {failure[1]}" if failure else None

    def explain(self, seeds, why):
        """Says which seed does it alone, if one does."""
        print(f"FAIL seeds {seeds[0]} to {seeds[-1]}: {why}\n{self.daemon.log()[-6000:]}", flush=True)
        for seed in seeds:
            self.fresh()
            why = self.batch([seed])
            if why:
                print(f"SEED={seed} fails alone: {why}\n{self.daemon.log()[-3000:]}", flush=True)
                return
        print(f"none of them fails alone: FIRST={seeds[0]} BATCH={len(seeds)} plays them together", flush=True)

    def run(self, seconds):
        began, seed, played = time.monotonic(), int(os.environ.get("FIRST", "1")), 0
        self.fresh()
        while played == 0 or time.monotonic() - began < seconds:
            seeds = list(range(seed, seed + BATCH))
            why = self.batch(seeds)
            if why:
                self.explain(seeds, why)
                return 1
            seed += BATCH
            played += BATCH
        self.daemon.end()
        print(f"{played} sessions, seeds up to {seed - 1}, {time.monotonic() - began:.1f} s")
        return 0

    def alone(self, seed):
        self.fresh()
        script = grow(seed, self.recorded)
        if os.environ.get("VERBOSE"):
            print(f"{script.kind} over {script.over}")
            for what, value in script.steps:
                print(what, repr(value)[:1000])
        why = self.batch([seed])
        print(f"FAIL {why}\n{self.daemon.log()[-6000:]}" if why else "passed")
        if not why:
            self.daemon.end()
        return 1 if why else 0


def main():
    fuzzer = Fuzzer()
    try:
        if "SEED" in os.environ:
            return fuzzer.alone(int(os.environ["SEED"]))
        return fuzzer.run(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
    except Failure as why:
        print(f"FAIL {why}")
        return 1
    finally:
        if fuzzer.daemon:
            fuzzer.daemon.kill()


if __name__ == "__main__":
    sys.exit(main())
