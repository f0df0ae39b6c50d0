"""What is computed: chain, jump and tree over every schedule, runs that go on, arrays in pieces."""

import numpy as np
import pytest

import judge
import judge_schedule
from checks import assert_ok, assert_problem
from checks_samples import (LESSON, RAW, document, npy_of, post, read, same_bytes, samples_of,
                            states)

SEED = 0xFEDCBA9876543210
VALUES = np.random.default_rng(5).normal(0.5, 2, 1003).astype(np.float32)
SAMPLERS = ["chain", "jump", "tree"]
ODD = [0.0, 0.25, 0.0, 1e-12, 0.5, 1.0, 0.0, 0.3, 0.999, 1.0, 1e-3, 0.0]
OPTIONS = {
    "constant": {"steps": 40, "beta": 0.5},
    "linear": {"schedule": "linear", "steps": 60, "beta_end": 0.2},
    "scaled_linear": {"schedule": "scaled_linear", "steps": 60, "beta_start": 0.00085,
                      "beta_end": 0.12},
    "cosine": {"schedule": "cosine", "steps": 50},
    "sigmoid": {"schedule": "sigmoid", "steps": 50, "beta_end": 0.3},
    "rescaled": {"schedule": "linear", "steps": 33, "beta_end": 0.1, "rescale_zero_snr": True},
    "std": {"beta": 0.5, "steps": 21, "parameterization": "std"},
    "zeros and ones": {"betas": ODD},
    "one step": {"steps": 1, "beta": 0.1},
}


def sent(options):
    """Options as words of a query."""
    return {name: ",".join(map(repr, value)) if isinstance(value, list) else
            str(value).lower() if isinstance(value, bool) else value
            for name, value in options.items()}


def betas_of(options):
    return judge_schedule.floats(judge_schedule.steps_of(**options))


def judged(sampler, x, betas, seed, asked, **where):
    """The judge's states at the steps asked for, t -> float64."""
    if sampler == "chain":
        return {t: state for t, state in judge_schedule.chain(x, betas, seed, **where)
                if t in asked}
    make = judge_schedule.jump if sampler == "jump" else judge_schedule.tree
    return dict(make(x, betas, seed, sorted(asked), **where))


def assert_states(array, expected, scale):
    assert len(array) == len(expected)
    for row, (t, state) in zip(array, expected.items()):
        np.testing.assert_allclose(row, state, rtol=0, atol=judge.state_tolerance(t, scale),
                                   err_msg=f"t = {t}")


@pytest.mark.parametrize("asked", ["all", "few"])
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_states_are_the_judges(client, sampler, name, asked):
    options = OPTIONS[name]
    betas = betas_of(options)
    steps = len(betas)
    frames = range(steps + 1) if asked == "all" else sorted({steps, steps // 2, (steps + 2) // 3})
    array = states(client, VALUES, sampler=sampler, seed=SEED, **sent(options),
                   frames="all" if asked == "all" else ",".join(map(str, frames)))
    expected = judged(sampler, VALUES, betas, SEED, set(frames))
    assert_states(array, expected, np.abs(VALUES).max())


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_mixture_goes_the_same_way_as_its_samples(client, sampler):
    run = {"sampler": sampler, "seed": 77, "schedule": "cosine", "steps": 9}
    array = states(client, {"mixture": LESSON}, **run)
    x0 = judge.mixture(LESSON["weights"], LESSON["means"], LESSON["stds"], 1000, 77)
    np.testing.assert_allclose(array[0], x0, rtol=0, atol=1e-5)
    assert same_bytes(array, states(client, array[0].copy(), **run))


def test_steps_of_0_change_no_bit_and_a_step_of_1_forgets_all(client):
    x = np.array([0, 0, 1, 3e38, -1e-45, 7], dtype=np.float32)
    for sampler in SAMPLERS:
        run = {"seed": 3, "sampler": sampler}
        array = states(client, x, betas="0,0,0", **run)
        assert all(same_bytes(row, x) for row in array), f"{sampler}: a step of 0 changes a bit"
    one = states(client, x, betas="0.5,1,0.5", frames="2", seed=3)
    assert same_bytes(one, states(client, np.zeros(6, np.float32), betas="0.5,1,0.5", frames="2",
                                  seed=3) + 0)
    np.testing.assert_allclose(one[0], judge.normals(3, 2, judge.CHAIN, 6), rtol=0, atol=2e-6)


@pytest.mark.parametrize("sampler", ["chain", "tree"])
def test_a_frame_is_the_same_whatever_else_is_asked_for(client, sampler):
    run = {"sampler": sampler, "seed": 5, "schedule": "linear", "steps": 37}
    whole = states(client, VALUES, **run)
    for frames in ("0", "1", "18", "19", "36", "37", "3,17", "2-30/7", "0,37"):
        asked = document(client, {"samples": [1]}, frames=frames, steps=37)["frames"]
        rows = states(client, VALUES, frames=frames, **run)
        assert same_bytes(rows, whole[[frame["t"] for frame in asked]]), f"frames={frames}"


def test_a_jump_depends_only_on_the_frames_before(client):
    run = {"sampler": "jump", "seed": 5, "schedule": "linear", "steps": 37}
    short, long = (states(client, VALUES, frames=frames, **run) for frames in ("5,9", "5,9,20,37"))
    assert same_bytes(short, long[:2])
    other = states(client, VALUES, frames="6,9", **run)
    assert not same_bytes(other[1], short[1])


def test_a_jump_over_one_step_has_the_chains_law_and_another_noise(client):
    run = {"seed": 5, "steps": 1, "frames": "last"}
    rows = {sampler: states(client, VALUES, sampler=sampler, **run)[0] for sampler in SAMPLERS}
    assert len({row.tobytes() for row in rows.values()}) == 3, "two samplers share their noise"


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_seed_is_sixty_four_bits_of_it(client, sampler):
    rows = [states(client, VALUES, seed=seed, sampler=sampler, steps=2).tobytes()
            for seed in (0, 1, 2**32, 2**63, 2**64 - 1)]
    assert len(set(rows)) == 5


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_no_steps_give_the_input(client, sampler):
    array = states(client, VALUES, steps=0, sampler=sampler)
    assert array.shape == (1, 1003) and same_bytes(array[0], VALUES)


MANY = np.random.default_rng(6).normal(0, 1, 70_001).astype(np.float32)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_many_samples_are_the_judges_to_the_last_one(client, sampler):
    array = states(client, MANY, sampler=sampler, seed=2, schedule="linear", steps=6, frames="2,6")
    betas = betas_of({"schedule": "linear", "steps": 6})
    assert_states(array, judged(sampler, MANY, betas, 2, {2, 6}), 5.0)


@pytest.mark.parametrize("settings", [{"threads": "1"}, {"threads": "5"},
                                      {"threads": "2", "DISSOLVE_ISA": "baseline"}], ids=str)
def test_threads_and_instructions_change_no_bit(client, start_server, settings):
    settings = dict(settings)
    with start_server("--threads", settings.pop("threads"), **settings).client() as other:
        for sampler in SAMPLERS:
            run = {"sampler": sampler, "seed": 2, "schedule": "cosine", "steps": 9}
            assert same_bytes(states(other, MANY, **run), states(client, MANY, **run)), sampler
        body = {"mixture": {**LESSON, "count": 70_001}, "seed": 5, "steps": 3}
        for path in ("/v1/samples/frames", "/v1/samples/histograms"):
            assert post(other, body, path=path).content == post(client, body, path=path).content


# Pieces: offset.

CUTS = [0, 1, 2, 5, 8, 517, 518, 1000, 1003]


def pieces(whole):
    return [(at, whole[at:end]) for at, end in zip(CUTS, CUTS[1:])]


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("base", [0, 3, 2**32 - 501, 2**34 - 502, 2**62 - 1003])
def test_pieces_put_together_are_the_whole(client, sampler, base):
    run = {"sampler": sampler, "seed": 12, "schedule": "cosine", "steps": 11, "frames": "0,3-11/4"}
    whole = states(client, VALUES, offset=base, **run)
    parts = [states(client, part, offset=base + at, **run) for at, part in pieces(VALUES)]
    assert same_bytes(np.concatenate(parts, axis=1), whole)
    betas = betas_of({"schedule": "cosine", "steps": 11})
    assert_states(whole, judged(sampler, VALUES, betas, 12, {0, 3, 7, 11}, first=base),
                  np.abs(VALUES).max())


@pytest.mark.parametrize("base", [0, 6, 2**33 + 1, 2**62 - 1000])
def test_pieces_of_a_mixture_are_the_whole(client, base):
    def ask(count, offset):
        return states(client, {"mixture": {**LESSON, "count": count}, "seed": 4, "steps": 3},
                      offset=offset)
    whole = ask(1000, base)
    cuts = CUTS[:-1]
    parts = [ask(end - at, base + at) for at, end in zip(cuts, cuts[1:])]
    assert same_bytes(np.concatenate(parts, axis=1), whole)
    expected = judge.mixture(LESSON["weights"], LESSON["means"], LESSON["stds"], 1000, 4, base)
    np.testing.assert_allclose(whole[0], expected, rtol=0, atol=1e-5)


def test_the_largest_offset_is_2_to_the_62(client):
    array = states(client, VALUES, offset=2**62, seed=1, steps=2)
    betas = [0.5, 0.5]
    assert_states(array, judged("chain", VALUES, betas, 1, {0, 1, 2}, first=2**62),
                  np.abs(VALUES).max())
    assert_problem(post(client, VALUES, offset=2**62 + 1), 400, parameter="offset")


def test_an_offset_in_json_is_a_number_or_beyond_2_to_the_53_a_string(client):
    body = {"samples": [1, 2, 3], "seed": 6, "steps": 2}
    for offset in (0, 7, 2**53 - 1, 2**53, 2**53 + 1, 2**62):
        by_query = states(client, body, offset=offset)
        assert same_bytes(states(client, {**body, "offset": str(offset)}), by_query)
        assert document(client, {**body, "offset": str(offset)})["offset"] == offset
        if offset < 2**53:
            assert same_bytes(states(client, {**body, "offset": offset}), by_query)
        else:
            problem = assert_problem(post(client, {**body, "offset": offset}), 400)
            assert problem.get("pointer") == "/offset" or problem.get("parameter") == "offset"


def test_histograms_of_pieces_add_up(client):
    run = {"seed": 12, "steps": 5, "bins": 40, "range": "-9,9"}
    path = "/v1/samples/histograms"
    whole = read(post(client, VALUES, path=path, **run))["frames"]
    parts = [read(post(client, part, path=path, offset=at, **run))["frames"]
             for at, part in pieces(VALUES)]
    for t, frame in enumerate(whole):
        assert frame["counts"] == np.sum([part[t]["counts"] for part in parts], axis=0).tolist()
        assert frame["outside"] == sum(part[t]["outside"] for part in parts)


# Runs that go on: start_step.

STEPS = 12
RUN = {"seed": SEED, "schedule": "sigmoid", "steps": STEPS, "beta_end": 0.4}


@pytest.fixture(scope="module")
def unbroken(server):
    with server.client() as client:
        return states(client, VALUES, **RUN)


@pytest.mark.parametrize("s", range(STEPS + 1))
def test_a_chain_goes_on_bit_for_bit(client, unbroken, s):
    x = unbroken[s].copy()
    for body, media_type in ((x, None), (x.tobytes(), RAW), ({"samples": x.tolist()}, None),
                             (x.astype(">f8"), None)):
        rest = states(client, body, media_type, start_step=s, **RUN)
        assert same_bytes(rest, unbroken[s:]), f"{media_type}: another run from step {s}"
    told = post(client, x, start_step=s, **RUN)
    assert read(told)["start_step"] == s
    assert list(samples_of(told)) == list(range(s, STEPS + 1))
    assert same_bytes(np.stack(list(samples_of(told).values())), unbroken[s:])
    frames = f"{s},{STEPS}" if s < STEPS else f"{s}"
    assert same_bytes(states(client, x, start_step=s, frames=frames, **RUN),
                      unbroken[sorted({s, STEPS})])
    assert same_bytes(states(client, x, start_step=s, frames="last", **RUN), unbroken[-1:])
    assert same_bytes(states(client, x, start_step=s, frames="all", **RUN), unbroken[s:])


def test_a_chain_goes_on_from_the_samples_of_a_json_answer(client, unbroken):
    frame = document(client, VALUES, frames="7", **RUN)["frames"][0]
    rest = states(client, {"samples": frame["samples"], "start_step": 7}, **RUN)
    assert same_bytes(rest, unbroken[7:])


def test_a_chain_over_zeros_and_ones_goes_on(client):
    run = {"betas": ",".join(map(repr, ODD)), "seed": 2}
    whole = states(client, VALUES, **run)
    for s in range(len(ODD) + 1):
        assert same_bytes(states(client, whole[s].copy(), start_step=s, **run), whole[s:])


def test_a_piece_of_a_chain_goes_on_with_its_offset(client, unbroken):
    part = unbroken[5][123:500].copy()
    rest = states(client, part, start_step=5, offset=123, **RUN)
    assert same_bytes(rest, np.ascontiguousarray(unbroken[5:, 123:500]))


@pytest.mark.parametrize("s", [0, 2, 5, 6, 12])
def test_a_jump_goes_on_from_a_frame_that_was_asked_for(client, s):
    asked = [0, 2, 5, 6, 12]
    whole = states(client, VALUES, sampler="jump", frames=",".join(map(str, asked)), **RUN)
    rest = [t for t in asked if t >= s]
    x = whole[asked.index(s)].copy()
    for frames in (rest, rest[1:] or rest):
        got = states(client, x, sampler="jump", start_step=s,
                     frames=",".join(map(str, frames)), **RUN)
        assert same_bytes(got, whole[[asked.index(t) for t in frames]]), f"from {s}: {frames}"
    array = states(client, VALUES, sampler="jump", start_step=s, frames="12", **RUN)
    if s < 12:
        betas = betas_of({name: value for name, value in RUN.items() if name != "seed"})
        expected = judged("jump", VALUES, betas, SEED, {12}, start=s)
        assert_states(array, expected, np.abs(VALUES).max())


def test_a_start_beyond_0_has_its_own_frame_first(client):
    answer = document(client, {"samples": [1, 2], "start_step": 3, "steps": 5})
    assert [frame["t"] for frame in answer["frames"]] == [3, 4, 5]
    assert answer["frames"][0]["samples"] == [1, 2]
    assert answer["frames"][0]["alpha_bar"] == pytest.approx(0.125, rel=1e-12)


@pytest.mark.parametrize("body, options, name", [
    (VALUES, {"sampler": "tree", "start_step": 1}, "start_step"),
    ({"mixture": LESSON}, {"start_step": 1}, "start_step"),
    (VALUES, {"start_step": 1, "content": "noise"}, "start_step"),
    (VALUES, {"start_step": 1, "content": "x,noise"}, "start_step"),
    (VALUES, {"start_step": 1, "content": "velocity", "format": "npy"}, "start_step"),
    (VALUES, {"start_step": 41}, "start_step"),
    (VALUES, {"start_step": 3, "steps": 2}, "start_step"),
    (VALUES, {"start_step": 3, "betas": "0.5,0.5"}, "start_step"),
    (VALUES, {"start_step": 3, "frames": "2"}, "frames"),
    (VALUES, {"start_step": 3, "frames": "2,5"}, "frames"),
    (VALUES, {"start_step": 3, "frames": "0-5"}, "frames"),
    (VALUES, {"start_step": 3, "frames": "5,6,0"}, "frames"),
], ids=lambda value: str(value) if isinstance(value, (str, dict)) else "samples")
def test_a_start_that_cannot_be_is_refused(client, body, options, name):
    for path in ("/v1/samples/frames", "/v1/samples/histograms"):
        if "content" not in options or path.endswith("frames"):
            assert_problem(post(client, body, path=path, **options), 400, parameter=name)


def test_a_start_at_0_goes_with_everything(client):
    assert_ok(post(client, VALUES, start_step=0, sampler="tree"))
    assert_ok(post(client, VALUES, start_step=0, content="x,noise"))
    assert_ok(post(client, {"mixture": LESSON}, start_step=0))


# The two terms of a step.

@pytest.mark.parametrize("options", [{"steps": 12, "beta": 0.25}, {"betas": ODD},
                                     {"schedule": "cosine", "steps": 15}], ids=str)
@pytest.mark.parametrize("start", [0, 4])
def test_the_terms_are_those_of_the_states_and_the_noise(client, options, start):
    run = {"seed": 31, "start_step": start, **sent(options)}
    x, betas = states(client, VALUES, **run).astype(np.float64), betas_of(options)
    for path in ("/v1/samples/frames", "/v1/samples/histograms"):
        frames = read(post(client, VALUES, path=path, measures="terms", **run))["frames"]
        assert [frame["t"] for frame in frames] == list(range(start, len(betas) + 1))
        assert frames[0]["terms"] is None, "no step has made the run's first state"
        for before, frame in zip(x, frames[1:]):
            t, b = frame["t"], betas[frame["t"] - 1]
            noise = judge.normals(31, t, judge.CHAIN, before.size)
            pull, push = (np.sqrt(1 - b) - 1) * before, np.sqrt(b) * noise
            assert set(frame["terms"]) == {"deterministic", "stochastic"}
            assert frame["terms"]["deterministic"] == pytest.approx(
                np.sqrt(np.mean(pull**2)), rel=1e-6, abs=1e-15), f"t = {t}"
            assert frame["terms"]["stochastic"] == pytest.approx(
                np.sqrt(np.mean(push**2)), rel=1e-5, abs=1e-15), f"t = {t}"


def test_the_terms_of_a_frame_do_not_depend_on_the_others(client):
    whole = read(post(client, VALUES, measures="terms", steps=9, seed=1))["frames"]
    some = read(post(client, VALUES, measures="terms", steps=9, seed=1, frames="0,3,8"))["frames"]
    assert [frame["terms"] for frame in some] == [whole[t]["terms"] for t in (0, 3, 8)]
    plain = read(post(client, VALUES, steps=9, seed=1))["frames"]
    assert all("terms" not in frame for frame in plain)


@pytest.mark.parametrize("options", [
    {"sampler": "jump"}, {"sampler": "tree"}, {"format": "npy"}, {"format": "npz"},
    {"content": "noise"}], ids=str)
def test_terms_are_for_a_chain_in_json(client, options):
    assert_problem(post(client, VALUES, measures="terms", **options), 400, parameter="measures")


def test_terms_are_not_for_a_plot(client):
    for options in ({"sampler": "jump"}, {"sampler": "tree"}, {"format": "svg"}):
        assert_problem(post(client, VALUES, path="/v1/samples/histograms", measures="terms",
                            **options), 400, parameter="measures")


def test_npy_is_what_was_sent_and_what_comes_back(client):
    assert post(client, npy_of(VALUES), "application/x-npy", steps=0,
                format="npy").content == npy_of(VALUES[None])
