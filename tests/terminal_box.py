# SPDX-License-Identifier: BSD-2-Clause
"""terminal_box.py -- for terminal.py and prompt_tmux.py: a daemon that shows a captured machine, and a shell in tmux, into which
keys are typed and whose screen is looked at.

Environment: TELMON, TELMOND (programs), TELMON_PLUGIN_PATH, TELMON_TESTS_DIR (folders), TEST_PATIENCE (seconds, 15).
"""
import contextlib
import dataclasses
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = float(os.environ.get("TEST_PATIENCE", "15"))
TELMON = os.path.abspath(os.environ.get("TELMON", "./telmon"))
TELMOND = os.path.abspath(os.environ.get("TELMOND", "./telmond"))
PLUGINS = os.environ.get("TELMON_PLUGIN_PATH", "plugins/.libs")
MACHINE = os.path.join(os.environ.get("TELMON_TESTS_DIR", "tests"), "fixtures", "small")
PROMPT = "box> "  # the name of that machine
AT = len(PROMPT)
COLUMNS, ROWS = 60, 20


class Failure(Exception):
    pass


def is_running(pid):
    """A zombie is not: whoever has to reap it may take his time."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@dataclasses.dataclass
class Client:
    """A program that a person looks at telmond with. What it does otherwise than most is said here; screens are said as lines."""
    program: str
    command: str  # with {port}, {socket} and {program} in it
    mark: tuple = ()  # an option, and a word that the program then says: others bear its name, too, or it was built without

    # Behind everything, when the connection has ended.
    farewell: tuple = ()
    # What ^D leaves behind the prompt.
    left: str = ""
    # A line that ^C has dropped. The mark for ^C, which shells show, is the terminal driver's; the daemon is no such thing.
    dropped: str = "{line}"
    # ^R, when a word was found in a line.
    search: str = "search '{word}': {line}"
    # The daemon has ended while a line was being typed, which is lost with the session.
    stopped: tuple = (PROMPT + "{line}", "-- telmond stops")
    # It waits for another daemon then, and the line goes on.
    stays: bool = False
    # It tells when its window has changed.
    resizes: bool = True
    # ^] is its own: what it says, and what ends it from there. None: a key as any other, without a meaning.
    escape: tuple = None

    def is_there(self):
        path = shutil.which(self.program)
        if not path or not self.mark:
            return bool(path)
        option, word = self.mark
        said = subprocess.run([path, option], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        return word in said.stdout.decode("utf-8", "replace")


# Lines are edited here, by libedit: its search, its mark for ^C and for ^D.
TELMON_CLIENT = Client(
    TELMON, "{program} -H {socket}", left="^D", dropped="{line}^C", search=PROMPT + "{line}\nbck:{word}", stays=True,
    stopped=("-- telmond stops", "-- the connection was lost; the next line connects again", PROMPT + "{line}"))


class Box:
    def __init__(self, folder, client=TELMON_CLIENT):
        self.folder, self.client = folder, client
        self.socket = folder + "/d.sock"
        self.env = {k: v for k, v in os.environ.items() if k != "TMUX"}
        self.env.update(HOME=folder, XDG_STATE_HOME=folder, HISTFILE="", LC_ALL="C.UTF-8", TERM="xterm-256color")
        self.daemon = None
        self.start_daemon()
        try:
            self.start_shell()
        except Failure:
            self.close()
            raise

    # --- the daemon

    def start_daemon(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.daemon = subprocess.Popen([TELMOND, "-R", MACHINE, "-l", "telnet://127.0.0.1:0", "-l", "unix:" + self.socket, "-p", PLUGINS],
                                       stderr=subprocess.PIPE)
        log, deadline = b"", time.monotonic() + PATIENCE
        while b"listening on unix" not in log:
            if time.monotonic() > deadline or self.daemon.poll() is not None:
                raise Failure(f"the daemon does not listen: {log!r}")
            if select.select([self.daemon.stderr], [], [], 0.1)[0]:
                log += os.read(self.daemon.stderr.fileno(), 65536)
        self.port = int(re.search(rb"telnet://127\.0\.0\.1:(\d+)", log).group(1))
        self.wait("it has not looked at the machine", lambda: self.ask("network | count"), lambda rows: rows[-1].strip() == "4")

    def stop_daemon(self, sig=signal.SIGTERM):
        self.daemon.send_signal(sig)
        self.daemon.wait(PATIENCE)
        self.daemon.stderr.close()

    def ask(self, line):
        """What a script gets, in a window of this width."""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(PATIENCE)
        s.connect(self.socket)
        s.sendall(f"/set width {COLUMNS}\n{line}\n".encode())
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while data := s.recv(4096):
            answer += data
        s.close()
        return answer.decode().split("\n")[:-1]

    # --- the terminal

    def start_shell(self):
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "bash --norc --noprofile")
        self.tmux("set", "-g", "window-size", "manual")
        self.type("PS1='sh''ell> '; clear", "Enter")
        self.see(r"\Ashell>$")
        command = self.client.command.format(program=self.client.program, port=self.port, socket=self.socket)
        self.type(f"client() {{ {command} \"$@\"; }}; clear", "Enter")
        self.see(r"\Ashell>$")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-S", self.folder + "/tmux", *words], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE)
        if done.returncode:
            raise Failure(f"tmux {words}: {done.stdout!r}")
        return done.stdout.decode()

    def type(self, *keys):
        """Keys as tmux calls them; anything else is text."""
        self.tmux("send-keys", *keys)

    def screen(self):
        lines = self.tmux("capture-pane", "-p").split("\n")
        return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"

    def cursor(self):
        return tuple(int(n) for n in self.tmux("display", "-p", "#{cursor_x} #{cursor_y}").split())

    def state(self):
        """Cursor shown, other screen."""
        return self.tmux("display", "-p", "#{cursor_flag} #{alternate_on}").split()

    def wait(self, what, get, good, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while not good(value := get()):
            if time.monotonic() > deadline:
                raise Failure(f"{what}, but: {value if isinstance(value, str) else repr(value)}")
            time.sleep(0.02)

    def see(self, pattern, cursor=None):
        """Waits until the screen has it, and the cursor is there."""
        self.wait(f"wanted {pattern!r}", self.screen, lambda s: re.search(pattern, s, re.M | re.S))
        if cursor:
            self.wait(f"wanted the cursor at {cursor}", self.cursor, lambda c: c == cursor)

    def screen_is(self, *lines, cursor=None):
        """Waits until the screen is this and nothing else."""
        text = "".join(line.rstrip() + "\n" for line in lines)
        self.wait(f"wanted\n{text}", self.screen, lambda s: s == text)
        if cursor:
            self.wait(f"wanted the cursor at {cursor}", self.cursor, lambda c: c == cursor)

    def output(self):
        """All that programs have written since this was asked for the first time."""
        path = self.folder + "/output"
        if not os.path.exists(path):
            open(path, "wb").close()
            self.tmux("pipe-pane", f"cat >>{path}")
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    # --- the client

    def prompt(self):
        """A client whose prompt is the only line of the screen. One that was slow to say what terminal it has gets an editor with
        its next line, and busybox may have something to say behind the first one."""
        deadline = time.monotonic() + PATIENCE
        self.type("clear; client", "Enter")
        self.see(rf"^{PROMPT.rstrip()}$")
        self.type("C-l")
        while True:
            try:
                self.wait(f"wanted {PROMPT}", lambda: (self.screen(), self.cursor()), lambda now: now == (PROMPT.rstrip() + "\n", (AT, 0)), 1)
                return
            except Failure:
                if time.monotonic() > deadline:
                    raise
                self.type("Enter", "C-l")

    def edited(self, text, column):
        """The line being typed on an otherwise empty screen."""
        self.screen_is(PROMPT + text, cursor=(AT + column, 0))

    def modes(self):
        """How the shell finds its terminal."""
        self.type("clear; stty -a", "Enter")
        self.see(r"\Aspeed.*iexten.*^shell>\n\Z")
        return self.screen()

    # --- the end

    def end_programs(self, shell):
        """What runs in the terminal ends before that goes: a program in the middle of ending may not bear a hang-up."""
        def children():
            with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as f:
                return [int(pid) for pid in f.read().split()]
        for pid in children():
            with contextlib.suppress(ProcessLookupError):  # it may just have ended
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGTERM)  # the last one: LeakSanitizer, which then works, bears none
        self.wait("a program does not end", children, lambda left: not left)

    def close(self):
        """Nothing runs any more."""
        try:
            shell = self.tmux("display", "-p", "#{pane_pid}").strip()
            try:
                self.end_programs(shell)
            finally:
                self.tmux("kill-server")
            self.wait("the shell does not end", lambda: is_running(shell), lambda running: not running)
        finally:
            if self.daemon.poll() is None:
                self.stop_daemon()


def play(script, client, scenes, wanted):
    """Those scenes, or all, each in a box of its own. An exit status."""
    if not shutil.which("tmux") or not client.is_there():
        print(f"{script}: there is no tmux, or no {client.program}: skipping")
        return 77
    failed = 0
    for scene in scenes:
        if wanted and scene.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="telmon-tmux-") as folder:
            box = Box(folder, client)
            for step in (scene, Box.close):
                try:
                    step(box)
                except (Failure, OSError, subprocess.TimeoutExpired) as e:
                    failed += 1
                    print(f"FAILED: {scene.__name__}: {e}")
    print(f"{script}: {failed} failed")
    return 1 if failed else 0
