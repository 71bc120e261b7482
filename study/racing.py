"""Which of the searched configurations go on to the confirmation seeds.

Decided once a genre's search is complete, from its results alone, whatever their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from study.spec import Objective

if TYPE_CHECKING:
    from collections.abc import Iterable

COLLAPSED_SHARE = 0.2
"""A configuration of which more than one seed in five collapsed is not eligible."""


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
    def eligible(self) -> bool:
        """Complete, with at most one seed in five collapsed."""
        return self.complete and self.collapsed <= COLLAPSED_SHARE * self.planned

    def cost(self, objective: Objective) -> float:
        """The objective, turned so that less is better, nats."""
        return self.bce if objective is Objective.BCE else -self.elbo


def searched(config_id: str, metrics: Iterable[dict[str, float]], planned: int) -> Searched:
    """Reduce the validation metrics of a configuration's done seeds."""
    rows = list(metrics)

    def mean(name: str) -> float:
        return fmean(row[name] for row in rows) if rows else float("nan")

    return Searched(
        config_id=config_id,
        bce=mean("bce"),
        elbo=mean("elbo"),
        mi_lower=mean("mi_lower"),
        collapsed=sum(bool(row["collapsed"]) for row in rows),
        done=len(rows),
        planned=planned,
    )


def finalists(results: Iterable[Searched], count: int, objective: Objective) -> list[str]:
    """Choose the configurations that go on to the confirmation seeds.

    All places but the last go to the best by the objective, the last to the most informative
    one left (highest mi_lower): BCE alone rewards an empty code, and a recommendation that
    prefers information needs a candidate. A single place goes to the best by the objective.

    Parameters
    ----------
    results
        The searched configurations of a genre.
    count
        Places.
    objective
        What the search improves.

    Returns
    -------
    list of str
        At most ``count`` config_ids: the eligible ones first; where they are too few, complete
        ones that collapsed take the places left, so that the table shows them in full.
    """
    complete = [r for r in results if r.complete]
    by_objective = sorted(complete, key=lambda r: (not r.eligible, r.cost(objective), r.config_id))
    chosen = by_objective[: max(1, count - 1)]
    rest = [r for r in complete if r not in chosen]
    by_information = sorted(rest, key=lambda r: (not r.eligible, -r.mi_lower, r.config_id))
    return [r.config_id for r in (*chosen, *by_information)][:count]
