#!/usr/bin/python3
"""Writes tests/unit/png_cases.inc: small PNG files of every kind, and the pixels they stand for.

The files are made here from random samples by the standard library alone. The expected pixels are
Pillow's convert("RGB"); Pillow does not keep 16 bits, so there they are the samples themselves, and
Pillow judges their high bytes where it takes those (it does for RGB and RGBA).

Usage: png_cases.py > ../unit/png_cases.inc
"""

import io
import random
import struct
import sys
import warnings
import zlib

from PIL import Image

WIDTH, HEIGHT = 7, 5
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
NAMES = {0: "grey", 2: "rgb", 3: "palette", 4: "grey_alpha", 6: "rgba"}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(
        ">I", zlib.crc32(kind + data))


def pack(samples, depth):
    """One row's samples as bytes, the first in the high bits."""
    bits = "".join(format(sample, f"0{depth}b") for sample in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def paeth(left, up, corner):
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def filtered(kind, row, above, step):
    out = bytearray([kind])
    for i, value in enumerate(row):
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        up = above[i]
        guess = (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind]
        out.append((value - guess) % 256)
    return bytes(out)


def scan(pixels, columns, rows, depth, channels, first_filter):
    """The rows of one picture or pass, with every filter type in turn."""
    out = b""
    step = max(1, depth * channels // 8)
    above = None
    for number, y in enumerate(rows):
        row = pack([sample for x in columns for sample in pixels[y][x]], depth)
        if above is None:
            above = bytes(len(row))
        out += filtered((number + first_filter) % 5, row, above, step)
        above = row
    return out


def image_data(pixels, depth, channels, interlaced):
    if not interlaced:
        return scan(pixels, range(WIDTH), range(HEIGHT), depth, channels, 0)
    out = b""
    for number, (x, y, across, down) in enumerate(ADAM7):
        columns = range(x, WIDTH, across)
        rows = range(y, HEIGHT, down)
        if columns and rows:
            out += scan(pixels, columns, rows, depth, channels, number)
    return out


def make(colour, depth, interlaced, rng, extra=b"", colours=None):
    """A file and its samples."""
    channels = CHANNELS[colour]
    top = (colours or 2**depth) - 1 if colour == 3 else 2**depth - 1
    pixels = [[[rng.randint(0, top) for _ in range(channels)] for _ in range(WIDTH)]
              for _ in range(HEIGHT)]
    data = zlib.compress(image_data(pixels, depth, channels, interlaced))
    out = b"\x89PNG\r\n\x1a\n"
    out += chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, interlaced))
    if colour == 3:
        out += chunk(b"PLTE", rng.randbytes(3 * (top + 1)))
    out += extra
    half = len(data) // 2
    out += chunk(b"IDAT", data[:half]) + chunk(b"IDAT", data[half:]) + chunk(b"IEND", b"")
    return out, pixels


def expected(file, pixels, colour, depth):
    """The pixels as bytes; of 16-bit values the high byte first."""
    judged = Image.open(io.BytesIO(file)).convert("RGB").tobytes()
    if depth < 16:
        return judged
    flat = [pixel * 3 if colour == 0 else pixel[:1] * 3 if colour == 4 else pixel[:3]
            for row in pixels for pixel in row]
    out = b"".join(struct.pack(">HHH", *pixel) for pixel in flat)
    assert colour in (0, 4) or out[::2] == judged
    return out


def emit(name, file, pixels, deep):
    print(f'    {{"{name}", {WIDTH}, {HEIGHT}, {str(deep).lower()},')
    for text, end in ((file, ","), (pixels, "},")):
        lines = [text.hex()[i:i + 90] for i in range(0, 2 * len(text), 90)]
        print("\n".join(f'     "{line}"' for line in lines) + end)


def main():
    warnings.simplefilter("ignore")  # Pillow would rather convert a palette with tRNS to RGBA
    rng = random.Random(20240601)
    print("/* Made by tests/reference/png_cases.py, which says how. Files and pixels in hex. */")
    print("/* clang-format off */")
    print("static const struct png_case {")
    print("    const char *name;\n    unsigned width;\n    unsigned height;")
    print("    bool deep; /* pixels are 16-bit values, high byte first */")
    print("    const char *file;\n    const char *pixels;\n} png_cases[] = {")
    for colour, depths in DEPTHS.items():
        for depth in depths:
            for interlaced in (0, 1):
                file, pixels = make(colour, depth, interlaced, rng)
                name = f"{NAMES[colour]} {depth} bit" + (" interlaced" if interlaced else "")
                emit(name, file, expected(file, pixels, colour, depth), depth == 16)
    profile = chunk(b"iCCP", b"p\0\0" + zlib.compress(b"a profile that is of no use" * 4))
    ancillary = {
        "grey tRNS": (0, 8, chunk(b"tRNS", b"\0\x40"), None),
        "grey 2 bit tRNS": (0, 2, chunk(b"tRNS", b"\0\1"), None),
        "rgb tRNS": (2, 8, chunk(b"tRNS", b"\0\x40\0\x41\0\x42"), None),
        "rgb 16 bit tRNS": (2, 16, chunk(b"tRNS", b"\1\2\3\4\5\6"), None),
        "palette tRNS": (3, 8, chunk(b"tRNS", bytes(range(0, 250, 10))), None),
        "palette of 11": (3, 4, b"", 11),
        "profile": (2, 8, profile, None),
        "broken profile": (2, 8, chunk(b"iCCP", b"p\0\0no zlib"), None),
        "text": (2, 8, chunk(b"tEXt", b"k\0v") + chunk(b"zTXt", b"k\0\0no zlib") +
                 chunk(b"iTXt", b"k\0\1\0\0\0no zlib"), None),
        "gamma": (2, 8, chunk(b"gAMA", struct.pack(">I", 100000)), None),
        "unknown chunk": (2, 8, chunk(b"abCd", b"anything"), None),
        "animation": (2, 8, chunk(b"acTL", struct.pack(">II", 1, 0)) +
                      chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, WIDTH, HEIGHT, 0, 0, 1, 10, 0,
                                                 0)), None),
    }
    for name, (colour, depth, extra, colours) in ancillary.items():
        file, pixels = make(colour, depth, 0, rng, extra, colours)
        judged = file
        if name in ("text", "broken profile"):  # Pillow complains of the text that is no zlib data
            judged = file.replace(extra, b"")
        emit(name, file, expected(judged, pixels, colour, depth), depth == 16)
    print("};\n/* clang-format on */")


if __name__ == "__main__":
    sys.exit(main())
