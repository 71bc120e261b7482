"""A chart as a page shows it: title, figure, caption, and the table of what is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.pages.render import figure_json

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from markupsafe import Markup

    from reports.pages.cells import Table


@dataclass(frozen=True)
class Chart:
    """A chart.

    Attributes
    ----------
    id
        The figure's ``div_id`` and anchor, fixed from build to build.
    title, caption
        What it shows, with units; what to see in it.
    figure
        Plotly's JSON.
    table
        The numbers drawn; None where ``data`` names a table of the same page that holds them.
    data
        Id of that table.
    wide
        Whether it needs room: it scrolls in its own box on a narrow page.
    """

    id: str
    title: str
    caption: str
    figure: Markup
    table: Table | None = None
    data: str | None = None
    wide: bool = False


def chart(
    id: str,  # noqa: A002  (HTML's word)
    title: str,
    caption: str,
    drawn: go.Figure | dict[str, Any],
    table: Table | None = None,
    *,
    data: str | None = None,
    wide: bool = False,
) -> Chart:
    """Make a chart of a Plotly figure, or of one as plain data.

    Raises
    ------
    ValueError
        If no table stands behind it.
    """
    if table is None and data is None:
        raise ValueError(f"chart {id} has no table behind it")
    return Chart(id, title, caption, figure_json(drawn), table, data, wide)
