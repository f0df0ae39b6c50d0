"""The checks, in parts. A part has tasks, each measured by itself (in any process, within some
300 MB), and judges what all of them measured: that gives Check after Check, each with a p-value."""

from typing import NamedTuple

import numpy as np
from scipy import special

import laws
from source import Place

GROUP = 64  # elements that the kernel makes at a time
PIECE = 2**20  # elements that are looked at as float64 at a time
LAGS = [*range(1, 17), 31, 32, 33, 64, 128, 256, 1024, 4096, 65536]


class Check(NamedTuple):
    kind: str  # "skewness", what a broken generator is expected to fail
    of: str  # "seed 42"
    statistic: str  # as it is printed
    p: float


def z_check(kind, of, z, skewness=0.0):
    return Check(kind, of, f"{z:+.2f} sigma", laws.gamma_law(z, skewness))


def merge(results):
    """Adds up what the tasks measured, name by name."""
    return {name: sum(result[name] for result in results) for name in results[0]}


def squared(x):
    """Of N(0, 1): mean 0, variance 1; a product of two independent ones has a skewness of 8."""
    return (x * x - 1) / np.sqrt(2)


def products(x, lag, length):
    return x[:length] @ x[lag:lag + length]


def kolmogorov_distance(u, at, n):
    """Of u, which should be uniform and is part of n sorted values from place `at` on."""
    below = np.arange(at, at + len(u)) / n
    return max((u - below).max(), (below - u).max() + 1 / n)


def anderson_darling_sum(u, at, n):
    """The part of sum (2i - 1) ln u_i + (2 (n - i) + 1) ln(1 - u_i), i = 1..n, of such values."""
    below = np.arange(at, at + len(u))
    with np.errstate(divide="ignore"):
        return (2 * below + 1) @ np.log(u) + (2 * (n - below) - 1) @ np.log1p(-u)


class Marginals:
    """The law of single normals, and what they have to do with their neighbours."""

    def __init__(self, places, count):
        self.tasks = places  # each begins at a whole group
        self.count = count

    def measure(self, source, place):
        values = source.normals(place, self.count)
        sums = merge([self._piece(values, at) for at in range(0, self.count, PIECE)])
        return {"place": place, "sums": sums, **self._distribution(values)}

    def _piece(self, values, at):
        x = values[at:at + PIECE + LAGS[-1]].astype(np.float64)
        n = min(PIECE, len(x))
        own = x[:n]
        square = own * own
        lengths = np.array([min(n, len(x) - lag) for lag in LAGS])
        s = squared(x)
        return {
            "n": n,
            "powers": np.array([own.sum(), square.sum(), square @ own, square @ square]),
            "columns": own.reshape(-1, GROUP).sum(0),
            "square columns": squared(own).reshape(-1, GROUP).sum(0),
            "lengths": lengths,
            "products": np.array([products(x, k, m) for k, m in zip(LAGS, lengths)]),
            "square products": np.array([products(s, k, m) for k, m in zip(LAGS, lengths)]),
            "pairs": own[0::2] @ own[1::2],
            "square pairs": s[:n][0::2] @ s[:n][1::2],
        }

    def _distribution(self, values):
        """Kolmogorov-Smirnov's D and Anderson-Darling's A^2 of the normals, D of exp(-r^2 / 2).
        Puts the values into order, in place: a place's are many."""
        n = len(values)
        radius = np.empty(n // 2)
        for at in range(0, n, PIECE):
            square = np.square(values[at:at + PIECE], dtype=np.float64)
            radius[at // 2:(at + len(square)) // 2] = np.exp(-(square[0::2] + square[1::2]) / 2)
        radius.sort()
        values.sort()
        d, a2, radius_d = 0.0, 0.0, 0.0
        for at in range(0, n, PIECE):
            u = special.ndtr(values[at:at + PIECE].astype(np.float64))
            d = max(d, kolmogorov_distance(u, at, n))
            a2 -= anderson_darling_sum(u, at, n) / n
        for at in range(0, n // 2, PIECE):
            radius_d = max(radius_d, kolmogorov_distance(radius[at:at + PIECE], at, n // 2))
        return {"d": d, "a2": a2 - n, "radius d": radius_d}

    def judge(self, results):
        sums = [result["sums"] for result in results]
        names = [f"{result['place']}" for result in results]
        whole = merge(sums)
        for name, one in [*zip(names, sums), ("all", whole)]:
            yield from self._moments(name, one["powers"] / one["n"], one["n"])
        yield from self._columns(whole)
        yield from self._distances(names, results)
        yield from self._neighbours(whole)

    def _moments(self, name, raw, n):
        m, raw2, raw3, raw4 = raw
        m2 = raw2 - m * m
        m3 = raw3 - 3 * m * raw2 + 2 * m**3
        m4 = raw4 - 4 * m * raw3 + 6 * m * m * raw2 - 3 * m**4
        b1, b2 = m3 / m2**1.5, m4 / m2**2
        yield z_check("mean", name, m * np.sqrt(n))
        yield Check("variance", name, f"{m2 * n / (n - 1):.7f}", laws.chi_square(n * m2, n - 1))
        yield Check("skewness", name, f"{b1:+.7f}", laws.skewness_law(b1, n))
        yield Check("kurtosis", name, f"{b2:.7f}", laws.kurtosis_law(b2, n))

    def _columns(self, whole):
        """Every place in a group of the kernel's is as good as any other."""
        n = whole["n"] / GROUP
        for kind, name in (("place means", "columns"), ("place variances", "square columns")):
            statistic = np.square(whole[name]).sum() / n
            yield Check(kind, "all", f"chi-square {statistic:.1f} of {GROUP}",
                        laws.chi_square(statistic, GROUP))

    def _distances(self, names, results):
        n = self.count
        for kind, name, law in (
                ("Kolmogorov-Smirnov", "d", lambda d: laws.kolmogorov_smirnov(d, n)),
                ("Anderson-Darling", "a2", laws.anderson_darling),
                ("radius", "radius d", lambda d: laws.kolmogorov_smirnov(d, n // 2))):
            p = [law(result[name]) for result in results]
            for one, of, result in zip(p, names, results):
                yield Check(kind, of, f"{result[name]:.6g}", one)
            yield Check(kind, "all", f"{len(p)} p-values together", laws.fisher(p))

    def _neighbours(self, whole):
        for i, (lag, length) in enumerate(zip(LAGS, whole["lengths"])):
            root = np.sqrt(length)
            yield z_check("autocorrelation", f"lag {lag}", whole["products"][i] / root)
            yield z_check("squares' autocorrelation", f"lag {lag}",
                          whole["square products"][i] / root, 8 / root)
        root = np.sqrt(whole["n"] / 2)
        yield z_check("pairs", "r cos, r sin", whole["pairs"] / root)
        yield z_check("pairs", "their squares", whole["square pairs"] / root, 8 / root)


class Words:
    """The words are uniform, and independent of the block's other words and of the next block's."""

    BESIDE = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]

    def __init__(self, places, blocks):
        self.tasks = places
        self.blocks = blocks

    def measure(self, source, place):
        pieces = range(0, self.blocks, PIECE)
        return merge([self._piece(source.words(place.at(4 * at), min(PIECE, self.blocks - at)))
                      for at in pieces])

    @staticmethod
    def _piece(words):
        halves = [np.bincount(words[:, j] >> shift & 0xffff, minlength=2**16)
                  for j in range(4) for shift in (0, 16)]
        tops = words >> 24
        pairs = [(tops[:, i], tops[:, j]) for i, j in Words.BESIDE]
        pairs += [(tops[:-1, j], tops[1:, j]) for j in range(4)]
        joint = [np.bincount(a << 8 | b, minlength=2**16) for a, b in pairs]
        return {"halves": np.array(halves), "joint": np.array(joint)}

    def judge(self, results):
        whole = merge(results)
        bits = []
        for i, half in enumerate(whole["halves"]):
            of = f"word {i // 2}, bits {16 * (i % 2)}.."
            yield self._uniform("16-bit halves", of, half)
            square = half.reshape(256, 256)
            yield self._uniform("bytes", f"{of}, low", square.sum(0))
            yield self._uniform("bytes", f"{of}, high", square.sum(1))
            ones = [half.reshape(-1, 2, 2**bit)[:, 1].sum() for bit in range(16)]
            bits += [(2 * count - half.sum()) / np.sqrt(half.sum()) for count in ones]
        p = [laws.gamma_law(z, 0) for z in bits]
        furthest = int(np.argmin(p))
        yield Check("bits", f"the worst of {len(p)}, {furthest % 32} of word {furthest // 32}",
                    f"{bits[furthest]:+.2f} sigma", laws.worst(p))
        names = [f"words {i} and {j}" for i, j in self.BESIDE]
        names += [f"word {j} and the next block's" for j in range(4)]
        for of, counts in zip(names, whole["joint"]):
            yield self._uniform("top bytes of two words", of, counts)

    @staticmethod
    def _uniform(kind, of, counts):
        expected = counts.sum() / len(counts)
        statistic = np.square(counts - expected).sum() / expected
        return Check(kind, of, f"chi-square {statistic:.0f} of {len(counts) - 1}",
                     laws.chi_square(statistic, len(counts) - 1))


class Rows:
    """Rows of normals that differ in one thing: no two of them have to do with each other."""

    COLUMNS = 2**14  # of a task

    def __init__(self, kind, rows, tasks, lags=()):
        self.kind = kind
        self.rows = rows
        self.tasks = [self.COLUMNS * i for i in range(tasks)]
        self.lags = lags

    def measure(self, source, offset):
        x = [source.normals(row.at(offset), self.COLUMNS) for row in self.rows]
        x = np.array(x, np.float64)
        s = squared(x)
        return {"n": self.COLUMNS, "products": x @ x.T, "square products": s @ s.T}

    def judge(self, results):
        whole = merge(results)
        root = np.sqrt(whole["n"])
        first, second = np.triu_indices(len(self.rows), 1)
        for kind, name, skewness in ((self.kind, "products", 0),
                                     (f"{self.kind}, squares", "square products", 8 / root)):
            z = whole[name] / root
            p = [laws.gamma_law(one, skewness) for one in z[first, second]]
            i = int(np.argmin(p))
            a, b = first[i], second[i]
            of = f"the worst of {len(p)} pairs, {self.rows[a]} and {self.rows[b]}"
            yield Check(kind, of, f"{z[a, b]:+.2f} sigma", laws.worst(p))
            for lag in self.lags:
                width = np.sqrt(len(self.rows) - lag)
                yield z_check(kind, f"lag {lag}", np.trace(z, lag) / width, skewness / width)


class Size(NamedTuple):
    places: int
    count: int  # normals of a place
    blocks: int  # blocks of words of a place
    tasks: int  # of each Rows


SIZES = {"short": Size(4, 2**18, 2**17, 1), "long": Size(8, 2**24, 2**22, 16)}

# The fixed seeds. Two places lie across the carry into the counter's second word, and one near the
# last element of all. The short run takes the first ones.
PLACES = [
    Place(42, 0, 1, 0),
    Place(2**64 - 1, 1, 1000, 2**34 - 2**16),
    Place(0x0123456789ABCDEF, 2, 7, 2**40),
    Place(0, 3, 0, 0),
    Place(1, 0, 20, 2**34 - 2**23),
    Place(2**32, 0, 10000, 2**33 + 2**10),
    Place(2**63, 1, 3, 2**62),
    Place(0xDEADBEEF, 2, 500, 2**64 - 2**25),
]

SEED = 0x0123456789ABCDEF


def parts(size):
    """Everything that is checked, at that size."""
    seeds = [SEED, SEED + 1, SEED + 2**32, SEED >> 32 | (SEED & 0xFFFFFFFF) << 32]
    seeds += [SEED ^ 1 << bit for bit in range(64)]
    streams = [Place(seed, stream, t, 0) for seed in (SEED, SEED + 1) for stream in range(5)
               for t in range(3)]
    places = PLACES[:size.places]
    return [
        Marginals(places, size.count),
        Words(places, size.blocks),
        Rows("seeds", [Place(seed, 0, 1, 0) for seed in seeds], size.tasks),
        Rows("streams", streams, size.tasks),
        Rows("steps", [Place(SEED, 0, t, 0) for t in range(1, 41)], size.tasks,
             [*range(1, 11), 16, 32]),
        Rows("far steps", [Place(SEED, 2, 2**bit, 0) for bit in range(32)], size.tasks),
        Rows("far elements",
             [Place(SEED, 1, 1, first) for first in (0, *(2**bit for bit in range(20, 64)))],
             size.tasks),
    ]
