"""Listening at the path of a Unix socket: requests, the healthcheck, what becomes of the file."""

import os
import signal
import socket
import stat
import subprocess

import pytest

import pictures
from checks import FRAMES, assert_ok
from rawhttp import Connection, request_head
from server import BINARY, PATIENCE, SANITIZER_REPORTS, clean_environment, run_to_end, wait_until


class UnixConnection(Connection):
    """The same over a Unix socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb")


class UnixServer:
    """A server at a path, with its stderr in a file beside it."""

    def __init__(self, path, *flags, **settings):
        self.path = str(path)
        self.log = path.with_name("stderr")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [BINARY, "--listen", f"unix:{path}", *flags], env=clean_environment(**settings),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        wait_until(self.is_reached, "the server listens")

    def is_reached(self):
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(self.path) == 0

    def finish(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        text = self.log.read_text()
        assert not any(sign in text for sign in SANITIZER_REPORTS), text
        assert status == 0, text

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def path(tmp_path):
    assert len(str(tmp_path)) < 90, "too long for a socket below it"
    return tmp_path / "socket"


@pytest.fixture
def unix_server(path):
    instance = UnixServer(path)
    yield instance
    if instance.process.poll() is None:
        instance.finish()


def test_requests_are_answered_as_over_tcp(unix_server, client):
    png = pictures.png_of(pictures.photo(64, 48))
    target = FRAMES + "?steps=20&seed=5&format=zip"
    expected = assert_ok(client.post(target, data=png, headers={"Content-Type": "image/png"}))
    with UnixConnection(unix_server.path) as connection:
        for _ in range(2):
            connection.post(target, png, Content_Type="image/png")
            response = connection.read_response()
            assert response.status == 200
            assert response.body == expected.content
        connection.send(request_head("GET", "/v1"))
        assert connection.read_response().status == 200


def test_a_body_that_is_refused_leaves_its_answer(unix_server):
    with UnixConnection(unix_server.path) as connection:
        connection.post("/v1/nothing", bytes(100_000))
        assert connection.read_response().status == 404


def test_a_client_that_left_does_not_delay_the_end(unix_server):
    png = pictures.png_of(pictures.noise_picture(128, 128))
    with UnixConnection(unix_server.path) as connection:
        connection.post(FRAMES + "?steps=300&format=zip", png, Content_Type="image/png")
        assert connection.read_head().status == 200
        connection.read_exactly(1000)
    unix_server.finish()


def test_healthcheck_asks_over_the_socket(unix_server):
    address = f"unix:{unix_server.path}"
    assert run_to_end("healthcheck", "--listen", address).returncode == 0
    assert run_to_end("healthcheck", DISSOLVED_LISTEN=address).returncode == 0
    unix_server.finish()
    ended = run_to_end("healthcheck", "--listen", address)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"dissolved: healthcheck: {address}: ")


def test_healthcheck_prefers_the_admin_address(unix_server, path):
    served = f"unix:{unix_server.path}"
    nobody = f"unix:{path}.nobody"
    assert run_to_end("healthcheck", "--listen", nobody, "--admin-listen", served).returncode == 0
    assert run_to_end("healthcheck", "--listen", served, "--admin-listen", nobody).returncode == 1


def test_the_log_tells_the_paths_that_are_listened_on(path):
    admin = path.with_name("admin")
    server = UnixServer(path, "--admin-listen", f"unix:{admin}", "--log-format", "text")
    server.finish()
    log = server.log.read_text()
    assert f" info admin: listening on unix:{admin}\n" in log
    assert f" info listening on unix:{path} (threads " in log


def test_the_file_goes_with_the_server(unix_server, path):
    assert stat.S_ISSOCK(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    unix_server.finish()
    # Within the sandbox nothing can be removed, not even by mistake; a successor does it.
    assert path.exists() == ("sandbox: on" in unix_server.log.read_text())


def test_the_file_of_a_killed_server_is_replaced(unix_server, path):
    unix_server.kill()
    assert path.exists()
    successor = UnixServer(path)
    assert run_to_end("healthcheck", "--listen", f"unix:{path}").returncode == 0
    successor.finish()


def test_a_path_that_is_served_ends_the_start(unix_server, path):
    ended = run_to_end("--listen", f"unix:{path}")
    assert ended.returncode not in (0, None) and ended.returncode > 0
    assert str(path) in ended.stderr
    assert run_to_end("healthcheck", "--listen", f"unix:{path}").returncode == 0


def test_a_file_that_is_no_socket_ends_the_start_and_stays(path):
    path.write_text("precious")
    ended = run_to_end("--listen", f"unix:{path}")
    assert ended.returncode not in (0, None) and ended.returncode > 0
    assert str(path) in ended.stderr
    assert path.read_text() == "precious"


@pytest.mark.parametrize("address", ["unix:", "unix:/" + 107 * "p"], ids=["empty", "too long"])
def test_a_path_that_cannot_be_one_is_a_bad_value(address):
    ended = run_to_end("--listen", address)
    assert ended.returncode == 2 and "--listen" in ended.stderr
