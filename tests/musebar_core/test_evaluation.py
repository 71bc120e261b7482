"""Which model is measured on which split, at the end of a run."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import pytest

from musebar_core import evaluation, training
from musebar_core.evaluation import evaluate
from musebar_core.state import start


@pytest.fixture(scope="module")
def ended(corpus, configuration):
    """A run whose best epoch is not its last: its rate is far too high."""
    config = configuration(epochs=24, evaluate_every=4, learning_rate=0.2)
    genre = corpus.genre("low")
    state = start(config, genre, 3)
    list(training.fit(config, genre, 3, state))
    assert state.best_epoch < 24
    last = deepcopy(state.model)
    found = evaluation.outcome(config, genre, state)
    return found, last, state.model, lambda model, split: evaluate(config, genre, model, split)


def of_every_epoch(metrics):
    """Without what is measured at the reported epoch alone."""
    return metrics._replace(nll=None, reconstruction_accuracy=None)


def test_the_test_figures_of_the_last_epoch_are_of_the_last_weights(ended):
    found, last, _, measured = ended
    assert found.last_test == of_every_epoch(measured(last, "test"))
    assert found.last_test != of_every_epoch(found.test)


def test_the_test_figures_of_the_reported_epoch_are_of_its_weights(ended):
    found, _, best, measured = ended
    assert found.test == measured(best, "test")


def test_validation_figures_are_of_the_validation_split(ended):
    found, last, best, measured = ended
    assert found.validation == measured(best, "validation")
    assert found.last_validation == of_every_epoch(measured(last, "validation"))
    assert found.validation != found.test


def test_a_split_is_measured_on_its_own_songs_alone(corpus, configuration):
    config, genre = configuration(), corpus.genre("low")
    taken = {
        split: {tuple(row) for row in evaluation.Evaluation(config, genre, split).pitches.tolist()}
        for split in ("train", "validation", "test")
    }
    for split, snippets in taken.items():
        lines = [song.pitches.tolist() for song in genre.songs(split)]
        cut = {tuple(line[at : at + 16]) for line in lines for at in range(len(line))}
        assert snippets <= cut, split


def test_the_last_evaluations_count_as_time_of_the_run(corpus, configuration, monkeypatch):
    config, genre = configuration(epochs=4), corpus.genre("low")
    state = start(config, genre, 3)
    list(training.fit(config, genre, 3, state))
    clock = SimpleNamespace(perf_counter=iter([10.0, 13.5]).__next__)
    monkeypatch.setattr(evaluation, "time", clock)
    assert evaluation.outcome(config, genre, state).seconds == state.seconds + 3.5
