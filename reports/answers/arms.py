"""The arms of the paper's claims: test figures of each method by genre and seed, and the control.

The control of bar-wise regularisation is a plain VAE under a KL weight below 1. In MuseBar's loss
the posterior that the decoder sees carries one of r equal shares of the KL term, so that part of
what it does may be what any smaller weight does. Of the plain VAEs of several weights one is made
that has MuseBar's own KL: whatever MuseBar is better in then, its rate is not why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from musebar_core.corpus import OVERALL
from reports.answers.claims import Measure
from reports.answers.methods import VANILLA, Method
from reports.answers.summaries import genre_names, seeds_wanted, summaries
from reports.answers.views import methods_of, one_phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from musebar_core.config import Configuration
    from reports.answers.summaries import ConfigurationSummary
    from study.results.tables import StudyTables

Figures = dict[Measure, float]


@dataclass(frozen=True)
class ArmRuns:
    """The runs of one arm in one genre.

    Attributes
    ----------
    n_done
        Seeds done.
    trained
        Seed to its test figures, of those whose validation BCE beats the Markov chain;
        ``COLLAPSED`` is 1 or 0. A measure that was not taken is not among them.
    """

    n_done: int
    trained: Mapping[int, Figures]


Arm = dict[str, ArmRuns]
"""Genre to runs."""


@dataclass(frozen=True)
class Arms:
    """All arms of a study.

    Attributes
    ----------
    genres
        Genres that the mean is over: all but the joint corpus, whose songs are theirs.
    shown
        All genres, the joint corpus last.
    methods
        Method to its runs; without methods of which nothing is done.
    weights
        KL weight to the plain VAE of that weight, from 1 (the vanilla method) downwards.
    """

    genres: tuple[str, ...]
    shown: tuple[str, ...]
    methods: Mapping[Method, Arm]
    weights: Mapping[float, Arm]


def arms_of(tables: StudyTables) -> Arms:
    """Collect the arms of the claims from a study."""
    wanted = seeds_wanted(tables)
    shown = genre_names(tables)
    methods: dict[Method, Arm] = {}
    weights: dict[float, Arm] = {}
    for genre in shown:
        rows = summaries(tables, genre)
        of_methods = {Method(str(row.method)): row for row in methods_of(rows, wanted)}
        for name, row in of_methods.items():
            methods.setdefault(name, {})[genre] = _runs(row)
        if VANILLA not in of_methods:
            continue
        vanilla = of_methods[VANILLA]
        plain = {vanilla.config.annealing.end: vanilla}
        for row in one_phase(tuple(row for row in rows if row.phase != "search"), wanted):
            if _differs_in_weight(row.config, vanilla.config):
                plain[row.config.annealing.end] = row
        for weight, row in plain.items():
            weights.setdefault(weight, {})[genre] = _runs(row)
    together = tuple(genre for genre in shown if genre != OVERALL) or shown
    ordered = dict(sorted(weights.items(), reverse=True))
    return Arms(together, shown, methods, ordered)


def control(rival_of: Arm, weights: Iterable[Arm], genres: Sequence[str]) -> Arm:
    """Make the plain VAE that has an arm's own KL.

    The KL weight of the same rate is one for the whole study: on the line between the two
    neighbouring weights whose mean KL over genres has the arm's between them. A seed's control is
    the mixture of its own runs under these two, moved along that line to the KL of the arm's run:
    so the spread of the differences holds what the rate's own noise does to them (the delta
    method), and their mean is that of the two arms at one and the same mean KL.

    Parameters
    ----------
    rival_of
        The arm whose KL it has.
    weights
        Plain VAEs, from the largest KL weight to the smallest.
    genres
        Genres that the means are over.

    Returns
    -------
    Arm
        The seeds that all three have; nothing where no two neighbours have the KL between them.
    """
    plain = [arm for arm in weights if all(genre in arm for genre in genres)]
    kl = _means(rival_of, genres).get(Measure.KL, math.nan)
    curve = [(arm, _means(arm, genres)) for arm in plain]
    for (first, its_means), (second, other_means) in pairwise(curve):
        line = line_through(its_means, other_means, kl)
        if line is not None:
            return {
                genre: _moved(runs, first[genre], second[genre], line)
                for genre, runs in rival_of.items()
                if genre in first and genre in second
            }
    return {}


@dataclass(frozen=True)
class Line:
    """What lies between two weights at a KL.

    Attributes
    ----------
    share
        How far it lies from the first to the second, 0 to 1.
    slopes
        Measure to what a nat of KL changes in it along the line.
    """

    share: float
    slopes: Mapping[Measure, float]


def line_through(first: Figures, second: Figures, kl: float) -> Line | None:
    """Draw the line between two means at a KL; None where they do not have it between them."""
    ends = [each.get(Measure.KL, math.nan) for each in (first, second)]
    if not min(ends) <= kl <= max(ends):
        return None
    width = second[Measure.KL] - first[Measure.KL]
    share = (kl - first[Measure.KL]) / width if width else 0.5
    priced = (one for one in first if one in second and one is not Measure.COLLAPSED)
    return Line(share, {one: (second[one] - first[one]) / width if width else 0 for one in priced})


def _moved(runs: ArmRuns, first: ArmRuns, second: ArmRuns, line: Line) -> ArmRuns:
    found: dict[int, Figures] = {}
    for seed in sorted(runs.trained.keys() & first.trained.keys() & second.trained.keys()):
        ours, one, other = runs.trained[seed], first.trained[seed], second.trained[seed]
        mixed = {
            name: one[name] + line.share * (other[name] - one[name])
            for name in line.slopes
            if name in one and name in other
        }
        further = ours[Measure.KL] - mixed[Measure.KL]
        found[seed] = {name: mixed[name] + line.slopes[name] * further for name in mixed}
    return ArmRuns(min(first.n_done, second.n_done), found)


def _means(arm: Arm, genres: Sequence[str]) -> Figures:
    """Means of an arm's figures over its trained seeds, and then over genres."""
    found = []
    for genre in genres:
        runs = list(arm[genre].trained.values())
        names = set.intersection(*map(set, runs)) if runs else set()
        found.append({name: fmean(run[name] for run in runs) for name in names})
    shared = set.intersection(*map(set, found)) if found else set()
    return {name: fmean(each[name] for each in found) for name in shared}


def _runs(row: ConfigurationSummary) -> ArmRuns:
    """Figures of the trained seeds of a configuration."""
    if row.validation is None or row.test is None:
        return ArmRuns(row.n_done, {})
    figures: dict[int, Figures] = {seed: {} for seed in row.trained_seeds}
    for measure in Measure:
        if measure is Measure.COLLAPSED:
            continue
        mean = row.test.metric(measure)
        for seed, value in zip(mean.seeds, mean.values, strict=True):
            if seed in figures:
                figures[seed][measure] = value
    collapsed = {*row.test.collapsed_seeds}
    for seed, each in figures.items():
        each[Measure.COLLAPSED] = float(seed in collapsed)
    return ArmRuns(row.n_done, figures)


def _differs_in_weight(config: Configuration, vanilla: Configuration) -> bool:
    """Whether a configuration is the vanilla one but for a smaller KL weight."""
    end = config.annealing.end
    same = replace(vanilla, annealing=replace(vanilla.annealing, end=end))
    return config == same and end < vanilla.annealing.end
