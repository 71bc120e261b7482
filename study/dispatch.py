"""Ray Tune's part: slots, workers, results. What runs next is the driver's and planner's word.

Tune's own files are disposable: they go to a temporary folder, and a killed study resumes from
its ledger alone.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from musebar_core.corpus import Corpus
from musebar_core.errors import MuseBarError, StudyError
from study import corpora, planner
from study.driver import Driver
from study.lease import Lease
from study.record import State
from study.trainable import Assignment, SeedRunTrainable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from study.home import Home, Study
    from study.progress import Reporter
    from study.record import Record

_TUNE_SETTINGS = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
    "TUNE_WARN_THRESHOLD_S": "3600",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Tune keeps quiet, keeps no state of its own, tells nobody, and leaves Ctrl-C to us."""

_STOP_POLL_SECONDS = 1.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(MuseBarError):  # noqa: N818  it is not an error that it was asked to stop
    """The study was asked to stop, and stopped; it can be resumed."""

    exit_code = 130


def run_study(study: Study, home: Home, reporter: Reporter) -> None:
    """Drive a study to its end on an embedded Ray.

    Parameters
    ----------
    study
        Recorded already; its ledger says what is left to do.
    home
        Where corpora are built.
    reporter
        Told of every change.

    Raises
    ------
    StudyError
        If another driver holds the study, or its ledger or engine fails.
    Interrupted
        If somebody asked the study to stop.
    """
    with Lease(study.ledger, study.name) as lease, _Stop(study, home) as stop:
        study.ledger.set_state(study.name, State.RUNNING)
        try:
            _prepare(study, home, reporter, stop)
            stop.check()
            driver = _driver(study, lease)
            if not driver.finished:
                with _embedded_ray(driver):
                    stop.listen()  # starting, Ray takes SIGTERM for itself
                    _tune(driver, stop, reporter)
        except (Interrupted, KeyboardInterrupt):
            study.ledger.set_state(study.name, State.STOPPED)
            raise
        if not driver.finished:
            raise StudyError("Ray ended before the study did: resume it, with -v for Ray's log")
        study.ledger.set_state(study.name, State.FINISHED)


def slots_of(study: Study) -> int:
    """Seed runs at a time that the spec asks for, or that this machine has CPUs and GPUs for."""
    resources = study.ledger.read(study.name).spec.resources
    fit = max(1, len(os.sched_getaffinity(0)) // resources.cpus_per_trial)
    if resources.gpus_per_trial > 0:
        fit = min(fit, int(_gpus() / resources.gpus_per_trial))
        if fit < 1:
            raise StudyError(
                f"resources.gpus_per_trial is {resources.gpus_per_trial}, but this machine shows "
                f"{_gpus()} GPUs: set it to 0, or run where there are some"
            )
    return fit if resources.slots == "auto" else resources.slots


def _corpus(record: Record, home: Home, reporter: Reporter, stop: _Stop) -> Corpus:
    """The corpus that the study began with, or, for a new one, the one its spec asks for."""
    if record.corpus_path and corpora.is_built(Path(record.corpus_path)):
        return Corpus.load(Path(record.corpus_path))

    def progress(done: int, total: int) -> None:
        reporter.corpus(done, total)
        stop.check()

    return corpora.prepare(record.spec, home.corpora, progress)


def _prepare(study: Study, home: Home, reporter: Reporter, stop: _Stop) -> None:
    """Build or load the corpus, and record what the report needs of it."""
    record = study.ledger.read(study.name)
    corpus = _corpus(record, home, reporter, stop)
    found = corpora.facts(record.spec, corpus)
    for genre, facts in record.facts.items():
        if facts["fingerprint"] != found.get(genre, {}).get("fingerprint"):
            raise StudyError(
                f"the music of genre '{genre}' is no longer what study '{study.name}' began with "
                f"({corpus.path}): bring it back, or start a new study"
            )
    study.ledger.set_corpus(study.name, str(corpus.path.resolve()), found)
    fixed = [*record.spec.methods.values(), *planner.grid_configurations(record.spec)]
    study.ledger.add_configurations(study.name, fixed)


def _driver(study: Study, lease: Lease) -> Driver:
    return Driver(study, study.ledger.read(study.name), lease, slots_of(study))


@contextmanager
def _embedded_ray(driver: Driver) -> Iterator[None]:
    os.environ.update(_TUNE_SETTINGS | {"TUNE_MAX_PENDING_TRIALS_PG": str(driver.slots)})
    import ray

    resources = driver.record.spec.resources
    ray.init(
        address="local",
        num_cpus=driver.slots * resources.cpus_per_trial,
        num_gpus=_gpus() if resources.gpus_per_trial else 0,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=100 * 2**20,
    )
    try:
        yield
    finally:
        ray.shutdown()


def _tune(driver: Driver, stop: _Stop, reporter: Reporter) -> None:
    from ray import tune

    from study.engine import ResultRecorder, StudySearcher, StudyStopper

    resources = driver.record.spec.resources
    searcher = StudySearcher(driver, _assign(driver), stop)
    recorder = ResultRecorder(driver, reporter)
    scratch = _scratch_folder()
    try:
        tuner = tune.Tuner(
            tune.with_resources(
                SeedRunTrainable,
                {"cpu": resources.cpus_per_trial, "gpu": resources.gpus_per_trial},
            ),
            tune_config=tune.TuneConfig(search_alg=searcher, num_samples=-1, reuse_actors=True),
            run_config=tune.RunConfig(
                name="study",
                storage_path=str(scratch),
                stop=StudyStopper(recorder, searcher, stop),
                callbacks=[recorder],
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=0),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        tuner.fit()
    except tune.TuneError as error:
        problem = recorder.error or searcher.error
        raise problem or StudyError(f"Ray Tune failed: {error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    problem = recorder.error or searcher.error
    if problem is not None:
        raise problem
    stop.check()


def _scratch_folder() -> Path:
    """A folder for Tune's own files; those that killed drivers left behind are swept."""
    prefix = "musebar-tune-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        pid = left.name.removeprefix(prefix).split("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))


def _assign(driver: Driver) -> Any:  # noqa: ANN401
    record, study = driver.record, driver.study
    device = "cuda" if record.spec.resources.gpus_per_trial else "cpu"

    def assign(chunk: Any) -> dict[str, Any]:  # noqa: ANN401
        first = chunk.runs[0]
        return dataclasses.asdict(Assignment(
            genre=first.genre,
            config=chunk.configuration.to_dict(),
            seeds=tuple(run.seed for run in chunk.runs),
            corpus=str(record.corpus_path),
            fingerprint=record.facts[first.genre]["fingerprint"],
            folder=str(study.folder.resolve() / driver.folder(first)),
            keep_model=driver.keeps_models(first.phase),
            threads=record.spec.resources.cpus_per_trial,
            device=device,
        ))  # fmt: skip

    return assign


class _Stop:
    """Whether the study should stop: by Ctrl-C, by SIGTERM, or by ``study stop``.

    The first signal asks; a second one interrupts whatever is going on.
    """

    def __init__(self, study: Study, home: Home) -> None:
        self._study = study
        self._home = home
        self._signalled = False
        self._requested = False
        self._looked = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Stop:
        self._before = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
        self.listen()
        return self

    def listen(self) -> None:
        for number in _STOP_SIGNALS:
            signal.signal(number, self._on_signal)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        if time.monotonic() - self._looked > _STOP_POLL_SECONDS:
            self._looked = time.monotonic()
            self._requested = self._study.ledger.stop_requested(self._study.name)
        return self._signalled or self._requested

    def check(self) -> None:
        if self():
            raise Interrupted(
                f"study '{self._study.name}' stopped; nothing that was done is lost. "
                f"Go on with: {self._home.command('study resume', self._study.name)}"
            )

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._signalled:
            raise KeyboardInterrupt
        self._signalled = True
        print("stopping; once more to stop at once", file=sys.stderr)


def _gpus() -> int:
    import torch

    return torch.cuda.device_count()
