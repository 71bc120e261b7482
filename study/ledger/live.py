"""The live curve of a seed run under way: a line an evaluation, until the ledger has its result."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from study.ledger.result import flat_epoch, read_epoch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from musebar_core.metric_table import EpochMetrics

LIVE_FILE = "curve.jsonl"
"""Its name, in the run's folder."""

EVENTS, EVENTS_FILE = "tensorboard", "events.out.tfevents.0.musebar"
"""Folder of a study's event files for TensorBoard, and the name of each, one a run."""


def write(file: Path, rows: Iterable[EpochMetrics], *, afresh: bool = False) -> None:
    """Add evaluations, or begin afresh with them."""
    with file.open("w" if afresh else "a", encoding="utf-8") as opened:
        opened.writelines(json.dumps(flat_epoch(row)) + "\n" for row in rows)


def read(file: Path) -> tuple[EpochMetrics, ...]:
    """Read the evaluations; a line that is not whole yet, and all after it, is not there yet."""
    rows: list[EpochMetrics] = []
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        for line in file.read_text(encoding="utf-8").splitlines():
            rows.append(read_epoch(json.loads(line)))  # noqa: PERF401  those before a bad one stay
    return tuple(rows)
