"""The words of what runs cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.words.labels import count, number

if TYPE_CHECKING:
    from reports.answers.cost import Hours


def hours_text(hours: Hours) -> str:
    """``2.31 CPU-hours and 0.40 GPU-hours``; ``no time recorded`` for none."""
    parts = [f"{number(one)} {kind}-hours" for kind, one in hours.items()]
    return " and ".join(parts) or "no time recorded"


def runs_text(n: int, hours: Hours) -> str:
    """``12 seed runs, 2.31 CPU-hours``."""
    return f"{count(n, 'seed run')}, {hours_text(hours)}"


def duration_text(seconds: float) -> str:
    """``4 s``, ``12 min``, ``3.2 h``: seconds of wall time as one says them."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
