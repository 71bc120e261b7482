"""The schema of results: what every column of the exported tables means.

``results.parquet`` has one row a seed run, ``curves.parquet`` one row an evaluated epoch. This
module is the only place where their columns are written down; those of settings and metrics come
from the tables of the core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.metric_table import METRICS
from musebar_core.settings import SETTINGS
from study.ledger.record import CURVE
from study.ledger.result import SeedRunState
from study.search.decisions import DecisionStage, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from musebar_core.metric_table import Metric

# Beside what is written here: words that columns hold.
__all__ = ["CURVE", "DecisionStage", "Outcome", "SeedRunState"]

SCHEMA_VERSION = 2
"""Of the tables, in the metadata of every file as :data:`VERSION_KEY`. It rises where a column
changes its meaning or goes (2: ``state`` tells undertrained, collapsed and informative runs
apart, which were ``done``); a new metric or setting only adds columns (:data:`GROWING`)."""

VERSION_KEY = b"musebar_schema"

KEY = ("study", "genre", "config_id", "seed", "phase")
"""Columns that name a seed run; no two rows share them."""

BASELINES = ("pitch_frequencies", "markov", "repeat_last")


@dataclass(frozen=True)
class Column:
    """One column: its name, pandas dtype, unit and meaning."""

    name: str
    dtype: str
    unit: str
    meaning: str


_KEY_COLUMNS = (
    Column("study", "string", "", "name of the study"),
    Column("genre", "string", "", "genre the model was trained on; 'overall' is all of them"),
    Column("config_id", "string", "", "first 12 hex digits of the configuration's SHA-256"),
    Column("seed", "int64", "", "0.. in phase search, 1000.. in phases methods and confirm"),
    Column("phase", "string", "", "methods, search or confirm"),
)

_STATE_COLUMNS = (
    Column("method", "string", "", "name of the paper's method this configuration is, else null"),
    Column(
        "state",
        "string",
        "",
        "failed, or of a run that is done undertrained, collapsed or informative",
    ),
    Column("failure", "string", "", "why the run failed, else null"),
    Column("attempts", "int64", "count", "times the run was tried"),
)

SETTING_COLUMNS = (
    *(Column(one.name, one.dtype, one.unit, one.meaning) for one in SETTINGS),
    Column("config", "string", "JSON", "the whole configuration, canonical"),
)
"""One column a setting, in the order of :data:`musebar_core.settings.SETTINGS`. ``config`` says the
same and more: where an older export lacks a setting's column, it tells."""

METRIC_PREFIXES = ("validation_", "test_", "last_validation_", "last_test_")
"""Each metric stands four times in the table: for the validation and the test split, at the
reported epoch (``validation_bce``) and at the last (``last_validation_bce``)."""

_NULLABLE = {"int64": "Int64", "float64": "Float64", "boolean": "boolean", "string": "string"}


def metrics_at(prefix: str) -> tuple[Metric, ...]:
    """Metrics that stand under a prefix: those of the reported epoch alone under no ``last_``."""
    return tuple(one for one in METRICS if one.every_evaluation or not prefix.startswith("last_"))


def _metric_column(prefix: str, metric: Metric) -> Column:
    return Column(prefix + metric.name, _NULLABLE[metric.dtype], metric.unit, metric.meaning)


METRIC_COLUMNS = tuple(
    _metric_column(prefix, metric) for prefix in METRIC_PREFIXES for metric in metrics_at(prefix)
)

CURVE_METRICS = tuple(
    _metric_column("validation_", metric) for metric in METRICS if metric.every_evaluation
)

GROWING = frozenset(one.name for one in (*SETTING_COLUMNS[:-1], *METRIC_COLUMNS, *CURVE_METRICS))
"""Columns that an export written before they existed may lack: a metric's reads as not measured,
a setting's is told by ``config``."""

_COST_COLUMNS = (
    Column(
        "best_epoch", "Int64", "optimiser steps", "evaluated epoch reported: see musebar_core.state"
    ),
    Column("seconds", "Float64", "s", "training and evaluation time, over all attempts resumed"),
    Column("node", "string", "", "host that ran it"),
    Column("device", "string", "", "device it ran on"),
    Column("versions", "string", "JSON", "versions of the packages that decide the numbers"),
    Column("checkpoint", "string", "path", "weights at best_epoch, relative to the study's folder"),
    Column("finished_at", "string", "ISO 8601, UTC", "when the driver recorded it"),
)

RESULTS = (
    *_KEY_COLUMNS,
    *_STATE_COLUMNS,
    *SETTING_COLUMNS,
    *METRIC_COLUMNS,
    *_COST_COLUMNS,
)
"""Columns of results.parquet, in order."""

CURVES = (
    *_KEY_COLUMNS,
    Column("epoch", "int64", "optimiser steps", "epochs done at this evaluation"),
    Column("weight", "float64", "", "weight of the KL term in the training loss"),
    Column("train_bce", "float64", "nats per snippet", "mean over the epochs since the last row"),
    Column("train_kl_bars", "float64", "nats per snippet", "mean over the same epochs"),
    *CURVE_METRICS,
)
"""Columns of curves.parquet, in order."""


def _one_of(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}"


_STAGES = [stage for stage in DecisionStage if stage is not DecisionStage.CHOICE]
_OUTCOMES = [o for o in Outcome if o not in {Outcome.CHOSEN, Outcome.NOT_CHOSEN}]
"""What is decided before the choice, which is the reports'."""

DECISIONS = (
    Column("study", "string", "", "name of the study"),
    Column("genre", "string", "", "genre that it was decided for"),
    Column("config_id", "string", "", "configuration that it was decided about"),
    Column("stage", "string", "", _one_of(_STAGES)),
    Column("seeds", "int64", "count", "seeds that it rests on"),
    Column("decision", "string", "", _one_of(_OUTCOMES)),
    Column("reason", "string", "", "why, in words"),
    Column("statistic", "Float64", "", "in stage search the mean of the purpose's own metric, "
           "nats; in stage race the mean paired difference to the best, above 0 is worse: nats, "
           "for a representation standard deviations of a paired difference"),
    Column("p_value", "Float64", "", "of the race's sign-flip test, uncorrected"),
)  # fmt: skip
"""Columns of decisions.parquet, in order: genre by genre as the study took them."""
