"""A PostgreSQL server of a test's own: started, stopped, killed and started again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from tests.conftest import PATIENCE
from tests.services import missing

PASSWORD = "correct-horse-battery"


def binary(name: str) -> str | None:
    """Debian keeps the server's programs out of PATH, one folder a version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(found[0]) if found else shutil.which(name)


def skip_where_missing() -> None:
    if binary("initdb") is None:
        missing("PostgreSQL's server is not installed: make debian")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """One server in a temporary folder, asking for a password, on its own port.

    Started by root it runs as ``postgres``, for the server refuses to run as root.
    """

    def __init__(self, host: str = "127.0.0.1", prefix: tuple[str, ...] = ()) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="musebar-postgres-"))
        self.folder.chmod(0o755)
        self.host, self.port, self._prefix = host, free_port(), prefix
        # what is run through another command drops root's rights in there, before the server
        self._user = "postgres" if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        (self.folder / "password").write_text(PASSWORD)
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            os.chown(self.folder / "password", owner.pw_uid, owner.pw_gid)
        subprocess.run(
            [
                binary("initdb"),
                "--pgdata",
                self.folder / "data",
                "--username",
                "musebar",
                "--pwfile",
                self.folder / "password",
                "--auth",
                "scram-sha-256",
                "--locale",
                "en_US.UTF-8" if _has_locale() else "C.UTF-8",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            timeout=PATIENCE,
            cwd=self.folder,
            user=self._user,
        )
        with (self.folder / "data" / "pg_hba.conf").open("a") as file:
            file.write("host all all 0.0.0.0/0 scram-sha-256\n")

    def __enter__(self) -> Postgres:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _demotion(self) -> tuple[str, ...]:
        if not (self._prefix and self._user):
            return ()
        return ("setpriv", f"--reuid={self._user}", f"--regid={self._user}", "--clear-groups")

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql+psycopg://musebar:{password}@{self.host}:{self.port}/{database}"

    def start(self) -> None:
        """Start, or start again, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._prefix,
                    *self._demotion,
                    binary("postgres"),
                    "-D",
                    self.folder / "data",
                    "-k",
                    self.folder,
                    "-h",
                    self.host,
                    "-p",
                    str(self.port),
                    "-F",
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                user=None if self._prefix else self._user,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        """Shut down at once, as for a restart: clients are disconnected."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End as a crash would: nothing is written any more; it recovers when started again."""
        self._end(signal.SIGQUIT)

    def local_url(self, database: str = "postgres") -> str:
        """Through its socket file: it reaches a server in another network namespace too."""
        place = f"host={self.folder}&port={self.port}"
        return f"postgresql+psycopg://musebar:{PASSWORD}@/{database}?{place}"

    def run(self, statement: str) -> None:
        """Run a statement over the server's socket file, outside of any transaction."""
        with psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user="musebar",
            password=PASSWORD,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        ) as db:
            db.execute(statement)

    def answers(self) -> bool:
        """Whether it takes a connection and a statement."""
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=60)
            self._process = None


def _has_locale() -> bool:
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    return "en_US.utf8" in listed.split()
