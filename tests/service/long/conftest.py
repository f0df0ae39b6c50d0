"""Deadlines by the clock, and loads that take long: ./dev test long runs what is here.

Each mark is that of the service; what is asserted is SLACK times as much, for a machine that does
other things, too.
"""

import resource
import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))


@pytest.fixture(scope="session", autouse=True)
def many_descriptors():
    """One for each connection that a test holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
