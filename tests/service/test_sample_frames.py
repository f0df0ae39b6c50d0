"""POST /v1/samples/frames: the forms of its answer, and what is refused."""

import json

import numpy as np
import pytest

import judge
import judge_schedule
from checks import assert_media_type, assert_ok, assert_problem
from checks_samples import (LESSON, NPY, NPZ, SAMPLES, array_of, arrays_of, document, npy_of, post,
                            read, same_bytes, samples_of, states)

VALUES = np.random.default_rng(5).normal(0.5, 2, 1003).astype(np.float32)
SOME = {"samples": [1, -2.5, 0.125, 7], "seed": "9"}


# JSON.

def test_a_json_answer_tells_how_to_make_it_again_and_the_frames(client):
    answer = document(client, {**SOME, "steps": 3, "beta": 0.25})
    run = {"seed": "9", "steps": 3, "sampler": "chain", "schedule": "constant", "beta": 0.25,
           "parameterization": "variance", "rescale_zero_snr": False, "start_step": 0,
           "noise_version": 1, "offset": 0}
    assert {name: answer.get(name) for name in run} == run
    assert set(answer) == set(run) | {"warnings", "frames"}
    assert [frame["t"] for frame in answer["frames"]] == [0, 1, 2, 3]
    for frame in answer["frames"]:
        assert set(frame) == {"t", "beta", "alpha_bar", "snr", "mean", "std", "samples"}
        assert len(frame["samples"]) == 4
    first, last = answer["frames"][0], answer["frames"][3]
    assert (first["beta"], first["alpha_bar"], first["snr"]) == (None, 1, None)
    assert last["beta"] == 0.25
    assert last["alpha_bar"] == pytest.approx(0.75**3, rel=1e-12)
    assert last["snr"] == pytest.approx(0.75**3 / (1 - 0.75**3), rel=1e-12)
    assert first["samples"] == SOME["samples"]


def test_the_members_of_an_answer_come_in_their_order(client):
    for path in (SAMPLES, "/v1/samples/histograms"):
        members = list(read(post(client, SOME, path=path)))
        assert members[:5] == ["seed", "steps", "sampler", "schedule", "beta"]
        assert members[-1] == "frames"


@pytest.mark.parametrize("options, told", [
    ({"schedule": "linear"}, {"beta_start": 1e-4, "beta_end": 0.02}),
    ({"beta_schedule": "squaredcos_cap_v2", "max_beta": 0.5}, {"max_beta": 0.5}),
    ({"schedule": "sigmoid", "beta_start": 0.01}, {"beta_start": 0.01, "beta_end": 0.02}),
    ({"schedule": "scaled_linear", "beta_end": 0.5}, {"beta_start": 1e-4, "beta_end": 0.5}),
    ({"betas": [0.5, 0.25]}, {"betas": [0.5, 0.25]}),
    ({"betas": "0.5,0.25", "parameterization": "std"}, {"betas": [0.5, 0.25]}),
    ({"trained_betas": [0.5, 0.25, 0.125], "num_train_timesteps": 3, "rescale_zero_snr": True},
     {"betas": [0.5, 0.25, 0.125]}),
    ({"beta": 0.125, "rescale_zero_snr": "true"}, {"beta": 0.125}),
])
def test_a_run_tells_its_schedule_as_it_was_asked_for_and_its_steps_as_used(client, options, told):
    answer = document(client, {**SOME, **options})
    names = ("beta", "beta_start", "beta_end", "max_beta", "betas")
    assert {name: answer[name] for name in names if name in answer} == told
    plain = {"num_train_timesteps": "steps", "trained_betas": "betas", "beta_schedule": "schedule"}
    words = {plain.get(name, name): value for name, value in options.items()}
    words["rescale_zero_snr"] = words.get("rescale_zero_snr") in (True, "true")
    if isinstance(words.get("betas"), str):
        words["betas"] = [0.5, 0.25]
    betas = judge_schedule.steps_of(**{"steps": 40, "beta": 0.5, **words})
    assert answer["steps"] == len(betas) == len(answer["frames"]) - 1
    shares = judge_schedule.products(betas)
    for frame, b, share in zip(answer["frames"][1:], betas, shares):
        assert frame["beta"] == pytest.approx(float(b), rel=1e-9, abs=1e-12)
        assert frame["alpha_bar"] == pytest.approx(float(share), rel=1e-9, abs=1e-12)


def test_the_defaults_are_forty_steps_of_a_half(client):
    answer = document(client, {"samples": [1]})
    assert answer["steps"] == 40 and answer["beta"] == 0.5 and len(answer["frames"]) == 41
    assert 0 <= int(answer["seed"]) < 2**64
    assert document(client, {"samples": [1]})["seed"] != answer["seed"], "twice the same"


@pytest.mark.parametrize("sampler", ["chain", "jump", "tree"])
def test_json_samples_read_back_to_the_bits_of_the_array(client, sampler):
    run = {"seed": "1", "sampler": sampler, "steps": 9, "frames": "0,1,4-9"}
    response = post(client, VALUES, **run)
    array = states(client, VALUES, **run)
    told = samples_of(response)
    assert list(told) == [0, 1, 4, 5, 6, 7, 8, 9] and array.shape == (8, 1003)
    for row, (t, samples) in zip(array, told.items()):
        assert same_bytes(samples, row), f"t = {t}: other numbers than the array's"
    for row, frame in zip(array.astype(np.float64), response.json()["frames"]):
        assert frame["mean"] == pytest.approx(row.mean(), rel=1e-12, abs=1e-13)
        assert frame["std"] == pytest.approx(row.std(), rel=1e-12)


def test_any_float32_reads_back_to_its_bits_with_the_shortest_digits(client):
    bits = np.random.default_rng(7).integers(0, 2**32, 20000, dtype=np.uint32)
    extremes = np.array([0, 0x80000000, 1, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF,
                         0xFF7FFFFF, 0x3F800000, 0x3F800001, 0x3DCCCCCD, 0x4B800000, 0x4B7FFFFF],
                        dtype=np.uint32)
    values = np.concatenate([extremes, bits]).view(np.float32)
    values = values[np.isfinite(values)]
    response = post(client, values, steps=0)
    assert same_bytes(samples_of(response)[0], values)
    texts = json.loads(response.content, parse_int=str, parse_float=str)["frames"][0]["samples"]
    for text, value in zip(texts, values):
        spelt = [np.format_float_scientific(value, trim="-", exp_digits=2)]
        if 1e-6 < abs(value) < 1e16:
            spelt.append(np.format_float_positional(value, trim="-"))
        assert len(text) <= min(map(len, spelt)), f"{text} for {spelt}"


def test_more_numbers_than_are_printed_at_once_are_all_there(client):
    """Long arrays leave in pieces of 2^20 numbers; the seams must not show."""
    mixture = {"mixture": {"weights": [1], "means": [0], "stds": [1], "count": 2**21 + 3}}
    run = {"seed": "4", "steps": 3, "frames": "1,3"}
    for row, samples in zip(states(client, mixture, **run),
                            samples_of(post(client, mixture, **run)).values()):
        assert same_bytes(samples, row)


# NPY and NPZ.

def test_an_array_answer_has_a_row_for_each_frame(client):
    response = post(client, VALUES, steps=5, seed=3, format="npy", frames="5,0,2-4/2,2")
    assert_media_type(response, NPY)
    array = array_of(assert_ok(response).content)
    assert array.shape == (4, 1003)
    assert same_bytes(array[0], VALUES)
    whole = states(client, VALUES, steps=5, seed=3)
    assert whole.shape == (6, 1003) and same_bytes(array, whole[[0, 2, 4, 5]])
    assert states(client, VALUES, steps=5, seed=3, frames="last").shape == (1, 1003)
    assert int(response.headers["Content-Length"]) == len(response.content)


def test_the_same_request_gives_the_same_bytes_in_every_form(client):
    for form in ("json", "npy", "npz"):
        answers = {post(client, VALUES, steps=4, seed=3, format=form).content for _ in range(3)}
        assert len(answers) == 1, form


@pytest.mark.parametrize("accept, media_type", [
    (None, "application/json"), ("*/*", "application/json"), ("application/*", "application/json"),
    ("application/json", "application/json"), (NPY, NPY), (NPZ, NPZ),
    (f"{NPZ};q=0.4, {NPY};q=0.5", NPY), ("text/html, application/x-npy;q=0.1", NPY),
    ("application/json;q=0, */*", NPY)])
def test_the_answer_is_of_the_type_that_is_accepted(client, accept, media_type):
    response = post(client, SOME, headers={} if accept is None else {"Accept": accept})
    assert_ok(response, media_type)


@pytest.mark.parametrize("accept", [
    "text/html", "image/png", "image/svg+xml", "application/zip", "multipart/mixed",
    "application/json;q=0", "*/*;q=0"])
def test_a_type_that_is_not_offered_is_not_acceptable(client, accept):
    assert_problem(post(client, SOME, headers={"Accept": accept}), 406)


@pytest.mark.parametrize("form, media_type", [("json", "application/json"), ("npy", NPY),
                                              ("npz", NPZ)])
def test_a_format_wins_over_accept(client, form, media_type):
    assert_ok(post(client, SOME, format=form, headers={"Accept": "image/png"}), media_type)


@pytest.mark.parametrize("form, disposition", [
    ("json", 'inline; filename="dissolved-77.json"'),
    ("npy", 'attachment; filename="dissolved-77.npy"'),
    ("npz", 'attachment; filename="dissolved-77.npz"')])
def test_a_file_has_a_name(client, form, disposition):
    response = post(client, VALUES, seed=77, format=form)
    assert assert_ok(response).headers["Content-Disposition"] == disposition
    assert response.headers["Dissolve-Seed"] == "77"


def test_json_is_compressed_for_who_asks_and_arrays_are_not(client):
    plain = post(client, VALUES, seed=1, headers={"Accept-Encoding": "identity"})
    packed = post(client, VALUES, seed=1, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in assert_ok(plain).headers
    assert assert_ok(packed).headers["Content-Encoding"] == "gzip"
    assert "accept-encoding" in plain.headers["Vary"].lower()
    assert packed.content == plain.content
    for form in ("npy", "npz"):
        array = post(client, VALUES, format=form, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in assert_ok(array).headers


# Content.

@pytest.mark.parametrize("sampler", ["chain", "jump", "tree"])
@pytest.mark.parametrize("options", [{"schedule": "linear", "steps": 30},
                                     {"schedule": "cosine", "steps": 12}, {"steps": 4},
                                     {"betas": "0,0.3,1,0.2"}], ids=str)
def test_noise_and_velocity_are_the_ones_that_make_the_state(client, sampler, options):
    run = {"seed": 11, "sampler": sampler, **options}
    response = post(client, VALUES, content="x,noise,velocity", **run)
    parts = arrays_of(assert_ok(response, NPZ).content)
    assert set(parts) == {"x", "noise", "velocity"}
    assert all(part.dtype == np.dtype("<f4") for part in parts.values())
    assert same_bytes(parts["x"], states(client, VALUES, **run))
    for name in ("noise", "velocity"):
        assert same_bytes(parts[name], states(client, VALUES, content=name, **run))
    x, noise, velocity = (parts[name].astype(np.float64) for name in ("x", "noise", "velocity"))
    table = client.get("/v1/schedule", params=options if "betas" in options else
                       {"beta": 0.5, **options} if "schedule" not in options else options).json()
    share = np.array([1] + table["alphas_cumprod"])[:, None]
    scale = np.array([0] + table["sqrt_one_minus_alphas_cumprod"])[:, None]
    x0 = VALUES.astype(np.float64)
    assert x.shape == (len(share), 1003)
    np.testing.assert_allclose(np.sqrt(share) * x0 + scale * noise, x, rtol=0, atol=2e-5)
    np.testing.assert_allclose(np.sqrt(share) * noise - scale * x0, velocity, rtol=0, atol=2e-5)
    assert (noise[0] == 0).all() and (velocity[0] == 0).all()
    assert np.isfinite(noise).all(), "where alpha_bar is still 1 there is no division by 0"
    late = noise[-1]
    assert abs(late.mean()) < 6 / np.sqrt(late.size) and abs(late.std() - 1) < 0.2


def test_the_noise_of_a_jump_and_of_the_first_step_is_the_contracts(client):
    for sampler, stream, t in (("chain", judge.CHAIN, 1), ("jump", judge_schedule.JUMP, 700),
                               ("tree", judge_schedule.TREE, 1000)):
        noise = states(client, VALUES, content="noise", sampler=sampler, steps=1000, seed=5,
                       schedule="scaled_linear", beta_end=0.5, frames=t)
        expected = judge.normals(5, t, stream, 1003)
        tolerance = 1e-3 if t == 1 else 1e-5
        np.testing.assert_allclose(noise[0], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("content, members", [
    ("x", ["x"]), ("noise", ["noise"]), ("x,noise", ["x", "noise"]),
    ("velocity,x", ["velocity", "x"]), ("velocity,noise,x", ["velocity", "noise", "x"])])
def test_an_npz_has_the_arrays_asked_for(client, content, members):
    response = post(client, {**SOME, "steps": 3}, content=content, format="npz")
    parts = arrays_of(assert_ok(response, NPZ).content)
    assert sorted(parts) == sorted(members)
    assert all(part.shape == (4, 4) for part in parts.values())
    asked_npy = post(client, {**SOME, "steps": 3}, content=content, format="npy")
    assert_ok(asked_npy, NPZ if len(members) > 1 else NPY)
    unsaid = post(client, {**SOME, "steps": 3, "content": content})
    assert_ok(unsaid, "application/json" if content == "x" else
              NPZ if len(members) > 1 else NPY)


def test_a_mixture_has_noise_and_velocity_too(client):
    parts = arrays_of(assert_ok(post(client, {"mixture": LESSON, "seed": 8, "steps": 3},
                                     content="x,noise")).content)
    x = states(client, {"mixture": LESSON, "seed": 8, "steps": 3})
    assert same_bytes(parts["x"], x)
    made = np.sqrt(0.125) * x[0].astype(float) + np.sqrt(0.875) * parts["noise"][3]
    np.testing.assert_allclose(made, x[3], rtol=0, atol=1e-5)


@pytest.mark.parametrize("content", ["", "X", "x,x", "noise,noise", "x,", ",x", "x;noise",
                                     "score", "x, noise", "noise,velocity,noise"])
def test_a_content_that_is_none_is_refused(client, content):
    assert_problem(post(client, SOME, content=content), 400, parameter="content")


@pytest.mark.parametrize("content", ["noise", "velocity", "x,noise"])
def test_a_content_of_arrays_is_not_for_json(client, content):
    assert_problem(post(client, SOME, content=content, format="json"), 400, parameter="content")


@pytest.mark.parametrize("name, value", [
    ("format", "png"), ("format", "svg"), ("format", "zip"), ("format", "NPY"), ("format", ""),
    ("sampler", "Chain"), ("sampler", ""), ("sampler", "fast"), ("offset", "-1"), ("offset", ""),
    ("offset", "1.5"), ("offset", "4611686018427387905"), ("offset", "1e3"),
    ("offset", "99999999999999999999"), ("start_step", "-1"), ("start_step", "41"),
    ("start_step", "1.5"), ("start_step", ""), ("frames", "41"), ("frames", ""),
    ("frames", "first"), ("seed", "18446744073709551616"), ("beta", "1.5"), ("steps", "10001"),
    ("bins", "50"), ("range", "0,1"), ("delay", "100"), ("layout", "grid"), ("measures", "x"),
    ("channels", "gray"), ("compression", "fast"), ("banana", "1")])
def test_a_parameter_or_value_that_is_none_is_refused(client, name, value):
    assert_problem(post(client, SOME if name != "seed" else {"samples": [1]}, **{name: value}),
                   400, parameter=name)


@pytest.mark.parametrize("members, name", [
    ({"betas": [0.5, 1.5, 0.1]}, "betas"), ({"betas": []}, "betas"),
    ({"betas": [0.5] * 10001}, "betas"), ({"betas": [0.5, "a"]}, "betas"),
    ({"betas": {"a": 1}}, "betas"), ({"betas": [0.5], "beta": 0.5}, "beta"),
    ({"betas": [0.5], "schedule": "linear"}, "schedule"),
    ({"betas": [0.5], "steps": 2}, "steps"), ({"schedule": "linear", "beta": 0.5}, "beta"),
    ({"schedule": "linear", "beta_end": 2, "steps": 3}, "schedule"),
    ({"steps": 1, "rescale_zero_snr": True}, "rescale_zero_snr"),
    ({"rescale_zero_snr": 1}, "rescale_zero_snr"), ({"rescale_zero_snr": None}, "rescale_zero_snr"),
    ({"content": ["x", "noise"]}, "content"), ({"offset": 2**53}, "offset"),
    ({"offset": "4611686018427387905"}, "offset"), ({"offset": 1.5}, "offset"),
    ({"sampler": 1}, "sampler"), ({"start_step": "x"}, "start_step")])
def test_a_member_that_is_wrong_is_named(client, members, name):
    problem = assert_problem(post(client, {**SOME, **members}), 400)
    assert problem.get("parameter") == name or str(problem.get("pointer")).startswith("/" + name), (
        f"it does not name {name}: {problem}")


@pytest.mark.parametrize("members, query, names", [
    ({"steps": 3, "num_train_timesteps": 3}, {}, {"steps", "num_train_timesteps"}),
    ({"steps": 3}, {"num_train_timesteps": 3}, {"steps", "num_train_timesteps"}),
    ({"betas": [0.5]}, {"trained_betas": "0.5"}, {"betas", "trained_betas"}),
    ({"schedule": "linear", "beta_schedule": "linear"}, {}, {"schedule", "beta_schedule"}),
    ({"offset": 3}, {"offset": 3}, {"offset"}), ({"content": "x"}, {"content": "x"}, {"content"})])
def test_a_parameter_given_twice_is_refused_by_a_name_it_has(client, members, query, names):
    problem = assert_problem(post(client, {**SOME, **members}, **query), 400)
    name = problem.get("parameter") or str(problem.get("pointer")).lstrip("/")
    assert name in names, f"none of {names}: {problem}"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_another_method_than_post_is_told_what_is_allowed(client, method):
    response = client.request(method, SAMPLES)
    assert response.status_code == 405
    assert {word.strip() for word in response.headers["Allow"].split(",")} == {"POST", "OPTIONS"}
    if method != "HEAD":
        assert_problem(response, 405)


def test_ten_thousand_betas_go_through(client):
    betas = np.linspace(0, 0.01, 10000).tolist()
    answer = document(client, {**SOME, "betas": betas, "frames": "last"})
    assert answer["steps"] == 10000 and answer["betas"] == betas


def test_a_query_and_an_npy_body_are_one_request(client):
    whole = assert_ok(post(client, npy_of(VALUES), NPY, seed=4, steps=3)).content
    samples = {"samples": VALUES.tolist(), "seed": 4, "steps": 3}
    assert assert_ok(post(client, samples)).content == whole
    assert assert_ok(post(client, VALUES.tobytes(), "application/octet-stream", seed=4,
                          steps=3)).content == whole
