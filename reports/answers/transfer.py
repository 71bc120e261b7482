"""Regret: what another genre's configuration costs here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reports.answers.choice import Choice, choose, full_counts, validation
from reports.answers.summaries import genre_names, seeds_wanted, summaries
from study.statistics.intervals import paired_difference

if TYPE_CHECKING:
    from reports.answers.summaries import ConfigurationSummary
    from study.results.tables import StudyTables
    from study.statistics.intervals import SeedMean
    from study.statistics.purposes import Aim


class TransferStatus(StrEnum):
    """Whether a regret is known, or why it is not."""

    MEASURED = "measured"
    SAME = "same"
    NOT_MEASURED = "not_measured"
    NO_CHOICE = "no_choice"


@dataclass(frozen=True)
class TransferRegret:
    """Using in ``genre`` what was chosen for ``source``.

    Attributes
    ----------
    config_id
        The configuration chosen for ``source``; None while nothing is.
    regret
        Its validation figure here minus that of the configuration chosen here, seed by
        seed, in nats; None where it was not measured here on all seeds.
    same
        Whether both genres chose the same configuration: the regret is 0 by definition.
    collapsed
        Whether more than one seed in five collapsed here: a low figure is then no gain.
    """

    genre: str
    source: str
    config_id: str | None
    regret: SeedMean | None
    same: bool
    collapsed: bool = False

    @property
    def status(self) -> TransferStatus:
        """Whether the regret is known, or why it is not."""
        if self.config_id is None:
            return TransferStatus.NO_CHOICE
        if self.same:
            return TransferStatus.SAME
        return TransferStatus.NOT_MEASURED if self.regret is None else TransferStatus.MEASURED


def transfers(
    tables: StudyTables, chosen: ConfigurationSummary, aim: Aim, metric: str
) -> tuple[TransferRegret, ...]:
    """One row of the regret matrix: every other genre's configuration, used in this one."""
    genre = chosen.genre
    here = {r.config_id: r for r in full_counts(summaries(tables, genre), seeds_wanted(tables))}
    mine = validation(chosen).metric(metric)
    found = []
    for source in genre_names(tables):
        if source == genre:
            continue
        config_id = _chosen(tables, source, aim)
        row = here.get(config_id or "")
        regret = None if row is None else paired_difference(validation(row).metric(metric), mine)
        collapsed = row is not None and row.is_collapsed
        same = config_id == chosen.config_id
        found.append(TransferRegret(genre, source, config_id, regret, same, collapsed))
    return tuple(found)


def _chosen(tables: StudyTables, genre: str, aim: Aim) -> str | None:
    found = choose(tables, genre, aim)
    return found.chosen.config_id if isinstance(found, Choice) else None
