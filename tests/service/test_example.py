"""The program that links libdissolve prints what the service answers."""

import os
import pathlib
import subprocess

from checks import assert_ok

EXAMPLE = pathlib.Path(os.environ["DISSOLVED"]).parent / "tests/example"
REQUEST = {"samples": [3, 3, -3], "steps": 40, "beta": 0.1, "seed": 42, "frames": "0-40/10"}


def test_the_library_and_the_service_make_the_same_samples(client):
    answer = assert_ok(client.post("/v1/samples/frames", json=REQUEST)).json()
    lines = subprocess.run([EXAMPLE], check=True, capture_output=True, text=True).stdout.splitlines()
    assert lines == [f"x_{frame['t']:<2}: " + " ".join(f"{x:7.4f}" for x in frame["samples"])
                     for frame in answer["frames"]]
    assert len(lines) == 5
