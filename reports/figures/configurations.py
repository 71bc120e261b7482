"""Figures of single configurations: curves of two, and what one change does."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from musebar_core import metric_table
from reports.answers.curves import Curve
from reports.figures import style
from reports.words.labels import metric_label, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.configurations import Comparison, PairedTest
    from reports.answers.curves import Trace

PAIR = (style.CHOSEN_COLOUR, "#0072B2")
"""Colours of a configuration and of the one that it is compared with."""

PANELS = ("nll", "bce", "mi_lower")
"""Metrics of a forest, from left to right."""

LEGEND = 42
"""Characters of a name in a legend, which a phone's width has to hold."""

GAP = 0.06
"""Share of the width between two panels."""

BETTER, WORSE, OPEN = "#009E73", "#D55E00", style.OTHER_COLOUR


Plain = dict[str, Any]
"""A figure as plain data: there are hundreds of these, and Plotly's objects are slow to make."""


def two_curves(curves: Sequence[tuple[str, Curve]], baselines: dict[str, float]) -> Plain:
    """Draw mean validation BCE over training, a line a configuration; of one alone its seeds, too.

    The Markov chain is a dashed line, where it lies in the window.
    """
    data: list[Plain] = []
    names = style.shorten_apart([name for name, _ in curves], LEGEND)
    for at, (name, (_, curve)) in enumerate(zip(names, curves, strict=True)):
        colour = PAIR[at % len(PAIR)]
        if len(curves) == 1:
            data += [
                _line(trace.epochs, trace.values, f"seed {trace.seed}", (colour, 1, "solid"))
                | {"opacity": 0.35, "showlegend": False}
                for trace in curve.traces
            ]
        look = (colour, 3, "dash" if at else "solid")
        data.append(_line(curve.epochs, curve.means, name, look))
    last = max((curve.epochs[-1] for _, curve in curves if curve.epochs), default=0)
    late = [
        value
        for line in _drawn(curves)
        for epoch, value in zip(line.epochs, _values(line), strict=True)
        if epoch >= last / 5
    ]
    markov = {name: bce for name, bce in baselines.items() if name == "markov"}
    low, high = style.window(late, markov)
    layout = _skeleton()
    layout["yaxis"] = layout["yaxis"] | {"range": [low, high]}
    if markov and low <= markov["markov"] <= high:
        layout |= _markov(markov["markov"])
    return {"data": data, "layout": layout}


def _drawn(curves: Sequence[tuple[str, Curve]]) -> list[Curve | Trace]:
    """Every line of the figure: means, and the seeds of a single one."""
    found: list[Curve | Trace] = [curve for _, curve in curves]
    return found + list(curves[0][1].traces) if len(curves) == 1 else found


def _values(line: Curve | Trace) -> tuple[float, ...]:
    return line.means if isinstance(line, Curve) else line.values


def _line(xs: Sequence[int], ys: Sequence[float], name: str, look: tuple[str, int, str]) -> Plain:
    colour, width, dash = look
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(xs),
        "y": [round(value, 4) for value in ys],
        "name": name,
        "line": {"color": colour, "width": width, "dash": dash},
        "hovertemplate": f"{name}<br>epoch %{{x}}: %{{y:.2f}}<extra></extra>",
    }


def _skeleton() -> Plain:
    return dict(_layout())


@functools.cache
def _layout() -> Plain:
    axes = ("epoch (optimiser steps)", "validation BCE (nats per snippet)")
    layout: Plain = style.figure(*axes, height=360).to_plotly_json()["layout"]
    return {name: one for name, one in layout.items() if name != "template"}


def _markov(bce: float) -> Plain:
    line = {"color": style.NEUTRAL, "width": 1.5, "dash": style.BASELINE_DASHES["markov"]}
    shape = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": bce, "y1": bce, "line": line}
    note = {
        "text": f"Markov chain {number(bce)}",
        "xref": "paper",
        "x": 1,
        "y": bce,
        "xanchor": "right",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11},
    }
    return {"shapes": [shape], "annotations": [note]}


def forest_figure(branches: Sequence[Comparison], names: Sequence[str]) -> go.Figure:
    """Draw a row a changed configuration, a panel a metric: its figure minus the reference's.

    Green where the 95% interval lies wholly on the better side of 0, orange where wholly on the
    worse side, grey where it holds 0.
    """
    measured = [name for name in PANELS if any(_in(one, name) for one in branches)]
    drawn = style.figure("", "", height=120 + 34 * len(branches))
    width = (1 - GAP * (len(measured) - 1)) / len(measured)
    for at, metric in enumerate(measured):
        suffix = "" if at == 0 else str(at + 1)
        left = at * (width + GAP)
        axis = drawn.layout.xaxis.to_plotly_json() | {
            "domain": [round(left, 4), round(left + width, 4)],
            "anchor": "y",
            "title": {"text": f"{metric_label(metric)} (nats)", "standoff": 10},
        }
        drawn.update_layout({f"xaxis{suffix}": axis})
        _panel(drawn, branches, names, metric, f"x{suffix}")
        drawn.add_shape(
            type="line",
            xref=f"x{suffix}",
            yref="paper",
            x0=0,
            x1=0,
            y0=0,
            y1=1,
            line={"color": style.NEUTRAL, "width": 1, "dash": "dot"},
        )
    drawn.update_yaxes(
        tickvals=list(range(len(branches))),
        ticktext=style.shorten_apart(names, 34),
        range=[len(branches) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )
    drawn.update_layout(showlegend=False)
    return drawn


def _in(one: Comparison, metric: str) -> PairedTest | None:
    return next((each for each in one.tests if each.metric == metric), None)


def _panel(
    drawn: go.Figure, branches: Sequence[Comparison], names: Sequence[str], metric: str, axis: str
) -> None:
    found = [(at, each) for at, one in enumerate(branches) if (each := _in(one, metric))]
    for colour in (BETTER, WORSE, OPEN):
        rows = [(at, each) for at, each in found if _colour(each) == colour]
        if not rows:
            continue
        drawn.add_trace(
            go.Scatter(
                x=[each.difference.mean for _, each in rows],
                y=[at for at, _ in rows],
                xaxis=axis,
                mode="markers",
                name=metric_label(metric),
                customdata=[branches[at].mine.config_id for at, _ in rows],
                error_x=style.error_bars([each.difference for _, each in rows], colour),
                marker={"color": colour, "size": 9},
                text=[
                    f"{style.escape(names[at])}: {with_interval(each.difference)} nats"
                    for at, each in rows
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )


def _colour(one: PairedTest) -> str:
    """Better or worse where the interval leaves no doubt."""
    interval = one.difference.interval
    if interval is None or interval[0] <= 0 <= interval[1]:
        return OPEN
    return BETTER if metric_table.metric(one.metric).cost(one.difference.mean) < 0 else WORSE
