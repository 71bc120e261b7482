"""The figure that the study is about: rate against distortion, with the frontier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.answers.methods import Method
from reports.answers.rate import Trade
from reports.figures import style
from reports.words.labels import compared_label, name_of, number, phase
from study.statistics.eligibility import mostly_undertrained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.rate import RateDistortion, RatePoint

RATES = {
    Trade.KL_BCE: "rate: validation KL (nats per snippet)",
    Trade.MI_NLL: "information: validation MI, lower bound (nats)",
}
DISTORTIONS = {
    "bce": "distortion: validation BCE (nats per snippet)",
    "nll": "validation NLL (nats per snippet)",
    "elbo": "validation -ELBO (nats per snippet)",
}
FRONTIER = "frontier"
EQUAL = "equal ELBO, the best here"
SEARCHED, CONFIRMED = "searched only", "confirmed"


def rate_figure(found: RateDistortion, markov: float | None = None) -> go.Figure:
    """Draw every configuration, the frontier as steps, and for BCE the line of equal ELBO.

    ``markov`` is the Markov chain's BCE, which has no code: a line, where it is near enough.
    """
    drawn = style.figure(RATES[found.trade], DISTORTIONS[found.distortion], height=480)
    front = found.frontier
    drawn.add_trace(
        go.Scatter(
            x=[point.rate for point in front],
            y=[point.distortion for point in front],
            mode="lines",
            name=FRONTIER,
            line={
                "color": "#0072B2",
                "width": 2,
                "shape": "hv" if found.trade is Trade.KL_BCE else "vh",
            },
            hoverinfo="skip",
        )
    )
    for name, points, look in _groups(found.points):
        _add(drawn, name, points, look)
    ys = [point.distortion for point in found.points]
    baselines = {} if markov is None or found.trade is Trade.MI_NLL else {"markov": markov}
    shown = style.window(ys, baselines)
    style.add_baselines(drawn, baselines, shown, vertical=False)
    if found.trade is Trade.KL_BCE:
        _equal_elbo(drawn, found, shown)
    drawn.update_yaxes(range=list(shown))
    drawn.update_xaxes(range=style.from_zero([point.rate for point in found.points]))
    return drawn


Look = tuple[str, str]
"""Colour and symbol."""


def _groups(points: Sequence[RatePoint]) -> list[tuple[str, list[RatePoint], Look]]:
    """Sort points into entries of the legend, the choice last so that it lies on top."""
    found: dict[str, tuple[list[RatePoint], Look]] = {}
    for point in sorted(points, key=lambda one: one.chosen):
        name, look = _entry(point)
        found.setdefault(name, ([], look))[0].append(point)
    return [(name, group, look) for name, (group, look) in found.items()]


def _entry(point: RatePoint) -> tuple[str, Look]:
    row = point.row
    if point.chosen:
        label = compared_label(row.method, chosen=True)
        return label, (style.CHOSEN_COLOUR, "star")
    if mostly_undertrained(len(row.undertrained_seeds), row.n_measured):
        return "undertrained", (style.OTHER_COLOUR, "cross-thin")
    if row.is_collapsed:
        return "collapsed", (style.OTHER_COLOUR, "x-thin")
    if row.method in set(Method):
        method = str(row.method)
        return compared_label(method, chosen=False), (
            style.colour(method),
            style.METHOD_SYMBOLS[method],
        )
    if row.phase == "search":
        return SEARCHED, (style.OTHER_COLOUR, "circle-open")
    return CONFIRMED, (style.OTHER_COLOUR, "circle")


def _add(drawn: go.Figure, name: str, points: Sequence[RatePoint], look: Look) -> None:
    colour, symbol = look
    drawn.add_trace(
        go.Scatter(
            x=[point.rate for point in points],
            y=[point.distortion for point in points],
            mode="markers",
            name=name,
            customdata=[point.row.config_id for point in points],
            marker={
                "color": colour,
                "size": 14 if symbol == "star" else 9,
                "symbol": symbol,
                "line": {"color": colour, "width": 2},
            },
            text=[_hover(point) for point in points],
            hovertemplate="%{text}<extra></extra>",
        )
    )


def _hover(point: RatePoint) -> str:
    row = point.row
    return (
        f"{style.escape(name_of(row))}<br>{row.config_id}, {phase(row.phase)}, "
        f"{row.n_done} seeds<br>{number(point.rate)}, {number(point.distortion)}"
    )


def _equal_elbo(drawn: go.Figure, found: RateDistortion, shown: tuple[float, float]) -> None:
    """The line on which rate and distortion add up to the least sum of any configuration."""
    least = min(point.rate + point.distortion for point in found.points)
    top = max(point.rate for point in found.points) * 1.05
    start, end = max(0.0, least - shown[1]), min(top, least - shown[0])
    if end <= start:
        return
    drawn.add_trace(
        go.Scatter(
            x=[start, end],
            y=[least - start, least - end],
            mode="lines",
            name=EQUAL,
            line={"color": style.NEUTRAL, "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
    )
