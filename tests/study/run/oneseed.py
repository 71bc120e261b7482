"""Seed runs without a driver: what a worker is given, and one of them done in this process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from study.ledger.record import SeedRun
from study.run import worker
from study.run.attempt import Assignment, Task
from study.spec.sections import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from musebar_core.config import Configuration
    from musebar_core.corpus import Corpus
    from study.ledger.result import SeedRunResult


def assignment_of(
    music: Corpus,
    configs: Configuration | Iterable[Configuration],
    folder: Path | str,
    *,
    seeds: Iterable[int] = (0,),
    genre: str = "low",
    keep_model: bool = True,
    **changes: object,
) -> Assignment:
    """Every seed of every configuration, whose folder is ``folder``, or of several in it."""
    named = {"": configs} if not isinstance(configs, (list, tuple)) else dict(enumerate(configs))
    tasks = [
        Task(
            SeedRun(genre, config.config_id, seed, Phase.CONFIRM),
            config,
            f"{folder}/{name}".rstrip("/"),
            keep_model,
        )
        for name, config in named.items()
        for seed in seeds
    ]
    values = {
        "corpus": str(music.path),
        "fingerprint": music.genre(genre).fingerprint,
        "threads": 1,
        "device": "cpu",
        "checkpoint_seconds": 20.0,
    }
    return Assignment(genre=genre, tasks=tuple(tasks), **values | changes)


def run_seed(assignment: Assignment, seed: int = 0) -> SeedRunResult:
    """Do the first run of an assignment, as of another seed."""
    task = assignment.tasks[0]
    return worker.run_alone(assignment, replace(task, run=task.run._replace(seed=seed)))
