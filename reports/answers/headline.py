"""What an answer begins with: use this, any of some, or that nothing works yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from reports.answers.choice import shared_seeds, validation
from reports.answers.naming import in_order, own_settings
from reports.stats.ties import SMALLEST_EXACT, TieSet, range_tie_set, tie_set
from study.statistics.purposes import Purpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.setting import Value
    from reports.answers.choice import Choice
    from reports.answers.summaries import ConfigurationSummary

NEARLY_ALL = 0.9
"""Share of a tie set that has to agree for a setting to be settled."""

LEVEL = 0.05
"""Chance, at most, that so many agree on several values though the setting decides nothing."""


class Verdict(StrEnum):
    """How an answer begins."""

    USE_THIS = "use this"
    ANY_OF = "any of N"
    NOTHING_WORKS = "nothing works yet"


@dataclass(frozen=True)
class Settled:
    """What a tie set says of one setting.

    Attributes
    ----------
    values
        Values that all or nearly all of it have, in order; all that it has where the setting is
        free.
    k
        How many have one of them.
    free
        Whether they spread as over all candidates, so that any would do.
    whole
        Whether they are all that any candidate has.
    """

    name: str
    values: tuple[Value, ...]
    k: int
    free: bool
    whole: bool = True


@dataclass(frozen=True)
class Headline:
    """How the answer begins.

    Attributes
    ----------
    members
        Config_ids that will do as well, the chosen one first.
    settings
        For several members: what of them is settled, what is free.
    collapsed
        Of several members, those of which more than one seed in five collapsed.
    """

    verdict: Verdict
    members: tuple[str, ...]
    settings: tuple[Settled, ...]
    collapsed: int = 0


def ties_of(choice: Choice) -> TieSet:
    """Which of the pool no other is surely better than, in the purpose's cost.

    For a representation only seeds count on which both of a pair work, if there are enough: a
    collapsed run is seen and trained again, and its rate is told apart from what working runs say.
    """
    ids = [row.config_id for row in choice.pool]
    costs = np.array([choice.ranking.seed_costs[i] for i in ids])
    works = np.ones(costs.shape, dtype=bool)
    if choice.aim.purpose is Purpose.REPRESENTATION:
        seeds = shared_seeds(choice.candidates)
        works = np.array([_works(row, seeds) for row in choice.pool])
    if costs.shape[1] < SMALLEST_EXACT:
        return range_tie_set(ids, costs)
    return tie_set(ids, costs, works=works)


def _works(row: ConfigurationSummary, seeds: Sequence[int]) -> list[bool]:
    bad = validation(row).collapsed_seeds
    return [seed not in bad for seed in seeds]


def headline(choice: Choice, ties: TieSet) -> Headline:
    """Say how the answer of a choice begins.

    A representation of which no seed kept its code is none, however good its NLL: nothing works.
    """
    chosen = choice.chosen.config_id
    members = (chosen, *(i for i in ties.members if i != chosen))
    verdict = Verdict.USE_THIS if len(members) == 1 else Verdict.ANY_OF
    is_empty = choice.chosen.collapsed >= choice.chosen.n_trained
    if is_empty and choice.aim.purpose is Purpose.REPRESENTATION:
        verdict = Verdict.NOTHING_WORKS
    if len(members) == 1:
        return Headline(verdict, members, ())
    inside = [row for row in choice.candidates if row.config_id in members]
    collapsed = sum(row.is_collapsed for row in inside)
    return Headline(verdict, members, settled(inside, choice.candidates), collapsed)


def settled(
    inside: Sequence[ConfigurationSummary], every: Sequence[ConfigurationSummary]
) -> tuple[Settled, ...]:
    """Tell what is settled among some configurations, against all that could have been chosen."""
    all_values = [row.settings for row in every]
    some = [row.settings for row in inside]
    return tuple(
        _settled(name, [one[name] for one in some], [one[name] for one in all_values])
        for name in own_settings(all_values)
    )


def _settled(name: str, some: Sequence[Value], every: Sequence[Value]) -> Settled:
    counts, among = Counter(some), Counter(every)
    taken: list[Value] = []
    for value, _ in sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0]))):
        taken.append(value)
        k = sum(counts[one] for one in taken)
        if k >= NEARLY_ALL * len(some):
            break
    alone = len(taken) == 1
    if alone or (len(taken) < len(among) and _chance(k, some, taken, among) <= LEVEL):
        return Settled(name, tuple(in_order(taken)), k, free=False)
    whole = len(counts) == len(among)
    return Settled(name, tuple(in_order(counts)), len(some), free=True, whole=whole)


def _chance(k: int, some: Sequence[Value], taken: list[Value], among: Counter[Value]) -> float:
    """Probability that at least k of so many have such values, drawn from all candidates."""
    from scipy.stats import hypergeom

    total, alike = among.total(), sum(among[value] for value in taken)
    return float(hypergeom.sf(k - 1, total, alike, len(some)))
