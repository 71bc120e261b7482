"""Seed runs as W&B's offline folders: nothing is sent until ``wandb sync`` is asked to.

Each has an id of its own, so that a folder that is synchronised again changes nothing there.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from musebar_core.errors import StudyError
from study.trackers.tracked import scalars

if TYPE_CHECKING:
    from pathlib import Path

    from study.trackers.tracked import Tracked

WHOLE = "musebar-whole"
"""File in a run's folder once all of it has been told."""


class WandB:
    """Tells of seed runs that have ended in offline folders beneath ``folder``/wandb, once each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def tell(self, tracked: Tracked) -> None:
        """Tell of a run that has ended; one that was told of in part is told of afresh.

        Raises
        ------
        StudyError
            If W&B cannot write it.
        """
        if not tracked.ended:
            return
        there = list((self.folder / "wandb").glob(f"offline-run-*-{tracked.key}"))
        if any((each / WHOLE).is_file() for each in there):
            return
        for each in there:
            shutil.rmtree(each)
        self._tell(tracked)

    def _tell(self, tracked: Tracked) -> None:
        import wandb

        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            run = wandb.init(
                mode="offline",
                dir=str(self.folder),
                project=f"musebar-{tracked.study}",
                id=tracked.key,
                name=tracked.name,
                group=tracked.run.genre,
                job_type=str(tracked.run.phase),
                config={**tracked.settings, **tracked.run._asdict(), "phase": tracked.run.phase},
                settings=wandb.Settings(
                    silent=True,
                    console="off",
                    disable_git=True,
                    disable_code=True,
                    x_disable_stats=True,
                    x_disable_machine_info=True,
                ),
            )
            for row in tracked.curve:
                run.log(scalars(row), step=row.epoch)
            run.summary.update({f"reported_{n}": value for n, value in tracked.reported.items()})
            run.summary.update({"state": tracked.state, **tracked.facts})
            run.finish(exit_code=int(tracked.state == "failed"))
        except (wandb.Error, OSError) as error:
            raise StudyError(f"W&B in {self.folder}: {error}") from None
        for each in (self.folder / "wandb").glob(f"offline-run-*-{tracked.key}"):
            (each / WHOLE).touch()
