"""Figures of the decision card: the tie set, the two stages, the regret matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.figures import style
from reports.stats.labels import count, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.stats.intervals import SeedMean
    from reports.stats.stages import Stages
    from reports.stats.transfer import Transfer

TIED, WORSE, RECOMMENDED = "in the tie set", "distinguishably worse", "recommended"


@dataclass(frozen=True)
class Apart:
    """A configuration's figure minus the recommended one's, nats, seed by seed."""

    label: str
    config_id: str
    difference: SeedMean
    p: float
    group: str


LOOKS = {
    RECOMMENDED: (style.CHOSEN_COLOUR, "star"),
    TIED: ("#0072B2", "circle"),
    WORSE: (style.OTHER_COLOUR, "circle-open"),
}
"""Group to colour and symbol."""


def apart(rows: Sequence[Apart], x_title: str) -> go.Figure:
    """Draw a row a configuration: its distance from the recommended one, with its interval."""
    drawn = style.figure(x_title, "", height=130 + 30 * len(rows))
    for group, (colour, symbol) in LOOKS.items():
        at = [i for i, row in enumerate(rows) if row.group == group]
        if not at:
            continue
        found = [rows[i] for i in at]
        drawn.add_trace(
            go.Scatter(
                x=[row.difference.mean for row in found], y=at, mode="markers", name=group,
                error_x=style.error_bars([row.difference for row in found], colour),
                marker={"color": colour, "size": 11, "symbol": symbol},
                text=[f"{style.escape(row.label)} ({row.config_id})<br>"
                      f"{with_interval(row.difference)} nats, p {row.p:.2g}" for row in found],
                hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
    drawn.add_vline(x=0, line={"color": style.NEUTRAL, "width": 1, "dash": "dot"})
    _rows(drawn, [row.label for row in rows])
    return drawn


SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "hexagon")


def stages(found: Stages, groups: dict[str, str], y_title: str) -> go.Figure:
    """Draw a line a finalist, from its search mean to its confirmed mean.

    ``groups`` is config_id to the group whose colour it has.
    """
    drawn = style.figure("", y_title, height=380)
    for at, one in enumerate(found.finalists):
        colour = LOOKS[groups.get(one.config_id, WORSE)][0]
        half = (
            0.0
            if one.confirmed.interval is None
            else (one.confirmed.interval[1] - one.confirmed.mean)
        )
        before = f"search {number(one.searched.mean)} ({count(one.searched.n_seeds, 'seed')})"
        after = f"confirmed {with_interval(one.confirmed)} ({count(one.confirmed.n_seeds, 'seed')})"
        drawn.add_trace(
            go.Scatter(
                x=[0, 1], y=[one.searched.mean, one.confirmed.mean], mode="lines+markers",
                name=one.config_id, error_y={"type": "data", "array": [0.0, half], "color": colour},
                line={"color": colour, "width": 2},
                marker={"size": 10, "symbol": SYMBOLS[at % len(SYMBOLS)]},
                text=[f"{one.config_id}<br>{said}" for said in (before, after)],
                hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
    drawn.update_xaxes(
        tickvals=[0, 1], ticktext=["search", "confirmation"], range=[-0.25, 1.25], showgrid=False
    )
    return drawn


def regret(genres: Sequence[str], cells: Sequence[Sequence[Transfer | None]]) -> go.Figure:
    """Draw the regret matrix: a row a genre, a column the genre whose configuration it borrows.

    ``cells`` is None on the diagonal. What was not measured stays empty and says so.
    """
    costs = [[_regret(cell) for cell in row] for row in cells]
    known = [cost for row in costs for cost in row if cost is not None]
    drawn = style.figure("configuration recommended for", "used in", height=170 + 46 * len(genres))
    drawn.add_trace(
        go.Heatmap(
            z=costs, zmin=min(0.0, *known), zmax=max(1.0, *known), xgap=2, ygap=2,
            text=[[_regret_text(cell) for cell in row] for row in cells],
            hovertemplate="%{text}<extra></extra>", hoverongaps=False,
            colorscale=[[0, "rgba(230,159,0,0.12)"], [1, "rgba(230,159,0,0.6)"]],
            colorbar={"title": {"text": "nats"}, "thickness": 12},
        )
    )  # fmt: skip
    names = [style.shorten(genre) for genre in genres]
    ticks = {"tickvals": list(range(len(genres))), "ticktext": names, "showgrid": False,
             "range": [-0.5, len(genres) - 0.5]}  # fmt: skip
    drawn.update_xaxes(**ticks)
    drawn.update_yaxes(**(ticks | {"range": [len(genres) - 0.5, -0.5]}))
    drawn.add_trace(
        go.Scatter(
            x=[x for row in cells for x in range(len(row))],
            y=[y for y, row in enumerate(cells) for _ in row], mode="text",
            text=[_regret_text(cell) for row in cells for cell in row], showlegend=False,
            hoverinfo="skip",
        )
    )  # fmt: skip
    return drawn


def _regret(cell: Transfer | None) -> float | None:
    if cell is None or cell.same:
        return 0.0
    return None if cell.regret is None else cell.regret.mean


def _regret_text(cell: Transfer | None) -> str:
    if cell is None:
        return "its own"
    if cell.same:
        return "the same"
    return cell.status if cell.regret is None else f"{cell.regret.mean:+.2f}"


def _rows(drawn: go.Figure, names: Sequence[str]) -> None:
    drawn.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[style.shorten(name, 26) for name in names],
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )
