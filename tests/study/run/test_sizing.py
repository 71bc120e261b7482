from __future__ import annotations

import subprocess
import sys

import pytest

from musebar_core.errors import StudyError
from study.run import sizing
from study.run.sizing import Node, lacks_gpu, share
from tests.conftest import PATIENCE

GIB = 2**30


@pytest.fixture
def spec(tiny_spec):
    def make(**resources):
        text = ", ".join(f"{name}: {value}" for name, value in resources.items())
        return tiny_spec(resources=f"{{{text}}}")

    return make


def test_slots_are_what_fits_on_each_node_by_itself(spec):
    nodes = [Node(3), Node(3), Node(1)]
    assert share(spec(cpus_per_trial=2), nodes).slots == 2
    assert share(spec(slots=7), nodes).slots == 7


@pytest.mark.parametrize(
    ("asked", "gpus", "slots"),
    [(0.25, 1, 4), (0.3, 1, 3), (0.3, 2, 6), (1, 2, 2), (2, 3, 1), (0.1, 1, 8)],
)
def test_a_share_of_a_gpu_comes_from_one_gpu(spec, asked, gpus, slots):
    found = share(spec(gpus_per_trial=asked), [Node(8, gpus, GIB)])
    assert (found.slots, found.gpus_per_trial) == (slots, asked)


def test_auto_gives_a_trial_what_its_model_needs_of_the_smallest_gpu(spec):
    """A tiny model needs little beside CUDA's own 600 MiB: of 0.9 times 6 GiB, a ninth."""
    nodes = [Node(16, 1, 24 * GIB), Node(16, 1, 6 * GIB)]
    found = share(spec(gpus_per_trial="auto"), nodes)
    assert found.gpus_per_trial == pytest.approx(1 / 9)
    assert found.slots == 18


def test_on_a_machine_without_gpus_auto_is_none(spec):
    """A machine alone has no more than it has; on a cluster ``lacks_gpu`` is asked first."""
    assert share(spec(gpus_per_trial="auto"), [Node(4)]).gpus_per_trial == 0


@pytest.mark.parametrize("asked", ["auto", 0.25, 1])
@pytest.mark.parametrize(
    ("nodes", "lacks"),
    [
        ([], True),
        ([Node(0)], True),
        ([Node(0), Node(8)], True),  # CPUs with room are no GPU
        ([Node(0), Node(1, 1)], True),  # nor is a GPU beside too few CPUs
        ([Node(8), Node(1, 4)], True),  # nor one on another node than the CPUs
        ([Node(0), Node(2, 1)], False),
    ],
)
def test_a_gpu_is_lacking_until_a_node_has_what_a_trial_needs(spec, asked, nodes, lacks):
    assert lacks_gpu(spec(cpus_per_trial=2, gpus_per_trial=asked), nodes) is lacks


def test_a_study_without_gpus_lacks_none(spec):
    assert not lacks_gpu(spec(), [Node(0)])


def test_several_gpus_for_a_trial_are_one_nodes(spec):
    assert lacks_gpu(spec(gpus_per_trial=2), [Node(8, 1), Node(8, 1)])
    assert not lacks_gpu(spec(gpus_per_trial=2), [Node(8, 2)])


def test_where_no_node_is_there_yet_it_says_what_to_set(spec):
    with pytest.raises(StudyError, match=r"slots=8.*gpus_per_trial=auto"):
        share(spec(), [Node(0)])
    assert share(spec(slots=8), [Node(0)]).slots == 8


def test_auto_takes_as_many_seeds_as_a_share_has_memory_for(spec, monkeypatch):
    monkeypatch.setattr(sizing, "largest_seed_bytes", lambda spec: GIB)
    gpu = [Node(4, 1, 4 * GIB)]  # 3.6 GiB to use, 0.6 of them CUDA's: three seeds
    assert share(spec(gpus_per_trial=1, seeds_per_trial="auto"), gpu).seeds_per_trial == 3
    assert share(spec(gpus_per_trial=0.5, seeds_per_trial="auto"), gpu).seeds_per_trial == 1
    assert share(spec(seeds_per_trial="auto"), [Node(4)]).seeds_per_trial == 1


def test_no_more_seeds_are_taken_than_there_are(spec):
    gpu = [Node(4, 1, 80 * GIB)]
    assert share(spec(gpus_per_trial=1, seeds_per_trial="auto"), gpu).seeds_per_trial == 3


def test_auto_for_both_gives_all_seeds_of_a_configuration_the_share_that_they_need(
    spec, monkeypatch
):
    monkeypatch.setattr(sizing, "largest_seed_bytes", lambda spec: 2 * GIB)
    auto = spec(gpus_per_trial="auto", seeds_per_trial="auto")  # three seeds, 6.6 GiB
    found = share(auto, [Node(4, 1, 16 * GIB)])
    assert (found.seeds_per_trial, found.gpus_per_trial, found.slots) == (3, 0.5, 2)
    found = share(auto, [Node(4, 1, 6 * GIB)])  # room for two
    assert (found.seeds_per_trial, found.gpus_per_trial, found.slots) == (2, 1, 1)


_PEAK = """
import re
from pathlib import Path
import psutil
import torch
from musebar_core.state import build
from musebar_core.config import Configuration, Grid, ModelConfig
from musebar_core.model import initialise, piano_roll
from musebar_core.objective import bce
from study.run import sizing

torch.set_num_threads(1)
config = Configuration(Grid(1, 4, 64), ModelConfig(96, 2, 16, 1))
model = build(config).model
initialise(model, 0)

@torch.no_grad()
def evaluate(n):
    pitches = torch.randint(40, 90, (n, 64), generator=torch.Generator().manual_seed(0))
    roll = piano_roll(pitches)
    mu, _ = model.encode(roll)
    return bce(model.decode(roll, mu[:, -1]), roll)

evaluate(2)
before = psutil.Process().memory_info().rss
evaluate(1024)
peak = 1024 * int(re.search(r"VmHWM:\\s*([0-9]+)", Path("/proc/self/status").read_text())[1])
print((peak - before) / (4 * sizing.evaluation_numbers(config)))
"""


def test_the_estimate_of_an_evaluation_is_what_one_takes_and_a_little_more():
    done = subprocess.run(
        [sys.executable, "-c", _PEAK], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert 0.5 < float(done.stdout) < 1.0


def test_where_nothing_fits_it_says_what_there_is(spec):
    with pytest.raises(StudyError, match="there are 4 CPUs and 0 GPUs"):
        share(spec(gpus_per_trial=0.5), [Node(4)])
    with pytest.raises(StudyError, match="memory of a GPU is not known"):
        share(spec(gpus_per_trial="auto"), [Node(4, 1, 0)])


@pytest.mark.slow
def test_ray_runs_as_many_trials_at_a_time_as_the_shares_say(spec):
    """On a fake GPU: trials that ask for a third of it run three at a time, not four."""
    import ray

    found = share(spec(gpus_per_trial=0.3), [Node(4, 1, GIB)])
    ray.init(
        address="local",
        num_cpus=4,
        num_gpus=1,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    try:
        hold = ray.remote(num_cpus=1, num_gpus=found.gpus_per_trial)(_Hold)
        held = [hold.remote() for _ in range(found.slots + 1)]
        calls = [h.here.remote() for h in held]
        ready, waiting = ray.wait(calls, num_returns=found.slots, timeout=PATIENCE)
        assert len(ready) == found.slots == 3
        assert ray.wait(waiting, timeout=5)[0] == []
    finally:
        ray.shutdown()


class _Hold:
    def here(self):
        """Say that it was given its share."""
        return True
