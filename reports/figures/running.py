"""The figure of runs on their way: validation BCE so far, a line a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.figures import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from study.results.inflight import InFlight


def running_curves(
    runs: Sequence[tuple[str, InFlight]], baselines: dict[str, float], colour: str
) -> go.Figure:
    """Draw what each run has evaluated so far; ``runs`` are names and runs of one genre."""
    drawn = style.figure("epoch (optimiser steps)", "validation BCE (nats per snippet)")
    for name, run in runs:
        label = f"{style.escape(name)}, seed {run.seed}"
        drawn.add_trace(
            go.Scatter(
                x=[one.epoch for one in run.evaluations],
                y=[one.validation.bce for one in run.evaluations],
                mode="lines+markers",
                name=label,
                line={"color": colour, "width": 2},
                marker={"size": 5},
                hovertemplate=f"{label}<br>epoch %{{x}}: %{{y:.2f}}<extra></extra>",
            )
        )
    values = [one.validation.bce for _, run in runs for one in run.evaluations]
    shown = style.window(values, baselines)
    style.add_baselines(drawn, baselines, shown, vertical=False)
    drawn.update_yaxes(range=list(shown))
    drawn.update_layout(showlegend=False)
    return drawn
