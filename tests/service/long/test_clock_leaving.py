"""By the clock: how soon the processor of a client that left is free, and a signal's end comes."""

import contextlib
import socket
import struct

import pytest

from rawhttp import Connection
from server import wait_until
from stress import (Occupants, brief, cancelled, endless, squeeze, stream_without_end,
                    wait_for_work, waiting)
from timing import SLACK, within

STOPPED = 0.3
TESTED = 1.0
"""Until a client whose sending side is closed is tested for being there."""


def close(connection):
    connection.close()


def reset(connection):
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("leave, soon", [(close, TESTED + STOPPED), (reset, STOPPED)],
                         ids=["close", "reset"])
@pytest.mark.parametrize("job, reads, works", [
    (endless(), 0, 0.2), (stream_without_end(), 3_000_000, 0), (squeeze(), 0, 3),
], ids=["a job", "a streamed answer", "a frame that is compressed"])
def test_a_job_stops_soon_after_its_client_left(start_server, job, reads, works, leave,
                                                      soon):
    """What it still uses is measured by its own clock, that of the processor."""
    server = start_server("--threads", "1")
    with Connection(server) as connection:
        connection.send(job.sent())
        if reads:
            assert connection.read_head().status == 200
            connection.read_exactly(reads)
        else:
            wait_for_work(server, works)
        before = server.cpu_seconds()
        with within(soon, "it is counted"):
            leave(connection)
            wait_until(lambda: cancelled(server) == 1, "it is counted")
        wait_until(server.is_quiet, "the processor is free")
        used = server.cpu_seconds() - before
    assert used <= SLACK * soon, f"{used:.2f} s of the processor after the client had left"


def test_two_signals_end_it_within_a_second(start_server):
    server = start_server("--threads", "1")
    with contextlib.ExitStack() as stack:
        stack.enter_context(Occupants(server)).take_all_threads()
        for job in 3 * [endless()]:
            stack.enter_context(Connection(server)).send(job.sent())
        wait_until(lambda: waiting(server) == 3, "some wait")
        with within(1, "the end"):
            server.terminate()
            wait_until(lambda: "draining" in server.stderr(), "it heard the first one")
            server.terminate()
            server.finish()


def test_the_end_comes_soon_after_the_time_to_drain(start_server):
    """A second and then one for the last answers."""
    server = start_server("--threads", "1", "--drain-timeout", "1")
    with contextlib.ExitStack() as stack:
        stack.enter_context(Occupants(server)).take_all_threads()
        for _ in range(2):
            stack.enter_context(Connection(server)).send(endless().sent())
        stack.enter_context(Connection(server)).send(brief().sent()[:-1])
        wait_until(lambda: waiting(server) == 2, "some wait")
        with within(2, "the end"):
            server.terminate()
            server.finish()
