"""One array on 1 to 4 processes, each with one thread and pinned to a core: how it scales.

With more processes than processors some share one, and what they gain is nothing but overlap of sending
and computing. The client, examples/many_machines.py, needs its share of the processors as well.
"""

import contextlib
import importlib.util
import os
import pathlib
import time

import numpy

from server import Server, require
from table import Mark, interleaved, median, once, ratio, row, written

PROCESSES = (1, 2, 3, 4)
SAMPLES = 1 << 22
PIECE = 1 << 18
PARAMETERS = {"steps": 500, "frames": "last", "seed": 42}
EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "many_machines.py"


def example():
    specification = importlib.util.spec_from_file_location("many_machines", EXAMPLE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@once
def seconds(bench):
    """How long the array takes with each number of processes, in turns."""
    cores = sorted(os.sched_getaffinity(0))
    samples = numpy.random.default_rng(42).standard_normal(SAMPLES, dtype="f4")
    dissolve, answers = example().dissolve, set()
    with contextlib.ExitStack() as stack:
        urls = []
        for k in range(max(PROCESSES)):
            pinned = ("taskset", "-c", str(cores[k % len(cores)]))  # of util-linux
            program = (bench.build / "dissolved", "--listen", "127.0.0.1:0", "--threads", "1")
            urls.append(f"http://127.0.0.1:{stack.enter_context(Server(*pinned, *program)).port}")

        def take(count):
            start = time.perf_counter()
            states = dissolve(samples, urls[:count], PARAMETERS, PIECE)
            taken = time.perf_counter() - start
            answers.add(states.tobytes())
            return taken

        take(max(PROCESSES))  # each of them once, for the sake of their first pages
        columns = interleaved(3, *(lambda count=count: take(count) for count in PROCESSES))
    require(len(answers) == 1, "more processes gave other bytes")
    return dict(zip(PROCESSES, columns)), len(cores)


def against_one(bench, count):
    taken, cores = seconds(bench)
    note = f"{written(median(taken[count]))} s"
    if count > cores:
        note += f"; they share {cores} processors"
    return ratio(taken[1], taken[count]), note


def add_rows():
    for count in PROCESSES:
        processes = f"{count} pinned process" + ("es" if count > 1 else "")
        row(f"many: 4,194,304 samples, 500 steps, 1 / {processes}", Mark("times"))(
            lambda bench, count=count: against_one(bench, count)
        )
