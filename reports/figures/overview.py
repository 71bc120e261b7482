"""The figure of the first page: every genre's choice against the Markov chain and the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.answers.methods import DEFAULT
from reports.figures import style
from reports.words.labels import method_label, with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.overview import Standing
    from study.statistics.intervals import SeedMean

RECOMMENDED = "recommended"
DEFAULT_NAME = f"{method_label(DEFAULT)}, the paper's default"


def against_markov(found: Sequence[Standing]) -> go.Figure:
    """Draw a row a genre: test BCE of choice and default minus the Markov chain's, with intervals.

    Differences, so that genres of any BCE share an axis; 0 is the Markov chain.
    """
    drawn = style.figure("nats a snippet", "", height=130 + 56 * len(found))
    looks = (
        (RECOMMENDED, style.CHOSEN_COLOUR, "star", -0.12, [one.choice for one in found]),
        (
            DEFAULT_NAME,
            style.colour(DEFAULT),
            style.METHOD_SYMBOLS[DEFAULT],
            0.16,
            [one.default for one in found],
        ),
    )
    for name, colour, symbol, shift, means in looks:
        known = [(at, mean) for at, mean in enumerate(means) if mean is not None]
        if known:
            drawn.add_trace(_row(name, known, (colour, symbol), shift))
    drawn.add_vline(x=0, line={"color": style.NEUTRAL, "width": 1.5, "dash": "dash"})
    ends = [
        end
        for one in found
        for mean in (one.choice, one.default)
        if mean is not None
        for end in style.span(mean)
    ]
    drawn.update_xaxes(range=style.from_zero(ends))
    drawn.update_yaxes(
        tickvals=list(range(len(found))),
        ticktext=style.shorten_apart([one.genre for one in found]),
        range=[len(found) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )
    return drawn


def _row(
    name: str, known: Sequence[tuple[int, SeedMean]], look: tuple[str, str], shift: float
) -> go.Scatter:
    colour, symbol = look
    return go.Scatter(
        x=[mean.mean for _, mean in known],
        y=[at + shift for at, _ in known],
        mode="markers",
        name=name,
        error_x=style.error_bars([mean for _, mean in known], colour),
        cliponaxis=False,
        marker={"color": colour, "size": 12, "symbol": symbol},
        text=[f"{with_interval(mean)}, {mean.n_seeds} seeds" for _, mean in known],
        hovertemplate=f"{name}: %{{text}}<extra></extra>",
    )
