"""Bodies that lie about their size or want to be costly: a reason each, and no memory for them."""

import json
import struct
import zlib

import pytest

import pictures
from checks import (FRAMES, HISTOGRAMS, assert_ok, assert_problem, dissolve, histograms, send_json)
from checks_samples import SAMPLES
from imagery import IMAGE_HISTOGRAMS, jpeg
from pictures import RGB, SIGNATURE, chunk, claiming, header
from server import Server, memory_allowed

MEGABYTE = 2**20


@pytest.fixture(scope="module")
def fresh():
    """A server whose peak of memory nobody else has pushed."""
    instance = Server()
    with instance.client() as client:
        for _ in range(3):
            assert_ok(dissolve(client, pictures.png_of(pictures.photo(16, 16))))
            assert_ok(histograms(client, {"samples": [1, 2, 3]}))
    yield instance
    instance.stop()


@pytest.fixture
def frugal(fresh):
    """A client of it whose requests must not push it; those that were sent come on top."""
    before = fresh.peak_memory()
    with fresh.client() as client:
        yield client
        assert_ok(histograms(client, {"samples": [1, 2, 3]}))
    grown = fresh.peak_memory() - before
    assert grown <= memory_allowed(), f"{grown / MEGABYTE:.1f} MiB more"


def png(*chunks):
    return SIGNATURE + b"".join(chunks) + chunk(b"IEND", b"")


def flipped(data, at):
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def lying_jpeg(width, height):
    body = bytearray(jpeg(pictures.photo(16, 16)))
    at = body.index(b"\xff\xc0")
    body[at + 5:at + 9] = struct.pack(">HH", height, width)
    return bytes(body)


def lying_npy(shape, kind="|u1", data=bytes(10)):
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + data


PIXEL = chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
BOMB = chunk(b"IDAT", zlib.compress(bytes(64 * MEGABYTE), 9))
PICKLE = b"\x80\4\x95\x1d\0\0\0\0\0\0\0\x8c\5posix\x8c\6system\x93\x8c\4true\x85R."

PICTURES = {
    "a bomb": png(header(10, 10), BOMB),
    "a bomb of text": png(header(1, 1), chunk(b"zTXt", b"a\0\0" + BOMB[8:-4]), chunk(b"IDAT", b"")),
    "20000 x 20000": claiming(20000, 20000),
    "as large as can be": claiming(2**31 - 1, 2**31 - 1),
    "as large as may be": claiming(6000, 6000),
    "truncated": pictures.png_of(pictures.photo(40, 30))[:-60],
    "a wrong CRC": flipped(png(header(1, 1), PIXEL), -13),
    "a wrong Adler-32": png(header(1, 1), chunk(b"IDAT", flipped(zlib.compress(b"\0\1\2\3"), -1))),
    "no width": claiming(0, 5),
    "no height": claiming(5, 0),
    "an unknown critical chunk": png(header(1, 1), chunk(b"ABCD", bytes(10)), PIXEL),
    "an endless palette": png(header(1, 1, 8, 3), chunk(b"PLTE", bytes(3 * MEGABYTE)), PIXEL),
    "interlaced without data": png(header(6000, 6000, 8, RGB, 1), PIXEL),
    "a JPEG of 65500 x 65500": lying_jpeg(65500, 65500),
    "a JPEG of 6000 x 6000": lying_jpeg(6000, 6000),
    "a JPEG without width": lying_jpeg(0, 16),
    **{f"an NPY of {shape}": lying_npy(shape) for shape in (
        "(6000, 6000, 3)", "(4294967296, 4294967296, 3)", "(6148914691236517206, 1, 3)",
        "(9223372036854775807, 3)", "(18446744073709551616, 1)", "(4611686018427387904, 4)",
        "(-1, 5)", "(0, 5)", "(2, 5", "(2, 6)")},
    "a pickled object": lying_npy("(1, 1)", "|O", PICKLE),
    "an NPY header of 4 GiB": b"\x93NUMPY\2\0\xff\xff\xff\xff{",
}


@pytest.mark.parametrize("path", [FRAMES, IMAGE_HISTOGRAMS])
@pytest.mark.parametrize("name", PICTURES)
def test_a_hostile_picture_is_refused_for_a_reason_and_costs_nothing(frugal, path, name):
    problem = assert_problem(frugal.post(path, data=PICTURES[name]), 422)
    assert len(problem["detail"]) > 5


@pytest.mark.parametrize("path", [SAMPLES, HISTOGRAMS])
@pytest.mark.parametrize("name", [name for name in PICTURES if "NPY" in name or "pickle" in name])
def test_a_hostile_array_of_samples_is_refused_likewise(frugal, path, name):
    response = frugal.post(path, data=PICTURES[name], headers={"Content-Type": "application/x-npy"})
    assert len(assert_problem(response, 422)["detail"]) > 5


DEEP = "[" * 1001 + "1" + "]" * 1001
MIXTURE = '{"mixture": {"weights": [1], "means": [%s], "stds": [1], "count": %s}}'

DOCUMENTS = [
    (DEEP, ""), ('{"samples": %s}' % DEEP, ("/samples/0",)),
    ('{"samples": [1], "mixture": %s}' % DEEP, ("/mixture",)),
    ('{"samples": [1], "range": %s}' % DEEP, ("/range",)),
    ('{"a": ' * 1001 + "1" + "}" * 1001, ("/a",)),
    ('{"samples": [1, 1e999]}', "/samples/1"), ('{"samples": [1], "beta": -1e999}', "/beta"),
    (MIXTURE % ("1e999", "3"), "/mixture/means/0"), ('{"samples": [NaN]}', "/samples/0"),
    ('{"samples": [1], "steps": NaN}', "/steps"), ('{"samples": [1, Infinity]}', "/samples/1"),
    ('{"samples": [1], "samples": [1]}', "/samples"), ('{"samples": [1], "seed": 1, "seed": 1}',
                                                       "/seed"),
    ('{"samples": [1]}x', ""), ('{"samples": [1]}{}', ""), (b'{"samples": [1]}\0', ""),
    (b'{"samples": [1], "frames": "\xff"}', "/frames"), (b'{"samples": [1], "\xff": 1}', ""),
    (b'{"samples": [1], "frames": "\xed\xa0\x80"}', "/frames"),
    ('{"samples": [1], "frames": "\\u0000"}', "/frames"), ('{"samples": [1], "a\\u0000": 1}', ""),
    ('{"samples": [1], "frames": "\\ud800"}', "/frames"), ('{"samples": [007]}', "/samples/0"),
    # A whole 0, and then something else than a comma.
    ('{"samples": [1], "steps": 007}', ""), ('{"samples": [1], "steps": -0x1}', ""),
]


@pytest.mark.parametrize("text, pointer", DOCUMENTS, ids=lambda value: repr(value)[:40])
def test_a_hostile_document_is_refused_where_it_is_wrong(frugal, text, pointer):
    """The pointer leads to the member at fault; "" is the document as a whole (RFC 6901).

    In a tuple: to somewhere below it.
    """
    assert_problem(send_json(frugal, text), 400, pointer=pointer)


@pytest.mark.parametrize("count", [str(value) for value in (
    2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**64 + 1, 10**30, -1, 0, "1e19", "0.5")])
def test_a_count_that_overflows_is_pointed_at(frugal, count):
    problem = assert_problem(send_json(frugal, MIXTURE % ("0", count), steps=1), (400, 422))
    assert problem["pointer"] == "/mixture/count"


def field(name, value, more=b""):
    return (b'--b\r\nContent-Disposition: form-data; name="' + name + b'"' + more + b"\r\n\r\n" +
            value + b"\r\n")


IMAGE = field(b"image", pictures.png_of(pictures.photo(4, 4)), b'; filename="a.png"')
END = b"--b--\r\n"

FORMS = {
    "no boundary": (IMAGE + END, "multipart/form-data"),
    "an empty boundary": (IMAGE + END, "multipart/form-data; boundary="),
    "an endless boundary": (IMAGE + END, "multipart/form-data; boundary=" + "b" * 5000),
    "another boundary": (IMAGE + END, "multipart/form-data; boundary=c"),
    "two images": (IMAGE + IMAGE + END, None),
    "a name of 5 MB": (field(b"a" * 5 * MEGABYTE, b"1") + IMAGE + END, None),
    "a value of 5 MB": (field(b"steps", b"1" * 5 * MEGABYTE) + IMAGE + END, None),
    "a part's header of 5 MB": (field(b"a", b"1", b"\r\nX: " + b"a" * 5 * MEGABYTE) + END, None),
    "nothing but a preamble": (b"\r\n--" * MEGABYTE, None),
    "a preamble of near boundaries": (b"\r\n--a" * MEGABYTE, None),
    "very many parts": (field(b"steps", b"1") * 50_000 + IMAGE + END, None),
    "very many fields": (b"".join(field(b"x%d" % i, b"1") for i in range(50_000)) + END, None),
    "no end": (IMAGE[:-2], None),
}


@pytest.mark.parametrize("path", [FRAMES, IMAGE_HISTOGRAMS])
@pytest.mark.parametrize("name", FORMS)
def test_a_hostile_form_is_refused_and_costs_no_more_than_itself(frugal, path, name):
    body, media_type = FORMS[name]
    media_type = media_type or "multipart/form-data; boundary=b"
    response = frugal.post(path, data=body, headers={"Content-Type": media_type})
    assert len(assert_problem(response, 400)["detail"]) > 5


def test_a_long_preamble_is_passed_over(frugal):
    body = b"\r\n--a" * MEGABYTE + b"\r\n" + IMAGE + END
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = frugal.post(FRAMES, data=body, params={"seed": 1}, headers=headers)
    plain = frugal.post(FRAMES, data=IMAGE + END, params={"seed": 1}, headers=headers)
    assert assert_ok(response).content == assert_ok(plain).content


# Limits so high that only checked arithmetic keeps sizes apart

@pytest.fixture(scope="module")
def boundless():
    instance = Server("--max-work", str(2**62), "--max-pixels", str(2**40), "--max-body", "1m")
    yield instance
    instance.stop()


@pytest.mark.parametrize("width, height", [
    (2**20, 2**20), (2**20, 2**20 + 1), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1), (1, 2**31 - 1)])
@pytest.mark.parametrize("form", ["npy", "npz", "png", "zip", "json"])
def test_pixels_times_channels_times_frames_do_not_overflow(boundless, width, height, form):
    with boundless.client() as client:
        before = boundless.peak_memory()
        response = dissolve(client, claiming(width, height), steps=10000, format=form)
        assert_problem(response, 422)
        assert boundless.peak_memory() - before <= memory_allowed()


@pytest.mark.parametrize("path", [SAMPLES, HISTOGRAMS])
@pytest.mark.parametrize("steps", [0, 1, 512, 1024, 10000])
@pytest.mark.parametrize("count", [2**53 - 1, 2**52, 2**50])
def test_count_times_steps_does_not_overflow(boundless, path, steps, count):
    with boundless.client() as client:
        before = boundless.peak_memory()
        document = json.loads(MIXTURE % ("0", count))
        assert_problem(client.post(path, json=document, params={"steps": steps}), 422)
        assert boundless.peak_memory() - before <= memory_allowed()


@pytest.mark.parametrize("path", [SAMPLES, HISTOGRAMS])
def test_the_last_offset_is_taken_and_no_further_one(boundless, path):
    with boundless.client() as client:
        def ask(offset, samples=5):
            return client.post(path, json={"samples": [0] * samples, "offset": str(offset)},
                               params={"steps": 2, "seed": 1})

        last = assert_ok(ask(2**62)).json()
        assert last["offset"] == 2**62
        assert last["frames"] != assert_ok(ask(2**62 - 1)).json()["frames"]
        for beyond in (2**62 + 1, 2**63, 2**64 - 1, 2**64, -1, 10**30):
            problem = assert_problem(ask(beyond), 400)
            assert problem["pointer"] == "/offset"


def test_steps_times_bins_is_answered_or_refused_by_the_work_alone(start_server):
    """As many bins as there can be in as many frames: the answer is made frame by frame."""
    server = start_server("--max-work", "200000000")
    with server.client() as client:
        before = server.peak_memory()
        query = {"steps": 10000, "bins": 4096, "frames": "0-10000/100", "format": "json"}
        answer = assert_ok(histograms(client, {"samples": [1]}, **query)).json()
        assert [len(frame["counts"]) for frame in answer["frames"]] == [4096] * 101
        assert_problem(histograms(client, {"samples": [1]}, **query | {"frames": "0-10000/10"}), 422)
        assert server.peak_memory() - before <= 2 * memory_allowed()
