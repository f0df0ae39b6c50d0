"""Arrays out: NPY and NPZ of states, and what a model learns from: the noise and the velocity."""

import io
import zipfile

import numpy as np
import pytest

import judge
import pictures
import runs
from checks import assert_ok, assert_problem, dissolve
from imagery import array, arrays, ask, assert_same_bits, npy, states

SCHEDULES = [{"steps": 12, "beta": 0.25}, {"steps": 15, "schedule": "linear", "beta_end": 0.5},
             {"steps": 10, "schedule": "cosine"}]
SAMPLERS = pytest.mark.parametrize("sampler", ["chain", "jump", "tree"])


@pytest.fixture(scope="module")
def png():
    return pictures.png_of(pictures.photo(23, 14))


def all_three(client, png, **parameters):
    response = ask(client, png, content="x,noise,velocity", **parameters)
    found = arrays(assert_ok(response, "application/x-npz").content)
    assert list(found) == ["x", "noise", "velocity"]
    return found


def bars_of(options):
    made = {"kind" if name == "schedule" else name: value for name, value in options.items()}
    times = runs.Times(runs.schedule(**made))
    return [times.alpha_bar(t) for t in range(options["steps"] + 1)]


# The arrays as files

def test_npy_is_the_states_of_the_run(client, png):
    response = assert_ok(ask(client, png, format="npy", seed=3, frames="0,5,20"))
    assert response.headers["Content-Type"] == "application/x-npy"
    assert array(response.content).shape == (3, 14, 23, 3)
    assert array(assert_ok(ask(client, png, format="npy", channels="gray")).content).shape == \
        (21, 14, 23, 1)


def test_npy_needs_no_length_to_be_told_apart(client, png):
    data = assert_ok(ask(client, png, format="npy", seed=3)).content
    assert (len(data) - 21 * 14 * 23 * 3 * 4) % 64 == 0, "the head is not padded to 64 bytes"
    np.testing.assert_array_equal(np.load(io.BytesIO(data)), states(client, png, seed=3))


def test_the_state_is_not_clipped(client, png):
    assert np.abs(states(client, png, seed=3)).max() > 3


def test_npz_of_one_content_has_one_member(client, png):
    for content in ("x", "noise", "velocity"):
        response = ask(client, png, format="npz", content=content, seed=3)
        members = arrays(assert_ok(response, "application/x-npz").content)
        assert list(members) == [content]
        alone = ask(client, png, format="npy", content=content, seed=3)
        assert_same_bits(members[content], array(assert_ok(alone, "application/x-npy").content),
                         content)


def test_npz_is_read_by_numpy_and_has_fixed_times(client, png):
    answers = [assert_ok(ask(client, png, format="npz", content="x,noise", seed=3)).content
               for _ in range(2)]
    assert answers[0] == answers[1]
    with np.load(io.BytesIO(answers[0])) as file:
        assert sorted(file.files) == ["noise", "x"]
        assert_same_bits(file["x"], states(client, png, seed=3), "x")
    with zipfile.ZipFile(io.BytesIO(answers[0])) as file:
        assert file.namelist() == ["x.npy", "noise.npy"]
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("accept, media_type", [
    ("application/x-npy", "application/x-npy"), ("application/x-npz", "application/x-npz")])
def test_accept_chooses_arrays(client, png, accept, media_type):
    assert_ok(ask(client, png, headers={"Accept": accept}, steps=2), media_type)


# What they hold

@SAMPLERS
@pytest.mark.parametrize("options", SCHEDULES, ids=str)
def test_noise_and_velocity_are_what_x_is_made_of(client, png, sampler, options):
    found = all_three(client, png, sampler=sampler, seed=9, **options)
    start = found["x"][0]
    for t, bar in enumerate(bars_of(options)):
        if t == 0:
            continue
        allowed = 2e-6 / np.sqrt(1 - bar)
        np.testing.assert_allclose(found["noise"][t], runs.noise(start, found["x"][t], bar),
                                   rtol=0, atol=allowed, err_msg=f"the noise at {t}")
        np.testing.assert_allclose(found["velocity"][t], runs.velocity(start, found["x"][t], bar),
                                   rtol=0, atol=allowed, err_msg=f"the velocity at {t}")
        made = np.sqrt(bar) * np.float64(start) + np.sqrt(1 - bar) * np.float64(found["noise"][t])
        np.testing.assert_allclose(found["x"][t], made, rtol=0, atol=2e-6, err_msg=f"x_{t}")


def test_the_noise_of_the_first_step_is_the_contracts(client, png):
    noise = array(assert_ok(ask(client, png, content="noise", steps=1, seed=9)).content)[1]
    drawn = judge.normals(9, 1, judge.CHAIN, noise.size).reshape(noise.shape)
    np.testing.assert_allclose(noise, drawn, rtol=0, atol=5e-6)


def test_noise_looks_normal_at_every_step(client):
    noise = array(assert_ok(ask(client, pictures.png_of(pictures.photo(96, 96)), content="noise",
                                seed=1)).content)
    for t in range(1, 21):
        assert abs(noise[t].mean()) < 0.03 and abs(noise[t].std() - 1) < 0.03, f"t = {t}"


@pytest.mark.parametrize("content", ["noise", "velocity"])
def test_there_is_no_noise_at_0(client, png, content):
    found = array(assert_ok(ask(client, png, content=content)).content)
    assert not found[0].any(), f"{content} at t = 0 is not 0"
    assert found[1].any()


def test_there_is_no_noise_where_no_step_made_any(client, png):
    found = all_three(client, png, betas="0,0,0.5,0")
    for t in (0, 1, 2):
        assert not found["noise"][t].any(), f"t = {t}"
        assert_same_bits(found["x"][t], found["x"][0], f"x_{t}")
    np.testing.assert_allclose(found["noise"][4], found["noise"][3], atol=5e-6)


def test_where_nothing_is_left_the_noise_is_the_state_and_the_velocity_the_input(client, png):
    found = all_three(client, png, betas="0.5,1,0.5")
    for t in (2, 3):
        assert_same_bits(found["noise"][t], found["x"][t], f"the noise at {t}")
        np.testing.assert_array_equal(found["velocity"][t], -found["x"][0])


@SAMPLERS
@pytest.mark.parametrize("channels", ["rgb", "gray"])
def test_several_at_once_are_each_alone_bit_for_bit(client, png, sampler, channels):
    options = {"seed": 4, "sampler": sampler, "channels": channels, "frames": "0,3-20/5"}
    together = all_three(client, png, **options)
    for content in ("x", "noise", "velocity"):
        alone = ask(client, png, content=content, format="npy", **options)
        assert_same_bits(array(assert_ok(alone, "application/x-npy").content), together[content],
                         content)
    assert_same_bits(states(client, png, **options), together["x"], "x")


@pytest.mark.parametrize("content", ["noise", "velocity"])
def test_a_targets_frame_does_not_depend_on_the_others(client, png, content):
    whole = array(assert_ok(ask(client, png, content=content, seed=4)).content)
    for frames, told in (("7", [7]), ("last", [20]), ("3,0,12", [0, 3, 12])):
        some = array(assert_ok(ask(client, png, content=content, seed=4, frames=frames)).content)
        assert_same_bits(some, whole[told], f"frames={frames}")


def test_the_noise_of_a_float_array_is_true_to_it(client):
    start = np.random.default_rng(1).normal(3, 2, (9, 8, 3)).astype(np.float32)
    found = all_three(client, npy(start), seed=4, beta=0.5, steps=3)
    for t in (1, 2, 3):
        np.testing.assert_allclose(found["noise"][t], runs.noise(start, found["x"][t], 0.5**t),
                                   rtol=0, atol=5e-6)


# Which form a content makes

@pytest.mark.parametrize("content, form, media_type", [
    ("noise", None, "application/x-npy"), ("velocity", None, "application/x-npy"),
    ("x,noise", None, "application/x-npz"), ("velocity,x", "npy", "application/x-npz"),
    ("x,noise", "npz", "application/x-npz"), ("noise", "npz", "application/x-npz"),
    ("noise", "npy", "application/x-npy"), ("x", "npy", "application/x-npy"),
    ("x", None, "image/png"), ("x", "zip", "application/zip")])
@pytest.mark.parametrize("accept", [None, "*/*"])
def test_content_makes_arrays(client, png, content, form, media_type, accept):
    parameters = {"content": content, "steps": 2} | ({"format": form} if form else {})
    assert_ok(ask(client, png, headers={"Accept": accept}, **parameters), media_type)


@pytest.mark.parametrize("content", ["noise", "velocity", "x,noise", "noise,x", "x,noise,velocity"])
@pytest.mark.parametrize("form", ["png", "zip", "multipart", "json"])
def test_targets_are_no_pictures(client, png, content, form):
    assert_problem(ask(client, png, content=content, format=form), 400, parameter="content")


@pytest.mark.parametrize("content", ["noise", "x,velocity"])
def test_accept_cannot_have_a_target_as_a_picture(client, png, content):
    for accept in ("image/png", "application/zip", "application/json, image/apng"):
        assert_problem(ask(client, png, headers={"Accept": accept}, content=content), 400,
                       parameter="content")
    detail = assert_problem(ask(client, png, headers={"Accept": "text/html"}, content=content), 406)
    assert "application/x-npz" in detail["detail"]


@pytest.mark.parametrize("content", ["", "X", "y", "x,", ",x", "x,x", "noise,noise", "x,noise,x",
                                     "x noise", "x, noise", "x;noise", "all", "epsilon"])
def test_a_content_that_does_not_exist_is_refused_by_its_name(client, png, content):
    assert_problem(ask(client, png, content=content), 400, parameter="content")


@pytest.mark.parametrize("content", ["noise", "velocity", "x,noise"])
def test_targets_do_not_go_with_a_start(client, content):
    body = npy(np.zeros((4, 5, 3), np.float32))
    assert_problem(ask(client, body, content=content, start_step=3), 400, parameter="start_step")
    assert_ok(ask(client, body, content=content, start_step=0))
    assert_ok(ask(client, body, content="x", start_step=3, format="npy"))


def test_content_is_unknown_to_histograms(client, png):
    assert_problem(ask(client, png, "/v1/images/histograms", content="x"), 400, parameter="content")


def test_arrays_of_a_picture_do_not_depend_on_how_it_is_sent(client, png):
    one = dissolve(client, png, content="velocity", seed=1)
    other = ask(client, png, content="velocity", seed=1)
    assert assert_ok(one).content == assert_ok(other).content
