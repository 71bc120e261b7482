"""What the paper claims, and whether this study bears it out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.stats.intervals import SeedMean
    from study.results import StudyTables

MOST = 20
"""Verdicts a study may have: ten seeds give 2/1024, which Holm's correction bears 25 times."""


class Claim(StrEnum):
    """A claim of the paper, in the order that they are tested and shown."""

    ANNEALING = "annealing"
    BARWISE = "barwise"
    BOTH = "both"
    COLLAPSE = "collapse"


class Answer(StrEnum):
    """What the study says of a claim.

    ``DOES_NOT``: significantly the other way round. No difference shown is ``UNDECIDED``.
    """

    HOLDS = "holds"
    DOES_NOT = "does not hold"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class CollapsedShare:
    """Seeds that collapsed: ``collapsed`` of ``n_seeds``, exact 95 % interval of the share."""

    collapsed: int
    n_seeds: int
    interval: tuple[float, float]


@dataclass(frozen=True)
class Verdict:
    """One claim in one genre, or in all of them together.

    Attributes
    ----------
    genre
        Genre it is about; None for the mean over all genres, seed by seed.
    text
        The claim in words.
    reason
        Why it is undecided; empty where it is not.
    effect
        Test BCE of the method that should be better, minus its rival's, nats per snippet,
        seed by seed: below 0 speaks for the claim. None for ``COLLAPSE``, or if unmeasured.
    rival
        The method it is measured against; for ``BOTH`` the best of the other three.
    share
        Collapsed seeds of the vanilla method; ``COLLAPSE`` alone.
    n_seeds, n_wanted
        Seeds it rests on, and those of a full count.
    p, adjusted
        Two-sided p-value, and after Holm's correction over all verdicts; None if untested.
    smallest, smallest_adjusted
        The smallest that both could be with so many seeds.
    paper
        The same difference in the paper's Table 1, nats, where it has this genre; else None.
    """

    claim: Claim
    genre: str | None
    text: str
    answer: Answer
    reason: str
    effect: SeedMean | None
    rival: str | None
    share: CollapsedShare | None
    n_seeds: int
    n_wanted: int
    p: float | None
    adjusted: float | None
    smallest: float | None
    smallest_adjusted: float | None
    paper: float | None


def verdicts(tables: StudyTables) -> tuple[Verdict, ...]:
    """Give the pre-stated verdicts of a study, at most :data:`MOST`; none if it asks none."""
    raise NotImplementedError
