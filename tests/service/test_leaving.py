"""The client leaves: its job's processor is free, its place in the queue too, and it is counted."""

import socket
import struct

import pytest

from checks import assert_ok
from rawhttp import Connection
from server import wait_until
from stress import (Occupants, brief, cancelled, endless, ends, request_lines, small,
                    stream_without_end, wait_for_work, waiting)


def close(connection):
    connection.close()


def reset(connection):
    """As a process that ends with unread data does."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


LEAVING = pytest.mark.parametrize("leave", [close, reset])


@pytest.fixture
def server(start_server):
    return start_server("--threads", "1")


def assert_counted(server, count=1):
    wait_until(lambda: cancelled(server) == count, f"{count} who left are counted")
    wait_until(lambda: sum(line["cancelled"] for line in request_lines(server)) == count,
               "the log tells of them")


@LEAVING
def test_a_job_whose_client_leaves_is_stopped_and_counted(server, leave):
    with Connection(server) as connection:
        connection.send(endless().sent())
        wait_for_work(server)
        leave(connection)
        assert_counted(server)
    line = next(line for line in request_lines(server) if line["cancelled"])
    assert line["status"] is None and line["path"] == "/v1/images/frames"
    wait_until(server.is_quiet, "the processor is free", patience=15)
    with server.client() as client:
        assert_ok(brief().ask(client))


@LEAVING
@pytest.mark.parametrize("reads", [True, False], ids=["reading", "not reading"])
def test_a_streamed_answer_whose_client_leaves_is_stopped_and_counted(server, leave, reads):
    with Connection(server, receive_buffer=16384) as connection:
        connection.send(stream_without_end().sent())
        assert connection.read_head().status == 200
        if reads:
            connection.read_exactly(3_000_000)
        leave(connection)
        assert_counted(server)
    line = next(line for line in request_lines(server) if line["cancelled"])
    assert line["status"] == 200 and line["bytes_out"] >= (3_000_000 if reads else 0)
    wait_until(server.is_quiet, "the processor is free", patience=15)


@LEAVING
def test_who_leaves_the_queue_makes_room_at_once(start_server, leave):
    """All job threads wait for readers, so that nobody who queues can move up."""
    server = start_server("--threads", "1", "--queue", "1")
    with Occupants(server) as occupants, server.client() as client:
        occupants.take_all_threads()
        for count in (1, 2, 3):
            with Connection(server) as connection:
                connection.send(brief().sent())
                wait_until(lambda: waiting(server) == 1, "the request waits")
                assert brief().ask(client).status_code == 503
                leave(connection)
                wait_until(lambda: waiting(server) == 0, "its place is free")
                assert_counted(server, count)
        for occupant in occupants.connections[:1]:
            occupant.close()
        assert_ok(brief().ask(client))


@LEAVING
def test_many_who_leave_together_leave_nothing(server, leave):
    connections = [Connection(server) for _ in range(20)]
    for connection in connections:
        connection.send(endless().sent())
    wait_for_work(server)
    for connection in connections:
        leave(connection)
        connection.close()
    assert_counted(server, len(connections))
    with server.client() as client:
        assert_ok(brief().ask(client))
    wait_until(server.is_quiet, "the processor is free", patience=15)


def test_a_client_of_http_1_0_that_closes_its_sending_side_has_left(server):
    """There is nothing that it could be sent to see whether it reads."""
    with Connection(server) as connection:
        connection.send(endless().sent().replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        wait_for_work(server)
        connection.socket.shutdown(socket.SHUT_WR)
        assert ends(connection)
    assert_counted(server)


def test_half_a_body_is_given_up_when_no_more_can_come(server):
    with Connection(server) as connection:
        connection.send(endless().sent()[:-1])
        connection.socket.shutdown(socket.SHUT_WR)
        assert ends(connection)
    assert_counted(server)


def test_who_reads_to_the_end_has_not_left(server):
    for job in (small(), brief()):
        with Connection(server) as connection:
            connection.send(job.sent())
            assert connection.read_response().status == 200
    assert cancelled(server) == 0
