"""The judge itself against known answers, a second implementation and plain statistics."""

import importlib.util
import pathlib

import numpy as np
import pytest
from scipy import stats

import judge

REFERENCE = pathlib.Path(__file__).resolve().parent.parent / "reference" / "one_normal.py"


def hexadecimal(text):
    return [int(word, 16) for word in text.split()]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference_normals", REFERENCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("counter, key, expected", [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
])
def test_philox_gives_the_published_words(reference, counter, key, expected):
    words = judge.philox4x32_10(*hexadecimal(counter), *hexadecimal(key))
    assert [int(w[0]) for w in words] == hexadecimal(expected)
    assert list(reference.philox4x32_10(hexadecimal(counter), hexadecimal(key))) == \
        hexadecimal(expected)


def test_normals_are_the_known_ones_of_the_contract():
    known = [-0.89846320, 0.24316687, -0.96924266, -0.77838646]
    np.testing.assert_allclose(judge.normals(0x0123456789ABCDEF, 7, 2, 4, 2**34 + 2), known,
                               rtol=0, atol=2e-6)


@pytest.mark.parametrize("first", [0, 1, 2, 3, 4, 5, 2**34 + 3, 2**62])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_normals_agree_with_plain_integers_at_any_offset(reference, first, count):
    seed = 2**64 - 59
    expected = [reference.normal(seed, 5, 0, i) for i in range(first, first + count)]
    got = judge.normals(seed, 5, 0, count, first)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_normals_look_normal():
    drawn = judge.normals(11, 1, judge.CHAIN, 200_000)
    assert stats.kstest(drawn, "norm").pvalue > 1e-6


def test_a_chain_keeps_unit_variance_and_forgets_its_start():
    last = list(judge.chain(np.full(100_000, 5.0), 0.25, 60, 3))[-1]
    assert abs(last.mean()) < 0.02
    assert abs(last.var() - 1) < 0.03


def test_a_mixture_has_its_shares_and_means():
    drawn = judge.mixture([5, 3, 2], [0, 100, -100], [1, 1, 1], 100_000, 9)
    shares = [np.mean(np.abs(drawn - mean) < 50) for mean in (0, 100, -100)]
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2], atol=0.01)
    np.testing.assert_array_equal(judge.mixture([1, 1], [0, 9], [1, 2], 7, 9, first=13),
                                  judge.mixture([1, 1], [0, 9], [1, 2], 20, 9)[13:])


def test_rendering_truncates_and_clips():
    assert list(judge.rendered([-7, -1, 0, 0.999999, 1, 7])) == [0, 0, 127, 254, 255, 255]
    everything = np.arange(256)
    back = judge.rendered_float32(judge.state_of_levels(everything))
    assert set(everything - back) <= {0, 1}, "truncation costs at most one level"
