"""The decision card of a genre: what to use, how sure that is, what else would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.stats.choice import Choice, Prefer
    from reports.stats.improvement import Improvement
    from reports.stats.intervals import SeedMean
    from reports.stats.separation import Separation
    from reports.stats.signflip import SignFlip
    from reports.stats.stages import Stages
    from reports.stats.summaries import ConfigurationSummary
    from reports.stats.ties import TieSet
    from reports.stats.transfer import Transfer
    from reports.stats.variance import VarianceParts
    from study.results import StudyTables


@dataclass(frozen=True)
class Rival:
    """The choice against another configuration, on the seeds that both ran.

    Attributes
    ----------
    difference
        The choice's figure minus the rival's, in the card's metric, seed by seed.
    improvement
        How often the choice is better.
    """

    summary: ConfigurationSummary
    difference: SeedMean
    improvement: Improvement
    test: SignFlip


@dataclass(frozen=True)
class Smallest:
    """The smallest model within one standard error of the best.

    ``n_parameters`` counts weights; ``chosen_parameters`` are the recommended one's.
    """

    summary: ConfigurationSummary
    n_parameters: int
    chosen_parameters: int


@dataclass(frozen=True)
class Card:
    """Everything a decision for one genre rests on.

    Attributes
    ----------
    metric
        What the choice is made on: ``bce`` (less is better) or ``mi_lower`` (more is).
    ties
        Which of the pool are not distinguishably worse than another.
    runner_up
        The best of the others; None where the choice was the only candidate.
    default
        The paper's own method (MuseBar-BOW); None if it is the choice or not measured in full.
    default_note
        Why ``default`` is None; empty where it is not.
    stages
        Search figures against confirmation figures of those that have both.
    separations
        Seeds that would tell the choice from each of the others in the tie set.
    transfers
        What the other genres' configurations cost here.
    studentised
        Studentised bootstrap interval of the choice's mean, 95 %; None with one seed.
    """

    study: str
    genre: str
    prefer: Prefer
    metric: str
    choice: Choice
    n_wanted: int
    ties: TieSet
    runner_up: Rival | None
    default: Rival | None
    default_note: str
    stages: Stages
    separations: tuple[Separation, ...]
    transfers: tuple[Transfer, ...]
    smallest: Smallest
    variance: VarianceParts | None
    studentised: tuple[float, float] | None

    @property
    def chosen(self) -> ConfigurationSummary:
        """The recommended configuration."""
        return self.choice.chosen


def decision_card(tables: StudyTables, choice: Choice) -> Card:
    """Draw up the card of a choice."""
    raise NotImplementedError
