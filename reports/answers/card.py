"""The decision card of a genre: what to use, how sure that is, what else would do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from musebar_core import metric_table
from musebar_core.size import n_parameters
from reports.answers.choice import full_counts, validation
from reports.answers.cost import Cost, Training, cost, training
from reports.answers.headline import Headline, headline, ties_of
from reports.answers.methods import DEFAULT
from reports.answers.stages import Stages, stages
from reports.answers.summaries import seeds_wanted, summaries
from reports.answers.transfer import TransferRegret, transfers
from reports.stats.bootstrap import studentised_interval
from reports.stats.improvement import Improvement, improvement
from reports.stats.separation import Separation, separation
from reports.stats.variance import VarianceParts, variance_parts
from study.statistics.intervals import paired_difference, within
from study.statistics.signflip import SignFlip, sign_flip
from study.statistics.trainings import collapse_rate, expected_trainings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.answers.choice import Choice
    from reports.answers.summaries import ConfigurationSummary
    from reports.stats.ties import TieSet
    from study.results.tables import StudyTables
    from study.statistics.intervals import SeedMean
    from study.statistics.purposes import Aim


class DefaultStatus(StrEnum):
    """Whether the choice stands beside the paper's own method, or why it does not."""

    COMPARED = "compared"
    ITSELF = "itself"
    PARTIAL = "partial"
    NOT_MEASURED = "not_measured"
    NO_SHARED_SEED = "no_shared_seed"


@dataclass(frozen=True)
class Rival:
    """The choice against another configuration, on the seeds that both ran.

    Attributes
    ----------
    difference
        The choice's figure minus the rival's, in the card's metric, seed by seed.
    improvement
        How often the choice is better.
    """

    summary: ConfigurationSummary
    difference: SeedMean
    improvement: Improvement
    test: SignFlip


@dataclass(frozen=True)
class Smallest:
    """The smallest model within one standard error of the best.

    ``n_parameters`` counts weights; ``chosen_parameters`` are the recommended one's.
    """

    summary: ConfigurationSummary
    n_parameters: int
    chosen_parameters: int


@dataclass(frozen=True)
class Card:
    """Everything a decision for one genre rests on.

    Attributes
    ----------
    metric
        What the choice is told by: ``mi_lower`` (more is better), ``nll`` or ``bce`` (less is).
    headline
        How the answer begins.
    trainings
        Expected trainings of the choice until one does not collapse; None where all seeds did.
    collapse_rate
        95% interval of its collapse rate.
    ties
        Which of the pool are not distinguishably worse than another, in the purpose's cost.
    runner_up
        The best of the others; None where the choice was the only candidate.
    default
        The paper's own method (MuseBar-BOW); None if it is the choice or not measured in full.
    default_status, default_seeds
        Whether there is a ``default``, or why not; the seeds that it has outside the search.
    stages
        Search figures against confirmation figures of those that have both.
    separations
        Seeds that would tell the choice from each of the others in the tie set; none where
        it is not in the tie set itself.
    transfers
        What the other genres' configurations cost here.
    studentised
        Studentised bootstrap interval of the choice's mean, 95%; None with fewer than 5 seeds.
    cost
        Device hours of every seed run of the genre.
    training
        What one training of the choice costs; None where no run has recorded its time.
    """

    study: str
    genre: str
    aim: Aim
    metric: str
    choice: Choice
    headline: Headline
    trainings: float | None
    collapse_rate: tuple[float, float]
    n_wanted: int
    ties: TieSet
    runner_up: Rival | None
    default: Rival | None
    default_status: DefaultStatus
    default_seeds: int
    stages: Stages
    separations: tuple[Separation, ...]
    transfers: tuple[TransferRegret, ...]
    smallest: Smallest
    variance: VarianceParts | None
    studentised: tuple[float, float] | None
    cost: Cost
    training: Training | None

    @property
    def chosen(self) -> ConfigurationSummary:
        """The recommended configuration."""
        return self.choice.chosen


def decision_card(tables: StudyTables, choice: Choice) -> Card:
    """Draw up the card of a choice."""
    metric = choice.metric
    sign = sign_of(metric)
    rows = summaries(tables, choice.genre)
    costs = sign * _table(choice.pool, metric)
    ties = ties_of(choice)
    seeds = choice.chosen.collapsed, choice.chosen.n_measured
    others = [row for row in choice.pool if row.config_id != choice.chosen.config_id]
    default, status, default_seeds = _default(tables, choice, metric)
    told_apart = choice.chosen.config_id in ties.worse
    tied = [] if told_apart else [row for row in others if row.config_id in ties.members]
    return Card(
        study=tables.name,
        genre=choice.genre,
        aim=choice.aim,
        metric=metric,
        choice=choice,
        headline=headline(choice, ties),
        trainings=expected_trainings(*seeds),
        collapse_rate=collapse_rate(*seeds),
        n_wanted=seeds_wanted(tables),
        ties=ties,
        runner_up=_rival(choice.chosen, others[0], metric) if others else None,
        default=default,
        default_status=status,
        default_seeds=default_seeds,
        stages=stages(rows, metric, costs, sign),
        separations=_separations(choice.chosen, tied, metric),
        transfers=transfers(tables, choice.chosen, choice.aim, metric),
        smallest=_smallest(choice, metric),
        variance=variance_parts(costs),
        studentised=_studentised(validation(choice.chosen).metric(metric), metric),
        cost=cost(tables, choice.genre),
        training=training(tables, choice.chosen),
    )


def sign_of(name: str) -> float:
    """Turn a metric into a cost, of which less is better: +1 or -1."""
    return metric_table.metric(name).cost(1.0)


def _table(pool: Sequence[ConfigurationSummary], metric: str) -> NDArray[np.float64]:
    """Figures of the pool, ``[k, n]``, on the seeds that all of it has, ascending."""
    means = [validation(row).metric(metric) for row in pool]
    shared = sorted(set.intersection(*({*mean.seeds} for mean in means)))
    by_seed = [dict(zip(mean.seeds, mean.values, strict=True)) for mean in means]
    return np.array([[values[seed] for seed in shared] for values in by_seed])


def _studentised(mean: SeedMean, metric: str) -> tuple[float, float] | None:
    """The studentised interval of a mean, kept to what the metric can be."""
    interval = studentised_interval(mean.values, np.random.default_rng([10]))
    entry = metric_table.metric(metric)
    return within(replace(mean, interval=interval), entry.least, entry.most).interval


def _rival(chosen: ConfigurationSummary, row: ConfigurationSummary, metric: str) -> Rival | None:
    mine, other = validation(chosen).metric(metric), validation(row).metric(metric)
    difference = paired_difference(mine, other)
    if difference is None:
        return None
    better = difference if sign_of(metric) > 0 else paired_difference(other, mine)
    return Rival(row, difference, improvement(better or difference), sign_flip(difference.values))


def _default(
    tables: StudyTables, choice: Choice, metric: str
) -> tuple[Rival | None, DefaultStatus, int]:
    """The choice against the paper's own method, how that stands, and that method's seeds."""
    rows = [row for row in summaries(tables, choice.genre) if row.method == DEFAULT]
    most = max((row.n_measured for row in rows if row.phase != "search"), default=0)
    if choice.chosen.method == DEFAULT:
        return None, DefaultStatus.ITSELF, most
    full = full_counts(tuple(rows), choice.n_wanted)
    if not full:
        return None, DefaultStatus.PARTIAL if most else DefaultStatus.NOT_MEASURED, most
    rival = _rival(choice.chosen, full[0], metric)
    return rival, DefaultStatus.COMPARED if rival else DefaultStatus.NO_SHARED_SEED, most


def _separations(
    chosen: ConfigurationSummary, tied: Sequence[ConfigurationSummary], metric: str
) -> tuple[Separation, ...]:
    mine, pairs = validation(chosen).metric(metric), len(tied) * (len(tied) + 1) // 2
    found = []
    for row in tied:
        difference = paired_difference(mine, validation(row).metric(metric))
        if difference is not None:
            found.append(separation(row.config_id, difference, pairs))
    return tuple(found)


def _smallest(choice: Choice, metric: str) -> Smallest:
    def size(row: ConfigurationSummary) -> tuple[int, bool, int, str]:
        other = row.config_id != choice.chosen.config_id
        model = row.config.model
        return n_parameters(model), other, model.regularizers, row.config_id

    sign, best = sign_of(metric), validation(choice.pool[0]).metric(metric)
    most = sign * best.mean + (best.standard_error or 0.0)
    within = [r for r in choice.pool if sign * validation(r).metric(metric).mean <= most]
    smallest = min(within, key=size)
    return Smallest(smallest, size(smallest)[0], size(choice.chosen)[0])
