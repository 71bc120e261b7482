"""Search figures against confirmation figures: what the winner's curse took back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from study.statistics.intervals import SeedMean, mean_over_seeds, t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.answers.summaries import ConfigurationSummary

DRAWS = 2_000


@dataclass(frozen=True)
class Change:
    """Confirmation mean minus search mean, with Welch's 95% interval (None: one seed)."""

    mean: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Finalist:
    """A configuration that was searched and then confirmed on fresh seeds."""

    config_id: str
    searched: SeedMean
    confirmed: SeedMean
    change: Change


@dataclass(frozen=True)
class Stages:
    """The two stages of a search, side by side.

    Attributes
    ----------
    finalists
        Those with figures in both, lowest confirmed cost first.
    change
        Mean change over the finalists: an estimate of the bias of having picked them by
        their search figures. None without finalists.
    flattery
        By how much the lowest mean of the pool is expected to lie below that
        configuration's true mean, for having been picked as the lowest (bootstrap over
        seeds), in the metric's unit, never below 0. None for a pool of one or one seed.
    """

    finalists: tuple[Finalist, ...]
    change: Change | None
    flattery: float | None


def stages(
    rows: Sequence[ConfigurationSummary], metric: str, costs: NDArray[np.float64], sign: float
) -> Stages:
    """Compare the stages.

    Parameters
    ----------
    rows
        Every summary of the genre.
    metric
        ``bce`` or ``mi_lower``, on validation.
    costs
        The pool's ``[k, n]`` costs, less is better.
    sign
        +1 where less of the metric is better, -1 where more is.
    """
    searched = {r.config_id: r for r in rows if r.phase == "search"}
    found = []
    for row in rows:
        if row.phase == "search" or row.config_id not in searched:
            continue
        before, after = searched[row.config_id].validation, row.validation
        if before is None or after is None:
            continue
        first, second = before.metric(metric), after.metric(metric)
        found.append(Finalist(row.config_id, first, second, change(first, second)))
    found.sort(key=lambda one: (sign * one.confirmed.mean, one.config_id))
    return Stages(tuple(found), _mean_change(found), flattery(costs))


def change(before: SeedMean, after: SeedMean) -> Change:
    """Difference of two means over different seeds, with Welch's interval."""
    mean = after.mean - before.mean
    if before.standard_error is None or after.standard_error is None:
        return Change(mean, None)
    parts = (before.standard_error**2, after.standard_error**2)
    total = sum(parts)
    if total == 0:
        return Change(mean, (mean, mean))
    degrees = total**2 / sum(
        part**2 / (one.n_seeds - 1) for part, one in zip(parts, (before, after), strict=True)
    )
    half = t_quantile(degrees) * math.sqrt(total)
    return Change(mean, (mean - half, mean + half))


def flattery(costs: NDArray[np.float64]) -> float | None:
    """Expected optimism of the lowest mean of ``[k, n]`` costs, bootstrapped over seeds."""
    k, n = costs.shape
    if k < 2 or n < 2:
        return None
    rng = np.random.default_rng([30, k, n])
    weights = rng.multinomial(n, [1 / n] * n, size=DRAWS) / n
    means = weights @ costs.T
    picked = means.argmin(axis=1)
    optimism = costs.mean(axis=1)[picked] - means[np.arange(DRAWS), picked]
    return max(0.0, float(optimism.mean()))


def _mean_change(found: Sequence[Finalist]) -> Change | None:
    """Change of the finalists' mean, seed by seed: they share their seeds and their luck."""
    if not found:
        return None
    means = []
    for runs in ([one.searched for one in found], [one.confirmed for one in found]):
        shared = set.intersection(*({*run.seeds} for run in runs))
        by_seed = [dict(zip(run.seeds, run.values, strict=True)) for run in runs]
        over = {seed: fmean(values[seed] for values in by_seed) for seed in shared}
        means.append(mean_over_seeds(over))
    if means[0] is None or means[1] is None:
        return Change(fmean(one.change.mean for one in found), None)
    return change(means[0], means[1])
