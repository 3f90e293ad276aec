# SPDX-License-Identifier: BSD-2-Clause
"""abuse_life.py -- cases of abuse.py: the daemon's own life: starts, reloads, clocks, a starved machine, ends."""
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from abuse_daemon import PATIENCE, SLOW, TELMOND, Daemon, Failure, Skip, read_all, size, telnet, until
from abuse_shim import Shim


def stop_and_continue(d):
    os.kill(d.pid, signal.SIGSTOP)
    time.sleep(2.5)
    os.kill(d.pid, signal.SIGCONT)
    time.sleep(0.3)
    d.ask("cpu")


class Load(threading.Thread):
    """Asks one-shot questions without end; what went wrong first is in .failure."""

    def __init__(self, d, ways):
        super().__init__()
        self.d, self.ways = d, ways
        self.asked, self.failure, self.enough = 0, None, threading.Event()

    def run(self):
        try:
            while not self.enough.is_set():
                for family, address in self.ways:
                    with socket.socket(family) as s:
                        s.settimeout(PATIENCE)
                        s.connect(address)
                        s.sendall(b"echo %d\n" % self.asked)
                        s.shutdown(socket.SHUT_WR)
                        answer = read_all(s)
                    if answer != b"%d\n" % self.asked:
                        raise Failure(f"question {self.asked} was answered with {answer!r}")
                    self.asked += 1
        except (OSError, Failure) as why:
            self.failure = why

    def end(self):
        self.enough.set()
        self.join()
        if self.failure:
            raise Failure(f"a one-shot question after {self.asked} others: {self.failure}")


def reload(d, config):
    """A reload from the signal to the line that says it is done."""
    d.forget_log()
    d.configure(config)
    os.kill(d.pid, signal.SIGHUP)
    deadline = time.monotonic() + PATIENCE
    while "reloaded\n" not in d.log():
        if time.monotonic() > deadline:
            raise Failure("a reload that never ends: " + d.log())
        time.sleep(0.001)


def reloads_under_load():
    """SIGHUP again and again, with a listener that comes and goes: nobody is dropped, missed or leaked."""
    count = size(100, 10000)
    config = 'listener "unix:$DIR/telmon.sock" { }\nlistener "telnet://127.0.0.1:0" { }\n'
    more = config + 'listener "unix:$DIR/more.sock" { }\nscript_linger = 0.2\nmax_sessions = 500\n'
    d = Daemon(config)
    held = [d.connect() for _ in range(20)]
    for s in held:
        s.sendall(b"/hold\necho held\n")
        until(s, b"held\n")
    load = [Load(d, [(socket.AF_INET, ("127.0.0.1", d.port)), (socket.AF_UNIX, d.sock)]) for _ in range(2)]
    for thread in load:
        thread.start()
    try:
        for n in range(count):
            if n == count // 2:
                memory = d.status("VmRSS")
            reload(d, more if n % 2 == 0 else config)
            if (n % 2 == 0) != os.path.exists(d.dir + "/more.sock"):
                raise Failure(f"the second socket after reload {n}")
            if n % 2 == 0:
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(d.dir + "/more.sock")
                    s.sendall(b"echo more\n")
                    until(s, b"more\n")
            held[n % 20].sendall(b"echo %d\n" % n)
            until(held[n % 20], b"^%d\n" % n)
            if load[0].failure or load[1].failure:
                break
        grown = d.status("VmRSS") - memory
        if grown > 1024 and not SLOW:  # a sanitizer keeps what was freed, and tells of leaks at the end
            raise Failure(f"{grown} KiB more after the second half of the reloads")
    finally:
        for thread in load:
            thread.end()
    for n, s in enumerate(held):
        s.sendall(b"echo last %d\n" % n)
        until(s, b"^last %d\n" % n)
        s.close()
    d.end()
    return f"{count} reloads, {sum(thread.asked for thread in load)} questions meanwhile"


def wall_clock_jumps():
    """The wall clock jumps by hours and years: rates stay sane, nothing expires."""
    shim = Shim()
    shim.clock_jumps = 1
    d = Daemon(shim=shim)
    try:
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
        shim.close()


class Starved(threading.Thread):
    """Lets a process run for a twentieth of the time."""

    def __init__(self, pid):
        super().__init__()
        self.pid, self.enough = pid, threading.Event()

    def run(self):
        while not self.enough.is_set():
            os.kill(self.pid, signal.SIGSTOP)
            time.sleep(0.095)
            os.kill(self.pid, signal.SIGCONT)
            time.sleep(0.005)

    def end(self):
        self.enough.set()
        self.join()


def little_cpu():
    """A twentieth of a CPU: everything takes longer, all of it comes, and no plugin is held to hang."""
    d = Daemon()
    questions = ("echo x", "cpu", "process -n 3", "filesystem", "network", "disk", "metrics", "status", "help")
    until_s, slowest = time.monotonic() + size(4, 60), 0
    starved = Starved(d.pid)
    starved.start()
    try:
        with telnet(d) as person:
            while time.monotonic() < until_s:
                for question in questions:
                    began = time.monotonic()
                    answer = d.ask(question, 10 * PATIENCE)
                    slowest = max(slowest, time.monotonic() - began)
                    if not answer or b"error: " in answer:
                        raise Failure(f"{question} after {time.monotonic() - began:.1f} s: {answer[-300:]!r}")
                person.sendall(b"echo live\r\n")
                until(person, b"\r\nlive\r\n.*> $", PATIENCE)
                if b"STUCK" in (answer := d.ask("plugins", 10 * PATIENCE)):
                    raise Failure(f"{answer!r}")
    finally:
        starved.end()
    if "deadline" in d.log() or "stuck" in d.log().lower():
        raise Failure(d.log())
    d.end()
    return f"the slowest answer took {slowest:.1f} s"


def processes_that_come_and_go():
    """Processes end between being listed and being read."""
    d = Daemon()
    churn = subprocess.Popen(["/bin/sh", "-c", "while :; do /bin/true; done"])
    try:
        for _ in range(8):
            rows = json.loads(d.ask("process --json"))["rows"]
            if not any(row["pid"] == d.pid for row in rows):
                raise Failure("the daemon itself is missing")
            time.sleep(0.55)
    finally:
        churn.kill()
        churn.wait()
        d.end()


def mounts_upon_mounts():
    """Thousands of mounts, each upon the one before: the two that can be seen are told within the time of a collect."""
    root = tempfile.mkdtemp(prefix="telmon-abuse-")
    try:
        for folder in ("proc/1", "telmon"):
            os.makedirs(f"{root}/{folder}")
        with open(root + "/proc/1/mountinfo", "w") as f:
            for n in range(size(20000, 50000, 5000)):
                f.write(f"{20 + n} {19 + n} 0:{30 + n} / {'/m' if n else '/'} rw - tmpfs t{n} rw\n")
        with open(root + "/telmon/statfs", "w") as f:
            f.write("/ 100 50 50 0 0\n/m 100 50 50 0 0\n")
        d = Daemon(args=("-R", root))
        try:
            answer = d.ask("filesystem | columns mount,device --csv", 2 * PATIENCE)
            if answer != b"mount,device\n/,t0\n/m,t%d\n" % n:
                raise Failure(f"{answer!r}")
        finally:
            d.end()
    finally:
        shutil.rmtree(root)


def started_many_times():
    """Many starts at once on one Unix socket: one wins, the others say so and fail."""
    d = Daemon()
    try:
        words = [TELMOND, "-c", "/dev/null", "-l", "unix:" + d.sock, "-p", d.dir]
        others = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(size(30, 100))]
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


def end_with_many_sessions():
    """SIGTERM with people and held scripts: within 5 s, status 0."""
    count = min(size(1500, 10000, 200), resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
    d = Daemon(f"max_sessions = {count + 100}\n")
    peers = []
    for _ in range(count):
        peers.append(d.connect())
        peers[-1].sendall(b"/hold\n")
    person = telnet(d)
    began = time.monotonic()
    os.kill(d.pid, signal.SIGTERM)
    try:
        d.process.wait(5 if not SLOW else 20)
    except subprocess.TimeoutExpired:
        d.process.kill()
        raise Failure("still there: " + d.log()[-300:])
    finally:
        for s in peers:
            s.close()
    if time.monotonic() - began > (5 if not SLOW else 20):
        raise Failure("too slow")
    if b"telmond stops" not in read_all(person):
        raise Failure("the people were not told")
    took = time.monotonic() - began
    person.close()
    d.end()
    return f"{count} sessions ended in {took:.1f} s"


def proc_of_processes_alone():
    """A /proc that shows processes and nothing else: what is absent is said to be, and all else goes on."""
    mount = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o hidepid=2,subset=pid proc /proc && exec "$@"', "sh"]
    if os.geteuid() != 0 or subprocess.run([*mount, "true"], stderr=subprocess.DEVNULL).returncode:
        raise Skip("no such /proc can be had")
    d = Daemon(prefix=mount)
    try:
        for command in ("cpu", "load", "memory", "disk", "network"):
            if not re.fullmatch(rb"error: %s: [^\n]* cannot be read [^\n]*\n" % command.encode(), answer := d.ask(command)):
                raise Failure(f"{command}: {answer!r}")
        for command in ("pressure", "filesystem", "host", "status", "plugins", "metrics", "explain load1"):
            if not (answer := d.ask(command)) or b"error: " in answer:
                raise Failure(f"{command}: {answer!r}")
        if not any(row["pid"] == d.pid for row in json.loads(d.ask("process --json"))["rows"]):
            raise Failure("the daemon itself is missing")
        success = dict(re.findall(rb'scrape_success\{plugin="(\w+)"\} (\d)', d.ask("metrics --prometheus")))
        if success[b"cpu"] != b"0" or success[b"process"] != b"1":
            raise Failure(f"{success}")
        with telnet(d) as s:
            s.sendall(b"echo live\r\n")
            until(s, b"\r\nlive\r\n")
        if d.log().count("\n") > 20:
            raise Failure(d.log())
    finally:
        d.end()


def service_manager_is_told():
    """READY=1 once it accepts and not before, STOPPING=1 at its end; nothing where it cannot start."""
    with open(TELMOND, "rb") as f:
        if b"sd_notify" not in f.read():
            raise Skip("built without a service manager's library")
    folder = tempfile.mkdtemp(prefix="telmon-abuse-")
    path = folder + "/notify"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(PATIENCE)
            told = ("env", "NOTIFY_SOCKET=" + path)
            words = [*told, TELMOND, "-c", "/dev/null", "-l", f"unix:{folder}/none/socket", "-p", folder]
            if subprocess.run(words, stderr=subprocess.DEVNULL).returncode != 1:
                raise Failure("it starts without a place for its socket")
            config = f'listener "unix:{folder}/telmon.sock" {{ }}\nlistener "telnet://127.0.0.1:0" {{ }}\n'
            d = Daemon(config, prefix=told)
            try:
                if (said := manager.recv(4096)) != b"READY=1":
                    raise Failure(f"{said!r} instead of READY=1")
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(folder + "/telmon.sock")
            finally:
                d.end()
            if (said := manager.recv(4096)) != b"STOPPING=1":
                raise Failure(f"{said!r} instead of STOPPING=1")
    finally:
        shutil.rmtree(folder)


def killed_with_sessions():
    """SIGKILL: no peer is left waiting, and the client says what happened."""
    d = Daemon()
    peers = {"script": d.connect(), "framed": d.connect(), "busy": d.connect(), "person": telnet(d)}
    for name, line in (("script", b"/hold\n"), ("framed", b"/framed 1\n"), ("busy", b"until -t 60 echo x | include y\n")):
        peers[name].sendall(line + b"echo in\n" if name != "busy" else line)
    until(peers["script"], b"in\n")
    until(peers["framed"], b"in\n")
    client = None
    if os.access(os.environ["TELMON"], os.X_OK):
        client = subprocess.Popen([os.environ["TELMON"], "-H", d.sock, "watch -n 60 echo seen"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        if client.stdout.readline() != b"seen\n":
            raise Failure("the client has no answer")
    os.kill(d.pid, signal.SIGKILL)
    d.process.wait()
    for name, s in peers.items():
        s.settimeout(PATIENCE)
        read_all(s)
        s.close()
    if client:
        _, said = client.communicate(timeout=PATIENCE)
        if client.returncode != 69 or said != b"error: the connection was lost\n":
            raise Failure(f"the client ended with {client.returncode} and said {said!r}")
    d.logfile.close()
    shutil.rmtree(d.dir)


def system_calls_fail():
    """Opening, eventfds and threads fail now and then: errors for some, and it lives on."""
    if SLOW or not shutil.which("strace"):
        raise Skip("no strace, or a build that is too slow beneath it")
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


SHARED = [stop_and_continue]
OWN = [mounts_upon_mounts, started_many_times, wall_clock_jumps, processes_that_come_and_go, reloads_under_load, end_with_many_sessions,
       service_manager_is_told, killed_with_sessions, proc_of_processes_alone, system_calls_fail, little_cpu]
