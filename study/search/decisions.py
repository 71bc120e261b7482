"""Every decision of a study about a configuration, with its reason.

Derived from the ledger alone, as the planner's are: the same record gives the same decisions,
at any time. The choice among those with a full count is the reports' part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from musebar_core.metric_table import metric
from study.ledger.record import Origin
from study.search import promotion, racing
from study.search.evidence import Evidence, genres_of
from study.spec.sections import Phase, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from study.ledger.record import Proposal, Record


class DecisionStage(StrEnum):
    """Where in a study a decision is taken, in order."""

    PROPOSAL = "proposal"
    SEARCH = "search"
    RACE = "race"
    CHOICE = "choice"


class Outcome(StrEnum):
    """What is decided about a configuration, in the order in which it can be."""

    PROPOSED = "proposed"
    PARETO = "in the Pareto set"
    PROMOTED = "promoted"
    PASSED_OVER = "passed over"
    KEPT = "kept"
    DROPPED = "dropped"
    CHOSEN = "chosen"
    NOT_CHOSEN = "not chosen"


@dataclass(frozen=True)
class Decision:
    """One decision about a configuration in a genre.

    Attributes
    ----------
    seeds
        Seeds that it rests on.
    statistic
        What it was decided by: in ``search`` the mean of the purpose's own metric, in ``race`` the
        mean paired difference to the best in the purpose's cost, above 0 is worse.
    p_value
        Of the race's sign-flip test, uncorrected.
    """

    genre: str
    config_id: str
    stage: DecisionStage
    seeds: int
    decision: Outcome
    reason: str
    statistic: float | None = None
    p_value: float | None = None


def decisions(record: Record) -> list[Decision]:
    """All decisions so far, in the order in which a study takes them, genre by genre."""
    if record.spec.search.protocol is not Protocol.SEARCH:
        return []
    evidence = Evidence(record)
    return [d for genre in genres_of(record) for d in _of_genre(evidence, genre)]


def _of_genre(evidence: Evidence, genre: str) -> Iterator[Decision]:
    found, record = evidence.of(genre), evidence.record
    for number, generation in enumerate(found.generations):
        for proposal in generation:
            yield _proposed(genre, number, proposal)
    seeds = len(record.spec.seeds_of(Phase.SEARCH))
    if found.search_complete:
        carried = metric("mi_lower").label
        for r in promotion.pareto_set(found.all_searched, record.spec.search.aim):
            reason = f"no configuration is better in both {metric('nll').label} and {carried}"
            yield Decision(genre, r.config_id, DecisionStage.SEARCH, seeds, Outcome.PARETO, reason)
    for p in found.promotions:
        decision = Outcome.PROMOTED if p.promoted else Outcome.PASSED_OVER
        yield Decision(
            genre, p.config_id, DecisionStage.SEARCH, seeds, decision, p.reason, p.statistic
        )
    for rung in found.race.rungs:
        for verdict in rung:
            yield _judged(genre, verdict)


_UNKNOWN_ORIGIN = "origin not recorded"


def _proposed(genre: str, generation: int, proposal: Proposal) -> Decision:
    reason = f"generation {generation}: {proposal.origin or _UNKNOWN_ORIGIN}"
    return Decision(genre, proposal.config_id, DecisionStage.PROPOSAL, 0, Outcome.PROPOSED, reason)


def read_proposed(reason: str) -> tuple[int, Origin | None]:
    """Read the generation and the origin that the reason of a proposal tells.

    Raises
    ------
    ValueError
        If it is no reason of a proposal.
    """
    found = re.fullmatch(r"generation (\d{1,9}): (.+)", reason, re.DOTALL)
    if found is None:
        raise ValueError(f"{reason[:40]!r} tells no generation")
    origin = None if found[2] == _UNKNOWN_ORIGIN else Origin.parse(found[2])
    return int(found[1]), origin


def _judged(genre: str, verdict: racing.RungVerdict) -> Decision:
    return Decision(
        genre=genre,
        config_id=verdict.config_id,
        stage=DecisionStage.RACE,
        seeds=verdict.seeds,
        decision=Outcome.KEPT if verdict.kept else Outcome.DROPPED,
        reason=verdict.reason,
        statistic=verdict.statistic,
        p_value=verdict.p_value,
    )
