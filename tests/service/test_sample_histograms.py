"""POST /v1/samples/histograms: counts of the very states, and the exact law of a mixture."""

import numpy as np
import pytest

import judge_schedule
from checks import assert_histogram_is_numpys, assert_ok, assert_problem
from checks_samples import LESSON, document, npy_of, post, read, states

HISTOGRAMS = "/v1/samples/histograms"
NORMAL_ENTROPY = 0.5 * np.log(2 * np.pi * np.e)
VALUES = np.random.default_rng(8).normal(1, 2, 5001).astype(np.float32)
MIXTURES = {
    "the lesson's": LESSON,
    "one normal": {"weights": [1], "means": [0], "stds": [1], "count": 50},
    "narrow": {"weights": [2, 1], "means": [-0.5, 0.5], "stds": [0.01, 0.03], "count": 50},
    "two scales": {"weights": [1, 1], "means": [0, 0], "stds": [0.002, 3], "count": 50},
    "far away": {"weights": [1, 3], "means": [-1000, -990], "stds": [1, 2], "count": 50},
    "wide": {"weights": [1], "means": [5], "stds": [300], "count": 50},
    "many": {"weights": [1 + k % 3 for k in range(24)], "means": [k / 3 for k in range(24)],
             "stds": [0.1 + k / 24 for k in range(24)], "count": 50},
    "light": {"weights": [1e-9, 1, 0], "means": [8, 0, -50], "stds": [0.5, 0.4, 1], "count": 50},
}


def ask(client, body, media_type=None, **parameters):
    return document(client, body, media_type, path=HISTOGRAMS, **parameters)



# Histograms.

@pytest.mark.parametrize("interval", [None, (-2, 3.5)], ids=["", "range"])
@pytest.mark.parametrize("options", [
    {"sampler": "chain"}, {"sampler": "jump", "frames": "0,3-9/3"},
    {"sampler": "tree", "frames": "0,5,11"}, {"schedule": "cosine"}, {"offset": 2**40 + 3},
    {"betas": "0,1,0.5", "steps": 3}, {"start_step": 4}], ids=str)
def test_a_histogram_is_numpys_of_the_states(client, options, interval):
    run = {"seed": 14, "steps": 11, **options}
    array = states(client, VALUES, **run).astype(np.float64)
    ranged = {} if interval is None else {"range": "{},{}".format(*interval)}
    answer = ask(client, VALUES, bins=37, **ranged, **run)
    assert answer["bins"] == 37 and len(answer["frames"]) == len(array)
    for frame, row in zip(answer["frames"], array):
        assert_histogram_is_numpys(frame, row, 37, interval)
        assert frame["mean"] == pytest.approx(row.mean(), rel=1e-12, abs=1e-13)
        assert frame["std"] == pytest.approx(row.std(), rel=1e-12)
        assert "exact" not in frame, "nobody knows the exact law of samples"


def test_an_answer_tells_how_to_make_it_again(client):
    answer = ask(client, {"samples": [1, 2], "seed": "5", "steps": 2, "sampler": "jump"})
    frames = answer.pop("frames")
    warning, = answer.pop("warnings")
    assert "0.25," in warning
    assert answer == {"seed": "5", "steps": 2, "sampler": "jump", "schedule": "constant",
                      "beta": 0.5, "parameterization": "variance", "rescale_zero_snr": False,
                      "start_step": 0, "offset": 0, "noise_version": 1, "bins": 50}
    assert [set(frame) for frame in frames] == 3 * [
        {"t", "beta", "alpha_bar", "snr", "edges", "counts", "density", "outside", "mean", "std"}]
    assert [(frame["beta"], frame["alpha_bar"], frame["snr"]) for frame in frames] == [
        (None, 1, None), (0.5, 0.5, 1), (0.5, 0.25, pytest.approx(1 / 3, rel=1e-12))]


def test_a_body_of_an_array_or_a_run_under_way_is_told(client):
    answer = ask(client, npy_of(VALUES), "application/x-npy", start_step=3, steps=5, offset=9)
    assert answer["start_step"] == 3 and answer["offset"] == 9
    assert [frame["t"] for frame in answer["frames"]] == [3, 4, 5]


def test_json_is_compressed_for_who_asks(client):
    plain, packed = (post(client, VALUES, path=HISTOGRAMS, seed=1,
                          headers={"Accept-Encoding": coding}) for coding in ("identity", "gzip"))
    assert "Content-Encoding" not in assert_ok(plain).headers
    assert assert_ok(packed).headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < len(plain.content)
    for response in (plain, packed):
        assert "accept-encoding" in response.headers["Vary"].lower()
        assert response.headers["Content-Disposition"] == 'inline; filename="histograms-1.json"'


@pytest.mark.parametrize("name, value", [
    ("layout", "sheet"), ("layout", ""),
    ("delay", "60001"), ("delay", "-1"), ("delay", "1.5"), ("measures", "x"), ("measures", ""),
    ("measures", "terms,terms"), ("format", "npy"), ("format", "png"), ("bins", "0"),
    ("bins", "4097"), ("range", "1,1,1"), ("range", "2,1"), ("content", "x"),
    ("channels", "gray"), ("compression", "fast"), ("offset", "x"), ("sampler", "x")])
def test_a_parameter_or_value_that_is_none_is_refused(client, name, value):
    for headers in ({}, {"Accept": "application/json"}):
        response = post(client, {"samples": [1, 2]}, path=HISTOGRAMS, headers=headers,
                        **{name: value})
        assert_problem(response, 400, parameter=name)


@pytest.mark.parametrize("layout", ["grid", "strip"])
@pytest.mark.parametrize("options", [
    {"format": "json"}, {"headers": {"Accept": "application/json"}}], ids=["format", "Accept"])
def test_a_layout_is_not_for_json(client, layout, options):
    response = post(client, {"samples": [1, 2]}, path=HISTOGRAMS, layout=layout, **options)
    assert_problem(response, 400, parameter="layout")


def test_what_only_a_plot_needs_may_stay_at_its_default_for_json(client):
    plain = assert_ok(post(client, {"samples": [1, 2], "seed": 1}, path=HISTOGRAMS)).content
    for options in ({"layout": "animation"}, {"delay": 100}, {"format": "json"}):
        response = post(client, {"samples": [1, 2], "seed": 1}, path=HISTOGRAMS, **options)
        assert assert_ok(response, "application/json").content == plain


# The exact law of a mixture.

@pytest.mark.parametrize("options", [
    {"steps": 12, "beta": 0.1, "frames": "0,1,5,12"}, {"frames": "0,3,40"},
    {"schedule": "cosine", "steps": 20, "frames": "1,10,20", "sampler": "jump"},
    {"betas": "0,0.2,0,1,0.5", "sampler": "tree"}], ids=str)
@pytest.mark.parametrize("name", MIXTURES)
def test_the_exact_law_is_scipys(client, name, options):
    answer = ask(client, {"mixture": MIXTURES[name], "seed": 3}, bins=40, **options)
    for frame in answer["frames"]:
        exact, t = frame["exact"], frame["t"]
        law = judge_schedule.Marginal(MIXTURES[name], frame["alpha_bar"])
        assert set(exact) == {"density", "mean", "std", "entropy", "kl"}
        edges = np.array(frame["edges"])
        np.testing.assert_allclose(exact["density"], law.density((edges[1:] + edges[:-1]) / 2),
                                   rtol=1e-8, atol=1e-300, err_msg=f"t = {t}: density")
        assert exact["mean"] == pytest.approx(law.mean(), rel=1e-12, abs=1e-13), f"t = {t}"
        assert exact["std"] == pytest.approx(law.std(), rel=1e-11), f"t = {t}"
        for measure, right in (("entropy", law.entropy()), ("kl", law.kl())):
            assert abs(exact[measure] - right) < 1e-8 * max(1, abs(right)), (
                f"t = {t}: {measure} is {exact[measure]!r}, by quadrature {right!r}")
        second = law.mean() ** 2 + law.std() ** 2
        cross = 0.5 * np.log(2 * np.pi) + second / 2
        assert exact["kl"] + exact["entropy"] == pytest.approx(cross, rel=2e-8, abs=2e-8)


def test_the_exact_law_does_not_depend_on_the_draw(client):
    answers = [ask(client, {"mixture": {**LESSON, "count": count}, "steps": 5}, seed=seed,
                   range="-8,8", sampler=sampler)
               for count, seed, sampler in ((10, 1, "chain"), (999, 2, "jump"), (5, 3, "tree"))]
    exact = [[frame["exact"] for frame in answer["frames"]] for answer in answers]
    assert exact[0] == exact[1] == exact[2]


def test_the_draw_has_about_the_exact_law(client):
    frames = ask(client, {"mixture": {**LESSON, "count": 200_000}, "seed": 1, "steps": 6},
                 bins=30, range="-8,8")["frames"]
    for frame in frames:
        expected = np.array(frame["exact"]["density"])
        sigma = np.sqrt(expected / (200_000 * 16 / 30)) + 1e-4
        bend = np.abs(np.gradient(np.gradient(expected))) / 6 + 1e-6
        assert (np.abs(np.array(frame["density"]) - expected) < 7 * sigma + bend).all()
        assert abs(frame["mean"] - frame["exact"]["mean"]) < 6 * frame["exact"]["std"] / 447
        assert frame["std"] == pytest.approx(frame["exact"]["std"], rel=0.02)


@pytest.mark.parametrize("name", MIXTURES)
def test_the_divergence_falls_at_every_step_and_the_entropy_goes_to_the_normals(client, name):
    frames = ask(client, {"mixture": MIXTURES[name], "steps": 60, "beta": 0.5})["frames"]
    kl = np.array([frame["exact"]["kl"] for frame in frames])
    entropy = np.array([frame["exact"]["entropy"] for frame in frames])
    assert (kl > -1e-8).all()
    early = kl[:-1] > 1e-7
    assert (np.diff(kl)[early] < 0).all(), "the divergence rises"
    assert early.any() or name == "one normal"
    assert abs(kl[-1]) < 1e-8
    assert entropy[-1] == pytest.approx(NORMAL_ENTROPY, abs=2e-8)


def test_a_standard_normal_stays_what_it_is(client):
    for frame in ask(client, {"mixture": MIXTURES["one normal"]}, steps=10)["frames"]:
        assert frame["exact"]["entropy"] == pytest.approx(NORMAL_ENTROPY, abs=1e-8)
        assert abs(frame["exact"]["kl"]) < 1e-8


@pytest.mark.parametrize("name", ["narrow", "light"])
def test_the_entropy_rises_at_every_step_from_a_variance_below_1(client, name):
    assert judge_schedule.Marginal(MIXTURES[name], 1).std() < 1
    frames = ask(client, {"mixture": MIXTURES[name], "steps": 25, "beta": 0.2})["frames"]
    entropy = np.array([frame["exact"]["entropy"] for frame in frames])
    assert (np.diff(entropy) > 0).all()


def test_the_lessons_entropy_ends_lower_than_it_began(client):
    frames = ask(client, {"mixture": LESSON})["frames"]
    assert frames[-1]["exact"]["entropy"] < frames[0]["exact"]["entropy"] - 0.3


@pytest.mark.parametrize("stds", [[0, 1], [1, 0], [0, 0]])
def test_a_component_without_spread_has_no_density_until_noise_comes(client, stds):
    mixture = {"weights": [1, 2], "means": [-1, 1], "stds": stds, "count": 9}
    frames = ask(client, {"mixture": mixture}, betas="0,0,0.3,0,1", bins=5)["frames"]
    for frame in frames[:3]:
        exact = frame["exact"]
        assert (exact["density"], exact["entropy"], exact["kl"]) == (None, None, None)
        assert exact["mean"] == pytest.approx(1 / 3, rel=1e-12)
        law = judge_schedule.Marginal(mixture, 1)
        assert exact["std"] == pytest.approx(law.std(), rel=1e-12)
    for frame in frames[3:]:
        law = judge_schedule.Marginal(mixture, frame["alpha_bar"])
        assert len(frame["exact"]["density"]) == 5
        assert frame["exact"]["entropy"] == pytest.approx(law.entropy(), abs=1e-8)
        assert frame["exact"]["kl"] == pytest.approx(law.kl(), abs=1e-8)


def test_a_mixture_that_takes_too_many_points_has_null_for_its_integrals(client):
    mixture = {"weights": [1, 1], "means": [0, 0], "stds": [1e-7, 1], "count": 9}
    first, second = ask(client, {"mixture": mixture}, steps=1, bins=5)["frames"]
    assert first["exact"]["entropy"] is None and first["exact"]["kl"] is None
    law = judge_schedule.Marginal(mixture, 1)
    edges = np.array(first["edges"])
    np.testing.assert_allclose(first["exact"]["density"],
                               law.density((edges[1:] + edges[:-1]) / 2), rtol=1e-8)
    assert first["exact"]["std"] == pytest.approx(law.std(), rel=1e-12)
    law = judge_schedule.Marginal(mixture, 0.5)
    assert second["exact"]["entropy"] == pytest.approx(law.entropy(), abs=1e-8)


def test_the_points_of_the_exact_law_are_work_too(start_server):
    """A drawing has a curve of as many points for every law, and no integrals."""
    server = start_server("--max-work", "8000000")
    sharp = {**LESSON, "stds": [0.0005, 0.5, 1.5], "count": 10}
    with server.client() as client:
        assert_ok(post(client, {"mixture": {**LESSON, "count": 10}}, path=HISTOGRAMS))
        assert_ok(post(client, {"mixture": sharp, "frames": "40"}, path=HISTOGRAMS))
        assert_ok(post(client, {"mixture": sharp, "beta": 1e-9}))
        assert_ok(post(client, {"samples": [0.0] * 10, "beta": 1e-9}, path=HISTOGRAMS))
        assert_problem(post(client, {"mixture": sharp, "beta": 1e-9}, path=HISTOGRAMS), 422)
        assert_ok(post(client, {"mixture": sharp, "beta": 1e-9}, path=HISTOGRAMS, format="svg"))


def test_the_work_is_that_of_the_sampler(start_server):
    """A draw of a chain, of a jump or on the way of a tree costs some 10 us; the limit is 4 ms."""
    server = start_server("--max-work", "4000000")
    body = np.zeros(10000, np.float32).tobytes()
    with server.client() as client:
        for path, options in (("/v1/samples/frames", {"format": "npy"}), (HISTOGRAMS, {})):
            def asked(**parameters):
                return client.post(path, data=body, params={"steps": 1000} | options | parameters,
                                   headers={"Content-Type": "application/octet-stream"})
            assert_problem(asked(frames="last"), 422)
            assert_ok(asked(frames="100"))
            assert_problem(asked(frames="500"), 422)
            assert_ok(asked(frames="1-1000/50", sampler="jump"))
            assert_problem(asked(frames="1-500", sampler="jump"), 422)
            assert_ok(asked(frames="500", sampler="tree"))
            assert_ok(asked(frames="200-800/200", sampler="tree"))
            assert_problem(asked(frames="all", sampler="tree"), 422)
            assert_ok(asked(frames="1000", start_step=900))
            assert_problem(asked(frames="1000", start_step=500), 422)


def test_a_histogram_of_json_and_of_an_array_are_the_same(client):
    run = {"seed": 1, "steps": 2}
    by_array = post(client, VALUES, path=HISTOGRAMS, **run)
    by_json = post(client, {"samples": VALUES.tolist(), **run}, path=HISTOGRAMS)
    assert read(by_array) == read(by_json)
