"""Learning curves: every seed's trace, and their mean."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from study.results.tables import StudyTables


@dataclass(frozen=True)
class Trace:
    """One seed's curve; ``epochs`` (optimiser steps) and ``values`` are of one length."""

    seed: int
    epochs: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Curve:
    """One metric of one configuration over training.

    Attributes
    ----------
    metric
        Column of the curves, such as ``validation_bce``.
    traces
        One a seed, seeds ascending.
    epochs, means
        The mean over all seeds, at the epochs that every one of them evaluated: a mean
        whose seeds change on the way would bend by itself.
    """

    genre: str
    config_id: str
    phase: str
    metric: str
    traces: tuple[Trace, ...]
    epochs: tuple[int, ...]
    means: tuple[float, ...]


def curve(
    tables: StudyTables,
    genre: str,
    config_id: str,
    phase: str,
    metric: str = "validation_bce",
) -> Curve:
    """Gather one metric's curve; it has no traces where no run has been recorded."""
    found = tables.curves_of(genre, config_id, phase)
    rows = found[["seed", "epoch", metric]].dropna().sort_values(["seed", "epoch"])
    traces = tuple(
        Trace(
            int(str(seed)),
            tuple(int(epoch) for epoch in group["epoch"]),
            tuple(float(value) for value in group[metric]),
        )
        for seed, group in rows.groupby("seed", sort=True)
    )
    epochs, means = _mean(traces)
    return Curve(genre, config_id, phase, metric, traces, epochs, means)


def _mean(traces: tuple[Trace, ...]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    by_epoch: dict[int, list[float]] = {}
    for trace in traces:
        for epoch, value in zip(trace.epochs, trace.values, strict=True):
            by_epoch.setdefault(epoch, []).append(value)
    shared = sorted(epoch for epoch, values in by_epoch.items() if len(values) == len(traces))
    return tuple(shared), tuple(fmean(by_epoch[epoch]) for epoch in shared)
