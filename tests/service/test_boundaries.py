"""The boundary of multipart/mixed: no part contains it, whatever picture is sent (RFC 2046, 5.1.1)."""

import re

import numpy as np
import pytest

import pictures
from checks import assert_ok
from imagery import ask, npy, part_bytes, parts

RUN = {"seed": 1, "steps": 1, "frames": "0-1", "format": "multipart", "compression": "none"}
LURE = b"\r\nContent-Type: image/png\r\nDissolve-Step: 1\r\n\r\nnot a picture"


def multipart(client, body, **parameters):
    return assert_ok(ask(client, body, **{**RUN, **parameters}), "multipart/mixed")


def boundary_of(response):
    return re.fullmatch(r"multipart/mixed; boundary=([0-9A-Za-z-]{1,70})",
                        response.headers["Content-Type"])[1].encode()


def row(data):
    """An array of one row of pixels that are these bytes; stored, they stand in the PNG as they are."""
    return np.frombuffer(data + b" " * (-len(data) % 3), np.uint8).reshape(1, -1, 3)


BODIES = {"png": lambda data: pictures.png_of(row(data)), "npy": lambda data: npy(row(data)),
          "a row of several": lambda data: pictures.png_of(
              np.concatenate([row(data), row(data)[:, ::-1], row(data)]))}


def fingerprint(data):
    """FNV-1a: what earlier versions made a boundary of, from the parameters alone."""
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return value


def assert_two_parts(response):
    found = parts(response)
    assert [part["Dissolve-Step"] for part in found] == ["0", "1"]
    assert all(part_bytes(part).startswith(pictures.SIGNATURE) for part in found)
    assert all(int(part["Content-Length"]) == len(part_bytes(part)) for part in found)
    assert response.content.count(boundary_of(response)) == 3


@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"\xff" * 70001], ids=len)
@pytest.mark.parametrize("make", BODIES.values(), ids=BODIES)
def test_the_boundary_of_an_earlier_answer_ends_no_part(client, make, before):
    boundary = boundary_of(multipart(client, make(before)) if before else
                           multipart(client, make(bytes(60))))
    for _ in range(3):  # each time with the boundary of the attempt before
        data = before + b"\r\n--" + boundary + LURE + b"\r\n--" + boundary + b"--\r\n"
        response = multipart(client, make(data))
        assert_two_parts(response)
        assert data[:60000] in part_bytes(parts(response)[0])
        boundary = boundary_of(response)


def test_a_digest_of_the_parameters_ends_no_part(client):
    recipe = pictures.open_png(part_bytes(parts(multipart(client, BODIES["png"](b"abc")))[0]))
    query = recipe.text["dissolved"].rpartition("&t=")[0].encode()
    for text in (query, query + b"\0"):
        lure = b"\r\n--dissolve-%016x" % fingerprint(text) + LURE
        assert_two_parts(multipart(client, BODIES["png"](lure)))


@pytest.mark.parametrize("make", BODIES.values(), ids=BODIES)
def test_the_boundary_depends_on_every_byte_and_on_the_seed(client, make):
    data = bytes(range(30))
    bodies = [data] + [data[:i] + bytes([data[i] ^ 1]) + data[i + 1:] for i in range(30)]
    seen = {boundary_of(multipart(client, make(body))) for body in bodies}
    seen |= {boundary_of(multipart(client, make(data), seed=seed)) for seed in range(2, 12)}
    seen |= {boundary_of(multipart(client, make(data), beta=0.5))}
    assert len(seen) == 31 + 10 + 1


def test_the_boundary_depends_on_bytes_that_change_no_pixel(client):
    png = BODIES["png"](b"abc")
    comment = pictures.chunk(b"tEXt", b"Comment\0hello")
    other = png[:33] + comment + png[33:]
    assert boundary_of(multipart(client, png)) != boundary_of(multipart(client, other))


def test_the_same_request_has_the_same_bytes(client):
    for make in BODIES.values():
        one, two = (multipart(client, make(b"abcdef")) for _ in range(2))
        assert one.headers["Content-Type"] == two.headers["Content-Type"]
        assert one.content == two.content
    form = {"image": ("a.png", BODIES["png"](b"abc"))}
    answers = [assert_ok(client.post("/v1/images/frames", files=form, params=RUN))
               for _ in range(2)]  # requests draws the form's own boundary anew
    assert answers[0].content == answers[1].content
    assert boundary_of(answers[0]) == boundary_of(multipart(client, form["image"][1]))
