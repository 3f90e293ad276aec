# SPDX-License-Identifier: BSD-2-Clause
"""abuse_bytes.py -- cases of abuse.py: whatever a daemon says is the same when each read and each send moves one byte."""
import concurrent.futures
import glob
import operator
import os
import re
import time

import session
from abuse_daemon import FULL, IAC, SE, TELMOND, TESTS, Daemon, Failure, read_all, telnet, transcripts, until
from abuse_shim import Shim


class Recorded(session.Transcript):
    """Every telmond of the transcript runs behind the shim, and what it said is kept."""

    def __init__(self, path, shim):
        super().__init__(path)
        self.said = []
        # By way of a program, so that daemons that the transcript starts by itself are among them.
        words = "".join(f"{key}='{shim.environment()[key]}' " for key in ("LD_PRELOAD", "TELMON_SHIM", "ASAN_OPTIONS"))
        program = os.path.join(self.dir, "telmond-behind-shim")
        with open(program, "w") as f:
            f.write(f"#!/bin/sh\n{words} exec {self.env['TELMOND']} \"$@\"\n")
        os.chmod(program, 0o755)
        self.env["TELMOND"] = program

    def drop(self, peer):
        self.said.append((peer.all, peer.ended))
        super().drop(peer)

    def do_run(self, rest):
        if rest.startswith("nm "):  # of the daemon itself
            rest = rest.replace("$TELMOND", TELMOND)
        super().do_run(rest)
        self.said.append((self.output.encode().replace(self.dir.encode(), b"$DIR"), True))


def play(path, shim):
    """A transcript's outputs in order, or None if it does not run here."""
    t = Recorded(path, shim)
    result = t.play()
    if result is False:
        raise Failure(f"{os.path.basename(path)} fails{' one byte at a time' if shim.one_byte else ''}")
    return t.said if result else None


def apart(data):
    """Telnet's commands, and the text: where in the text a command stands depends on what came with one read."""
    commands = rb"\xff\xfa.*?\xff\xf0|\xff[\xfb-\xfe].|\xff[^\xff]"
    return b"".join(re.findall(commands, data, re.S)), re.sub(commands, b"", data, flags=re.S)


def alike(one, other):
    """But for the numbers of a live machine, and for what nobody waited for."""
    for a, b in zip(apart(one[0]), apart(other[0])):
        a, b = (re.sub(rb"\d+(\.\d+)?", b"0", data) for data in (a, b))
        shorter = min(len(a), len(b))
        if a[:shorter] != b[:shorter] or (one[1] and other[1] and a != b):
            return False
    return True


def differences(path, shim):
    """What a transcript got otherwise one byte at a time; and how many outputs there were, and were the same to the byte."""
    usual = play(path, shim)
    shim.one_byte = 1
    slow = play(path, shim)
    shim.one_byte = 0
    if slow is None:
        return [], 0, 0
    found = [n for n, pair in enumerate(zip(usual, slow)) if not alike(*pair)]
    if found:  # what is not even like itself tells nothing
        again = play(path, shim)
        found = [n for n in found if alike(usual[n], again[n])]
    return ([f"{os.path.basename(path)}: {slow[n]!r} instead of {usual[n]!r}" for n in found], len(slow),
            sum(map(operator.eq, usual, slow)))


def one_byte_transcripts():
    """What does not change from one run to the next is the same when each read and send moves one byte."""
    shim = Shim()
    quick = ("105-", "106-", "200-", "203-", "500-")
    outputs = same = 0
    try:
        for path in transcripts():
            name = os.path.basename(path)
            # 910 counts descriptors, of which the program in between takes some.
            if name.startswith("910-") or not (FULL or name.startswith(quick)):
                continue
            for _ in range(3):  # a live machine may change its mind between two looks, but not again and again
                found, n, n_same = differences(path, shim)
                if not found:
                    break
            else:
                raise Failure(found[0])
            outputs += n
            same += n_same
    finally:
        shim.close()
    return f"{outputs} outputs, {same} of them the same to the byte, the others but for the numbers of a live machine"


def script_bytes(path):
    """What a script of tests/telnet sends (its README.md), and whether it begins at a prompt."""
    data, prompt = b"", False
    with open(path) as f:
        for line in f:
            items = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s#"]+|#.*', line)
            times, sent = 1, b""
            if items and items[0].startswith("!"):
                prompt |= items[0] == "!prompt"
                continue
            if items and items[0] == "repeat":
                times = int(items[1])
                del items[:2]
            for item in items:
                if item.startswith("#"):
                    break
                sent += session.unescape(item[1:-1]) if item.startswith('"') else bytes.fromhex(item)
            data += sent * times
    return data, prompt


# These depend on what came with one read, which the network decides: what is answered at once may overtake what waits
# among the keys, and a window counts from then on.
HASTY = ("client-inetutils.in", "commands-as-events.in", "naws.in", "negotiation-later.in", "opening-early-input.in",
         "refuse-every-do.in", "synch.in", "timing-mark.in")


def talk_telnet(d, path):
    """What a daemon says to a script of tests/telnet."""
    data, prompt = script_bytes(path)
    with telnet(d) if prompt else d.connect() as s:
        answer = b"" if prompt else until(s, rb"\xff\xfd\x1f")
        if prompt:  # a long answer would wait for a key
            s.sendall(b"/set pager off\r\n")
            answer = until(s, rb"\n.*> $")
        s.sendall(data + (IAC + SE) * 2 + b"\r\n/quit\r\n")  # out of any suboption
        answer += read_all(s)
    return apart(answer)


def ask_everything(d, _):
    """All commands in all formats; times and ages are not the daemon's to repeat."""
    names = d.ask("help | exclude '^[|/]' | columns name --csv").decode().split()[1:]
    answers = []
    for name in names:
        if name in ("graph", "metrics", "plugins", "status", "top", "until", "watch"):  # times, counts, what was before
            continue
        for form in (name, name + " --csv", name + " --json", "help " + name):
            answers.append(re.sub(rb'"(time|age|interval|age_s)":(null|[0-9.]+)', b"", d.ask(form)))
    return answers


def one_byte_answers():
    """The scripts of tests/telnet over sockets, and every command, on a captured machine: the same, byte for byte, one at a time."""
    shim = Shim()
    # What a line editor draws depends on how many keys came at once.
    d = Daemon('max_editors = 0\nlistener "unix:$DIR/telmon.sock" { }\nlistener "telnet://127.0.0.1:0" { mode = telnet }\n',
               args=("-R", TESTS + "/fixtures/small"), shim=shim)
    talks = [(talk_telnet, path) for path in sorted(glob.glob(TESTS + "/telnet/*.in")) if os.path.basename(path) not in HASTY]
    talks.append((ask_everything, None))
    try:
        while b'"interval":null' in d.ask("cpu --json"):  # until there are two samples
            time.sleep(0.05)
        ask_everything(d, None)  # and two of what is sampled when it is asked for
        with concurrent.futures.ThreadPoolExecutor(len(talks)) as pool:
            def have():
                return list(pool.map(lambda talk: talk[0](d, talk[1]), talks))

            fast = have()
            shim.one_byte = 1
            slow = have()
        for (_, path), one, other in zip(talks, fast, slow):
            for part, again in zip(one, other):
                if part != again:
                    raise Failure(f"{path or 'commands'}: {again!r} instead of {part!r}")
    finally:
        d.end()
        shim.close()
    return f"{len(talks) - 1} scripts, {len(fast[-1])} answers the same"


OWN = [one_byte_answers, one_byte_transcripts]
