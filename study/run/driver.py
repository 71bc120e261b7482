"""The driver's bookkeeping between planner, ledger and engine; it knows no Ray.

The engine asks :meth:`Driver.next_chunk` whenever a slot is free and reports every result.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import StudyError
from study.home import files
from study.ledger.ledger import now
from study.ledger.live import LIVE_FILE
from study.ledger.record import MODEL_FILE, STATE_FILE, Record, SeedRun
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.run.aside import at_once
from study.search import proposals
from study.search.generations import generation_size
from study.search.planner import Planner
from study.spec.sections import GenreOrder, Phase

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from musebar_core.config import Configuration
    from study.home.studies import Study
    from study.ledger.lease import Lease
    from study.ledger.record import Proposal
    from study.search.generations import GenerationRequest

log = logging.getLogger(__name__)

GROUP_MOST = 32
"""Results that are recorded together at most: more would hold up the next dispatch."""


@dataclass(frozen=True)
class Chunk:
    """Seed runs of one genre, dispatched together.

    Attributes
    ----------
    runs
        What is to be done, in order.
    configurations
        Of each of them.
    """

    runs: tuple[SeedRun, ...]
    configurations: tuple[Configuration, ...]


@dataclass
class Driver:
    """Keeps a study's record in step with its ledger while runs come and go.

    Parameters
    ----------
    study
        The study on disk.
    record
        What its ledger holds; kept up to date here.
    lease
        Checked before anything is written.
    slots
        Chunks in flight at most.
    seeds_per_trial
        Seed runs a chunk, at most.
    together
        Whether those of a chunk train as one program, which may be of several configurations,
        or one after the other.
    group_seconds
        Results that come within so long of the last commit are recorded together at its end,
        :data:`GROUP_MOST` at most. Until then nothing counts them as ended, and a kill costs them.
    submit
        Who computes proposals, and where.

    Attributes
    ----------
    planner
        Says what is to run, and is told of what is added to the record.
    """

    study: Study
    record: Record
    lease: Lease
    slots: int = 1
    seeds_per_trial: int = 1
    together: bool = False
    group_seconds: float = 0.0
    submit: Callable[[Callable[[], list[Proposal]]], Future[list[Proposal]]] = at_once
    _in_flight: dict[str, Chunk] = field(default_factory=dict)
    _reported: dict[str, set[SeedRun]] = field(default_factory=dict)
    _proposing: dict[str, tuple[GenerationRequest, Future[list[Proposal]]]] = field(
        default_factory=dict
    )
    _group: dict[SeedRun, SeedRunResult] = field(default_factory=dict)
    _written: float = -math.inf

    def __post_init__(self) -> None:
        self.planner = Planner(self.record)

    def settle(self, slots: int) -> None:
        """Take up work on so many slots; what the spec leaves open is settled by them, once."""
        self.slots = slots
        spec = self.record.spec
        if spec.search.generation is not None or self.record.generations or spec.search.is_grid:
            return
        at_a_time = slots * (self.seeds_per_trial if self.together else 1)
        settled = {
            "generation": generation_size(spec, at_a_time, len(self.record.facts)),
            "order": spec.search.order or GenreOrder.SIDE_BY_SIDE,
        }
        search = spec.search.model_copy(update=settled)
        self.record.spec = spec.model_copy(update={"search": search})
        self.lease.check()
        self.study.ledger.set_spec(self.record.spec)
        self.planner = Planner(self.record)

    @property
    def finished(self) -> bool:
        """Whether all of the study has ended."""
        return self.planner.done

    @property
    def busy(self) -> int:
        """Slots in use."""
        return len(self._in_flight)

    def next_chunk(self, trial_id: str) -> Chunk | None:
        """Hand out the next seed runs; None while there is nothing to do or no slot."""
        if len(self._in_flight) >= self.slots:
            return None
        self._propose_due()
        runs = self._take()
        if not runs and self._group:
            self.record_group()
            self._propose_due()
            runs = self._take()
        if not runs:
            return None
        chunk = Chunk(runs, tuple(self.record.configurations[run.config_id] for run in runs))
        self._in_flight[trial_id] = chunk
        self._reported[trial_id] = set()
        return chunk

    def _take(self) -> tuple[SeedRun, ...]:
        """The next runs; where they train as one program, no more than leaves the other slots some.

        The seeds of one configuration stay together all the same.
        """
        if not self.together:
            return self.planner.take(self.seeds_per_trial)
        flying = sum(len(chunk.runs) for chunk in self._in_flight.values())
        reported = sum(map(len, self._reported.values()))
        waiting = self.planner.left - len(self._group) - (flying - reported)
        fill = fair_share(waiting, self.slots - self.busy, self.seeds_per_trial)
        return self.planner.take(self.seeds_per_trial, fill=fill)

    def result(self, trial_id: str, run: SeedRun, result: SeedRunResult) -> None:
        """Record what became of one attempt at a seed run.

        Raises
        ------
        StudyError
            If the ledger cannot be written, or the study is another driver's by now.
        """
        chunk = self._in_flight.get(trial_id)
        if chunk is None or run not in chunk.runs:
            return
        self._reported[trial_id].add(run)
        self.lease.check()
        self._expect_folder()
        if result.failure is not None and result.failure.kind is FailureKind.DISK_FULL:
            raise StudyError(
                f"{result.failure.message}: make room, then resume; nothing done is lost"
            )
        if result.failure is not None and self._try_again(run, result.failure):
            return
        if result.resumed_at:
            log.info("%s: went on from its checkpoint at epoch %d", _named(run), result.resumed_at)
        kept = result.done and self.keeps_models(run.phase)
        ended = replace(
            result,
            attempts=self.record.failed_attempts.get(run, 0) + 1,
            checkpoint=self.model_path(run) if kept else None,
        )
        self._group[run] = replace(ended, finished_at=now())
        if len(self._group) >= min(self.planner.left, GROUP_MOST):
            self.record_group()
        self.tick()

    def tick(self) -> None:
        """Record the results that have waited long enough."""
        if self._group and time.monotonic() - self._written >= self.group_seconds:
            self.record_group()

    def record_group(self) -> None:
        """Record the results that wait for it: from then on they count as ended."""
        if not self._group:
            return
        self.lease.check()
        self.study.ledger.end_all(self.study.name, self._group)
        self._written = time.monotonic()
        for run, ended in self._group.items():
            self.record.ended[run] = _for_plans(ended)
            self.planner.ended(run)
            self._tidy(run)
        self._group.clear()

    def trial_ended(self, trial_id: str, failure: Failure | None = None) -> None:
        """Free the slot.

        Where its worker failed, the run that it was in counts as a failed attempt, unless its node
        was lost: that says nothing of the run, and spot nodes are lost often.
        """
        chunk = self._in_flight.get(trial_id)
        if chunk is None:
            return
        try:
            left = [run for run in chunk.runs if run not in self._reported[trial_id]]
            if failure is None or not left:
                return
            if failure.kind is FailureKind.NODE_LOST:
                log.warning("%s: %s; it will run again", _named(left[0]), failure.message)
            else:
                self.result(trial_id, left[0], SeedRunResult(failure=failure))
        finally:
            del self._in_flight[trial_id], self._reported[trial_id]
            self.planner.give_back(run for run in chunk.runs if run not in self._group)

    def all_lost(self, failure: Failure) -> None:
        """Free every slot: the engine lost what was in flight, which counts as failed attempts."""
        for trial_id in list(self._in_flight):
            self.trial_ended(trial_id, failure)

    def folder(self, run: SeedRun) -> str:
        """The folder of a configuration's runs in a genre, relative to the study's."""
        return f"runs/{run.genre}/{run.config_id}"

    def model_path(self, run: SeedRun) -> str:
        """Where the run's weights are kept, relative to the study's folder."""
        return f"{self.folder(run)}/{run.seed}/{MODEL_FILE}"

    @staticmethod
    def keeps_models(phase: Phase) -> bool:
        """Whether runs of a phase keep their weights: those a choice can fall on do."""
        return phase is not Phase.SEARCH

    def _expect_folder(self) -> None:
        """Raise :class:`StudyError` where the study's folder was taken away under its driver."""
        folder = self.study.folder
        if isinstance(folder, Path) and not folder.is_dir():
            raise StudyError(
                f"the folder {folder} of study '{self.study.name}' is gone, deleted or renamed: "
                "bring it back to go on; what lay in it is nowhere else"
            )

    def _try_again(self, run: SeedRun, failure: Failure) -> bool:
        failed = self.record.failed_attempts.get(run, 0) + 1
        log.warning("%s: attempt %d failed: %s", _named(run), failed, failure.message)
        if failure.repeats or failed >= self.record.spec.resources.max_attempts:
            return False
        self.study.ledger.add_failed_attempt(self.study.name, run, failed, failure)
        self.record.failed_attempts[run] = failed
        return True

    def _tidy(self, run: SeedRun) -> None:
        """Remove what only an unfinished run needs."""
        folder = self.study.folder / self.folder(run) / str(run.seed)
        with contextlib.suppress(OSError):
            files.remove(folder / STATE_FILE)
            files.remove(folder / LIVE_FILE)
            files.remove(folder / ".lock")

    def _propose_due(self) -> None:
        """Have proposed what is due, and record what has been, before it is dispatched."""
        while True:
            for due in self.planner.requests:
                if due.genre not in self._proposing:
                    work = functools.partial(proposals.propose, self.record.spec, due)
                    self._proposing[due.genre] = (due, self.submit(work))
            ready = [genre for genre, (_, future) in self._proposing.items() if future.done()]
            for genre in ready:
                due, future = self._proposing.pop(genre)
                self._record_generation(due, future.result())
            if not ready:
                return

    def _record_generation(self, due: GenerationRequest, proposed: list[Proposal]) -> None:
        found = [self.record.spec.configuration(p.parameters) for p in proposed]
        self.lease.check()
        self.study.ledger.add_generation(
            self.study.name, due.genre, due.generation, proposed, found
        )
        self.record.configurations |= {c.config_id: c for c in found}
        self.record.generations[due.genre, due.generation] = tuple(proposed)
        self.planner.proposed(due.genre)


def fair_share(waiting: int, free: int, most: int) -> int:
    """Runs that one of the free slots takes of those that wait, so that the others have some."""
    return min(most, math.ceil(waiting / free))


def keep_from_collection() -> None:
    """Have Python's collector pass over what the driver holds by now: a large study's record.

    It would look through all of it now and then, and hold up a dispatch for that long.
    """
    gc.collect()
    gc.freeze()


def _named(run: SeedRun) -> str:
    return "/".join(map(str, run))


def _for_plans(result: SeedRunResult) -> SeedRunResult:
    """What plans and progress depend on, of a run that the ledger has in full."""
    chosen_on = RunMetrics(validation=result.metrics.validation)
    return replace(result, metrics=chosen_on, curve=None, versions=None)
