"""Figures of all genres and of several studies: a mark a method, and every seed of a choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from musebar_core.metric_table import COLLAPSE_NATS
from reports.figures import style
from reports.words.labels import METHODS, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from study.statistics.intervals import SeedMean


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


def _seeds(drawn: go.Figure, mean: SeedMean, y: float) -> None:
    drawn.add_trace(
        go.Scatter(
            x=list(mean.values),
            y=[y] * mean.n_seeds,
            mode="markers",
            name="seeds",
            text=[f"seed {seed}" for seed in mean.seeds],
            marker={"color": style.CHOSEN_COLOUR, "size": 7, "opacity": 0.6},
            cliponaxis=False,
            hovertemplate="%{text}: %{x:.2f}<extra></extra>",
        )
    )


def _mean(drawn: go.Figure, mean: SeedMean, y: float) -> None:
    drawn.add_trace(
        go.Scatter(
            x=[mean.mean],
            y=[y],
            mode="markers",
            name="mean",
            error_x=style.error_bars([mean], style.CHOSEN_COLOUR),
            cliponaxis=False,
            marker={"color": style.CHOSEN_COLOUR, "size": 11, "symbol": "diamond"},
            hovertemplate=f"mean of {mean.n_seeds} seeds: %{{x:.2f}}<extra></extra>",
        )
    )


def study_panel(means: Sequence[tuple[str, SeedMean]], x_title: str) -> go.Figure:
    """Draw one row a study: each seed a dot, their mean a diamond with its 95% interval."""
    drawn = style.figure(x_title, "", height=110 + 62 * len(means))
    for at, (_, mean) in enumerate(means):
        _seeds(drawn, mean, at + 0.16)
        _mean(drawn, mean, at - 0.14)
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
