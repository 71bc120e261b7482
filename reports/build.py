"""Build a report: pages in a fresh folder that is swapped in when it is whole."""

from __future__ import annotations

import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import UsageError
from reports.pages.study import study_pages
from reports.pages.view import view

if TYPE_CHECKING:
    from study.results import StudyTables

INDEX = "index.html"
ASSETS = ("musebar.css", "musebar.js")
PLOTLY = "plotly.min.js"
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
"""Files that file managers leave behind in folders they have shown."""

CONTENTS = "contents.txt"
"""Names every file of a report, so that a rebuild replaces a report and nothing else."""


def build_report(tables: StudyTables, out: Path) -> Path:
    """Write the report of a study.

    Parameters
    ----------
    tables
        The study; the same tables give the same bytes.
    out
        Folder of the pages. A report that stands there is replaced once the new one is
        whole: an interrupted build leaves the old one.

    Returns
    -------
    Path
        The first page.

    Raises
    ------
    UsageError
        If ``out`` holds something that is not a report.
    """
    check_replaceable(out)
    parent = out.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.resolve().name}-", dir=parent))
    try:
        fresh.chmod(0o755)
        _write(tables, fresh)
        _swap(fresh, out.resolve())
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return out / INDEX


def check_replaceable(out: Path) -> None:
    """Raise :class:`UsageError` unless ``out`` is free, empty, or a report of ours."""
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(f"{out} is a file: name a folder with --out")
    listing = out / CONTENTS
    ours = set(listing.read_text(encoding="utf-8").splitlines()) if listing.is_file() else set()
    found = (path.relative_to(out) for path in out.rglob("*") if not path.is_dir())
    foreign = sorted(str(path) for path in found if not _is_ours(path, ours))
    if foreign:
        raise UsageError(
            f"{out} holds files that are not a report's ({', '.join(foreign[:3])}): "
            "name an empty folder with --out"
        )


def _is_ours(path: Path, listed: set[str]) -> bool:
    known = {INDEX, PLOTLY, CONTENTS, *ASSETS}  # of a report without a listing
    return (
        path.as_posix() in listed
        or path.name in LITTER
        or str(path) in known
        or (len(path.parts) == 1 and path.name.startswith("genre-") and path.suffix == ".html")
    )


def _write(tables: StudyTables, folder: Path) -> None:
    from plotly.offline import get_plotlyjs

    for name, page in study_pages(view(tables)).items():
        (folder / name).write_text(page, encoding="utf-8")
    for asset in ASSETS:
        source = resources.files("reports") / "pages" / asset
        (folder / asset).write_bytes(source.read_bytes())
    (folder / PLOTLY).write_text(get_plotlyjs(), encoding="utf-8")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    (folder / CONTENTS).write_text("\n".join([*files, CONTENTS, ""]), encoding="utf-8")


def _swap(fresh: Path, out: Path) -> None:
    """Put ``fresh`` in the place of ``out``; renames, so that neither is ever half there."""
    if not out.exists():
        fresh.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    try:
        out.rename(old / "report")
        try:
            fresh.rename(out)
        except OSError:
            (old / "report").rename(out)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
