"""What to run next: a pure function of the ledger.

It depends on which results there are, never on the order in which they came. A killed driver,
more slots or another order of completion therefore end in the same configurations and table.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from study.ledger.record import Proposal, Record, SeedRun
from study.search import evidence, promotion
from study.search.evidence import genres_of
from study.spec.model import OVERALL, Phase, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from musebar_core.config import Configuration
    from study.spec.model import StudySpec

Item = TypeVar("Item")

LAG = 2
"""Generation g is proposed from the results of generations up to g - LAG: every slot stays busy
while the generation before finishes."""


@dataclass(frozen=True)
class Observation:
    """What the search seeds said of a configuration.

    Attributes
    ----------
    costs
        What a sampler improves, less is better: one figure, that which the purpose ranks all that
        count by. None where a seed failed.
    violation
        Above 0 where it can have no full count; see
        :attr:`study.search.promotion.Searched.violation`.
    """

    proposal: Proposal
    costs: tuple[float, ...] | None
    violation: float


@dataclass(frozen=True)
class GenerationRequest:
    """A generation that is due, and all that its proposals may depend on.

    Attributes
    ----------
    size
        Configurations to propose.
    completed
        Each earlier configuration whose results count, in order of proposal.
    running
        Configurations of the generation before, whose results do not count yet.
    transferred
        What won in other genres, the most wanted first, each with that genre's name.
    """

    genre: str
    generation: int
    size: int
    completed: tuple[Observation, ...] = ()
    running: tuple[Proposal, ...] = ()
    transferred: tuple[tuple[Proposal, str], ...] = ()


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
    """Decide what to run next."""
    spec = record.spec
    genres = genres_of(record)
    requests: list[GenerationRequest] = []
    by_stage: list[list[list[SeedRun]]] = []
    for genre in genres:
        stages, due = _plan_genre(record, genre)
        by_stage.append(stages)
        requests.extend(due)
    planned = [
        run
        for stage in range(max(map(len, by_stage), default=0))
        for run in _interleave([stages[stage] for stages in by_stage if stage < len(stages)])
    ]
    runs = [run for run in planned if run not in record.ended]
    done = bool(genres) and not requests and not runs
    if spec.search.protocol is Protocol.GRID:
        done = done and bool(planned)
    return Plan(tuple(requests), tuple(runs), tuple(planned), done)


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


def _plan_genre(record: Record, genre: str) -> tuple[list[list[SeedRun]], list[GenerationRequest]]:
    """Seed runs of a genre, a list a stage, and the generations that are due."""
    spec = record.spec
    if spec.search.protocol is Protocol.GRID:
        ids = [c.config_id for c in grid_configurations(spec)]
        return [_pairs(spec, genre, ids, Phase.CONFIRM)], []
    proposed = [p for proposals in evidence.generations_of(record, genre) for p in proposals]
    stages = [
        _pairs(spec, genre, evidence.methods_in(record), Phase.METHODS),
        evidence.search_runs(record, genre, proposed),
    ]
    size = evidence.wanted(record, genre)
    if size:
        due = _due(record, genre, size)
        return stages, [due] if due else []
    stages.append(list(evidence.race_of(record, genre).runs))
    return stages, []


def _due(record: Record, genre: str, size: int) -> GenerationRequest | None:
    """The next generation of a genre; None while what it may depend on is not all there."""
    generations = evidence.generations_of(record, genre)
    before = [] if generations else _before(record, genre)
    counted = generations[: max(0, len(generations) - LAG + 1)]
    if before is None or not _ended(record, [(genre, g) for g in counted] + before):
        return None
    return GenerationRequest(
        genre=genre,
        generation=len(generations),
        size=size,
        completed=_observations(record, genre, [p for g in counted for p in g]),
        running=tuple(p for g in generations[len(counted) :] for p in g),
        transferred=tuple(_transferred(record, before, size)),
    )


Generations = list[tuple[str, tuple[Proposal, ...]]]


def _before(record: Record, genre: str) -> Generations | None:
    """The generations of other genres that a genre's first one may depend on, with their genre.

    Genres search one after the other, the joint corpus first, as if their generations were one
    sequence: the last LAG - 1 of it may still be running. None while it is not that far.
    """
    if not record.spec.search.transfer:
        return []
    order = sorted(record.facts, key=lambda other: (other != OVERALL, other))
    found: Generations = []
    for other in order[: order.index(genre)]:
        if evidence.wanted(record, other):
            return None
        found += [(other, g) for g in evidence.generations_of(record, other)]
    return found[: max(0, len(found) - LAG + 1)]


def _transferred(record: Record, before: Generations, size: int) -> Iterator[tuple[Proposal, str]]:
    """What won elsewhere, at most half a generation: first places first, in order of genre."""
    found: dict[str, list[Proposal]] = {}
    for genre in dict.fromkeys(genre for genre, _ in before):
        proposals = {p.config_id: p for other, g in before if other == genre for p in g}
        results = [evidence.searched(record, genre, p) for p in proposals.values()]
        ordered = promotion.best_first(results, record.spec.search.aim)
        found[genre] = [proposals[r.config_id] for r in ordered if r.able]
    pairs = [[(proposal, genre) for proposal in ps] for genre, ps in found.items()]
    first: dict[str, tuple[Proposal, str]] = {}
    for proposal, genre in _interleave(pairs):
        first.setdefault(proposal.config_id, (proposal, genre))
    yield from itertools.islice(first.values(), size // 2)


def _ended(record: Record, generations: Generations) -> bool:
    return all(
        run in record.ended
        for genre, proposals in generations
        for run in evidence.search_runs(record, genre, proposals)
    )


def _observations(record: Record, genre: str, proposals: list[Proposal]) -> tuple[Observation, ...]:
    results = [evidence.searched(record, genre, proposal) for proposal in proposals]
    costs = promotion.costs(results, record.spec.search.aim)
    return tuple(
        Observation(
            proposal,
            (costs[proposal.config_id],) if proposal.config_id in costs else None,
            result.violation,
        )
        for proposal, result in zip(proposals, results, strict=True)
    )


def _pairs(spec: StudySpec, genre: str, config_ids: Iterable[str], phase: Phase) -> list[SeedRun]:
    return [
        SeedRun(genre, config_id, seed, phase)
        for config_id in config_ids
        for seed in spec.seeds_of(phase)
    ]


def _interleave(lists: list[list[Item]]) -> list[Item]:
    """Take from the lists in turn, so that no genre waits for another."""
    longest = max(map(len, lists), default=0)
    return [items[i] for i in range(longest) for items in lists if i < len(items)]
