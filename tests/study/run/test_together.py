from __future__ import annotations

from dataclasses import replace

import pytest

from musebar_core import checkpoint, training
from musebar_core.precision import has_bfloat16
from musebar_core.state import start
from study.ledger.record import MODEL_FILE, STATE_FILE
from study.ledger.result import FailureKind
from study.run import worker
from study.run.worker import ASSIGNMENT, RESULT, RUN, SeedRunTrainable, run_alone, run_together
from tests.study.run.oneseed import assignment_of, run_seed

EVALUATIONS = ("validation", "test", "last_validation", "last_test")


@pytest.fixture
def assignment(configuration, corpus, tmp_path):
    def make(seeds, folder="together", config=None, **changes):
        given = {"together": True} | changes
        config = config or configuration()
        return assignment_of(corpus, config, tmp_path / folder, seeds=seeds, **given)

    return make


def bces(result):
    return [row.validation.bce for row in result.curve]


def test_each_seed_trained_together_is_recorded_as_if_alone(assignment, tmp_path):
    given = assignment((0, 1, 2))
    outcomes = run_together(given)
    assert [*outcomes] == [task.run for task in given.tasks]
    for seed, outcome in enumerate(outcomes.values()):
        alone = run_seed(assignment((seed,), "alone"), seed)
        assert outcome.failure is None
        assert bces(outcome) == pytest.approx(bces(alone), rel=1e-5)
        assert [name for name, _ in outcome.metrics.items()] == list(EVALUATIONS)
        for name, values in alone.metrics.items():
            found = getattr(outcome.metrics, name)
            assert found.bce == pytest.approx(values.bce, rel=1e-5)
        found, _ = checkpoint.load_model(tmp_path / "together" / str(seed) / MODEL_FILE)
        assert found.seed == seed


def test_a_run_says_which_arithmetic_it_had_where_it_asked_for_another(assignment, configuration):
    exact, mixed, auto = (
        run_seed(assignment((0,), each, config=configuration(precision=each)), 0)
        for each in ("fp32", "mixed", "auto")
    )
    assert auto.versions == mixed.versions
    assert "arithmetic" not in exact.versions
    assert mixed.versions["arithmetic"] == ("bfloat16" if has_bfloat16() else "float32")
    assert mixed.versions["torch"] == exact.versions["torch"]


def test_a_run_that_fails_leaves_its_companions_alone(assignment, configuration):
    given = assignment((0, 1), config=configuration(learning_rate=1e30))
    outcomes = run_together(given)
    assert all("no longer a finite" in each.failure.message for each in outcomes.values())
    assert {each.failure.kind for each in outcomes.values()} == {FailureKind.DIVERGED}


def test_music_that_changed_fails_each_run_and_trains_none(assignment):
    outcomes = run_together(assignment((0, 1), fingerprint="other"))
    assert all("not the music" in each.failure.message for each in outcomes.values())


def test_runs_at_different_epochs_go_on_together(assignment, configuration, corpus, tmp_path):
    genre, config = corpus.genre("low"), configuration()
    given = assignment((0, 1), checkpoint_seconds=0.0)
    identity = checkpoint.Identity(config, "low", genre.fingerprint, str(corpus.path), 1)
    state = start(config, genre, 1)
    next(iter(training.fit(config, genre, 1, state)))
    checkpoint.save(tmp_path / "together" / "1" / STATE_FILE, identity, state)
    outcomes = run_together(given)
    assert [outcome.resumed_at for outcome in outcomes.values()] == [0, 4]
    for seed, outcome in enumerate(outcomes.values()):
        alone = run_seed(assignment((seed,), "alone"), seed)
        assert bces(outcome) == pytest.approx(bces(alone), rel=1e-5)
    kept = checkpoint.resume(tmp_path / "together" / "1" / STATE_FILE, identity)
    assert kept.epoch == 12


def test_runs_of_several_configurations_train_together(assignment, configuration, tmp_path):
    """Each as it does alone, in its own folder, whatever its company has more of."""
    configs = [
        configuration(latent=latent, regularizers=regularizers, learning_rate=rate)
        for latent, regularizers, rate in ((2, 4, 0.01), (5, 1, 0.003), (3, 2, 0.01))
    ]
    given = assignment((0, 1), config=configs)
    assert worker.trains_together(given)
    outcomes = run_together(given)
    assert len(outcomes) == 6
    for task in given.tasks:
        aside = replace(task, folder=str(tmp_path / "alone" / task.run.config_id))
        alone, found = run_alone(given, aside), outcomes[task.run]
        assert found.failure is None
        assert bces(found) == pytest.approx(bces(alone), rel=1e-5)
        assert found.metrics.validation.kl == pytest.approx(alone.metrics.validation.kl, rel=1e-3)
        kept, network = checkpoint.load_model(
            tmp_path / task.folder / str(task.run.seed) / MODEL_FILE
        )
        assert kept.config == task.config
        assert network.mu.out_features == task.config.model.latent_length


def test_one_that_diverges_leaves_those_of_other_configurations_alone(assignment, configuration):
    given = assignment((0,), config=[configuration(learning_rate=rate) for rate in (1e30, 0.01)])
    wild, tame = run_together(given).values()
    assert wild.failure.kind is FailureKind.DIVERGED
    assert tame.done


def test_runs_train_together_where_they_are_to_and_can(assignment, configuration):
    assert worker.trains_together(assignment((0, 1)))
    assert not worker.trains_together(assignment((0, 1), together=False))
    assert not worker.trains_together(assignment((0,)))
    lagging = configuration(encoder_steps=1)
    assert not worker.trains_together(assignment((0, 1), config=lagging))
    others = [configuration(), configuration(hidden=7)]
    assert not worker.trains_together(assignment((0,), config=others))


def test_the_worker_reports_runs_trained_together_one_by_one(assignment):
    given = assignment((5, 6))
    trainable = SeedRunTrainable.__new__(SeedRunTrainable)
    trainable.setup({ASSIGNMENT: given})
    first, second = trainable.step(), trainable.step()
    assert [each[RUN] for each in (first, second)] == [task.run for task in given.tasks]
    assert [each["done"] for each in (first, second)] == [False, True]
    assert first[RESULT].metrics != second[RESULT].metrics
