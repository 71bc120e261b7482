"""The methods over all genres: interquartile means and performance profiles.

After Agarwal, Schwarzer, Castro, Courville and Bellemare (2021), "Deep reinforcement learning
at the edge of the statistical precipice".
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from reports.answers.methods import Method
from reports.answers.summaries import genre_names, seeds_wanted, summaries
from reports.answers.views import methods_of
from reports.stats.bootstrap import percentile_interval, stratified

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from study.results.tables import StudyTables

THRESHOLDS = 101
TRIMMED = 0.25
"""Share of runs that the interquartile mean leaves out at either end."""


@dataclass(frozen=True)
class LeftOut:
    """Why a genre is not among those that are put together.

    Attributes
    ----------
    method
        The method without all its seeds; None of the joint corpus, whose songs are the others'.
    n_seeds, n_wanted
        Seeds that the method has, and those of a full count.
    """

    method: Method | None
    n_seeds: int
    n_wanted: int


@dataclass(frozen=True)
class MethodAggregate:
    """One method over the runs of all genres.

    Attributes
    ----------
    iqm
        Interquartile mean of the scores: the mean without the lowest and highest quarter.
    interval
        Its 95% interval, runs resampled within genres.
    runs
        Genre to the score of every run there.
    shares, low, high
        Performance profile: share of runs that score at most each threshold of
        :attr:`Aggregate.thresholds`, and its pointwise 95% band.
    """

    method: str
    iqm: float
    interval: tuple[float, float]
    runs: dict[str, tuple[float, ...]]
    shares: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Aggregate:
    """The methods over the genres in which all of them have full counts.

    A run's score says how far its test BCE lies above the mean of its genre's runs of all four
    methods, in per cent: less is better, and genres of any scale can be put together. The mean
    is taken as it is, also under the bootstrap: it moves all methods alike. The joint corpus
    ``overall`` is left out: its songs are those of the others.

    Attributes
    ----------
    left_out
        Genres that are not in it, and why.
    thresholds
        Scores, ascending, at which the profiles are given.
    """

    genres: tuple[str, ...]
    left_out: dict[str, LeftOut]
    methods: tuple[MethodAggregate, ...]
    thresholds: tuple[float, ...]


def aggregate(tables: StudyTables) -> Aggregate | None:
    """Aggregate the methods; None where no genre has all four in full."""
    wanted = seeds_wanted(tables)
    scores: dict[str, dict[str, tuple[float, ...]]] = {}
    left_out: dict[str, LeftOut] = {}
    for genre in genre_names(tables):
        found = _scores(tables, genre, wanted)
        if isinstance(found, LeftOut):
            left_out[genre] = found
        else:
            scores[genre] = found
    if not scores:
        return None
    everything = [x for runs in scores.values() for values in runs.values() for x in values]
    thresholds = np.linspace(min(everything), max(everything), THRESHOLDS)
    return Aggregate(
        genres=tuple(scores),
        left_out=left_out,
        methods=tuple(
            _method(name, {genre: runs[name] for genre, runs in scores.items()}, thresholds)
            for name in Method
        ),
        thresholds=tuple(thresholds.tolist()),
    )


def interquartile_mean(runs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean along the last axis without the lowest and the highest quarter of the runs."""
    ordered = np.sort(runs, axis=-1)
    n = ordered.shape[-1]
    cut = int(TRIMMED * n)
    mean: NDArray[np.float64] = ordered[..., cut : n - cut].mean(axis=-1)
    return mean


def _scores(tables: StudyTables, genre: str, wanted: int) -> dict[str, tuple[float, ...]] | LeftOut:
    """Scores of each method in a genre, or why it has none."""
    if genre == "overall":
        return LeftOut(None, 0, wanted)
    rows = {row.method: row for row in methods_of(summaries(tables, genre), wanted)}
    found: dict[str, tuple[float, ...]] = {}
    for name in Method:
        figures = rows[name].test if name in rows else None
        n = 0 if figures is None else figures.bce.n_seeds
        if figures is None or n < wanted:
            return LeftOut(name, n, wanted)
        found[name] = figures.bce.values
    mean = fmean(bce for bces in found.values() for bce in bces)
    return {name: tuple(100 * (bce / mean - 1) for bce in bces) for name, bces in found.items()}


def _method(
    name: str, runs: dict[str, tuple[float, ...]], thresholds: NDArray[np.float64]
) -> MethodAggregate:
    strata = [np.asarray(values) for values in runs.values()]
    together = np.concatenate(strata)
    drawn = stratified(strata, interquartile_mean, np.random.default_rng([40]))
    low, high = percentile_interval(drawn)
    bands = percentile_interval(
        stratified(strata, lambda r: _profile(r, thresholds), np.random.default_rng([41]))
    )
    return MethodAggregate(
        method=name,
        iqm=float(interquartile_mean(together)),
        interval=(float(low), float(high)),
        runs=runs,
        shares=tuple(_profile(together[None], thresholds)[0].tolist()),
        low=tuple(bands[0].tolist()),
        high=tuple(bands[1].tolist()),
    )


def _profile(runs: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the runs ``[draws, N]`` at or below each threshold: ``[draws, THRESHOLDS]``."""
    ordered = np.sort(runs, axis=1)
    shares = [np.searchsorted(row, thresholds, side="right") for row in ordered]
    return np.asarray(shares, dtype=np.float64) / float(runs.shape[1])
