"""Room on disk, looked at before work starts: a full disk half-way costs a night."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import StudyError
from musebar_core.size import n_parameters
from study.run.sizing import most_together
from study.search import planner
from study.spec.sections import Phase

if TYPE_CHECKING:
    from study.home.files import AnyPath
    from study.ledger.record import Record

LEAST_BYTES = 32 * 2**20
"""For the ledger, the report and all else that is small."""

_SCRATCH_BYTES = 64 * 2**20
"""For Ray's own files, in the folder of temporary files."""

_NUMBER = 4


def needed(record: Record) -> int:
    """Bytes that a study may still write into its home: weights it keeps, and checkpoints."""
    spec = record.spec
    weights = n_parameters(spec.configuration({}).model) * _NUMBER
    kept = sum(run.phase is not Phase.SEARCH for run in planner.plan(record).runs)
    asked = spec.resources.seeds_per_trial
    seeds = most_together(spec) if asked == "auto" else asked
    under_way = seeds if spec.resources.gpus_per_trial else 1  # of a trial, where they are at once
    return LEAST_BYTES + (kept + 4 * under_way) * weights  # a checkpoint is three, one replaces it


def check(record: Record, home: AnyPath) -> None:
    """See that what the study is going to write has room; a home at a URL is not asked.

    Raises
    ------
    StudyError
        If it has not; nothing was started, and the study can be resumed.
    """
    if isinstance(home, Path):
        _check(home, needed(record), "name another home with --home, or make room")
    _check(Path(tempfile.gettempdir()), _SCRATCH_BYTES, "make room, or name another in TMPDIR")


def _check(folder: Path, wanted: int, remedy: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise StudyError(
            f"the disk of {folder} has {free / 2**20:.0f} MiB left, and the study needs about "
            f"{wanted / 2**20:.0f} MiB there: {remedy}; what was done is kept"
        )
