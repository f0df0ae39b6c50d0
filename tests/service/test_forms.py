"""The forms in which frames leave: animated PNG, ZIP and JSON, read back by Pillow and zipfile."""

import base64
import io
import json
import math
import zipfile

import numpy as np
import pytest

import judge
import pictures
from checks import assert_frames, assert_ok, dissolve, dissolved_frames

SEED = 42
STEPS = 20
BETA = 0.25


@pytest.fixture(scope="module")
def photo():
    return pictures.photo(64, 48)


@pytest.fixture(scope="module")
def png(photo):
    return pictures.png_of(photo)


@pytest.fixture
def document(client, png):
    return assert_ok(dissolve(client, png, seed=SEED, format="json"), "application/json").json()


def test_several_frames_are_an_animated_png_that_pillow_plays(client, photo, png):
    response = assert_ok(dissolve(client, png, seed=SEED, format="png"))
    assert response.headers["Content-Type"] in ("image/png", "image/apng")
    frames, infos = pictures.animation(response.content)
    assert len(frames) == STEPS + 1
    assert_frames(dict(enumerate(frames)), photo, BETA, STEPS, SEED)
    assert {info["duration"] for info in infos} == {200}, "frames are not 200 ms apart"
    assert infos[0]["loop"] == 0, "the animation does not play for ever"


def test_the_animations_first_frame_is_what_a_plain_png_reader_sees(client, photo, png):
    data = assert_ok(dissolve(client, png, seed=SEED, format="png")).content
    np.testing.assert_array_equal(np.asarray(pictures.open_png(data)), photo)


@pytest.mark.parametrize("delay", [0, 1, 40, 1000, 60000])
def test_the_delay_is_the_frames_duration(client, png, delay):
    data = assert_ok(dissolve(client, png, steps=2, delay=delay, format="png")).content
    assert {info["duration"] for info in pictures.animation(data)[1]} == {delay}


def test_chosen_frames_are_the_animations_frames(client, photo, png):
    data = assert_ok(dissolve(client, png, seed=SEED, frames="3,9-11", format="png")).content
    frames = dict(zip([3, 9, 10, 11], pictures.animation(data)[0]))
    assert len(frames) == 4
    assert_frames(frames, photo, BETA, STEPS, SEED, expected=[3, 9, 10, 11])


def test_one_frame_is_a_plain_png(client, photo, png):
    response = assert_ok(dissolve(client, png, seed=SEED, frames="last"), "image/png")
    assert not pictures.open_png(response.content).is_animated
    frames = {STEPS: pictures.pixels(response.content)}
    assert_frames(frames, photo, BETA, STEPS, SEED, expected=[STEPS])


def test_every_chunk_of_a_png_answer_has_its_crc_and_its_place(client, png):
    data = assert_ok(dissolve(client, png, seed=SEED, steps=3, format="png")).content
    assert data.startswith(pictures.SIGNATURE)
    at, kinds, sequence = len(pictures.SIGNATURE), [], []
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        kind, body = data[at + 4:at + 8], data[at + 8:at + 8 + size]
        assert data[at:at + 12 + size] == pictures.chunk(kind, body), f"CRC of {kind!r}"
        kinds.append(kind)
        if kind in (b"fcTL", b"fdAT"):
            sequence.append(int.from_bytes(body[:4], "big"))
        if kind == b"acTL":
            assert int.from_bytes(body[:4], "big") == 4, "acTL does not say four frames"
        at += 12 + size
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and kinds.count(b"IEND") == 1
    assert kinds.index(b"acTL") < kinds.index(b"IDAT"), "acTL has to come before IDAT"
    assert kinds.count(b"fcTL") == 4
    assert sequence == list(range(len(sequence))), "APNG sequence numbers are not 0, 1, 2, .."


def test_a_zip_has_its_names_in_order_and_its_manifest_last(client, png):
    response = assert_ok(dissolve(client, png, seed=SEED, format="zip"), "application/zip")
    names = list(pictures.archive(response.content))
    assert names == [f"frame-{t:04d}.png" for t in range(STEPS + 1)] + ["manifest.json"]


def test_a_zip_names_a_frame_by_its_step(client, png):
    response = assert_ok(dissolve(client, png, format="zip", steps=10000, frames="0,70,9999-10000"))
    assert list(pictures.archive(response.content)) == [
        "frame-00000.png", "frame-00070.png", "frame-09999.png", "frame-10000.png", "manifest.json"]
    response = assert_ok(dissolve(client, png, format="zip", steps=9999, frames="9999"))
    assert list(pictures.archive(response.content)) == ["frame-9999.png", "manifest.json"]


def test_a_zip_has_fixed_times(client, png):
    times = set()
    for _ in range(2):
        data = assert_ok(dissolve(client, png, seed=SEED, format="zip", steps=3)).content
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            times |= {entry.date_time for entry in file.infolist()}
    assert len(times) == 1, f"the entries' times differ: {times}"


def test_a_zips_frames_are_the_judges(client, photo, png):
    assert_frames(dissolved_frames(client, png, seed=SEED), photo, BETA, STEPS, SEED)


def test_a_zips_manifest_tells_parameters_and_measures(client, png):
    response = dissolve(client, png, seed=SEED, format="zip", steps=4, frames="0,3-4")
    manifest = pictures.archive_frames(assert_ok(response).content)[1]
    assert manifest["seed"] == str(SEED)
    assert manifest["noise_version"] == 1
    assert manifest["steps"] == 4
    np.testing.assert_allclose(manifest["betas"], [BETA] * 4, rtol=1e-15)
    assert [frame["t"] for frame in manifest["frames"]] == [0, 3, 4]
    for frame in manifest["frames"]:
        assert math.isfinite(frame["mean"]) and math.isfinite(frame["std"])


def test_json_has_the_documented_members(photo, document):
    assert document["seed"] == str(SEED)
    assert document["steps"] == STEPS
    assert document["sampler"] == "chain"
    assert document["noise_version"] == 1
    assert (document["width"], document["height"]) == (photo.shape[1], photo.shape[0])
    assert document["channels"] == 3
    assert [frame["t"] for frame in document["frames"]] == list(range(STEPS + 1))


def test_jsons_pictures_are_the_judges_and_the_zips(client, photo, png, document):
    assert_frames(pictures.document_frames(document), photo, BETA, STEPS, SEED)
    members = pictures.archive(assert_ok(dissolve(client, png, seed=SEED, format="zip")).content)
    for frame in document["frames"]:
        assert base64.b64decode(frame["png"], validate=True) == \
            members[f"frame-{frame['t']:04d}.png"], f"frame {frame['t']} differs from the ZIP's"


def test_json_tells_each_frames_place_in_the_schedule(document):
    for frame in document["frames"]:
        t = frame["t"]
        if t == 0:
            assert frame["beta"] is None and frame["alpha_bar"] == 1 and frame["snr"] is None
        else:
            left = judge.alpha_bar(BETA, t)
            assert frame["beta"] == BETA
            assert frame["alpha_bar"] == pytest.approx(left, rel=1e-12)
            assert frame["snr"] == pytest.approx(left / (1 - left), rel=1e-12)


def test_jsons_measures_are_those_of_the_state(photo, document):
    states = judge.chain(judge.state_of_levels(photo), BETA, STEPS, SEED)
    for frame, state in zip(document["frames"], states):
        t = frame["t"]
        tolerance = 1e-9 if t == 0 else judge.state_tolerance(t)
        assert frame["mean"] == pytest.approx(state.mean(), rel=0, abs=tolerance), f"mean at {t}"
        assert frame["std"] == pytest.approx(state.std(), rel=0, abs=tolerance), f"std at {t}"
        outside = np.mean(np.abs(state) > 1)
        assert frame["clipped"] == pytest.approx(outside, abs=0 if t == 0 else 5 / state.size)
        for channel in range(3):
            values = state[:, :, channel]
            assert frame["entropy"][channel] == pytest.approx(
                judge.differential_entropy(values), abs=1e-9 if t == 0 else 5e-3), f"t = {t}"


def test_jsons_entropy_bits_are_those_of_the_picture_beside_them(document):
    for t, picture in pictures.document_frames(document).items():
        expected = [judge.entropy_bits(picture[:, :, channel]) for channel in range(3)]
        np.testing.assert_allclose(document["frames"][t]["entropy_bits"], expected, rtol=0,
                                   atol=1e-9, err_msg=f"t = {t}")


def test_json_has_null_for_what_is_not_a_number(client):
    flat = pictures.png_of(np.full((8, 8, 3), 77, np.uint8))
    for beta in (0, 1):
        response = assert_ok(dissolve(client, flat, format="json", beta=beta, steps=2))
        frames = json.loads(response.content, parse_constant=pytest.fail)["frames"]
        assert [frame["alpha_bar"] for frame in frames] == ([1, 1, 1] if beta == 0 else [1, 0, 0])
        assert [frame["snr"] for frame in frames] == (
            [None, None, None] if beta == 0 else [None, 0, 0])


def test_a_flat_picture_has_no_spread_and_no_entropy_bits(client):
    flat = pictures.png_of(np.full((8, 8, 3), 77, np.uint8))
    frame = assert_ok(dissolve(client, flat, format="json", steps=0)).json()["frames"][0]
    assert frame["std"] == 0
    assert frame["entropy_bits"] == [0, 0, 0]
    assert frame["mean"] == pytest.approx(2 * 77 / 255 - 1, abs=1e-7)
