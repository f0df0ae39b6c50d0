#!/usr/bin/python3
"""Writes tests/unit/schedule_table.inc: what follows from schedules, in decimals of 80 digits.

The formulas are those of the definitions, taken literally: products, not sums of logarithms;
1 - f/f and (s_t - s_T) s_1 / (s_1 - s_T), not the forms that save digits. Only linspace is numpy's,
in float64, as the definition says. The same in plain float64, as diffusers computes it, has to come
near to it, and the known values of alphas_cumprod too.

Each case has some rows, and a hash of the float32 coefficients of all its steps.
"""

import decimal
import pathlib
from decimal import Decimal

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "unit" / "schedule_table.inc"

decimal.getcontext().prec = 80
decimal.getcontext().Emin, decimal.getcontext().Emax = -10**9, 10**9
PI = Decimal("3.1415926535897932384626433832795028841971693993751058209749445923078164062862089986")

DDPM = dict(beta_start=1e-4, beta_end=0.02)
ODD = [0.5, 0.0, 0.25, 1e-3, 0.0, 0.9, 0.5]
KINDS = [
    ("CONSTANT", dict(beta=0.25)),
    ("LINEAR", DDPM),
    ("SCALED_LINEAR", dict(beta_start=0.00085, beta_end=0.012)),
    ("COSINE", dict(max_beta=0.999)),
    ("SIGMOID", DDPM),
    ("CUSTOM", dict(betas=ODD)),
]
VARIANCE, STD = "DISSOLVE_VARIANCE", "DISSOLVE_STD"
# kind, steps, its numbers, parameterization, rescale_zero_snr
CASES = [(kind, steps, numbers, parameterization, rescale)
         for kind, numbers in KINDS
         for steps in ((7,) if kind == "CUSTOM" else (1, 2, 7, 1000))
         for parameterization in (VARIANCE, STD)
         for rescale in ((False,) if steps == 1 else (False, True))]
TINY = [0.9999, 1e-12, 2e-12, 1e-18, 0.5, 1e-12, 1e-12, 3e-9]
CASES += [
    # rounding: tiny numbers, many of them, after large ones
    ("CONSTANT", 10000, dict(beta=1e-12), VARIANCE, False),
    ("CONSTANT", 10000, dict(beta=1e-12), VARIANCE, True),
    ("CONSTANT", 10000, dict(beta=1e-12), STD, False),
    ("LINEAR", 10000, dict(beta_start=1e-12, beta_end=1e-9), VARIANCE, True),
    ("LINEAR", 10000, DDPM, VARIANCE, False),
    ("LINEAR", 10000, dict(beta_start=0.02, beta_end=0.0), VARIANCE, True),
    ("COSINE", 10000, dict(max_beta=0.999), VARIANCE, False),
    ("CUSTOM", 8, dict(betas=TINY), VARIANCE, False),
    ("CUSTOM", 8, dict(betas=TINY), VARIANCE, True),
    # the range's ends
    ("LINEAR", 7, dict(beta_start=0.0, beta_end=1.0), VARIANCE, False),
    ("LINEAR", 1000, dict(beta_start=1.0, beta_end=0.0), STD, False),
    ("SCALED_LINEAR", 7, dict(beta_start=0.0, beta_end=1.0), VARIANCE, True),
    ("SIGMOID", 7, dict(beta_start=1.0, beta_end=0.0), VARIANCE, False),
    ("COSINE", 1, dict(max_beta=1.0), VARIANCE, False),
    ("COSINE", 1000, dict(max_beta=2.0), VARIANCE, True),
    ("COSINE", 7, dict(max_beta=0.25), STD, False),
    # steps without noise before, between and after, and steps that replace the state
    ("CUSTOM", 7, dict(betas=[0.0, 0.0, 0.25, 0.0, 0.5, 0.0, 0.0]), VARIANCE, False),
    ("CUSTOM", 7, dict(betas=[0.0, 0.0, 0.25, 0.0, 0.5, 0.0, 0.0]), VARIANCE, True),
    ("CUSTOM", 7, dict(betas=[0.5, 0.0, 1.0, 0.25, 0.0, 1.0, 0.125]), VARIANCE, False),
    ("CUSTOM", 7, dict(betas=[0.5, 0.0, 1.0, 0.25, 0.0, 1.0, 0.125]), VARIANCE, True),
]
SD = dict(beta_start=0.00085, beta_end=0.012)
# ends scaled by 1000/steps: at the cap for some numbers, for all, for none; above 1000 steps
CASES += [(kind, steps, dict(numbers, scale_betas=True), parameterization, rescale)
          for kind, numbers in (("LINEAR", DDPM), ("SCALED_LINEAR", SD), ("SIGMOID", DDPM))
          for steps, parameterization, rescale in (
              (1, VARIANCE, False), (7, VARIANCE, False), (7, STD, True), (20, VARIANCE, False),
              (50, STD, False), (250, VARIANCE, True), (1000, VARIANCE, False),
              (4000, VARIANCE, False))]
CASES += [
    ("LINEAR", 7, dict(beta_start=0.5, beta_end=0.9, scale_betas=True), VARIANCE, False),
    ("SIGMOID", 20, dict(beta_start=0.5, beta_end=0.0, scale_betas=True), VARIANCE, False),
]

CHECKS = [
    # alphas_cumprod after 1000 steps, and their last digit's half
    ("LINEAR", DDPM, 4.03583e-5, 5e-11),
    ("SCALED_LINEAR", dict(beta_start=0.00085, beta_end=0.012), 4.6601e-3, 5e-8),
    ("COSINE", dict(max_beta=0.999), 2.42877e-9, 5e-15),
    ("SIGMOID", DDPM, 3.96818e-5, 5e-11),
]


def cosine(x):
    """cos x by its series, for 0 <= x < 2."""
    total, term, n = Decimal(0), Decimal(1), 0
    while abs(term) > Decimal(10) ** -90:
        total += term
        n += 2
        term *= -x * x / (n * (n - 1))
    return total


def scaled_numbers(function, kind, steps, beta_start, beta_end):
    """The numbers of ends times 1000/steps, in float64 as guided-diffusion has them, capped."""
    scale = 1000 / steps
    made = function(kind, steps, beta_start=scale * beta_start, beta_end=scale * beta_end)
    return [min(number, type(number)(0.999)) for number in made]


def exact(kind, steps, beta=0.0, beta_start=0.0, beta_end=0.0, max_beta=0.0, betas=(),
          scale_betas=False):
    """The schedule's numbers as decimals."""
    if scale_betas:
        return scaled_numbers(exact, kind, steps, beta_start, beta_end)
    if kind == "CONSTANT":
        return [Decimal(beta)] * steps
    if kind == "LINEAR":
        return [Decimal(float(b)) for b in np.linspace(beta_start, beta_end, steps)]
    if kind == "SCALED_LINEAR":
        roots = np.linspace(np.sqrt(beta_start), np.sqrt(beta_end), steps)
        return [Decimal(float(r)) ** 2 for r in roots]
    if kind == "COSINE":
        f = [cosine((Decimal(i) / steps + Decimal("0.008")) / Decimal("1.008") * PI / 2) ** 2
             for i in range(steps)] + [Decimal(0)]
        return [min(1 - f[i + 1] / f[i], Decimal(max_beta)) for i in range(steps)]
    if kind == "SIGMOID":
        return [(Decimal(beta_end) - Decimal(beta_start)) / (1 + Decimal(-float(x)).exp())
                + Decimal(beta_start) for x in np.linspace(-6, 6, steps)]
    return [Decimal(b) for b in betas]


def plain(kind, steps, beta=0.0, beta_start=0.0, beta_end=0.0, max_beta=0.0, betas=(),
          scale_betas=False):
    """The schedule's numbers in float64, as diffusers has them."""
    if scale_betas:
        return np.array(scaled_numbers(plain, kind, steps, beta_start, beta_end))
    if kind == "CONSTANT":
        return np.full(steps, beta)
    if kind == "LINEAR":
        return np.linspace(beta_start, beta_end, steps)
    if kind == "SCALED_LINEAR":
        return np.linspace(beta_start**0.5, beta_end**0.5, steps) ** 2
    if kind == "COSINE":
        f = np.cos((np.arange(steps + 1) / steps + 0.008) / 1.008 * np.pi / 2) ** 2
        return np.minimum(1 - f[1:] / f[:-1], max_beta)
    if kind == "SIGMOID":
        return 1 / (1 + np.exp(-np.linspace(-6, 6, steps))) * (beta_end - beta_start) + beta_start
    return np.array(betas)


def cumulated(betas):
    """prod (1 - beta) from no step to all."""
    products = [Decimal(1)]
    for beta in betas:
        products.append(products[-1] * (1 - beta))
    return products


def rescaled(betas):
    """Betas that leave no signal at the end; those that the formula says nothing of as they are."""
    s = [p.sqrt() for p in cumulated(betas)]
    new = [None] + [(x - s[-1]) * s[1] / (s[1] - s[-1]) for x in s[1:]]
    out = [betas[0]]
    for t in range(2, len(betas)):
        out.append(1 - (new[t] / new[t - 1]) ** 2 if new[t - 1] else betas[t - 1])
    return out + [Decimal(1)]


def plain_betas(case):
    """The case in float64, as diffusers computes it, where that is defined."""
    kind, steps, numbers, parameterization, rescale = case
    betas = plain(kind, steps, **numbers)
    if parameterization == STD:
        betas = betas**2
    if rescale:
        s = np.sqrt(np.cumprod(1 - betas))
        with np.errstate(divide="ignore", invalid="ignore"):
            s = (s - s[-1]) * (s[0] / (s[0] - s[-1]))
            betas = np.concatenate([betas[:1], 1 - (s[1:] / s[:-1]) ** 2])
        betas[-1] = 1
    return betas


def betas_of(case):
    """The betas of a case: the doubles next to them."""
    kind, steps, numbers, parameterization, rescale = case
    betas = exact(kind, steps, **numbers)
    if parameterization == STD:
        betas = [b * b for b in betas]
    if rescale:
        betas = rescaled(betas)
    betas = [float(b) for b in betas]
    near = plain_betas(case)
    defined = np.isfinite(near)
    if not rescale or plain(kind, steps, **numbers)[-1] > 1e-6:  # else float64 has no digits left
        assert np.allclose(np.array(betas)[defined], near[defined], rtol=1e-9, atol=1e-12), case
    return betas


class Case:
    """What follows from betas."""

    def __init__(self, betas):
        self.betas = betas
        self.kept = [Decimal(1)]  # the product of all 1 - beta but those that are 0
        self.erasures = [0]
        for beta in betas:
            self.kept.append(self.kept[-1] * (1 - Decimal(beta) if beta < 1 else 1))
            self.erasures.append(self.erasures[-1] + (beta == 1))

    def transition(self, start, end):
        """Signal and variance as doubles."""
        if self.erasures[start] != self.erasures[end]:
            return 0.0, 1.0
        share = self.kept[end] / self.kept[start]
        return float(share.sqrt()), float(1 - share)

    def measures(self, t):
        """alphas_cumprod, snr, its logarithm and the divergence."""
        if self.erasures[t]:
            return 0.0, 0.0, -np.inf, 0.0
        kept = self.kept[t]
        if kept == 1:
            return 1.0, np.inf, np.inf, np.inf
        snr = kept / (1 - kept)
        divergence = -(1 - kept).ln() / 2 if kept > Decimal(10) ** -25 else (kept + kept**2 / 2) / 2
        return float(kept), float(snr), float(snr.ln()), float(divergence)

    def coefficients(self):
        """All steps' float32 coefficients, alone, from the input and from half way."""
        rows = []
        for t, beta in enumerate(self.betas, 1):
            row = [np.sqrt(1 - beta), np.sqrt(beta)]
            for start in (0, t // 2):
                signal, variance = self.transition(start, t)
                row += [signal, np.sqrt(variance)]
            rows.append(row)
        with np.errstate(under="ignore"):
            return np.array(rows).astype(np.float32)

    def hash(self):
        """FNV-1a over the coefficients' words."""
        value = 0xCBF29CE484222325
        for word in self.coefficients().view(np.uint32).ravel():
            value = (value ^ int(word)) * 0x100000001B3 % 2**64
        return value


def sample(steps):
    """Which steps become rows, and from where each is reached in one."""
    chosen = sorted({1, 2, 3, steps // 2, steps - 1, steps} & set(range(1, steps + 1)))
    if steps <= 8:
        chosen = range(1, steps + 1)
    return [(t, (t - 1, t // 2, 1)[k % 3]) for k, t in enumerate(chosen)]


def number(value):
    """A double as C reads it back exactly."""
    text = repr(float(value))
    return text.replace("inf", "INFINITY")


def write_case(out, index, case, first):
    """Writes the case's betas and returns its row and its steps' rows."""
    kind, steps, numbers, parameterization, rescale = case
    options = [f".kind = DISSOLVE_SCHEDULE_{kind}", f".steps = {steps}"]
    for name, value in numbers.items():
        if name == "betas":
            inside = ", ".join(map(number, value))
            out.write(f"static const double betas_{index}[] = {{{inside}}};\n")
            value = f"betas_{index}"
        options.append(f".{name} = {'true' if value is True else value}")
    options.append(f".parameterization = {parameterization}")
    if rescale:
        options.append(".rescale_zero_snr = true")
    made = Case(betas_of(case))
    rows = []
    for t, start in sample(steps):
        values = [made.betas[t - 1], *made.measures(t), *made.transition(start, t)]
        rows.append(f"    {{{t}, {start}, {', '.join(map(number, values))}}},\n")
    head = f"    {{{{{', '.join(options)}}}, {made.hash():#018x}u, {first}, {len(rows)}}},\n"
    return head, rows


def main():
    for kind, numbers, expected, allowed in CHECKS:
        got = float(cumulated(exact(kind, 1000, **numbers))[-1])
        assert abs(got - expected) <= allowed, (kind, got)
    heads, rows = [], []
    with OUT.open("w", encoding="ascii") as out:
        out.write("/* Made by tests/reference/schedules.py. */\n")
        for index, case in enumerate(CASES):
            head, more = write_case(out, index, case, len(rows))
            heads.append(head)
            rows += more
        out.write("static const struct schedule_row schedule_rows[] = {\n")
        out.writelines(rows)
        out.write("};\nstatic const struct schedule_case schedule_cases[] = {\n")
        out.writelines(heads)
        out.write("};\n")
    print(f"{len(CASES)} cases, {len(rows)} rows, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
