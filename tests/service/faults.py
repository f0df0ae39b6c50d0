"""Lets allocations of a running server fail, or large ones wait: the test's side of tests/faults/interposer.c."""

import ctypes
import mmap
import os
import pathlib
import tempfile

from server import BINARY

INTERPOSER = pathlib.Path(BINARY).parent / "tests" / "interposer.so"
FIRST = "verify_asan_link_order=0"
"""The address sanitizer allows another library before its own: this one calls it in turn."""


class Shared(ctypes.Structure):
    """struct faults."""
    _fields_ = [(name, ctypes.c_int64)
                for name in ("count", "fails", "rest", "failed", "holds", "held", "denied")]


class Faults:
    """Which allocation fails next, in servers started with `settings`."""

    def __init__(self):
        assert INTERPOSER.is_file(), f"there is no {INTERPOSER}: build the tests as well"
        self.file = tempfile.NamedTemporaryFile()
        self.file.truncate(mmap.PAGESIZE)
        self.shared = Shared.from_buffer(mmap.mmap(self.file.fileno(), mmap.PAGESIZE))
        self.settings = {"LD_PRELOAD": str(INTERPOSER), "FAULTS": self.file.name,
                         "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:{FIRST}"}

    def close(self):
        self.let_go()
        self.file.close()

    def arm(self, number, rest=False):
        """From now on allocation `number`, from 1, fails, and with rest all after it; 0: none."""
        self.shared.fails = 0
        self.shared.count = self.shared.failed = 0
        self.shared.rest = int(rest)
        self.shared.fails = number

    def disarm(self):
        """How many were asked for since, and how many of them failed."""
        self.shared.fails = 0
        return self.shared.count, self.shared.failed

    def hold(self):
        """From now on nobody decodes a picture of a megabyte or more."""
        self.shared.held = 0
        self.shared.holds = 1

    def held(self):
        """How many would have."""
        return self.shared.held

    def overstep(self):
        """The next allocation makes a system call that the sandbox denies: getppid."""
        self.shared.denied = 1

    def let_go(self):
        self.shared.holds = 0
