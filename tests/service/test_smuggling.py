"""Requests that someone else on the way might read in another way: no second one comes of them."""

import re

import pytest

from checks import assert_ok
from rawhttp import Connection
from server import Server
from smuggling import CUT, LAST, LIVES, MARKER, MAX_BODY, SWALLOWS, TABLE


@pytest.fixture(scope="module")
def strict():
    """A server of its own: its end, clean, is part of the verdict."""
    instance = Server("--max-body", str(MAX_BODY))
    yield instance
    instance.stop()


def everything(server, data):
    """All that is answered to these bytes until the connection ends, which it has to."""
    with Connection(server) as connection:
        try:
            connection.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent
        received = []
        try:
            while part := connection.socket.recv(65536):
                received.append(part)
        except ConnectionResetError:
            pass
    return b"".join(received)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_nothing_is_smuggled(strict, row):
    answers = everything(strict, row.data + MARKER + LAST)
    first = re.match(rb"HTTP/1\.1 (\d+) ", answers)
    status = int(first[1]) if first else CUT
    assert status in row.statuses, f"{status} instead of {row.statuses}: {answers[:300]!r}"
    names = re.findall(rb"X-Request-Id: (marker|last)\r\n", answers)
    taken = status == row.statuses[0]
    expected = {LIVES: [b"marker", b"last"], SWALLOWS: [b"last"]}.get(row.end, []) if taken else []
    assert names == expected, f"the connection does not end as it should: {answers[:900]!r}"
    with strict.client() as client:
        assert_ok(client.get("/healthz"))


def test_a_refusal_by_the_service_tells_why_and_is_the_last_answer(strict):
    for line in (b"X-A: b\r\n c", b": b", b"X-A: b\0c", b"X A: b", b"Host: b"):
        with Connection(strict) as connection:
            connection.send(b"GET /v1 HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n" + MARKER)
            answer = connection.read_response()
            assert answer.status == 400 and answer.headers["connection"] == "close"
            assert answer.headers["content-type"] == "application/problem+json"
            assert connection.stream.read() == b""


def test_bytes_that_come_one_by_one_are_the_same_request(strict):
    """What is hidden is found, and what is sound is taken, wherever the parts of a head end."""
    sound, folded = (next(row for row in TABLE if row.name == name)
                     for name in ("a tab in a value", "a folded name"))
    for row, status in ((sound, 200), (folded, 400)):
        with Connection(strict) as connection:
            for at in range(len(row.data)):
                connection.send(row.data[at:at + 1])
            assert connection.read_response().status == status
