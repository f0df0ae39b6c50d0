"""Who reads slowly keeps nobody else waiting: another takes the place of the thread that waits."""

import pytest

from checks import assert_ok
from server import wait_until
from stress import JOB_THREADS, Occupants, assert_refused, brief, metrics, streamed, waiting


PATIENT = ("--idle-timeout", "1h")


def resting(server):
    return metrics(server)["dissolved_slow_readers"]


def in_progress(server):
    """Requests but the one that asks."""
    return metrics(server)["dissolved_requests_in_progress"] - 1


@pytest.fixture
def slow(start_server):
    """A server, and clients that do not read and have all of its job threads."""
    server = start_server("--slow-readers", "2", "--queue", "1", "--threads", "1", *PATIENT)
    with Occupants(server) as occupants:
        occupants.take_all_threads()
        wait_until(lambda: resting(server) == JOB_THREADS, "each of them is seen to wait")
        yield server, occupants


def test_others_are_answered_meanwhile(slow):
    server, _ = slow
    with server.client() as client:
        for _ in range(5):
            assert_ok(brief().ask(client))
    assert resting(server) == JOB_THREADS


def test_so_many_and_no_more_make_room(slow):
    server, occupants = slow
    for more in (1, 2):
        occupants.add()
        wait_until(lambda: resting(server) == JOB_THREADS + more, "it waits for its reader, too")
    queued = occupants.add()
    wait_until(lambda: waiting(server) == 1, "there is no spare thread for it")
    assert_refused(occupants.add().read_response())
    occupants.connections.pop(0).close()
    wait_until(lambda: waiting(server) == 0, "who waits moves up")
    assert queued.first_bytes(12, patience=60) == b"HTTP/1.1 200"


def test_their_answers_are_whole(slow, client):
    server, occupants = slow
    expected = assert_ok(streamed().ask(client)).content
    with server.client() as other:
        assert_ok(brief().ask(other))
    for connection in occupants.connections:
        assert connection.read_response().body == expected
    wait_until(lambda: resting(server) == 0, "nobody waits any more")
    with server.client() as other:
        assert_ok(brief().ask(other))


def test_what_is_large_keeps_its_place(start_server):
    """All that makes room has together a quarter of the largest picture."""
    server = start_server("--max-pixels", str(128 * 128 * 4 * 3), "--threads", "1", *PATIENT)
    with Occupants(server) as occupants:
        occupants.take_all_threads()
        wait_until(lambda: resting(server) == 3, "three of them fit")
        for _ in range(JOB_THREADS - 3):
            occupants.connections.pop(0).close()
        wait_until(lambda: in_progress(server) == 3 == resting(server), "others make room instead")
        with server.client() as client:
            assert_ok(brief().ask(client))
        assert resting(server) <= 3
