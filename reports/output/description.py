"""The folder of a corpus' page: the page, and what it needs to be read offline."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from reports.output.site import ASSETS, CONTENTS, INDEX, PLOTLY, check_replaceable
from reports.pages.corpus import corpus_page

if TYPE_CHECKING:
    from pathlib import Path

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

    check_replaceable(out)
    out.mkdir(parents=True, exist_ok=True)
    pages = resources.files("reports") / "pages"
    files = {name: (pages / name).read_bytes() for name in ASSETS}
    files[PLOTLY] = get_plotlyjs().encode()
    listed = sorted([*files, CONTENTS, INDEX])
    files[CONTENTS] = "\n".join([*listed, ""]).encode()
    files[INDEX] = corpus_page(described).encode()
    for name, content in files.items():
        _replace(out / name, content)
    return out / INDEX


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
