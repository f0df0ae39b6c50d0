"""A full queue, and clients that leave: a clear answer, and the processor is theirs no longer."""

import json

import pytest

import pictures
from checks import (FRAMES, assert_ok, assert_problem, dissolve, histograms)
from rawhttp import Connection, request_head
from server import wait_until
from stress import LARGE_MEMORY, SMALL, Occupants, large, streamed


@pytest.fixture(scope="module")
def long_answer():
    """A request whose answer is larger than everything between it and its reader."""
    return streamed().body, streamed().target


@pytest.fixture(scope="module")
def long_job():
    """A request that takes minutes of one processor and answers only at its end."""
    return (pictures.png_of(pictures.photo(1024, 1024), compress_level=1),
            FRAMES + "?steps=10000&frames=last&seed=1")


def test_a_full_queue_refuses_with_503_and_recovers(start_server, long_answer):
    server = start_server("--queue", "1", "--threads", "1")
    occupants = Occupants(server)
    try:
        occupants.fill()
        refusal = occupants.refused.read_response()
        assert refusal.status == 503
        assert int(refusal.headers["retry-after"]) >= 1
        assert refusal.headers["content-type"].startswith("application/problem+json")
        problem = json.loads(refusal.body)
        assert problem["status"] == 503
        assert problem["request_id"] == refusal.headers["x-request-id"]
        with server.client() as client:
            for _ in range(5):
                response = histograms(client, SMALL)
                assert_problem(response, 503)
                assert int(response.headers["Retry-After"]) >= 1
                assert_ok(client.get("/healthz"))
                assert_ok(client.get("/v1"))
        with Connection(server) as asking:
            png, target = long_answer
            asking.send(request_head("POST", target, Content_Type="image/png",
                                     Content_Length=len(png), Expect="100-continue"))
            assert asking.read_head().status == 503, "a 100 although the queue is full"
    finally:
        occupants.leave()
    with server.client() as client:
        wait_until(lambda: histograms(client, SMALL).status_code == 200,
                   "the service takes requests again after its occupants left")
        wait_until(server.is_quiet, "the processor is quiet after the occupants left")


def test_a_queue_that_was_full_serves_those_who_wait(start_server):
    """Whoever was admitted gets a whole answer once the readers before it have read theirs."""
    server = start_server("--queue", "2", "--threads", "2", *LARGE_MEMORY)
    with server.client() as client:
        alone = assert_ok(large(3).ask(client))
    occupants = Occupants(server, large(3))
    try:
        occupants.fill()
        served = 0
        for connection in occupants.connections:
            response = connection.read_response()
            assert response.status in (200, 503)
            if response.status == 200:
                served += 1
                assert response.body == alone.content, "a waiting client got other bytes"
        assert served >= 2
    finally:
        occupants.leave()


def test_a_client_that_leaves_while_it_uploads_is_forgotten(server, client):
    png = pictures.png_of(pictures.noise_picture(64, 64))
    for sent in (0, 1, len(png) // 2, len(png) - 1):
        with Connection(server) as connection:
            connection.send(request_head("POST", FRAMES, Content_Type="image/png",
                                         Content_Length=len(png)) + png[:sent])
    for head in (b"", b"P", b"POST /v1/images/frames HTTP/1.1\r\nHost: x\r\nContent-Le"):
        with Connection(server) as connection:
            connection.send(head)
    assert_ok(dissolve(client, png, steps=1))
    wait_until(server.is_quiet, "the processor is quiet after the clients left")


@pytest.mark.parametrize("read", [0, 1, 100_000])
def test_a_client_that_leaves_while_it_downloads_is_forgotten(server, client, long_answer, read):
    png, target = long_answer
    with Connection(server, receive_buffer=16384) as connection:
        connection.post(target, png, Content_Type="image/png")
        assert connection.read_head().status == 200
        connection.read_exactly(read)
    assert_ok(histograms(client, SMALL))
    wait_until(server.is_quiet, "the processor is quiet after the client left")


def test_a_client_that_leaves_while_its_job_runs_stops_the_job(start_server, long_job):
    """Left alone the job would hold one processor for longer than the test is ready to wait."""
    server = start_server("--threads", "1", "--max-work", str(10**12), "--max-body", str(2**26))
    png, target = long_job
    idle = server.cpu_seconds()
    with Connection(server) as connection:
        connection.post(target, png, Content_Type="image/png")
        wait_until(lambda: server.cpu_seconds() > idle + 0.5, "the job runs")
    wait_until(server.is_quiet, "the job of a client that left stops", patience=15)
    with server.client() as client:
        assert_ok(histograms(client, SMALL))


def test_a_small_request_does_not_wait_for_a_long_one(start_server, long_job):
    server = start_server("--threads", "1", "--max-work", str(10**12), "--max-body", str(2**26))
    png, target = long_job
    target = target.replace("steps=10000", "steps=2000")
    idle = server.cpu_seconds()
    with Connection(server) as connection, server.client() as client:
        connection.post(target, png, Content_Type="image/png")
        wait_until(lambda: server.cpu_seconds() > idle + 0.5, "the job runs")
        assert_ok(histograms(client, SMALL))
        assert_ok(client.get("/readyz"))
        assert connection.first_bytes(1, patience=0) == b"", "the long job ended: it was too short"


def test_many_short_connections_leave_nothing_behind(server):
    for _ in range(100):
        with server.client() as client:
            assert_ok(client.get("/healthz"))
    wait_until(server.is_quiet, "the processor is quiet")
