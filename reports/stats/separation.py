"""How many seeds would tell two configurations apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.statistics.signflip import ALPHA

if TYPE_CHECKING:
    from study.statistics.intervals import SeedMean

POWER = 0.8
"""Probability with which the test should find the difference."""

MOST_SEEDS = 10_000
"""Beyond, a difference is not worth separating."""


@dataclass(frozen=True)
class Separation:
    """Seeds that would separate the choice from one configuration of the tie set.

    Attributes
    ----------
    difference
        The choice's figure minus its own, seed by seed.
    total
        Seeds at which a two-sided paired t test of level ``alpha`` finds a difference of
        the measured size and spread with :data:`POWER`; None beyond :data:`MOST_SEEDS`, or
        where one seed tells of no spread.
    more
        Those of ``total`` that are not there yet.
    """

    config_id: str
    difference: SeedMean
    alpha: float
    total: int | None

    @property
    def more(self) -> int | None:
        """Seeds still to run."""
        return None if self.total is None else self.total - self.difference.n_seeds


def separation(config_id: str, difference: SeedMean, pairs: int) -> Separation:
    """Calculate the seeds for one rival in a tie set of so many ``pairs``.

    The measured difference and its sd are taken for the true ones, which they are not: the
    result is an order of magnitude. ``alpha`` is shared among the pairs (Bonferroni). The tie
    set's own test has not told the two apart yet, so that one more is the least.
    """
    alpha = ALPHA / max(1, pairs)
    sd = difference.sd
    if sd is None or not difference.mean:
        return Separation(config_id, difference, alpha, None)
    flips = 1 + math.ceil(math.log2(1 / alpha))  # a sign-flip test needs 2 / 2^n <= alpha
    least = max(flips, difference.n_seeds + 1)
    total = least if sd == 0 else seeds_needed(abs(difference.mean) / sd, alpha)
    return Separation(config_id, difference, alpha, None if total is None else max(total, least))


def seeds_needed(effect: float, alpha: float = ALPHA, power: float = POWER) -> int | None:
    """Least n at which a paired t test finds ``effect`` (mean / sd) with ``power``.

    None beyond :data:`MOST_SEEDS`.
    """
    if t_power(effect, MOST_SEEDS, alpha) < power:
        return None
    low, high = 1, MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        if t_power(effect, middle, alpha) < power:
            low = middle
        else:
            high = middle
    return high


def t_power(effect: float, n: int, alpha: float) -> float:
    """Power of the two-sided paired t test of ``n`` pairs, from the noncentral t."""
    from scipy import special

    critical = float(special.stdtrit(n - 1, 1 - alpha / 2))
    shift = effect * math.sqrt(n)
    if shift > 35:  # beyond the reach of the noncentral t's series, where power is 1 anyway
        return float(shift > critical)
    below = float(special.nctdtr(n - 1, shift, critical))
    return 1.0 if math.isnan(below) else 1.0 - below
