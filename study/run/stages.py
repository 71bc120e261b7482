"""Where the time of a launch goes: seconds by stage, and how full its slots were."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable


class Stage(StrEnum):
    """What a launch does, in this order."""

    START = "imports and checks"
    MUSIC = "music"
    RAY = "Ray's start"
    WORKERS = "workers' start"
    RUNS = "seed runs"
    END = "the end"


class Stages:
    """A stopwatch of one process that drives a study.

    Parameters
    ----------
    clock
        Seconds, from any beginning.
    since
        Seconds that belong to its first stage already; see :func:`age`.

    Attributes
    ----------
    slots
        In which seed runs ran.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, since: float = 0.0) -> None:
        self._clock = clock
        self._stage, self._entered = Stage.START, clock() - since
        self._training = 0.0
        self._seconds = dict.fromkeys(Stage, 0.0)
        self.slots = 1

    def enter(self, stage: Stage) -> None:
        """End a stage and begin another, which may be one that was there before."""
        self._enter(stage, self._clock())

    def _enter(self, stage: Stage, now: float) -> None:
        self._seconds[self._stage] += now - self._entered
        self._stage, self._entered = stage, now

    def ran(self, seconds: float) -> None:
        """Count a seed run that has ended; from when the first began, workers were there."""
        if self._stage is Stage.WORKERS:
            self._enter(Stage.RUNS, max(self._entered, self._clock() - seconds))
        self._training += seconds

    def said(self) -> str:
        """All stages in a line: how long each took, and how far seed runs filled their slots."""
        self.enter(self._stage)
        parts = [
            f"{duration(taken)} {stage}" for stage, taken in self._seconds.items() if taken >= 0.05
        ]
        whole = f"{duration(sum(self._seconds.values()))}: {', '.join(parts)}"
        available = self._seconds[Stage.RUNS] * self.slots
        if not available:
            return whole
        share = min(1.0, self._training / available)
        slots = "1 slot" if self.slots == 1 else f"{self.slots} slots"
        return f"{whole}; while seed runs ran, training took {share:.0%} of {slots}"


def age() -> float:
    """Seconds since this process began."""
    return max(0.0, time.time() - psutil.Process().create_time())


def duration(seconds: float) -> str:
    """Say a time as ``0.4 s``, ``9 s`` or ``4 min 16 s``."""
    if seconds < 0.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
