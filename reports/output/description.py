"""The folder of a corpus' page: the page, and what it needs to be read offline."""

from __future__ import annotations

import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core import marks
from musebar_core.marks import Kind
from reports.output.site import ASSETS, INDEX, PLOTLY
from reports.pages.corpus import corpus_page

if TYPE_CHECKING:
    from reports.answers.music import Description


def build_description(described: Description, out: Path) -> Path:
    """Write the page of a corpus; the same corpus gives the same bytes.

    Parameters
    ----------
    described
        The corpus.
    out
        Folder of the page. A page that stands there is replaced, file by file, the page last:
        an interrupted build leaves the old one.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UsageError
        If ``out`` holds something that is not a report.
    """
    from plotly.offline import get_plotlyjs

    marks.check_replaceable(out, Kind.DESCRIPTION)
    out.parent.mkdir(parents=True, exist_ok=True)
    pages = resources.files("reports") / "pages"
    files = {name: (pages / name).read_bytes() for name in ASSETS}
    files[PLOTLY] = get_plotlyjs().encode()
    files[INDEX] = corpus_page(described).encode()
    with tempfile.TemporaryDirectory(prefix=".musebar-", dir=out.parent) as scratch:
        for name, content in files.items():
            Path(scratch, name).write_bytes(content)
        marks.install(Path(scratch), out, Kind.DESCRIPTION)
    return out / INDEX
