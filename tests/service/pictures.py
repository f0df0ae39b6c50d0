"""Pictures to send and to read back: a photo, a PNG writer of its own, Pillow for all answers."""

import base64
import functools
import io
import json
import struct
import warnings
import zipfile
import zlib

import numpy as np
import scipy.misc
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2))
GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


@functools.cache
def face():
    """The middle of a real photo; unpacking it takes longer than most tests, so it is done once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return Image.fromarray(scipy.misc.face()).crop((256, 64, 896, 704))


def photo(width, height):
    """A real photo, cut and scaled to a size, as an array (height, width, 3) of bytes."""
    return np.asarray(face().resize((width, height), Image.LANCZOS))


def noise_picture(width, height, seed=0):
    """A picture of independent random bytes."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def png_of(picture, **options):
    """An array or Pillow image as the bytes of a PNG file."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width, height, depth=8, colour=RGB, interlace=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def _packed_rows(samples, depth):
    """Filter type 0 before every row of samples (rows, columns, n), packed to the bit depth."""
    rows = []
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            packed = row.astype(">u2").tobytes()
        elif depth == 8:
            packed = row.astype(np.uint8).tobytes()
        else:
            bits = (row[:, None].astype(np.uint8) >> np.arange(depth - 1, -1, -1)) & 1
            packed = np.packbits(bits.astype(np.uint8).reshape(-1)).tobytes()
        rows.append(b"\0" + packed)
    return b"".join(rows)


def write_png(samples, depth, colour, interlaced=False, before_data=b""):
    """A PNG of any colour type, bit depth and interlacing from raw samples (rows, columns, n)."""
    height, width = samples.shape[:2]
    if interlaced:
        passes = (samples[y::dy, x::dx] for x, y, dx, dy in ADAM7)
        raw = b"".join(_packed_rows(part, depth) for part in passes if part.size)
    else:
        raw = _packed_rows(samples, depth)
    return (SIGNATURE + header(width, height, depth, colour, int(interlaced)) + before_data +
            chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def claiming(width, height):
    """A PNG whose header claims a size that its data do not have."""
    return SIGNATURE + header(width, height) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + \
        chunk(b"IEND", b"")


def open_png(data):
    image = Image.open(io.BytesIO(data))
    assert image.format == "PNG", f"not a PNG but {image.format}"
    return image


def pixels(data, mode="RGB"):
    """The pixels of a PNG with one picture, which has to be of the mode."""
    image = open_png(data)
    assert image.mode == mode, f"a frame's mode is {image.mode}, not {mode}"
    assert getattr(image, "n_frames", 1) == 1, "more than one picture where one was expected"
    return np.asarray(image)


def animation(data, mode="RGB"):
    """The frames of an animated PNG as arrays, and a list of Pillow's info of each."""
    image = open_png(data)
    assert image.is_animated, "the PNG is not animated"
    frames, infos = [], []
    for index in range(image.n_frames):
        image.seek(index)
        assert image.mode == mode, f"frame {index} has mode {image.mode}, not {mode}"
        frames.append(np.asarray(image.convert(mode)))
        infos.append(dict(image.info))
    return frames, infos


def archive(data):
    """A ZIP as an ordered dictionary name -> bytes; every CRC is checked on the way."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def archive_frames(data, mode="RGB"):
    """The frames of a ZIP answer as a dictionary t -> array, and its manifest."""
    members = archive(data)
    manifest = json.loads(members.pop("manifest.json"))
    frames = {int(name[len("frame-"):-len(".png")]): pixels(png, mode)
              for name, png in members.items()}
    return frames, manifest


def document_frames(document):
    """The frames of a JSON answer as a dictionary t -> array."""
    return {frame["t"]: pixels(base64.b64decode(frame["png"], validate=True))
            for frame in document["frames"]}
