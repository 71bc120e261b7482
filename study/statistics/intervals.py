"""Means over seeds, and how sure they are."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONFIDENCE = 0.95


@dataclass(frozen=True)
class SeedMean:
    """One quantity over the seeds of one configuration.

    Attributes
    ----------
    mean
        Mean over the seeds.
    interval
        Two-sided 95% t interval of the mean, or None where one seed tells of no spread.
        It covers seeds, not the choice of songs.
    sd
        Standard deviation over the seeds (n - 1), or None for one seed.
    seeds, values
        The seeds, ascending, and the value of each.
    """

    mean: float
    interval: tuple[float, float] | None
    sd: float | None
    seeds: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def n_seeds(self) -> int:
        """Seeds the mean is over."""
        return len(self.seeds)

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean, sd / sqrt(n); None for one seed."""
        return None if self.sd is None else self.sd / math.sqrt(self.n_seeds)


NOT_MEASURED = SeedMean(math.nan, None, None, (), ())
"""The mean of what no seed measured: a metric that an older export lacks."""


def mean_over_seeds(values: Mapping[int, float]) -> SeedMean | None:
    """Average one quantity over seeds.

    Parameters
    ----------
    values
        Seed to value; values that are not finite are left out, and ``n_seeds`` says so.

    Returns
    -------
    SeedMean or None
        None where there is no value at all.
    """
    finite = {seed: float(v) for seed, v in sorted(values.items()) if math.isfinite(v)}
    if not finite:
        return None
    numbers = tuple(finite.values())
    mean, sd = _moments(numbers)
    return SeedMean(mean, _interval(mean, sd, len(numbers)), sd, tuple(finite), numbers)


def within(mean: SeedMean, least: float | None, most: float | None) -> SeedMean:
    """Cut the interval of a mean to what the quantity can be: no count of units lies below 0.

    A t interval of few seeds knows no bounds. The mean stays as it is, and in its interval.
    """
    if mean.interval is None:
        return mean
    low, high = mean.interval
    if least is not None:
        low = max(low, least)
    if most is not None:
        high = min(high, most)
    return replace(mean, interval=(min(low, mean.mean), max(high, mean.mean)))


def standard_error(values: Sequence[float]) -> float | None:
    """Return the standard error of the mean of values; None for fewer than two."""
    mean = mean_over_seeds(dict(enumerate(values)))
    return None if mean is None else mean.standard_error


def paired_difference(first: SeedMean, second: SeedMean) -> SeedMean | None:
    """``first - second`` over the seeds they share; None where they share none.

    Two configurations of one seed saw the same snippets, so that pairs differ by less
    than the two means would suggest.
    """
    other = dict(zip(second.seeds, second.values, strict=True))
    pairs = zip(first.seeds, first.values, strict=True)
    return mean_over_seeds({seed: value - other[seed] for seed, value in pairs if seed in other})


def _moments(numbers: tuple[float, ...]) -> tuple[float, float | None]:
    """Mean and sd; written out, as thousands are asked for and ``statistics`` is exact but slow."""
    n = len(numbers)
    if min(numbers) == max(numbers):
        return numbers[0], 0.0 if n > 1 else None
    mean = math.fsum(numbers) / n
    return mean, math.sqrt(math.fsum((x - mean) ** 2 for x in numbers) / (n - 1))


def _interval(mean: float, sd: float | None, n: int) -> tuple[float, float] | None:
    if sd is None:
        return None
    half = t_quantile(n - 1) * sd / math.sqrt(n)
    return mean - half, mean + half


@functools.cache
def t_quantile(degrees: float) -> float:
    """Quantile of Student's t that bounds a two-sided 95% interval."""
    from scipy import special

    return float(special.stdtrit(degrees, (1 + CONFIDENCE) / 2))
