"""Files that have an end: a pipe or a device is waited for without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def check_plain(path: Path, what: str) -> None:
    """Refuse a pipe, a socket or a device.

    Parameters
    ----------
    path
        A file; one that is not there passes, and so does a folder, which is refused at its opening.
    what
        How the file begins its message: ``"label file x.cls"``.

    Raises
    ------
    UsageError
        If it is neither a file nor a folder.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UsageError(f"{what} is a pipe or a device: name a file")
