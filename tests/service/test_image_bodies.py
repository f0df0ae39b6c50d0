"""Image files as bodies: JPEG as Pillow reads it, 16-bit PNG, gray, forms, sniffing, refusals."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

import judge
import pictures
import runs
from checks import FRAMES, assert_ok, assert_problem
from imagery import (IMAGE_HISTOGRAMS, ask, assert_same_bits, first_levels, first_state, jpeg, npy,
                     states)

ORIENTATION = 0x0112
GIANT_MEMORY = 128 * 2**20
PATHS = pytest.mark.parametrize("path", [FRAMES, IMAGE_HISTOGRAMS])


def as_pillow_reads(data):
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data)))


def turned(picture, orientation, endian="<", **options):
    """A JPEG whose EXIF says how to turn it."""
    exif = Image.Exif()
    exif.endian = endian
    exif[0x010E] = "a description before the orientation"
    exif[ORIENTATION] = orientation
    return jpeg(picture, exif=exif.tobytes(), **options)


# JPEG

@pytest.mark.parametrize("size", [(40, 30), (1, 1), (17, 9), (8, 300), (255, 3)])
@pytest.mark.parametrize("options", [
    {"quality": 95, "subsampling": 0}, {"quality": 75, "subsampling": 1},
    {"quality": 60, "subsampling": 2}, {"quality": 20}, {"progressive": True},
    {"progressive": True, "subsampling": 0, "quality": 90}, {"optimize": True},
], ids=str)
def test_a_jpeg_is_what_pillow_reads(client, size, options):
    body = jpeg(pictures.photo(*size), **options)
    np.testing.assert_array_equal(first_levels(client, body), np.asarray(as_pillow_reads(body)))


@pytest.mark.parametrize("progressive", [False, True])
def test_a_gray_jpeg_is_repeated_to_three_channels_or_stays_gray(client, progressive):
    body = jpeg(Image.fromarray(pictures.photo(33, 20)).convert("L"), progressive=progressive)
    levels = np.asarray(as_pillow_reads(body))
    np.testing.assert_array_equal(first_levels(client, body), np.repeat(levels[..., None], 3, 2))
    np.testing.assert_array_equal(first_levels(client, body, channels="gray"), levels)


def test_a_jpegs_state_is_that_of_its_levels(client):
    body = jpeg(pictures.photo(31, 20))
    assert_same_bits(first_state(client, body),
                     judge.state_of_levels(np.asarray(as_pillow_reads(body))), "x_0")


@pytest.mark.parametrize("endian", ["<", ">"], ids=["little-endian", "big-endian"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_turned_as_its_exif_says(client, orientation, endian):
    body = turned(pictures.photo(37, 22), orientation, endian)
    expected = np.asarray(as_pillow_reads(body))
    assert expected.shape == ((37, 22, 3) if orientation > 4 else (22, 37, 3))
    np.testing.assert_array_equal(first_levels(client, body), expected)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_gray_and_progressive_jpegs_are_turned_too(client, orientation):
    gray = turned(Image.fromarray(pictures.photo(37, 22)).convert("L"), orientation)
    np.testing.assert_array_equal(first_levels(client, gray, channels="gray"),
                                  np.asarray(as_pillow_reads(gray)))
    progressive = turned(pictures.photo(19, 40), orientation, progressive=True)
    np.testing.assert_array_equal(first_levels(client, progressive),
                                  np.asarray(as_pillow_reads(progressive)))


@pytest.mark.parametrize("kind, letter", [(3, "H"), (4, "I"), (6, "b"), (8, "h"), (9, "i")],
                         ids=["SHORT", "LONG", "SBYTE", "SSHORT", "SLONG"])
@pytest.mark.parametrize("order", ["<", ">"], ids=["little-endian", "big-endian"])
def test_an_orientation_of_any_integer_type_counts(client, kind, letter, order):
    """Some cameras write another type than EXIF's SHORT; Pillow turns all of them."""
    value = struct.pack(order + letter, 6).ljust(4, b"\0")
    exif = (b"Exif\0\0" + (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8) +
            struct.pack(order + "HHHI", 1, ORIENTATION, kind, 1) + value + bytes(4))
    body = jpeg(pictures.photo(37, 22), exif=exif)
    expected = np.asarray(as_pillow_reads(body))
    assert expected.shape == (37, 22, 3)
    np.testing.assert_array_equal(first_levels(client, body), expected)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(client, orientation):
    photo = pictures.photo(20, 12)
    np.testing.assert_array_equal(first_levels(client, turned(photo, orientation)),
                                  np.asarray(as_pillow_reads(jpeg(photo))))


@pytest.mark.parametrize("exif", [
    b"Exif\0\0", b"Exif\0\0II*\0", b"Exif\0\0XX*\0\x08\0\0\0\1\0",
    b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
    b"nothing known"], ids=repr)
def test_broken_exif_turns_nothing_and_breaks_nothing(client, exif):
    photo = pictures.photo(20, 12)
    np.testing.assert_array_equal(first_levels(client, jpeg(photo, exif=exif)),
                                  np.asarray(as_pillow_reads(jpeg(photo))))


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_anywhere_is_refused(client, progressive):
    body = jpeg(pictures.photo(64, 48), progressive=progressive)
    for end in [*range(2, len(body) - 2, 97), len(body) - 4, len(body) - 3]:
        response = ask(client, body[:end])
        assert response.status_code == 422, f"cut at {end} of {len(body)}: {response.status_code}"
        assert_problem(response, 422)


@pytest.mark.parametrize("body", [
    b"\xff\xd8\xff", b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    b"\xff\xd8\xff" + bytes(200)], ids=repr)
def test_what_only_begins_like_a_jpeg_is_refused(client, body):
    assert_problem(ask(client, body), 422)


def test_a_jpeg_that_claims_a_giant_is_refused_without_its_memory(server, client):
    body = bytearray(jpeg(pictures.photo(16, 16)))
    at = body.index(b"\xff\xc0")
    body[at + 5:at + 9] = b"\xff\xdc\xff\xdc"
    before = server.peak_memory()
    assert_problem(ask(client, bytes(body)), 422)
    assert server.peak_memory() - before < GIANT_MEMORY, "the claimed pixels were allocated"


# 16 bits

@pytest.mark.parametrize("colour, channels", [
    (pictures.GRAY, 1), (pictures.GRAY_ALPHA, 2), (pictures.RGB, 3), (pictures.RGB_ALPHA, 4)])
def test_a_16_bit_png_keeps_its_precision(client, colour, channels):
    samples = np.random.default_rng(7).integers(0, 65536, (13, 21, channels))
    samples[0, :4] = [[0], [1], [65534], [65535]]
    colours = samples[..., :3] if channels > 2 else np.repeat(samples[..., :1], 3, 2)
    body = pictures.write_png(samples, 16, colour)
    assert_same_bits(first_state(client, body), runs.state_of_16_bits(colours), "x_0")


def test_every_8_bit_level_has_its_state(client):
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)
    assert_same_bits(first_state(client, pictures.png_of(ramp)), judge.state_of_levels(ramp), "x_0")


# Gray

def test_gray_is_pillows_l(client):
    photo = pictures.noise_picture(50, 40)
    levels = np.asarray(Image.fromarray(photo).convert("L"))
    frame = gray_still(client, pictures.png_of(photo))
    assert frame.mode == "L", f"a gray frame is of mode {frame.mode}"
    np.testing.assert_array_equal(np.asarray(frame), levels)
    assert_same_bits(first_state(client, pictures.png_of(photo), channels="gray"),
                     judge.state_of_levels(levels)[..., None], "x_0")


def gray_still(client, body):
    response = ask(client, body, channels="gray", frames="0")
    return pictures.open_png(assert_ok(response, "image/png").content)


def test_the_gray_of_a_jpeg_is_pillows_l(client):
    body = jpeg(pictures.photo(50, 40))
    np.testing.assert_array_equal(first_levels(client, body, channels="gray"),
                                  np.asarray(as_pillow_reads(body).convert("L")))


def test_the_gray_of_palettes_and_alpha_is_that_of_their_colours(client):
    palette = Image.fromarray(pictures.photo(30, 20)).quantize(40)
    np.testing.assert_array_equal(
        first_levels(client, pictures.png_of(palette), channels="gray"),
        np.asarray(palette.convert("RGB").convert("L")))
    clear = Image.fromarray(np.dstack([pictures.photo(30, 20), np.zeros((20, 30), np.uint8)]))
    np.testing.assert_array_equal(
        first_levels(client, pictures.png_of(clear), channels="gray"),
        np.asarray(clear.convert("RGB").convert("L")))


def test_the_gray_of_16_bits_has_the_same_weights(client):
    samples = np.random.default_rng(8).integers(0, 65536, (9, 14, 3))
    got = first_state(client, pictures.write_png(samples, 16, pictures.RGB), channels="gray")
    expected = runs.state_of_16_bits(runs.gray_of_levels(samples))
    assert_same_bits(got, expected[..., None], "x_0")


def test_a_gray_16_bit_png_stays_itself_in_gray(client):
    samples = np.random.default_rng(9).integers(0, 65536, (9, 14, 1))
    got = first_state(client, pictures.write_png(samples, 16, pictures.GRAY), channels="gray")
    assert_same_bits(got, runs.state_of_16_bits(samples), "x_0")


def test_gray_elements_are_the_pixels_in_order(client):
    """One element per pixel draws the noise of the contract."""
    levels = np.asarray(Image.fromarray(pictures.photo(20, 15)).convert("L"))
    got = states(client, pictures.png_of(levels), channels="gray", seed=5, steps=4)
    expected = runs.chain(judge.state_of_levels(levels)[..., None], np.full(4, 0.25), 5)
    for t, state in expected.items():
        np.testing.assert_allclose(got[t], state, atol=judge.state_tolerance(t), rtol=0)


# How the body says what it is

BODIES = {"png": lambda photo: pictures.png_of(photo),
          "jpeg": lambda photo: jpeg(photo, quality=95, subsampling=0),
          "npy": npy}
TYPES = ["image/png", "image/jpeg", "application/x-npy", "application/octet-stream",
         "application/x-www-form-urlencoded", None, "Image/JPEG; charset=binary", "image/apng",
         "image/jpg", "image/pjpeg", "image/x-png", "image/gif", "image/webp", "image/*",
         "binary/octet-stream", "application/x-octet-stream"]


@PATHS
@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize("kind", BODIES)
def test_a_body_is_taken_for_what_it_is_whatever_its_type_says(client, path, kind, media_type):
    body = BODIES[kind](pictures.photo(12, 8))
    plain = assert_ok(ask(client, body, path, steps=1, seed=1))
    headers = {} if media_type is None else {"Content-Type": media_type}
    assert assert_ok(ask(client, body, path, headers, steps=1, seed=1)).content == plain.content


@PATHS
@pytest.mark.parametrize("media_type", ["text/plain", "video/mp4", "application/json",
                                        "application/zip", "application/x-npz", "multipart/mixed",
                                        "images/png", "png"])
def test_another_media_type_is_refused_even_over_a_png(client, path, media_type):
    png = pictures.png_of(pictures.photo(4, 4))
    problem = assert_problem(ask(client, png, path, {"Content-Type": media_type}), 415)
    assert len(problem["detail"]) > 5


@PATHS
@pytest.mark.parametrize("media_type", TYPES[:5])
@pytest.mark.parametrize("body", [b"GIF89a" + bytes(40), b"II*\0" + bytes(40), b"BM" + bytes(60),
                                  b"RIFF\0\0\0\0WEBPVP8 ", b"%PDF-1.4", b"\x93NUMPX\1\0"], ids=repr)
def test_bytes_of_an_unknown_kind_are_refused(client, path, media_type, body):
    assert_problem(ask(client, body, path, {"Content-Type": media_type}), (415, 422))


@PATHS
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("told", ["image/png", "application/octet-stream", "text/plain", None])
def test_a_form_holds_any_of_them(client, path, kind, told):
    body = BODIES[kind](pictures.photo(12, 8))
    raw = assert_ok(ask(client, body, path, steps=3, seed=8, sampler="tree", channels="gray"))
    file = ("cat", body) if told is None else ("cat", body, told)
    form = client.post(path, files={"image": file}, data={
        "steps": "3", "seed": "8", "sampler": "tree", "channels": "gray"})
    assert assert_ok(form).content == raw.content


FIELDS = [{"steps": "4", "sampler": "jump", "frames": "2,4"}, {"betas": "0.1,0.2"},
          {"schedule": "linear", "beta_start": "0.1", "beta_end": "0.5"},
          {"schedule": "cosine", "max_beta": "0.9"}, {"compression": "none"},
          {"content": "x,noise"}, {"format": "json", "measures": "terms"}, {"layout": "grid"},
          {"parameterization": "std", "beta": "0.5"}, {"delay": "7"}, {"channels": "gray"},
          {"schedule": "linear", "rescale_zero_snr": "true"}, {"format": "multipart"}]


@pytest.mark.parametrize("fields", FIELDS, ids=str)
def test_a_field_of_a_form_is_the_parameter_of_its_name(client, fields):
    png = pictures.png_of(pictures.photo(9, 7))
    raw = assert_ok(ask(client, png, seed="3", **fields))
    form = client.post(FRAMES, files={"image": png}, data={"seed": "3", **fields})
    assert assert_ok(form).content == raw.content
    mixed = client.post(FRAMES, files={"image": png}, data=fields, params={"seed": "3"})
    assert mixed.content == raw.content
    plain = assert_ok(ask(client, png, seed="3"))
    assert plain.content != raw.content, "the parameter has no effect"


def test_a_state_may_come_in_a_form(client):
    x = states(client, pictures.png_of(pictures.photo(8, 6)), steps=6, seed=2)
    form = client.post(FRAMES, files={"image": npy(x[4:5])}, data={
        "steps": "6", "seed": "2", "start_step": "4", "format": "npy"})
    whole = states(client, npy(x[4]), steps=6, seed=2, start_step=4)
    assert assert_ok(form).content.endswith(whole.tobytes())
    assert_same_bits(whole, x[4:], "x_4..x_6")


@PATHS
def test_a_form_without_an_image_or_with_two_is_refused(client, path):
    image = ("image", ("a", npy(pictures.photo(4, 4))))
    assert_problem(client.post(path, files={"steps": (None, "3")}), 400)
    assert_problem(client.post(path, files=[image, image]), 400)
    assert_problem(client.post(path, files={"picture": image[1]}), 400)


@PATHS
def test_a_form_with_a_broken_image_is_refused(client, path):
    for body in (jpeg(pictures.photo(30, 30))[:-200], npy(pictures.photo(9, 9))[:-1]):
        assert_problem(client.post(path, files={"image": body}), 422)


@PATHS
def test_an_empty_body_is_refused(client, path):
    for headers in ({}, {"Content-Type": "image/jpeg"}, {"Content-Type": "application/x-npy"}):
        assert_problem(ask(client, b"", path, headers), (400, 422))


def test_a_jpeg_goes_all_the_way(client):
    body = turned(pictures.photo(24, 17), 6)
    response = assert_ok(ask(client, body, steps=5, seed=4, format="json"), "application/json")
    document = json.loads(response.content)
    assert (document["width"], document["height"], document["channels"]) == (17, 24, 3)
    start = judge.state_of_levels(np.asarray(as_pillow_reads(body)))
    frames = pictures.document_frames(document)
    for t, state in runs.chain(start, np.full(5, 0.25), 4).items():
        if t > 0:
            np.testing.assert_array_less(np.abs(frames[t] - judge.rendered(state)), 2)
