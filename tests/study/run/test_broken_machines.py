"""Whole studies on machines that break: memory, disk and clock, done to the real thing."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from study.home.studies import Home
from study.ledger.reading import Runs
from study.ledger.result import Failure, FailureKind
from study.results.tables import state_of
from tests.conftest import PATIENCE, TINY, musebar_command
from tests.postgres import Postgres, skip_where_missing
from tests.raynodes import training
from tests.services import missing

pytestmark = pytest.mark.slow

LONG = "{profile: strong, epochs: 400, batch: 4, evaluate_every: 100, evaluation_snippets: 16}"


class Run:
    """Starts ``musebar`` in a folder, and reads the study that it makes."""

    def __init__(self, folder, music):
        self.home = folder / "studies"
        self._folder, self._music = folder, music
        self.process = None

    def start(self, *arguments, **environment):
        with (self._folder.parent / "said").open("w") as said:
            self.process = subprocess.Popen(
                [*musebar_command(), "--home", str(self.home), "study", *arguments],
                cwd=self._folder,
                env=os.environ | {"COLUMNS": "120"} | environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        return self.process

    def launch(self, changes, **environment):
        values = TINY | {"corpus.source": str(self._music), "corpus.genres": "[low]"} | changes
        sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        return self.start("launch", "search", "--name", "tiny", *sets, **environment)

    @property
    def said(self):
        return (self._folder.parent / "said").read_text()

    @property
    def study(self):
        return Home(self.home).open("tiny")

    def wait_for(self, count):
        """Until so many seed runs have ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if "tiny" in Home(self.home).names() and len(self.read().ended) >= count:
                return
            time.sleep(0.1)
        pytest.fail(f"the study did not get that far: {self.said}")

    def ends_within(self, seconds):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=seconds)
        return self.process.poll() is not None

    def kill(self):
        """The driver, and Ray's processes with it."""
        for process in (*psutil.Process(self.process.pid).children(recursive=True), self.process):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self.process.wait()

    def read(self):
        study = self.study
        record = study.ledger.read("tiny", runs=Runs.WITH_CURVES)
        study.ledger.close()
        return record


@pytest.fixture
def run(tmp_path, music):
    folder = tmp_path / "there"
    folder.mkdir()
    made = Run(folder, music)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


def table(record):
    return {r: (e.failure, e.metrics, e.curve) for r, e in record.ended.items()}


def test_a_worker_that_ray_kills_for_its_memory_fails_with_that_reason(run):
    grid = {
        "search.protocol": "grid",
        "search.choices": "{latent_length: [2]}",
        "search.fixed": "{free_bits: 0, annealing: linear, annealing_length: 0.5, "
        "input_dropout: 0, regularizers: 1}",
        "seeds": "{search: 1, confirm: 1}",
        "resources": "{slots: 1, max_attempts: 2}",
        "training": LONG,
    }
    ray = {"RAY_memory_usage_threshold": "0.001", "RAY_memory_monitor_refresh_ms": "50"}
    assert run.launch(grid, **ray).wait(timeout=PATIENCE) == 1, run.said
    assert "none of its 1 seed runs succeeded (out of memory" in run.said
    (ended,) = run.read().ended.values()
    assert ended.failure == Failure(
        "out of memory: Ray killed the worker before its node ran out",
        FailureKind.OUT_OF_MEMORY,
    )
    assert ended.attempts == 2


def test_a_run_that_diverges_fails_with_its_reason_and_is_not_tried_again(run):
    """Both runs of a learning rate out of all reason; those of the other are done."""
    grid = {
        "search.protocol": "grid",
        "search.methods": "false",
        "search.choices": "{learning_rate: [0.01, 1.0e+30]}",
        "search.fixed": "{latent_length: 2, free_bits: 0, annealing: linear, "
        "annealing_length: 0.5, input_dropout: 0, regularizers: 1}",
    }
    driver = run.launch(grid | {"seeds": "{search: 2, confirm: 2}"})
    assert driver.wait(timeout=PATIENCE) == 0, run.said
    assert "2 of 4 seed runs failed" in run.said
    record = run.read()
    rate = {r: record.configurations[r.config_id].training.learning_rate for r in record.ended}
    assert sorted(rate.values()) == [0.01, 0.01, 1e30, 1e30]
    for one, ended in record.ended.items():
        assert ended.done == (rate[one] == 0.01)
        assert ended.done or "no longer a finite number" in ended.failure.message
        assert ended.attempts == 1


def test_a_database_killed_for_a_minute_under_a_whole_study_changes_nothing(run, tmp_path, music):
    """What is in flight goes on meanwhile, and is recorded afterwards, none of it a second time."""
    skip_where_missing()
    with Postgres() as server:
        kept = {"storage.ledger": server.url(), "storage.checkpoint_seconds": "0"}
        driver = run.launch({"training": LONG} | kept)
        run.wait_for(3)
        flying = workers(driver)
        server.kill()
        killed = time.time()
        assert flying, "no run was in flight"
        time.sleep(60)
        written = [p for p in run.home.rglob("*.safetensors") if p.stat().st_mtime > killed]
        assert not server.answers()
        assert driver.poll() is None, run.said
        server.start()
        assert driver.wait(timeout=PATIENCE) == 0, run.said
        assert written, "nothing went on while the database was away"
        assert "waiting for it up to 300 s" in run.said
        record = run.read()
    assert state_of_runs(record) == {(True, 1)}
    other = tmp_path / "other"
    other.mkdir()
    undisturbed = Run(other, music)
    assert undisturbed.launch({"training": LONG}).wait(timeout=PATIENCE) == 0
    assert table(undisturbed.read()) == table(record)


def workers(driver):
    """The driver's processes that are in a seed run; waited for, there are moments without one."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = training(psutil.Process(driver.pid).children(recursive=True))
        if found:
            return found
    return []


def state_of_runs(record):
    return {(ended.done, ended.attempts) for ended in record.ended.values()}


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "there"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_fills_half_way_ends_the_study_and_costs_it_no_run(run, small_disk):
    run.launch({"training": LONG})
    run.wait_for(3)
    with pytest.raises(OSError, match="No space"):
        (small_disk / "filler").write_bytes(bytes(2**26))
    assert run.process.wait(timeout=PATIENCE) == 1
    assert "make room, then resume" in run.said
    assert "Traceback" not in run.said
    (small_disk / "filler").unlink()
    before = run.read()
    assert state_of(run.study) == "interrupted"
    assert run.start("resume", "tiny").wait(timeout=PATIENCE) == 0, run.said
    record = run.read()
    assert all(e.done and e.attempts == 1 for e in record.ended.values())
    assert table(before).items() <= table(record).items()


@pytest.fixture
def clock(tmp_path):
    """The seconds by which the clock is wrong, in a file, and an environment that goes by it."""
    if shutil.which("cc") is None:
        missing("no C compiler is installed: make debian")
    library, file = tmp_path / "clock.so", tmp_path / "clock"
    source = Path(__file__).parents[2] / "clock.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    file.write_text("0")
    return file, {"LD_PRELOAD": str(library), "CLOCK_JUMP": str(file)}


def test_a_clock_that_jumps_a_day_and_back_changes_nothing(run, clock, tmp_path, music, capsys):
    """Some of Ray's timers wait for a time of day: set back by two days, Ray may stand still."""
    file, environment = clock
    run.launch({"training": LONG}, **environment)
    run.wait_for(2)
    for count, jump in ((4, 86_400), (6, -86_400)):
        file.write_text(str(jump))
        second = subprocess.run(
            [*musebar_command(), "--home", str(run.home), "study", "resume", "tiny"],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert second.returncode == 1
        assert f"driven by process {run.process.pid}" in second.stderr
        run.wait_for(count)
    if not run.ends_within(200):
        with capsys.disabled():
            print("\nRay stood still after the clock was set back: killed and resumed")
        run.kill()
        run.start("resume", "tiny")
    assert run.process.wait(timeout=PATIENCE) == 0, run.said
    record = run.read()
    days = {e.finished_at[:10] for e in record.ended.values()}
    assert len(days) > 1, "the clock did not jump"
    other = tmp_path / "other"
    other.mkdir()
    undisturbed = Run(other, music)
    assert undisturbed.launch({"training": LONG}).wait(timeout=PATIENCE) == 0
    assert table(undisturbed.read()) == table(record)
