"""Which generation of a genre is due, and all that its proposals may depend on.

A generation depends on results that are all there before it is proposed, whatever came first.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from study.search import promotion
from study.spec.sections import OVERALL, GenreOrder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from study.ledger.record import Proposal, Record
    from study.search.evidence import Evidence
    from study.spec.model import StudySpec

Item = TypeVar("Item")

LAG = 2
"""Generation g is proposed from the results of generations up to g - LAG: every slot stays busy
while the generation before finishes."""

LEAD = 1
"""Generations that the leading genre is ahead: generation g of the others may know what won in its
generations up to g, where g is 0 for the first."""

_LATER_SHARE = 8
"""One in so many of a later generation may come from the leading genre; of the first one half."""


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


def lead_first(record: Record) -> list[str]:
    """Genres in the order in which they are searched: the joint corpus, then by name."""
    return sorted(record.facts, key=lambda genre: (genre != OVERALL, genre))


def generation_size(spec: StudySpec, at_a_time: int, genres: int) -> int:
    """Configurations of a generation, where the spec leaves that open.

    A sixth of a genre's, so that the sampler learns five times; more where it takes more for the
    generations that are under way at a time, :data:`LAG` of every genre, to have so many runs.
    """
    search = spec.search
    filling = -(-at_a_time // (LAG * spec.seeds.search * max(1, genres)))
    return max(search.smallest_generation, min(search.configurations, filling))


def due_of(evidence: Evidence, genre: str) -> GenerationRequest | None:
    """The next generation of a genre.

    None where there is none to come, or while what it may depend on is not all there.
    """
    own = evidence.of(genre)
    size, number = own.wanted, len(own.generations)
    counted = max(0, number - LAG + 1)
    if not size or not own.ended_up_to(counted):
        return None
    sources = _sources(evidence, genre, number)
    if sources is None:
        return None
    most = size // (_LATER_SHARE if number else 2)
    return GenerationRequest(
        genre=genre,
        generation=number,
        size=size,
        completed=_observations(evidence, genre, counted),
        running=tuple(p for g in own.generations[counted:] for p in g),
        transferred=tuple(itertools.islice(_transferred(evidence, genre, sources), most)),
    )


Sources = dict[str, int]
"""Genres from which a generation may take over what won, and their generations that count."""


def _sources(evidence: Evidence, genre: str, number: int) -> Sources | None:
    """What a genre's next generation may take from; None while that is not all there."""
    record = evidence.record
    before = lead_first(record)
    before = before[: before.index(genre)]
    if not record.spec.search.transfer or not before:
        return {}
    if record.spec.search.order is GenreOrder.IN_TURN:
        return {} if number else _all_before(evidence, before)
    lead = evidence.of(before[0])
    there = len(lead.generations)
    if there < number + LEAD and lead.wanted:
        return None
    counted = min(number + LEAD, there)
    return {before[0]: counted} if lead.ended_up_to(counted) else None


def _all_before(evidence: Evidence, before: list[str]) -> Sources | None:
    """All generations of the genres before but the last LAG - 1, as if they were one sequence."""
    if any(evidence.of(other).wanted for other in before):
        return None
    counts = {other: len(evidence.of(other).generations) for other in before}
    still_running = LAG - 1
    for other in reversed(before):
        taken = min(still_running, counts[other])
        counts[other] -= taken
        still_running -= taken
    ended = all(evidence.of(other).ended_up_to(n) for other, n in counts.items())
    return counts if ended else None


def _transferred(
    evidence: Evidence, genre: str, sources: Sources
) -> Iterator[tuple[Proposal, str]]:
    """What won elsewhere and was not tried here: first places first, in order of genre."""
    known = {p.config_id for p in evidence.of(genre).proposals}
    pairs: list[list[tuple[Proposal, str]]] = []
    for source, counted in sources.items():
        other = evidence.of(source)
        proposals = {p.config_id: p for g in other.generations[:counted] for p in g}
        results = [other.searched(p) for p in proposals.values()]
        ordered = promotion.best_first(results, evidence.record.spec.search.aim)
        pairs.append([(proposals[r.config_id], source) for r in ordered if r.able])
    for proposal, source in _interleave(pairs):
        if proposal.config_id not in known:
            known.add(proposal.config_id)
            yield proposal, source


def _observations(evidence: Evidence, genre: str, counted: int) -> tuple[Observation, ...]:
    own = evidence.of(genre)
    proposals = [p for g in own.generations[:counted] for p in g]
    results = [own.searched(proposal) for proposal in proposals]
    costs = promotion.costs(results, evidence.record.spec.search.aim)
    return tuple(
        Observation(
            proposal,
            (costs[proposal.config_id],) if proposal.config_id in costs else None,
            result.violation,
        )
        for proposal, result in zip(proposals, results, strict=True)
    )


def _interleave(lists: list[list[Item]]) -> list[Item]:
    """Take from the lists in turn."""
    longest = max(map(len, lists), default=0)
    return [items[i] for i in range(longest) for items in lists if i < len(items)]
