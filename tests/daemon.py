# SPDX-License-Identifier: BSD-2-Clause
"""daemon -- a telmond for a test: started on a port and a Unix socket of its own, looked into, ended and judged.

Environment: TELMOND, TELMON_PLUGIN_PATH, TEST_PATIENCE (seconds that anything may take; more in a sanitizer's build).
"""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

PATIENCE = float(os.environ.get("TEST_PATIENCE", "10"))
SLOW = PATIENCE > 10  # a sanitizer's build
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20


class Failure(Exception):
    pass


class Daemon:
    def __init__(self, config="", args=(), env=None):
        self.dir = tempfile.mkdtemp(prefix="telmon-test-")
        self.sock = os.path.join(self.dir, "telmon.sock")
        path = os.path.join(self.dir, "telmond.conf")
        with open(path, "w") as f:
            f.write(config)
        with open(os.path.join(self.dir, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [os.environ.get("TELMOND", "build/telmond"), "-c", path, "-l", "telnet://127.0.0.1:0", "-l", "unix:" + self.sock,
                 "-p", os.environ.get("TELMON_PLUGIN_PATH", "build/plugins/.libs"), *args],
                stderr=log, stdin=subprocess.DEVNULL, env=env)
        self.pid = self.process.pid
        self.netlink = threading.local()
        wait_for(lambda: "listening on unix" in self.log() or self.process.poll() is not None, "the start")
        if self.process.poll() is not None:
            raise Failure("no start:\n" + self.log())
        self.port = int(re.search(r"telnet://127\.0\.0\.1:(\d+)", self.log()).group(1))

    def log(self):
        with open(os.path.join(self.dir, "log"), "rb") as f:
            return f.read().decode("utf-8", "backslashreplace")

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def connect_unix(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(PATIENCE)
        s.connect(self.sock)
        return s

    def ask(self, text):
        """One shot over the Unix socket."""
        with self.connect_unix() as s:
            s.sendall(text.encode() + b"\n")
            s.shutdown(socket.SHUT_WR)
            data = b""
            while chunk := s.recv(65536):
                data += chunk
            return data

    def unread(self, s):
        """How many bytes from this peer the daemon has not read yet; 0 where the kernel does not tell."""
        address = socket.inet_aton("127.0.0.1") + bytes(12)
        request = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xffffffff) + struct.pack(
            ">HH", self.port, s.getsockname()[1]) + address + address + struct.pack("=I", 0) + b"\xff" * 8
        try:
            if not hasattr(self.netlink, "socket"):
                self.netlink.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
            self.netlink.socket.send(struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, 1, 1, 0) + request)
            answer = self.netlink.socket.recv(65536)
        except OSError:
            return 0
        size, kind = struct.unpack_from("=IH", answer)
        return struct.unpack_from("=I", answer, 72)[0] if kind == SOCK_DIAG_BY_FAMILY and size >= 76 else 0

    def status(self, key):
        with open(f"/proc/{self.pid}/status") as f:
            return int(re.search(rf"^{key}:\s+(\d+)", f.read(), re.M).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        if self.alive():
            self.process.kill()
            self.process.wait()

    def end(self):
        """Ends it; what it said since its start is fine, or a Failure."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(max(5, PATIENCE))
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failure("did not end on SIGTERM") from None
        log = self.log()
        shutil.rmtree(self.dir, ignore_errors=True)
        if self.process.returncode != 0 or spoke(log):
            raise Failure(f"ended with {self.process.returncode}:\n{log[-6000:]}")


def spoke(log):
    """A sanitizer, or an assertion."""
    return re.search(r"Sanitizer|runtime error|Assertion", log)


def wait_for(condition, what, seconds=None):
    deadline = time.monotonic() + (seconds or PATIENCE)
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"waited in vain for {what}")
        time.sleep(0.01)
