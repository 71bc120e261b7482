"""Figures of the verdicts: effects on one axis, and performance profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.answers.claims import Answer, Claim, Measure
from reports.figures import style
from reports.words.labels import METHODS
from reports.words.verdicts import ANSWERS, FIGURES, verdict_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.aggregate import Aggregate
    from reports.answers.claims import ClaimVerdict

LOOKS = {
    Answer.HOLDS: ("#009E73", "diamond"),
    Answer.DOES_NOT: ("#D55E00", "x"),
    Answer.UNDECIDED: (style.OTHER_COLOUR, "circle-open"),
    Answer.NOT_TESTED: (style.OTHER_COLOUR, "line-ns-open"),
}
"""Answer to colour and symbol."""

SHORT = {
    Claim.ANNEALING: "annealing",
    Claim.BARWISE: "bar-wise",
    Claim.BOTH: "both",
    Claim.BOTH_OVER_ANNEALING: "both - annealing",
    Claim.BOTH_OVER_BARWISE: "both - bar-wise",
    Claim.CONTROL: "bar-wise - KL weight",
}


def effects(verdicts: Sequence[ClaimVerdict], measure: Measure) -> go.Figure:
    """Draw a row a claim in one measure: its effect on the mean over genres, with the interval."""
    rows = [one for one in verdicts if one.measure is measure and one.effect is not None]
    title = f"difference in test {FIGURES[measure]} (nats)"
    drawn = style.figure(title, "", height=150 + 32 * len(rows))
    for answer, (colour, symbol) in LOOKS.items():
        at = [i for i, row in enumerate(rows) if row.answer is answer]
        known = [mean for i in at if (mean := rows[i].effect) is not None]
        if not known:
            continue
        drawn.add_trace(
            go.Scatter(
                x=[mean.mean for mean in known],
                y=at,
                mode="markers",
                name=ANSWERS[answer],
                error_x=style.error_bars(known, colour),
                marker={"color": colour, "size": 11, "symbol": symbol},
                text=[f"{SHORT[rows[i].claim]}<br>{_line(rows[i])}" for i in at],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    drawn.add_vline(x=0, line={"color": style.NEUTRAL, "width": 1, "dash": "dot"})
    drawn.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[SHORT[row.claim] for row in rows],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )
    return drawn


def _line(verdict: ClaimVerdict) -> str:
    return style.escape(verdict_line(verdict))


def interquartile_means(found: Aggregate) -> go.Figure:
    """Draw a row a method: its interquartile mean over all genres' runs, with its interval."""
    drawn = style.figure("test BCE against its genre's mean (per cent)", "", height=440)
    for at, one in enumerate(found.methods):
        colour, (low, high) = style.colour(one.method), one.interval
        text = f"{METHODS[one.method]} {one.iqm:+.2f}% [{low:+.2f}, {high:+.2f}]"
        drawn.add_trace(
            go.Scatter(
                x=[one.iqm],
                y=[at],
                mode="markers",
                name=METHODS[one.method],
                text=[text],
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "color": colour,
                    "thickness": 2,
                    "width": 5,
                    "array": [high - one.iqm],
                    "arrayminus": [one.iqm - low],
                },
                marker={"color": colour, "size": 12, "symbol": style.METHOD_SYMBOLS[one.method]},
                hovertemplate="%{text}<extra></extra>",
            )
        )
    drawn.add_vline(x=0, line={"color": style.NEUTRAL, "width": 1, "dash": "dot"})
    drawn.update_yaxes(
        tickvals=list(range(len(found.methods))),
        ticktext=[METHODS[one.method] for one in found.methods],
        range=[len(found.methods) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )
    drawn.update_layout(showlegend=False)
    return drawn


def profiles(found: Aggregate) -> go.Figure:
    """Draw a performance profile a method: the share of runs at or below each score."""
    drawn = style.figure(
        "test BCE against its genre's mean (per cent)", "share of runs", height=440
    )
    thresholds = list(found.thresholds)
    for one in found.methods:
        colour = style.colour(one.method)
        drawn.add_trace(
            go.Scatter(
                x=thresholds + thresholds[::-1],
                y=[*one.high, *one.low[::-1]],
                fill="toself",
                mode="lines",
                line={"width": 0, "color": colour},
                opacity=0.18,
                showlegend=False,
                hoverinfo="skip",
                name=f"{METHODS[one.method]}, 95% band",
                fillcolor=colour,
            )
        )
        drawn.add_trace(
            go.Scatter(
                x=thresholds,
                y=list(one.shares),
                mode="lines",
                name=METHODS[one.method],
                line={"color": colour, "width": 2.5},
                hovertemplate="%{y:.0%} of runs at or below %{x:+.2f}%<extra></extra>",
            )
        )
    drawn.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return drawn
