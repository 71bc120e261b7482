"""The ledger's tables, and their version.

A database says which version of the tables it holds and who made them. One of another version is
refused by name before anything is read from it or written. Every table is named after the product,
so that Optuna's own may stand beside them.
"""

from __future__ import annotations

import importlib.metadata
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from musebar_core.errors import StudyError, UsageError
from study.ledger.database import shown

if TYPE_CHECKING:
    from study.ledger.database import Database

SCHEMA_VERSION = 2
"""Goes up with every change of the tables below but two: a new table needs none, and no more does
a column that may be null, which is added to the tables that lack it. An older product goes on
without either."""


def _text(length: int) -> sa.String:
    """A key column, in the order of its bytes whatever the database's language."""
    plain = sa.String(length)
    return plain.with_variant(sa.String(length, collation="C"), "postgresql")


_metadata = sa.MetaData()
_NAME = _text(255)
_ID = _text(12)

studies = sa.Table(
    "musebar_studies",
    _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("spec", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("stop_requested", sa.Boolean, nullable=False, default=False),
    sa.Column("corpus_path", sa.Text),
    sa.Column("created_at", sa.String(32), nullable=False),
)
genres = sa.Table(
    "musebar_genres",
    _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("genre", _NAME, primary_key=True),
    sa.Column("facts", sa.JSON, nullable=False),
)
configurations = sa.Table(
    "musebar_configurations",
    _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("config_id", _ID, primary_key=True),
    sa.Column("config", sa.JSON, nullable=False),
)
proposals = sa.Table(
    "musebar_proposals",
    _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("genre", _NAME, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("config_id", _ID),  # null closes a generation that found nothing more to propose
    sa.Column("parameters", sa.JSON),
    sa.Column("origin", sa.Text),
    sa.UniqueConstraint("study", "genre", "config_id"),
)
seed_runs = sa.Table(
    "musebar_seed_runs",
    _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("genre", _NAME, primary_key=True),
    sa.Column("config_id", _ID, primary_key=True),
    sa.Column("seed", sa.Integer, primary_key=True),
    sa.Column("phase", _text(16), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("failure", sa.Text),
    sa.Column("failure_kind", sa.String(32)),  # null: done, or recorded before there were kinds
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("metrics", sa.JSON),
    sa.Column("curve", sa.JSON),
    sa.Column("best_epoch", sa.Integer),
    sa.Column("seconds", sa.Float),
    sa.Column("node", sa.String(256)),
    sa.Column("device", sa.String(64)),
    sa.Column("versions", sa.JSON),
    sa.Column("checkpoint", sa.Text),
    sa.Column("finished_at", sa.String(32), nullable=False),
)
failed_attempts = sa.Table(
    "musebar_failed_attempts",
    _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("genre", _NAME, primary_key=True),
    sa.Column("config_id", _ID, primary_key=True),
    sa.Column("seed", sa.Integer, primary_key=True),
    sa.Column("phase", _text(16), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("kind", sa.String(32)),  # null: recorded before there were kinds
    sa.Column("failed_at", sa.String(32), nullable=False),
)

leases = sa.Table(
    "musebar_leases",
    _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("holder", sa.String(32), nullable=False),
    sa.Column("host", sa.String(256), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("process_start", sa.Float, nullable=False),
    sa.Column("beat", sa.Integer, nullable=False),
    sa.Column("beat_at", sa.Float),  # by the database's clock, in seconds
)
"""Who drives which study; :mod:`study.ledger.lease` keeps it."""

_versions = sa.Table(
    "musebar_schema",
    _metadata,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("written_by", sa.String(64), nullable=False),  # musebar's own version
)


def of_studies() -> list[sa.Table]:
    """Tables whose rows are a study's, but for :data:`leases`, which is its driver's."""
    return [t for t in _metadata.sorted_tables if "study" in t.c and t is not leases]


_ATTEMPTS = 5
"""Times that tables are made or found before it counts as a failure."""


def set_up(database: Database) -> None:
    """Make the tables in a database that has none yet; check the version of those that are there.

    Raises
    ------
    UsageError
        If the tables are another version's.
    StudyError
        If the database fails.
    """
    for attempt in range(_ATTEMPTS):
        try:
            _set_up(database)
        except StudyError:  # another process may be making them at the same moment
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.05 * attempt)
        else:
            return


def _set_up(database: Database) -> None:
    with database.begin() as db:
        _check(sa.inspect(db), db, shown(database.url))
        for table in _metadata.sorted_tables:
            db.execute(CreateTable(table, if_not_exists=True))
        _grow(db)
        if db.execute(sa.select(_versions)).first() is None:
            row = {"version": SCHEMA_VERSION, "written_by": _musebar()}
            db.execute(_versions.insert(), row)


def _grow(db: sa.Connection) -> None:
    """Add the columns that a table made by an older product lacks."""
    there = sa.inspect(db)
    for table in (seed_runs, failed_attempts):
        known = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                kind = column.type.compile(db.dialect)
                db.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}")


def _check(there: sa.Inspector, db: sa.Connection, where: str) -> None:
    """Refuse tables that these statements do not fit; none at all are fine."""
    if there.has_table(_versions.name):
        found = db.execute(sa.select(_versions)).first()
        if found is not None and found.version != SCHEMA_VERSION:
            raise UsageError(
                f"the ledger {where} was written by musebar {found.written_by} (schema "
                f"{found.version}), and this is musebar {_musebar()} (schema {SCHEMA_VERSION}): "
                f"use musebar-study=={found.written_by} for its studies, or name another "
                "storage.ledger for new ones"
            )
        return
    old = "studies"  # the name of ours before tables had a version, and of one of Optuna's
    if there.has_table(old) and "study" in {c["name"] for c in there.get_columns(old)}:
        raise UsageError(
            f"the ledger {where} was written by an older musebar, from before ledgers had a "
            "version: use that one for its studies, or launch them anew in another home or "
            "storage.ledger"
        )


def _musebar() -> str:
    return importlib.metadata.version("musebar-study")
