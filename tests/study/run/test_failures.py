"""What each failure does to a study; docs/operations.md says the same in words."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import threading
import time

import psutil
import pytest
import sqlalchemy as sa

from musebar_core.errors import StudyError
from study.home import corpora
from study.home.studies import Home
from study.ledger import lease
from study.ledger.lease import Lease, holder
from study.ledger.record import Proposal, StudyState
from study.ledger.result import FailureKind
from study.ledger.schema import leases
from study.results.tables import state_of
from study.run import diskspace
from study.run.driver import Driver
from tests.conftest import PATIENCE, TINY, musebar_command
from tests.postgres import PASSWORD, Postgres, skip_where_missing
from tests.study.run.oneseed import assignment_of, run_seed


@pytest.fixture
def study(tmp_path, tiny_spec):
    return Home(tmp_path / "studies").create(tiny_spec())


def held_by(study, **changes):
    values = {
        "study": "tiny",
        "holder": "x",
        "host": "elsewhere/1",
        "pid": 1,
        "process_start": 0.0,
        "beat": 4,
        "beat_at": study.ledger.database.clock,
    }
    with study.ledger.database.begin() as db:
        db.execute(leases.delete())
        db.execute(leases.insert().values(values | changes))


def test_a_driver_elsewhere_counts_as_running_while_it_is_heard_of(study):
    study.ledger.set_state("tiny", StudyState.RUNNING)
    held_by(study)
    assert state_of(study) == "running"
    held_by(study, beat_at=study.ledger.database.clock - 61.0)
    assert state_of(study) == "interrupted"
    assert holder(study.ledger, "tiny").silent == pytest.approx(61.0, abs=5.0)


def test_a_clock_that_jumps_makes_no_living_driver_dead(study, monkeypatch):
    """Set a day forward, the wall clock moves every start time that is counted by it."""
    with Lease(study.ledger, "tiny"):
        created = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + 86_400)
        monkeypatch.setattr(time, "time", lambda: 4e9)
        assert holder(study.ledger, "tiny").alive
        with pytest.raises(StudyError, match="is being driven"):
            Lease(study.ledger, "tiny").__enter__()


def test_the_hint_to_a_second_driver_names_the_home(study):
    with Lease(study.ledger, "tiny"), pytest.raises(StudyError) as caught:
        Lease(study.ledger, "tiny", "musebar --home there").__enter__()
    assert "'musebar --home there study watch tiny'" in str(caught.value)


def test_a_driver_that_was_held_asks_before_it_writes(study, monkeypatch):
    """No heartbeat went through for a while: another driver may have come meanwhile."""
    with Lease(study.ledger, "tiny") as mine:
        monkeypatch.setattr(mine, "_confirmed", time.monotonic() - 60)
        mine.check()
        monkeypatch.setattr(mine, "_confirmed", time.monotonic() - 60)
        held_by(study)
        with pytest.raises(StudyError, match="taken over"):
            mine.check()


@pytest.fixture
def little_memory():
    """Half a GiB more than this process has taken so far."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = psutil.Process().memory_info().vms + 2**29
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def test_out_of_memory_is_one_attempt_and_says_so(tmp_path, configuration, corpus, little_memory):
    """A weight of four times 8,000 by 8,000 numbers, which the allocator refuses."""
    hungry = configuration(hidden=8_000)
    ended = run_seed(assignment(tmp_path, hungry, corpus), 0)
    assert ended.failure.message.startswith("out of memory: ")
    assert "1024000000 bytes" in ended.failure.message
    assert ended.failure.kind is FailureKind.OUT_OF_MEMORY
    assert not ended.failure.repeats


def assignment(folder, config, corpus):
    return assignment_of(corpus, config, folder / "runs")


@pytest.fixture
def small_disk(tmp_path):
    """Two MiB, and no more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_ends_the_study_and_is_no_runs_failure(
    small_disk, tmp_path, configuration, corpus, tiny_spec
):
    with pytest.raises(OSError, match="No space"):
        (small_disk / "filler").write_bytes(bytes(2**22))
    ended = run_seed(assignment(small_disk, configuration(), corpus), 0)
    assert ended.failure.message.startswith("the disk is full")
    assert ended.failure.kind is FailureKind.DISK_FULL
    spec = tiny_spec(corpus__source=str(corpus.path))
    study = Home(tmp_path / "studies").create(spec)
    study.ledger.set_corpus("tiny", str(corpus.path), corpora.facts(spec, corpus))
    study.ledger.add_configurations("tiny", spec.methods.values())
    with Lease(study.ledger, "tiny") as held:
        driver = Driver(study, study.ledger.read("tiny"), held)
        run = driver.next_chunk("a").runs[0]
        with pytest.raises(StudyError, match="make room, then resume"):
            driver.result("a", run, ended)
    record = study.ledger.read("tiny")
    assert (record.ended, record.failed_attempts) == ({}, {})


def test_a_disk_with_too_little_room_is_refused_before_work(small_disk, tiny_spec, corpus):
    study = Home(small_disk / "studies").create(tiny_spec(corpus__source=str(corpus.path)))
    with pytest.raises(StudyError, match=r"MiB left, and the study needs about \d+ MiB"):
        diskspace.check(study.ledger.read("tiny"), study.folder)


def test_a_database_that_is_away_is_waited_for_only_so_long(tmp_path, tiny_spec):
    ledger = Home(tmp_path).create(tiny_spec()).ledger
    ledger.database.patience = 1.0
    began = time.monotonic()

    def away(db):
        raise sa.exc.OperationalError("SELECT", {}, Exception("database is locked"))

    with pytest.raises(StudyError, match=r"gave up after \d s \(storage.patience_seconds\)"):
        ledger.database.transact(away)
    assert 0.2 < time.monotonic() - began < 10


@pytest.mark.services
@pytest.mark.parametrize(
    ("end", "seconds"), [("stop", 2.0), pytest.param("kill", 60.0, marks=pytest.mark.slow)]
)
def test_a_database_lost_for_a_while_loses_nothing_and_records_nothing_twice(
    tmp_path, tiny_spec, end, seconds, caplog
):
    skip_where_missing()
    with Postgres() as server:
        spec = tiny_spec(storage__ledger=server.url())
        ledger = Home(tmp_path).create(spec).ledger
        ledger.database.patience = 150.0
        for generation, cell in enumerate(list(spec.space.cells())[:2]):
            made = spec.configuration(cell)
            getattr(server, end)()
            threading.Timer(seconds, server.start).start()
            proposed = [Proposal(made.config_id, cell)]
            ledger.add_generation("tiny", "low", generation, proposed, [made])
        assert len(ledger.read("tiny").generations) == 2
        ledger.close()
    assert "waiting for it up to 150 s" in caplog.text
    assert PASSWORD not in caplog.text


def start(folder, *arguments):
    return subprocess.Popen(
        [*musebar_command(), "--home", str(folder / "studies"), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"COLUMNS": "120"},
    )


@pytest.mark.slow
def test_a_signal_to_the_whole_process_group_ends_a_driver_promptly(tmp_path, music):
    """As a batch system sends it: Ray's own processes die of it at the same moment."""
    values = TINY | {
        "corpus.source": str(music),
        "training": "{epochs: 4000, evaluate_every: 1000}",
    }
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    driver = start(tmp_path, "study", "launch", "search", "--name", "tiny", *sets)
    deadline = time.monotonic() + 200
    while not any("SeedRunTrainable" in command for command in commands(driver.pid)):
        assert time.monotonic() < deadline, driver.poll()
        time.sleep(0.2)
    began = time.monotonic()
    os.killpg(driver.pid, signal.SIGTERM)
    _, errors = driver.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert driver.returncode == 130
    assert "study resume tiny" in errors
    status = start(tmp_path, "study", "status", "tiny", "--json").communicate(timeout=PATIENCE)[0]
    assert json.loads(status)["state"] == "stopped"


def commands(pid):
    """The command lines of a process's children; they come and go."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(" ".join(child.cmdline()))
    return found


@pytest.mark.services
def test_a_password_is_seen_nowhere(tmp_path, music, postgres, postgres_url):
    """Neither in what is printed, nor in a process's arguments, the database, export or report."""
    (tmp_path / "spec.yaml").write_text(f"name: quiet\nstorage: {{ledger: '{postgres_url}'}}\n")
    values = TINY | {
        "corpus.source": str(music),
        "corpus.genres": "[low]",
        "search.methods": "false",
        "search.configurations": "2",
    }
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    driver = start(tmp_path, "-v", "study", "launch", str(tmp_path / "spec.yaml"), *sets)
    arguments, lines = set(), []
    reader = threading.Thread(target=lambda: lines.extend(driver.stderr))
    reader.start()
    while driver.poll() is None:
        arguments |= set(commands(os.getpid()))
        time.sleep(0.5)
    reader.join()
    said = ["".join(lines), driver.stdout.read(), *arguments]
    assert driver.returncode == 0, said[0]
    postgres.run("CREATE DATABASE optuna")
    for command in (
        ("study", "status", "quiet"),
        ("study", "export", "quiet", "--optuna"),
        ("report", "build", "quiet"),
        ("study", "resume", "quiet"),
        ("study", "export", "quiet", "--optuna", postgres.url("optuna")),
    ):
        done = start(tmp_path, *command)
        said += done.communicate(timeout=PATIENCE)
        assert done.returncode == 0, said[-1]
    engine = sa.create_engine(postgres_url)
    with engine.begin() as db:
        said.append(str(db.execute(sa.text("SELECT spec FROM musebar_studies")).all()))
    engine.dispose()
    assert not [text for text in said if PASSWORD in text]
    files = [f for f in (tmp_path / "studies").rglob("*") if f.is_file()]
    assert [f.name for f in files if PASSWORD.encode() in f.read_bytes()] == ["study.yaml"]
    assert (tmp_path / "studies" / "quiet" / "study.yaml").stat().st_mode & 0o077 == 0


def test_the_lease_is_kept_for_as_long_as_its_patience():
    assert lease.PATIENCE > 3 * lease.HEARTBEAT
