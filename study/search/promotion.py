"""Which searched configurations go on to the confirmation seeds.

Decided once a genre's search is complete, from its results alone, whatever their order. The
reasons come with the decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from study.search.candidates import Measured, candidates
from study.statistics.eligibility import mostly_undertrained
from study.statistics.pareto import pareto_front
from study.statistics.purposes import GOALS, Purpose, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from study.statistics.purposes import Aim


@dataclass(frozen=True)
class Searched:
    """What the search seeds said of one configuration, on validation.

    Attributes
    ----------
    measured
        Metrics of the done seeds.
    planned
        Seeds wanted.
    """

    measured: Measured
    planned: int

    @property
    def config_id(self) -> str:
        """The configuration."""
        return self.measured.config_id

    @property
    def done(self) -> int:
        """Seeds done."""
        return len(self.measured.rows)

    @property
    def complete(self) -> bool:
        """Whether every seed is done."""
        return self.done == self.planned

    @property
    def trained(self) -> bool:
        """Whether at most half of its done seeds are undertrained."""
        return not mostly_undertrained(self.measured.undertrained, self.done)

    @property
    def able(self) -> bool:
        """Whether it may go on before others: complete and trained."""
        return self.complete and self.trained

    @property
    def violation(self) -> float:
        """Share of its seeds that failed: above 0 it can have no full count."""
        return (self.planned - self.done) / self.planned

    def mean(self, name: str) -> float:
        """Mean of a metric over the done seeds; NaN for none, or where one was not measured."""
        values = [getattr(row, name) for row in self.measured.rows]
        return fmean(values) if values and None not in values else float("nan")


@dataclass(frozen=True)
class Promotion:
    """Whether a searched configuration goes on to the confirmation seeds, and why.

    Attributes
    ----------
    statistic
        Mean of the purpose's own metric over the search seeds; None where none is done.
    anchor
        Whether it holds the place kept for the lowest NLL, which others are held against.
    """

    config_id: str
    promoted: bool
    reason: str
    statistic: float | None
    anchor: bool = False


def costs(results: Iterable[Searched], aim: Aim) -> dict[str, float]:
    """What a sampler improves: config_id to a cost, less is better, of the complete ones."""
    complete = [r.measured for r in results if r.complete]
    return rank(candidates(complete), aim).costs if complete else {}


def best_first(results: Iterable[Searched], aim: Aim) -> list[Searched]:
    """Order complete configurations as their purpose does; undertrained ones come last."""
    ordered: list[Searched] = []
    complete = [r for r in results if r.complete]
    for able in (True, False):
        by_id = {r.config_id: r for r in complete if r.able is able}
        if by_id:
            ranking = rank(candidates(r.measured for r in by_id.values()), aim)
            ordered += [by_id[config_id] for config_id in ranking.order]
    return ordered


def promote(results: Iterable[Searched], count: int, aim: Aim) -> list[Promotion]:
    """Choose the configurations that go on to the confirmation seeds.

    The places go to the first in the order of the purpose. For a representation the last of
    several is kept for the lowest NLL, where that is not among them: what counts as good as the
    best is reckoned from it.

    Parameters
    ----------
    results
        The searched configurations of a genre.
    count
        Places.
    aim
        What the search is for.

    Returns
    -------
    list of Promotion
        One a configuration: at most ``count`` promoted ones first, then the others.
    """
    results = list(results)
    ordered = best_first(results, aim)
    chosen = ordered[:count]
    anchor = _anchor(ordered) if aim.purpose is Purpose.REPRESENTATION and count > 1 else None
    kept = anchor if anchor is not None and all(anchor is not r for r in chosen) else None
    if kept is not None:
        chosen = [*chosen[: count - 1], kept]
    said = {r.config_id: f"among the best for {aim}" for r in chosen}
    if kept is not None:
        said[kept.config_id] = "the lowest NLL, which the others are held against"
    places = {r.config_id: f"place {n} of {len(ordered)}" for n, r in enumerate(ordered, start=1)}
    promoted = [_promotion(r, places, aim, said[r.config_id], anchor=r is anchor) for r in chosen]
    return promoted + [_passed_over(r, places, aim) for r in results if r.config_id not in said]


def pareto_set(results: Iterable[Searched], aim: Aim) -> list[Searched]:
    """For a representation: those that none is better than in both NLL and mi_lower.

    Others have one metric, and no such set.
    """
    able = {r.config_id: r for r in results if r.able}
    if aim.purpose is not Purpose.REPRESENTATION or not able:
        return []
    points = {
        one.config_id: (fmean(one.nll), -fmean(one.mi_lower))
        for one in candidates(r.measured for r in able.values())
    }
    front = pareto_front(points)
    return [able[i] for i in sorted(front, key=lambda config_id: (points[config_id], config_id))]


def _anchor(ordered: Sequence[Searched]) -> Searched | None:
    able = {r.config_id: r for r in ordered if r.able}
    if not able:
        return None
    found = candidates(r.measured for r in able.values())
    return able[min(found, key=lambda one: (fmean(one.nll), one.config_id)).config_id]


def _statistic(result: Searched, aim: Aim) -> float | None:
    value = result.mean(GOALS[aim.purpose].improved[0]) if result.done else float("nan")
    return value if value == value else None  # noqa: PLR0124  (NaN)


def _promotion(
    result: Searched, places: Mapping[str, str], aim: Aim, why: str, *, anchor: bool
) -> Promotion:
    warning = f"; {_undertrained(result)}" if not result.trained else ""
    reason = f"{places[result.config_id]} on the search seeds: {why}{warning}"
    return Promotion(result.config_id, True, reason, _statistic(result, aim), anchor)  # noqa: FBT003


def _passed_over(result: Searched, places: Mapping[str, str], aim: Aim) -> Promotion:
    if not result.complete:
        failed = result.planned - result.done
        reason = f"{failed} of {result.planned} search seeds failed"
    elif not result.trained:
        reason = _undertrained(result)
    else:
        reason = f"{places[result.config_id]} on the search seeds"
    return Promotion(result.config_id, False, reason, _statistic(result, aim))  # noqa: FBT003


def _undertrained(result: Searched) -> str:
    n = result.measured.undertrained
    return f"{n} of {result.planned} search seeds undertrained"
