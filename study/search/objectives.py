"""Which way is better: objectives as costs, dominance, and who may be chosen at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from musebar_core.metric_table import metric
from study.spec.model import Objective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLLAPSED_SHARE = 0.2
"""A configuration of which more than one seed in five collapsed is not eligible."""

Objectives = tuple[Objective, ...]


def cost(objective: Objective, value: float) -> float:
    """Turn an objective's value so that less is better."""
    return metric(objective).cost(value)


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether ``one`` is nowhere worse and somewhere better; equals: the same ones stay."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def pareto_ranks(costs: Mapping[str, Sequence[float]]) -> dict[str, int]:
    """Rank 0 is dominated by none, 1 by those of rank 0 alone, and so on."""
    left = dict(costs)
    ranks: dict[str, int] = {}
    rank = 0
    while left:
        front = [
            i for i, mine in left.items() if not any(dominates(o, mine) for o in left.values())
        ]
        for config_id in front:
            ranks[config_id] = rank
            del left[config_id]
        rank += 1
    return ranks
