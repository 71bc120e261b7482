"""Rate against distortion: what a code costs or carries, against what is left to explain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reports.answers.views import is_chosen, one_phase
from study.statistics.pareto import pareto_front

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.summaries import ConfigurationSummary


class Trade(StrEnum):
    """What is traded for what.

    ``KL_BCE``: rate as the code costs it (KL) against distortion; both less is better.
    ``MI_NLL``: what the code carries (lower bound of MI, more is better) against the NLL that
    prices it, or -ELBO where NLL was not measured (less is better).
    """

    KL_BCE = "kl_bce"
    MI_NLL = "mi_nll"


@dataclass(frozen=True)
class RatePoint:
    """One configuration: means over seeds on validation, nats.

    Attributes
    ----------
    front
        Whether no other is better in one of the two and no worse in the other.
    """

    row: ConfigurationSummary
    rate: float
    distortion: float
    chosen: bool
    front: bool


@dataclass(frozen=True)
class RateDistortion:
    """Every measured configuration of a genre in one trade.

    Attributes
    ----------
    distortion
        Metric of the distortion: ``bce``, ``nll`` or ``elbo`` (its negative is shown).
    points
        One a configuration, by rate.
    """

    trade: Trade
    distortion: str
    points: tuple[RatePoint, ...]

    @property
    def frontier(self) -> tuple[RatePoint, ...]:
        """Points of the front, by rate."""
        return tuple(point for point in self.points if point.front)


def rate_distortion(
    rows: tuple[ConfigurationSummary, ...],
    chosen: ConfigurationSummary | None,
    wanted: int,
    trade: Trade,
) -> RateDistortion | None:
    """Set each configuration's rate against its distortion; None for fewer than two."""
    kept = [row for row in one_phase(rows, wanted) if row.validation is not None]
    name = "bce" if trade is Trade.KL_BCE else _likelihood(kept)
    rate = "kl" if trade is Trade.KL_BCE else "mi_lower"
    found = {
        row.config_id: (row, _mean(row, rate), _mean(row, name) * (-1 if name == "elbo" else 1))
        for row in kept
    }
    known = {
        config_id: (x, y)
        for config_id, (_, x, y) in found.items()
        if math.isfinite(x) and math.isfinite(y)
    }
    if len(known) < 2:
        return None
    sign = 1.0 if trade is Trade.KL_BCE else -1.0
    front = pareto_front({config_id: (sign * x, y) for config_id, (x, y) in known.items()})
    points = [
        RatePoint(found[one][0], x, y, is_chosen(found[one][0], chosen), one in front)
        for one, (x, y) in known.items()
    ]
    return RateDistortion(trade, name, tuple(sorted(points, key=_place)))


def _place(point: RatePoint) -> tuple[float, float, str]:
    return point.rate, point.distortion, point.row.config_id


def _mean(row: ConfigurationSummary, name: str) -> float:
    return math.nan if row.validation is None else row.validation.metric(name).mean


def _likelihood(rows: Sequence[ConfigurationSummary]) -> str:
    """NLL where all have it; what stands for it elsewhere."""
    return "nll" if all(math.isfinite(_mean(row, "nll")) for row in rows) else "elbo"
