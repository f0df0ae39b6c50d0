"""PNG files with faults that leave the picture whole are read, with Pillow's pixels."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

import pictures
from checks import assert_ok, assert_problem, dissolve
from pictures import (GRAY, GRAY_ALPHA, PALETTE, RGB, RGB_ALPHA, SIGNATURE, chunk, header)
from server import Server, memory_allowed

END = chunk(b"IEND", b"")
COLOURS = bytes((91 * i + 5) % 256 for i in range(3 * 16))


def samples(depth, colour, width=9, height=7):
    channels = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGB_ALPHA: 4}[colour]
    generator = np.random.default_rng(depth * 10 + colour)
    return generator.integers(0, 2**depth, (height, width, channels))


def parts(depth, colour, interlaced=False, **size):
    """A sound PNG as its chunks: what is before the image data, and the zlib stream in it."""
    palette = chunk(b"PLTE", COLOURS) if colour == PALETTE else b""
    png = pictures.write_png(samples(depth, colour, **size), depth, colour, interlaced, palette)
    at = png.index(b"IDAT")
    return png[:at - 4], png[at + 4:-len(END) - 4]


KINDS = [(8, RGB, False), (4, PALETTE, False), (1, GRAY, True), (8, RGB_ALPHA, True),
         (8, GRAY_ALPHA, False)]


def sound(before, stream):
    return before + chunk(b"IDAT", stream) + END


def pillows_pixels(png):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def assert_read(client, png, expected, why=""):
    response = dissolve(client, png, frames="0", format="png")
    assert response.status_code == 200, f"{why}: {response.content[:300]!r}"
    np.testing.assert_array_equal(pictures.pixels(assert_ok(response).content), expected, why)


def with_crc(kind, data, damage=0):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(
        ">I", zlib.crc32(kind + data) ^ damage)


ANCILLARY = [
    (b"tEXt", b"no separator", 0), (b"tEXt", b"\0", 3), (b"zTXt", b"k\0\0no zlib", 1),
    (b"zTXt", b"k\0\x09", 0), (b"iTXt", b"k\0\1\7\0\0", 0), (b"iTXt", b"", 8),
    (b"iCCP", b"ICC\0\0" + zlib.compress(b"profile")[:-3], 0), (b"iCCP", b"n\0\5abc", 4),
    (b"iCCP", b"x" * 100, 0), (b"tIME", bytes(6), 0), (b"tIME", b"\xff" * 7, 0),
    (b"bKGD", b"", 0), (b"bKGD", b"\xff" * 9, 2), (b"sBIT", b"\0", 0), (b"sBIT", b"\xff" * 4, 0),
    (b"pHYs", bytes(8), 0), (b"gAMA", b"", 0), (b"gAMA", bytes(4), 0), (b"cHRM", bytes(31), 0),
    (b"sRGB", b"", 0), (b"sRGB", b"\x7f", 0), (b"tRNS", bytes(8), 0), (b"tRNS", b"", 0),
    (b"tRNS", bytes(300), 5), (b"eXIf", b"II*", 0), (b"hIST", bytes(3), 0), (b"sPLT", b"p", 0),
    (b"cICP", bytes(9), 0), (b"cLLI", b"", 0), (b"acTL", bytes(3), 0), (b"fcTL", bytes(1), 0),
    (b"fdAT", b"", 0), (b"npTc", b"Android", 1), (b"orNT", b"\1", 0), (b"x\0Yz", b"no name", 0),
]


@pytest.mark.parametrize("depth, colour, interlaced", KINDS)
def test_no_ancillary_chunk_makes_a_picture_unreadable(client, depth, colour, interlaced):
    """Before the image data, within it, behind it and before the header."""
    before, stream = parts(depth, colour, interlaced)
    expected = pillows_pixels(sound(before, stream))
    half = len(stream) // 2
    first, second = chunk(b"IDAT", stream[:half]), chunk(b"IDAT", stream[half:])
    for kind, data, damage in ANCILLARY:
        extra = with_crc(kind, data, damage)
        for png in (before + extra + first + second + END, before + first + extra + second + END,
                    before + first + second + extra + END,
                    SIGNATURE + extra + before[8:] + first + second + END,
                    before + extra + extra + first + second + END):
            assert_read(client, png, expected, (kind, data, damage))


@pytest.mark.parametrize("depth, colour", [(8, GRAY), (8, RGB), (16, RGB), (8, RGB_ALPHA)])
@pytest.mark.parametrize("data, damage", [(b"", 0), (b"1234", 0), (bytes(771), 0), (b"abc", 1)])
def test_a_palette_that_is_not_needed_is_ignored(client, depth, colour, data, damage):
    before, stream = parts(depth, colour)
    extra = with_crc(b"PLTE", data, damage)
    expected = pillows_pixels(sound(before, stream))
    assert_read(client, before + extra + chunk(b"IDAT", stream) + END, expected)
    assert_read(client, before + chunk(b"IDAT", stream) + extra + END, expected)


@pytest.mark.parametrize("depth, colour, interlaced", KINDS)
@pytest.mark.parametrize("behind", [b"\0", bytes(4), b"\xff" * 300, b"IEND", zlib.compress(b"x")])
def test_data_behind_the_zlib_stream_is_ignored(client, depth, colour, interlaced, behind):
    before, stream = parts(depth, colour, interlaced)
    data = chunk(b"IDAT", stream)
    one, more = before + chunk(b"IDAT", stream + behind) + END, data + chunk(b"IDAT", behind)
    expected = pillows_pixels(one)
    np.testing.assert_array_equal(expected, pillows_pixels(sound(before, stream)))
    text = chunk(b"tEXt", b"k\0v")
    for png in (one, before + more + END, before + data + text + chunk(b"IDAT", behind) + END,
                before + data + with_crc(b"IDAT", behind, 1) + END):
        assert_read(client, png, expected)


@pytest.mark.parametrize("depth, colour", [(8, RGB), (4, PALETTE), (8, GRAY_ALPHA)])
@pytest.mark.parametrize("more", [1, 2, 30, 2**20])
def test_rows_beyond_the_header_s_are_ignored_if_the_checksum_holds(client, depth, colour, more):
    before, stream = parts(depth, colour)
    long = bytearray(zlib.compress(zlib.decompress(stream) + bytes(more), 9))
    png = sound(before, bytes(long))
    assert_read(client, png, pillows_pixels(sound(before, stream)))
    np.testing.assert_array_equal(pillows_pixels(png), pillows_pixels(sound(before, stream)))
    long[-1] ^= 1
    assert_problem(dissolve(client, sound(before, bytes(long))), 422)


ENDS = {
    "no IEND": b"",
    "an IEND with a wrong CRC": with_crc(b"IEND", b"", 1),
    "an IEND with data": chunk(b"IEND", b"data"),
    "an IEND that is longer than the file": b"\0\0\1\0IEND\xae\x42\x60\x82",
    "an IEND whose name is damaged": b"\0\0\0\0IEN\x04\xae\x42\x60\x82",
    "a text that is cut off": chunk(b"tEXt", b"k\0" + bytes(100))[:-30],
    "bytes behind IEND": END + b"trailer" * 100,
    "another PNG behind IEND": END + SIGNATURE + header(1, 1) + END,
    "another PNG in place of IEND": SIGNATURE + header(1, 1) + END,
    "zeros in place of IEND": bytes(512),
    "text in place of IEND": b"-----------------------------boundary--\r\n",
    **{f"{size} bytes of IEND": END[:size] for size in range(1, 12)},
}


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
def test_a_complete_picture_may_end_in_any_way(client, end):
    for kind in KINDS:
        before, stream = parts(*kind)
        data = before + chunk(b"IDAT", stream)
        assert_read(client, data + end, pillows_pixels(data + END))


@pytest.mark.parametrize("depth, colour, interlaced", KINDS)
def test_a_picture_that_lacks_a_byte_is_refused(client, depth, colour, interlaced):
    before, stream = parts(depth, colour, interlaced)
    for png in (before + chunk(b"IDAT", stream[:-1]) + END, before + chunk(b"IDAT", stream)[:-5],
                before + chunk(b"IDAT", stream[:9]) + chunk(b"tEXt", b"k\0v") + END, before + END,
                before, sound(before, zlib.compress(zlib.decompress(stream)[:-1]))):
        assert_problem(dissolve(client, png), 422)


BEFORE, STREAM = parts(8, RGB)
PALETTED, INDICES = parts(4, PALETTE)
IHDR = struct.pack(">IIBBBBB", 9, 7, 8, RGB, 0, 0, 0)


def with_header(**changes):
    at = {"depth": 8, "colour": 9, "compression": 10, "filtering": 11, "interlace": 12}
    data = bytearray(IHDR)
    for name, value in changes.items():
        data[at[name]] = value
    return sound(SIGNATURE + chunk(b"IHDR", bytes(data)), STREAM)


SENTENCES = {
    "cut in the image data": (sound(BEFORE, STREAM)[:-25],
                              "The PNG is cut off before its image data is complete; send the whole "
                              "file."),
    "cut before the image data": (BEFORE[:-4], "The PNG is cut off"),
    "cut in a text": (BEFORE + chunk(b"tEXt", bytes(50))[:-9], "The PNG is cut off"),
    "wrong CRC of IHDR": (SIGNATURE + with_crc(b"IHDR", IHDR, 1), "CRC of its chunk IHDR is wrong"),
    "wrong CRC of PLTE": (sound(PALETTED[:-1] + b"\0", INDICES), "CRC of its chunk PLTE is wrong"),
    "wrong CRC of IDAT": (BEFORE + with_crc(b"IDAT", STREAM, 1) + END, "IDAT chunk has a wrong CRC"),
    "Apple's CgBI": (SIGNATURE + chunk(b"CgBI", b"\x50\0\x20\2") + sound(BEFORE, STREAM)[8:],
                     "This is an iOS-optimized PNG (CgBI), which is not a standard PNG; convert it "
                     "to a standard PNG."),
    "CgBI behind the header": (sound(BEFORE + chunk(b"CgBI", bytes(4)), STREAM), "iOS-optimized"),
    "an unknown critical chunk": (sound(BEFORE + chunk(b"JDAT", b"x"), STREAM),
                                  "critical chunk JDAT, which PNG does not define; convert it to a "
                                  "standard PNG."),
    "one behind the data": (BEFORE + chunk(b"IDAT", STREAM) + chunk(b"SEEK", b"") + END,
                            "critical chunk SEEK"),
    "depth": (with_header(depth=7), "bit depth 7 does not go with its colour type 2."),
    "colour type": (with_header(colour=1), "colour type is 1; PNG defines 0, 2, 3, 4 and 6."),
    "compression": (with_header(compression=9), "compression method is 9; PNG defines only 0."),
    "filter": (with_header(filtering=64), "filter method is 64; PNG defines only 0."),
    "interlace": (with_header(interlace=7), "interlace method is 7; PNG defines 0 and 1."),
    "no palette": (sound(SIGNATURE + header(9, 7, 4, PALETTE), INDICES), "no palette (PLTE)"),
    "a palette too late": (SIGNATURE + header(9, 7, 4, PALETTE) + chunk(b"IDAT", INDICES) +
                           chunk(b"PLTE", COLOURS) + END, "no palette (PLTE)"),
    "no image data": (BEFORE + END, "no image data (IDAT)"),
    "no header": (SIGNATURE + chunk(b"IDAT", STREAM) + END, "no header (IHDR)"),
    "two headers": (sound(BEFORE + header(9, 7), STREAM), "more than one header (IHDR)"),
    "too few rows": (sound(BEFORE, zlib.compress(b"\0" * 28)), "ends before the last row"),
    "no zlib stream": (sound(BEFORE, b"this is text, not zlib"), "compressed image data is broken"),
    "an unknown filter type": (sound(SIGNATURE + header(1, 1), zlib.compress(b"\x05\1\2\3")),
                               "unknown filter type; PNG defines 0 to 4."),
}


@pytest.mark.parametrize("png, sentence", SENTENCES.values(), ids=list(SENTENCES))
def test_a_fault_has_a_sentence_of_its_own(client, png, sentence):
    detail = assert_problem(dissolve(client, png), 422)["detail"]
    assert sentence in detail
    assert "lodepng" not in detail and "zlib" not in detail


def test_an_orientation_is_not_applied(client):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    photo = pictures.photo(12, 5)
    assert_read(client, pictures.png_of(photo, exif=exif), photo)


@pytest.fixture(scope="module")
def fresh():
    instance = Server()
    with instance.client() as client:
        assert_ok(dissolve(client, pictures.png_of(pictures.photo(16, 16))))
    yield instance
    instance.stop()


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP", b"fdAT", b"uNKn"])
def test_bombs_in_skipped_chunks_cost_nothing(fresh, kind):
    prefix = {b"iTXt": b"k\0\1\0\0\0"}.get(kind, b"k\0\0")
    bomb = chunk(kind, prefix + zlib.compress(bytes(64 * 2**20), 9))
    expected = pillows_pixels(sound(BEFORE, STREAM))
    before = fresh.peak_memory()
    with fresh.client() as client:
        for png in (BEFORE + bomb + chunk(b"IDAT", STREAM) + END,
                    BEFORE + chunk(b"IDAT", STREAM) + bomb + END,
                    BEFORE + chunk(b"IDAT", STREAM + bomb) + END):
            assert_read(client, png, expected)
    assert fresh.peak_memory() - before <= memory_allowed()


def test_rows_that_are_a_bomb_cost_no_memory(fresh):
    """Up to a bound they are inflated for their checksum, in pieces; beyond it they are refused."""
    raw, before = zlib.decompress(STREAM), fresh.peak_memory()
    with fresh.client() as client:
        read = sound(BEFORE, zlib.compress(raw + bytes(15 * 2**20), 9))
        assert_read(client, read, pillows_pixels(sound(BEFORE, STREAM)))
        bomb = sound(BEFORE, zlib.compress(raw + bytes(64 * 2**20), 9))
        assert "16 MiB longer" in assert_problem(dissolve(client, bomb), 422)["detail"]
    assert fresh.peak_memory() - before <= memory_allowed()
