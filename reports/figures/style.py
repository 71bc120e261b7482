"""How every figure looks: one colour a method, one dash a baseline, one template.

Colours are those of Okabe and Ito (2008), told apart by colour-blind readers. Fonts and
grid lines have neutral tones that can be read on light and on dark ground; the page's
script sets them to the page's own once it is shown.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.words.labels import BASELINES, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from study.statistics.intervals import SeedMean

METHOD_COLOURS = {
    "lstm_vae": "#E69F00",
    "vae_bow": "#56B4E9",
    "musebar": "#009E73",
    "musebar_bow": "#CC79A7",
}
CHOSEN_COLOUR = "#D55E00"
GENRE_COLOURS = (
    "#4477AA",
    "#CC6677",
    "#228833",
    "#AA4499",
    "#A0785A",
    "#2E8B8B",
    "#7E6BC4",
    "#8A8A2E",
)
"""Colours of genres, in the order in which a study shows them (the first after Tol 2021).

Each stands out by 3 to 1 at least from the light and from the dark ground.
"""

OTHER_COLOUR = "#8A8A8A"
NEUTRAL = "#808080"

METHOD_SYMBOLS = {
    "lstm_vae": "circle",
    "vae_bow": "square",
    "musebar": "diamond",
    "musebar_bow": "triangle-up",
}

REACH = 1.0
"""How many times the spread of the values a baseline may be away to be in the window."""

FEWEST_SEEDS = 3
"""Seeds below which an interval is not drawn: that of two reaches 13 standard errors each way."""

CROWDED = 0.05
"""Share of the window within which the labels of two baselines would overlap."""

BASELINE_DASHES = {"pitch_frequencies": "dot", "markov": "dash", "repeat_last": "dashdot"}


def colour(method: str | None, *, chosen: bool = False) -> str:
    """Return the colour of a configuration: its method's, the choice's, or grey."""
    return METHOD_COLOURS.get(method or "", CHOSEN_COLOUR if chosen else OTHER_COLOUR)


def genre_colours(genres: Sequence[str]) -> dict[str, str]:
    """Give each genre its colour, the same wherever the study shows it; ``overall`` is grey."""
    own = [genre for genre in genres if genre != "overall"]
    found = {genre: GENRE_COLOURS[at % len(GENRE_COLOURS)] for at, genre in enumerate(own)}
    return found | {"overall": NEUTRAL}


def escape(text: str) -> str:
    """Keep plotly from reading a name as its own mark-up."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, length: int = 22) -> str:
    """Cut a name that would leave a figure no room; hovers and tables have it whole."""
    return escape(text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}")


def shorten_apart(names: Sequence[str], length: int = 22) -> list[str]:
    """Cut names at their ends, or in their middles where two would else read alike.

    Where they still would, none is cut.
    """
    tail = (length - 1) * 3 // 5
    ways = (
        [shorten(name, length) for name in names],
        [_without_middle(name, length - 1 - tail, tail) for name in names],
    )
    apart = (found for found in ways if len(set(found)) == len(set(names)))
    return next(apart, [escape(name) for name in names])


def _without_middle(text: str, head: int, tail: int) -> str:
    if len(text) <= head + tail + 1:
        return escape(text)
    return escape(f"{text[:head]}\N{HORIZONTAL ELLIPSIS}{text[-tail:]}")


def span(mean: SeedMean) -> tuple[float, float]:
    """Return the 95% interval of a mean as it is drawn: the mean itself for too few seeds."""
    drawn = mean.interval if mean.n_seeds >= FEWEST_SEEDS else None
    return drawn or (mean.mean, mean.mean)


def error_bars(means: Sequence[SeedMean], colour: str) -> dict[str, object]:
    """Return Plotly's error bars for 95% intervals; of no length for too few seeds."""
    spans = [span(mean) for mean in means]
    return {
        "type": "data",
        "symmetric": False,
        "color": colour,
        "thickness": 2,
        "width": 5,
        "array": [high - mean.mean for mean, (_, high) in zip(means, spans, strict=True)],
        "arrayminus": [mean.mean - low for mean, (low, _) in zip(means, spans, strict=True)],
    }


def figure(x_title: str, y_title: str, height: int = 420) -> go.Figure:
    """Return an empty figure with titled axes (units in the titles) in the house template."""
    axis = {
        "gridcolor": "rgba(128,128,128,0.22)",
        "linecolor": "rgba(128,128,128,0.55)",
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": "rgba(128,128,128,0.55)",
        "automargin": True,
    }
    layout = {
        "template": {},  # with none, Plotly copies its own, which takes longer than all the rest
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": NEUTRAL, "size": 13, "family": "system-ui, sans-serif"},
        "margin": {"l": 56, "r": 16, "t": 24, "b": 48},
        "hovermode": "closest",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL, "activecolor": "#0072B2"},
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        "xaxis": axis | {"title": {"text": x_title, "standoff": 10}},
        "yaxis": axis | {"title": {"text": y_title, "standoff": 10}},
    }
    drawn = go.Figure(layout=layout)
    drawn.update_layout(template=None)
    return drawn


def label_rows(drawn: go.Figure, names: Sequence[str], length: int = 56) -> None:
    """Write the name of each row above it: a long one takes no width from the figure."""
    for at, name in enumerate(shorten_apart(names, length)):
        drawn.add_annotation(
            text=name,
            x=0,
            xref="paper",
            xanchor="left",
            xshift=4,
            y=at - 0.4,
            yanchor="middle",
            showarrow=False,
            font={"size": 12},
        )
    drawn.update_yaxes(
        range=[len(names) - 0.5, -0.75], showgrid=False, showticklabels=False, ticks=""
    )
    drawn.update_layout(margin={"l": 12})


ROW_PIXELS = 46
"""Height of a row with its name above it."""


def window(values: Iterable[float], baselines: dict[str, float]) -> tuple[float, float]:
    """Choose an axis range for BCE: the values, and those baselines that are not far off.

    A baseline that is far away would squeeze the values into a line; it is named at the
    edge instead (see :func:`add_baselines`).
    """
    numbers = [value for value in values if math.isfinite(value)] or list(baselines.values())
    if not numbers:
        return 0.0, 1.0
    low, high = min(numbers), max(numbers)
    reach = REACH * max(high - low, 1.0)
    near = [bce for bce in baselines.values() if low - reach <= bce <= high + reach]
    leads = min(near, default=low) < low  # its label stands before it
    low, high = min([low, *near]), max([high, *near])
    pad = max(0.08 * (high - low), 0.5)
    return low - (2 if leads else 1) * pad, high + pad


def from_zero(values: Iterable[float]) -> list[float]:
    """Choose an axis range that holds zero, with room for whole marks at both of its ends."""
    low, high = (min(0.0, *values), max(0.0, *values)) if (values := list(values)) else (0.0, 1.0)
    pad = 0.05 * (high - low or 1.0)
    return [low - pad, high + pad]


def add_baselines(
    drawn: go.Figure, baselines: dict[str, float], shown: tuple[float, float], *, vertical: bool
) -> None:
    """Draw each baseline as a dashed line; one outside the window is named at its edge."""
    outside, near = [], CROWDED * (shown[1] - shown[0])
    last, place = -math.inf, 0
    for name, bce in sorted(baselines.items(), key=lambda item: item[1]):
        label = f"{BASELINES[name]} {number(bce)}"
        if shown[0] <= bce <= shown[1]:
            place = place + 1 if bce - last < near else 0
            last = bce
            _line(drawn, bce, BASELINE_DASHES[name], label, place, vertical=vertical)
        else:
            side = (("right of", "left of") if vertical else ("above", "below"))[bce < shown[0]]
            outside.append(f"{label} ({side} the window)")
    if outside:
        drawn.update_layout(margin={"t": 24 + 15 * len(outside)})
        drawn.add_annotation(
            text="<br>".join(outside),
            showarrow=False,
            xref="paper",
            yref="paper",
            x=1,
            y=1,
            xanchor="right",
            yanchor="bottom",
            align="right",
            font={"size": 11},
        )


def _line(
    drawn: go.Figure, at: float, dash: str, label: str, place: int, *, vertical: bool
) -> None:
    """Draw a line; its label stands before it, or in the ``place``-th column or row after it."""
    line = {"color": NEUTRAL, "width": 1.5, "dash": dash}
    shift = 2 + 16 * (place - 1) if place else -2
    if vertical:
        drawn.add_vline(x=at, line=line)
        drawn.add_annotation(
            text=label,
            x=at,
            y=1,
            yref="paper",
            yanchor="top",
            xanchor="left" if place else "right",
            xshift=shift,
            textangle=-90,
            showarrow=False,
            font={"size": 11},
        )
    else:
        drawn.add_hline(y=at, line=line)
        drawn.add_annotation(
            text=label,
            y=at,
            x=1,
            xref="paper",
            xanchor="right",
            yanchor="bottom" if place else "top",
            yshift=shift,
            showarrow=False,
            font={"size": 11},
        )
