from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from musebar_core.errors import StudyError
from musebar_core.size import EVALUATION_BATCH_GPU, n_parameters
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
    [
        (0.25, 1, 4),
        (0.3, 1, 3),
        (0.35, 1, 2),
        (0.3, 2, 6),
        (1, 2, 2),
        (2, 3, 1),
        (0.1, 1, 8),
        (0.25, 1.5, 4),  # half a GPU is nobody's
    ],
)
def test_a_share_of_a_gpu_comes_from_one_gpu(spec, asked, gpus, slots):
    found = share(spec(gpus_per_trial=asked), [Node(8, gpus, GIB)])
    assert (found.slots, found.gpus_per_trial) == (slots, asked)


def test_parts_of_a_gpu_are_counted_whatever_their_number(spec):
    """A 93rd rounds up: one over it is a little less than 93."""
    assert share(spec(gpus_per_trial=1 / 93), [Node(100, 1, GIB)]).slots == 93


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


def test_no_more_runs_train_as_one_program_than_fill_a_gpu(spec):
    gpu = [Node(4, 1, 80 * GIB)]
    assert share(spec(gpus_per_trial=1, seeds_per_trial="auto"), gpu).seeds_per_trial == 10


def test_auto_for_both_gives_the_runs_that_fill_a_gpu_the_share_that_they_need(spec, monkeypatch):
    monkeypatch.setattr(sizing, "largest_seed_bytes", lambda spec: 2 * GIB)
    auto = spec(gpus_per_trial="auto", seeds_per_trial="auto")  # ten runs, 20.6 GiB
    found = share(auto, [Node(4, 1, 48 * GIB)])
    assert (found.seeds_per_trial, found.gpus_per_trial, found.slots) == (10, 0.5, 2)
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


def test_training_a_seed_takes_what_its_weights_and_steps_do():
    """Two snippets of four steps: 8 numbers for each of 2 LSTMs of 5 units, and of 128 pitches."""
    model = ModelConfig(5, 1, 2, 1)
    made = Configuration(Grid(1, 4, 4), model, training=TrainingConfig(batch=2))
    made = replace(made, training=replace(made.training, evaluation_snippets=2))
    kept = 2 * 4 * 8 * (2 * 5 + 128)
    assert sizing.evaluation_numbers(made) == 2 * 4 * (4 * 5 + 6 * 128) < kept
    assert sizing.seed_bytes(made) == 4 * (4 * n_parameters(model) + kept)
    twice = replace(made, model=replace(model, layers=2, bidirectional=True))
    assert sizing.seed_bytes(twice) == 4 * (
        4 * n_parameters(twice.model) + 2 * 4 * 8 * (3 * 2 * 5 + 128)
    )


def test_a_batch_a_group_is_counted_as_its_most(configuration):
    grouped, counted = configuration(batch="per_group"), configuration(batch=32)
    assert sizing.seed_bytes(grouped) == sizing.seed_bytes(counted)
    assert sizing.seed_bytes(counted) > sizing.seed_bytes(configuration(batch=31))


def test_an_evaluation_of_many_snippets_counts_where_it_is_larger(configuration):
    few, many = (configuration(batch=1, evaluation_snippets=count) for count in (2, 10**6))
    model = many.model
    most = EVALUATION_BATCH_GPU * 16 * (4 * 8 + 6 * 128)
    assert sizing.evaluation_numbers(many) == most
    assert sizing.seed_bytes(many) == 4 * (4 * n_parameters(model) + most)
    assert sizing.seed_bytes(few) < sizing.seed_bytes(many)


def test_the_largest_configuration_has_the_longest_code_that_is_searched(spec, tiny_spec):
    assert sizing.largest(spec()).model.latent_length == 8
    fixed = tiny_spec(
        search__choices="{input_dropout: [0.0, 0.5]}", search__fixed="{latent_length: 2}"
    )
    assert sizing.largest(fixed).model.latent_length < 8
    assert sizing.largest_seed_bytes(fixed) == sizing.seed_bytes(sizing.largest(fixed))


def test_the_largest_configuration_has_the_most_of_all_that_takes_memory(tiny_spec):
    space = {
        "hidden": "[8, 32, 16]",
        "layers": "[2, 1]",
        "bidirectional": "[false, true]",
        "batch": "[2, 64, 8]",
        "annealing_start": "[0.75]",
        "annealing_length": "[0.25]",  # shorter than where none is asked for
    }
    choices = ", ".join(f"{name}: {values}" for name, values in space.items())
    spec = tiny_spec(search__choices=f"{{{choices}}}", search__fixed="{annealing: linear}")
    found = sizing.largest(spec)
    assert (found.model.hidden, found.model.layers) == (32, 2)
    assert (found.model.bidirectional, found.training.batch) == (True, 64)


def test_settings_that_exclude_each_other_are_never_held_together(tiny_spec, tmp_path):
    (tmp_path / "space.yaml").write_text(
        "parameters:\n"
        "  free_bits: {values: [0.5, 0.0], ordered: true}\n"
        "  free_nats: {values: [2.0, 0.0], ordered: true, when: {free_bits: [0.0]}}\n"
        "  hidden: {values: [8, 16], ordered: true}\n"
    )
    spec = tiny_spec(search__space=str(tmp_path / "space.yaml"))
    assert sizing.largest(spec).model.hidden == 16


def test_what_is_no_part_of_the_space_may_be_the_largest(tiny_spec):
    spec = tiny_spec(search__choices="{hidden: [2, 4]}")
    assert sizing.largest(spec).model.hidden == 8  # of the methods


def test_of_whole_configurations_the_largest_is_found(tiny_spec, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "configurations: {small: {hidden: 4}, large: {hidden: 64}, middle: {hidden: 32}}"
    )
    spec = tiny_spec(
        search__protocol="grid", search__space=str(tmp_path / "mine.yaml"), search__choices="{}"
    )
    assert sizing.largest(spec).model.hidden == 64


USABLE = 9 * GIB
"""Of a GPU of 10 GiB."""


@pytest.mark.parametrize(
    ("needed", "given"),
    [(USABLE + 1, 1), (USABLE, 1), (USABLE // 2, 0.5), (USABLE // 2 + 1, 1), (USABLE // 3, 1 / 3)],
)
def test_a_share_is_as_many_parts_of_the_usable_memory_as_trials_fit(
    spec, monkeypatch, needed, given
):
    monkeypatch.setattr(sizing, "largest_seed_bytes", lambda _: needed - sizing.CONTEXT_BYTES)
    found = share(spec(gpus_per_trial="auto"), [Node(16, 1, 10 * GIB)])
    assert found.gpus_per_trial == pytest.approx(given)


@pytest.mark.parametrize(("parts", "seeds"), [(3.01, 3), (2.99, 2), (1.01, 1), (0.5, 1)])
def test_seeds_are_those_that_fit_whole_and_one_at_least(spec, monkeypatch, parts, seeds):
    """Of 9 GiB, less CUDA's own; the CPUs of another node are beside the point."""
    one = int((USABLE - sizing.CONTEXT_BYTES) / parts)
    monkeypatch.setattr(sizing, "largest_seed_bytes", lambda _: one)
    found = share(spec(gpus_per_trial=1, seeds_per_trial="auto"), [Node(4, 1, 10 * GIB), Node(4)])
    assert found.seeds_per_trial == seeds


def test_all_seeds_of_a_configuration_train_together_where_they_are_more(tiny_spec):
    resources = "{gpus_per_trial: 1, seeds_per_trial: auto}"
    for seeds in ("{search: 2, confirm: 12}", "{search: 12, confirm: 12}"):
        wide = tiny_spec(resources=resources, seeds=seeds)
        assert share(wide, [Node(4, 1, 80 * GIB)]).seeds_per_trial == 12


@pytest.mark.parametrize(
    ("resources", "nodes", "said"),
    [
        (
            {"cpus_per_trial": 4},
            [Node(3), Node(2)],
            (
                "resources.cpus_per_trial is 4, and no node has room for that "
                "(there are 5 CPUs and 0 GPUs)"
            ),
        ),
        (
            {"cpus_per_trial": 4, "gpus_per_trial": 0.5, "slots": 2},
            [Node(3, 1), Node(8)],
            (
                "resources.cpus_per_trial is 4 and resources.gpus_per_trial is 0.5, and no node "
                "has room for that (there are 11 CPUs and 1 GPUs)"
            ),
        ),
    ],
)
def test_what_has_no_room_is_said_with_all_there_is(spec, resources, nodes, said):
    with pytest.raises(StudyError) as caught:
        share(spec(**resources), nodes)
    assert str(caught.value).startswith(said)


def test_of_several_gpus_a_trial_takes_whole_ones(spec):
    assert share(spec(gpus_per_trial=2), [Node(8, 5, GIB)]).slots == 2
    assert share(spec(gpus_per_trial=1, cpus_per_trial=3), [Node(8, 5, GIB)]).slots == 2
    assert lacks_gpu(spec(gpus_per_trial="auto"), [Node(8, 0.5)])
