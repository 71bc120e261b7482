"""The arms of the paper's claims: test figures of each method by genre and seed, and the control.

The control of bar-wise regularisation is a plain VAE under a KL weight below 1. In MuseBar's loss
the posterior that the decoder sees carries one of r equal shares of the KL term, so that part of
what it does may be what any smaller weight does. Of the plain VAEs of several weights one is made
that has MuseBar's own KL, seed by seed: whatever MuseBar is better in then, its rate is not why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
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


def control(rival_of: Arm, weights: Iterable[Arm]) -> Arm:
    """Make the plain VAE that has an arm's own KL, genre by genre and seed by seed.

    Parameters
    ----------
    rival_of
        The arm whose KL it has.
    weights
        Plain VAEs, from the largest KL weight to the smallest.

    Returns
    -------
    Arm
        Only the seeds whose KL lies between those of two neighbouring weights of the same seed.
    """
    plain = list(weights)
    return {
        genre: _matched(runs, [arm[genre] for arm in plain if genre in arm])
        for genre, runs in rival_of.items()
    }


def at_rate(kl: float, curve: Sequence[Figures]) -> Figures | None:
    """Read figures off at a KL, on the straight line between two neighbours of a curve.

    Of several pairs of neighbours that hold the KL between them, the first counts; None where
    there is none.
    """
    for first, second in pairwise(curve):
        low, high = sorted((first[Measure.KL], second[Measure.KL]))
        if not low <= kl <= high:
            continue
        width = second[Measure.KL] - first[Measure.KL]
        share = 0.5 if width == 0 else (kl - first[Measure.KL]) / width
        return {
            one: first[one] + share * (second[one] - first[one])
            for one in first
            if one in second and one is not Measure.COLLAPSED
        }
    return None


def _matched(runs: ArmRuns, plain: Sequence[ArmRuns]) -> ArmRuns:
    found: dict[int, Figures] = {}
    for seed, figures in runs.trained.items():
        curve = [one.trained[seed] for one in plain if seed in one.trained]
        read = at_rate(figures[Measure.KL], curve) if Measure.KL in figures else None
        if read is not None:
            found[seed] = read
    return ArmRuns(min((one.n_done for one in plain), default=0), found)


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
