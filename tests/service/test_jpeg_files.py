"""JPEG files as cameras and printers' programs write them: no end marker, trailers, four channels."""

import io
import re
import struct

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps

import pictures
from checks import FRAMES, assert_ok, assert_problem
from imagery import IMAGE_HISTOGRAMS, ask, first_levels, jpeg

EOI = b"\xff\xd9"
ORIENTATION = 0x0112
PATHS = pytest.mark.parametrize("path", [FRAMES, IMAGE_HISTOGRAMS])


def as_pillow_reads(data):
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))


def of_mode(mode, width, height):
    return Image.fromarray(pictures.photo(width, height)).convert(mode)


def segment(marker, data):
    return struct.pack(">BBH", 0xff, marker, len(data) + 2) + data


def assert_same_picture(client, body, whole):
    np.testing.assert_array_equal(first_levels(client, body), as_pillow_reads(whole))


# Files without an end marker

KINDS = {
    "baseline": lambda: jpeg(pictures.photo(53, 37)),
    "baseline 4:4:4": lambda: jpeg(pictures.photo(16, 24), subsampling=0, quality=95),
    "baseline 4:2:2": lambda: jpeg(pictures.photo(33, 9), subsampling=1, quality=20),
    "one pixel": lambda: jpeg(pictures.photo(1, 1)),
    "gray": lambda: jpeg(of_mode("L", 31, 20)),
    "optimized": lambda: jpeg(pictures.photo(40, 30), optimize=True),
    "progressive": lambda: jpeg(pictures.photo(53, 37), progressive=True),
    "progressive 4:4:4": lambda: jpeg(pictures.photo(8, 65), progressive=True, subsampling=0),
    "progressive gray": lambda: jpeg(of_mode("L", 20, 31), progressive=True),
    "CMYK": lambda: jpeg(of_mode("CMYK", 20, 31)),
    "progressive CMYK": lambda: jpeg(of_mode("CMYK", 20, 31), progressive=True),
}

TRAILERS = {
    "nothing": b"",
    "half an end marker": b"\xff",
    "zero bytes": bytes(1000),
    "Samsung's": bytes([0, 0, 10, 0, 23]) + b"Image_UTC_Data1600000000000SEFH" + bytes(60) + b"SEFT",
    "a motion photo": bytes(3) + b"\x18ftypmp42" + bytes(500),
    "a second picture": jpeg(pictures.photo(20, 20)),
    "a second picture's segments": jpeg(pictures.photo(53, 37), progressive=True)[2:],
    "a Huffman table": segment(0xc4, b"\0" + bytes(16)),
    "a broken Huffman table": segment(0xc4, b"\xff" * 60),
    "a cut segment": b"\xff\xe1\xff\xff",
    "a scan": segment(0xda, b"\1\1\0\0\x3f\0") + b"data" * 20,
    "restart markers": b"\xff\xd0\xff\xd1\xff\xd2",
    "unknown markers": b"\xff\x02\xff\xbf\xff\x30",
    "fill bytes": b"\xff" * 50,
    "escaped bytes": b"\xff\0" * 50,
}


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_without_an_end_marker_is_whole_whatever_follows(client, kind, trailer):
    whole = KINDS[kind]()
    assert whole.endswith(EOI)
    assert_same_picture(client, whole[:-2] + TRAILERS[trailer], whole)
    assert_same_picture(client, whole + TRAILERS[trailer], whole)


def test_pillow_completes_a_file_without_an_end_marker_likewise(client, monkeypatch):
    """Its answer to the file itself, not to the one that it was cut from."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for make in KINDS.values():
        cut = make()[:-2]
        assert_same_picture(client, cut, cut)


@pytest.mark.parametrize("kind", KINDS)
def test_a_byte_of_image_data_less_is_refused(client, kind):
    whole = KINDS[kind]()
    for cut in (whole[:-3], whole[:-4], whole[:-3] + EOI, whole[:-3] + b"\xff\xd8\xff\xe0" + bytes(9)):
        problem = assert_problem(ask(client, cut), 422)
        assert re.search("whole file", problem["detail"])


@pytest.mark.parametrize("lost", range(1, 4))
def test_a_progressive_jpeg_without_its_last_scans_is_refused(client, lost):
    """However well it ends: with the marker, without it, or with a trailer."""
    whole = jpeg(pictures.photo(40, 30), progressive=True)
    scans = [found.start() for found in re.finditer(b"\xff\xda", whole)]
    tables = whole.rindex(b"\xff\xc4", 0, scans[-lost])
    assert tables > scans[-lost - 1]
    for tail in (b"", EOI, bytes(200), jpeg(pictures.photo(40, 30))):
        assert_problem(ask(client, whole[:tables] + tail), 422)


# Four channels

def with_transform(body, transform):
    """Another transform in the Adobe marker: 0 is CMYK, 2 is YCCK; None: no such marker."""
    at = body.index(b"\xff\xee\0\x0eAdobe")
    assert body[at + 15] == 0
    middle = b"" if transform is None else body[at:at + 15] + bytes([transform])
    return body[:at] + middle + body[at + 16:]


@pytest.mark.parametrize("transform", [0, 2, None], ids=["CMYK", "YCCK", "no Adobe marker"])
@pytest.mark.parametrize("size", [(40, 30), (1, 1), (17, 9), (9, 70)])
@pytest.mark.parametrize("options", [
    {"quality": 95, "subsampling": 0}, {"quality": 75, "subsampling": 1},
    {"quality": 50, "subsampling": 2}, {"quality": 5}, {"progressive": True},
    {"progressive": True, "subsampling": 2, "quality": 90}, {"optimize": True}], ids=str)
def test_four_channels_are_those_of_pillows_rgb(client, options, size, transform):
    body = with_transform(jpeg(of_mode("CMYK", *size), **options), transform)
    assert Image.open(io.BytesIO(body)).mode == "CMYK"
    assert_same_picture(client, body, body)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("transform", [0, 2, None])
def test_every_level_of_ink_over_every_level_of_black(client, transform, inverted):
    """Blocks of one colour each, which a JPEG of quality 100 keeps almost."""
    levels = np.linspace(0, 255, 24).astype(np.uint8)
    ink, black = np.meshgrid(levels, levels)
    planes = np.stack([ink, ink.T, 255 - ink, black], -1).repeat(8, 0).repeat(8, 1)
    picture = Image.fromarray(255 - planes if inverted else planes, "CMYK")
    body = with_transform(jpeg(picture, quality=100, subsampling=0), transform)
    assert_same_picture(client, body, body)


@pytest.mark.parametrize("transform", [0, 2])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_four_channels_are_turned_as_the_exif_says(client, orientation, transform):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    body = with_transform(jpeg(of_mode("CMYK", 37, 22), exif=exif.tobytes()), transform)
    assert as_pillow_reads(body).shape == ((37, 22, 3) if orientation > 4 else (22, 37, 3))
    assert_same_picture(client, body, body)


@pytest.mark.parametrize("transform", [0, 2, None])
def test_the_gray_of_four_channels_is_that_of_their_rgb(client, transform):
    body = with_transform(jpeg(of_mode("CMYK", 40, 30)), transform)
    gray = Image.fromarray(as_pillow_reads(body)).convert("L")
    np.testing.assert_array_equal(first_levels(client, body, channels="gray"), np.asarray(gray))


@PATHS
def test_four_channels_in_a_form(client, path):
    body = jpeg(of_mode("CMYK", 12, 8))
    raw = assert_ok(ask(client, body, path, steps=3, seed=8))
    form = client.post(path, files={"image": body}, data={"steps": "3", "seed": "8"})
    assert assert_ok(form).content == raw.content


# What a refusal says

def patched(old, new):
    body = jpeg(pictures.photo(40, 30))
    assert body.count(old) == 1
    return body.replace(old, new)


REFUSED = {
    "SOI alone": (b"\xff\xd8\xff", "no image data"),
    "no scan": (b"\xff\xd8\xff\xd9", "no image data"),
    "cut in a segment": (jpeg(pictures.photo(40, 30))[:100], "ends within a header segment"),
    "cut in the data": (jpeg(pictures.photo(40, 30))[:-20], "ends before its image data"),
    "a hole": (jpeg(pictures.photo(40, 30))[:-20] + EOI, "lacks a part of its image data"),
    "no height": (patched(b"\0\x1e\0\x28", b"\0\0\0\x28"), "of 0"),
    "12 bits": (patched(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"), "12 bits"),
    "lossless": (patched(b"\xff\xc0\0\x11\x08", b"\xff\xc3\0\x11\x08"), "lossless"),
    "a channel of another name": (patched(b"\xff\xda\0\x0c\x03\x01", b"\xff\xda\0\x0c\x03\x09"), "channel"),
    "a scan too long": (patched(b"\xff\xda\0\x0c", b"\xff\xda\0\x0d"), "length"),
    "no Huffman codes": (patched(b"\xff\xda\0\x0c\x03\x01\0", b"\xff\xda\0\x0c\x03\x01\x33"),
                         "lacks a Huffman table"),
    "restarts that are not there": (patched(b"\xff\xda", segment(0xdd, b"\0\1") + b"\xff\xda"),
                                    "restart marker"),
}

LIBRARY = re.compile("premature|bogus|corrupt jpeg|extraneous|unsupported marker|invalid sos|"
                     "was not defined|library|0x[0-9a-f]{2}, ", re.IGNORECASE)
"""Words of libjpeg's messages."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_is_wrong_in_a_sentence(client, name):
    body, reason = REFUSED[name]
    detail = assert_problem(ask(client, body), 422)["detail"]
    assert re.fullmatch(r"The JPEG('s)? .*\.", detail), detail
    assert reason in detail and not LIBRARY.search(detail), detail
