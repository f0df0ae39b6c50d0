"""The judge's schedules, samplers and targets in float64: every run that can be asked for.

Written from the contract alone, as judge.py is. Betas are arrays whose entry k is step k + 1.
"""

import numpy as np

import judge

JUMP = 1
TREE = 2


def schedule(kind="constant", steps=20, beta=0.25, beta_start=1e-4, beta_end=0.02, max_beta=0.999,
             betas=None, parameterization="variance", rescale_zero_snr=False, scale_betas=False):
    """The variances of all steps, as the parameters of the same names make them."""
    if scale_betas:
        beta_start, beta_end = 1000 / steps * beta_start, 1000 / steps * beta_end
    if betas is not None:
        numbers = np.asarray(betas, dtype=np.float64)
    elif kind == "constant":
        numbers = np.full(steps, float(beta))
    elif kind == "linear":
        numbers = np.linspace(beta_start, beta_end, steps)
    elif kind == "scaled_linear":
        numbers = np.linspace(np.sqrt(beta_start), np.sqrt(beta_end), steps) ** 2
    elif kind == "sigmoid":
        logistic = 1 / (1 + np.exp(-np.linspace(-6, 6, steps)))
        numbers = logistic * (beta_end - beta_start) + beta_start
    else:
        bar = np.cos((np.arange(steps + 1) / steps + 0.008) / 1.008 * np.pi / 2) ** 2
        numbers = np.minimum(1 - bar[1:] / bar[:-1], max_beta)
    if scale_betas:
        numbers = np.minimum(numbers, 0.999)
    if parameterization == "std":
        numbers = numbers**2
    return rescaled(numbers) if rescale_zero_snr else numbers


def rescaled(betas):
    """The same with no signal left at the last step."""
    root = np.sqrt(np.cumprod(1 - betas))
    moved = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return np.concatenate([betas[:1], 1 - (moved[1:] / moved[:-1]) ** 2])


class Times:
    """What is left of x_s at t: x_t | x_s ~ N(m x_s, v)."""

    def __init__(self, betas):
        sure = betas >= 1
        self.logarithm = np.concatenate([[0], np.cumsum(np.log1p(-np.where(sure, 0, betas)))])
        self.ends = np.concatenate([[0], np.cumsum(sure)])

    def m(self, s, t):
        forgotten = self.ends[t] > self.ends[s]
        return 0.0 if forgotten else np.exp((self.logarithm[t] - self.logarithm[s]) / 2)

    def v(self, s, t):
        forgotten = self.ends[t] > self.ends[s]
        return 1.0 if forgotten else -np.expm1(self.logarithm[t] - self.logarithm[s])

    def alpha_bar(self, t):
        return self.m(0, t) ** 2


def drawn(shape, seed, t, stream):
    return judge.normals(seed, t, stream, int(np.prod(shape))).reshape(shape)


def chain(x, betas, seed, start=0):
    """t -> x_t for every t from start, where x is the state."""
    states = {start: np.asarray(x, dtype=np.float64)}
    for t in range(start + 1, len(betas) + 1):
        noise = drawn(states[start].shape, seed, t, judge.CHAIN)
        states[t] = np.sqrt(1 - betas[t - 1]) * states[t - 1] + np.sqrt(betas[t - 1]) * noise
    return states


def jump(x, betas, seed, frames, start=0):
    """t -> x_t for the frames asked for, each from the one before."""
    times, states = Times(betas), {}
    before, x = start, np.asarray(x, dtype=np.float64)
    for t in sorted(frames):
        if t > before:
            noise = drawn(x.shape, seed, t, JUMP)
            x = times.m(before, t) * x + np.sqrt(times.v(before, t)) * noise
        before = t
        states[t] = x
    return states


def tree(x, betas, seed):
    """t -> x_t for every t: the last first, then the middle of every interval."""
    times, last = Times(betas), len(betas)
    x = np.asarray(x, dtype=np.float64)
    states = {0: x}
    if last == 0:
        return states
    states[last] = (times.m(0, last) * x +
                    np.sqrt(times.v(0, last)) * drawn(x.shape, seed, last, TREE))
    intervals = [(0, last)]
    while intervals:
        a, b = intervals.pop()
        u = (a + b) // 2
        if u == a:
            continue
        whole = times.v(a, b)
        if whole == 0:
            states[u] = states[a]
        else:
            before, after = times.v(a, u), times.v(u, b)
            states[u] = (after * times.m(a, u) / whole * states[a] +
                         before * times.m(u, b) / whole * states[b] +
                         np.sqrt(before * after / whole) * drawn(x.shape, seed, u, TREE))
        intervals += [(a, u), (u, b)]
    return states


def sampled(sampler, x, betas, seed, frames):
    """t -> x_t for the frames, by the sampler's name."""
    if sampler == "jump":
        return jump(x, betas, seed, frames)
    states = (chain if sampler == "chain" else tree)(x, betas, seed)
    return {t: states[t] for t in frames}


def noise(x0, x, alpha_bar):
    """The noise that leads from x_0 to x in one draw."""
    return (np.float64(x) - np.sqrt(alpha_bar) * np.float64(x0)) / np.sqrt(1 - alpha_bar)


def velocity(x0, x, alpha_bar):
    return np.sqrt(alpha_bar) * noise(x0, x, alpha_bar) - np.sqrt(1 - alpha_bar) * np.float64(x0)


def gray_of_levels(pixels):
    """Pillow's L of integer pixels (.., 3), of 8 bits or, alike, of 16."""
    red, green, blue = np.moveaxis(np.asarray(pixels, dtype=np.int64), -1, 0)
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16


def gray_of_floats(state):
    """The same weights over floats: summed in double, stored as float32."""
    red, green, blue = np.moveaxis(np.asarray(state, dtype=np.float64), -1, 0)
    return ((19595 * red + 38470 * green + 7471 * blue) / 65536).astype(np.float32)


def state_of_16_bits(pixels):
    """x_0 of 16-bit levels, in float32 as the contract has it."""
    return np.float32(2) * (np.asarray(pixels, np.float32) / np.float32(65535)) - np.float32(1)
