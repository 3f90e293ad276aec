#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 the telmon authors
"""mounts.py [CASE...] -- a telmond among filesystems that are dead, die, or have odd names and places.

mounts.sh runs it in a mount namespace of its own. The dead ones are FUSE mounts whose server, which is this program, does
not answer. A case is a function below. Environment: TELMOND, TELMON_PLUGIN_PATH, TELMON_TESTS_DIR, TEST_PATIENCE.
"""
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True  # the sources may be read-only, and stay clean

import pace

PATIENCE = float(os.environ.get("TEST_PATIENCE", "10"))
MS_RDONLY, MS_BIND = 1, 4096
DEAD = 20  # more than the daemon lets hang
libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    pass


def mount(device, point, kind, flags=0, data=""):
    if not os.path.lexists(point):
        os.mkdir(point)
    if libc.mount(device.encode(), os.fsencode(point), kind.encode(), flags, data.encode()) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), point)


def tmpfs(point, data="size=64k"):
    mount("tmpfs", point, "tmpfs", 0, data)


class Fuse:
    """A filesystem of directories. Once it is dead it reads no more requests; close() tells the kernel."""
    INIT, LOOKUP, GETATTR, STATFS, FORGET = 26, 1, 3, 17, 2

    def __init__(self, point, alive=False):
        self.fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        mount("server", point, "fuse.test", 0, f"fd={self.fd},rootmode=40000,user_id=0,group_id=0")
        self.stop_read, self.stop = os.pipe()
        self.thread = threading.Thread(target=self.serve)
        if alive:
            self.thread.start()

    def answer(self, opcode, node):
        attr = struct.pack("<6Q10I", node, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
        if opcode == self.INIT:
            return struct.pack("<4I2HI", 7, 22, 0, 0, 1, 1, 4096)
        if opcode == self.LOOKUP:
            return struct.pack("<4Q2I", 2, 0, 0, 0, 0, 0) + attr
        if opcode == self.GETATTR:
            return struct.pack("<Q2I", 0, 0, 0) + attr
        if opcode == self.STATFS:
            return struct.pack("<5Q10I", 1000, 600, 500, 70, 60, 4096, 255, 4096, 0, 0, 0, 0, 0, 0, 0)
        return None

    def serve(self):
        while True:
            ready = select.select([self.fd, self.stop_read], [], [])[0]
            if self.stop_read in ready:
                return
            try:
                request = os.read(self.fd, 1 << 17)
            except (BlockingIOError, FileNotFoundError):  # it was interrupted
                continue
            _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
            if opcode == self.FORGET:
                continue
            body = self.answer(opcode, node)
            try:
                os.write(self.fd, struct.pack("<IiQ", 16 + len(body or b""), 0 if body else -38, unique) + (body or b""))
            except FileNotFoundError:
                pass

    def die(self):
        if self.thread.is_alive():
            os.write(self.stop, b"x")
            self.thread.join()

    def close(self):
        self.die()
        for fd in (self.fd, self.stop, self.stop_read):
            os.close(fd)


class Daemon:
    def __init__(self, **env):
        self.dir = tempfile.mkdtemp(prefix="telmon-mounts-")
        self.sock = os.path.join(self.dir, "telmon.sock")
        self.log = open(os.path.join(self.dir, "log"), "w+b")
        self.process = subprocess.Popen(
            [os.environ.get("TELMOND", "build/telmond"), "-c", "/dev/null", "-l", "unix:" + self.sock, "-p",
             os.environ.get("TELMON_PLUGIN_PATH", "build/plugins/.libs")], stderr=self.log, stdin=subprocess.DEVNULL,
            env=dict(os.environ, **env))
        wait_for("the daemon", lambda: b"listening on" in self.said())

    def said(self):
        with open(self.log.name, "rb") as f:
            return f.read()

    def ask(self, text):
        """The answer, and the seconds that it took."""
        began, answer = pace.now(), b""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(self.sock)
            s.sendall(text.encode() + b"\n")
            s.shutdown(socket.SHUT_WR)
            while chunk := s.recv(65536):
                answer += chunk
        return answer.decode(), pace.now() - began

    def states(self):
        """The state of each mount."""
        return {row["mount"]: row["state"] for row in json.loads(self.ask("filesystem --json")[0])["rows"]}

    def collect_anew(self):
        """Asks until the answer is of another collect than the first one; the longest that an answer took."""
        first, longest = None, 0
        def is_new():
            nonlocal first, longest
            answer, took = self.ask("filesystem --json")
            answer = json.loads(answer)
            collected = answer["time"] - answer["age"]
            longest = max(longest, took)
            first = first or collected
            return collected - first > 0.5
        wait_for("another collect", is_new)
        return longest

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        said = self.said().decode(errors="replace")
        self.log.close()
        shutil.rmtree(self.dir)
        if code != 0 or "Sanitizer" in said or "runtime error" in said:
            raise Failure(f"ended with {code}:\n{said[-6000:]}")


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failure(f"{what} never came")
        time.sleep(0.02)
    return value


def want(states, wanted):
    found = {point: states.get(point) for point in wanted}
    if found != wanted:
        raise Failure(f"wanted {wanted}, found {found}")


def count(states, state):
    return sum(1 for s in states.values() if s == state)


def dead_from_the_start(base):
    """More dead ones than may hang, and none of the others is missed, not even in the first answer of `metrics`."""
    living, dead = [], []
    for i in range(3):
        for k in range(DEAD // 2 * (i > 0)):
            dead.append(Fuse(f"{base}/dead{i}.{k}"))
        living.append(f"{base}/living{i}")
        tmpfs(living[-1])
    d = Daemon()
    try:
        answer, took = d.ask("metrics --prometheus")
        if 'scrape_success{plugin="filesystem"} 1' not in answer and PATIENCE <= 10:
            raise Failure("the collect was late")
        for point in ["/", *living]:
            if not re.search(rf'^telmon_filesystem_size_bytes\{{.*mountpoint="{point}"', answer, re.M):
                raise Failure(f"{point} has no size:\n{answer}")
        states = d.states()
        want(states, dict.fromkeys(["/", *living], "ok"))
        if (count(states, "no answer"), count(states, "not probed")) != (15, DEAD - 15):
            raise Failure(f"{states}")
        again = d.collect_anew()
        print(f"     {len(dead)} dead ones took {took:.2f} s the first time, then {again:.3f} s")
        if took > 2 * PATIENCE / 10 or again > PATIENCE / 20:
            raise Failure("they are waited for")
        want(d.states(), dict.fromkeys(["/", *living], "ok"))
        # Whoever comes back is asked again, and makes room for others.
        for f in dead[:8]:
            f.close()
        gone = "Transport endpoint is not connected"
        wait_for("the answer of those", lambda: count(d.states(), gone) == 8)
        wait_for("a place for the others", lambda: count(d.states(), "no answer") == DEAD - 8)
        want(d.states(), dict.fromkeys(living, "ok"))
        for f in dead[8:]:
            f.close()
        wait_for("the answer of all", lambda: count(d.states(), gone) == DEAD)
    finally:
        d.end()


def dies_while_it_is_watched(base):
    """One that answered and dies, with a mount below it; that the daemon can end meanwhile."""
    f = Fuse(f"{base}/server", alive=True)
    tmpfs(f"{base}/server/below")
    tmpfs(f"{base}/beside")
    # The search for leaks first stops all threads, which those that hang in the kernel do not.
    d = Daemon(ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    try:
        names = [f"{base}/server", f"{base}/server/below", f"{base}/beside"]
        want(d.states(), dict.fromkeys(names, "ok"))
        rows = json.loads(d.ask("filesystem --json")[0])["rows"]
        row = next(row for row in rows if row["mount"] == names[0])
        if (row["size_bytes"], row["used_percent"]) != (4096000, 45):
            raise Failure(f"{row}")
        f.die()
        wait_for("the news", lambda: d.states().get(names[0]) == "no answer")
        want(d.states(), {names[0]: "no answer", names[1]: "no answer", names[2]: "ok"})
    finally:
        d.end()
        f.close()


def agrees_with_df(base):
    """Bind mounts, covered ones, names with every awkward character; an automounter is not woken."""
    for name in ("with blank", "with\nline", "with\ttab", "with\\backslash", "with\\040", "with\x1b[2J", "mit Umlaut ü"):
        tmpfs(f"{base}/{name}")
    mount("odd device\n", f"{base}/device", "tmpfs", 0, "size=64k")
    mount("tmpfs", f"{base}/read-only", "tmpfs", MS_RDONLY, "size=64k")
    # Twice in one place, below a covered one, and shown again elsewhere.
    for _ in range(2):
        tmpfs(f"{base}/twice", "size=128k")
    tmpfs(f"{base}/covered")
    tmpfs(f"{base}/covered/below")
    tmpfs(f"{base}/covered", "size=256k")
    os.mkdir(f"{base}/device/inside")
    mount(f"{base}/device", f"{base}/bound", "", MS_BIND)
    mount(f"{base}/device/inside", f"{base}/a", "", MS_BIND)
    mount(f"{base}/with blank", f"{base}/read-only", "", MS_BIND)
    read, write = os.pipe()
    try:
        mount("automounter", f"{base}/auto", "autofs", 0, f"fd={write},pgrp={os.getpgrp()},minproto=5,maxproto=5,direct")
    except OSError as why:
        print(f"     without an automounter: {why}")
    d = Daemon()
    try:
        done = subprocess.run(["/bin/sh", os.path.join(os.environ.get("TELMON_TESTS_DIR", "tests"), "agree.sh"), "filesystem"],
                              env=dict(os.environ, TELMON_SOCKET=d.sock), stdout=subprocess.PIPE, timeout=PATIENCE * 6)
        if done.returncode not in (0, 77):
            raise Failure("\n" + done.stdout.decode(errors="replace"))
        if select.select([read], [], [], 0)[0]:
            raise Failure("the automounter was woken")
    finally:
        d.end()
        os.close(read)
        os.close(write)


def main():
    failed = False
    cases = [agrees_with_df]
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
        cases += [dead_from_the_start, dies_while_it_is_watched]
    except OSError as why:
        print(f"no FUSE: {why}")
    for case in cases:
        if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
            continue
        base = tempfile.mkdtemp(prefix="telmon-mounts-")
        try:
            tmpfs(base)
            case(base)
            print(f"ok   {case.__name__}", flush=True)
        except Exception as why:
            print(f"FAIL {case.__name__}: {type(why).__name__}: {why}", flush=True)
            failed = True
        libc.umount2(base.encode(), 2)  # with all that is below, whoever still looks at it
        os.rmdir(base)
    sys.exit(1 if failed else 0)


main()
