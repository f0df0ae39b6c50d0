"""Header fields: lists in several lines, blanks behind values, and what a 304 says of its size."""

import pytest

from rawhttp import Connection

BODY = b'{"samples": [1, 2, 3], "steps": 1, "seed": "1"}'


def ask(server, *lines, start=b"GET /healthz HTTP/1.1", host=b"Host: x", body=b""):
    """The answer to a request with these header lines, and the interim answers before it."""
    with Connection(server) as connection:
        connection.send(b"\r\n".join([start, host, *lines]) + b"\r\n\r\n" + body)
        return connection.read_response()


def compute(server, *lines):
    return ask(server, b"Content-Type: application/json", b"Content-Length: %d" % len(BODY), *lines,
               start=b"POST /v1/samples/frames HTTP/1.1", body=BODY)


@pytest.mark.parametrize("lines", [
    [b"text/html", b"application/json"], [b"text/html;q=0.5", b"", b"application/*;q=0.1"],
    [b"image/png", b"text/html, application/json;q=0.2"], [b"", b"", b"*/*"]])
def test_accept_in_several_lines_is_one_list(server, lines):
    """RFC 9110, 5.3: a recipient may join field lines by commas without changing their meaning."""
    assert compute(server, b"Accept: " + b", ".join(lines)).status == 200
    assert compute(server, *(b"Accept: " + line for line in lines)).status == 200
    assert compute(server, *(b"accept: " + line + b" \t" for line in lines)).status == 200


@pytest.mark.parametrize("lines", [[b"text/html", b"image/png"], [b"text/html", b"*/*;q=0"]])
def test_accept_in_several_lines_can_refuse_all(server, lines):
    assert compute(server, *(b"Accept: " + line for line in lines)).status == 406


@pytest.mark.parametrize("lines, packed", [
    ([b"br", b"gzip"], True), ([b"gzip", b"br"], True), ([b"identity", b"*;q=0.3"], True),
    ([b"gzip;q=0", b"*"], False), ([b"br", b"zstd", b"deflate"], False)])
def test_accept_encoding_in_several_lines_is_one_list(server, lines, packed):
    answer = compute(server, *(b"Accept-Encoding: " + line for line in lines))
    assert (answer.headers.get("content-encoding") == "gzip") == packed


@pytest.mark.parametrize("path", [b"/healthz", b"/", b"/openapi.yaml", b"/v1", b"/sample.png",
                                  b"/v1/schedule?steps=50"])
@pytest.mark.parametrize("coding", [b"identity", b"gzip"])
def test_if_none_match_in_several_lines_is_one_list(server, path, coding):
    start = b"GET " + path + b" HTTP/1.1"
    accept = b"Accept-Encoding: " + coding
    whole = ask(server, accept, start=start)
    tag = whole.headers["etag"].encode()
    for lines in ([tag], [b'"x"', tag], [tag, b'"x"'], [b'"a", "b"', b'"c", ' + tag, b'"d"']):
        known = ask(server, accept, *(b"If-None-Match: " + line for line in lines), start=start)
        assert known.status == 304 and known.headers["etag"].encode() == tag
        # RFC 9110, 8.6: no Content-Length, or that of the 200.
        assert known.headers.get("content-length", str(len(whole.body))) == str(len(whole.body))
    assert ask(server, accept, b'If-None-Match: "x"', b'If-None-Match: "y"', start=start).status == 200


def test_a_304_is_followed_by_the_next_answer(server):
    """Its Content-Length announces no body."""
    tag = ask(server).headers["etag"].encode()
    with Connection(server) as connection:
        request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
        connection.send(request + b"If-None-Match: " + tag + b"\r\n\r\n" + request + b"\r\n")
        assert connection.read_response().status == 304
        assert connection.read_response().body.startswith(b'{"status"')


@pytest.mark.parametrize("blanks", [b" ", b"\t", b"  \t "])
def test_blanks_behind_a_value_are_no_part_of_it(server, blanks):
    """RFC 9112, 5.1."""
    assert ask(server, host=b"Host: x" + blanks).status == 200
    named = ask(server, b"X-Request-Id: mine-7" + blanks)
    assert named.headers["x-request-id"] == "mine-7"
    assert compute(server, b"Accept: application/json" + blanks).status == 200


@pytest.mark.parametrize("blanks", [b" ", b"\t"])
def test_where_a_body_ends_depends_on_no_blank(server, blanks):
    """Another server may read such a value in another way: smuggling begins there."""
    framing = [(b"Content-Length: %d" % len(BODY), BODY, (400,)),
               (b"Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
                (400, 501))]
    for line, body, statuses in framing:
        answer = ask(server, b"Content-Type: application/json", line + blanks,
                     start=b"POST /v1/samples/frames HTTP/1.1", body=body)
        assert answer.status in statuses


@pytest.mark.parametrize("value", [b"100-continue", b"100-continue ", b"100-Continue\t", b"100-CONTINUE  "])
def test_a_client_that_waits_for_100_gets_it(server, value):
    with Connection(server) as connection:
        connection.send(b"POST /v1/samples/frames HTTP/1.1\r\nHost: x\r\nExpect: " + value +
                        b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" %
                        len(BODY))
        assert connection.read_head().status == 100
        connection.send(BODY)
        assert connection.read_response().status == 200


def test_keys_and_origins_are_read_without_blanks(start_server):
    server = start_server("--api-keys", "open-sesame", "--cors-origins", "https://a.example")
    answer = ask(server, b"Authorization: Bearer open-sesame \t", b"Origin: https://a.example ",
                 start=b"GET /v1 HTTP/1.1")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


def test_forwarded_for_in_several_lines_is_one_list(start_server):
    """The client is the last address that no trusted proxy has."""
    server = start_server("--trusted-proxies", "127.0.0.1,10.0.0.0/8")
    ask(server, b"X-Forwarded-For: 192.0.2.1, 198.51.100.7", b"X-Forwarded-For: 10.0.0.1",
        b"X-Request-Id: joined", start=b"GET /v1 HTTP/1.1")
    server.stop()
    line, = (line for line in server.stderr().splitlines() if "joined" in line)
    assert "198.51.100.7" in line
