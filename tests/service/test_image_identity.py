"""The same bytes of every form and sampler, whatever the threads and the instruction set."""

import numpy as np
import pytest

import pictures
from checks import FRAMES, assert_ok
from imagery import IMAGE_HISTOGRAMS, ask, jpeg, npy

FORMS = [{"format": form} for form in ("png", "zip", "multipart", "json", "npy", "npz")] + [
    {"layout": "strip", "frames": "0-20/4"}, {"layout": "grid", "channels": "gray"},
    {"compression": "none"}, {"compression": "best", "frames": "0-3"},
    {"content": "x,noise,velocity"}, {"content": "noise", "channels": "gray"},
    {"format": "json", "measures": "terms"}, {"format": "zip", "channels": "gray", "steps": 3}]
SAMPLERS = [{"sampler": sampler, "format": "npz", "content": "x,noise,velocity"} | schedule
            for sampler in ("chain", "jump", "tree")
            for schedule in ({"schedule": "linear", "steps": 100, "frames": "0-100/9"},
                             {"schedule": "cosine", "steps": 33}, {"betas": "0.5,0,1,0.001,0.3"},
                             {"schedule": "sigmoid", "steps": 17, "rescale_zero_snr": "true"},
                             {"schedule": "scaled_linear", "steps": 50, "parameterization": "std"})]
COUNTED = [{}, {"channels": "gray", "bins": 7}, {"measures": "terms", "range": "-1,1"},
           {"sampler": "tree", "frames": "0,3,20"}, {"sampler": "jump", "bins": 4096},
           {"format": "svg"}, {"format": "svg", "layout": "grid"}]


def requests_of_all_kinds():
    """Name -> path, body and parameters; sizes that no tile, block or vector divides."""
    odd = pictures.png_of(pictures.photo(131, 89))
    state = npy(np.random.default_rng(5).normal(0, 1, (77, 53, 3)).astype(np.float32))
    kinds = [(FRAMES, odd, form) for form in FORMS + SAMPLERS]
    kinds += [(IMAGE_HISTOGRAMS, odd, counted) for counted in COUNTED]
    kinds += [(FRAMES, body, {"format": "npy", "steps": 3}) for body in
              (jpeg(pictures.photo(131, 89)), npy(pictures.photo(31, 45)), state)]
    kinds += [(FRAMES, state, {"format": "npy", "start_step": 9, "sampler": sampler})
              for sampler in ("chain", "jump")]
    kinds += [(IMAGE_HISTOGRAMS, state, {"start_step": 15})]
    return {f"{number}: {path} {parameters}": (path, body, {"seed": 2**64 - 3, **parameters})
            for number, (path, body, parameters) in enumerate(kinds)}


def ask_for(client, kind):
    path, body, parameters = kind
    response = assert_ok(ask(client, body, path, **parameters))
    return response.headers["Content-Type"], response.content


@pytest.fixture(scope="module")
def kinds():
    return requests_of_all_kinds()


@pytest.fixture(scope="module")
def answers(server, kinds):
    with server.client() as session:
        return {name: ask_for(session, kind) for name, kind in kinds.items()}


@pytest.mark.parametrize("flags, settings", [
    (("--threads", "1"), {}), (("--threads", "3"), {}),
    (("--threads", "1"), {"DISSOLVE_ISA": "baseline"}),
    (("--threads", "3"), {"DISSOLVE_ISA": "baseline"}),
], ids=["1 thread", "3 threads", "baseline, 1 thread", "baseline, 3 threads"])
def test_another_server_gives_the_same_bytes(start_server, kinds, answers, flags, settings):
    with start_server(*flags, **settings).client() as session:
        told = session.get("/v1").json()
        assert told["threads"] == int(flags[1])
        assert not settings or told["instruction_set"] == "baseline"
        for name, kind in kinds.items():
            assert ask_for(session, kind) == answers[name], f"{name} differs"


def test_all_answers_differ(kinds, answers):
    """None of the kinds is another one in disguise, which would make the comparison weaker."""
    assert len({data for _, data in answers.values()}) == len(kinds)
