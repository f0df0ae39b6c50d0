"""Requests at the edges of what is allowed: they must not take the service down with them."""

import json

from checks import HISTOGRAMS, assert_ok, histograms
from rawhttp import Connection
from server import wait_until

SMALL = {"samples": [1, 2, 3]}


def test_a_client_that_leaves_while_exact_measures_are_made_stops_them(start_server):
    """One frame alone takes minutes of one processor."""
    parts = 4096
    mixture = {"weights": [1] * parts, "means": [0] * parts, "stds": [1e-4] + [10] * (parts - 1),
               "count": 1}
    server = start_server("--threads", "1")
    idle = server.cpu_seconds()
    with Connection(server) as connection:
        connection.post(HISTOGRAMS + "?steps=1&beta=0", json.dumps({"mixture": mixture}).encode(),
                        Content_Type="application/json")
        wait_until(lambda: server.cpu_seconds() > idle + 0.5, "the measures are made")
    wait_until(server.is_quiet, "the measures of a client that left stop", patience=15)
    with server.client() as client:
        assert_ok(histograms(client, SMALL))
