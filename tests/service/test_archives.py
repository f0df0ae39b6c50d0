"""ZIP and NPZ as a stream of entries: what readers that cannot seek need, and bsdtar from a pipe."""

import io
import struct
import subprocess
import zipfile
import zlib

import numpy as np
import pytest

import pictures
from checks import FRAMES, assert_ok

SAMPLES = "/v1/samples/frames"
PICTURE = pictures.png_of(pictures.photo(61, 47))
LARGE = pictures.png_of(pictures.photo(211, 173))  # several stored blocks a member
MIXTURE = {"mixture": {"weights": [1, 2], "means": [-1, 3], "stds": [1, 0.5], "count": 7001}}

ANSWERS = {
    "npz of x": (FRAMES, {"data": PICTURE}, {"format": "npz", "steps": 3}),
    "npz of three": (FRAMES, {"data": PICTURE}, {"content": "x,noise,velocity", "steps": 4}),
    "npz, large": (FRAMES, {"data": LARGE}, {"content": "noise,x", "steps": 2, "sampler": "tree"}),
    "npz, grey": (FRAMES, {"data": PICTURE}, {"format": "npz", "channels": "gray", "frames": "0"}),
    "npz of a point": (FRAMES, {"data": pictures.png_of(pictures.photo(1, 1))}, {"format": "npz"}),
    "npz of samples": (SAMPLES, {"json": MIXTURE}, {"content": "velocity,x", "frames": "3-7"}),
    "npz of one sample": (SAMPLES, {"json": {"samples": [0.5]}}, {"format": "npz", "frames": "1"}),
    "zip": (FRAMES, {"data": PICTURE}, {"format": "zip", "steps": 3}),
    "zip, not compressed": (FRAMES, {"data": LARGE}, {"format": "zip", "compression": "none",
                                                      "steps": 2}),
}


@pytest.fixture(params=ANSWERS.values(), ids=ANSWERS)
def archive(client, request):
    path, body, parameters = request.param
    return assert_ok(client.post(path, params={"seed": 11, **parameters}, **body)).content


def streamed(data):
    """The entries, read from front to back by APPNOTE.TXT and the rules of Java's ZipInputStream."""
    at, entries = 0, {}
    while data[at:at + 4] == b"PK\x03\x04":
        (_, flags, method, _, _, crc, packed, size, name_size,
         extra_size) = struct.unpack_from("<HHHHHLLLHH", data, at + 4)
        name = data[at + 30:at + 30 + name_size].decode()
        at += 30 + name_size + extra_size
        assert not flags & 8 or method == 8, f"{name}: only deflated entries can have a descriptor"
        if method == 8:
            inflate = zlib.decompressobj(-15)
            content = inflate.decompress(data[at:])
            assert inflate.eof, f"{name}: the deflate stream has no end"
            size_read = len(data) - at - len(inflate.unused_data)
        else:
            assert method == 0
            content, size_read = data[at:at + size], size
        at += size_read
        if flags & 8:
            assert extra_size == 0 and crc == packed == size == 0
            # 32-bit sizes: nothing here has 2^32 bytes.
            signature, crc, packed, size = struct.unpack_from("<4sLLL", data, at)
            assert signature == b"PK\x07\x08", f"{name}: no data descriptor"
            at += 16
        assert (crc, packed, size) == (zlib.crc32(content), size_read, len(content)), name
        entries[name] = content
    assert data[at:at + 4] == b"PK\x01\x02", "what follows the entries is not the directory"
    return entries


def by_directory(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {entry.filename: file.read(entry) for entry in file.infolist()}


def test_a_reader_of_a_stream_finds_what_the_directory_says(archive):
    assert streamed(archive) == by_directory(archive)


def test_bsdtar_reads_it_from_a_pipe(archive, tmp_path):
    entries = by_directory(archive)
    listed = subprocess.run(["bsdtar", "-t", "-f", "-"], input=archive, capture_output=True,
                            check=True)
    assert listed.stderr == b"" and listed.stdout.decode().split("\n")[:-1] == list(entries)
    extracted = subprocess.run(["bsdtar", "-x", "-f", "-", "-C", tmp_path], input=archive,
                               capture_output=True, check=True)
    assert extracted.stderr == b""
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == entries


def test_numpy_loads_each_member(archive):
    for name, content in by_directory(archive).items():
        if name.endswith(".npy"):
            array = np.load(io.BytesIO(archive))[name.removesuffix(".npy")]
            assert array.dtype == np.float32 and content.endswith(array.tobytes())


def test_the_bytes_of_each_entry_stand_in_the_archive_as_they_are(archive):
    """The blocks are stored: an entry takes 5 bytes more for each 65,535."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        for entry in file.infolist():
            blocks = -(-entry.file_size // 65535) if entry.compress_type else 0
            assert entry.compress_size == entry.file_size + 5 * blocks
            assert file.read(entry)[:65535] in archive
