"""Requests at and beyond the edges of HTTP/1.1, a table for a bare socket and for a proxy.

Each is followed by a marker, a sound request of its own. Where the first request is refused, or is
not plainly well-formed, the marker must not be answered: another server on the way may have taken
it for a part of the first.
"""

import dataclasses

MAX_BODY = 65536
"""Of the server that the table is for."""

BODY = b'{"samples":[1]}'
CHUNKS = b"f\r\n" + BODY + b"\r\n0\r\n"
POST = (b"POST /v1/samples/histograms?steps=1 HTTP/1.1\r\nHost: a\r\n"
        b"Content-Type: application/json\r\nX-Request-Id: first\r\n")
MARKER = b"GET /v1/schedule?steps=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: marker\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-Id: last\r\nConnection: close\r\n\r\n"

CLOSES, LIVES, SWALLOWS = "closes", "lives", "swallows"
"""What becomes of the connection; SWALLOWS: the marker is the first request's body."""

CUT = None
"""A status of no answer: the connection ends without one."""


@dataclasses.dataclass
class Row:
    """A request and what may be answered to it; after any status but the first one it closes."""
    name: str
    data: bytes
    statuses: tuple
    end: str = CLOSES


def length(value, body=BODY):
    return POST + b"Content-Length:" + value + b"\r\n\r\n" + body


def coded(value, body=CHUNKS + b"\r\n"):
    return POST + b"Transfer-Encoding:" + value + b"\r\n\r\n" + body


def chunks(body):
    return coded(b" chunked", body)


def with_line(line):
    """A sound request but for one more line in its head."""
    return POST + line + b"\r\nContent-Length: 15\r\n\r\n" + BODY


def get(line, host=b"Host: a\r\n", rest=b""):
    return line + b"\r\n" + host + rest + b"\r\n"


SOUND = [
    Row("a length", length(b" 15"), (200,), LIVES),
    Row("a length with zeros", length(b" 015"), (200,), LIVES),
    Row("no blank", length(b"15"), (200,), LIVES),
    Row("more blanks", length(b" \t 15"), (200,), LIVES),
    Row("no body", POST + b"\r\n", (400,), LIVES),
    Row("chunks", coded(b" chunked"), (200,), LIVES),
    Row("CHUNKS", coded(b" CHUNKED"), (200,), LIVES),
    Row("a chunk's size with zeros", chunks(b"00000000" + CHUNKS + b"\r\n"), (200,), LIVES),
    Row("a chunk's extension", chunks(b"f;a=b\r\n" + BODY + b"\r\n0;c\r\n\r\n"), (200,), LIVES),
    Row("a quoted extension", chunks(b'f;a="b;c"\r\n' + BODY + b"\r\n0\r\n\r\n"), (200,), LIVES),
    Row("a trailer", chunks(CHUNKS + b"X-A: b\r\n\r\n"), (200,)),
    Row("an absolute target", get(b"GET http://b/v1 HTTP/1.1"), (200,), LIVES),
    Row("an asterisk", get(b"OPTIONS * HTTP/1.1"), (204,), LIVES),
    Row("an empty host", get(b"GET /v1 HTTP/1.1", b"Host:\r\n"), (200,), LIVES),
    Row("empty lines before", b"\r\n\r\n" + get(b"GET /v1 HTTP/1.1"), (200,), LIVES),
    Row("a hundred headers", with_line(b"X-A: bcdefghi\r\n" * 99 + b"X-A: b"), (200,), LIVES),
    Row("a long header", with_line(b"X-A: " + b"b" * 8000), (200,), LIVES),
    Row("a cookie", with_line(b"Cookie: a=b; c=d"), (200,), LIVES),
    Row("a tab in a value", with_line(b"X-A: b\tc \xc3\xa9 "), (200,), LIVES),
    Row("an unknown method", get(b"BREW /v1 HTTP/1.1"), (405, 501), LIVES),
    Row("a method in lower case", get(b"get /v1 HTTP/1.1"), (405, 501), LIVES),
    Row("TRACE", get(b"TRACE /v1 HTTP/1.1"), (405, 501), LIVES),
    Row("an unknown expectation", with_line(b"Expect: cake"), (200, 417), LIVES),
    Row("an expectation without a body", get(
        b"GET /v1 HTTP/1.1", rest=b"Expect: 100-continue\r\n"), (200,), LIVES),
    Row("an expectation of a body", with_line(b"Expect: 100-continue"), (100,), LIVES),
    Row("an upgrade", get(b"GET /v1 HTTP/1.1", rest=b"Connection: Upgrade, HTTP2-Settings\r\n"
                          b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), (200,), LIVES),
    Row("a minor version to come", get(b"GET /v1 HTTP/1.2"), (200, 505), LIVES),
    Row("an end told", with_line(b"Connection: close"), (200,)),
    Row("HTTP/1.0", get(b"GET /v1 HTTP/1.0", b""), (200,)),
    *(Row(method.decode() + " with a body", get(
        method + b" /v1 HTTP/1.1", rest=b"Content-Length: %d\r\n" % len(MARKER)), (status,),
          SWALLOWS)
      for method, status in ((b"GET", 200), (b"HEAD", 200), (b"OPTIONS", 204))),
    # Tolerated, for the library hides it: a proxy that knows it sends CRLF on.
    Row("lines that end in LF", length(b" 15").replace(b"\r\n", b"\n"), (200, 400, CUT), LIVES),
    Row("chunks that end in LF", chunks(CHUNKS.replace(b"\r\n", b"\n") + b"\n"), (200, 400), LIVES),
    Row("a CR in an extension", chunks(b"f;a\rb\r\n" + BODY + b"\r\n0\r\n\r\n"), (200, 400), LIVES),
]

FRAMING = [
    Row("both", length(b" 15\r\nTransfer-Encoding: chunked", CHUNKS + b"\r\n"), (400,)),
    Row("both, short", coded(b" chunked\r\nContent-Length: 3"), (400,)),
    Row("two lengths", length(b" 15\r\nContent-Length: 15"), (400,)),
    Row("two lengths that differ", length(b" 15\r\nContent-Length: 0"), (400,)),
    Row("two lengths, the first none", length(b" 0\r\nContent-Length: 15"), (400,)),
    Row("a list of lengths", length(b" 15, 15"), (400,)),
    *(Row(f"length {value[:24]!r}", length(b" " + value), (400, 413)) for value in (
        b"+15", b"-15", b"0xf", b"15a", b"1 5", b"15.0", b"", b"1e1", b"\xb2", b"15;", b"9" * 300,
        b"18446744073709551614", b"18446744073709551615", b"18446744073709551616",
        b"18446744073709551631", b"9223372036854775808")),
    *(Row(f"coding {value!r}", coded(b" " + value), (400, 501)) for value in (
        b"gzip", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked", b"xchunked",
        b"chunked;a=b", b"identity", b"", b'"chunked"', b"\x0bchunked", b"chunked\t", b"chunke",
        b"chunked\r\nTransfer-Encoding: chunked", b"identity\r\nContent-Length: 15",
        b"chunked\r\nTransfer-Encoding: identity")),
    Row("chunks in HTTP/1.0", coded(b" chunked").replace(b"/1.1", b"/1.0", 1), (400, 501)),
    *(Row(f"chunk size {size!r}", chunks(size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), (400, 413))
      for size in (b"x", b"0xf", b"+f", b"-f", b" f", b"f ", b"", b"e", b"fg", b"f,",
                   b"1000000000000000f", b"f" * 17, b"f;a\nb", b"\xff")),
    Row("the largest chunk", chunks(b"ffffffffffffffff\r\n" + bytes(2 * MAX_BODY)), (400, 413)),
    Row("nothing behind a chunk", chunks(b"f\r\n" + BODY + b"0\r\n\r\n"), (400,)),
    Row("more behind a chunk", chunks(b"f\r\n" + BODY + b"xx0\r\n\r\n"), (400,)),
    Row("chunks that end in CR", chunks(CHUNKS.replace(b"\r\n", b"\r") + b"\r"), (400,)),
    # The library's own words are about blocking.
    Row("an endless extension", chunks(b"f;" + b"a" * 2**17), (400, 431, 500, CUT)),
    Row("an endless trailer", chunks(CHUNKS + b"X: " + b"a" * 2**17), (400, 431, CUT)),
    Row("a length in the trailer", chunks(CHUNKS + b"Content-Length: 500\r\n\r\n"), (200, 400)),
    Row("a coding in the trailer", chunks(CHUNKS + b"Transfer-Encoding: gzip\r\n\r\n"), (200, 400)),
    Row("a colon in the trailer", chunks(CHUNKS + b"X: y\r\n: z\r\n"), (200, 400)),
]

HEADS = [
    Row("a folded value", with_line(b"X-A: b\r\n c"), (400,)),
    Row("a folded coding", coded(b"\r\n chunked"), (400, 501)),
    Row("half a coding", coded(b" chun\r\n ked"), (400, 501)),
    Row("a folded length", length(b" 1\r\n\t5"), (400,)),
    Row("a folded name", with_line(b"Content-Lengt: 3\r\n h"), (400,)),
    Row("a fold of nothing", with_line(b"X-A: b\r\n "), (400,)),
    Row("a fold that comes first", POST.replace(b"Host", b" Host") + b"\r\n", (400,)),
    *(Row(f"a header {line[:24]!r}", with_line(line), (400,)) for line in (
        b"Content-Length : 15", b"Transfer-Encoding : chunked", b"X-A : b", b"X-A\t: b",
        b"Nonsense", b": b", b":", b"X(a): b", b"X\xff: b", b"X A: b", b"X-A: b\rContent-Length: 0",
        b"X-A: b\rTransfer-Encoding: chunked", b"X-A: \x1b[2J", b"X-A: b\x7f", b"X-A: b\0c",
        b"Content-Length: 15\x003", b"Transfer-Encoding: chunked\0", b"Content-Length\0: 3",
        b"\0X-A: b", b"\0", b"Host: b", b"Host: a/b")),
    *(Row(f"a bare LF and {line!r}", POST.replace(b"Host: a\r\n", b"Host: a\n" + line), (400,))
      for line in (b"\0\r\n", b":\r\n", b"\0\n", b":\n", b":\0\n", b"X-A: b\n")),
    *(Row(f"{line!r} before a bare LF", with_line(b"X-A: b\r\n" + line), (400,))
      for line in (b"\0\n", b":\n", b"X-B: c\0\n", b"X-B: c\n")),
    Row("two keys", with_line(b"Authorization: Bearer a\r\nAuthorization: Bearer b"), (400,)),
    Row("a large head", with_line(b"X-A: " + b"b" * 25000), (431,)),
    Row("a full head", with_line(b"X-A: " + b"b" * 32200), (431,)),
    Row("many headers", with_line(b"X-A: b\r\n" * 400 + b"X-A: b"), (431,)),
    Row("many cookies", with_line(b"Cookie: " + b"a;" * 390), (431,)),
    Row("more cookies", with_line(b"Cookie: " + b"a;" * 600), (431, CUT)),
    Row("many parameters", POST.replace(b"?steps=1", b"?" + b"a&" * 600) + b"\r\n", (400,), LIVES),
    Row("an encoded path", get(b"GET /%76%31 HTTP/1.1"), (404,), LIVES),
    Row("a NUL in the target", POST.replace(b"histograms", b"histo\0grams") + b"\r\n", (400,)),
    Row("a NUL in the method", POST.replace(b"POST", b"PO\0ST") + b"\r\n", (400,)),
    Row("a length with an underscore",
        POST + b"Content_Length: %d\r\n\r\n" % len(MARKER), (400,), LIVES),
    *(Row(f"a target {target!r}", get(b"GET " + target + b" HTTP/1.1"), (400, CUT)) for target in (
        b"/v1%00", b"/v1?x=%00", b"/v1%zz", b"/v1%", b"v1", b"ftp://a/v1", b"http://", b"/v1 /x",
        b" /v1", b"/v1 ", b"/v1\tx", b"/v1\x7f", b"", b"/v1\rX:")),
    *(Row(f"a line {line!r}", get(line), (400, 405, 505, CUT)) for line in (
        b"G(T /v1 HTTP/1.1", b"G\x1bT /v1 HTTP/1.1", b"CONNECT a:80 HTTP/1.1", b" GET /v1 HTTP/1.1",
        b"GET\t/v1\tHTTP/1.1", b"GET /v1", b"GET", b"GET /v1 HTTP/2.0", b"GET /v1 HTTP/0.9",
        b"GET /v1 HTTP/1.10", b"GET /v1 HTTP/1.", b"GET /v1 HTTP/11", b"GET /v1 http/1.1",
        b"GET /v1 FTP/1.1", b"GET /v1 HTTP/1.1 x", b"GET /v1 HTTP/1.1\0",
        b"\x16\3\1\2\0\1\0\1\xfc")),
    Row("HTTP/0.9", b"GET /v1\r\n", (400, 505, CUT)),
    Row("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", (400, 505, CUT)),
    Row("all bytes", bytes(range(256)) * 4 + b"\r\n", (400, CUT)),
    Row("no host", get(b"GET /v1 HTTP/1.1", b""), (400,)),
    Row("a host with a blank", get(b"GET /v1 HTTP/1.1", b"Host: a b\r\n"), (400,)),
    Row("a megabyte of a header", with_line(b"X-A: " + b"b" * 2**20), (400, 431, CUT)),
    Row("a megabyte of headers", with_line(b"X-A: bcdefghi\r\n" * 2**16 + b"X-A: b"),
        (400, 431, CUT)),
    Row("a megabyte of a target", get(b"GET /" + b"b" * 2**20 + b" HTTP/1.1"), (414, 431, CUT)),
    Row("a megabyte of a method", get(b"B" * 2**20 + b" /v1 HTTP/1.1"), (400, 414, 431, CUT)),
    Row("a body for nothing", length(b" 15").replace(b"histograms", b"nosuch"), (404,)),
    Row("chunks for nothing", coded(b" chunked").replace(b"histograms", b"nosuch"), (404,)),
]

TABLE = SOUND + FRAMING + HEADS
