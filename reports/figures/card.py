"""Figures of the decision card: the tie set, the two stages, the regret matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.figures import style
from reports.words.cards import TRANSFERS
from reports.words.labels import count, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.answers.stages import Finalist, Stages
    from reports.answers.transfer import TransferRegret
    from study.statistics.intervals import SeedMean

TIED, WORSE, RECOMMENDED = "in the tie set", "distinguishably worse", "recommended"
OUTSIDE = "left out of the choice"
"""Of finalists that the purpose's metric did not decide between: no verdict on their worth."""


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
    OUTSIDE: (style.OTHER_COLOUR, "x-thin"),
}
"""Group to colour and symbol."""


def apart(rows: Sequence[Apart], x_title: str) -> go.Figure:
    """Draw a row a configuration: its distance from the recommended one, with its interval."""
    drawn = style.figure(x_title, "", height=130 + style.ROW_PIXELS * len(rows))
    for group, (colour, symbol) in LOOKS.items():
        at = [i for i, row in enumerate(rows) if row.group == group]
        if not at:
            continue
        found = [rows[i] for i in at]
        drawn.add_trace(
            go.Scatter(
                x=[row.difference.mean for row in found],
                y=at,
                mode="markers",
                name=group,
                error_x=style.error_bars([row.difference for row in found], colour),
                marker={"color": colour, "size": 11, "symbol": symbol},
                customdata=[row.config_id for row in found],
                text=[
                    f"{style.escape(row.label)} ({row.config_id})<br>"
                    f"{with_interval(row.difference)} nats, p {row.p:.2g}"
                    for row in found
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    drawn.add_vline(x=0, line={"color": style.NEUTRAL, "width": 1, "dash": "dot"})
    style.label_rows(drawn, [row.label for row in rows])
    return drawn


def stages(
    found: Stages, groups: Mapping[str, str], names: Mapping[str, str], x_title: str
) -> go.Figure:
    """Draw a row a finalist: hollow its search mean, filled its mean on fresh seeds.

    ``groups`` and ``names`` are config_id to the group whose colour it has, and to its label.
    """
    rows = found.finalists
    drawn = style.figure(x_title, "", height=130 + style.ROW_PIXELS * len(rows))
    own = [groups.get(one.config_id, OUTSIDE) for one in rows]
    for group, look in LOOKS.items():
        at = [i for i, name in enumerate(own) if name == group]
        if at:
            _finalists(drawn, {i: rows[i] for i in at}, f"confirmed, {group}", look)
    drawn.add_trace(
        go.Scatter(
            x=[one.searched.mean for one in rows],
            y=list(range(len(rows))),
            mode="markers",
            name="search mean",
            text=[_stage_hover(one) for one in rows],
            marker={
                "color": [LOOKS[name][0] for name in own],
                "size": 10,
                "symbol": "circle-open",
                "line": {"width": 2},
            },
            hovertemplate="%{text}<extra></extra>",
        )
    )
    style.label_rows(drawn, [names.get(one.config_id, one.config_id) for one in rows])
    return drawn


def _finalists(
    drawn: go.Figure, rows: Mapping[int, Finalist], name: str, look: tuple[str, str]
) -> None:
    """Draw the way from search mean to confirmed mean of each row, and the latter's interval."""
    colour, symbol = look
    ends: list[float | None] = []
    for one in rows.values():
        ends += [one.searched.mean, one.confirmed.mean, None]
    drawn.add_trace(
        go.Scatter(
            x=ends,
            y=[at for i in rows for at in (i, i, None)],
            mode="lines",
            showlegend=False,
            line={"color": colour, "width": 1.5, "dash": "dot"},
            hoverinfo="skip",
            name=name,
        )
    )
    drawn.add_trace(
        go.Scatter(
            x=[one.confirmed.mean for one in rows.values()],
            y=list(rows),
            mode="markers",
            name=name,
            text=[_stage_hover(one) for one in rows.values()],
            error_x=style.error_bars([one.confirmed for one in rows.values()], colour),
            marker={
                "color": colour,
                "size": 11,
                "symbol": symbol,
                "line": {"color": colour, "width": 2},
            },
            hovertemplate="%{text}<extra></extra>",
        )
    )


def _stage_hover(one: Finalist) -> str:
    before, after = one.searched, one.confirmed
    return (
        f"{one.config_id}<br>search {number(before.mean)} ({count(before.n_seeds, 'seed')})"
        f"<br>confirmed {with_interval(after)} ({count(after.n_seeds, 'seed')})"
    )


LOSSES = [
    [0.0, "rgba(0,114,178,0.6)"],
    [0.5, "rgba(0,114,178,0)"],
    [0.5, "rgba(230,159,0,0)"],
    [1.0, "rgba(230,159,0,0.6)"],
]
"""Blue where another genre's configuration is better, orange where it costs."""


def regret(genres: Sequence[str], cells: Sequence[Sequence[TransferRegret | None]]) -> go.Figure:
    """Draw the regret matrix: a row a genre, a column the genre whose configuration it borrows.

    ``cells`` is None on the diagonal. What was not measured stays empty and says so.
    """
    costs = [[_regret(cell) for cell in row] for row in cells]
    most = max([1.0, *(abs(cost) for row in costs for cost in row if cost is not None)])
    drawn = style.figure("configuration recommended for", "used in", height=170 + 46 * len(genres))
    drawn.add_trace(
        go.Heatmap(
            z=costs,
            zmin=-most,
            zmax=most,
            xgap=2,
            ygap=2,
            text=[[_regret_text(cell) for cell in row] for row in cells],
            hovertemplate="%{text}<extra></extra>",
            hoverongaps=False,
            colorscale=LOSSES,
            colorbar={"title": {"text": "nats"}, "thickness": 12, "outlinewidth": 0},
        )
    )
    names = style.shorten_apart(genres)
    ticks = {
        "tickvals": list(range(len(genres))),
        "ticktext": names,
        "showgrid": False,
        "range": [-0.5, len(genres) - 0.5],
    }
    drawn.update_xaxes(**ticks)
    drawn.update_yaxes(**(ticks | {"range": [len(genres) - 0.5, -0.5]}))
    drawn.add_trace(
        go.Scatter(
            x=[x for row in cells for x in range(len(row))],
            y=[y for y, row in enumerate(cells) for _ in row],
            mode="text",
            text=[_regret_text(cell) for row in cells for cell in row],
            showlegend=False,
            hoverinfo="skip",
        )
    )
    return drawn


def _regret(cell: TransferRegret | None) -> float | None:
    if cell is None or cell.same:
        return 0.0
    return None if cell.regret is None else cell.regret.mean


def _regret_text(cell: TransferRegret | None) -> str:
    if cell is None:
        return "its own"
    if cell.same:
        return "the same"
    if cell.regret is None:
        return TRANSFERS[cell.status]
    return f"{cell.regret.mean:+.2f}" + (", collapsed" if cell.collapsed else "")
