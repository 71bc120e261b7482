"""The ledger: the one truth about a study, a SQL database.

A seed run is one row under a unique key, written once, by the driver, when it ends. All else
that a study shows or resumes from follows from these rows.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateTable

from musebar_core.config import Configuration
from musebar_core.errors import StudyError, UsageError
from study.record import Ended, Proposal, Record, SeedRun, State
from study.spec import Phase
from study.specfile import restore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from study.spec import StudySpec

FILE_NAME = "ledger.sqlite"

_metadata = sa.MetaData()
_NAME = sa.String(128)
_ID = sa.String(12)

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
    sa.Column("phase", sa.String(16), primary_key=True),
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
    sa.Column("phase", sa.String(16), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("failed_at", sa.String(32), nullable=False),
)  # fmt: skip

leases = sa.Table(
    "leases", _metadata,
    sa.Column("study", sa.String(128), primary_key=True),
    sa.Column("holder", sa.String(32), nullable=False),
    sa.Column("host", sa.String(256), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("process_start", sa.Float, nullable=False),
    sa.Column("beat", sa.Integer, nullable=False),
)  # fmt: skip
"""Who drives which study; :mod:`study.lease` keeps it."""


class Ledger:
    """One database of studies.

    Parameters
    ----------
    url
        A SQLAlchemy URL.

    Raises
    ------
    StudyError
        From any method, when the database cannot be reached or written.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self.engine = sa.create_engine(url, json_serializer=_to_json)
        except (SQLAlchemyError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"storage.ledger {_redact(url)}: {reason}") from None
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
            raise StudyError(f"the ledger {_redact(self.url)} failed: {cause}") from error

    # -- writing ---------------------------------------------------------------------------

    def create(self, spec: StudySpec) -> bool:
        """Record a study before anything slow is done for it; False if its name is there already.

        That one stays as it is.
        """
        return self._insert_once(_studies, {
            "study": spec.name, "spec": spec.model_dump(mode="json"), "state": State.CREATED,
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
        with self.begin() as db:
            db.execute(_studies.update().where(_studies.c.study == study).values(corpus_path=path))
            db.execute(_genres.delete().where(_genres.c.study == study))
            rows = [{"study": study, "genre": g, "facts": f} for g, f in facts.items()]
            db.execute(_genres.insert(), rows)

    def add_configurations(self, study: str, configurations: Iterable[Configuration]) -> None:
        """Record configurations; those known already stay as they are."""
        with self.begin() as db:
            self._add_configurations(db, study, configurations)

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
        with self.begin() as db:
            self._add_configurations(db, study, configurations)
            db.execute(
                _proposals.insert(), [key | {"position": i} | row for i, row in enumerate(rows)]
            )

    def add_failed_attempt(self, study: str, run: SeedRun, attempt: int, reason: str) -> None:
        """Record an attempt that failed and will be tried again."""
        with self.begin() as db:
            db.execute(_attempts.insert().values(
                study=study, **run._asdict(), attempt=attempt, reason=reason, failed_at=now(),
            ))  # fmt: skip

    def end(self, study: str, run: SeedRun, ended: Ended) -> bool:
        """Record the end of a seed run; False if it was recorded before (the first one stays)."""
        return self._insert_once(_seed_runs, {
            "study": study, **run._asdict(),
            "state": "done" if ended.done else "failed",
            "failure": ended.failure, "attempts": ended.attempts, "metrics": ended.metrics,
            "curve": ended.curve, "best_epoch": ended.best_epoch, "seconds": ended.seconds,
            "node": ended.node, "device": ended.device, "versions": ended.versions,
            "checkpoint": ended.checkpoint, "finished_at": ended.finished_at or now(),
        })  # fmt: skip

    # -- reading ---------------------------------------------------------------------------

    def studies(self) -> list[str]:
        """Names of the studies in this database, newest first."""
        query = sa.select(_studies.c.study).order_by(_studies.c.created_at.desc(), _studies.c.study)
        with self.begin() as db:
            return list(db.scalars(query))

    def stop_requested(self, study: str) -> bool:
        """Whether somebody asked the driver to stop."""
        query = sa.select(_studies.c.stop_requested).where(_studies.c.study == study)
        with self.begin() as db:
            return bool(db.scalar(query))

    def read_state(self, study: str) -> str:
        """Read the study's state as it was recorded last."""
        query = sa.select(_studies.c.state).where(_studies.c.study == study)
        with self.begin() as db:
            return str(db.scalar(query))

    def read(self, study: str) -> Record:
        """Read all there is of a study, in one transaction."""
        with self.begin() as db:
            row = db.execute(sa.select(_studies).where(_studies.c.study == study)).mappings().one()
            ended = _select(db, _seed_runs, study)
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
                ended={_run(r): _ended(r) for r in ended},
                failed_attempts=_count(_select(db, _attempts, study)),
            )

    # -- inside ----------------------------------------------------------------------------

    def _insert_once(self, table: sa.Table, row: dict[str, Any]) -> bool:
        try:
            with self.begin() as db:
                db.execute(table.insert(), row)
        except StudyError as error:
            if isinstance(error.__cause__, IntegrityError):
                return False
            raise
        return True

    def _update(self, study: str, values: dict[str, Any]) -> None:
        with self.begin() as db:
            db.execute(_studies.update().where(_studies.c.study == study).values(**values))

    def _add_configurations(
        self, db: sa.Connection, study: str, configurations: Iterable[Configuration]
    ) -> None:
        table = _configurations
        known = set(db.scalars(sa.select(table.c.config_id).where(table.c.study == study)))
        new = {c.config_id: c for c in configurations if c.config_id not in known}
        if new:
            rows = [{"study": study, "config_id": i, "config": c.to_dict()} for i, c in new.items()]
            db.execute(table.insert(), rows)


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


def _redact(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "(not a database URL)"
