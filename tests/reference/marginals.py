#!/usr/bin/python3
"""Writes tests/unit/marginal_table.inc: laws of mixtures at t, by exact fractions and scipy's quad.

Entropy and KL are integrated apart from each other, piece by piece between points at each
component's mean and some deviations beside it, in units of the smallest deviation and relative to
the first mean: where means are large, only their differences are exact. Moments are sums of
fractions. Single Gaussians are judged by their closed form as well.
"""

import math
import pathlib
from fractions import Fraction

import numpy as np
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import norm

from made import literal, literals

OUT = pathlib.Path(__file__).resolve().parent.parent / "unit" / "marginal_table.inc"

LESSON = ([0.5, 0.3, 0.2], [0, 5, -3], [1, 0.5, 1.5])
UNEQUAL = ([0.5, 0.5], [0.25, 1], [1e-4, 1])
NEEDLES = ([3, 1, 2, 1], [0, 0.5, 0.501, -2], [1, 1e-3, 2e-3, 0.05])
COMB = ([1 + k % 3 for k in range(12)], [7.045 * ((5 * k) % 12) for k in range(12)], [1] * 12)
RISING = ([1 + k % 5 for k in range(20)], [-3 + 0.3 * k for k in range(20)],
          [0.05 * 1.2**k for k in range(20)])

CASES = [
    # mixture, signal^2, variance
    *((LESSON, 0.5**t, 1 - 0.5**t) for t in (0, 1, 2, 3, 5, 8, 13, 21, 40)),
    (LESSON, 0.99, 0.01), (LESSON, 1e-18, 1.0), (LESSON, 0.0, 1.0),
    (([1], [0], [1]), 1.0, 0.0), (([2.5], [1e6], [1e-3]), 1.0, 0.0), (([1], [-7], [3]), 0.25, 0.75),
    (([1], [1e38], [1e30]), 0.5, 0.5), (([1], [0], [1e-38]), 1.0, 0.0),
    (([1e-310], [3], [1e-200]), 1.0, 0.0), (([4], [0.5], [0]), 0.75, 0.25),
    (([0.5, 0.5], [0, 1e6], [1e-3, 1e-3]), 1.0, 0.0), (([1, 3], [1e6, 0], [1e-3, 2]), 1.0, 0.0),
    (([0.47, 0.53], [1e6, 1e6 + 0.0070448], [1e-3, 1e-3]), 1.0, 0.0),
    (([0.4, 0.6, 1], [1e6, 1e6 + 2**-33, -1e6], [1e-10, 2e-10, 1e-10]), 1.0, 0.0),
    (([1, 1], [0, 7.045], [1, 1]), 1.0, 0.0), (([1, 1], [0, 7.045], [1, 1]), 0.5, 0.0),
    (([1, 1], [0, 20.5], [1, 1]), 1.0, 0.0), (([1, 1], [0, 19.5], [1, 1]), 1.0, 0.0),
    (UNEQUAL, 1.0, 0.0), (UNEQUAL, 0.9999, 1e-4), (UNEQUAL, 0.5, 0.5),
    (([1 - 1e-12, 1e-12], [0, 9], [1, 1]), 1.0, 0.0),
    (([1, 1e-12], [0, 30], [1, 0.01]), 1.0, 0.0), (([1e-12, 1], [0, 0], [1, 1e-2]), 1.0, 0.0),
    (([1e300, 1e-310], [0, 3], [1, 0.5]), 1.0, 0.0), (([1e-310, 3e-310], [-2, 2], [1, 0.5]), 1.0, 0.0),
    (([1, 0, 1], [0, 1, 2], [1, 0, 0.25]), 1.0, 0.0), (([0, 1, 0], [1e9, 1, 3], [0, 0.5, 1e-9]), 1.0, 0.0),
    (([1, 1, 1], [-1, 0, 1], [0, 0, 0]), 0.99, 0.01), (([1, 1], [-0.5, 0.5], [0.1, 0.2]), 0.3, 0.7),
    (COMB, 1.0, 0.0), (NEEDLES, 1.0, 0.0), (NEEDLES, 0.999, 0.001), (RISING, 1.0, 0.0),
    (RISING, 0.8, 0.2),
]

AT = (0, 0.5, 1, 2, 3, 4.5, 6, 8, 10, 14, 20, 30, 39)
TAILS = (0.0, 0.7, -1.3, 5.0, -12.0, 25.0, -37.5)


class Law:
    """A mixture at t in units of its smallest deviation, around its first mean."""

    def __init__(self, mixture, signal, variance):
        rows = [row for row in zip(*mixture) if row[0] > 0]
        total = sum(Fraction(w) for w, _, _ in rows)
        self.signal, self.weights = signal, [Fraction(w) / total for w, _, _ in rows]
        self.means = [Fraction(signal) * Fraction(m) for _, m, _ in rows]
        self.variances = [(Fraction(signal) * Fraction(s))**2 + Fraction(variance) for _, _, s in rows]
        smallest = min(self.variances)
        self.unit = root(smallest)
        self.at = [(m - self.means[0]) / Fraction(self.unit) for m in self.means]
        self.sd = np.array([root(v / smallest) for v in self.variances])
        # A weight below the range of double is no weight.
        with np.errstate(divide="ignore"):
            self.peaks = np.log([float(w) for w in self.weights]) - np.log(self.sd)

    def moments(self):
        mean = sum(w * m for w, m in zip(self.weights, self.means))
        variance = sum(w * (v + (m - mean)**2)
                       for w, m, v in zip(self.weights, self.means, self.variances))
        return float(mean), root(variance)

    def integral(self, function):
        """Of p(u) function(u, ln p(u)) over the line; its error estimate stays far below 1e-8."""
        cuts = sorted((at + sign * k * Fraction(sd), at) for at, sd in zip(self.at, self.sd)
                      for k in AT for sign in (-1, 1))
        parts = [self.piece(function, left, right, at)
                 for (left, at), (right, _) in zip(cuts, cuts[1:]) if right > left]
        value = math.fsum(part for part, _ in parts)
        assert math.fsum(error for _, error in parts) < 1e-10 * max(1, abs(value))
        return value

    def piece(self, function, left, right, origin):
        """The same from left to right; quad sees distances from an origin that is near."""
        apart = np.array([float(at - origin) for at in self.at])
        start = float(origin)

        def integrand(u):
            ln_p = logsumexp(self.peaks + norm.logpdf((u - apart) / self.sd))
            p = math.exp(ln_p)
            return p * function(start + u, ln_p) if p > 0 else 0.0
        return quad(integrand, float(left - origin), float(right - origin), epsabs=1e-13,
                    epsrel=1e-13, limit=200)[:2]

    def entropy(self):
        return math.log(self.unit) - self.integral(lambda u, ln_p: ln_p)

    def kl(self):
        origin, unit = float(self.means[0]), self.unit
        value = self.integral(lambda u, ln_p: ln_p - math.log(unit) - norm.logpdf(origin + unit * u))
        return max(value, 0.0)

    def ranges(self):
        """The length of the union of mean +- 10 sd, and how many pieces it has."""
        length, pieces, reached = 0, 0, -math.inf
        parts = ((at - 10 * Fraction(sd), at + 10 * Fraction(sd)) for at, sd in zip(self.at, self.sd))
        for left, right in sorted(parts):
            pieces += left > reached
            length += max(right - max(reached, left), 0)
            reached = max(reached, right)
        return float(length), pieces


def root(fraction):
    """The square root as a double, also of what lies outside the range of double."""
    power = (fraction.numerator.bit_length() - fraction.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(fraction / Fraction(4)**power), power) if fraction else 0.0


def judge(law, entropy, kl):
    """Where there is one component: its closed form."""
    if len(law.weights) > 1:
        return
    mean, std = law.moments()
    expected = 0.5 * math.log(2 * math.pi * math.e) + math.log(std)
    assert abs(entropy - expected) < 1e-11 * max(1, abs(expected)), (entropy, expected)
    expected = 0.5 * (mean**2 + std**2 - 1) - math.log(std)
    assert abs(kl - expected) < 1e-11 * max(1, abs(expected)), (kl, expected)


def densities(mixture, signal, variance):
    """At some places of some components, by scipy's norm."""
    weights, means, stds = (np.array(v, dtype=np.float64)[np.array(mixture[0]) > 0] for v in mixture)
    means, stds = signal * means, np.hypot(signal * stds, math.sqrt(variance))
    weights = weights / weights.sum()
    x = [means[k % len(means)] + z * stds[k % len(means)] for k, z in enumerate(TAILS)]
    return x, [float(np.sum(weights * norm.pdf(v, means, stds))) for v in x]


def main():
    with OUT.open("w", encoding="ascii") as out:
        out.write("/* Made by tests/reference/marginals.py. */\n")
        rows = []
        for number, (mixture, square, variance) in enumerate(CASES):
            signal = math.sqrt(square)
            law = Law(mixture, signal, variance)
            entropy, kl = law.entropy(), law.kl()
            judge(law, entropy, kl)
            for name, values in zip(("weights", "means", "stds"), mixture):
                inside = literals([float(v) for v in values])
                out.write(f"static const double {name}_{number}[] = {{{inside}}};\n")
            x, density = densities(mixture, signal, variance)
            numbers = [*law.moments(), entropy, kl]
            length, pieces = law.ranges()
            rows.append(f"    {{{{{len(mixture[0])}, weights_{number}, means_{number}, stds_{number}}},\n"
                        f"     {literal(signal)}, {literal(variance)}, {length:.17g}, {pieces},\n"
                        f"     {{{', '.join(f'{v:.17g}' for v in numbers)}}},\n"
                        f"     {{{literals(x)}}},\n     {{{literals(density)}}}}},\n")
        out.write("static const struct marginal_case marginal_cases[] = {\n")
        out.writelines(rows)
        out.write("};\n")
    print(f"{len(CASES)} cases, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
