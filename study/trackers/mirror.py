"""Mirrors of a study: what its ledger holds, told to a tracker; what is under way, to TensorBoard.

A mirror only reads the study, so that one that fails never stops it, and one that is told again
doubles nothing.
"""

from __future__ import annotations

import importlib.util
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import UnknownNameError, UsageError
from musebar_core.settings import values
from study.home.files import is_url
from study.ledger import live
from study.ledger.reading import Runs
from study.ledger.record import SeedRun
from study.spec.sections import Phase
from study.trackers.tracked import Tracked, of_ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from study.home.studies import Study
    from study.ledger.record import Record
    from study.trackers.tracked import Tracker


class Kind(StrEnum):
    """Trackers that a study can be mirrored to."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"
    WANDB = "wandb"


_NEEDED = {Kind.TENSORBOARD: "tensorboardX", Kind.MLFLOW: "mlflow", Kind.WANDB: "wandb"}
"""Package that each is told with; its extra has the kind's name."""


def tracker(study: Study, target: str) -> Tracker:
    """Open what a target names: ``tensorboard[=DIR]``, ``mlflow=URI`` or ``wandb[=DIR]``.

    Raises
    ------
    UsageError
        If it names no tracker, lacks its place, or its extra is not installed.
    StudyError
        If the tracker cannot be asked.
    """
    name, _, place = target.partition("=")
    if name not in set(Kind):
        raise UnknownNameError("tracker", name, [str(kind) for kind in Kind])
    kind = Kind(name)
    if kind is Kind.MLFLOW:
        if not place:
            raise UsageError(f"--to {target}: name the server, as in mlflow=http://127.0.0.1:5000")
        _check_extra(kind)
        from study.trackers.mlflow import MLflow

        return MLflow(place, study.name)
    if not place and not isinstance(study.folder, Path):
        raise UsageError(f"--to {target}: the home is a URL: name a folder, as in {kind}=DIR")
    if is_url(place):
        raise UsageError(f"--to {target}: {kind} is written here: name a folder of this machine")
    folder = Path(place) if place else Path(str(study.folder)) / kind
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--to {target}: {folder} is a file: name a folder")
    _check_extra(kind)
    if kind is Kind.TENSORBOARD:
        from study.trackers.tensorboard import TensorBoard

        return TensorBoard(folder)
    from study.trackers.wandb import WandB

    return WandB(folder)


def _check_extra(kind: Kind) -> None:
    if importlib.util.find_spec(_NEEDED[kind]) is None:
        raise UsageError(f"{kind} needs its extra: pip install 'musebar-study[{kind}]'")


class Mirror:
    """Tells a tracker of a study, again and again: of each run that has ended once."""

    def __init__(self, study: Study, to: Tracker) -> None:
        self._study, self._to = study, to
        self._told: set[SeedRun] = set()

    def tell(self) -> int:
        """Tell what is new since the last time; how many ended runs it has told of by now.

        Raises
        ------
        StudyError
            If the ledger cannot be read, or the tracker not be told.
        """
        name, ledger = self._study.name, self._study.ledger
        record = ledger.read(name, runs=Runs.WITHOUT_CURVES)
        for tracked in self._live(record):
            self._to.tell(tracked)
        new = record.ended.keys() - self._told
        if new:
            for run, curve in ledger.curves(name):
                if run in new:
                    self._to.tell(of_ended(name, record, run, record.ended[run], curve))
                    self._told.add(run)
        return len(self._told)

    def _live(self, record: Record) -> Iterator[Tracked]:
        """Runs under way, as far as their workers have written: GENRE/CONFIG/SEED of a folder."""
        folder = self._study.folder
        if not isinstance(folder, Path):
            return
        phases = {(r.genre, r.config_id, r.seed): r.phase for r in record.ended}
        for file in (folder / "runs").glob(f"*/*/*/{live.LIVE_FILE}"):
            genre, config_id, seed = file.parts[-4:-1]
            config = record.configurations.get(config_id)
            rows = live.read(file)
            if config is None or not rows or not seed.isdigit():
                continue
            if (genre, config_id, int(seed)) in phases:
                continue
            run = SeedRun(genre, config_id, int(seed), _phase(record, config_id, int(seed)))
            changed = file.stat().st_mtime
            yield Tracked(
                self._study.name, run, values(config), rows, began=changed, finished=changed
            )


def _phase(record: Record, config_id: str, seed: int) -> Phase:
    """The phase of a run under way: a grid has one, search seeds are the search's alone."""
    if record.spec.search.is_grid:
        return Phase.CONFIRM
    if seed in record.spec.seeds_of(Phase.SEARCH):
        return Phase.SEARCH
    methods = {config.config_id for config in record.spec.methods.values()}
    return Phase.METHODS if config_id in methods else Phase.CONFIRM
