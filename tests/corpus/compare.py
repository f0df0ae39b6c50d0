#!/usr/bin/python3
"""Compares the decoders with Pillow on real files: compare.py FOLDER...

Sends every PNG and JPEG file below the folders, known by its first bytes, to a server of its own
(DISSOLVED names another binary), and compares frame 0 with Pillow's convert("RGB"), of a JPEG after
exif_transpose. Prints each disagreement, then the counts. The exit status is 1 if pixels differ or
if a disagreement has no explanation in STRICTER or `tolerated`.
"""

import collections
import io
import pathlib
import re
import sys
import warnings

import numpy as np
from PIL import Image, ImageOps

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "service"))
from server import Server  # noqa: E402

MAX_PIXELS = 64_000_000
"""Of a picture, to both."""

SIGNATURES = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}

STRICTER = [
    (r"^The PNG .* CRC", "Pillow does not check the CRC of IDAT"),
    (r"^The PNG has a critical chunk", "Pillow skips unknown critical chunks"),
    (r"^This is an iOS-optimized PNG", "Pillow skips the chunk CgBI"),
    (r"^The PNG .* method is", "Pillow does not look at the methods"),
    (r"^The PNG is cut off", "Pillow needs neither the Adler-32 nor the chunk's end"),
    (r"^The PNG .* more than one header", "Pillow takes the last header"),
    (r"^The PNG .* no palette", "Pillow takes a grey palette instead of one that is missing"),
    (r"the limit is", "The server has a limit of pixels"),
    (r"arithmetic coding", "No browser reads it, and libjpeg makes up what is missing from it"),
    (r"lacks some of its scans", "Pillow shows the scans that are there"),
    (r"too little image data", "Pillow makes up pixels that are not there"),
    (r"image data are damaged", "Pillow makes up pixels behind the damage"),
]
"""Refusals by the server of what Pillow reads: part of the detail, and the reason."""


def kind_of(data):
    return next((kind for sign, kind in SIGNATURES.items() if data.startswith(sign)), None)


def rgb(image):
    """Pillow's pixels, but a 16-bit grey file's high bytes, and black beyond the palette."""
    image.load()
    if image.format == "PNG" and image.mode.startswith("I"):
        return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[..., None], 3, axis=2)
    pixels = np.array(image.convert("RGB"))
    if image.format == "PNG" and image.mode == "P" and image.palette:
        pixels[np.asarray(image) >= len(image.palette.palette) // 3] = 0
    return pixels


def by_pillow(data):
    """The pixels, or the text of the error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG"])
            return rgb(image if image.format == "PNG" else ImageOps.exif_transpose(image))
    except Exception as error:  # Pillow's decoders raise nearly everything
        return f"{type(error).__name__}: {error}"


def by_server(client, data):
    """The pixels of frame 0, or the refusal's detail."""
    response = client.post("/v1/images/frames", data=data, headers={"Content-Type": "image/png"},
                           params={"steps": 1, "frames": 0, "seed": 1, "format": "png"})
    if response.ok:
        return np.asarray(Image.open(io.BytesIO(response.content)).convert("RGB"))
    assert response.status_code in (413, 422), f"{response.status_code}: {response.text}"
    return response.json()["detail"]


def stripped(data):
    """A PNG file without the chunks that decoding does not need."""
    needed = {b"IHDR", b"IDAT", b"IEND"} | ({b"PLTE"} if data[25] == 3 else set())
    out, at = data[:8], 8
    while len(data) - at >= 12:
        end = at + 12 + int.from_bytes(data[at:at + 4], "big")
        out += data[at:end] if data[at + 4:at + 8] in needed else b""
        at = end
    return out


def tolerated(kind, data, pixels):
    """Whether Pillow agrees once what it trips over is gone: a PNG's chunks, a JPEG's lost end."""
    plain = stripped(data) if kind == "PNG" else data + b"\xff\xd9"
    return np.array_equal(by_pillow(plain), pixels)


def verdict(client, kind, data):
    """A class of agreement, whether it is fine, and what to print of it."""
    ours, pillows = by_server(client, data), by_pillow(data)
    if isinstance(ours, str) and isinstance(pillows, str):
        return "refused by both", True, None
    if isinstance(ours, str):
        reason = next((why for part, why in STRICTER if re.search(part, ours)), None)
        return "refused by the server alone", reason is not None, f"{ours} ({reason})"
    if isinstance(pillows, str):
        return "refused by Pillow alone", tolerated(kind, data, ours), pillows
    if np.array_equal(ours, pillows):
        return "equal", True, None
    if ours.shape != pillows.shape:
        return "different", False, f"{ours.shape} and {pillows.shape}"
    wrong = (ours != pillows).any(axis=2)
    return "different", False, f"{wrong.sum()} of {wrong.size} pixels"


def files(folders):
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                with open(path, "rb") as file:
                    if kind_of(file.read(8)):
                        yield path


def main():
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses what has twice as many
    counts, bad = collections.Counter(), 0
    server = Server("--max-pixels", str(MAX_PIXELS))
    with server.client() as client:
        for path in files(sys.argv[1:]):
            data = path.read_bytes()
            kind = kind_of(data)
            name, fine, words = verdict(client, kind, data)
            counts[kind, name] += 1
            bad += not fine
            if words:
                print(f"{path}: {kind} {name}{'' if fine else ', UNEXPLAINED'}: {words}")
    server.stop()
    for (kind, name), count in sorted(counts.items()):
        print(f"{count:6} {kind} {name}")
    print(f"{bad:6} unexplained")
    sys.exit(bad > 0 or not counts)


if __name__ == "__main__":
    main()
