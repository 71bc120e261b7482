"""The paper's methods: one panel a metric with every seed, and all genres on one axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from musebar_core.metric_table import COLLAPSE_NATS
from reports.answers.views import is_chosen
from reports.figures import style
from reports.words.labels import METHODS, compared_label, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.summaries import ConfigurationSummary
    from study.statistics.intervals import SeedMean

MARKOV = "markov"


@dataclass(frozen=True)
class GenreMark:
    """One mark on a chart of all genres: a method's mean in a genre, nats.

    ``spread`` is its 95% interval, or the bracket of a mutual information; None for none.
    """

    genre: str
    method: str
    mean: float
    spread: tuple[float, float] | None
    hover: str


def seed_panel(
    rows: Sequence[ConfigurationSummary],
    chosen: ConfigurationSummary | None,
    split: str,
    metric: str,
    x_title: str,
) -> go.Figure:
    """Draw one row a method: each seed a dot, their mean a diamond with its 95% interval.

    ``metric`` ``mi`` draws the bracket: filled marks are its lower ends, hollow ones its upper.
    """
    drawn = style.figure(x_title, "", height=110 + 62 * len(rows))
    for at, row in enumerate(rows):
        figures = row.split(split)
        if figures is None:
            continue
        colour = style.colour(row.method, chosen=is_chosen(row, chosen))
        if metric == "mi":
            _seeds(drawn, figures.mi_lower, at + 0.1, (colour, "lower bound", ""))
            _seeds(drawn, figures.mi_upper, at + 0.3, (colour, "upper bound", "-open"))
            _mean(drawn, figures.mi_lower, at - 0.28, (colour, "lower bound", ""))
            _mean(drawn, figures.mi_upper, at - 0.1, (colour, "upper bound", "-open"))
        else:
            _seeds(drawn, figures.metric(metric), at + 0.16, (colour, "", ""))
            _mean(drawn, figures.metric(metric), at - 0.14, (colour, "", ""))
    if metric == "mi":
        drawn.add_vline(x=COLLAPSE_NATS, line={"color": style.NEUTRAL, "width": 1, "dash": "dot"})
    names = [compared_label(row.method, chosen=is_chosen(row, chosen)) for row in rows]
    _rows(drawn, names)
    split_rows = [found for row in rows if (found := row.split(split)) is not None]
    means = [
        found.metric(name)
        for found in split_rows
        for name in (("mi_lower", "mi_upper") if metric == "mi" else (metric,))
    ]
    ends = [v for mean in means for v in (*mean.values, *style.span(mean))]
    drawn.update_xaxes(range=style.from_zero([*ends, COLLAPSE_NATS] if metric == "mi" else ends))
    drawn.update_layout(showlegend=False)
    return drawn


Look = tuple[str, str, str]
"""Colour, name of the end of a bracket, and the suffix of its symbol."""


def _seeds(drawn: go.Figure, mean: SeedMean, y: float, look: Look) -> None:
    colour, end, hollow = look
    said = f" {end}" if end else ""
    drawn.add_trace(
        go.Scatter(
            x=list(mean.values),
            y=[y] * mean.n_seeds,
            mode="markers",
            name=f"seeds{said}",
            text=[f"seed {seed}{said}" for seed in mean.seeds],
            marker={"color": colour, "size": 7, "opacity": 0.6, "symbol": f"circle{hollow}"},
            cliponaxis=False,
            hovertemplate="%{text}: %{x:.2f}<extra></extra>",
        )
    )


def _mean(drawn: go.Figure, mean: SeedMean, y: float, look: Look) -> None:
    colour, end, hollow = look
    said = f" {end}" if end else ""
    drawn.add_trace(
        go.Scatter(
            x=[mean.mean],
            y=[y],
            mode="markers",
            name=f"mean{said}",
            error_x=style.error_bars([mean], colour),
            cliponaxis=False,
            marker={"color": colour, "size": 11, "symbol": f"diamond{hollow}"},
            hovertemplate=f"mean{said} of {mean.n_seeds} seeds: %{{x:.2f}}<extra></extra>",
        )
    )


def study_panel(means: Sequence[tuple[str, SeedMean]], x_title: str) -> go.Figure:
    """Draw one row a study: each seed a dot, their mean a diamond with its 95% interval."""
    drawn = style.figure(x_title, "", height=110 + 62 * len(means))
    for at, (_, mean) in enumerate(means):
        _seeds(drawn, mean, at + 0.16, (style.CHOSEN_COLOUR, "", ""))
        _mean(drawn, mean, at - 0.14, (style.CHOSEN_COLOUR, "", ""))
    _rows(drawn, [name for name, _ in means])
    drawn.update_layout(showlegend=False)
    return drawn


def genres_chart(
    marks: Sequence[GenreMark],
    x_title: str,
    markov: dict[str, float] | None = None,
    *,
    from_zero: bool = False,
    empty: bool = False,
) -> go.Figure:
    """Draw a row a genre and a mark a method; ``markov`` adds each genre's baseline (of a BCE).

    ``empty`` draws the line under which a mutual information is that of an empty code.
    """
    genres = list(dict.fromkeys(mark.genre for mark in marks))
    drawn = style.figure(x_title, "", height=150 + 52 * len(genres))
    for at, method in enumerate(METHODS):
        found = [mark for mark in marks if mark.method == method]
        if found:
            _method(drawn, found, genres, at)
    if markov:
        known = [genre for genre in genres if genre in markov]
        drawn.add_trace(
            go.Scatter(
                x=[markov[genre] for genre in known],
                y=[genres.index(g) for g in known],
                mode="markers",
                name="Markov chain",
                marker={
                    "color": style.NEUTRAL,
                    "size": 26,
                    "symbol": "line-ns",
                    "line": {"color": style.NEUTRAL, "width": 2},
                },
                text=[f"Markov chain {number(markov[genre])}" for genre in known],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    _rows(drawn, genres)
    if empty:
        drawn.add_vline(x=COLLAPSE_NATS, line={"color": style.NEUTRAL, "width": 1, "dash": "dot"})
    if from_zero:
        ends = [end for mark in marks for end in (mark.mean, *(mark.spread or ()))]
        drawn.update_xaxes(range=style.from_zero([*ends, COLLAPSE_NATS] if empty else ends))
    return drawn


def _method(drawn: go.Figure, marks: list[GenreMark], genres: list[str], at: int) -> None:
    method = marks[0].method
    colour = style.colour(method)
    spans = [mark.spread or (mark.mean, mark.mean) for mark in marks]
    drawn.add_trace(
        go.Scatter(
            x=[mark.mean for mark in marks],
            y=[genres.index(mark.genre) + (at - 1.5) * 0.17 for mark in marks],
            mode="markers",
            name=METHODS[method],
            cliponaxis=False,
            error_x={
                "type": "data",
                "symmetric": False,
                "color": colour,
                "thickness": 2,
                "width": 4,
                "array": [high - m.mean for m, (_, high) in zip(marks, spans, strict=True)],
                "arrayminus": [m.mean - low for m, (low, _) in zip(marks, spans, strict=True)],
            },
            marker={"color": colour, "size": 10, "symbol": style.METHOD_SYMBOLS[method]},
            text=[f"{style.escape(mark.genre)}: {mark.hover}" for mark in marks],
            hovertemplate="%{text}<extra></extra>",
        )
    )


def _rows(drawn: go.Figure, names: Sequence[str]) -> None:
    drawn.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=style.shorten_apart(names),
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )
