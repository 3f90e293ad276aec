#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""abuse.py [CASE...] -- does to a real telmond what the network will do, and looks after each case whether

  - a session that was open before still answers, and a new one is served, at once
  - the process is the same, and no sanitizer has spoken
  - descriptors are back where they were
  - memory and threads come to rest when the case is run again and again
  - the log grew by a bounded number of lines

A case is a function in one of the abuse_*.py; its name says what is done. With TELMON_ABUSE=full each is as large as it
gets (./dev abuse), which takes hours; else small enough for make check. Environment as for session.py, and builddir,
TEST_PATIENCE.
"""
import resource
import sys
import threading
import time

sys.dont_write_bytecode = True  # the sources may be read-only, and stay clean

import abuse_bytes
import abuse_input
import abuse_life
import abuse_network
import abuse_plugins
import abuse_scarce
import abuse_text
import abuse_transport
import pace
from abuse_daemon import SLOW, Daemon, Failure, Skip, settle, size, until

# These share one daemon, are run at least twice, and get it as their argument.
SHARED = abuse_transport.SHARED + abuse_input.SHARED + abuse_text.SHARED + abuse_life.SHARED
# These have one or more of their own.
OWN = abuse_text.OWN + abuse_life.OWN + abuse_plugins.OWN + abuse_transport.OWN + abuse_bytes.OWN + abuse_scarce.OWN
# These too, and they do little but wait: they run beside all others.
ASIDE = abuse_transport.ASIDE + abuse_network.ASIDE
# Lines that the log may grow by with each run, besides 20 for all: a session that was taken for a person's is worth two of them.
LINES = {abuse_transport.thousand_connects: 1800, abuse_transport.too_many_sessions: 2200,
         abuse_input.random_sessions: abuse_input.RANDOM_SESSIONS // 8}


def with_invariants(d, case):
    """Runs a case at least twice and looks at the seven invariants."""
    old = d.connect()
    old.sendall(b"/hold\necho before\n")
    until(old, b"before\n")
    descriptors, lines = d.descriptors(), d.log().count("\n")
    rss, threads = [], []
    for run in range(16):
        case(d)
        began = pace.now()
        old.sendall(b"echo old\n")
        until(old, b"old\n")
        if (waited := pace.now() - began) > (2 if SLOW else 0.1):
            raise Failure(f"an old session waited {waited:.3f} s")
        if d.ask("echo new") != b"new\n":
            raise Failure("a new session is not served")
        settle(d.descriptors, descriptors)
        rss.append(d.status("VmRSS"))
        threads.append(d.status("Threads"))
        # Threads stay ready for a minute with the stack that they touched; what leaks, grows with every run.
        if run and rss[run] - rss[run - 1] < (60000 if SLOW else 1024) and threads[run] - threads[run - 1] < 16:
            break
    else:
        raise Failure(f"memory or threads grow with every run: {rss} KiB, {threads}")
    old.close()
    grown = d.log().count("\n") - lines
    if grown > 20 + LINES.get(case, 0) * len(rss):
        raise Failure(f"the log grew by {grown} lines")


class Attempts:
    def __init__(self):
        self.failed = []

    def attempt(self, case, run=None):
        began = time.monotonic()
        try:
            said = (run or case)()
            print(f"ok   {case.__name__} ({time.monotonic() - began:.1f} s)" + (f": {said}" if said else ""), flush=True)
        except Skip as why:
            print(f"skip {case.__name__}: {why}", flush=True)
        except Exception as why:
            print(f"FAIL {case.__name__}: {type(why).__name__}: {why}", flush=True)
            self.failed.append(case.__name__)


def main():
    wanted = set(sys.argv[1:])
    unknown = wanted - {case.__name__ for case in SHARED + OWN + ASIDE}
    if unknown:
        sys.exit(f"abuse.py: no case {' '.join(sorted(unknown))}")
    shared, own, aside = ([c for c in cases if not wanted or c.__name__ in wanted] for cases in (SHARED, OWN, ASIDE))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    all = Attempts()
    beside = [threading.Thread(target=all.attempt, args=(case,)) for case in aside]
    for thread in beside:
        thread.start()
    if shared:
        d = Daemon(f"idle_timeout = {size(60, 86400)}\n")  # the old session is silent as long as a case takes
        for case in shared:
            all.attempt(case, lambda: with_invariants(d, case))
            if d.process.poll() is not None:
                print(d.log()[-4000:])
                break
        all.attempt(Daemon.end, d.end)
    for case in own:
        all.attempt(case)
    for thread in beside:
        thread.join()
    sys.exit(1 if all.failed else 0)


if __name__ == "__main__":
    main()
