"""Which searched configurations go on to the confirmation seeds.

Decided once a genre's search is complete, from its results alone, whatever their order. The
reasons come with the decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from study.search.objectives import Objectives, cost
from study.statistics.eligibility import COLLAPSED_SHARE
from study.statistics.pareto import pareto_front, pareto_ranks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from musebar_core.metric_table import Metrics


@dataclass(frozen=True)
class Searched:
    """What the search seeds said of one configuration, on validation.

    Attributes
    ----------
    bce, elbo, mi_lower
        Means over the done seeds, nats.
    collapsed, done, planned
        Seed counts.
    """

    config_id: str
    bce: float
    elbo: float
    mi_lower: float
    collapsed: int
    done: int
    planned: int

    @property
    def complete(self) -> bool:
        """Whether every seed is done."""
        return self.done == self.planned

    @property
    def allowed(self) -> float:
        """Seeds that may have collapsed: one in five, and one where there are several at all.

        One collapse of a few seeds does not tell yet that more than one in five collapse.
        """
        return max(COLLAPSED_SHARE * self.planned, 1 if self.planned > 1 else 0)

    @property
    def eligible(self) -> bool:
        """Whether it may go on before others: complete, with no more collapsed than allowed."""
        return self.violation <= 0

    @property
    def violation(self) -> float:
        """How far from eligible, as a share of the seeds: above 0 is not, 0 or below is."""
        failed = self.planned - self.done
        return max((self.collapsed - self.allowed) / self.planned, failed / self.planned)

    def costs(self, objectives: Objectives) -> tuple[float, ...]:
        """The objectives, turned so that less is better, nats."""
        return tuple(cost(objective, getattr(self, objective)) for objective in objectives)


@dataclass(frozen=True)
class Promotion:
    """Whether a searched configuration goes on to the confirmation seeds, and why.

    Attributes
    ----------
    informative
        Whether it holds the place kept for the most informative one.
    """

    config_id: str
    promoted: bool
    reason: str
    statistic: float | None
    informative: bool = False


def searched(config_id: str, metrics: Iterable[Metrics], planned: int) -> Searched:
    """Reduce the validation metrics of a configuration's done seeds."""
    rows = list(metrics)

    def mean(name: str) -> float:
        return fmean(getattr(row, name) for row in rows) if rows else float("nan")

    return Searched(
        config_id=config_id,
        bce=mean("bce"),
        elbo=mean("elbo"),
        mi_lower=mean("mi_lower"),
        collapsed=sum(bool(row.collapsed) for row in rows),
        done=len(rows),
        planned=planned,
    )


def best_first(results: Iterable[Searched], objectives: Objectives) -> list[Searched]:
    """Order complete configurations: eligible before others, then by Pareto rank and objective.

    With a single objective that is its order.
    """
    complete = [r for r in results if r.complete]
    ranks: dict[str, int] = {}
    for some in (True, False):
        alike = [r for r in complete if r.eligible is some]
        ranks |= pareto_ranks({r.config_id: r.costs(objectives) for r in alike})
    return sorted(
        complete,
        key=lambda r: (not r.eligible, ranks[r.config_id], r.costs(objectives), r.config_id),
    )


def promote(results: Iterable[Searched], count: int, objectives: Objectives) -> list[Promotion]:
    """Choose the configurations that go on to the confirmation seeds.

    All places but the last go to the best by the objective, the last to the most informative
    one left (highest mi_lower): BCE alone rewards an empty code, and a recommendation that
    prefers information needs a candidate. A single place goes to the best by the objective.
    Where eligible ones are too few, complete ones that collapsed take the places left, so that
    the table shows them in full.

    Parameters
    ----------
    results
        The searched configurations of a genre.
    count
        Places.
    objectives
        What the search improves.

    Returns
    -------
    list of Promotion
        One a configuration: at most ``count`` promoted ones first, then the others.
    """
    results = list(results)
    ordered = best_first(results, objectives)
    chosen = ordered[: max(1, count - 1)]
    rest = [r for r in ordered if r not in chosen]
    informative = sorted(rest, key=lambda r: (not r.eligible, -r.mi_lower, r.config_id))
    informative = informative[: count - len(chosen)]
    promoted = [
        _promotion(r, ordered, objectives, "among the best by the objective") for r in chosen
    ]
    promoted += [
        _promotion(
            r,
            ordered,
            objectives,
            f"the most informative of the others (mi_lower {r.mi_lower:.4g} nats)",
            informative=True,
        )
        for r in informative
    ]
    taken = {p.config_id for p in promoted}
    return promoted + [
        _passed_over(r, ordered, objectives) for r in results if r.config_id not in taken
    ]


def pareto_set(results: Iterable[Searched], objectives: Objectives) -> list[Searched]:
    """Eligible configurations that no eligible one is better than in every objective."""
    eligible = [r for r in results if r.eligible]
    names = pareto_front({r.config_id: r.costs(objectives) for r in eligible})
    front = [r for r in eligible if r.config_id in names]
    return sorted(front, key=lambda r: (r.costs(objectives), r.config_id))


def _promotion(
    result: Searched,
    ordered: Sequence[Searched],
    objectives: Objectives,
    why: str,
    *,
    informative: bool = False,
) -> Promotion:
    place = ordered.index(result) + 1
    warning = "" if result.eligible else f"; {result.collapsed} of {result.planned} collapsed"
    reason = f"place {place} of {len(ordered)} on the search seeds: {why}{warning}"
    value = getattr(result, objectives[0])
    return Promotion(result.config_id, True, reason, value, informative)  # noqa: FBT003


def _passed_over(
    result: Searched, ordered: Sequence[Searched], objectives: Objectives
) -> Promotion:
    if not result.complete:
        failed = result.planned - result.done
        reason = f"{failed} of {result.planned} search seeds failed"
    elif not result.eligible:
        reason = f"{result.collapsed} of {result.planned} search seeds collapsed"
    else:
        reason = f"place {ordered.index(result) + 1} of {len(ordered)} on the search seeds"
    value = getattr(result, objectives[0]) if result.done else None
    return Promotion(result.config_id, promoted=False, reason=reason, statistic=value)
