"""Which searched configurations go on to the confirmation seeds, and which are dropped there.

Both are decided from complete results alone, whatever their order: who goes on once a genre's
search is complete, who is dropped at a complete rung. The reasons come with the decisions.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import numpy as np

from study.spec import Objective

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

COLLAPSED_SHARE = 0.2
"""A configuration of which more than one seed in five collapsed is not eligible."""

LEVEL = 0.05
"""Share of wrong cuts a rung may make, divided among the comparisons made there."""

UNITS = {Objective.BCE: "nats per snippet", Objective.ELBO: "nats per snippet",
         Objective.MI_LOWER: "nats"}  # fmt: skip

_HIGHER_IS_BETTER = {Objective.ELBO, Objective.MI_LOWER}

Objectives = tuple[Objective, ...]


@dataclass(frozen=True)
class Searched:
    """What the search seeds said of one configuration, on validation.

    Attributes
    ----------
    bce, elbo, mi_lower
        Means over the done seeds, nats.
    collapsed, done, planned
        Seed counts.
    """

    config_id: str
    bce: float
    elbo: float
    mi_lower: float
    collapsed: int
    done: int
    planned: int

    @property
    def complete(self) -> bool:
        """Whether every seed is done."""
        return self.done == self.planned

    @property
    def allowed(self) -> float:
        """Seeds that may have collapsed: one in five, and one where there are several at all.

        One collapse of a few seeds does not tell yet that more than one in five collapse.
        """
        return max(COLLAPSED_SHARE * self.planned, 1 if self.planned > 1 else 0)

    @property
    def eligible(self) -> bool:
        """Whether it may go on before others: complete, with no more collapsed than allowed."""
        return self.violation <= 0

    @property
    def violation(self) -> float:
        """How far from eligible, as a share of the seeds: above 0 is not, 0 or below is."""
        failed = self.planned - self.done
        return max((self.collapsed - self.allowed) / self.planned, failed / self.planned)

    def costs(self, objectives: Objectives) -> tuple[float, ...]:
        """The objectives, turned so that less is better, nats."""
        return tuple(cost(objective, getattr(self, objective)) for objective in objectives)


@dataclass(frozen=True)
class Promotion:
    """Whether a searched configuration goes on to the confirmation seeds, and why.

    Attributes
    ----------
    informative
        Whether it holds the place kept for the most informative one.
    """

    config_id: str
    promoted: bool
    reason: str
    statistic: float | None
    informative: bool = False


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
class Verdict:
    """What a rung decided about a finalist.

    Attributes
    ----------
    seeds
        Seeds that the decision rests on.
    statistic
        Mean paired difference to the best in the first objective, nats, above 0 is worse;
        None where nothing was compared.
    p_value
        Of :func:`sign_flip_p`, uncorrected; None likewise.
    """

    config_id: str
    seeds: int
    kept: bool
    reason: str
    statistic: float | None = None
    p_value: float | None = None


def cost(objective: Objective, value: float) -> float:
    """Turn an objective's value so that less is better."""
    return -value if objective in _HIGHER_IS_BETTER else value


def searched(config_id: str, metrics: Iterable[dict[str, float]], planned: int) -> Searched:
    """Reduce the validation metrics of a configuration's done seeds."""
    rows = list(metrics)

    def mean(name: str) -> float:
        return fmean(row[name] for row in rows) if rows else float("nan")

    return Searched(
        config_id=config_id,
        bce=mean("bce"),
        elbo=mean("elbo"),
        mi_lower=mean("mi_lower"),
        collapsed=sum(bool(row["collapsed"]) for row in rows),
        done=len(rows),
        planned=planned,
    )


def best_first(results: Iterable[Searched], objectives: Objectives) -> list[Searched]:
    """Order complete configurations: eligible before others, then by Pareto rank and objective.

    With a single objective that is its order.
    """
    complete = [r for r in results if r.complete]
    ranks = {
        r.config_id: rank
        for some in (True, False)
        for r, rank in _ranked([r for r in complete if r.eligible is some], objectives)
    }
    return sorted(
        complete,
        key=lambda r: (not r.eligible, ranks[r.config_id], r.costs(objectives), r.config_id),
    )


def promote(results: Iterable[Searched], count: int, objectives: Objectives) -> list[Promotion]:
    """Choose the configurations that go on to the confirmation seeds.

    All places but the last go to the best by the objective, the last to the most informative
    one left (highest mi_lower): BCE alone rewards an empty code, and a recommendation that
    prefers information needs a candidate. A single place goes to the best by the objective.
    Where eligible ones are too few, complete ones that collapsed take the places left, so that
    the table shows them in full.

    Parameters
    ----------
    results
        The searched configurations of a genre.
    count
        Places.
    objectives
        What the search improves.

    Returns
    -------
    list of Promotion
        One a configuration: at most ``count`` promoted ones first, then the others.
    """
    results = list(results)
    ordered = best_first(results, objectives)
    chosen = ordered[: max(1, count - 1)]
    rest = [r for r in ordered if r not in chosen]
    informative = sorted(rest, key=lambda r: (not r.eligible, -r.mi_lower, r.config_id))
    informative = informative[: count - len(chosen)]
    promoted = [
        _promotion(r, ordered, objectives, "among the best by the objective") for r in chosen
    ]
    promoted += [
        _promotion(r, ordered, objectives, "the most informative of the others (mi_lower "
                   f"{r.mi_lower:.4g} nats)", informative=True)
        for r in informative
    ]  # fmt: skip
    taken = {p.config_id for p in promoted}
    return promoted + [
        _passed_over(r, ordered, objectives) for r in results if r.config_id not in taken
    ]


def judge(
    contenders: Sequence[Contender], seeds: int, full: int, objectives: Objectives
) -> list[Verdict]:
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
    allowed = int(COLLAPSED_SHARE * full)
    able = [c for c in contenders if not c.failed and c.collapsed <= allowed]
    verdicts = [_unable(c, seeds, full, allowed) for c in contenders if c not in able]
    if not able:
        return _best_of_the_unable(contenders, verdicts)
    leaders = [c for c in able if not any(_dominates(o.means, c.means) for o in able)]
    comparisons = max(1, (len(able) - 1) * len(leaders))
    for contender in able:
        if contender in leaders:
            verdicts.append(Verdict(contender.config_id, seeds, True, "the best so far"))  # noqa: FBT003
        else:
            verdicts.append(_compared(contender, leaders, seeds, comparisons, objectives))
    order = [c.config_id for c in contenders]
    return sorted(verdicts, key=lambda verdict: order.index(verdict.config_id))


def sign_flip_p(differences: Sequence[float]) -> float:
    """One-sided exact p-value that paired differences are centred above 0.

    The share of the 2^n ways to flip their signs whose mean is at least the one observed; it
    cannot be below 2^-n. Source: Fisher, The Design of Experiments (1935), section 21.
    """
    values = np.asarray(differences, dtype=np.float64)
    sums = _signs(len(values)) @ values
    return float(np.mean(sums >= values.sum() - 1e-12 * np.abs(values).sum()))


@functools.lru_cache(maxsize=4)
def _signs(n: int) -> NDArray[np.float64]:
    """Every way to choose n signs, [2^n, n]."""
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return np.where(bits, -1.0, 1.0)


def _compared(
    contender: Contender,
    leaders: Sequence[Contender],
    seeds: int,
    comparisons: int,
    objectives: Objectives,
) -> Verdict:
    tested = [(_worse_p(contender, leader), leader) for leader in leaders]
    p, leader = min(tested, key=lambda pair: (pair[0], pair[1].means, pair[1].config_id))
    difference = contender.means[0] - leader.means[0]
    level = LEVEL / comparisons
    dropped = p <= level and not contender.kept_as
    said = (
        f"{abs(difference):.4g} {UNITS[objectives[0]]} {'worse' if difference > 0 else 'better'} "
        f"than {leader.config_id} over {seeds} paired seeds, beyond its standard error with "
        f"p = {p:.2g} (cut at {level:.2g} or less)"
    )
    if contender.kept_as and p <= level:
        said += f"; kept as {contender.kept_as}"
    return Verdict(contender.config_id, seeds, not dropped, said, difference, p)


def _worse_p(contender: Contender, leader: Contender) -> float:
    """The largest p over the objectives that the contender is worse by more than noise."""
    found = []
    for mine, its in zip(contender.costs, leader.costs, strict=True):
        error = stdev(its) / sqrt(len(its)) if len(its) > 1 else 0.0
        found.append(sign_flip_p([a - b - error for a, b in zip(mine, its, strict=True)]))
    return max(found)


def _unable(contender: Contender, seeds: int, full: int, allowed: int) -> Verdict:
    if contender.failed:
        reason = f"{contender.failed} of {seeds} seeds failed: it can have no full count"
    else:
        reason = (
            f"{contender.collapsed} of {seeds} seeds collapsed, and at most {allowed} of {full} "
            "may: it can no longer be eligible"
        )
    return Verdict(contender.config_id, seeds, kept=False, reason=reason)


def _best_of_the_unable(contenders: Sequence[Contender], verdicts: list[Verdict]) -> list[Verdict]:
    """Keep the best that can still have a full count, so that the table has one to show."""
    whole = [c for c in contenders if not c.failed]
    if not whole:
        return verdicts
    best = min(whole, key=lambda c: (c.means, c.config_id)).config_id
    return [
        Verdict(v.config_id, v.seeds, kept=True,
                reason=f"{v.reason}; but no finalist can, and it is the best of them")
        if v.config_id == best else v
        for v in verdicts
    ]  # fmt: skip


def _promotion(
    result: Searched,
    ordered: Sequence[Searched],
    objectives: Objectives,
    why: str,
    *,
    informative: bool = False,
) -> Promotion:
    place = ordered.index(result) + 1
    warning = "" if result.eligible else f"; {result.collapsed} of {result.planned} collapsed"
    reason = f"place {place} of {len(ordered)} on the search seeds: {why}{warning}"
    value = getattr(result, objectives[0])
    return Promotion(result.config_id, True, reason, value, informative)  # noqa: FBT003


def _passed_over(
    result: Searched, ordered: Sequence[Searched], objectives: Objectives
) -> Promotion:
    if not result.complete:
        failed = result.planned - result.done
        reason = f"{failed} of {result.planned} search seeds failed"
    elif not result.eligible:
        reason = f"{result.collapsed} of {result.planned} search seeds collapsed"
    else:
        reason = f"place {ordered.index(result) + 1} of {len(ordered)} on the search seeds"
    value = getattr(result, objectives[0]) if result.done else None
    return Promotion(result.config_id, promoted=False, reason=reason, statistic=value)


def _ranked(results: Sequence[Searched], objectives: Objectives) -> list[tuple[Searched, int]]:
    """Pareto ranks: 0 is dominated by none, 1 by those of rank 0 alone, and so on."""
    left = {r.config_id: r.costs(objectives) for r in results}
    ranks: dict[str, int] = {}
    rank = 0
    while left:
        front = [
            i for i, mine in left.items() if not any(_dominates(o, mine) for o in left.values())
        ]
        for config_id in front:
            ranks[config_id] = rank
            del left[config_id]
        rank += 1
    return [(r, ranks[r.config_id]) for r in results]


def pareto_set(results: Iterable[Searched], objectives: Objectives) -> list[Searched]:
    """Eligible configurations that no eligible one is better than in every objective."""
    eligible = [r for r in results if r.eligible]
    front = [r for r, rank in _ranked(eligible, objectives) if rank == 0]
    return sorted(front, key=lambda r: (r.costs(objectives), r.config_id))


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether ``one`` is nowhere worse and somewhere better; equals: the same ones stay."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)
