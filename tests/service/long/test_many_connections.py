"""4,000 connections on which nothing happens: what they take, and what they do to the others."""

import contextlib
import resource
import statistics

import pytest

from checks import assert_ok
from rawhttp import Connection, request_head
from server import SANITIZED, wait_until
from stress import brief, metrics
from timing import measured

COUNT = 4000
MOST_MEMORY = 200 << 20
ROUNDS = 10
REQUESTS = 100
MOST_SLOWER = 1.5
"""By the median of pairs of rounds, one after the other, each of which has its 99th percentile."""


def percentile_of_a_round(client):
    times = sorted(measured(lambda: assert_ok(brief().ask(client))) for _ in range(REQUESTS))
    return times[round(0.99 * REQUESTS) - 1]


@contextlib.contextmanager
def idle_connections(server):
    """Each of them has had an answer."""
    with contextlib.ExitStack() as stack:
        held = []
        for _ in range(COUNT):
            held.append(stack.enter_context(Connection(server)))
            held[-1].send(request_head("GET", "/healthz"))
        for connection in held:
            assert connection.read_response().status == 200
        wait_until(lambda: metrics(server)["dissolved_connections"] >= COUNT, "all are open")
        yield held
        for connection in held:
            connection.send(request_head("GET", "/healthz"))
        for connection in held:
            assert connection.read_response().status == 200, "one of them was cut"


def test_idle_connections_take_little_and_slow_nobody(start_server):
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > COUNT + 100, "no descriptors"
    server = start_server("--idle-timeout", "1h", "--header-timeout", "1h")
    alone, among, grown = [], [], []
    with server.client() as client:
        percentile_of_a_round(client)
        for _ in range(ROUNDS):
            alone.append(percentile_of_a_round(client))
            before = server.resident_memory()
            with idle_connections(server):
                grown.append(server.resident_memory() - before)
                among.append(percentile_of_a_round(client))
            wait_until(lambda: metrics(server)["dissolved_connections"] < COUNT / 10, "they left")
            assert SANITIZED or grown[0] < MOST_MEMORY, f"{grown[0] >> 20} MiB for {COUNT} of them"
    ratio = statistics.median(there / here for there, here in zip(among, alone))
    print(f"99th percentile {1000 * statistics.median(alone):.2f} ms alone, "
          f"{1000 * statistics.median(among):.2f} ms among {COUNT}; {grown[0] >> 20} MiB")
    assert ratio < MOST_SLOWER, f"requests take {ratio:.2f} times as long among idle connections"


@pytest.mark.parametrize("connections", [0, 1])
def test_who_waits_for_nothing_uses_no_processor(start_server, connections):
    """Ten looks a second at one connection, and none at all without one."""
    server = start_server()
    with contextlib.ExitStack() as stack:
        for _ in range(connections):
            stack.enter_context(Connection(server))
        wait_until(server.is_quiet, "the server has started")
        before = server.cpu_seconds()
        for _ in range(10):
            assert server.is_quiet()
        assert server.cpu_seconds() - before <= 0.02
