"""A study in a line: how many of its seed runs are done, from counts that the database makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.ledger.reading import Runs
from study.ledger.record import StudyState
from study.ledger.result import SeedRunState
from study.search.evidence import genres_of
from study.search.planner import Planner
from study.spec.sections import Phase, Protocol

if TYPE_CHECKING:
    from study.ledger.ledger import Ledger
    from study.ledger.record import Record


@dataclass(frozen=True)
class Overview:
    """Seed runs of a study, over all genres.

    Attributes
    ----------
    planned
        Wanted so far, ended ones included: it grows while a search proposes and confirms.
    """

    genres: tuple[str, ...]
    done: int
    planned: int


def overview(ledger: Ledger, name: str) -> Overview:
    """Count; single runs are read only where what is planned depends on their metrics."""
    ledger.check_runs(name)
    counts = ledger.ended_counts(name)
    record = ledger.read(name, runs=Runs.NONE)
    if record.state is StudyState.FINISHED:
        planned = sum(counts.values())
    else:
        searched: dict[str, int] = {}
        for (genre, phase, _), count in counts.items():
            searched[genre] = searched.get(genre, 0) + count * (phase is Phase.SEARCH)
        if any(_races(record, genre, searched.get(genre, 0)) for genre in genres_of(record)):
            record = ledger.read(name, runs=Runs.FOR_PLANS)
        # what was brought from elsewhere may be more than is proposed here so far
        planned = max(len(list(Planner(record).wanted)), sum(counts.values()))
    done = sum(n for (_, _, state), n in counts.items() if state is SeedRunState.DONE)
    return Overview(tuple(genres_of(record)), done, planned)


def _races(record: Record, genre: str, searched: int) -> bool:
    """Whether a genre's search may be over, so that finalists are wanted."""
    if record.spec.search.protocol is Protocol.GRID:
        return False
    generations = [ps for (other, _), ps in record.generations.items() if other == genre]
    return searched >= sum(map(len, generations)) * record.spec.seeds.search
