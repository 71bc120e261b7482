"""What the paper claims, stated before any run, and what a study can say of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reports.answers.methods import DEFAULT, VANILLA, Method
from reports.answers.paper import TABLE_1

if TYPE_CHECKING:
    from collections.abc import Mapping

    from study.statistics.intervals import SeedMean


class Claim(StrEnum):
    """A claim, in the order that they are shown."""

    ANNEALING = "annealing"
    BARWISE = "barwise"
    BOTH = "both"
    BOTH_OVER_ANNEALING = "both_over_annealing"
    BOTH_OVER_BARWISE = "both_over_barwise"
    CONTROL = "control"


class Measure(StrEnum):
    """What a claim is about, named as the metric that measures it."""

    MI = "mi_lower"
    KL = "kl"
    BCE = "bce"
    NLL = "nll"
    COLLAPSED = "collapsed"


@dataclass(frozen=True)
class Comparison:
    """Two arms of a claim.

    Attributes
    ----------
    better
        The method that should be better.
    rival
        The one it is held against; None for plain VAEs under a KL weight below 1, read off at
        the KL of ``better``.
    """

    better: Method
    rival: Method | None


COMPARISONS: dict[Claim, Comparison] = {
    Claim.ANNEALING: Comparison(Method.VAE_BOW, VANILLA),
    Claim.BARWISE: Comparison(Method.MUSEBAR, VANILLA),
    Claim.BOTH: Comparison(DEFAULT, VANILLA),
    Claim.BOTH_OVER_ANNEALING: Comparison(DEFAULT, Method.VAE_BOW),
    Claim.BOTH_OVER_BARWISE: Comparison(DEFAULT, Method.MUSEBAR),
    Claim.CONTROL: Comparison(Method.MUSEBAR, None),
}

BETTER = {Measure.MI: 1, Measure.KL: 1, Measure.BCE: -1, Measure.NLL: -1, Measure.COLLAPSED: -1}
"""Sign of a difference that speaks for a claim."""

OF_THE_CONTROL = (Measure.MI, Measure.BCE, Measure.NLL)
"""At one and the same KL, whose seeds collapse is a matter of that KL."""

STATED = tuple(
    (claim, measure)
    for claim in Claim
    for measure in (OF_THE_CONTROL if claim is Claim.CONTROL else Measure)
)
"""The family: every verdict, the same for every study."""


def printed(claim: Claim, measure: Measure) -> tuple[float, float] | None:
    """What the paper's Table 1 gives for both arms, its ``overall``; None where it gives none."""
    arms = COMPARISONS[claim]
    cells = {cell.method: cell for cell in TABLE_1 if cell.genre == "overall"}
    names = {Measure.MI: "mi", Measure.KL: "kl", Measure.BCE: "bce"}
    if arms.rival is None or measure not in names:
        return None
    better, rival = (getattr(cells[one], names[measure]) for one in (arms.better, arms.rival))
    return None if better is None or rival is None else (float(better), float(rival))


class Answer(StrEnum):
    """What the study says of a claim in one measure.

    ``DOES_NOT``: significantly the other way round. No difference shown is ``UNDECIDED``.
    """

    HOLDS = "holds"
    DOES_NOT = "does_not_hold"
    UNDECIDED = "undecided"
    NOT_TESTED = "not_tested"


class Open(StrEnum):
    """Why a claim is not tested (the first five) or undecided."""

    NOT_MEASURED = "not_measured"
    WAITING = "waiting"
    UNDERTRAINED = "undertrained"
    SEEDS_MISSING = "seeds_missing"
    OUT_OF_RANGE = "out_of_range"
    TOO_FEW_SEEDS = "too_few_seeds"
    ONE_MORE_COLLAPSE = "one_more_collapse"
    NO_DIFFERENCE = "no_difference"


NOT_TESTED = frozenset(
    {Open.NOT_MEASURED, Open.WAITING, Open.UNDERTRAINED, Open.SEEDS_MISSING, Open.OUT_OF_RANGE}
)


@dataclass(frozen=True)
class Lacking:
    """An arm without enough trained seeds in a genre.

    Attributes
    ----------
    method, weight
        The method, or the KL weight of a plain VAE; the other is None.
    n_trained, n_done
        Seeds that beat the Markov chain, of those that are done.
    """

    method: Method | None
    weight: float | None
    genre: str
    n_trained: int
    n_done: int


@dataclass(frozen=True)
class CollapsedRuns:
    """Collapsed runs of both arms on test: trained pairs of all genres of the mean."""

    better: int
    rival: int
    n_runs: int


@dataclass(frozen=True)
class ClaimVerdict:
    """One claim in one measure, on the mean over genres.

    Attributes
    ----------
    reason
        Why it is undecided or not tested; None where it is neither.
    effect
        The better arm's figure minus its rival's, seed by seed, mean over genres; None where
        nothing is measured. ``COLLAPSED``: share of the genres' runs.
    by_genre
        The same in each genre, the joint corpus last: shown and not tested.
    n_seeds, n_wanted
        Paired seeds it rests on, and those of a full count.
    missing
        Methods that it needs and that are not measured.
    lacking
        Arms without enough trained seeds.
    p, adjusted
        Two-sided p-value, and over the whole family; None if untested.
    smallest
        The smallest that either could be with so many seeds; None if untested.
    margin
        ``NLL``: nats that count as no worse; None where its noise is not known.
    collapsed
        ``COLLAPSED``: the counts.
    """

    claim: Claim
    measure: Measure
    answer: Answer
    reason: Open | None
    effect: SeedMean | None
    by_genre: Mapping[str, SeedMean]
    n_seeds: int
    n_wanted: int
    missing: tuple[Method, ...] = ()
    lacking: tuple[Lacking, ...] = ()
    p: float | None = None
    adjusted: float | None = None
    smallest: float | None = None
    margin: float | None = None
    collapsed: CollapsedRuns | None = None
