"""GET /v1/schedule: every table against decimals of 60 digits, and what its answer says."""

import itertools
import math

import numpy as np
import pytest

import judge_schedule
from checks_samples import read

SCHEDULE = "/v1/schedule"
EXACT = {"rtol": 1e-9, "atol": 0.0}
NEAR = {"rtol": 1e-9, "atol": 1e-12}
"""For differences of nearly equal numbers: rescaled steps, a log_snr near 0."""
CUSTOM = [0.1, 0.2, 0.0, 0.7, 1e-12, 0.3, 0.999, 1e-4]
OPTIONS = {
    "constant": {"schedule": "constant", "beta": 0.03},
    "linear": {"schedule": "linear"},
    "scaled_linear": {"schedule": "scaled_linear"},
    "stable diffusion's": {"schedule": "scaled_linear", "beta_start": 0.00085,
                           "beta_end": 0.012},
    "cosine": {"schedule": "cosine"},
    "cosine, cut": {"schedule": "cosine", "max_beta": 0.1},
    "cosine, uncut": {"schedule": "cosine", "max_beta": 1},
    "sigmoid": {"schedule": "sigmoid"},
    "falling": {"schedule": "linear", "beta_start": 0.5, "beta_end": 0.01},
    "linear, scaled": {"schedule": "linear", "scale_betas": True},
    "scaled_linear, scaled": {"schedule": "scaled_linear", "beta_start": 0.00085,
                              "beta_end": 0.012, "scale_betas": True},
    "sigmoid, scaled": {"schedule": "sigmoid", "scale_betas": True},
    "custom": {"betas": CUSTOM},
}


def ask(client, **parameters):
    sent = {name: ",".join(map(repr, value)) if isinstance(value, (list, tuple)) else
            str(value).lower() if isinstance(value, bool) else value
            for name, value in parameters.items()}
    return read(client.get(SCHEDULE, params=sent))


def assert_numbers(got, expected, what, rtol, atol):
    """A list of numbers and nulls."""
    wrong = [(t, a, b) for t, a, b in zip(itertools.count(1), got, expected)
             if (a is None) != (b is None) or
             a is not None and abs(a - b) > max(rtol * abs(b), atol)]
    assert not wrong, f"{what}, (t, told, right) in {len(wrong)} places: {wrong[:3]}"


def assert_table(answer, betas, steps_tolerance=None, places=None):
    """Every array has one number for each step, and it is the judge's (at some places at least).

    The steps are to be those given; all else is made again from the steps as they are told.
    """
    count = len(betas)
    assert answer["steps"] == count
    assert answer["t"] == list(range(1, count + 1))
    for name in judge_schedule.NAMES:
        assert isinstance(answer.get(name), list) and len(answer[name]) == count, (
            f"{name} has not {count} entries")
    assert_numbers(answer["betas"], map(float, betas), "betas", **steps_tolerance or EXACT)
    told = judge_schedule.steps_of(betas=answer["betas"])
    shares = judge_schedule.products(told)
    places = range(count) if places is None else places
    rows = [judge_schedule.row(told[i], shares[i]) for i in places]
    for name in judge_schedule.NAMES[1:]:
        assert_numbers([answer[name][i] for i in places], [row[name] for row in rows], name,
                       **NEAR if name == "log_snr" else EXACT)
    assert answer["crossings"] == judge_schedule.crossings(told)


@pytest.mark.parametrize("rescale", [False, True], ids=["", "rescaled"])
@pytest.mark.parametrize("parameterization", ["variance", "std"])
@pytest.mark.parametrize("steps", [2, 3, 50])
@pytest.mark.parametrize("name", OPTIONS)
def test_each_schedule_is_the_decimals(client, name, steps, parameterization, rescale):
    options = {**OPTIONS[name], "parameterization": parameterization, "rescale_zero_snr": rescale}
    if "betas" not in options:
        options["steps"] = steps
    answer = ask(client, **options)
    assert answer["parameterization"] == parameterization
    assert answer["rescale_zero_snr"] is rescale
    assert_table(answer, judge_schedule.steps_of(**options), NEAR if rescale else None)


@pytest.mark.parametrize("rescale", [False, True], ids=["", "rescaled"])
@pytest.mark.parametrize("steps", [1000, 10000])
@pytest.mark.parametrize("name", ["constant", "linear", "stable diffusion's", "cosine", "sigmoid"])
def test_long_schedules_are_the_decimals(client, name, steps, rescale):
    options = {**OPTIONS[name], "steps": steps, "rescale_zero_snr": rescale}
    places = sorted({0, 1, 2, steps // 3, steps - 3, steps - 2, steps - 1} |
                    set(range(0, steps, steps // 40)))
    assert_table(ask(client, **options), judge_schedule.steps_of(**options),
                 NEAR if rescale else None, places)


@pytest.mark.parametrize("name", OPTIONS)
def test_one_step_has_the_start_value(client, name):
    options = {**OPTIONS[name], "steps": 1}
    if "betas" in options:
        options = {"betas": [0.3]}
    answer = ask(client, **options)
    assert_table(answer, judge_schedule.steps_of(**options))
    if name in ("linear", "falling"):
        assert answer["betas"] == [options.get("beta_start", 1e-4)]


@pytest.mark.parametrize("options", [{}, {"schedule": "linear"}, {"schedule": "cosine"}], ids=str)
def test_no_steps_are_empty_tables(client, options):
    answer = ask(client, steps=0, **options)
    assert answer["steps"] == 0
    assert all(answer[name] == [] for name in judge_schedule.NAMES + ("t",))
    assert answer["crossings"] == {"snr_1": None, "kl_0.01": None}


@pytest.mark.parametrize("last, options", [
    (4.03583e-5, {"schedule": "linear"}),
    (4.6601e-3, {"schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}),
    (2.42877e-9, {"schedule": "cosine"}),
    (3.96818e-5, {"schedule": "sigmoid"}),
])
def test_the_shares_left_after_1000_steps_are_the_known_ones(client, last, options):
    answer = ask(client, steps=1000, **options)
    assert answer["alphas_cumprod"][-1] == pytest.approx(last, rel=1e-5)


def test_the_tables_are_those_of_plain_numpy(client):
    """As one would write them from the papers, in float64, without a thought for digits."""
    plain = {
        "linear": np.linspace(1e-4, 0.02, 100),
        "scaled_linear": np.linspace(1e-4**0.5, 0.02**0.5, 100) ** 2,
        "sigmoid": 1 / (1 + np.exp(-np.linspace(-6, 6, 100))) * (0.02 - 1e-4) + 1e-4,
    }
    for name, betas in plain.items():
        answer = ask(client, schedule=name, steps=100)
        share = np.cumprod(1 - betas)
        for member, expected in (("betas", betas), ("alphas", 1 - betas),
                                 ("alphas_cumprod", share),
                                 ("sqrt_alphas_cumprod", np.sqrt(share)),
                                 ("sqrt_one_minus_alphas_cumprod", np.sqrt(1 - share)),
                                 ("snr", share / (1 - share)),
                                 ("log_snr", np.log(share / (1 - share))),
                                 ("drift", -betas / 2), ("diffusion", np.sqrt(betas))):
            np.testing.assert_allclose(answer[member], expected, rtol=1e-9, atol=1e-12,
                                       err_msg=f"{name}: {member}")


def test_the_defaults_are_twenty_constant_steps_of_a_quarter(client):
    answer = ask(client)
    assert answer["schedule"] == "constant" and answer["beta"] == 0.25
    assert answer["parameterization"] == "variance" and answer["rescale_zero_snr"] is False
    assert answer["betas"] == [0.25] * 20
    assert_table(answer, judge_schedule.steps_of())


@pytest.mark.parametrize("name, members", [
    ("constant", {"beta": 0.03}),
    ("linear", {"beta_start": 1e-4, "beta_end": 0.02}),
    ("stable diffusion's", {"beta_start": 0.00085, "beta_end": 0.012}),
    ("sigmoid", {"beta_start": 1e-4, "beta_end": 0.02}),
    ("cosine, cut", {"max_beta": 0.1}),
    ("custom", {"betas": CUSTOM}),
])
def test_the_answer_tells_its_own_options_and_no_others(client, name, members):
    answer = ask(client, **OPTIONS[name])
    assert answer["schedule"] == OPTIONS[name].get("schedule", "custom")
    told = {option: answer[option] for option in ("beta", "beta_start", "beta_end", "max_beta")
            if option in answer}
    assert told == {option: value for option, value in members.items() if option != "betas"}
    if name == "custom":
        assert answer["betas"] == CUSTOM
    warned = {"warnings"} if answer["alphas_cumprod"][-1] > 0.05 else set()
    assert set(answer) == set(told) | set(judge_schedule.NAMES) | warned | {
        "steps", "schedule", "parameterization", "rescale_zero_snr", "t", "crossings"}


def test_steps_of_0_and_1_leave_nulls_where_there_is_no_number(client):
    answer = ask(client, betas=[0.0, 0.0, 0.5, 0.0, 1.0, 0.0, 0.25])
    assert answer["alphas_cumprod"] == [1, 1, 0.5, 0.5, 0, 0, 0]
    assert answer["snr"] == [None, None, 1, 1, 0, 0, 0]
    assert answer["log_snr"][:2] == [None, None] and answer["log_snr"][4:] == [None, None, None]
    assert answer["log_snr"][2:4] == pytest.approx([0, 0], abs=1e-15)
    assert answer["sqrt_one_minus_alphas_cumprod"] == pytest.approx(
        [0, 0, math.sqrt(0.5), math.sqrt(0.5), 1, 1, 1], rel=1e-15)
    assert answer["diffusion"] == pytest.approx([0, 0, math.sqrt(0.5), 0, 1, 0, 0.5], rel=1e-15)
    assert answer["drift"] == [0, 0, -0.25, 0, -0.5, 0, -0.125]
    assert answer["crossings"] == {"snr_1": 3, "kl_0.01": 5}


def test_only_zeros_never_cross(client):
    answer = ask(client, beta=0, steps=5)
    assert answer["snr"] == answer["log_snr"] == [None] * 5
    assert answer["crossings"] == {"snr_1": None, "kl_0.01": None}


@pytest.mark.parametrize("tiny", [1e-8, 1e-12, 1e-17, 1e-25])
def test_tiny_steps_keep_all_their_digits(client, tiny):
    """Where 1 - alpha_bar in float64 has lost all of them."""
    assert_table(ask(client, beta=tiny, steps=7), judge_schedule.steps_of(beta=tiny, steps=7))


def test_a_step_too_small_for_its_snr_has_null(client):
    answer = ask(client, betas=[5e-324, 1e-300])
    assert answer["snr"][0] is None, "1 / 5e-324 is no number"
    assert answer["snr"][1] == pytest.approx(1e300, rel=1e-9)
    assert answer["log_snr"][1] == pytest.approx(300 * math.log(10), rel=1e-9)
    assert answer["betas"] == [5e-324, 1e-300]


def test_a_share_too_small_for_a_float_still_has_its_log_snr(client):
    answer = ask(client, beta=0.9, steps=1000)
    assert answer["alphas_cumprod"][-1] == 0 and answer["snr"][-1] == 0
    assert answer["log_snr"][-1] == pytest.approx(1000 * math.log(0.1), rel=1e-9)


def test_std_squares_the_numbers_first(client):
    answer = ask(client, betas=[0.5, 0.25], parameterization="std")
    assert answer["betas"] == [0.25, 0.0625]
    assert ask(client, beta=0.5, steps=3, parameterization="std")["beta"] == 0.5


def test_rescaling_keeps_the_first_step_and_makes_the_last_1(client):
    for options in ({"schedule": "linear", "steps": 1000}, {"betas": [0.1, 0.2, 0.3]}):
        plain, rescaled = ask(client, **options), ask(client, **options, rescale_zero_snr=True)
        assert rescaled["betas"][0] == plain["betas"][0]
        assert rescaled["betas"][-1] == 1
        assert rescaled["alphas_cumprod"][-1] == rescaled["snr"][-1] == 0
        assert rescaled["log_snr"][-1] is None
        assert rescaled["crossings"]["kl_0.01"] is not None


def test_the_crossings_are_where_the_tables_cross(client):
    answer = ask(client, schedule="linear", steps=1000)
    snr, share = np.array(answer["snr"]), np.array(answer["alphas_cumprod"])
    assert answer["crossings"]["snr_1"] == 1 + int(np.argmax(snr <= 1))
    assert answer["crossings"]["kl_0.01"] == 1 + int(np.argmax(-np.log1p(-share) / 2 <= 0.01))


@pytest.mark.parametrize("options", [{"schedule": "linear"}, {"betas": [1.0]}, {"steps": 0}],
                         ids=str)
def test_unused_options_change_nothing(client, options):
    """As configurations of diffusers carry them."""
    plain = ask(client, **options)
    assert ask(client, **options, max_beta=7) == plain
    if options.get("schedule") != "linear":
        assert ask(client, **options, beta_start=-3, beta_end=1e9) == plain
