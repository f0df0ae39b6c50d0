"""Bodies that are on their way have room for so many bytes together, and no more."""

import pytest

from checks import assert_ok
from rawhttp import Connection
from server import SANITIZED, wait_until
from stress import JOB_THREADS, Job, assert_refused, brief, ends, metrics, noise_png, rejections

QUEUE = 1
MOST = 1_000_000
"""Of one body. The room is for as many as all job threads and the queue have."""

NEARLY = MOST - 1000


@pytest.fixture
def crowded(start_server):
    """A server, and clients whose bodies have taken all the room but some kilobytes, and stop."""
    server = start_server("--queue", str(QUEUE), "--max-body", str(MOST), "--threads", "1",
                          "--idle-timeout", "1h", "--body-timeout", "1h")
    connections = []
    try:
        for _ in range(JOB_THREADS + QUEUE):
            connection = Connection(server)
            connections.append(connection)
            connection.send(picture().head(Content_Length=MOST) + bytes(NEARLY))
        wait_until(lambda: taken(server) == len(connections) * NEARLY, "all of it has arrived")
        yield server, connections
    finally:
        for connection in connections:
            connection.close()


def picture():
    return Job("/v1/images/frames?steps=2&seed=1", noise_png(128))


def taken(server):
    return metrics(server)["dissolved_bodies_bytes"]


@pytest.mark.parametrize("expect", [{}, {"Expect": "100-continue"}], ids=["sends", "asks"])
def test_who_tells_its_size_is_refused_before_the_body(crowded, expect):
    server, _ = crowded
    with Connection(server) as connection:
        connection.send(picture().head(**expect))
        assert_refused(connection.read_response())
    wait_until(lambda: rejections(server, "bodies_full") == 1, "it is counted")


def test_a_body_in_chunks_is_refused_where_the_room_ends(crowded):
    """At once, and once: its client need not send the rest, and may."""
    server, _ = crowded
    before, memory = taken(server), server.resident_memory()
    with Connection(server) as connection:
        connection.send(picture().head(Transfer_Encoding="chunked").replace(
            b"Content-Length: %d\r\n" % len(picture().body), b""))
        connection.send(b"f4240\r\n" + bytes(MOST // 2))
        assert_refused(connection.read_response())
        assert taken(server) == before, "the refused body is kept"
        connection.send(bytes(MOST // 2) + b"\r\n0\r\n\r\n")
        assert ends(connection)
    assert SANITIZED or server.resident_memory() - memory < MOST // 2
    wait_until(lambda: rejections(server, "bodies_full") == 1, "it is counted")
    figures = metrics(server)
    assert sum(value for name, value in figures.items() if "rejections_total" in name) == 1


def test_what_is_small_finds_its_place_in_what_is_left(crowded):
    server, _ = crowded
    with server.client() as client:
        assert_ok(client.post("/v1/samples/histograms", json={"samples": [1.0], "steps": 1}))
        assert_ok(client.get("/v1/schedule"))


def test_the_room_comes_back_however_a_body_ends(crowded):
    server, connections = crowded
    assert len(picture().body) > len(connections) * (MOST - NEARLY), "it fits into what is left"
    with Connection(server) as connection:
        connection.send(picture().sent())
        assert_refused(connection.read_response())
    connections[0].send(bytes(MOST - NEARLY))  # complete, and no picture
    assert connections[0].read_response().status == 422
    connections[1].close()  # left
    wait_until(lambda: taken(server) == (len(connections) - 2) * NEARLY, "two of them are gone")
    with server.client() as client:
        assert_ok(brief().ask(client))
        assert_ok(picture().ask(client))
    for connection in connections[2:]:
        connection.close()
    wait_until(lambda: taken(server) == 0, "nothing is kept")
