"""Histograms of images: numpy's of every state and channel, measures, terms of every step."""

import json

import numpy as np
import pytest

import judge
import pictures
import runs
from checks import FRAMES, assert_histogram_is_numpys, assert_ok, assert_problem
from imagery import IMAGE_HISTOGRAMS, ask, jpeg, npy, states

SEED = 11
RUNS = [
    {}, {"steps": 0}, {"steps": 1}, {"sampler": "jump"}, {"sampler": "tree", "frames": "0,3-20/4"},
    {"schedule": "cosine", "steps": 9}, {"channels": "gray"}, {"betas": "0.5,0,1,0.1"},
    {"channels": "gray", "sampler": "tree", "schedule": "linear", "frames": "last"},
    {"parameterization": "std", "beta": 0.6, "frames": "2,1"}]


@pytest.fixture(scope="module")
def png():
    return pictures.png_of(pictures.photo(37, 23))


def histograms(client, body, **parameters):
    response = ask(client, body, IMAGE_HISTOGRAMS, **parameters)
    text = assert_ok(response, "application/json").content
    return json.loads(text, parse_constant=pytest.fail)


def assert_histograms(document, found, bins=50, interval=None):
    """Every channel of every frame is numpy's histogram of the state, which is known exactly."""
    names = ["r", "g", "b"] if found.shape[3] == 3 else ["gray"]
    for frame, state in zip(document["frames"], found.astype(np.float64), strict=True):
        assert [channel["channel"] for channel in frame["channels"]] == names
        for index, channel in enumerate(frame["channels"]):
            assert_histogram_is_numpys(channel, state[..., index].reshape(-1), bins, interval)


@pytest.mark.parametrize("options", RUNS, ids=str)
def test_histograms_are_numpys_of_the_states(client, png, options):
    document = histograms(client, png, seed=SEED, **options)
    found = states(client, png, seed=SEED, **options)
    assert_histograms(document, found)
    assert document["bins"] == 50 and document["seed"] == str(SEED)
    assert (document["width"], document["height"], document["channels"]) == (37, 23, found.shape[3])


@pytest.mark.parametrize("bins", [1, 2, 7, 256, 4096])
def test_any_number_of_bins(client, png, bins):
    document = histograms(client, png, seed=SEED, steps=3, bins=bins)
    assert document["bins"] == bins
    assert_histograms(document, states(client, png, seed=SEED, steps=3), bins)


@pytest.mark.parametrize("interval", [(-1, 1), (-0.25, 0.125), (0, 0.01), (-100, 100), (0.25, 0.25),
                                      (-1.5, 2.25)])
@pytest.mark.parametrize("bins", [10, 50])
def test_a_range_fixes_the_edges_and_counts_what_is_outside(client, png, interval, bins):
    document = histograms(client, png, seed=SEED, steps=4, bins=bins,
                          range=f"{interval[0]},{interval[1]}")
    found = states(client, png, seed=SEED, steps=4)
    assert_histograms(document, found, bins, interval)


def test_a_range_without_any_value_counts_all_as_outside(client, png):
    for frame in histograms(client, png, steps=1, range="50,60", bins=7)["frames"]:
        for channel in frame["channels"]:
            assert channel["outside"] == 37 * 23 and channel["counts"] == [0] * 7
            assert channel["edges"] == list(np.linspace(50, 60, 8))
            assert channel["mean"] < 1, "the measures are those of all values"


def test_every_channel_has_its_own_edges(client, png):
    frame = histograms(client, png, steps=0)["frames"][0]
    assert len({tuple(channel["edges"]) for channel in frame["channels"]}) == 3


def test_a_flat_channel_has_numpys_widened_edges(client):
    flat = np.zeros((4, 5, 3), np.float32)
    flat[..., 1], flat[..., 2] = 7, -0.3
    document = histograms(client, npy(flat), steps=0, bins=4)
    assert_histograms(document, flat[None], 4)
    edges = document["frames"][0]["channels"][1]["edges"]
    assert edges[0] == 6.5 and edges[-1] == 7.5


def test_one_pixel_is_enough(client):
    pixel = np.float32([[[0.25, -3, 1e4]]])
    document = histograms(client, npy(pixel), seed=SEED, steps=2)
    assert_histograms(document, states(client, npy(pixel), seed=SEED, steps=2))
    assert [channel["std"] for channel in document["frames"][0]["channels"]] == [0, 0, 0]


def test_values_on_the_edges_fall_where_numpy_puts_them(client):
    values = np.linspace(-1, 1, 3 * 101, dtype=np.float32).reshape(1, 101, 3)
    for bins in (3, 10, 50, 100, 101):
        for interval in (None, (-1, 1), (-0.5, 0.5)):
            limits = {} if interval is None else {"range": f"{interval[0]},{interval[1]}"}
            document = histograms(client, npy(values), steps=0, bins=bins, **limits)
            assert_histograms(document, values[None], bins, interval)


@pytest.mark.parametrize("options", RUNS, ids=str)
def test_measures_of_every_channel_are_those_of_its_states(client, png, options):
    document = histograms(client, png, seed=SEED, **options)
    gray = "channels" in options
    painted = pictures.archive_frames(
        assert_ok(ask(client, png, seed=SEED, format="zip", **options)).content,
        "L" if gray else "RGB")[0]
    found = states(client, png, seed=SEED, **options).astype(np.float64)
    for frame, state in zip(document["frames"], found, strict=True):
        levels = painted[frame["t"]].reshape(state.shape)
        for index, channel in enumerate(frame["channels"]):
            x = state[..., index]
            assert channel["mean"] == pytest.approx(x.mean(), rel=1e-12, abs=1e-14)
            assert channel["std"] == pytest.approx(x.std(), rel=1e-12)
            assert channel["clipped"] == np.mean(np.abs(x) > 1)
            assert channel["entropy"] == pytest.approx(judge.differential_entropy(x), rel=1e-12)
            assert channel["entropy_bits"] == pytest.approx(
                judge.entropy_bits(levels[..., index]), rel=1e-12)


def test_measures_are_the_same_in_every_document(client, png):
    beside = assert_ok(ask(client, png, seed=SEED, format="json")).json()["frames"]
    for frame, other in zip(histograms(client, png, seed=SEED)["frames"], beside, strict=True):
        for name in ("t", "beta", "alpha_bar", "snr"):
            assert frame[name] == other[name]
        for name in ("entropy", "entropy_bits"):
            assert [channel[name] for channel in frame["channels"]] == other[name]


def test_clipped_counts_what_is_beyond_one_and_not_one_itself(client):
    above, below = np.nextafter(np.float32(1), np.float32(2)), np.nextafter(np.float32(-1),
                                                                         np.float32(-2))
    values = np.float32([[[1, -1, above], [0, below, below]]])
    channels = histograms(client, npy(values), steps=0)["frames"][0]["channels"]
    assert [channel["clipped"] for channel in channels] == [0, 0.5, 1]


def test_where_no_value_is_near_there_is_no_entropy(client):
    """Beyond [-4, 4] nothing is counted for the entropy in nats: null, as JSON has no NaN."""
    far = npy(np.full((3, 4, 3), 9.0))
    for channel in histograms(client, far, steps=0)["frames"][0]["channels"]:
        assert channel["entropy"] is None
        assert (channel["entropy_bits"], channel["clipped"], channel["mean"]) == (0, 1, 9)


def test_the_largest_floats_are_counted_without_infinities(client):
    values = np.float32([[[3e38, -3e38, 1e-40], [-3e38, 3e38, -1e-42]]])
    document = histograms(client, npy(values), seed=SEED, steps=2, measures="terms")
    found = states(client, npy(values), seed=SEED, steps=2)
    assert np.isfinite(found).all()
    assert_histograms(document, found)
    x = found[1].astype(np.float64)
    assert document["frames"][2]["terms"]["deterministic"] == pytest.approx(
        (1 - np.sqrt(0.75)) * np.sqrt(np.mean(x**2)), rel=1e-9)


def test_every_kind_of_body_has_histograms(client):
    photo = pictures.photo(20, 14)
    for body in (jpeg(photo), npy(photo), npy(np.float32(photo) / 99), pictures.png_of(photo)):
        assert_histograms(histograms(client, body, seed=1, steps=2),
                          states(client, body, seed=1, steps=2))


def test_a_rest_has_the_histograms_of_the_whole(client, png):
    whole = histograms(client, png, seed=SEED)["frames"]
    state = npy(states(client, png, seed=SEED, frames="12"))
    rest = histograms(client, state, seed=SEED, start_step=12)
    assert rest["start_step"] == 12
    assert rest["frames"] == whole[12:]
    some = histograms(client, state, seed=SEED, start_step=12, frames="14,last"[:2])
    assert some["frames"] == [whole[14]]


def test_a_large_picture_is_counted_wholly(client):
    body = pictures.png_of(pictures.photo(601, 407))
    options = {"seed": 2, "steps": 3, "frames": "0,3"}
    document = histograms(client, body, bins=300, **options)
    assert_histograms(document, states(client, body, **options), 300)


@pytest.mark.parametrize("name, value", [
    ("bins", "0"), ("bins", "4097"), ("bins", "1.5"), ("bins", ""), ("bins", "-1"), ("bins", "x"),
    ("range", ""), ("range", "1"), ("range", "2,1"), ("range", "0,1,2"),
    ("range", "nan,1"), ("range", "0,inf"), ("range", "a,b"), ("range", "0;1"), ("range", ",1"),
    ("measures", ""), ("measures", "Terms"), ("measures", "terms,terms"), ("measures", "all"),
    ("compression", "fast"), ("content", "x"), ("offset", "0"), ("banana", "1"),
    ("layout", ""), ("layout", "x"), ("delay", "60001"), ("delay", "-1"),
    ("frames", "21"), ("steps", "10001"), ("beta", "1.5"), ("channels", "grey")])
def test_a_bad_value_is_refused_by_its_name(client, png, name, value):
    assert_problem(ask(client, png, IMAGE_HISTOGRAMS, **{name: value}), 400, parameter=name)


# The terms of a step

TERMS = [{}, {"schedule": "linear", "steps": 15, "beta_end": 0.5}, {"betas": "0.5,0,1,0.001"},
         {"schedule": "cosine", "steps": 8}, {"channels": "gray"},
         {"beta": 0.4, "parameterization": "std", "steps": 5},
         {"schedule": "linear", "rescale_zero_snr": "true", "steps": 6}]


def terms_of(client, body, **options):
    """The frames' terms in all three documents, which have to agree."""
    sent = {"seed": SEED, "measures": "terms", **options}
    found = [frame["terms"] for frame in histograms(client, body, **sent)["frames"]]
    document = assert_ok(ask(client, body, format="json", **sent)).json()
    assert [frame["terms"] for frame in document["frames"]] == found
    manifest = pictures.archive(assert_ok(ask(client, body, format="zip", **sent)).content)
    frames = json.loads(manifest["manifest.json"])["frames"]
    assert [frame["terms"] for frame in frames] == found
    return document["frames"], found


@pytest.mark.parametrize("options", TERMS, ids=str)
def test_terms_are_those_of_the_states_and_the_noise(client, png, options):
    frames, found = terms_of(client, png, **options)
    x = states(client, png, seed=SEED, **options).astype(np.float64)
    assert found[0] is None and len(found) == len(x) > 1
    for t in range(1, len(x)):
        beta = frames[t]["beta"]
        noise = runs.drawn(x[t].shape, SEED, t, judge.CHAIN)
        root = np.sqrt(np.mean(x[t - 1] ** 2))
        assert list(found[t]) == ["deterministic", "stochastic"]
        assert found[t]["deterministic"] == pytest.approx((1 - np.sqrt(1 - beta)) * root, rel=1e-9,
                                                          abs=1e-15), f"t = {t}"
        assert found[t]["stochastic"] == pytest.approx(
            np.sqrt(beta) * np.sqrt(np.mean(noise**2)), rel=1e-6), f"t = {t}"


def test_terms_of_chosen_frames_are_those_of_their_steps(client, png):
    whole = terms_of(client, png)[1]
    assert terms_of(client, png, frames="0,7,13-20/3")[1] == [whole[t] for t in (0, 7, 13, 16, 19)]
    assert terms_of(client, png, frames="last")[1] == [whole[20]]
    assert terms_of(client, png, frames="1")[1] == [whole[1]]


def test_terms_of_a_rest_begin_after_its_first_state(client, png):
    whole = terms_of(client, png)[1]
    state = npy(states(client, png, seed=SEED, frames="12"))
    assert terms_of(client, state, start_step=12)[1] == [None] + whole[13:]
    assert terms_of(client, state, start_step=12, frames="13,20")[1] == [whole[13], whole[20]]


def test_without_asking_there_are_no_terms(client, png):
    assert "terms" not in histograms(client, png, steps=1)["frames"][1]
    assert "terms" not in ask(client, png, steps=1, format="json").json()["frames"][1]


def test_terms_change_nothing_else(client, png):
    plain = histograms(client, png, seed=SEED)
    with_terms = histograms(client, png, seed=SEED, measures="terms")
    for frame in with_terms["frames"]:
        del frame["terms"]
    assert with_terms == plain


@pytest.mark.parametrize("parameters", [
    {"sampler": "jump", "format": "json"}, {"sampler": "tree", "format": "json"},
    {"sampler": "tree", "format": "zip"}, {"format": "png"}, {"format": "multipart"},
    {"format": "npy"}, {"format": "npz"}], ids=str)
def test_terms_need_a_chain_and_a_document(client, png, parameters):
    assert_problem(ask(client, png, FRAMES, measures="terms", **parameters), 400,
                   parameter="measures")


@pytest.mark.parametrize("accept", ["image/png", "image/*", "multipart/mixed", "application/x-npy"])
def test_terms_have_no_place_in_what_is_no_document(client, png, accept):
    assert_problem(ask(client, png, headers={"Accept": accept}, measures="terms"), 400,
                   parameter="measures")


@pytest.mark.parametrize("accept, media_type", [
    ("*/*", "application/zip"), (None, "application/zip"), ("application/json", "application/json"),
    ("image/png;q=0.9, application/json;q=0.1", "application/json")])
def test_terms_choose_the_document_where_accept_leaves_it_open(client, png, accept, media_type):
    response = ask(client, png, headers={"Accept": accept}, measures="terms", steps=2)
    assert_ok(response, media_type)


@pytest.mark.parametrize("layout", ["strip", "grid"])
def test_a_layout_needs_a_drawing(client, png, layout):
    assert_problem(ask(client, png, IMAGE_HISTOGRAMS, layout=layout, format="json"), 400,
                   parameter="layout")
    accept = {"Accept": "application/json"}
    assert_problem(ask(client, png, IMAGE_HISTOGRAMS, accept, layout=layout), 400,
                   parameter="layout")
    for chosen in ({"format": "svg"}, {}):
        assert_ok(ask(client, png, IMAGE_HISTOGRAMS, layout=layout, **chosen), "image/svg+xml")


@pytest.mark.parametrize("parameters", [
    {"sampler": "jump"}, {"sampler": "tree"}, {"format": "svg"}], ids=str)
def test_terms_need_a_chain_and_a_document_of_histograms_too(client, png, parameters):
    assert_problem(ask(client, png, IMAGE_HISTOGRAMS, measures="terms", **parameters), 400,
                   parameter="measures")


def test_work_over_the_limit_is_refused(start_server):
    """Of a small picture a frame costs what its bins and its measures do, some 15 us."""
    body = pictures.png_of(pictures.photo(10, 10))
    with start_server("--max-work", "3000000").client() as limited:
        assert_ok(ask(limited, body, IMAGE_HISTOGRAMS, steps=10))
        assert_problem(ask(limited, body, IMAGE_HISTOGRAMS, steps=1000), 422)
        assert_problem(ask(limited, body, IMAGE_HISTOGRAMS, steps=10, bins=4096), 422)
        assert_ok(ask(limited, body, IMAGE_HISTOGRAMS, steps=1000, frames="1-10", sampler="jump"))
        assert_problem(ask(limited, body, IMAGE_HISTOGRAMS, steps=1000, frames="1-990",
                           sampler="jump"), 422)
