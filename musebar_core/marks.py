"""The mark on what this product writes for a user: it replaces and deletes only what bears it.

A folder that is ours has a file :data:`MARK`, which says what the folder is and names every file
that was put there with the SHA-256 of its content. A file that the mark does not name, or that was
changed since, is somebody's own, and is never touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARK = ".musebar.json"
"""Name of the file that marks a folder."""

LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
"""Files that file managers leave behind in folders they have shown."""

_MAX_BYTES = 16 * 2**20


class Kind(StrEnum):
    """What a folder is."""

    REPORT = "report"
    DESCRIPTION = "description of a corpus"
    EXPORT = "export of a study"
    BUILDING = "corpus being built"


def put(folder: Path, kind: Kind) -> None:
    """Mark a folder as ours, with all that is in it."""
    _write(folder, kind, _digests(folder))


def install(scratch: Path, folder: Path, kind: Kind) -> None:
    """Move files into a folder that may hold others, one by one, and mark them as ours.

    Whenever this ends, each file is an old one or a new one, whole, and ours by the mark.

    Raises
    ------
    UsageError
        If a file of that name is there and is not ours, or a mark that is not of this kind;
        nothing was changed.
    """
    new = _digests(scratch)
    check_free(folder, new, kind)
    folder.mkdir(parents=True, exist_ok=True)
    known = dict(read(folder, kind) or {})
    _write(folder, kind, known | {n: [*known.get(n, []), *d] for n, d in new.items()})
    for name in new:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).replace(folder / name)
    _write(folder, kind, known | new)


def read(folder: Path, kind: Kind) -> Mapping[str, list[str]] | None:
    """Files that a folder's mark names, each with the SHA-256 that it may have.

    None without a mark of that kind.
    """
    file = folder / MARK
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _MAX_BYTES:
            return None
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.get("musebar") != kind:
        return None
    files = content.get("files")
    good = isinstance(files, dict) and all(isinstance(each, list) for each in files.values())
    return files if good else None


def foreign(folder: Path, kind: Kind) -> list[str]:
    """Files in a folder that are not ours as we left them, by name; links are never ours."""
    ours = read(folder, kind) or {}
    return sorted(
        name
        for path in _files(folder)
        if (
            (name := path.relative_to(folder).as_posix()) not in ours.keys() | {MARK}
            and path.name not in LITTER
        )
        or (name in ours and not is_as_left(path, ours[name]))
        or (name == MARK and not ours)
    )


def clear(folder: Path, kind: Kind) -> None:
    """Delete the files of a folder that are ours as we left them, and folders left empty."""
    ours = read(folder, kind) or {}
    for name, known in ours.items():
        if is_as_left(folder / name, known):
            (folder / name).unlink()
    if ours:
        (folder / MARK).unlink()
        prune(folder)


def prune(folder: Path) -> None:
    """Delete a folder and those in it, as far as they hold no file."""
    inner = [path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()]
    for path in [*sorted(inner, reverse=True), folder]:
        with contextlib.suppress(OSError):
            path.rmdir()


def check_place(folder: Path) -> None:
    """Raise :class:`UsageError` where a file or a link to nothing is in the way of a folder."""
    above = (folder, *folder.parents)
    there = next(each for each in above if os.path.lexists(each) or not each.name)
    if there.is_dir():
        return
    kind = "a file" if there.exists() else "a link to nothing"
    within = "" if there == folder else f"cannot write {folder}: "
    raise UsageError(f"{within}{there} is {kind}: name another place with --out")


def check_replaceable(folder: Path, kind: Kind) -> None:
    """Raise :class:`UsageError` unless a folder is free, empty, or ours and unchanged."""
    check_place(folder)
    if not folder.exists():
        return
    found = foreign(folder, kind)
    if found:
        raise UsageError(
            f"{folder} holds files that are not of this {kind} as it was written "
            f"({', '.join(found[:3])}): nothing was changed; name an empty folder with --out"
        )


def check_free(folder: Path, names: Iterable[str], kind: Kind) -> None:
    """Raise :class:`UsageError` unless each of these files is not there, or ours and unchanged."""
    check_place(folder)
    ours = read(folder, kind)
    if ours is None:
        _check_absent(folder / MARK, kind)
    for name in names:
        if ours is None or name not in ours or not is_as_left(folder / name, ours[name]):
            _check_absent(folder / name, kind)


def _check_absent(path: Path, kind: Kind) -> None:
    if os.path.lexists(path):
        raise UsageError(
            f"{path} is there and is not of this {kind} as it was written: nothing was "
            "changed; move it away, or name another folder with --out"
        )


def is_as_left(path: Path, known: Iterable[str]) -> bool:
    """Whether a file is a plain one with one of these SHA-256."""
    return not path.is_symlink() and path.is_file() and digest(path) in known


def digest(path: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; of a link, what it points at. A mode that it has stays.

    Raises
    ------
    UsageError
        If something is there that is no file.
    OSError
        If it cannot be written; named by ``path``.
    """
    target = target_of(path)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def target_of(path: Path) -> Path:
    """The file that is written where ``path`` is: itself, or what a link points at.

    Raises
    ------
    UsageError
        If something is there that is no file.
    """
    target = Path(os.path.realpath(path))
    if target.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(f"{path} is there and is no file: nothing was changed; name another")
    return target


def _digests(folder: Path) -> dict[str, list[str]]:
    names = sorted(path.relative_to(folder).as_posix() for path in _files(folder))
    return {name: [digest(folder / name)] for name in names if name != MARK}


def _write(folder: Path, kind: Kind, files: Mapping[str, list[str]]) -> None:
    content = json.dumps({"musebar": kind, "files": files}, indent=1) + "\n"
    replace_file(folder / MARK, content.encode())


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
