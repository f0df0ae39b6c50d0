"""By the clock: refusals and health while everything is taken, and a long time of too many."""

import statistics
import time

import pytest

from checks import assert_ok
from rawhttp import Connection, request_head
from stress import (JOB_THREADS, Job, Occupants, assert_refused, brief, endless, streamed)
from test_full_queue import QUEUE, run_crowd
from timing import SLACK, SLOWNESS, measured, within

REFUSAL = 0.05
HEALTH = 0.1
LONG = 30


@pytest.fixture
def full(start_server):
    """Every job thread computes, and the queue is full of jobs that would."""
    server = start_server("--queue", "4", "--threads", "0", "--admin-listen", "127.0.0.1:0")
    with Occupants(server, endless()) as occupants:
        occupants.fill()
        yield server


@pytest.mark.parametrize("size", [1000, 256 * 1024])
@pytest.mark.parametrize("expect", [{}, {"Expect": "100-continue"}], ids=["sends", "asks"])
def test_a_refusal_is_soon_there(full, size, expect):
    for _ in range(50):
        with Connection(full) as connection, within(REFUSAL, "a refusal"):
            connection.send(Job(streamed().target, bytes(size)).head(**expect))
            response = connection.read_head()
            connection.read_body(response)
            assert_refused(response)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_health_is_soon_told_under_full_load(full, path):
    with full.client() as client, full.operator() as operator:
        for _ in range(50):
            with within(HEALTH, path):
                assert_ok(client.get(path))
            with within(HEALTH, path):
                assert_ok(operator.get(path))


def test_health_is_soon_told_when_no_connection_is_left(start_server):
    server = start_server("--max-connections", "200", "--admin-listen", "127.0.0.1:0")
    held = [Connection(server) for _ in range(200)]
    for connection in held:
        connection.send(request_head("GET", "/v1"))
        assert connection.read_response().status == 200
    pushing = [Connection(server) for _ in range(50)]
    with server.operator() as operator:
        for path in 20 * ["/healthz", "/readyz", "/metrics"]:
            with within(HEALTH, path):
                assert_ok(operator.get(path))
    for connection in held + pushing:
        connection.close()


def test_ten_times_as_many_as_there_is_room_for_half_a_minute(start_server):
    """Whoever is admitted waits for those before him, and not for those who are refused."""
    server = start_server("--queue", str(QUEUE), "--threads", "1")
    with server.client() as client:
        alone = statistics.median(measured(lambda: assert_ok(brief().ask(client)))
                                  for _ in range(20))
    end = time.monotonic() + LONG
    crowd = run_crowd(server, lambda crowd: time.monotonic() > end, patience=2 * LONG)
    assert crowd.answers[503] > 1000 and crowd.answers[200] > 200
    bound = 1000 * SLACK * SLOWNESS * (JOB_THREADS + QUEUE) * max(alone, 0.02)
    assert max(crowd.queued) < bound, f"{max(crowd.queued):.0f} ms in the queue, not {bound:.0f}"
