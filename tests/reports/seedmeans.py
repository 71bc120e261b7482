"""Means over seeds 0, 1, ... of values that a test names."""

from __future__ import annotations

from study.statistics.intervals import SeedMean, mean_over_seeds


def mean(*values: float, first: int = 0) -> SeedMean | None:
    """The mean of one value a seed, the first of them of seed ``first``."""
    return mean_over_seeds(dict(enumerate(values, first)))
