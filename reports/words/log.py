"""The log of a study: a line a seed run that has ended, in the order in which they did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.words.labels import number, phase

if TYPE_CHECKING:
    from study.results.tables import StudyTables


def log_text(tables: StudyTables) -> str:
    """Write the log as plain text; of runs that failed the reason."""
    runs = tables.results.sort_values(["finished_at", "genre", "config_id", "seed"])
    lines = [_line(run) for run in runs.to_dict("records")]
    head = f"study {tables.name}: {tables.standing}, {len(lines):,} seed runs have ended"
    return "\n".join([head, *lines]) + "\n"


def _line(run: dict[Any, Any]) -> str:
    name = f"{run['genre']}  {run['config_id']}  seed {run['seed']}"
    parts = [
        f"{run['finished_at']}  {name}  {phase(run['phase'])}: {run['state']}",
        "" if pd.isna(run["validation_bce"]) else f"validation BCE {number(run['validation_bce'])}",
        "" if pd.isna(run["seconds"]) else f"{run['seconds']:.0f} s",
        "" if pd.isna(run["failure"]) else " ".join(run["failure"].split()),
    ]
    return ", ".join(part for part in parts if part)
