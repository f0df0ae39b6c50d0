"""An answer that is cut off is seen to be cut: without a proxy, and by the clients of one."""

import json
import os
import shutil
import signal
import socket
import subprocess

import pytest

import pictures
from checks import FRAMES, HISTOGRAMS, assert_ok
from rawhttp import Connection, Ended
from server import PATIENCE, Server, wait_until
from stress import SMALL, Job, assert_whole_problem, noise_png, stream_without_end, streamed
from test_unix_socket import UnixConnection, UnixServer

CONFIGURATION = """
daemon off;
master_process off;
pid {home}/pid;
error_log {home}/errors warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    proxy_buffering off; # what its client does not read waits in the service
    server {{
        listen unix:{home}/proxy-socket;
        location / {{
            {version}
            proxy_pass http://{upstream};
        }}
    }}
}}
"""


def archive():
    """12 MB of PNG files: their sizes are not known before they are made."""
    return Job(FRAMES + "?steps=300&format=zip&seed=1", noise_png(128))


class Proxy:
    """An nginx before a server; `version` is the directive that chooses HTTP/1.1, or nothing."""

    def __init__(self, home, upstream, version):
        self.home, self.path = home, str(home / "proxy-socket")
        (home / "conf").write_text(CONFIGURATION.format(home=home, upstream=upstream,
                                                        version=version))
        # Where Debian has it; a user's PATH may lack that.
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen(
            [nginx, "-p", home, "-e", home / "errors", "-c", home / "conf"],
            stdin=subprocess.DEVNULL)
        wait_until(self.listens, "the proxy listens")

    def listens(self):
        assert self.process.poll() is None, (self.home / "errors").read_text()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(self.path) == 0

    def stop(self):
        self.process.kill()
        self.process.wait(PATIENCE)


FLAGS = ("--drain-timeout", "0.2", "--threads", "1")


def start_tcp(home):
    del home
    server = Server(*FLAGS)
    return server, f"127.0.0.1:{server.port}", lambda: Connection(server, receive_buffer=16384)


def start_unix(home):
    server = UnixServer(home / "socket", *FLAGS)
    return server, f"unix:{server.path}:", lambda: UnixConnection(server.path)


def kill(process):
    process.kill()


def outlast_the_drain(process):
    process.send_signal(signal.SIGTERM)


def signal_twice(process):
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)


def request_of(job, version):
    head = f"POST {job.target} {version}\r\nHost: localhost\r\nContent-Type: {job.media_type}\r\n"
    return f"{head}Content-Length: {len(job.body)}\r\n\r\n".encode() + job.body


def assert_seen_to_be_cut(connection, job, version, end):
    """Reads the head and a little, lets the server end, and reads what is left."""
    connection.send(request_of(job, version))
    response = connection.read_head()
    assert response.status == 200
    fields = response.headers
    assert ("content-length" in fields) != ("transfer-encoding" in fields), fields
    assert len(connection.stream.peek(1)) > 0
    end()
    with pytest.raises((Ended, ConnectionError)):
        connection.read_body(response)


@pytest.fixture(params=[start_tcp, start_unix], ids=["tcp", "unix"])
def upstream(request, tmp_path):
    server, name, connect = request.param(tmp_path)
    yield server, name, connect
    server.kill()


ENDS = pytest.mark.parametrize("end", [kill, outlast_the_drain, signal_twice],
                               ids=lambda end: end.__name__)
JOBS = pytest.mark.parametrize("job", [streamed, archive], ids=lambda job: job.__name__)


@JOBS
@ENDS
@pytest.mark.parametrize("version", ["", "proxy_http_version 1.1;"], ids=["1.0", "1.1"])
def test_a_proxy_passes_on_that_an_answer_is_cut(upstream, tmp_path, version, end, job):
    server, name, _ = upstream
    proxy = Proxy(tmp_path, name, version)
    try:
        with UnixConnection(proxy.path) as connection:
            assert_seen_to_be_cut(connection, job(), "HTTP/1.1",
                                  lambda: (end(server.process), server.process.wait(PATIENCE)))
    finally:
        proxy.stop()


@JOBS
@ENDS
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_client_sees_that_an_answer_is_cut(upstream, version, end, job):
    server, _, connect = upstream
    with connect() as connection:
        assert_seen_to_be_cut(connection, job(), version,
                              lambda: (end(server.process), server.process.wait(PATIENCE)))


@ENDS
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_an_unfinished_connection_is_reset(start_server, version, end):
    """TCP's own sign: a client that takes the end of a connection for that of an answer sees it."""
    server = start_server(*FLAGS)
    with Connection(server, receive_buffer=16384) as connection:
        connection.send(request_of(streamed(), version))
        assert connection.read_head().status == 200
        end(server.process)
        server.ended = True
        server.process.wait(PATIENCE)
        if end is kill:
            return  # the kernel sends what it has, and an orderly end: the length tells
        with pytest.raises(ConnectionResetError):
            while connection.stream.read1(1 << 20):
                pass


FORMS = {
    "npy": Job(FRAMES + "?format=npy&seed=5&steps=7", noise_png(64)),
    "npz": Job(FRAMES + "?format=npz&seed=5&steps=7&content=x,noise,velocity&frames=1-7",
               noise_png(64)),
    "npz of one member": Job(FRAMES + "?format=npz&seed=5&steps=3", noise_png(200)),
    "npz of frames that fill blocks": Job(FRAMES + "?format=npz&seed=5&steps=5&content=noise,x"
                                          "&frames=1,3", noise_png(256)),
    "npy of samples": Job("/v1/samples/frames?format=npy&seed=5&steps=3",
                          json.dumps(SMALL).encode(), "application/json"),
    "zip": Job(FRAMES + "?format=zip&seed=5&steps=7", noise_png(64)),
    "apng": Job(FRAMES + "?format=png&seed=5&steps=7", noise_png(64)),
    "png": Job(FRAMES + "?frames=last&seed=5&steps=7", noise_png(64)),
    "json": Job(FRAMES + "?format=json&seed=5&steps=7", noise_png(16)),
    "json of samples": Job("/v1/samples/frames?format=json&seed=5", json.dumps(SMALL).encode(),
                           "application/json"),
    "histograms": Job(HISTOGRAMS + "?seed=5", json.dumps(SMALL).encode(), "application/json"),
    "plot": Job(HISTOGRAMS + "?seed=5&format=svg", json.dumps(SMALL).encode(),
                "application/json"),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_to_http_1_0_has_its_length(server, client, form):
    """The bytes are those of HTTP/1.1, whose end its last chunk tells."""
    job = FORMS[form]
    whole = assert_ok(job.ask(client)).content
    with Connection(server) as connection:
        connection.send(request_of(job, "HTTP/1.0"))
        response = connection.read_response()
        assert response.status == 200
        assert int(response.headers["content-length"]) == len(whole)
        assert response.body == whole


def test_what_is_too_long_to_be_kept_is_refused(server):
    with Connection(server) as connection:
        connection.send(request_of(stream_without_end(), "HTTP/1.0"))
        problem = assert_whole_problem(connection.read_response(), 505)
    assert "HTTP/1.1" in problem["detail"]


def test_an_array_longer_than_that_is_sent(server):
    """100 MB: nothing of them has to be kept, because their length is known."""
    job = Job(FRAMES + "?steps=500&format=npy&seed=1", noise_png(128))
    with Connection(server) as connection:
        connection.send(request_of(job, "HTTP/1.0"))
        response = connection.read_response()
    assert len(response.body) == 128 + 501 * 128 * 128 * 3 * 4


def test_answers_that_are_kept_are_within_the_memory_for_bodies(start_server):
    """One client has 8 MiB, and the answer has 11."""
    picture = pictures.png_of(pictures.photo(64, 64))
    server = start_server("--max-memory", "64m")
    job = Job(FRAMES + "?steps=1000&format=zip&seed=1", picture)
    with Connection(server) as connection:
        connection.send(request_of(job, "HTTP/1.0"))
        assert_whole_problem(connection.read_response(), 503)
    with server.client() as client:
        assert_ok(job.ask(client))
        samples = client.get("/metrics").text
    assert "\ndissolved_bodies_bytes 0\n" in samples
