"""Seed runs on their way: their evaluations so far, as checkpoints and live curves have them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import CheckpointError
from study.ledger.live import LIVE_FILE
from study.ledger.live import read as read_live
from study.ledger.record import STATE_FILE

if TYPE_CHECKING:
    from collections.abc import Container

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
        Those that its checkpoint or its live curve holds, epochs ascending: at least one.
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
    keys = zip(*(tables.results[name] for name in ("genre", "config_id", "seed")), strict=True)
    ended = {(str(genre), str(config_id), int(seed)) for genre, config_id, seed in keys}
    return under_way(ended, folder)


def under_way(ended: Container[tuple[str, str, int]], folder: AnyPath) -> tuple[InFlight, ...]:
    """As :func:`in_flight`, but for the genre, config_id and seed of the runs that have ended."""
    from musebar_core.checkpoint import history

    found = []
    for file in _states(folder):
        try:
            identity, evaluations = history(file)
        except CheckpointError:
            continue  # being written, or being removed as its run ends
        key = (identity.genre, identity.config.config_id, identity.seed)
        if key in ended:
            continue
        so_far = max(tuple(evaluations), read_live(file.with_name(LIVE_FILE)), key=len)
        if so_far:
            found.append(InFlight(identity.genre, identity.config, identity.seed, so_far))
    found.sort(key=lambda one: (one.genre, one.config.config_id, one.seed))
    return tuple(found)


def in_flight_mark(folder: AnyPath) -> str:
    """A text that changes whenever a run on its way has been saved or evaluated."""
    times = []
    states = _states(folder)
    for file in (*states, *(state.with_name(LIVE_FILE) for state in states)):
        try:
            times.append(file.stat().st_mtime_ns)
        except OSError:
            continue  # its run has ended meanwhile
    return f"{len(times)} {max(times, default=0)}"


def _states(folder: AnyPath) -> list[Path]:
    return sorted(folder.glob(f"runs/*/*/*/{STATE_FILE}")) if isinstance(folder, Path) else []
