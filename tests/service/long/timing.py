"""What the tests of deadlines share: the clock, and how much later than its mark a thing may be."""

import contextlib
import time

from server import SANITIZED

SLACK = 5
SLOWNESS = 4 if SANITIZED else 1
"""How much longer a sanitizer's build takes for what it computes."""


@contextlib.contextmanager
def within(seconds, what):
    """Fails if its block takes longer than SLACK times the mark."""
    begun = time.monotonic()
    yield
    took = time.monotonic() - begun
    assert took <= SLACK * seconds, f"{what}: {took:.3f} s, where the mark is {seconds:g} s"


def measured(action):
    """The seconds that it takes."""
    begun = time.monotonic()
    action()
    return time.monotonic() - begun
