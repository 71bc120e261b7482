"""What a ledger says of a genre: its proposals, its search, its finalists and their race.

Functions of the record, whose answers are kept where results to come cannot change them: a
generation that has ended, a search that is over, a complete rung. The planner runs what is missing;
:mod:`study.search.decisions` tells why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.size import n_parameters
from study.ledger.record import Proposal, Record, SeedRun
from study.search import promotion, racing
from study.search.candidates import Measured
from study.spec.sections import OVERALL, Phase

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
        Seed runs wanted so far, rung by rung; those of methods too, which run anyway.
    rungs
        The decisions of each complete rung, in order.
    racing
        Finalists not dropped so far.
    awaited
        Runs whose ends complete the next rung; none where no rung is to come.
    """

    runs: tuple[SeedRun, ...] = ()
    rungs: tuple[tuple[racing.RungVerdict, ...], ...] = ()
    racing: tuple[str, ...] = ()
    awaited: frozenset[SeedRun] = frozenset()


def genres_of(record: Record) -> list[str]:
    """Genres of the study, the joint corpus last; empty until its corpus is known."""
    return sorted(record.facts, key=lambda genre: (genre == OVERALL, genre))


def search_runs(record: Record, genre: str, proposals: Iterable[Proposal]) -> list[SeedRun]:
    """Search seed runs of some proposals."""
    seeds = record.spec.seeds_of(Phase.SEARCH)
    return [SeedRun(genre, p.config_id, seed, Phase.SEARCH) for p in proposals for seed in seeds]


def measured(record: Record, config_id: str, runs: Iterable[SeedRun]) -> Measured:
    """What those of some runs of a configuration measured that are done."""
    ended = (record.validation(run) for run in runs if run in record.ended)
    size = record.configurations.get(config_id)
    return Measured(
        config_id,
        tuple(row for row in ended if row is not None),
        0 if size is None else n_parameters(size.model),
    )


def methods_in(record: Record) -> list[str]:
    """Config_ids of the fixed comparisons of a search; each runs all confirmation seeds."""
    if not record.spec.search.methods:
        return []
    return list(dict.fromkeys(c.config_id for c in record.spec.methods.values()))


class Evidence:
    """What a record says of each genre.

    Whoever adds to the record while this is in use says so: :meth:`proposed`, :meth:`ended`.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self._genres: dict[str, GenreEvidence] = {}

    def of(self, genre: str) -> GenreEvidence:
        """What it says of a genre."""
        if genre not in self._genres:
            self._genres[genre] = GenreEvidence(self.record, genre)
        return self._genres[genre]

    def proposed(self, genre: str) -> None:
        """A generation was added to the record."""
        self.of(genre).catch_up()

    def ended(self, run: SeedRun) -> bool:
        """A result was added to the record; whether it completes a generation or a rung."""
        return run.genre in self._genres and self._genres[run.genre].ended(run)


class GenreEvidence:
    """What a record says of one genre.

    Attributes
    ----------
    generations
        Those proposed so far, in order.
    proposals
        All of their proposals, in order.
    """

    def __init__(self, record: Record, genre: str) -> None:
        self._record = record
        self._genre = genre
        self.generations: list[tuple[Proposal, ...]] = []
        self.proposals: list[Proposal] = []
        self._open: list[int] = []
        self._number: dict[str, int] = {}
        self._first_open = 0
        self._searched: dict[str, promotion.Searched] = {}
        self._promotions: list[promotion.Promotion] | None = None
        self._race: Race | None = None
        self._awaited: set[SeedRun] = set()
        self.catch_up()

    def catch_up(self) -> None:
        """Take in the generations that the record has beyond those known here."""
        record = self._record
        while (key := (self._genre, len(self.generations))) in record.generations:
            proposals = record.generations[key]
            self._number |= dict.fromkeys((p.config_id for p in proposals), len(self.generations))
            runs = search_runs(record, self._genre, proposals)
            self._open.append(sum(run not in record.ended for run in runs))
            self.generations.append(proposals)
            self.proposals += proposals
        self._skip_ended()

    def ended(self, run: SeedRun) -> bool:
        """Take in a result; whether it completes a generation or a rung."""
        if run.phase is Phase.SEARCH:
            number = self._number.get(run.config_id)
            if number is None:
                return False
            self._open[number] -= 1
            self._skip_ended()
            return not self._open[number]
        if run not in self._awaited:
            return False
        self._awaited.remove(run)
        if not self._awaited:
            self._race = None
        return not self._awaited

    def _skip_ended(self) -> None:
        while self._first_open < len(self._open) and not self._open[self._first_open]:
            self._first_open += 1

    def ended_up_to(self, generations: int) -> bool:
        """Whether so many generations, from the first, have all of their results."""
        return self._first_open >= generations

    @property
    def wanted(self) -> int:
        """Size of the next generation; 0 where all are proposed or the space has no more."""
        search = self._record.spec.search
        size = search.generation or search.smallest_generation
        left = search.configurations - len(self.proposals)
        last = len(self.generations[-1]) if self.generations else size
        return max(0, min(size, left)) if last >= size else 0

    @property
    def search_complete(self) -> bool:
        """Whether the search is over: all proposed, all ended."""
        return not self.wanted and self.ended_up_to(len(self.generations))

    def searched(self, proposal: Proposal) -> promotion.Searched:
        """What the search seeds said of a configuration so far."""
        config_id = proposal.config_id
        if config_id in self._searched:
            return self._searched[config_id]
        runs = search_runs(self._record, self._genre, [proposal])
        found = promotion.Searched(measured(self._record, config_id, runs), len(runs))
        if not self._open[self._number[config_id]]:
            self._searched[config_id] = found
        return found

    @property
    def all_searched(self) -> list[promotion.Searched]:
        """What the search seeds said of each configuration proposed so far."""
        return [self.searched(p) for p in self.proposals]

    @property
    def promotions(self) -> list[promotion.Promotion]:
        """Who goes on to the confirmation seeds; none before the search is complete."""
        if not self.search_complete:
            return []
        if self._promotions is None:
            search = self._record.spec.search
            self._promotions = promotion.promote(self.all_searched, search.finalists, search.aim)
        return self._promotions

    @property
    def race(self) -> Race:
        """The finalists' race, as far as results go."""
        if not self.search_complete:
            return Race()
        if self._race is None:
            self._race = self._raced()
            self._awaited = set(self._race.awaited)
        return self._race

    def _raced(self) -> Race:
        """Walk the finalists through the rungs."""
        record, spec = self._record, self._record.spec
        methods = set(methods_in(record))
        finalists = [p for p in self.promotions if p.promoted]
        kept_as = {p.config_id: _ANCHOR for p in finalists if p.anchor}
        kept_as |= dict.fromkeys(methods, _FIXED)
        alive = [p.config_id for p in finalists]
        seeds = spec.seeds_of(Phase.CONFIRM)
        runs: list[SeedRun] = []
        rungs: list[tuple[racing.RungVerdict, ...]] = []
        awaited: frozenset[SeedRun] = frozenset()
        before = 0
        for rung in (*(spec.search.rungs or ()), len(seeds)):
            pairs = [
                SeedRun(self._genre, i, seed, Phase.METHODS if i in methods else Phase.CONFIRM)
                for i in alive
                for seed in seeds[:rung]
            ]
            runs += [r for r in pairs if r.seed >= seeds.start + before]
            if rung == len(seeds):
                break
            awaited = frozenset(run for run in pairs if run not in record.ended)
            if awaited:
                break
            contenders = [
                _contender(record, [r for r in pairs if r.config_id == i], kept_as.get(i, ""))
                for i in alive
            ]
            verdicts = racing.judge(contenders, rung, len(seeds), spec.search.aim)
            rungs.append(tuple(verdicts))
            alive = [verdict.config_id for verdict in verdicts if verdict.kept]
            before = rung
        return Race(tuple(runs), tuple(rungs), tuple(alive), awaited)


def _contender(record: Record, runs: list[SeedRun], kept_as: str) -> racing.Contender:
    found = measured(record, runs[0].config_id, runs)
    return racing.Contender(found, failed=len(runs) - len(found.rows), kept_as=kept_as)
