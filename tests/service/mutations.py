"""Requests that are broken at random, by a seed, for proxies and servers to disagree on."""

import random

from smuggling import BODY, CHUNKS, POST

BASES = (
    POST + b"Content-Length: 15\r\n\r\n" + BODY,
    POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    POST + b"Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\nf;a=b\r\n" + BODY
    + b"\r\n0\r\nX-A: b\r\n\r\n",
    POST + b"Expect: 100-continue\r\nContent-Length: 15\r\n\r\n" + BODY,
    b"GET /v1/schedule?steps=1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
    b"HEAD /openapi.yaml HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /healthz HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    b"GET http://a/readyz HTTP/1.1\r\nHost: a\r\n\r\n",
)

LINES = (
    b"Content-Length: 15", b"Content-Length: 0", b"Content-Length: 16", b"Content-Length: +15",
    b"Content-Length: 15, 15", b"Content-Length: 0x0f", b"Content-Length : 15", b"Content-Length:",
    b"Content_Length: 3", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity", b"Transfer-Encoding:\tchunked", b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding : chunked", b"transfer-encoding: CHUNKED",
    b"Transfer-Encoding: \"chunked\"", b"Connection: close", b"Connection: Content-Length",
    b"Host: b", b"Host: a, b", b": colon first", b"no colon", b" folded", b"\tfolded",
    b"X-A: \x00", b"X-A: \x01\x7f\xff", b"X\x00A: b", b"X-A: b\rContent-Length: 4",
    b"X-A: b\nContent-Length: 4", b"Upgrade: h2c", b"Expect: 100-continue", b"X-A: " + b"a" * 9000,
)

SIZES = (b"0", b"e", b"10", b"0f", b"F ", b" f", b"f;x", b"+f", b"0xf", b"-f", b"fffffffffffffffff", b"")


def with_line(dice, data):
    """One more line, somewhere in the head."""
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    lines.insert(dice.randint(1, len(lines)), dice.choice(LINES))
    return b"\r\n".join(lines) + b"\r\n\r\n" + rest


def with_other_size(dice, data):
    return data.replace(b"\r\nf", b"\r\n" + dice.choice(SIZES), 1)


def with_other_line_end(dice, data):
    places = [place for place in range(len(data)) if data.startswith(b"\r\n", place)]
    place = dice.choice(places)
    return data[:place] + dice.choice((b"\n", b"\r", b"\r\r\n", b"\n\r\n", b"")) + data[place + 2:]


def with_other_byte(dice, data):
    place = dice.randrange(len(data))
    byte = bytes([dice.choice((0, 9, 10, 13, 32, 35, 37, 44, 58, 59, 127, 255,
                               dice.randrange(256)))])
    return data[:place] + byte + data[place + dice.randint(0, 1):]


def without_bytes(dice, data):
    place = dice.randrange(len(data))
    return data[:place] + data[place + dice.randint(1, 8):]


def twice(dice, data):
    """Another one behind it, in one piece."""
    return data + dice.choice(BASES)


CHANGES = (with_line, with_line, with_other_size, with_other_line_end, with_other_byte,
           without_bytes, twice)


def mutated(count, seed=1):
    dice = random.Random(seed)
    for _ in range(count):
        data = dice.choice(BASES)
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            data = dice.choice(CHANGES)(dice, data) or data
        yield data
