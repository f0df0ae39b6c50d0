#!/usr/bin/python3
"""Writes tests/unit/mixture_table.inc: samples of mixtures by the noise contract, in float64."""

import pathlib

import numpy as np

import contract
from made import literal

OUT = pathlib.Path(__file__).resolve().parent.parent / "unit" / "mixture_table.inc"

LESSON = ([0.5, 0.3, 0.2], [0, 5, -3], [1, 0.5, 1.5])
MANY = ([k % 7 for k in range(100)], [10 * k for k in range(100)], [0] * 100)
CASES = [
    # mixture, seed, offset, count
    (LESSON, 42, 0, 40),
    (LESSON, 2**64 - 1, 2**62, 11),
    (LESSON, 7, 2**34 - 2, 10),
    (([5, 3, 2], [0, 1, 2], [0, 0, 0]), 42, 1, 60),  # only the choice of the component is left
    (([1, 0, 1], [0, 1, 2], [0, 0, 0]), 3, 3, 30),
    (([0, 1, 0], [-1, 1, 3], [2, 0.25, 2]), 5, 0, 12),
    (([2.5], [1e6], [1e-3]), 9, 1023, 6),
    (([1e300, 1e300], [-1e30, 1e30], [1e29, 0]), 1, 2, 12),
    (([1e-310, 3e-310], [-8, 8], [1, 1]), 1, 5, 12),
    (MANY, 0x0123456789ABCDEF, 17, 60),
]


def draw(mixture, seed, offset, count):
    """Component and sample of each index."""
    weights, means, stds = (np.array(v, dtype=np.float64) for v in mixture)
    i = np.arange(count, dtype=np.uint64) + np.uint64(offset)
    word = contract.element_words(seed, contract.COMPONENT, 0, i)
    u = (word >> np.uint64(8)).astype(np.float64) * 2.0**-24
    cumulated = np.cumsum(weights / sum(weights))
    k = np.minimum(np.searchsorted(cumulated, u, side="right"), len(weights) - 1)
    n = contract.normals(seed, contract.MIXTURE, 0, i)
    return k, means[k] + stds[k] * n


def main():
    with OUT.open("w", encoding="ascii") as out:
        out.write("/* Made by tests/reference/mixtures.py. */\n")
        rows = []
        for number, (mixture, seed, offset, count) in enumerate(CASES):
            for name, values in zip(("weights", "means", "stds"), mixture):
                inside = ", ".join(literal(v) for v in values)
                out.write(f"static const double {name}_{number}[] = {{{inside}}};\n")
            k, x = draw(mixture, seed, offset, count)
            pairs = ",\n    ".join(f"{{{a}, {b:.12e}}}" for a, b in zip(k, x))
            out.write(f"static const struct mixture_sample samples_{number}[] = {{\n    {pairs},\n}};\n")
            rows.append(f"    {{{{{len(mixture[0])}, weights_{number}, means_{number}, stds_{number}}},"
                        f" {seed:#x}u, {offset:#x}u, {count}, samples_{number}}},\n")
        out.write("static const struct mixture_case mixture_cases[] = {\n")
        out.writelines(rows)
        out.write("};\n")
    print(f"{len(CASES)} cases, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
