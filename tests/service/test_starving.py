"""A client from another address is served while one attacks in every way at once."""

from attackers import LINGERING, Attack
from rawhttp import Connection, request_head
from server import SANITIZED, wait_until
from stress import Job, brief, metrics, noise_png

OTHER = "127.0.0.2"
BUDGET = 512 * 2**20
DEFAULT = {"DISSOLVED_JOBS_PER_CLIENT": "0"}
BESIDE = (64 << 20) + (LINGERING + 100) * (33 << 10)
"""Memory that is no request's: the process, what the allocator keeps, and idle connections."""

IMAGE = Job("/v1/images/frames?steps=20&frames=last&seed=1", noise_png(256))


def start_to_be_attacked(start_server, *flags):
    return start_server("--max-memory", str(BUDGET), *flags, **DEFAULT)


def ask(server, request):
    with Connection(server, source=OTHER) as connection:
        connection.send(request)
        return connection.read_response()


def figures(server):
    with Connection(server, source=OTHER) as connection:
        connection.send(request_head("GET", "/metrics"))
        text = connection.read_response().body.decode()
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_another_client_is_served(start_server):
    server = start_to_be_attacked(start_server)
    expected = ask(server, IMAGE.sent()).body
    with Attack(server) as attack:
        wait_until(lambda: figures(server)["dissolved_slow_readers"] > 0, "some do not read")
        for _ in range(10):
            response = ask(server, IMAGE.sent())
            assert (response.status, response.body) == (200, expected)
            assert ask(server, request_head("GET", "/healthz")).status == 200
        wait_until(lambda: figures(server)["dissolved_connections"] > LINGERING,
                   "connections linger")
        assert figures(server)["dissolved_memory_bytes"] <= BUDGET
        assert attack.goes_on()
    if not SANITIZED:
        assert server.peak_memory() <= BUDGET + BESIDE
    wait_until(lambda: metrics(server)["dissolved_memory_bytes"] == 0, "all of it is released")
    assert ask(server, brief().sent()).status == 200
