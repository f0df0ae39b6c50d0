"""The frames of a picture against the judge: sizes, parameters, seeds, choices of frames."""

import numpy as np
import pytest

import judge
import pictures
from checks import assert_frames, assert_ok, assert_problem, dissolve, dissolved_frames

LARGEST_SEED = 2**64 - 1


@pytest.mark.parametrize("width, height", [
    (64, 48), (1, 1), (1, 300), (300, 1), (33, 17), (3, 2), (2, 2), (5, 1), (97, 101)])
def test_a_photo_of_any_size_dissolves_as_the_noise_contract_says(client, width, height):
    photo = pictures.photo(width, height)
    frames = dissolved_frames(client, pictures.png_of(photo), seed=42)
    assert_frames(frames, photo, beta=0.25, steps=20, seed=42)


def test_the_lessons_photo_of_512_by_512_dissolves_in_20_steps(client):
    photo = pictures.photo(512, 512)
    frames = dissolved_frames(client, pictures.png_of(photo), steps=20, beta=0.25, seed=7)
    assert_frames(frames, photo, beta=0.25, steps=20, seed=7)


@pytest.mark.parametrize("beta, steps", [
    (0.25, 1), (0.5, 40), (0.02, 100), (0.0001, 10), (0.999, 3), (1e-12, 2), (0.75, 64)])
def test_any_beta_and_number_of_steps_follow_the_formula(client, beta, steps):
    photo = pictures.photo(40, 30)
    frames = dissolved_frames(client, pictures.png_of(photo), steps=steps, beta=beta, seed=1)
    assert_frames(frames, photo, beta, steps, seed=1)


def test_many_steps_come_in_order_and_true(client):
    photo = pictures.photo(12, 9)
    frames = dissolved_frames(client, pictures.png_of(photo), steps=1000, beta=0.01, seed=5)
    assert_frames(frames, photo, beta=0.01, steps=1000, seed=5)


def test_ten_thousand_steps_are_allowed(client):
    photo = pictures.photo(4, 4)
    frames = dissolved_frames(client, pictures.png_of(photo), steps=10000, beta=0.25, seed=5,
                              frames="10000")
    assert_frames(frames, photo, beta=0.25, steps=10000, seed=5, expected=[10000])


def test_no_steps_give_the_input_alone(client):
    photo = pictures.photo(31, 20)
    response = assert_ok(dissolve(client, pictures.png_of(photo), steps=0), "image/png")
    np.testing.assert_array_equal(pictures.pixels(response.content), photo)
    assert list(dissolved_frames(client, pictures.png_of(photo), steps=0)) == [0]


def test_beta_zero_changes_nothing_but_the_truncation(client):
    photo = pictures.photo(64, 64)
    frames = dissolved_frames(client, pictures.png_of(photo), steps=5, beta=0, seed=3)
    np.testing.assert_array_equal(frames[0], photo)
    still = judge.rendered_float32(judge.state_of_levels(photo))
    for t in range(1, 6):
        np.testing.assert_array_equal(frames[t], still, f"frame {t} moved although beta is 0")


def test_every_level_survives_beta_zero_as_truncation_has_it(client):
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)
    frames = dissolved_frames(client, pictures.png_of(ramp), steps=1, beta=0)
    np.testing.assert_array_equal(frames[0], ramp)
    np.testing.assert_array_equal(frames[1], judge.rendered_float32(judge.state_of_levels(ramp)))


def test_beta_one_leaves_nothing_but_noise(client):
    dark, bright = np.zeros((20, 30, 3), np.uint8), np.full((20, 30, 3), 255, np.uint8)
    from_dark = dissolved_frames(client, pictures.png_of(dark), steps=3, beta=1, seed=8)
    from_bright = dissolved_frames(client, pictures.png_of(bright), steps=3, beta=1, seed=8)
    assert_frames(from_dark, dark, beta=1, steps=3, seed=8)
    for t in (1, 2, 3):
        np.testing.assert_array_equal(from_dark[t], from_bright[t])
    assert (from_dark[1] != from_dark[2]).any(), "every step draws noise of its own"


@pytest.mark.parametrize("asked, told", [
    ("all", range(21)),
    ("last", [20]),
    ("0", [0]),
    ("20", [20]),
    ("0,5,10", [0, 5, 10]),
    ("7-9", [7, 8, 9]),
    ("4-4", [4]),
    ("0-20/5", [0, 5, 10, 15, 20]),
    ("1-10/4", [1, 5, 9]),
    ("3-5/100", [3]),
    ("20,0,10", [0, 10, 20]),
    ("5,5,5", [5]),
    ("0-6/3,2-4,3", [0, 2, 3, 4, 6]),
    ("18-20,0-2", [0, 1, 2, 18, 19, 20]),
])
def test_the_frames_asked_for_are_the_frames_that_come(client, asked, told):
    photo = pictures.photo(24, 16)
    frames = dissolved_frames(client, pictures.png_of(photo), frames=asked, seed=4)
    assert_frames(frames, photo, beta=0.25, steps=20, seed=4, expected=told)


def test_frames_of_no_steps_are_all_the_input(client):
    png = pictures.png_of(pictures.photo(8, 8))
    for asked in ("all", "last", "0", "0-0"):
        assert list(dissolved_frames(client, png, steps=0, frames=asked)) == [0]


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 2**53 + 1, 2**63, LARGEST_SEED])
def test_every_64_bit_seed_is_its_own_noise(client, seed):
    photo = pictures.photo(16, 16)
    response = dissolve(client, pictures.png_of(photo), seed=seed, steps=2, format="zip")
    assert_ok(response)
    assert response.headers["Dissolve-Seed"] == str(seed)
    frames, manifest = pictures.archive_frames(response.content)
    assert manifest["seed"] == str(seed)
    assert_frames(frames, photo, beta=0.25, steps=2, seed=seed)


def test_a_seed_above_64_bits_is_refused(client):
    png = pictures.png_of(pictures.photo(4, 4))
    assert_problem(dissolve(client, png, seed=LARGEST_SEED + 1), 400, parameter="seed")
    assert_problem(dissolve(client, png, seed=10 * LARGEST_SEED), 400, parameter="seed")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(client):
    png = pictures.png_of(pictures.photo(32, 32))
    for form in ("png", "zip", "json"):
        once, again, other = (assert_ok(dissolve(client, png, seed=seed, format=form)).content
                              for seed in (9, 9, 10))
        assert once == again, f"two {form} answers to the same request differ"
        assert once != other, f"two seeds give the same {form}"


def test_a_seed_drawn_by_the_service_is_told_and_reproduces_the_answer(client):
    png = pictures.png_of(pictures.photo(32, 32))
    for form in ("png", "zip", "json"):
        first = assert_ok(dissolve(client, png, format=form))
        second = assert_ok(dissolve(client, png, format=form))
        seeds = [answer.headers["Dissolve-Seed"] for answer in (first, second)]
        assert seeds[0] != seeds[1], "two requests without a seed got the same one"
        for answer, seed in zip((first, second), seeds):
            assert 0 <= int(seed) <= LARGEST_SEED
            again = assert_ok(dissolve(client, png, format=form, seed=seed))
            assert again.content == answer.content, "the seed that was told makes another answer"


def test_the_defaults_are_20_steps_of_beta_a_quarter_all_frames_200_ms_apart(client):
    png = pictures.png_of(pictures.photo(16, 16))
    plain = assert_ok(dissolve(client, png, seed=6))
    spelled = assert_ok(dissolve(client, png, seed=6, steps=20, beta=0.25, frames="all",
                                 format="png", delay=200))
    assert plain.content == spelled.content


def test_a_photo_is_the_same_however_its_file_is_compressed(client):
    photo = pictures.photo(40, 40)
    files = [pictures.png_of(photo, compress_level=level) for level in (0, 1, 9)]
    answers = {assert_ok(dissolve(client, file, seed=2)).content for file in files}
    assert len(answers) == 1
