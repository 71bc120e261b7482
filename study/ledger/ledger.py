"""The ledger: the one truth about a study, in a SQL database.

A seed run is one row under a unique key, written once, by the driver, when it ends. All else
that a study shows or resumes from follows from these rows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from musebar_core.config import Configuration
from musebar_core.errors import StudyError
from study.ledger import reading, rows, schema
from study.ledger.database import Database, without_password
from study.ledger.reading import Runs
from study.ledger.record import GenreFacts, Proposal, Record, SeedRun, StudyState
from study.spec.specfile import restore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from study.ledger.reading import Curve
    from study.ledger.result import Failure, SeedRunResult, SeedRunState
    from study.spec.model import StudySpec
    from study.spec.sections import Phase

FILE_NAME = "ledger.sqlite"


class Ledger:
    """The studies in one database.

    Attributes
    ----------
    database
        Where they are; who drives one sets its patience.

    Raises
    ------
    UsageError
        If the URL is none, or the tables there are another version's.
    StudyError
        From any method, when the database cannot be reached or written.
    """

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        schema.set_up(self.database)
        self.database.expect_file()

    @classmethod
    def in_folder(cls, folder: Path) -> Ledger:
        """Open, or create, the SQLite ledger of the study in ``folder``."""
        return cls(f"sqlite:///{folder.resolve() / FILE_NAME}")

    def close(self) -> None:
        """Give the database's connections back."""
        self.database.close()

    # -- writing ---------------------------------------------------------------------------

    def create(self, spec: StudySpec) -> bool:
        """Record a study before anything slow is done for it; False if its name is there already.

        That one stays as it is.
        """
        return self._insert_once(
            schema.studies,
            {
                "study": spec.name,
                "spec": public(spec),
                "state": StudyState.CREATED,
                "stop_requested": False,
                "created_at": now(),
            },
        )

    def set_spec(self, spec: StudySpec) -> None:
        """Record a study's spec anew: one that says otherwise where it runs."""
        self._update(spec.name, {"spec": public(spec)})

    def set_state(self, study: str, state: StudyState) -> None:
        """Record the study's state.

        A study that is submitted, or runs at once, forgets an earlier request to stop; one whose
        job begins heeds a request that came while it was ``submitted``.
        """
        known = schema.studies.c
        values: dict[str, object] = {"state": state}
        if state is StudyState.SUBMITTED:
            values["stop_requested"] = False
        if state is StudyState.RUNNING:
            values["stop_requested"] = sa.and_(
                known.stop_requested, known.state == StudyState.SUBMITTED
            )
        self._update(study, values)

    def request_stop(self, study: str) -> None:
        """Ask the driver of the study to stop; it looks every second."""
        self._update(study, {"stop_requested": True})

    def set_corpus(self, study: str, path: str | None, facts: Mapping[str, GenreFacts]) -> None:
        """Record where the corpus is (None: not here yet) and, for each genre, its facts, once."""
        found = [{"study": study, "genre": g, "facts": f} for g, f in facts.items()]

        def write(db: sa.Connection) -> None:
            db.execute(_update(study, {"corpus_path": path}))
            db.execute(schema.genres.delete().where(schema.genres.c.study == study))
            db.execute(schema.genres.insert(), found)

        self.database.transact(write)

    def add_configurations(self, study: str, configurations: Iterable[Configuration]) -> None:
        """Record configurations; those known already stay as they are."""
        wanted = list(configurations)
        self.database.transact(lambda db: self._add_configurations(db, study, wanted))

    def add_generation(
        self,
        study: str,
        genre: str,
        generation: int,
        proposals: Sequence[Proposal],
        configurations: Iterable[Configuration],
    ) -> None:
        """Record a generation, all of it or nothing, before any of it is dispatched."""
        content: list[dict[str, object]] = [
            {
                "config_id": p.config_id,
                "parameters": p.parameters,
                "origin": str(p.origin or ""),
            }
            for p in proposals
        ] or [{"config_id": None, "parameters": None, "origin": None}]
        key = {"study": study, "genre": genre, "generation": generation}
        wanted = list(configurations)
        found = [key | {"position": i} | row for i, row in enumerate(content)]

        def write(db: sa.Connection) -> None:
            if _recorded(db, key) == [row["config_id"] for row in found]:
                return  # committed, but the word of it was lost with the connection
            self._add_configurations(db, study, wanted)
            db.execute(schema.proposals.insert(), found)

        self.database.transact(write)

    def add_failed_attempt(self, study: str, run: SeedRun, attempt: int, failure: Failure) -> None:
        """Record an attempt that failed and will be tried again."""
        self._insert_once(
            schema.failed_attempts,
            {
                "study": study,
                **run._asdict(),
                "attempt": attempt,
                "reason": rows.clean(failure.message),
                "kind": failure.kind,
                "failed_at": now(),
            },
        )

    def end(self, study: str, run: SeedRun, result: SeedRunResult) -> bool:
        """Record the end of a seed run; False if it was recorded before (the first one stays)."""
        return self._insert_once(schema.seed_runs, _row(study, run, result))

    def end_all(self, study: str, results: Mapping[SeedRun, SeedRunResult]) -> None:
        """Record the ends of some seed runs in one transaction; as :meth:`end` does of each."""
        found = [_row(study, run, result) for run, result in results.items()]
        try:
            self.database.transact(lambda db: db.execute(schema.seed_runs.insert(), found))
        except StudyError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            for row in found:  # some are there already
                self._insert_once(schema.seed_runs, row)

    def forget_failed(self, study: str) -> int:
        """Forget the runs that failed, and their attempts, for them to be tried again; how many.

        One that diverged stays: it would diverge again.
        """

        def write(db: sa.Connection) -> int:
            table, attempts = schema.seed_runs, schema.failed_attempts
            failed = [
                rows.seed_run(row)
                for row in _select(db, table, study, (table.c.curve,))
                if (why := rows.result(row).failure) is not None and not why.repeats
            ]
            for run in failed:
                for each in (table, attempts):
                    same = [each.c[name] == value for name, value in run._asdict().items()]
                    db.execute(each.delete().where(each.c.study == study, *same))
            return len(failed)

        return self.database.transact(write)

    # -- reading ---------------------------------------------------------------------------

    def studies(self) -> list[str]:
        """Names of the studies in this database, newest first."""
        column = schema.studies.c
        query = sa.select(column.study).order_by(column.created_at.desc(), column.study)
        return self.database.transact(lambda db: list(db.scalars(query)))

    def stop_requested(self, study: str, *, wait: bool = True) -> bool:
        """Whether somebody asked the driver to stop; ``wait`` for a database that is away."""
        query = sa.select(schema.studies.c.stop_requested).where(schema.studies.c.study == study)
        if wait:
            return self.database.transact(lambda db: bool(db.scalar(query)))
        with self.database.begin() as db:
            return bool(db.scalar(query))

    def read_state(self, study: str) -> StudyState:
        """Read the study's state as it was recorded last."""
        query = sa.select(schema.studies.c.state).where(schema.studies.c.study == study)

        def look(db: sa.Connection) -> StudyState:
            state = db.execute(query).scalar_one_or_none()
            if state not in set(StudyState):
                raise StudyError(f"the ledger holds no study '{study}' whose state it could tell")
            return StudyState(state)

        return self.database.transact(look)

    def read(self, study: str, *, runs: Runs = Runs.WITHOUT_CURVES) -> Record:
        """Read all there is of a study, as it was at one moment.

        ``runs`` says what is read of the seed runs that have ended. Curves are most of a ledger,
        and only tables need them: those that are not read are None.
        """

        def look(db: sa.Connection) -> Record:
            db.exec_driver_sql(reading.SNAPSHOT.get(self.database.engine.dialect.name, "SELECT 1"))
            with reading.readable(study):
                return _read(db, study, runs)

        return self.database.transact(look)

    def curves(self, study: str, **key: str) -> Iterator[tuple[SeedRun, Curve]]:
        """Curves of the seed runs that have ended, in the order of their keys.

        ``key`` narrows them down: ``genre``, ``config_id``, ``phase``. They are read as they are
        taken: all of a large study's do not fit in memory.
        """
        with self.database.begin() as db:
            yield from reading.curves(db, study, key)

    def ended_counts(self, study: str) -> dict[tuple[str, Phase, SeedRunState], int]:
        """How many seed runs have ended, by genre, phase and state."""
        return self.database.transact(lambda db: reading.ended_counts(db, study))

    def check_runs(self, study: str) -> None:
        """Raise :class:`StudyError` where a seed run holds what no musebar writes."""
        self.database.transact(lambda db: reading.check_runs(db, study))

    def commonest_failure(self, study: str) -> str:
        """Why most of the seed runs failed that did; empty where none did."""
        return self.database.transact(lambda db: reading.commonest_failure(db, study))

    # -- inside ----------------------------------------------------------------------------

    def _insert_once(self, table: sa.Table, row: dict[str, object]) -> bool:
        try:
            self.database.transact(lambda db: db.execute(table.insert(), row))
        except StudyError as error:
            if isinstance(error.__cause__, IntegrityError):
                return False
            raise
        return True

    def _update(self, study: str, values: dict[str, object]) -> None:
        self.database.transact(lambda db: db.execute(_update(study, values)))

    def _add_configurations(
        self, db: sa.Connection, study: str, configurations: Iterable[Configuration]
    ) -> None:
        table = schema.configurations
        known = set(db.scalars(sa.select(table.c.config_id).where(table.c.study == study)))
        new = {c.config_id: c for c in configurations if c.config_id not in known}
        if new:
            found = [
                {"study": study, "config_id": i, "config": c.to_dict()} for i, c in new.items()
            ]
            db.execute(table.insert(), found)


def _read(db: sa.Connection, study: str, kept: Runs) -> Record:
    table = schema.studies
    row = db.execute(sa.select(table).where(table.c.study == study)).mappings().one_or_none()
    if row is None:
        raise StudyError(f"the ledger holds no study '{study}'")
    return Record(
        spec=restore(row["spec"]),
        state=StudyState(row["state"]),
        stop_requested=row["stop_requested"],
        corpus_path=row["corpus_path"],
        facts={r["genre"]: rows.facts(r) for r in _select(db, schema.genres, study)},
        configurations={
            r["config_id"]: Configuration.from_dict(r["config"])
            for r in _select(db, schema.configurations, study)
        },
        generations=rows.generations(_select(db, schema.proposals, study)),
        ended=reading.ended(db, study, kept),
        failed_attempts=rows.attempts(_select(db, schema.failed_attempts, study)),
    )


def _row(study: str, run: SeedRun, result: SeedRunResult) -> dict[str, object]:
    content = rows.result_row(result)
    content["finished_at"] = result.finished_at or now()
    return {"study": study, **run._asdict(), **content}


def _update(study: str, values: dict[str, object]) -> sa.Update:
    return schema.studies.update().where(schema.studies.c.study == study).values(**values)


def _recorded(db: sa.Connection, key: dict[str, object]) -> list[str | None]:
    """The configurations of a generation, in order, where it is there already."""
    query = sa.select(schema.proposals.c.config_id).order_by(schema.proposals.c.position)
    return list(db.scalars(query.where(*(schema.proposals.c[name] == key[name] for name in key))))


def now() -> str:
    """The time, ISO 8601 in UTC, to the microsecond."""
    return datetime.now(UTC).isoformat()


def _select(
    db: sa.Connection, table: sa.Table, study: str, without: Iterable[sa.Column[Any]] = ()
) -> list[sa.RowMapping]:
    columns = [column for column in table.c if column not in set(without)]
    query = sa.select(*columns).where(table.c.study == study).order_by(*table.primary_key.columns)
    return list(db.execute(query).mappings())


def public(spec: StudySpec) -> dict[str, object]:
    """A spec as plain data, without its password: as all but its owner may read it."""
    content: dict[str, Any] = spec.model_dump(mode="json")
    if content["storage"]["ledger"] != "sqlite":
        content["storage"]["ledger"] = without_password(content["storage"]["ledger"])
    return content
