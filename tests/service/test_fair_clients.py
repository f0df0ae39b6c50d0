"""Requests of one client leave room for others: request threads, queue, turns."""

import contextlib

import pytest

from rawhttp import Connection
from server import wait_until
from stress import (JOB_THREADS, Occupants, brief, endless, metrics, rejections, streamed,
                    waiting)

DEFAULT = {"DISSOLVED_JOBS_PER_CLIENT": "0"}
OTHER = "127.0.0.2"
SHARE = JOB_THREADS - 2
"""How many requests of one client run at a time, unless a setting says otherwise."""


def busy_with(server, occupants, count, **options):
    """Occupants of which one client's share runs, and the others wait."""
    for _ in range(count):
        occupants.add(**options)
    wait_until(lambda: waiting(server) == count - SHARE, "the others wait")


def ask(server, source, **headers):
    with Connection(server, source=source) as connection:
        connection.send(brief().sent(**headers))
        return connection.read_response()


def test_endless_jobs_leave_threads_for_another_client(start_server):
    server = start_server("--threads", "1", **DEFAULT)
    with Occupants(server, endless()) as occupants:
        busy_with(server, occupants, JOB_THREADS + 4)
        assert ask(server, OTHER).status == 200
        assert waiting(server) == JOB_THREADS + 4 - SHARE, "the first client has taken more"


def test_slow_readers_leave_threads_for_another_client(start_server):
    server = start_server("--threads", "1", "--idle-timeout", "1h", **DEFAULT)
    with Occupants(server, streamed()) as occupants:
        for _ in range(JOB_THREADS + 8):
            occupants.add()
        wait_until(lambda: metrics(server)["dissolved_slow_readers"] == JOB_THREADS + 8,
                   "all of them are paused")
        for _ in range(3):
            assert ask(server, OTHER).status == 200


def test_one_client_does_not_fill_the_queue(start_server):
    server = start_server("--threads", "1", "--queue", "8", **DEFAULT)
    with Occupants(server, endless()) as occupants:
        occupants.fill()
        assert waiting(server) == 6, "three quarters of the queue are one client's"
        assert rejections(server, "queue_full") >= 1
        assert ask(server, OTHER).status == 200


def test_a_setting_says_how_many_run(start_server):
    server = start_server("--threads", "1", "--jobs-per-client", "3", **DEFAULT)
    with Occupants(server, endless()) as occupants:
        for _ in range(6):
            occupants.add()
        wait_until(lambda: waiting(server) == 3, "three run and three wait")


def test_clients_behind_a_trusted_proxy_are_told_apart(start_server):
    server = start_server("--threads", "1", "--trusted-proxies", "127.0.0.1", **DEFAULT)
    with contextlib.ExitStack() as stack:
        for _ in range(JOB_THREADS):
            connection = stack.enter_context(Connection(server))
            connection.send(endless().sent(X_Forwarded_For="192.0.2.1"))
        wait_until(lambda: waiting(server) == JOB_THREADS - SHARE, "two of them wait")
        assert ask(server, None, X_Forwarded_For="192.0.2.2").status == 200


def test_clients_with_keys_are_told_apart_by_them(start_server):
    """From one address, say a proxy's that is not trusted."""
    server = start_server("--threads", "1", "--api-keys", "first-key,second-key", **DEFAULT)
    with contextlib.ExitStack() as stack:
        for number in range(JOB_THREADS):
            source = f"127.0.0.{1 + number % 3}"
            connection = stack.enter_context(Connection(server, source=source))
            connection.send(endless().sent(Authorization="Bearer first-key"))
        wait_until(lambda: waiting(server) == JOB_THREADS - SHARE, "two of them wait")
        assert ask(server, None, Authorization="Bearer second-key").status == 200
        assert metrics(server)["dissolved_queue_length"] == JOB_THREADS - SHARE
