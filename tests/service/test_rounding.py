"""The small print of noise and samplers: where normals end, and how rounding adds up along a chain."""

import numpy as np
import pytest

import judge
from checks_samples import states

END = np.sqrt(48 * np.log(2))
"""sqrt(-2 ln u) of the smallest u, 2^-24."""


@pytest.mark.parametrize("seed, t, sampler, block, pair", [
    (42, 1, "chain", 18495139, 0), (42, 1, "chain", 41258356, 0),
    (1, 1000, "jump", 36684940, 1), (2**64 - 1, 10000, "tree", 24982563, 1)])
def test_the_largest_radius_of_a_pair_of_normals_is_5_768(client, seed, t, sampler, block, pair):
    """Pairs whose u is the smallest that there is. beta = 1 in every step leaves the noise alone."""
    stream = {"chain": 0, "jump": 1, "tree": 2}[sampler]
    first = 4 * block + 2 * pair
    word = judge.words(seed, t, stream, 2, first)[0]
    assert int(word) >> 8 == 0
    query = {"start_step": t - 1} if sampler != "tree" else {}
    made = states(client, np.zeros(2, np.float32), steps=t, beta=1, frames="last", seed=seed,
                  sampler=sampler, offset=first, **query)[0]
    np.testing.assert_allclose(made, judge.normals(seed, t, stream, 2, first), rtol=0, atol=2e-6)
    assert np.hypot(*made.astype(np.float64)) == pytest.approx(END, abs=3e-6)


def test_no_u_is_smaller():
    """Of all that 24 bits can make; so no normal is beyond the end but for the kernel's 2e-6."""
    u = (np.arange(2**24, dtype=np.float64) + 1) * 2.0**-24
    assert np.sqrt(-2 * np.log(u)).max() == END
    assert END == pytest.approx(5.768, abs=2e-4)


X_0, BETA, STEPS, COUNT, SEED = 100, 1e-6, 10000, 64, 11


@pytest.fixture(scope="module")
def drift_of():
    """By how much the mean of the last states is beside that of the same run in float64."""
    noise_free = X_0 * (1 - BETA)**(STEPS / 2)

    def measure(client, sampler):
        made = states(client, np.full(COUNT, X_0, np.float32), steps=STEPS, beta=BETA, seed=SEED,
                      sampler=sampler, frames="last")[0].astype(np.float64)
        if sampler == "chain":
            *_, expected = judge.chain(np.full(COUNT, X_0), BETA, STEPS, SEED)
        else:
            stream = {"jump": 1, "tree": 2}[sampler]
            noise = judge.normals(SEED, STEPS, stream, COUNT)
            expected = noise_free + np.sqrt(-np.expm1(STEPS * np.log1p(-BETA))) * noise
        return (made - expected).mean()
    return measure


def test_a_long_chain_of_tiny_betas_drifts_as_its_coefficient_rounds(client, drift_of):
    coefficient = float(np.float32(np.sqrt(1 - BETA)))
    predicted = X_0 * (coefficient**STEPS - (1 - BETA)**(STEPS / 2))
    assert predicted == pytest.approx(0.02305, abs=1e-5)
    assert predicted / np.sqrt(-np.expm1(STEPS * np.log1p(-BETA))) == pytest.approx(0.231, abs=1e-3)
    assert drift_of(client, "chain") == pytest.approx(predicted, abs=3e-4)


@pytest.mark.parametrize("sampler", ["jump", "tree"])
def test_a_single_draw_does_not_drift(client, drift_of, sampler):
    assert abs(drift_of(client, sampler)) < 2e-5, "as far as float32 tells states of 100 apart"


@pytest.mark.parametrize("beta", [1e-6, 3e-6, 1e-5, 1e-7, 1e-4, 0.02])
def test_the_bound_of_the_drift_holds(beta):
    """At most 2^-25 of the state in each step."""
    rounded, exact = float(np.float32(np.sqrt(1 - beta))), np.sqrt(1 - beta)
    assert abs(rounded - exact) <= 2.0**-25
