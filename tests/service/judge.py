"""The independent judge: the forward process and its noise contract, version 1, in float64.

Nothing here is taken from the engine. The formulas are those of the contract, computed by numpy
in double, so that the service's float32 values have to come near them on their own.
"""

import numpy as np

CHAIN = 0
MIXTURE_NORMALS = 3
MIXTURE_CHOICE = 4

LEVEL_TOLERANCE = 1e-3
"""Where a pixel's float64 value is this near to a level, truncation may fall on either side."""

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox4x32_10(c0, c1, c2, c3, k0, k1):
    """Ten rounds over arrays of counters; all words are numbers below 2^32 in uint64 arrays."""
    c0, c1, c2, c3 = (np.atleast_1d(np.asarray(c, dtype=np.uint64)) for c in (c0, c1, c2, c3))
    c0, c1, c2, c3 = np.broadcast_arrays(c0, c1, c2, c3)
    for r in range(10):
        key0 = np.uint64((k0 + r * 0x9E3779B9) & 0xFFFFFFFF)
        key1 = np.uint64((k1 + r * 0xBB67AE85) & 0xFFFFFFFF)
        a = c0 * np.uint64(0xD2511F53)
        b = c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (b >> _HALF) ^ c1 ^ key0, b & _LOW, (a >> _HALF) ^ c3 ^ key1, a & _LOW
    return c0, c1, c2, c3


def words(seed, t, stream, n, first=0):
    """The n words of elements first .. first + n - 1, as a uint64 array."""
    first_block, skip = divmod(first, 4)
    blocks = np.arange(first_block, first_block + (skip + n + 3) // 4, dtype=np.uint64)
    out = philox4x32_10(blocks & _LOW, blocks >> _HALF, t, stream, seed & 0xFFFFFFFF, seed >> 32)
    return np.stack(out, axis=1).reshape(-1)[skip:skip + n]


def normals(seed, t, stream, n, first=0):
    """n_i for elements first .. first + n - 1, in float64."""
    start = first - first % 4
    count = n + (first - start)
    w = words(seed, t, stream, (count + 3) // 4 * 4, start).reshape(-1, 2)
    u = ((w[:, 0] >> np.uint64(8)) + np.uint64(1)).astype(np.float64) * 2.0**-24
    radius = np.sqrt(-2.0 * np.log(u))
    theta = 2.0 * np.pi * w[:, 1].astype(np.float64) * 2.0**-32
    pairs = np.stack([radius * np.cos(theta), radius * np.sin(theta)], axis=1)
    return pairs.reshape(-1)[first - start:first - start + n]


def chain(x0, beta, steps, seed):
    """Yields x_0, x_1, .. x_steps in float64, in the shape of x0."""
    x = np.asarray(x0, dtype=np.float64)
    yield x
    for t in range(1, steps + 1):
        noise = normals(seed, t, CHAIN, x.size).reshape(x.shape)
        x = np.sqrt(1.0 - beta) * x + np.sqrt(beta) * noise
        yield x


def alpha_bar(beta, t):
    """The share of the input's variance that is left after t steps of the same beta."""
    return (1.0 - beta) ** t


def state_of_levels(pixels):
    """x_0 of an 8-bit picture, in float32 as the contract has it."""
    return np.float32(2) * (np.asarray(pixels, dtype=np.float32) / np.float32(255)) - np.float32(1)


def levels(x):
    """The rendered value before clipping and truncation, in float64: 0 .. 255 for x in [-1, 1]."""
    return (np.asarray(x, dtype=np.float64) + 1.0) / 2.0 * 255.0


def rendered(x):
    """The picture of a state in float64: clipped, truncated."""
    return np.floor(np.clip(levels(x), 0.0, 255.0)).astype(np.int64)


def rendered_float32(x):
    """The picture of a state that is known exactly in float32, by the contract's own arithmetic."""
    v = (np.asarray(x, dtype=np.float32) + np.float32(1)) / np.float32(2)
    v = np.clip(v, np.float32(0), np.float32(1)) * np.float32(255)
    return np.trunc(v).astype(np.int64)


def uncertain_levels(x):
    """True where x is so near to a level that truncation may fall on either side of it."""
    exact = levels(x)
    nearest = np.rint(exact)
    inside = (nearest >= 0) & (nearest <= 255)
    return inside & (np.abs(exact - nearest) <= LEVEL_TOLERANCE)


def mixture(weights, means, stds, count, seed, first=0):
    """The samples first .. first + count - 1 of a mixture of normals, in float64."""
    weights = np.asarray(weights, dtype=np.float64)
    u = (words(seed, 0, MIXTURE_CHOICE, count, first) >> np.uint64(8)).astype(np.float64) * 2.0**-24
    cumulated = np.cumsum(weights) / np.sum(weights)
    component = np.minimum(np.searchsorted(cumulated, u, side="right"), len(weights) - 1)
    noise = normals(seed, 0, MIXTURE_NORMALS, count, first)
    return np.asarray(means, dtype=np.float64)[component] + np.asarray(stds)[component] * noise


def state_tolerance(t, scale=1.0):
    """How far the float32 state may be from the float64 one after t steps."""
    return 1e-5 * max(1.0, t) ** 0.5 * scale


def entropy_bits(values):
    """Shannon entropy, in bits, of 8-bit values."""
    p = np.bincount(np.asarray(values, dtype=np.int64).reshape(-1), minlength=256) / np.size(values)
    p = p[p > 0]
    return float(-np.sum(p * np.log2(p)))


def differential_entropy(x):
    """Differential entropy in nats, from 256 bins over [-4, 4]."""
    counts, _ = np.histogram(np.asarray(x, dtype=np.float64), bins=256, range=(-4.0, 4.0))
    p = counts[counts > 0] / np.sum(counts)
    return float(-np.sum(p * np.log(p)) + np.log(8.0 / 256.0))
