"""Requests that libmicrohttpd 0.9.75 handles badly, and what the service makes of them."""

import socket

import pytest

from checks import HISTOGRAMS, assert_ok
from rawhttp import Connection, request_head
from server import wait_until
from smuggling import LAST, MARKER
from stress import (Occupants, assert_whole_problem, brief, cancelled, metrics,
                    request_lines, small, streamed, waiting)

LIMIT = 24 * 1024
"""Bytes of a request's head, with 64 more for each field line and each cookie."""


def ask_raw(server, data):
    """The first answer to these bytes; a connection that ends without one fails."""
    with Connection(server) as connection:
        connection.send(data)
        return connection.read_response()


def get(target, *lines):
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: a", *lines, b"", b""])


# Queries

@pytest.mark.parametrize("query", [
    b"&".join([b"steps"] * 600), b"&".join([b"a=b"] * 500), b"&".join(b"%d=" % i for i in range(3000)),
    b"=&" * 4000, b"%61=%62&" * 1000, b"?&" * 700, b"a&" * 10000], ids=lambda query: str(query[:12]))
def test_a_query_of_many_fields_is_refused_at_once(server, query):
    answer = ask_raw(server, get(b"/v1/schedule?" + query))
    problem = assert_whole_problem(answer, 400)
    assert "128" in problem["detail"]


def test_empty_fields_do_not_count(server):
    assert ask_raw(server, get(b"/v1/schedule?" + b"&" * 9000 + b"steps=1")).status == 200


@pytest.mark.parametrize("target", [
    b"/v1\0?" + b"a&" * 5000, b"/v1\0HTTP/1.1\0?" + b"a&" * 5000, b"\0/v1?" + b"a=b&" * 4000])
def test_a_query_behind_a_nul_is_refused_at_once(server, target):
    with Connection(server) as connection:
        connection.send(get(target))
        assert_whole_problem(connection.read_response(), 431)
        assert connection.stream.read() == b""


def test_cookies_are_answered_at_once(server):
    for count in (400, 700, 5000):  # for the last two, libmicrohttpd has no memory left
        assert ask_raw(server, get(b"/v1", b"Cookie: " + b"a;" * count)).status == 431
    assert ask_raw(server, get(b"/v1", b"Cookie: " + b"a=b; " * 100)).status == 200


# Heads

def padded(size, target=b"/v1/schedule?steps=1"):
    """A request whose head has exactly this size, counted with 64 bytes for each field line."""
    head = get(target, b"X-A: ")
    return get(target, b"X-A: " + b"b" * (size - 2 * 64 - len(head)))


@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT + 4096, 31900, 32300, 32500])
def test_a_large_head_is_refused_before_work_is_done(server, size):
    assert_whole_problem(ask_raw(server, padded(size)), 431)


@pytest.mark.parametrize("size", [LIMIT, LIMIT - 1, 20000])
def test_a_head_within_the_limit_is_answered(server, size):
    assert ask_raw(server, padded(size)).status == 200


@pytest.mark.parametrize("lines", [
    [b"X: a"] * 400, [b"X:"] * 380, [b"X-%d: b" % i for i in range(350)]], ids=lambda lines: len(lines))
def test_many_field_lines_are_refused(server, lines):
    with Connection(server) as connection:
        connection.send(get(b"/v1", *lines) + MARKER)
        assert_whole_problem(connection.read_response(), 431)
        assert connection.stream.read() == b""


def test_a_long_head_and_its_body_are_answered(server):
    job = brief()
    with Connection(server) as connection:
        connection.send(job.sent(X_A="b" * 23500))
        assert connection.read_response().status == 200


# Expectations

@pytest.mark.parametrize("first, status", [
    (get(b"/v1", b"Expect: 100-continue"), 200),
    (get(b"/v1", b"Expect: 100-Continue", b"Content-Length: 0"), 200),
    (get(b"/nosuch", b"expect: 100-continue "), 404),
    (get(b"/v1", b"Expect: 100-continue").replace(b"GET", b"HEAD"), 200),
    (get(b"/v1", b"Expect: 100-continue", b"Expect: 100-continue"), 200),
    (get(b"/v1", b"Expect: 100-continue").replace(b"GET", b"OPTIONS"), 204)])
def test_an_expectation_without_a_body_loses_no_request(server, first, status):
    with Connection(server) as connection:
        connection.send(first + MARKER + LAST)
        received = connection.stream.read()
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert received.count(b"X-Request-Id: marker\r\n") == 1
    assert received.count(b"X-Request-Id: last\r\n") == 1


@pytest.mark.parametrize("value", ["100-continue", "100-CONTINUE", "100-continue \t"])
def test_a_body_that_waits_is_asked_for_once(server, value):
    with Connection(server) as connection:
        connection.send(small().head(Expect=value))
        assert connection.read_head().status == 100
        connection.send(small().body)
        assert connection.read_response().status == 200


# What the library refuses by itself

def chunked(body):
    return (request_head("POST", HISTOGRAMS, X_Request_Id="first", Content_Type="application/json",
                         Transfer_Encoding="chunked") + body)


@pytest.mark.parametrize("data, status", [
    *((get(b"/v1", b"Content-Length: " + value), 400) for value in (b"0x4", b"-1", b"+1", b"a", b"1 5")),
    (get(b"/v1", b"Content-Length: " + b"9" * 30), 413), (get(b"/v1", b"A"), 400),
    (get(b"/v1", b"A: " + b"b" * 40000), 431), (chunked(b"zz\r\n"), 400), (chunked(b"1\r\nab\r\n"), 400),
    (chunked(b"f" * 16 + b"1\r\n"), 413)], ids=lambda value: str(value)[-30:])
def test_what_the_library_refuses_is_one_whole_problem(start_server, data, status):
    server = start_server("--threads", "1")
    with Connection(server) as connection:
        connection.send(data.replace(b"Host: a", b"X-Request-Id: first\r\nHost: a", 1) + MARKER)
        response = connection.read_response()
        assert_whole_problem(response, status)
        assert response.headers["x-request-id"] == "first"
        assert connection.stream.read() == b""
    line = wait_until(lambda: next((line for line in server.lines if '"id":"first"' in line), None),
                      "the log has the request")
    assert f'"status":{status},' in line


def test_a_method_that_hides_bytes_behind_head_has_a_whole_answer(server):
    with Connection(server) as connection:
        connection.send(MARKER + get(b"/v1").replace(b"GET", b"HEAD\0#") + MARKER)
        assert connection.read_response().status == 200
        assert_whole_problem(connection.read_response(), 400)
        assert connection.stream.read() == b""


# Line ends

BARE = [b"Host: a\n" + line + end + b"X: y\r\n" for line in (b"\0", b":", b"\0\0", b":\0")
        for end in (b"\r\n", b"\n")]
BARE += [b"Host: a\r\n" + line + b"\nX: y\r\n" for line in (b"\0", b":", b"\0b", b":b")]
BARE += [b"Host: a\0\n\r\n", b"Host: a\0\n\n", b"Host: a\nX: y\n\0\n", b"Host: a\r\nX: y\n:\n"]


@pytest.mark.parametrize("first_end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("lines", BARE, ids=repr)
def test_no_line_but_an_empty_one_ends_a_head(server, first_end, lines):
    with Connection(server) as connection:
        connection.send(b"GET /v1 HTTP/1.1" + first_end + lines + b"\r\n" + MARKER)
        received = connection.stream.read()
    assert received.startswith(b"HTTP/1.1 400 ") and received.count(b"HTTP/1.1 ") == 1


# Half-closed connections

def half_closed(server, data):
    """All that is answered to these bytes, behind which the client closes its sending side."""
    with Connection(server) as connection:
        connection.send(data)
        connection.socket.shutdown(socket.SHUT_WR)
        return connection.stream.read()


@pytest.mark.parametrize("data", [
    get(b"/healthz"), get(b"/v1/schedule?steps=10000"), small().sent(), brief().sent(),
    get(b"/healthz").replace(b"1.1", b"1.0"), get(b"/nosuch")],
    ids=["health", "long", "small", "computed", "HTTP/1.0", "refused"])
def test_who_closes_the_sending_side_is_answered(server, data):
    """As `nc -N` does."""
    received = half_closed(server, data)
    assert received.startswith(b"HTTP/1.1 404" if b"nosuch" in data else b"HTTP/1.1 200"), received[:200]


def test_who_closes_the_sending_side_waits_for_a_long_answer(start_server):
    """More than pipe and sockets hold, so that it is sent while the job works."""
    server = start_server("--threads", "1")
    job = streamed(steps=400)
    with Connection(server) as connection:
        connection.send(job.sent())
        connection.socket.shutdown(socket.SHUT_WR)
        answer = connection.read_response()
    assert answer.status == 200
    with server.client() as client:
        assert assert_ok(job.ask(client)).content == answer.body
    assert cancelled(server) == 0


def test_who_closes_the_sending_side_waits_in_the_queue(start_server):
    """Longer than until the client is tested; the test is an interim response."""
    server = start_server("--threads", "1")
    with Occupants(server) as occupants, Connection(server) as connection:
        occupants.take_all_threads()
        connection.send(brief().sent())
        wait_until(lambda: waiting(server) == 1, "the request waits")
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.read_head().status == 100
        occupants.leave()
        answer = connection.read_response()
    with server.client() as client:
        assert assert_ok(brief().ask(client)).content == answer.body


@pytest.mark.parametrize("size", [10, 70_000, 3_000_000])
def test_who_sends_a_body_and_closes_the_sending_side_is_answered(server, size):
    """The end may come before the body is read."""
    body = b'{"steps":1,"samples":[1%s]}' % (b",0.5" * (size // 4))
    received = half_closed(server, request_head(
        "POST", HISTOGRAMS, Content_Type="application/json", Content_Length=len(body)) + body)
    assert received.startswith(b"HTTP/1.1 200 ")


def test_several_requests_before_the_sending_side_is_closed_are_answered(server):
    received = half_closed(server, MARKER + small().sent() + MARKER + brief().sent() + MARKER)
    assert received.count(b"HTTP/1.1 200 ") == 5 and received.count(b"HTTP/1.1 ") == 5


# What libmicrohttpd refuses by itself

@pytest.mark.parametrize("data, status", [
    (get(b"/" + b"a" * 40000), 414), (b"GET /v1 HTTP/2.0\r\n\r\n", 505),
    (b"GET /v1 HTTP/3.7\r\nHost: a\r\n\r\n", 505), (b"GET /v1 HTTP/0.9\r\n\r\n", 505),
    (b"GET /v1\r\n\r\n", 400), (b"GET /v1 FTP/1.1\r\n\r\n", 400),
    (b"garbage\r\n", 400), (b"\x16\3\1\2\0\1\0\1\xfc\n", 400), (b"\r\n\r\n\xff\xfe\r\n\r\n", 400)])
def test_a_request_line_that_is_refused_is_logged_and_counted(start_server, data, status):
    server = start_server()
    with Connection(server) as connection:
        try:
            connection.send(data)
            received = connection.stream.read()
        except ConnectionError:
            received = b""
    assert received == b"" or received.startswith(b"HTTP/1.1 %d " % status)
    line = wait_until(lambda: request_lines(server), "the refusal is logged")[0]
    assert line["status"] == status and line["client"] == "127.0.0.1"
    with server.client() as client:
        assert_ok(client.get("/v1"))
    wait_until(lambda: len(request_lines(server)) == 2, "the next request is logged")
    figures = metrics(server)
    total = sum(count for name, count in figures.items()
                if name.startswith("dissolved_requests_total{") and f'"{status}"' in name)
    assert total == 1
    assert figures['dissolved_rejections_total{reason="malformed"}'] == 1


# Side entrances

ENCODED = ["/%76%31", "/%6detrics", "/v1%2Fschedule?steps=1", "/v1/%73chedule?steps=1", "/%68ealthz",
           "/v1%2fimages/frames", "//metrics", "/./metrics", "/metrics/", "/v1/", "/v1/../metrics",
           "http://a/%76%31", "/%2F", "/v1;x", "/metrics%3f"]


@pytest.mark.parametrize("target", ENCODED)
def test_only_a_route_as_it_is_written_is_a_route(server, target):
    for method in ("GET", "POST", "HEAD", "OPTIONS"):
        with Connection(server) as connection:
            connection.send(request_head(method, target, Content_Length="0", Connection="close"))
            received = connection.stream.read()
        assert received.startswith(b"HTTP/1.1 404 "), f"{method}: {received[:300]!r}"


@pytest.mark.parametrize("second", [b"Authorization: Bearer b", b"authorization: Bearer a",
                                    b"AUTHORIZATION:"])
def test_two_authorization_headers_are_refused(start_server, second):
    server = start_server("--api-keys", "abcdefghijklmnop")
    for lines in ((b"Authorization: Bearer abcdefghijklmnop", second),
                  (second, b"Authorization: Bearer abcdefghijklmnop")):
        answer = ask_raw(server, get(b"/v1", *lines))
        assert "Authorization" in assert_whole_problem(answer, 400)["detail"]
    answer = ask_raw(server, get(b"/v1", b"Authorization: Bearer abcdefghijklmnop"))
    assert answer.status == 200
