"""A full queue: who is refused hears it early, whole and as a 503; who is admitted is answered."""

import collections
import concurrent.futures
import threading

import pytest

from checks import FRAMES, assert_ok, assert_problem
from rawhttp import Connection
from server import PATIENCE, wait_until
from stress import (JOB_THREADS, Job, Occupants, assert_refused, brief, flat_png, metrics,
                    rejections, small, streamed)

QUEUE = 2
CLIENTS = 10 * (JOB_THREADS + QUEUE)


@pytest.fixture
def full(start_server):
    """A server that does nothing: a client does not read, and the others wait for its memory.

    The 150 MB that each of them needs are more than half of what there is.
    """
    server = start_server("--queue", "1", "--threads", "1", "--max-memory", "256m",
                          "--min-rate", "0")
    job = Job(FRAMES + "?steps=9&format=npy&seed=1", flat_png(1700))
    with Occupants(server, job) as occupants:
        occupants.add()
        wait_until(lambda: metrics(server)["dissolved_slow_readers"] == 1, "one does not read")
        occupants.fill()
        yield server


def with_body(size):
    return Job(streamed().target, bytes(size))


@pytest.mark.parametrize("size", [1, 1000, 256 * 1024])
@pytest.mark.parametrize("expect", [{}, {"Expect": "100-continue"}], ids=["sends", "asks"])
def test_the_refusal_comes_before_the_body(full, size, expect):
    """Nothing of the body is sent until the answer is here; what is sent then does not hurt."""
    before = rejections(full, "queue_full")
    with Connection(full) as connection:
        connection.send(with_body(size).head(**expect))
        response = connection.read_head()
        connection.read_body(response)
        assert_refused(response)
        wait_until(lambda: rejections(full, "queue_full") == before + 1, "it is counted")
        connection.send(bytes(size))
        assert connection.stream.read() == b"", "something came after the refusal"


@pytest.mark.parametrize("size", [256 * 1024, 2**20, 16 * 2**20])
def test_a_body_that_is_on_its_way_is_discarded_and_its_client_answered(full, size):
    """The client reads nothing until all of its body is sent, which must not fail.

    Bytes are discarded for two seconds; a sanitizer's build needs a fraction of that for these.
    """
    wait_until(full.is_quiet, "the occupants wait")
    before = full.resident_memory()
    with Connection(full) as connection:
        connection.send(with_body(size).sent())
        assert_refused(connection.read_response())
    grown = full.resident_memory() - before
    assert grown < max(size // 2, 4 * 2**20), f"the body was kept all the same: {grown}"


def test_a_body_in_chunks_is_refused_early_too(full):
    with Connection(full) as connection:
        connection.send(with_body(0).head(Transfer_Encoding="chunked").replace(
            b"Content-Length: 0\r\n", b""))
        assert_refused(connection.read_response())
        connection.send(b"400\r\n" + bytes(1024) + b"\r\n0\r\n\r\n")


def test_a_library_that_sends_all_first_gets_the_refusal(full):
    with full.client() as client:
        for size in (10, 256 * 1024, 8 * 2**20):
            response = assert_problem(with_body(size).ask(client), 503)
            assert response["detail"]


class Crowd:
    """Many clients at once, each of which asks again and again on connections of its own."""

    def __init__(self, server, expected):
        self.server, self.expected = server, expected
        self.answers, self.queued = collections.Counter(), []
        self.lock, self.enough = threading.Lock(), threading.Event()

    def ask(self, number, job):
        """One request, in one of the ways there are to send its body."""
        with Connection(self.server) as connection:
            if number % 3 == 0:
                connection.send(job.head(Expect="100-continue"))
                response = connection.read_head()
                if response.status == 100:
                    connection.send(job.body)
                    response = connection.read_head()
            else:
                connection.send(job.sent())
                response = connection.read_head()
            connection.read_body(response)
        return response

    def judge(self, response):
        if response.status == 200:
            assert response.body == self.expected, "an admitted client got other bytes"
        else:
            assert_refused(response)
        with self.lock:
            self.answers[response.status] += 1
            if response.status == 200:
                timing = response.headers["server-timing"]
                self.queued.append(float(timing.partition("queue;dur=")[2].partition(",")[0]))

    def client(self, number, job):
        while not self.enough.is_set():
            self.judge(self.ask(number, job))

    def run(self, job, is_enough, patience):
        """Until is_enough(); the first complaint of a client ends it, too."""
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(self.client, number, job) for number in range(CLIENTS)]
            try:
                wait_until(lambda: is_enough() or any(client.done() for client in clients),
                           "the crowd has asked enough", patience)
            finally:
                self.enough.set()
            for client in clients:
                client.result()


def run_crowd(server, is_enough, patience=PATIENCE):
    """The crowd after it has run; its server is fine after it."""
    job = brief()
    with server.client() as client:
        crowd = Crowd(server, assert_ok(job.ask(client)).content)
        crowd.run(job, lambda: is_enough(crowd), patience)
        assert_ok(small().ask(client))
        assert_ok(job.ask(client))
    wait_until(lambda: rejections(server, "queue_full") == crowd.answers[503], "all are counted")
    return crowd


def test_ten_times_as_many_as_there_is_room_for(start_server):
    server = start_server("--queue", str(QUEUE), "--threads", "1")
    crowd = run_crowd(server, lambda crowd: crowd.answers[503] > 500 and crowd.answers[200] > 200)
    assert crowd.answers[200] > 0 and crowd.answers[503] > 0
    wait_until(server.is_quiet, "the server is quiet after the crowd left")
