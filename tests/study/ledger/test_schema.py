"""What becomes of a database whose tables another version of the product made."""

from __future__ import annotations

import importlib.metadata
import uuid
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from musebar_core.errors import StudyError, UsageError
from study.ledger import schema
from study.ledger.database import Database
from study.ledger.ledger import Ledger, now
from study.ledger.record import StudyState
from study.ledger.result import FailureKind, SeedRunState
from study.ledger.schema import SCHEMA_VERSION, failed_attempts, seed_runs
from study.spec.sections import Phase

HERE = importlib.metadata.version("musebar-study")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def change(url):
    """Runs SQL on a ledger, as another version would have left it."""

    def run(*statements: str) -> None:
        Ledger(url).close()
        database = Database(url)
        with database.begin() as db:
            for statement in statements:
                db.exec_driver_sql(statement)
        database.close()

    return run


def refused(url):
    with pytest.raises(UsageError) as caught:
        Ledger(url)
    assert "correct-horse" not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def versions(url):
    database = Database(url)
    with database.begin() as db:
        found = [tuple(row) for row in db.exec_driver_sql("SELECT * FROM musebar_schema")]
    database.close()
    return found


def test_a_ledger_says_its_version_once_and_opens_again(url):
    for _ in range(2):
        Ledger(url).close()
    assert versions(url) == [(SCHEMA_VERSION, HERE)]


def test_a_ledger_of_a_newer_version_names_it_and_what_to_install(url, change):
    change("UPDATE musebar_schema SET version = 7, written_by = '9.1'")
    said = refused(url)
    assert f"was written by musebar 9.1 (schema 7), and this is musebar {HERE}" in said
    assert "use musebar-study==9.1 for its studies" in said


def test_a_ledger_from_before_versions_is_refused(url, change):
    change("DROP TABLE musebar_schema", "CREATE TABLE studies (study VARCHAR(255), state TEXT)")
    said = refused(url)
    assert "by an older musebar, from before ledgers had a version" in said
    assert "launch them anew" in said


def test_a_ledger_from_before_failures_had_kinds_opens_and_grows_the_column(url, change):
    change(
        "INSERT INTO musebar_seed_runs "
        "(study, genre, config_id, seed, phase, state, failure, attempts, finished_at) "
        "VALUES ('old', 'low', 'a', 0, 'search', 'failed', 'NaN', 1, '2026')",
        "ALTER TABLE musebar_seed_runs DROP COLUMN failure_kind",
        "ALTER TABLE musebar_failed_attempts DROP COLUMN kind",
    )
    for _ in range(2):
        ledger = Ledger(url)
        with ledger.database.begin() as db:
            (row,) = db.execute(seed_runs.select()).mappings()
            assert db.execute(failed_attempts.select()).all() == []
        ledger.close()
        assert (row["failure"], row["failure_kind"]) == ("NaN", None)
    assert versions(url) == [(SCHEMA_VERSION, HERE)]


def test_a_database_that_optuna_uses_too_is_shared(url):
    optuna.create_study(storage=url, study_name="somebody's")
    Ledger(url).close()
    assert versions(url) == [(SCHEMA_VERSION, HERE)]
    assert optuna.get_all_study_names(url) == ["somebody's"]


def test_the_command_says_it_in_one_line(musebar, tiny_spec, tmp_path):
    from study.home.studies import Home

    made = Home(tmp_path / "studies").create(tiny_spec())
    with made.ledger.database.begin() as db:
        db.exec_driver_sql("UPDATE musebar_schema SET version = 7, written_by = '9.1'")
    made.ledger.close()
    done = musebar("study", "status", "tiny")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "written by musebar 9.1" in done.stderr


LONGEST = {
    "study": "s" * 255,
    "genre": "g" * 255,
    "config_id": "0123456789ab",
    "phase": max(Phase, key=len),
    "state": max((*StudyState, *SeedRunState), key=len),
    "failure_kind": max(FailureKind, key=len),
    "kind": max(FailureKind, key=len),
    "holder": uuid.uuid4().hex,
    # a host's name has 64 characters at most, a boot's id 36, a namespace's number 10
    "host": f"{'h' * 64}/{uuid.uuid4()}/{2**32}",
    "node": "h" * 64,
    "created_at": "2026-01-02T03:04:05.678901+00:00",
    "finished_at": "2026-01-02T03:04:05.678901+00:00",
    "failed_at": "2026-01-02T03:04:05.678901+00:00",
    "device": "cuda:15",
    "written_by": HERE,
}
"""The longest of what is written into a column that does not take any length."""


def test_whatever_is_written_fits_its_column():
    """SQLite takes any length; PostgreSQL refuses what is longer than it was told."""
    bounded = [
        column
        for table in seed_runs.metadata.sorted_tables
        for column in table.c
        if getattr(column.type, "length", None)
    ]
    assert {column.name for column in bounded} == LONGEST.keys()
    for column in bounded:
        assert len(LONGEST[column.name]) <= column.type.length, column
    assert len(now()) == len(LONGEST["created_at"])


@pytest.fixture
def failing(monkeypatch):
    """Making the tables fails so many times; how long was waited, none of which passes."""
    waits = []
    monkeypatch.setattr(schema, "time", SimpleNamespace(sleep=waits.append))

    def times(count, error):
        left = [error] * count

        def set_up(_):
            if left:
                raise left.pop()

        monkeypatch.setattr(schema, "_set_up", set_up)
        return waits

    return times


def test_tables_that_others_make_at_the_same_moment_are_looked_for_five_times(failing):
    waits = failing(4, StudyError("table exists"))
    schema.set_up(None)
    assert waits == pytest.approx([0.0, 0.05, 0.1, 0.15])


def test_tables_that_cannot_be_made_are_an_error_after_five_times(failing):
    waits = failing(5, StudyError("table exists"))
    with pytest.raises(StudyError, match="table exists"):
        schema.set_up(None)
    assert len(waits) == 4


def test_tables_of_another_version_are_not_looked_for_again(failing):
    waits = failing(1, UsageError("another version"))
    with pytest.raises(UsageError, match="another version"):
        schema.set_up(None)
    assert waits == []


def test_a_table_of_another_product_is_not_taken_for_an_old_one_of_ours(url):
    database = Database(url)
    with database.begin() as db:
        db.exec_driver_sql("CREATE TABLE studies (study_id INTEGER, study_name TEXT)")
    database.close()
    Ledger(url).close()
    assert versions(url) == [(SCHEMA_VERSION, HERE)]


def definitions():
    """The tables as PostgreSQL is told them."""
    dialect = postgresql.dialect()
    tables = [*schema.of_studies(), schema.leases, schema._versions]
    return "".join(str(CreateTable(table).compile(dialect=dialect)) for table in tables)


def test_the_tables_of_this_version_are_as_it_always_wrote_them():
    """A change needs a version of its own, but for a new table or a column that may be null."""
    recorded = Path(__file__).with_name(f"tables-{SCHEMA_VERSION}.sql").read_text()
    assert definitions().split() == recorded.split()
