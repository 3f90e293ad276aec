# SPDX-License-Identifier: BSD-2-Clause
"""abuse_daemon.py -- what the cases of abuse.py stand on: a telmond of their own, and ways to talk to it."""
import atexit
import contextlib
import glob
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

PATIENCE = float(os.environ.get("TEST_PATIENCE", "10"))
SLOW = PATIENCE > 10  # a sanitizer's build
FULL = os.environ.get("TELMON_ABUSE") == "full"
BUILT = os.environ.setdefault("builddir", os.path.abspath("build"))
TELMOND = os.environ.setdefault("TELMOND", BUILT + "/telmond")
PLUGINS = os.environ.setdefault("TELMON_PLUGIN_PATH", BUILT + "/plugins/.libs")
TESTS = os.environ.setdefault("TELMON_TESTS_DIR", os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("TELMON", BUILT + "/telmon")
os.environ.setdefault("TELMON_INCLUDE", os.path.dirname(TESTS) + "/include")
IAC, SB, SE, DO, DONT, WILL, WONT = b"\xff", b"\xfa", b"\xf0", b"\xfd", b"\xfe", b"\xfb", b"\xfc"
NAWS, TTYPE, STATUS = b"\x1f", b"\x18", b"\x05"


def size(quick, full, slow=None):
    """How much of a thing: in make check, at full size, in make check of a sanitizer's build."""
    return full if FULL else slow if SLOW and slow is not None else quick


def transcripts():
    return sorted(glob.glob(TESTS + "/sessions/*.session"))


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def listens(log):
    """Whether both of a daemon's listeners are there, in whichever order."""
    return "listening on unix:" in log and "listening on telnet:" in log


class Daemon:
    """$DIR in config is the daemon's folder. Where it names no listener, there are two: d.port on loopback, and d.sock."""

    def __init__(self, config="", args=(), prefix=(), plugins=None, stderr=None, shim=None, program=None):
        self.dir = tempfile.mkdtemp(prefix="telmon-abuse-")
        self.sock = os.path.join(self.dir, "telmon.sock")
        self.config = os.path.join(self.dir, "telmond.conf")
        self.configure(config)
        if "listener " not in config:
            args = ("-l", "telnet://127.0.0.1:0", "-l", "unix:" + self.sock, *args)
        self.logfile = open(os.path.join(self.dir, "log"), "w+b")
        self.process = subprocess.Popen([*prefix, program or TELMOND, "-c", self.config, "-p", plugins or PLUGINS, *args],
                                        stderr=stderr or self.logfile, stdin=subprocess.DEVNULL,
                                        env=shim.environment() if shim else None)
        atexit.register(self.process.kill)  # for cases that fail
        self.started, self.forgotten = b"", 0
        deadline = time.monotonic() + PATIENCE
        while not listens(self.log()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failure("no start:\n" + self.log())
            time.sleep(0.02)
        if shim and not shim.loaded:
            raise Failure("the shim is not there")
        self.port = int(re.search(r"telnet://[0-9.]+:(\d+)", self.log()).group(1))
        self.pid = self.process.pid
        if prefix:  # the daemon is the prefix's child, or what the prefix became
            with open(f"/proc/{self.pid}/task/{self.pid}/children") as f:
                children = f.read().split()
            self.pid = int(children[0]) if children else self.pid

    def configure(self, config):
        with open(self.config, "w") as f:
            f.write(config.replace("$DIR", self.dir))

    def log(self):
        if self.process.stderr:  # read until it has started, and never again
            if not listens(self.started.decode()):
                self.started += os.read(self.process.stderr.fileno(), 4096)
            return self.started.decode()
        with open(os.path.join(self.dir, "log"), "rb") as f:
            f.seek(self.forgotten)
            return f.read().decode("utf-8", "backslashreplace")

    def forget_log(self):
        """From here on log() begins with what comes."""
        self.forgotten = os.path.getsize(os.path.join(self.dir, "log"))

    def connect(self, timeout=PATIENCE):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def ask(self, text, timeout=PATIENCE):
        """One shot over the Unix socket."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout)
            s.connect(self.sock)
            with contextlib.suppress(BrokenPipeError):  # it was busy, and has said so
                s.sendall(text.encode() + b"\n")
                s.shutdown(socket.SHUT_WR)
            return read_all(s)

    def status(self, key):
        with open(f"/proc/{self.pid}/status") as f:
            return int(re.search(rf"^{key}:\s+(\d+)", f.read(), re.M).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        """Each thread's name, state and place in the kernel."""
        def read(path):
            with open(path) as f:
                return f.read().strip()
        return [" ".join((read(t + "/comm"), read(t + "/stat").rpartition(")")[2][1], read(t + "/wchan")))
                for t in glob.glob(f"/proc/{self.pid}/task/*")]

    def end(self):
        code = None
        self.forgotten = 0
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            try:
                # A sanitizer looks through all memory for leaks at the end: seconds, and many beside other work.
                code = self.process.wait(4 * PATIENCE if SLOW else PATIENCE)
            except subprocess.TimeoutExpired:
                threads = self.threads()
                self.process.kill()
                self.process.wait()
                raise Failure(f"did not end on SIGTERM; threads, and where they wait: {threads}\n{self.log()[-3000:]}")
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


def until(s, pattern, seconds=3 * PATIENCE):
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


def settle(what, wanted, seconds=5 if not SLOW else 30):
    deadline = time.monotonic() + seconds
    while what() > wanted:
        if time.monotonic() > deadline:
            raise Failure(f"{what.__name__}: {what()} instead of {wanted}")
        time.sleep(0.05)
