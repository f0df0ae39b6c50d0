"""Measures a release build and prints the README's table: bench.py BUILD_FOLDER [WORD...]."""

import http.client
import io
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import threading
import time
import warnings
import zipfile

import PIL.Image

ROUNDS = 5
IMAGE = "/v1/images/frames?steps=20&beta=0.25&seed=42"
MILLION = "/v1/samples/frames?steps=1&frames=last&format=npy&seed=42"
MIXTURE = {
    "mixture": {"weights": [0.5, 0.3, 0.2], "means": [0, 5, -3], "stds": [1, 0.5, 1.5], "count": 10000},
    "steps": 40,
    "beta": 0.5,
    "bins": 50,
    "seed": "42",
}

ROWS = []  # (name, function that returns a figure as text), in the order of the table


def row(name):
    """Adds a row: the function takes the Bench and returns the figure to print."""

    def add(function):
        ROWS.append((name, function))
        return function

    return add


def photo(width, height):
    """A real photo of that size, as the bytes of a PNG."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import scipy.misc

        face = PIL.Image.fromarray(scipy.misc.face())
    out = io.BytesIO()
    face.resize((width, height), PIL.Image.LANCZOS).save(out, "PNG")
    return out.getvalue()


class Server:
    """The server on a free port, for as long as the context lasts."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.port = self._read_port()
        threading.Thread(target=self._drain, daemon=True).start()

    def _read_port(self):
        for line in self.process.stdout:
            found = re.search(r"127\.0\.0\.1:(\d+)", line) if "listening" in line else None
            if found:
                return int(found[1])
        sys.exit("bench: the server did not start")

    def _drain(self):
        for _ in self.process.stdout:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def post(self, path, body, content_type):
        """The seconds a request took, from connecting to the last byte, and the answer's body."""
        start = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", path, body, {"Content-Type": content_type})
        response = connection.getresponse()
        answer = response.read()
        taken = time.perf_counter() - start
        connection.close()
        if response.status != 200:
            sys.exit(f"bench: {path} answered {response.status}: {answer[:500]!r}")
        return taken, answer


class Bench:
    def __init__(self, build, server):
        self.build = build
        self.server = server
        self.photo = photo(512, 512)
        self._samplers = None  # measured once, for two rows

    def median(self, path, body, content_type, check):
        """The median of ROUNDS requests in milliseconds, after one whose answer is checked."""
        _, answer = self.server.post(path, body, content_type)
        check(answer)
        taken = [self.server.post(path, body, content_type)[0] for _ in range(ROUNDS)]
        return f"{statistics.median(taken) * 1e3:.1f} ms ({len(answer) / 1e6:.2f} MB)"

    def engine(self, isa, threads):
        """Nanoseconds per element and step of the chain."""
        done = subprocess.run(
            [self.build / "tests" / "bench_engine", str(threads)],
            env={**os.environ, "DISSOLVE_ISA": isa},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            return f"not on this processor ({done.stderr.strip()})"
        used, figure = done.stdout.split()
        assert used == isa, done.stdout
        return f"{float(figure):.2f} ns"

    def samplers(self):
        """Milliseconds of chain, jump and tree for 10 frames of 512 x 512 x 3, with one thread."""
        if self._samplers is None:
            done = subprocess.run(
                [self.build / "tests" / "bench_engine", "1", "samplers"],
                capture_output=True,
                text=True,
                check=True,
            )
            self._samplers = [float(word) for word in done.stdout.split()[1:]]
        return self._samplers


def require(condition, what):
    if not condition:
        sys.exit(f"bench: {what}")


def check_apng(answer):
    require(PIL.Image.open(io.BytesIO(answer)).n_frames == 21, "the animation has not 21 frames")


def check_zip(answer):
    names = zipfile.ZipFile(io.BytesIO(answer)).namelist()
    require(sum(name.endswith(".png") for name in names) == 21, f"the ZIP holds {names}")


def check_million(answer):
    require(answer.startswith(b"\x93NUMPY"), "the answer is not a .npy file")
    require(4_000_000 < len(answer) < 4_001_000, "the array has not 1,000,000 numbers")


def check_histograms(answer):
    require(len(json.loads(answer)["frames"]) == 41, "the answer has not 41 frames")


@row("512 x 512 photo to 21 frames over HTTP, animated PNG")
def image_apng(bench):
    return bench.median(IMAGE + "&format=png", bench.photo, "image/png", check_apng)


@row("512 x 512 photo to 21 frames over HTTP, ZIP")
def image_zip(bench):
    return bench.median(IMAGE + "&format=zip", bench.photo, "image/png", check_zip)


@row("mixture of 10,000 samples, 41 histograms over HTTP")
def mixture(bench):
    body = json.dumps(MIXTURE)
    return bench.median("/v1/samples/histograms", body, "application/json", check_histograms)


@row("1,000,000 JSON samples, one step, over HTTP")
def json_samples(bench):
    numbers = random.Random(42)
    body = json.dumps({"samples": [round(numbers.gauss(0, 1), 6) for _ in range(1_000_000)]})
    return bench.median(MILLION, body, "application/json", check_million)


for isa in ("baseline", "avx2"):
    for threads in (1, 2):

        @row(f"engine, per element and step, {isa}, {threads} thread{'s' * (threads > 1)}")
        def engine(bench, isa=isa, threads=threads):
            return bench.engine(isa, threads)


@row("engine, 10 frames of 1,000 steps: jump, chain / jump")
def jump(bench):
    chain, jump, _ = bench.samplers()
    return f"{jump:.1f} ms, {chain / jump:.0f} x"


@row("engine, 10 frames of 1,000 steps: tree, chain / tree")
def tree(bench):
    chain, _, tree = bench.samplers()
    return f"{tree:.1f} ms, {chain / tree:.0f} x"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.lower().startswith(("model name", "cpu model")):
            return line.partition(":")[2].strip()
    return os.uname().machine


def main():
    build, words = pathlib.Path(sys.argv[1]), sys.argv[2:]
    rows = [(name, run) for name, run in ROWS if not words or any(word in name for word in words)]
    require(rows, f"no row's name holds {' or '.join(words)}")
    print(f"{processor()}, {len(os.sched_getaffinity(0))} processors; medians\n")
    width = max(len(name) for name, _ in rows)
    print(f"| {'what':{width}} | {'figure':20} |\n| {'-' * width} | {'-' * 20} |")
    with Server(build / "dissolved") as server:
        bench = Bench(build, server)
        for name, run in rows:
            print(f"| {name:{width}} | {run(bench):20} |", flush=True)


if __name__ == "__main__":
    main()
