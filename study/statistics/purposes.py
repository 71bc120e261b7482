"""What a configuration is wanted for, and the one ranking that serves it.

The sampler's objective, the finalists, the race and the choice rank with :func:`rank`, on
validation figures of paired seeds. Every weight in it is a multiple of the noise of those pairs,
never a number of nats: a tolerance in nats that suits one table fails on another
(docs/decisions/0013-the-choice-serves-a-purpose.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

import numpy as np

from musebar_core.errors import UsageError
from study.statistics.noise import pair_noise, positive_noise, within_tolerance
from study.statistics.trainings import trainings_price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TOLERANCE = 3.0
"""NLLs count as equally good within so many standard deviations of a paired difference."""

TRAININGS_WEIGHT = 2.0
"""Standard deviations of a paired difference in MI that e times the trainings cost."""

BEYOND_WEIGHT = 3.0
"""Further standard deviations that each one of NLL beyond the tolerance costs a sampler."""

RATE_WEIGHT = 2.0
"""Nats of BCE that a nat of KL beyond the rate costs: more than it can buy."""


class Purpose(StrEnum):
    """What a study, and a recommendation, is for."""

    REPRESENTATION = "representation"
    """A code that says something, for sampling, interpolation and editing: the most informative
    among those whose NLL is as good as the best's within the noise."""
    DENSITY = "density"
    """The best model of the music: the lowest NLL."""
    RECONSTRUCTION = "reconstruction"
    """The closest decoding at a rate: the lowest BCE among those of at most so much KL."""


@dataclass(frozen=True)
class Goal:
    """The validation metrics that a purpose goes by; NLL is asked for in any case.

    Attributes
    ----------
    improved
        What is to get better, the metric that the purpose is told by first.
    bounded
        What only decides who is admitted.
    """

    improved: tuple[str, ...]
    bounded: tuple[str, ...] = ()


GOALS = {
    Purpose.REPRESENTATION: Goal(("mi_lower", "nll")),
    Purpose.DENSITY: Goal(("nll",)),
    Purpose.RECONSTRUCTION: Goal(("bce",), bounded=("kl",)),
}

FIGURES = tuple(
    dict.fromkeys(
        name for goal in GOALS.values() for name in ("nll", *goal.improved, *goal.bounded)
    )
)
"""All metrics that purposes go by: the figures of a :class:`Candidate`."""


@dataclass(frozen=True)
class Aim:
    """A purpose, and for ``reconstruction`` the rate: the most KL in nats, or None.

    None stands for the KL of the configuration of lowest NLL: the rate that the music pays for.
    """

    purpose: Purpose = Purpose.REPRESENTATION
    rate: float | None = None

    def __str__(self) -> str:
        return str(self.purpose) if self.rate is None else f"{self.purpose}@{self.rate:g}"

    @classmethod
    def parse(cls, text: str) -> Aim:
        """Read ``density`` or ``reconstruction@5``.

        Raises
        ------
        UsageError
            If it is no purpose, or the rate is no number of nats above 0.
        """
        name, at, rate = text.partition("@")
        if name not in {str(one) for one in Purpose}:
            raise UsageError(
                f"'{text}' is no purpose: {', '.join(Purpose)}, or reconstruction@5 for "
                "at most 5 nats of KL"
            )
        purpose = Purpose(name)
        return cls(purpose, _rate(text, purpose, rate) if at else None)


def _rate(text: str, purpose: Purpose, rate: str) -> float:
    if purpose is not Purpose.RECONSTRUCTION:
        raise UsageError(f"'{text}': only reconstruction has a rate, as in reconstruction@5")
    try:
        value = float(rate)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"'{text}': '{rate}' is no number of nats above 0")
    return value


@dataclass(frozen=True)
class Candidate:
    """A configuration to rank, by its validation figures on n seeds.

    Attributes
    ----------
    nll, mi_lower, bce, kl
        ``[n]`` nats, in order of seed; those of all candidates are paired. ``nll`` may be
        bce + kl, its upper bound, for all of them, where it was not measured.
    collapsed
        Seeds that collapsed.
    n_parameters
        Weights of the model: the smaller one wins a tie.
    """

    config_id: str
    nll: tuple[float, ...]
    mi_lower: tuple[float, ...]
    bce: tuple[float, ...]
    kl: tuple[float, ...]
    collapsed: int = 0
    n_parameters: int = 0


@dataclass(frozen=True)
class Ranking:
    """Candidates in the order of a purpose.

    Attributes
    ----------
    order
        Config_ids, the one to choose first; those that were admitted before the others.
    admitted
        Those among which the purpose's metric decides, in that order.
    tied
        Those that a tie was decided between, the chosen one first; it alone where none was.
    costs
        Config_id to what the ranking goes by, before ties: less is better. What a sampler improves.
    tolerance
        By how many nats an NLL may be worse than the best; None where one seed tells of no
        noise, and for other purposes.
    rate
        Most KL that was allowed, nats; None for other purposes.
    seed_costs
        Config_id to the purpose's cost seed by seed, ``[n]``, for tests of paired differences.
    """

    order: tuple[str, ...]
    admitted: tuple[str, ...]
    tied: tuple[str, ...]
    costs: dict[str, float]
    tolerance: float | None
    rate: float | None
    seed_costs: dict[str, tuple[float, ...]]


def rank(candidates: Sequence[Candidate], aim: Aim) -> Ranking:
    """Rank candidates, whatever their order.

    Parameters
    ----------
    candidates
        All with figures on the same seeds, at least one.
    aim
        The purpose.

    Notes
    -----
    Near ties, candidates within one standard error of the best in each of the purpose's metrics,
    go to the one with fewer collapsed seeds, then to the smaller model, then by config_id. The
    error is that of the paired difference, or the one pooled over all pairs if that is smaller:
    of few seeds a single one is a poor guess.
    """
    table = _Table(sorted(candidates, key=lambda one: one.config_id))
    match aim.purpose:
        case Purpose.REPRESENTATION:
            return _representation(table)
        case Purpose.DENSITY:
            every = list(range(len(table.ids)))
            pool = within_tolerance(table.nll, TOLERANCE)
            return _ranked(table, every, table.nll, (table.nll,), pool=pool)
        case Purpose.RECONSTRUCTION:
            return _reconstruction(table, aim.rate)
        case unknown:
            assert_never(unknown)


class _Table:
    """Figures of candidates, ``[k, n]``, in order of config_id."""

    def __init__(self, rows: Sequence[Candidate]) -> None:
        self.rows = rows
        self.ids = [row.config_id for row in rows]
        self.nll = np.array([row.nll for row in rows], dtype=float)
        self.mi_lower = np.array([row.mi_lower for row in rows], dtype=float)
        self.bce = np.array([row.bce for row in rows], dtype=float)
        self.kl = np.array([row.kl for row in rows], dtype=float)

    @property
    def n_seeds(self) -> int:
        return int(self.nll.shape[1])

    def prices(self) -> NDArray[np.float64]:
        """What each one's collapse rate costs, ``[k]``."""
        return np.array([trainings_price(row.collapsed, self.n_seeds) for row in self.rows])


def _representation(table: _Table) -> Ranking:
    """The most informative of those within the tolerance, less the price of NLL and of collapse."""
    admitted = within_tolerance(table.nll, TOLERANCE)
    few = admitted if len(admitted) > 1 else list(range(len(table.ids)))
    nll_noise, mi_noise = (positive_noise(one[few]) for one in (table.nll, table.mi_lower))
    gaps = (table.nll.mean(axis=1) - table.nll.mean(axis=1).min()) / nll_noise
    beyond = BEYOND_WEIGHT * np.maximum(0, gaps - TOLERANCE)
    seed_costs = table.nll / nll_noise - table.mi_lower / mi_noise
    prices = TRAININGS_WEIGHT * table.prices()
    costs = gaps + beyond + prices - table.mi_lower.mean(axis=1) / mi_noise
    tolerance = TOLERANCE * nll_noise if table.n_seeds > 1 else None
    metrics = (table.nll, -table.mi_lower)
    return _ranked(table, admitted, seed_costs, metrics, costs, tolerance=tolerance)


def _reconstruction(table: _Table, rate: float | None) -> Ranking:
    kl = table.kl.mean(axis=1)
    most = float(kl[table.nll.mean(axis=1).argmin()]) if rate is None else rate
    admitted = [i for i in range(len(table.ids)) if kl[i] <= most]
    costs = table.bce.mean(axis=1) + RATE_WEIGHT * np.maximum(0, kl - most)
    return _ranked(table, admitted, table.bce, (table.bce,), costs, rate=most)


def _ranked(
    table: _Table,
    admitted: Sequence[int],
    seed_costs: NDArray[np.float64],
    metrics: tuple[NDArray[np.float64], ...],
    costs: NDArray[np.float64] | None = None,
    *,
    tolerance: float | None = None,
    rate: float | None = None,
    pool: Sequence[int] | None = None,
) -> Ranking:
    costs = seed_costs.mean(axis=1) if costs is None else costs
    inside = sorted(admitted, key=lambda i: (costs[i], table.ids[i]))
    outside = sorted(set(range(len(costs))) - set(admitted), key=lambda i: (costs[i], table.ids[i]))
    tied = _near_ties(table, inside, metrics, inside if pool is None else pool)
    if tied:
        inside.remove(tied[0])
        inside.insert(0, tied[0])

    def named(rows: Sequence[int]) -> tuple[str, ...]:
        return tuple(table.ids[i] for i in rows)

    order = [*inside, *outside]
    return Ranking(
        order=named(order),
        admitted=named(inside),
        tied=named(tied or order[:1]),
        costs={table.ids[i]: float(costs[i]) for i in order},
        tolerance=tolerance,
        rate=rate,
        seed_costs={table.ids[i]: tuple(map(float, seed_costs[i])) for i in order},
    )


def _near_ties(
    table: _Table,
    ranked: Sequence[int],
    metrics: tuple[NDArray[np.float64], ...],
    pool: Sequence[int],
) -> list[int]:
    """Rows within one standard error of the first in every metric, the one to prefer first.

    ``pool``: the rows whose noise is pooled, of which none is clearly worse.
    """
    if not ranked:
        return []
    best, n = ranked[0], table.n_seeds
    pooled = [pair_noise(one[list(pool)]) for one in metrics]

    def near(row: int) -> bool:
        for figures, noise in zip(metrics, pooled, strict=True):
            difference = figures[row] - figures[best]
            own = float(difference.std(ddof=1)) if n > 1 else 0.0
            error = (own if math.isnan(noise) else min(own, noise)) / math.sqrt(n)
            if difference.mean() > error:
                return False
        return True

    tied = [row for row in ranked if row == best or near(row)]
    rows = table.rows
    return sorted(tied, key=lambda i: (rows[i].collapsed, rows[i].n_parameters, table.ids[i]))
