"""One driver per study: a lease in the ledger's database, kept alive by a heartbeat.

A holder that is dead on this host is replaced at once. One on another host is replaced after
:data:`PATIENCE` seconds in which its heartbeat did not move, measured on this host's clock, so
that clocks that differ or jump do no harm.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from musebar_core.errors import StudyError
from study.ledger.schema import leases

if TYPE_CHECKING:
    from types import TracebackType

    from study.ledger.ledger import Ledger

PATIENCE = 60.0
"""Seconds without a heartbeat after which a holder on another host counts as gone."""

HEARTBEAT = 5.0
"""Seconds between heartbeats."""


@dataclass(frozen=True)
class Holder:
    """Who drives a study: a process, told from its successors by its start time.

    Attributes
    ----------
    process_start
        Seconds after the machine's start: a clock that jumps does not change it.
    silent
        Seconds since its last heartbeat, by the database's clock; None where that is not known.
    """

    holder: str
    host: str
    pid: int
    process_start: float
    beat: int
    silent: float | None = field(default=None, compare=False)

    @property
    def machine(self) -> str:
        """Its host's name, for messages."""
        return self.host.partition("/")[0]

    @property
    def here(self) -> bool:
        """Whether it is a process of this host."""
        return self.host == this_host()

    @property
    def alive(self) -> bool:
        """Whether a holder on this host still runs."""
        try:
            process = psutil.Process(self.pid)
            started = process_start(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
        except (psutil.NoSuchProcess, FileNotFoundError):
            return False
        return abs(started - self.process_start) < 2.0

    @property
    def gone(self) -> bool:
        """Whether it is known to be dead, or has not been heard of for :data:`PATIENCE`."""
        if self.here:
            return not self.alive
        return self.silent is not None and self.silent > PATIENCE


class Lease:
    """Hold a study for as long as the ``with`` block runs.

    Raises
    ------
    StudyError
        On entering, if a living driver holds the study; its host and process are named.
    """

    def __init__(
        self, ledger: Ledger, study: str, musebar: str = "musebar", patience: float = PATIENCE
    ) -> None:
        self._musebar = musebar
        self._confirmed = time.monotonic()
        self._ledger = ledger
        self._study = study
        self._patience = patience
        self._holder = uuid.uuid4().hex
        self._closing = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, daemon=True, name="lease")

    def __enter__(self) -> Lease:
        held = holder(self._ledger, self._study)
        if held is not None and not self._is_gone(held):
            raise StudyError(
                f"study '{self._study}' is being driven by process {held.pid} on {held.machine}: "
                f"watch it with '{self._musebar} study watch {self._study}', or stop it with "
                f"'{self._musebar} study stop {self._study}'"
            )
        self._take(held)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._thread.join()
        # a lease that cannot be given back is found dead by whoever comes next
        with contextlib.suppress(StudyError):
            self.release()

    def release(self) -> None:
        """Give the study free for another driver."""
        with self._ledger.database.begin() as db:
            db.execute(leases.delete().where(self._mine()))

    def check(self) -> None:
        """Raise :class:`StudyError` if another driver took the study over.

        Where no heartbeat went through for a while, because the database was away or this
        process was held, it asks the database.
        """
        if time.monotonic() - self._confirmed > 3 * HEARTBEAT:
            self._ledger.database.transact(self._beat)
        if self._lost.is_set():
            raise StudyError(
                f"study '{self._study}' was taken over by another driver: this one stops, "
                "and records nothing more"
            )

    def _is_gone(self, held: Holder) -> bool:
        if held.here:
            return not held.alive
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            time.sleep(min(1.0, self._patience / 4))
            seen = holder(self._ledger, self._study)
            if seen != held:
                return seen is None
        return True

    def _take(self, replaced: Holder | None) -> None:
        values = {
            "holder": self._holder,
            "host": this_host(),
            "pid": os.getpid(),
            "process_start": process_start(os.getpid()),
            "beat": 0,
            "beat_at": self._ledger.database.clock,
        }
        try:
            with self._ledger.database.begin() as db:
                if replaced is not None:
                    db.execute(
                        leases.delete().where(
                            leases.c.study == self._study, leases.c.holder == replaced.holder
                        )
                    )
                db.execute(leases.insert().values(study=self._study, **values))
        except StudyError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise StudyError(
                f"study '{self._study}' was taken by another driver a moment ago"
            ) from None

    def _mine(self) -> sa.ColumnElement[bool]:
        return sa.and_(leases.c.study == self._study, leases.c.holder == self._holder)

    def _keep_alive(self) -> None:
        while not self._closing.wait(HEARTBEAT):
            try:
                with self._ledger.database.begin() as db:
                    self._beat(db)
            except StudyError:
                continue  # the database is away; the lease lasts until somebody else takes it
            if self._lost.is_set():
                return

    def _beat(self, db: sa.Connection) -> None:
        beat = (
            leases.update()
            .where(self._mine())
            .values(beat=leases.c.beat + 1, beat_at=self._ledger.database.clock)
        )
        if db.execute(beat).rowcount == 0:
            self._lost.set()
        self._confirmed = time.monotonic()


def holder(ledger: Ledger, study: str) -> Holder | None:
    """Who holds the study, whether alive or not; None where nobody does."""
    columns: list[sa.ColumnElement[Any]] = [
        c for c in leases.columns if c.name not in {"study", "beat_at"}
    ]
    columns.append((ledger.database.clock - leases.c.beat_at).label("silent"))
    with ledger.database.begin() as db:
        row = db.execute(sa.select(*columns).where(leases.c.study == study)).mappings().first()
    return Holder(**row) if row else None


def process_start(pid: int) -> float:
    """When a process started, seconds after the machine did.

    Raises
    ------
    FileNotFoundError
        If there is no such process.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return psutil.Process(pid).create_time()
    return int(stat.read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")


def this_host() -> str:
    """Host name, boot and process namespace: within them a process id means something.

    Machines may share a name, and every first namespace has the same number; boots differ.
    """
    namespace, boot = Path("/proc/self/ns/pid"), Path("/proc/sys/kernel/random/boot_id")
    inode = namespace.stat().st_ino if namespace.exists() else 0
    booted = boot.read_text().strip() if boot.exists() else ""
    return f"{socket.gethostname()}/{booted}/{inode}"
