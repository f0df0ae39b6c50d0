"""The sandbox: every thread of a live server is in it, and the server does all it has to do there."""

import concurrent.futures
import contextlib
import json
import io
import pathlib
import platform
import re
import resource

import numpy as np
import pytest

import imagery
import pictures
from checks import FRAMES, assert_ok, assert_problem, dissolve, histograms
from rawhttp import Connection
from server import BINARY, wait_until
from stress import metrics

IN = {"Seccomp": {"2"}, "NoNewPrivs": {"1"}}


def sanitized():
    """Whether the server has been built with a sanitizer, which keeps it out of the sandbox."""
    binary = pathlib.Path(BINARY).read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


def state(server):
    """What the kernel says of the server's threads: each field's values."""
    tasks = list(pathlib.Path(f"/proc/{server.process.pid}/task").iterdir())
    assert len(tasks) > 10, "the server has more threads than that"
    texts = [(task / "status").read_text() for task in tasks]
    return {field: {re.search(rf"^{field}:\s*(\d+)", text, re.MULTILINE)[1] for text in texts}
            for field in IN}


def told(server):
    """The lines of the log about the sandbox, which come before the one that says "listening"."""
    before = server.stderr().partition("listening")[0].rpartition("\n")[0]
    messages = [json.loads(line)["message"] for line in before.splitlines() if line.startswith("{")]
    return [message for message in messages if message.startswith("sandbox")]


@pytest.fixture
def outside():
    """The state of a process without a sandbox of its own: tests may run in somebody else's."""
    text = pathlib.Path("/proc/self/status").read_text()
    return {field: {re.search(rf"^{field}:\s*(\d+)", text, re.MULTILINE)[1]} for field in IN}


def ask_for_everything(client, seed):
    """A request of every kind, with what the answer has to be made of."""
    picture = pictures.photo(48, 40)
    png = pictures.png_of(picture)
    assert_ok(client.get("/healthz"))
    assert_ok(client.get("/v1/schedule", params={"steps": 100}))
    assert_ok(dissolve(client, png, seed=seed, steps=5))
    frames, _ = pictures.archive_frames(
        assert_ok(dissolve(client, png, seed=seed, steps=5, format="zip")).content)
    np.testing.assert_array_equal(frames[0], picture)
    assert_ok(dissolve(client, png, seed=seed, steps=5, compression="best"))
    assert_ok(client.post(FRAMES, data=imagery.jpeg(picture), headers={"Content-Type": "image/jpeg"}))
    npz = assert_ok(dissolve(client, png, seed=seed, steps=5, content="x,noise")).content
    assert sorted(np.load(io.BytesIO(npz))) == ["noise", "x"]
    packed = assert_ok(client.post(imagery.IMAGE_HISTOGRAMS, data=png,
                                   headers={"Content-Type": "image/png",
                                            "Accept-Encoding": "gzip"}))
    assert packed.headers["Content-Encoding"] == "gzip"
    mixture = {"mixture": {"weights": [1, 3], "means": [-2, 1], "stds": [0.5, 1], "count": 20000},
               "seed": str(seed)}
    assert len(assert_ok(histograms(client, mixture)).json()["frames"]) > 1
    assert_problem(dissolve(client, png[:-30]), 422)
    assert_problem(client.get("/nothing"), 404)


def test_every_thread_is_in_the_sandbox_and_the_log_says_so(start_server, outside):
    server = start_server()
    if sanitized():
        assert re.fullmatch(r"sandbox: off \(.*sanitizer.*\)", *told(server))
        assert state(server) == outside
    else:
        assert told(server) == ["sandbox: on"]
        assert state(server) == IN
    with server.client() as client:
        ask_for_everything(client, 1)
    server.stop()


@pytest.mark.parametrize("flags, settings", [
    (["--no-sandbox"], {}), ([], {"DISSOLVED_NO_SANDBOX": "1"})], ids=["flag", "variable"])
def test_whoever_wants_no_sandbox_has_none_and_the_log_says_so(start_server, outside, flags, settings):
    server = start_server(*flags, **settings)
    assert told(server) == ["sandbox: off (not wanted)"]
    assert state(server) == outside
    with server.client() as client:
        ask_for_everything(client, 2)


def test_many_at_once_are_answered_in_the_sandbox(start_server):
    server = start_server()

    def ask(seed):
        with server.client() as client:
            ask_for_everything(client, seed)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))


def test_connections_beyond_the_descriptors_are_turned_away_and_the_rest_lives(start_server):
    """The spare descriptor that this takes can be had again, each time, within the sandbox."""
    server = start_server()
    used = [int(entry.name) for entry in
            pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()]
    room = 4
    limit = max(used) + 1 + room
    free = limit - len(used)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    connections = [Connection(server) for _ in range(free + 20)]
    for connection in connections[free:]:
        assert connection.stream.read(1) == b"", "not turned away"
    wait_until(server.is_quiet, "the server has nothing left to do")
    connections[0].send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert connections[0].read_response().status == 200
    for connection in connections:
        connection.close()

    def is_open_again():
        with contextlib.suppress(ConnectionError), Connection(server) as connection:
            connection.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            return connection.first_bytes(1, 60) == b"H"
        return False  # turned away while it was asking

    wait_until(is_open_again, "a connection is taken again")


def violations(server):
    return metrics(server)["dissolved_sandbox_violations_total"]


def test_what_serving_does_is_all_allowed(start_server):
    server = start_server()
    with server.client() as client:
        ask_for_everything(client, 3)
    assert violations(server) == 0


def test_what_is_denied_is_counted_and_logged(start_server, faults):
    server = start_server(**faults.settings)
    expected = 0 if sanitized() else 2
    for _ in range(2):
        faults.overstep()
        with server.client() as client:
            assert_ok(client.get("/v1"))
    assert violations(server) == expected
    wait_until(lambda: server.stderr().count("sandbox: denied system call") >= min(1, expected),
               "it is logged")
    if expected:
        number = {"x86_64": 110, "aarch64": 173}[platform.machine()]
        assert f"sandbox: denied system call {number};" in server.stderr()


def test_threads_have_their_stack_whatever_the_limit(start_server):
    """4,096 components take more than the 192 KiB that threads would have here by default."""
    limit = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (192 << 10, limit[1]))
    try:
        server = start_server()
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, limit)
    many = {"weights": [1] * 4096, "means": list(range(4096)), "stds": [1] * 4096, "count": 10}
    with server.client() as client:
        frames = assert_ok(histograms(client, {"mixture": many, "steps": 2, "seed": "1"})).json()
        assert frames["frames"][1]["exact"]["entropy"] is not None
