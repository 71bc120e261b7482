"""The engine against the real Ray Tune."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from study.home.studies import Home
from study.ledger import schema
from study.ledger.result import Failure, FailureKind
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
