"""Learning curves: every seed's trace, and their mean."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from reports.answers.kept import of_tables

if TYPE_CHECKING:
    import pandas as pd

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
    known = _known(tables)
    key = genre, config_id, phase, metric
    if key not in known:
        rows = tables.curves_of(genre, config_id, phase, ("seed", "epoch", metric))
        traces = _traces(rows, metric)
        known[key] = Curve(*key, traces, *_mean(traces))
    return known[key]


@of_tables
def _known(_: StudyTables) -> dict[tuple[str, str, str, str], Curve]:
    """Curves that were asked for: several pages show the same ones."""
    return {}


def _traces(rows: pd.DataFrame, metric: str) -> tuple[Trace, ...]:
    """Read the rows of one curve, seed by seed, epochs ascending; empty cells are left out."""
    known = rows[["seed", "epoch", metric]].dropna()
    by_seed: dict[int, list[tuple[int, float]]] = {}
    columns = (known[name] for name in ("seed", "epoch", metric))
    for seed, epoch, value in zip(*columns, strict=True):
        by_seed.setdefault(int(seed), []).append((int(epoch), float(value)))
    return tuple(Trace(seed, *zip(*sorted(by_seed[seed]), strict=True)) for seed in sorted(by_seed))


def _mean(traces: tuple[Trace, ...]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    by_epoch: dict[int, list[float]] = {}
    for trace in traces:
        for epoch, value in zip(trace.epochs, trace.values, strict=True):
            by_epoch.setdefault(epoch, []).append(value)
    shared = sorted(epoch for epoch, values in by_epoch.items() if len(values) == len(traces))
    return tuple(shared), tuple(fmean(by_epoch[epoch]) for epoch in shared)
