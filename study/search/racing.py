"""Which finalists are dropped before they have all confirmation seeds.

Decided at complete rungs, from results alone, whatever their order. The reasons come with the
decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from musebar_core.metric_table import metric
from study.spec.model import MAX_RUNG
from study.statistics.eligibility import most_collapsed
from study.statistics.intervals import standard_error
from study.statistics.pareto import pareto_front
from study.statistics.signflip import sign_flip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from study.search.objectives import Objectives

LEVEL = 0.05
"""Share of wrong cuts a rung may make, divided among the comparisons made there."""


@dataclass(frozen=True)
class Contender:
    """A finalist at a rung.

    Attributes
    ----------
    costs
        For each objective the values on the rung's seeds, in order of seed, less is better.
        All contenders' are paired. Shorter where seeds failed.
    failed, collapsed
        Seed counts so far.
    kept_as
        What it is needed for even where it is surely worse; empty for most.
    """

    config_id: str
    costs: tuple[tuple[float, ...], ...]
    failed: int = 0
    collapsed: int = 0
    kept_as: str = ""

    @property
    def means(self) -> tuple[float, ...]:
        """Mean of each objective."""
        return tuple(fmean(values) if values else float("inf") for values in self.costs)


@dataclass(frozen=True)
class RungVerdict:
    """What a rung decided about a finalist.

    Attributes
    ----------
    seeds
        Seeds that the decision rests on.
    statistic
        Mean paired difference to the best in the first objective, nats, above 0 is worse;
        None where nothing was compared.
    p_value
        Of the one-sided sign-flip test, uncorrected; None likewise.
    """

    config_id: str
    seeds: int
    kept: bool
    reason: str
    statistic: float | None = None
    p_value: float | None = None


def judge(
    contenders: Sequence[Contender], seeds: int, full: int, objectives: Objectives
) -> list[RungVerdict]:
    """Decide at a complete rung who goes on.

    A finalist is dropped where it can no longer be eligible, or where it is surely worse than
    the best so far by more than the best's standard error: the choice may fall on any
    configuration within that, so none of them may be cut. Surely: the exact sign-flip test's p
    is at most :data:`LEVEL` divided by the number of comparisons. With several objectives, it
    must be surely worse in each than one same non-dominated finalist.

    Parameters
    ----------
    contenders
        Finalists that are still in the race.
    seeds
        Seeds that each of them has by now.
    full
        Seeds of a full count.
    objectives
        In the order of the contenders' costs.
    """
    allowed = most_collapsed(full)
    able = [c for c in contenders if not c.failed and c.collapsed <= allowed]
    verdicts = [_unable(c, seeds, full, allowed) for c in contenders if c not in able]
    if not able:
        return _best_of_the_unable(contenders, verdicts)
    leading = pareto_front({c.config_id: c.means for c in able})
    leaders = [c for c in able if c.config_id in leading]
    comparisons = max(1, (len(able) - 1) * len(leaders))
    for contender in able:
        if contender in leaders:
            verdicts.append(RungVerdict(contender.config_id, seeds, True, "the best so far"))  # noqa: FBT003
        else:
            verdicts.append(_compared(contender, leaders, seeds, comparisons, objectives))
    order = [c.config_id for c in contenders]
    return sorted(verdicts, key=lambda verdict: order.index(verdict.config_id))


def _compared(
    contender: Contender,
    leaders: Sequence[Contender],
    seeds: int,
    comparisons: int,
    objectives: Objectives,
) -> RungVerdict:
    tested = [(_worse_p(contender, leader), leader) for leader in leaders]
    p, leader = min(tested, key=lambda pair: (pair[0], pair[1].means, pair[1].config_id))
    difference = contender.means[0] - leader.means[0]
    level = LEVEL / comparisons
    dropped = p <= level and not contender.kept_as
    unit = metric(objectives[0]).unit
    said = (
        f"{abs(difference):.4g} {unit} {'worse' if difference > 0 else 'better'} "
        f"than {leader.config_id} over {seeds} paired seeds, beyond its standard error with "
        f"p = {p:.2g} (cut at {level:.2g} or less)"
    )
    if contender.kept_as and p <= level:
        said += f"; kept as {contender.kept_as}"
    return RungVerdict(contender.config_id, seeds, not dropped, said, difference, p)


def _worse_p(contender: Contender, leader: Contender) -> float:
    """The largest p over the objectives that the contender is worse by more than noise."""
    found = []
    for mine, its in zip(contender.costs, leader.costs, strict=True):
        error = standard_error(its) or 0.0
        worse = [a - b - error for a, b in zip(mine, its, strict=True)]
        found.append(sign_flip(worse, exact_seeds=MAX_RUNG).above)
    return max(found)


def _unable(contender: Contender, seeds: int, full: int, allowed: int) -> RungVerdict:
    if contender.failed:
        reason = f"{contender.failed} of {seeds} seeds failed: it can have no full count"
    else:
        reason = (
            f"{contender.collapsed} of {seeds} seeds collapsed, and at most {allowed} of {full} "
            "may: it can no longer be eligible"
        )
    return RungVerdict(contender.config_id, seeds, kept=False, reason=reason)


def _best_of_the_unable(
    contenders: Sequence[Contender], verdicts: list[RungVerdict]
) -> list[RungVerdict]:
    """Keep the best that can still have a full count, so that the table has one to show."""
    whole = [c for c in contenders if not c.failed]
    if not whole:
        return verdicts
    best = min(whole, key=lambda c: (c.means, c.config_id)).config_id
    return [
        RungVerdict(
            v.config_id,
            v.seeds,
            kept=True,
            reason=f"{v.reason}; but no finalist can, and it is the best of them",
        )
        if v.config_id == best
        else v
        for v in verdicts
    ]
