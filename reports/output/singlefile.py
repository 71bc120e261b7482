"""A report as one file, to be sent by mail: every page within it, without its music."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

from musebar_core.errors import UsageError
from musebar_core.marks import check_place, replace_file, target_of
from reports.output.site import INDEX
from reports.pages.render import render
from reports.pages.study import study_pages
from reports.pages.view import view

if TYPE_CHECKING:
    from pathlib import Path

    from study.results.tables import StudyTables

GENERATOR = '<meta name="generator" content="musebar-study">'
"""What a file begins with that may be replaced."""

_BODY = re.compile(r"<body[^>]*>(?P<body>.*)</body>", re.DOTALL)
_ROOT = re.compile(r"<html (?P<attributes>[^>]*)>")
_TITLE = re.compile(r"<title>(?P<title>.*?)</title>", re.DOTALL)


def single_file(tables: StudyTables) -> str:
    """Write the report of a study as one HTML file; the same tables give the same bytes."""
    from plotly.offline import get_plotlyjs

    pages = dict(study_pages(view(tables)))
    assets = resources.files("reports") / "pages"
    return render(
        "single.html.j2",
        root=_ROOT.search(pages[INDEX])["attributes"],  # type: ignore[index]
        title=_title(pages[INDEX]),
        css=(assets / "musebar.css").read_text(encoding="utf-8"),
        js=(assets / "musebar.js").read_text(encoding="utf-8"),
        plotly=_within_script(get_plotlyjs()),
        first=_part(INDEX, pages[INDEX]),
        pages=[_part(name, html) for name, html in pages.items()],
    )


def write_single_file(tables: StudyTables, out: Path) -> Path:
    """Write :func:`single_file` to ``out``, in place of an older one; others' files stay.

    Raises
    ------
    UsageError
        If ``out`` is there and is no such file, or a file is in the way of its folder.
    """
    parent = target_of(out).parent
    check_place(parent)
    if out.exists() and not _is_ours(out):
        raise UsageError(f"--out {out}: is there and is no report; name another file")
    parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, single_file(tables).encode())
    return out


def _is_ours(out: Path) -> bool:
    if not out.is_file():
        return False
    with out.open("rb") as file:
        return GENERATOR.encode() in file.read(4000)


def _part(name: str, html: str) -> dict[str, str]:
    body, root = _BODY.search(html), _ROOT.search(html)
    if body is None or root is None:
        raise ValueError(f"{name} is no page")
    return {
        "name": name,
        "title": _title(html),
        "attributes": root["attributes"].removeprefix('lang="en" '),
        "body": body["body"],
    }


def _title(html: str) -> str:
    found = _TITLE.search(html)
    return "" if found is None else found["title"]


def _within_script(text: str) -> str:
    """JavaScript that may stand in a script element: the end of one is written another way."""
    return re.sub(r"</(script)", r"<\\/\1", text, flags=re.IGNORECASE)
