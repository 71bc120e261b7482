"""A study as tables: its ledger flattened into the columns of :mod:`study.results.columns`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from musebar_core import settings
from study.home.studies import Home
from study.ledger import lease
from study.ledger.record import StudyState
from study.results.columns import (
    BASELINES,
    CURVES,
    DECISIONS,
    METRIC_PREFIXES,
    RESULTS,
    SETTING_COLUMNS,
    metrics_at,
)
from study.results.curves import CurvesField, StoredCurves, curve_frame
from study.results.frames import frame_of, write_table
from study.search import planner
from study.search.decisions import decisions
from study.search.evidence import genres_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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
    "stored_tables",
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
        One row an evaluated epoch of a done run; columns
        :data:`study.results.columns.CURVES`. Those of a study of a home are read each time they are
        asked for: :meth:`curves_of` reads one configuration's.
    genres
        One row a genre: ``genre``, ``fingerprint``, and for each split ``train``,
        ``validation``, ``test`` the counts ``SPLIT_songs``, and for validation and test
        ``SPLIT_snippets`` (N).
    baselines
        One row a genre, split (``validation``, ``test``; ``curve`` for the snippets of evaluations
        on the way, where these are fewer) and baseline: columns ``genre``, ``split``, ``baseline``
        (one of :data:`BASELINES`), ``bce``.
    planned
        One row a genre, config_id, phase: ``n_seeds`` planned so far.
    decisions
        One row a decision about a configuration; columns :data:`DECISIONS`.
    corpus_path
        Where its corpus is; None where that is not known here.
    complete
        Whether every run that it asks for has ended, whatever its state says: an imported study is
        stopped, and may lack nothing.
    """

    name: str
    state: StudyState
    spec: StudySpec
    results: pd.DataFrame
    if TYPE_CHECKING:
        curves: pd.DataFrame
    else:
        curves: pd.DataFrame = CurvesField()
    genres: pd.DataFrame
    baselines: pd.DataFrame
    planned: pd.DataFrame
    decisions: pd.DataFrame = field(default_factory=lambda: frame_of([], DECISIONS))
    corpus_path: str | None = None
    complete: bool = False

    @property
    def standing(self) -> StudyState:
        """Where it stands for a reader: finished where no further run will change what it says."""
        return StudyState.FINISHED if self.complete else self.state

    def curves_of(
        self, genre: str, config_id: str, phase: str, names: Collection[str] | None = None
    ) -> pd.DataFrame:
        """Rows of the curves that are of a configuration in a genre and phase.

        ``names`` are the columns that are wanted; None: all of
        :data:`study.results.columns.CURVES`.
        """
        held = vars(self)["curves"]
        columns = tuple(one for one in CURVES if names is None or one.name in names)
        if isinstance(held, StoredCurves):
            return held.of(genre, config_id, phase, columns)
        wanted = (
            (held["genre"] == genre) & (held["config_id"] == config_id) & (held["phase"] == phase)
        )
        found: pd.DataFrame = held[wanted]
        return found if names is None else found[[one.name for one in columns]]

    @property
    def curve_chunks(self) -> Iterable[pd.DataFrame]:
        """The curves, some at a time where they are still in a ledger."""
        held = vars(self)["curves"]
        return held.chunks() if isinstance(held, StoredCurves) else [held]


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
    return stored_tables(study, study.ledger.read(name))


def stored_tables(study: Study, record: Record) -> StudyTables:
    """Tables of a study's record that was read without curves: these stay in its ledger."""
    curves = StoredCurves.of_record(study.name, study.ledger, record)
    return _tables(study.name, record, state_of(study), curves)


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
    curves = []
    for run in sorted(record.ended):
        curve = record.ended[run].curve
        if curve is None:
            raise ValueError("the tables of a study need its curves: read the ledger with them")
        curves.append((run, curve))
    return _tables(name, record, state, curve_frame(name, record, curves))


def _tables(
    name: str, record: Record, state: StudyState, curves: pd.DataFrame | StoredCurves
) -> StudyTables:
    plan = planner.plan(record)
    return StudyTables(
        name=name,
        state=state,
        spec=record.spec,
        results=_results(name, record),
        curves=cast("pd.DataFrame", curves),  # the field holds either
        genres=_genres(record),
        baselines=_baselines(record),
        planned=_planned(plan, record),
        decisions=frame_of([{"study": name} | asdict(d) for d in decisions(record)], DECISIONS),
        corpus_path=record.corpus_path,
        complete=plan.done,
    )


def _results(study: str, record: Record) -> pd.DataFrame:
    """Flatten the runs column by column: rows of a large study would take gigabytes."""
    runs = sorted(record.ended)
    results = [record.ended[run] for run in runs]
    dtypes = {column.name: column.dtype for column in RESULTS}
    found: dict[str, pd.Series[Any]] = {}
    for part in (
        _keys(study, runs),
        _states(record, runs),
        _settings(record, runs),
        *(_metrics(record, runs, prefix) for prefix in METRIC_PREFIXES),
        _costs(results),
    ):
        for name, values in part:
            found[name] = pd.Series(values, dtype=dtypes[name])
    return pd.DataFrame({name: found[name] for name in dtypes})


Part = Iterator[tuple[str, list[Any]]]
"""Columns of the results, one after the other."""


def _keys(study: str, runs: Sequence[SeedRun]) -> Part:
    yield "study", [study] * len(runs)
    for name in ("genre", "config_id", "seed"):
        yield name, [getattr(run, name) for run in runs]
    yield "phase", [str(run.phase) for run in runs]


def _states(record: Record, runs: Sequence[SeedRun]) -> Part:
    methods = planner.methods_of(record.spec)
    results = [record.ended[run] for run in runs]
    states = [record.run_state(run) or record.ended[run].state for run in runs]
    yield "method", [methods.get(run.config_id) for run in runs]
    yield "state", list(map(str, states))
    yield "failure", [one.failure and one.failure.message for one in results]
    yield "attempts", [one.attempts for one in results]


def _settings(record: Record, runs: Sequence[SeedRun]) -> Part:
    flat = {
        config_id: {**settings.values(one), "config": one.canonical_json()}
        for config_id, one in record.configurations.items()
    }
    for column in SETTING_COLUMNS:
        yield column.name, [flat[run.config_id].get(column.name) for run in runs]


def _metrics(record: Record, runs: Sequence[SeedRun], prefix: str) -> Part:
    held = prefix.rstrip("_")
    split = held.removeprefix("last_")
    judged = [
        None if found is None else record.judged(run.genre, split, found)
        for run in runs
        for found in [getattr(record.ended[run].metrics, held)]
    ]
    for metric in metrics_at(prefix):
        values = [None if one is None else getattr(one, metric.name, None) for one in judged]
        yield prefix + metric.name, values


def _costs(results: Sequence[SeedRunResult]) -> Part:
    for name in ("best_epoch", "seconds", "node", "device"):
        yield name, [getattr(one, name) for one in results]
    yield "versions", [_versions(one.versions) for one in results]
    for name in ("checkpoint", "finished_at"):
        yield name, [getattr(one, name) for one in results]


def _versions(found: Mapping[str, str] | None) -> str | None:
    return sys.intern(json.dumps(found, sort_keys=True)) if found else None


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


def _planned(plan: planner.Plan, record: Record) -> pd.DataFrame:
    """Count what is planned so far, and what was brought from elsewhere, planned or not."""
    counts: dict[tuple[str, str, str], int] = {}
    for run in dict.fromkeys((*plan.planned, *record.ended)):
        key = (run.genre, run.config_id, str(run.phase))
        counts[key] = counts.get(key, 0) + 1
    rows = [(*key, count) for key, count in counts.items()]
    return pd.DataFrame(rows, columns=["genre", "config_id", "phase", "n_seeds"])
