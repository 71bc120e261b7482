"""The ledger: the one truth about a study, a SQL database.

A seed run is one row under a unique key, written once, by the driver, when it ends. All else
that a study shows or resumes from follows from these rows.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateTable

from musebar_core.config import Configuration
from musebar_core.errors import StudyError, UsageError
from study.record import Ended, Proposal, Record, SeedRun, State
from study.spec import Phase
from study.specfile import restore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from study.spec import StudySpec

log = logging.getLogger(__name__)

FILE_NAME = "ledger.sqlite"

_Answer = TypeVar("_Answer")


def _text(length: int) -> sa.String:
    """A key column, in the order of its bytes whatever the database's language."""
    plain = sa.String(length)
    return plain.with_variant(sa.String(length, collation="C"), "postgresql")


_metadata = sa.MetaData()
_NAME = _text(255)
_ID = _text(12)

_studies = sa.Table(
    "studies", _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("spec", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("stop_requested", sa.Boolean, nullable=False, default=False),
    sa.Column("corpus_path", sa.Text),
    sa.Column("created_at", sa.String(32), nullable=False),
)  # fmt: skip
_genres = sa.Table(
    "genres", _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("genre", _NAME, primary_key=True),
    sa.Column("facts", sa.JSON, nullable=False),
)  # fmt: skip
_configurations = sa.Table(
    "configurations", _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("config_id", _ID, primary_key=True),
    sa.Column("config", sa.JSON, nullable=False),
)  # fmt: skip
_proposals = sa.Table(
    "proposals", _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("genre", _NAME, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("config_id", _ID),  # null closes a generation that found nothing more to propose
    sa.Column("parameters", sa.JSON),
    sa.Column("origin", sa.Text),
    sa.UniqueConstraint("study", "genre", "config_id"),
)  # fmt: skip
_seed_runs = sa.Table(
    "seed_runs", _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("genre", _NAME, primary_key=True),
    sa.Column("config_id", _ID, primary_key=True),
    sa.Column("seed", sa.Integer, primary_key=True),
    sa.Column("phase", _text(16), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("failure", sa.Text),
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
)  # fmt: skip
_attempts = sa.Table(
    "failed_attempts", _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("genre", _NAME, primary_key=True),
    sa.Column("config_id", _ID, primary_key=True),
    sa.Column("seed", sa.Integer, primary_key=True),
    sa.Column("phase", _text(16), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("failed_at", sa.String(32), nullable=False),
)  # fmt: skip

leases = sa.Table(
    "leases", _metadata,
    sa.Column("study", _NAME, primary_key=True),
    sa.Column("holder", sa.String(32), nullable=False),
    sa.Column("host", sa.String(256), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("process_start", sa.Float, nullable=False),
    sa.Column("beat", sa.Integer, nullable=False),
    sa.Column("beat_at", sa.Float),  # by the database's clock, in seconds
)  # fmt: skip
"""Who drives which study; :mod:`study.lease` keeps it."""


class Ledger:
    """One database of studies.

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
    StudyError
        From any method, when the database cannot be reached or written.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.patience = 0.0
        try:
            self.engine = sa.create_engine(url, json_serializer=_to_json, **_pool(url))
        except (SQLAlchemyError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"storage.ledger {shown(url)}: {reason}") from None
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _set_up_sqlite)
        try:
            self._create_tables()
        except StudyError:  # PostgreSQL, where another process is making them at the same moment
            self._create_tables()

    def _create_tables(self) -> None:
        with self.begin() as db:
            for table in _metadata.sorted_tables:
                db.execute(CreateTable(table, if_not_exists=True))

    @classmethod
    def in_folder(cls, folder: Path) -> Ledger:
        """Open, or create, the SQLite ledger of the study in ``folder``."""
        return cls(f"sqlite:///{folder.resolve() / FILE_NAME}")

    def close(self) -> None:
        """Give the database's connections back."""
        self.engine.dispose()

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self.url}

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Run a transaction; what goes wrong in the database is a :class:`StudyError`."""
        try:
            with self.engine.begin() as db:
                yield db
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise StudyError(f"the ledger {shown(self.url)} failed: {cause}") from error

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
        if self.engine.dialect.name == "sqlite":
            return "locked" in str(cause.orig)
        return cause.connection_invalidated or isinstance(
            cause, sa.exc.OperationalError | sa.exc.InterfaceError
        )

    # -- writing ---------------------------------------------------------------------------

    def create(self, spec: StudySpec) -> bool:
        """Record a study before anything slow is done for it; False if its name is there already.

        That one stays as it is.
        """
        return self._insert_once(_studies, {
            "study": spec.name, "spec": public(spec), "state": State.CREATED,
            "stop_requested": False, "created_at": now(),
        })  # fmt: skip

    def set_state(self, study: str, state: str) -> None:
        """Record the study's state; entering ``running`` clears a request to stop."""
        values: dict[str, Any] = {"state": state}
        if state == State.RUNNING:
            values["stop_requested"] = False
        self._update(study, values)

    def request_stop(self, study: str) -> None:
        """Ask the driver of the study to stop; it looks every second."""
        self._update(study, {"stop_requested": True})

    def set_corpus(self, study: str, path: str, facts: dict[str, dict[str, Any]]) -> None:
        """Record where the corpus is and, for each genre, its facts, once."""
        rows = [{"study": study, "genre": g, "facts": f} for g, f in facts.items()]

        def write(db: sa.Connection) -> None:
            db.execute(_studies.update().where(_studies.c.study == study).values(corpus_path=path))
            db.execute(_genres.delete().where(_genres.c.study == study))
            db.execute(_genres.insert(), rows)

        self.transact(write)

    def add_configurations(self, study: str, configurations: Iterable[Configuration]) -> None:
        """Record configurations; those known already stay as they are."""
        wanted = list(configurations)
        self.transact(lambda db: self._add_configurations(db, study, wanted))

    def add_generation(
        self,
        study: str,
        genre: str,
        generation: int,
        proposals: Sequence[Proposal],
        configurations: Iterable[Configuration],
    ) -> None:
        """Record a generation, all of it or nothing, before any of it is dispatched."""
        rows: list[dict[str, Any]] = [
            {"config_id": p.config_id, "parameters": p.parameters, "origin": p.origin}
            for p in proposals
        ] or [{"config_id": None, "parameters": None, "origin": None}]
        key = {"study": study, "genre": genre, "generation": generation}
        wanted = list(configurations)
        rows = [key | {"position": i} | row for i, row in enumerate(rows)]

        def write(db: sa.Connection) -> None:
            if _recorded(db, key) == [row["config_id"] for row in rows]:
                return  # committed, but the word of it was lost with the connection
            self._add_configurations(db, study, wanted)
            db.execute(_proposals.insert(), rows)

        self.transact(write)

    def add_failed_attempt(self, study: str, run: SeedRun, attempt: int, reason: str) -> None:
        """Record an attempt that failed and will be tried again."""
        self._insert_once(_attempts, {
            "study": study, **run._asdict(), "attempt": attempt, "reason": _clean(reason),
            "failed_at": now(),
        })  # fmt: skip

    def end(self, study: str, run: SeedRun, ended: Ended) -> bool:
        """Record the end of a seed run; False if it was recorded before (the first one stays)."""
        return self._insert_once(_seed_runs, {
            "study": study, **run._asdict(),
            "state": "done" if ended.done else "failed",
            "failure": _clean(ended.failure), "attempts": ended.attempts, "metrics": ended.metrics,
            "curve": ended.curve, "best_epoch": ended.best_epoch, "seconds": ended.seconds,
            "node": ended.node, "device": ended.device, "versions": ended.versions,
            "checkpoint": ended.checkpoint, "finished_at": ended.finished_at or now(),
        })  # fmt: skip

    # -- reading ---------------------------------------------------------------------------

    def studies(self) -> list[str]:
        """Names of the studies in this database, newest first."""
        query = sa.select(_studies.c.study).order_by(_studies.c.created_at.desc(), _studies.c.study)
        return self.transact(lambda db: list(db.scalars(query)))

    def stop_requested(self, study: str, *, wait: bool = True) -> bool:
        """Whether somebody asked the driver to stop; ``wait`` for a database that is away."""
        query = sa.select(_studies.c.stop_requested).where(_studies.c.study == study)
        if wait:
            return self.transact(lambda db: bool(db.scalar(query)))
        with self.begin() as db:
            return bool(db.scalar(query))

    def read_state(self, study: str) -> str:
        """Read the study's state as it was recorded last."""
        query = sa.select(_studies.c.state).where(_studies.c.study == study)
        return self.transact(lambda db: str(db.scalar(query)))

    def read(self, study: str) -> Record:
        """Read all there is of a study, as it was at one moment."""

        def look(db: sa.Connection) -> Record:
            db.exec_driver_sql(_SNAPSHOT.get(self.engine.dialect.name, "SELECT 1"))
            return _read(db, study)

        return self.transact(look)

    @property
    def clock(self) -> sa.ColumnElement[float]:
        """The database's own time in seconds, for use in a statement."""
        if self.engine.dialect.name == "sqlite":
            return sa.literal_column("(julianday('now') - 2440587.5) * 86400.0", sa.Float)
        return sa.literal_column(
            "CAST(extract(epoch from clock_timestamp()) AS double precision)", sa.Float
        )

    # -- inside ----------------------------------------------------------------------------

    def _insert_once(self, table: sa.Table, row: dict[str, Any]) -> bool:
        try:
            self.transact(lambda db: db.execute(table.insert(), row))
        except StudyError as error:
            if isinstance(error.__cause__, IntegrityError):
                return False
            raise
        return True

    def _update(self, study: str, values: dict[str, Any]) -> None:
        update = _studies.update().where(_studies.c.study == study).values(**values)
        self.transact(lambda db: db.execute(update))

    def _add_configurations(
        self, db: sa.Connection, study: str, configurations: Iterable[Configuration]
    ) -> None:
        table = _configurations
        known = set(db.scalars(sa.select(table.c.config_id).where(table.c.study == study)))
        new = {c.config_id: c for c in configurations if c.config_id not in known}
        if new:
            rows = [{"study": study, "config_id": i, "config": c.to_dict()} for i, c in new.items()]
            db.execute(table.insert(), rows)


_SNAPSHOT = {
    "sqlite": "BEGIN",  # else each statement sees the database of its own moment
    "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}


def _read(db: sa.Connection, study: str) -> Record:
    row = db.execute(sa.select(_studies).where(_studies.c.study == study)).mappings().one()
    return Record(
        spec=restore(row["spec"]),
        state=row["state"],
        stop_requested=row["stop_requested"],
        corpus_path=row["corpus_path"],
        facts={r["genre"]: r["facts"] for r in _select(db, _genres, study)},
        configurations={
            r["config_id"]: Configuration.from_dict(r["config"])
            for r in _select(db, _configurations, study)
        },
        generations=_group_generations(_select(db, _proposals, study)),
        ended={_run(r): _ended(r) for r in _select(db, _seed_runs, study)},
        failed_attempts=_count(_select(db, _attempts, study)),
    )


def _recorded(db: sa.Connection, key: dict[str, Any]) -> list[str | None]:
    """The configurations of a generation, in order, where it is there already."""
    query = sa.select(_proposals.c.config_id).order_by(_proposals.c.position)
    return list(db.scalars(query.where(*(_proposals.c[name] == key[name] for name in key))))


def _clean(text: str | None) -> str | None:
    """Text that any database takes: PostgreSQL refuses the null character."""
    return text and text.replace("\0", "")


def now() -> str:
    """The time, ISO 8601 in UTC, to the microsecond."""
    return datetime.now(UTC).isoformat()


def _select(db: sa.Connection, table: sa.Table, study: str) -> list[sa.RowMapping]:
    query = sa.select(table).where(table.c.study == study).order_by(*table.primary_key.columns)
    return list(db.execute(query).mappings())


def _run(row: sa.RowMapping) -> SeedRun:
    return SeedRun(row["genre"], row["config_id"], row["seed"], Phase(row["phase"]))


def _ended(row: sa.RowMapping) -> Ended:
    names = ("failure", "attempts", "best_epoch", "seconds", "node", "device", "versions",
             "checkpoint", "finished_at")  # fmt: skip
    return Ended(
        metrics=row["metrics"] or {}, curve=row["curve"] or [], **{n: row[n] for n in names}
    )


def _group_generations(
    rows: list[sa.RowMapping],
) -> dict[tuple[str, int], tuple[Proposal, ...]]:
    generations: dict[tuple[str, int], tuple[Proposal, ...]] = {}
    for row in rows:
        key = (row["genre"], row["generation"])
        found = (Proposal(row["config_id"], row["parameters"], row["origin"] or ""),)
        generations[key] = generations.get(key, ()) + (found if row["config_id"] else ())
    return generations


def _count(rows: list[sa.RowMapping]) -> dict[SeedRun, int]:
    counts: dict[SeedRun, int] = {}
    for row in rows:
        counts[_run(row)] = counts.get(_run(row), 0) + 1
    return counts


def _to_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _set_up_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _pool(url: str) -> dict[str, Any]:
    """How connections to a server are kept: tried before use, and not waited for endlessly."""
    if not url.startswith(("postgresql:", "postgresql+psycopg")):
        return {}
    return {
        "pool_pre_ping": True,
        "connect_args": {
            "connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5,
            "keepalives_count": 3, "tcp_user_timeout": 25_000, "application_name": "musebar",
        },
    }  # fmt: skip


def shown(url: str) -> str:
    """A ledger's URL as it may be printed: passwords starred out."""
    try:
        parsed = sa.make_url(url)
    except SQLAlchemyError:
        return "(not a database URL)"
    starred = {name: "***" for name in parsed.query if _is_secret(name)}
    return parsed.update_query_dict(starred).render_as_string(hide_password=True)


def without_password(url: str) -> str:
    """A ledger's URL as it may be stored where others read: no passwords in it."""
    try:
        parsed = sa.make_url(url)
    except SQLAlchemyError:
        return url
    secret = [name for name in parsed.query if _is_secret(name)]
    plain = parsed.difference_update_query(secret)._replace(password=None)  # set() keeps it
    return plain.render_as_string(hide_password=False)


def public(spec: StudySpec) -> dict[str, Any]:
    """A spec as plain data, without its password: as all but its owner may read it."""
    content = spec.model_dump(mode="json")
    if content["storage"]["ledger"] != "sqlite":
        content["storage"]["ledger"] = without_password(content["storage"]["ledger"])
    return content


def _is_secret(name: str) -> bool:
    return "passw" in name.lower()
