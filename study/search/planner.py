"""What to run next: a pure function of the ledger.

It depends on which results there are, never on the order in which they came. A killed driver,
more slots or another order of completion therefore end in the same configurations and table (on a
GPU, where the company of a run decides how sums are rounded, up to that).
"""

from __future__ import annotations

import functools
import heapq
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from study.ledger.record import Record, SeedRun
from study.search import evidence
from study.search.evidence import Evidence
from study.search.generations import GenerationRequest, due_of, lead_first
from study.spec.sections import Phase, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from musebar_core.config import Configuration
    from study.spec.model import StudySpec


class _Stage(IntEnum):
    """Whose runs come first: what others wait for, then finalists, then what none waits for."""

    SEARCH = 0
    CONFIRM = 1
    METHODS = 2


@dataclass(frozen=True)
class Plan:
    """What a study wants now.

    Attributes
    ----------
    requests
        Generations to propose and record, before anything else is dispatched.
    runs
        Seed runs to do, in order; those in flight among them.
    planned
        Every seed run wanted so far, ended ones included.
    done
        Whether all of the study has ended.
    """

    requests: tuple[GenerationRequest, ...]
    runs: tuple[SeedRun, ...]
    planned: tuple[SeedRun, ...]
    done: bool


def plan(record: Record) -> Plan:
    """Decide what to run next, from nothing but the record."""
    return Planner(record).plan()


_LOOKED_AT = 256
"""Waiting runs among which company is looked for."""

Place = tuple[int, int, int]
"""Of a seed run in the order of a study: its stage, its number in its genre's stage, its genre."""


class Planner:
    """The plan of a study, kept as results come: what a result changes is planned anew.

    It holds at any time what :func:`plan` makes of the record alone.

    Parameters
    ----------
    record
        Who adds to it says so: :meth:`proposed`, :meth:`ended`.

    Attributes
    ----------
    evidence
        What the record says of each genre, kept as well.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.evidence = Evidence(record)
        self._genres = lead_first(record)
        self._requests: dict[str, GenerationRequest] = {}
        self._places: dict[SeedRun, Place] = {}
        self._queue: list[tuple[Place, SeedRun]] = []
        self._taken: set[SeedRun] = set()
        self._listed: dict[tuple[str, _Stage], int] = {}
        self._open = 0
        for genre in self._genres:
            self._plan_genre(genre)

    def plan(self) -> Plan:
        """All of it, as one value."""
        planned = sorted(self._places, key=self._places.__getitem__)
        runs = tuple(run for run in planned if run not in self.record.ended)
        return Plan(self.requests, runs, tuple(planned), self.done)

    @property
    def requests(self) -> tuple[GenerationRequest, ...]:
        """Generations that are due, in order of genre."""
        return tuple(self._requests[genre] for genre in self._genres if genre in self._requests)

    @property
    def wanted(self) -> Iterable[SeedRun]:
        """Every seed run wanted so far, ended ones included, in no order."""
        return self._places.keys()

    @property
    def left(self) -> int:
        """Seed runs wanted so far that have not ended."""
        return self._open

    @property
    def done(self) -> bool:
        """Whether all of the study has ended."""
        return bool(self._genres) and not self._requests and not self._open

    def take(self, most: int = 1, *, fill: int = 0) -> tuple[SeedRun, ...]:
        """The next runs, now in flight; none for none.

        Parameters
        ----------
        most
            Runs of the next one's configuration, genre and phase at most.
        fill
            Up to how many runs others of the genre come with them, in order, of configurations that
            can train as one program with that one, and are as long. A run that has failed before
            comes by itself: what it failed of may have been its company.
        """
        if not (waiting := self._waiting(1)):
            return ()
        first = waiting[0]
        seeds = self.record.spec.seeds_of(first.phase)
        alike = (first._replace(seed=seed) for seed in seeds)
        taken = sorted(filter(self._is_waiting, alike), key=self._places.__getitem__)[:most]
        if fill:
            taken = self._filled(taken, fill)
        self._taken.update(taken)
        return tuple(taken)

    def _filled(self, taken: list[SeedRun], most: int) -> list[SeedRun]:
        """Runs of one configuration, and with them others that can train as one program."""
        first, failed = taken[0], self.record.failed_attempts
        if first in failed:
            return [first]
        filled = [run for run in taken if run not in failed]
        own = self._stack_of(first)
        for run in self._waiting(_LOOKED_AT):
            if len(filled) >= most or own[0] is None:
                break
            fits = run.genre == first.genre and run not in failed and run not in filled
            if fits and self._stack_of(run) == own:
                filled.append(run)
        return filled

    def _stack_of(self, run: SeedRun) -> tuple[object, int]:
        """What a run's company must have as well; the results of a stack come at its end."""
        config = self.record.configurations[run.config_id]
        return config.stack, config.training.epochs

    def _waiting(self, most: int) -> list[SeedRun]:
        """The first runs that wait, in order; they go on waiting."""
        found: dict[SeedRun, Place] = {}
        while self._queue and len(found) < most:
            place, run = heapq.heappop(self._queue)
            if self._is_waiting(run):
                found.setdefault(run, place)  # at its own place: one that it had before lies behind
        for run, place in found.items():
            heapq.heappush(self._queue, (place, run))
        return [*found]

    def give_back(self, runs: Iterable[SeedRun]) -> None:
        """Runs are no longer in flight; those that have not ended wait again."""
        for run in runs:
            self._taken.discard(run)
            if self._is_waiting(run):
                heapq.heappush(self._queue, (self._places[run], run))

    def proposed(self, genre: str) -> None:
        """A generation was added to the record."""
        self.evidence.proposed(genre)
        self._requests.pop(genre, None)
        self._plan_dependent(genre)

    def ended(self, run: SeedRun) -> None:
        """A result was added to the record."""
        self._open -= run in self._places
        if self.evidence.ended(run):
            self._plan_dependent(run.genre)

    def _is_waiting(self, run: SeedRun) -> bool:
        known = run in self._places and run not in self._taken
        return known and run not in self.record.ended

    def _plan_dependent(self, genre: str) -> None:
        """Plan a genre anew, and those that may have waited for it."""
        self._plan_genre(genre)
        if self.record.spec.search.transfer:
            for other in self._genres[self._genres.index(genre) + 1 :]:
                self._plan_genre(other)

    def _plan_genre(self, genre: str) -> None:
        """Add the runs that a genre wants by now, and the generation that is due."""
        spec = self.record.spec
        if spec.search.protocol is Protocol.GRID:
            if (genre, _Stage.CONFIRM) not in self._listed:
                runs = _pairs(spec, genre, self._grid_ids, Phase.CONFIRM)
                self._list(genre, _Stage.CONFIRM, runs)
            return
        found = self.evidence.of(genre)
        if (genre, _Stage.METHODS) not in self._listed:
            runs = _pairs(spec, genre, evidence.methods_in(self.record), Phase.METHODS)
            self._list(genre, _Stage.METHODS, runs)
        per = len(spec.seeds_of(Phase.SEARCH))
        new = found.proposals[self._listed.get((genre, _Stage.SEARCH), 0) // per :]
        self._list(genre, _Stage.SEARCH, evidence.search_runs(self.record, genre, new))
        if genre not in self._requests and (due := due_of(self.evidence, genre)) is not None:
            self._requests[genre] = due
        listed = self._listed.get((genre, _Stage.CONFIRM), 0)
        self._list(genre, _Stage.CONFIRM, found.race.runs[listed:])

    @functools.cached_property
    def _grid_ids(self) -> list[str]:
        """What every genre of a grid wants: the same."""
        return [c.config_id for c in grid_configurations(self.record.spec)]

    def _list(self, genre: str, stage: _Stage, runs: Sequence[SeedRun]) -> None:
        """Add runs to the end of a genre's stage; one that a later stage has comes forward."""
        begin, at = self._listed.get((genre, stage), 0), self._genres.index(genre)
        self._listed[genre, stage] = begin + len(runs)
        for number, run in enumerate(runs, start=begin):
            place, before = (stage, number, at), self._places.get(run)
            if before is None:
                self._open += run not in self.record.ended
            if before is None or place < before:
                self._places[run] = place
                if self._is_waiting(run):
                    heapq.heappush(self._queue, (place, run))


def methods_of(spec: StudySpec) -> dict[str, str]:
    """Config_id of each of the paper's methods that the study runs, to its name."""
    asked = {c.config_id for c in grid_configurations(spec)}
    if spec.search.protocol is Protocol.SEARCH and spec.search.methods:
        asked |= {c.config_id for c in spec.methods.values()}
    named: dict[str, str] = {}
    for name, configuration in spec.methods.items():
        if configuration.config_id in asked:  # methods may coincide: the first name stays
            named.setdefault(configuration.config_id, name)
    return named


def grid_configurations(spec: StudySpec) -> list[Configuration]:
    """Every distinct configuration of a grid study; none where the protocol is search."""
    if spec.search.protocol is not Protocol.GRID:
        return []
    cells = (spec.configuration(cell) for cell in spec.space.cells())
    return list({c.config_id: c for c in cells}.values())


def named_of(spec: StudySpec) -> dict[str, str]:
    """Names of a grid study's configurations to their ids, in the space's order; {} for none."""
    if spec.search.protocol is not Protocol.GRID:
        return {}
    return {name: spec.configuration(dict(values)).config_id for name, values in spec.space.named}


def _pairs(spec: StudySpec, genre: str, config_ids: Iterable[str], phase: Phase) -> list[SeedRun]:
    return [
        SeedRun(genre, config_id, seed, phase)
        for config_id in config_ids
        for seed in spec.seeds_of(phase)
    ]
