"""Measures a release build against its marks and its peers: bench.py BUILD_FOLDER [--readme] [WORD...].

Everything runs on this machine and talks to 127.0.0.1 only. --readme also writes the table into
README.md, the plot into docs/growth.svg and what follows from the table into docs/scale.md.
"""

import contextlib
import functools
import io
import os
import pathlib
import signal
import sys
import tempfile
import warnings

import PIL.Image

import growth
import rows  # noqa: F401 (they add themselves to the table)
import scale
import table
from server import Child, Server, require

LONGEST = 1800  # seconds that a run may take, on however busy a machine
ROOT = pathlib.Path(__file__).parents[2]
BEGIN, END = "<!-- what ./dev bench --readme prints -->\n", "<!-- to here -->\n"


class Bench:
    """What the rows share: the build, one server, one peer in PyTorch, photos."""

    def __init__(self, build, stack, folder):
        self.build = build
        self._stack = stack
        self._folder = pathlib.Path(folder)

    def start(self, program, *arguments):
        return self._stack.enter_context(Server(self.build / program, *arguments))

    @functools.cached_property
    def server(self):
        return self.start("dissolved", "--listen", "127.0.0.1:0")

    @functools.cached_property
    def lesson(self):
        try:
            import torch  # noqa: F401
        except ImportError:
            raise table.Missing("python3-torch is not installed") from None
        return self._stack.enter_context(Child(pathlib.Path(__file__).with_name("lesson.py")))

    @functools.lru_cache(maxsize=None)
    def photo(self, width, height):
        """The file of a real photo of that size, a PNG."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import scipy.misc

            face = PIL.Image.fromarray(scipy.misc.face())
        return self.image(face.resize((width, height), PIL.Image.LANCZOS))

    def image(self, image):
        out = io.BytesIO()
        image.save(out, "PNG", compress_level=1)
        return self.file(out.getvalue())

    def file(self, data):
        handle, path = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        return pathlib.Path(path)


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.lower().startswith(("model name", "cpu model")):
            return line.partition(":")[2].strip()
    return os.uname().machine


def machine():
    """The processor and, because a virtual one is rarely more than a brand, its family and model."""
    facts = dict(
        map(str.strip, line.split(":", 1))
        for line in pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
        if ":" in line
    )
    family = f" (family {facts['cpu family']}, model {facts['model']})" if "cpu family" in facts else ""
    return f"{processor()}{family}, {len(os.sched_getaffinity(0))} processors"


def write_readme(text):
    readme = ROOT / "README.md"
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    require(begin and end, "README.md has no place for the table")
    readme.write_text(before + BEGIN + text + END + after)


def main():
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit("bench: ended"))
    signal.alarm(LONGEST)
    build, words = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    readme = "--readme" in words
    words = [word for word in words if word != "--readme"]
    require(not (readme and words), "--readme goes with the whole table only")
    chosen = [row for row in table.ROWS if not words or any(word in row.name for word in words)]
    require(chosen, f"no row's name holds {' or '.join(words)}")
    where = f"{machine()}; medians"
    print(f"{where}\n")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        bench = Bench(build, stack, folder)
        printed = table.Table(chosen)
        for row in chosen:
            printed.measure(row, bench)
    printed.conclude()
    if any(row.name.startswith("growth") for row in chosen):
        growth.print_points()
        growth.draw(ROOT / "docs" / "growth.svg" if readme else build / "growth.svg")
    if readme:
        write_readme(f"\n{where}:\n\n" + "\n".join(printed.lines) + "\n\n")
        scale.write()


if __name__ == "__main__":
    main()
