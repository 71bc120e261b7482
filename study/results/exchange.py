"""A study's export, and its way back into a home: to be reported on there, or extended.

An export is a folder: the spec (``study.yaml``), what the runs' music was (``genres.json``) and the
tables of :mod:`study.results.tables`. Models do not travel with it.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet as pq
from pyarrow import ArrowException

from musebar_core import marks, yamlfile
from musebar_core.config import Configuration
from musebar_core.corpus import OVERALL
from musebar_core.errors import UsageError
from musebar_core.marks import Kind
from study.home.studies import SPEC_FILE
from study.ledger.ledger import public
from study.ledger.record import GenreFacts, Record, SeedRun, StudyState
from study.ledger.result import Failure, RunMetrics, SeedRunResult, SeedRunState, read_epoch
from study.results.columns import (
    CURVES,
    GROWING,
    KEY,
    METRIC_PREFIXES,
    RESULTS,
    SCHEMA_VERSION,
    VERSION_KEY,
    Column,
    metrics_at,
)
from study.results.tables import write_table
from study.search import planner
from study.spec import specfile
from study.spec.model import Phase, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from musebar_core.metric_table import EpochMetrics
    from study.home.studies import Home, Study
    from study.results.tables import StudyTables
    from study.spec.model import StudySpec

GENRES_FILE = "genres.json"
"""Of each genre the facts that the study recorded: fingerprint, counts, baselines."""

_RUN = KEY[1:]
"""Columns that name a seed run within its study."""


def export(tables: StudyTables, record: Record, folder: Path) -> dict[str, int | None]:
    """Write an export into a folder, whole or not at all; what is not ours there stays.

    Returns
    -------
    dict
        Rows by name of file; None where a file is no table.

    Raises
    ------
    UsageError
        If a file of the same name is there that is not of an export as it was written.
    """
    frames = {"results": tables.results, "curves": tables.curves, "decisions": tables.decisions}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".musebar-", dir=folder.parent) as name:
        scratch = Path(name)
        for table, frame in frames.items():
            write_table(frame, scratch / f"{table}.parquet")
        others = [file.name for file in write(record, scratch)]
        marks.install(scratch, folder, Kind.EXPORT)
    rows: dict[str, int | None] = {f"{name}.parquet": len(frame) for name, frame in frames.items()}
    return rows | dict.fromkeys(others)


def write(record: Record, folder: Path) -> list[Path]:
    """Write what the tables do not hold into an export's folder: the spec and the facts."""
    spec, genres = folder / SPEC_FILE, folder / GENRES_FILE
    spec.write_text(yamlfile.dump(public(record.spec)))
    genres.write_text(json.dumps(record.facts, indent=1, sort_keys=True) + "\n")
    return [spec, genres]


def import_study(
    home: Home, folder: Path, overrides: Iterable[str] = (), name: str | None = None
) -> tuple[Study, int]:
    """Make a study of an export; it is stopped, and ``resume`` does what it lacks.

    Parameters
    ----------
    home
        Where the study will be.
    folder
        The export.
    overrides, name
        As of :func:`study.spec.specfile.load`: where the music is here, what the study is
        called here.

    Returns
    -------
    tuple
        The study, and how many seed runs it was given.

    Raises
    ------
    UsageError
        If the name is taken, a file is missing or none of an export's, or the runs are not of the
        configurations and seeds that the spec asks for.
    """
    if not (folder / SPEC_FILE).is_file():
        raise UsageError(f"{folder} holds no {SPEC_FILE}: name a folder of 'musebar study export'")
    spec = specfile.load(str(folder / SPEC_FILE), overrides, name)
    if spec.name in home.names():
        raise UsageError(f"study '{spec.name}' exists in {home.path}: give this one another --name")
    results, curves = _table(folder, "results", RESULTS), _table(folder, "curves", CURVES)
    runs = _runs(results, curves)
    configurations = _configurations(results)
    _check(spec, runs, configurations, folder)
    facts = _facts(folder)
    study = home.create(spec)
    study.ledger.add_configurations(spec.name, configurations.values())
    study.ledger.set_corpus(spec.name, None, facts)
    for run, result in runs.items():
        study.ledger.end(spec.name, run, result)
    study.ledger.set_state(spec.name, StudyState.STOPPED)
    return study, len(runs)


def _table(folder: Path, name: str, columns: tuple[Column, ...]) -> pd.DataFrame:
    file = folder / f"{name}.parquet"
    if not file.is_file():
        raise UsageError(f"{folder} holds no {file.name}: name a folder of 'musebar study export'")
    try:
        frame = pd.read_parquet(file)
    except (ArrowException, OSError, ValueError) as error:
        raise UsageError(f"{file} is no table: {str(error).splitlines()[0]}") from None
    _check_version(file)
    lacking = [column for column in columns if column.name not in frame]
    for column in lacking:
        if column.name not in GROWING:
            raise UsageError(f"{file} lacks the column '{column.name}': export the study again")
    return frame.assign(**{column.name: None for column in lacking})


def _check_version(file: Path) -> None:
    """Refuse a table of a schema that this product does not know."""
    version = int((pq.read_schema(file).metadata or {}).get(VERSION_KEY, b"1"))
    if version > SCHEMA_VERSION:
        raise UsageError(
            f"{file} has version {version} of the tables, and this product knows up to "
            f"{SCHEMA_VERSION}: use the product that wrote it, or a newer one"
        )


def _runs(results: pd.DataFrame, curves: pd.DataFrame) -> dict[SeedRun, SeedRunResult]:
    evaluated: dict[SeedRun, list[EpochMetrics]] = {}
    names = [column.name for column in CURVES if column.name not in KEY]
    for row in curves.sort_values("epoch").to_dict("records"):
        found = read_epoch({name: _plain(row[name]) for name in names})
        evaluated.setdefault(_run(row), []).append(found)
    return {
        run: _result(row, evaluated.get(run, []))
        for row in results.to_dict("records")
        for run in [_run(row)]
    }


def _run(row: Mapping[Any, Any]) -> SeedRun:
    genre, config_id, seed, phase = (row[name] for name in _RUN)
    return SeedRun(str(genre), str(config_id), int(seed), Phase(phase))


def _result(row: Mapping[Any, Any], curve: Iterable[EpochMetrics]) -> SeedRunResult:
    done = row["state"] == SeedRunState.DONE
    metrics = {
        prefix.rstrip("_"): {m.name: _plain(row[prefix + m.name]) for m in metrics_at(prefix)}
        for prefix in METRIC_PREFIXES
    }
    versions = _plain(row["versions"])
    return SeedRunResult(
        failure=None if done else Failure(_plain(row["failure"]) or "", kind=None),
        attempts=int(row["attempts"]),
        metrics=RunMetrics.from_dict(metrics if done else {}),
        curve=tuple(curve),
        best_epoch=_plain(row["best_epoch"]),
        seconds=_plain(row["seconds"]),
        node=_plain(row["node"]) or "",
        device=_plain(row["device"]) or "",
        versions=json.loads(versions) if versions else None,
        finished_at=_plain(row["finished_at"]) or "",
    )


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A cell as JSON has it: no missing value but None, no number but Python's."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _configurations(results: pd.DataFrame) -> dict[str, Configuration]:
    texts = results.drop_duplicates("config_id").set_index("config_id").config
    return {str(i): Configuration.from_dict(json.loads(text)) for i, text in texts.items()}


def _check(
    spec: StudySpec,
    runs: Iterable[SeedRun],
    configurations: Mapping[str, Configuration],
    folder: Path,
) -> None:
    """Refuse runs that the spec would never have made."""
    for name, configuration in configurations.items():
        if configuration.config_id != name:
            raise UsageError(f"{folder}: configuration {name} is not what its name says it is")
    fixed = {c.config_id for c in (*spec.methods.values(), *planner.grid_configurations(spec))}
    genres = spec.corpus.genres
    for run in runs:
        stranger = spec.search.protocol is Protocol.GRID and run.config_id not in fixed
        if stranger or configurations[run.config_id].grid != spec.grid:
            raise UsageError(
                f"{folder}: {SPEC_FILE} does not ask for configuration {run.config_id} of its "
                "results.parquet: they are not of one study"
            )
        if run.seed not in spec.seeds_of(run.phase):
            raise UsageError(
                f"{folder}: {SPEC_FILE} does not ask for seed {run.seed} in phase {run.phase}"
            )
        if genres is not None and run.genre not in {*genres, OVERALL}:
            raise UsageError(f"{folder}: {SPEC_FILE} does not ask for genre '{run.genre}'")


def _facts(folder: Path) -> dict[str, GenreFacts]:
    file = folder / GENRES_FILE
    if not file.is_file():
        raise UsageError(
            f"{folder} holds no {GENRES_FILE}, which says what music the runs had: name a folder "
            "of 'musebar study export'"
        )
    try:
        facts: dict[str, GenreFacts] = json.loads(file.read_text())
    except ValueError as error:
        raise UsageError(f"{file} is not valid JSON: {error}") from None
    return facts
