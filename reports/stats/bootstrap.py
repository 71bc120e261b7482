"""Bootstrap intervals: of one mean (studentised), and of figures over several genres."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from study.statistics.intervals import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

DRAWS = 10_000
LEAST_SEEDS = 5
"""Below, a resample has so few distinct forms that its quantiles mean nothing."""

STRATIFIED_DRAWS = 2_000


def studentised_interval(
    values: Sequence[float], rng: np.random.Generator, draws: int = DRAWS
) -> tuple[float, float] | None:
    """95% bootstrap-t interval of a mean (Efron and Tibshirani 1993, section 12.5).

    It follows skew, which a t interval does not; with few seeds it is wide. None for fewer
    than :data:`LEAST_SEEDS` values. Draws without any spread tell of no scale and are left out.
    """
    data = np.asarray(values, dtype=float)
    n = len(data)
    if n < LEAST_SEEDS:
        return None
    mean, error = float(data.mean()), float(data.std(ddof=1)) / n**0.5
    if error == 0:
        return mean, mean
    drawn = data[rng.integers(0, n, size=(draws, n))]
    errors = drawn.std(axis=1, ddof=1) / n**0.5
    kept = errors > 1e-12 * error
    t = (drawn.mean(axis=1)[kept] - mean) / errors[kept]
    low, high = np.quantile(t, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return mean - float(high) * error, mean - float(low) * error


def stratified(
    scores: Sequence[NDArray[np.float64]],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    rng: np.random.Generator,
    draws: int = STRATIFIED_DRAWS,
) -> NDArray[np.float64]:
    """Draw runs with replacement within each genre, and take a statistic of all of them.

    Parameters
    ----------
    scores
        One array of runs ``[n_g]`` a genre.
    statistic
        ``[draws, all runs]`` to ``[draws, ...]``.

    Returns
    -------
    NDArray
        The statistic of every draw.
    """
    drawn = [one[rng.integers(0, len(one), size=(draws, len(one)))] for one in scores]
    return statistic(np.concatenate(drawn, axis=1))


def percentile_interval(
    draws: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% percentile interval along the first axis."""
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return low, high
