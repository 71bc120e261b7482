"""From validation metrics of seed runs to what a purpose ranks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.statistics.purposes import Candidate, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from musebar_core.metric_table import Metrics

METRICS: dict[Purpose, tuple[str, ...]] = {
    Purpose.REPRESENTATION: ("mi_lower", "nll"),
    Purpose.DENSITY: ("nll",),
    Purpose.RECONSTRUCTION: ("bce",),
}
"""Validation metrics that a purpose goes by, its own first."""


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

    def figures(one: Measured, name: str) -> tuple[float, ...]:
        values: list[float | None] = [getattr(row, name) for row in one.rows]
        return tuple(math.nan if value is None else value for value in values)

    return [
        Candidate(
            config_id=one.config_id,
            nll=tuple(-elbo for elbo in figures(one, "elbo")) if bound else figures(one, "nll"),
            mi_lower=figures(one, "mi_lower"),
            bce=figures(one, "bce"),
            kl=figures(one, "kl"),
            collapsed=one.collapsed,
            n_parameters=one.n_parameters,
        )
        for one in found
    ]
