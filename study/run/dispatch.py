"""Ray Tune's part: slots, workers, results. What runs next is the driver's and planner's word.

Tune's own files are disposable: they go to a temporary folder, and a killed study resumes from
its ledger alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from musebar_core.errors import StudyError
from study.home import corpora, files
from study.ledger.lease import Lease
from study.ledger.reading import Runs
from study.ledger.record import StudyState
from study.run import diskspace, nodes
from study.run.aside import Aside
from study.run.attempt import Assignment, Task
from study.run.driver import Driver, keep_from_collection
from study.run.failures import failure_of_engine
from study.run.stages import Stage
from study.run.stop import Interrupted, Stop
from study.run.worker import SeedRunTrainable
from study.search import planner

if TYPE_CHECKING:
    from collections.abc import Callable

    from musebar_core.corpus import Corpus
    from study.home.studies import Home, Study
    from study.ledger.record import Record
    from study.ledger.result import Failure
    from study.run.driver import Chunk
    from study.run.progress import Reporter
    from study.run.sizing import Share
    from study.spec.model import StudySpec


TOGETHER = "MUSEBAR_TOGETHER"
"""Environment variable: 1 has the runs of a trial train as one program on a CPU, too."""

GROUP_SECONDS = 0.1
"""For which results that come fast are held to be recorded together."""


def run_study(study: Study, home: Home, reporter: Reporter, *, join: bool = False) -> None:
    """Drive a study to its end.

    Parameters
    ----------
    study
        Recorded already; its ledger says what is left to do.
    home
        Where corpora are built.
    reporter
        Told of every change.
    join
        Run on the Ray cluster that this machine belongs to, not on a Ray of the study's own.

    Raises
    ------
    StudyError
        If another driver holds the study, or its ledger or engine fails.
    Interrupted
        If somebody asked the study to stop.
    """
    spec = study.ledger.read(study.name, runs=Runs.NONE).spec
    study.ledger.database.patience = spec.storage.patience_seconds
    with Lease(study.ledger, study.name, home.musebar) as lease, Stop(study, home, lease) as stop:
        study.ledger.set_state(study.name, StudyState.RUNNING)
        try:
            reporter.stages.enter(Stage.MUSIC)
            _prepare(study, home, reporter, stop, share=join)
            stop.check()
            driver = Driver(
                study,
                study.ledger.read(study.name, runs=Runs.FOR_PLANS),
                lease,
                group_seconds=GROUP_SECONDS,
                submit=Aside(),
            )
            keep_from_collection()
            if not driver.finished:
                diskspace.check(driver.record, study.folder)
                _drive(driver, stop, reporter, join=join)
        except (Interrupted, KeyboardInterrupt):
            study.ledger.database.patience = 0.0
            with contextlib.suppress(StudyError):  # the database is away: the lease tells
                study.ledger.set_state(study.name, StudyState.STOPPED)
            raise
        if not driver.finished:
            raise StudyError("Ray ended before the study did: resume it, with -v for Ray's log")
        study.ledger.set_state(study.name, StudyState.FINISHED)


def _drive(driver: Driver, stop: Stop, reporter: Reporter, *, join: bool) -> None:
    """Run Ray until the study ends or is stopped; anew where it lost workers before they began."""
    lost: Failure | None = None
    while lost is None or not driver.finished:
        reporter.stages.enter(Stage.RAY)
        with _ray(driver.record.spec, stop, join=join) as share:
            reporter.stages.enter(Stage.WORKERS)
            reporter.stages.slots = share.slots
            stop.listen()  # starting, Ray takes SIGTERM for itself
            driver.seeds_per_trial = share.seeds_per_trial
            driver.together = trains_together(share)
            driver.settle(share.slots)
            lost = _tune(driver, share.gpus_per_trial, stop, reporter)
            reporter.stages.enter(Stage.END)
        if lost is None:
            return
        driver.all_lost(lost)
        stop.check()


def trains_together(share: Share) -> bool:
    """Whether the runs of a trial train as one program: on a GPU, or where it is asked for."""
    return share.gpus_per_trial > 0 or os.environ.get(TOGETHER) == "1"


def _ray(spec: StudySpec, stop: Stop, *, join: bool) -> contextlib.AbstractContextManager[Share]:
    """The Ray for the study's runs; while that waits for machines, the study can be stopped."""
    if not join:
        return nodes.embedded(spec)

    def tick() -> None:
        stop.listen()
        stop.check()

    return nodes.joined(spec, tick)


def prepare(study: Study, home: Home, reporter: Reporter) -> None:
    """Build the corpus here and bring it into the home, for a driver on another machine."""
    with Lease(study.ledger, study.name, home.musebar) as lease, Stop(study, home, lease) as stop:
        _prepare(study, home, reporter, stop, share=True)


def _corpus(
    record: Record, home: Home, reporter: Reporter, stop: Stop, *, share: bool
) -> tuple[Corpus, str]:
    """The corpus that the study began with, or, for a new one, the one its spec asks for.

    With it comes its location, which every worker of the study can read.
    """
    if record.corpus_path and corpora.is_built(files.to_path(record.corpus_path)):
        return corpora.load(record.corpus_path), record.corpus_path

    def progress(done: int, total: int) -> None:
        reporter.corpus(done, total)
        stop.check()

    corpus = corpora.prepare(record.spec, files.workspace(home.path) / "corpora", progress)
    if isinstance(home.path, Path) and not share:
        return corpus, str(corpus.path.resolve())
    return corpus, corpora.share(corpus, home.path)


def _prepare(study: Study, home: Home, reporter: Reporter, stop: Stop, *, share: bool) -> None:
    """Build or load the corpus, and record what the report needs of it."""
    record = study.ledger.read(study.name, runs=Runs.NONE)
    corpus, location = _corpus(record, home, reporter, stop, share=share)
    found = corpora.facts(record.spec, corpus)
    for genre, facts in record.facts.items():
        if facts["fingerprint"] != found.get(genre, {}).get("fingerprint"):
            raise StudyError(
                f"the music of genre '{genre}' is no longer what study '{study.name}' began with "
                f"({location}): bring it back, or start a new study"
            )
    study.ledger.set_corpus(study.name, location, found)
    fixed = [*record.spec.methods.values(), *planner.grid_configurations(record.spec)]
    study.ledger.add_configurations(study.name, fixed)


def _tune(driver: Driver, gpus: float, stop: Stop, reporter: Reporter) -> Failure | None:
    """Run Tune to its end; why it lost what was in flight, where that can be tried again."""
    from ray import tune

    from study.run.engine import ReleasingScheduler, ResultRecorder, StudySearcher, StudyStopper

    resources = driver.record.spec.resources
    searcher = StudySearcher(driver, _assign(driver, "cuda" if gpus else "cpu"), stop)
    recorder = ResultRecorder(driver, reporter)
    scratch = _scratch_folder()
    try:
        tuner = tune.Tuner(
            tune.with_resources(
                SeedRunTrainable,
                {"cpu": resources.cpus_per_trial, "gpu": gpus},
            ),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=ReleasingScheduler(),
                num_samples=-1,
                reuse_actors=True,
            ),
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
    except (tune.TuneError, RuntimeError) as error:
        problem = recorder.error or searcher.error
        lost = None if problem else failure_of_engine(error)
        if lost is None:
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise problem or StudyError(f"Ray Tune failed: {first}") from error
        return lost
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    problem = recorder.error or searcher.error
    if problem is not None:
        raise problem
    driver.record_group()
    stop.check()
    return None


def _scratch_folder() -> Path:
    """A folder for Tune's own files; those that killed drivers left behind are swept."""
    prefix = "musebar-tune-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        pid = left.name.removeprefix(prefix).split("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))


def _assign(driver: Driver, device: str) -> Callable[[Chunk], Assignment]:
    record, study = driver.record, driver.study

    def assign(chunk: Chunk) -> Assignment:
        genre = chunk.runs[0].genre
        folder = study.folder.resolve()
        return Assignment(
            genre=genre,
            tasks=tuple(
                Task(run, config, str(folder / driver.folder(run)), driver.keeps_models(run.phase))
                for run, config in zip(chunk.runs, chunk.configurations, strict=True)
            ),
            corpus=str(record.corpus_path),
            fingerprint=record.facts[genre]["fingerprint"],
            threads=record.spec.resources.cpus_per_trial,
            device=device,
            checkpoint_seconds=record.spec.storage.checkpoint_seconds,
            together=driver.together,
            markov=record.markov(genre, "validation"),
        )

    return assign
