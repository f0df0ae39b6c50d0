"""Lets allocations, or input and output, of a running server fail: the test's side of tests/faults."""

import ctypes
import mmap
import os
import pathlib
import tempfile

from server import BINARY

LIBRARIES = pathlib.Path(BINARY).parent / "tests"
FIRST = "verify_asan_link_order=0"
"""The address sanitizer allows another library before its own: this one calls it in turn."""


class Shared(ctypes.Structure):
    """struct faults."""
    _fields_ = [(name, ctypes.c_int64)
                for name in ("count", "fails", "rest", "failed", "holds", "held", "denied")]


class SharedIo(ctypes.Structure):
    """struct io_faults."""
    _fields_ = [(name, ctypes.c_int64)
                for name in ("call", "count", "first", "every", "error", "failed")]


def preload(library, variable, structure):
    """A structure that is shared with the library, the file of it, and a server's settings."""
    assert (LIBRARIES / library).is_file(), f"there is no {library}: build the tests as well"
    file = tempfile.NamedTemporaryFile()
    file.truncate(mmap.PAGESIZE)
    shared = structure.from_buffer(mmap.mmap(file.fileno(), mmap.PAGESIZE))
    return shared, file, {"LD_PRELOAD": str(LIBRARIES / library), variable: file.name,
                          "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:{FIRST}"}


CALLS = ("recv", "send", "accept", "wait", "watch", "duplicate", "eventfd", "log")
"""The kinds of calls, as enum call has them."""

PART = 0
"""In place of an errno: the call handles one byte, or one event."""


class IoFaults:
    """Which calls fail next, in servers started with `settings`."""

    def __init__(self):
        self.shared, self.file, self.settings = preload("io_interposer.so", "IO_FAULTS", SharedIo)

    def close(self):
        self.disarm()
        self.file.close()

    def arm(self, call, error, first, every=0):
        """From now on the call `first`, from 1, fails, and each `every`-th after it; 0: none."""
        self.shared.first = 0
        self.shared.call, self.shared.error = CALLS.index(call), error
        self.shared.count = self.shared.failed = 0
        self.shared.every = every
        self.shared.first = first

    def disarm(self):
        """How many calls of that kind there were since, and how many of them failed."""
        self.shared.first = 0
        return self.shared.count, self.shared.failed


class Faults:
    """Which allocation fails next, in servers started with `settings`."""

    def __init__(self):
        self.shared, self.file, self.settings = preload("interposer.so", "FAULTS", Shared)

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
