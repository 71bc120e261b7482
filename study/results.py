"""The schema of results: what every column of the exported tables means.

``results.parquet`` has one row a seed run, ``curves.parquet`` one row an evaluated epoch.
This module is the only place where their columns are written down; the ledger is flattened
into them here, and reports, recommendations and users' notebooks read them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from study import lease, planner
from study.decisions import decisions
from study.evidence import genres_of
from study.home import Home
from study.record import State

if TYPE_CHECKING:
    from pathlib import Path

    from musebar_core.config import Configuration
    from study.files import Place
    from study.home import Study
    from study.record import Ended, Record, SeedRun

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


@dataclass(frozen=True)
class StudyTables:
    """A study as tables: all that reports and recommendations read.

    Attributes
    ----------
    name
        The study.
    state
        ``created``, ``running``, ``stopped``, ``finished`` or ``interrupted``.
    spec
        The resolved spec, as plain data; ``corpus.path`` is where the corpus was built.
    results
        One row a seed run that has ended (done or failed); columns :data:`RESULTS`.
    curves
        One row an evaluated epoch of a done run; columns :data:`CURVES`.
    genres
        One row a genre: ``genre``, ``fingerprint``, and for each split ``train``,
        ``validation``, ``test`` the counts ``SPLIT_songs``, and for validation and test
        ``SPLIT_snippets`` (N).
    baselines
        One row a genre, split (``validation``, ``test``) and baseline: columns ``genre``,
        ``split``, ``baseline`` (one of :data:`BASELINES`), ``bce``.
    planned
        One row a genre, config_id, phase: ``n_seeds`` planned so far.
    decisions
        One row a decision about a configuration; columns :data:`DECISIONS`.
    """

    name: str
    state: str
    spec: dict[str, Any]
    results: pd.DataFrame
    curves: pd.DataFrame
    genres: pd.DataFrame
    baselines: pd.DataFrame
    planned: pd.DataFrame
    decisions: pd.DataFrame = field(default_factory=lambda: _frame([], DECISIONS))


def study_names(home: Place) -> list[str]:
    """Names of the studies in a home, newest first."""
    return Home(home).names()


def load_tables(home: Place, name: str) -> StudyTables:
    """Read a study of a home as tables.

    Raises
    ------
    UnknownNameError
        If there is no such study.
    """
    study = Home(home).open(name)
    return tables(name, study.ledger.read(name, curves=True), state_of(study))


def _curve(record: Record, run: SeedRun) -> list[dict[str, Any]]:
    curve = record.ended[run].curve
    if curve is None:
        raise ValueError("the tables of a study need its curves: read the ledger with them")
    return curve


def state_of(study: Study) -> str:
    """State of a study: as recorded, but ``interrupted`` where its driver is gone."""
    state = study.ledger.read_state(study.name)
    if state == State.RUNNING:
        held = lease.holder(study.ledger, study.name)
        if held is None or held.gone:
            return "interrupted"
    return state


def tables(name: str, record: Record, state: str) -> StudyTables:
    """Flatten a record, read with its curves, into tables, rows in the order of their keys."""
    methods = planner.methods_of(record.spec)
    runs = sorted(record.ended)
    spec = record.spec.model_dump(mode="json")
    spec["corpus"]["path"] = record.corpus_path
    flat = {name: _flat_configuration(one) for name, one in record.configurations.items()}
    results = [_result(name, run, record, (methods, flat)) for run in runs]
    curves = [_key(name, run) | row for run in runs for row in _curve(record, run)]
    return StudyTables(
        name=name,
        state=state,
        spec=spec,
        results=_frame(results, RESULTS),
        curves=_frame(curves, CURVES),
        genres=_genres(record),
        baselines=_baselines(record),
        planned=_planned(record),
        decisions=_frame([{"study": name} | asdict(d) for d in decisions(record)], DECISIONS),
    )


def write_table(frame: pd.DataFrame, path: Path) -> Path:
    """Write a table as Parquet, the schema's version in its metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = (table.schema.metadata or {}) | {b"musebar_schema": str(SCHEMA_VERSION).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def _key(study: str, run: SeedRun) -> dict[str, Any]:
    return {"study": study} | run._asdict() | {"phase": str(run.phase)}


def _result(
    study: str,
    run: SeedRun,
    record: Record,
    known: tuple[dict[str, str], dict[str, dict[str, Any]]],
) -> dict[str, Any]:
    """Flatten one run; ``known`` are method names and flat configurations by config_id."""
    ended, (methods, flat) = record.ended[run], known
    return (
        _key(study, run)
        | {"method": methods.get(run.config_id), "state": "done" if ended.done else "failed",
           "failure": ended.failure, "attempts": ended.attempts}
        | flat[run.config_id]
        | {f"{split}_{metric}": value for split, metrics in ended.metrics.items()
           for metric, value in metrics.items()}
        | _cost(ended)
    )  # fmt: skip


def _flat_configuration(configuration: Configuration) -> dict[str, Any]:
    grid, model = configuration.grid, configuration.model
    annealing, training = configuration.annealing, configuration.training
    return {
        "latent_length": model.latent_length, "regularizers": model.regularizers,
        "bars": grid.bars, "annealing": str(annealing.kind), "annealing_start": annealing.start,
        "annealing_length": annealing.length, "annealing_cycles": annealing.cycles,
        "annealing_ratio": annealing.ratio, "free_bits": training.free_bits,
        "input_dropout": training.input_dropout, "hidden": model.hidden, "layers": model.layers,
        "snippet_steps": grid.snippet_steps, "steps_per_bar": grid.steps_per_bar,
        "steps_per_quarter": grid.steps_per_quarter, "epochs": training.epochs,
        "batch": str(training.batch), "learning_rate": training.learning_rate,
        "config": configuration.canonical_json(),
    }  # fmt: skip


def _cost(ended: Ended) -> dict[str, Any]:
    versions = json.dumps(ended.versions, sort_keys=True) if ended.versions else None
    return {
        "best_epoch": ended.best_epoch, "seconds": ended.seconds, "node": ended.node,
        "device": ended.device, "versions": versions, "checkpoint": ended.checkpoint,
        "finished_at": ended.finished_at,
    }  # fmt: skip


def _frame(rows: list[dict[str, Any]], columns: tuple[Column, ...]) -> pd.DataFrame:
    return pd.DataFrame({
        column.name: pd.Series([row.get(column.name) for row in rows], dtype=column.dtype)
        for column in columns
    })  # fmt: skip


def _genres(record: Record) -> pd.DataFrame:
    return pd.DataFrame([
        {"genre": genre} | {k: v for k, v in record.facts[genre].items() if k != "baselines"}
        for genre in genres_of(record)
    ])  # fmt: skip


def _baselines(record: Record) -> pd.DataFrame:
    rows = [
        {"genre": genre, "split": split, "baseline": baseline, "bce": bces[baseline]}
        for genre in genres_of(record)
        for split, bces in record.facts[genre]["baselines"].items()
        for baseline in BASELINES
    ]
    return pd.DataFrame(rows, columns=["genre", "split", "baseline", "bce"])


def _planned(record: Record) -> pd.DataFrame:
    counts: dict[tuple[str, str, str], int] = {}
    for run in planner.plan(record).planned:
        key = (run.genre, run.config_id, str(run.phase))
        counts[key] = counts.get(key, 0) + 1
    rows = [(*key, count) for key, count in counts.items()]
    return pd.DataFrame(rows, columns=["genre", "config_id", "phase", "n_seeds"])
