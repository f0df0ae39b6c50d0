"""Warnings of runs that do not reach noise, against numpy's alphas_cumprod; and scale_betas."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

import pictures
import runs
from checks import FRAMES, assert_ok, assert_problem
from checks_samples import SAMPLES, npy_of, post

SCHEDULE = "/v1/schedule"
IMAGE_HISTOGRAMS = "/v1/images/histograms"
SAMPLE_HISTOGRAMS = "/v1/samples/histograms"
HEADER = "Dissolve-Warning"
MOST_LEFT = 0.05
PICTURE = pictures.png_of(pictures.photo(4, 4))
SHORT = {"schedule": "linear", "steps": 20}


def text_of(value):
    if isinstance(value, (list, tuple)):
        return ",".join(map(repr, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def sent(options):
    return {name: text_of(value) for name, value in options.items()}


def left(options):
    """alphas_cumprod after the last step, by numpy in float64."""
    made = dict(options)
    made["kind"] = made.pop("schedule", "constant")
    return np.cumprod(1 - runs.schedule(**made))[-1]


def table(client, **options):
    return assert_ok(client.get(SCHEDULE, params=sent(options)), "application/json")


def assert_warned(response, share):
    """One line of ASCII in the header that names the share to three decimals, or all its digits."""
    line = response.headers[HEADER]
    assert line.isascii() and line.isprintable() and len(line) <= 160
    assert line.startswith("The run does not reach noise: ") and line.endswith(".")
    told = float(line.partition("alphas_cumprod is ")[2].partition(",")[0])
    assert told == pytest.approx(share, abs=5e-4) and told > MOST_LEFT
    return line


def assert_silent(response):
    assert HEADER not in response.headers
    if response.headers["Content-Type"] == "application/json":
        assert "warnings" not in response.json()


# ---- When ----


@pytest.mark.parametrize("options", [
    SHORT,
    {"schedule": "linear", "steps": 290},
    {"schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "steps": 50},
    {"schedule": "sigmoid", "steps": 100},
    {"schedule": "cosine", "steps": 5, "max_beta": 0.3},
    {"beta": 0.25, "steps": 1},
    {"beta": 0.25, "steps": 10},
    {"beta": 0.5, "steps": 10, "parameterization": "std"},
    {"beta": 0.0, "steps": 3},
    {"beta": 1e-6, "steps": 10000},
    {"betas": [0.0, 0.0, 0.0]},
    {"betas": [0.5, 0.0, 0.3, 0.0]},
    {"schedule": "linear", "steps": 4000, "beta_end": 0.0, "scale_betas": True},
], ids=str)
def test_a_run_that_keeps_more_than_a_twentieth_is_warned_of(client, options):
    share = left(options)
    assert share > MOST_LEFT
    response = table(client, **options)
    line = assert_warned(response, share)
    assert response.json()["warnings"] == [line]
    helps = options.get("schedule", "constant") in ("linear", "scaled_linear", "sigmoid")
    assert ("scale_betas=true" in line) == (helps and "scale_betas" not in options)


@pytest.mark.parametrize("options", [
    {},
    {"schedule": "linear", "steps": 1000},
    {"schedule": "linear", "steps": 300},
    {"schedule": "cosine", "steps": 1},
    {"schedule": "linear", "steps": 20, "rescale_zero_snr": True},
    {"betas": [0.0, 1.0, 0.0]},
    {"beta": 0.25, "steps": 11},
    {"schedule": "linear", "steps": 20, "scale_betas": True},
    {"schedule": "scaled_linear", "steps": 7, "scale_betas": True},
    {"schedule": "sigmoid", "steps": 100, "scale_betas": True},
], ids=str)
def test_a_run_that_reaches_noise_is_not_warned_of(client, options):
    assert left(options) <= MOST_LEFT
    assert_silent(table(client, **options))


BELOW, ABOVE = np.nextafter(0.95, 1), np.nextafter(0.95, 0)


@pytest.mark.parametrize("betas", [
    [0.95], [ABOVE], [BELOW], [0.9, 0.5], [0.9, np.nextafter(0.5, 1)], [0.9, np.nextafter(0.5, 0)],
    [0.75, 0.8 + 1e-9], [0.75, 0.8 - 1e-9], [0.949999], [0.950001]], ids=str)
def test_the_bound_is_where_the_table_says_that_it_is(client, betas):
    response = table(client, betas=[float(beta) for beta in betas])
    last, exact = response.json()["alphas_cumprod"][-1], np.cumprod(1 - np.array(betas))[-1]
    assert last == pytest.approx(exact, rel=4e-16)
    assert (HEADER in response.headers) == (last > MOST_LEFT)
    if abs(exact - MOST_LEFT) > 1e-16:
        assert (HEADER in response.headers) == (exact > MOST_LEFT)
    if last > MOST_LEFT:
        assert_warned(response, exact)


@pytest.mark.parametrize("options", [{}, {"schedule": "linear"}, {"beta": 0},
                                     {"schedule": "linear", "scale_betas": True}], ids=str)
def test_no_steps_are_nothing_to_warn_of(client, options):
    assert_silent(table(client, steps=0, **options))
    for path in (FRAMES, IMAGE_HISTOGRAMS):
        assert_silent(post(client, PICTURE, "image/png", path, format="json",
                           **sent({"steps": 0, **options})))


@pytest.mark.parametrize("more", [{"frames": "0"}, {"frames": "1"}, {"frames": "last"},
                                  {"sampler": "jump"}, {"sampler": "tree", "frames": "7"},
                                  {"start_step": 19}, {"start_step": 20}], ids=str)
def test_the_run_is_what_the_schedule_says_whatever_is_asked_of_it(client, more):
    response = post(client, np.float32([1, 2, 3]), format="json", **SHORT, **more)
    assert response.json()["warnings"] == [assert_warned(assert_ok(response), left(SHORT))]
    enough = {**SHORT, "steps": 400, "start_step": 399}
    assert_silent(assert_ok(post(client, np.float32([1, 2, 3]), format="json", **enough)))


# ---- Where ----


def json_of(response):
    return response.json()


def manifest_of(response):
    with zipfile.ZipFile(io.BytesIO(response.content)) as file:
        return json.loads(file.read("manifest.json"))


FORMS = [
    (FRAMES, "png", None), (FRAMES, "zip", manifest_of), (FRAMES, "multipart", None),
    (FRAMES, "json", json_of), (FRAMES, "npy", None), (FRAMES, "npz", None),
    (IMAGE_HISTOGRAMS, "json", json_of), (IMAGE_HISTOGRAMS, "svg", None),
    (SAMPLES, "json", json_of), (SAMPLES, "npy", None), (SAMPLES, "npz", None),
    (SAMPLE_HISTOGRAMS, "json", json_of), (SAMPLE_HISTOGRAMS, "svg", None),
]


@pytest.mark.parametrize("layout", [{}, {"layout": "strip"}], ids=["", "strip"])
@pytest.mark.parametrize("path, form, document", FORMS, ids=lambda value: str(value))
def test_every_form_of_answer_warns(client, path, form, document, layout):
    if layout and form not in ("png", "svg"):
        return
    body, kind = ((PICTURE, "image/png") if "images" in path else
                  (npy_of(np.float32([1, 2])), "application/x-npy"))
    query = {**SHORT, **layout, "format": form, "frames": "0,20", "seed": 1}
    response = assert_ok(post(client, body, kind, path, **query))
    line = assert_warned(response, left(SHORT))
    if document:
        assert document(response)["warnings"] == [line]
    scaled = assert_ok(post(client, body, kind, path, **query, scale_betas="true"))
    assert HEADER not in scaled.headers
    if document:
        assert "warnings" not in document(scaled) and document(scaled)["scale_betas"] is True
        assert "scale_betas" not in document(response)


def test_a_compressed_answer_and_one_to_head_warn(client):
    for response in (client.get(SCHEDULE, params=SHORT, headers={"Accept-Encoding": "gzip"}),
                     client.head(SCHEDULE, params=SHORT)):
        assert_warned(assert_ok(response), left(SHORT))


def test_pages_of_other_origins_may_read_the_warning(client):
    response = client.get(SCHEDULE, params=SHORT, headers={"Origin": "https://a.example"})
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {HEADER, "ETag", "Content-Disposition"} <= set(exposed)


# ---- scale_betas ----


@pytest.mark.parametrize("parameterization", ["variance", "std"])
@pytest.mark.parametrize("steps", [1, 2, 10, 19, 20, 21, 50, 250, 1000, 2500])
@pytest.mark.parametrize("schedule, ends", [
    ("linear", {}), ("linear", {"beta_start": 0.02, "beta_end": 1e-4}),
    ("scaled_linear", {"beta_start": 0.00085, "beta_end": 0.012}), ("sigmoid", {})])
def test_ends_are_scaled_and_the_numbers_capped(client, schedule, ends, steps, parameterization):
    """As guided-diffusion: scale = 1000 / steps, beta_start * scale, beta_end * scale."""
    start, end = ends.get("beta_start", 1e-4) * 1000 / steps, ends.get("beta_end", 0.02) * 1000 / steps
    expected = np.minimum(runs.schedule(schedule, steps, beta_start=start, beta_end=end), 0.999)
    if parameterization == "std":
        expected = expected**2
    answer = table(client, schedule=schedule, steps=steps, scale_betas=True,
                   parameterization=parameterization, **ends).json()
    np.testing.assert_allclose(answer["betas"], expected, rtol=1e-12)
    assert answer["scale_betas"] is True
    assert answer["beta_start"] == ends.get("beta_start", 1e-4), "the ends are told as given"


def test_a_recipe_of_scaled_betas_makes_the_picture_again(client):
    query = {**SHORT, "scale_betas": "true", "frames": "20", "seed": 5}
    picture = assert_ok(post(client, PICTURE, "image/png", FRAMES, **query)).content
    recipe = dict(pair.split("=") for pair in Image.open(io.BytesIO(picture)).text["dissolved"].split("&"))
    assert recipe["scale_betas"] == "true"
    again = {name: value for name, value in recipe.items() if name not in ("noise_version", "t")}
    again = post(client, PICTURE, "image/png", FRAMES, **again, frames=recipe["t"])
    assert assert_ok(again).content == picture
    plain = post(client, PICTURE, "image/png", FRAMES, **{**query, "scale_betas": "false"})
    text = Image.open(io.BytesIO(assert_ok(plain).content)).text["dissolved"]
    assert plain.content != picture and "scale_betas" not in text


@pytest.mark.parametrize("options", [
    {}, {"schedule": "constant"}, {"schedule": "cosine"}, {"betas": [0.1, 0.2]}, {"steps": 0},
    {"schedule": "squaredcos_cap_v2", "steps": 1000}], ids=str)
def test_a_schedule_without_ends_cannot_be_scaled(client, options):
    problem = assert_problem(client.get(SCHEDULE, params=sent({**options, "scale_betas": True})), 400,
                             "scale_betas")
    assert "linear, scaled_linear and sigmoid" in problem["detail"]
    assert_problem(post(client, {"samples": [1], "scale_betas": True, **options}), 400,
                   pointer="/scale_betas")
    assert_ok(client.get(SCHEDULE, params=sent({**options, "scale_betas": False})))


@pytest.mark.parametrize("options, step", [
    ({"beta_end": -0.001, "steps": 10}, 2), ({"beta_start": -1e-9, "steps": 1}, 1)], ids=str)
def test_scaling_does_not_take_away_that_a_step_is_out_of_range(client, options, step):
    response = client.get(SCHEDULE, params=sent({"schedule": "linear", "scale_betas": True, **options}))
    assert f"step {step} " in assert_problem(response, 400, "schedule")["detail"].lower()


def test_a_configuration_of_diffusers_is_rescaled_by_its_own_name(client):
    by_name, by_alias = (table(client, schedule="linear", steps=20, **{name: True}).json()
                         for name in ("rescale_zero_snr", "rescale_betas_zero_snr"))
    assert by_name == by_alias and by_alias["alphas_cumprod"][-1] == 0
    body = {"samples": [1, 2], "rescale_betas_zero_snr": True, "beta_schedule": "linear"}
    assert assert_ok(post(client, body)).json()["rescale_zero_snr"] is True
    both = client.get(SCHEDULE, params={"rescale_zero_snr": "true", "rescale_betas_zero_snr": "true"})
    assert_problem(both, 400, "rescale_betas_zero_snr")
