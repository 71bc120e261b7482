"""Figures of the settings of a search: what matters, where it looked, what came of them."""

from __future__ import annotations

from statistics import fmean, median
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.answers.naming import in_order
from reports.figures import style
from reports.words.labels import number, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.setting import Value
    from reports.answers.search import Search, Trial
    from reports.stats.importance import Importances

BCE_TITLE = "validation BCE (nats per snippet)"
SCALE = "Cividis"


def importance_bars(found: Importances) -> go.Figure:
    """Draw one bar a setting, the middle 80% of resamples as whiskers."""
    rows = found.settings[::-1]
    drawn = style.figure("share of importance", "", 120 + 38 * len(rows))
    drawn.add_trace(
        go.Bar(
            x=[one.share for one in rows],
            y=[_setting(one.name) for one in rows],
            orientation="h",
            name="importance",
            marker={"color": "#0072B2", "opacity": 0.55},
            error_x={
                "type": "data",
                "symmetric": False,
                "thickness": 2,
                "width": 5,
                "color": style.NEUTRAL,
                "array": [max(0.0, one.interval[1] - one.share) for one in rows],
                "arrayminus": [max(0.0, one.share - one.interval[0]) for one in rows],
            },
            text=[
                f"{one.share:.0%} [{one.interval[0]:.0%}, {one.interval[1]:.0%}]" for one in rows
            ],
            textposition="none",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    drawn.update_layout(showlegend=False)
    drawn.update_xaxes(tickformat=".0%", rangemode="tozero")
    drawn.update_yaxes(showgrid=False, ticks="", type="category")
    return drawn


FIFTHS = (
    ("best fifth", style.CHOSEN_COLOUR, 0.9),
    ("middle", style.OTHER_COLOUR, 0.35),
    ("worst fifth", "#0072B2", 0.85),
)
"""Groups of configurations by BCE: name, colour, opacity."""


def parallel(found: Search) -> go.Figure:
    """Draw each configuration as a line over its settings and what came of them.

    Lines of one value are spread a little, so that one does not hide the other. Plain lines
    rather than Plotly's parallel coordinates, which need WebGL and do not print.
    """
    trials = sorted(found.trials, key=lambda t: (t.bce, t.number))
    axes = [_axis(trials, name) for name in found.weighed]
    axes += [
        _measured("MI lower", [t.information for t in trials]),
        _measured("BCE", [t.bce for t in trials]),
    ]
    drawn = style.figure("", "", 480)
    fifth = max(1, len(trials) // 5)
    parts = (
        range(fifth),
        range(fifth, len(trials) - fifth),
        range(len(trials) - fifth, len(trials)),
    )
    for (name, colour, opacity), members in list(zip(FIFTHS, parts, strict=True))[::-1]:
        named = [(at, trials[at].row.config_id) for at in members]
        _lines(drawn, axes, named, (name, colour, opacity))
    for x, (_, _, ticks) in enumerate(axes):
        drawn.add_vline(x=x, line={"color": style.NEUTRAL, "width": 1})
        for y, text in ticks:
            drawn.add_annotation(
                x=x,
                y=y,
                text=style.shorten(text, 14),
                showarrow=False,
                xanchor="left",
                xshift=4,
                font={"size": 11},
            )
    drawn.update_xaxes(
        tickvals=list(range(len(axes))),
        ticktext=[one[0] for one in axes],
        range=[-0.15, len(axes) - 0.6],
        side="top",
        tickangle=-30,
        showgrid=False,
        ticks="",
        showline=False,
    )
    drawn.update_yaxes(visible=False, range=[-0.06, 1.06])
    drawn.update_layout(margin={"l": 48, "r": 20, "t": 90, "b": 50})
    return drawn


Axis = tuple[str, list[float], list[tuple[float, str]]]
"""Title, the place of each trial between 0 and 1, and the ticks."""


def _axis(trials: Sequence[Trial], name: str) -> Axis:
    values = _values(trials, name)
    step = 1 / max(len(values) - 1, 1)
    places = []
    for trial in trials:
        spread = ((trial.number * 0.618) % 1 - 0.5) * min(step, 0.25) * 0.35
        places.append(values.index(trial.settings[name]) * step + spread)
    ticks = [(at * step, value_text(value)) for at, value in enumerate(values)]
    return _setting(name), places, ticks


def _measured(title: str, values: list[float]) -> Axis:
    low, high = min(values), max(values)
    span = high - low or 1.0
    ticks = [(u, number(low + u * span)) for u in (0.0, 0.5, 1.0)]
    return title, [(value - low) / span for value in values], ticks


def _lines(
    drawn: go.Figure,
    axes: list[Axis],
    members: list[tuple[int, str]],
    look: tuple[str, str, float],
) -> None:
    """Draw a group's lines as one trace, a gap between two of them."""
    name, colour, opacity = look
    xs: list[float | None] = []
    ys: list[float | None] = []
    text: list[str] = []
    for at, hover in members:
        xs += [*range(len(axes)), None]
        ys += [*(round(places[at], 4) for _, places, _ in axes), None]
        text += [hover] * len(axes) + [""]
    drawn.add_trace(
        go.Scatter(
            x=xs,
            y=ys,
            mode="lines",
            name=f"{name} by BCE ({len(members)})",
            text=text,
            opacity=opacity,
            line={"color": colour, "width": 1.5},
            hovertemplate="%{text}<extra></extra>",
        )
    )


def slice_panel(found: Search, name: str, baselines: dict[str, float], colour: str) -> go.Figure:
    """Draw BCE over one setting's values, each configuration a dot, the median a stroke."""
    drawn = style.figure(_setting(name), BCE_TITLE, 320)
    trials, values = found.trials, _values(found.trials, name)
    drawn.add_trace(
        go.Scatter(
            x=[value_text(t.settings[name]) for t in trials],
            y=[t.bce for t in trials],
            mode="markers",
            name="configuration",
            customdata=[t.row.config_id for t in trials],
            text=[t.row.config_id for t in trials],
            marker={"color": colour, "size": 7, "opacity": 0.5},
            hovertemplate="%{text}: %{y:.2f}<extra></extra>",
        )
    )
    medians = [median([t.bce for t in trials if t.settings[name] == value]) for value in values]
    drawn.add_trace(
        go.Scatter(
            x=[value_text(value) for value in values],
            y=medians,
            mode="markers",
            name="median",
            marker={
                "color": style.CHOSEN_COLOUR,
                "size": 22,
                "symbol": "line-ew",
                "line": {"color": style.CHOSEN_COLOUR, "width": 3},
            },
            hovertemplate="median %{y:.2f}<extra></extra>",
        )
    )
    shown = style.window([t.bce for t in trials], baselines)
    style.add_baselines(drawn, baselines, shown, vertical=False)
    drawn.update_yaxes(range=list(shown))
    drawn.update_xaxes(
        type="category",
        categoryorder="array",
        categoryarray=[value_text(v) for v in values],
    )
    drawn.update_layout(showlegend=False)
    return drawn


def contour(found: Search, x: str, y: str) -> go.Figure:
    """Shade mean BCE over two settings, with a dot at every place that was tried."""
    xs, ys = _values(found.trials, x), _values(found.trials, y)
    cells: dict[tuple[Value, Value], list[float]] = {}
    for trial in found.trials:
        cells.setdefault((trial.settings[x], trial.settings[y]), []).append(trial.bce)
    z = [[_average(cells.get((a, b))) for a in xs] for b in ys]
    drawn = style.figure(_setting(x), _setting(y), 420)
    drawn.add_trace(
        go.Contour(
            x=list(range(len(xs))),
            y=list(range(len(ys))),
            z=z,
            colorscale=f"{SCALE}_r",
            connectgaps=False,
            name="BCE",
            hoverinfo="skip",
            line={"width": 0.5},
            colorbar={
                "title": {"text": "BCE (nats)", "side": "right"},
                "thickness": 12,
                "outlinewidth": 0,
            },
        )
    )
    keys = sorted(cells, key=lambda key: (xs.index(key[0]), ys.index(key[1])))
    drawn.add_trace(
        go.Scatter(
            x=[xs.index(a) for a, _ in keys],
            y=[ys.index(b) for _, b in keys],
            mode="markers",
            name="tried",
            marker={"color": "#ffffff", "size": 9, "line": {"color": "#000000", "width": 1.5}},
            text=[
                f"{_setting(x)} {value_text(a)}, {_setting(y)} {value_text(b)}: mean BCE "
                f"{number(fmean(cells[a, b]))} of {len(cells[a, b])}"
                for a, b in keys
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    drawn.update_xaxes(tickvals=list(range(len(xs))), ticktext=[value_text(v) for v in xs])
    drawn.update_yaxes(tickvals=list(range(len(ys))), ticktext=[value_text(v) for v in ys])
    drawn.update_layout(showlegend=False)
    return drawn


def _values(trials: Sequence[Trial], name: str) -> list[Value]:
    return in_order(trial.settings[name] for trial in trials)


def _setting(name: str) -> str:
    return name.replace("_", " ")


def _average(values: Sequence[float] | None) -> float | None:
    return None if values is None else fmean(values)
