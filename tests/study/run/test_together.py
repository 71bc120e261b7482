from __future__ import annotations

import pytest

from musebar_core import checkpoint, training
from musebar_core.precision import has_bfloat16
from musebar_core.state import start
from study.ledger.record import MODEL_FILE, STATE_FILE
from study.ledger.result import FailureKind
from study.run import worker
from study.run.attempt import Assignment
from study.run.worker import ASSIGNMENT, RESULT, SEED, SeedRunTrainable, run_seed, run_together

EVALUATIONS = ("validation", "test", "last_validation", "last_test")


@pytest.fixture
def assignment(configuration, corpus, tmp_path):
    def make(seeds, folder="together", config=None, **changes):
        return Assignment(
            **{
                "genre": "low",
                "config": config or configuration(),
                "seeds": seeds,
                "corpus": str(corpus.path),
                "fingerprint": corpus.genre("low").fingerprint,
                "folder": str(tmp_path / folder),
                "keep_model": True,
                "threads": 1,
                "device": "cpu",
                "checkpoint_seconds": 20.0,
            }
            | changes
        )

    return make


def bces(result):
    return [row.validation.bce for row in result.curve]


def test_each_seed_trained_together_is_recorded_as_if_alone(assignment, tmp_path):
    given = assignment((0, 1, 2))
    outcomes = run_together(given)
    assert list(outcomes) == [0, 1, 2]
    for seed, outcome in outcomes.items():
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
    assert [outcomes[seed].resumed_at for seed in (0, 1)] == [0, 4]
    for seed in (0, 1):
        alone = run_seed(assignment((seed,), "alone"), seed)
        assert bces(outcomes[seed]) == pytest.approx(bces(alone), rel=1e-5)
    kept = checkpoint.resume(tmp_path / "together" / "1" / STATE_FILE, identity)
    assert kept.epoch == 12


@pytest.mark.parametrize(
    ("device", "asked", "together"), [("cpu", "", False), ("cpu", "1", True), ("cuda", "", True)]
)
def test_seeds_train_together_on_a_gpu_or_where_asked(
    assignment, monkeypatch, device, asked, together
):
    monkeypatch.setenv(worker.TOGETHER, asked)
    assert worker.trains_together(assignment((0, 1), device=device)) == together
    assert not worker.trains_together(assignment((0,), device=device))


def test_a_model_that_cannot_be_stacked_trains_in_turn(assignment, configuration, monkeypatch):
    monkeypatch.setenv(worker.TOGETHER, "1")
    config = configuration(encoder_steps=1)
    assert not worker.trains_together(assignment((0, 1), config=config))


def test_the_worker_reports_seeds_trained_together_one_by_one(assignment, monkeypatch):
    monkeypatch.setenv(worker.TOGETHER, "1")
    trainable = SeedRunTrainable.__new__(SeedRunTrainable)
    trainable.setup({ASSIGNMENT: assignment((5, 6))})
    first, second = trainable.step(), trainable.step()
    assert [each[SEED] for each in (first, second)] == [5, 6]
    assert [each["done"] for each in (first, second)] == [False, True]
    assert first[RESULT].metrics != second[RESULT].metrics
