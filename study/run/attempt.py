"""One attempt at a seed run: its lock, its checkpoints, and the result that it ends in.

An attempt trains nothing itself: whoever does, alone or in a stack, tells it of every evaluation.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import importlib.metadata
import os
import platform
import shutil
import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import CheckpointError, CorpusError
from musebar_core.states import Standing
from study.home import corpora, files
from study.ledger import live
from study.ledger.record import MODEL_FILE, STATE_FILE
from study.ledger.result import RunMetrics, SeedRunResult
from study.run.failures import failure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from musebar_core.checkpoint import Identity
    from musebar_core.config import Configuration
    from musebar_core.corpus import Corpus, GenreCorpus
    from musebar_core.stacked import Run
    from musebar_core.state import TrainingState
    from study.home.files import AnyPath
    from study.ledger.record import SeedRun


@dataclass(frozen=True)
class Task:
    """A seed run that is to be done.

    Attributes
    ----------
    run
        Its name within the study.
    folder
        The configuration's folder for this genre; each seed has one of its own in it.
    keep_model
        Whether the weights at the reported epoch stay.
    """

    run: SeedRun
    config: Configuration
    folder: str
    keep_model: bool


@dataclass(frozen=True)
class Assignment:
    """Seed runs of one genre, for one worker.

    Attributes
    ----------
    fingerprint
        Of the genre in that corpus; a run on other music fails.
    threads
        CPU threads a run computes with.
    checkpoint_seconds
        Least time between two checkpoints of a run.
    together
        Whether they train as one program, else one after the other.
    markov
        BCE of the Markov chain on the validation snippets, nats per snippet; None where it is not
        known.
    """

    genre: str
    tasks: tuple[Task, ...]
    corpus: str
    fingerprint: str
    threads: int
    device: str
    checkpoint_seconds: float
    together: bool = False
    markov: float | None = None

    def music(self) -> GenreCorpus:
        """The genre's music.

        Raises
        ------
        CorpusError
            If it cannot be read, or is not what the study began with.
        """
        genre = _corpus(self.corpus).genre(self.genre)
        if genre.fingerprint != self.fingerprint:
            raise CorpusError(f"{self.corpus}: not the music that the study began with")
        return genre


class Attempt:
    """An attempt at one seed run; whatever goes wrong in it, it ends in a result.

    From :meth:`start` to its end it holds the run's folder.
    """

    def __init__(self, assignment: Assignment, task: Task) -> None:
        self._assignment, self._task = assignment, task
        self._began = time.perf_counter()
        self._held = contextlib.ExitStack()
        self._versions: dict[str, str] | None = None
        self._folder: Path | None = None
        self._training: _Training | None = None
        self._result: SeedRunResult | None = None

    @property
    def ended(self) -> bool:
        """Whether it has a result."""
        return self._result is not None

    @property
    def result(self) -> SeedRunResult:
        """What became of it, once it has ended; attempts are the driver's to count."""
        if self._result is None:
            raise RuntimeError(f"{self._task.run} is still being trained")
        return self._result

    def start(self) -> Run | None:
        """Take the run's folder, and the run up from its checkpoint where there is one.

        Returns
        -------
        Run
            What is to be trained; None where the attempt has ended already.
        """
        with self._caught():
            self._versions = versions(self._assignment.threads) | self._arithmetic()
            kept = files.to_path(self._task.folder) / str(self._task.run.seed)
            self._folder = files.workspace(kept)
            _make(self._folder, self._task.folder)
            self._held.enter_context(_locked(self._folder))
            self._training = _Training(self._assignment, self._task, self._folder, kept)
            self._end_if_trained(self._training)
        return None if self.ended or self._training is None else self._training.run

    def evaluated(self) -> bool:
        """Save what an evaluation closed, if it is time to, and end after the last one.

        Returns
        -------
        bool
            Whether there is more to train.
        """
        with self._caught():
            if self._training is not None:
                self._training.show()
                self._training.save_if_due()
                self._end_if_trained(self._training)
        return not self.ended

    def fail(self, error: Exception) -> None:
        """End of an error."""
        failure = failure_of(error, self._folder)
        self._end(SeedRunResult(failure=failure, seconds=time.perf_counter() - self._began))

    def _arithmetic(self) -> dict[str, str]:
        """What a run that asks for other products than float32's gets here."""
        from musebar_core.config import Precision
        from musebar_core.precision import arithmetic

        precision = self._task.config.training.precision
        if precision is Precision.FP32:
            return {}
        return {"arithmetic": arithmetic(precision, self._assignment.device)}

    def _end_if_trained(self, training: _Training) -> None:
        if training.trained:
            self._end(training.finish())

    def _end(self, result: SeedRunResult) -> None:
        self._result = replace(
            result,
            node=socket.gethostname(),
            device=self._assignment.device,
            versions=self._versions,
        )
        self._held.close()

    @contextlib.contextmanager
    def _caught(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  whatever it is, it belongs in the ledger
            self.fail(error)


class _Training:
    """A run on its way, and where it is saved: in ``folder``, which is or stands for ``kept``."""

    def __init__(self, assignment: Assignment, task: Task, folder: Path, kept: AnyPath) -> None:
        import torch

        from musebar_core import checkpoint
        from musebar_core.stacked import Run
        from musebar_core.state import start

        torch.set_num_threads(assignment.threads)
        self._assignment, self._task = assignment, task
        self._folder, self._kept = folder, kept
        self._music, config, seed = assignment.music(), task.config, task.run.seed
        self._identity = checkpoint.Identity(
            config, assignment.genre, self._music.fingerprint, assignment.corpus, seed
        )
        state_file = folder / STATE_FILE
        if self._away and (kept / STATE_FILE).is_file():
            state_file.write_bytes((kept / STATE_FILE).read_bytes())
        state = _resume(state_file, self._identity, assignment.device)
        state = state or start(config, self._music, seed, assignment.device)
        self.run = Run(config, seed, state)
        self._resumed_at, self._saved = state.epoch, time.monotonic()
        with contextlib.suppress(OSError):
            live.write(folder / live.LIVE_FILE, state.history, afresh=True)

    @property
    def trained(self) -> bool:
        """Whether all epochs are done."""
        return self.run.state.epoch >= self.run.config.training.epochs

    @property
    def _away(self) -> bool:
        return self._kept != self._folder

    def show(self) -> None:
        """Add the last evaluation to the live curve, for whoever looks on; it is worth no failure.

        Where the run's folder is at a URL, nobody can.
        """
        if not self._away:
            with contextlib.suppress(OSError):
                live.write(self._folder / live.LIVE_FILE, self.run.state.history[-1:])

    def save_if_due(self) -> None:
        """Save a checkpoint, unless the last one is too recent."""
        from musebar_core import checkpoint

        if time.monotonic() - self._saved < self._assignment.checkpoint_seconds:
            return
        _make(self._folder, self._task.folder)
        checkpoint.save(self._folder / STATE_FILE, self._identity, self.run.state)
        self._publish(STATE_FILE)
        self._saved = time.monotonic()

    def finish(self) -> SeedRunResult:
        """Measure the trained model, and keep its weights where they are wanted."""
        from musebar_core import checkpoint, evaluation

        state = self.run.state
        outcome = evaluation.outcome(self.run.config, self._music, state)
        if self._task.keep_model:
            worth = Standing.of(outcome.validation, self._assignment.markov)
            _make(self._folder, self._task.folder)
            checkpoint.save_weights(self._folder / MODEL_FILE, self._identity, state, worth)
            self._publish(MODEL_FILE)
        (self._folder / live.LIVE_FILE).unlink(missing_ok=True)
        if self._away:
            shutil.rmtree(self._folder, ignore_errors=True)
        return SeedRunResult(
            metrics=RunMetrics(
                outcome.validation, outcome.test, outcome.last_validation, outcome.last_test
            ),
            curve=tuple(state.history),
            best_epoch=outcome.best_epoch,
            seconds=outcome.seconds,
            resumed_at=self._resumed_at,
        )

    def _publish(self, name: str) -> None:
        if self._away:
            files.publish(self._folder / name, self._kept / name)


def _resume(path: Path, identity: Identity, device: str) -> TrainingState | None:
    """Go on from the checkpoint; one that cannot be gone on from is put aside, not trusted."""
    from musebar_core import checkpoint

    try:
        return checkpoint.resume(path, identity, device)
    except CheckpointError:
        path.replace(path.with_suffix(".unusable"))
        return None


@functools.lru_cache(maxsize=2)
def _corpus(path: str) -> Corpus:
    return corpora.load(path)


def _make(folder: Path, of: str) -> None:
    """Make a seed run's folder, but not its study's: one taken away under it is not made anew."""
    study = Path(of).absolute().parents[2]
    if not files.is_url(of) and not study.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(study))
    folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a seed run's folder: the worker of a driver just killed may linger for seconds."""
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
