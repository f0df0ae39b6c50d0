"""Requests that are broken at random, through nginx and HAProxy: as many arrive as they send."""

import json
import signal
from collections import Counter

import pytest

from mutations import mutated
from smuggling import LAST, MARKER, MAX_BODY
from test_proxy import Proxy, drain, send

COUNT = 2000
AT_ONCE = 100

CONFIGURATION = """
global
    log stdout format raw local0
    maxconn 1000
    nbthread 1
defaults
    mode http
    log global
    log-format "%[var(txn.id)] %ST %ts %s"
    option accept-invalid-http-request
    option http-keep-alive
    http-reuse always
    timeout connect 10s
    timeout server 10s
    timeout client 1s
    timeout http-request 1s
    timeout http-keep-alive 1s
frontend clients
    bind unix@{home}/socket
    http-request set-var(txn.id) uuid()
    http-request set-header X-Request-Id %[var(txn.id)]
    default_backend service
backend service
    server one 127.0.0.1:{port}
"""


class Haproxy(Proxy):
    configuration = CONFIGURATION
    program = "haproxy"
    end = signal.SIGUSR1

    def arguments(self):
        return ["-db", "-f", self.home / "conf"]

    def sent(self):
        """id -> whether the service answered; of those that it was sent."""
        lines = [line.split() for line in (self.home / "output").read_text().splitlines()]
        return {line[0]: line[2] == "--" for line in lines if line[3:] == ["one"]}


class Nginx(Proxy):
    def sent(self):
        return {name: status.isdigit() for name, (_, status, _) in self.requests().items()}


def send_all(proxy, requests):
    for begin in range(0, len(requests), AT_ONCE):
        connections = []
        for data in requests[begin:begin + AT_ONCE]:
            connections.append(proxy.connect())
            send(connections[-1], data + MARKER + LAST)
        for connection in connections:
            drain(connection)


def check(start_server, home, kind, count):
    """The service answers each request that the proxy sends it, once, and no other."""
    server = start_server("--max-body", str(MAX_BODY), "--log-level", "debug")
    proxy = kind(server, home)
    try:
        send_all(proxy, list(mutated(count)))
    finally:
        proxy.stop()
    server.stop()
    sent = proxy.sent()
    lines = [json.loads(line) for line in server.lines]
    seen = Counter(line["id"] for line in lines if "id" in line)
    assert len(seen) > count // 2, f"too few to see anything: {len(seen)}"
    assert [name for name, times in seen.items() if times > 1] == [], "seen twice"
    # A head that is malformed may hide the id that the proxy has given it.
    refused = {line["id"] for line in lines if "id" in line and line["status"] == 400}
    unknown = set(seen) - set(sent)
    assert unknown <= refused, "the service answers what the proxy has not sent"
    unseen = [name for name, is_answered in sent.items() if is_answered and name not in seen]
    assert len(unseen) <= len(unknown), f"answered, and not seen: {unseen}"


@pytest.mark.parametrize("kind", [Nginx, Haproxy])
def test_as_many_requests_arrive_as_a_proxy_sends(start_server, tmp_path, kind):
    check(start_server, tmp_path, kind, COUNT)
