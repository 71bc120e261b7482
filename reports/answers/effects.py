"""What each named configuration of a study changes against one of them, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from musebar_core.corpus import OVERALL
from reports.answers.summaries import genre_names, summaries
from study.results.named import named_configurations
from study.statistics.intervals import mean_over_seeds, paired_difference
from study.statistics.signflip import holm, sign_flip

if TYPE_CHECKING:
    from reports.answers.summaries import ConfigurationSummary
    from study.results.tables import StudyTables
    from study.statistics.intervals import SeedMean

EFFECT_METRICS = ("bce", "nll", "mi_lower")
"""What effects are measured on, on the validation split: distortion, likelihood, and information.

BCE alone says nothing between configurations of different rate; NLL prices it.
"""


@dataclass(frozen=True)
class Effect:
    """One named configuration minus the reference, in one metric.

    Attributes
    ----------
    genre
        Genre it is about; None for the mean over the genres, seed by seed.
    difference
        Seed by seed, nats.
    relative
        The difference as a share of the reference's value, seed by seed; ``bce`` alone.
    p, adjusted
        Two-sided sign-flip p-value of the mean over the genres, and after Holm's correction over
        the configurations in this metric; None within a genre, which is shown and not tested: ten
        seeds could not bear the correction over all genres.
    """

    genre: str | None
    name: str
    metric: str
    difference: SeedMean
    relative: SeedMean | None
    p: float | None = None
    adjusted: float | None = None


def by_name(tables: StudyTables, genre: str) -> dict[str, ConfigurationSummary]:
    """Summaries of the named configurations of a genre that have ended runs."""
    found = {row.config_id: row for row in summaries(tables, genre)}
    names = named_configurations(tables)
    return {name: found[config_id] for name, config_id in names.items() if config_id in found}


def effects(tables: StudyTables, reference: str) -> tuple[Effect, ...]:
    """Effects of all other named configurations: over all genres, then genre by genre."""
    genres = [genre for genre in genre_names(tables) if genre != OVERALL]
    rows = {genre: by_name(tables, genre) for genre in genres or [OVERALL]}
    names = [name for name in named_configurations(tables) if name != reference]
    within = [
        _effect(genre, metric, found, name, reference)
        for genre, found in rows.items()
        for name in names
        for metric in EFFECT_METRICS
    ]
    measured = [effect for effect in within if effect is not None]
    together: list[Effect] = []
    for metric in EFFECT_METRICS:
        means = [_mean(measured, name, metric, len(rows)) for name in names]
        together += _tested([mean for mean in means if mean is not None])
    return (*together, *measured)


def _effect(
    genre: str, metric: str, rows: dict[str, ConfigurationSummary], name: str, reference: str
) -> Effect | None:
    splits = [rows[one].validation for one in (name, reference) if one in rows]
    if len(splits) < 2 or splits[0] is None or splits[1] is None:
        return None
    ours, theirs = splits[0].metric(metric), splits[1].metric(metric)
    difference = paired_difference(ours, theirs)
    if difference is None:
        return None
    relative = _relative(difference, theirs) if metric == "bce" else None
    return Effect(genre, name, metric, difference, relative)


def _mean(within: list[Effect], name: str, metric: str, n_genres: int) -> Effect | None:
    """Mean over genres, on the seeds that all of them have; None where a genre is missing."""
    found = [e for e in within if e.name == name and e.metric == metric]
    if len(found) < n_genres:
        return None
    difference = _mean_by_seed([e.difference for e in found])
    relatives = [e.relative for e in found if e.relative is not None]
    relative = _mean_by_seed(relatives) if len(relatives) == n_genres else None
    return None if difference is None else Effect(None, name, metric, difference, relative)


def _mean_by_seed(means: list[SeedMean]) -> SeedMean | None:
    by_seed = [dict(zip(one.seeds, one.values, strict=True)) for one in means]
    seeds = set.intersection(*map(set, by_seed))
    return mean_over_seeds({seed: fmean(values[seed] for values in by_seed) for seed in seeds})


def _tested(found: list[Effect]) -> list[Effect]:
    p_values = [sign_flip(effect.difference.values).two_sided for effect in found]
    return [
        replace(effect, p=p, adjusted=adjusted)
        for effect, p, adjusted in zip(found, p_values, holm(p_values), strict=True)
    ]


def _relative(difference: SeedMean, reference: SeedMean) -> SeedMean | None:
    values = dict(zip(reference.seeds, reference.values, strict=True))
    pairs = zip(difference.seeds, difference.values, strict=True)
    return mean_over_seeds({seed: value / values[seed] for seed, value in pairs if values[seed]})
