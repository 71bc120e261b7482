"""Between the rows of a ledger and plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from study.ledger.record import Origin, Proposal, SeedRun
from study.ledger.result import (
    Failure,
    FailureKind,
    RunMetrics,
    SeedRunResult,
    flat_epoch,
    read_epoch,
)
from study.spec.model import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import RowMapping


def seed_run(row: RowMapping) -> SeedRun:
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


def result(row: RowMapping) -> SeedRunResult:
    """Read what :func:`result_row` wrote, or an older product.

    Without the column ``curve`` the curve is None.
    """
    names = ("attempts", "best_epoch", "seconds", "node", "device", "versions", "checkpoint")
    curve = row["curve"] or () if "curve" in row else None
    kind = row["failure_kind"]
    failed = row["failure"] is not None
    return SeedRunResult(
        failure=Failure(row["failure"], kind and FailureKind(kind)) if failed else None,
        metrics=RunMetrics.from_dict(row["metrics"] or {}),
        curve=None if curve is None else tuple(map(read_epoch, curve)),
        finished_at=row["finished_at"],
        **{name: row[name] for name in names},
    )


def generations(rows: Iterable[RowMapping]) -> dict[tuple[str, int], tuple[Proposal, ...]]:
    """Group proposals by genre and generation."""
    found: dict[tuple[str, int], tuple[Proposal, ...]] = {}
    for row in rows:
        key = (row["genre"], row["generation"])
        origin = Origin.parse(row["origin"]) if row["origin"] else None
        one = (Proposal(row["config_id"], row["parameters"], origin),)
        found[key] = found.get(key, ()) + (one if row["config_id"] else ())
    return found


def attempts(rows: Iterable[RowMapping]) -> dict[SeedRun, int]:
    """Count the failed attempts of each seed run."""
    counts: dict[SeedRun, int] = {}
    for row in rows:
        counts[seed_run(row)] = counts.get(seed_run(row), 0) + 1
    return counts


def clean(text: str) -> str:
    """Text that any database takes: PostgreSQL refuses the null character."""
    return text.replace("\0", "")
