"""What a study takes, told beforehand."""

from __future__ import annotations

import pytest

from study.run import estimate
from study.run.estimate import Estimate, Pace
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


def test_hours_are_those_of_rounds_of_runs_and_a_run_that_of_its_steps_and_evaluations():
    found = Estimate(
        genres=("jazz",),
        seed_runs=5,
        epochs=100,
        evaluations=8,
        device="cpu",
        pace=Pace(step_seconds=2.0, evaluation_seconds=10.0),
        slots=2,
        gpus_per_trial=0,
        gpus=0,
        memory_bytes=1,
        gpu_bytes=0,
        disk_bytes=1,
    )
    assert found.run_seconds == pytest.approx(1.05 * (100 * 2 + 10 * 10))
    assert found.hours == pytest.approx(3 * 315 / 3600)


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
