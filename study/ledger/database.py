"""A database with ledgers in it: its URL, its connections, and waiting while it is away."""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from musebar_core.errors import StudyError, UsageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")


_MAKE_ROOM = "make room, then resume; nothing recorded is lost"
_ADVICE = {
    "disk is full": _MAKE_ROOM,
    "No space left on device": _MAKE_ROOM,
    "unable to open database file": "give storage.ledger a folder that is there and that you may "
    "write in",
}
"""What to do, by how SQLite and PostgreSQL say what is wrong."""


class Database:
    """One database, SQLite's file or a server's.

    Parameters
    ----------
    url
        A SQLAlchemy URL.

    Attributes
    ----------
    patience
        Seconds for which a database that went away is waited for, trying again at growing
        intervals; 0, as a command that only looks wants it, until a driver sets it.

    Raises
    ------
    UsageError
        If the URL is none, or its driver is not installed.
    StudyError
        From any method, when the database cannot be reached or written.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.patience = 0.0
        try:
            self.engine = sa.create_engine(parsed(url), json_serializer=_to_json, **_pool(url))
        except (SQLAlchemyError, ImportError) as error:
            reason = str(error).splitlines()[0]
            if isinstance(error, ImportError) and error.name == "psycopg":
                reason = (
                    "PostgreSQL's driver is not installed: pip install 'musebar-study[cluster]'"
                )
            raise UsageError(f"storage.ledger {shown(url)}: {reason}") from None
        self._file: Path | None = None
        if not self.on_server:
            sa.event.listen(self.engine, "connect", _set_up_sqlite)

    def expect_file(self) -> None:
        """From now on SQLite's file has to be there: a new, empty one would pass for a ledger."""
        name = self.engine.url.database
        if not self.on_server and name and name != ":memory:":
            self._file = Path(name)

    @property
    def on_server(self) -> bool:
        """Whether it is a server's, and not a file of this machine."""
        return self.engine.dialect.name != "sqlite"

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def __getstate__(self) -> dict[str, str]:
        return {"url": self.url}

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Run a transaction; what goes wrong in the database is a :class:`StudyError`."""
        if self._file is not None and not self._file.exists():
            raise StudyError(
                f"the ledger {self._file} is gone, deleted or moved with its folder: bring it back "
                "to go on; what it held is nowhere else"
            )
        try:
            with self.engine.begin() as db:
                yield db
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error).splitlines()[0]
            advice = next((f": {does}" for words, does in _ADVICE.items() if words in cause), "")
            raise StudyError(f"the ledger {shown(self.url)} failed: {cause}{advice}") from error

    def transact(self, work: Callable[[sa.Connection], _Answer]) -> _Answer:
        """Run a transaction, again and again while the database is away, up to ``patience``.

        ``work`` may find its rows written: a database can go away after it has committed.
        """
        began, pause = time.monotonic(), 0.25
        while True:
            try:
                with self.begin() as db:
                    return work(db)
            except StudyError as error:
                waited = time.monotonic() - began
                if not self._is_away(error) or self.patience <= 0:
                    raise
                if waited + pause > self.patience:
                    raise StudyError(
                        f"{error}; gave up after {waited:.0f} s "
                        "(storage.patience_seconds); nothing recorded is lost, resume the study "
                        "when the database is back"
                    ) from error.__cause__
                log.warning("%s; waiting for it up to %.0f s", error, self.patience)
                time.sleep(pause)
                pause = min(2 * pause, 5.0)

    def _is_away(self, error: StudyError) -> bool:
        """Whether waiting can help: the connection failed, or SQLite's file is locked."""
        cause = error.__cause__
        if not isinstance(cause, DBAPIError) or isinstance(cause, IntegrityError):
            return False
        if not self.on_server:
            return "locked" in str(cause.orig)
        return cause.connection_invalidated or isinstance(
            cause, sa.exc.OperationalError | sa.exc.InterfaceError
        )

    @property
    def clock(self) -> sa.ColumnElement[float]:
        """The database's own time in seconds, for use in a statement."""
        if not self.on_server:
            return sa.literal_column("(julianday('now') - 2440587.5) * 86400.0", sa.Float)
        return sa.literal_column(
            "CAST(extract(epoch from clock_timestamp()) AS double precision)", sa.Float
        )


def parsed(url: str) -> sa.URL:
    """Take a URL apart.

    Raises
    ------
    sqlalchemy.exc.ArgumentError
        If it is none; the message holds nothing of it.
    """
    try:
        return sa.make_url(url)
    except (SQLAlchemyError, ValueError):
        raise ArgumentError(
            "no database URL; in a password @, : and / are written %40, %3A and %2F"
        ) from None


def check_kept(url: str) -> None:
    """Raise :class:`UsageError` where SQLite would keep a ledger in memory or in any folder."""
    try:
        found = parsed(url)
    except ArgumentError:
        return  # whoever opens it says what is wrong
    if found.get_backend_name() == "sqlite" and not Path(found.database or "").is_absolute():
        raise UsageError(
            f"storage.ledger is '{shown(url)}', which is kept in memory, or in whatever folder one "
            "is in: name a file from the root, as in sqlite:////data/ledger.sqlite, or leave it "
            "'sqlite', in the study's folder"
        )


def sqlite_file(url: str) -> Path | None:
    """Name the file of a SQLite URL; None where it is no such URL, or is kept in memory."""
    try:
        found = parsed(url)
    except ArgumentError:
        return None
    if found.get_backend_name() != "sqlite" or found.database in {None, "", ":memory:"}:
        return None
    return Path(str(found.database))


def _to_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _pool(url: str) -> dict[str, object]:
    """How connections to a server are kept: tried before use, and not waited for endlessly."""
    if not url.startswith(("postgresql:", "postgresql+psycopg")):
        return {}
    return {
        "pool_pre_ping": True,
        "connect_args": {
            "connect_timeout": 10,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
            "application_name": "musebar",
        },
    }


def shown(url: str) -> str:
    """A ledger's URL as it may be printed: passwords starred out."""
    try:
        found = parsed(url)
    except ArgumentError:
        return "(not a database URL)"
    starred = {name: "***" for name in found.query if _is_secret(name)}
    return found.update_query_dict(starred).render_as_string(hide_password=True)


def without_password(url: str) -> str:
    """A ledger's URL as it may be stored where others read: no passwords in it."""
    try:
        found = parsed(url)
    except ArgumentError:
        return url
    secret = [name for name in found.query if _is_secret(name)]
    plain = found.difference_update_query(secret)._replace(password=None)  # set() keeps it
    return plain.render_as_string(hide_password=False)


def _is_secret(name: str) -> bool:
    return "passw" in name.lower()
