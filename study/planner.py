"""What to run next: a pure function of the ledger.

It depends on which results there are, never on the order in which they came. A killed driver,
more slots or another order of completion therefore end in the same configurations and table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from study import racing
from study.record import Ended, Proposal, Record, SeedRun
from study.spec import OVERALL, Phase, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from musebar_core.config import Configuration
    from study.spec import StudySpec

LAG = 2
"""Generation g is proposed from the results of generations up to g - LAG: every slot stays busy
while the generation before finishes."""


@dataclass(frozen=True)
class Propose:
    """A generation that is due, and all that its proposals may depend on.

    Attributes
    ----------
    size
        Configurations to propose.
    completed
        Each earlier configuration whose results count, in order of proposal, with its mean
        validation objective turned so that less is better; None where a seed failed.
    running
        Configurations of the generation before, whose results do not count yet.
    """

    genre: str
    generation: int
    size: int
    completed: tuple[tuple[Proposal, float | None], ...]
    running: tuple[Proposal, ...]


@dataclass(frozen=True)
class Plan:
    """What a study wants now.

    Attributes
    ----------
    propose
        Generations to propose and record, before anything else is dispatched.
    runs
        Seed runs to do, in order; those in flight among them.
    planned
        Every seed run wanted so far, ended ones included.
    done
        Whether all of the study has ended.
    """

    propose: tuple[Propose, ...]
    runs: tuple[SeedRun, ...]
    planned: tuple[SeedRun, ...]
    done: bool


def plan(record: Record) -> Plan:
    """Decide what to run next."""
    spec = record.spec
    genres = genres_of(record)
    propose: list[Propose] = []
    by_stage: list[list[list[SeedRun]]] = []
    for genre in genres:
        stages, due = _plan_genre(record, genre)
        by_stage.append(stages)
        propose.extend(due)
    planned = [
        run
        for stage in range(max(map(len, by_stage), default=0))
        for run in _interleave([stages[stage] for stages in by_stage if stage < len(stages)])
    ]
    runs = [run for run in planned if run not in record.ended]
    done = bool(genres) and not propose and not runs
    if spec.search.protocol is Protocol.GRID:
        done = done and bool(planned)
    return Plan(tuple(propose), tuple(runs), tuple(planned), done)


def genres_of(record: Record) -> list[str]:
    """Genres of the study, the joint corpus last; empty until its corpus is known."""
    return sorted(record.facts, key=lambda genre: (genre == OVERALL, genre))


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


def searched_of(record: Record, genre: str) -> list[racing.Searched]:
    """What the search seeds said of each configuration proposed for a genre so far."""
    seeds = record.spec.seeds_of(Phase.SEARCH)
    return [
        racing.searched(
            proposal.config_id,
            (e.metrics["validation"] for e in _ended(record, genre, proposal, seeds) if e.done),
            planned=len(seeds),
        )
        for proposals in _generations(record, genre)
        for proposal in proposals
    ]


def _plan_genre(record: Record, genre: str) -> tuple[list[list[SeedRun]], list[Propose]]:
    """Seed runs of a genre, a list a stage, and the generations that are due."""
    spec = record.spec
    if spec.search.protocol is Protocol.GRID:
        ids = [c.config_id for c in grid_configurations(spec)]
        return [_pairs(spec, genre, ids, Phase.CONFIRM)], []
    methods = list(dict.fromkeys(c.config_id for c in spec.methods.values()))
    if not spec.search.methods:
        methods = []
    generations = _generations(record, genre)
    proposed = [p.config_id for proposals in generations for p in proposals]
    stages = [
        _pairs(spec, genre, methods, Phase.METHODS),
        _pairs(spec, genre, proposed, Phase.SEARCH),
    ]
    due = _due(record, genre, generations)
    if due is not None:
        return stages, [due] if _ready(record, genre, generations) else []
    if all(run in record.ended for run in stages[1]):
        chosen = racing.finalists(
            searched_of(record, genre), spec.search.finalists, spec.search.objective
        )
        confirmed = [config_id for config_id in chosen if config_id not in methods]
        stages.append(_pairs(spec, genre, confirmed, Phase.CONFIRM))
    return stages, []


def _due(record: Record, genre: str, generations: Sequence[Sequence[Proposal]]) -> Propose | None:
    """The next generation of a genre, whether or not its time has come; None after the last."""
    search = record.spec.search
    size = search.generation or 1
    wanted = search.configurations - sum(map(len, generations))
    last = len(generations[-1]) if generations else size
    exhausted = last < min(size, wanted + last)
    if wanted <= 0 or exhausted:
        return None
    g = len(generations)
    counted = [p for proposals in generations[: max(0, g - LAG + 1)] for p in proposals]
    return Propose(
        genre=genre,
        generation=g,
        size=min(size, wanted),
        completed=tuple((p, _cost(record, genre, p)) for p in counted),
        running=tuple(p for proposals in generations[max(0, g - LAG + 1) :] for p in proposals),
    )


def _ready(record: Record, genre: str, generations: Sequence[Sequence[Proposal]]) -> bool:
    """Whether all results that the next generation may depend on are there."""
    seeds = record.spec.seeds_of(Phase.SEARCH)
    return all(
        len(_ended(record, genre, proposal, seeds)) == len(seeds)
        for proposals in generations[: max(0, len(generations) - LAG + 1)]
        for proposal in proposals
    )


def _cost(record: Record, genre: str, proposal: Proposal) -> float | None:
    seeds = record.spec.seeds_of(Phase.SEARCH)
    rows = [e.metrics["validation"] for e in _ended(record, genre, proposal, seeds) if e.done]
    result = racing.searched(proposal.config_id, rows, len(seeds))
    return result.cost(record.spec.search.objective) if result.complete else None


def _generations(record: Record, genre: str) -> list[tuple[Proposal, ...]]:
    found: list[tuple[Proposal, ...]] = []
    while (genre, len(found)) in record.generations:
        found.append(record.generations[genre, len(found)])
    return found


def _ended(record: Record, genre: str, proposal: Proposal, seeds: Iterable[int]) -> list[Ended]:
    runs = (SeedRun(genre, proposal.config_id, seed, Phase.SEARCH) for seed in seeds)
    return [record.ended[run] for run in runs if run in record.ended]


def _pairs(spec: StudySpec, genre: str, config_ids: Iterable[str], phase: Phase) -> list[SeedRun]:
    return [
        SeedRun(genre, config_id, seed, phase)
        for config_id in config_ids
        for seed in spec.seeds_of(phase)
    ]


def _interleave(lists: list[list[Any]]) -> list[Any]:
    """Take from the lists in turn, so that no genre waits for another."""
    longest = max(map(len, lists), default=0)
    return [items[i] for i in range(longest) for items in lists if i < len(items)]
