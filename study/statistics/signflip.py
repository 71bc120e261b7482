"""The exact sign-flip test of paired differences.

Two configurations that ran on the same seeds differ by one number a seed. Were neither better,
each difference would be as likely with the other sign, so that the 2^n sign patterns of n
differences are equally likely: the p-value is the share of them that is at least as extreme
(Fisher 1935, section 21). No distribution is assumed but symmetry.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ALPHA = 0.05
"""Level of every test, over its whole family."""

EXACT_SEEDS = 14
"""Up to so many seeds all 2^n patterns are gone through; beyond, as many are drawn."""

TOLERANCE = 1e-9
"""Sums closer than this, relative to the sum of sizes, are equal but for rounding."""


@dataclass(frozen=True)
class SignFlip:
    """A sign-flip test of differences whose centre would be 0.

    Attributes
    ----------
    n_seeds
        Paired differences.
    below, above
        One-sided p-values: that the centre is below 0, above 0.
    smallest
        Smallest one-sided p-value that so many seeds allow.
    exact
        Whether every pattern was gone through.
    """

    n_seeds: int
    below: float
    above: float
    smallest: float
    exact: bool

    @property
    def two_sided(self) -> float:
        """Two-sided p-value."""
        return min(1.0, 2 * min(self.below, self.above))


def sign_flip(differences: Sequence[float], exact_seeds: int = EXACT_SEEDS) -> SignFlip:
    """Test paired differences, one a seed.

    Beyond ``exact_seeds`` seeds the patterns are drawn, always the same ones; the observed one
    counts among them, so that the test keeps its level.
    """
    values = np.asarray(differences, dtype=float)
    n = len(values)
    sums = _every_sum(values) if n <= exact_seeds else patterns(n) @ values
    slack = TOLERANCE * float(np.abs(values).sum())
    observed = float(values.sum())
    return SignFlip(
        n_seeds=n,
        below=float(np.mean(sums <= observed + slack)),
        above=float(np.mean(sums >= observed - slack)),
        smallest=1 / len(sums),
        exact=n <= exact_seeds,
    )


def _every_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of the values under each of the 2^n ways to sign them, ``[2^n]``."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


@functools.cache
def patterns(n: int) -> NDArray[np.float64]:
    """Sign patterns ``[F, n]`` of +1 and -1, the observed one (all +1) first.

    F = 2^n up to :data:`EXACT_SEEDS` seeds, 2^14 beyond. Read-only: it is shared.
    """
    if n <= EXACT_SEEDS:
        bits = np.arange(2**n)[:, None] >> np.arange(n)[::-1] & 1
    else:
        rng = np.random.default_rng([20, n])
        bits = rng.integers(0, 2, size=(2**EXACT_SEEDS, n))
        bits[0] = 0
    signs = (1 - 2 * bits).astype(np.float64)
    signs.flags.writeable = False
    return signs


def smallest_p(n: int) -> float:
    """Smallest one-sided p-value of ``n`` seeds, 2^-n as long as every pattern is tried."""
    return 2.0 ** -min(n, EXACT_SEEDS)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust a family of p-values (Holm 1979); each stands where it stood."""
    m = len(p_values)
    adjusted, highest = [1.0] * m, 0.0
    for rank, i in enumerate(sorted(range(m), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (m - rank) * p_values[i]))
        adjusted[i] = highest
    return tuple(adjusted)
