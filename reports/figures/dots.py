"""BCE of the compared configurations: every seed a dot, mean and interval beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.figures import style
from reports.words.labels import compared_label

if TYPE_CHECKING:
    from reports.answers.views import DotPlot, Dots


def bce_dots(plot: DotPlot) -> go.Figure:
    """Draw one row a configuration, and the baselines as dashed lines."""
    drawn = style.figure(f"{plot.split} BCE (nats per snippet)", "", 150 + 62 * len(plot.rows))
    for at, row in enumerate(plot.rows):
        _add(drawn, row, at)
    values = [value for row in plot.rows for value in (*row.bce.values, *style.span(row.bce))]
    shown = style.window(values, plot.baselines)
    style.add_baselines(drawn, plot.baselines, shown, vertical=True)
    drawn.update_xaxes(range=list(shown))
    drawn.update_yaxes(
        tickvals=list(range(len(plot.rows))),
        ticktext=[_name(row) for row in plot.rows],
        range=[len(plot.rows) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )
    drawn.update_layout(showlegend=False)
    return drawn


def _add(drawn: go.Figure, row: Dots, at: int) -> None:
    colour, name = style.colour(row.method, chosen=row.chosen), _name(row)
    drawn.add_trace(
        go.Scatter(
            x=list(row.bce.values),
            y=[at + 0.16] * row.bce.n_seeds,
            mode="markers",
            name=f"{name}, seeds",
            text=[f"seed {seed}" for seed in row.bce.seeds],
            marker={"color": colour, "size": 8, "opacity": 0.55},
            hovertemplate="%{text}: %{x:.2f}<extra></extra>",
        )
    )
    error = style.error_bars([row.bce], colour)
    drawn.add_trace(
        go.Scatter(
            x=[row.bce.mean],
            y=[at - 0.14],
            mode="markers",
            name=name,
            error_x=error,
            marker={"color": colour, "size": 12, "symbol": "diamond"},
            hovertemplate=f"mean of {row.bce.n_seeds} seeds: %{{x:.2f}}<extra></extra>",
        )
    )


def _name(row: Dots) -> str:
    return style.escape(compared_label(row.method, chosen=row.chosen))
