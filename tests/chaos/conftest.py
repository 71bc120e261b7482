"""Three machines in network namespaces, a PostgreSQL server, a Ray cluster, and studies on it."""

from __future__ import annotations

import collections
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil
import pytest
import sqlalchemy as sa

from study.home.studies import Home
from study.ledger import schema
from study.ledger.ledger import Ledger
from study.ledger.reading import Runs
from study.ledger.record import SeedRun
from study.results import tables
from study.results.columns import KEY
from study.spec.sections import Phase
from tests import namespaces
from tests.conftest import PATIENCE, TINY, musebar_command
from tests.postgres import Postgres, skip_where_missing
from tests.raynodes import Node, environment

if TYPE_CHECKING:
    from pathlib import Path

    from study.ledger.record import Record

EPOCHS = "{profile: strong, epochs: 240, batch: 4, evaluate_every: 20, evaluation_snippets: 16}"
"""Twelve evaluations: what is killed in between has a checkpoint to go on from."""

ROOM = 5 * 2**30
"""Bytes that the lab may take beside what is in use; where more is, Ray kills workers."""

WENT_ON = re.compile(r"went on from its checkpoint at epoch (\d+)")


@dataclass
class Lab:
    """The machines: a head that drives and trains nothing, and two that train."""

    folder: Path
    music: Path
    network: namespaces.Network
    postgres: Postgres
    env: dict[str, str]
    memory_share: float
    nodes: list[Node] = field(default_factory=list)

    @property
    def head(self) -> Node:
        return self.nodes[0]

    @property
    def joining(self) -> dict[str, str]:
        """For what joins this cluster, and no other one that this machine may be a node of."""
        return self.env | {"RAY_ADDRESS": f"{self.head.ip}:{self.head.port}"}

    def start_node(self, number: int) -> Node:
        machine = self.network.machines[number]
        return Node(
            self.env,
            self.nodes[0] if number else None,
            machine.address,
            machine.inside,
            dashboard=False,
            num_cpus=1 if number else 0,
        )

    def replace_node(self, number: int) -> None:
        """A fresh node in the place of one that was killed or cut off."""
        self.nodes[number].kill()
        self.network.machines[number].mend()
        self.nodes[number] = self.start_node(number)
        self.wait_for_nodes()

    def wait_for_nodes(self) -> None:
        """Until every node is known to the head, and alive."""
        code = (
            "import ray, sys, time\n"
            "ray.init(address='auto', log_to_driver=False, logging_level='ERROR')\n"
            "end = time.monotonic() + 120\n"
            "while time.monotonic() < end:\n"
            "    if sum(n['Alive'] for n in ray.nodes()) == int(sys.argv[1]): sys.exit(0)\n"
            "    time.sleep(0.3)\n"
            "sys.exit(1)\n"
        )
        seen = self.inside(["python", "-c", code, str(len(self.nodes))], timeout=PATIENCE)
        if seen.returncode:
            logs = "\n".join(node.log.read_text()[-1500:] for node in self.nodes)
            raise RuntimeError(f"a node is missing: {seen.stderr[-1500:]}\n{logs}")

    def inside(self, command: list[str], *, timeout: float):
        """Run on the head's machine, to its end."""
        return subprocess.run(
            [*self.network.machines[0].inside, *command],
            env=self.joining,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def drive(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a driver on the head's machine."""
        with (self.folder / "drivers.log").open("a") as log:
            return subprocess.Popen(
                [
                    *self.network.machines[0].inside,
                    *musebar_command(),
                    "-v",
                    "--home",
                    str(self.folder / "studies"),
                    "study",
                    *arguments,
                    "--join",
                ],
                env=self.joining,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def launch(self, name: str, **changes: str) -> subprocess.Popen[str]:
        values = (
            TINY
            | {
                "corpus.source": str(self.music),
                "corpus.genres": "[low]",
                "search.methods": "false",
                "training": EPOCHS,
                "storage.ledger": self.postgres.url("studies"),
                "storage.patience_seconds": "60",
                "resources.slots": "2",
            }
            | changes
        )
        sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        return self.drive("launch", "search", "--name", name, *sets)

    def resume(self, name: str) -> subprocess.Popen[str]:
        return self.drive("resume", name)

    def read(self, name: str) -> Record | None:
        """The study's record; None before it is there, or while the database is away."""
        from musebar_core.errors import MuseBarError

        try:
            ledger = Ledger(self.postgres.local_url("studies"))
            try:
                return (
                    ledger.read(name, runs=Runs.WITH_CURVES) if name in ledger.studies() else None
                )
            finally:
                ledger.close()
        except MuseBarError:
            return None

    def reasons(self, name: str) -> list[str]:
        """Why attempts of a study failed."""
        column = schema.failed_attempts.c
        query = sa.select(column.reason).where(column.study == name)
        return [reason for (reason,) in self._select(query)]

    def rows(self, name: str) -> list[SeedRun]:
        """The rows of the ledger's table of seed runs, as they stand there."""
        column = schema.seed_runs.c
        query = sa.select(column.genre, column.config_id, column.seed, column.phase)
        found = self._select(query.where(column.study == name))
        return [SeedRun(genre, config, seed, Phase(phase)) for genre, config, seed, phase in found]

    def _select(self, query: sa.Select) -> list[sa.Row]:
        engine = sa.create_engine(self.postgres.local_url("studies"))
        with engine.begin() as db:
            found = list(db.execute(query))
        engine.dispose()
        return found

    def wait_for(self, name: str, count: int, driver: subprocess.Popen[str]) -> bool:
        """Wait until so many seed runs have ended; False if the driver ended first."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            record = self.read(name)
            if record is not None and len(record.ended) >= count:
                return driver.poll() is None
            if driver.poll() is not None:
                return False
            time.sleep(0.1)
        raise TimeoutError(self.said())

    def finish(self, name: str, driver: subprocess.Popen[str]) -> int:
        """See a study to its end, resuming it where its driver ended; how often it was."""
        resumed = 0
        while driver.wait(timeout=PATIENCE) != 0:
            resumed += 1
            if resumed > 3:
                raise RuntimeError(self.said())
            driver = self.resume(name)
        return resumed

    def said(self) -> str:
        return self._log()[-4000:]

    def went_on(self) -> list[int]:
        """The epoch of the checkpoint that a run went on from, of each so far that did."""
        return [int(epoch) for epoch in WENT_ON.findall(self._log())]

    def _log(self) -> str:
        file = self.folder / "drivers.log"
        return file.read_text() if file.exists() else ""

    def home(self) -> Home:
        return Home(self.folder / "studies")


def table(record: Record) -> dict:
    """All of a study that has to be the same, bit for bit, whatever happened to it."""
    return {
        "runs": {
            run: (ended.failure, ended.metrics, ended.curve, ended.best_epoch)
            for run, ended in record.ended.items()
        },
        "generations": record.generations,
        "facts": record.facts,
    }


def compared(lab, name, record, undisturbed):
    """What a study has too little, too much, or not bit for bit as the undisturbed one."""
    rows, planned = lab.rows(name), set(undisturbed["runs"])
    exported = tables.tables(name, record, record.state)
    again = exported.results.duplicated(list(KEY)).sum()
    epochs = exported.curves.duplicated([*KEY, "epoch"]).sum()
    counts = {
        "seed runs": len(rows),
        "seed runs lost": len(planned - set(rows)),
        "seed runs recorded twice": len(rows) - len(set(rows)) + int(again),
        "epochs recorded twice": int(epochs),
        "tables unequal": int(table(record) != undisturbed),
        "deaths told as want of memory": sum("memory:" in r for r in lab.reasons(name)),
    }
    return +collections.Counter(counts)


@pytest.fixture(scope="session")
def lab(tmp_path_factory, music):
    reason = namespaces.why_not()
    if reason:
        pytest.skip(reason)
    skip_where_missing()
    folder = tmp_path_factory.mktemp("lab")
    with namespaces.Network(3) as network:
        head = network.machines[0]
        with Postgres(head.address, head.inside) as postgres:
            postgres.run("CREATE DATABASE studies")
            memory = psutil.virtual_memory()
            share = min(0.95, 1 - (memory.available - ROOM) / memory.total)
            env = environment(folder, RAY_memory_usage_threshold=f"{share:.4f}")
            made = Lab(folder, music, network, postgres, env, share)
            try:
                for number in range(3):
                    made.nodes.append(made.start_node(number))
                    made.wait_for_nodes()
                yield made
            finally:
                for node in reversed(made.nodes):
                    node.kill()


@pytest.fixture(scope="session")
def undisturbed(lab):
    """The table of a study that nothing happened to."""
    assert lab.launch("undisturbed").wait(timeout=PATIENCE) == 0, lab.said()
    record = lab.read("undisturbed")
    assert record is not None
    assert record.state == "finished"
    return table(record)


def kill_group(process: subprocess.Popen[str]) -> None:
    """``kill -9`` of the driver, and of the command that put it into its namespace."""
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
