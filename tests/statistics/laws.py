"""Under the contract's law, how improbable a statistic is: the p-values that the checks yield.

The contract's normals are not quite N(0, 1): u lies on a lattice of 2^-24, so that r ends at 5.77
and (0, 0) has a probability of 2^-24, and a normal may be 2e-6 off its formula. What is judged is
that law. N(0, 1) may stand for it, because 10^8 draws cannot tell them apart:

- distribution: the lattice moves the distribution function by at most 2^-24, the error by at most
  2e-6 / sqrt(2 pi) = 8e-7. sqrt(n) times that is 0.009 for n = 10^8, against a Kolmogorov-Smirnov
  limit of about 3.2 (and one place has 1.7 10^7). Anderson-Darling's weight 1 / (F (1 - F)) does
  not change that: n times the integral of the deviation's square over F (1 - F) is at most 2e-5 of
  the lattice, 3e-4 of the error (2e-6 times the density) and n p^2 / 2 = 1e-9 of a cut tail of
  probability p = 4e-9, against a limit near 20.
- moments: the sum of -ln(k / N), k = 1..N = 2^24, makes the variance ln(2 pi N) / 2N = 6e-7
  smaller and the kurtosis 1e-5; their standard errors for n = 10^8 are 1e-4 and 5e-4.
- radius: exp(-r^2 / 2) is u itself. Its lattice is seen by a test that looks at single values, as
  Anderson-Darling looks at ln(1 - u), infinite at r = 0; so Kolmogorov-Smirnov alone judges u.

Every p-value is of the exact law of the statistic or of its first three moments; where a law is
that of large samples, n is above 10^5 (Rows alone, in the short run, has 2^14 columns).
"""

import numpy as np
from scipy import special


def two_sided(lower, upper):
    return float(min(1.0, 2 * min(lower, upper)))


def gamma_law(z, skewness):
    """Of a standardised statistic of that skewness (Pearson's type III, exact for a chi-square)."""
    if skewness == 0:
        return two_sided(special.ndtr(z), special.ndtr(-z))
    shape = 4 / skewness**2
    x = max(shape + z * np.sqrt(shape), 0)
    return two_sided(special.gammainc(shape, x), special.gammaincc(shape, x))


def chi_square(statistic, freedom):
    """Two-sided: counts that fit too well are no better than those that do not fit."""
    return two_sided(special.gammainc(freedom / 2, statistic / 2),
                     special.gammaincc(freedom / 2, statistic / 2))


def skewness_law(b1, n):
    """Of m3 / m2^1.5 of n normals: its exact variance (Fisher, 1930)."""
    return gamma_law(b1 / np.sqrt(6 * (n - 2) / ((n + 1) * (n + 3))), 0)


def kurtosis_law(b2, n):
    """Of m4 / m2^2 of n normals: its exact mean, variance and skewness (Fisher, 1930, as in
    D'Agostino, Belanger, D'Agostino: A Suggestion for Using Powerful and Informative Tests of
    Normality, 1990)."""
    mean = 3 * (n - 1) / (n + 1)
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    skewness = (6 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9))
                * np.sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3))))
    return gamma_law((b2 - mean) / np.sqrt(variance), skewness)


def kolmogorov_smirnov(distance, n):
    """Kolmogorov's limit, which for finite n is a little larger than the probability."""
    return float(special.kolmogorov(np.sqrt(n) * distance))


def anderson_darling(a2):
    """P(A^2 > a2) for a fully specified law and large n, accurate in the tail too.

    A^2 is the sum of chi-squares with weights 1 / (j (j + 1)) (Anderson, Darling: Asymptotic Theory
    of Certain "Goodness of Fit" Criteria, 1952); Smirnov's formula in that paper makes the tail an
    alternating sum of integrals of exp(-a u) / (pi u sqrt|D(2 u)|) over u from j (j + 1) / 2 to
    (j + 1) (j + 2) / 2, j odd, with D(v) = -cos(pi/2 sqrt(1 + 4 v)) / (pi v). Gauss-Chebyshev nodes
    take their ends, where the root is 0.
    """
    if not a2 < 600:
        return 0.0
    if a2 < 0.15:  # the largest p is of no interest, and the sum converges slowly
        return 1.0
    nodes = np.cos((np.arange(400) + 0.5) * np.pi / 400)
    total = 0.0
    for k in range(1, 40):
        low, high = k * (2 * k - 1), k * (2 * k + 1)
        u = (low + high) / 2 + (high - low) / 2 * nodes
        determinant = np.abs(np.cos(np.pi / 2 * np.sqrt(1 + 8 * u)) / (2 * np.pi * u))
        values = np.exp(-a2 * u) / (u * np.sqrt(determinant)) * np.sqrt(1 - nodes**2)
        total -= (-1) ** k * (high - low) / 2 * values.mean()
    return float(min(total, 1.0))


def fisher(probabilities):
    """Of independent p-values together: -2 sum ln p is a chi-square with two degrees each."""
    logs = np.log(np.maximum(probabilities, 1e-300))
    return float(special.gammaincc(len(logs), -logs.sum()))


def worst(probabilities):
    """Of the smallest among many p-values, however they depend on each other."""
    return float(min(1.0, len(probabilities) * min(probabilities)))
