"""The law of the frames: moments and distributions, with false-alarm rates below 1e-9 a test."""

import numpy as np
import pytest
from scipy import stats

import judge
import pictures
from checks import assert_ok, dissolve, dissolved_frames, histograms

FALSE_ALARM = 1e-9
SIDE = 256
STEPS = 20
BETA = 0.25


def z_limit(tests):
    """How many standard errors the worst of some tests may be off."""
    return stats.norm.isf(FALSE_ALARM / (2 * tests))


def rendered_law(mean, deviation):
    """The probabilities of the 256 levels of a normal state after clipping and truncation."""
    upper = stats.norm.cdf(2 * np.arange(1, 256) / 255 - 1, mean, deviation)
    return np.diff(np.concatenate([[0.0], upper, [1.0]]))


@pytest.fixture(scope="module", params=[(0, 11), (90, 12), (200, 13), (255, 14)],
                ids=lambda p: f"level {p[0]}")
def flat(request):
    level, seed = request.param
    return level, seed, pictures.png_of(np.full((SIDE, SIDE, 3), level, np.uint8))


def test_mean_and_variance_of_the_state_are_the_theorys_at_each_t(client, flat):
    level, seed, png = flat
    response = assert_ok(dissolve(client, png, seed=seed, steps=STEPS, format="json"))
    frames = response.json()["frames"]
    x0, n = 2 * level / 255 - 1, SIDE * SIDE * 3
    limit = z_limit(2 * STEPS)
    for frame in frames[1:]:
        left = judge.alpha_bar(BETA, frame["t"])
        mean_error = (frame["mean"] - np.sqrt(left) * x0) / np.sqrt((1 - left) / n)
        variance_error = (frame["std"] ** 2 / (1 - left) - 1) / np.sqrt(2 / n)
        assert abs(mean_error) < limit, f"t = {frame['t']}: the mean is {mean_error:.1f} sigma off"
        assert abs(variance_error) < limit, (
            f"t = {frame['t']}: the variance is {variance_error:.1f} sigma off")


def test_the_levels_that_are_sent_have_the_law_of_the_clipped_normal(client, flat):
    level, seed, png = flat
    asked = (1, 2, 5, 20)
    frames = dissolved_frames(client, png, seed=seed, frames=",".join(map(str, asked)))
    x0, n = 2 * level / 255 - 1, SIDE * SIDE * 3
    for t in asked:
        left = judge.alpha_bar(BETA, t)
        expected = n * rendered_law(np.sqrt(left) * x0, np.sqrt(1 - left))
        counts = np.bincount(frames[t].reshape(-1), minlength=256)
        common = expected >= 20
        observed = np.append(counts[common], counts[~common].sum())
        wanted = np.append(expected[common], max(expected[~common].sum(), 1e-3))
        chi_square = np.sum((observed - wanted) ** 2 / wanted)
        assert stats.chi2.sf(chi_square, len(observed) - 1) > FALSE_ALARM / len(asked), (
            f"t = {t}: chi-square {chi_square:.0f} with {len(observed) - 1} degrees of freedom")


def test_a_photos_mean_and_spread_fade_as_the_square_root_of_alpha_bar(client):
    photo = pictures.photo(SIDE, SIDE)
    x0 = judge.state_of_levels(photo).astype(np.float64)
    response = dissolve(client, pictures.png_of(photo), seed=21, steps=STEPS, format="json")
    limit = z_limit(2 * STEPS)
    for frame in assert_ok(response).json()["frames"][1:]:
        left = judge.alpha_bar(BETA, frame["t"])
        noise = 1 - left
        mean_error = (frame["mean"] - np.sqrt(left) * x0.mean()) / np.sqrt(noise / x0.size)
        variance = left * x0.var() + noise
        deviation = np.sqrt((2 * noise**2 + 4 * left * x0.var() * noise) / x0.size)
        variance_error = (frame["std"] ** 2 - variance) / deviation
        assert abs(mean_error) < limit and abs(variance_error) < limit, (
            f"t = {frame['t']}: {mean_error:.1f} and {variance_error:.1f} sigma off")


def test_channels_rows_and_steps_are_not_correlated(client):
    """Beta 1 makes every frame pure noise: clipped levels of neighbours have to be independent."""
    gray = pictures.png_of(np.full((SIDE, SIDE, 3), 128, np.uint8))
    frames = dissolved_frames(client, gray, seed=31, beta=1, steps=2, frames="1-2")
    first, second = (frames[t].astype(np.float64) - frames[t].mean() for t in (1, 2))
    pairs = {
        "red and green": (first[:, :, 0], first[:, :, 1]),
        "green and blue": (first[:, :, 1], first[:, :, 2]),
        "columns": (first[:, 1:], first[:, :-1]),
        "rows": (first[1:], first[:-1]),
        "steps": (first, second),
        "four elements on": (first.reshape(-1)[4:], first.reshape(-1)[:-4]),
    }
    for name, (a, b) in pairs.items():
        correlation = np.corrcoef(a.reshape(-1), b.reshape(-1))[0, 1]
        error = correlation * np.sqrt(a.size)
        assert abs(error) < z_limit(len(pairs)), f"{name}: correlated, {error:.1f} sigma"


def assert_kolmogorov(frame, law, n):
    """The empirical distribution at the bins' edges is nowhere too far from the law."""
    edges = np.asarray(frame["edges"])
    assert frame["outside"] <= 10, f"{frame['outside']} values outside a range that holds them all"
    distance = np.abs(np.cumsum(frame["counts"]) / n - (law(edges[1:]) - law(edges[0]))).max()
    limit = stats.kstwo.isf(FALSE_ALARM, n) + 1e-5
    assert distance < limit, f"t = {frame['t']}: KS distance {distance:.2e}, limit {limit:.2e}"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_last_frame_of_the_lessons_mixture_is_standard_normal(client, seed):
    n = 300_000
    document = {"mixture": {"weights": [0.5, 0.3, 0.2], "means": [0, 5, -3], "stds": [1, 0.5, 1.5],
                            "count": n},
                "seed": seed, "frames": "last", "bins": 4096, "range": [-6, 6]}
    frame = assert_ok(histograms(client, document)).json()["frames"][0]
    assert frame["t"] == 40
    assert_kolmogorov(frame, stats.norm.cdf, n)


def test_every_frame_of_the_mixture_has_its_exact_marginal_law(client):
    n, beta, asked = 100_000, 0.1, [0, 1, 3, 10, 30]
    weights, means, stds = np.array([0.5, 0.3, 0.2]), np.array([0, 5, -3]), np.array([1, 0.5, 1.5])
    document = {"mixture": {"weights": weights.tolist(), "means": means.tolist(),
                            "stds": stds.tolist(), "count": n},
                "seed": 17, "beta": beta, "frames": ",".join(map(str, asked)), "bins": 4096,
                "range": [-14, 14]}
    frames = assert_ok(histograms(client, document)).json()["frames"]
    assert [frame["t"] for frame in frames] == asked
    for frame in frames:
        left = judge.alpha_bar(beta, frame["t"])
        centres, widths = np.sqrt(left) * means, np.sqrt(left * stds**2 + 1 - left)
        assert_kolmogorov(
            frame, lambda x: (weights * stats.norm.cdf(x[..., None], centres, widths)).sum(-1), n)


def test_samples_from_one_point_become_standard_normal(client):
    n = 100_000
    document = {"samples": [7] * n, "seed": 23, "frames": "last", "bins": 4096, "range": [-6, 6]}
    assert_kolmogorov(assert_ok(histograms(client, document)).json()["frames"][0],
                      lambda x: stats.norm.cdf(x, 7 * 0.5**20, 1), n)
