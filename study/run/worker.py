"""A worker: trains the seed runs of one assignment, one a step, and survives what goes wrong.

The worker process is reused for one assignment after another. Errors inside a run are caught
and returned as results, so that only the death of the process itself looks like one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import functools
import importlib.metadata
import os
import platform
import shutil
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ray import tune
from safetensors import SafetensorError

from musebar_core import checkpoint
from musebar_core.config import Configuration
from musebar_core.errors import CheckpointError, CorpusError, DivergedError
from study.home import corpora, files
from study.ledger.record import DISK_FULL, MODEL_FILE, STATE_FILE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from musebar_core.corpus import Corpus
    from musebar_core.stacked import Run
    from musebar_core.state import TrainingState
    from study.home.files import AnyPath

    _Life = Generator[Run, None, dict[str, Any]]

TOGETHER = "MUSEBAR_TOGETHER"


@dataclass(frozen=True)
class Assignment:
    """Seed runs of one configuration, for one worker.

    Attributes
    ----------
    config
        The configuration, as plain data.
    fingerprint
        Of the genre in that corpus; a run on other music fails.
    folder
        The configuration's folder for this genre; each seed has one of its own in it.
    keep_model
        Whether the weights at the reported epoch stay.
    threads
        CPU threads a run computes with.
    checkpoint_seconds
        Least time between two checkpoints of a run.
    """

    genre: str
    config: dict[str, Any]
    seeds: tuple[int, ...]
    corpus: str
    fingerprint: str
    folder: str
    keep_model: bool
    threads: int
    device: str
    checkpoint_seconds: float


class SeedRunTrainable(tune.Trainable):  # type: ignore[misc]
    """Ray Tune's view of a worker: a step is a seed run, the trial ends with its last seed.

    Seeds that train together all train in the first step; each is reported in its own.
    """

    _together: dict[int, dict[str, Any]]

    def setup(self, config: dict[str, Any]) -> None:
        """Take an assignment."""
        self._take(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next assignment in the same process."""
        self._take(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Run one seed; what happened, done or failed, is the result."""
        seed = self._left.pop(0)
        if trains_together(self._assignment) and not self._together:
            self._together = run_together(self._assignment)
        outcome = self._together.get(seed) or run_seed(self._assignment, seed)
        return {"seed": seed, "outcome": outcome, "done": not self._left}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: a seed run keeps its own checkpoint under its own path."""

    def load_checkpoint(self, checkpoint: object) -> None:
        """Nothing, likewise."""

    def _take(self, config: dict[str, Any]) -> None:
        self._assignment = Assignment(**config)
        self._left = list(self._assignment.seeds)
        self._together = {}


def trains_together(assignment: Assignment) -> bool:
    """Whether the seeds of an assignment train as one program: on a GPU, where the model can.

    The environment variable ``MUSEBAR_TOGETHER=1`` asks for it on a CPU too.
    """
    wanted = assignment.device != "cpu" or os.environ.get(TOGETHER) == "1"
    several = len(assignment.seeds) > 1
    return several and wanted and Configuration.from_dict(assignment.config).stackable


def run_together(assignment: Assignment) -> dict[int, dict[str, Any]]:
    """Train all seeds of an assignment as one program.

    Returns
    -------
    dict
        What :func:`run_seed` returns, of each seed: a run that fails leaves the others alone.
    """
    from musebar_core import stacked

    outcomes: dict[int, dict[str, Any]] = {}
    lives = {seed: _live(assignment, seed) for seed in assignment.seeds}
    waiting: dict[stacked.Run, int] = {}
    for seed, life in lives.items():
        run = _go_on(life, outcomes, seed)
        if run is not None:
            waiting[run] = seed
    try:
        corpus = _corpus(assignment.corpus).genre(assignment.genre) if waiting else None
        for run, row in stacked.fit(list(waiting), corpus) if corpus else ():
            seed = waiting[run]
            if seed in outcomes:
                continue  # it failed at its checkpoint while the others go on
            _go_on(lives[seed], outcomes, seed, row if isinstance(row, DivergedError) else None)
    except Exception as error:  # noqa: BLE001  every run that was in it failed of it
        for seed in waiting.values():
            if seed not in outcomes:
                _go_on(lives[seed], outcomes, seed, error)
    return outcomes


def run_seed(assignment: Assignment, seed: int) -> dict[str, Any]:
    """Train one seed, from its checkpoint where there is one.

    Returns
    -------
    dict
        The fields of :class:`study.ledger.ledger.Ended` but ``attempts``; where it failed,
        ``failure`` says why and ``retry`` whether another attempt may help, else
        ``resumed_at`` is the epoch of the checkpoint that it went on from (0: none).
    """
    from musebar_core import training

    outcomes: dict[int, dict[str, Any]] = {}
    life = _live(assignment, seed)
    run = _go_on(life, outcomes, seed)
    if run is not None:
        corpus = _corpus(assignment.corpus).genre(assignment.genre)
        try:
            for _ in training.fit(run.config, corpus, run.seed, run.state):
                if _go_on(life, outcomes, seed) is None:
                    break  # it ended, or failed at its checkpoint: its outcome is there
        except Exception as error:  # noqa: BLE001  the run says what it failed of
            _go_on(life, outcomes, seed, error)
    return outcomes[seed]


def _go_on(
    life: _Life, outcomes: dict[int, dict[str, Any]], seed: int, error: Exception | None = None
) -> Run | None:
    """Let a run see to itself after an evaluation, or fail; keep its outcome once it has one."""
    try:
        return next(life) if error is None else life.throw(error)
    except StopIteration as end:
        outcomes[seed] = end.value
        return None


def _live(assignment: Assignment, seed: int) -> _Life:
    """A seed run from lock to outcome; somebody else trains it wherever it yields."""
    started = time.perf_counter()
    where = {
        "node": socket.gethostname(),
        "device": assignment.device,
        "versions": versions(assignment.threads),
    }
    kept = files.to_path(assignment.folder) / str(seed)
    folder = files.workspace(kept)
    try:
        with _locked(folder):
            return where | (yield from _train(assignment, seed, folder, kept))
    except DivergedError as error:
        failure, retry = str(error), False
    except (OSError, SafetensorError) as error:
        full = getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}
        failure, retry = f"{type(error).__name__}: {error}", True
        if full or "No space left" in str(error):
            failure = f"{DISK_FULL} ({socket.gethostname()}: {folder})"
    except Exception as error:  # noqa: BLE001  whatever it is, it belongs in the ledger
        failure, retry = f"{type(error).__name__}: {error}", True
        if _is_out_of_memory(error):
            failure = ": ".join(filter(None, ["out of memory", str(error).split("\n")[0]]))
    return where | {
        "failure": failure,
        "retry": retry,
        "metrics": {},
        "curve": [],
        "seconds": time.perf_counter() - started,
    }


def _is_out_of_memory(error: Exception) -> bool:
    """Whether it is Python's word for it, CUDA's, or the one of torch's allocator for the CPU."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _train(assignment: Assignment, seed: int, folder: Path, kept: AnyPath) -> _Life:
    """Train in ``folder``, which is ``kept`` itself or stands for it on this machine."""
    import torch

    from musebar_core import evaluation
    from musebar_core.stacked import Run
    from musebar_core.state import start

    torch.set_num_threads(assignment.threads)
    config = Configuration.from_dict(assignment.config)
    corpus = _corpus(assignment.corpus).genre(assignment.genre)
    if corpus.fingerprint != assignment.fingerprint:
        raise CorpusError(f"{assignment.corpus}: not the music that the study began with")
    identity = checkpoint.Identity(
        config, assignment.genre, corpus.fingerprint, assignment.corpus, seed
    )
    state_file = folder / STATE_FILE
    away = kept != folder
    if away and (kept / STATE_FILE).is_file():
        state_file.write_bytes((kept / STATE_FILE).read_bytes())
    state = _resume(state_file, identity, assignment.device)
    state = state or start(config, corpus, seed, assignment.device)
    resumed_at, saved = state.epoch, time.monotonic()
    run = Run(config, seed, state)
    while state.epoch < config.training.epochs:
        yield run
        if time.monotonic() - saved >= assignment.checkpoint_seconds:
            checkpoint.save(state_file, identity, state)
            if away:
                files.publish(state_file, kept / STATE_FILE)
            saved = time.monotonic()
    outcome = evaluation.outcome(config, corpus, state)
    if assignment.keep_model:
        checkpoint.save_weights(folder / MODEL_FILE, identity, state)
        if away:
            files.publish(folder / MODEL_FILE, kept / MODEL_FILE)
    if away:
        shutil.rmtree(folder, ignore_errors=True)
    splits = ("validation", "test", "last_validation", "last_test")
    return {
        "failure": None,
        "retry": False,
        "resumed_at": resumed_at,
        "metrics": {split: getattr(outcome, split)._asdict() for split in splits},
        "curve": [_row(dataclasses.asdict(row), row.validation._asdict()) for row in state.history],
        "best_epoch": outcome.best_epoch,
        "seconds": outcome.seconds,
    }


def _row(row: dict[str, Any], validation: dict[str, Any]) -> dict[str, Any]:
    del row["validation"]
    return row | {f"validation_{name}": value for name, value in validation.items()}


def _resume(path: Path, identity: checkpoint.Identity, device: str) -> TrainingState | None:
    """Go on from the checkpoint; one that cannot be gone on from is put aside, not trusted."""
    try:
        return checkpoint.resume(path, identity, device)
    except CheckpointError:
        path.replace(path.with_suffix(".unusable"))
        return None


@functools.lru_cache(maxsize=2)
def _corpus(path: str) -> Corpus:
    return corpora.load(path)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a seed run's folder: the worker of a driver just killed may linger for seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def versions(threads: int) -> dict[str, str]:
    """Versions of what decides the numbers, and the threads they were computed with."""
    names = ("musebar-study", "torch", "numpy")
    return {name: importlib.metadata.version(name) for name in names} | {
        "python": platform.python_version(),
        "threads": str(threads),
    }
