"""The methods over all genres: interquartile means and performance profiles.

After Agarwal, Schwarzer, Castro, Courville and Bellemare (2021), "Deep reinforcement learning
at the edge of the statistical precipice".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from study.results import StudyTables


@dataclass(frozen=True)
class MethodAggregate:
    """One method over the runs of all genres.

    Attributes
    ----------
    iqm
        Interquartile mean of the scores: the mean without the lowest and highest quarter.
    interval
        Its 95 % interval, runs resampled within genres.
    runs
        Genre to the score of every run there.
    shares, low, high
        Performance profile: share of runs that score at most each threshold of
        :attr:`Aggregate.thresholds`, and its pointwise 95 % band.
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

    A run's score is its test BCE as a percentage of the Markov chain's in its genre, so that
    genres can be averaged: below 100 beats the chain, less is better. The joint corpus
    ``overall`` is left out: its songs are those of the others.

    Attributes
    ----------
    left_out
        Genres that are not in it, and why.
    thresholds
        Scores, ascending, at which the profiles are given.
    """

    genres: tuple[str, ...]
    left_out: dict[str, str]
    methods: tuple[MethodAggregate, ...]
    thresholds: tuple[float, ...]


def aggregate(tables: StudyTables) -> Aggregate | None:
    """Aggregate the methods; None where no genre has all of those asked in full."""
    raise NotImplementedError
