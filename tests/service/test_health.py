"""Health and figures while nothing else gets through: a full queue, no connection left."""

import pytest

from checks import assert_ok, assert_problem
from rawhttp import Connection, request_head
from server import run_to_end, wait_until
from stress import Occupants, brief, endless, ends, metrics, rejections, small, wait_for_work

DOCUMENTS = ("/healthz", "/readyz", "/metrics")


def test_health_is_told_while_every_thread_and_the_queue_are_taken(start_server):
    server = start_server("--queue", "1", "--threads", "1", "--admin-listen", "127.0.0.1:0")
    with Occupants(server, endless()) as occupants:
        occupants.fill()
        wait_for_work(server)
        with server.client() as client, server.operator() as operator:
            for path in DOCUMENTS:
                assert_ok(client.get(path))
                assert_ok(operator.get(path))
            assert_problem(brief().ask(client), 503)
    with server.client() as client:
        wait_until(lambda: brief().ask(client).status_code == 200, "there is room again")


@pytest.mark.parametrize("most", [1, 2, 5])
def test_operators_are_answered_when_no_connection_is_left(start_server, most):
    server = start_server("--max-connections", str(most), "--admin-listen", "127.0.0.1:0")
    held = [Connection(server) for _ in range(most)]
    for connection in held:
        connection.send(request_head("GET", "/healthz"))
        assert connection.read_response().status == 200
    for _ in range(3):
        with Connection(server) as connection:
            assert ends(connection), "one connection more than there may be"
    with server.operator() as operator:
        for path in DOCUMENTS:
            assert_ok(operator.get(path))
        assert_problem(operator.post("/v1/images/frames"), 404)
    wait_until(lambda: rejections(server, "connections", operators=True) == 3, "they are counted")
    assert metrics(server, operators=True)["dissolved_connections"] == most
    address = server.operators_url.removeprefix("http://")
    assert run_to_end("healthcheck", "--admin-listen", address).returncode == 0

    held.pop().close()

    def is_served():
        with Connection(server) as connection:
            try:
                connection.send(small().sent())
                return connection.read_response().status == 200
            except (AssertionError, ConnectionError):
                return False

    wait_until(is_served, "who comes after one has left is served")
    for connection in held:
        connection.send(small().sent())
        assert connection.read_response().status == 200, "one of those who were there was hurt"
        connection.close()
