"""A study as a whole: its scale, its progress, its hours, what it ran on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.states import RunState
from reports.answers.cost import Hours, device_hours
from reports.answers.methods import DEFAULT
from reports.answers.summaries import baseline_bce, genre_names
from study.results.columns import SeedRunState
from study.statistics.intervals import mean_over_seeds

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from reports.answers.summaries import ConfigurationSummary
    from study.results.tables import StudyTables
    from study.statistics.intervals import SeedMean

PAPER_SCALE = {"snippet_steps": 240, "hidden": 512, "epochs": 3000, "seeds": 10}
"""The paper's own scale (section 4 and Table 1): what a smaller study is told apart by."""


@dataclass(frozen=True)
class Scale:
    """How large a study is: T, H, epochs, songs and seeds.

    Attributes
    ----------
    snippet_steps, hidden, epochs
        Values of all runs, ascending; of the spec while none has ended.
    songs
        Songs the models were trained on, smallest and largest genre; None if unknown.
    seeds
        Confirmation seeds.
    """

    snippet_steps: tuple[int, ...]
    hidden: tuple[int, ...]
    epochs: tuple[int, ...]
    songs: tuple[int, int] | None
    seeds: int

    @property
    def below_paper(self) -> tuple[str, ...]:
        """What is smaller than in the paper, by name."""
        largest = {
            "snippet_steps": max(self.snippet_steps, default=0),
            "hidden": max(self.hidden, default=0),
            "epochs": max(self.epochs, default=0),
            "seeds": self.seeds,
        }
        return tuple(name for name, paper in PAPER_SCALE.items() if largest[name] < paper)


@dataclass(frozen=True)
class GenreProgress:
    """Seed runs of a genre: planned so far, done, failed; undertrained and collapsed of those done.

    ``hours`` are those of the runs that ended, as in :class:`Overview`.
    """

    genre: str
    planned: int
    done: int
    failed: int
    undertrained: int
    collapsed: int
    hours: Hours


@dataclass(frozen=True)
class Overview:
    """What the first page says of a study.

    Attributes
    ----------
    progress
        One a genre, in the order genres are shown.
    hours
        Device kind (``CPU`` or ``GPU``) to the hours of seed runs on it, without attempts that
        failed and were retried; see :func:`reports.answers.cost.device_hours`.
    failed_hours
        Those of ``hours`` that ended in failure, by device kind.
    versions
        Package to the versions that runs used, ascending.
    """

    scale: Scale
    progress: tuple[GenreProgress, ...]
    hours: Hours
    failed_hours: Hours
    nodes: tuple[str, ...]
    versions: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Standing:
    """Where a genre's choice stands on test, in nats per snippet against the Markov chain.

    Attributes
    ----------
    choice, default
        Test BCE of the choice, and of the paper's own method, minus the Markov chain's: under 0 is
        better. None where it is not measured; ``default`` also where it is the choice.
    """

    genre: str
    choice: SeedMean | None
    default: SeedMean | None


def standing(
    tables: StudyTables,
    genre: str,
    chosen: ConfigurationSummary | None,
    methods: Iterable[ConfigurationSummary],
) -> Standing:
    """Set a genre's choice, and the paper's default among ``methods``, against the Markov chain."""
    markov = baseline_bce(tables, genre, "test").get("markov")
    default = next((row for row in methods if row.method == DEFAULT), None)
    if default is not None and chosen is not None and default.config_id == chosen.config_id:
        default = None
    return Standing(genre, _against(chosen, markov), _against(default, markov))


def _against(row: ConfigurationSummary | None, markov: float | None) -> SeedMean | None:
    if row is None or row.test is None or markov is None:
        return None
    mean = row.test.bce
    return mean_over_seeds(
        {seed: value - markov for seed, value in zip(mean.seeds, mean.values, strict=True)}
    )


def overview(tables: StudyTables) -> Overview:
    """Summarise a study as a whole."""
    results = tables.results
    failed = results[results["state"] == SeedRunState.FAILED]
    return Overview(
        scale=scale(tables),
        progress=tuple(progress(tables, genre) for genre in genre_names(tables)),
        hours=device_hours(tables, results),
        failed_hours=device_hours(tables, failed),
        nodes=tuple(sorted({str(node) for node in results["node"].dropna() if node})),
        versions=_versions(results["versions"].dropna()),
    )


def scale(tables: StudyTables) -> Scale:
    """How large the study's runs are."""
    spec, results, genres = tables.spec, tables.results, tables.genres
    songs = [] if genres.empty else [int(count) for count in genres["train_songs"]]
    return Scale(
        snippet_steps=_values(results["snippet_steps"], spec.corpus.grid.snippet_steps),
        hidden=_values(results["hidden"], spec.model.hidden),
        epochs=_values(results["epochs"], spec.training.epochs),
        songs=(min(songs), max(songs)) if songs else None,
        seeds=spec.seeds.confirm,
    )


def progress(tables: StudyTables, genre: str) -> GenreProgress:
    """Count a genre's seed runs by state."""
    rows = tables.results[tables.results["genre"] == genre]
    failed = rows["state"] == SeedRunState.FAILED
    planned = tables.planned[tables.planned["genre"] == genre]["n_seeds"]
    return GenreProgress(
        genre=genre,
        planned=int(planned.sum()),
        done=int((~failed).sum()),
        failed=int(failed.sum()),
        undertrained=int((rows["state"] == RunState.UNDERTRAINED).sum()),
        collapsed=int((rows["state"] == RunState.COLLAPSED).sum()),
        hours=device_hours(tables, rows),
    )


def _values(column: pd.Series[int], otherwise: int) -> tuple[int, ...]:
    return tuple(sorted({int(value) for value in column})) or (int(otherwise),)


def _versions(column: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for text in sorted(set(column)):
        for package, version in json.loads(text).items():
            found.setdefault(str(package), set()).add(str(version))
    return {package: tuple(sorted(found[package])) for package in sorted(found)}
