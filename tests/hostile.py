#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hostile.py [CASE...] -- isolated plugins that do everything wrong, in a real telmond under load.

Each case runs again and again: HOSTILE_RUNS times, 3 without it. What it broke costs an error that names the
cause; then `plugins` says when the next try is, a restart makes it work, and nothing else has changed: the
process, its descriptors, threads and children, and how long other sessions wait (HOSTILE_P99_MS, 50).
Environment: as abuse.py.
"""
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pace
from abuse_daemon import PATIENCE, SLOW, Daemon, Failure, settle, until
from abuse_plugins import COMPILER, await_true

RUNS = int(os.environ.get("HOSTILE_RUNS", "3"))
P99_MS = float(os.environ.get("HOSTILE_P99_MS", "50"))

# What frames are made of (lib/frame.h), for those who write their own.
HEAD = r"""
#define _GNU_SOURCE
#include <telmon/plugin.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
enum { F_VALUES = 11, F_ROWS, F_LOG, F_DONE };
static char out[1 << 16]; static size_t n; static uint32_t call;
static void u8(int v) { out[n++] = v; }
static void u32(uint32_t v) { memcpy(out + n, &v, 4); n += 4; }
static void i64(int64_t v) { memcpy(out + n, &v, 8); n += 8; }
static void f64(double v) { memcpy(out + n, &v, 8); n += 8; }
static void text(const char *s) { u32(strlen(s)); memcpy(out + n, s, strlen(s) + 1); n += strlen(s) + 1; }
static void head(int type) { n = 0; u32(0); u32(type); u32(call); }
static void go(void) { uint32_t size = n - 12; memcpy(out, &size, 4); send(3, out, n, MSG_NOSIGNAL); }
static void rest(void) { for (;;) pause(); }
static void *spin(void *p) { for (;;) ; }
static void plain(int sig) { signal(sig, SIG_DFL); }
static void *sleeper(void *p) { for (;;) sleep(1000); }
static int deeper(volatile int *p) { char room[4096]; room[0] = *p; return deeper((int *)room) + room[1]; }
"""
PLUGIN = r"""
static const struct telmon_column c[] = { { .name = "a", .type = TELMON_TEXT } };
static const struct telmon_arg a[] = { { .name = "w", .type = TELMON_TEXT } };
static const struct telmon_metric m[] = { { .name = "%(name)s_m", .labels = "l" } };
%(before)s
static int run(struct telmon *t)
{
	const char *what = telmon_arg_text(t, 0);
	int evil = what && !strcmp(what, "evil");
	if (evil) { %(evil)s }
	telmon_row(t);
	telmon_text(t, "works");
	return 0;
}
static const struct telmon_command k[] = {
	{ .name = "%(name)s", .run = run, TELMON_COLUMNS(c), TELMON_ARGS(a) },
	%(commands)s
};
TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, .version = "1", TELMON_COMMANDS(k), TELMON_METRICS(m), %(members)s };
"""


class Plugin:
    """One object. evil: what its run does; answer: what the asker sees then (None: it works all the same)."""
    def __init__(self, name, evil="", answer=None, before="", members="", commands="", section="", ask=None, sanitized=True):
        self.name, self.answer, self.section, self.ask = name, answer, section, ask or f"{name} evil"
        self.sanitized = sanitized  # whether a sanitizer's build can have it
        self.source = HEAD + PLUGIN % dict(name=name, evil=evil, before=before, members=members, commands=commands)

    def build(self, folder):
        self.path = f"{folder}/{self.name}.so"
        with open(f"{folder}/{self.name}.c", "w") as f:
            f.write(self.source)
        include = os.environ.get("TELMON_INCLUDE", "include")
        subprocess.run([*COMPILER, "-w", "-shared", "-fPIC", "-pthread", "-I", include, "-o", self.path, f"{folder}/{self.name}.c"],
                       check=True)
        os.chmod(self.path, 0o755)


LATE = b"no answer within"
LONG = f"deadline = {30 if SLOW else 8}"  # for much work
BAD = b"sent what is no message"
DENIED = b"Operation not permitted"

CASES = [
    # crashes
    Plugin("segfault", "plain(SIGSEGV); *(volatile int *)8 = 1;", b"crashed (segmentation fault)"),
    Plugin("aborts", "plain(SIGABRT); abort();", b"crashed (abort)"),
    Plugin("overflow", "int x = 1; plain(SIGSEGV); return deeper(&x);", b"crashed (segmentation fault)"),
    Plugin("divides", "plain(SIGFPE); volatile int z = 0; return 7 / z;", b"crashed (arithmetic fault)"),
    Plugin("illegal", "plain(SIGILL); __builtin_trap();", b"crashed ("),
    Plugin("destructor", "pthread_key_t key; pthread_t x; plain(SIGABRT); pthread_key_create(&key, (void (*)(void *))abort);\n"
           "pthread_create(&x, NULL, set, (void *)(long)key); pthread_join(x, NULL);", b"crashed (abort)",
           before="static void *set(void *key) { pthread_setspecific((long)key, &n); return NULL; }"),
    Plugin("localdtor", "pthread_t x; plain(SIGABRT); pthread_create(&x, NULL, (void *(*)(void *))use, NULL); pthread_exit(NULL);",
           b"crashed (abort)", before="extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *); extern void *__dso_handle;\n"
           "static void use(void) { __cxa_thread_atexit_impl((void (*)(void *))abort, NULL, &__dso_handle); }"),
    # ends
    Plugin("exits", "exit(3);", b"ended by itself (exit status 3)", sanitized=False),
    Plugin("quits", "_exit(0);", b"ended by itself (exit status 0)"),
    Plugin("threadends", "pthread_t x; pthread_create(&x, NULL, (void *(*)(void *))_exit, (void *)5); rest();",
           b"ended by itself (exit status 5)"),
    Plugin("mainends", "pthread_exit(NULL);", LATE),
    # never ends
    Plugin("loops", "for (volatile int i = 0;; i++) ;", LATE),
    Plugin("sleeps", "rest();", LATE),
    Plugin("deaf", "sigset_t s; struct sigaction x = { .sa_handler = SIG_IGN }; for (int i = 1; i < 65; i++) sigaction(i, &x, NULL);\n"
           "sigfillset(&s); sigprocmask(SIG_BLOCK, &s, NULL); spin(NULL);", LATE),
    Plugin("catches", "for (int i = 1; i < 65; i++) signal(i, again); *(volatile int *)8 = 1;", LATE,
           before="static void again(int sig) { }"),
    # too much
    Plugin("rows", "for (long i = 0; i < 10000000000L; i++) { telmon_row(t); telmon_text(t, \"0123456789\"); }", LATE),
    Plugin("polite", "while (telmon_row(t) >= 0) telmon_text(t, \"0123456789\"); return 0;", b"answer too large", section=LONG),
    Plugin("cell", "char *p = calloc(1, 100 << 20); memset(p, 'x', (100 << 20) - 1); telmon_row(t); telmon_text(t, p); return 0;",
           b"answer too large", section=LONG),
    Plugin("bigcell", "char *p = calloc(1, 20 << 20); memset(p, 'x', (20 << 20) - 1); telmon_row(t); telmon_text(t, p); return 0;",
           b"a row may have 1024 KiB", section=LONG),
    Plugin("logs", "for (long i = 0; i < 10000000000L; i++) telmon_log(t, TELMON_WARNING, \"again\");", LATE),
    Plugin("leaks", "for (int i = 0; i < 1024; i++) { char *p = malloc(1 << 20); plain(SIGSEGV); memset(p, 1, 1 << 20); }",
           b"of memory in use", section=LONG, sanitized=False),
    Plugin("alloc", "void *p; do p = telmon_alloc(t, 1 << 20); while (p); return -ENOMEM;", b"Cannot allocate memory",
           section=LONG),
    Plugin("forks", "int r = 0; for (int i = 0; i < 100000; i++) { r = fork(); if (r == 0) rest(); if (r < 0) break; }\n"
           "return r < 0 ? -errno : 0;", DENIED),
    Plugin("vforks", "return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 ? -errno : 0;", DENIED),
    Plugin("threads", "pthread_attr_t b; pthread_t x; pthread_attr_init(&b); pthread_attr_setstacksize(&b, 16384);\n"
           "for (int i = 0; i < 1000; i++) pthread_create(&x, &b, sleeper, NULL); sleep(1000);", b"too many threads",
           section=LONG, sanitized=False),
    # changes the process
    Plugin("closes", "for (int i = 0; i < 1024; i++) close(i);", b"lost its connection", sanitized=False),
    Plugin("closesrange", "for (int i = 0; i < 1024; i++) if (i != 3 && i != 4) close(i); setlocale(LC_ALL, \"\");"),
    Plugin("shuts", "shutdown(3, SHUT_RDWR); rest();", b"closed its connection", section=LONG),
    Plugin("chdirs", "if (chdir(\"/proc\") < 0 || umask(0) < 0) return -errno;"),
    Plugin("locales", "setlocale(LC_ALL, \"de_DE.UTF-8\"); setenv(\"LC_ALL\", \"tr_TR\", 1); setlocale(LC_ALL, \"\");"),
    Plugin("nonblock", "fcntl(3, F_SETFL, O_NONBLOCK); fcntl(4, F_SETFL, O_NONBLOCK);"),
    Plugin("prints", "write(2, \"\\033]0;owned\\a\", 10); puts(\"noise\"); fflush(stdout);", sanitized=False),
    Plugin("thread", "pthread_t x; pthread_create(&x, NULL, sleeper, NULL);"),
    Plugin("atexit", "atexit(rest); signal(SIGTERM, SIG_IGN);"),
    Plugin("urgent", "send(3, \"x\", 1, MSG_OOB); rest();", LATE),
    Plugin("steals", "char b[100]; fcntl(3, F_SETFL, 0); for (;;) read(3, b, sizeof(b));", LATE),
    # others
    Plugin("killparent", "return kill(getppid(), SIGKILL) < 0 ? -errno : 0;", DENIED),
    Plugin("killgroup", "return kill(0, SIGKILL) < 0 ? -errno : 0;", DENIED),
    Plugin("killall", "return kill(-1, SIGKILL) < 0 ? -errno : 0;", DENIED),
    Plugin("killself", "kill(getpid(), SIGKILL); rest();", b"was killed (SIGKILL)"),
    Plugin("owner", "if (fcntl(3, F_SETOWN, getppid()) < 0) return -errno; fcntl(3, F_SETSIG, SIGKILL); fcntl(3, F_SETFL, O_ASYNC);",
           DENIED),
    Plugin("traces", "ptrace(PTRACE_ATTACH, getppid(), 0, 0);", b"a system call that it may not use"),
    Plugin("peeks", "char b; struct iovec v = { &b, 1 }; process_vm_readv(getppid(), &v, 1, &v, 1, 0);",
           b"a system call that it may not use"),
    Plugin("execs", "execl(\"/bin/sh\", \"sh\", \"-c\", \"sleep 1000\", NULL);", b"a system call that it may not use"),
    Plugin("memory", "char p[40]; int fd; snprintf(p, sizeof(p), \"/proc/%d/mem\", getppid()); fd = open(p, O_RDWR);\n"
           "if (fd < 0) fd = open(p, O_RDONLY); return fd < 0 ? -errno : 0;", b"Permission denied"),
    Plugin("environ", "char p[40]; int fd; snprintf(p, sizeof(p), \"/proc/%d/environ\", getppid()); fd = open(p, O_RDONLY);\n"
           "return fd < 0 ? -errno : 0;", b"Permission denied"),
    Plugin("shadow", "return open(\"/etc/shadow\", O_RDONLY) < 0 ? -errno : 0;", b"Permission denied"),
    Plugin("writes", "return open(\"/tmp/telmon-hostile\", O_WRONLY | O_CREAT, 0600) < 0 ? -errno : 0;", b"Permission denied"),
    Plugin("sockets", "return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? -errno : 0;", DENIED),
    Plugin("outlives", "return syscall(SYS_prctl, 1, 0, 0, 0, 0) < 0 ? -errno : 0;", DENIED),
    Plugin("limits", "struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY }; return setrlimit(RLIMIT_AS, &l) < 0 ? -errno : 0;", DENIED),
    # messages
    Plugin("random", "for (size_t i = 0; i < sizeof(out); i++) out[i] = rand(); send(3, out, sizeof(out), 0); rest();", BAD),
    Plugin("oversized", "head(F_DONE); memset(out, 255, 4); send(3, out, n, 0); rest();", BAD),
    Plugin("wrongcall", "call = 99999; head(F_ROWS); u32(1); go(); rest();", BAD),
    Plugin("wrongtype", "for (call = 1; call < 100; call++) { head(F_VALUES); go(); } rest();", BAD),
    Plugin("truncated", "head(F_LOG); u8(1); text(\"l\"); out[0] = 100; send(3, out, n, 0); rest();", LATE),
    Plugin("rawlogs", "for (;;) { head(F_LOG); u8(3); text(\"l\"); go(); }", b"wrote more lines than allowed"),
    Plugin("rawescape", "head(F_LOG); u8(0); text(\"\\033[2J\\nerror: faked\"); go();"),
    Plugin("lies", "call = 1; head(F_DONE); i64(-1); u8(3); f64(0); text(\"x\"); go(); call = 2; go(); rest();", BAD),
    # metrics
    Plugin("manymetrics", "armed = 1;", b"past its deadline", ask="manymetrics evil; metricsview", members=".collect = collect",
           commands="{ .name = \"metricsview\", .view = view, TELMON_COLUMNS(c) },",
           before="static int view(struct telmon *t) { return telmon_row(t); }\n"
           "static int armed; static int collect(struct telmon *t) { if (!armed) return 0; char name[20]; struct telmon_metric x = { .name = name };\n"
           "for (long i = 0;; i++) { snprintf(name, sizeof(name), \"m%ld\", i); telmon_put(t, telmon_add_metric(t, &x), i); } }"),
    Plugin("manyvalues", "armed = 1;", b"past its deadline", ask="manyvalues evil; valuesview", members=".collect = collect",
           commands="{ .name = \"valuesview\", .view = view, TELMON_COLUMNS(c) },",
           before="static int view(struct telmon *t) { return telmon_row(t); }\n"
           "static int armed; static int collect(struct telmon *t) { if (!armed) return 0; for (long i = 0;; i++) telmon_put1(t, 0, \"l\", i); }"),
]


# ---- the load, and what it saw

def load(port):
    """Four sessions that ask every 20 ms; for each line on stdin, what they waited since the last one."""
    sessions, asked, waits = [], {}, []
    for _ in range(4):
        s = socket.create_connection(("127.0.0.1", port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(b"/hold\n")
        sessions.append(s)
    poll = select.poll()
    poll.register(0, select.POLLIN)
    for s in sessions:
        poll.register(s, select.POLLIN)
    by_fd = {s.fileno(): s for s in sessions}
    due = time.monotonic()
    while True:
        now = time.monotonic()
        if now >= due:
            due = now + 0.02
            for s in sessions:
                if s not in asked:
                    asked[s] = time.monotonic()
                    s.sendall(b"echo x; cpu --csv; echo end\n")
        for fd, _ in poll.poll(max(0, due - time.monotonic()) * 1000):
            if fd:
                data = by_fd[fd].recv(65536)
                if not data:
                    sys.exit("a session was dropped")
                if data.endswith(b"end\n"):
                    waits.append(time.monotonic() - asked.pop(by_fd[fd]))
                continue
            if not os.read(0, 100):
                return
            waits.sort()
            at = lambda share: waits[min(len(waits) - 1, int(len(waits) * share))] * 1000 if waits else 0
            print(json.dumps(dict(n=len(waits), p50=at(0.5), p99=at(0.99), max=at(1))), flush=True)
            waits.clear()


class Load:
    def __init__(self, d):
        self.process = subprocess.Popen([sys.executable, __file__, "--load", str(d.port)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def saw(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failure("the sessions under load were dropped")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


# ---- the daemon

def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children") as f:
                found += [int(word) for word in f.read().split()]
        except OSError:
            pass
    return found


def is_alive(pid):
    """Neither gone nor waiting for somebody to notice."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def section(p, deadline):
    settings = f"deadline = {deadline}" if "deadline" not in p.section else ""
    return f'plugin {p.name} {{ file = "{p.path}" {settings} {p.section} }}\n'


def row(d, name):
    rows = json.loads(d.ask("plugins --json"))["rows"]
    found = [r for r in rows if r["name"] == name]
    return found[0] if found else None


def started(*args, **how):
    """A daemon whose plugins have all started: it does not wait for them for as long as a machine may stand still."""
    d = Daemon(*args, **how)
    await_true(lambda: b"starting" not in d.ask("plugins --csv | columns state"), "a plugin has not started")
    return d


TRIES = 5  # deadlines are short here: what a machine had no time for is asked again


def is_late(answer):
    return re.search(rb"\na\n-\n|past its deadline|no answer (within|by the deadline)|not ready yet|has not returned (for|by)", answer)


def revive(d, p):
    """A new child, which works."""
    for _ in range(TRIES):
        d.ask(f"plugins restart {p.name}")
        if b"works" in (answer := d.ask(p.name)) or not is_late(answer):
            break
        time.sleep(1)  # it may be the call before that is late
    if b"works" not in answer:
        raise Failure(f"{p.name} did not work before: {answer!r}")


def answer_of(d, p):
    """A view whose wait is over a moment before the child is ended shows the last values: with what is said of the child then."""
    answer = d.ask(p.ask)
    if answer.endswith(b"\na\n-\n"):
        time.sleep(1)
        answer += f"error: {row(d, p.name)['last_error']}\n".encode()
    return answer


def once(d, p):
    wanted = p.answer or b"works"
    for _ in range(TRIES):
        revive(d, p)
        before = row(d, p.name)
        answer = answer_of(d, p)
        if wanted in answer or not is_late(answer):
            break
    if p.answer is None:
        if b"works" not in answer:
            raise Failure(f"{answer!r}")
        return
    if b"error: " not in answer or p.answer not in answer:
        raise Failure(f"{answer!r} instead of {p.answer!r}")
    after = row(d, p.name)
    if not after["last_error"] or after["failures"] <= before["failures"]:
        raise Failure(f"nobody can see it: {after}")
    if after["pid"] is None and after["next_try_s"] is None:
        # The pause may be over by now; then the next call spawns one.
        if b"works" not in (answer := d.ask(p.name)):
            raise Failure(f"no next try: {after}, {answer!r}")


class Together:
    """All of CASES in one daemon under load."""
    def __init__(self, folder, cases):
        deadline = 4 if SLOW else 0.3
        self.d = Daemon(f"command_timeout = {40 if SLOW else 10}\ncache = 0\n" + "".join(section(p, deadline) for p in cases))
        self.cases = cases
        self.load = Load(self.d)
        time.sleep(2)
        self.quiet = self.load.saw()

    def rest(self):
        """All have a child, and none a call."""
        for p in self.cases:
            revive(self.d, p)
        await_true(lambda: len(children(self.d.pid)) == len(self.cases), "children are missing or left")

    def threads(self):
        return self.d.status("Threads")

    def counts(self):
        return self.d.descriptors(), self.threads(), self.d.status("VmRSS")

    def check(self, before):
        self.rest()
        settle(self.d.descriptors, before[0])
        # Those without work stay ready for a minute.
        settle(self.threads, before[1] + 4, 75)
        if self.d.status("VmRSS") > before[2] + (400000 if SLOW else 8192):
            raise Failure(f"{self.d.status('VmRSS')} KiB instead of {before[2]}")
        if any(not is_alive(pid) for pid in children(self.d.pid)):
            raise Failure("zombies")
        if "\033" in self.d.log() or "owned" in self.d.log():
            raise Failure("what a plugin prints reaches the log")

    def end(self):
        pids = children(self.d.pid)
        self.load.end()
        self.d.end()
        if left := [pid for pid in pids if is_alive(pid)]:
            raise Failure(f"children are left: {left}")


# ---- cases with a daemon of their own

WORKS = Plugin("works", "for (int i = 0; i < 20000; i++) if (telmon_sleep(t, 1000) < 0 && 0) break; rest();")


def built(folder, *plugins):
    for p in plugins:
        p.build(folder)
    return plugins


def constructors(folder):
    """Constructors that hang, crash and exit: an error for who loads it; tried again if the settings name it."""
    bad = built(folder, *[Plugin(f"c{name}", before=f"__attribute__((constructor)) static void at_load(void) {{ {body} }}")
                          for name, body in (("hangs", "rest();"), ("loops", "spin(NULL);"), ("exits", "_exit(3);"),
                                             ("aborts", "plain(SIGABRT); abort();"), ("kills", "kill(getppid(), SIGKILL); _exit(4);"),
                                             ("talks", "call = 1; head(F_DONE); i64(-1); u8(0); f64(0); text(\"\\033[2Jfaked\"); go(); rest();"))])
    words = {"changs": b"not ready yet", "cloops": b"not ready yet", "cexits": b"exit status 3", "caborts": b"crashed (abort)",
             "ckills": b"exit status 4", "ctalks": b"faked"}
    d = Daemon("command_timeout = 3\n" + section(bad[3], 1))
    try:
        # Now and then it is being tried again.
        await_true(lambda: (s := row(d, "caborts")) and s["state"] == "down" and "crashed (abort)" in s["last_error"],
                   "nobody can see that it is down")
        await_true(lambda: row(d, "caborts")["failures"] >= 3, "it is not tried again")
        d.ask("plugins unload caborts")
        if row(d, "caborts"):
            raise Failure("it stays in the list")
        for _ in range(RUNS):
            for p in bad:
                answer = d.ask(f"plugins load {p.path}")
                # A sanitizer takes its time to end.
                if not answer.startswith(b"error: ") or b"\033" in answer or (words[p.name] not in answer and
                                                                               not (SLOW and b"not ready" in answer)):
                    raise Failure(f"{p.name}: {answer!r}")
                if b"not ready" in answer:
                    if row(d, p.name)["state"] not in ("starting", "down"):
                        raise Failure(f"{row(d, p.name)}")
                    d.ask(f"plugins unload {p.name}")
                if row(d, p.name):
                    raise Failure(f"{p.name} stays in the list")
        await_true(lambda: not children(d.pid), "children are left")
        if "\033" in d.log():
            raise Failure("escapes in the log")
    finally:
        d.end()


def describes_itself_otherwise(folder):
    """A child that is another plugin than the first one was is not called."""
    p, = built(folder, Plugin("changes", before="static char v[40];\n__attribute__((constructor)) static void tell(void)\n"
                              "{ snprintf(v, sizeof(v), \"%d\", getpid()); }", members=".help = v"))
    d = started(section(p, 1))
    try:
        if b"works" not in d.ask("changes"):
            raise Failure("it did not work")
        for _ in range(RUNS):
            d.ask("plugins restart changes")
            if b"describes itself otherwise than before" not in (answer := d.ask("changes")):
                raise Failure(f"{answer!r}")
        answer = d.ask("plugins reload changes")
        if b"works" not in (answer := d.ask("changes")):
            raise Failure(f"a reload does not help: {answer!r}")
    finally:
        d.end()


def spins_between_calls(folder):
    """A thread that uses a core while nobody asks for anything."""
    p, = built(folder, Plugin("spins", "pthread_t x; for (int i = 0; i < 20; i++) pthread_create(&x, NULL, spin, NULL);"))
    d = started(section(p, 3))
    try:
        for _ in range(min(RUNS, 100)):
            d.ask("plugins restart spins")
            if b"works" not in (answer := d.ask("spins evil")):
                raise Failure(f"{answer!r}")
            pid, began = row(d, "spins")["pid"], time.monotonic()
            clock, used = (~pid << 3) | 2, 0
            while is_alive(pid):
                try:
                    used = time.clock_gettime(clock)
                except OSError:
                    break
                if time.monotonic() - began > 20:
                    if used > 1.5 + (time.monotonic() - began) / 2:
                        raise Failure(f"{used:.1f} s in {time.monotonic() - began:.1f} s are too much")
                    return "  (others leave it no half of a processor, which is what it may have)"
                time.sleep(0.05)
            answer = d.ask("spins")
            if b"too much processor time between calls" not in answer:
                raise Failure(f"{answer!r}")
    finally:
        d.end()


def last_rows_of_one_that_is_down(folder):
    """A view is answered with rows that it had; a view that breaks is not."""
    p, = built(folder, Plugin("looks", "_exit(1);", members=".mode = TELMON_SAMPLED, .interval_s = 0.1, .collect = collect",
                              commands="{ .name = \"look\", .view = view, TELMON_COLUMNS(c), TELMON_ARGS(a) },",
                              before="static int collect(struct telmon *t) { return telmon_put1(t, 0, \"l\", 1); }\n"
                              "static int view(struct telmon *t) { if (telmon_arg_given(t, 0)) { if (*telmon_arg_text(t, 0) == 'f')\n"
                              "return telmon_fail(t, -EIO, \"no view\"); if (*telmon_arg_text(t, 0) != 'd') _exit(2);\n"
                              "static int n; if (n++) return telmon_fail(t, -EHOSTDOWN, \"no database\"); }\n"
                              "telmon_row(t); return telmon_text(t, \"seen\"); }"))
    d = started(section(p, 2))
    try:
        await_true(lambda: b"seen" in d.ask("look"), "no view")
        if b"exit status 2" not in (answer := d.ask("look evil")):
            raise Failure(f"{answer!r}")
        d.ask("plugins restart looks")
        if b"no view" not in (answer := d.ask("look fail")):
            raise Failure(f"an error is hidden: {answer!r}")
        # One that has a word for hosts that are down is not down itself.
        await_true(lambda: b"no database" in d.ask("look database"), "a plugin's own errno is taken for the end of its child")
        # Down for long enough to be asked twice.
        while (row(d, "looks")["next_try_s"] or 0) < 1:
            d.ask("looks evil")
            time.sleep(0.02)
        time.sleep(0.3)
        first = json.loads(d.ask("look --json"))
        time.sleep(0.2)
        answer = json.loads(d.ask("look --json"))
        if answer["rows"] != [{"a": "seen"}] or not 0.2 < answer["age"] < 60 or answer["age"] < first["age"] + 0.15:
            raise Failure(f"{first} {answer}")
        if row(d, "looks")["state"] != "down":
            raise Failure("it was not down")
    finally:
        d.end()


def killed_at_any_moment(folder):
    """SIGKILL and SIGSTOP for the child from outside, at moments of all kinds."""
    p, = built(folder, Plugin("works", "for (int i = 0; i < 50; i++) telmon_sleep(t, 0.001);", members=".collect = collect",
                              commands="{ .name = \"look\", .view = view, TELMON_COLUMNS(c) },",
                              before="static int collect(struct telmon *t) { return telmon_put1(t, 0, \"l\", 1); }\n"
                              "static int view(struct telmon *t) { return telmon_row(t); }"))
    d = started("cache = 0\n" + section(p, 0.5 if not SLOW else 3))
    try:
        for i in range(10 * RUNS):
            d.ask("plugins restart works")
            with d.connect() as s:
                s.sendall(b"/hold\nlook; works evil\n" if i % 2 else b"/hold\nworks evil; look\n")
                time.sleep((i * 7 % 60) / 1000)
                for pid in children(d.pid):
                    try:
                        os.kill(pid, signal.SIGSTOP if i % 5 == 4 else signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                s.sendall(b"echo over\n")
                until(s, b"over\n")
        d.ask("plugins restart works")
        if b"works" not in (answer := d.ask("works")):
            raise Failure(f"{answer!r}")
        await_true(lambda: len(children(d.pid)) == 1, "children are left")
    finally:
        d.end()


def end_while_a_child_is_deaf(folder):
    """SIGTERM while a call hears no cancel, and while a stop hangs: within 2 s, nobody is stuck, no child is left."""
    deaf, = built(folder, Plugin("deaf2", "spin(NULL);"))
    hangs, = built(folder, Plugin("stops", before="static void stop(struct telmon *t) { rest(); }", members=".stop = stop"))
    for _ in range(RUNS):
        d = started(section(deaf, 30) + section(hangs, 30))
        try:
            if b"works" not in d.ask("stops"):
                raise Failure("it did not work")
            s = d.connect()
            s.sendall(b"deaf2 evil\n")
            await_true(lambda: row(d, "deaf2")["pid"] is not None, "no child")
            pids = children(d.pid)
            began = pace.now()
            os.kill(d.pid, signal.SIGTERM)
            d.process.wait(PATIENCE)
            if (took := pace.now() - began) > (10 if SLOW else 2.5):
                raise Failure(f"it took {took:.1f} s")
            if "stuck" in d.log() or any(is_alive(pid) for pid in pids):
                raise Failure(f"{pids} {d.log()[-500:]}")
            s.close()
        finally:
            d.end()


def daemon_is_killed(folder):
    """SIGKILL for the daemon: its children go with it, deaf ones too."""
    deaf, = built(folder, Plugin("deaf3", "sigset_t s; sigfillset(&s); sigprocmask(SIG_BLOCK, &s, NULL); spin(NULL);"))
    idle, = built(folder, Plugin("idle"))
    for _ in range(RUNS):
        d = started(section(deaf, 30) + section(idle, 30))
        d.ask("idle")
        s = d.connect()
        s.sendall(b"deaf3 evil\n")
        time.sleep(0.1)
        pids = children(d.pid)
        if len(pids) != 2:
            raise Failure(f"{pids}")
        os.kill(d.pid, signal.SIGKILL)
        d.process.wait()
        await_true(lambda: not any(is_alive(pid) for pid in pids), "children are left")
        s.close()
        d.logfile.close()
        shutil.rmtree(d.dir)


def host_program_is_missing(folder):
    """No telmon-plugin-host, or one that may not be run: said so, tried again, and nobody else minds."""
    p, other = built(folder, Plugin("one"), Plugin("other"))
    home = tempfile.mkdtemp(prefix="telmon-home-")
    daemon, host = os.environ.get("TELMOND", "build/telmond"), home + "/telmon-plugin-host"
    shutil.copy(daemon, home + "/telmond")
    shutil.copy(os.path.join(os.path.dirname(daemon), "telmon-plugin-host"), host)
    d = started(section(p, 5), program=home + "/telmond")
    try:
        if b"works" not in d.ask("one"):
            raise Failure("it did not work")
        for break_it, words in ((lambda: os.rename(host, host + ".away"), b"No such file or directory"),
                                (lambda: os.chmod(host + ".away", 0o600) or os.rename(host + ".away", host), b"Permission denied")):
            break_it()
            d.ask("plugins restart one")
            answer = d.ask("one")
            if b"cannot be run in " not in answer or words not in answer:
                raise Failure(f"{answer!r}")
            if b"next try in" not in (answer := d.ask("one")) or row(d, "one")["next_try_s"] is None:
                raise Failure(f"{answer!r}")
            if b"cannot be run in " not in (answer := d.ask(f"plugins load {other.path}")):
                raise Failure(f"{answer!r}")
            if d.ask("echo others") != b"others\n":
                raise Failure("others")
        os.chmod(host, 0o755)
        await_true(lambda: b"works" in d.ask("one"), "it does not come back by itself")
        # And from the beginning.
        os.chmod(host, 0o600)
    finally:
        d.end()
        shutil.rmtree(home)


def no_descriptors_left(folder):
    """EMFILE when a child is to be spawned: said so, and it comes back."""
    p, = built(folder, Plugin("one"))
    d = started(section(p, 5))
    try:
        if b"works" not in d.ask("one"):
            raise Failure("it did not work")
        d.ask("plugins restart one")
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(d.sock)
            s.sendall(b"/hold\necho here\n")
            until(s, b"here\n")
            limit = resource.prlimit(d.pid, resource.RLIMIT_NOFILE)
            for room in range(8):
                resource.prlimit(d.pid, resource.RLIMIT_NOFILE, (d.descriptors() + room, limit[1]))
                s.sendall(b"one; echo over\n")
                answer = until(s, b"over\n")
                if b"works" not in answer and b"Too many open files" not in answer and b"next try in" not in answer:
                    raise Failure(f"{answer!r}")
            resource.prlimit(d.pid, resource.RLIMIT_NOFILE, limit)
        await_true(lambda: b"works" in d.ask("one"), "it does not come back")
    finally:
        d.end()


def children_are_ignored(folder):
    """Whoever started the daemon ignored SIGCHLD: its children are its own all the same."""
    p, = built(folder, Plugin("one", "_exit(3);"))
    d = started(section(p, 5), prefix=("sh", "-c", "trap '' CHLD; exec \"$@\"", "sh"))
    d.pid = d.process.pid
    try:
        for _ in range(RUNS):
            if b"exit status 3" not in (answer := d.ask("one evil")):
                raise Failure(f"{answer!r}")
            d.ask("plugins restart one")
    finally:
        d.end()


def ends_are_told(folder):
    """The log does not promise another try of what was unloaded, nor says that what never started has."""
    stops, = built(folder, Plugin("stops2", before="static void stop(struct telmon *t) { rest(); }", members=".stop = stop"))
    starts, = built(folder, Plugin("starts2", before="static int start(struct telmon *t) { rest(); return 0; }", members=".start = start"))
    d = Daemon()
    try:
        for p in (stops, starts):
            d.ask(f"plugins load {p.path}")
            if not row(d, p.name):
                raise Failure(f"{p.name} is not there")
            d.ask(f"plugins unload {p.name}")
        await_true(lambda: "stops2: was killed (past its deadline) in stop" in d.log(), "nothing is said of a stop that hangs")
        os.kill(d.pid, signal.SIGTERM)
        d.process.wait(PATIENCE)
        if "next try" in d.log() or "started after" in d.log():
            raise Failure(d.log())
    finally:
        d.end()


def processes_with(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if mark.encode() in f.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


# What a program does, and what its command says then (None: that there is a row). "$SLEEP" "$MARK" sleeps, and bears
# the mark.
PROGRAMS = {
    "daemonise": ('setsid "$SLEEP" "$MARK" >/dev/null 2>&1 </dev/null & echo "OK - fine"', None),
    "twice": ('(setsid sh -c \'"$SLEEP" "$MARK" & "$SLEEP" "$MARK" & wait\' >/dev/null 2>&1 </dev/null &); echo OK', None),
    "deaf": ("trap '' HUP INT TERM; \"$SLEEP\" \"$MARK\"; \"$SLEEP\" \"$MARK\"", b": killed after "),
    "silent": ('exec >/dev/null 2>&1; exec "$SLEEP" "$MARK"', b": killed after "),
    "stopper": ('kill -STOP $PPID; exec "$SLEEP" "$MARK"', b"past its deadline"),
    "asked": ('case $1 in config) "$SLEEP" 1.3; echo graph_title x;; *) exec "$SLEEP" "$MARK";; esac', b": killed after "),
    "endless": ('"$SLEEP" "$MARK" & exec yes', b"printed more than 4 MiB"),
    "drip": ('"$SLEEP" "$MARK" & while :; do echo x; done', b"killed"),
    "binary": ('head -c 100000 /dev/urandom', None),
    "nothing": ("exit 2", None),
}


def programs(folder):
    """Programs that do everything wrong: what they start is gone when their answer is there, and so is their child in the end."""
    mark = f"{os.getpid()}.{time.time_ns()}"[-9:]
    sleep, config = shutil.which("sleep"), ""
    for name, (body, words) in PROGRAMS.items():
        # Those that are not to be killed for it have all the time that a busy machine takes.
        late = words in (b": killed after ", b"past its deadline", b"killed")
        path = f"{folder}/{name}.sh"
        with open(path, "w") as f:
            f.write(f"#!/bin/sh\nexport SLEEP={sleep} MARK={mark}\n{body}\n")
        os.chmod(path, 0o755)
        user = 'user = "root"' if os.geteuid() == 0 else ""
        user += " format = munin" if name == "asked" else ""
        config += f'plugin {name} {{ exec = {{ "{path}" }} interval = 3600 deadline = {(5 if SLOW else 2) if late else 30} {user} }}\n'
    d = Daemon(config)
    try:
        for _ in range(RUNS):
            for name, (_, words) in PROGRAMS.items():
                for _ in range(TRIES):
                    await_true(lambda: (s := row(d, name)) and s["collects"] + s["failures"], f"{name}: there is no sample")
                    said, answer = str(row(d, name)["last_error"]).encode(), d.ask(name)
                    # A busy machine lets the child that ends its program be late, too.
                    if (words or b"None") in said or not is_late(said):
                        break
                    d.ask(f"plugins reload {name}")
                if (words or b"None") not in said or (words is None) == (b"error: " in answer):
                    raise Failure(f"{name}: {said!r}, {answer!r} instead of {words!r}")
            await_true(lambda: not processes_with(mark), f"what they started is left: {processes_with(mark)}")
            for name in PROGRAMS:
                d.ask(f"plugins reload {name}")
        for name in PROGRAMS:
            d.ask(f"plugins unload {name}")
        await_true(lambda: not children(d.pid), f"children are left: {children(d.pid)}")
        await_true(lambda: not processes_with(mark), f"what they started is left: {processes_with(mark)}")
    finally:
        d.end()


OWN = [constructors, describes_itself_otherwise, spins_between_calls, last_rows_of_one_that_is_down, killed_at_any_moment,
       end_while_a_child_is_deaf, daemon_is_killed, host_program_is_missing, no_descriptors_left, children_are_ignored, programs, ends_are_told]


def attempt(failed, name, run):
    began = time.monotonic()
    try:
        note = run() or ""
        print(f"ok   {name} ({time.monotonic() - began:.1f} s){note}", flush=True)
    except Exception as why:
        print(f"FAIL {name}: {type(why).__name__}: {str(why)[:1500]}", flush=True)
        failed.append(name)


def run_together(folder, cases, failed):
    for p in cases:
        p.build(folder)
    t = Together(folder, cases)
    worst, before = [], None

    def run_case(p):
        for _ in range(RUNS):
            once(t.d, p)
        saw = t.load.saw()
        worst.append((saw["p99"], p.name, saw["n"]))
        return f"  others: p99 {saw['p99']:.1f} ms, most {saw['max']:.1f} ms"

    try:
        t.rest()
        before = t.counts()
        t.load.saw()
        for p in cases:
            attempt(failed, p.name, lambda: run_case(p))
            if t.d.process.poll() is not None:
                print(t.d.log()[-4000:])
                return
        attempt(failed, "nothing is left", lambda: t.check(before))
    finally:
        attempt(failed, "end", t.end)
    # A pair of processors that others use too has its own hiccups: half the cases are enough to judge by.
    worst.sort()
    middle = worst[len(worst) // 2][0]
    print(f"others waited: p99 of the median case {middle:.1f} ms, of the worst ({worst[-1][1]}) {worst[-1][0]:.1f} ms; "
          f"before any of it {t.quiet['p99']:.1f} ms", flush=True)
    if not SLOW and middle > max(P99_MS, 2 * t.quiet["p99"]):
        failed.append("others wait")


def main():
    if sys.argv[1:2] == ["--load"]:
        return load(int(sys.argv[2]))
    if not shutil.which(COMPILER[0]):
        sys.exit(77)
    wanted, failed = set(sys.argv[1:]), []
    folder = tempfile.mkdtemp(prefix="telmon-hostile-")
    cases = [p for p in CASES if (p.sanitized or not SLOW) and (not wanted or p.name in wanted)]
    try:
        if cases:
            run_together(folder, cases, failed)
        for case in OWN:
            if not wanted or case.__name__ in wanted:
                attempt(failed, case.__name__, lambda: case(folder))
    finally:
        shutil.rmtree(folder)
    sys.exit(f"failed: {' '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
