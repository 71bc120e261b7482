"""The one table of metrics: what an evaluation reports, and all that is known of each figure.

Beside it stand the values that it describes. Their readers need no torch: this module has none.

Columns of the results, labels, units, directions and means over seeds are derived from it. What
computes them is :func:`musebar_core.metrics.measure`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

from musebar_core.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

MetricType = Literal["float64", "int64", "boolean", "string"]


COLLAPSE_NATS = 0.5
"""A run whose upper bound on the mutual information is below this is collapsed."""


class Direction(StrEnum):
    """Which way a metric is better."""

    LOWER = "lower"
    HIGHER = "higher"
    NONE = "none"


@dataclass(frozen=True)
class Metric:
    """One figure of an evaluation.

    Attributes
    ----------
    name
        As columns and :class:`Metrics` have it.
    dtype
        pandas's; its nullable kin in a table.
    unit
        Unit; empty where it has none.
    label
        As pages and figures write it.
    meaning
        What it is, in a line.
    direction
        Which way is better.
    averaged
        Whether its mean over seeds says something.
    null_where
        Where it is undefined; empty where it always has a value.
    every_evaluation
        Whether each evaluation has it, or only that of the reported epoch.
    least, most
        What it cannot be below or above; None for no bound.
    """

    name: str
    dtype: MetricType
    unit: str
    label: str
    meaning: str
    direction: Direction = Direction.NONE
    averaged: bool = False
    null_where: str = ""
    every_evaluation: bool = True
    least: float | None = None
    most: float | None = None

    def cost(self, value: float) -> float:
        """Turn a value so that less is better; one without a direction stays as it is."""
        return -value if self.direction is Direction.HIGHER else value


METRICS = (
    Metric(
        name="bce",
        dtype="float64",
        unit="nats per snippet",
        label="BCE",
        meaning="binary cross-entropy, summed over T and P",
        direction=Direction.LOWER,
        averaged=True,
        least=0.0,
    ),
    Metric(
        name="kl",
        dtype="float64",
        unit="nats per snippet",
        label="KL",
        meaning="KL of the last posterior, summed over L",
        averaged=True,
        least=0.0,
    ),
    Metric(
        name="kl_bars",
        dtype="float64",
        unit="nats per snippet",
        label="KL over bars",
        meaning="mean of the KL over the r posteriors",
        averaged=True,
        least=0.0,
    ),
    Metric(
        name="elbo",
        dtype="float64",
        unit="nats per snippet",
        label="ELBO",
        meaning="-(bce + kl), weight always 1",
        direction=Direction.HIGHER,
        averaged=True,
        most=0.0,
    ),
    Metric(
        name="mi_lower",
        dtype="float64",
        unit="nats",
        label="MI lower",
        meaning="lower end of the mutual information bracket",
        direction=Direction.HIGHER,
        averaged=True,
        least=0.0,
    ),
    Metric(
        name="mi_upper",
        dtype="float64",
        unit="nats",
        label="MI upper",
        meaning="upper end of the mutual information bracket",
        direction=Direction.HIGHER,
        averaged=True,
        least=0.0,
    ),
    Metric(
        name="mi_cap",
        dtype="float64",
        unit="nats",
        label="MI cap",
        meaning="log N, which mi_lower cannot exceed",
    ),
    Metric(
        name="active_units",
        dtype="int64",
        unit="dimensions",
        label="active units",
        meaning="variance of mu over snippets above 0.01",
        direction=Direction.HIGHER,
        averaged=True,
        least=0.0,
    ),
    Metric(
        name="informative_share",
        dtype="float64",
        unit="share",
        label="informative share",
        meaning="mi_upper / kl; null where kl is 0",
        direction=Direction.HIGHER,
        null_where="kl is 0",
        least=0.0,
    ),
    Metric(
        name="collapsed",
        dtype="boolean",
        unit="",
        label="collapsed",
        meaning="mi_upper below 0.5 nats, or no active unit, of a trained model",
        direction=Direction.LOWER,
        null_where="bce does not beat the Markov chain",
    ),
    Metric(
        name="n_snippets",
        dtype="int64",
        unit="snippets",
        label="snippets",
        meaning="N, snippets evaluated",
    ),
    Metric(
        name="nll",
        dtype="float64",
        unit="nats per snippet",
        label="NLL",
        meaning="importance-weighted negative log likelihood, on a fixed part of the snippets",
        direction=Direction.LOWER,
        averaged=True,
        null_where="not the reported epoch",
        every_evaluation=False,
        least=0.0,
    ),
    Metric(
        name="reconstruction_accuracy",
        dtype="float64",
        unit="share",
        label="reconstruction accuracy",
        meaning="steps that the decoder, running free from the code, gets right",
        direction=Direction.HIGHER,
        averaged=True,
        null_where="not the reported epoch",
        every_evaluation=False,
        least=0.0,
        most=1.0,
    ),
)
"""Every metric, in the order of the tables' columns."""


class Metrics(NamedTuple):
    """One evaluation on one split; the meanings are in design terms: nats per snippet.

    ``kl`` is of the last posterior (z's), ``kl_bars`` the mean over the r posteriors.
    ``informative_share`` is None where ``kl`` is 0, ``collapsed`` where the model is known to be
    undertrained (:mod:`musebar_core.states`); ``nll`` and ``reconstruction_accuracy`` are
    measured once a run, at its reported epoch, and None elsewhere. What computes them is
    :func:`musebar_core.metrics.measure` and :mod:`musebar_core.code`.
    """

    bce: float
    kl: float
    kl_bars: float
    elbo: float
    mi_lower: float
    mi_upper: float
    mi_cap: float
    active_units: int
    informative_share: float | None
    collapsed: bool | None
    n_snippets: int
    nll: float | None = None
    reconstruction_accuracy: float | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, object], prefix: str = "") -> Metrics:
        """Read values by name; what an older product did not measure is None.

        Parameters
        ----------
        values
            By the metrics' names, each after ``prefix``; others are left alone.
        prefix
            As ``validation_``.
        """
        names = [prefix + name for name in cls._fields] if prefix else cls._fields
        return cls._make(map(values.get, names))


@dataclass(frozen=True)
class EpochMetrics:
    """One evaluated epoch.

    Attributes
    ----------
    epoch
        Optimiser steps done.
    weight
        Weight of the KL term in the last of them.
    train_bce, train_kl_bars
        Nats per snippet, means over the steps since the last evaluation.
    validation
        Metrics on the validation split.
    """

    epoch: int
    weight: float
    train_bce: float
    train_kl_bars: float
    validation: Metrics


def metric(name: str) -> Metric:
    """Return the entry named ``name``.

    Raises
    ------
    UnknownNameError
        If the table has none of that name.
    """
    for entry in METRICS:
        if entry.name == name:
            return entry
    raise UnknownNameError("metric", name, [entry.name for entry in METRICS])


def averaged() -> tuple[str, ...]:
    """Names of the metrics that are averaged over seeds, in the table's order."""
    return tuple(entry.name for entry in METRICS if entry.averaged)
