"""Each call for input and output fails in turn: the answer is honest, the process lives.

What the system does to calls that could as well succeed (a part, EINTR, EAGAIN) changes no answer.
Where it has no memory or no descriptors, an answer that arrives is right and whole, or its client
sees that it is not.
"""

import errno

import pytest

import mixed
from faults import PART, IoFaults
from rawhttp import Connection, Response, request_head
from server import Server, wait_until
from test_memory_failures import CLOSED, CUT, PLAIN, ask, is_problem, is_same

KINDS = ("zip", "in pieces", "chunked", "json, gzip", "few samples", "contract",
         "head of a document", "too large, announced", "too large, in chunks")
ALONE = [(first, 0) for first in range(1, 4)]
"""The first calls of a kind, each of which fails alone; see IoFaults.arm."""

TRANSIENT = [(call, error) for call in ("recv", "send") for error in (PART, errno.EINTR, errno.EAGAIN)]
TRANSIENT += [("wait", PART), ("wait", errno.EINTR), ("log", PART), ("log", errno.EINTR),
              ("accept", errno.EINTR), ("accept", errno.EAGAIN), ("accept", errno.ECONNABORTED)]
LASTING = [(call, error) for call in ("recv", "send") for error in (errno.ENOBUFS, errno.ENOMEM)]
LASTING += [("accept", error) for error in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)]
LASTING += [("watch", errno.ENOMEM), ("watch", errno.ENOSPC), ("duplicate", errno.EMFILE)]

CUT_BY_PART = {"too large, announced", "too large, in chunks"}
"""Refused while their bodies arrive: the answer is sent once, and not again where that fails."""


def name_of(fault):
    call, error = fault
    return f"{call} {errno.errorcode[error] if error != PART else 'in part'}"


class Failing:
    """A server whose calls fail at times, and what it answers."""

    def __init__(self, server, faults):
        self.server, self.faults = server, faults
        self.idle = server.descriptors()
        self.plain = ask(server, PLAIN)
        self.expected = {kind: ask(server, mixed.kinds()[kind]) for kind in KINDS}
        assert all(isinstance(answer, Response) for answer in self.expected.values())

    def ask(self, kind, fault, schedule, transient):
        """What is wrong with the answer to one request under the schedule; None: nothing."""
        expected = self.expected[kind]
        self.faults.arm(*fault, *schedule)
        try:
            answer = ask(self.server, mixed.kinds()[kind])
        finally:
            self.failed += self.faults.disarm()[1]
        if isinstance(answer, Response) and is_same(answer, expected):
            return None
        honest = answer in (CLOSED, CUT) or is_problem(answer, {503, expected.status} - {200})
        if honest and (not transient or kind in CUT_BY_PART):
            return None
        return f"{kind}, {name_of(fault)}, {schedule}: {answer}"

    def fail_all(self, fault, schedules, transient):
        wrong = []
        self.failed = 0
        for kind in KINDS:
            wrong += [self.ask(kind, fault, schedule, transient) for schedule in schedules]
            status = self.server.process.poll()
            assert status is None, f"{kind}, {name_of(fault)} ended the process with {status}"
            after = ask(self.server, PLAIN)
            assert isinstance(after, Response) and is_same(after, self.plain), (
                f"after {kind}, {name_of(fault)}: {after}")
        assert not any(wrong), "\n".join(filter(None, wrong))[:4000]
        assert self.failed > 0, "no call failed"
        wait_until(lambda: self.server.descriptors() <= self.idle, "no descriptor is left")


@pytest.fixture(scope="module")
def failing():
    """One for all tests: its end, clean, is part of the verdict."""
    faults = IoFaults()
    server = Server("--threads", "2", "--max-body", str(mixed.MAX_BODY), **faults.settings)
    wait_until(server.is_asleep, "all threads have started")
    yield Failing(server, faults)
    server.stop()
    faults.close()


@pytest.mark.parametrize("fault", TRANSIENT, ids=name_of)
def test_what_passes_changes_no_answer(failing, fault):
    failing.fail_all(fault, [*ALONE, (1, 2), (2, 3)], transient=True)


@pytest.mark.parametrize("fault", LASTING, ids=name_of)
def test_without_resources_no_answer_lies(failing, fault):
    schedules = [*ALONE, (2, 3)]
    if fault[0] != "accept":  # the client would wait until connections are accepted again
        schedules += [(1, 1)]
    failing.fail_all(fault, schedules, transient=False)


def test_without_a_spare_descriptor_connections_are_turned_away(failing):
    """The descriptor that is given up for a connection cannot be had again at once."""
    failing.faults.arm("accept", errno.EMFILE, 1, 2)
    for _ in range(3):
        with Connection(failing.server) as connection:
            assert connection.stream.read(1) == b""
    failing.faults.disarm()
    with Connection(failing.server) as connection:
        connection.send(request_head("GET", "/healthz"))
        assert connection.read_response().status == 200
