"""A database that goes away: how long it is waited for, and what is said of it."""

from __future__ import annotations

import sqlite3
import sys

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, ProgrammingError

from musebar_core.errors import StudyError, UsageError
from study.ledger import database as module
from study.ledger.database import Database, check_kept, shown, sqlite_file, without_password


class Clock:
    """Time that passes in sleep alone."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(module, "time", found)
    return found


@pytest.fixture
def database(tmp_path):
    made = Database(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield made
    made.close()


def locked():
    return OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked"))


def fails(times, error=None):
    """Work that fails some times, and then tells how often it was asked."""
    asked = []

    def work(_):
        asked.append(1)
        if len(asked) <= times:
            raise error or locked()
        return len(asked)

    return work


def test_a_locked_database_is_asked_again_at_growing_intervals_and_each_time_told(
    database, clock, caplog
):
    database.patience = 60
    assert database.transact(fails(7)) == 8
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    told = f"the ledger {database.url} failed: database is locked; waiting for it up to 60 s"
    assert caplog.messages == [told] * 7


def test_who_only_looks_does_not_wait(database, clock):
    with pytest.raises(StudyError, match=r"failed: database is locked$"):
        database.transact(fails(1))
    assert clock.slept == []


@pytest.mark.parametrize(
    ("patience", "slept"), [(1.75, 1.75), (1.74, 0.75), (0.25, 0.25), (0.2, 0)]
)
def test_no_longer_is_waited_than_ones_patience(database, clock, patience, slept):
    database.patience = patience
    with pytest.raises(
        StudyError, match=rf"gave up after {slept:.0f} s .*nothing recorded is lost"
    ):
        database.transact(fails(100))
    assert sum(clock.slept) == slept


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE failed: locked")),
        OperationalError("SELECT", {}, sqlite3.OperationalError("no such table")),
        sa.exc.ArgumentError("locked"),
    ],
)
def test_what_waiting_does_not_mend_is_told_at_once(database, clock, error):
    database.patience = 60
    with pytest.raises(StudyError, match=r"the ledger sqlite.* failed"):
        database.transact(fails(1, error))
    assert clock.slept == []


def server(url="postgresql+psycopg://me:se-cret@127.0.0.1:9/studies"):
    return Database(url)


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (OperationalError("SELECT", {}, Exception("server closed the connection")), True),
        (InterfaceError("SELECT", {}, Exception("connection already closed")), True),
        (ProgrammingError("SELECT", {}, Exception("no such column")), False),
        (
            ProgrammingError("SELECT", {}, Exception("gone"), connection_invalidated=True),
            True,
        ),
        (IntegrityError("INSERT", {}, Exception("unique")), False),
    ],
)
def test_a_server_is_away_where_its_connection_failed(error, away):
    told = StudyError("failed")
    told.__cause__ = error
    assert server()._is_away(told) is away
    assert not server()._is_away(StudyError("of no database"))


def test_a_connection_to_a_server_is_tried_and_not_waited_for_endlessly(monkeypatch):
    asked = {}
    monkeypatch.setattr(
        module.sa, "create_engine", lambda url, **settings: asked.update({str(url): settings})
    )
    for url in ("postgresql://h/d", "postgresql+psycopg://h/d", "mysql://h/d"):
        with pytest.raises(AttributeError):
            Database(url)  # the engine is None here
    assert asked["mysql://h/d"].keys() == {"json_serializer"}
    for url in ("postgresql://h/d", "postgresql+psycopg://h/d"):
        assert asked[url]["pool_pre_ping"]
        assert asked[url]["connect_args"]["connect_timeout"] == 10
        assert asked[url]["connect_args"]["tcp_user_timeout"] == 25_000


@pytest.mark.parametrize("words", ["database or disk is full", "write: No space left on device"])
def test_a_full_disk_says_to_make_room(database, words):
    full = OperationalError("INSERT", {}, sqlite3.OperationalError(words))
    with pytest.raises(StudyError, match="make room, then resume; nothing recorded is lost"):
        database.transact(fails(1, full))


def test_a_file_that_cannot_be_made_says_where_one_can(tmp_path):
    with (
        pytest.raises(StudyError, match="a folder that is there and that you may write in"),
        Database(f"sqlite:///{tmp_path}/nowhere/ledger.sqlite").begin(),
    ):
        pass


def test_a_file_that_is_gone_is_not_made_anew(database, tmp_path):
    file = tmp_path / "ledger.sqlite"
    with database.begin() as db:
        db.execute(sa.text("CREATE TABLE t (x)"))
    database.expect_file()
    with database.begin() as db:
        assert db.scalar(sa.text("SELECT count(*) FROM t")) == 0
    database.close()
    for path in tmp_path.iterdir():
        path.unlink()
    with (
        pytest.raises(StudyError, match=r"ledger\.sqlite is gone, deleted or moved"),
        database.begin(),
    ):
        pass
    assert not file.exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_expects_no_file(url):
    database = Database(url)
    database.expect_file()
    with database.begin() as db:
        assert db.scalar(sa.text("SELECT 1")) == 1


def test_a_servers_database_is_no_file_that_could_be_gone():
    database = server()
    database.expect_file()
    with (
        pytest.raises(StudyError, match=r"^the ledger postgresql\S*:\*\*\*@\S* failed: "),
        database.begin(),
    ):
        pass


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (locked(), "database is locked"),
        (sa.exc.ArgumentError("no such key\nat all"), "no such key"),
    ],
)
def test_of_what_failed_the_databases_own_words_are_told_in_a_line(database, error, said):
    with pytest.raises(StudyError) as caught, database.begin():
        raise error
    assert str(caught.value) == f"the ledger {database.url} failed: {said}"


def test_sqlite_is_written_through_to_the_disk_and_read_while_it_is_written(database):
    with database.begin() as db:
        pragmas = {
            name: db.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000}


def test_json_is_stored_in_one_way_however_it_was_made(database):
    table = sa.Table("t", sa.MetaData(), sa.Column("x", sa.JSON))
    with database.begin() as db:
        table.create(db)
        db.execute(table.insert(), {"x": {"b": 1, "a": [1, 2]}})
        assert db.exec_driver_sql("SELECT x FROM t").scalar() == '{"a":[1,2],"b":1}'


def test_the_databases_clock_is_seconds(database):
    with database.begin() as db:
        now, then = (
            db.scalar(sa.select(database.clock)),
            db.scalar(sa.text("SELECT strftime('%s')")),
        )
    assert abs(now - int(then)) < 2


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///a/b.sqlite", "a/b.sqlite"),
        ("sqlite:////a/b.sqlite", "/a/b.sqlite"),
        ("sqlite://", None),
        ("sqlite:///", None),
        ("sqlite:///:memory:", None),
        ("postgresql://h/d", None),
        ("no url at all", None),
    ],
)
def test_a_sqlite_url_names_its_file(url, file):
    found = sqlite_file(url)
    assert (found if found is None else str(found)) == file


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///a.sqlite", "sqlite:///file:a?mode=memory"]
)
def test_a_ledger_in_memory_or_in_whatever_folder_is_refused(url):
    with pytest.raises(UsageError, match="name a file from the root"):
        check_kept(url)


@pytest.mark.parametrize("url", ["sqlite:////a/b.sqlite", "postgresql://h/d", "no url at all"])
def test_a_ledger_that_has_its_place_is_not(url):
    check_kept(url)


@pytest.mark.parametrize("url", ["no url at all", "oracle-of-delphi://h/d"])
def test_what_is_no_url_of_a_database_is_refused(url):
    with pytest.raises(UsageError, match=r"^storage\.ledger "):
        Database(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:cret@h/d",
        "postgresql://me@h/d?password=cret&sslmode=require",
        "postgresql://me@h/d?sslPassword=cret&sslmode=require",
    ],
)
def test_of_a_url_everything_but_its_passwords_is_shown_and_stored(url):
    rest = "?sslmode=require" if "sslmode" in url else ""
    assert without_password(url) == f"postgresql://me@h/d{rest}"
    assert "cret" not in shown(url)
    assert shown(url).startswith("postgresql://me")
    assert ("sslmode=require" in shown(url)) is bool(rest)


def test_what_is_no_url_is_not_shown_and_is_stored_as_it_is():
    assert shown("no url: secret") == "(not a database URL)"
    assert without_password("no url: secret") == "no url: secret"


@pytest.mark.parametrize("url", ["no url at all", "postgresql://me:se@cret@h:port/d"])
def test_a_url_that_cannot_be_taken_apart_says_how_passwords_are_written(url):
    with pytest.raises(UsageError) as caught:
        Database(url)
    assert str(caught.value) == (
        "storage.ledger (not a database URL): no database URL; "
        "in a password @, : and / are written %40, %3A and %2F"
    )


def test_a_driver_that_is_missing_is_named_as_python_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(UsageError, match="pymysql") as caught:
        Database("mysql+pymysql://h/d")
    assert "PostgreSQL" not in str(caught.value)


def test_a_database_that_goes_to_another_process_goes_by_its_url_alone(database):
    assert database.__getstate__() == {"url": database.url}


def test_a_server_that_has_died_is_missed_within_half_a_minute(monkeypatch):
    asked = {}
    monkeypatch.setattr(module.sa, "create_engine", lambda _, **settings: asked.update(settings))
    with pytest.raises(AttributeError):
        Database("postgresql://h/d")  # the engine is None here
    told = asked["connect_args"]
    silent = told["keepalives_idle"] + told["keepalives_count"] * told["keepalives_interval"]
    assert 10 < silent <= 30
    assert 10_000 < told["tcp_user_timeout"] <= 30_000
    assert told["application_name"] == "musebar"  # as the server's list of clients has it


def test_the_clock_of_a_server_goes_on_within_a_transaction():
    """PostgreSQL's now() is the time at which a transaction began."""
    assert "clock_timestamp()" in str(server().clock)


def test_a_statement_with_that_word_in_it_is_not_taken_for_a_locked_database(database, clock):
    database.patience = 60
    error = OperationalError("SELECT locked FROM t", {}, sqlite3.OperationalError("syntax error"))
    with pytest.raises(StudyError, match="syntax error"):
        database.transact(fails(1, error))
    assert clock.slept == []


def test_a_ledger_that_is_gone_says_what_to_do(database, tmp_path):
    database.expect_file()
    with pytest.raises(StudyError) as caught, database.begin():
        pass
    assert str(caught.value) == (
        f"the ledger {tmp_path}/ledger.sqlite is gone, deleted or moved with its folder: bring it "
        "back to go on; what it held is nowhere else"
    )


def test_who_gives_up_says_which_setting_to_raise(database, clock):
    database.patience = 1
    with pytest.raises(
        StudyError, match=r"\(storage\.patience_seconds\); nothing recorded is lost"
    ):
        database.transact(fails(100))
