"""How much one client may have: connections by its address, or requests behind a proxy."""

import contextlib

import pytest

from checks import assert_ok, assert_problem
from rawhttp import Connection, request_head
from server import wait_until
from stress import (Occupants, assert_refused, brief, ends, rejections, request_lines, small,
                    streamed)

OTHER = "127.0.0.2"
REASON = "connections_per_address"


def is_served(server, **options):
    with Connection(server, **options) as connection:
        try:
            connection.send(request_head("GET", "/v1"))
            return connection.read_response().status == 200
        except (AssertionError, ConnectionError):
            return False


def hold(stack, server, **options):
    """A connection that has been taken."""
    connection = stack.enter_context(Connection(server, **options))
    connection.send(request_head("GET", "/v1"))
    assert connection.read_response().status == 200
    return connection


@pytest.mark.parametrize("most", [1, 3])
def test_one_address_has_so_many_connections(start_server, most):
    server = start_server("--max-connections-per-address", str(most),
                          "--admin-listen", "127.0.0.1:0")
    with contextlib.ExitStack() as stack:
        held = [hold(stack, server) for _ in range(most)]
        for count in (1, 2):
            with Connection(server) as connection:
                assert ends(connection)
            wait_until(lambda: rejections(server, REASON, operators=True) == count,
                       "it is counted")
        others = [hold(stack, server, source=OTHER) for _ in range(most)]
        assert not is_served(server, source=OTHER)
        for connection in held + others:
            connection.send(small().sent())
            assert connection.read_response().status == 200, "one who was there was hurt"
        with server.operator() as operator:
            assert_ok(operator.get("/healthz"))
        held[0].close()
        wait_until(lambda: is_served(server), "leaving makes room")
        assert not is_served(server, source=OTHER)


def test_who_was_closed_by_the_server_makes_room_too(start_server):
    server = start_server("--max-connections-per-address", "1", "--header-timeout", "0.5")
    with Connection(server) as connection:
        assert connection.stream.read() == b""
        wait_until(lambda: is_served(server), "there is room")


# ---- Behind a proxy ----

CLIENT, NEIGHBOUR = "203.0.113.7", "2001:db8::7"


def ask(client, forwarded_for, job=small()):
    headers = {"Content-Type": job.media_type, "X-Forwarded-For": forwarded_for}
    return client.post(job.target, data=job.body, headers=headers)


class Forwarded(Occupants):
    """Occupants whose requests a proxy forwards."""

    def add(self, forwarded_for):
        connection = Connection(self.server, receive_buffer=16384)
        self.connections.append(connection)
        connection.send(self.job.sent(X_Forwarded_For=forwarded_for))
        assert connection.read_head().status == 200
        return connection


@pytest.fixture
def behind(start_server):
    return start_server("--max-connections-per-address", "2", "--trusted-proxies", "127.0.0.0/8",
                        "--threads", "1")


def test_a_proxys_clients_are_limited_by_request(behind):
    with Forwarded(behind, streamed()) as occupants, behind.client() as client:
        occupants.add(CLIENT)
        last = occupants.add("198.51.100.1, " + CLIENT)
        for job in (small(), brief()):
            assert_problem(ask(client, CLIENT, job), 503)
            assert_problem(ask(client, "1.2.3.4, " + CLIENT, job), 503)
            for other in (NEIGHBOUR, "203.0.113.8", CLIENT + ", 203.0.113.9"):
                assert_ok(ask(client, other, job))
        wait_until(lambda: rejections(behind, REASON) == 4, "they are counted")
        with Connection(behind) as connection:
            connection.send(brief().head(X_Forwarded_For=CLIENT, Expect="100-continue"))
            assert_refused(connection.read_response())
        last.close()
        wait_until(lambda: ask(client, CLIENT).status_code == 200, "leaving makes room")


def test_a_proxys_connections_are_not_limited(behind):
    with contextlib.ExitStack() as stack:
        for connection in [hold(stack, behind) for _ in range(10)]:
            connection.send(small().sent(X_Forwarded_For=CLIENT))
            assert connection.read_response().status == 200


def test_two_connections_of_one_subscriber_of_ipv6_are_his(behind):
    with Forwarded(behind, streamed()) as occupants, behind.client() as client:
        occupants.add("2001:db8:1:2::1")
        occupants.add("2001:db8:1:2:ffff::2")
        assert_problem(ask(client, "2001:db8:1:2:3::3"), 503)
        assert_ok(ask(client, "2001:db8:1:3::1"))


@pytest.mark.parametrize("trusted", [[], ["--trusted-proxies", "10.0.0.0/8"]],
                         ids=["nobody", "others"])
def test_who_is_no_proxy_forwards_nothing(start_server, trusted):
    server = start_server("--max-connections-per-address", "1", "--threads", "1", *trusted)
    with contextlib.ExitStack() as stack:
        connection = hold(stack, server)
        for forwarded_for in (CLIENT, NEIGHBOUR):
            connection.send(small().sent(X_Forwarded_For=forwarded_for))
            assert connection.read_response().status == 200
        assert not is_served(server), "the address of the connection counts, and has one"
    wait_until(lambda: len(request_lines(server)) == 3, "the log has all three")
    assert {line["client"] for line in request_lines(server)} == {"127.0.0.1"}


def test_the_log_names_the_client(behind):
    with behind.client() as client:
        for forwarded_for in (CLIENT, NEIGHBOUR, "spoofed, " + CLIENT, "nonsense"):
            assert_ok(ask(client, forwarded_for))
        assert_ok(client.get("/v1"))
    wait_until(lambda: len(request_lines(behind)) == 5, "the log has those")
    with Connection(behind, source=OTHER) as connection:
        connection.send(small().sent())
        assert connection.read_response().status == 200
    wait_until(lambda: len(request_lines(behind)) == 6, "the log has all six")
    assert [line["client"] for line in request_lines(behind)] == [
        CLIENT, NEIGHBOUR, CLIENT, "127.0.0.1", "127.0.0.1", OTHER]
