"""NPY bodies of images: every type and shape that is taken, and all others with a reason."""

import struct

import numpy as np
import pytest
from PIL import Image

import judge
import pictures
import runs
from checks import FRAMES, assert_ok, assert_problem
from imagery import (IMAGE_HISTOGRAMS, ask, assert_same_bits, first_levels, first_state, npy,
                     states)

PATHS = pytest.mark.parametrize("path", [FRAMES, IMAGE_HISTOGRAMS])
GIANT_MEMORY = 128 * 2**20


def floats(*shape, dtype=np.float32):
    return np.random.default_rng(3).normal(0, 1.2, shape).astype(dtype)


def header(text, version=1):
    """A NPY file's head with any text in it."""
    text = text.encode() if isinstance(text, str) else text
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<f2", ">f2"])
def test_floats_are_the_state_as_it_is(client, dtype):
    values = floats(7, 9, 3).astype(dtype)
    values[0, 0] = [0, -0.0, 1e4]
    assert_same_bits(first_state(client, npy(values)), values.astype(np.float32), "x_0")


def test_doubles_are_rounded_to_the_nearest_floats(client):
    values = np.float64([[[1 / 3, 1 + 2.0**-24, 1e-300], [-(1 + 3 * 2.0**-24), 2.0**-149, 0.1]]])
    assert_same_bits(first_state(client, npy(values)), values.astype(np.float32), "x_0")


def test_half_floats_keep_their_smallest_and_largest(client):
    values = np.float16([[[6e-8, -6e-8, 6.1e-5], [65504, -65504, 0.3333]]])
    assert_same_bits(first_state(client, npy(values)), values.astype(np.float32), "x_0")


def test_bytes_are_levels(client):
    levels = pictures.noise_picture(31, 17)
    assert_same_bits(first_state(client, npy(levels)), judge.state_of_levels(levels), "x_0")
    np.testing.assert_array_equal(first_levels(client, npy(levels)), levels)


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_16_bit_numbers_are_levels(client, dtype):
    levels = np.random.default_rng(4).integers(0, 65536, (11, 13, 3)).astype(dtype)
    levels[0, 0] = [0, 1, 65535]
    assert_same_bits(first_state(client, npy(levels)), runs.state_of_16_bits(levels), "x_0")


def test_an_array_of_bytes_is_the_png_of_the_same_bytes(client):
    levels = pictures.photo(20, 30)
    assert_same_bits(states(client, npy(levels), seed=1),
                     states(client, pictures.png_of(levels), seed=1), "the runs")


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_one_channel_is_repeated_to_three_or_stays_gray(client, shape, dtype):
    values = floats(*shape) if dtype == np.float32 else (
        np.random.default_rng(5).integers(0, np.iinfo(dtype).max, shape, dtype=dtype))
    start = {np.uint8: judge.state_of_levels, np.uint16: runs.state_of_16_bits,
             np.float32: np.float32}[dtype](values).reshape(5, 7, 1)
    assert_same_bits(first_state(client, npy(values)), np.repeat(start, 3, 2), "rgb")
    assert_same_bits(first_state(client, npy(values), channels="gray"), start, "gray")


@pytest.mark.parametrize("leading", [(1,), (1, 1), (1, 1, 1, 1)])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (1, 7, 3), (1, 1, 3), (1, 1, 1),
                                   (4, 3, 3), (1, 3, 3)])
def test_leading_dimensions_of_one_are_passed_over(client, leading, shape):
    """As far as the shape does not say something else already: (1, 5, 3) is one row of colours."""
    values = floats(*shape)
    if len(shape) == 2:
        leading, shape = leading + (1,), shape + (1,)
        values = values.reshape(shape)
    wanted = values if shape[-1] == 3 else np.repeat(values, 3, 2)
    got = first_state(client, npy(values.reshape(leading + shape)))
    assert_same_bits(got, wanted, f"{leading + shape}")


def test_a_flat_picture_may_have_leading_ones_too(client):
    values = floats(5, 7)
    wanted = np.repeat(values[..., None], 3, 2)
    assert_same_bits(first_state(client, npy(values[None])), wanted, "(1, 5, 7)")
    assert_same_bits(first_state(client, npy(values[None, None])), wanted, "(1, 1, 5, 7)")


@pytest.mark.parametrize("dtype", [np.uint8, ">u2", "<f2", ">f4", "<f8"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (1, 5, 7, 3)])
def test_fortran_order_is_understood(client, dtype, shape):
    values = (np.arange(np.prod(shape)) % 251).reshape(shape).astype(dtype)
    plain = states(client, npy(np.ascontiguousarray(values)), steps=1, seed=1)
    body = npy(np.asfortranarray(values))
    assert b"'fortran_order': True" in body
    assert_same_bits(states(client, body, steps=1, seed=1), plain, "the run")


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_is_read(client, tmp_path, version):
    values = floats(4, 5, 3)
    with open(tmp_path / "x.npy", "wb") as file:
        np.lib.format.write_array(file, values, version=version)
    assert_same_bits(first_state(client, (tmp_path / "x.npy").read_bytes()), values, "x_0")


@pytest.mark.parametrize("text", [
    "{'descr':'<f4','fortran_order':False,'shape':(1,2,3)}\n",
    "{'shape': (1, 2, 3), 'fortran_order': False, 'descr': '<f4'}\n",
    '{"descr": "<f4", "fortran_order": False, "shape": (1, 2, 3,), }   \n',
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)}",
], ids=["tight", "another order", "double quotes", "no newline"])
def test_a_head_is_read_as_python_reads_it(client, text):
    values = floats(1, 2, 3)
    assert_same_bits(first_state(client, header(text) + values.tobytes()), values, "x_0")


def test_a_float_array_is_rendered_like_any_state(client):
    values = floats(20, 30, 3)
    np.testing.assert_array_equal(first_levels(client, npy(values)), judge.rendered_float32(values))


def test_an_answer_goes_in_as_it_came_out(client):
    png = pictures.png_of(pictures.photo(13, 9))
    answer = assert_ok(ask(client, png, format="npy", frames="10", seed=4)).content
    got = states(client, answer, frames="0")
    assert assert_ok(ask(client, answer, format="npy", frames="0")).content[-got.nbytes:] == \
        answer[-got.nbytes:]
    assert got.shape == (1, 9, 13, 3)


def test_gray_floats_have_the_weights_of_pillows_l(client):
    values = floats(17, 19, 3)
    assert_same_bits(first_state(client, npy(values), channels="gray"),
                     runs.gray_of_floats(values)[..., None], "x_0")
    doubles = floats(17, 19, 3, dtype=np.float64)
    got = first_state(client, npy(doubles), channels="gray")
    np.testing.assert_allclose(got[..., 0], runs.gray_of_floats(doubles), rtol=1e-6, atol=1e-6)


def test_gray_integers_are_those_of_their_files(client):
    levels = pictures.noise_picture(17, 19)
    np.testing.assert_array_equal(first_levels(client, npy(levels), channels="gray"),
                                  np.asarray(Image.fromarray(levels).convert("L")))
    wide = np.random.default_rng(8).integers(0, 65536, (9, 14, 3)).astype(np.uint16)
    assert_same_bits(first_state(client, npy(wide), channels="gray"),
                     runs.state_of_16_bits(runs.gray_of_levels(wide))[..., None], "x_0")


# Refusals

@PATHS
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8", ">f8"])
def test_what_is_not_finite_is_refused(client, path, value, dtype):
    values = np.zeros((6, 7, 3), dtype)
    values[5, 6, 2] = value
    problem = assert_problem(ask(client, npy(values), path), 422)
    assert len(problem["detail"]) > 5


def test_a_double_beyond_float32_is_refused(client):
    assert_problem(ask(client, npy(np.full((2, 2, 3), 1e300))), 422)


@PATHS
@pytest.mark.parametrize("dtype", ["?", "i1", "<i2", "<i4", "<u4", "<i8", "<u8", "<c8", "<c16",
                                   "S4", "<U2", "<M8[s]", "V3"])
def test_another_type_is_refused(client, path, dtype):
    problem = assert_problem(ask(client, npy(np.zeros((4, 5, 3), dtype)), path), 422)
    assert len(problem["detail"]) > 5


def test_objects_and_records_are_refused(client):
    assert_problem(ask(client, npy(np.array([[None, 1]], dtype=object))), 422)
    assert_problem(ask(client, npy(np.zeros((4, 5), dtype=[("a", "<f4"), ("b", "<f4")]))), 422)


@PATHS
@pytest.mark.parametrize("shape", [
    (), (5,), (0,), (0, 0), (0, 5, 3), (5, 0, 3), (5, 7, 0), (5, 7, 2), (5, 7, 4), (2, 5, 7, 3),
    (2, 1, 5, 7, 3), (1, 2, 5, 7, 1), (3, 5, 7), (1, 3, 5, 7), (1, 0, 5, 3)], ids=str)
def test_another_shape_is_refused(client, path, shape):
    problem = assert_problem(ask(client, npy(np.zeros(shape, np.float32)), path), 422)
    assert len(problem["detail"]) > 5


def test_an_array_cut_anywhere_is_refused(client):
    body = npy(floats(3, 4, 3))
    for end in [*range(6, 128, 5), 128, 129, len(body) - 4, len(body) - 1]:
        response = ask(client, body[:end])
        assert response.status_code == 422, f"cut at {end}: {response.status_code}"
        assert_problem(response, 422)


@pytest.mark.parametrize("head", [
    header("{}"), header(""), header("hello"), header("{'descr': '<f4'}"),
    header("{'descr': '<f4', 'fortran_order': False}"),
    header("{'descr': '<f4', 'fortran_order': 2, 'shape': (1, 2, 3)}"),
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (1, -2, 3)}"),
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3"),
    header("{'descr': '<f9', 'fortran_order': False, 'shape': (1, 2, 3)}"),
    header("{'descr': '', 'fortran_order': False, 'shape': (1, 2, 3)}"),
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2, 3)}"),
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)}\0"),
    b"\x93NUMPY\x09\0" + header("{}")[8:], b"\x93NUMPY\1\0\xff\xff{}",
    b"\x93NUMPY\2\0\xff\xff\xff\xff{}", b"\x93NUMPY",
], ids=repr)
def test_a_head_that_makes_no_sense_is_refused(client, head):
    assert_problem(ask(client, head + bytes(24)), 422)


@pytest.mark.parametrize("shape", [(60000, 60000, 3), (2**31, 2**31, 3), (2**62, 1, 3), (2**63, 3),
                                   (2**32, 2**32), (2**64 - 1, 2**64 - 1, 3)], ids=str)
def test_a_head_that_claims_a_giant_is_refused_without_its_memory(server, client, shape):
    head = header(f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n")
    before = server.peak_memory()
    assert_problem(ask(client, head + bytes(100)), 422)
    assert server.peak_memory() - before < GIANT_MEMORY, "the claimed pixels were allocated"


def test_pixels_up_to_the_limit_are_taken_and_no_more(start_server):
    with start_server("--max-pixels", "1000").client() as limited:
        for path in (FRAMES, IMAGE_HISTOGRAMS):
            for shape in ((25, 40, 3), (1000, 1), (1, 1, 1000, 1)):
                assert_ok(ask(limited, npy(np.zeros(shape, np.uint8)), path, steps=1))
            for shape in ((1001, 1), (7, 143, 3), (1, 1001, 1)):
                assert_problem(ask(limited, npy(np.zeros(shape, np.uint8)), path, steps=1), 422)
