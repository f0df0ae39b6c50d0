"""What the endpoints of images refuse: every parameter by its name, and their limits."""

import json

import numpy as np
import pytest

import pictures
import runs
from checks import FRAMES, assert_ok, assert_problem
from imagery import (IMAGE_HISTOGRAMS, ask, assert_same_bits, assert_states, first_state, npy,
                     states)

PATHS = pytest.mark.parametrize("path", [FRAMES, IMAGE_HISTOGRAMS])

# Parameters, and the one that is named; both endpoints know all of these.
REFUSED = [
    ({"beta": "0.1", "betas": "0.1,0.2"}, "beta"),
    ({"beta": "0.1", "schedule": "linear"}, "beta"),
    ({"beta": "0.1", "schedule": "cosine"}, "beta"),
    ({"beta": "0.1", "schedule": "sigmoid"}, "beta"),
    ({"beta": "0.1", "schedule": "scaled_linear"}, "beta"),
    ({"betas": "0.1,0.2", "schedule": "constant"}, "schedule"),
    ({"betas": "0.1,0.2", "schedule": "linear"}, "schedule"),
    ({"schedule": "custom"}, "schedule"), ({"schedule": ""}, "schedule"),
    ({"schedule": "Linear"}, "schedule"), ({"schedule": "quadratic"}, "schedule"),
    ({"betas": "0.1,0.2", "steps": "3"}, "steps"), ({"betas": "0.1", "steps": "0"}, "steps"),
    ({"betas": ""}, "betas"), ({"betas": ","}, "betas"), ({"betas": "0.1,"}, "betas"),
    ({"betas": "0.1,,0.2"}, "betas"), ({"betas": "x"}, "betas"), ({"betas": "0.1;0.2"}, "betas"),
    ({"betas": "[0.1]"}, "betas"), ({"betas": "nan"}, "betas"), ({"betas": "0.1,inf"}, "betas"),
    ({"betas": "0.1,1.5"}, "betas"), ({"betas": "-0.1"}, "betas"), ({"betas": "0.1 0.2"}, "betas"),
    ({"betas": "-0.5", "parameterization": "std"}, "betas"),
    ({"betas": "1.5", "parameterization": "std"}, "betas"),
    ({"schedule": "linear", "beta_end": "1.5"}, "schedule"),
    ({"schedule": "linear", "beta_start": "-0.1"}, "schedule"),
    ({"schedule": "sigmoid", "beta_end": "3"}, "schedule"),
    ({"schedule": "scaled_linear", "beta_end": "4"}, "schedule"),
    ({"schedule": "linear", "beta_start": "nan"}, "beta_start"),
    ({"schedule": "linear", "beta_end": "inf"}, "beta_end"),
    ({"beta_start": "x"}, "beta_start"), ({"beta_end": ""}, "beta_end"),
    ({"max_beta": "1e999"}, "max_beta"), ({"max_beta": "most"}, "max_beta"),
    ({"rescale_zero_snr": "yes"}, "rescale_zero_snr"),
    ({"rescale_zero_snr": "1"}, "rescale_zero_snr"),
    ({"rescale_zero_snr": ""}, "rescale_zero_snr"),
    ({"rescale_zero_snr": "True"}, "rescale_zero_snr"),
    ({"rescale_zero_snr": "true", "steps": "1"}, "rescale_zero_snr"),
    ({"rescale_zero_snr": "true", "steps": "0"}, "rescale_zero_snr"),
    ({"rescale_zero_snr": "true", "betas": "0.5,0,0"}, "rescale_zero_snr"),
    ({"parameterization": ""}, "parameterization"),
    ({"parameterization": "sd"}, "parameterization"),
    ({"parameterization": "STD"}, "parameterization"),
    ({"channels": "grey"}, "channels"), ({"channels": ""}, "channels"),
    ({"sampler": "euler"}, "sampler"), ({"sampler": ""}, "sampler"),
    ({"measures": "norms"}, "measures"), ({"measures": ""}, "measures"),
    ({"delay": "60001"}, "delay"), ({"delay": "-1"}, "delay"), ({"delay": "1.5"}, "delay"),
    ({"frames": "0,21"}, "frames"), ({"frames": "none"}, "frames"), ({"frames": ""}, "frames"),
    ({"betas": "0.1,0.2", "frames": "3"}, "frames"),
    ({"seed": "-1"}, "seed"), ({"seed": str(2**64)}, "seed"), ({"seed": "0x10"}, "seed"),
    ({"steps": "10001"}, "steps"), ({"steps": "-1"}, "steps"), ({"beta": "1.01"}, "beta"),
    ({"start_step": "21"}, "start_step"), ({"start_step": "2", "sampler": "tree"}, "start_step"),
    ({"offset": "0"}, "offset"), ({"count": "3"}, "count"), ({"Seed": "3"}, "Seed"),
    ({"custom": "1"}, "custom"), ({"width": "3"}, "width"), ({"image": "x"}, "image"),
]


@pytest.fixture(scope="module")
def body():
    return npy(pictures.photo(8, 6))


@PATHS
@pytest.mark.parametrize("parameters, name", REFUSED, ids=str)
def test_what_cannot_be_is_refused_by_its_name(client, body, path, parameters, name):
    assert_problem(ask(client, body, path, **parameters), 400, parameter=name)


@pytest.mark.parametrize("parameters, name", [
    (parameters, name) for parameters, name in REFUSED if name != "image"][::4], ids=str)
def test_a_field_of_a_form_is_refused_alike(client, body, parameters, name):
    response = client.post(FRAMES, files={"image": body}, data=parameters)
    assert_problem(response, 400, parameter=name)


@pytest.mark.parametrize("path, names", [
    (FRAMES, ["bins", "range", "offset"]),
    (IMAGE_HISTOGRAMS, ["compression", "content", "offset"])])
def test_a_parameter_of_another_endpoint_is_unknown(client, body, path, names):
    good = {"bins": "5", "range": "0,1", "offset": "1", "compression": "fast", "content": "x"}
    for name in names:
        assert_problem(ask(client, body, path, **{name: good[name]}), 400, parameter=name)


@PATHS
@pytest.mark.parametrize("name, values", [
    ("sampler", "jump"), ("schedule", "linear"), ("channels", "gray"), ("betas", "0.1"),
    ("start_step", "0"), ("measures", "terms"), ("layout", "animation"), ("max_beta", "0.9"),
    ("rescale_zero_snr", "false"), ("parameterization", "std"), ("delay", "1"), ("steps", "3")])
def test_a_parameter_given_twice_is_refused_by_its_name(client, body, path, name, values):
    form = {"format": "json"} if name == "measures" else {}
    assert_ok(ask(client, body, path, **{name: values}, **form))
    twice = client.post(path, data=body, params=[(name, values), (name, values), *form.items()])
    assert_problem(twice, 400, parameter=name)
    both = client.post(path, files={"image": body}, data={name: values},
                       params={name: values} | form)
    assert_problem(both, 400, parameter=name)


# Names of the diffusers library

@PATHS
@pytest.mark.parametrize("alias, name, value", [
    ("num_train_timesteps", "steps", "4"), ("beta_schedule", "schedule", "scaled_linear"),
    ("trained_betas", "betas", "0.1,0.2")])
def test_an_alias_is_the_same_parameter(client, body, path, alias, name, value):
    plain = assert_ok(ask(client, body, path, seed=1, **{name: value})).content
    assert assert_ok(ask(client, body, path, seed=1, **{alias: value})).content == plain
    twice = assert_problem(ask(client, body, path, **{name: value, alias: value}), 400)
    assert twice["parameter"] in (alias, name)
    assert_problem(ask(client, body, path, **{alias: "x"}), 400)


def test_a_scheduler_configuration_of_diffusers_is_taken(client, body):
    config = {"num_train_timesteps": 30, "beta_start": 0.00085, "beta_end": 0.012,
              "beta_schedule": "scaled_linear"}
    got = states(client, body, seed=1, **config)
    betas = runs.schedule("scaled_linear", 30, beta_start=0.00085, beta_end=0.012)
    assert_states(got, runs.chain(first_state(client, body), betas, 1))
    cosine = {"beta_schedule": "squaredcos_cap_v2", "beta_start": 0.1, "beta_end": 5}
    assert_same_bits(states(client, body, seed=1, **cosine),
                     states(client, body, seed=1, schedule="cosine"), "the run")


@pytest.mark.parametrize("parameters", [
    {"beta_start": "-7", "beta_end": "99", "max_beta": "-3"},
    {"schedule": "cosine", "beta_start": "2"}, {"schedule": "linear", "max_beta": "5"},
    {"betas": "0.1", "beta_start": "9"}, {"rescale_zero_snr": "false"}], ids=str)
def test_numbers_that_the_schedule_does_not_use_are_taken(client, body, parameters):
    used = {name: value for name, value in parameters.items() if name in ("schedule", "betas")}
    assert_same_bits(states(client, body, seed=1, **parameters),
                     states(client, body, seed=1, **used), "the run")


@PATHS
@pytest.mark.parametrize("parameters, step, value", [
    ({"betas": "0.5,1.5,7"}, "2", "1.5"), ({"betas": "-0.25"}, "1", "-0.25"),
    ({"schedule": "linear", "steps": "5", "beta_start": "0.5", "beta_end": "1.5"}, "4", "1.25")])
def test_a_number_out_of_range_is_told_with_its_step(client, body, path, parameters, step, value):
    detail = assert_problem(ask(client, body, path, **parameters), 400)["detail"]
    assert step in detail and value in detail, detail


# Limits

@PATHS
def test_more_betas_than_steps_are_allowed_are_refused(client, path):
    body = npy(np.zeros((1, 1), np.uint8))
    fields = {"betas": ",".join(["0"] * 10000), "frames": "last"}
    assert_ok(client.post(path, files={"image": body}, data=fields))
    fields["betas"] += ",0"
    assert_problem(client.post(path, files={"image": body}, data=fields), 400, parameter="betas")


@PATHS
def test_limits_hold_for_every_kind_of_run(start_server, path):
    """400 pixels of 3 channels; the limit is 20 ms."""
    body = npy(np.zeros((20, 20, 3), np.float32))
    with start_server("--max-pixels", "400", "--max-work", "20000000").client() as limited:
        assert_ok(ask(limited, body, path, steps=100))
        assert_problem(ask(limited, body, path, steps=3000), 422)
        assert_ok(ask(limited, body, path, steps=5000, frames="last"))
        assert_ok(ask(limited, body, path, steps=3000, start_step=2900))
        assert_ok(ask(limited, body, path, steps=10000, sampler="tree", frames="1-100"))
        assert_problem(ask(limited, body, path, steps=10000, sampler="tree", frames="1-3000"), 422)
        assert_ok(ask(limited, body, path, steps=10000, sampler="jump", frames="1-100"))
        assert_problem(ask(limited, body, path, steps=10000, sampler="jump", frames="1-3000"), 422)
        assert_problem(ask(limited, npy(np.zeros((1, 401), np.uint8)), path), 422)


@PATHS
def test_grey_costs_less_than_colour(start_server, path):
    body = npy(np.zeros((20, 20, 3), np.float32))
    with start_server("--max-work", "5000000").client() as limited:
        assert_problem(ask(limited, body, path, steps=4000, frames="last"), 422)
        assert_ok(ask(limited, body, path, steps=4000, frames="last", channels="gray"))


def test_a_refusal_leaves_the_connection_and_the_service_whole(client, body):
    expected = states(client, body, seed=1)
    for parameters, name in REFUSED[::6]:
        assert_problem(ask(client, body, **parameters), 400, parameter=name)
        assert_same_bits(states(client, body, seed=1), expected, f"after a bad {name}")


def test_a_problem_has_no_seed_and_no_name(client, body):
    response = ask(client, body, layout="grid", format="zip")
    assert_problem(response, 400, parameter="layout")
    assert "Content-Disposition" not in response.headers
    assert json.loads(response.content)["title"] == "Bad Request"
