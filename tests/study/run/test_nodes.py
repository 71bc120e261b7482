"""On a Ray cluster of a head that trains nothing, which a node with a GPU joins later.

The GPU is one that Ray is told of: it places trials by it, and CUDA shows no memory of it. Where
that is needed, the test answers in CUDA's place.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest

from study.home.studies import Home
from tests.conftest import PATIENCE, TINY, musebar_command
from tests.raynodes import Node, environment

pytestmark = pytest.mark.services

GIB = 2**30
BOTH_AUTO = "gpus_per_trial: auto, seeds_per_trial: auto"

JOIN = """
import json
import logging
import sys
from study.run import nodes
from study.spec import specfile
from musebar_core.errors import MuseBarError

class Stopped(MuseBarError):
    pass

asked, ticks = json.loads(sys.argv[1]), 0

def tick():
    global ticks
    ticks += 1
    if ticks == asked["stop_at"]:
        raise Stopped("stopped")

logging.basicConfig(level=logging.WARNING)
if asked["memory"] is not None:
    nodes.gpu_bytes = lambda node: asked["memory"]
spec = specfile.load("search", asked["sets"], "tiny")
try:
    with nodes.joined(spec, tick, patience=asked["patience"]) as given:
        answer = [given.slots, given.gpus_per_trial, given.seeds_per_trial]
except MuseBarError as error:
    answer = str(error)
print(json.dumps({"answer": answer, "ticks": ticks}))
"""


@pytest.fixture
def env(tmp_path):
    return environment(tmp_path)


@pytest.fixture
def head(env):
    node = Node(env, num_cpus=0, dashboard=False)
    deadline = time.monotonic() + 120
    while "Ray runtime started" not in node.log.read_text():
        if time.monotonic() > deadline or node.process.poll() is not None:
            raise RuntimeError(node.log.read_text()[-3000:])
        time.sleep(0.5)
    yield node
    node.kill()


@pytest.fixture
def later(env, head):
    """Starts a node with two CPUs, and a GPU that Ray is told of, some seconds from now."""
    timers, started = [], []

    def add(seconds, **resources):
        node = {"num_cpus": 2, "num_gpus": 1} | resources
        timers.append(threading.Timer(seconds, lambda: started.append(Node(env, head, **node))))
        timers[-1].start()

    yield add
    for timer in timers:
        timer.join()
    for node in started:
        node.kill()


@pytest.fixture
def join(env, head, music, tmp_path):
    """Joins the cluster as a study's driver does: what each trial is given, or the error."""

    def run(resources, *, memory=None, patience=300.0, stop_at=None):
        values = TINY | {"corpus.source": str(music), "resources": f"{{{resources}}}"}
        asked = {
            "sets": [f"{k}={v}" for k, v in values.items()],
            "memory": memory,
            "patience": patience,
            "stop_at": stop_at,
        }
        done = subprocess.run(
            [sys.executable, "-c", JOIN, json.dumps(asked)],
            check=False,
            text=True,
            cwd=tmp_path,
            env=env | {"RAY_ADDRESS": f"{head.ip}:{head.port}"},
            capture_output=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1]) | {"log": done.stderr}

    return run


def test_a_study_waits_for_the_first_gpu_and_is_sized_by_it(join, later):
    """Of 6 GiB, ten runs of a tiny model take a ninth, as one of them would."""
    later(12)
    found = join(f"slots: 4, {BOTH_AUTO}", memory=6 * GIB)
    assert found["answer"] == [4, pytest.approx(1 / 9), 10]
    assert "waiting for a node with 1 GPU and 1 CPU free to start" in found["log"]
    assert found["ticks"] > 1  # meanwhile the study could have been stopped


def test_a_share_in_numbers_waits_too_and_needs_no_memory(join, later):
    later(10)
    assert join("slots: 4, gpus_per_trial: 0.5")["answer"] == [4, 0.5, 1]
    there = join("gpus_per_trial: 0.5")
    assert there["answer"] == [2, 0.5, 1]
    assert "waiting" not in there["log"]


def test_a_node_is_asked_for_the_memory_of_its_gpus(join, later):
    """CUDA's own answer, for a GPU that only Ray was told of, is none: nothing to size by."""
    later(0)
    assert "the memory of a GPU is not known" in join(f"slots: 4, {BOTH_AUTO}")["answer"]


def test_where_no_gpu_comes_auto_never_means_cpus(join, later):
    later(0, num_gpus=0)
    alone = join(f"slots: 4, {BOTH_AUTO}", patience=5)
    assert "did not come" in alone["answer"]
    assert "resources.gpus_per_trial=0 to train on CPUs" in alone["answer"]
    unknown = join(BOTH_AUTO)
    assert "resources.slots is 'auto'" in unknown["answer"]
    assert "--set resources.slots=8" in unknown["answer"]
    assert "waiting" not in unknown["log"]  # nor is a machine rented for it


def test_cpus_beside_idle_gpus_are_told(join, later):
    later(0)
    found = join("slots: 2, gpus_per_trial: 0.5")  # until the node is there
    found = join("slots: 2")
    assert found["answer"] == [2, 0, 1]
    assert "training on CPUs, beside GPUs that idle" in found["log"]


def test_the_wait_ends_when_the_study_is_stopped(join):
    found = join(f"slots: 1, {BOTH_AUTO}", stop_at=3)
    assert found["answer"] == "stopped"


def test_slots_without_room_wait_and_the_study_ends(env, head, later, music, tmp_path):
    """More trials at a time than ever fit, on nodes that are not there when it begins."""
    later(15, num_cpus=1, num_gpus=0)
    values = TINY | {
        "corpus.source": str(music),
        "corpus.genres": "[low]",
        "search.methods": "false",
        "resources.slots": "4",
    }
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    done = subprocess.run(
        [
            *musebar_command(),
            "--home",
            str(tmp_path / "studies"),
            "study",
            "launch",
            "search",
            "--name",
            "tiny",
            "--join",
            *sets,
        ],
        check=False,
        text=True,
        cwd=tmp_path,
        env=env | {"RAY_ADDRESS": f"{head.ip}:{head.port}"},
        capture_output=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    record = Home(tmp_path / "studies").open("tiny").ledger.read("tiny")
    assert record.state == "finished"
    assert all(ended.done for ended in record.ended.values())
