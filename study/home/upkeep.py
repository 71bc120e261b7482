"""What happens to a whole study in its home: it gets another name, or it goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core import marks, yamlfile
from musebar_core.errors import UsageError
from musebar_core.marks import Kind
from study.home import files
from study.home.studies import MEASURES_FILE, SPEC_FILE, check_free, recorded
from study.ledger import upkeep
from study.ledger.lease import Lease
from study.ledger.ledger import FILE_NAME
from study.ledger.live import EVENTS, EVENTS_FILE, LIVE_FILE
from study.ledger.record import MODEL_FILE, STATE_FILE

if TYPE_CHECKING:
    from upath import UPath

    from study.home.files import AnyPath
    from study.home.studies import Home
    from study.spec.model import StudySpec

_MARKED = {"report": Kind.REPORT, "export": Kind.EXPORT}
"""Folders of a study's that bear the mark of what is in them."""

_OF_RUN = (
    MODEL_FILE,
    STATE_FILE,
    str(Path(STATE_FILE).with_suffix(".unusable")),
    LIVE_FILE,
    ".lock",
)
"""Files of a seed run; half-written ones are named after them."""


def delete(home: Home, name: str) -> tuple[int, list[str]]:
    """Delete a study: its record, its models, its report and its export.

    Its corpus stays, which other studies may share, and so does what is not the study's.

    Returns
    -------
    tuple of int and list of str
        Seed runs that had ended; names of what others had put into its folder.

    Raises
    ------
    UnknownNameError
        If there is no such study.
    StudyError
        If a living driver holds it.
    """
    opened = home.open(name)
    with Lease(opened.ledger, name, home.musebar):
        if isinstance(opened.folder, Path):
            _clear(opened.folder)
        else:
            _clear_away(opened.folder)
        ended = upkeep.delete(opened.ledger, name)
    opened.ledger.close()
    (opened.folder / SPEC_FILE).unlink(missing_ok=True)
    if isinstance(opened.folder, Path):
        for each in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"):
            (opened.folder / each).unlink(missing_ok=True)
        marks.prune(opened.folder)
    return ended, _left(opened.folder)


def rename(home: Home, old: str, new: str) -> StudySpec:
    """Give a study another name; what was interrupted is ended by the same call.

    Returns
    -------
    StudySpec
        The study's spec, renamed.

    Raises
    ------
    UsageError
        If there is no such study, or the new name is none, or taken.
    StudyError
        If a living driver holds the study.
    """
    if new in home.names():
        raise UsageError(f"study '{new}' is there already: name another")
    opened = home.open(old)
    target = home.path / new
    renamed = _renamed(recorded(opened.folder / SPEC_FILE), new)
    check_free(target)
    if _exists(target):
        raise UsageError(f"{target} is there already: name another")
    with Lease(opened.ledger, old, home.musebar):
        upkeep.rename(opened.ledger, old, new)
        content = yamlfile.dump(home.kept(renamed))
        files.write_bytes(opened.folder / SPEC_FILE, content.encode())
    opened.ledger.close()
    _move(opened.folder, target)
    return renamed


def _renamed(spec: StudySpec, name: str) -> StudySpec:
    try:
        return type(spec).model_validate(spec.model_dump() | {"name": name})
    except ValueError:
        raise UsageError(
            f"'{name}' is no name of a study: letters, digits, dots, dashes and underscores, at "
            "most 100, the first a letter or a digit"
        ) from None


def _exists(path: AnyPath) -> bool:
    return path.is_symlink() or path.exists() if isinstance(path, Path) else path.exists()


def _move(source: AnyPath, target: AnyPath) -> None:
    if isinstance(source, Path):
        source.rename(Path(str(target)))
    else:
        source.fs.mv(source.path, source.parent.joinpath(target.name).path, recursive=True)


def _clear(folder: Path) -> None:
    """Delete what the product put into a study's folder, all but its record."""
    for name, kind in _MARKED.items():
        marks.clear(folder / name, kind)
    for file in (folder / "runs").rglob("*"):
        known = file.name in _OF_RUN or file.name.startswith(tuple(f".{n}." for n in _OF_RUN))
        if known and not file.is_dir():
            file.unlink()
    marks.prune(folder / "runs")
    for file in (folder / EVENTS).rglob(EVENTS_FILE):
        file.unlink()
    marks.prune(folder / EVENTS)
    (folder / MEASURES_FILE).unlink(missing_ok=True)


def _clear_away(folder: UPath) -> None:
    """The same at a URL, where folders bear no mark that could be checked."""
    for name in ("runs", *_MARKED, MEASURES_FILE):
        if (folder / name).exists():
            folder.fs.rm((folder / name).path, recursive=True)


def _left(folder: AnyPath) -> list[str]:
    """Names of what is left in a folder."""
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []
