"""What a ledger says of a genre: its proposals, its search, its finalists and their race.

Pure functions of the record. The planner runs what is missing;
:mod:`study.search.decisions` tells why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.size import n_parameters
from study.ledger.record import Proposal, Record, SeedRun
from study.search import promotion, racing
from study.search.candidates import Measured
from study.spec.model import OVERALL, Phase

if TYPE_CHECKING:
    from collections.abc import Iterable


_ANCHOR = "the lowest NLL, which the others are held against"
_FIXED = "a fixed comparison, which runs all seeds"


@dataclass(frozen=True)
class Race:
    """A genre's finalists on the confirmation seeds.

    Attributes
    ----------
    runs
        Seed runs wanted so far, rung by rung, those of methods left out: they run anyway.
    rungs
        The decisions of each complete rung, in order.
    racing
        Finalists not dropped so far.
    """

    runs: tuple[SeedRun, ...]
    rungs: tuple[tuple[racing.RungVerdict, ...], ...]
    racing: tuple[str, ...]


def genres_of(record: Record) -> list[str]:
    """Genres of the study, the joint corpus last; empty until its corpus is known."""
    return sorted(record.facts, key=lambda genre: (genre == OVERALL, genre))


def generations_of(record: Record, genre: str) -> list[tuple[Proposal, ...]]:
    """The generations proposed for a genre, in order."""
    found: list[tuple[Proposal, ...]] = []
    while (genre, len(found)) in record.generations:
        found.append(record.generations[genre, len(found)])
    return found


def wanted(record: Record, genre: str) -> int:
    """Size of the genre's next generation; 0 where all are proposed or the space has no more."""
    search, generations = record.spec.search, generations_of(record, genre)
    size = search.generation or 1
    left = search.configurations - sum(map(len, generations))
    last = len(generations[-1]) if generations else size
    exhausted = last < min(size, left + last)
    return 0 if exhausted else max(0, min(size, left))


def search_runs(record: Record, genre: str, proposals: Iterable[Proposal]) -> list[SeedRun]:
    """Search seed runs of some proposals."""
    seeds = record.spec.seeds_of(Phase.SEARCH)
    return [SeedRun(genre, p.config_id, seed, Phase.SEARCH) for p in proposals for seed in seeds]


def search_complete(record: Record, genre: str) -> bool:
    """Whether a genre's search is over: all proposed, all ended."""
    proposals = [p for generation in generations_of(record, genre) for p in generation]
    return not wanted(record, genre) and all(
        run in record.ended for run in search_runs(record, genre, proposals)
    )


def searched(record: Record, genre: str, proposal: Proposal) -> promotion.Searched:
    """What the search seeds said of a configuration so far."""
    runs = search_runs(record, genre, [proposal])
    return promotion.Searched(measured(record, proposal.config_id, runs), len(runs))


def measured(record: Record, config_id: str, runs: Iterable[SeedRun]) -> Measured:
    """What those of some runs of a configuration measured that are done."""
    ended = (record.validation(run) for run in runs if run in record.ended)
    size = record.configurations.get(config_id)
    return Measured(
        config_id,
        tuple(row for row in ended if row is not None),
        0 if size is None else n_parameters(size.model),
    )


def searched_of(record: Record, genre: str) -> list[promotion.Searched]:
    """What the search seeds said of each configuration proposed for a genre so far."""
    return [searched(record, genre, p) for ps in generations_of(record, genre) for p in ps]


def promotions_of(record: Record, genre: str) -> list[promotion.Promotion]:
    """Who of a genre goes on to the confirmation seeds; none before its search is complete."""
    if not search_complete(record, genre):
        return []
    search = record.spec.search
    return promotion.promote(searched_of(record, genre), search.finalists, search.aim)


def methods_in(record: Record) -> list[str]:
    """Config_ids of the fixed comparisons of a search; each runs all confirmation seeds."""
    if not record.spec.search.methods:
        return []
    return list(dict.fromkeys(c.config_id for c in record.spec.methods.values()))


def race_of(record: Record, genre: str) -> Race:
    """Walk a genre's finalists through the rungs, as far as results go."""
    spec = record.spec
    methods = set(methods_in(record))
    finalists = [p for p in promotions_of(record, genre) if p.promoted]
    kept_as = {p.config_id: _ANCHOR for p in finalists if p.anchor}
    kept_as |= dict.fromkeys(methods, _FIXED)
    alive = [p.config_id for p in finalists]
    seeds = spec.seeds_of(Phase.CONFIRM)
    runs: list[SeedRun] = []
    rungs: list[tuple[racing.RungVerdict, ...]] = []
    before = 0
    for rung in (*(spec.search.rungs or ()), len(seeds)):
        pairs = [
            SeedRun(genre, i, seed, Phase.METHODS if i in methods else Phase.CONFIRM)
            for i in alive
            for seed in seeds[:rung]
        ]
        runs += [r for r in pairs if r.config_id not in methods and r.seed >= seeds.start + before]
        if rung == len(seeds) or not all(run in record.ended for run in pairs):
            break
        contenders = [
            _contender(record, [r for r in pairs if r.config_id == i], kept_as.get(i, ""))
            for i in alive
        ]
        verdicts = racing.judge(contenders, rung, len(seeds), spec.search.aim)
        rungs.append(tuple(verdicts))
        alive = [verdict.config_id for verdict in verdicts if verdict.kept]
        before = rung
    return Race(tuple(runs), tuple(rungs), tuple(alive))


def _contender(record: Record, runs: list[SeedRun], kept_as: str) -> racing.Contender:
    found = measured(record, runs[0].config_id, runs)
    return racing.Contender(found, failed=len(runs) - len(found.rows), kept_as=kept_as)
