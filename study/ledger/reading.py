"""Reading a ledger: all of a study as plain values, its curves as they are taken, and counts."""

from __future__ import annotations

import itertools
import json
from contextlib import contextmanager
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from musebar_core.errors import StudyError
from study.ledger import rows, schema
from study.ledger.result import SeedRunState
from study.spec.sections import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from musebar_core.metric_table import EpochMetrics
    from study.ledger.record import SeedRun
    from study.ledger.result import SeedRunResult

    Curve = tuple[EpochMetrics, ...]


class Runs(Enum):
    """What is read of the seed runs that have ended."""

    NONE = auto()
    FOR_PLANS = auto()
    """What plans and progress depend on: of the metrics those on validation alone."""
    WITHOUT_CURVES = auto()
    WITH_CURVES = auto()


_AT_A_TIME = 500
"""Rows that are fetched at a time where there may be very many."""

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
"""What reading a row raises that was not written by :mod:`study.ledger.rows`."""

SNAPSHOT = {
    "sqlite": "BEGIN",  # else each statement sees the database of its own moment
    "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}


@contextmanager
def readable(study: str) -> Iterator[None]:
    """Say of a row that cannot be read whose it is, and what to do."""
    try:
        yield
    except _UNREADABLE as error:
        raise StudyError(
            f"the ledger of study '{study}' holds what no musebar writes "
            f"({type(error).__name__}: {error}): bring it back from a copy"
        ) from error


def ended(db: sa.Connection, study: str, kept: Runs) -> dict[SeedRun, SeedRunResult]:
    """The seed runs that have ended, in the order of their keys."""
    table = schema.seed_runs
    if kept is Runs.NONE:
        return {}
    columns: list[sa.ColumnElement[Any]] = [
        c for c in table.c if c is not table.c.curve or kept is Runs.WITH_CURVES
    ]
    read = rows.result
    if kept is Runs.FOR_PLANS:
        columns = [c for c in columns if c not in {table.c.metrics, table.c.versions}]
        columns.append(table.c.metrics["validation"].label("validation"))
        read = rows.result_for_plans
    query = sa.select(*columns).where(table.c.study == study).order_by(*table.primary_key.columns)
    return {rows.seed_run(row): read(row) for row in _taken(db, query)}


def _taken(db: sa.Connection, query: sa.Select[Any]) -> Iterator[dict[str, Any]]:
    """Rows as they are taken, each a dict: SQLAlchemy's own mapping is slow to look into."""
    found = db.execute(query.execution_options(yield_per=_AT_A_TIME))
    names = tuple(found.keys())
    return (dict(zip(names, row, strict=True)) for row in found)


def curves(
    db: sa.Connection, study: str, key: Mapping[str, str]
) -> Iterator[tuple[SeedRun, Curve]]:
    """Curves in the order of their keys, read as they are taken; ``key`` narrows them down."""
    table = schema.seed_runs
    where = [table.c[name] == value for name, value in {"study": study, **key}.items()]
    query = sa.select(*table.primary_key.columns, table.c.curve).where(*where)
    for row in _taken(db, query.order_by(*table.primary_key.columns)):
        with readable(study):
            read = rows.seed_run(row), rows.curve(row)
        yield read


def ended_counts(db: sa.Connection, study: str) -> dict[tuple[str, Phase, SeedRunState], int]:
    """How many seed runs have ended, by genre, phase and state."""
    table = schema.seed_runs.c
    by = (table.genre, table.phase, table.state)
    query = sa.select(*by, sa.func.count()).where(table.study == study).group_by(*by)
    with readable(study):
        return {
            (genre, Phase(phase), SeedRunState(state)): count
            for genre, phase, state, count in db.execute(query)
        }


_STORED: dict[type[sa.types.TypeEngine[Any]], tuple[str, ...]] = {
    sa.Integer: ("integer",),
    sa.Float: ("real", "integer"),
    sa.String: ("text",),
    sa.JSON: ("text",),
}
"""How SQLite holds what a column of a type is for."""


def check_runs(db: sa.Connection, study: str) -> None:
    """Look at a study's seed runs without reading them, for those who only count.

    SQLite keeps whatever it is given; of the other databases each column is of its type. Metrics
    that differ from others' in their digits alone are taken to be as good as those.

    Raises
    ------
    StudyError
        If a cell is not what :func:`study.ledger.rows.result_row` writes.
    """
    if db.dialect.name != "sqlite":
        return
    table = schema.seed_runs
    other = [_is_other(column) for column in table.c if column is not table.c.curve]
    metrics = sa.cast(table.c.metrics, sa.LargeBinary)
    query = sa.select(sa.or_(*other), metrics).where(table.c.study == study)
    shapes: set[bytes] = set()
    with readable(study):
        taken = db.execute(query.execution_options(yield_per=_AT_A_TIME))
        for is_other, cell in itertools.chain.from_iterable(taken.partitions()):
            if is_other:
                raise TypeError("a cell of a seed run")
            if cell is not None and (shape := cell.translate(None, _DIGITS)) not in shapes:
                rows.check_metrics(json.loads(cell))
                shapes.add(shape)


_DIGITS = b"0123456789"


def _is_other(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Whether SQLite holds something else in a cell than its column is for."""
    kind = next(kind for kind in _STORED if isinstance(column.type, kind))
    held = _STORED[kind] + (("null",) if column.nullable else ())
    return sa.and_(*(sa.func.typeof(column) != one for one in held))  # NOT IN takes thrice as long


def commonest_failure(db: sa.Connection, study: str) -> str:
    """Why most of the seed runs failed that did, of several the first; empty where none did."""
    table = schema.seed_runs.c
    query = sa.select(table.failure).where(table.study == study, table.failure.is_not(None))
    often, first = sa.func.count().desc(), sa.func.min(table.finished_at)
    return db.scalar(query.group_by(table.failure).order_by(often, first).limit(1)) or ""
