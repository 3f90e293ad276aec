# SPDX-License-Identifier: BSD-2-Clause
"""abuse_shim.py -- the other end of tests/shim.c: what stands between a daemon and its C library does as it is told here."""
import mmap
import os
import struct
import tempfile

from abuse_daemon import BUILT, TELMOND, Skip

MEMORY, DESCRIPTORS = 1, 2
_WORDS = ("loaded", "family", "count", "first", "last", "failed", "spared", "one_byte", "clock_jumps")


class Shim:
    """Words of a page that is shared with one daemon; Daemon(shim=...) starts that."""

    def __init__(self):
        with open(TELMOND, "rb") as f:
            if b"__tsan_init" in f.read():
                raise Skip("the thread sanitizer wants to be alone with the C library")
        fd, self.path = tempfile.mkstemp(prefix="telmon-shim-")
        os.ftruncate(fd, mmap.PAGESIZE)
        self.page = mmap.mmap(fd, mmap.PAGESIZE)
        os.close(fd)

    def __getattr__(self, name):
        if name not in _WORDS:
            raise AttributeError(name)
        return struct.unpack_from("Q", self.page, 8 * _WORDS.index(name))[0]

    def __setattr__(self, name, value):
        if name in _WORDS:
            struct.pack_into("Q", self.page, 8 * _WORDS.index(name), value)
        else:
            super().__setattr__(name, value)

    def environment(self):
        return dict(os.environ, TELMON_SHIM=self.path, LD_PRELOAD=BUILT + "/tests/.libs/shim.so",
                    # A sanitizer's run time wants to come first; behind us it works as well.
                    ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")

    def fail(self, family, first, last=None):
        """From now on calls of this family are counted, and those of these numbers fail."""
        self.family = 0
        self.count = self.failed = self.spared = 0
        self.first, self.last = first, first if last is None else last
        self.family = family

    def stop(self):
        """Nothing fails any more. How many were counted."""
        self.family = 0
        return self.count

    def close(self):
        self.page.close()
        os.unlink(self.path)
