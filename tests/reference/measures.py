#!/usr/bin/python3
"""Writes tests/unit/measure_table.inc: the measures of many states, by numpy and exact sums."""

import math
import pathlib

import numpy as np

from made import literal, made

OUT = pathlib.Path(__file__).resolve().parent.parent / "unit" / "measure_table.inc"

# Values on and beside every border there is; put on every tenth element of some states.
SPECIAL = np.array(
    [-4, 4, -1, 1, 0, np.nextafter(np.float32(4), np.float32(5)),
     np.nextafter(np.float32(-4), np.float32(-5)), np.nextafter(np.float32(4), np.float32(0)),
     np.nextafter(np.float32(1), np.float32(2)), np.nextafter(np.float32(-1), np.float32(-2)),
     np.nextafter(np.float32(1), np.float32(0)), np.nextafter(np.float32(-1), np.float32(0)),
     1e-45, -1e-45, 1e-8, -1e-8, 0.03125, -0.03125, 3.96875, -3.96875, 100, -100,
     2 * (128 / 255) - 1, 2 * (37 / 255) - 1], dtype=np.float32)


def state(case):
    seed, n, channels, exponent, shift, special = case
    x = made(seed, n, exponent, shift)
    if special:
        x[::10] = np.resize(SPECIAL, len(x[::10]))
    return x


def rendered(x):
    """As the lesson renders, in float32."""
    v = (x + np.float32(1)) / np.float32(2)
    return (np.clip(v, np.float32(0), np.float32(1)) * np.float32(255)).astype(np.uint8)


def entropy(counts):
    p = counts[counts > 0] / counts.sum() if counts.sum() else np.array([np.nan])
    return 0.0 - math.fsum(p * np.log(p))


def measures(case):
    x = state(case)
    channels = case[2]
    exact = [float(v) for v in x]
    mean = math.fsum(exact) / len(exact)
    std = math.sqrt(math.fsum((v - mean) ** 2 for v in exact) / len(exact))
    clipped = float(np.mean(np.abs(x) > 1))
    differential, bits = [0.0] * 4, [0.0] * 4
    for c in range(channels):
        channel = x[c::channels]
        counts, _ = np.histogram(channel.astype(np.float64), 256, (-4, 4))
        differential[c] = entropy(counts) + math.log(8 / 256)
        bits[c] = entropy(np.bincount(rendered(channel), minlength=256)) / math.log(2)
    return mean, std, clipped, differential, bits


CASES = [
    # seed, n, channels, exponent, shift, special
    (1, 1, 1, -15, 0.0, 0), (2, 3, 3, -15, 0.0, 0), (3, 4, 4, -15, 0.0, 0), (4, 2, 2, -15, 0.0, 0),
    (5, 7, 1, -15, 0.0, 1), (6, 1023, 1, -15, 0.0, 0), (7, 1024, 1, -15, 0.0, 1),
    (8, 1025, 1, -15, 0.0, 1), (9, 1024 * 6, 1, -15, 0.0, 1), (10, 1023 * 3, 3, -16, 0.25, 1),
    (11, 5001, 3, -15, 0.0, 1), (12, 5002, 2, -17, -0.5, 1), (13, 5004, 4, -15, 0.0, 1),
    (14, 100001, 1, -15, 0.0, 1), (15, 100002, 3, -15, 0.125, 1),
    (16, 12345, 3, -20, 1000.0, 0), # outside [-4, 4]: no differential entropy
    (17, 12345, 1, -14, 65536.0, 0), # a large mean must not eat the deviation
    (18, 12345, 3, 80, 0.0, 0), (19, 5000, 1, -140, 0.0, 0), (20, 1100000, 4, -15, 0.0, 1),
]


def main():
    with OUT.open("w", encoding="ascii") as out:
        out.write("/* Made by tests/reference/measures.py. */\n")
        values = ",\n    ".join(literal(v) + "f" for v in SPECIAL)
        out.write(f"static const float special_values[] = {{\n    {values},\n}};\n")
        out.write("static const struct measure_case measure_cases[] = {\n")
        for case in CASES:
            seed, n, channels, exponent, shift, special = case
            mean, std, clipped, differential, bits = measures(case)
            rows = ["{" + ", ".join(literal(v) for v in row) + "}" for row in (differential, bits)]
            out.write(f"    {{{seed}, {n}, {channels}, {exponent}, {literal(shift)}f, {special},\n"
                      f"     {{.mean = {literal(mean)}, .std = {literal(std)}, "
                      f".clipped = {literal(clipped)},\n"
                      f"      .entropy = {rows[0]},\n      .entropy_bits = {rows[1]}}}}},\n")
        out.write("};\n")
    print(f"{len(CASES)} cases, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
