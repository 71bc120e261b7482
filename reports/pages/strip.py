"""The strip: one configuration drawn as a snippet's bars and its annealing ramp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.annealing import weight

if TYPE_CHECKING:
    from musebar_core.config import Configuration

WIDTH, HEIGHT = 600.0, 44.0
_SAMPLES = 120


@dataclass(frozen=True)
class Bar:
    """One bar of the snippet, in the strip's own units; regularized at its end or not."""

    x: float
    width: float
    regularized: bool


@dataclass(frozen=True)
class Strip:
    """Geometry of the drawing; ``ramp`` is an SVG polyline of the KL weight over training."""

    bars: tuple[Bar, ...]
    ramp: str
    width: float = WIDTH
    height: float = HEIGHT


def strip(config: Configuration) -> Strip:
    """Lay out a configuration: which bars are regularized, how the KL weight rises."""
    bars = config.grid.bars
    every = bars // config.model.regularizers
    step = WIDTH / bars
    gap = min(3.0, step * 0.2)
    points = []
    for i in range(_SAMPLES + 1):
        u = i / _SAMPLES
        height = HEIGHT - 2 - (HEIGHT - 4) * weight(config.annealing, u)
        points.append(f"{u * WIDTH:.1f},{height:.1f}")
    return Strip(
        bars=tuple(
            Bar(round(k * step, 2), round(step - gap, 2), (k + 1) % every == 0) for k in range(bars)
        ),
        ramp=" ".join(points),
    )
