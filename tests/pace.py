# SPDX-License-Identifier: BSD-2-Clause
"""pace.py -- a clock for tests of how soon something is done: it stands still while the machine does.

A machine with other tenants stops now and then for half a second, whoever waits for what. now() is time.monotonic() without
those stops: without what a thread that ticks came too late, past what the scheduler of a busy machine makes of it. A daemon that
is slow, or burns processors, makes no tick so late.
"""
import os
import threading
import time

TICK = 0.005
TURN = 0.05  # others' turns on the processors take no longer; what does is a stop


class Clock:
    def __init__(self):
        # Seconds by which ticks came too late, and when the next one should come: one object, since two threads look at it.
        self.state = 0.0, time.monotonic() + TICK
        threading.Thread(target=self.tick, daemon=True).start()

    def tick(self):
        while True:
            lost, due = self.state
            time.sleep(max(0, due - time.monotonic()))
            woken = time.monotonic()
            self.state = lost + max(0, woken - due - TURN), woken + TICK

    def now(self):
        lost, due = self.state
        return min(time.monotonic(), due + TURN) - lost  # past a tick that has not come for so long, all is lost


clock = None


def now():
    """Seconds, from no particular beginning."""
    global clock
    clock = clock or Clock()
    return clock.now()


def forget():
    global clock
    clock = None


os.register_at_fork(after_in_child=forget)  # a child has no thread that ticks
