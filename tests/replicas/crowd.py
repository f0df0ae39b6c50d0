"""Clients that send mixed requests, each with a seed, and compare what they get with one process's.

An answer counts only if it is whole: its last chunk, or all of its Content-Length, is there. A
client whose answer is cut, or never comes, asks once more.
"""

import collections
import random
import threading

import mixed
from rawhttp import Connection, Ended
from server import Server

REFUSED = ("no such parameter", "no picture", "half a picture", "no such type", "broken json",
           "wrong json")
DOCUMENTS = ("schedule", "schedule, gzip", "contract", "contract, gzip", "sample picture", "head")
"""Those that nginx passes on as they are, and that say nothing of the replica's own state."""


def kinds():
    refused, documents = mixed.refused(), mixed.documents()
    return (mixed.images() | mixed.samples() | {name: refused[name] for name in REFUSED}
            | {name: documents[name] for name in DOCUMENTS})


def read(connection, kind):
    """(status, body) of a whole answer; Ended or OSError, if it is not whole."""
    if kind.method != "HEAD":
        response = connection.read_response()
        return response.status, response.body
    return connection.read_head().status, b""


def answers_of_one():
    server = Server("--threads", "1")
    answers = {}
    with Connection(server) as connection:
        for name, kind in kinds().items():
            connection.send(kind.sent())
            answers[name] = read(connection, kind)
    server.stop()
    assert all(answers[name][0] == kind.status for name, kind in kinds().items())
    return answers


class Crowd:
    """So many clients, which send so many requests together, beginning at once.

    long_ones: so much more often comes a request whose answer is long, and may be cut.
    """

    def __init__(self, house, expected, count, clients, seed, retries, long_ones=1):
        self.house, self.expected, self.retries = house, expected, retries
        dice = random.Random(seed)
        names = sorted(kinds()) + (long_ones - 1) * sorted(mixed.LONG)
        self.todo = collections.deque(dice.choice(names) for _ in range(count))
        self.last = count - clients
        self.done = 0
        self.cuts = 0  # answers that had begun
        self.lost = 0  # requests without an answer
        self.failures = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._client) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _client(self):
        connection = None
        while not self.failures:
            try:
                name = self.todo.popleft()
            except IndexError:
                break
            try:
                connection = self._ask(name, connection)
            except Exception as error:  # told by the main thread
                self.failures.append(f"{name}: {type(error).__name__}: {error}")
            with self.lock:
                self.done += 1
        if connection is not None:
            connection.close()

    def _ask(self, name, connection):
        """Gives the connection back, for the next request."""
        kind = kinds()[name]
        for tries_left in reversed(range(1 + self.retries)):
            if connection is None:
                connection = Connection(self.house)
            begun = False
            try:
                connection.send(kind.sent())
                begun = bool(connection.first_bytes(1, None))
                got = read(connection, kind)
            except (Ended, OSError):
                connection.close()
                connection = None
                with self.lock:
                    self.cuts += begun
                    self.lost += not begun
                if tries_left == 0:
                    raise
                continue
            assert got == self.expected[name], (
                f"status {got[0]} and {len(got[1])} bytes, which are not those of one process: "
                f"{got[1][:300]!r}")
            return connection
        return None

    def running(self):
        return any(thread.is_alive() for thread in self.threads)

    def has_done(self, count):
        """Whether so many are done, or so many that the rest may all be with one replica."""
        return self.done >= min(count, self.last) or not self.running()

    def finish(self):
        """Lets them end what they began, and no more."""
        self.todo.clear()
        self.join()

    def join(self):
        for thread in self.threads:
            thread.join()
        assert not self.failures, "\n".join(self.failures)
