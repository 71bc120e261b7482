"""A study as tables: its ledger flattened into the columns of :mod:`study.results.columns`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from musebar_core import settings
from study.home.studies import Home
from study.ledger import lease
from study.ledger.record import StudyState
from study.ledger.result import flat_epoch
from study.results.columns import (
    BASELINES,
    CURVES,
    DECISIONS,
    RESULTS,
    SCHEMA_VERSION,
    VERSION_KEY,
    Column,
)
from study.search import planner
from study.search.decisions import decisions
from study.search.evidence import genres_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from musebar_core.config import Configuration
    from study.home.files import AnyPath
    from study.home.studies import Study
    from study.ledger.record import Record, SeedRun
    from study.ledger.result import SeedRunResult
    from study.spec.model import StudySpec


__all__ = [
    "StudyState",
    "StudyTables",
    "load_tables",
    "state_of",
    "study_names",
    "tables",
    "write_table",
]


@dataclass(frozen=True)
class StudyTables:
    """A study as tables: all that reports and recommendations read.

    Attributes
    ----------
    name
        The study.
    state
        Where it stands.
    spec
        What it was asked, resolved.
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
    corpus_path
        Where its corpus is; None where that is not known here.
    """

    name: str
    state: StudyState
    spec: StudySpec
    results: pd.DataFrame
    curves: pd.DataFrame
    genres: pd.DataFrame
    baselines: pd.DataFrame
    planned: pd.DataFrame
    decisions: pd.DataFrame = field(default_factory=lambda: _frame([], DECISIONS))
    corpus_path: str | None = None


def study_names(home: AnyPath) -> list[str]:
    """Names of the studies in a home, newest first."""
    return Home(home).names()


def load_tables(home: AnyPath, name: str) -> StudyTables:
    """Read a study of a home as tables.

    Raises
    ------
    UnknownNameError
        If there is no such study.
    """
    study = Home(home).open(name)
    return tables(name, study.ledger.read(name, curves=True), state_of(study))


def _curve(record: Record, run: SeedRun) -> Iterator[dict[str, object]]:
    curve = record.ended[run].curve
    if curve is None:
        raise ValueError("the tables of a study need its curves: read the ledger with them")
    for row in curve:
        judged = record.judged(run.genre, "validation", row.validation)
        yield flat_epoch(replace(row, validation=judged))


def state_of(study: Study) -> StudyState:
    """Where a study stands: as recorded, or interrupted where its driver is gone."""
    state = study.ledger.read_state(study.name)
    if state is StudyState.RUNNING:
        held = lease.holder(study.ledger, study.name)
        if held is None or held.gone:
            return StudyState.INTERRUPTED
    return state


def tables(name: str, record: Record, state: StudyState) -> StudyTables:
    """Flatten a record, read with its curves, into tables, rows in the order of their keys."""
    methods = planner.methods_of(record.spec)
    runs = sorted(record.ended)
    flat = {name: _flat_configuration(one) for name, one in record.configurations.items()}
    results = [_result(name, run, record, (methods, flat)) for run in runs]
    curves = [_key(name, run) | row for run in runs for row in _curve(record, run)]
    return StudyTables(
        name=name,
        state=state,
        spec=record.spec,
        results=_frame(results, RESULTS),
        curves=_frame(curves, CURVES),
        genres=_genres(record),
        baselines=_baselines(record),
        planned=_planned(record),
        decisions=_frame([{"study": name} | asdict(d) for d in decisions(record)], DECISIONS),
        corpus_path=record.corpus_path,
    )


def write_table(frame: pd.DataFrame, path: Path) -> Path:
    """Write a table as Parquet, the schema's version in its metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = (table.schema.metadata or {}) | {VERSION_KEY: str(SCHEMA_VERSION).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def _key(study: str, run: SeedRun) -> dict[str, object]:
    return {"study": study, **run._asdict(), "phase": str(run.phase)}


def _result(
    study: str,
    run: SeedRun,
    record: Record,
    known: tuple[dict[str, str], dict[str, dict[str, object]]],
) -> dict[str, object]:
    """Flatten one run; ``known`` are method names and flat configurations by config_id."""
    result, (methods, flat) = record.ended[run], known
    return (
        _key(study, run)
        | {
            "method": methods.get(run.config_id),
            "state": str(record.run_state(run) or result.state),
            "failure": result.failure and result.failure.message,
            "attempts": result.attempts,
        }
        | flat[run.config_id]
        | {
            f"{name}_{metric}": value
            for name, metrics in result.metrics.items()
            for metric, value in record.judged(run.genre, name.removeprefix("last_"), metrics)
            ._asdict()
            .items()
        }
        | _cost(result)
    )


def _flat_configuration(configuration: Configuration) -> dict[str, object]:
    return {**settings.values(configuration), "config": configuration.canonical_json()}


def _cost(result: SeedRunResult) -> dict[str, object]:
    versions = json.dumps(result.versions, sort_keys=True) if result.versions else None
    return {
        "best_epoch": result.best_epoch,
        "seconds": result.seconds,
        "node": result.node,
        "device": result.device,
        "versions": versions,
        "checkpoint": result.checkpoint,
        "finished_at": result.finished_at,
    }


def _frame(rows: list[dict[str, object]], columns: tuple[Column, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            column.name: pd.Series([row.get(column.name) for row in rows], dtype=column.dtype)
            for column in columns
        }
    )


def _genres(record: Record) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"genre": genre} | {k: v for k, v in record.facts[genre].items() if k != "baselines"}
            for genre in genres_of(record)
        ]
    )


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
