"""Which code is mutated, and which tests answer for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Room:
    """A folder of the product and the tests that are to notice a fault in it.

    Attributes
    ----------
    name
        The folder, or a module of it.
    own_tests
        Files and folders; what is slow, needs services or a browser is not run.
    without
        Beginnings of the names of files that are left out.
    """

    name: str
    own_tests: tuple[str, ...]
    without: tuple[str, ...] = ()

    @property
    def tests(self) -> tuple[str, ...]:
        """Its own, and those of every room's rules."""
        return *self.own_tests, "tests/test_values.py"

    def files(self, root: Path) -> list[str]:
        """Its files, relative to ``root``; a folder's own, not those of its folders."""
        place = root / self.name
        found = [place] if place.is_file() else sorted(place.glob("*.py"))
        return [
            str(file.relative_to(root)) for file in found if not file.name.startswith(self.without)
        ]


CORPUS = ("tests/musebar_core/corpus",)
REPORTS = ("tests/reports",)

ROOMS = (
    Room(
        "musebar_core",
        tuple(
            str(file.relative_to(ROOT))
            for file in sorted(ROOT.glob("tests/musebar_core/test_*.py"))
        ),
    ),
    Room("musebar_core/corpus", CORPUS),
    Room("musebar_core/corpus/abc", CORPUS),
    Room("musebar_core/corpus/humdrum", CORPUS),
    Room("musebar_core/corpus/midi", CORPUS),
    Room("musebar_core/corpus/musicxml", CORPUS),
    Room(
        "musebar_core/stacked",
        ("tests/musebar_core/stacked",),
        ("inference", "kernels", "resident"),
    ),
    Room("study/spec", ("tests/study/spec",)),
    Room("study/statistics", ("tests/study/statistics", "tests/reports/test_against_scipy.py")),
    Room("study/ledger", ("tests/study/ledger", "tests/study/run/test_failures.py")),
    Room("study/search", ("tests/study/search",)),
    Room("study/results", ("tests/study/results",)),
    Room("study/cluster", ("tests/study/cluster",)),
    Room("reports/stats", REPORTS),
    Room("reports/answers", REPORTS),
    Room("reports/pages/render.py", REPORTS),
)
