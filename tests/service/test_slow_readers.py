"""Slow readers hold no thread, and what they hold of memory is theirs no longer than it may be."""

import json

import pytest

import pictures
from checks import FRAMES, assert_ok, assert_problem
from rawhttp import Connection
from server import wait_until
from stress import (JOB_THREADS, LARGE_MEMORY, Job, Occupants, brief, large, metrics, rejections,
                    streamed, waiting)

MANY = 4 * JOB_THREADS


def paused(server):
    return metrics(server)["dissolved_slow_readers"]


def memory(server):
    return metrics(server)["dissolved_memory_bytes"]


@pytest.fixture
def slow(start_server):
    """A server, and more clients that do not read than it has threads."""
    server = start_server("--threads", "1", "--idle-timeout", "1h")
    with Occupants(server, streamed()) as occupants:
        for _ in range(MANY):
            occupants.add()
        wait_until(lambda: paused(server) == MANY, "each of their answers is paused")
        yield server, occupants


def test_others_are_answered_meanwhile(slow):
    server, _ = slow
    with server.client() as client:
        for _ in range(5):
            assert_ok(brief().ask(client))
    assert paused(server) == MANY and waiting(server) == 0


def test_their_answers_are_whole(slow, client):
    server, occupants = slow
    expected = assert_ok(streamed().ask(client)).content
    for connection in occupants.connections:
        assert connection.read_response().body == expected
    wait_until(lambda: paused(server) == 0, "no answer is paused any more")
    for connection in occupants.connections:
        connection.close()
    wait_until(lambda: memory(server) == 0, "their memory is released")


def test_who_leaves_releases_memory(slow):
    server, occupants = slow
    held = memory(server)
    assert held > MANY * 128 * 128 * 3 * 4
    occupants.leave()
    wait_until(lambda: paused(server) == 0 and memory(server) == 0, "their memory is released")


def test_idle_answers_are_cut(start_server):
    server = start_server("--threads", "1", "--idle-timeout", "1s")
    with Occupants(server, streamed()) as occupants:
        for _ in range(3):
            occupants.add()
        wait_until(lambda: rejections(server, "timeout_reader") == 3, "they do not read")
        wait_until(lambda: memory(server) == 0, "their memory is released")


def test_an_answer_has_its_time(start_server):
    """However fast it is read, the answer takes longer than that."""
    server = start_server("--threads", "1", "--answer-timeout", "500ms")
    with Occupants(server, streamed(10000)) as occupants:
        connection = occupants.add()
        wait_until(lambda: connection.stream.read1(65536) and False
                   or rejections(server, "timeout_answer") == 1, "its time is over")


# ---- While others wait ----

def test_slow_readers_are_cut_for_others(start_server):
    """The first one has more than is left to the second, and reads nothing."""
    server = start_server("--threads", "1", "--idle-timeout", "1h", "--max-memory", "60m")
    with Occupants(server, large(40)) as occupants, server.client() as client:
        occupants.add()
        wait_until(lambda: paused(server) == 1, "its answer is paused")
        assert rejections(server, "slow_reader") == 0
        assert_ok(large(2).ask(client))
        assert rejections(server, "slow_reader") == 1


def test_nobody_is_cut_without_need(start_server):
    server = start_server("--threads", "1", "--idle-timeout", "1h", "--max-memory", "120m",
                          "--min-rate", "1g")
    with Occupants(server, large(40)) as occupants, server.client() as client:
        occupants.add()
        wait_until(lambda: paused(server) == 1, "its answer is paused")
        assert_ok(large(2).ask(client))
        assert paused(server) == 1 and rejections(server, "slow_reader") == 0


def test_large_mixtures_wait_for_memory_alone(start_server):
    """Two clients have read theirs, and each needs more than half; neither waits for the other."""
    server = start_server("--threads", "1", "--idle-timeout", "1h", *LARGE_MEMORY)
    text = {"mixture": {"weights": [1], "means": [0], "stds": [1], "count": 2_500_000}}
    mixture = Job("/v1/samples/histograms?steps=1&seed=1", json.dumps(text).encode(),
                  "application/json")
    with (Occupants(server, large(40)) as occupants, Connection(server, source="127.0.0.2") as one,
          Connection(server, source="127.0.0.3") as other):
        occupants.add()
        wait_until(lambda: paused(server) == 1, "its answer is paused")
        held = memory(server)
        one.send(mixture.sent())
        wait_until(lambda: waiting(server) == 1, "one waits for memory")
        other.send(mixture.sent())
        wait_until(lambda: waiting(server) == 2, "both wait for memory")
        assert memory(server) > held  # they have been read
        occupants.leave()
        assert [one.read_response().status, other.read_response().status] == [200, 200]


# ---- What never fits ----

def test_too_much_memory_for_one_request_is_refused(start_server):
    server = start_server("--max-memory", "32m", "--threads", "1")
    picture = pictures.png_of(pictures.Image.new("RGB", (1500, 1000)))
    with server.client() as client:
        response = Job(FRAMES + "?steps=2&seed=1", picture).ask(client)
        assert response.status_code == 422
        assert "MiB of memory, above the limit of 23 MiB" in response.json()["detail"]
        assert_ok(brief().ask(client))
    wait_until(lambda: memory(server) == 0, "nothing is held")


def test_what_is_left_of_a_response_is_memory(start_server):
    """A table of a megabyte, and a document of which one client has 87 KB at most."""
    server = start_server("--max-memory", "700k", "--threads", "1")
    with server.client() as client:
        client.headers["Accept-Encoding"] = "identity"
        assert_ok(client.get("/v1/schedule?steps=1000"))
        for path in ("/v1/schedule?steps=10000", "/openapi.yaml"):
            assert "memory" in assert_problem(client.get(path), 503)["detail"]
        assert rejections(server, "no_memory") == 2, "operators are answered"
        assert_ok(client.get("/v1"))
    wait_until(lambda: memory(server) == 0, "nothing is held")
