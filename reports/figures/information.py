"""What a code carries (MI bracket) against what it costs (KL) or what it predicts (BCE)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import plotly.graph_objects as go

from musebar_core.metric_table import COLLAPSE_NATS
from reports.answers.methods import Method
from reports.figures import style
from reports.words.labels import compared_label, name_of, number, phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.views import InformationPlot, InformationPoint

SEARCHED, CONFIRMED = "searched only", "confirmed"

X_TITLES = {
    "kl": "validation KL (nats per snippet)",
    "bce": "validation BCE (nats per snippet)",
}


def information(plot: InformationPlot, x: Literal["kl", "bce"]) -> go.Figure:
    """Draw each configuration as a bar from ``mi_lower`` to ``mi_upper``.

    Against KL, the identity line bounds what is possible: MI cannot exceed KL. Against
    BCE, the baselines are drawn. Collapsed configurations are crosses.
    """
    drawn = style.figure(X_TITLES[x], "mutual information (nats)", height=480)
    for group in _groups(plot.points):
        _add(drawn, group, x)
    top = max([p.mi_upper for p in plot.points] + [COLLAPSE_NATS])
    if x == "kl":
        end = max([p.kl for p in plot.points] + [1.0]) * 1.06
        _identity(drawn, min(end, top * 1.25))
        drawn.update_xaxes(range=[-0.03 * end, end])
    else:
        shown = style.window([p.bce for p in plot.points], plot.baselines)
        style.add_baselines(drawn, plot.baselines, shown, vertical=True)
        drawn.update_xaxes(range=list(shown))
    _threshold(drawn)
    if plot.cap is not None and plot.cap <= top * 1.4:
        _cap(drawn, plot.cap)
        top = max(top, plot.cap)
    drawn.update_yaxes(range=[-0.05 * top, top * 1.12])
    return drawn


_Group = tuple[str, list["InformationPoint"], str, str]


def _groups(points: Sequence[InformationPoint]) -> list[_Group]:
    """Sort points into legend entries: searched, confirmed, each method, chosen; then collapsed."""
    by_name: dict[str, list[InformationPoint]] = {}
    for point in points:
        by_name.setdefault(_kind(point), []).append(point)
    methods = [
        (compared_label(m, chosen=chosen), style.colour(m), style.METHOD_SYMBOLS[m])
        for m in Method
        for chosen in (False, True)
    ]
    kinds = [
        (SEARCHED, style.OTHER_COLOUR, "circle-open"),
        (CONFIRMED, style.OTHER_COLOUR, "circle"),
        *methods,
        (compared_label(None, chosen=True), style.CHOSEN_COLOUR, "star"),
    ]
    crosses = [(f"{name}, collapsed", colour, "x-thin") for name, colour, _ in kinds]
    return [
        (name, by_name[name], colour, symbol)
        for name, colour, symbol in (*kinds, *crosses)
        if name in by_name
    ]


def _kind(point: InformationPoint) -> str:
    if point.row.method in set(Method) or point.chosen:
        name = compared_label(point.row.method, chosen=point.chosen)
    else:
        name = SEARCHED if point.row.phase == "search" else CONFIRMED
    return f"{name}, collapsed" if point.row.is_collapsed else name


def _add(drawn: go.Figure, group: _Group, x: Literal["kl", "bce"]) -> None:
    name, points, colour, symbol = group
    middles = [(p.mi_lower + p.mi_upper) / 2 for p in points]
    halves = [abs(p.mi_upper - p.mi_lower) / 2 for p in points]
    drawn.add_trace(
        go.Scatter(
            x=[p.kl if x == "kl" else p.bce for p in points],
            y=middles,
            mode="markers",
            name=name,
            error_y={"type": "data", "array": halves, "color": colour, "thickness": 2, "width": 4},
            marker={
                "color": colour,
                "size": [14 if p.chosen else 9 for p in points],
                "symbol": symbol,
                "line": {"color": colour, "width": 2},
            },
            customdata=[p.row.config_id for p in points],
            text=[_hover(p) for p in points],
            hovertemplate="%{text}<extra></extra>",
        )
    )


def _hover(point: InformationPoint) -> str:
    row = point.row
    lines = [
        f"{name_of(row)} ({row.config_id}, {phase(row.phase)})",
        f"BCE {number(point.bce)}, KL {number(point.kl)}",
        f"MI {number(point.mi_lower)} to {number(point.mi_upper)} nats",
        f"collapsed {row.collapsed} of {row.n_done} seeds",
    ]
    return "<br>".join((["chosen"] if point.chosen else []) + lines)


def _identity(drawn: go.Figure, end: float) -> None:
    drawn.add_trace(
        go.Scatter(
            x=[0, end],
            y=[0, end],
            mode="lines",
            name="MI = KL, the most possible",
            line={"color": style.NEUTRAL, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        )
    )


def _threshold(drawn: go.Figure) -> None:
    drawn.add_hrect(y0=0, y1=COLLAPSE_NATS, fillcolor=style.NEUTRAL, opacity=0.1, line_width=0)
    drawn.add_annotation(
        text=f"collapsed: upper bound below {COLLAPSE_NATS}",
        x=1,
        xref="paper",
        xanchor="right",
        y=COLLAPSE_NATS,
        yanchor="bottom",
        showarrow=False,
        font={"size": 11},
        bgcolor="rgba(0,0,0,0)",
    )


def _cap(drawn: go.Figure, cap: float) -> None:
    drawn.add_hline(y=cap, line={"color": style.NEUTRAL, "width": 1, "dash": "dot"})
    drawn.add_annotation(
        text=f"log N = {number(cap)}: the lower bound's cap",
        x=0,
        xref="paper",
        xanchor="left",
        y=cap,
        yanchor="bottom",
        showarrow=False,
        font={"size": 11},
    )
