"""JPEG files of a few bytes that claim many pixels: refused before memory is allocated for them."""

import base64
import io
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import pictures
from checks import assert_ok, assert_problem, dissolve
from imagery import ask, first_levels, jpeg
from server import Server, memory_allowed

BASELINE, PROGRESSIVE, ARITHMETIC, PROGRESSIVE_ARITHMETIC = 0xc0, 0xc2, 0xc9, 0xca
EOI = b"\xff\xd9"
EOB_RUN = {1: 0x00, 64: 0x60, 32767: 0xe0}
"""Blocks without further coefficients -> the symbol of a run; 64 and 32767 have bits behind it."""


@pytest.fixture(scope="module")
def fresh():
    """A server whose peak of memory no other test has pushed."""
    instance = Server()
    with instance.client() as client:
        for _ in range(3):
            assert_ok(dissolve(client, jpeg(pictures.photo(16, 16))))
    yield instance
    instance.stop()


@pytest.fixture
def frugal(fresh):
    """A client of it, none of whose requests may push the peak."""
    before = fresh.peak_memory()
    with fresh.client() as client:
        yield client
    grown = fresh.peak_memory() - before
    assert grown <= memory_allowed(), f"{grown / 2**20:.1f} MiB more"


def segment(marker, data):
    return struct.pack(">BBH", 0xff, marker, len(data) + 2) + data


def scan(channels, first, last, bits):
    """Its bits are padded with ones and stuffed."""
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""
    head = bytes([len(channels), *(byte for i in channels for byte in (i, 0)), first, last, 0])
    return segment(0xda, head) + data.replace(b"\xff", b"\xff\0")


def made(kind, width, height, samplings, run=1):
    """A file up to its first scan, with a DC and an AC table of one code each: a single bit, 0."""
    channels = b"".join(bytes([i + 1, sampling, 0]) for i, sampling in enumerate(samplings))
    one_code = bytes([1] + 15 * [0])
    return (b"\xff\xd8" + segment(0xdb, b"\0" + bytes([1] * 64))
            + segment(kind, struct.pack(">BHHB", 8, height, width, len(samplings)) + channels)
            + segment(0xc4, b"\0" + one_code + b"\0")
            + segment(0xc4, b"\x10" + one_code + bytes([EOB_RUN[run]])))


def sides(width, height, samplings):
    """Blocks across and down of each channel, if it has a scan of its own."""
    most = max(s >> 4 for s in samplings), max(s & 15 for s in samplings)
    return [(-(-width * (s >> 4) // (8 * most[0])), -(-height * (s & 15) // (8 * most[1])))
            for s in samplings]


def smallest(kind, width, height, samplings):
    """The shortest whole file: one bit for the DC and one for the end of each block, or of all."""
    counts = [across * down for across, down in sides(width, height, samplings)]
    if kind == BASELINE:
        scans = [scan([i + 1], 0, 63, "00" * count) for i, count in enumerate(counts)]
        return made(kind, width, height, samplings) + b"".join(scans)
    assert all(64 <= count < 128 for count in counts)
    scans = [scan([i + 1], 0, 0, "0" * count) for i, count in enumerate(counts)]
    scans += [scan([i + 1], 1, 63, f"0{count - 64:06b}") for i, count in enumerate(counts)]
    return made(kind, width, height, samplings, run=64) + b"".join(scans)


# Arithmetic coding

SEQUENTIAL = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4"
    "UG1RV19iZ2hnPk1xeXBkeFxlZ2P/yQALCAAIABABAREA/8wABgAQEAX/2gAIAQEAAD8A+8acXensZrImH3M1caWNCuIB"
    "pbw9RNBh96meATlVSIG8uzk9oPiJtz9Qa8lhp29A/9k=")
"""A gray picture of 16 x 8, encoded by libjpeg-turbo."""


def test_a_whole_file_with_arithmetic_coding_is_refused(client):
    assert Image.open(io.BytesIO(SEQUENTIAL)).convert("RGB").size == (16, 8)
    problem = assert_problem(ask(client, SEQUENTIAL), 422)
    assert "arithmetic coding" in problem["detail"] and "Huffman" in problem["detail"]


@pytest.mark.parametrize("kind", [ARITHMETIC, PROGRESSIVE_ARITHMETIC])
@pytest.mark.parametrize("samplings", [[0x11], [0x11] * 3, [0x22, 0x11, 0x11], [0x11] * 4], ids=str)
@pytest.mark.parametrize("size", [(8, 8), (6000, 6000), (40000, 1000)])
def test_made_up_arithmetic_data_cost_nothing(frugal, kind, samplings, size):
    channels = range(1, len(samplings) + 1)
    last = 63 if kind == ARITHMETIC else 0
    body = made(kind, *size, samplings) + scan(channels, 0, last, "") + bytes(2) + EOI
    assert "arithmetic coding" in assert_problem(ask(frugal, body), 422)["detail"]


# Fewer bits than blocks

def lying(kind, size, samplings, data):
    """A scan that says nothing, or a run of blocks without coefficients, over every block."""
    if kind == BASELINE:
        return made(kind, *size, samplings) + scan(range(1, len(samplings) + 1), 0, 63, "") + data
    across, down = sides(*size, samplings)[0]
    runs = "0" + "1" * 14
    return (made(kind, *size, samplings, run=32767)
            + scan([1], 1, 63, runs * (across * down // 32767 + 1)) + data)


@pytest.mark.parametrize("data", [b"", EOI, bytes(40) + EOI], ids=repr)
@pytest.mark.parametrize("kind", [BASELINE, PROGRESSIVE])
@pytest.mark.parametrize("samplings", [[0x11], [0x11] * 3, [0x22, 0x11, 0x11], [0x11] * 4], ids=str)
@pytest.mark.parametrize("size", [(6000, 6000), (60000, 600), (600, 60000)])
def test_a_few_bytes_that_claim_many_pixels_cost_nothing(frugal, kind, samplings, size, data):
    body = lying(kind, size, samplings, data)
    assert len(body) < 900
    problem = assert_problem(ask(frugal, body), 422)
    assert f"{size[0]} x {size[1]} pixels" in problem["detail"]


def test_several_at_once_cost_nothing(frugal, fresh):
    """Three of 6000 x 6000 pixels made the server allocate gigabytes."""
    bodies = [made(ARITHMETIC, 6000, 6000, [0x11] * 3) + scan([1, 2, 3], 0, 63, "") + EOI,
              lying(PROGRESSIVE, (6000, 6000), [0x11] * 3, EOI),
              lying(BASELINE, (6000, 6000), [0x11] * 3, EOI)]

    def send(body):
        with fresh.client() as client:
            return assert_problem(ask(client, body), 422)

    with ThreadPoolExecutor(len(bodies)) as threads:
        assert len(list(threads.map(send, bodies))) == 3


# The bound itself refuses no picture

@pytest.mark.parametrize("kind", [BASELINE, PROGRESSIVE])
@pytest.mark.parametrize("size, samplings", [
    ((64, 64), [0x11]), ((61, 70), [0x11]), ((64, 64), [0x11] * 3), ((64, 72), [0x11] * 4),
    ((112, 66), [0x11] * 3), ((8 * 100, 1), [0x11])], ids=str)
def test_the_shortest_whole_files_are_read(client, kind, size, samplings):
    body = smallest(kind, *size, samplings)
    expected = np.asarray(Image.open(io.BytesIO(body + EOI)).convert("RGB"))
    for tail in (b"", EOI):
        np.testing.assert_array_equal(first_levels(client, body + tail), expected)


@pytest.mark.parametrize("width, height", [(1024, 1024), (3000, 8), (8, 3000), (1999, 1001)])
@pytest.mark.parametrize("options", [{"quality": 1}, {"quality": 1, "optimize": True},
                                     {"quality": 1, "progressive": True}], ids=str)
def test_large_pictures_of_one_colour_are_read(client, options, width, height):
    """An encoder's smallest files are not far above the bound."""
    body = jpeg(Image.new("RGB", (width, height), (128, 128, 128)), **options)
    expected = np.asarray(Image.open(io.BytesIO(body)))
    np.testing.assert_array_equal(first_levels(client, body[:-2]), expected)


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=str)
def test_a_real_file_cut_after_its_header_costs_nothing(frugal, options):
    body = jpeg(Image.effect_noise((2000, 2000), 50), **options)
    cut = body[:body.index(b"\xff\xda") + 100]
    assert "send the whole file" in assert_problem(ask(frugal, cut), 422)["detail"]
