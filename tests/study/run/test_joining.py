"""What is asked of Ray, and made of its answers; Ray's own are those of ``test_nodes.py``."""

from __future__ import annotations

import functools
import logging
import os
import site
from pathlib import Path
from types import SimpleNamespace

import pytest
import ray
import torch

from musebar_core.errors import StudyError
from study.run import nodes
from study.run.sizing import Node

GIB = 2**30


@pytest.fixture
def spec(tiny_spec):
    def make(**resources):
        text = ", ".join(f"{name}: {value}" for name, value in resources.items())
        return tiny_spec(resources=f"{{{text}}}")

    return make


@pytest.fixture
def asked(monkeypatch):
    """What Ray was asked, call by call; the environment is as before afterwards."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    found = []
    for name in ("init", "shutdown", "cancel"):
        record = functools.partial(lambda name, *_, **given: found.append((name, given)), name)
        monkeypatch.setattr(ray, name, record)
    return found


@pytest.fixture
def cluster(monkeypatch, asked):
    """Nodes of a cluster, looked at again and again: the last answer stays."""

    def tell(*answers):
        left = [list(answer) for answer in answers]

        def look():
            return left.pop(0) if len(left) > 1 else left[0]

        monkeypatch.setattr(ray, "nodes", look)
        return asked

    return tell


def node(cpus, gpus=0, *, alive=True):
    resources = {"CPU": float(cpus)} | ({"GPU": float(gpus)} if gpus else {})
    return {"NodeID": f"{cpus}-{gpus}", "Alive": alive, "Resources": resources}


def called(asked):
    return [name for name, _ in asked]


def test_a_study_joins_the_nodes_that_are_alive_and_leaves_them(spec, cluster):
    asked, ticks = cluster([node(2), node(3), node(9, alive=False), node(0)]), []
    with nodes.joined(spec(cpus_per_trial=2), lambda: ticks.append(called(asked))) as given:
        assert (given.slots, given.gpus_per_trial, given.seeds_per_trial) == (2, 0, 1)
        assert called(asked) == ["init"]
        assert os.environ["TUNE_MAX_PENDING_TRIALS_PG"] == "2"
    assert ticks == [["init"]]
    assert called(asked) == ["init", "shutdown"]
    settings = asked[0][1]
    assert (settings["address"], settings["log_to_driver"]) == ("auto", False)
    assert settings["logging_level"] == logging.ERROR
    assert settings["job_config"]._client_job is True


@pytest.mark.parametrize("error", [ConnectionError("nobody\nthere"), RuntimeError("nobody")])
def test_where_there_is_no_cluster_to_join_it_is_said(spec, asked, monkeypatch, error):
    def refuse(**_):
        raise error

    monkeypatch.setattr(ray, "init", refuse)
    with (
        pytest.raises(StudyError, match=r"^--join: this machine is no node .* \(nobody\)$"),
        nodes.joined(spec(), list),
    ):
        pass
    assert asked == []


def test_a_cluster_without_room_is_left_again(spec, cluster):
    asked = cluster([node(0)])
    with pytest.raises(StudyError, match="no node has room"), nodes.joined(spec(), list):
        pass
    assert called(asked) == ["init", "shutdown"]


@pytest.mark.parametrize(
    ("gpus_per_trial", "gpus", "told"), [(0, 1, True), (0, 0, False), (0.5, 1, False)]
)
def test_gpus_that_idle_are_told(spec, cluster, caplog, gpus_per_trial, gpus, told):
    cluster([node(2, gpus)])
    with nodes.joined(spec(gpus_per_trial=gpus_per_trial, slots=1), list):
        pass
    assert any("beside GPUs that idle" in said for said in caplog.messages) is told


def test_a_nodes_memory_is_asked_only_where_a_share_is_sized_by_it(spec, cluster, monkeypatch):
    cluster([node(2, 1), node(4)])
    looked = []
    monkeypatch.setattr(nodes, "gpu_bytes", lambda name: looked.append(name) or 8 * GIB)
    known = [Node(2, 1, 8 * GIB), Node(4, 0, 0)]
    unknown = [Node(2, 1, 0), Node(4, 0, 0)]
    assert nodes._cluster_nodes(spec(gpus_per_trial="auto")) == known
    assert nodes._cluster_nodes(spec(gpus_per_trial=1, seeds_per_trial="auto")) == known
    assert looked == ["2-1"] * 2
    assert nodes._cluster_nodes(spec(gpus_per_trial=1)) == unknown
    assert nodes._cluster_nodes(spec()) == unknown
    assert looked == ["2-1"] * 2


@pytest.fixture
def waiting(monkeypatch, asked):
    """A task that Ray places after so many seconds of a clock of the test's own."""
    clock = SimpleNamespace(now=1000.0)
    placed_for = []

    def placed_after(seconds):
        at = clock.now + seconds

        def wait(tasks, timeout):
            clock.now += timeout
            return (tasks, []) if clock.now >= at else ([], tasks)

        def remote(**wanted):
            placed_for.append(wanted)
            return lambda work: SimpleNamespace(remote=lambda: "task")

        monkeypatch.setattr(ray, "remote", remote)
        monkeypatch.setattr(ray, "wait", wait)
        monkeypatch.setattr(nodes, "time", SimpleNamespace(monotonic=lambda: clock.now))
        return placed_for

    return placed_after


def test_the_first_gpu_is_waited_for_by_a_task_that_needs_what_a_trial_does(
    spec, cluster, waiting, caplog
):
    asked, placed_for, ticks = cluster([node(8)], [node(8), node(2, 1)]), waiting(5), []
    wanted = spec(gpus_per_trial=0.5, cpus_per_trial=2, slots=3)
    with nodes.joined(wanted, lambda: ticks.append(1)) as given:
        assert (given.slots, given.gpus_per_trial) == (3, 0.5)
    assert placed_for == [{"num_gpus": 0.5, "num_cpus": 2, "max_retries": -1}]
    assert len(ticks) == 1 + 4
    assert caplog.messages == [
        "waiting for a node with 0.5 GPU and 2 CPU free to start, for 30 minutes at most"
    ]
    assert "cancel" not in called(asked)


@pytest.mark.parametrize(("after", "comes"), [(60, True), (61, True), (62, False)])
def test_a_gpu_that_does_not_come_in_time_is_waited_for_no_longer(
    spec, cluster, waiting, after, comes
):
    asked = cluster([node(8)], [node(2, 1)])
    waiting(after)
    wanted = spec(gpus_per_trial=1, slots=3)
    if comes:
        with nodes.joined(wanted, list, patience=60.0):
            pass
        return
    with (
        pytest.raises(StudyError, match="a node with 1 GPU and 1 CPU free did not come"),
        nodes.joined(wanted, list, patience=60.0),
    ):
        pass
    assert called(asked) == ["init", "cancel", "shutdown"]
    assert asked[1][1] == {"force": True}


def test_no_gpu_is_waited_for_where_slots_are_what_there_is(spec, cluster, waiting):
    cluster([node(8)])
    placed_for = waiting(1)
    with (
        pytest.raises(StudyError, match=r"resources.slots is 'auto'.*--set resources.slots=8"),
        nodes.joined(spec(gpus_per_trial="auto"), list),
    ):
        pass
    assert placed_for == []


@pytest.mark.parametrize(
    ("gpus_per_trial", "machine", "gpus"),
    [(0, Node(4, 2, GIB), 0), (0.5, Node(4, 2, GIB), 2), (0, Node(4), 0)],
)
def test_a_ray_of_ones_own_has_the_cpus_of_its_trials_and_the_gpus_they_ask_for(
    spec, asked, monkeypatch, gpus_per_trial, machine, gpus
):
    monkeypatch.setattr(nodes, "this_machine", lambda: machine)
    with nodes.embedded(spec(slots=2, cpus_per_trial=2, gpus_per_trial=gpus_per_trial)) as given:
        assert given.slots == 2
        ((_, settings),) = asked
        assert os.environ["TUNE_MAX_PENDING_TRIALS_PG"] == "2"
        assert os.environ["TUNE_DISABLE_SIGINT_HANDLER"] == "1"
    assert called(asked) == ["init", "shutdown"]
    assert settings.pop("job_config")._client_job is True
    assert settings == {
        "address": "local",
        "num_cpus": 4,
        "num_gpus": gpus,
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "object_store_memory": 100 * 2**20,
    }


def test_this_machine_has_the_cpus_of_this_process_and_the_smallest_gpus_memory(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5})
    monkeypatch.setattr(nodes, "GPU_DRIVERS", (Path("/nowhere"), Path("/dev/null")))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert nodes.this_machine() == Node(3, 0, 0)
    memories = [8 * GIB, 6 * GIB]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda i: SimpleNamespace(total_memory=memories[i])
    )
    assert nodes.this_machine() == Node(3, 2, 6 * GIB)
    monkeypatch.setattr(nodes, "GPU_DRIVERS", (Path("/nowhere"),))
    assert nodes.this_machine() == Node(3, 0, 0)


ROOT = str(Path(nodes.__file__).resolve().parents[2])


@pytest.mark.parametrize(
    ("known", "after"),
    [
        (None, ROOT),
        ("", ROOT),
        ("/a", f"/a{os.pathsep}{ROOT}"),
        (f"/a{os.pathsep}{ROOT}", f"/a{os.pathsep}{ROOT}"),
    ],
)
def test_workers_find_packages_that_are_not_installed(asked, known, after):
    del asked
    os.environ.pop("PYTHONPATH", None)
    if known is not None:
        os.environ["PYTHONPATH"] = known
    nodes._lead_workers_here()
    assert os.environ["PYTHONPATH"] == after


def test_workers_find_packages_that_are_installed_by_themselves(asked, monkeypatch):
    del asked
    monkeypatch.setattr(site, "getsitepackages", lambda: [ROOT])
    before = os.environ.get("PYTHONPATH")
    nodes._lead_workers_here()
    assert os.environ.get("PYTHONPATH") == before


@pytest.mark.parametrize(
    ("said", "told"), [("\n one \nmore", "one"), ("", "ValueError"), ("  ", "ValueError")]
)
def test_of_an_error_the_first_line_is_told_or_else_its_type(said, told):
    assert nodes._first_line(ValueError(said)).strip() == told
