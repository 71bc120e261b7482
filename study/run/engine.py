"""The small objects through which Ray Tune talks to a study's driver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ray import cloudpickle, tune
from ray.tune.progress_reporter import TrialProgressCallback
from ray.tune.result import TRAINING_ITERATION
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from musebar_core.errors import MuseBarError
from study.run.failures import failure_of_worker
from study.run.worker import ASSIGNMENT, RESULT, RUN

if TYPE_CHECKING:
    from collections.abc import Callable

    from ray.tune.execution.tune_controller import TuneController
    from ray.tune.experiment import Trial

    from study.ledger.result import Failure
    from study.run.attempt import Assignment
    from study.run.driver import Chunk, Driver
    from study.run.progress import Reporter


_Read = TypeVar("_Read")


class StudySearcher(Searcher):  # type: ignore[misc]
    """Tune asks it for trials; each is a chunk of seed runs that the planner wants."""

    def __init__(
        self,
        driver: Driver,
        assign: Callable[[Chunk], Assignment],
        stop: Callable[[], bool],
    ) -> None:
        super().__init__(metric=TRAINING_ITERATION, mode="max")
        self._driver = driver
        self._assign = assign
        self._stop = stop
        self.error: MuseBarError | None = None

    def suggest(self, trial_id: str) -> dict[str, Assignment] | str | None:
        """Return the next assignment, None for 'not now', FINISHED for 'no more'."""
        try:
            if self.error or self._stop() or self._driver.finished:
                return Searcher.FINISHED  # type: ignore[no-any-return]
            chunk = self._driver.next_chunk(trial_id)
        except MuseBarError as problem:
            self.error = problem
            return Searcher.FINISHED  # type: ignore[no-any-return]
        return {ASSIGNMENT: self._assign(chunk)} if chunk else None

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, object] | None = None,
        error: bool = False,
    ) -> None:
        """Free the slot; Tune calls it after all results.

        How a worker died is the recorder's to tell.
        """
        del result
        if error:
            return
        try:
            self._driver.trial_ended(trial_id)
        except MuseBarError as problem:  # Tune would swallow it
            self.error = problem

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the ledger is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, likewise."""

    def __getstate__(self) -> dict[str, object]:
        return {}


_OF_TUNE = frozenset({"done", "node_ip", "pid", TRAINING_ITERATION, "trial_id"})
"""What Tune itself reads of a result once the callbacks are done."""


class ResultRecorder(TrialProgressCallback):  # type: ignore[misc]
    """Writes each result to the ledger; what goes wrong there ends the study.

    It stands in for the callback by which Tune prints results, and which keeps every trial.

    Attributes
    ----------
    error
        What went wrong, if anything did.
    """

    def __init__(self, driver: Driver, reporter: Reporter) -> None:
        super().__init__()
        self._driver = driver
        self._reporter = reporter
        self.error: MuseBarError | None = None

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **_: object
    ) -> None:
        """Record one seed run, and leave to Tune what it needs of the result.

        It keeps results, and statistics of each of their figures, to the end of the study.
        """
        del iteration, trials
        run, ended = result[RUN], result[RESULT]
        for name in result.keys() - _OF_TUNE:
            del result[name]
        try:
            self._driver.result(trial.trial_id, run, ended)
        except MuseBarError as error:
            self.error = error
            raise
        self._reporter.stages.ran(ended.seconds or 0.0)
        self._reporter.changed(self._driver)

    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **_: object
    ) -> None:
        """Free the slot of a worker that died."""
        del iteration, trials
        try:
            self._driver.trial_ended(trial.trial_id, _failure(trial))
        except MuseBarError as error:
            self.error = error
            raise

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **_: object
    ) -> None:
        """Nothing: its results have said it all."""

    def on_step_end(self, iteration: int, trials: list[Trial], **_: object) -> None:
        """Let what waits be recorded, and the progress display breathe."""
        del iteration, trials
        try:
            self._driver.tick()
        except MuseBarError as error:
            self.error = error
            raise
        self._reporter.tick(self._driver)

    def __getstate__(self) -> dict[str, object]:
        return {}


def _failure(trial: Trial) -> Failure:
    """What Ray knows of how a trial's worker ended, from the files in which Tune keeps it."""
    error = _kept(trial.pickled_error_file, lambda file: cloudpickle.loads(file.read_bytes()))
    return failure_of_worker(error, str(error or _kept(trial.error_file, Path.read_text)))


def _kept(file: str | None, read: Callable[[Path], _Read]) -> _Read | None:
    try:
        return read(Path(file)) if file else None
    except Exception:  # noqa: BLE001  a file that cannot be read tells nothing
        return None


class ReleasingScheduler(FIFOScheduler):  # type: ignore[misc]
    """Tune's own order of trials, and none kept that has ended.

    Tune holds every trial to the end of a study, some 20 KiB each. Where it keeps them is its own
    affair: a Ray that keeps them elsewhere costs memory, and nothing else.
    """

    def on_trial_complete(
        self, tune_controller: TuneController, trial: Trial, result: dict[str, object]
    ) -> None:
        """Release the trials that ended before this one, which Tune is still busy with."""
        del result
        _release(tune_controller, trial)

    def on_trial_error(self, tune_controller: TuneController, trial: Trial) -> None:
        """Likewise."""
        _release(tune_controller, trial)


def _release(controller: TuneController, but: Trial) -> None:
    trials = controller.get_trials()
    ended = {trial for trial in trials if trial.is_finished()} - {but}
    trials[:] = [trial for trial in trials if trial not in ended]
    kept = vars(controller)
    for name in ("_live_trials", "_stopped_trials", "_failed_trials", "_trials_to_cache"):
        kept.get(name, set()).difference_update(ended)


class StudyStopper(tune.Stopper):  # type: ignore[misc]
    """Ends all trials when the study is asked to stop or cannot go on."""

    def __init__(
        self, recorder: ResultRecorder, searcher: StudySearcher, stop: Callable[[], bool]
    ) -> None:
        self._parts = (recorder, searcher)
        self._stop = stop

    def __call__(self, trial_id: str, result: dict[str, object]) -> bool:
        """No trial is stopped by its results."""
        del trial_id, result
        return False

    def stop_all(self) -> bool:
        """Whether everything should end now."""
        return any(part.error for part in self._parts) or self._stop()

    def __getstate__(self) -> dict[str, object]:
        return {}
