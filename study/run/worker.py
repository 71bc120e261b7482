"""A worker: trains the seed runs of one assignment, tells one a step, survives what goes wrong.

The worker process is reused for one assignment after another. Errors inside a run are caught
and returned as results, so that only the death of the process itself looks like one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ray import tune

from musebar_core import memory
from study.run.attempt import Assignment, Attempt

if TYPE_CHECKING:
    from musebar_core.stacked import Run
    from study.ledger.record import SeedRun
    from study.ledger.result import SeedRunResult
    from study.run.attempt import Task

ASSIGNMENT: Final = "assignment"
"""Key of a Tune trial's one parameter, an :class:`~study.run.attempt.Assignment`."""

RUN: Final = "seed_run"
RESULT: Final = "result"
"""Keys of a Tune result: which seed run ended, a :class:`~study.ledger.record.SeedRun`, and its
:class:`~study.ledger.result.SeedRunResult`."""


class SeedRunTrainable(tune.Trainable):  # type: ignore[misc]
    """Ray Tune's view of a worker: a step is a seed run, the trial ends with its last one.

    Runs that train together all train in the first step; each is reported in its own.
    """

    _together: dict[SeedRun, SeedRunResult]

    def setup(self, config: dict[str, Assignment]) -> None:
        """Take an assignment."""
        memory.keep()
        memory.collect_seldom()
        self._take(config[ASSIGNMENT])

    def reset_config(self, new_config: dict[str, Assignment]) -> bool:
        """Take the next assignment in the same process."""
        self._take(new_config[ASSIGNMENT])
        return True

    def step(self) -> dict[str, object]:
        """Do one seed run; what happened, done or failed, is the result."""
        task = self._left.pop(0)
        if not self._together and trains_together(self._assignment):
            self._together = run_together(self._assignment)
        result = self._together.get(task.run) or run_alone(self._assignment, task)
        return {RUN: task.run, RESULT: result, "done": not self._left}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: a seed run keeps its own checkpoint under its own path."""

    def load_checkpoint(self, checkpoint: object) -> None:
        """Nothing, likewise."""

    def _take(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._left = list(assignment.tasks)
        self._together = {}


def trains_together(assignment: Assignment) -> bool:
    """Whether the runs of an assignment are to train as one program, and can."""
    if not assignment.together or len(assignment.tasks) == 1:
        return False
    stacks = {task.config.stack for task in assignment.tasks}
    return len(stacks) == 1 and None not in stacks


def run_together(assignment: Assignment) -> dict[SeedRun, SeedRunResult]:
    """Train all runs of an assignment as one program.

    Returns
    -------
    dict
        What :func:`run_alone` returns, of each run: one that fails leaves the others alone.
    """
    attempts = {task.run: Attempt(assignment, task) for task in assignment.tasks}
    started = {attempt.start(): attempt for attempt in attempts.values()}
    training = {run: attempt for run, attempt in started.items() if run is not None}
    if training:
        try:
            _train_together(assignment, training)
        except Exception as error:  # noqa: BLE001  every run that was in it failed of it
            for attempt in training.values():
                if not attempt.ended:
                    attempt.fail(error)
    return {run: attempt.result for run, attempt in attempts.items()}


def _train_together(assignment: Assignment, training: dict[Run, Attempt]) -> None:
    from musebar_core import stacked
    from musebar_core.errors import DivergedError

    for run, row in stacked.fit(list(training), assignment.music()):
        attempt = training[run]
        if attempt.ended:
            continue  # it failed at its checkpoint while the others go on
        if isinstance(row, DivergedError):
            attempt.fail(row)
        else:
            attempt.evaluated()


def run_alone(assignment: Assignment, task: Task) -> SeedRunResult:
    """Train one run, from its checkpoint where there is one.

    Returns
    -------
    SeedRunResult
        What became of it, whatever went wrong; attempts are the driver's to count.
    """
    attempt = Attempt(assignment, task)
    run = attempt.start()
    if run is not None:
        from musebar_core import training

        try:
            for _ in training.fit(run.config, assignment.music(), run.seed, run.state):
                if not attempt.evaluated():
                    break  # it ended, or failed at its checkpoint: its result is there
        except Exception as error:  # noqa: BLE001  the run says what it failed of
            attempt.fail(error)
    return attempt.result
