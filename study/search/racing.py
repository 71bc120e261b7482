"""Which finalists are dropped before they have all confirmation seeds.

Decided at complete rungs, from results alone, whatever their order. The reasons come with the
decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from study.search.candidates import Measured, candidates
from study.spec.sections import MAX_RUNG
from study.statistics.eligibility import mostly_undertrained
from study.statistics.intervals import standard_error
from study.statistics.purposes import rank
from study.statistics.signflip import sign_flip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from study.statistics.purposes import Aim, Candidate, Ranking

LEVEL = 0.05
"""Share of wrong cuts a rung may make, divided among the comparisons made there."""

MARGIN = 1.5
"""Standard errors that a difference has to exceed: a near tie forgives one, and the best was picked
by the same figures."""


@dataclass(frozen=True)
class Contender:
    """A finalist at a rung.

    Attributes
    ----------
    measured
        Metrics on the rung's seeds, in order of seed; all contenders' are paired. Fewer where seeds
        failed.
    failed
        Seeds that failed so far.
    kept_as
        What it is needed for even where it is surely worse; empty for most.
    """

    measured: Measured
    failed: int = 0
    kept_as: str = ""

    @property
    def config_id(self) -> str:
        """The configuration."""
        return self.measured.config_id


@dataclass(frozen=True)
class RungVerdict:
    """What a rung decided about a finalist.

    Attributes
    ----------
    seeds
        Seeds that the decision rests on.
    statistic
        Mean paired difference to the best in the purpose's cost, above 0 is worse: nats, for a
        representation standard deviations of a paired difference. None where nothing was compared.
    p_value
        Of the one-sided sign-flip test, uncorrected; None likewise.
    """

    config_id: str
    seeds: int
    kept: bool
    reason: str
    statistic: float | None = None
    p_value: float | None = None


def judge(contenders: Sequence[Contender], seeds: int, full: int, aim: Aim) -> list[RungVerdict]:
    """Decide at a complete rung who goes on.

    A finalist is dropped where it can have no full count, or more than half of its seeds are
    undertrained whatever comes, or where it is surely worse for the purpose than the best so far,
    by more than a near tie could forgive. For a representation a contender whose NLL lies beyond
    the tolerance is dropped where that is sure. Surely: the exact sign-flip test's p is at most
    :data:`LEVEL` divided by the number of comparisons.

    Parameters
    ----------
    contenders
        Finalists that are still in the race.
    seeds
        Seeds that each of them has by now.
    full
        Seeds of a full count.
    aim
        What the study is for.
    """
    unable = {c.config_id: said for c in contenders if (said := _unable(c, seeds, full))}
    able = [c for c in contenders if c.config_id not in unable]
    verdicts = {i: RungVerdict(i, seeds, kept=False, reason=said) for i, said in unable.items()}
    if not able:
        return _best_of_the_unable(contenders, verdicts, aim)
    field = {one.config_id: one for one in candidates(c.measured for c in able)}
    ranking = rank(list(field.values()), aim)
    level = LEVEL / max(1, len(able) - 1)
    for contender in able:
        verdicts[contender.config_id] = _judged(contender, field, ranking, seeds, level, aim)
    return [verdicts[c.config_id] for c in contenders]


def _judged(
    contender: Contender,
    field: dict[str, Candidate],
    ranking: Ranking,
    seeds: int,
    level: float,
    aim: Aim,
) -> RungVerdict:
    best, own = ranking.order[0], contender.config_id
    if own == best:
        return RungVerdict(own, seeds, True, "the best so far")  # noqa: FBT003
    mine, its = ranking.seed_costs[own], ranking.seed_costs[best]
    apart = [a - b for a, b in zip(mine, its, strict=True)]
    p = _beyond(apart, MARGIN * (standard_error(apart) or 0.0))
    said = f"worse for {aim} than {best} over {seeds} paired seeds, beyond a near tie"
    if ranking.tolerance is not None and own not in ranking.admitted:
        lowest = min(field.values(), key=lambda one: (fmean(one.nll), one.config_id))
        gaps = [a - b for a, b in zip(field[own].nll, lowest.nll, strict=True)]
        p = _beyond(gaps, ranking.tolerance)
        said = (
            f"NLL {fmean(gaps):.4g} nats above that of {lowest.config_id} over {seeds} paired "
            f"seeds, beyond the tolerance of {ranking.tolerance:.3g}"
        )
    dropped = p <= level and not contender.kept_as
    said += f" with p = {p:.2g} (cut at {level:.2g} or less)"
    if contender.kept_as and p <= level:
        said += f"; kept as {contender.kept_as}"
    return RungVerdict(own, seeds, not dropped, said, fmean(apart), p)


def _beyond(differences: Sequence[float], margin: float) -> float:
    """One-sided p that differences are not above a margin."""
    return sign_flip([d - margin for d in differences], exact_seeds=MAX_RUNG).above


def _unable(contender: Contender, seeds: int, full: int) -> str:
    """Why a contender can have no full count that counts; empty where it can."""
    undertrained = contender.measured.undertrained
    if contender.failed:
        return f"{contender.failed} of {seeds} seeds failed: it can have no full count"
    if mostly_undertrained(undertrained, full):
        return f"{undertrained} of {seeds} seeds undertrained, more than half of {full}"
    return ""


def _best_of_the_unable(
    contenders: Sequence[Contender], verdicts: dict[str, RungVerdict], aim: Aim
) -> list[RungVerdict]:
    """Keep the best that can still have a full count, so that the table has one to show."""
    whole = [c.measured for c in contenders if not c.failed]
    if whole:
        best = rank(candidates(whole), aim).order[0]
        said = f"{verdicts[best].reason}; but no finalist can, and it is the best of them"
        verdicts = verdicts | {best: RungVerdict(best, verdicts[best].seeds, True, said)}  # noqa: FBT003
    return [verdicts[c.config_id] for c in contenders]
