# SPDX-License-Identifier: BSD-2-Clause
"""abuse_scarce.py -- cases of abuse.py: memory, descriptors and threads that are not to be had, one call at a time."""
import concurrent.futures
import multiprocessing
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile

import abuse_shim
import pace
import session
from abuse_daemon import FULL, IAC, NAWS, SB, SE, SLOW, Daemon, Failure, readable, size, telnet, transcripts, until
from abuse_plugins import COMPILER, compile_plugin
from abuse_shim import Shim


def has_daemon(path):
    with open(path) as f:
        return any(line.startswith("daemon") for line in f)


class Scarce(session.Transcript):
    """A transcript during which one call fails; what its sessions make of that is theirs, the daemon has to live on."""

    def __init__(self, path, shim):
        super().__init__(path)
        self.shim = shim
        self.daemon_env = shim.environment()
        self.old = self.ending = None

    def do_within(self, rest):
        """How long it takes is another test's business."""

    def do_signal(self, rest):
        super().do_signal(rest)
        self.ending = {"TERM": "0", "KILL": "-9"}.get(rest)

    def do_daemon(self, rest):
        super().do_daemon(rest)
        self.shim.fail(*self.shim.wanted)
        if "idle_timeout" not in self.config:
            self.old = self.dial() or self.dial()  # the call that fails may be one for this very session
        self.descriptors = self.count_descriptors()

    def dial(self):
        """A session that is held open; None if it was refused."""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(session.PATIENCE)
        s.connect(self.env["SOCK"])
        s.sendall(b"/hold\necho before\n")
        try:
            self.hear(s, b"before\n")
        except (OSError, Failure):
            s.close()
            return None
        return s

    def hear(self, s, line):
        data = b""
        while not data.endswith(line):
            if not (got := s.recv(4096)):
                raise Failure(f"a session ended after {data!r}")
            data += got

    def look(self):
        """The invariants, while the daemon lives."""
        if self.old:
            began = pace.now()
            self.old.sendall(b"echo old\n")
            self.hear(self.old, b"old\n")
            if (waited := pace.now() - began) > (2 if SLOW else 0.1):
                raise Failure(f"the old session waited {waited:.3f} s")
            self.old.close()
        self.do_alive(None)

    def suffer(self):
        """Plays on until something is not as expected. How many calls there were, whether one failed, what went wrong in sessions."""
        said = verb = None
        try:
            with open(self.path) as f:
                for text in f:
                    verb, _, rest = text.strip().partition(" ")
                    if verb and not verb.startswith("#"):
                        getattr(self, "do_" + verb)(rest)
        except session.Skip:
            shutil.rmtree(self.dir)
            raise
        except (session.Failure, OSError, subprocess.TimeoutExpired) as why:
            said = f"{verb} {rest}: {why}"
        count = self.shim.stop()
        try:
            if verb == "exit" and said:  # which is no session's
                raise Failure(said)
            if self.daemon and self.ending:
                self.do_exit(self.ending)
            elif self.daemon:
                self.read_log(0)
                if self.daemon.poll() is not None:
                    raise Failure(f"the daemon ended with {self.daemon.returncode}")
                self.look()
            self.finish()
        except Exception as why:
            raise Failure(f"{os.path.basename(self.path)}, call {self.shim.first}: {why}\n{self.log.decode(errors='replace')[-3000:]}")
        finally:
            self.abandon()
            shutil.rmtree(self.dir, ignore_errors=True)
        return count, self.shim.failed, said


def suffer(path, family, first):
    """One run, in a process of its own. Calls counted, failed, what went wrong in a session, what went wrong for good."""
    session.PATIENCE = 8 if SLOW else 2  # a session that got an error waits for what will not come
    shim = Shim()
    shim.wanted = family, first
    try:
        return *Scarce(path, shim).suffer(), None
    except session.Skip:
        return 0, 0, None, None
    except Exception as why:
        return 0, 0, None, f"{type(why).__name__}: {why}"
    finally:
        shim.close()


def scarce(family, quick):
    """The k-th call of a family fails, for k from 1 to as many as there are, in each transcript."""
    paths = [path for path in transcripts()
             if os.path.basename(path).startswith(quick) or (FULL and has_daemon(path))]
    context = multiprocessing.get_context("spawn")
    total, lines, failures = 0, [], []
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        for path in paths:
            most, _, said, why = suffer(path, family, 1 << 60)
            if why or said:
                failures.append(f"{os.path.basename(path)} fails by itself: {why or said}")
            if not most:  # it needs what is not there
                continue
            firsts = range(1, most + 1) if FULL else range(1, most + 1, most // size(6, 1, 3) + 1)
            failed = disturbed = 0
            for count, n, said, why in pool.map(suffer, [path] * len(firsts), [family] * len(firsts), firsts):
                if why:
                    failures.append(why)
                failed += n
                disturbed += said is not None
                most = max(most, count)
            total += len(firsts)
            lines.append(f"{os.path.basename(path)} {most} calls, {len(firsts)} runs, {failed} failed, "
                         f"{disturbed} were noticed by a session")
    if failures:
        raise Failure(f"{len(failures)} of {total} runs, such as\n" + "\n".join(failures[:10]))
    return f"{total} runs\n     " + "\n     ".join(lines)


QUESTIONS = ("echo x y", "help", "help process", "explain load1", "explain cpu.busy_percent", "metrics load*", "status", "load --json",
             "memory --csv", "process -n 3", "process nosuch", "plugins | sort name | columns name | head 2", "network | include lo | count",
             "cpu | where busy >= 0", "until -t 0.1 plugins | include nosuch", "nonsense", "/who", "/set", "echo 'a b'; version")


def memory_fails_while_asked():
    """Each allocation behind a question fails once: the same answer, an error, or no answer, and never another one."""
    shim = Shim()
    plugins = tempfile.mkdtemp(prefix="telmon-plugins-")
    questions = QUESTIONS
    if shutil.which(COMPILER[0]):
        compile_plugin(plugins, "given", run="telmon_row(t); return telmon_int(t, telmon_arg_text(t, 0) ? 1 : 0);")
        questions += ("given word | where a = 1",)
    d = Daemon(shim=shim, args=("-p", plugins))
    most, errors = {}, 0
    try:
        d.ask("process | count")  # what is made once is there
        for question in questions:
            right = d.ask(question)
            for k in range(1, 2000):
                shim.fail(abuse_shim.MEMORY, k)
                try:
                    answer = d.ask(question)
                except OSError:
                    answer = b""
                most[question] = max(most.get(question, 0), shim.stop())
                if not shim.failed and not shim.spared:
                    break
                excused = not answer or b"error" in answer or b"Cannot allocate" in answer
                errors += excused
                if not excused and answer.count(b"\n") != right.count(b"\n"):
                    raise Failure(f"{question}, allocation {k}: {answer[:500]!r} instead of {right[:500]!r}")
    finally:
        d.end()
        shim.close()
        shutil.rmtree(plugins)
    return f"{sum(most.values())} allocations behind {len(most)} questions, {errors} errors"


# What a person types, and what shows that it was done; what only helps with typing may fail without a word. Where a key
# has to end it, that, and what says that it is waited for.
TYPED = ((b"echo typed\r\n", rb"\ntyped\r\n"), (b"ec\ttyped\r\n", b""), (b"\x1b[A\r\n", b""), (b"\x12typ\r\n", b""),
         (b"e?\x15echo typed\r\n", rb"\ntyped\r\n"), (b"/who\r\n", b"telnet"),
         (b"help\r\n", b"memory", b"q", b"quit --"), (b"watch -n 60 echo typed\r\n", b"every", b"q", b"every"),
         (b"top\r\n", b"", b"q", b"load"))


def hear(s, pattern):
    """What comes until the pattern is there, and whether that was the end. Not for ever: a prompt may fail, too."""
    answer, deadline = b"", pace.now() + (4 if SLOW else 0.5)
    while not re.search(pattern, answer) and (left := deadline - pace.now()) > 0:
        if readable(s, left):
            if not (got := s.recv(4096)):
                return answer, True
            answer += got
    return answer, False


def memory_fails_while_typed():
    """The same behind lines that a person types: they run, are said to have found no memory, or the session ends."""
    shim = Shim()
    d = Daemon(shim=shim)
    most, ended = [], 0
    s = telnet(d)
    try:
        for typed, shown, *key in TYPED:
            for k in range(1, 500, size(3, 1)):
                shim.fail(abuse_shim.MEMORY, k)
                s.sendall(typed)
                answer, over = hear(s, b"|".join([b"> $", *key[1:]]))
                if key and not over and not answer.endswith(b"> "):
                    s.sendall(key[0])
                    more, over = hear(s, b"> $")
                    answer += more
                count = shim.stop()
                if not shim.failed and not shim.spared:
                    most.append(count)
                    break
                if not over and not re.search(shown + rb"|error: .*Cannot allocate|error: line too complex", answer):
                    raise Failure(f"{typed!r}, allocation {k}: {answer!r}")
                ended += over
                if over or not answer.endswith(b"> "):
                    s.close()
                    s = telnet(d)
                    s.sendall(b"echo typed\r\n")
                    until(s, b"\ntyped\r\n.*> $")
        s.close()
    finally:
        d.end()
        shim.close()
    return f"{sum(most)} allocations behind {len(TYPED)} lines, {ended} sessions ended"


def memory_fails_while_opened():
    """The same while a person's session begins, and gets another window: it ends or is there, and no other is disturbed."""
    shim = Shim()
    d = Daemon(shim=shim)
    window = IAC + SB + NAWS + struct.pack(">HH", 60, 20) + IAC + SE
    ended, most, k = 0, 0, 0
    try:
        with telnet(d) as other:
            while k == 0 or shim.failed or shim.spared:
                k += size(7, 1, 67)
                shim.fail(abuse_shim.MEMORY, k)
                try:
                    with telnet(d) as s:
                        s.sendall(b"echo typ" + window + b"ed\x1b[D\x01\x05\r\n")
                        until(s, b"\n(typed|error: [^\r]*)\r\n.*> $")
                except (Failure, OSError):
                    ended += 1
                most = max(most, shim.stop())
                other.sendall(b"echo live\r\n")
                until(other, b"\r\nlive\r\n.*> $")
    finally:
        d.end()
        shim.close()
    if ended > most // 4:
        raise Failure(f"{ended} sessions ended")
    return f"{most} allocations behind a session, {ended} sessions ended"


def memory_fails():
    """One allocation fails: an error or a refusal for a session at most."""
    return scarce(abuse_shim.MEMORY, ("105-", "203-"))


def descriptors_fail():
    """The same for a call that makes a descriptor or a thread."""
    return scarce(abuse_shim.DESCRIPTORS, ("105-", "203-"))


OWN = [memory_fails_while_asked, memory_fails_while_typed, memory_fails_while_opened, memory_fails, descriptors_fail]
