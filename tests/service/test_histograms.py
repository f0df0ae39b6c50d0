"""Histograms of samples and mixtures against numpy.histogram and the judge."""

import numpy as np
import pytest

import judge
from checks import (assert_histogram_brackets, assert_histogram_is_numpys, assert_ok,
                    assert_problem, histograms)

LESSON = {"weights": [0.5, 0.3, 0.2], "means": [0, 5, -3], "stds": [1, 0.5, 1.5], "count": 10000}


def ask(client, document, **parameters):
    return assert_ok(histograms(client, document, **parameters), "application/json").json()


def assert_follows(answer, x0, beta, steps, seed, bins=50, interval=None, start_tolerance=0.0):
    """Every frame is the histogram of the judge's state at its t."""
    scale = max(1.0, np.abs(x0).max())
    told = {frame["t"]: frame for frame in answer["frames"]}
    for t, state in enumerate(judge.chain(x0, beta, steps, seed)):
        if t in told:
            tolerance = start_tolerance if t == 0 else judge.state_tolerance(t, scale)
            assert_histogram_brackets(told[t], state, max(tolerance, 1e-12), bins, interval)


def test_the_lessons_mixture_gives_41_histograms_of_50_bins(client):
    answer = ask(client, {"mixture": LESSON, "steps": 40, "beta": 0.5, "bins": 50, "seed": 42})
    assert answer["seed"] == "42" and answer["steps"] == 40 and answer["bins"] == 50
    assert answer["noise_version"] == 1
    assert [frame["t"] for frame in answer["frames"]] == list(range(41))
    x0 = judge.mixture(LESSON["weights"], LESSON["means"], LESSON["stds"], 10000, seed=42)
    assert_follows(answer, x0, 0.5, 40, 42, start_tolerance=1e-5)


def test_the_lessons_parameters_are_the_defaults_for_samples(client):
    short = histograms(client, {"mixture": LESSON, "seed": 42})
    full = histograms(client, {"mixture": LESSON, "steps": 40, "beta": 0.5, "bins": 50, "seed": 42,
                               "frames": "all"})
    assert assert_ok(short).content == assert_ok(full).content


def test_the_lessons_mixture_with_a_fixed_range(client):
    answer = ask(client, {"mixture": LESSON, "seed": 3, "range": [-10, 10], "bins": 80})
    x0 = judge.mixture(LESSON["weights"], LESSON["means"], LESSON["stds"], 10000, seed=3)
    assert_follows(answer, x0, 0.5, 40, 3, 80, (-10, 10), start_tolerance=1e-5)


@pytest.mark.parametrize("mixture", [
    {"weights": [1], "means": [2.5], "stds": [0.1], "count": 1},
    {"weights": [1, 1, 1], "means": [-1, 0, 1], "stds": [1, 1, 1], "count": 7},
    {"weights": [3, 0, 5], "means": [0, 99, 10], "stds": [1, 1, 2], "count": 4099},
    {"weights": [1e-3, 2e-3], "means": [-20, 20], "stds": [0.5, 3], "count": 1000},
    {"weights": [0.2] * 5, "means": [0, 1, 2, 3, 4], "stds": [0.01] * 5, "count": 5000},
])
def test_any_mixture_is_drawn_as_the_noise_contract_says(client, mixture):
    answer = ask(client, {"mixture": mixture, "seed": "18446744073709551610",
                          "steps": 3, "range": [-40, 40], "bins": 1000})
    x0 = judge.mixture(mixture["weights"], mixture["means"], mixture["stds"], mixture["count"],
                       seed=18446744073709551610)
    assert_follows(answer, x0, 0.5, 3, 18446744073709551610, 1000, (-40, 40), start_tolerance=3e-5)


def test_components_without_spread_put_every_sample_at_its_mean(client):
    mixture = {"weights": [1, 3], "means": [-1, 2], "stds": [0, 0], "count": 10000}
    frame = ask(client, {"mixture": mixture, "steps": 0, "seed": 1})["frames"][0]
    x0 = judge.mixture([1, 3], [-1, 2], [0, 0], 10000, seed=1)
    assert_histogram_is_numpys(frame, x0, 50)


SAMPLES = {
    "random": lambda: np.random.default_rng(1).normal(2, 3, 5000),
    "one": lambda: np.array([0.1]),
    "all equal": lambda: np.full(9, 3.3),
    "on the edges": lambda: np.arange(0, 1.001, 0.02),
    "integers": lambda: np.arange(-50, 51) ** 3,
    "tiny and huge": lambda: np.array([1e-30, -1e-38, 1e20, -3e20, 5, 0, -0.0]),
    "many digits": lambda: np.array([0.1234567890123456789, 1 / 3, 2 / 3, np.pi, 1e5 + 1 / 7]),
}


@pytest.mark.parametrize("bins", [1, 2, 7, 50, 4096])
@pytest.mark.parametrize("name", SAMPLES)
def test_at_t_0_a_histogram_of_samples_is_exactly_numpys(client, name, bins):
    samples = SAMPLES[name]()
    answer = ask(client, {"samples": samples.tolist(), "steps": 0, "bins": bins})
    x0 = samples.astype(np.float32).astype(np.float64)
    frame = answer["frames"][0]
    assert answer["bins"] == bins and len(answer["frames"]) == 1
    assert_histogram_is_numpys(frame, x0, bins)
    scale = np.abs(x0).max()
    assert frame["mean"] == pytest.approx(x0.mean(), rel=1e-12, abs=1e-12 * scale)
    assert frame["std"] == pytest.approx(x0.std(), rel=1e-9, abs=1e-12 * scale)


@pytest.mark.parametrize("interval", [(-1, 1), (0, 1), (-100, 100), (0.1, 0.7), (2, 3.5)])
@pytest.mark.parametrize("name", ["random", "on the edges", "integers"])
def test_a_range_counts_the_last_edge_in_and_the_rest_as_outside(client, name, interval):
    samples = SAMPLES[name]()
    x0 = samples.astype(np.float32).astype(np.float64)
    if not ((x0 >= interval[0]) & (x0 <= interval[1])).any():
        samples = np.append(samples, interval)
        x0 = samples.astype(np.float32).astype(np.float64)
    answer = ask(client, {"samples": samples.tolist(), "steps": 0, "range": list(interval)})
    assert_histogram_is_numpys(answer["frames"][0], x0, 50, interval)


def test_a_range_without_any_value_counts_all_as_outside(client):
    frame = ask(client, {"samples": [1, 2, 3], "steps": 0, "range": [10, 20]})["frames"][0]
    assert frame["outside"] == 3
    assert frame["counts"] == [0] * 50
    assert set(frame["density"]) <= {None, 0}


@pytest.mark.parametrize("n", [1, 2, 3, 5, 4097])
def test_samples_of_any_number_follow_the_chain(client, n):
    samples = np.random.default_rng(n).uniform(-2, 2, n)
    answer = ask(client, {"samples": samples.tolist(), "seed": 77, "bins": 31, "range": [-6, 6]})
    x0 = samples.astype(np.float32).astype(np.float64)
    assert_follows(answer, x0, 0.5, 40, 77, 31, (-6, 6))


def test_each_frame_has_its_own_edges_unless_a_range_is_given(client):
    samples = np.random.default_rng(4).normal(0, 50, 1000)
    answer = ask(client, {"samples": samples.tolist(), "seed": 5, "steps": 20})
    x0 = samples.astype(np.float32).astype(np.float64)
    assert_follows(answer, x0, 0.5, 20, 5)
    widths = [frame["edges"][-1] - frame["edges"][0] for frame in answer["frames"]]
    assert widths[0] > 10 * widths[-1]


def test_each_frame_has_its_place_in_the_schedule(client):
    answer = ask(client, {"samples": [0, 1], "steps": 5, "beta": 0.3})
    for frame in answer["frames"]:
        assert frame["beta"] == (None if frame["t"] == 0 else 0.3)
        assert frame["alpha_bar"] == pytest.approx(0.7 ** frame["t"], rel=1e-12)


@pytest.mark.parametrize("asked, told", [
    ("all", range(41)), ("last", [40]), ("0,10-30/10,40", [0, 10, 20, 30, 40]), ("7,3", [3, 7])])
def test_the_frames_asked_for_are_the_histograms_that_come(client, asked, told):
    samples = np.linspace(-1, 1, 300)
    answer = ask(client, {"samples": samples.tolist(), "frames": asked, "seed": 8,
                          "range": [-5, 5]})
    assert [frame["t"] for frame in answer["frames"]] == list(told)
    x0 = samples.astype(np.float32).astype(np.float64)
    assert_follows(answer, x0, 0.5, 40, 8, 50, (-5, 5))


def test_beta_zero_leaves_samples_as_they_are(client):
    samples = SAMPLES["random"]()
    answer = ask(client, {"samples": samples.tolist(), "beta": 0, "steps": 3})
    x0 = samples.astype(np.float32).astype(np.float64)
    for frame in answer["frames"]:
        assert_histogram_is_numpys(frame, x0, 50)


def test_parameters_may_be_in_the_query(client):
    document = {"samples": [0.5, 1.5, -1]}
    inside = histograms(client, {**document, "steps": 4, "beta": 0.1, "seed": 1, "bins": 9,
                                 "range": [-1, 1], "frames": "0,4"})
    outside = histograms(client, document, steps=4, beta=0.1, seed=1, bins=9, range="-1,1",
                         frames="0,4")
    assert assert_ok(inside).content == assert_ok(outside).content


def test_a_seed_may_be_a_string_or_a_number_up_to_2_to_53(client):
    largest = 2**53 - 1
    text = histograms(client, {"samples": [1, 2, 3], "seed": str(largest)})
    number = histograms(client, {"samples": [1, 2, 3], "seed": largest})
    assert assert_ok(text).content == assert_ok(number).content
    assert number.headers["Dissolve-Seed"] == number.json()["seed"] == str(largest)
    for too_large in (2**53, 2**53 + 1, 2**64 - 1, 1e300):
        assert_problem(histograms(client, {"samples": [1], "seed": too_large}), 400,
                       pointer="/seed")
    assert_ok(histograms(client, {"samples": [1], "seed": str(2**64 - 1)}))
    assert_problem(histograms(client, {"samples": [1], "seed": str(2**64)}), 400, pointer="/seed")


def test_a_seed_drawn_by_the_service_reproduces_the_histograms(client):
    first = assert_ok(histograms(client, {"mixture": LESSON}))
    second = assert_ok(histograms(client, {"mixture": LESSON}))
    assert first.headers["Dissolve-Seed"] != second.headers["Dissolve-Seed"]
    again = assert_ok(histograms(client, {"mixture": LESSON, "seed": first.json()["seed"]}))
    assert again.content == first.content
    assert first.headers["Dissolve-Seed"] == first.json()["seed"]


def test_a_large_array_of_samples_is_taken(client):
    samples = np.random.default_rng(6).normal(0, 1, 200_000).round(5)
    answer = ask(client, {"samples": samples.tolist(), "steps": 1, "bins": 200})
    assert_histogram_is_numpys(answer["frames"][0],
                               samples.astype(np.float32).astype(np.float64), 200)
