"""Bodies have a part of the memory, and one client half of that part."""

import pytest

from checks import assert_ok
from rawhttp import Connection
from server import SANITIZED, wait_until
from stress import (Job, assert_refused, assert_whole_problem, brief, ends, metrics, noise_png,
                    rejections)

SETTINGS = ("--max-memory", "64m", "--threads", "1", "--idle-timeout", "1h", "--body-timeout", "1h")
"""A quarter of the memory, 16 MiB, is for bodies; one client has half of it."""

SHARE = 8 * 2**20
NEARLY = 1_000_000
MOST = NEARLY + 1000
COUNT = SHARE // NEARLY
OTHER = "127.0.0.2"


def crowd(server, connections, **options):
    """Clients whose bodies have taken all of a client's share but some, and stop."""
    for _ in range(COUNT):
        connection = Connection(server, **options)
        connections.append(connection)
        connection.send(picture().head(Content_Length=MOST) + bytes(NEARLY))


@pytest.fixture
def crowded(start_server):
    server = start_server(*SETTINGS)
    connections = []
    try:
        crowd(server, connections)
        wait_until(lambda: taken(server) == COUNT * NEARLY, "all of it has arrived")
        yield server, connections
    finally:
        for connection in connections:
            connection.close()


def picture(side=400):
    """Half a megabyte, more than is left of the share; at 600 more than two clients leave."""
    return Job("/v1/images/frames?steps=2&seed=1", noise_png(side))


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
        connection.send(bytes(10**6 - MOST // 2) + b"\r\n0\r\n\r\n")
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
    assert len(picture().body) > SHARE - COUNT * NEARLY, "it fits into what is left"
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


def test_another_client_has_the_other_half(crowded):
    server, _ = crowded
    with Connection(server, source=OTHER) as connection:
        connection.send(picture().sent())
        assert connection.read_response().status == 200


def test_small_bodies_have_a_reserve(crowded):
    """Of this client and of another, when large ones have taken everything."""
    server, connections = crowded
    crowd(server, connections, source=OTHER)
    wait_until(lambda: taken(server) == 2 * COUNT * NEARLY, "all of it has arrived")
    small = Job("/v1/images/frames?steps=2&seed=1", noise_png(128))
    assert len(small.body) < 2**16
    for source in ("127.0.0.1", OTHER, "127.0.0.3"):
        with Connection(server, source=source) as connection:
            connection.send(small.sent())
            assert connection.read_response().status == 200
    with Connection(server, source="127.0.0.3") as connection:
        connection.send(picture(600).sent())
        assert_refused(connection.read_response())


def test_slow_bodies_are_refused_for_others(crowded):
    server, connections = crowded
    crowd(server, connections, source=OTHER)
    wait_until(lambda: rejections(server, "slow_body") > 0, "the slowest is refused")
    refused = next(connection for connection in connections if connection.first_bytes(1, patience=0.1))
    assert "slowly" in assert_whole_problem(refused.read_response(), 408)["detail"]
    with Connection(server, source="127.0.0.3") as connection:
        connection.send(picture().sent())
        assert connection.read_response().status == 200
