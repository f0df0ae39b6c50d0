#!/usr/bin/python3
"""Prints normals of the noise contract, version 1, from plain integers and math: no numpy, no engine.

usage: normals.py SEED T STREAM FIRST COUNT     (numbers in decimal or 0x...)

Each line is the element's index and its normal with 17 digits. It is the second opinion for the judge of
the service tests and the source of known answers for unit tests.
"""

import math
import sys

MASK = 0xFFFFFFFF


def philox4x32_10(counter, key):
    """The four output words for a counter of four words and a key of two."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        low = c0 * 0xD2511F53
        high = c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (high >> 32) ^ c1 ^ k0, high & MASK, (low >> 32) ^ c3 ^ k1, low & MASK
        k0 = (k0 + 0x9E3779B9) & MASK
        k1 = (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def normal(seed, t, stream, element):
    """The normal of one element, in double, by the real-number formula."""
    block, place = divmod(element, 4)
    words = philox4x32_10((block & MASK, block >> 32, t, stream), (seed & MASK, seed >> 32))
    radius_word, angle_word = words[:2] if place < 2 else words[2:]
    radius = math.sqrt(-2 * math.log(((radius_word >> 8) + 1) / 2**24))
    angle = 2 * math.pi * angle_word / 2**32
    return radius * (math.cos(angle) if place % 2 == 0 else math.sin(angle))


def main(arguments):
    if len(arguments) != 5:
        sys.exit(__doc__)
    seed, t, stream, first, count = (int(argument, 0) for argument in arguments)
    for element in range(first, first + count):
        print(f"{element} {normal(seed, t, stream, element):.17g}")


if __name__ == "__main__":
    main(sys.argv[1:])
