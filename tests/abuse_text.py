# SPDX-License-Identifier: BSD-2-Clause
"""abuse_text.py -- cases of abuse.py: text from elsewhere that reaches terminals, scrapers and the log."""
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import pace
from abuse_daemon import PATIENCE, PLUGINS, TELMOND, Daemon, Failure, read_all, telnet, until


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


def log_that_nobody_reads():
    """stderr is a pipe whose reader has stopped: sessions go on."""
    d = Daemon(stderr=subprocess.PIPE)
    try:
        fcntl.fcntl(d.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        for _ in range(100):  # two lines each
            telnet(d).close()
        began = pace.now()
        if d.ask("echo served") != b"served\n" or pace.now() - began > 1:
            raise Failure("it waits for its log")
    finally:
        d.end()


def log_has_no_space():
    """Every line of the log fails with ENOSPC: sessions go on, and it ends as it should."""
    folder = tempfile.mkdtemp(prefix="telmon-abuse-")
    path = folder + "/telmon.sock"

    def ask(text):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(path)
            s.sendall(text)
            s.shutdown(socket.SHUT_WR)
            return read_all(s)
    with open("/dev/full", "w") as full:
        daemon = subprocess.Popen([TELMOND, "-v", "-c", "/dev/null", "-l", "unix:" + path, "-p", PLUGINS], stderr=full)
    try:
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(path) and time.monotonic() < deadline and daemon.poll() is None:
            time.sleep(0.02)
        for _ in range(20):
            ask(b"GET / HTTP/1.0\n\n")
            if (answer := ask(b"echo served\n")) != b"served\n":
                raise Failure(f"{answer!r}")
        daemon.terminate()
        if (code := daemon.wait(PATIENCE)) != 0:
            raise Failure(f"ended with {code}")
    finally:
        daemon.kill()
        daemon.wait()
        shutil.rmtree(folder)


SHARED = [hostile_process_names, hostile_messages, hostile_log]
OWN = [log_that_nobody_reads, log_has_no_space]
