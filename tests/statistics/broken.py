"""Generators that are broken on purpose: each kind of check must find the fault made for it."""

import numpy as np

from source import normals_of_words

BROKEN = []


def must_fail(*kinds):
    """Those kinds of check, at least, have to fail with the class's generator."""

    def add(broken):
        broken.kinds = kinds
        BROKEN.append(broken)
        return broken

    return add


class Broken:
    """Hands on what the sound generator gives; each class below alters one of the two."""

    def __init__(self, source):
        self.source = source

    def normals(self, place, count):
        return self.alter(self.source.normals(place, count).astype(np.float64)).astype(np.float32)

    def words(self, place, blocks):
        return self.source.words(place, blocks)

    def alter(self, x):
        return x

    def random(self, place, count):
        """Uniform numbers of the broken generator's own, the same for the same place."""
        return np.random.default_rng(list(place)).random(count)


@must_fail("mean", "place means", "Kolmogorov-Smirnov")
class Shifted(Broken):
    def alter(self, x):
        return x + 0.015


@must_fail("variance", "place variances", "Anderson-Darling")
class Wider(Broken):
    def alter(self, x):
        return x * 1.012


@must_fail("skewness")
class Skewed(Broken):
    def alter(self, x):
        return (x + 0.01 * (x * x - 1)) / np.sqrt(1.0002)


@must_fail("kurtosis")
class HeavyTailed(Broken):
    def alter(self, x):
        return (x + 0.004 * (x**3 - 3 * x)) / np.sqrt(1 + 6 * 0.004**2)


@must_fail("Kolmogorov-Smirnov", "radius")
class Rounded(Broken):
    def alter(self, x):
        return np.round(x * 8) / 8


@must_fail("Anderson-Darling")
class CutTails(Broken):
    def alter(self, x):
        return np.clip(x, -2.4, 2.4)


@must_fail("place means")
class OneLaneOff(Broken):
    """One element of 32 is shifted, and another the other way."""

    def alter(self, x):
        x[5::32] += 0.05
        x[21::32] -= 0.05
        return x


@must_fail("autocorrelation")
class Correlated(Broken):
    def alter(self, x):
        return np.sqrt(1 - 0.01**2) * x + 0.01 * np.roll(x, 3)


@must_fail("squares' autocorrelation")
class Restless(Broken):
    """Uncorrelated, but large ones follow large ones."""

    def alter(self, x):
        return x * np.where(np.abs(np.roll(x, 5)) > 0.6745, 1.02, 0.98)


@must_fail("autocorrelation", "squares' autocorrelation")
class Repeating(Broken):
    def alter(self, x):
        return np.resize(x[:4096], len(x))


@must_fail("pairs")
class RadiusIsAngle(Broken):
    """Both words of a pair are the same."""

    def normals(self, place, count):
        words = self.source.words(place, count // 4)
        return normals_of_words(words[:, [0, 0, 2, 2]]).astype(np.float32)


@must_fail("pairs")
class EqualPairs(Broken):
    """Every fifth pair is the same normal twice."""

    def alter(self, x):
        same = x[1::10]
        same[:] = x[0::10][:len(same)]
        return x


@must_fail("seeds", "seeds, squares")
class HalfSeed(Broken):
    """The seed's upper half is not used."""

    def normals(self, place, count):
        return super().normals(place._replace(seed=place.seed % 2**32), count)


@must_fail("seeds")
class NeighbouringSeeds(Broken):
    """A tenth is common to all seeds."""

    def normals(self, place, count):
        common = super().normals(place._replace(seed=0), count)
        return np.float32(np.sqrt(0.9)) * super().normals(place, count) + np.float32(
            np.sqrt(0.1)) * common


@must_fail("streams", "streams, squares")
class OneStream(Broken):
    def normals(self, place, count):
        return super().normals(place._replace(stream=0), count)


@must_fail("streams")
class StreamAddedToStep(Broken):
    def normals(self, place, count):
        return super().normals(place._replace(stream=0, t=place.t + place.stream), count)


@must_fail("steps")
class LastingSteps(Broken):
    """A step's noise holds some of the step before."""

    def normals(self, place, count):
        before = super().normals(place._replace(t=max(place.t - 1, 0)), count)
        return (np.float32(np.sqrt(1 - 0.015**2)) * super().normals(place, count)
                + np.float32(0.015) * before)


@must_fail("steps, squares")
class MirroredSteps(Broken):
    """Every other step has the noise of the one before, each sign thrown anew."""

    def normals(self, place, count):
        signs = np.where(self.random(place, count) < 0.5, -1, 1).astype(np.float32)
        return signs * super().normals(place._replace(t=place.t & ~1), count)


@must_fail("far steps", "far steps, squares")
class ShortStep(Broken):
    """Of t, 16 bits are used."""

    def normals(self, place, count):
        return super().normals(place._replace(t=place.t % 2**16), count)


@must_fail("far elements", "far elements, squares")
class ShortCounter(Broken):
    """Of the block's number, 32 bits are used."""

    def normals(self, place, count):
        return super().normals(place._replace(first=place.first % 2**34), count)


class BrokenWords(Broken):
    def words(self, place, blocks):
        words = self.source.words(place, blocks)
        self.spoil(words, self.random(place, blocks))
        return words


@must_fail("bits")
class OneBit(BrokenWords):
    """A bit is set in 51 % of the words."""

    def spoil(self, words, random):
        words[random < 0.02, 2] |= np.uint32(1 << 9)


@must_fail("bytes", "16-bit halves")
class OneByte(BrokenWords):
    """A byte is 0 one time in a hundred, besides the one in 256."""

    def spoil(self, words, random):
        words[random < 0.01, 1] &= np.uint32(0xFFFF00FF)


@must_fail("16-bit halves")
class EqualBytes(BrokenWords):
    """In a hundredth of the words two bytes are the same."""

    def spoil(self, words, random):
        one = random < 0.01
        second = words[one, 3] >> 8 & np.uint32(0xFF)
        words[one, 3] = words[one, 3] & np.uint32(0xFFFFFF00) | second


@must_fail("top bytes of two words")
class EqualWords(BrokenWords):
    """In a hundredth of the blocks word 2 is word 1."""

    def spoil(self, words, random):
        words[random < 0.01, 2] = words[random < 0.01, 1]


@must_fail("bytes", "16-bit halves", "top bytes of two words")
class TooEven(BrokenWords):
    """Words that count, and so fall on every value equally often."""

    def spoil(self, words, random):
        counting = np.arange(len(words), dtype=np.uint32) * np.uint32(2654435769)
        words[:] = counting[:, None] + np.arange(4, dtype=np.uint32)
