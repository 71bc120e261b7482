"""Which way is better: objectives as costs."""

from __future__ import annotations

from musebar_core.metric_table import metric
from study.spec.model import Objective

Objectives = tuple[Objective, ...]


def cost(objective: Objective, value: float) -> float:
    """Turn an objective's value so that less is better."""
    return metric(objective).cost(value)
