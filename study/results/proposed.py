"""The proposals of an export, read back from its decisions: with them a search lacks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from musebar_core import settings
from musebar_core.corpus import OVERALL
from musebar_core.errors import UsageError
from study.ledger.record import Proposal
from study.search.decisions import DecisionStage, read_proposed
from study.spec.sections import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from musebar_core.config import Configuration
    from musebar_core.setting import Value
    from study.ledger.record import GenreFacts
    from study.results.exported import Row
    from study.spec.model import StudySpec

COLUMNS = frozenset({"genre", "config_id", "stage", "reason"})
"""Of the decisions, what is needed of them."""

Generations = dict[tuple[str, int], tuple[Proposal, ...]]


def generations(
    spec: StudySpec,
    decisions: Iterable[Row],
    configurations: Mapping[str, Configuration],
    facts: Mapping[str, GenreFacts],
    folder: Path,
) -> Generations:
    """Proposals by genre and generation, of each genre up to the first that is not known whole.

    A proposal of which no run has ended is in no export but by its id, and is made anew, as is
    one that is not of the spec's space.

    Raises
    ------
    UsageError
        If a decision is called a proposal, and does not tell its generation, stands twice, or is
        for a genre that the spec does not ask for or, where it leaves them open, has no facts.
    """
    if spec.search.protocol is not Protocol.SEARCH:
        return {}
    proposed = [row for row in decisions if row.text("stage") == DecisionStage.PROPOSAL]
    _check(proposed, _asked(spec, facts), folder)
    found: dict[tuple[str, int], list[Proposal | None]] = {}
    for row in proposed:
        config_id = row.text("config_id")
        try:
            number, origin = read_proposed(row.text("reason"))
        except ValueError as error:
            raise UsageError(f"{folder}: decision about {config_id}: {error}") from None
        cell = _cell(spec, configurations.get(config_id))
        proposal = None if cell is None else Proposal(config_id, cell, origin)
        found.setdefault((row.text("genre"), number), []).append(proposal)
    whole: Generations = {}
    for genre in dict.fromkeys(genre for genre, _ in found):
        number = 0
        while proposals := found.get((genre, number)):
            known = tuple(one for one in proposals if one is not None)
            if len(known) < len(proposals):
                break
            whole[genre, number] = known
            number += 1
    return whole


def _asked(spec: StudySpec, facts: Mapping[str, GenreFacts]) -> set[str]:
    named = spec.corpus.genres
    return set(facts) if named is None else {*named, OVERALL}


def _check(proposed: Iterable[Row], genres: set[str], folder: Path) -> None:
    """Refuse proposals that no search of these genres would have made."""
    seen: set[tuple[str, str]] = set()
    for row in proposed:
        genre, config_id = row.text("genre"), row.text("config_id")
        if genre not in genres:
            raise UsageError(
                f"{folder}: its decisions.parquet proposes {config_id} for genre '{genre}', which "
                f"its study does not have (it has {', '.join(sorted(genres))})"
            )
        if (genre, config_id) in seen:
            raise UsageError(
                f"{folder}: proposal {genre}/{config_id} stands twice in its decisions.parquet: "
                "export the study again"
            )
        seen.add((genre, config_id))


def _cell(spec: StudySpec, configuration: Configuration | None) -> dict[str, Value] | None:
    """The cell of the space that a configuration is; None where it is none."""
    if configuration is None:
        return None
    values = settings.values(configuration)
    cell: dict[str, Value] = {}
    for parameter in spec.space.parameters:
        if not parameter.applies(cell):
            continue
        value = values[parameter.name]
        if value not in parameter.values:
            return None
        cell[parameter.name] = value
    return cell if spec.configuration(cell).config_id == configuration.config_id else None
