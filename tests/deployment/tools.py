"""What docker/ has in it, read, and the judges from npm."""

import json
import pathlib
import shutil
import subprocess

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DOCKER = ROOT / "docker"
MODULES = ROOT / "tests" / "node_modules"
"""./dev installs what tests/package.json names."""


def node(script, *arguments, text=None):
    """A finished run of a program of JavaScript."""
    return subprocess.run([shutil.which("node"), script, *arguments], input=text, text=True,
                          capture_output=True, timeout=120)


def compose():
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def manifests():
    """All Kubernetes objects, in the order of the kustomization that lists their files."""
    folder = DOCKER / "kubernetes"
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(
        path.name for path in folder.iterdir() if path.name != "kustomization.yaml")
    return [object for name in listed
            for object in yaml.safe_load_all((folder / name).read_text())]


def complaints(objects):
    """A list for each object of what the schemas and types of kubernetes-models say against it."""
    run = node(HERE / "manifests.cjs", text=json.dumps(objects))
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def seconds(text):
    """Of 10s or 2s, as compose, Kubernetes and the server's settings all write them."""
    assert text.endswith("s")
    return int(text[:-1])
