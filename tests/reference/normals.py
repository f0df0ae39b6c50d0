#!/usr/bin/python3
"""Writes tests/unit/normals_table.inc: normals of the noise contract, computed in float64.

Rows: seed, stream, t, element, value. Besides a spread over seeds, streams, steps and element
indices it holds the hard places of the formula, found by a search through many blocks: the
smallest and largest u, and the angles nearest to each eighth of a turn.
"""

import pathlib

import numpy as np

import contract

OUT = pathlib.Path(__file__).resolve().parent.parent / "unit" / "normals_table.inc"

SEEDS = [0, 1, 42, 0x0123456789ABCDEF, 2**32 - 1, 2**32, 2**63, 2**64 - 1]
STEPS = [0, 1, 7, 10000]
STARTS = [0, 5, 1023, 786431, 2**32 - 2, 2**34 - 1, 2**34 + 2, 2**40 + 3, 2**62 + 1, 2**64 - 3]


def spread():
    """Rows of every stream, each seed and step and start met several times."""
    rows = []
    n = 0
    for stream in range(5):
        for seed in SEEDS:
            for k in range(3):
                t = STEPS[(n + k) % len(STEPS)]
                start = STARTS[(n * 3 + k) % len(STARTS)]
                rows += [(seed, stream, t, start + j) for j in range(3)]
            n += 1
    return rows


def extremes(seed, stream, t, first, blocks, chunk=2**18):
    """Rows at the smallest and largest u and at the angles nearest to the eighths of a turn."""
    small, large = [], []
    near = {}
    for at in range(first, first + blocks, chunk):
        w = contract.words(seed, stream, t, np.arange(at, at + chunk, dtype=np.uint64))
        top = (w[:, 0::2] >> np.uint64(8)).astype(np.int64).ravel()
        angle = w[:, 1::2].astype(np.int64).ravel()
        element = 4 * at + 2 * np.arange(len(top))
        for kept, order in ((small, top), (large, -top)):
            best = np.argpartition(order, 8)[:8]
            kept += [(int(order[i]), int(element[i])) for i in best]
            kept.sort()
            del kept[8:]
        for eighth in range(9):
            distance = angle - eighth * 2**29
            for side, part in ((0, distance), (1, -1 - distance)):
                part = np.where(part < 0, 2**40, part)
                i = int(np.argmin(part))
                if int(part[i]) < 2**40:
                    found = (int(part[i]), int(element[i]))
                    near[eighth, side] = min(near.get((eighth, side), found), found)
    elements = [e for _, e in small + large] + [e for _, e in near.values()]
    return [(seed, stream, t, e + j) for e in elements for j in (0, 1)]


def main():
    rows = spread() + extremes(2**64 - 1, contract.CHAIN, 10000, 0, 2**25)
    rows += [(0x0123456789ABCDEF, contract.TREE, 7, 2**34 + k) for k in range(2, 6)]
    with OUT.open("w", encoding="ascii") as out:
        out.write("/* Made by tests/reference/normals.py: seed, stream, t, element, normal. */\n")
        for seed, stream, t, element in rows:
            value = contract.normals(seed, stream, t, [element])[0]
            out.write(f"{{{seed:#x}u, {stream}, {t}, {element:#x}u, {value:.12e}}},\n")
    print(f"{len(rows)} rows")


if __name__ == "__main__":
    main()
