# SPDX-License-Identifier: BSD-2-Clause
"""abuse_plugins.py -- cases of abuse.py: plugins that hang, in their start or when they are asked."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pace
from abuse_daemon import PATIENCE, SLOW, TELMOND, Daemon, Failure, Skip, telnet, until

COMPILER = os.environ.get("CC", "cc").split()


def compile_plugin(folder, name, run="return telmon_row(t);", start="return 0;"):
    """A plugin with one command of its name, which may be given a word; run and start are the bodies of its callbacks."""
    with open(f"{folder}/{name}.c", "w") as f:
        f.write("#include <telmon/plugin.h>\n#include <fcntl.h>\n#include <unistd.h>\n"
                "static const struct telmon_arg a[] = {{ .name = \"word\", .type = TELMON_TEXT, .help = \"h\" }};\n"
                "static const struct telmon_column c[] = {{ .name = \"a\", .type = TELMON_INT, .help = \"a\" }};\n"
                f"static int start(struct telmon *t) {{ (void)t; {start} }}\n"
                f"static int run(struct telmon *t) {{ (void)t; {run} }}\n"
                f"static const struct telmon_command k[] = {{{{ .name = \"{name}\", .help = \"h\", .run = run, TELMON_COLUMNS(c), TELMON_ARGS(a) }}}};\n"
                "TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, .version = \"1\", .help = \"h\", TELMON_COMMANDS(k), .start = start };\n")
    include = os.environ.get("TELMON_INCLUDE", "include")
    subprocess.run([*COMPILER, "-shared", "-fPIC", "-I", include, "-o", f"{folder}/{name}.so", f"{folder}/{name}.c"], check=True)


def await_true(what, why):
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise Failure(why)
        time.sleep(0.02)


def start_that_hangs():
    """Some starts never return and one takes its time: the others answer within 2 s, and so does who loads one more."""
    if not shutil.which(COMPILER[0]):
        raise Skip("there is no compiler")
    plugins, other = tempfile.mkdtemp(prefix="telmon-plugins-"), tempfile.mkdtemp(prefix="telmon-plugins-")
    mark = plugins + "/mark"
    for i in range(5):
        compile_plugin(plugins, f"hangs{i}", start="for (;;) sleep(1000);")
    compile_plugin(plugins, "slow", start=f"while (access(\"{mark}\", F_OK) < 0) usleep(10000); return 0;")
    compile_plugin(plugins, "works")
    compile_plugin(other, "late", start="for (;;) sleep(1000);")
    began = pace.now()
    d = Daemon(f"command_timeout = 3\nplugin late {{ isolate = false }}\n", plugins=plugins)
    try:
        answer = d.ask("works; slow; hangs0; plugins --csv | columns name,state")
        if pace.now() - began > (10 if SLOW else 2):
            raise Failure(f"the first answer came after {pace.now() - began:.1f} s")
        if not re.search(rb"error: slow: unavailable.*error: hangs0: unavailable.*\nhangs4,starting.*\nslow,starting.*\nworks,ok", answer, re.S):
            raise Failure(f"{answer!r}")
        began = pace.now()
        answer = d.ask(f"plugins load {other}/late.so --csv | columns name,state")
        if b"late,starting" not in answer or pace.now() - began > (10 if SLOW else 2):
            raise Failure(f"after {pace.now() - began:.1f} s: {answer!r}")
        with open(mark, "w"):
            await_true(lambda: b"slow,ok" in d.ask("plugins --csv | columns name,state"), "a start that returns late does not count")
        if b"error" in (answer := d.ask("slow")):
            raise Failure(f"{answer!r}")
        await_true(lambda: d.ask("plugins").count(b"STUCK") == 6, "they are not shown as stuck")
        began = pace.now()
        os.kill(d.pid, signal.SIGTERM)
        d.process.wait(PATIENCE)
        if pace.now() - began > (10 if SLOW else 2.5):
            raise Failure(f"it took {pace.now() - began:.1f} s to end")
        if "6 threads are stuck" not in d.log():
            raise Failure(d.log())
    finally:
        d.end()
        shutil.rmtree(plugins)
        shutil.rmtree(other)


def end_while_a_start_hangs():
    """SIGTERM and SIGINT before the first listener accepts: within 5 s, status 0."""
    if not shutil.which(COMPILER[0]):
        raise Skip("there is no compiler")
    plugins = tempfile.mkdtemp(prefix="telmon-plugins-")
    mark = plugins + "/mark"
    compile_plugin(plugins, "hangs", start=f"close(open(\"{mark}\", O_CREAT | O_WRONLY, 0600)); for (;;) sleep(1000);")
    try:
        for end in (signal.SIGTERM, signal.SIGINT):
            words = [TELMOND, "-c", "/dev/null", "-l", f"unix:{plugins}/s", "-p", plugins]
            with open(plugins + "/log", "wb") as log:
                p = subprocess.Popen(words, stderr=log)
            try:
                await_true(lambda: os.path.exists(mark), "the start did not begin")
                began = pace.now()
                p.send_signal(end)
                code = p.wait(5 if not SLOW else 20)
                if code != 0 or pace.now() - began > (2.5 if not SLOW else 20):
                    raise Failure(f"{end.name}: {code} after {pace.now() - began:.1f} s")
            finally:
                p.kill()
                p.wait()
            os.unlink(mark)
    finally:
        shutil.rmtree(plugins)


def end_while_a_change_hangs():
    """SIGTERM while a session hangs in an object's constructor: within 5 s, and what that session uses is left to it (a thread sanitizer sees that)."""
    if not shutil.which(COMPILER[0]):
        raise Skip("there is no compiler")
    plugins = tempfile.mkdtemp(prefix="telmon-plugins-")
    compile_plugin(plugins, "hangs", start="return 0; }\n__attribute__((constructor)) static void at_load(void)\n"
                   f"{{ close(open(\"{plugins}/mark\", O_CREAT | O_WRONLY, 0600)); for (;;) sleep(1000);")
    d = Daemon("plugin hangs { isolate = false }\n")
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(d.sock)
            s.sendall(f"plugins load {plugins}/hangs.so\n".encode())
            await_true(lambda: os.path.exists(f"{plugins}/mark"), "the constructor did not begin")
            began = pace.now()
            os.kill(d.pid, signal.SIGTERM)
            d.process.wait(PATIENCE)
            if (took := pace.now() - began) > (20 if SLOW else 5):
                raise Failure(f"it took {took:.1f} s to end")
        if "1 thread is stuck" not in d.log():
            raise Failure(d.log())
    finally:
        d.end()
        shutil.rmtree(plugins)


def stuck_plugin():
    """A collect and a run that never return: errors for those who ask, nothing for the others."""
    if not shutil.which(COMPILER[0]):
        raise Skip("there is no compiler")
    plugins = tempfile.mkdtemp(prefix="telmon-plugins-")
    compile_plugin(plugins, "sleeper", run="for (;;) sleep(1000);")
    d = Daemon("command_timeout = 1\n", plugins=plugins)
    try:
        asked, began = time.monotonic(), pace.now()
        if b"error: sleeper: " not in (answer := d.ask("sleeper")):
            raise Failure(f"{answer!r}")
        if time.monotonic() - asked < 0.8 or pace.now() - began > (8 if SLOW else 2):
            raise Failure(f"the error came after {time.monotonic() - asked:.1f} s")
        time.sleep(0.3)
        began = pace.now()
        if b"unavailable" not in (answer := d.ask("sleeper")):
            raise Failure(f"{answer!r}")
        if b"STUCK" not in (answer := d.ask("plugins")):
            raise Failure(f"{answer!r}")
        if d.ask("echo others") != b"others\n" or pace.now() - began > (3 if SLOW else 0.3):
            raise Failure("others wait")
        with telnet(d) as s:
            s.sendall(b"sleeper\r\n")
            until(s, b"unavailable.*> ")
    finally:
        d.end()
    d = Daemon(plugins=plugins)
    try:
        with telnet(d) as s:
            s.sendall(b"sleeper\r\n")
            until(s, b"sleeper\r\n")
            time.sleep(0.2)
            began = pace.now()
            s.sendall(b"\x03")
            until(s, b"> $")
            if pace.now() - began > (2 if SLOW else 0.25):
                raise Failure(f"^C took {pace.now() - began:.3f} s")
            s.sendall(b"echo on\r\n")
            until(s, b"\r\non\r\n")
    finally:
        d.end()
        shutil.rmtree(plugins)


OWN = [start_that_hangs, end_while_a_start_hangs, end_while_a_change_hangs, stuck_plugin]
