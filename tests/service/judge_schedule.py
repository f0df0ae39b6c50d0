"""The independent judge of schedules, samplers and exact marginals: decimals, numpy and scipy.

Nothing here is taken from the engine. Tables of steps are made in decimals of 60 digits, so that
nothing is lost where numbers nearly cancel; states are made in float64; integrals are scipy's.
"""

import decimal
import functools
import math
from decimal import Decimal

import numpy as np
from scipy import integrate, stats

import judge

JUMP, TREE = 1, 2
CONTEXT = decimal.Context(prec=60, Emin=-decimal.MAX_EMAX, Emax=decimal.MAX_EMAX)
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
NAMES = ("betas", "alphas", "alphas_cumprod", "sqrt_alphas_cumprod",
         "sqrt_one_minus_alphas_cumprod", "snr", "log_snr", "drift", "diffusion")


def in_decimals(function):
    """Runs a function with 60 digits."""
    @functools.wraps(function)
    def run(*arguments, **options):
        with decimal.localcontext(CONTEXT):
            return function(*arguments, **options)
    return run


def cosine_of(angle):
    """cos by its series, for angles from 0 to pi / 2."""
    term, total, k = Decimal(1), Decimal(1), 0
    while abs(term) > Decimal(10) ** -62:
        k += 2
        term = -term * angle * angle / (k * (k - 1))
        total += term
    return total


def line(start, end, steps):
    """numpy.linspace in decimals."""
    start, end = Decimal(start), Decimal(end)
    if steps == 1:
        return [start]
    return [start + (end - start) * i / (steps - 1) for i in range(steps)]


def _cosine(steps, max_beta):
    def share(i):
        u = Decimal(i) / steps
        return cosine_of((u + Decimal("0.008")) / Decimal("1.008") * PI / 2) ** 2
    shares = [share(i) for i in range(steps)] + [Decimal(0)]
    return [min(1 - after / before, Decimal(max_beta))
            for before, after in zip(shares, shares[1:])]


def _rescaled(betas):
    """The schedule whose last step leaves nothing."""
    roots = [share.sqrt() for share in products(betas)]
    first, last = roots[0], roots[-1]
    moved = [(root - last) * first / (first - last) for root in roots]
    return betas[:1] + [1 - (after / before) ** 2
                        for before, after in zip(moved, moved[1:-1])] + [Decimal(1)]


@in_decimals
def steps_of(schedule="constant", steps=20, beta=0.25, betas=None, beta_start=1e-4, beta_end=0.02,
             max_beta=0.999, parameterization="variance", rescale_zero_snr=False,
             scale_betas=False):
    """The variances of the steps, as decimals, by the words of the interface."""
    if scale_betas:
        beta_start, beta_end = (Decimal(end) * 1000 / max(steps, 1) for end in (beta_start, beta_end))
    if betas is not None:
        made = [Decimal(float(b)) for b in betas]
    elif schedule == "constant":
        made = [Decimal(beta)] * steps
    elif schedule == "linear":
        made = line(beta_start, beta_end, steps)
    elif schedule == "scaled_linear":
        roots = line(Decimal(beta_start).sqrt(), Decimal(beta_end).sqrt(), steps)
        made = [root * root for root in roots]
    elif schedule in ("cosine", "squaredcos_cap_v2"):
        made = _cosine(steps, max_beta)
    else:
        assert schedule == "sigmoid"
        made = [Decimal(beta_start) + (Decimal(beta_end) - Decimal(beta_start)) /
                (1 + (-x).exp()) for x in line(-6, 6, steps)]
    if scale_betas:
        made = [min(b, Decimal(0.999)) for b in made]
    if parameterization == "std":
        made = [b * b for b in made]
    return _rescaled(made) if rescale_zero_snr else made


@in_decimals
def products(betas):
    """alphas_cumprod."""
    out, share = [], Decimal(1)
    for b in betas:
        share *= 1 - b
        out.append(share)
    return out


def number(value):
    """The nearest float; None where a float has no such number."""
    return None if value is None or not math.isfinite(float(value)) else float(value)


@in_decimals
def row(beta, share):
    """What the tables have for one step, from its variance and the share that is left after it."""
    noise = 1 - share
    snr = share / noise if noise else None
    log_snr = share.ln() - noise.ln() if noise and share else None
    values = (beta, 1 - beta, share, share.sqrt(), noise.sqrt(), snr, log_snr, -beta / 2,
              beta.sqrt())
    return dict(zip(NAMES, map(number, values)))


@in_decimals
def crossings(betas):
    """The first t with snr <= 1, and with a mean KL of at most 0.01 nats."""
    shares = products(betas)
    ends = 1 - Decimal("-0.02").exp()
    half = next((t for t, share in enumerate(shares, 1) if share <= 1 - share), None)
    close = next((t for t, share in enumerate(shares, 1) if share <= ends), None)
    return {"snr_1": half, "kl_0.01": close}


def floats(betas):
    """The variances as the doubles that the process is given."""
    return [float(b) for b in betas]


class Law:
    """m and v of the process between any two steps, in float64."""

    def __init__(self, betas):
        self.betas = list(betas)
        logs = [0.0 if b == 1 else math.log1p(-b) for b in self.betas]
        self.logs = np.concatenate([[0.0], np.cumsum(logs)])
        self.ends = np.concatenate([[0], np.cumsum([b == 1 for b in self.betas])])

    def m(self, s, t):
        return 0.0 if self.ends[s] != self.ends[t] else math.exp((self.logs[t] - self.logs[s]) / 2)

    def v(self, s, t):
        return 1.0 if self.ends[s] != self.ends[t] else -math.expm1(self.logs[t] - self.logs[s])


def chain(x, betas, seed, first=0, start=0):
    """Yields t, x_t in float64 from t = start on; element 0 of x has the index first."""
    x = np.asarray(x, dtype=np.float64)
    yield start, x
    for t in range(start + 1, len(betas) + 1):
        noise = judge.normals(seed, t, judge.CHAIN, x.size, first)
        x = math.sqrt(1 - betas[t - 1]) * x + math.sqrt(betas[t - 1]) * noise
        yield t, x


def jump(x, betas, seed, asked, first=0, start=0):
    """Yields t, x_t at the steps asked for, each from the one before."""
    law, s, x = Law(betas), start, np.asarray(x, dtype=np.float64)
    for t in asked:
        if t > s:
            noise = judge.normals(seed, t, JUMP, x.size, first)
            x = law.m(s, t) * x + math.sqrt(law.v(s, t)) * noise
            s = t
        yield t, x


def tree(x0, betas, seed, asked, first=0):
    """Yields t, x_t at the steps asked for, on one path."""
    law, steps, x0 = Law(betas), len(betas), np.asarray(x0, dtype=np.float64)
    known = {0: x0}

    def node(t, a, b):
        noise = judge.normals(seed, t, TREE, x0.size, first)
        if b is None:
            return law.m(0, t) * x0 + math.sqrt(law.v(0, t)) * noise
        whole = law.v(a, b)
        if whole == 0:
            return known[a]
        p = law.v(t, b) * law.m(a, t) / whole
        q = law.v(a, t) * law.m(t, b) / whole
        return p * known[a] + q * known[b] + math.sqrt(law.v(a, t) * law.v(t, b) / whole) * noise

    for t in asked:
        if steps and steps not in known:
            known[steps] = node(steps, 0, None)
        a, b = 0, steps
        while t not in known:
            middle = (a + b) // 2
            if middle not in known:
                known[middle] = node(middle, a, b)
            a, b = (a, middle) if t < middle else (middle, b)
        yield t, known[t]


class Marginal:
    """The exact law of a mixture after a share alpha_bar of its variance is left."""

    def __init__(self, mixture, share):
        weights = np.asarray(mixture["weights"], dtype=np.float64)
        means, stds = np.asarray(mixture["means"], float), np.asarray(mixture["stds"], float)
        keep = weights > 0
        self.weights = (weights / weights.sum())[keep]
        self.means = (math.sqrt(share) * means)[keep]
        self.stds = np.sqrt(share * stds**2 + (1 - share))[keep]

    def mean(self):
        return float(self.weights @ self.means)

    def std(self):
        around = self.means - self.mean()
        return math.sqrt(self.weights @ (self.stds**2 + around**2))

    def density(self, x):
        x = np.asarray(x, dtype=np.float64)[..., None]
        return (self.weights * stats.norm.pdf(x, self.means, self.stds)).sum(-1)

    def _log_density(self, x):
        parts = [math.log(w) - ((x - m) / s) ** 2 / 2 - math.log(s) - 0.5 * math.log(2 * math.pi)
                 for w, m, s in zip(self.weights, self.means, self.stds)]
        top = max(parts)
        return top + math.log(math.fsum(math.exp(part - top) for part in parts))

    def _integral(self, of_log):
        """The integral of p times a function of x and ln p, piece by piece between the knots."""
        def integrand(x):
            log_p = self._log_density(x)
            return math.exp(log_p) * of_log(x, log_p)
        knots = np.unique((self.means[:, None] + self.stds[:, None] *
                           np.array([-11, -6, -3, -1, 0, 1, 3, 6, 11])).ravel())
        return math.fsum(integrate.quad(integrand, a, b, epsabs=1e-13, epsrel=1e-11, limit=200)[0]
                         for a, b in zip(knots, knots[1:]))

    def entropy(self):
        return self._integral(lambda x, log_p: -log_p)

    def kl(self):
        return self._integral(lambda x, log_p: log_p + x * x / 2 + 0.5 * math.log(2 * math.pi))
