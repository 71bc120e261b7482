"""What lies beside the user must not matter, though our packages have common names.

A ``study.py`` or ``reports/`` in the folder that a command is called from is none of ours. Python
looks there first where it was started with ``-m`` or ``-c``; :func:`keep_out` takes that folder off
its path.
Where ``PYTHONPATH`` names it, it stays, and :func:`shadow` says what hides which package.

Only the standard library is imported here: the rest may be what is hidden.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.machinery import ModuleSpec

PACKAGES = ("musebar", "musebar_core", "search_spaces", "study", "reports")
"""All that this product is made of; they lie in one folder."""

ROOT = Path(__file__).resolve().parents[1]
"""That folder."""


@dataclass(frozen=True)
class Shadow:
    """A file that hides a package of ours from Python."""

    package: str
    file: Path

    def __str__(self) -> str:
        return (
            f"{self.file} hides MuseBar's own package '{self.package}' ({ROOT / self.package}): "
            f"take {self.file.parent} out of PYTHONPATH, or rename it"
        )


def keep_out() -> None:
    """Take the folder that Python was started in off its path, unless ours lie there.

    What ``PYTHONPATH`` names stays: processes that are started by this one see it too.
    """
    if sys.flags.safe_path or not sys.path or _is_root(sys.path[0]):
        return
    if not sys.path[0] or _same(sys.path[0], os.curdir):
        del sys.path[0]


def shadow() -> Shadow | None:
    """The first of our packages that Python would take from elsewhere; None where there is none."""
    for package in PACKAGES:
        found = importlib.util.find_spec(package)
        where = None if found is None else found.origin or next(_portions(found), None)
        if where is None:
            continue
        file = Path(where).resolve()
        folder = file.parent if file.name == "__init__.py" else file
        if folder != ROOT / package:
            return Shadow(package, folder)
    return None


def _portions(found: ModuleSpec) -> Iterator[str]:
    """Folders of a package without an ``__init__.py``."""
    return iter(found.submodule_search_locations or ())


def _is_root(entry: str) -> bool:
    return _same(entry or os.curdir, ROOT)


def _same(one: str | Path, other: str | Path) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:  # one of them is not there
        return False
