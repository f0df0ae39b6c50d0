"""Pictures as they come: every PNG colour type, bit depth and interlacing; raw bodies and forms."""

import warnings

import numpy as np
import pytest
from PIL import Image

import pictures
from checks import (FRAMES, assert_frames, assert_ok, assert_problem, dissolve, dissolved_frames)


def first_frame(client, png):
    return dissolved_frames(client, png, steps=1, frames="0")[0]


def palette_image(transparent=False):
    image = Image.fromarray(pictures.photo(40, 30)).quantize(60)
    if transparent:
        image.info["transparency"] = bytes(range(0, 240, 4))
    return image


PILLOWS = {
    "L": lambda: Image.fromarray(pictures.photo(40, 30)).convert("L"),
    "LA": lambda: Image.fromarray(np.dstack([pictures.photo(40, 30)[:, :, :2]]), "LA"),
    "RGB": lambda: Image.fromarray(pictures.photo(40, 30)),
    "RGBA": lambda: Image.fromarray(
        np.dstack([pictures.photo(40, 30), pictures.noise_picture(40, 30)[:, :, 0]])),
    "P": palette_image,
    "P with transparency": lambda: palette_image(transparent=True),
    "1": lambda: Image.fromarray(pictures.photo(41, 30)).convert("1"),
}


@pytest.mark.parametrize("mode", PILLOWS)
def test_frame_0_is_what_pillow_converts_to_rgb(client, mode):
    png = pictures.png_of(PILLOWS[mode]())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Palette images with Transparency")
        expected = np.asarray(pictures.open_png(png).convert("RGB"))
    np.testing.assert_array_equal(first_frame(client, png), expected)


def sample_picture(depth, channels, width=19, height=11):
    return np.random.default_rng(depth).integers(0, 2**depth, (height, width, channels))


@pytest.mark.parametrize("interlaced", [False, True], ids=["in order", "interlaced"])
@pytest.mark.parametrize("colour, channels, depth", [
    (pictures.GRAY, 1, 1), (pictures.GRAY, 1, 2), (pictures.GRAY, 1, 4), (pictures.GRAY, 1, 8),
    (pictures.GRAY_ALPHA, 2, 8), (pictures.RGB, 3, 8), (pictures.RGB_ALPHA, 4, 8)])
def test_every_depth_up_to_8_bits_is_read_as_pillow_reads_it(client, colour, channels, depth,
                                                            interlaced):
    samples = sample_picture(depth, channels)
    png = pictures.write_png(samples, depth, colour, interlaced)
    expected = np.asarray(pictures.open_png(png).convert("RGB"))
    np.testing.assert_array_equal(first_frame(client, png), expected)
    if depth < 8:
        by_hand = np.repeat(samples * (255 // (2**depth - 1)), 3, axis=2)
        np.testing.assert_array_equal(expected, by_hand, "the test's own writer is wrong")


@pytest.mark.parametrize("interlaced", [False, True], ids=["in order", "interlaced"])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes_of_every_depth_are_read(client, depth, interlaced):
    colours = np.random.default_rng(1).integers(0, 256, (2**depth, 3)).astype(np.uint8)
    samples = sample_picture(depth, 1)
    png = pictures.write_png(samples, depth, pictures.PALETTE, interlaced,
                             before_data=pictures.chunk(b"PLTE", colours.tobytes()))
    np.testing.assert_array_equal(first_frame(client, png), colours[samples[:, :, 0]])


@pytest.mark.parametrize("interlaced", [False, True], ids=["in order", "interlaced"])
@pytest.mark.parametrize("colour, channels", [
    (pictures.GRAY, 1), (pictures.GRAY_ALPHA, 2), (pictures.RGB, 3), (pictures.RGB_ALPHA, 4)])
def test_16_bit_pictures_are_read_to_the_nearest_levels(client, colour, channels, interlaced):
    samples = sample_picture(16, channels)
    frame = first_frame(client, pictures.write_png(samples, 16, colour, interlaced))
    colours = samples[:, :, :3] if channels >= 3 else np.repeat(samples[:, :, :1], 3, axis=2)
    assert np.abs(frame - colours / 257).max() <= 1, "a 16-bit value is more than one level off"


def test_a_16_bit_picture_by_pillow_is_read(client):
    samples = np.arange(0, 65536, 173, dtype=np.uint16)[:360].reshape(18, 20)
    frame = first_frame(client, pictures.png_of(Image.fromarray(samples)))
    assert np.abs(frame - samples[:, :, None] / 257).max() <= 1


def test_a_colour_declared_transparent_stays_the_colour_it_is(client):
    picture = pictures.photo(10, 10)
    declared = picture[3, 4].astype(">u2").tobytes()
    png = pictures.write_png(picture, 8, pictures.RGB,
                             before_data=pictures.chunk(b"tRNS", declared))
    np.testing.assert_array_equal(first_frame(client, png), picture)


def test_gamma_and_text_chunks_change_nothing(client):
    picture = pictures.photo(10, 10)
    extra = (pictures.chunk(b"gAMA", (20000).to_bytes(4, "big")) +
             pictures.chunk(b"tEXt", b"Comment\0" + b"x" * 5000) +
             pictures.chunk(b"zzZz", b"nobody knows this chunk"))
    png = pictures.write_png(picture, 8, pictures.RGB, before_data=extra)
    np.testing.assert_array_equal(first_frame(client, png), picture)


def test_an_animated_png_goes_in_as_its_first_picture(client):
    first = pictures.photo(20, 20)
    png = pictures.png_of(Image.fromarray(first), save_all=True,
                          append_images=[Image.fromarray(255 - first)])
    np.testing.assert_array_equal(first_frame(client, png), first)


def test_an_answer_can_be_sent_again_as_an_input(client):
    photo = pictures.photo(20, 20)
    once = assert_ok(dissolve(client, pictures.png_of(photo), seed=1)).content
    np.testing.assert_array_equal(first_frame(client, once), photo)


# Bodies: raw in every way that clients send them.

@pytest.mark.parametrize("media_type", [
    "image/png", "IMAGE/PNG", "image/png; name=cat.png", "application/octet-stream",
    "application/x-www-form-urlencoded", None])
def test_a_raw_body_is_taken_under_every_usual_content_type(client, media_type):
    photo = pictures.photo(16, 12)
    headers = {} if media_type is None else {"Content-Type": media_type}
    response = client.post(FRAMES, data=pictures.png_of(photo), headers=headers,
                           params={"seed": 1, "format": "zip"})
    assert_ok(response, "application/zip")
    assert_frames(pictures.archive_frames(response.content)[0], photo, 0.25, 20, seed=1)


def test_a_chunked_upload_is_taken(client):
    png = pictures.png_of(pictures.photo(64, 64))
    whole = assert_ok(dissolve(client, png, seed=1)).content
    pieces = (png[at:at + 777] for at in range(0, len(png), 777))
    response = client.post(FRAMES, data=pieces, params={"seed": 1},
                           headers={"Content-Type": "image/png"})
    assert assert_ok(response).content == whole


@pytest.mark.parametrize("media_type", ["text/plain", "text/html", "video/mp4", "nonsense"])
def test_an_unknown_media_type_is_refused(client, media_type):
    png = pictures.png_of(pictures.photo(4, 4))
    assert_problem(dissolve(client, png, headers={"Content-Type": media_type}), 415)


def test_a_form_gives_the_bytes_of_the_raw_body(client):
    png = pictures.png_of(pictures.photo(32, 24))
    raw = assert_ok(dissolve(client, png, seed=5, steps=6, beta=0.5, format="zip")).content
    form = client.post(FRAMES, files={"image": ("cat.png", png, "image/png")},
                       data={"seed": "5", "steps": "6", "beta": "0.5", "format": "zip"})
    assert assert_ok(form, "application/zip").content == raw


def test_a_forms_parameters_may_be_in_the_query_too(client):
    png = pictures.png_of(pictures.photo(32, 24))
    raw = assert_ok(dissolve(client, png, seed=5, steps=6, format="zip")).content
    form = client.post(FRAMES, files={"image": png}, data={"seed": "5"},
                       params={"steps": 6, "format": "zip"})
    assert assert_ok(form, "application/zip").content == raw


def test_a_forms_fields_may_come_before_or_after_the_file(client):
    png = pictures.png_of(pictures.photo(12, 12))
    image = ("image", ("a.png", png, "image/png"))
    fields = [("seed", (None, "9")), ("steps", (None, "3"))]
    before = assert_ok(client.post(FRAMES, files=fields + [image]))
    after = assert_ok(client.post(FRAMES, files=[image] + fields))
    assert before.content == after.content == assert_ok(
        dissolve(client, png, seed=9, steps=3)).content


def test_a_forms_file_may_contain_what_looks_like_a_boundary(client):
    photo = pictures.photo(6, 6)
    text = pictures.chunk(b"tEXt", b"Comment\0\r\n--\r\n--boundar\r\n--boundary-\r\n\r\n")
    png = pictures.write_png(photo, 8, pictures.RGB, before_data=text)
    body = (b'--boundaryX\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n'
            b'\r\n' + png + b'\r\n--boundaryX\r\nContent-Disposition: form-data; name=frames\r\n'
            b'\r\n0\r\n--boundaryX--\r\n')
    response = client.post(FRAMES, data=body, headers={
        "Content-Type": 'multipart/form-data; boundary="boundaryX"'})
    np.testing.assert_array_equal(pictures.pixels(assert_ok(response).content), photo)


@pytest.mark.parametrize("body, media_type", [
    (b"--b\r\n", "multipart/form-data"),
    (b"", "multipart/form-data; boundary=b"),
    (b"--b--\r\n", "multipart/form-data; boundary=b"),
    (b"no boundary in here", "multipart/form-data; boundary=b"),
    (b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n\x89PNG',
     "multipart/form-data; boundary=b"),
    (b"--b\r\n\r\nno disposition\r\n--b--\r\n", "multipart/form-data; boundary=b"),
], ids=["no boundary", "empty", "no parts", "no delimiter", "cut", "no disposition"])
def test_a_malformed_form_is_refused(client, body, media_type):
    response = client.post(FRAMES, data=body, headers={"Content-Type": media_type})
    assert_problem(response, 400)


def test_a_form_without_an_image_is_refused(client):
    assert_problem(client.post(FRAMES, files={"steps": (None, "3")}), 400)


def test_a_form_with_two_images_is_refused(client):
    image = ("image", ("a.png", pictures.png_of(pictures.photo(4, 4)), "image/png"))
    assert_problem(client.post(FRAMES, files=[image, image]), 400)


def test_a_form_with_an_unknown_field_is_refused_by_its_name(client):
    png = pictures.png_of(pictures.photo(4, 4))
    response = client.post(FRAMES, files={"image": png}, data={"stepz": "3"})
    assert_problem(response, 400, parameter="stepz")


def test_a_form_with_a_file_that_is_no_picture_is_refused(client):
    assert_problem(client.post(FRAMES, files={"image": ("a.png", b"hello", "image/png")}), 422)
