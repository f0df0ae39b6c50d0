"""The judge's schedules and samplers themselves: known values, and laws that they have to keep."""

import numpy as np
import pytest
from PIL import Image
from scipy import stats

import judge
import pictures
import runs


@pytest.mark.parametrize("kind, options, left", [
    ("linear", {}, 4.03583e-5),
    ("scaled_linear", {"beta_start": 0.00085, "beta_end": 0.012}, 4.6601e-3),
    ("cosine", {}, 2.42877e-9),
    ("sigmoid", {}, 3.96818e-5),
])
def test_the_schedules_have_the_known_ends(kind, options, left):
    betas = runs.schedule(kind, steps=1000, **options)
    assert np.prod(1 - betas) == pytest.approx(left, rel=2e-5)
    assert runs.Times(betas).alpha_bar(1000) == pytest.approx(left, rel=2e-5)


def test_a_rescaled_schedule_keeps_its_first_step_and_ends_in_noise():
    plain = runs.schedule("linear", steps=50)
    moved = runs.schedule("linear", steps=50, rescale_zero_snr=True)
    assert moved[0] == plain[0] and moved[-1] == 1
    times = runs.Times(moved)
    assert times.m(0, 50) == 0 and times.v(0, 50) == 1 and times.m(0, 49) > 0


def test_deviations_are_squared_first():
    np.testing.assert_array_equal(runs.schedule(betas=[0.5, 0.1], parameterization="std"),
                                  np.array([0.5, 0.1]) ** 2)


def test_one_step_is_the_linspaces_start():
    assert runs.schedule("linear", steps=1, beta_start=0.3, beta_end=0.7)[0] == 0.3


@pytest.mark.parametrize("s, u, t", [(0, 3, 9), (2, 2, 5), (4, 7, 7)])
def test_ways_add_up(s, u, t):
    times = runs.Times(runs.schedule("cosine", steps=9))
    assert times.m(s, t) == pytest.approx(times.m(s, u) * times.m(u, t))
    assert times.v(s, t) == pytest.approx(times.v(s, u) * times.m(u, t) ** 2 + times.v(u, t))


@pytest.mark.parametrize("sampler", ["chain", "jump", "tree"])
def test_every_sampler_has_the_law_of_the_process(sampler):
    """Mean, deviation and the correlation of two states, over many elements of one value."""
    betas, x0 = runs.schedule("cosine", steps=12), np.full(60_000, 0.7)
    states, times = runs.sampled(sampler, x0, betas, 5, [4, 7, 12]), runs.Times(betas)
    for t, state in states.items():
        scaled = (state - times.m(0, t) * 0.7) / np.sqrt(times.v(0, t))
        assert stats.kstest(scaled, "norm").pvalue > 1e-4, f"x_{t}"
    tie = times.m(4, 7) * np.sqrt(times.v(0, 4) / times.v(0, 7))
    assert np.corrcoef(states[4], states[7])[0, 1] == pytest.approx(tie, abs=0.02)


def test_the_chain_is_the_judges_chain():
    x0 = pictures.photo(5, 4) / 255
    for t, state in enumerate(judge.chain(x0, 0.3, 6, 9)):
        np.testing.assert_allclose(runs.chain(x0, np.full(6, 0.3), 9)[t], state, atol=1e-14)


def test_a_tree_over_nothing_and_over_steps_of_zero_stays():
    x0 = np.arange(4.0)
    assert list(runs.tree(x0, np.zeros(0), 1)) == [0]
    for state in runs.tree(x0, np.zeros(5), 1).values():
        np.testing.assert_array_equal(state, x0)


def test_noise_and_velocity_lead_back():
    x0, x = np.array([0.5, -1]), np.array([0.1, 0.9])
    noise = runs.noise(x0, x, 0.64)
    np.testing.assert_allclose(0.8 * x0 + 0.6 * noise, x)
    np.testing.assert_allclose(0.8 * x - 0.6 * runs.velocity(x0, x, 0.64), x0)


def test_gray_is_pillows():
    photo = pictures.noise_picture(64, 64)
    np.testing.assert_array_equal(runs.gray_of_levels(photo),
                                  np.asarray(Image.fromarray(photo).convert("L")))
    assert list(runs.gray_of_floats(np.float32([[1, 1, 1], [-1, -1, -1]]))) == [1, -1]
