"""By the clock: one byte a second in head and body is cut at the deadline, not a byte later."""

import itertools
import time

import pytest

from checks import assert_problem
from rawhttp import Connection
from server import wait_until
from stress import (Job, assert_whole_problem, brief, drip, endless, ends, is_cut, rejections,
                    stream_without_end, trickle)
from timing import SLACK

TOLD = 0.3
"""How late a deadline may be told: connections are looked at ten times a second."""

BYTES = itertools.repeat(b"a")


def assert_on_time(begun, deadline):
    took = time.monotonic() - begun
    assert deadline - 0.01 <= took <= deadline + SLACK * TOLD, (
        f"{took:.2f} s, where the deadline is {deadline} s")


@pytest.mark.parametrize("idle", ["2", "60"])
def test_a_byte_a_second_in_the_head(start_server, idle):
    server = start_server("--header-timeout", "4", "--idle-timeout", idle)
    begun = time.monotonic()
    with Connection(server) as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\nX: ")
        drip(connection, BYTES, pause=1)
        assert ends(connection)
    assert_on_time(begun, 4)


@pytest.mark.parametrize("idle", ["2", "60"])
def test_a_byte_a_second_in_the_body(start_server, idle):
    server = start_server("--body-timeout", "4", "--idle-timeout", idle)
    with Connection(server) as connection:
        connection.send(Job(brief().target, bytes(1000)).head())
        begun = time.monotonic()
        drip(connection, BYTES, pause=1)
        assert_whole_problem(connection.read_response(), 408)
        assert_on_time(begun, 4)


def test_a_computation_has_its_time(start_server):
    server = start_server("--compute-timeout", "2", "--threads", "1")
    with server.client() as client:
        begun = time.monotonic()
        assert_problem(endless().ask(client), 504)
        assert_on_time(begun, 2)


def test_a_streamed_answer_has_its_time(start_server):
    server = start_server("--compute-timeout", "2", "--threads", "1")
    with Connection(server) as connection:
        begun = time.monotonic()
        connection.send(trickle().sent())
        assert connection.read_head().status == 200
        assert is_cut(connection)
    assert_on_time(begun, 2)


def test_a_reader_that_stops_has_its_time(start_server):
    server = start_server("--idle-timeout", "2", "--threads", "1")
    with Connection(server, receive_buffer=16384) as connection:
        connection.send(stream_without_end().sent())
        assert connection.read_head().status == 200
        wait_until(server.is_quiet, "the job waits for its reader")
        begun = time.monotonic()
        wait_until(lambda: rejections(server, "timeout_reader") == 1, "the reader's time is over")
        took = time.monotonic() - begun
        assert is_cut(connection)
    assert took <= 2 + SLACK * TOLD, f"{took:.2f} s after the job has stopped to compute"
