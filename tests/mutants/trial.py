"""Plants a fault in a copy of the tree and runs the tests that should notice it.

A process loads the libraries once and forks for each run of the tests, so that a fault costs what
its tests do. Which tests reach which line, and how long each takes, is measured first.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from coverage import CoverageData

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tests.mutants.plant import Mutant
    from tests.mutants.rooms import Room

LIBRARIES = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "torch",
    "scipy.stats",
    "optuna",
    "sqlalchemy",
    "plotly",
    "pydantic",
    "pretty_midi",
    "symusic",
    "music21",
    "jinja2",
    "click",
    "rich",
    "ruamel.yaml",
    "safetensors.torch",
    "fsspec",
)
COPIED = (
    "musebar",
    "musebar_core",
    "study",
    "reports",
    "search_spaces",
    "tests",
    "docs",
    "benchmarks",
)
REWRITTEN = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
SLOWER = 5
"""Times the tests' usual time after which a run of them hangs."""


class Fate(Enum):
    """What became of a fault."""

    KILLED = "killed"
    HUNG = "hung"
    SURVIVED = "survived"


@dataclass
class Known:
    """What a run of a room's tests without a fault told.

    Attributes
    ----------
    seconds
        By test.
    reached
        By file and line, the tests that run it.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    reached: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    def tests(self, mutant: Mutant) -> list[str]:
        """Those that run the lines of a fault, the quickest first."""
        lines = range(mutant.lines[0], mutant.lines[1] + 1)
        by_line = self.reached.get(mutant.file, {})
        found = {test for line in lines for test in by_line.get(line, ()) if test in self.seconds}
        return sorted(found, key=lambda test: self.seconds[test])


class Timed:
    """A pytest plugin: how long each test takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)


class Only:
    """A pytest plugin: the tests of a list, in its order; or all but those."""

    def __init__(self, first: list[str], *, rest: bool) -> None:
        self._place = {test: place for place, test in enumerate(first)}
        self._rest = rest

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._rest:
            items[:] = [item for item in items if item.nodeid not in self._place]
        else:
            items[:] = [item for item in items if item.nodeid in self._place]
            items.sort(key=lambda item: self._place[item.nodeid])


class Bench:
    """A copy of the tree and a process from which runs of its tests fork."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = Path(tempfile.mkdtemp(prefix="musebar-mutants-"))
        for name in COPIED:
            if (root / name).exists():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(root / name, self.folder / name, ignore=ignored)
        for file in root.iterdir():
            if file.is_file():
                shutil.copy(file, self.folder / file.name)
        os.environ["OMP_NUM_THREADS"] = "1"
        os.environ["PYTHONPATH"] = str(self.folder)
        for library in LIBRARIES:
            import_module(library)
        self._changed = 0
        self.said = self.folder / "said"
        """What the last run of the tests wrote."""

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def measure(self, room: Room) -> Known:
        """Run a room's tests as they are; which fail is an error."""
        told = self.folder / "told.json"

        def run() -> int:
            timed = Timed()
            sources = [f"--cov={name}" for name in ("musebar_core", "study", "reports")]
            os.environ["COVERAGE_FILE"] = str(self.folder / "coverage")
            code = pytest.main(
                [*_options(), *sources, "--cov-context=test", "--cov-report=", *room.tests],
                [timed],
            )
            told.write_text(json.dumps([timed.seconds, timed.failed]))
            return int(code)

        if self._fork(run, limit=3600) is None or not told.exists():
            raise RuntimeError(
                f"{room.name}: its tests do not run:\n{self.said.read_text()[-4000:]}"
            )
        seconds, failed = json.loads(told.read_text())
        if failed:
            raise RuntimeError(f"{room.name}: fails without a fault: {', '.join(failed)}")
        return Known(seconds, self._reached())

    def _reached(self) -> dict[str, dict[int, list[str]]]:
        data = CoverageData(str(self.folder / "coverage"))
        data.read()
        return {
            str(Path(file).relative_to(self.folder)): {
                line: sorted({c.rpartition("|")[0] for c in contexts if c})
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }

    def try_out(self, mutant: Mutant, room: Room, known: Known) -> Fate:
        """Plant a fault; run the tests that reach it, then the room's others."""
        file = self.folder / mutant.file
        source = file.read_text()
        first = known.tests(mutant)
        try:
            file.write_text(mutant.code(source))
            self._changed += 1  # so that no compiled file of another fault is taken for this one's
            os.utime(file, (self._changed, self._changed))
            for rest in (False, True):
                fate = self._run(first, room.tests, known.seconds, rest=rest)
                if fate != Fate.SURVIVED:
                    return fate
            return Fate.SURVIVED
        finally:
            file.write_text(source)

    def _run(
        self, first: list[str], paths: Collection[str], seconds: dict[str, float], *, rest: bool
    ) -> Fate:
        chosen = seconds.keys() - first if rest else first
        if not chosen:
            return Fate.SURVIVED
        files = paths if rest else sorted({test.partition("::")[0] for test in first})
        usual = sum(seconds[test] for test in chosen)

        def run() -> int:
            return int(pytest.main([*_options(), "-x", *files], [Only(first, rest=rest)]))

        code = self._fork(run, limit=30 + SLOWER * usual)
        if code is None:
            return Fate.HUNG
        return Fate.SURVIVED if code in {0, pytest.ExitCode.NO_TESTS_COLLECTED} else Fate.KILLED

    def _fork(self, run: Callable[[], int], limit: float) -> int | None:
        """What ``run`` returns in a process of its own; None where it did not end in time."""
        child = os.fork()
        if child == 0:
            self._become(run)
        until = time.monotonic() + limit
        while time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                _end(child)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        _end(child)
        os.waitpid(child, 0)
        return None

    def _become(self, run: Callable[[], int]) -> None:
        code = 70
        try:
            multiprocessing.current_process().daemon = False  # tests start processes of their own
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            said = os.open(self.said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream in (1, 2):
                os.dup2(said, stream)
            os.chdir(self.folder)
            sys.path[:] = [
                str(self.folder),
                *(p for p in sys.path if p not in {"", str(self._root)}),
            ]
            for name in [n for n in sys.modules if n.partition(".")[0] in COPIED]:
                del sys.modules[name]
            code = run()
        except BaseException:  # noqa: BLE001  (whatever it is, this process ends here)
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def _options() -> list[str]:
    return [
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
        "-W",
        REWRITTEN,
    ]


def _end(group: int) -> None:
    """What a run of tests left running goes with it."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
