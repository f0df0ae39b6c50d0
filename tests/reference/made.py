"""Reproducible float32 data, made the same way by tests/unit/made.h, and C literals."""

import math

import numpy as np


def made(seed, n, exponent, shift=0.0):
    """n bell-shaped values, about 1.2 * 2^(exponent + 15) wide, around shift."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    parts = sum(((z >> np.uint64(k)) & np.uint64(0xFFFF)).astype(np.int64) for k in (0, 16, 32, 48))
    x = (parts - 131070).astype(np.float32) * np.float32(2.0**exponent)
    return x + np.float32(shift)


def literal(value):
    """A double as C reads it back exactly."""
    value = float(value)
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value)}.0"
    mantissa, power = value.hex().split("p")
    return mantissa.rstrip("0").rstrip(".") + "p" + power.lstrip("+")


def literals(values):
    """The inside of a C array of numbers, a few a line."""
    texts = [str(v) if isinstance(v, (int, np.integer)) else literal(v) for v in values]
    lines, line = [], ""
    for text in texts:
        if len(line) + len(text) > 110:
            lines.append(line)
            line = ""
        line += text + ","
    return "\n".join(lines + [line])
