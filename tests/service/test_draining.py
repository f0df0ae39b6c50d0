"""SIGTERM under load: what each client hears, when the end comes, and that it is a clean one."""

import contextlib
import socket
import subprocess

import pytest

from checks import assert_ok, assert_problem
from rawhttp import Connection, Ended, request_head
from server import wait_until
from stress import (Occupants, assert_refused, assert_whole_problem, brief, endless, ends,
                    is_cut, metrics, small, stream_without_end, streamed, wait_for_work, waiting)

SOON = 20
"""Seconds: far below what the jobs here would take, far above what an end takes."""
BEYOND_FAREWELL = 1.5
"""Seconds: more than the last answers have to leave."""


def listens(server):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0


def wait_for_drain(server, connection):
    """Until an answer tells this connection to close, and so that the rest is refused."""
    wait_until(lambda: not listens(server), "nobody listens any more")
    connection.send(request_head("GET", "/readyz"))
    response = connection.read_response()
    assert response.headers["connection"].lower() == "close"
    assert_whole_problem(response, 503)
    assert ends(connection)


# ---- Not ready, and at work ----

def test_with_a_delay_it_is_not_ready_and_takes_work(start_server):
    server = start_server("--drain-delay", "24h", "--admin-listen", "127.0.0.1:0")
    with server.client() as client, server.operator() as operator:
        assert_ok(client.get("/readyz"))
        server.terminate()
        wait_until(lambda: client.get("/readyz").status_code == 503, "it says it is not ready")
        assert_problem(operator.get("/readyz"), 503)
        for _ in range(3):
            assert listens(server)
            for job in (small(), brief()):
                response = assert_ok(job.ask(client))
                assert response.headers.get("Connection", "").lower() != "close"
            assert_ok(client.get("/healthz"))
    server.terminate()
    server.finish(patience=SOON)


def test_after_the_delay_it_ends(start_server):
    server = start_server("--drain-delay", "0.3")
    server.terminate()
    server.finish(patience=SOON)


def test_operators_hear_of_it_until_the_end(start_server):
    server = start_server("--admin-listen", "127.0.0.1:0", "--threads", "1")
    with Connection(server, receive_buffer=16384) as connection, server.operator() as operator:
        connection.send(streamed().sent())
        response = connection.read_head()
        server.terminate()
        wait_until(lambda: not listens(server), "nobody listens any more")
        assert_problem(operator.get("/readyz"), 503)
        assert_ok(operator.get("/healthz"))
        assert "\ndissolved_ready 0\n" in assert_ok(operator.get("/metrics")).text
        connection.read_body(response)
    server.finish()


# ---- What there is time for ----

def test_who_is_there_is_served_and_told_to_close(start_server, client):
    """Readers, a queued request, half a body and idle connections, all there at the signal."""
    expected = {job: assert_ok(job.ask(client)).content for job in (streamed(), brief())}
    server = start_server("--threads", "1")
    with contextlib.ExitStack() as stack:
        readers = stack.enter_context(Occupants(server, streamed()))
        for _ in range(3):
            readers.add()
        wait_until(lambda: metrics(server)["dissolved_slow_readers"] == 3, "they do not read")
        occupants = stack.enter_context(Occupants(server))
        occupants.take_all_threads()
        queued, sending, idle, fresh, asking, late = (
            stack.enter_context(Connection(server)) for _ in range(6))
        for connection in (idle, asking, late):
            connection.send(request_head("GET", "/healthz"))
            assert connection.read_response().status == 200
        sending.send(brief().sent()[:-10])
        queued.send(brief().sent())
        wait_until(lambda: waiting(server) == 1, "a request waits")

        server.terminate()
        wait_for_drain(server, asking)
        late.send(brief().sent())
        response = late.read_response()
        assert "shutting down" in assert_refused(response)["detail"]
        assert response.headers["connection"].lower() == "close"
        assert ends(late)

        sending.send(brief().sent()[-10:])
        occupants.leave()
        for connection in readers.connections:
            response = connection.read_response()
            assert (response.status, response.body) == (200, expected[streamed()])
        for connection in (queued, sending):
            response = connection.read_response()
            assert (response.status, response.body) == (200, expected[brief()])
            assert response.headers["connection"].lower() == "close"
        server.finish()
        assert ends(idle) and ends(fresh)


# ---- What there is no time for ----

def test_a_job_that_outlasts_the_drain_gets_a_503(start_server):
    server = start_server("--drain-timeout", "0.5", "--threads", "1")
    with Connection(server) as connection:
        connection.send(endless().sent())
        wait_for_work(server)
        server.terminate()
        assert "shutting down" in assert_refused(connection.read_response())["detail"]
    server.finish(patience=SOON)


@pytest.mark.parametrize("timeout", ["0", "0.5"])
def test_everybody_who_outlasts_the_drain_is_answered_or_cut(start_server, timeout):
    server = start_server("--drain-timeout", timeout, "--threads", "1")
    with contextlib.ExitStack() as stack:
        occupants = stack.enter_context(Occupants(server))
        occupants.take_all_threads()
        queued, sending, asking, idle = (
            stack.enter_context(Connection(server)) for _ in range(4))
        idle.send(request_head("GET", "/healthz"))
        assert idle.read_response().status == 200
        sending.send(brief().sent()[:-10])
        asking.send(brief().head(Expect="100-continue"))
        assert asking.read_head().status == 100
        queued.send(endless().sent())
        wait_until(lambda: waiting(server) == 1, "a request waits")
        server.terminate()
        for connection in (queued, sending, asking):
            assert_refused(connection.read_response())
            assert ends(connection)
        for connection in occupants.connections:
            assert connection.read_head().status == 200
            assert is_cut(connection)
        assert ends(idle)
        server.finish(patience=SOON)


def test_many_jobs_that_outlast_the_drain_get_their_503(start_server):
    server = start_server("--drain-timeout", "0.5", "--threads", "1")
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(server)) for _ in range(30)]
        for connection in connections:
            connection.send(endless().sent())
        wait_until(lambda: waiting(server) == 22, "all job threads are taken")
        server.terminate()
        for connection in connections:
            assert_refused(connection.read_response())
        server.finish(patience=SOON)


@contextlib.contextmanager
def late_decoders(server, faults):
    """Connections whose jobs are still decoding long after they were told to stop."""
    with contextlib.ExitStack() as stack:
        faults.hold()
        connections = [stack.enter_context(Connection(server)) for _ in range(8)]
        for connection in connections:
            connection.send(endless().sent())
        wait_until(lambda: faults.held() == len(connections), "all job threads decode")
        server.terminate()
        wait_until(lambda: "the time to drain is over" in server.stderr(), "jobs are told to stop")
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(BEYOND_FAREWELL)
        yield connections


def test_decoders_that_hear_of_it_late_are_waited_for(start_server, faults):
    """What a decoder is in the middle of it ends first, and that is no reason to drop its client."""
    server = start_server("--drain-timeout", "0.1", "--threads", "1", **faults.settings)
    with late_decoders(server, faults) as connections:
        faults.let_go()
        for connection in connections:
            assert_refused(connection.read_response())
        server.finish(patience=SOON)


def test_a_second_signal_is_heard_while_decoders_are_waited_for(start_server, faults):
    server = start_server("--drain-timeout", "0.1", "--threads", "1", **faults.settings)
    with late_decoders(server, faults) as connections:
        server.terminate()
        for connection in connections:
            with pytest.raises((Ended, ConnectionError)):
                connection.read_head()
        faults.let_go()
        server.finish(patience=SOON)


# ---- At once ----

def nothing(stack, server):
    del stack, server


def a_job(stack, server):
    stack.enter_context(Connection(server)).send(endless().sent())
    wait_for_work(server)


def queued_jobs(stack, server):
    for _ in range(12):
        stack.enter_context(Connection(server)).send(endless().sent())
    wait_until(lambda: waiting(server) == 4, "some wait")


def a_reader(stack, server):
    connection = stack.enter_context(Connection(server))
    connection.send(stream_without_end().sent())
    assert connection.read_head().status == 200


def slow_readers(stack, server):
    stack.enter_context(Occupants(server, streamed())).take_all_threads()


def busy_threads(stack, server):
    stack.enter_context(Occupants(server)).take_all_threads()


def half_a_body(stack, server):
    connection = stack.enter_context(Connection(server))
    connection.send(brief().head(Expect="100-continue"))
    assert connection.read_head().status == 100
    connection.send(brief().body[:100])


def idle_connections(stack, server):
    for _ in range(3):
        connection = stack.enter_context(Connection(server))
        connection.send(request_head("GET", "/healthz"))
        assert connection.read_response().status == 200


LOADS = (nothing, a_job, queued_jobs, a_reader, slow_readers, busy_threads, half_a_body,
         idle_connections)


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.__name__)
def test_two_signals_end_it_at_once(start_server, load):
    server = start_server("--threads", "1")
    with contextlib.ExitStack() as stack:
        load(stack, server)
        server.terminate()
        server.terminate()
        wait_until(lambda: not listens(server), "nobody listens any more")
        if server.process.poll() is None:
            server.terminate()
        server.finish(patience=SOON)


def test_two_signals_with_everything_at_once(start_server):
    server = start_server("--threads", "1", "--drain-delay", "24h")
    with contextlib.ExitStack() as stack:
        for load in (idle_connections, half_a_body, slow_readers, busy_threads, half_a_body):
            load(stack, server)
        stack.enter_context(Connection(server)).send(endless().sent())
        wait_until(lambda: waiting(server) == 1, "a request waits")
        server.terminate()
        with server.client() as client:
            wait_until(lambda: client.get("/readyz").status_code == 503, "it heard the first one")
        server.terminate()
        server.finish(patience=SOON)
