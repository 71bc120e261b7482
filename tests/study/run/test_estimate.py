"""What a study takes, told beforehand."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch

from musebar_core.config import Configuration, Grid
from musebar_core.errors import StudyError
from musebar_core.size import n_parameters
from study.ledger.record import Record
from study.ledger.result import SeedRunResult
from study.run import diskspace, estimate, sizing
from study.run.estimate import Estimate, Pace
from study.run.sizing import Node
from study.search import planner
from study.spec import specfile


def test_all_seed_runs_of_a_new_study_are_counted_genre_by_genre(tiny_spec):
    found = estimate.estimate(tiny_spec(), None, ("high", "low"))
    # two genres of 4 methods on 3 seeds, 4 proposals on 2, 2 finalists on 3
    assert found.seed_runs == 2 * (4 * 3 + 4 * 2 + 2 * 3)
    assert (found.epochs, found.evaluations) == (6, 2)
    assert found.genres == ("high", "low")


def test_a_grid_study_runs_every_configuration_on_all_seeds():
    spec = specfile.load("claims", ["model.hidden=8", "training.epochs=4"])
    found = estimate.estimate(spec, None, ("chorale", "fiddle", "overall"))
    assert found.seed_runs == 3 * 8 * 10


ESTIMATE = Estimate(
    genres=("jazz",),
    seed_runs=5,
    epochs=100,
    evaluations=8,
    evaluation_snippets=1000,
    has_begun=False,
    device="cpu",
    pace=Pace(step_seconds=2.0, evaluation_seconds=10.0, curve_seconds=10.0),
    slots=2,
    gpus_per_trial=0,
    gpus=0,
    memory_bytes=1,
    gpu_bytes=0,
    disk_bytes=1,
)


def test_hours_are_those_of_rounds_of_runs_and_a_run_that_of_its_steps_and_evaluations():
    assert ESTIMATE.run_seconds == pytest.approx(1.05 * (100 * 2 + 10 * 10))
    assert ESTIMATE.hours == pytest.approx(3 * 315 / 3600)


def test_evaluations_on_the_way_may_take_less_and_then_both_splits_are_measured_at_the_end():
    pace = dataclasses.replace(ESTIMATE.pace, curve_seconds=1.0)
    found = dataclasses.replace(ESTIMATE, pace=pace)
    assert found.run_seconds == pytest.approx(1.05 * (100 * 2 + 8 * 1 + 4 * 10))
    assert found.evaluation_share == pytest.approx(48 / 248)
    assert ESTIMATE.evaluation_share == pytest.approx(100 / 300)
    assert ESTIMATE.with_curve_of(100) == found
    assert ESTIMATE.with_curve_of(1000) == ESTIMATE.with_curve_of(2000) == ESTIMATE


def test_a_study_that_has_no_room_here_has_no_hours(tiny_spec):
    spec = tiny_spec(resources="{gpus_per_trial: 64, slots: auto}")
    assert estimate.estimate(spec, None, ("low",)).hours is None


def test_a_step_of_a_larger_model_takes_longer(configuration):
    small, large = (estimate.measure(configuration(hidden=hidden), "cpu", 1) for hidden in (8, 256))
    assert large.step_seconds > 2 * small.step_seconds > 0
    assert large.evaluation_seconds > small.evaluation_seconds > 0


@pytest.mark.parametrize("name", ["paper-methods", "paper-heatmap", "paper-latent", "search"])
def test_the_papers_presets_are_of_its_size_and_train_on_cpus(name):
    spec = specfile.load(name)
    assert estimate.is_paper_size(spec)
    assert estimate.trains_on_cpus(spec, here=True)
    assert not estimate.trains_on_cpus(
        specfile.load(name, ["resources.gpus_per_trial=1"]), here=True
    )


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("quickstart", []),
        ("claims", []),
        ("paper-methods", ["training.epochs=300"]),
        ("paper-methods", ["model.hidden=128"]),
        ("paper-methods", ["corpus.grid.snippet_steps=64"]),
    ],
)
def test_a_study_that_is_scaled_down_is_not(name, overrides):
    assert not estimate.is_paper_size(specfile.load(name, overrides))


def test_gpus_of_a_cluster_are_believed_in_until_it_is_asked():
    spec = specfile.load("search", ["resources.gpus_per_trial=auto"])
    assert not estimate.trains_on_cpus(spec, here=False)


@pytest.fixture
def on(monkeypatch):
    """Pretends to be a machine, on which every measurement is as told."""

    def machine(cpus, gpus=0, gpu_bytes=0):
        asked = []
        monkeypatch.setattr(estimate, "this_machine", lambda: Node(cpus, gpus, gpu_bytes))
        monkeypatch.setattr(
            estimate, "measure", lambda *what: asked.append(what) or Pace(1.0, 2.0, 2.0)
        )
        return asked

    return machine


def test_on_cpus_a_run_has_its_process_and_its_seeds_in_memory_and_nothing_on_a_gpu(tiny_spec, on):
    asked = on(cpus=7)
    spec = tiny_spec(resources="{cpus_per_trial: 3, seeds_per_trial: 2}")
    found = estimate.estimate(spec, None, ("low",))
    largest = sizing.largest(spec)
    assert asked == [(largest, "cpu", 3)]
    assert largest.model.latent_length == 8
    assert found.memory_bytes == 500 * 2**20 + 2 * sizing.seed_bytes(largest)
    assert (found.device, found.gpu_bytes, found.gpus, found.gpus_per_trial) == ("cpu", 0, 0, 0)
    assert (found.slots, found.pace) == (2, Pace(1.0, 2.0, 2.0))
    assert found.disk_bytes == diskspace.needed(Record.unbegun(spec, ["low"]))


def test_on_a_gpu_the_seeds_of_a_run_are_in_its_memory_beside_its_context(tiny_spec, on):
    asked = on(cpus=8, gpus=2, gpu_bytes=2**40)
    spec = tiny_spec(resources="{gpus_per_trial: 0.5, seeds_per_trial: 3}")
    found = estimate.estimate(spec, None, ("low",))
    largest = sizing.largest(spec)
    assert asked == [(largest, "cuda", 1)]
    assert found.memory_bytes == 500 * 2**20
    assert found.gpu_bytes == sizing.CONTEXT_BYTES + 3 * sizing.seed_bytes(largest)
    assert (found.device, found.gpus, found.gpus_per_trial, found.slots) == ("cuda", 2, 0.5, 4)


@pytest.mark.parametrize(
    ("resources", "gpus", "device"),
    [
        ("{gpus_per_trial: 1.0, seeds_per_trial: 3}", 1.0, "cpu"),
        ("{gpus_per_trial: 1.0, seeds_per_trial: auto}", 1.0, "cpu"),
    ],
)
def test_where_a_trial_has_no_room_it_is_told_what_it_would_take_with_one(
    tiny_spec, on, resources, gpus, device
):
    on(cpus=8)
    spec = tiny_spec(resources=resources)
    seeds = 3 if "3" in resources else 1
    found = estimate.estimate(spec, None, ("low",))
    seed_bytes = seeds * sizing.seed_bytes(sizing.largest(spec))
    assert (found.slots, found.hours, found.gpus_per_trial, found.device) == (
        None,
        None,
        gpus,
        device,
    )
    assert found.memory_bytes == 500 * 2**20 + seed_bytes
    assert found.gpu_bytes == sizing.CONTEXT_BYTES + seed_bytes


def test_of_a_study_that_has_begun_what_is_left_is_counted_for_its_own_genres(tiny_spec, on):
    on(cpus=2)
    spec = tiny_spec(search__protocol="grid", search__choices="{latent_length: [2, 4]}")
    record = Record.unbegun(spec, ["jazz"])
    whole = estimate.estimate(spec, record, ("low", "high"))
    assert whole.genres == ("jazz",)
    run = next(iter(planner.plan(record).runs))
    record.ended[run] = SeedRunResult()
    assert estimate.estimate(spec, record, ("low",)).seed_runs == whole.seed_runs - 1
    unknown = Record.unbegun(spec, [])  # its corpus is not there yet
    assert estimate.estimate(spec, unknown, ("low", "high")).genres == ("low", "high")


@pytest.mark.parametrize(("every", "evaluations"), [(1, 6), (4, 2), (5, 2), (6, 1)])
def test_a_run_is_evaluated_at_its_last_epoch_too(tiny_spec, on, every, evaluations):
    on(cpus=2)
    training = f"{{epochs: 6, batch: 4, evaluate_every: {every}}}"
    found = estimate.estimate(tiny_spec(training=training), None, ("low",))
    assert (found.epochs, found.evaluations) == (6, evaluations)


class Clock:
    """A clock that stands still but for the work of the test's own."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def pace(monkeypatch, configuration):
    """Measures a configuration whose steps and snippets take so long each."""

    def measured(steps, snippet_seconds, evaluation_snippets, curve_snippets=0):
        from musebar_core import evaluation, training

        clock, taken, evaluated = Clock(), itertools.chain([50.0], steps), []

        class Evaluation:
            def __init__(self, config, music, split):
                self.snippets = config.training.evaluation_snippets
                assert split == "validation"

            def measure(self, model):
                evaluated.append(self.snippets)
                clock.now += self.snippets * snippet_seconds

        def optimise(*_):
            clock.now += next(taken)
            return [0.0]

        monkeypatch.setattr(estimate, "time", clock)
        monkeypatch.setattr(evaluation, "Evaluation", Evaluation)
        monkeypatch.setattr(training, "optimise", optimise)
        config = configuration(
            evaluation_snippets=evaluation_snippets, curve_snippets=curve_snippets
        )
        return estimate.measure(config, "cpu", 1), evaluated

    return measured


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [
        ([5.0, 4.0, 1.0], 4.0),  # two steps at least, and the first of all is not among them
        ([0.5, 0.75, 0.25, 0.625, 0.125], 0.25),  # two seconds are over after four
        ([1.0, 1.0, 0.5], 1.0),
    ],
)
def test_the_fastest_step_of_two_seconds_counts(pace, steps, seconds):
    found, _ = pace(steps, 1.0, 4)
    assert found.step_seconds == seconds


def test_steps_go_on_as_in_training_on_the_runs_threads_and_in_its_precision(
    monkeypatch, configuration
):
    from musebar_core import precision, training

    seen, clock = [], Clock()

    @contextlib.contextmanager
    def computing(*asked):
        seen.append(asked)
        yield

    def optimise(config, sampler, seed, state):
        clock.now += 5
        seen.append((config.training.precision, state.epoch, torch.get_num_threads()))
        return [0.0]

    monkeypatch.setattr(estimate, "time", clock)
    monkeypatch.setattr(precision, "computing", computing)
    monkeypatch.setattr(training, "optimise", optimise)
    estimate.measure(configuration(precision="tf32"), "cpu", 3)
    steps = ((("tf32", "cpu"), ("tf32", epoch, 3)) for epoch in (1, 2, 3))
    assert seen == list(itertools.chain.from_iterable(steps))


@pytest.mark.parametrize(
    ("snippet_seconds", "asked", "evaluated", "seconds"),
    [
        (0.125, 1000, [16], 125.0),  # two seconds are enough to tell by
        (0.0625, 1000, [16, 64], 62.5),  # one second is not
        (1 / 1024, 1000, [16, 64, 256], 1000 / 1024),
        (1 / 1024, 64, [16, 64], 64 / 1024),
        (1 / 1024, 40, [16, 40], 40 / 1024),
        (1 / 1024, 16, [16], 16 / 1024),
        (1 / 1024, 8, [8], 8 / 1024),
    ],
)
def test_an_evaluation_is_measured_on_more_snippets_until_it_takes_long_enough(
    pace, snippet_seconds, asked, evaluated, seconds
):
    found, snippets = pace([1.0] * 3, snippet_seconds, asked)
    assert snippets == evaluated
    assert found.evaluation_seconds == pytest.approx(seconds)
    assert found.curve_seconds == found.evaluation_seconds


@pytest.mark.parametrize(("curve", "seconds"), [(128, 16.0), (1000, 125.0), (4000, 125.0)])
def test_an_evaluation_on_the_way_takes_as_long_as_its_snippets(pace, curve, seconds):
    found, _ = pace([1.0] * 3, 0.125, 1000, curve)
    assert (found.evaluation_seconds, found.curve_seconds) == (125.0, seconds)


@pytest.mark.parametrize(
    ("slots", "runs", "rounds"), [(1, 3, 3), (2, 4, 2), (2, 5, 3), (9, 5, 1), (4, 0, 0)]
)
def test_runs_go_in_rounds(slots, runs, rounds):
    found = dataclasses.replace(ESTIMATE, slots=slots, seed_runs=runs)
    assert found.hours == pytest.approx(rounds * found.run_seconds / 3600)


@pytest.mark.parametrize(
    ("asked", "here", "gpus", "cpus_alone"),
    [
        (0, True, 1, True),
        (0, False, 0, True),
        (0.5, True, 0, False),
        ("auto", True, 0, True),
        ("auto", True, 1, False),
        ("auto", False, 0, False),
    ],
)
def test_runs_train_on_cpus_where_no_gpu_is_asked_for_or_there_is_none(
    on, asked, here, gpus, cpus_alone
):
    on(cpus=8, gpus=gpus)
    spec = specfile.load("search", [f"resources.gpus_per_trial={asked}"])
    assert estimate.trains_on_cpus(spec, here=here) is cpus_alone


def test_half_the_papers_work_is_its_size(monkeypatch):
    spec = specfile.load("quickstart")
    works = {"mine": 0}
    monkeypatch.setattr(
        estimate, "_work", lambda config: 10 if config == Configuration() else works["mine"]
    )
    for work, paper_size in ((4, False), (5, True), (6, True)):
        works["mine"] = work
        assert estimate.is_paper_size(spec) is paper_size


def test_work_is_weights_times_steps_of_music_times_epochs(configuration):
    config = configuration(epochs=7)
    assert estimate._work(config) == n_parameters(config.model) * 16 * 7


def test_free_disk_is_that_of_the_nearest_folder_that_is_there(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        estimate.shutil,
        "disk_usage",
        lambda folder: asked.append(folder) or SimpleNamespace(free=7),
    )
    for folder in (tmp_path, tmp_path / "a" / "b"):
        assert estimate.free_disk(folder) == 7
    assert asked == [tmp_path, tmp_path]


def test_made_up_music_has_a_snippet_a_song_and_as_many_songs_a_split():
    music = estimate._made_up(Grid(1, 4, 16))
    assert {split: music.n_songs(split) for split in ("train", "validation", "test")} == {
        "train": 256,
        "validation": 256,
        "test": 256,
    }
    assert set(music.table["n_steps"]) == {16}
    assert list(music.table["offset"]) == [16 * song for song in range(768)]
    assert len(music.pitches) == 768 * 16
    assert music.pitches.max() == 127


@pytest.mark.parametrize(
    ("work", "paper_size"),
    [({8: 5}, True), ({16: 5}, True), ({32: 5}, False), ({8: 4, 16: 4}, False)],
)
def test_of_a_grid_its_base_and_its_first_configuration_are_looked_at(
    tiny_spec, monkeypatch, work, paper_size
):
    spec = tiny_spec(
        search__protocol="grid",
        search__space="latent_length",
        search__choices="{hidden: [16, 32], latent_length: [4]}",
    )

    def of(config):
        return 10 if config == Configuration() else work.get(config.model.hidden, 0)

    monkeypatch.setattr(estimate, "_work", of)
    assert estimate.is_paper_size(spec) is paper_size


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes")],
    ids=["python", "torch"],
)
def test_a_step_that_memory_does_not_suffice_for_names_what_to_lower(
    configuration, monkeypatch, error
):
    monkeypatch.setattr(estimate, "_made_up", Mock(side_effect=error))
    config = configuration(hidden=77, batch=5)
    steps = config.grid.snippet_steps
    said = (
        rf"\(training.batch 5, model.hidden 77, model.layers .*, .*snippet_steps {steps}\): lower"
    )
    with pytest.raises(StudyError, match=said):
        estimate.measure(config, "cpu", 1)


def test_a_step_that_fails_of_something_else_says_that(configuration, monkeypatch):
    monkeypatch.setattr(estimate, "_made_up", Mock(side_effect=RuntimeError("of something else")))
    with pytest.raises(RuntimeError, match="of something else"):
        estimate.measure(configuration(), "cpu", 1)


def test_a_gpu_that_nobody_asks_for_is_left_alone(tiny_spec, on):
    asked = on(cpus=8, gpus=1, gpu_bytes=2**40)
    found = estimate.estimate(tiny_spec(), None, ("low",))
    assert (found.device, found.gpu_bytes, asked[0][1]) == ("cpu", 0, "cpu")
