"""Between the rows of a ledger and plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from musebar_core.metric_table import METRICS
from study.ledger.record import GenreFacts, Origin, Proposal, SeedRun
from study.ledger.result import (
    Failure,
    FailureKind,
    RunMetrics,
    SeedRunResult,
    flat_epoch,
    read_epoch,
)
from study.spec.sections import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from sqlalchemy import RowMapping

    from musebar_core.metric_table import EpochMetrics

    Row = RowMapping | dict[str, Any]


def seed_run(row: Row) -> SeedRun:
    """Read the name of a seed run."""
    return SeedRun(row["genre"], row["config_id"], row["seed"], Phase(row["phase"]))


def result_row(result: SeedRunResult) -> dict[str, object]:
    """Write a seed run's result into the columns of ``musebar_seed_runs`` that are no key."""
    failure, curve = result.failure, result.curve or ()
    return {
        "state": str(result.state),
        "failure": failure and clean(failure.message),
        "failure_kind": failure and failure.kind,
        "attempts": result.attempts,
        "metrics": result.metrics.to_dict(),
        "curve": [flat_epoch(row) for row in curve],
        "best_epoch": result.best_epoch,
        "seconds": result.seconds,
        "node": result.node,
        "device": result.device,
        "versions": result.versions,
        "checkpoint": result.checkpoint,
        "finished_at": result.finished_at,
    }


def result(row: Row) -> SeedRunResult:
    """Read what :func:`result_row` wrote, or an older product.

    Without the column ``curve`` the curve is None.
    """
    names = ("attempts", "best_epoch", "seconds", "node", "device", "versions", "checkpoint")
    _check_cells(row, row["metrics"])
    return SeedRunResult(
        failure=_failure(row),
        metrics=RunMetrics.from_dict(row["metrics"] or {}),
        curve=curve(row) if "curve" in row else None,
        finished_at=row["finished_at"],
        **{name: row[name] for name in names},
    )


def result_for_plans(row: Row) -> SeedRunResult:
    """Read what plans and progress depend on: the column ``validation`` holds its metrics."""
    names = ("attempts", "best_epoch", "seconds", "node", "device", "checkpoint")
    metrics = None if row["validation"] is None else {"validation": row["validation"]}
    if metrics is None and row["failure"] is None:
        raise TypeError("no validation metrics of a seed run that is done")
    _check_cells(row, metrics)
    return SeedRunResult(
        failure=_failure(row),
        metrics=RunMetrics.from_dict(metrics or {}),
        curve=None,
        finished_at=row["finished_at"],
        **{name: row[name] for name in names},
    )


def curve(row: Row) -> tuple[EpochMetrics, ...]:
    """Read a seed run's curve."""
    return tuple(map(read_epoch, row["curve"] or ()))


def _failure(row: Row) -> Failure | None:
    kind = row["failure_kind"]
    return None if row["failure"] is None else Failure(row["failure"], kind and FailureKind(kind))


_NULL = type(None)
_CELLS: Mapping[str, tuple[type, ...]] = {
    "failure": (str, _NULL),
    "attempts": (int,),
    "best_epoch": (int, _NULL),
    "seconds": (float, int, _NULL),
    "node": (str, _NULL),
    "device": (str, _NULL),
    "versions": (dict, _NULL),
    "checkpoint": (str, _NULL),
    "finished_at": (str,),
}
"""Types of what a seed run's row holds: SQLite keeps whatever it is given."""

NUMBERS = frozenset(one.name for one in METRICS if one.dtype != "string")
"""Metrics that are numbers."""

_NUMBER = (float, int, _NULL)


def _check_cells(row: Row, metrics: object) -> None:
    """Raise :class:`TypeError` unless a row's cells are what :func:`result_row` writes."""
    for name, kinds in _CELLS.items():
        if name in row and not isinstance(row[name], kinds):
            raise TypeError(f"{name} {str(row[name])[:40]!r} of a seed run")
    check_metrics(metrics)


def check_metrics(metrics: object) -> None:
    """Raise :class:`TypeError` unless a cell's metrics are numbers, by split and name."""
    if not isinstance(metrics, dict | None):
        raise TypeError(f"metrics {str(metrics)[:40]!r} of a seed run")
    for split, values in (metrics or {}).items():
        for name, value in values.items():
            if not isinstance(value, _NUMBER) and name in NUMBERS:
                raise TypeError(f"{split}_{name} {str(value)[:40]!r} of a seed run")


def facts(row: Row) -> GenreFacts:
    """Read a genre's facts."""
    found: GenreFacts = row["facts"]
    if not isinstance(found, dict) or not isinstance(found.get("fingerprint", ""), str):
        raise TypeError(f"facts of genre '{row['genre']}'")
    return found


def generations(rows: Iterable[Row]) -> dict[tuple[str, int], tuple[Proposal, ...]]:
    """Group proposals by genre and generation."""
    found: dict[tuple[str, int], tuple[Proposal, ...]] = {}
    for row in rows:
        key = (row["genre"], row["generation"])
        origin = Origin.parse(row["origin"]) if row["origin"] else None
        one = (Proposal(row["config_id"], row["parameters"], origin),)
        found[key] = found.get(key, ()) + (one if row["config_id"] else ())
    return found


def attempts(rows: Iterable[Row]) -> dict[SeedRun, int]:
    """Count the failed attempts of each seed run."""
    counts: dict[SeedRun, int] = {}
    for row in rows:
        counts[seed_run(row)] = counts.get(seed_run(row), 0) + 1
    return counts


def clean(text: str) -> str:
    """Text that any database takes: PostgreSQL refuses the null character."""
    return text.replace("\0", "")
