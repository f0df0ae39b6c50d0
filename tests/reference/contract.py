"""The noise contract, version 1, in numpy and float64: Philox4x32-10 and the normals made of it."""

import numpy as np

CHAIN, JUMP, TREE, MIXTURE, COMPONENT = range(5)


def philox(counter, key):
    """Four words of each counter; counter: four uint32 arrays (or numbers), key: two numbers."""
    c0, c1, c2, c3 = (np.asarray(c, dtype=np.uint64) for c in counter)
    k0, k1 = key
    low = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    for _ in range(10):
        a = c0 * np.uint64(0xD2511F53)
        b = c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (
            (b >> half) ^ c1 ^ np.uint64(k0),
            b & low,
            (a >> half) ^ c3 ^ np.uint64(k1),
            a & low,
        )
        k0 = (k0 + 0x9E3779B9) % 2**32
        k1 = (k1 + 0xBB67AE85) % 2**32
    return np.stack([c0, c1, c2, c3], axis=-1)


def words(seed, stream, t, blocks):
    """The four words of each block, as an array of shape (len(blocks), 4)."""
    blocks = np.atleast_1d(np.asarray(blocks, dtype=np.uint64))
    zeros = np.zeros_like(blocks)
    counter = (blocks % np.uint64(2**32), blocks >> np.uint64(32), zeros + np.uint64(t),
               zeros + np.uint64(stream))
    return philox(counter, (seed % 2**32, seed >> 32))


def element_words(seed, stream, t, elements):
    """For each element the word with its own index in its block."""
    elements = np.atleast_1d(np.asarray(elements, dtype=np.uint64))
    w = words(seed, stream, t, elements // np.uint64(4))
    return np.take_along_axis(w, (elements % np.uint64(4)).astype(np.int64)[:, None], 1)[:, 0]


def normals(seed, stream, t, elements):
    """The real-number formula of each element, in float64."""
    elements = np.atleast_1d(np.asarray(elements, dtype=np.uint64))
    w = words(seed, stream, t, elements // np.uint64(4))
    place = (elements % np.uint64(4)).astype(np.int64)
    pair = place // 2 * 2
    rows = np.arange(len(elements))
    u = ((w[rows, pair] >> np.uint64(8)).astype(np.float64) + 1.0) * 2.0**-24
    theta = 2.0 * np.pi * w[rows, pair + 1].astype(np.float64) / 2.0**32
    r = np.sqrt(-2.0 * np.log(u))
    return np.where(place % 2 == 0, r * np.cos(theta), r * np.sin(theta))
