"""The words of what runs cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.words.labels import count, number

if TYPE_CHECKING:
    from reports.answers.cost import Hours, Training

LEAST_HOURS = 0.01
"""Hours below which a sum is written in seconds: two decimals would show nothing."""


def hours_text(hours: Hours) -> str:
    """``2.31 CPU-hours and 4 GPU-seconds``; ``no time recorded`` for none."""
    parts = [
        f"{number(one)} {kind}-hours" if one >= LEAST_HOURS else f"{one * 3600:.2g} {kind}-seconds"
        for kind, one in hours.items()
    ]
    return " and ".join(parts) or "no time recorded"


def training_text(found: Training | None) -> str:
    """Say what one training costs: ``36 CPU-seconds a training``."""
    if found is None:
        return "the time of a training was not recorded"
    if found.seconds >= 3600:
        return f"{number(found.seconds / 3600)} {found.kind}-hours a training"
    if found.seconds >= 90:
        return f"{found.seconds / 60:.0f} {found.kind}-minutes a training"
    return f"{found.seconds:.2g} {found.kind}-seconds a training"


def runs_text(n: int, hours: Hours) -> str:
    """``12 seed runs, 2.31 CPU-hours``."""
    return f"{count(n, 'seed run')}, {hours_text(hours)}"
