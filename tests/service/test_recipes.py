"""The recipes of docs/recipes.md, run as they are printed; those that need more than this are in long."""

import io
import json
import re
import subprocess
import sys

import numpy as np
from PIL import Image

import recipes
from server import PATIENCE, ROOT


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_recipe_is_run_by_some_test():
    tests = "".join(path.read_text(encoding="utf-8")
                    for path in (ROOT / "tests" / "service").rglob("test_*.py"))
    for name in recipes.printed():
        assert f'lay_out("{name}"' in tests, name
    assert len(recipes.printed()) == 4


def test_what_is_linked_is_there():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_clients_lock_says_what_and_not_where_from():
    lock = json.loads((ROOT / "tests" / "clients" / "package-lock.json").read_text())
    asked = json.loads((ROOT / "tests" / "clients" / "package.json").read_text())
    for name, version in (asked["dependencies"] | asked["devDependencies"]).items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, package in lock["packages"].items():
        assert not name or package["integrity"] and "resolved" not in package, name


def test_python_gets_pictures_and_states(server, client, tmp_path):
    path = recipes.lay_out("pictures.py", tmp_path, server)
    told = run([sys.executable, "-B", path], tmp_path)
    assert told.strip() == re.search(r"# (21 .*)$", path.read_text(), re.MULTILINE)[1]
    answer = client.post("/v1/images/frames", data=client.get("/sample.png").content,
                         params={"steps": 20, "beta": 0.25, "seed": 42, "frames": 10})
    with Image.open(tmp_path / "half.png") as half, Image.open(io.BytesIO(answer.content)) as frame:
        assert half.convert("RGB").tobytes() == frame.convert("RGB").tobytes()


def test_javascript_reads_each_frame_of_a_stream(server, client, tmp_path):
    path = recipes.lay_out("frames.mjs", tmp_path, server)
    told = run(["node", path], tmp_path)
    assert told.splitlines() == [f"{step} image/png" for step in range(21)]
    picture = client.get("/sample.png").content
    for step in (0, 7, 20):
        answer = client.post("/v1/images/frames", data=picture,
                             params={"steps": 20, "beta": 0.25, "seed": 42, "frames": step})
        with (Image.open(tmp_path / f"frame-{step}.png") as ours,
              Image.open(io.BytesIO(answer.content)) as whole):
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(whole.convert("RGB")))


def test_javascript_takes_no_cut_answer_for_a_whole_one(start_server, tmp_path):
    """The server dies once the first frame has been read."""
    server = start_server()
    path = recipes.lay_out("frames.mjs", tmp_path, server)
    path.write_text(path.read_text().replace("steps: 20", "steps: 10000"))
    with subprocess.Popen(["node", path], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as node:
        assert node.stdout.readline() == "0 image/png\n"
        server.kill()
        _, complaint = node.communicate(timeout=PATIENCE)
    assert node.returncode == 1 and "TypeError" in complaint, complaint
