"""What a decision cost: device hours of the seed runs that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.results.columns import SeedRunState

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from study.results.tables import StudyTables

Hours = dict[str, float]
"""Kind of device (``CPU`` or ``GPU``) to hours on it."""

PHASES = ("search", "confirm", "methods")
"""In the order in which a card names them."""


@dataclass(frozen=True)
class Cost:
    """Device hours of one genre's seed runs that have ended.

    Attributes
    ----------
    n_runs
        Seed runs that ended, failed ones among them.
    hours
        Of all of them; empty where no run has recorded its time.
    phases
        Phase to its seed runs and their hours; those without runs are left out.
    failed
        Those of ``hours`` that ended in failure.
    """

    n_runs: int
    hours: Hours
    phases: Mapping[str, tuple[int, Hours]]
    failed: Hours


def cost(tables: StudyTables, genre: str) -> Cost:
    """Add up what a genre's seed runs cost."""
    rows = tables.results[tables.results["genre"] == genre]
    parts = {phase: rows[rows["phase"] == phase] for phase in PHASES}
    return Cost(
        n_runs=len(rows),
        hours=device_hours(tables, rows),
        phases={
            phase: (len(part), device_hours(tables, part))
            for phase, part in parts.items()
            if len(part)
        },
        failed=device_hours(tables, rows[rows["state"] == SeedRunState.FAILED]),
    )


def device_kind(device: str) -> str:
    """Return ``CPU`` or ``GPU`` of a run's device."""
    return "GPU" if device.startswith("cuda") else "CPU"


def device_hours(tables: StudyTables, rows: pd.DataFrame) -> Hours:
    """Wall hours of seed runs, times the CPUs or the share of a GPU that each held.

    A share that the study settled by itself (``auto``) is not in its record: such a run counts
    as holding a whole GPU. Runs whose time or device is unknown, as that of a worker that
    died, are left out.
    """
    held = tables.spec.resources
    share = held.gpus_per_trial
    shares = {
        "CPU": float(held.cpus_per_trial),
        "GPU": 1.0 if share == "auto" or share <= 0 else float(share),
    }
    timed = rows[rows["seconds"].notna() & rows["device"].fillna("").ne("")]
    total: Hours = {}
    for device, seconds in zip(timed["device"], timed["seconds"], strict=True):
        kind = device_kind(str(device))
        total[kind] = total.get(kind, 0.0) + float(seconds) * shares[kind] / 3600
    return dict(sorted(total.items()))
