"""A study's export, and its way back into a home: to be reported on there, or extended.

An export is a folder: the spec (``study.yaml``), what the runs' music was (``genres.json``) and the
tables of :mod:`study.results.tables`. Models do not travel with it.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core import marks, yamlfile
from musebar_core.config import Configuration
from musebar_core.corpus import OVERALL
from musebar_core.errors import ConfigurationError, UsageError
from musebar_core.marks import Kind
from study.home.studies import SPEC_FILE
from study.ledger.ledger import public
from study.ledger.record import Record, SeedRun, StudyState
from study.ledger.result import Failure, RunMetrics, SeedRunResult, SeedRunState, read_epoch
from study.results import proposed
from study.results.columns import (
    CURVES,
    DECISIONS,
    METRIC_PREFIXES,
    RESULTS,
    metrics_at,
)
from study.results.exported import HINT, read_facts, read_table
from study.results.frames import write_tables
from study.search import planner
from study.spec import specfile
from study.spec.sections import GenreOrder, Phase, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from musebar_core.metric_table import EpochMetrics
    from study.home.studies import Home, Study
    from study.results.exported import Row
    from study.results.tables import StudyTables
    from study.spec.model import StudySpec

GENRES_FILE = "genres.json"
"""Of each genre the facts that the study recorded: fingerprint, counts, baselines."""

_AT_A_TIME = 500
"""Seed runs that are recorded in one transaction."""


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
    parts = {
        "results": [tables.results],
        "curves": tables.curve_chunks,
        "decisions": [tables.decisions],
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".musebar-", dir=folder.parent) as name:
        scratch = Path(name)
        files = ((f"{table}.parquet", frames) for table, frames in parts.items())
        rows: dict[str, int | None] = {
            file: write_tables(frames, scratch / file) for file, frames in files
        }
        others = [file.name for file in write(record, scratch)]
        marks.install(scratch, folder, Kind.EXPORT)
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
        raise UsageError(f"{folder} holds no {SPEC_FILE}: {HINT}")
    # no address is asked that only a file names
    here = ["storage={}", *_order(folder), *overrides]
    spec = specfile.load(str(folder / SPEC_FILE), here, name)
    if spec.name in home.names():
        raise UsageError(f"study '{spec.name}' exists in {home.path}: give this one another --name")
    results = read_table(folder, "results", RESULTS)
    curves = read_table(folder, "curves", CURVES)
    configurations = _configurations(results, folder)
    _check(spec, map(_run, results), configurations, folder)
    runs = _runs(results, curves, folder)
    facts = read_facts(folder / GENRES_FILE)
    generations = proposed.generations(spec, _decisions(folder), configurations, facts, folder)
    study = home.create(spec)
    study.ledger.add_configurations(spec.name, configurations.values())
    study.ledger.set_corpus(spec.name, None, facts)
    for (genre, number), proposals in generations.items():
        study.ledger.add_generation(spec.name, genre, number, proposals, ())
    left = iter(runs.items())
    while some := dict(itertools.islice(left, _AT_A_TIME)):
        study.ledger.end_all(spec.name, some)
    study.ledger.set_state(spec.name, StudyState.STOPPED)
    return study, len(runs)


def _decisions(folder: Path) -> list[Row]:
    """What an export says of its decisions, as far as proposals go; nothing in an older one."""
    needed = tuple(column for column in DECISIONS if column.name in proposed.COLUMNS)
    there = (folder / "decisions.parquet").exists()
    return read_table(folder, "decisions", needed) if there else []


def _order(folder: Path) -> list[str]:
    """How the genres of an older export go on, whose spec does not say it."""
    search = yamlfile.read_mapping(folder / SPEC_FILE, "spec").get("search")
    older = isinstance(search, dict) and "order" not in search
    return [f"search.order={GenreOrder.IN_TURN}"] if older else []


def _runs(results: list[Row], curves: list[Row], folder: Path) -> dict[SeedRun, SeedRunResult]:
    """The runs of an export; a row that stands twice is refused."""
    evaluated: dict[SeedRun, list[EpochMetrics]] = {_run(row): [] for row in results}
    if len(evaluated) < len(results):
        raise UsageError(f"{folder}: a seed run stands twice in its results.parquet")
    for row in sorted(curves, key=lambda row: row.whole("epoch")):
        curve = evaluated.get(_run(row))
        if curve is None:
            continue  # of a run that was taken out of the results
        if curve and curve[-1].epoch == row.whole("epoch"):
            raise UsageError(
                f"{folder}: epoch {row.whole('epoch')} of seed run {_said(row)} "
                "stands twice in its curves.parquet"
            )
        curve.append(read_epoch(row.cells))
    return {_run(row): _result(row, evaluated[_run(row)], folder) for row in results}


def _run(row: Row) -> SeedRun:
    genre, config_id, phase = map(row.text, ("genre", "config_id", "phase"))
    return SeedRun(genre, config_id, row.whole("seed"), Phase(phase))


def _said(row: Row) -> str:
    return "/".join(map(str, _run(row)))


def _result(row: Row, curve: Iterable[EpochMetrics], folder: Path) -> SeedRunResult:
    done = row.text("state") != SeedRunState.FAILED
    metrics = {
        prefix.rstrip("_"): {m.name: row.cells[prefix + m.name] for m in metrics_at(prefix)}
        for prefix in METRIC_PREFIXES
    }
    if done and None in (row.number("validation_bce"), row.number("test_bce")):
        raise UsageError(f"{folder}: seed run {_said(row)} is done without BCE")
    return SeedRunResult(
        failure=None if done else Failure(row.text("failure"), kind=None),
        attempts=row.whole("attempts"),
        metrics=RunMetrics.from_dict(metrics if done else {}),
        curve=tuple(curve),
        best_epoch=None if row.cells["best_epoch"] is None else row.whole("best_epoch"),
        seconds=row.number("seconds"),
        node=row.text("node"),
        device=row.text("device"),
        versions=_versions(row.text("versions"), folder),
        finished_at=row.text("finished_at"),
    )


def _versions(text: str, folder: Path) -> dict[str, str] | None:
    if not text:
        return None
    found = _json(text, folder, "versions")
    return {str(name): str(version) for name, version in found.items()}


def _configurations(results: list[Row], folder: Path) -> dict[str, Configuration]:
    texts = {(row.text("config_id"), row.text("config")) for row in results}
    found = {}
    for name, text in sorted(texts):
        try:
            found[name] = Configuration.from_dict(_json(text, folder, "config"))
        except ConfigurationError as error:
            raise UsageError(f"{folder}: configuration {name}: {error}") from None
        if found[name].config_id != name:
            raise UsageError(f"{folder}: configuration {name} is not what its name says it is")
    return found


def _json(text: str, folder: Path, column: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{folder}: {column} {text[:40]!r} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{folder}: {column} {text[:40]!r} is no mapping")
    return found


def _check(
    spec: StudySpec,
    runs: Iterable[SeedRun],
    configurations: Mapping[str, Configuration],
    folder: Path,
) -> None:
    """Refuse runs that the spec would never have made."""
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
