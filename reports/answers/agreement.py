"""Which further measures rank a study's configurations as the mutual information does."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from study.results.tables import StudyTables

LEAST_CONFIGURATIONS = 4
"""Fewer than this rank in too few ways to speak of agreement."""

COMPARED = (
    "code_worth",
    "importance_nll",
    "path_ratio",
    "largest_jump",
    "likeness_pitch_classes",
    "likeness_intervals",
    "likeness_note_density",
    "likeness_repetition",
    "generated_out_of_key",
    "generated_repetition",
)
"""Columns of the measures that are compared, beside the results' ``bce`` and ``kl``."""


@dataclass(frozen=True)
class Agreement:
    """Spearman's rank correlation of a measure with mi_lower over configurations.

    Attributes
    ----------
    by_genre
        Genre to the correlation over the means of its configurations; a genre in which one of
        the two is constant is left out.
    mean
        Mean over those genres; None where there is none.
    n_configurations
        Least number of configurations of a genre.
    """

    measure: str
    by_genre: dict[str, float]
    mean: float | None
    n_configurations: int


def agreements(tables: StudyTables, measured: pd.DataFrame) -> tuple[Agreement, ...]:
    """Compare measures with mi_lower on validation, over the seed runs that were measured."""
    key = ["genre", "config_id", "seed", "phase"]
    results = tables.results[[*key, "validation_mi_lower", "validation_bce", "validation_kl"]]
    runs = measured.astype({"seed": "int64"}).merge(results, on=key)
    names = ("validation_bce", "validation_kl", *COMPARED)
    columns = ["validation_mi_lower", *names]
    means = runs.groupby(["genre", "config_id"])[columns].mean().astype(float)
    return tuple(_agreement(name, means) for name in names)


def _agreement(name: str, means: pd.DataFrame) -> Agreement:
    from scipy.stats import spearmanr

    by_genre, sizes = {}, []
    for genre, rows in means.groupby(level="genre"):
        pair = rows[["validation_mi_lower", name]].dropna()
        sizes.append(len(pair))
        if len(pair) >= LEAST_CONFIGURATIONS and (pair.max() > pair.min()).all():
            rho = spearmanr(pair["validation_mi_lower"], pair[name]).statistic
            by_genre[str(genre)] = float(rho)
    mean = fmean(by_genre.values()) if by_genre else None
    return Agreement(name.removeprefix("validation_"), by_genre, mean, min(sizes, default=0))
