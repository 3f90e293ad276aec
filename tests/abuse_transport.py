# SPDX-License-Identifier: BSD-2-Clause
"""abuse_transport.py -- cases of abuse.py: connections: how they begin, end, stall and pile up."""
import os
import re
import resource
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import threading
import time

import pace
from abuse_daemon import DO, IAC, PATIENCE, SLOW, Daemon, Failure, Skip, blast, read_all, read_some, readable, size, telnet, until


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


def stopped_within_a_key(d):
    """A key whose end comes while the daemon has no processor is no pause, and what follows is not typed for it."""
    with telnet(d) as s:
        for _ in range(5):
            began = time.monotonic()
            s.sendall(b"echo ax\x1b[")
            time.sleep(0.2)
            os.kill(d.pid, signal.SIGSTOP)
            in_time = time.monotonic() - began < 0.8
            time.sleep(1.2)
            s.sendall(b"Db\r\n")
            os.kill(d.pid, signal.SIGCONT)
            until(s, b"\r\nabx\r\n" if in_time else b"\r\na.*\r\n")
            if in_time:
                return
        raise Skip("the machine stood still")


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
    deadline = time.monotonic() + 2 * PATIENCE
    while busy < 50 and time.monotonic() < deadline:
        busy += sum(b"busy" in read_some(s, 0.001) for s in peers[1000:])
    if d.ask("echo served") != b"served\n":
        raise Failure("no place was kept for the Unix socket")
    if busy < 50:
        raise Failure(f"{busy} were told that it is busy")
    for s in peers:
        s.close()


def hang_up_while_it_runs(d):
    for _ in range(20):
        s = d.connect()
        s.sendall(b"/hold\nuntil -t 60 echo x | include y\n")
        time.sleep(0.01)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


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
        # However many wait at one socket, who comes to the other is told something.
        if b"busy" not in (answer := d.ask("echo x")):
            raise Failure(f"the Unix socket's peer was answered {answer!r}")
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
        raise Skip("no strace, or a build that is too slow beneath it")
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


class Watch(threading.Thread):
    """Looks at the sockets of a folder all the time: what was wrong with one is in .failure."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.failure, self.enough = folder, None, threading.Event()

    def look(self, path):
        mode = os.lstat(path).st_mode
        if not stat.S_ISSOCK(mode):
            return
        if mode & 0o777 & ~0o660:
            self.failure = f"{path} had the mode {mode & 0o777:o}"
        if path.endswith("/telmon.sock"):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(PATIENCE)
                s.connect(path)  # whoever finds it finds it listening

    def run(self):
        while not self.enough.is_set() and not self.failure:
            for name in os.listdir(self.folder):
                try:
                    self.look(os.path.join(self.folder, name))
                except FileNotFoundError:
                    pass
                except OSError as why:
                    self.failure = f"{name}: {why}"
            self.enough.wait(0.001)

    def end(self):
        self.enough.set()
        self.join()
        if self.failure:
            raise Failure(self.failure)


def unreachable_before_its_mode():
    """Under umask 0, and however slow each step is: no socket that all may use, none at its path that does not listen yet."""
    slowly = ()
    if shutil.which("strace") and not SLOW:
        steps = "?fchmodat,?renameat,?renameat2,listen"
        slowly = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + steps, "-e", f"inject={steps}:delay_enter=150000")
    folder = tempfile.mkdtemp(prefix="telmon-abuse-")
    config = f'listener "unix:{folder}/telmon.sock" {{ }}\nlistener "telnet://127.0.0.1:0" {{ }}\n'
    old, watch = os.umask(0), Watch(folder)
    try:
        watch.start()
        try:
            d = Daemon(config, prefix=slowly)
            try:
                if os.stat(folder + "/telmon.sock").st_mode & 0o777 != 0o660:
                    raise Failure(oct(os.stat(folder + "/telmon.sock").st_mode))
            finally:
                watch.enough.set()  # at its end there is a moment between the path and the socket
                watch.join()
                d.end()
        finally:
            watch.end()
    finally:
        os.umask(old)
        shutil.rmtree(folder)


def another_users_peer():
    """Who the kernel says is somebody else may look, whatever the socket's mode, and changes nothing."""
    if os.geteuid() != 0:
        raise Skip("only root can be somebody else")
    asks = ("import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\ns.sendall(sys.argv[2].encode())\n"
            "s.shutdown(socket.SHUT_WR)\nsys.stdout.write(s.makefile().read())")
    d = Daemon()
    try:
        os.chmod(d.dir, 0o711)
        os.chmod(d.sock, 0o666)
        for user, statuses in ((65534, ["0", "77", "77", "0"]), (0, ["0", "0", "0", "0"])):
            answer = subprocess.run(["/usr/bin/python3", "-c", asks, d.sock, "/framed 1\nplugins disable cpu\nplugins enable cpu\n"
                                     "echo on\n"], user=user, group=user, extra_groups=[], stdout=subprocess.PIPE, text=True).stdout
            if re.findall(r"^done (\d+) ", answer, re.M) != statuses:
                raise Failure(f"user {user} was answered {answer!r}")
    finally:
        d.end()


def slow_openings():
    """A byte now and then never makes a first line: closed ten seconds after the first, and nobody waits meanwhile."""
    count = size(100, 1000)
    d = Daemon()
    peers = []
    for _ in range(count):
        s = d.connect()
        s.sendall(b"e")
        peers.append((s, time.monotonic()))
    try:
        longest = 0
        while peers:
            s, began = peers[0]
            if readable(s, 0.5):
                if answer := read_all(s):
                    raise Failure(f"a peer without a line was answered {answer!r}")
                longest = max(longest, time.monotonic() - began)
                if time.monotonic() - began < 9.9:
                    raise Failure(f"closed after {time.monotonic() - began:.1f} s")
                s.close()
                peers.pop(0)
                continue
            if time.monotonic() - began > (20 if SLOW else 12):
                raise Failure(f"{len(peers)} are still there {time.monotonic() - began:.1f} s after their first byte")
            if 9 < time.monotonic() - began < 9.5:
                for s, _ in peers:
                    blast(s, b"c")
            asked = pace.now()
            if d.ask("echo served") != b"served\n" or pace.now() - asked > (4 if SLOW else 1):
                raise Failure(f"others waited for {pace.now() - asked:.3f} s")
    finally:
        for s, _ in peers:
            s.close()
    d.end()
    return f"{count} peers, the last closed {longest:.1f} s after its first byte"


SHARED = [urgent_while_output_waits, passed_descriptors, backlog_overflow, stopped_within_a_key, reset_in_mid_output,
          half_close_before_output, peer_that_never_reads, one_byte_at_a_time, urgent_data, thousand_connects, too_many_sessions,
          hang_up_while_it_runs]
OWN = [accept_without_descriptors, accept_errors, unreachable_before_its_mode, another_users_peer]
ASIDE = [slow_openings]
