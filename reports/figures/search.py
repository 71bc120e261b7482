"""Figures of a search: its course, what matters, where it looked, what it gave up for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from musebar_core.metric_table import COLLAPSE_NATS
from reports.answers.search import pareto_front
from reports.figures import style
from reports.figures.settings import BCE_TITLE
from reports.words.labels import brief, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.answers.search import Search, Trial
    from reports.answers.summaries import ConfigurationSummary


def history(found: Search, baselines: dict[str, float], colour: str) -> go.Figure:
    """Draw the mean BCE of each configuration in its order, and the lowest so far."""
    drawn = style.figure("configurations, in the order of ending", BCE_TITLE)
    trials = found.trials
    for name, symbol, collapsed in (
        ("configuration", "circle", False),
        ("collapsed", "x-thin", True),
    ):
        group = [trial for trial in trials if trial.row.is_collapsed is collapsed]
        if not group:
            continue
        drawn.add_trace(
            go.Scatter(
                x=[t.number for t in group],
                y=[t.bce for t in group],
                mode="markers",
                name=name,
                customdata=[t.row.config_id for t in group],
                text=[_hover(t) for t in group],
                marker={
                    "color": colour,
                    "size": 7,
                    "opacity": 0.65,
                    "symbol": symbol,
                    "line": {"color": colour, "width": 1.5},
                },
                hovertemplate="%{text}<extra></extra>",
            )
        )
    drawn.add_trace(
        go.Scatter(
            x=[t.number for t in trials],
            y=list(found.best_so_far),
            mode="lines",
            name="lowest so far",
            line={"color": style.CHOSEN_COLOUR, "width": 2, "shape": "hv"},
            hovertemplate="lowest so far %{y:.2f}<extra></extra>",
        )
    )
    shown = style.window([t.bce for t in trials], baselines)
    style.add_baselines(drawn, baselines, shown, vertical=False)
    drawn.update_yaxes(range=list(shown))
    return drawn


def edf(groups: Mapping[str, Sequence[float]], baselines: dict[str, float]) -> go.Figure:
    """Draw the share of configurations at or under each BCE, a step line a group."""
    drawn = style.figure(BCE_TITLE, "share of configurations", 380)
    colours = {"searched": style.OTHER_COLOUR, "confirmed": style.CHOSEN_COLOUR}
    for name, values in groups.items():
        xs = sorted(values)
        drawn.add_trace(
            go.Scatter(
                x=xs,
                y=[(at + 1) / len(xs) for at in range(len(xs))],
                mode="lines+markers",
                name=f"{name} ({len(xs)})",
                marker={"size": 4},
                line={"color": colours.get(name, "#0072B2"), "shape": "hv", "width": 2},
                hovertemplate="%{y:.0%} at or under %{x:.2f}<extra></extra>",
            )
        )
    shown = style.window([v for values in groups.values() for v in values], baselines)
    style.add_baselines(drawn, baselines, shown, vertical=True)
    drawn.update_xaxes(range=list(shown))
    drawn.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return drawn


def pareto(
    trials: Sequence[Trial],
    baselines: dict[str, float],
    colour: str,
    chosen: ConfigurationSummary | None = None,
) -> go.Figure:
    """Draw BCE against mi_lower, the front as a line, its points with their intervals."""
    front = pareto_front(trials)
    on = {trial.row.config_id for trial in front}
    rest = [trial for trial in trials if trial.row.config_id not in on]
    drawn = style.figure(BCE_TITLE, "MI, lower bound (nats)", 440)
    grey = {"color": style.OTHER_COLOUR, "size": 7, "opacity": 0.5}
    drawn.add_trace(_marks(rest, "beaten in both", grey))
    drawn.add_trace(_front(front, colour))
    picked = [t for t in trials if chosen is not None and t.row.config_id == chosen.config_id]
    if picked:
        star = {"color": style.CHOSEN_COLOUR, "size": 16, "symbol": "star"}
        drawn.add_trace(_marks(picked, "recommended", star))
    shown = style.window([t.bce for t in trials], baselines)
    style.add_baselines(drawn, baselines, shown, vertical=True)
    drawn.update_xaxes(range=list(shown))
    top = max([t.information for t in trials] + [COLLAPSE_NATS])
    drawn.update_yaxes(range=[min(0.0, *(t.information for t in trials)) - 0.05 * top, 1.15 * top])
    return drawn


def _marks(trials: Sequence[Trial], name: str, marker: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        x=[t.bce for t in trials],
        y=[t.information for t in trials],
        mode="markers",
        name=name,
        customdata=[t.row.config_id for t in trials],
        text=[_hover(t) for t in trials],
        marker=marker,
        hovertemplate="%{text}<extra></extra>",
    )


def _front(front: Sequence[Trial], colour: str) -> go.Scatter:
    drawn = _marks(front, "on the front", {"color": colour, "size": 11, "symbol": "diamond"})
    return drawn.update(
        mode="lines+markers",
        error_x=style.error_bars([t.figures.bce for t in front], colour),
        error_y=style.error_bars([t.figures.mi_lower for t in front], colour),
        line={"color": colour, "width": 2, "shape": "hv"},
    )


def _hover(trial: Trial) -> str:
    figures = trial.figures
    return "<br>".join(
        [
            f"{trial.number}. {style.escape(brief(trial.row))}",
            f"{trial.row.config_id}, {trial.row.n_done} seeds",
            f"BCE {with_interval(figures.bce)}",
            f"MI {number(figures.mi_lower.mean)} to {number(figures.mi_upper.mean)} nats",
            f"collapsed {trial.row.collapsed} of {trial.row.n_done}",
        ]
    )
