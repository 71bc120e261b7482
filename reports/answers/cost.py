"""What a decision cost: device hours of the seed runs that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from reports.answers.kept import of_tables
from study.results.columns import SeedRunState

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.answers.summaries import ConfigurationSummary
    from study.results.tables import StudyTables

Hours = dict[str, float]
"""Kind of device (``CPU`` or ``GPU``) to hours on it."""

KINDS = ("CPU", "GPU")

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


def _kind(device: str) -> str:
    """``CPU`` or ``GPU`` of a run's device."""
    return "GPU" if device.startswith("cuda") else "CPU"


@dataclass(frozen=True)
class Training:
    """What training one model of a configuration costs: the mean over its seed runs.

    Attributes
    ----------
    kind
        ``CPU`` or ``GPU``, of most of its runs.
    seconds
        Device seconds: wall time, times what each run held.
    n_runs
        Runs that it is the mean over.
    """

    kind: str
    seconds: float
    n_runs: int


def training(tables: StudyTables, row: ConfigurationSummary) -> Training | None:
    """Average what one seed run of a configuration cost; None where none recorded its time."""
    runs = _runs(tables).get((row.genre, row.config_id, row.phase), ())
    by_kind = {kind: [each for one, each in runs if one == kind] for kind in KINDS}
    kind = max(KINDS, key=lambda one: len(by_kind[one]))
    if not by_kind[kind]:
        return None
    seconds = fmean(by_kind[kind])
    return Training(kind, seconds, len(by_kind[kind]))


Runs = dict[tuple[str, str, str], list[tuple[str, float]]]
"""Genre, config_id and phase to the kind of device and the device seconds of each done run."""


@of_tables
def _runs(tables: StudyTables) -> Runs:
    results, shares, found = tables.results, _shares(tables), Runs()
    timed = results[
        results["seconds"].notna()
        & results["device"].fillna("").ne("")
        & (results["state"] != SeedRunState.FAILED)
    ]
    columns = (timed[name] for name in ("genre", "config_id", "phase", "device", "seconds"))
    for genre, config_id, phase, device, seconds in zip(*columns, strict=True):
        kind = _kind(str(device))
        run = (kind, float(seconds) * shares[kind])
        found.setdefault((str(genre), str(config_id), str(phase)), []).append(run)
    return found


def device_hours(tables: StudyTables, rows: pd.DataFrame) -> Hours:
    """Wall hours of seed runs, times the CPUs or the share of a GPU that each held.

    A share that the study settled by itself (``auto``) is not in its record: such a run counts
    as holding a whole GPU. Runs whose time or device is unknown, as that of a worker that
    died, are left out.
    """
    shares = _shares(tables)
    timed = rows[rows["seconds"].notna() & rows["device"].fillna("").ne("")]
    total: Hours = {}
    for device, seconds in zip(timed["device"], timed["seconds"], strict=True):
        kind = _kind(str(device))
        total[kind] = total.get(kind, 0.0) + float(seconds) * shares[kind] / 3600
    return dict(sorted(total.items()))


def _shares(tables: StudyTables) -> dict[str, float]:
    """What a run holds of each kind of device."""
    held = tables.spec.resources
    share = held.gpus_per_trial
    return {
        "CPU": float(held.cpus_per_trial),
        "GPU": 1.0 if share == "auto" or share <= 0 else float(share),
    }
