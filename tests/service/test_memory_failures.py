"""Each allocation of each kind of request fails in turn: the answer is honest, the process lives.

The same in every build: the interposer calls the sanitizers' allocators, so that one of them tells
what is freed twice or used after, and at the server's end what an answer without memory lost.
"""

import gzip
import json

import pytest

import mixed
from checks import HISTOGRAMS
from rawhttp import Connection, Ended, Response
from server import wait_until

ALL = 128
"""The first allocations of a request, each of which fails; of those after them a sample does."""
SAMPLE = 40

PLAIN = mixed.post(HISTOGRAMS + "?seed=1&steps=2", b'{"samples": [1, 2, 3]}', "application/json")
CLOSED, CUT = "closed", "cut"


def ask(server, request):
    """The answer; CLOSED or CUT where the connection ended so that a client notices."""
    ended = CLOSED
    try:
        with Connection(server) as connection:
            try:
                connection.send(request.sent())
            except ConnectionError:
                pass  # there may be an answer all the same
            response = connection.read_head()
            ended = CUT
            if request.method != "HEAD" and response.status != 204:
                assert {"content-length", "transfer-encoding"} & set(response.headers), (
                    "an answer whose end nobody can tell from a cut")
                connection.read_body(response)
            return response
    except (Ended, ConnectionError):
        return ended


def content(response):
    coding = response.headers.get("content-encoding")
    return gzip.decompress(response.body) if coding == "gzip" else response.body


def is_same(response, expected):
    """The same answer, but that it may do without compression."""
    return (response.status == expected.status and content(response) == content(expected) and
            response.headers.get("content-type") == expected.headers.get("content-type"))


def is_problem(response, statuses):
    """A whole problem; without memory to say why it says that."""
    if response.status not in statuses:
        return False
    problem = json.loads(response.body)
    return (response.headers["content-type"] == "application/problem+json" and
            all(isinstance(problem.get(member), str) and problem[member]
                for member in ("type", "title", "detail", "request_id")) and
            problem["status"] == response.status and
            problem["request_id"] == response.headers["x-request-id"] == "mixed" and
            (response.status != 503 or int(response.headers["retry-after"]) >= 1))


def verdict(answer, expected, method):
    """What is wrong with an answer without memory; None: nothing."""
    if answer in (CLOSED, CUT) or is_same(answer, expected):
        return None
    if method == "HEAD" and answer.status in (500, 503):
        return None
    refusals = {expected.status} if expected.status >= 400 else set()
    if is_problem(answer, {500, 503} | refusals):
        return None
    return f"{answer.status} {answer.headers} {answer.body[:200]!r}"


class Failing:
    """A server without memory at times, and what it answers to one request."""

    def __init__(self, server, faults, request):
        self.server, self.faults, self.request = server, faults, request
        self.idle = server.descriptors()
        self.expected = self.ask()
        self.plain = ask(server, PLAIN)
        self.wrong = []
        self.cut = 0

    def ask(self):
        answer = ask(self.server, self.request)
        assert isinstance(answer, Response) and answer.status == self.request.status, answer
        return answer

    def count(self):
        """The most allocations that the request takes: threads may share them out otherwise."""
        counts = []
        for _ in range(5):
            self.faults.arm(0)
            self.ask()
            counts.append(self.faults.disarm()[0])
        return max(counts)

    def fail(self, number, rest):
        self.faults.arm(number, rest)
        try:
            answer = ask(self.server, self.request)
        finally:
            failed = self.faults.disarm()[1]
        self.cut += answer == CUT
        wrong = verdict(answer, self.expected, self.request.method)
        if wrong:
            self.wrong.append(f"allocation {number}: {wrong}")
        status = self.server.process.poll()
        assert status is None, f"allocation {number} ended the process with {status}"
        after = ask(self.server, PLAIN)
        assert isinstance(after, Response) and is_same(after, self.plain), (
            f"after allocation {number}: {after}")
        return failed

    def forgets(self):
        """A connection whose answer was cut may stay open here until it is idle for too long."""
        if self.cut == 0:
            wait_until(lambda: self.server.descriptors() == self.idle, "no descriptor is left")


def chosen(count, dense):
    """All up to dense, and some of the rest, evenly."""
    rest = range(dense + 1, count + 1)
    return [*range(1, min(count, dense) + 1), *rest[::max(1, len(rest) // SAMPLE)]]


@pytest.fixture
def server(start_server, faults):
    server = start_server("--threads", "2", "--max-body", str(mixed.MAX_BODY), **faults.settings)
    wait_until(server.is_asleep, "no thread starts any more, for which a sanitizer needs memory")
    return server


@pytest.mark.parametrize("rest", [False, True], ids=["one", "all from one on"])
@pytest.mark.parametrize("kind", mixed.kinds())
def test_without_memory_no_answer_lies(server, faults, kind, rest):
    failing = Failing(server, faults, mixed.kinds()[kind])
    count = failing.count()
    assert count > 3, "the interposer counts nothing"
    numbers = chosen(count, 0 if kind in mixed.LONG else ALL)
    failed = sum(failing.fail(number, rest) > 0 for number in numbers)
    assert not failing.wrong, "\n".join(failing.wrong[:20])
    assert failed > 0.8 * len(numbers), f"only {failed} of {len(numbers)} failed"
    failing.forgets()
    assert failing.cut > 0 or kind != "in pieces", "no answer had begun when memory was short"
