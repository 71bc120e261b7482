"""Templates to HTML: one environment, one way to embed a figure, one name a page."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from musebar_core.terminal import without_passwords
from reports.words import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from reports.pages.cells import Cell


@functools.cache
def environment() -> jinja2.Environment:
    """Return the templates' environment: escaping always on, unknown names are errors."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["rows"] = rows_html
    found.filters["number"] = labels.number
    found.filters["interval"] = labels.with_interval
    found.filters["cap"] = labels.cap
    return found


def render(template: str, **context: Any) -> str:  # noqa: ANN401  (whatever the template reads)
    """Fill in a template."""
    return environment().get_template(template).render(**context)


def rows_html(rows: Sequence[tuple[Cell, ...]]) -> Markup:
    """Write rows of a table: in Python, a table of a thousand rows is slow as a template."""
    lines = ("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return Markup("\n".join(lines))  # noqa: S704  (every part is escaped in _cell)


def _cell(one: Cell) -> str:
    text = str(escape(one.text))
    if one.href:
        text = f'<a href="{escape(one.href)}" title="{text}">{text}</a>'
    if one.swatch:
        text = f'<i class="swatch" style="background:{escape(one.swatch)}"></i>{text}'
    kinds = ["number"] if one.value is not None else []
    kinds += ["warning"] if one.warning else []
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    value = "" if one.value is None else f' data-value="{one.value:.10g}"'
    spread = "" if one.spread is None else f' data-ci="{_spread(*one.spread)}"'
    return f"<td{kind}{value}{spread}>{text}</td>"


def _spread(low: float | None, high: float | None, n: int) -> str:
    """Write an interval and a count: ``1.25 3.5 10``, ends empty where there are none."""
    ends = ("" if end is None else f"{end:.7g}" for end in (low, high))
    return f"{' '.join(ends)} {n}"


def figure_json(drawn: go.Figure | dict[str, Any]) -> Markup:
    """Write a figure as JSON that may stand in a script element: sorted, without NaN."""
    plain = drawn if isinstance(drawn, dict) else json.loads(drawn.to_json())
    text = json.dumps(plain, sort_keys=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  (escaped above)


def without_secrets(value: Any) -> Any:  # noqa: ANN401  (plain data of any shape)
    """Mask the credentials of URLs in plain data: a report is shown to others.

    Greedy up to the last ``@``: a password may hold any character but a space.
    """
    if isinstance(value, dict):
        return {key: without_secrets(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_secrets(one) for one in value]
    if isinstance(value, str):
        return without_passwords(re.sub(r"://\S*@", "://***@", value))
    return value
