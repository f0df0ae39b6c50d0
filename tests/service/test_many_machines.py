"""The example that has one array worked on by many machines: the same bytes as by one."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import requests

from server import PATIENCE, ROOT

EXAMPLE = ROOT / "examples" / "many_machines.py"
SAMPLES = np.random.default_rng(8).normal(0, 2, 70_001).astype("<f4")
RAW = {"Content-Type": "application/octet-stream"}


def example():
    specification = importlib.util.spec_from_file_location("many_machines", EXAMPLE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def machines(start_server):
    return [start_server("--threads", threads) for threads in ("1", "2", "3")]


def in_one(machine, **parameters):
    with machine.client() as client:
        answer = client.post("/v1/samples/frames", data=SAMPLES.tobytes(), headers=RAW,
                             params={**parameters, "format": "npy"})
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize("sampler", ["chain", "tree", "jump"])
def test_three_machines_give_the_bytes_of_one(machines, tmp_path, sampler):
    """As a program, with pieces as large as they are and with small ones that end anywhere."""
    whole = in_one(machines[0], steps=37, sampler=sampler, frames="5,20,37", seed=42)
    query = f"steps=37&sampler={sampler}&frames=5,20,37&seed=42"
    np.save(tmp_path / "in.npy", SAMPLES)
    done = subprocess.run(
        [sys.executable, "-B", EXAMPLE, "in.npy", "out.npy", query, *(m.url for m in machines)],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.npy").read_bytes() == whole

    parameters = {"steps": 37, "sampler": sampler, "frames": "5,20,37", "seed": 42}
    states = example().dissolve(SAMPLES, [m.url for m in machines], parameters, piece=9_999)
    np.save(tmp_path / "pieces.npy", states)
    assert (tmp_path / "pieces.npy").read_bytes() == whole
    for machine in machines:
        with machine.client() as client:
            assert '{route="/v1/samples/frames",method="POST",code="200"} ' in (
                client.get("/metrics").text)


@pytest.mark.parametrize("arguments", [[], ["in.npy", "out.npy", "steps=3"]])
def test_without_all_arguments_it_tells_which_there_are(arguments, tmp_path):
    done = subprocess.run([sys.executable, "-B", EXAMPLE, *arguments], cwd=tmp_path, text=True,
                          capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "python3 many_machines.py samples.npy states.npy 'steps=" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_piece_that_a_machine_does_not_answer_goes_to_the_next(machines):
    parameters = {"steps": 5, "frames": "last", "seed": 1}
    expected = example().dissolve(SAMPLES, [machines[0].url], parameters)
    machines[1].kill()
    states = example().dissolve(SAMPLES, [m.url for m in machines], parameters, piece=10_000)
    assert states.tobytes() == expected.tobytes()


def test_what_no_machine_accepts_is_an_error(machines):
    with pytest.raises(requests.HTTPError, match="400|422"):
        example().dissolve(SAMPLES, [m.url for m in machines], {"steps": "many"})
