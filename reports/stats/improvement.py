"""Probability of improvement: how often one configuration beats another on the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.statistics.intervals import CONFIDENCE

if TYPE_CHECKING:
    from study.statistics.intervals import SeedMean


@dataclass(frozen=True)
class Improvement:
    """Probability that the first beats the second on a seed (after Agarwal et al. 2021).

    Attributes
    ----------
    share
        Share of the seeds it won, a tie counting half.
    interval
        Exact 95% interval (Clopper and Pearson 1934), ties counted against either end.
    wins, ties, n_seeds
        Seeds won, tied and shared.
    """

    share: float
    interval: tuple[float, float]
    wins: int
    ties: int
    n_seeds: int


def improvement(costs: SeedMean) -> Improvement:
    """Count how often a paired difference of costs (first minus second) is below 0."""
    wins = sum(value < 0 for value in costs.values)
    ties = sum(value == 0 for value in costs.values)
    n = costs.n_seeds
    interval = (share_interval(wins, n)[0], share_interval(wins + ties, n)[1])
    return Improvement((wins + ties / 2) / n, interval, wins, ties, n)


def share_interval(hits: int, n: int) -> tuple[float, float]:
    """Exact two-sided 95% interval of a share, ``hits`` of ``n``."""
    from scipy import special

    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if hits == 0 else float(special.betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits == n else float(special.betaincinv(hits + 1, n - hits, 1 - tail))
    return low, high
