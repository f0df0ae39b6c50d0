"""Clients that are too many, too slow, silent or gone, and jobs that last until they are met."""

import functools
import json
import re
import select
from typing import NamedTuple

import pictures
from checks import FRAMES, HISTOGRAMS
from rawhttp import Connection, Response, request_head
from server import wait_until

JOB_THREADS = 8
"""Requests that are computed at a time; --queue more may wait."""

IMAGE_HISTOGRAMS = "/v1/images/histograms"
SMALL = {"samples": [1, 2, 3]}
MOST_OCCUPANTS = 64


class Job(NamedTuple):
    """A computation to ask for."""
    target: str
    body: bytes
    media_type: str = "image/png"

    def head(self, **headers):
        headers.setdefault("Content_Length", len(self.body))
        return request_head("POST", self.target, Content_Type=self.media_type, **headers)

    def sent(self, **headers):
        return self.head(**headers) + self.body

    def ask(self, client, **options):
        """By a client that reads the answer."""
        return client.post(self.target, data=self.body, headers={"Content-Type": self.media_type},
                           **options)


@functools.cache
def flat_png(side):
    """A large picture in a small file."""
    return pictures.png_of(pictures.Image.new("RGB", (side, side), (80, 120, 40)))


@functools.cache
def noise_png(side):
    return pictures.png_of(pictures.noise_picture(side, side))


def endless():
    """Minutes of one processor, and an answer only at their end."""
    return Job(FRAMES + "?steps=10000&frames=last&seed=1", flat_png(1024))


def busy():
    """As much work, but its answer begins at once, and is so short that it waits for no reader."""
    return Job(IMAGE_HISTOGRAMS + "?steps=10000&frames=0-10000/100&bins=10&seed=1", flat_png(1024))


LARGE_MEMORY = ("--max-memory", "60m", "--min-rate", "0")
"""Settings of a server with memory for one job that is large, whose reader takes its time."""


def large(frames):
    """36 MB while it is computed; each frame has 7.7 MB, so that it waits for its reader."""
    return Job(FRAMES + f"?steps={frames}&format=npy&seed=1", noise_png(800))


def squeeze():
    """Half a minute of one processor for one frame, all but a trifle to make it smaller.

    It has few values, which libdeflate takes longest for; a sanitizer does not slow it down.
    """
    return Job(FRAMES + "?steps=1&beta=0.00001&frames=last&compression=best&seed=1", flat_png(4000))


def streamed(steps=80):
    """200 KB a step, for next to no work; 16 MB are more than fits between a job and its reader."""
    return Job(FRAMES + f"?steps={steps}&format=npy&seed=1", noise_png(128))


def stream_without_end():
    """Half a gigabyte, and work for all of it."""
    return Job(FRAMES + "?steps=10000&format=zip&seed=1", noise_png(128))


def brief():
    """Some milliseconds of a job thread."""
    return Job(FRAMES + "?steps=20&frames=last&seed=1", noise_png(64))


def small():
    """Next to no work."""
    return Job(HISTOGRAMS, json.dumps(SMALL).encode(), "application/json")


def trickle():
    """A frame now and then: its reader waits for it, and not the other way round."""
    return Job(FRAMES + "?steps=10000&frames=0-10000/200&format=zip&seed=1", noise_png(512))


# ---- Figures ----

def metrics(server, operators=False):
    """All samples of /metrics, their labels as they are written there."""
    with (server.operator() if operators else server.client()) as client:
        lines = client.get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def rejected(figures, reason):
    return figures[f'dissolved_rejections_total{{reason="{reason}"}}']


def rejections(server, reason, **options):
    return rejected(metrics(server, **options), reason)


def cancelled(server):
    return metrics(server)["dissolved_requests_cancelled_total"]


def waiting(server, **options):
    """Requests that wait for a job thread."""
    return metrics(server, **options)["dissolved_queue_length"]


def request_lines(server):
    """The log's lines of requests that have ended, as far as they are written."""
    lines = [json.loads(line) for line in server.lines if line.startswith("{")]
    return [line for line in lines if "method" in line]


# ---- Answers ----

def assert_whole_problem(response: Response, status):
    """A problem read from a bare socket; reading it has checked that it is complete."""
    assert response.status == status, f"{response.status}, not {status}: {response.body[:300]!r}"
    assert response.headers["content-type"].startswith("application/problem+json")
    problem = json.loads(response.body)
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["x-request-id"]
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d .* GMT", response.headers["date"])
    if status == 503:
        assert int(response.headers["retry-after"]) >= 1
    return problem


def assert_refused(response: Response):
    """503, and when to come again."""
    return assert_whole_problem(response, 503)


def ends(connection):
    """Reads until the connection ends, in whatever way."""
    try:
        while connection.stream.read(65536):
            pass
    except ConnectionError:
        pass
    return True


def is_cut(connection):
    """Whether an answer in chunks that has begun ends before its last chunk."""
    tail = b""
    try:
        while piece := connection.stream.read1(1 << 20):
            tail = (tail + piece)[-4096:]
    except ConnectionError:
        return True
    return b"\r\n0\r\n" not in tail


# ---- Clients ----

class Occupants:
    """Clients that ask for what takes minutes, so that jobs and queue stay taken."""

    def __init__(self, server, job=None):
        self.server, self.job = server, job or busy()
        self.connections, self.refused = [], None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()

    def add(self, **options):
        connection = Connection(self.server, receive_buffer=16384, **options)
        self.connections.append(connection)
        connection.send(self.job.sent())
        return connection

    def take_all_threads(self):
        """Until each job thread has begun an answer, and nothing waits for a job thread."""
        for _ in range(JOB_THREADS):
            self.add()
        for connection in self.connections:
            wait_until(lambda: connection.first_bytes(12, patience=0.02) == b"HTTP/1.1 200",
                       "an occupant's answer begins")

    def fill(self):
        """Adds clients until one of them is refused, and keeps that one."""
        def somebody_is_refused():
            if len(self.connections) < MOST_OCCUPANTS:
                self.add()
            for connection in self.connections:
                if connection.first_bytes(12, patience=0.02) == b"HTTP/1.1 503":
                    self.refused = connection
                    return True
            return False

        wait_until(somebody_is_refused, "a client is refused because the queue is full")

    def leave(self):
        for connection in self.connections:
            connection.close()


def wait_for_work(server, seconds=0.2):
    """Until the server has used that much of a processor from now on."""
    before = server.cpu_seconds()
    wait_until(lambda: server.cpu_seconds() > before + seconds, "a job runs")


def drip(connection, pieces, pause=0.05):
    """Sends piece by piece until something comes back or the connection ends.

    The pause is how slow this client is; nothing waits for it.
    """
    for piece in pieces:
        try:
            connection.send(piece)
        except ConnectionError:
            return
        if select.select([connection.socket], [], [], pause)[0]:
            return
    raise AssertionError("a slow client was served to its end")
