"""Learning curves: every seed a thin trace, their mean a bold one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.figures import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.curves import Curve


def learning_curves(
    curves: Sequence[tuple[str, str | None, Curve]], baselines: dict[str, float]
) -> go.Figure:
    """Draw validation BCE over training.

    Parameters
    ----------
    curves
        Label, method (or None) and curve of each configuration.
    baselines
        Baseline to validation BCE, nats per snippet.
    """
    drawn = style.figure("epoch (optimiser steps)", "validation BCE (nats per snippet)", height=460)
    for label, method, curve in curves:
        colour = style.colour(method, chosen=method is None)
        _add(drawn, label, colour, curve)
    shown = style.window(_settled(curves), baselines)
    style.add_baselines(drawn, baselines, shown, vertical=False)
    drawn.update_yaxes(range=list(shown))
    return drawn


def leaves_window(
    curves: Sequence[tuple[str, str | None, Curve]], baselines: dict[str, float]
) -> bool:
    """Say whether some evaluation lies outside the window, so that the caption can."""
    low, high = style.window(_settled(curves), baselines)
    return any(
        not low <= value <= high
        for _, _, curve in curves
        for trace in curve.traces
        for value in trace.values
    )


def _settled(curves: Sequence[tuple[str, str | None, Curve]]) -> list[float]:
    """Values after the first fifth of training: the window is not the steep start's."""
    last = max((t.epochs[-1] for _, _, c in curves for t in c.traces), default=0)
    return [
        value
        for _, _, curve in curves
        for trace in curve.traces
        for epoch, value in zip(trace.epochs, trace.values, strict=True)
        if epoch >= last / 5
    ]


def _add(drawn: go.Figure, label: str, colour: str, curve: Curve) -> None:
    for trace in curve.traces:
        drawn.add_trace(
            go.Scatter(
                x=list(trace.epochs),
                y=list(trace.values),
                mode="lines",
                opacity=0.35,
                name=f"{label}, seed {trace.seed}",
                legendgroup=curve.config_id,
                showlegend=False,
                line={"color": colour, "width": 1},
                hovertemplate=f"seed {trace.seed}<br>epoch %{{x}}: %{{y:.2f}}<extra></extra>",
            )
        )
    drawn.add_trace(
        go.Scatter(
            x=list(curve.epochs),
            y=list(curve.means),
            mode="lines",
            name=label,
            legendgroup=curve.config_id,
            line={"color": colour, "width": 3},
            hovertemplate=f"mean of {len(curve.traces)} seeds<br>epoch %{{x}}: %{{y:.2f}}"
            "<extra></extra>",
        )
    )
