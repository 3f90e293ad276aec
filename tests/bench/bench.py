#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""bench.py BUILDDIR [NAME...] -- telmon beside a bare server, from one run.

Each ratio is the median of alternating pairs, because machines are shared and noisy: what disturbs one run mostly
disturbs the one beside it, so many short pairs are worth more than few long ones. Names: once keep process hold rest start editors isolate; all of them without one.
"""
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

PAIRS = 15
SECONDS = 0.7
CLIENTS = 4


class Bench:
    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.dir = tempfile.mkdtemp(prefix="telmon-bench-")
        self.missed = []
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def tool(self, *words):
        path = os.path.join(self.build, "tests/bench", words[0])
        return [path] + [str(w) for w in words[1:]]

    def number(self, *words):
        return float(subprocess.run(self.tool(*words), check=True, capture_output=True, text=True).stdout)

    def daemon(self, config="", socket=True, plugins=None):
        """Starts telmond; returns the process and its port."""
        path = os.path.join(self.dir, "telmond.conf")
        with open(path, "w") as f:
            f.write(config)
        words = [os.path.join(self.build, "telmond"), "-c", path, "-l", "telnet://127.0.0.1:0",
                 "-p", plugins or os.path.join(self.build, "plugins/.libs")]
        daemon = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        for text in daemon.stderr:
            found = re.match(r"listening on telnet://.*:(\d+)$", text)
            if found:
                break
        else:
            sys.exit("telmond did not start")
        time.sleep(1.5)  # the second samples are there, start-up is over
        return daemon, int(found.group(1))

    def bare(self, size):
        server = subprocess.Popen(self.tool("bare", size), stdout=subprocess.PIPE, text=True)
        return server, int(server.stdout.readline())

    def stop(self, *processes):
        for p in processes:
            p.send_signal(signal.SIGTERM)
            p.wait()
            for pipe in (p.stdout, p.stderr, p.stdin):
                if pipe:
                    pipe.close()

    def answer(self, port, line):
        return subprocess.run(["nc", "-N", "127.0.0.1", str(port)], input=line + "\n", check=True,
                              capture_output=True, text=True).stdout

    def report(self, name, unit, ours, theirs, ratio, goal, at_least):
        good = ratio >= goal if at_least else ratio <= goal
        word = "at least" if at_least else "at most"
        theirs = "" if theirs is None else f"  bare {theirs:>10.1f} {unit}"
        print(f"{name:<34} telmon {ours:>10.1f} {unit}{theirs}  = {ratio:.3f} ({word} {goal}){'' if good else '  MISSED'}",
              flush=True)
        if not good:
            self.missed.append(name)

    def pairs(self, name, unit, ours, theirs, goal, at_least=True):
        """Medians of alternating runs; the ratio is the median of the pairs' ratios."""
        a, b = [], []
        for i in range(PAIRS):
            first, second = ((a, ours), (b, theirs)) if i % 2 == 0 else ((b, theirs), (a, ours))
            first[0].append(first[1]())
            second[0].append(second[1]())
        ratio = statistics.median(x / y for x, y in zip(a, b))
        self.report(name, unit, statistics.median(a), statistics.median(b), ratio, goal, at_least)

    def once(self):
        daemon, port = self.daemon()
        server, bare_port = self.bare(len(self.answer(port, "cpu")))
        self.pairs("one shot cpu, 4 clients", "/s",
                   lambda: self.number("load", "once", port, CLIENTS, SECONDS, "cpu"),
                   lambda: self.number("load", "once", bare_port, CLIENTS, SECONDS, "cpu"), 0.80)
        self.stop(daemon, server)

    def keep(self):
        daemon, port = self.daemon()
        size = len(self.answer(port, "cpu --json"))
        server, bare_port = self.bare(size)
        self.pairs("cpu --json kept open, 4 clients", "/s",
                   lambda: self.number("load", "keep", port, CLIENTS, SECONDS, "cpu --json", 0),
                   lambda: self.number("load", "keep", bare_port, CLIENTS, SECONDS, "cpu --json", size), 0.80)
        self.stop(daemon, server)

    def process(self):
        crowd = subprocess.Popen(self.tool("load", "crowd", 1000), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        crowd.stdout.readline()
        daemon, port = self.daemon()
        self.answer(port, "process")
        self.pairs("process, 1,000 processes", "us",
                   lambda: self.number("load", "paced", port, 3, 600, "process"),
                   lambda: self.number("walk", 3, 600), 1.5, at_least=False)
        self.stop(daemon)
        crowd.stdin.close()
        crowd.wait()
        crowd.stdout.close()

    def resident(self, daemon):
        with open(f"/proc/{daemon.pid}/status") as f:
            return int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))

    def hold(self):
        count = 10000
        daemon, port = self.daemon("max_sessions = 12000\nidle_timeout = 0\n")
        load = lambda: self.number("load", "once", port, CLIENTS, SECONDS, "cpu")
        load()
        before = self.resident(daemon)
        alone, full, sizes = [], [], []
        for _ in range(5):
            alone.append(load())
            holder = subprocess.Popen(self.tool("load", "hold", port, count), stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
            holder.stdout.readline()
            time.sleep(1)
            sizes.append((self.resident(daemon) - before) / count)
            full.append(load())
            holder.stdin.close()
            holder.wait()
            holder.stdout.close()
            time.sleep(1)
        size = sizes[0]  # threads that stay ready make later rounds look cheaper
        self.report("10,000 held: KiB resident each", "KiB", size, None, size, 40, False)
        ratio = statistics.median(f / a for f, a in zip(full, alone))
        self.report("10,000 held: one-shot rate", "/s", statistics.median(full), None, ratio, 0.7, True)
        self.stop(daemon)

    def editors(self):
        """People with line editors: what one costs, how soon a key is echoed, that nothing is kept."""
        count, typing = 1000, 200
        config = f"max_sessions = 1200\nmax_editors = {count}\nidle_timeout = 0\n"
        daemon, port = self.daemon(config)
        ms = self.number("typists", "open", port, 20) / 1000
        self.report("editor: first prompt after probe: ms", "ms", ms, None, ms, 30, False)
        before = self.resident(daemon)
        holder = subprocess.Popen(self.tool("typists", "hold", port, count), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        if holder.stdout.readline() != "ready\n":
            sys.exit("the typists did not come")
        size = (self.resident(daemon) - before) / count
        self.report("1,000 editors: KiB resident each", "KiB", size, None, size, 170, False)
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()
        # One after another, now that the allocator has as many arenas as it will ever have.
        self.number("typists", "open", port, 3000)
        first = self.resident(daemon)
        self.number("typists", "open", port, 9000)
        grown = self.resident(daemon) - first
        self.report("9,000 editors more: KiB grown", "KiB", grown, None, grown, 256, False)
        self.stop(daemon)
        daemon, port = self.daemon(config)
        out = subprocess.run(self.tool("typists", "type", port, count, typing, 10), check=True, capture_output=True,
                             text=True).stdout
        median, p99 = (float(x) / 1000 for x in out.split())
        print(f"{'1,000 editors, 200 type: median echo':<34} telmon {median:>10.3f} ms", flush=True)
        self.report("1,000 editors, 200 type: p99 echo", "ms", p99, None, p99, 5, False)
        self.stop(daemon)

    def plugin(self, folder, name, interval):
        """Compiles plugin.c; returns its path."""
        here = os.path.dirname(os.path.abspath(__file__))
        path = os.path.join(folder, name + ".so")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", f"-DNAME={name}", f"-DINTERVAL={interval}",
                        "-I", os.path.join(here, "../../include"), "-o", path, os.path.join(here, "plugin.c")], check=True)
        return path

    def isolate(self):
        """The same plugin inside and in a child: what the way costs."""
        trusted, other = os.path.join(self.dir, "trusted"), os.path.join(self.dir, "other")
        os.mkdir(trusted)
        os.mkdir(other)
        self.plugin(trusted, "inside", 0.1)
        daemon, port = self.daemon(f'plugin isolated {{ file = "{self.plugin(other, "isolated", 0.1)}" }}\n', plugins=trusted)
        # Without a pause, and with one in which processors go to sleep: waking them is the machine's, and twice as often there.
        for pause_ms in (0, 2):
            times = {"inside": [], "isolated": []}
            for name in ("inside", "isolated") * PAIRS:
                times[name].append(self.number("load", "paced", port, 200, pause_ms, name))
            inside, isolated = (statistics.median(times[name]) for name in times)
            more = statistics.median(b - a for a, b in zip(*times.values()))
            if pause_ms:
                print(f"{f'the same every {pause_ms} ms':<34} telmon {isolated:>10.1f} us  bare {inside:>10.1f} us  = {more:.3f}")
            else:
                self.report("isolated run: us more than inside", "us", isolated, inside, more, 60, False)
        time.sleep(5)
        took = {"inside": [], "isolated": []}
        for _ in range(PAIRS):
            for row in json.loads(self.answer(port, "plugins --json"))["rows"]:
                took[row["name"]].append(row["p50_collect_s"] * 1e6)
            time.sleep(1)
        inside, isolated = (statistics.median(took[name]) for name in took)
        self.report("isolated collect of 100: us more", "us", isolated, inside, isolated - inside, 100, False)
        self.stop(daemon)
        os.unlink(os.path.join(trusted, "inside.so"))
        many = [self.plugin(other, f"many{i:c}{j:c}", 1) for i in range(97, 102) for j in range(97, 107)]
        config = "".join(f'plugin {os.path.basename(path)[:-3]} {{ file = "{path}" }}\n' for path in many)
        daemon, _ = self.daemon(config, plugins=trusted)
        time.sleep(3)
        pids = [daemon.pid] + self.children(daemon.pid)
        clocks = [(~pid << 3) | 2 for pid in pids]
        before, seconds = sum(map(time.clock_gettime, clocks)), 20
        time.sleep(seconds)
        share = (sum(map(time.clock_gettime, clocks)) - before) * 100 / seconds
        self.report(f"{len(pids) - 1} isolated at 1 s: % of one core", "%", share, None, share, 2, False)
        self.stop(daemon)

    def children(self, pid):
        found = []
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as f:
                found += [int(word) for word in f.read().split()]
        return found

    def rest(self):
        daemon, _ = self.daemon()
        clock = (~daemon.pid << 3) | 2  # the process's CPU clock, exact where ticks are not
        seconds = 30
        start = time.clock_gettime(clock)
        time.sleep(seconds)
        share = (time.clock_gettime(clock) - start) * 100 / seconds
        self.report("at rest: resident MiB", "MiB", self.resident(daemon) / 1024, None,
                    self.resident(daemon) / 1024, 8, False)
        self.report("at rest: % of one core", "%", share, None, share, 0.2, False)
        self.stop(daemon)

    def start(self):
        path = os.path.join(self.dir, "start.sock")
        config = os.path.join(self.dir, "start.conf")
        with open(config, "w"):
            pass
        words = [os.path.join(self.build, "telmond"), "-c", config, "-l", f"unix:{path}",
                 "-p", os.path.join(self.build, "plugins/.libs")]
        times = []
        for _ in range(9):
            if os.path.exists(path):
                os.unlink(path)
            out = subprocess.run(self.tool("load", "start", path, "load", *words), check=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
            times.append(float(out) / 1000)
        ms = statistics.median(times)
        self.report("first load answer after exec: ms", "ms", ms, None, ms, 20, False)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    bench = Bench(sys.argv[1])
    names = sys.argv[2:] or ["start", "once", "keep", "process", "rest", "hold", "editors", "isolate"]
    for name in names:
        getattr(bench, name)()
    if bench.missed:
        sys.exit("missed: " + "; ".join(bench.missed))


main()
