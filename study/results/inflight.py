"""Seed runs on their way: their evaluations so far, as their checkpoints have them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import CheckpointError
from study.ledger.record import STATE_FILE

if TYPE_CHECKING:
    from musebar_core.config import Configuration
    from musebar_core.metric_table import EpochMetrics
    from study.home.files import AnyPath
    from study.results.tables import StudyTables


@dataclass(frozen=True)
class InFlight:
    """A seed run on its way.

    Attributes
    ----------
    evaluations
        Those that its checkpoint holds, epochs ascending: at least one.
    """

    genre: str
    config: Configuration
    seed: int
    evaluations: tuple[EpochMetrics, ...]

    @property
    def epoch(self) -> int:
        """Epochs done at its last evaluation that was saved."""
        return self.evaluations[-1].epoch


def in_flight(tables: StudyTables, folder: AnyPath) -> tuple[InFlight, ...]:
    """Read the runs of a study that have begun and not ended, by genre, configuration and seed.

    Parameters
    ----------
    tables
        The study: what has ended in it is left out.
    folder
        Its folder; one that is not on this machine is not looked at.
    """
    from musebar_core.checkpoint import history

    keys = zip(*(tables.results[name] for name in ("genre", "config_id", "seed")), strict=True)
    ended = {(str(genre), str(config_id), int(seed)) for genre, config_id, seed in keys}
    found = []
    for file in _states(folder):
        try:
            identity, evaluations = history(file)
        except CheckpointError:
            continue  # being written, or being removed as its run ends
        key = (identity.genre, identity.config.config_id, identity.seed)
        if evaluations and key not in ended:
            found.append(
                InFlight(identity.genre, identity.config, identity.seed, tuple(evaluations))
            )
    found.sort(key=lambda one: (one.genre, one.config.config_id, one.seed))
    return tuple(found)


def in_flight_mark(folder: AnyPath) -> str:
    """A text that changes whenever a run on its way has been saved."""
    times = []
    for file in _states(folder):
        try:
            times.append(file.stat().st_mtime_ns)
        except OSError:
            continue  # its run has ended meanwhile
    return f"{len(times)} {max(times, default=0)}"


def _states(folder: AnyPath) -> list[Path]:
    return sorted(folder.glob(f"runs/*/*/*/{STATE_FILE}")) if isinstance(folder, Path) else []
