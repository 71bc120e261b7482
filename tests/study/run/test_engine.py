"""The engine against the real Ray Tune, and its small objects by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from ray import cloudpickle

from musebar_core.errors import StudyError
from study.home.studies import Home
from study.ledger import schema
from study.ledger.record import SeedRun
from study.ledger.result import Failure, FailureKind, SeedRunResult
from study.run.engine import ReleasingScheduler, ResultRecorder, StudySearcher, StudyStopper
from study.run.worker import ASSIGNMENT, RESULT, RUN
from study.spec.sections import Phase
from tests.conftest import PATIENCE, TINY, musebar_command
from tests.raynodes import Node, environment

COUNTED = """
import gc, json, sys
from pathlib import Path
import psutil
from ray.tune.experiment import Trial
from study.run.dispatch import run_study
from study.home.studies import Home
from study.run.progress import Reporter


class Counting(Reporter):
    def __init__(self):
        super().__init__()
        self.kept = []

    def changed(self, driver):
        self.kept.append(sum(type(thing) is Trial for thing in gc.get_objects()))
        if len(self.kept) == 5:
            next(process for process in psutil.Process().children(recursive=True)
                 if "SeedRunTrainable" in " ".join(process.cmdline())).kill()


home = Home(Path(sys.argv[1]))
counting = Counting()
run_study(home.open("tiny"), home, counting)
print(json.dumps(counting.kept))
"""
"""Drives a study, kills a worker on the way, and counts Tune's trials at every result."""


def test_no_more_of_tunes_trials_are_kept_than_run(tmp_path, tiny_spec):
    """Tune itself keeps every trial to the end, some 20 KiB each; one of them here is an error."""
    study = Home(tmp_path / "studies").create(tiny_spec(resources__slots="2"))
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, str(tmp_path / "studies")],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    kept = json.loads(done.stdout.splitlines()[-1])
    record = study.ledger.read("tiny")
    assert len(kept) == len(record.ended) > 12
    assert all(ended.done for ended in record.ended.values())
    assert max(ended.attempts for ended in record.ended.values()) == 2
    assert max(kept) <= 6  # two that run, two that wait, two that end
    assert reasons(study) == [("the worker process died (killed, or crashed)", "worker_died")]


@pytest.mark.parametrize("slots", ["1", "2"])
def test_a_search_whose_runs_train_as_one_program_ends_as_one_whose_runs_train_in_turn(
    musebar, tiny, tmp_path, monkeypatch, slots
):
    """Stacks are of several configurations; sums are rounded in another order there."""
    asked = tiny(search__sampler="random", resources__slots=slots)
    tables = {}
    for name, together in (("turn", "0"), ("one", "1")):
        monkeypatch.setenv("MUSEBAR_TOGETHER", together)
        seeds = ["--set", f"resources.seeds_per_trial={7 if together == '1' else 1}"]
        done = musebar("study", "launch", "search", *asked, *seeds, "--name", name)
        assert done.returncode == 0, done.stderr
        tables[name] = Home(tmp_path / "studies").open(name).ledger.read(name).ended
    assert tables["one"].keys() == tables["turn"].keys()
    for run, ended in tables["turn"].items():
        found = tables["one"][run]
        assert found.attempts == 1
        assert found.metrics.validation.bce == pytest.approx(ended.metrics.validation.bce, rel=1e-4)
        assert found.checkpoint == ended.checkpoint
        kept = found.checkpoint and tmp_path / "studies" / "one" / found.checkpoint
        assert kept is None or kept.is_file()
    in_turn, as_one = (
        [str(ended.metrics) for _, ended in sorted(table.items())] for table in tables.values()
    )
    assert in_turn != as_one


def reasons(study):
    with study.ledger.database.begin() as db:
        columns = schema.failed_attempts.c
        return [tuple(row) for row in db.execute(sa.select(columns.reason, columns.kind))]


LACKING = """
import sys

if any("default_worker" in word for word in sys.orig_argv):
    class Without:
        def find_spec(self, name, path=None, target=None):
            if name == "safetensors":
                raise ModuleNotFoundError("No module named 'safetensors'")

    sys.meta_path.insert(0, Without())
"""
"""A sitecustomize by which Ray's workers lack a module that the driver has."""


@pytest.fixture
def study(tmp_path, music):
    """Runs `musebar study`; as ``launch`` a study of one seed run, whose worker lacks a module."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(LACKING)
    one = TINY | {
        "corpus.source": str(music),
        "corpus.genres": "[low]",
        "search": "{protocol: grid, methods: false, space: latent_length, "
        "choices: {latent_length: [4]}}",
        "seeds": "{search: 1, confirm: 1}",
        "resources": "{slots: 1, max_attempts: 1}",
    }
    sets = [part for key, value in one.items() for part in ("--set", f"{key}={value}")]
    home = tmp_path / "studies"
    path = os.pathsep.join(filter(None, [str(tmp_path / "site"), os.environ.get("PYTHONPATH")]))

    def run(command, *arguments):
        launch = command == "launch"
        further = ("search", "--name", "tiny", *sets) if launch else ("tiny", *arguments)
        return subprocess.run(
            [*musebar_command(), "--home", home, "study", command, *further],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=os.environ | ({"PYTHONPATH": path} if launch else {}),
        )

    return run


def test_a_worker_that_lacks_a_module_fails_of_the_installation(tmp_path, study):
    done = study("launch")
    said = "the worker could not start: ModuleNotFoundError: No module named 'safetensors'"
    (ended,) = Home(tmp_path / "studies").open("tiny").ledger.read("tiny").ended.values()
    assert ended.failure == Failure(said, FailureKind.INSTALLATION)
    assert done.returncode == 1
    assert f"none of its 1 seed runs succeeded ({said})" in done.stderr


@pytest.mark.slow
def test_what_failed_of_the_installation_is_tried_again_where_asked_once_it_is_mended(
    tmp_path, study
):
    study("launch")
    again = study("resume")
    assert (again.returncode, "--retry-failed" in again.stderr) == (1, True)
    mended = study("resume", "--retry-failed")
    assert mended.returncode == 0, mended.stderr
    assert "1 failed seed runs are tried again" in mended.stderr
    (ended,) = Home(tmp_path / "studies").open("tiny").ledger.read("tiny").ended.values()
    assert ended.done


DRAIN = """
import subprocess, sys
import ray

ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
node = next(n["NodeID"] for n in ray.nodes() if n["Alive"] and n["Resources"].get("CPU"))
subprocess.run(
    [sys.executable, "-m", "ray.scripts.scripts", "drain-node", "--address", sys.argv[1],
     "--node-id", node, "--reason", "DRAIN_NODE_REASON_PREEMPTION",
     "--reason-message", "taken back", "--deadline-remaining-seconds", "1"], check=True)
"""
"""What an autoscaler does whose cloud has said that it takes a spot node back."""


@pytest.mark.services
def test_a_spot_node_that_is_taken_back_costs_its_run_no_attempt(tmp_path, tiny_spec):
    """Left alone, Tune would start its trial again behind the ledger's back."""
    training = "{profile: strong, epochs: 150, batch: 4, evaluate_every: 50}"
    study = Home(tmp_path / "studies").create(tiny_spec(resources__slots="2", training=training))
    env = environment(tmp_path)
    nodes = [Node(env, num_cpus=0, dashboard=False)]
    try:
        spot = Node(env, nodes[0], num_cpus=1)
        nodes.append(spot)
        address = f"127.0.0.1:{nodes[0].port}"
        driver = subprocess.Popen(
            [
                *musebar_command(),
                "--home",
                tmp_path / "studies",
                "study",
                "resume",
                "tiny",
                "--join",
            ],
            env=env | {"RAY_ADDRESS": address},
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for(lambda: len(study.ledger.read("tiny").ended) >= 3, driver)
        subprocess.run(
            [sys.executable, "-c", DRAIN, address], env=env, check=True, timeout=PATIENCE
        )
        nodes.append(Node(env, nodes[0], num_cpus=1))
        time.sleep(1)
        spot.kill()
        said = driver.communicate(timeout=PATIENCE)[1]
    finally:
        for node in reversed(nodes):
            node.kill()  # of one that is gone, nothing is left to kill
    record = study.ledger.read("tiny")
    assert driver.returncode == 0, said
    assert record.state == "finished"
    assert reasons(study) == []
    print(said)
    assert "the node it ran on was lost; it will run again" in said


def wait_for(reached, driver):
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert driver.poll() is None, driver.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.1)


class FakeDriver:
    """Hands out what it is given, and notes what it is told."""

    def __init__(self, *chunks, finished=False, problem=None):
        self.chunks, self.finished, self.problem = list(chunks), finished, problem
        self.told = []

    def _tell(self, *what):
        if self.problem is not None:
            raise self.problem
        self.told.append(what)

    def next_chunk(self, trial_id):
        self._tell("asked", trial_id)
        return self.chunks.pop() if self.chunks else None

    def result(self, trial_id, seed, result):
        self._tell("result", trial_id, seed, result)

    def trial_ended(self, trial_id, failure=None):
        self._tell("ended", trial_id, failure)

    def tick(self):
        self._tell("tick")


@pytest.fixture
def searcher():
    def make(driver, *, stop=False):
        return StudySearcher(driver, lambda chunk: f"do {chunk}", lambda: stop)

    return make


def test_tune_is_given_what_is_next_or_told_to_ask_again(searcher):
    driver = FakeDriver("this")
    asked = searcher(driver)
    assert asked.suggest("a") == {ASSIGNMENT: "do this"}
    assert asked.suggest("b") is None
    assert driver.told == [("asked", "a"), ("asked", "b")]
    assert asked.error is None


def test_tune_is_told_that_there_is_no_more_when_all_has_ended_or_is_to_stop(searcher):
    for asked in (
        searcher(FakeDriver("this", finished=True)),
        searcher(FakeDriver("this"), stop=True),
    ):
        assert asked.suggest("a") == StudySearcher.FINISHED
        assert asked._driver.told == []


PROBLEM = StudyError("the ledger is away")


def test_what_goes_wrong_is_kept_and_ends_the_search(searcher):
    asked = searcher(FakeDriver("this", problem=PROBLEM))
    assert asked.suggest("a") == StudySearcher.FINISHED
    assert asked.error is PROBLEM
    asked._driver.problem = None
    assert asked.suggest("a") == StudySearcher.FINISHED
    assert asked._driver.told == []


def test_a_trial_that_ended_well_frees_its_slot_and_one_that_died_is_the_recorders(searcher):
    asked = searcher(FakeDriver())
    asked.on_trial_complete("a", {}, error=True)
    assert asked._driver.told == []
    asked.on_trial_complete("a", {})
    assert asked._driver.told == [("ended", "a", None)]
    asked._driver.problem = PROBLEM
    asked.on_trial_complete("b")
    assert asked.error is PROBLEM


class FakeReporter:
    def __init__(self):
        self.told = []
        self.stages = SimpleNamespace(ran=self.told.append)

    def changed(self, driver):
        self.told.append("changed")

    def tick(self, driver):
        self.told.append("tick")


@pytest.fixture
def recorder():
    def make(**driver):
        return ResultRecorder(FakeDriver(**driver), FakeReporter())

    return make


@pytest.mark.parametrize(("seconds", "counted"), [(7.5, 7.5), (None, 0.0)])
def test_a_result_is_recorded_shown_and_released_but_for_what_tune_needs(
    recorder, seconds, counted
):
    made, ended = recorder(), SeedRunResult(seconds=seconds)
    run = SeedRun("low", "a", 3, Phase.SEARCH)
    result = {RUN: run, RESULT: ended, "done": False, "node_ip": "::1", "pid": 9, "time_total_s": 1}
    result |= {"training_iteration": 1, "trial_id": "a"}
    made.on_trial_result(0, [], SimpleNamespace(trial_id="a"), result)
    assert made._driver.told == [("result", "a", run, ended)]
    assert made._reporter.told == [counted, "changed"]
    assert set(result) == {"done", "node_ip", "pid", "training_iteration", "trial_id"}


def test_between_steps_what_waits_is_recorded_and_the_display_moves_on(recorder):
    made = recorder()
    made.on_step_end(0, [])
    assert (made._driver.told, made._reporter.told) == ([("tick",)], ["tick"])


def trial(**files):
    return SimpleNamespace(
        **({"trial_id": "a", "pickled_error_file": None, "error_file": None} | files)
    )


@pytest.mark.parametrize(
    "happens",
    [
        lambda made: made.on_trial_result(0, [], trial(), {RUN: None, RESULT: SeedRunResult()}),
        lambda made: made.on_trial_error(0, [], trial()),
        lambda made: made.on_step_end(0, []),
    ],
    ids=["result", "error", "step"],
)
def test_a_ledger_that_cannot_be_written_ends_the_study(recorder, happens):
    made = recorder(problem=PROBLEM)
    with pytest.raises(StudyError, match="the ledger is away"):
        happens(made)
    assert made.error is PROBLEM
    assert made._reporter.told == []


def test_how_a_worker_died_is_read_from_tunes_files(recorder, tmp_path):
    pickled, text = tmp_path / "error.pkl", tmp_path / "error.txt"
    pickled.write_bytes(cloudpickle.dumps(ValueError("the node is low on memory")))
    text.write_text("the node was preempted")
    for files, kind in (
        ({"pickled_error_file": str(pickled), "error_file": str(text)}, FailureKind.OUT_OF_MEMORY),
        (
            {"pickled_error_file": str(tmp_path / "gone"), "error_file": str(text)},
            FailureKind.NODE_LOST,
        ),
        ({"error_file": str(text)}, FailureKind.NODE_LOST),
        ({"error_file": str(tmp_path / "gone")}, FailureKind.WORKER_DIED),
    ):
        made = recorder()
        made.on_trial_error(0, [], trial(**files))
        ((what, trial_id, failure),) = made._driver.told
        assert (what, trial_id, failure.kind) == ("ended", "a", kind)


def test_of_a_worker_that_left_no_file_its_death_is_told(recorder):
    made = recorder()
    made.on_trial_error(0, [], trial())
    ((_, _, failure),) = made._driver.told
    assert failure == Failure(
        "the worker process died (killed, or crashed)", FailureKind.WORKER_DIED
    )


@pytest.mark.parametrize(
    ("recorder_error", "searcher_error", "asked", "stops"),
    [
        (None, None, False, False),
        (PROBLEM, None, False, True),
        (None, PROBLEM, False, True),
        (None, None, True, True),
    ],
)
def test_all_ends_when_asked_or_when_something_went_wrong(
    recorder_error, searcher_error, asked, stops
):
    parts = (SimpleNamespace(error=recorder_error), SimpleNamespace(error=searcher_error))
    stopper = StudyStopper(*parts, lambda: asked)
    assert stopper.stop_all() is stops
    assert stopper("a", {"done": True}) is False


class FakeTrial:
    def __init__(self, finished):
        self.is_finished = lambda: finished


def test_trials_that_ended_are_released_but_for_the_one_that_tune_is_busy_with():
    old, busy, running = FakeTrial(True), FakeTrial(True), FakeTrial(False)
    for done in (
        lambda controller: ReleasingScheduler().on_trial_complete(controller, busy, {}),
        lambda controller: ReleasingScheduler().on_trial_error(controller, busy),
    ):
        trials = [old, busy, running]
        kept = {
            name: {old, busy, running}
            for name in ("_live_trials", "_stopped_trials", "_failed_trials", "_trials_to_cache")
        }
        controller = SimpleNamespace(get_trials=lambda trials=trials: trials, **kept)
        done(controller)
        assert trials == [busy, running]
        assert all(kept[name] == {busy, running} for name in kept)


def test_a_ray_that_keeps_its_trials_elsewhere_costs_nothing_but_memory():
    old, busy = FakeTrial(True), FakeTrial(True)
    trials = [old, busy]
    ReleasingScheduler().on_trial_error(SimpleNamespace(get_trials=lambda: trials), busy)
    assert trials == [busy]
