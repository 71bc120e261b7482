"""Whether a study bears out what the paper claims, and whether it is more than a KL weight."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from statistics import fmean, median, variance
from typing import TYPE_CHECKING

from reports.answers.arms import arms_of, control
from reports.answers.claims import (
    BETTER,
    COMPARISONS,
    NOT_TESTED,
    STATED,
    Answer,
    Claim,
    ClaimVerdict,
    CollapsedRuns,
    Lacking,
    Measure,
    Open,
)
from reports.answers.fragility import figures_of_collapsed, one_more_collapse
from reports.answers.methods import Method
from reports.answers.summaries import seeds_wanted
from study.results.tables import StudyState
from study.statistics.intervals import mean_over_seeds
from study.statistics.signflip import ALPHA, sign_flip, smallest_p
from study.statistics.stepdown import step_down

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.answers.arms import Arm, Arms
    from study.results.tables import StudyTables
    from study.statistics.intervals import SeedMean

TRAINED_SHARE = 0.8
"""Share of an arm's seeds that have to be trained, in each genre, for a claim to be tested."""


def verdicts(tables: StudyTables) -> tuple[ClaimVerdict, ...]:
    """Give the verdicts of a study; none if it asks none. See :func:`judge`."""
    if not asks_methods(tables):
        return ()
    arms, wanted = arms_of(tables), seeds_wanted(tables)
    return judge(arms, wanted, waiting=_is_waiting(tables, arms, wanted))


def judge(arms: Arms, wanted: int, *, waiting: bool = False) -> tuple[ClaimVerdict, ...]:
    """Judge every claim of :data:`STATED`, in its order.

    Each is an exact two-sided sign-flip test on the test split, paired on seeds, on the mean over
    genres, adjusted over the whole family by :func:`study.statistics.stepdown.step_down`; it has
    to stand one more collapse (:mod:`reports.answers.fragility`). The family is tested once, when
    its runs are complete (or the study is finished): not on the way.

    Parameters
    ----------
    wanted
        Seeds of a full count.
    waiting
        Whether runs are still to come: nothing is tested then.
    """
    context = _Context(arms, wanted, waiting, nll_margin(arms))
    rows = [_row(claim, measure, context) for claim, measure in STATED]
    return tuple(_answered(rows, wanted))


def asks_methods(tables: StudyTables) -> bool:
    """Whether the study runs the paper's four methods as fixed comparisons."""
    search = tables.spec.search
    asked = not search.is_grid and search.methods
    listed = {name for name, _ in tables.spec.space.named}
    return asked or set(Method) <= listed


def nll_margin(arms: Arms) -> float | None:
    """Nats of NLL that count as no worse: what another seed changes in a single run.

    The standard deviation of the paired differences of single runs: its root mean square over
    genres, and the median of that over the comparisons of methods. None where no two seeds tell.
    """
    found = []
    for comparison in COMPARISONS.values():
        better = arms.methods.get(comparison.better, {})
        rival = {} if comparison.rival is None else arms.methods.get(comparison.rival, {})
        by_genre = [_differences(better, rival, genre, Measure.NLL) for genre in arms.genres]
        variances = [variance(each.values()) for each in by_genre if len(each) > 1]
        if variances:
            found.append(math.sqrt(fmean(variances)))
    return median(found) if found else None


@dataclass(frozen=True)
class _Row:
    """A verdict before the family's correction; ``tested`` is its row in the family.

    ``stressed`` is the same row with one more collapse.
    """

    claim: Claim
    measure: Measure
    reason: Open | None
    effect: SeedMean | None = None
    by_genre: Mapping[str, SeedMean] = field(default_factory=dict)
    missing: tuple[Method, ...] = ()
    lacking: tuple[Lacking, ...] = ()
    margin: float | None = None
    collapsed: CollapsedRuns | None = None
    tested: Mapping[int, float] = field(default_factory=dict)
    stressed: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Context:
    """What all claims of a study share."""

    arms: Arms
    wanted: int
    waiting: bool
    margin: float | None


def _is_waiting(tables: StudyTables, arms: Arms, wanted: int) -> bool:
    """Whether runs of the claims are still to come, so that nothing is tested yet."""
    if tables.standing is StudyState.FINISHED:
        return False
    counts = [runs.n_done for arm in arms.methods.values() for runs in arm.values()]
    planned = tables.planned
    phase = "methods" if (planned["phase"] == "methods").any() else "confirm"
    due = int(planned.loc[planned["phase"] == phase, "n_seeds"].sum())
    ended = int((tables.results["phase"] == phase).sum())
    return ended < due or min(counts, default=0) < wanted


def _row(claim: Claim, measure: Measure, context: _Context) -> _Row:
    arms, comparison = context.arms, COMPARISONS[claim]
    needed = [one for one in (comparison.better, comparison.rival) if one is not None]
    missing = tuple(one for one in needed if not _is_everywhere(arms.methods.get(one), arms))
    plain = [arm for arm in arms.weights.values() if _is_everywhere(arm, arms)]
    if missing or (comparison.rival is None and len(plain) < 2):
        return _Row(claim, measure, Open.NOT_MEASURED, missing=missing)
    better = arms.methods[comparison.better]
    name = comparison.rival
    rival = control(better, plain, arms.genres) if name is None else arms.methods[name]
    by_genre = {
        genre: mean
        for genre in arms.shown
        if (mean := mean_over_seeds(_differences(better, rival, genre, measure))) is not None
    }
    differences = _over_genres(better, rival, arms.genres, measure)
    row = _Row(
        claim,
        measure,
        None,
        effect=mean_over_seeds(differences),
        by_genre=by_genre,
        lacking=tuple(_lacking(claim, context)),
        margin=context.margin if measure is Measure.NLL else None,
        collapsed=_counts(better, rival, arms.genres) if measure is Measure.COLLAPSED else None,
    )
    reason = _why_not(row, context)
    if reason is not None:
        return replace(row, reason=reason)
    shift = row.margin or 0.0
    tested = {seed: value - shift for seed, value in differences.items()}
    return replace(row, tested=tested, stressed=_stressed(row, tested, (better, rival), arms))


def _why_not(row: _Row, context: _Context) -> Open | None:
    """Why a claim is not tested, or what is open before any test; None where it is tested."""
    n = 0 if row.effect is None else row.effect.n_seeds
    if context.waiting:
        return Open.WAITING
    if row.lacking:
        undertrained = any(one.n_trained < one.n_done for one in row.lacking)
        return Open.UNDERTRAINED if undertrained else Open.SEEDS_MISSING
    if row.claim is Claim.CONTROL and n < _least(context.wanted):
        measured = row.effect is not None or row.measure is not Measure.NLL
        return Open.OUT_OF_RANGE if measured else Open.NOT_MEASURED
    if n == 0:
        return Open.NOT_MEASURED
    return Open.TOO_FEW_SEEDS if 2 * smallest_p(n) > ALPHA else None


def _stressed(
    row: _Row, tested: dict[int, float], pair: tuple[Arm, Arm], arms: Arms
) -> dict[int, float]:
    """Let one more run collapse; not where collapses are what is counted, or the rate is given."""
    if row.claim is Claim.CONTROL or row.measure is Measure.COLLAPSED:
        return tested
    figures = figures_of_collapsed(arms.methods.values(), arms.genres, row.measure)
    return one_more_collapse(tested, pair, row.measure, figures, len(arms.genres))


def _least(wanted: int) -> int:
    return math.ceil(TRAINED_SHARE * wanted - 1e-9)


def _is_everywhere(arm: Arm | None, arms: Arms) -> bool:
    return arm is not None and all(genre in arm for genre in arms.genres)


def _lacking(claim: Claim, context: _Context) -> Iterator[Lacking]:
    """Arms of a claim of which too few seeds are trained somewhere."""
    arms, comparison = context.arms, COMPARISONS[claim]
    used: list[tuple[Method | None, float | None, Arm]] = [
        (name, None, arms.methods[name])
        for name in (comparison.better, comparison.rival)
        if name is not None
    ]
    if comparison.rival is None:
        used += [(None, weight, arm) for weight, arm in arms.weights.items()]
    for method, weight, arm in used:
        for genre in arms.genres:
            runs = arm.get(genre)
            if runs is not None and len(runs.trained) < _least(context.wanted):
                yield Lacking(method, weight, genre, len(runs.trained), runs.n_done)


def _differences(better: Arm, rival: Arm, genre: str, measure: Measure) -> dict[int, float]:
    """Better minus rival on the trained seeds that both have in a genre."""
    if genre not in better or genre not in rival:
        return {}
    ours, theirs = better[genre].trained, rival[genre].trained
    return {
        seed: ours[seed][measure] - theirs[seed][measure]
        for seed in sorted(ours.keys() & theirs.keys())
        if measure in ours[seed] and measure in theirs[seed]
    }


def _over_genres(
    better: Arm, rival: Arm, genres: Sequence[str], measure: Measure
) -> dict[int, float]:
    """Mean over genres of the differences, on the seeds that all of them have."""
    each = [_differences(better, rival, genre, measure) for genre in genres]
    seeds = set.intersection(*map(set, each)) if each else set()
    return {seed: fmean(values[seed] for values in each) for seed in sorted(seeds)}


def _counts(better: Arm, rival: Arm, genres: Sequence[str]) -> CollapsedRuns:
    pairs = [
        (better[genre].trained[seed], rival[genre].trained[seed])
        for genre in genres
        for seed in better[genre].trained.keys() & rival[genre].trained.keys()
    ]
    ours, theirs = (sum(int(pair[i][Measure.COLLAPSED]) for pair in pairs) for i in (0, 1))
    return CollapsedRuns(ours, theirs, len(pairs))


def _answered(rows: Sequence[_Row], wanted: int) -> Iterator[ClaimVerdict]:
    """Correct the tested rows over their family, and say what they show."""
    tested = [row for row in rows if row.reason is None]
    seeds = sorted({seed for row in tested for seed in row.tested})

    def adjusted(family: Sequence[Mapping[int, float]]) -> tuple[float, ...]:
        return step_down([[row.get(seed, math.nan) for seed in seeds] for row in family])

    plain = iter(adjusted([row.tested for row in tested]))
    hard = iter(adjusted([row.stressed for row in tested]))
    for row in rows:
        if row.reason is None:
            yield _tested(row, wanted, next(plain), next(hard))
        else:
            not_tested = row.reason in NOT_TESTED
            answer = Answer.NOT_TESTED if not_tested else Answer.UNDECIDED
            yield _verdict(row, wanted, answer, row.reason)


def _tested(row: _Row, wanted: int, plain: float, hard: float) -> ClaimVerdict:
    total, stressed = sum(row.tested.values()), sum(row.stressed.values())
    if total * stressed <= 0:
        hard = 1.0
    answer, reason = Answer.UNDECIDED, Open.NO_DIFFERENCE
    if max(plain, hard) <= ALPHA:
        answer = Answer.HOLDS if total * BETTER[row.measure] > 0 else Answer.DOES_NOT
    elif plain <= ALPHA:
        reason = Open.ONE_MORE_COLLAPSE
    verdict = _verdict(row, wanted, answer, reason if answer is Answer.UNDECIDED else None)
    return replace(
        verdict,
        p=sign_flip(list(row.tested.values())).two_sided,
        adjusted=max(plain, hard),
        smallest=2 * smallest_p(len(row.tested)),
    )


def _verdict(row: _Row, wanted: int, answer: Answer, reason: Open | None) -> ClaimVerdict:
    return ClaimVerdict(
        claim=row.claim,
        measure=row.measure,
        answer=answer,
        reason=reason,
        effect=row.effect,
        by_genre=row.by_genre,
        n_seeds=0 if row.effect is None else row.effect.n_seeds,
        n_wanted=wanted,
        missing=row.missing,
        lacking=row.lacking,
        margin=row.margin,
        collapsed=row.collapsed,
    )
