"""The judge of schedules and samplers itself: known values, closed forms and plain algebra."""

import math
from decimal import Decimal

import numpy as np
import pytest

import judge_schedule


def test_decimals_have_their_cosines():
    angles = np.linspace(0, math.pi / 2, 37)
    cosine = judge_schedule.in_decimals(judge_schedule.cosine_of)
    got = [float(cosine(Decimal(float(angle)))) for angle in angles]
    np.testing.assert_allclose(got, np.cos(angles), rtol=0, atol=3e-16)


@pytest.mark.parametrize("last, options", [
    (4.03583e-5, {"schedule": "linear"}),
    (4.6601e-3, {"schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}),
    (2.42877e-9, {"schedule": "cosine"}),
    (3.96818e-5, {"schedule": "sigmoid"}),
])
def test_the_shares_left_are_the_contracts(last, options):
    betas = judge_schedule.steps_of(steps=1000, **options)
    assert float(judge_schedule.products(betas)[-1]) == pytest.approx(last, rel=1e-5)


def test_a_row_is_the_closed_form_of_one_half():
    row = judge_schedule.row(Decimal("0.5"), Decimal("0.25"))
    assert row == {"betas": 0.5, "alphas": 0.5, "alphas_cumprod": 0.25, "sqrt_alphas_cumprod": 0.5,
                   "sqrt_one_minus_alphas_cumprod": math.sqrt(0.75), "snr": 1 / 3,
                   "log_snr": pytest.approx(-math.log(3), rel=1e-15), "drift": -0.25,
                   "diffusion": math.sqrt(0.5)}


def test_rescaling_leaves_nothing_and_keeps_the_first_step():
    plain = judge_schedule.steps_of("linear", 50)
    rescaled = judge_schedule.steps_of("linear", 50, rescale_zero_snr=True)
    assert rescaled[0] == plain[0] and rescaled[-1] == 1
    assert judge_schedule.products(rescaled)[-1] == 0


@pytest.mark.parametrize("a, u, b", [(0, 5, 10), (3, 4, 20), (0, 1, 2), (10, 30, 50)])
def test_the_bridge_of_a_tree_has_the_chains_law(a, u, b):
    """With x_b drawn from x_a, x_u has the mean and the variance of a jump from x_a."""
    law = judge_schedule.Law(judge_schedule.floats(judge_schedule.steps_of("linear", 50)))
    whole = law.v(a, b)
    p, q = law.v(u, b) * law.m(a, u) / whole, law.v(a, u) * law.m(u, b) / whole
    r_squared = law.v(a, u) * law.v(u, b) / whole
    assert p + q * law.m(a, b) == pytest.approx(law.m(a, u), rel=1e-12)
    assert q * q * whole + r_squared == pytest.approx(law.v(a, u), rel=1e-12)
    assert q * whole == pytest.approx(law.m(u, b) * law.v(a, u), rel=1e-12), "the covariance"


@pytest.mark.parametrize("betas, s, t, m, v", [
    ([0.5, 0.5], 0, 2, 0.5, 0.75), ([0.5, 1, 0.5], 0, 2, 0, 1),
    ([0.5, 1, 0.5], 2, 3, 0.5**0.5, 0.5),
    ([0, 0], 0, 2, 1, 0), ([1, 0.5], 1, 1, 1, 0)])
def test_the_law_between_two_steps_is_the_closed_form(betas, s, t, m, v):
    law = judge_schedule.Law(betas)
    assert law.m(s, t) == pytest.approx(m, abs=1e-15)
    assert law.v(s, t) == pytest.approx(v, abs=1e-15)


@pytest.mark.parametrize("sampler", ["jump", "tree"])
def test_many_draws_have_the_marginal_law(sampler):
    betas = [0.1, 0.3, 0.2, 0.05]
    make = getattr(judge_schedule, sampler)
    states = dict(make(np.full(200_000, 2.0), betas, 9, [1, 2, 3, 4]))
    share = np.cumprod(1 - np.array(betas))
    for t in (1, 2, 3, 4):
        assert states[t].mean() == pytest.approx(2 * math.sqrt(share[t - 1]), abs=0.015)
        assert states[t].var() == pytest.approx(1 - share[t - 1], abs=0.02)
    step = states[3] - math.sqrt(1 - betas[2]) * states[2]
    assert abs(np.corrcoef(step, states[2])[0, 1]) < 0.015, "a step knows what came before it"
    assert step.var() == pytest.approx(betas[2], abs=0.01)


@pytest.mark.parametrize("mean, std", [(0, 1), (3, 0.01), (-2, 40)])
def test_the_integrals_of_one_normal_are_the_closed_forms(mean, std):
    mixture = {"weights": [0.25, 0.75], "means": [mean, mean], "stds": [std, std]}
    law = judge_schedule.Marginal(mixture, 1.0)
    assert law.entropy() == pytest.approx(0.5 * math.log(2 * math.pi * math.e) + math.log(std),
                                          abs=1e-10)
    assert law.kl() == pytest.approx((std**2 + mean**2 - 1) / 2 - math.log(std), rel=1e-10,
                                     abs=1e-10)


def test_the_entropy_of_two_normals_far_apart_is_that_of_one_and_a_bit():
    mixture = {"weights": [1, 1], "means": [-50, 50], "stds": [1, 1]}
    assert judge_schedule.Marginal(mixture, 1.0).entropy() == pytest.approx(
        0.5 * math.log(2 * math.pi * math.e) + math.log(2), abs=1e-10)
