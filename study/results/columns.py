"""The schema of results: what every column of the exported tables means.

``results.parquet`` has one row a seed run, ``curves.parquet`` one row an evaluated epoch. This
module is the only place where their columns are written down.
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA_VERSION = 1

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
    Column("state", "string", "", "done or failed"),
    Column("failure", "string", "", "why the run failed, else null"),
    Column("attempts", "int64", "count", "times the run was tried"),
)

CONFIGURATION_COLUMNS = (
    Column("latent_length", "int64", "dimensions", "L, length of z"),
    Column("regularizers", "int64", "count", "r, posteriors held to the prior"),
    Column("bars", "int64", "bars", "bars a snippet"),
    Column("annealing", "string", "", "kind of KL-annealing schedule"),
    Column("annealing_start", "float64", "fraction of training", "where the ramp begins"),
    Column("annealing_length", "float64", "fraction of training", "how long the ramp takes"),
    Column("annealing_cycles", "int64", "count", "cycles of a cyclical schedule"),
    Column("annealing_ratio", "float64", "fraction of a cycle", "share of a cycle spent rising"),
    Column("free_bits", "float64", "nats a dimension", "KL below which a dimension is free"),
    Column("input_dropout", "float64", "share", "decoder inputs zeroed in training"),
    Column("hidden", "int64", "units", "H"),
    Column("layers", "int64", "count", "LSTM layers of encoder and decoder"),
    Column("snippet_steps", "int64", "steps", "T"),
    Column("steps_per_bar", "int64", "steps", "steps a bar"),
    Column("steps_per_quarter", "int64", "steps", "steps a quarter note"),
    Column("epochs", "int64", "optimiser steps", "length of training"),
    Column("batch", "string", "snippets", "snippets a step, or per_group"),
    Column("learning_rate", "float64", "", "Adam's step size"),
    Column("config", "string", "JSON", "the whole configuration, canonical"),
)

METRICS = (
    Column("bce", "float64", "nats per snippet", "binary cross-entropy, summed over T and P"),
    Column("kl", "float64", "nats per snippet", "KL of the last posterior, summed over L"),
    Column("kl_bars", "float64", "nats per snippet", "mean of the KL over the r posteriors"),
    Column("elbo", "float64", "nats per snippet", "-(bce + kl), weight always 1"),
    Column("mi_lower", "float64", "nats", "lower end of the mutual information bracket"),
    Column("mi_upper", "float64", "nats", "upper end of the mutual information bracket"),
    Column("mi_cap", "float64", "nats", "log N, which mi_lower cannot exceed"),
    Column("active_units", "int64", "dimensions", "variance of mu over snippets above 0.01"),
    Column("informative_share", "float64", "share", "mi_upper / kl; null where kl is 0"),
    Column("collapsed", "boolean", "", "mi_upper below 0.5 nats, or no active unit"),
    Column("n_snippets", "int64", "snippets", "N, snippets evaluated"),
)
"""Metrics of one evaluation. Each stands four times in the table: for the validation and the
test split, at the reported epoch (``validation_bce``) and at the last (``last_validation_bce``)."""

METRIC_PREFIXES = ("validation_", "test_", "last_validation_", "last_test_")

_NULLABLE = {"int64": "Int64", "float64": "Float64", "boolean": "boolean"}


def _metric_columns() -> tuple[Column, ...]:
    return tuple(
        Column(prefix + metric.name, _NULLABLE[metric.dtype], metric.unit, metric.meaning)
        for prefix in METRIC_PREFIXES
        for metric in METRICS
    )


_COST_COLUMNS = (
    Column("best_epoch", "Int64", "optimiser steps", "evaluated epoch of maximal validation elbo"),
    Column("seconds", "Float64", "s", "training and evaluation time, over all attempts resumed"),
    Column("node", "string", "", "host that ran it"),
    Column("device", "string", "", "device it ran on"),
    Column("versions", "string", "JSON", "versions of the packages that decide the numbers"),
    Column("checkpoint", "string", "path", "weights at best_epoch, relative to the study's folder"),
    Column("finished_at", "string", "ISO 8601, UTC", "when the driver recorded it"),
)

RESULTS = (*_KEY_COLUMNS, *_STATE_COLUMNS, *CONFIGURATION_COLUMNS, *_metric_columns(),
           *_COST_COLUMNS)  # fmt: skip
"""Columns of results.parquet, in order."""

CURVES = (
    *_KEY_COLUMNS,
    Column("epoch", "int64", "optimiser steps", "epochs done at this evaluation"),
    Column("weight", "float64", "", "weight of the KL term in the training loss"),
    Column("train_bce", "float64", "nats per snippet", "mean over the epochs since the last row"),
    Column("train_kl_bars", "float64", "nats per snippet", "mean over the same epochs"),
    *(
        Column("validation_" + metric.name, _NULLABLE[metric.dtype], metric.unit, metric.meaning)
        for metric in METRICS
    ),
)
"""Columns of curves.parquet, in order."""


DECISIONS = (
    Column("study", "string", "", "name of the study"),
    Column("genre", "string", "", "genre that it was decided for"),
    Column("config_id", "string", "", "configuration that it was decided about"),
    Column("stage", "string", "", "proposal, search or race"),
    Column("seeds", "int64", "count", "seeds that it rests on"),
    Column("decision", "string", "", "proposed, in the Pareto set, promoted, passed "
           "over, kept or dropped"),
    Column("reason", "string", "", "why, in words"),
    Column("statistic", "Float64", "nats", "in stage search the mean of the first objective; in "
           "stage race the mean paired difference to the best, above 0 is worse"),
    Column("p_value", "Float64", "", "of the race's sign-flip test, uncorrected"),
)  # fmt: skip
"""Columns of decisions.parquet, in order: genre by genre as the study took them."""
