"""Whoever takes too long is told so, or cut: heads, bodies, computations and readers."""

import itertools

import pytest

from checks import FRAMES, assert_ok, assert_problem
from rawhttp import Connection, request_head
from server import SANITIZED, wait_until
from stress import (LARGE_MEMORY, Job, Occupants, assert_whole_problem, brief, cancelled, drip,
                    endless, ends, flat_png, is_cut, large, metrics, rejections, small, streamed,
                    trickle, waiting)

BYTE = itertools.repeat(b"a")
GRACE = "10" if SANITIZED else "6"
"""A compute timeout that a streamed answer keeps, even if everything stands still for a while."""
BEGUN = "4" if SANITIZED else "2"
"""One that the beginning of an answer keeps, and all of it does not."""


# ---- Heads and bodies ----

@pytest.mark.parametrize("begun", [
    b"G", b"GET /healthz HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ",
], ids=["line", "no header", "in a header"])
def test_a_head_that_comes_byte_by_byte_is_cut(start_server, begun):
    server = start_server("--header-timeout", "0.5")
    with Connection(server) as connection:
        connection.send(begun)
        drip(connection, BYTE)
        assert ends(connection)
    wait_until(lambda: rejections(server, "timeout_header") == 1, "it is counted")


def test_a_second_head_on_a_connection_has_no_more_time_than_the_first(start_server):
    server = start_server("--header-timeout", "0.5")
    with Connection(server) as connection:
        connection.send(small().sent())
        assert connection.read_response().status == 200
        connection.send(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        drip(connection, BYTE)
        assert ends(connection)
    wait_until(lambda: rejections(server, "timeout_header") == 1, "it is counted")


def test_a_connection_that_says_nothing_at_all_is_closed(start_server):
    server = start_server("--header-timeout", "0.5")
    with Connection(server) as connection:
        assert connection.stream.read() == b""
    wait_until(lambda: rejections(server, "timeout_header") == 1, "it is counted")


def test_an_idle_connection_is_closed_and_that_is_no_rejection(start_server):
    server = start_server("--idle-timeout", "1", "--header-timeout", "0.5")
    with Connection(server) as connection:
        connection.send(request_head("GET", "/healthz"))
        assert connection.read_response().status == 200
        assert connection.stream.read() == b""
    assert rejections(server, "timeout_header") == 0


SLOW_BODIES = {
    "a picture": Job(brief().target, bytes(100_000)),
    "json": Job(small().target, bytes(100_000), "application/json"),
}


@pytest.mark.parametrize("job", SLOW_BODIES.values(), ids=SLOW_BODIES)
@pytest.mark.parametrize("asks", [False, True], ids=["sends", "asks"])
def test_a_body_that_comes_byte_by_byte_gets_a_408(start_server, job, asks):
    server = start_server("--body-timeout", "0.5")
    with Connection(server) as connection:
        connection.send(job.head(**({"Expect": "100-continue"} if asks else {})))
        if asks:
            assert connection.read_head().status == 100
        drip(connection, BYTE)
        response = connection.read_response()
        assert_whole_problem(response, 408)
        assert response.headers["connection"].lower() == "close"
        assert ends(connection)
    assert rejections(server, "timeout_body") == 1
    with server.client() as client:
        assert_ok(brief().ask(client))


def test_a_body_in_chunks_that_comes_byte_by_byte_gets_a_408(start_server):
    server = start_server("--body-timeout", "0.5")
    with Connection(server) as connection:
        connection.send(request_head("POST", brief().target, Content_Type="image/png",
                                     Transfer_Encoding="chunked"))
        drip(connection, itertools.repeat(b"1\r\na\r\n"))
        assert_whole_problem(connection.read_response(), 408)


def test_a_body_that_stops_gets_a_408(start_server):
    server = start_server("--body-timeout", "0.5", "--idle-timeout", "1")
    with Connection(server) as connection:
        connection.send(brief().sent()[:-1])
        assert_whole_problem(connection.read_response(), 408)
        assert ends(connection)


def test_what_is_still_sent_after_a_408_does_not_take_it_away(start_server):
    """The client looks for an answer only once all of its body is sent."""
    server = start_server("--body-timeout", "0.5")
    job = Job(brief().target, bytes(8 * 2**20))
    with Connection(server) as connection:
        connection.send(job.head())
        wait_until(lambda: rejections(server, "timeout_body") == 1, "its time is over")
        connection.send(job.body)
        assert_whole_problem(connection.read_response(), 408)


# ---- Computations ----

def test_a_computation_that_takes_too_long_gets_a_504(start_server):
    server = start_server("--compute-timeout", "0.5", "--threads", "1")
    with server.client() as client:
        assert_problem(endless().ask(client), 504)
        assert rejections(server, "timeout_compute") == 1
        assert_ok(small().ask(client))
        wait_until(server.is_quiet, "its job has stopped")
        assert_ok(brief().ask(client))
    assert rejections(server, "timeout_compute") == 1


def test_a_504_leaves_the_connection_as_it_was(start_server):
    server = start_server("--compute-timeout", "0.5", "--threads", "1")
    with Connection(server) as connection:
        for _ in range(2):
            connection.send(endless().sent())
            assert_whole_problem(connection.read_response(), 504)
        connection.send(small().sent())
        assert connection.read_response().status == 200


def test_who_waits_too_long_in_the_queue_gets_a_504_while_nobody_moves_up(start_server):
    """They wait for memory, of which a response has too much that waits for its reader."""
    server = start_server("--compute-timeout", GRACE, "--threads", "1", *LARGE_MEMORY)
    with Occupants(server, large(9)) as occupants:
        occupants.add()
        wait_until(lambda: metrics(server)["dissolved_slow_readers"] == 1, "it waits")
        with Connection(server) as first, Connection(server) as second:
            first.send(large(2).sent())
            second.send(large(3).sent())
            wait_until(lambda: waiting(server) == 2, "both wait")
            for connection in (first, second):
                assert_whole_problem(connection.read_response(), 504)
        assert waiting(server) == 0
        assert rejections(server, "timeout_compute") == 2
        for connection in occupants.connections:
            assert connection.read_response().status == 200, "a reader's time was counted"


def test_a_streamed_answer_that_takes_too_long_is_cut(start_server):
    server = start_server("--compute-timeout", BEGUN, "--threads", "1")
    with Connection(server) as connection:
        connection.send(trickle().sent())
        assert connection.read_head().status == 200
        assert is_cut(connection)
    assert rejections(server, "timeout_compute") == 1
    with server.client() as client:
        wait_until(server.is_quiet, "its job has stopped")
        assert_ok(small().ask(client))


def test_the_time_that_a_job_waits_for_its_reader_is_not_counted(start_server, client):
    expected = assert_ok(streamed().ask(client)).content
    server = start_server("--compute-timeout", GRACE, "--threads", "1")
    with Occupants(server, streamed()) as occupants, server.client() as other:
        slow = occupants.add()
        response = slow.read_head()
        wait_until(server.is_quiet, "the job waits for its reader")
        assert_problem(endless().ask(other), 504)
        slow.read_body(response)
        assert response.body == expected
    assert rejections(server, "timeout_compute") == 1


# ---- Readers ----

def test_who_stops_reading_is_cut_and_the_memory_comes_back(start_server):
    """The job holds 50 MB of states."""
    server = start_server("--idle-timeout", "1", "--threads", "1")
    large = Job(FRAMES + "?steps=9&format=npy&seed=1", flat_png(2048))
    with Connection(server, receive_buffer=16384) as connection:
        connection.send(large.sent())
        assert connection.read_head().status == 200
        most = server.resident_memory()
        wait_until(lambda: rejections(server, "timeout_reader") == 1, "it is counted")
        assert is_cut(connection)
    if not SANITIZED:  # its allocator keeps what is freed, so as to find who still uses it
        wait_until(lambda: server.resident_memory() < most - 40 * 2**20, "the memory is back")
    with server.client() as client:
        assert_ok(brief().ask(client))


def test_who_reads_slowly_is_not_cut(start_server):
    """What is read is little, but it never stops; the other client's end tells the time."""
    server = start_server("--idle-timeout", "5", "--threads", "1")
    with Occupants(server, streamed()) as occupants, Connection(server) as slow:
        stopped = occupants.add()
        slow.send(streamed(3000).sent())
        response = slow.read_head()
        wait_until(lambda: slow.stream.read1(65536) and rejections(server, "timeout_reader") == 1,
                   "the one who has stopped is cut")
        assert response.status == 200
        assert is_cut(stopped)
        assert not is_cut(slow)


def test_who_stops_reading_the_rest_of_an_answer_is_cut_too(start_server):
    """All of the answer is made, and there is no job any more."""
    server = start_server("--idle-timeout", "1")
    with Connection(server, receive_buffer=4096) as connection:
        connection.send(b"".join(request_head("GET", "/openapi.yaml") for _ in range(400)))
        wait_until(lambda: rejections(server, "timeout_reader") == 1, "it is counted")
        assert ends(connection)
    wait_until(lambda: cancelled(server) == 1, "and that it has not all of its answer")
