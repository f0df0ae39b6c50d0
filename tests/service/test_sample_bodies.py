"""Bodies of samples: arrays of every type, order and shape, raw numbers, large and broken ones."""

import json
import os
import pathlib

import numpy as np
import pytest

from checks import assert_ok, assert_problem
from checks_samples import (LESSON, NPY, RAW, array_of, npy_of, post, same_bytes, states)
from server import BINARY

FORM = "application/x-www-form-urlencoded"
HISTOGRAMS = "/v1/samples/histograms"
MAGIC = b"\x93NUMPY"
MIB = 1 << 20
FEW = 8 * MIB


def start(client, body, media_type=None):
    """Frame 0 of a body: what was read."""
    return states(client, body, media_type, steps=1, frames="0")[0]


# NPY.

@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4",
                                  "u8"])
def test_an_array_of_any_number_type_is_read(client, kind, order):
    dtype, rng = np.dtype(order + kind), np.random.default_rng(3)
    if dtype.kind == "f":
        array = np.concatenate([rng.normal(0, 100, 999), [0, -0.0, 1, 65504, 2**-24]])
    else:
        limits = np.iinfo(dtype)
        array = np.concatenate([rng.integers(limits.min, limits.max, 999, dtype.newbyteorder("=")),
                                np.array([0, 1, limits.min, limits.max], dtype.newbyteorder("="))])
    array = array.astype(dtype)
    assert npy_of(array).find(order.encode()) > 0 or dtype.itemsize == 1
    assert same_bytes(start(client, array), array.astype("<f4"))


@pytest.mark.parametrize("shape", [(24,), (2, 12), (2, 3, 4), (1, 24), (24, 1), (1, 1, 24, 1),
                                   (2, 3, 2, 2)], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_any_shape_is_flattened_row_by_row(client, shape, order):
    array = np.asarray(np.arange(24, dtype=np.float32).reshape(shape), order=order)
    np.testing.assert_array_equal(start(client, array), np.arange(24))


def test_an_array_in_fortran_order_says_so_and_is_read_so(client):
    array = np.asfortranarray(np.arange(6000, dtype=">i2").reshape(60, 5, 20))
    assert b"'fortran_order': True" in npy_of(array)
    np.testing.assert_array_equal(start(client, array), np.arange(6000))


def test_a_single_number_without_a_shape_is_one_sample(client):
    assert start(client, np.array(2.5)).tolist() == [2.5]
    assert start(client, np.array(-7, dtype=">i8")).tolist() == [-7]


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_is_read(client, version):
    array = np.arange(5, dtype=np.float32)
    np.testing.assert_array_equal(start(client, npy_of(array, version=version), NPY), array)


def test_an_answer_can_be_sent_again(client):
    once = assert_ok(post(client, np.arange(6.0), steps=1, format="npy", seed=1)).content
    np.testing.assert_array_equal(start(client, once, NPY), array_of(once).reshape(-1))


@pytest.mark.parametrize("dtype", ["c8", "c16", "S3", "U3", "M8[s]", "V4", "bool",
                                   [("a", "f4"), ("b", "i4")]], ids=str)
def test_an_array_of_something_else_than_numbers_is_refused(client, dtype):
    assert_problem(post(client, np.zeros(4, dtype)), 422)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 4097, 9999])
def test_a_sample_that_is_not_finite_is_refused(client, kind, value, place):
    array = np.ones(10000, kind)
    array[place] = value
    assert_problem(post(client, array), 422)
    assert_problem(post(client, array.astype(">" + kind), path=HISTOGRAMS), 422)
    if kind == "f4":
        assert_problem(post(client, array.tobytes(), RAW), 422)


def test_a_double_beyond_float32_is_not_finite(client):
    assert_problem(post(client, np.array([1, 1e39])), 422)
    assert_problem(post(client, {"samples": [1, 1e39]}), 422)


@pytest.mark.parametrize("body, media_type", [
    (b"", NPY), (b"", RAW), (b"", None), (b"", FORM), (b"", "application/json"),
    (npy_of(np.zeros(0)), NPY), (npy_of(np.zeros((3, 0, 2))), NPY), (npy_of(np.zeros(0)), RAW),
    (b'{"samples": []}', "application/json"), (b'{"samples": []}', None), (b"{}", None),
], ids=lambda value: repr(value)[:24])
def test_no_samples_at_all_are_refused(client, body, media_type):
    for path in ("/v1/samples/frames", HISTOGRAMS):
        assert_problem(post(client, body, media_type, path=path), 400)


@pytest.mark.parametrize("cut", [5, 6, 8, 9, 10, 30, 127, 128, 129, -4, -1])
def test_an_array_that_is_cut_is_refused(client, cut):
    """422, like a picture that cannot be decoded."""
    assert_problem(post(client, npy_of(np.arange(16, dtype=np.float32))[:cut], NPY), 422)


@pytest.mark.parametrize("data", [
    npy_of(np.arange(4.0)) + b"\0", npy_of(np.arange(4.0)) + npy_of(np.arange(4.0)),
    npy_of(np.arange(4.0)).replace(b"'shape': (4,)", b"'shape': (5,)"),
    npy_of(np.arange(4.0)).replace(b"'shape': (4,)", b"'shape': (-4)"),
    npy_of(np.arange(4.0)).replace(b"'descr'", b"'descX'"),
    npy_of(np.arange(4.0)).replace(b"{", b"("),
    npy_of(np.arange(4.0)).replace(MAGIC, b"\x93NUMPX"),
    MAGIC + b"\x09\0" + npy_of(np.arange(4.0))[8:], b"hello, this is no array at all",
    npy_of(np.arange(4.0)).replace(b"(4,), }            ", b"(99999999999999,), }"),
    b"PK\x03\x04" + bytes(60),
], ids=["a byte too many", "two files", "a larger shape", "a negative shape", "no descr", "no brace",
        "other magic", "version 9", "text", "a vast shape", "ZIP"])
def test_a_broken_array_is_refused(client, data):
    for path in ("/v1/samples/frames", HISTOGRAMS):
        assert_problem(post(client, data, NPY, path=path), 422)


# Raw numbers, and bodies without a telling type.

@pytest.mark.parametrize("media_type", [RAW, "Application/Octet-Stream; a=b"])
def test_raw_numbers_are_little_endian_float32(client, media_type):
    values = np.random.default_rng(1).normal(size=777).astype("<f4")
    values[0] = 1.0
    assert same_bytes(start(client, values.tobytes(), media_type), values)


@pytest.mark.parametrize("media_type", [RAW, None, FORM])
def test_an_array_is_known_by_its_magic(client, media_type):
    array = np.arange(9, dtype=">i4").reshape(3, 3)
    np.testing.assert_array_equal(start(client, npy_of(array), media_type), np.arange(9))


@pytest.mark.parametrize("media_type", [None, FORM])
@pytest.mark.parametrize("space", [b"", b" ", b"\n\t \r\n"])
def test_json_is_known_by_its_brace(client, media_type, space):
    body = space + b'{"samples": [1, 2.5], "steps": 3}'
    response = post(client, body, media_type, seed=1)
    assert [frame["t"] for frame in assert_ok(response).json()["frames"]] == [0, 1, 2, 3]
    mixture = space + json.dumps({"mixture": LESSON}).encode()
    assert states(client, mixture, media_type, seed=1).shape == (41, 1000)


def test_raw_numbers_may_begin_like_json_if_their_type_is_told(client):
    values = np.frombuffer(b"{{{{ {} {\"a\"", dtype="<f4")
    assert same_bytes(start(client, values.tobytes(), RAW), values)
    assert_problem(post(client, values.tobytes()), 400)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 4001, 4003])
def test_a_size_that_no_floats_have_is_refused(client, size):
    assert_problem(post(client, bytes(size), RAW), 400)


@pytest.mark.parametrize("media_type", [None, FORM, "binary/octet-stream"])
def test_numbers_without_their_type_are_refused(client, media_type):
    values = np.random.default_rng(2).normal(size=64).astype("<f4")
    problem = assert_problem(post(client, values.tobytes(), media_type), 415)
    assert "application/octet-stream" in problem["detail"]


@pytest.mark.parametrize("media_type", [
    "text/plain", "image/png", "multipart/form-data; boundary=b", "application/x-npz",
    "application/zip", "nonsense"])
def test_an_unknown_media_type_is_refused(client, media_type):
    for path in ("/v1/samples/frames", HISTOGRAMS):
        assert_problem(post(client, np.arange(3.0), media_type, path=path), 415)


def test_bodies_in_chunks_are_read(client):
    values = np.random.default_rng(2).normal(size=5000).astype("<f4")
    for body, media_type in ((values.tobytes(), RAW), (npy_of(values), NPY)):
        pieces = (body[at:at + 777] for at in range(0, len(body), 777))
        response = client.post("/v1/samples/frames?frames=0&format=npy", data=pieces,
                               headers={"Content-Type": media_type})
        assert same_bytes(array_of(assert_ok(response).content)[0], values)


def test_histograms_take_the_same_bodies(client):
    values = np.random.default_rng(2).normal(size=500).astype("<f4")
    run = {"seed": 1, "steps": 3}
    whole = assert_ok(post(client, {"samples": values.tolist()}, path=HISTOGRAMS, **run)).content
    for body, media_type in ((values, None), (values.astype(">f8"), None),
                             (values.tobytes(), RAW),
                             (np.asfortranarray(values.reshape(5, 100)), None)):
        assert assert_ok(post(client, body, media_type, path=HISTOGRAMS, **run)).content == whole


# A million numbers.

def assert_memory_bounded(start_server, body, media_type, values):
    """One frame of many samples: the peak of a fresh process grows by three bodies at most.

    The address sanitizer is told not to keep what has been freed, but where memory grows it holds
    both old and new; the thread sanitizer has five bytes of its own for each.
    """
    binary = pathlib.Path(BINARY).read_bytes()
    limit = 3 * len(body) + FEW * (2 if b"__asan_init" in binary else 1)
    limit *= 6 if b"__tsan_init" in binary else 1
    kept = os.environ.get("ASAN_OPTIONS", "")
    server = start_server(ASAN_OPTIONS=kept + ":quarantine_size_mb=0"
                                              ":thread_local_quarantine_size_kb=0")
    with server.client() as client:
        assert_ok(post(client, {"samples": [1, 2, 3]}, frames="last", format="npy"))
        before = server.peak_memory()
        got = states(client, body, media_type, steps=1, beta=0, frames="last", seed=1)
        grown = server.peak_memory() - before
    assert same_bytes(got[0], values), "other numbers than those sent"
    assert grown <= limit, (
        f"{grown / MIB:.1f} MiB more for a body of {len(body) / MIB:.1f} MiB")


def test_a_million_json_numbers_take_three_bodies_of_memory(start_server):
    values = np.random.default_rng(4).normal(0, 3, 1_000_000).astype(np.float32)
    text = ",".join(map(repr, values.tolist()))
    body = b'{"samples":[' + text.encode() + b"]}"
    assert_memory_bounded(start_server, body, "application/json", values)


def test_a_million_short_json_numbers_take_little_memory_too(start_server):
    """Where the body has the fewest bytes for a number, a parsed tree would show most."""
    values = np.random.default_rng(4).integers(0, 100, 1_000_000)
    body = b'{"samples":[' + ",".join(map(str, values.tolist())).encode() + b"]}"
    assert_memory_bounded(start_server, body, "application/json", values.astype(np.float32))


def test_a_million_numbers_of_an_array_take_three_bodies_of_memory(start_server):
    values = np.random.default_rng(4).normal(0, 3, 1_000_000).astype(np.float32)
    assert_memory_bounded(start_server, npy_of(values), NPY, values)
