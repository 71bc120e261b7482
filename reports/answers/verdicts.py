"""What the paper claims, and whether this study bears it out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean
from typing import TYPE_CHECKING

from reports.answers.methods import DEFAULT, VANILLA, Method
from reports.answers.paper import TABLE_1
from reports.answers.summaries import genre_names, seeds_wanted, summaries
from reports.answers.views import methods_of
from reports.stats.improvement import share_interval
from study.results.tables import StudyState
from study.statistics.intervals import mean_over_seeds, paired_difference
from study.statistics.signflip import ALPHA, holm, sign_flip, smallest_p

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.answers.summaries import ConfigurationSummary
    from study.results.tables import StudyTables
    from study.statistics.intervals import SeedMean

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
    DOES_NOT = "does_not_hold"
    UNDECIDED = "undecided"


class Open(StrEnum):
    """Why a claim is undecided."""

    NOT_MEASURED = "not_measured"
    WAITING = "waiting"
    TOO_FEW_SEEDS = "too_few_seeds"
    NO_DIFFERENCE = "no_difference"


@dataclass(frozen=True)
class CollapsedShare:
    """Seeds that collapsed: ``collapsed`` of ``n_seeds``, exact 95% interval of the share."""

    collapsed: int
    n_seeds: int
    interval: tuple[float, float]


@dataclass(frozen=True)
class ClaimVerdict:
    """One claim in one genre, or in all of them together.

    Attributes
    ----------
    genre
        Genre it is about; None for the mean over all genres, seed by seed.
    reason
        Why it is undecided; None where it is not.
    missing
        Methods that it needs and that are not measured.
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
    answer: Answer
    reason: Open | None
    missing: tuple[Method, ...]
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


RIVALS = {
    Claim.ANNEALING: (Method.VAE_BOW, (VANILLA,)),
    Claim.BARWISE: (Method.MUSEBAR, (VANILLA,)),
    Claim.BOTH: (DEFAULT, (VANILLA, Method.VAE_BOW, Method.MUSEBAR)),
}
"""Claim to the method that should be better, and those that it should be better than."""

Stated = tuple[Claim, str | None]
MethodRuns = dict[str, "ConfigurationSummary"]


def stated(genres: Sequence[str]) -> tuple[Stated, ...]:
    """List the verdicts that a study of these genres gives, before any run has ended.

    The four claims for all genres together: on the joint corpus ``overall`` where there is
    one, else on the mean over the genres (None). Then, claim by claim, one for each other
    genre, as long as a whole claim fits in :data:`MOST`.
    """
    if not genres:
        return ()
    together = "overall" if "overall" in genres else None if len(genres) > 1 else genres[0]
    others = [genre for genre in genres if genre != together]
    found: dict[Claim, list[str | None]] = {claim: [together] for claim in Claim}
    left = MOST - len(Claim)
    for claim in Claim:
        if len(others) <= left:
            found[claim] += others
            left -= len(others)
    return tuple((claim, genre) for claim in Claim for genre in found[claim])


def verdicts(tables: StudyTables) -> tuple[ClaimVerdict, ...]:
    """Give the pre-stated verdicts of a study, at most :data:`MOST`; none if it asks none.

    Each claim on BCE is an exact two-sided sign-flip test on the test split, paired on seeds,
    each claim on collapse an exact binomial test of its share against one half; Holm's
    correction runs over all of them, those included that are not measured yet. A claim is
    tested once, when its runs are complete (or the study is finished): not on the way.
    """
    if not asks_methods(tables):
        return ()
    genres = genre_names(tables)
    wanted = seeds_wanted(tables)
    rows = {genre: _by_method(methods_of(summaries(tables, genre), wanted)) for genre in genres}
    tested = [
        _tested(claim, genre, {genre: rows[genre]} if genre else rows, tables)
        for claim, genre in stated(genres)
    ]
    return _answered(tested, wanted)


def asks_methods(tables: StudyTables) -> bool:
    """Whether the study runs the paper's four methods as fixed comparisons."""
    search = tables.spec.search
    asked = not search.is_grid and search.methods
    listed = {name for name, _ in tables.spec.space.named}
    return asked or set(Method) <= listed


@dataclass(frozen=True)
class _Tested:
    """A claim's figures, before the family's correction.

    ``p`` is two-sided, ``for_claim`` its direction; both are empty where ``untested`` says why
    there is no test: ``missing`` methods, or seeds that are waited for.
    """

    claim: Claim
    genre: str | None
    n_seeds: int
    untested: Open | None = None
    missing: tuple[Method, ...] = ()
    p: float = 1.0
    for_claim: bool = False
    effect: SeedMean | None = None
    rival: str | None = None
    share: CollapsedShare | None = None

    @property
    def smallest(self) -> float:
        return 1.0 if self.untested else min(1.0, 2 * smallest_p(self.n_seeds))


def _by_method(rows: Sequence[ConfigurationSummary]) -> MethodRuns:
    return {str(row.method): row for row in rows}


def _tested(
    claim: Claim, genre: str | None, rows: Mapping[str, MethodRuns], tables: StudyTables
) -> _Tested:
    test = _collapse if claim is Claim.COLLAPSE else _comparison
    return test(claim, genre, rows, tables)


def _comparison(
    claim: Claim, genre: str | None, rows: Mapping[str, MethodRuns], tables: StudyTables
) -> _Tested:
    better, rivals = RIVALS[claim]
    means = {name: _pooled(rows, name) for name in (better, *rivals)}
    missing = tuple(name for name, mean in means.items() if mean is None)
    if missing:
        return _Tested(claim, genre, 0, Open.NOT_MEASURED, missing)
    present = {name: mean for name, mean in means.items() if mean is not None}
    differences = {name: paired_difference(present[better], present[name]) for name in rivals}
    n = min(0 if d is None else d.n_seeds for d in differences.values())
    rival = min(rivals, key=lambda name: present[name].mean)
    effect = differences[rival]
    if _is_waiting(n, tables):
        return _Tested(claim, genre, n, Open.WAITING, effect=effect, rival=rival)
    tests = [sign_flip(d.values) for d in differences.values() if d is not None]
    holds = max(test.below for test in tests)
    fails = min(1.0, len(tests) * min(test.above for test in tests))
    return _Tested(
        claim,
        genre,
        n,
        p=min(1.0, 2 * min(holds, fails)),
        for_claim=holds <= fails,
        effect=effect,
        rival=rival,
    )


def _collapse(
    claim: Claim, genre: str | None, rows: Mapping[str, MethodRuns], tables: StudyTables
) -> _Tested:
    """Test whether more than half of the vanilla method's seeds collapse, exactly.

    Over several genres, a seed counts as collapsed where more than half of its runs are.
    """
    found = [runs.get(VANILLA) for runs in rows.values()]
    figures = [row.validation for row in found if row is not None and row.validation is not None]
    if len(figures) < len(rows):
        return _Tested(claim, genre, 0, Open.NOT_MEASURED, (VANILLA,))
    seeds = set.intersection(*({*one.bce.seeds} for one in figures))
    n = len(seeds)
    hits = sum(
        sum(seed in one.collapsed_seeds for one in figures) > len(figures) / 2 for seed in seeds
    )
    share = CollapsedShare(hits, n, share_interval(hits, n)) if n else None
    if _is_waiting(n, tables):
        return _Tested(claim, genre, n, Open.WAITING, share=share)
    p = min(1.0, 2 * _half_tail(max(hits, n - hits), n))
    return _Tested(claim, genre, n, p=p, for_claim=hits > n / 2, share=share)


def _half_tail(hits: int, n: int) -> float:
    """Probability of at least ``hits`` heads in ``n`` throws of a fair coin."""
    return math.ldexp(sum(math.comb(n, k) for k in range(hits, n + 1)), -n)


def _pooled(rows: Mapping[str, MethodRuns], method: str) -> SeedMean | None:
    """Test BCE of a method by seed, averaged over genres on the seeds that all of them have."""
    found = [runs[method].test for runs in rows.values() if method in runs]
    figures = [one.bce for one in found if one is not None]
    if len(figures) < len(rows):
        return None
    by_seed = [dict(zip(one.seeds, one.values, strict=True)) for one in figures]
    seeds = set.intersection(*map(set, by_seed))
    return mean_over_seeds({seed: fmean(values[seed] for values in by_seed) for seed in seeds})


def _is_waiting(n: int, tables: StudyTables) -> bool:
    """Whether a claim with ``n`` seeds is not to be tested yet."""
    return n < seeds_wanted(tables) and not (n and tables.state is StudyState.FINISHED)


def _answered(tested: Sequence[_Tested], wanted: int) -> tuple[ClaimVerdict, ...]:
    adjusted = holm([one.p for one in tested])
    smallest = holm([one.smallest for one in tested])
    return tuple(
        _verdict(one, wanted, p, least)
        for one, p, least in zip(tested, adjusted, smallest, strict=True)
    )


def _verdict(one: _Tested, wanted: int, adjusted: float, smallest: float) -> ClaimVerdict:
    answer, reason = Answer.UNDECIDED, one.untested
    if reason is None and adjusted <= ALPHA:
        answer = Answer.HOLDS if one.for_claim else Answer.DOES_NOT
    elif reason is None:
        reason = Open.TOO_FEW_SEEDS if smallest > ALPHA else Open.NO_DIFFERENCE
    return ClaimVerdict(
        claim=one.claim,
        genre=one.genre,
        answer=answer,
        reason=reason,
        missing=one.missing,
        effect=one.effect,
        rival=one.rival,
        share=one.share,
        n_seeds=one.n_seeds,
        n_wanted=wanted,
        p=None if one.untested else one.p,
        adjusted=None if one.untested else adjusted,
        smallest=None if one.untested else one.smallest,
        smallest_adjusted=None if one.untested else smallest,
        paper=_printed(one),
    )


def _printed(one: _Tested) -> float | None:
    """The paper's own difference, against its own best rival."""
    if one.claim is Claim.COLLAPSE or one.genre is None:
        return None
    better, rivals = RIVALS[one.claim]
    bces = {cell.method: cell.bce for cell in TABLE_1 if cell.genre == one.genre}
    if not {better, *rivals} <= set(bces):
        return None
    return bces[better] - min(bces[name] for name in rivals)
