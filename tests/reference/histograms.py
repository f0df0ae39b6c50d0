#!/usr/bin/python3
"""Writes tests/unit/histogram_table.inc: what numpy.histogram makes of many sets of values."""

import pathlib

import numpy as np

from made import literal, literals, made

OUT = pathlib.Path(__file__).resolve().parent.parent / "unit" / "histogram_table.inc"


def around(values):
    """Each value as float32 and its two neighbours."""
    x = np.asarray(values, dtype=np.float32)
    return np.concatenate([x, np.nextafter(x, np.float32(np.inf)),
                           np.nextafter(x, np.float32(-np.inf))])


def given(values, bins, ends=None):
    return {"values": np.asarray(values, dtype=np.float32), "bins": bins, "range": ends}


def drawn(seed, n, exponent, shift, bins, ends=None):
    return {"recipe": (seed, n, exponent, shift), "values": made(seed, n, exponent, shift),
            "bins": bins, "range": ends}


def cases():
    tiny = np.float32(2.0**-149)
    step = 2.0**-52
    yield drawn(1, 10000, -15, 0.0, 50)
    yield drawn(2, 10000, -14, 3.0, 50, (-10.0, 10.0))
    yield drawn(3, 10000, -15, 0.0, 50, (-1.0, 1.0))
    yield drawn(4, 10000, -15, 0.0, 1)
    yield drawn(5, 10000, -15, 0.0, 2, (0.1, 0.7))
    yield drawn(6, 3000, -15, 0.0, 4096)
    yield drawn(7, 3000, -15, -5.0, 4096, (-5.1, -4.9))
    yield drawn(8, 1023, -30, 0.0, 33)
    yield drawn(9, 1024, 100, 0.0, 64)
    yield drawn(10, 1025, -15, 1000.0, 50)
    yield drawn(11, 2049, -18, 65536.0, 50)
    yield drawn(12, 70001, -15, 0.0, 50)
    yield drawn(13, 70001, -15, 0.0, 97, (-0.3, 0.3))
    yield drawn(14, 20000, -3, 0.0, 100)
    for n in range(1, 10):
        yield drawn(20 + n, n, -15, 0.0, 5)
    yield given(np.linspace(0, 1, 51), 50)
    yield given(around(np.linspace(0, 1, 51)), 50, (0.0, 1.0))
    yield given(around(np.linspace(-1, 0, 51)), 50, (-1.0, 0.0))
    yield given(around(np.linspace(-4, 4, 65)), 64, (-4.0, 4.0))
    yield given(around(np.linspace(-0.3, 0.4, 8)), 7, (float(np.float32(-0.3)),
                                                      float(np.float32(0.4))))
    yield given(around(np.linspace(1e-3, 7.7, 100)), 99)
    yield given(around(np.linspace(-123.4, -56.7, 60)), 59)
    yield given(np.arange(0, 11), 10)
    yield given(np.arange(0, 11), 7)
    yield given(np.arange(-20, -9), 3)
    yield given(np.arange(0, 256) / 127.5 - 1, 50)
    yield given(np.arange(0, 256) / 127.5 - 1, 255)
    yield given(np.float32(1) + np.arange(20) * 2.0**-23, 50)
    yield given([1.0, 1 + 2.0**-23], 100)
    yield given(np.arange(30) * tiny, 50)
    yield given([-tiny, 0.0, tiny], 7)
    yield given([3.4e38, -3.4e38, 0, 1e38, -1e38], 50)
    yield given([3.4e38, 3.3e38], 9)
    yield given([np.finfo(np.float32).max, -np.finfo(np.float32).max, 1.0], 4)
    yield given([0.0], 50)
    yield given([7.5, 7.5, 7.5], 50)
    yield given([-300000.0], 3)
    yield given([16777216.0], 4)
    yield given([2.0**52], 4)
    yield given([0.25], 50, (0.25, 0.25))
    yield given([0.1, 0.2, 5, -5, 0.75], 4, (0.25, 0.25))
    yield given([1, 2, 3], 5, (10.0, 20.0))
    yield given([1, 2, 3], 3, (1.0, 3.0))
    yield given([1, 2, 3], 2, (2.0, 2.5))
    yield given([-2, -1, 0, 1, 2], 4, (-1.5, 1.5))
    yield given([0.1, 0.2, 0.3], 3, (0.1, 0.3))
    yield given([0.1, 0.3], 5, (float(np.float32(0.1)), float(np.float32(0.3))))
    yield given([-1, -0.5, 0.0], 2)
    # Too many edges for the doubles between the ends: numpy's answer is the contract.
    yield given([1, 1, 1 + 2.0**-23], 50, (1.0, 1.0 + 4 * step))
    yield given([1, 1, 2], 50, (1.0 - 3 * step, 1.0 + step))
    yield given([1, 1, 2], 9, (1.0 - 3 * step, 1.0 + step))
    yield given([1, 1, 2], 4096, (1.0 - 3 * step, 1.0 + 2**11 * step))
    # The step underflows to zero, and the edges are made another way.
    yield given([1.0, -1.0], 50, (0.0, 1e-322))
    yield given([1.0, -1.0], 50, (-5e-323, 1e-322))
    # Ends as far apart as double has room for.
    yield given([1.0, -1.0, 3e38], 10, (-8e307, 8e307))


def write(out, number, case):
    values, bins, ends = case["values"].astype(np.float64), case["bins"], case["range"]
    with np.errstate(all="ignore"):
        counts, edges = np.histogram(values, bins, ends)
        density, _ = np.histogram(values, bins, ends, density=True)
    if counts.sum() == 0:
        density = np.zeros(bins)
    # Every edge and density of a few bins, a sample of those of many; every count.
    stride = 1 if bins <= 100 else 61
    if "recipe" in case:
        seed, n, exponent, shift = case["recipe"]
        source = f".seed = {seed}, .n = {n}, .exponent = {exponent}, .shift = {literal(shift)}f"
    else:
        inside = literals(case["values"]).replace(",", "f,")
        out.write(f"static const float values_{number}[] = {{\n{inside}\n}};\n")
        source = f".values = values_{number}, .n = {len(values)}"
    for name, kind, array in (("edges", "double", edges[::stride]), ("counts", "uint32_t", counts),
                              ("density", "double", density[::stride])):
        out.write(f"static const {kind} {name}_{number}[] = {{\n{literals(array)}\n}};\n")
    limits = f".range = (const double[]){{{literal(ends[0])}, {literal(ends[1])}}}, " if ends else ""
    return (f"    {{{source}, .bins = {bins}, {limits}.outside = {len(values) - counts.sum()},\n"
            f"     .stride = {stride}, .edges = edges_{number}, .counts = counts_{number}, "
            f".density = density_{number}}},\n")


def main():
    with OUT.open("w", encoding="ascii") as out:
        out.write("/* Made by tests/reference/histograms.py with numpy.histogram. */\n")
        rows = [write(out, number, case) for number, case in enumerate(cases())]
        out.write("static const struct histogram_case histogram_cases[] = {\n")
        out.writelines(rows)
        out.write("};\n")
    print(f"{len(rows)} cases, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
