"""Where a corpus is built: beside its place, which it takes at once when it is whole.

A build works in a hidden folder ``.NAME.building-*`` beside NAME, which it marks as its own
(:mod:`musebar_core.marks`), and holds a lock on it (the kernel lets go of it when the process dies,
however that happens). A marked folder of this name that nobody holds was left by a build that was
killed: the next build removes what builds put there, and puts back the corpus that it had just set
aside, if it was killed between the two. One without the mark is somebody else's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core import marks
from musebar_core.corpus import store
from musebar_core.errors import UsageError
from musebar_core.marks import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def holds_corpus(out: Path) -> bool:
    """Say whether ``out`` is a corpus, and nothing but one.

    Raises
    ------
    UsageError
        If it is something else, which must not be replaced.
    """
    if not out.exists():
        return False
    if not out.is_dir():
        raise UsageError(f"{out} is a file: name a folder for the corpus")
    names = {path.name for path in out.iterdir()}
    if not names:
        return False
    foreign = sorted(names - set(store.FILES))
    if foreign or "corpus.json" not in names:
        raise UsageError(
            f"{out} is not empty and holds more than a corpus ({(foreign or sorted(names))[0]}): "
            "nothing was changed; name another folder with --out"
        )
    if not store.is_described(out):
        raise UsageError(
            f"{out} holds a corpus.json that no build wrote: nothing was changed; name another "
            "folder with --out"
        )
    return True


@contextmanager
def new_folder(out: Path, check: Callable[[], object] = lambda: None) -> Iterator[Path]:
    """Give an empty folder that takes the place of ``out`` if all goes well.

    Parameters
    ----------
    out
        The place; of a link, what it points at.
    check
        Called while no other build can take the place; raises if ``out`` must stay as it is.

    Raises
    ------
    UsageError
        If nothing can be written beside ``out``.
    """
    out = _followed(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        workshop, lock = _workshop(out)
    except FileExistsError:
        raise UsageError(f"cannot write {out}: {out.parent} is a file") from None
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from None
    try:
        folder = workshop / "new"
        folder.mkdir()
        yield folder
        _replace(out, workshop, check)
    finally:
        _clear(workshop)
        os.close(lock)


def _followed(out: Path) -> Path:
    try:
        return out.resolve() if out.is_symlink() else out
    except (OSError, RuntimeError):
        raise UsageError(f"cannot write {out}: its links lead in a circle") from None


def _workshop(out: Path) -> tuple[Path, int]:
    """Make a hidden folder beside ``out`` and lock it; gives the folder and its lock."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.building-", dir=out.parent))
        lock = _open(folder)
        if lock is None:
            continue  # a build that swept just now took it for a dead one's
        if _lock(lock) is not _Lock.BUSY and _is_at(lock, folder):
            marks.put(folder, Kind.BUILDING)
            return folder, lock
        os.close(lock)


def _sweep(out: Path) -> None:
    """Remove what killed builds of ``out`` left behind, and put back what they had set aside."""
    prefix = f".{out.name}.building-"
    for folder in sorted(out.parent.iterdir()):
        lock = _open(folder) if folder.name.startswith(prefix) else None
        if lock is None:
            continue
        if marks.read(folder, Kind.BUILDING) is None:
            os.close(lock)
            continue
        if _lock(lock) is _Lock.OURS and _is_at(lock, folder):
            if (folder / "old").is_dir() and not out.exists():
                (folder / "old").rename(out)
            _clear(folder)
        os.close(lock)


def _clear(workshop: Path) -> None:
    """Remove what a build puts into its folder, and the folder if it held no more."""
    for name in ("new", "old"):
        shutil.rmtree(workshop / name, ignore_errors=True)
    with contextlib.suppress(OSError):
        (workshop / marks.MARK).unlink()
        workshop.rmdir()


class _Lock(Enum):
    OURS = "ours"
    BUSY = "somebody holds it"
    NONE = "this file system has no locks"


def _lock(folder: int) -> _Lock:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _Lock.BUSY
    except OSError:
        return _Lock.NONE
    return _Lock.OURS


def _open(folder: Path) -> int | None:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_at(lock: int, folder: Path) -> bool:
    """Whether the locked folder is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(lock), folder.stat())
    except FileNotFoundError:
        return False


def _replace(out: Path, workshop: Path, check: Callable[[], object]) -> None:
    """Put the new corpus in place; of several builds that end at once, one after the other."""
    parent = os.open(out.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # where there are no locks, this is rare enough
            fcntl.flock(parent, fcntl.LOCK_EX)
        replaces = holds_corpus(out)
        check()
        if replaces:
            out.rename(workshop / "old")
        try:
            (workshop / "new").rename(out)  # over nothing, or over an empty folder
        except BaseException:
            if replaces:
                (workshop / "old").rename(out)
            raise
    finally:
        os.close(parent)
