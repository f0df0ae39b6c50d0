"""Bodies that are no picture, or a broken or a lying one: a reason each time, and nothing lost."""

import struct
import zlib

import numpy as np
import pytest

import pictures
from checks import FRAMES, assert_ok, assert_problem, dissolve
from pictures import SIGNATURE, chunk, claiming, header

MEMORY = 128 * 2**20
"""How far a refused picture may push the peak: far below its claim, above a sanitizer's noise."""


@pytest.fixture(autouse=True)
def still_answers(client):
    """Whatever a test sent, the service goes on."""
    yield
    photo = pictures.photo(4, 4)
    frame = pictures.pixels(assert_ok(dissolve(client, pictures.png_of(photo), frames="0")).content)
    np.testing.assert_array_equal(frame, photo)


@pytest.mark.parametrize("media_type", ["image/png", "application/octet-stream",
                                        "application/x-www-form-urlencoded"])
def test_an_empty_body_is_refused(client, media_type):
    assert_problem(dissolve(client, b"", headers={"Content-Type": media_type}), (400, 422))


def test_no_body_at_all_is_refused(client):
    assert_problem(client.post(FRAMES), (400, 415, 422))


@pytest.mark.parametrize("body", [
    b"x", b"hello, I am no picture", b"\0" * 1000, SIGNATURE, SIGNATURE[:4],
    b"\xff\xd8\xff\xe0JFIF", b"GIF89a" + b"\0" * 50, b'{"samples": [1]}', b"\x93NUMPY\x01\0",
    SIGNATURE.replace(b"\r\n", b"\n"),
], ids=lambda body: repr(body[:12]))
def test_a_body_that_is_no_png_is_refused(client, body):
    assert_problem(dissolve(client, body), 422)


@pytest.mark.parametrize("media_type", ["application/octet-stream",
                                        "application/x-www-form-urlencoded"])
def test_bytes_that_are_sniffed_and_not_known_are_refused(client, media_type):
    response = dissolve(client, b"hello, I am no picture", headers={"Content-Type": media_type})
    assert_problem(response, (415, 422))


IEND, CRC = 12, 4
"""The sizes of a PNG's last chunk, and of the checksum of the image data before it."""


def test_a_png_cut_anywhere_is_refused_unless_the_picture_is_complete(client):
    photo = pictures.photo(40, 30)
    png = pictures.png_of(photo)
    complete = len(png) - IEND - CRC
    cuts = set(range(1, 64)) | set(range(64, len(png), 101)) | set(range(len(png) - 20, len(png)))
    for end in sorted(cuts):
        response = dissolve(client, png[:end], frames="0")
        if end < complete:
            assert_problem(response, 422)
        else:
            np.testing.assert_array_equal(pictures.pixels(assert_ok(response).content), photo)


def test_a_png_with_any_byte_flipped_is_refused_unless_it_is_behind_the_picture(client):
    photo = pictures.photo(5, 4)
    png = pictures.write_png(photo, 8, pictures.RGB)
    for at in range(len(png)):
        broken = bytearray(png)
        broken[at] ^= 1 << at % 8
        response = dissolve(client, bytes(broken), frames="0")
        if at >= len(png) - IEND:
            np.testing.assert_array_equal(pictures.pixels(assert_ok(response).content), photo)
            continue
        assert response.status_code == 422, f"byte {at}: {response.status_code}"
        assert_problem(response, 422)


def test_a_wrong_adler_checksum_is_refused(client):
    data = bytearray(zlib.compress(b"\0" + bytes(30)))
    data[-1] ^= 1
    png = SIGNATURE + header(10, 1) + chunk(b"IDAT", bytes(data)) + chunk(b"IEND", b"")
    assert_problem(dissolve(client, png), 422)


@pytest.mark.parametrize("width, height", [
    (60000, 60000), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1), (1, 2**31 - 1), (2**16, 2**16),
    (2**31, 4), (2**32 - 1, 2**32 - 1), (20000, 20000)])
def test_a_header_that_claims_a_giant_is_refused_without_its_memory(server, client, width, height):
    before = server.peak_memory()
    assert_problem(dissolve(client, claiming(width, height)), 422)
    assert server.peak_memory() - before < MEMORY, "the claimed pixels were allocated"


@pytest.mark.parametrize("width, height", [(0, 5), (5, 0), (0, 0)])
def test_a_picture_without_pixels_is_refused(client, width, height):
    assert_problem(dissolve(client, claiming(width, height)), 422)


def test_data_that_inflate_to_more_than_the_header_says_cost_no_memory(server, client):
    bomb = zlib.compress(bytes(256 * 2**20), 9)
    png = SIGNATURE + header(10, 10) + chunk(b"IDAT", bomb) + chunk(b"IEND", b"")
    before = server.peak_memory()
    assert_problem(dissolve(client, png), 422)
    assert server.peak_memory() - before < MEMORY, "the data were inflated as a whole"


def test_text_that_inflates_to_a_giant_costs_no_memory(server, client):
    photo = pictures.photo(4, 4)
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(256 * 2**20), 9))
    png = pictures.write_png(photo, 8, pictures.RGB, before_data=bomb)
    before = server.peak_memory()
    response = assert_ok(dissolve(client, png, frames="0"))
    np.testing.assert_array_equal(pictures.pixels(response.content), photo)
    assert server.peak_memory() - before < MEMORY, "the text was inflated"


def test_data_that_inflate_to_less_than_the_header_says_are_refused(client):
    png = SIGNATURE + header(100, 100) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + \
        chunk(b"IEND", b"")
    assert_problem(dissolve(client, png), 422)


RAW = zlib.compress(b"\0\x01\x02\x03")


@pytest.mark.parametrize("name, png", [
    ("an unknown critical chunk", SIGNATURE + header(1, 1) + chunk(b"ABCD", b"x") +
     chunk(b"IDAT", RAW) + chunk(b"IEND", b"")),
    ("no data", SIGNATURE + header(1, 1) + chunk(b"IEND", b"")),
    ("no header", SIGNATURE + chunk(b"IDAT", RAW) + chunk(b"IEND", b"")),
    ("data that are no zlib stream", SIGNATURE + header(1, 1) + chunk(b"IDAT", b"garbage!") +
     chunk(b"IEND", b"")),
    ("empty data", SIGNATURE + header(1, 1) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")),
    ("an unknown filter", SIGNATURE + header(1, 1) +
     chunk(b"IDAT", zlib.compress(b"\x09\1\2\3")) + chunk(b"IEND", b"")),
    ("an unknown colour type", SIGNATURE + header(1, 1, 8, 5) + chunk(b"IDAT", RAW) +
     chunk(b"IEND", b"")),
    ("a depth that its colour type does not have", SIGNATURE + header(1, 1, 4, pictures.RGB) +
     chunk(b"IDAT", RAW) + chunk(b"IEND", b"")),
    ("a palette that is missing", SIGNATURE + header(1, 1, 8, pictures.PALETTE) +
     chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")),
    ("an unknown interlacing", SIGNATURE + header(1, 1, interlace=2) + chunk(b"IDAT", RAW) +
     chunk(b"IEND", b"")),
    ("an unknown compression", SIGNATURE +
     chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 1, 0, 0)) + chunk(b"IDAT", RAW) +
     chunk(b"IEND", b"")),
    ("a chunk longer than the file", SIGNATURE + header(1, 1) + struct.pack(">I", 2**31 - 1) +
     b"IDAT" + RAW),
    ("a chunk of 4 GiB", SIGNATURE + header(1, 1) + b"\xff\xff\xff\xffIDAT" + RAW),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_malformed_png_is_refused(client, name, png):
    problem = assert_problem(dissolve(client, png), 422)
    assert len(problem["detail"]) > 5, f"no reason for {name}"
