"""File descriptors: what the server begins with, how many there are, and what happens without."""

import contextlib
import os
import pathlib
import resource
import socket
import subprocess
import tempfile

import pytest
import requests

import server as servers
from checks import assert_ok
from rawhttp import Connection, request_head
from server import BINARY, PATIENCE, Server, clean_environment, wait_until
from stress import brief, metrics, rejected, rejections


def limited(count):
    """What the child does before it becomes the server."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


@pytest.fixture
def start_with(monkeypatch):
    """Starts a server after `prepare`, with descriptors to keep open."""
    started = []

    def start(*flags, prepare=None, keep=()):
        popen = subprocess.Popen
        monkeypatch.setattr(servers.subprocess, "Popen", lambda *arguments, **options: popen(
            *arguments, preexec_fn=prepare, pass_fds=keep, **options))
        started.append(Server(*flags))
        monkeypatch.undo()
        return started[-1]

    yield start
    for instance in started:
        instance.stop()


# ---- At the start ----

def targets(process):
    folder = pathlib.Path(f"/proc/{process.pid}/fd")
    return {int(entry.name): os.readlink(entry) for entry in folder.iterdir()}


def test_nothing_inherited_stays_open(start_with):
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(tempfile.NamedTemporaryFile())
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        pipe = os.pipe()
        for end in pipe:
            stack.callback(os.close, end)
        high = os.dup2(file.fileno(), 200)
        stack.callback(os.close, high)
        keep = (file.fileno(), listener.fileno(), *pipe, high)
        links = {os.readlink(f"/proc/self/fd/{fd}") for fd in keep}
        server = start_with("--threads", "1", keep=keep)
        assert not links & set(targets(server.process).values())


CLOSED = [(0,), (1,), (0, 1), (2,), (0, 2), (0, 1, 2)]


@pytest.mark.parametrize("closed", CLOSED, ids=str)
def test_what_is_closed_of_the_standard_descriptors_is_dev_null(closed, tmp_path):
    """Otherwise a socket would have its number, and a client would read the log."""
    def prepare():
        for fd in closed:
            os.close(fd)

    path = tmp_path / "socket"
    process = subprocess.Popen([BINARY, "--listen", f"unix:{path}", "--threads", "1"],
                               env=clean_environment(), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               preexec_fn=prepare)
    try:
        def is_reached():
            assert process.poll() is None
            with socket.socket(socket.AF_UNIX) as probe:
                return probe.connect_ex(str(path)) == 0

        wait_until(is_reached, "the server listens")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(path))
            connection.sendall(request_head("GET", "/healthz", Connection="close"))
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b'{"status":"ok"}\n')
        found = targets(process)
        assert all(found[fd] == "/dev/null" for fd in closed), found
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdin.close()
        process.stdout.close()


# ---- The limit ----

@pytest.mark.parametrize("limit, most", [(300, 200), (1024, 924), (280, 180), (140, 75), (64, 18)])
def test_connections_are_as_many_as_there_are_descriptors_for(start_with, limit, most):
    """limit - 40 for itself - a quarter of the rest, at most 60."""
    server = start_with("--threads", "1", "--admin-listen", "127.0.0.1:0", prepare=limited(limit))
    assert f"max-connections is {most} instead of 16384" in server.stderr()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(server)) for _ in range(most)]
        wait_until(lambda: metrics(server, operators=True)["dissolved_connections"] == most,
                   "all are there")
        more = [stack.enter_context(Connection(server)) for _ in range(10)]
        wait_until(lambda: rejections(server, "connections", operators=True) == 10, "10 too many")
        for connection in more:
            assert connection.stream.read(1) == b"", "not turned away"
        assert metrics(server, operators=True)["dissolved_connections"] == most
        assert rejections(server, "descriptors", operators=True) == 0
        connections[most - 1].send(request_head("GET", "/healthz"))
        assert connections[most - 1].read_response().status == 200


@pytest.mark.parametrize("limit, most", [(300, 200), (300, 1), (2000, 1000)])
def test_a_setting_within_the_limit_stays(start_with, limit, most):
    server = start_with("--max-connections", str(most), prepare=limited(limit))
    assert "max-connections" not in server.stderr()


@pytest.mark.parametrize("limit", [24, 40, 63])
def test_too_low_a_limit_ends_the_start(limit):
    done = subprocess.run([BINARY, "--listen", "127.0.0.1:0"], env=clean_environment(), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                          preexec_fn=limited(limit))
    assert done.returncode == 1
    assert f"(RLIMIT_NOFILE) is {limit}, and at least 64 are needed" in done.stderr


# ---- Without ----

def exhaust(stack, server, left):
    """Lowers the limit of the running server, so that `left` are to be had, and asks for more."""
    used = [int(entry.name) for entry in
            pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()]
    limit = max(used) + 1 + left
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    count = limit - len(used) + 20
    return [stack.enter_context(Connection(server)) for _ in range(count)]


@pytest.mark.parametrize("left", [1, 2, 7])
def test_running_out_is_counted_and_told(start_server, left):
    server = start_server("--threads", "1")
    with contextlib.ExitStack() as stack:
        connections = exhaust(stack, server, left)
        for connection in connections[-20:]:
            assert connection.stream.read(1) == b"", "not turned away"

    def counted():
        """The server's figures, once they are to be had: some connections may not be closed yet."""
        with contextlib.suppress(ConnectionError, requests.ConnectionError):
            figures = metrics(server)
            if rejected(figures, "descriptors") > 0:
                return figures
        return None

    figures = wait_until(counted, "there are descriptors again")
    assert rejected(figures, "descriptors") >= 20
    assert rejected(figures, "connections") == 0
    told = wait_until(lambda: [line for line in server.lines if "no descriptors are left" in line],
                      "the log tells")
    assert len(told) < 20


def test_operators_are_answered_while_clients_have_taken_what_they_may(start_with):
    """Each probe has a connection of its own, which is a new descriptor."""
    server = start_with("--threads", "1", "--admin-listen", "127.0.0.1:0", prepare=limited(300))
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(Connection(server))
        probes = []
        for _ in range(25):
            client = stack.enter_context(server.operator())
            assert_ok(client.get("/healthz"))
            assert_ok(client.get("/readyz"))
            probes.append(client)
        turned_away = ("connections", "descriptors")
        wait_until(lambda: sum(rejections(server, reason, operators=True)
                               for reason in turned_away) == 100, "200 stay, and 100 do not")


# ---- Connections that linger ----

def refuse(stack, server):
    """A connection whose body is refused, and which its client leaves open."""
    connection = stack.enter_context(Connection(server))
    connection.send(request_head("POST", "/nothing", Content_Type="image/png",
                                 Content_Length=1000))
    assert connection.read_response().status == 404
    assert connection.stream.read(1) == b""


@pytest.mark.parametrize("flag, reason", [
    ("--max-connections", "connections"),
    ("--max-connections-per-address", "connections_per_address")])
def test_what_lingers_counts(start_server, flag, reason):
    server = start_server(flag, "4", "--threads", "1", "--admin-listen", "127.0.0.1:0")
    with contextlib.ExitStack() as stack:
        def one_more_is_turned_away():
            with contextlib.suppress(ConnectionError, AssertionError):
                for _ in range(4):
                    refuse(stack, server)
            with contextlib.suppress(ConnectionError), Connection(server) as connection:
                connection.stream.read1(1)
            return rejections(server, reason, operators=True) > 0

        wait_until(one_more_is_turned_away, "what lingers counts")
        wait_until(lambda: metrics(server, operators=True)["dissolved_connections"] == 0,
                   "what lingers ends, although its clients stay", patience=20)
        connection = stack.enter_context(Connection(server))
        connection.send(brief().sent())
        assert connection.read_response().status == 200


def test_who_leaves_does_not_linger(start_server):
    server = start_server("--max-connections-per-address", "3", "--threads", "1",
                          "--admin-listen", "127.0.0.1:0")
    for _ in range(5):
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                refuse(stack, server)
        wait_until(lambda: metrics(server, operators=True)["dissolved_connections"] == 0,
                   "all have left")
    assert rejections(server, "connections_per_address", operators=True) == 0
