"""What each named configuration of a study changes against one of them, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.stats.intervals import mean_over_seeds, paired_difference
from reports.stats.labels import METHODS
from reports.stats.signflip import holm, sign_flip
from reports.stats.summaries import genre_names, summaries
from study import planner, specfile

if TYPE_CHECKING:
    from reports.stats.intervals import SeedMean
    from reports.stats.summaries import ConfigurationSummary
    from study.results import StudyTables

EFFECT_METRICS = ("bce", "mi_lower")
"""What effects are measured on, on the validation split: the code's cost and its content."""


@dataclass(frozen=True)
class Effect:
    """One named configuration minus the reference, in one genre and metric.

    Attributes
    ----------
    difference
        Seed by seed, nats.
    relative
        The difference as a share of the reference's value, seed by seed; ``bce`` alone.
    p, adjusted
        Two-sided sign-flip p-value, and after Holm's correction over all effects of the study.
    """

    genre: str
    name: str
    metric: str
    difference: SeedMean
    relative: SeedMean | None
    p: float
    adjusted: float


def named_configurations(tables: StudyTables) -> dict[str, str]:
    """Name to config_id, the paper's methods first; empty for a study of no named space."""
    content = {**tables.spec, "corpus": dict(tables.spec["corpus"])}
    content["corpus"].pop("path", None)
    spec = specfile.restore(content)
    names = planner.named_of(spec)
    order = [*(name for name in METHODS if name in names), *names]
    return {name: names[name] for name in order}


def by_name(tables: StudyTables, genre: str) -> dict[str, ConfigurationSummary]:
    """Summaries of the named configurations of a genre that have ended runs."""
    found = {row.config_id: row for row in summaries(tables, genre)}
    names = named_configurations(tables)
    return {name: found[config_id] for name, config_id in names.items() if config_id in found}


def effects(tables: StudyTables, reference: str) -> tuple[Effect, ...]:
    """Effects of all other named configurations, genre by genre, metric by metric."""
    raw: list[dict[str, Any]] = []
    for genre in genre_names(tables):
        rows = by_name(tables, genre)
        if reference not in rows:
            continue
        for name, row in rows.items():
            if name != reference:
                raw += _effects(genre, name, row, rows[reference])
    adjusted = holm([one["p"] for one in raw])
    return tuple(Effect(**one, adjusted=p) for one, p in zip(raw, adjusted, strict=True))


def _effects(
    genre: str, name: str, row: ConfigurationSummary, reference: ConfigurationSummary
) -> list[dict[str, Any]]:
    if row.validation is None or reference.validation is None:
        return []
    found = []
    for metric in EFFECT_METRICS:
        ours, theirs = row.validation.metric(metric), reference.validation.metric(metric)
        difference = paired_difference(ours, theirs)
        if difference is None:
            continue
        found.append({
            "genre": genre, "name": name, "metric": metric, "difference": difference,
            "relative": _relative(difference, theirs) if metric == "bce" else None,
            "p": sign_flip(difference.values).two_sided,
        })  # fmt: skip
    return found


def _relative(difference: SeedMean, reference: SeedMean) -> SeedMean | None:
    values = dict(zip(reference.seeds, reference.values, strict=True))
    pairs = zip(difference.seeds, difference.values, strict=True)
    return mean_over_seeds({seed: value / values[seed] for seed, value in pairs if values[seed]})
