"""The README's own lines, run as a reader would run them, in an empty folder and in their order."""

import json
import re
import subprocess
import sys
import zipfile
from xml.etree import ElementTree

import pytest
from PIL import Image

from server import PATIENCE, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8080"


def curl_lines():
    return [line.strip() for line in README.splitlines() if line.startswith("    curl ")]


def python_snippets():
    return re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def answers(server, tmp_path_factory):
    """The folder in which all of the README's curl lines have been run."""
    folder = tmp_path_factory.mktemp("readme")
    for line in curl_lines():
        done = subprocess.run(["bash", "-c", line.replace(ADDRESS, server.url)], cwd=folder,
                              capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert "Warning" not in done.stderr, done.stderr
    return folder


def test_the_lines_are_found():
    assert len(curl_lines()) >= 7 and len(python_snippets()) == 1


def test_the_pictures_are_an_animation_and_a_strip(answers):
    with (Image.open(answers / "photo.png") as photo, Image.open(answers / "strip.png") as strip,
          Image.open(answers / "dissolved.png") as animation):
        assert animation.n_frames == 21 and animation.size == photo.size
        assert strip.size == (6 * photo.width, photo.height)
        assert strip.crop((0, 0, *photo.size)).tobytes() == photo.convert("RGB").tobytes()


def test_the_mixture_is_drawn_and_told(answers):
    document = json.loads((answers / "mixture.json").read_text())
    assert [frame["t"] for frame in document["frames"]] == list(range(41))
    assert document["frames"][40]["exact"]["kl"] < 1e-9
    assert ElementTree.parse(answers / "mixture.svg").getroot().tag.endswith("svg")


def test_what_the_readme_says_of_entropy_is_so(answers):
    exact = [frame["exact"] for frame in json.loads((answers / "mixture.json").read_text())["frames"]]
    assert round(exact[0]["std"] ** 2, 1) == 9.5
    assert exact[40]["entropy"] < exact[0]["entropy"]
    assert all(b["kl"] < a["kl"] for a, b in zip(exact, exact[1:]))


def test_the_form_gives_an_archive_and_the_schedule_a_table(answers):
    with zipfile.ZipFile(answers / "frames.zip") as archive:
        assert archive.testzip() is None and len(archive.namelist()) == 22
    table = json.loads((answers / "cosine.json").read_text())
    assert table["schedule"] == "cosine" and len(table["alphas_cumprod"]) == 1000


def test_the_python_snippet_gets_a_batch_of_pairs(server):
    """And the pairs are what they are called: x_t = signal x_0 + noise, for the picture's x_0."""
    judge = """
import numpy as np
x_0 = 2 * (np.asarray(__import__("PIL.Image").Image.open(io.BytesIO(photo)).convert("RGB"),
                      dtype=np.float32) / np.float32(255)) - 1
bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))[t - 1][:, None, None, None]
assert np.abs(np.sqrt(bar) * x_0 + np.sqrt(1 - bar) * eps - x_t).max() < 1e-5
assert abs(eps.std() - 1) < 0.01 and abs(eps.mean()) < 0.01
"""
    code = python_snippets()[0].replace(ADDRESS, server.url) + judge
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    expected = re.search(r"# (\(4, .*)$", python_snippets()[0], re.MULTILINE)[1]
    assert done.stdout.strip() == expected
