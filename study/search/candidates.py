"""From validation metrics of seed runs to what a purpose ranks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.statistics.purposes import FIGURES, Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from musebar_core.metric_table import Metrics


@dataclass(frozen=True)
class Measured:
    """A configuration, and the validation metrics of its done seeds in order of seed.

    Attributes
    ----------
    n_parameters
        Weights of its model.
    """

    config_id: str
    rows: tuple[Metrics, ...]
    n_parameters: int = 0

    @property
    def collapsed(self) -> int:
        """Seeds that collapsed."""
        return sum(bool(row.collapsed) for row in self.rows)

    @property
    def undertrained(self) -> int:
        """Seeds of which nothing can be said about collapse, as they do not beat Markov's chain."""
        return sum(row.collapsed is None for row in self.rows)


def candidates(measured: Iterable[Measured]) -> list[Candidate]:
    """What is ranked of some configurations that have the same seeds.

    Where any of them lacks an NLL, all go by bce + kl (-elbo), its upper bound: the two are not
    compared.
    """
    found = list(measured)
    bound = any(row.nll is None for one in found for row in one.rows)

    def figure(row: Metrics, name: str) -> float:
        stands_in = bound and name == "nll"
        value: float | None = getattr(row, "elbo" if stands_in else name)
        if value is None:
            return math.nan
        return -value if stands_in else value

    return [
        Candidate(
            config_id=one.config_id,
            collapsed=one.collapsed,
            n_parameters=one.n_parameters,
            **{name: tuple(figure(row, name) for row in one.rows) for name in FIGURES},
        )
        for one in found
    ]
