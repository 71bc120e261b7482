"""Build a report: pages in a fresh folder that is swapped in when it is whole."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core import marks
from musebar_core.errors import UsageError
from musebar_core.marks import Kind
from reports.answers.configurations import confirmed
from reports.answers.methods import DEFAULT
from reports.music.listen import SilentError, play
from reports.pages.comparison import comparison_page, study_folder
from reports.pages.study import study_pages
from reports.pages.view import view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.summaries import ConfigurationSummary
    from reports.music.listen import Music
    from reports.pages.view import GenreView, StudyView
    from study.results.tables import StudyTables

INDEX = "index.html"
ASSETS = ("musebar.css", "musebar.js")
PLOTLY = "plotly.min.js"


@dataclass(frozen=True)
class Source:
    """A study to report on.

    Attributes
    ----------
    tables
        The study; the same tables give the same bytes.
    folder
        Its folder, for the checkpoints of the Listen page; None for a report without one.
    """

    tables: StudyTables
    folder: Path | None = None


def build_report(tables: StudyTables, out: Path, folder: Path | None = None) -> Path:
    """Write the report of a study; see :class:`Source` and :func:`build_site`."""
    return build_site([Source(tables, folder)], out)


def build_site(sources: Sequence[Source], out: Path) -> Path:
    """Write the report of one study, or of several side by side.

    Parameters
    ----------
    sources
        The studies. Of several, each has its pages in a folder of its name, and the first
        page compares them.
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
    marks.check_replaceable(out, Kind.REPORT)
    parent = out.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.resolve().name}-", dir=parent))
    try:
        fresh.chmod(0o755)
        _write(sources, fresh)
        _swap(fresh, out.resolve())
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return out / INDEX


def _write(sources: Sequence[Source], folder: Path) -> None:
    from plotly.offline import get_plotlyjs

    if len(sources) == 1:
        _write_study(sources[0], folder, "")
    else:
        studies = [
            _write_study(one, folder / study_folder(one.tables.name), "../") for one in sources
        ]
        (folder / INDEX).write_text(comparison_page(studies), encoding="utf-8")
    for asset in ASSETS:
        source = resources.files("reports") / "pages" / asset
        (folder / asset).write_bytes(source.read_bytes())
    (folder / PLOTLY).write_text(get_plotlyjs(), encoding="utf-8")
    marks.put(folder, Kind.REPORT)


def _write_study(source: Source, folder: Path, root: str) -> StudyView:
    folder.mkdir(exist_ok=True)
    study = view(source.tables)
    if source.folder is not None:
        study = _with_music(study, source.folder, folder)
    for name, page in study_pages(study, root):
        (folder / name).write_text(page, encoding="utf-8")
    return study


def _with_music(study: StudyView, checkpoints: Path, folder: Path) -> StudyView:
    """Let every recommended configuration play, or where none works yet the one closest to that.

    What cannot be played says why.
    """
    music: dict[str, Music] = {}
    silent: dict[str, str] = {}
    for genre in study.genres:
        playing = genre.chosen or genre.closest
        if playing is None:
            silent[genre.name] = "no configuration is recommended yet"
            continue
        try:
            music[genre.name] = play(
                study.tables, playing, checkpoints, folder, _other(genre, playing, study.wanted)
            )
        except SilentError as error:
            silent[genre.name] = str(error)
    return replace(study, music=music, silent=silent)


def _other(
    genre: GenreView, playing: ConfigurationSummary, wanted: int
) -> ConfigurationSummary | None:
    """Whom to hear beside it: the paper's default, else the next best that was confirmed."""
    others = [row for row in confirmed(genre.rows, wanted) if row.config_id != playing.config_id]
    answer = genre.found.answer
    ranked = () if answer is None else answer.choice.candidates
    places = {row.config_id: at for at, row in enumerate(ranked)}
    return min(
        others,
        key=lambda row: (
            row.method != DEFAULT,
            places.get(row.config_id, len(places)),
            row.config_id,
        ),
        default=None,
    )


def _swap(fresh: Path, out: Path) -> None:
    """Put ``fresh`` in the place of ``out``; renames, so that neither is ever half there."""
    if not out.exists():
        fresh.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    try:
        out.rename(old / "report")
        try:
            marks.check_replaceable(old / "report", Kind.REPORT)  # no file came in meanwhile
            fresh.rename(out)
        except (OSError, UsageError):
            (old / "report").rename(out)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
