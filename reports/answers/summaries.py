"""One summary a configuration and phase: what its seeds say together."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from musebar_core.config import Configuration
from musebar_core.metric_table import averaged, metric
from musebar_core.settings import values
from musebar_core.states import RunState
from reports.answers.kept import of_tables
from reports.answers.naming import telling
from study.results.columns import BASELINES, SeedRunState
from study.statistics.eligibility import too_many_collapsed
from study.statistics.intervals import NOT_MEASURED, SeedMean, mean_over_seeds, within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from musebar_core.setting import Value
    from study.results.tables import StudyTables


@dataclass(frozen=True)
class Failure:
    """A seed run that failed: named, never dropped; ``reason`` is empty where none is recorded."""

    config_id: str
    phase: str
    seed: int
    reason: str
    attempts: int


@dataclass(frozen=True)
class SplitSummary:
    """What one split says of a configuration, at the reported epoch of each seed.

    Attributes
    ----------
    means
        Metric to its mean over seeds, units as :data:`musebar_core.metric_table.METRICS` has them;
        without those that were not measured.
    mi_cap
        log N, nats: ``mi_lower`` cannot exceed it.
    n_snippets
        N, snippets evaluated.
    collapsed_seeds
        Trained seeds that collapsed, ascending.
    """

    means: Mapping[str, SeedMean]
    mi_cap: float
    n_snippets: int
    collapsed_seeds: tuple[int, ...]

    def metric(self, name: str) -> SeedMean:
        """Return the mean of a metric; over no seeds where it was not measured."""
        return self.means.get(name, NOT_MEASURED)

    @property
    def bce(self) -> SeedMean:
        """Nats per snippet."""
        return self.metric("bce")

    @property
    def kl(self) -> SeedMean:
        """Nats per snippet."""
        return self.metric("kl")

    @property
    def kl_bars(self) -> SeedMean:
        """Nats per snippet, over the r posteriors."""
        return self.metric("kl_bars")

    @property
    def elbo(self) -> SeedMean:
        """Nats per snippet."""
        return self.metric("elbo")

    @property
    def mi_lower(self) -> SeedMean:
        """Lower end of the mutual information bracket, nats."""
        return self.metric("mi_lower")

    @property
    def mi_upper(self) -> SeedMean:
        """Upper end of the mutual information bracket, nats."""
        return self.metric("mi_upper")

    @property
    def active_units(self) -> SeedMean:
        """Latent dimensions in use."""
        return self.metric("active_units")

    @property
    def n_seeds(self) -> int:
        """Seeds measured."""
        return self.bce.n_seeds or max(mean.n_seeds for mean in self.means.values())

    @property
    def collapsed(self) -> int:
        """How many seeds collapsed."""
        return len(self.collapsed_seeds)

    @property
    def is_collapsed(self) -> bool:
        """Whether more than one seed in five collapsed."""
        return too_many_collapsed(self.collapsed, self.n_seeds)


@dataclass(frozen=True)
class ConfigurationSummary:
    """A configuration in one phase: its settings, its seeds, its means.

    Attributes
    ----------
    method
        Name of the paper's method it is, or None.
    n_planned
        Seeds planned so far in this phase.
    seeds
        Seeds done, ascending.
    validation, test
        Means over the done seeds; None while there is none.
    undertrained_seeds
        Seeds done whose validation BCE does not beat the Markov chain, ascending.
    told_by
        Names of the settings that tell it from the others of its study.
    """

    genre: str
    config_id: str
    phase: str
    method: str | None
    config: Configuration
    n_planned: int
    seeds: tuple[int, ...]
    failures: tuple[Failure, ...]
    validation: SplitSummary | None
    test: SplitSummary | None
    undertrained_seeds: tuple[int, ...] = ()
    told_by: tuple[str, ...] = ()

    @functools.cached_property
    def settings(self) -> Mapping[str, Value]:
        """Every setting by name, in the table's order; not to be changed."""
        return values(self.config)

    @property
    def n_done(self) -> int:
        """Seeds done."""
        return len(self.seeds)

    @property
    def n_measured(self) -> int:
        """Seeds done that have validation figures: only these count towards a choice."""
        return 0 if self.validation is None else self.validation.n_seeds

    @property
    def n_trained(self) -> int:
        """Measured seeds that beat the Markov chain: only these tell of collapse."""
        return self.n_measured - len(self.undertrained_seeds)

    @property
    def trained_seeds(self) -> tuple[int, ...]:
        """Those seeds, ascending."""
        measured = () if self.validation is None else self.validation.bce.seeds
        return tuple(seed for seed in measured if seed not in self.undertrained_seeds)

    @property
    def collapsed(self) -> int:
        """Trained seeds that collapsed on validation."""
        return 0 if self.validation is None else self.validation.collapsed

    @property
    def is_collapsed(self) -> bool:
        """Whether more than one seed in five collapsed on validation."""
        return self.validation is not None and self.validation.is_collapsed

    @property
    def is_partial(self) -> bool:
        """Whether fewer seeds are done than planned."""
        return self.n_done < self.n_planned

    def split(self, name: str) -> SplitSummary | None:
        """Return what the split ``name``, ``validation`` or ``test``, says of it."""
        return {"validation": self.validation, "test": self.test}[name]


Summary = ConfigurationSummary
ResultRow = dict[Any, Any]
"""One row of the results, column to cell."""


@of_tables
def _known(_: StudyTables) -> dict[str, tuple[Summary, ...]]:
    """Genre to its summaries, as far as they were asked for."""
    return {}


def summaries(tables: StudyTables, genre: str) -> tuple[ConfigurationSummary, ...]:
    """Summarise every configuration of a genre that has an ended run.

    Computed once for each tables object, which is not to be changed afterwards.

    Returns
    -------
    tuple of ConfigurationSummary
        One a config_id and phase, sorted by both; phases are never pooled.
    """
    known = _known(tables)
    if genre not in known:
        known[genre] = _summaries(tables, genre)
    return known[genre]


def _summaries(tables: StudyTables, genre: str) -> tuple[ConfigurationSummary, ...]:
    runs = tables.results[tables.results["genre"] == genre].sort_values("seed")
    groups: dict[tuple[str, str], list[ResultRow]] = {}
    for run in runs[_columns()].to_dict("records"):
        groups.setdefault((str(run["config_id"]), str(run["phase"])), []).append(run)
    plan = _planned(tables.planned, genre)
    told_by = _told_by(tables)
    found = (
        _summary(genre, key, groups[key], plan.get(key, len(groups[key]))) for key in sorted(groups)
    )
    return tuple(replace(one, told_by=told_by[one.config_id]) for one in found)


@of_tables
def _told_by(tables: StudyTables) -> dict[str, tuple[str, ...]]:
    """Settings that tell each configuration of a study from its others, over all genres."""
    results = tables.results
    texts = results.drop_duplicates("config_id")["config"]
    configs = [Configuration.from_dict(json.loads(text)) for text in texts]
    return telling(configs, searched=bool((results["phase"] == "search").any()))


def genre_names(tables: StudyTables) -> tuple[str, ...]:
    """Genres of a study in alphabetical order, ``overall`` last."""
    # before its corpus is built, a study has no genres, and their table no columns
    named = [] if tables.genres.empty else [str(g) for g in tables.genres["genre"]]
    named += [str(g) for g in tables.results["genre"].unique()]
    named += [str(g) for g in tables.planned["genre"].unique()]
    return tuple(sorted(dict.fromkeys(named), key=lambda genre: (genre == "overall", genre)))


def baseline_bce(tables: StudyTables, genre: str, split: str) -> dict[str, float]:
    """BCE of each baseline on a split, nats per snippet; one that is not finite is left out."""
    table = tables.baselines
    rows = table[(table["genre"] == genre) & (table["split"] == split)]
    found = dict(zip(rows["baseline"], rows["bce"], strict=True))
    known = {name: float(found[name]) for name in BASELINES if _present(found.get(name))}
    return {name: bce for name, bce in known.items() if math.isfinite(bce)}


def seeds_wanted(tables: StudyTables) -> int:
    """Seeds of a full count: ``seeds.confirm`` of the spec."""
    return tables.spec.seeds.confirm


def _planned(planned: pd.DataFrame, genre: str) -> dict[tuple[str, str], int]:
    rows = planned[planned["genre"] == genre]
    keys = zip(rows["config_id"], rows["phase"], rows["n_seeds"], strict=True)
    return {(str(config_id), str(phase)): int(n) for config_id, phase, n in keys}


def _columns() -> list[str]:
    figures = (*averaged(), "mi_cap", "n_snippets", "collapsed")
    return [
        *("config_id", "phase", "seed", "method", "state", "failure", "attempts", "config"),
        *(prefix + name for prefix in ("validation_", "test_") for name in figures),
    ]


def _summary(genre: str, key: tuple[str, str], runs: list[ResultRow], n_planned: int) -> Summary:
    done = [run for run in runs if run["state"] != SeedRunState.FAILED]
    methods = [run["method"] for run in runs if _present(run["method"])]
    config = Configuration.from_dict(json.loads(runs[0]["config"]))
    return ConfigurationSummary(
        genre=genre,
        config_id=key[0],
        phase=key[1],
        method=str(methods[0]) if methods else None,
        config=config,
        n_planned=n_planned,
        seeds=tuple(int(run["seed"]) for run in done),
        failures=tuple(_failure(run) for run in runs if run["state"] == SeedRunState.FAILED),
        undertrained_seeds=tuple(
            sorted(int(run["seed"]) for run in done if run["state"] == RunState.UNDERTRAINED)
        ),
        validation=_split(done, "validation_", config),
        test=_split(done, "test_", config),
    )


def _failure(run: ResultRow) -> Failure:
    reason = str(run["failure"]) if _present(run["failure"]) else ""
    return Failure(
        str(run["config_id"]), str(run["phase"]), int(run["seed"]), reason, int(run["attempts"])
    )


def _split(done: list[ResultRow], prefix: str, config: Configuration) -> SplitSummary | None:
    means = {name: mean_over_seeds(_by_seed(done, prefix + name)) for name in averaged()}
    measured = {
        name: _possible(name, mean, config) for name, mean in means.items() if mean is not None
    }
    caps = list(_by_seed(done, prefix + "mi_cap").values())
    snippets = list(_by_seed(done, prefix + "n_snippets").values())
    if not measured or not caps or not snippets:
        return None
    return SplitSummary(
        means=measured,
        mi_cap=caps[0],
        n_snippets=int(snippets[0]),
        collapsed_seeds=tuple(
            seed for seed, flag in sorted(_by_seed(done, prefix + "collapsed").items()) if flag
        ),
    )


def _possible(name: str, mean: SeedMean, config: Configuration) -> SeedMean:
    """Keep an interval to what the metric can be: at most every unit is active."""
    entry = metric(name)
    units = float(config.model.latent_length)
    return within(mean, entry.least, units if name == "active_units" else entry.most)


def _by_seed(done: list[ResultRow], column: str) -> dict[int, float]:
    return {int(run["seed"]): float(run[column]) for run in done if _present(run[column])}


def _present(cell: Any) -> bool:  # noqa: ANN401  (a cell: a value or one of pandas' nulls)
    return cell is not None and cell is not pd.NA and cell == cell  # noqa: PLR0124  (NaN)
