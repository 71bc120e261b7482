from dataclasses import replace

import pytest

from reports.answers.cost import cost, training
from reports.answers.summaries import summaries
from reports.words.cost import hours_text, runs_text, training_text
from study.spec.sections import ResourcesSpec


def holding(tables, gpus):
    """The same study with trials of two CPUs and a share of a GPU."""
    resources = ResourcesSpec(cpus_per_trial=2, gpus_per_trial=gpus)
    return replace(tables, spec=tables.spec.model_copy(update={"resources": resources}))


@pytest.fixture
def study(make_study, make_config):
    """Two genres; every seed run took 36 seconds on a CPU."""
    study = make_study(confirm=3, genres=("jazz", "rock"))
    study.add(make_config(8), [500.0, 501.0], phase="search")
    study.add(make_config(8), [500.0, 501.0], failed=1)
    study.add(make_config(16), [500.0] * 3, phase="methods", method="lstm_vae")
    study.add(make_config(8), [500.0] * 100, genre="rock")
    return study


def test_a_decision_costs_its_genres_seed_runs_phase_by_phase(study):
    found = cost(study.tables(), "jazz")
    assert found.n_runs == 8
    assert found.hours == {"CPU": pytest.approx(0.08)}
    assert {phase: n for phase, (n, _) in found.phases.items()} == {
        "search": 2,
        "confirm": 3,
        "methods": 3,
    }
    assert found.failed == {"CPU": pytest.approx(0.01)}
    assert cost(study.tables(), "rock").hours == {"CPU": pytest.approx(1.0)}


def test_hours_count_the_cpus_and_the_share_of_a_gpu_that_a_run_held(study):
    for row in study.rows[:4]:
        row["device"] = "cuda:0"
    found = cost(holding(study.tables(), gpus=0.25), "jazz")
    assert found.hours == {"CPU": pytest.approx(4 * 0.02), "GPU": pytest.approx(4 * 0.0025)}
    assert hours_text(found.hours) == "0.08 CPU-hours and 0.01 GPU-hours"
    whole = holding(study.tables(), gpus="auto")
    assert cost(whole, "jazz").hours["GPU"] == pytest.approx(4 * 0.01)


def test_runs_without_a_time_are_counted_and_cost_nothing_known(study):
    for row in study.rows:
        row["seconds"] = None
    found = cost(study.tables(), "jazz")
    assert runs_text(found.n_runs, found.hours) == "8 seed runs, no time recorded"


def test_one_training_costs_the_mean_of_a_configurations_own_runs(study):
    tables = study.tables()
    row = next(row for row in summaries(tables, "jazz") if row.phase == "confirm")
    found = training(tables, row)
    assert (found.kind, found.seconds, found.n_runs) == ("CPU", 36.0, 2)
    assert training_text(found) == "36 CPU-seconds a training"
    assert training_text(training(holding(tables, gpus=1), row)) == "72 CPU-seconds a training"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (30, "30 CPU-seconds"),
        (0.4, "0.4 CPU-seconds"),
        (90, "0.03 CPU-hours"),
    ],
)
def test_no_cost_is_written_as_nothing(seconds, said):
    assert hours_text({"CPU": seconds / 3600}) == said


@pytest.mark.parametrize(("gpus", "hours"), [(0, 0.04), (0.5, 0.02), (2, 0.08), ("auto", 0.04)])
def test_a_run_without_a_known_share_holds_a_whole_gpu(study, gpus, hours):
    for row in study.rows[:4]:
        row["device"] = "cuda:0"
    assert cost(holding(study.tables(), gpus), "jazz").hours["GPU"] == pytest.approx(hours)


def test_a_training_is_told_by_the_kind_of_device_of_most_of_its_runs(make_study, make_config):
    study = make_study(confirm=5)
    study.add(make_config(8), [500.0] * 5, failed=1)
    for at, seconds in enumerate((10.0, 20.0, 60.0)):
        study.rows[at] |= {"device": "cuda:1", "seconds": seconds}
    study.rows[5]["seconds"] = 9000.0  # of a run that failed
    tables = study.tables()
    (row,) = summaries(tables, "jazz")
    found = training(tables, row)
    assert (found.kind, found.seconds, found.n_runs) == ("GPU", pytest.approx(30.0), 3)


def test_a_configuration_without_a_time_has_no_training_cost(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0, 500.0])
    study.rows[0]["seconds"], study.rows[1]["device"] = None, ""
    tables = study.tables()
    assert training(tables, summaries(tables, "jazz")[0]) is None


def test_of_as_many_runs_on_either_device_the_cpu_is_told(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    study.rows[0] |= {"device": "cuda:0", "seconds": 10.0}
    tables = study.tables()
    found = training(tables, summaries(tables, "jazz")[0])
    assert (found.kind, found.seconds, found.n_runs) == ("CPU", 36.0, 1)
