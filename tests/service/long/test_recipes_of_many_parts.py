"""The recipes that need PyTorch, or packages for TypeScript, run as they are printed."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import recipes
from server import PATIENCE, ROOT

CLIENTS = pathlib.Path(os.environ.get("CLIENTS", ROOT / "build" / "clients"))
"""Where ./dev has put the packages that tests/clients names."""


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=5 * PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_batches_are_the_same_whatever_the_number_of_workers(server, tmp_path):
    path = recipes.lay_out("batches.py", tmp_path, server)
    told = run([sys.executable, "-B", path], tmp_path)
    lines = told.splitlines()
    assert len(lines) == 4 and all("(4, 3, 512, 512)" in line for line in lines)
    assert len(set(lines)) == 4
    for workers in (0, 3):
        path.write_text(path.read_text().replace("num_workers=2", f"num_workers={workers}"))
        assert run([sys.executable, "-B", path], tmp_path) == told
        path = recipes.lay_out("batches.py", tmp_path, server)


def test_a_pair_is_what_it_is_called(server, tmp_path):
    recipes.lay_out("batches.py", tmp_path, server)
    judge = f"""
import io
import numpy, requests
from PIL import Image
from batches import Noised
photo = requests.get("{server.url}/sample.png").content
x_t, t, eps = Noised([b"", photo], epoch=3)[1]
pixels = numpy.asarray(Image.open(io.BytesIO(photo)).convert("RGB"), float)
x_0 = 2 * pixels.transpose(2, 0, 1) / 255 - 1
bar = numpy.cumprod(1 - numpy.linspace(1e-4, 0.02, 1000))[t - 1]
print(numpy.abs(bar**0.5 * x_0 + (1 - bar)**0.5 * eps.numpy() - x_t.numpy()).max())
"""
    assert float(run([sys.executable, "-B", "-c", judge], tmp_path)) < 1e-5


def enter(lines, folder, server):
    """In a shell, whose npm fetches nothing."""
    text = "set -e\nexport npm_config_offline=true\n" + lines.replace(recipes.ADDRESS, server.url)
    return run(["bash", "-c", text], folder)


def make_types(server, folder):
    """By the printed lines but the first command, whose packages are there: those of tests/clients.

    npm would ask the registry for the newest versions of them.
    """
    shutil.copytree(CLIENTS / "node_modules", folder / "node_modules", symlinks=True)
    shutil.copy(CLIENTS / "package-lock.json", folder)
    package = json.loads((CLIENTS / "package.json").read_text())
    del package["type"]  # which a line says
    (folder / "package.json").write_text(json.dumps(package))
    install, _, rest = recipes.lines("TypeScript")[0].partition(" && ")
    packages = {*package["dependencies"], *package["devDependencies"]}
    assert install.split()[:2] == ["npm", "install"] and set(install.split()[2:]) == packages
    enter(rest, folder, server)


def test_the_typescript_client_compiles_and_gets_a_frame(server, tmp_path):
    recipes.lay_out("client.ts", tmp_path, server)
    make_types(server, tmp_path)
    told = enter(recipes.lines("TypeScript")[1], tmp_path, server)
    version, seed, size, wrong = told.split()
    with server.client() as client:
        assert version == client.get("/v1").json()["version"]
        answer = client.post("/v1/images/frames", data=client.get("/sample.png").content,
                             params={"steps": 20, "beta": 0.25, "frames": "last", "seed": 42})
    assert (seed, int(size), wrong) == ("42", len(answer.content), "steps")


def test_the_types_find_what_is_wrong(server, tmp_path):
    """A number that is a word, and a word that there is not: all else compiles by stricter rules."""
    path = recipes.lay_out("client.ts", tmp_path, server)
    make_types(server, tmp_path)
    shutil.copy(ROOT / "tests" / "clients" / "tsconfig.json", tmp_path)
    compiler = tmp_path / "node_modules" / ".bin" / "tsc"
    run([compiler], tmp_path)
    path.write_text(path.read_text().replace("beta: 0.25", 'sampler: "fast"')
                    .replace("steps: 20000", 'steps: "many"'))
    done = subprocess.run([compiler], cwd=tmp_path, capture_output=True, text=True,
                          timeout=5 * PATIENCE)
    assert done.returncode != 0
    for line in (12, 21):  # of the file, where they are
        assert f"client.ts({line}," in done.stdout, done.stdout
