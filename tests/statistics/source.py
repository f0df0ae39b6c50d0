"""Where the words and normals come from: statistics_draw, asked through its pipes."""

import os
import subprocess
from typing import NamedTuple

import numpy as np


class Place(NamedTuple):
    """Which noise: element `first` and those after it."""

    seed: int
    stream: int
    t: int
    first: int

    def at(self, further):
        return self._replace(first=self.first + further)


class Draw:
    """A process of statistics_draw, with the processor's best kernel or the one that is named."""

    def __init__(self, program, isa=""):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "DISSOLVE_ISA": isa})

    def _ask(self, what, place, count, values):
        request = (what, *place, count)
        self.process.stdin.write((" ".join(map(str, request)) + "\n").encode())
        self.process.stdin.flush()
        if self.process.stdout.readinto(memoryview(values).cast("B")) != values.nbytes:
            raise RuntimeError(f"statistics_draw ended during {request}")
        return values

    def normals(self, place, count):
        """float32, one per element."""
        return self._ask("normals", place, count, np.empty(count, "<f4"))

    def words(self, place, blocks):
        """uint32, shape (blocks, 4), of the block that holds the place's element and the next."""
        place = place._replace(first=place.first // 4)
        values = np.empty(4 * blocks, "<u4")
        return self._ask("words", place, blocks, values).reshape(blocks, 4)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def normals_of_words(words):
    """The contract's formula in float64; flat, four normals per block."""
    radius = np.sqrt(-2 * np.log(((words[:, 0::2] >> 8) + 1.0) * 2.0**-24))
    angle = words[:, 1::2] * (2 * np.pi / 2**32)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1).reshape(-1)
