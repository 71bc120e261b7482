"""Which model is measured on which split, at the end of a run."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch

from musebar_core import evaluation, precision, training
from musebar_core.corpus import evaluation_snippets
from musebar_core.errors import DivergedError
from musebar_core.evaluation import evaluate
from musebar_core.model import RVAE
from musebar_core.state import start


@pytest.fixture(scope="module", params=[0, 4], ids=["whole curve", "curve of few snippets"])
def ended(corpus, configuration, request):
    """A run whose best epoch is not its last: its rate is far too high."""
    config = configuration(
        epochs=24, evaluate_every=4, learning_rate=0.2, curve_snippets=request.param
    )
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


def test_a_curve_may_be_of_fewer_snippets_and_the_figures_are_of_all(corpus, configuration):
    genre, figures = corpus.genre("low"), []
    for curve in (0, 4):
        config = configuration(epochs=8, evaluate_every=4, curve_snippets=curve)
        state = start(config, genre, 3)
        rows = list(training.fit(config, genre, 3, state))
        assert {row.validation.n_snippets for row in rows} == {curve or 16}
        found = evaluation.outcome(config, genre, state)
        for metrics in (found.validation, found.last_validation, found.test, found.last_test):
            assert metrics.n_snippets == 16
        figures.append([(row.train_bce, row.train_kl_bars) for row in rows])
        figures[-1].append(found.last_validation)
    assert figures[0] == figures[1], "how a run is looked at changes nothing in it"


def test_a_curve_is_measured_on_windows_from_anywhere_and_on_all_where_it_asks_for_as_many(
    corpus, configuration
):
    genre, grid = corpus.genre("low"), configuration().grid

    def pitches(curve):
        config = configuration(curve_snippets=curve)
        return evaluation.Evaluation.on_the_way(config, genre).pitches.tolist()

    fewer = evaluation_snippets(genre, "validation", grid, 4, anywhere=True).tolist()
    assert pitches(4) == fewer
    whole = evaluation.Evaluation(configuration(), genre, "validation").pitches.tolist()
    assert pitches(0) == pitches(16) == pitches(1000) == whole


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


def test_noise_is_that_of_the_music_and_the_split_whatever_is_measured(corpus, configuration):
    def noise(genre="low", split="test", **changes):
        made = evaluation.Evaluation(configuration(**changes), corpus.genre(genre), split)
        return made.noise[:4]

    assert torch.equal(noise(), noise(learning_rate=0.5, hidden=4))
    assert torch.equal(noise(), noise(latent=6)[:, :4])
    assert not torch.equal(noise(), noise(split="validation"))
    assert not torch.equal(noise(), noise("high"))


def test_information_is_measured_by_sixteen_draws_and_the_first_is_decoded(corpus, configuration):
    made = evaluation.Evaluation(configuration(), corpus.genre("low"), "test")
    assert made._draws.shape == (16, *made.noise.shape)
    assert torch.equal(made._draws[0], made.noise)
    assert len({draw.numpy().tobytes() for draw in made._draws}) == 16


@pytest.mark.parametrize("broken", ["bce", "mu", "logvar"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_evaluation_of_no_numbers_ends_the_run_with_what_to_do(
    corpus, configuration, broken, value
):
    made = evaluation.Evaluation(configuration(), corpus.genre("low"), "test")
    n = len(made.pitches)
    parts = {"bce": torch.ones(n), "mu": torch.zeros(n, 2, 4), "logvar": torch.zeros(n, 2, 4)}
    made.metrics(*parts.values())
    parts[broken].view(-1)[-1] = value
    with pytest.raises(DivergedError, match=r"lower training\.learning_rate or set training\.grad"):
        made.metrics(*parts.values())


def test_snippets_measured_in_parts_are_all_measured(corpus, configuration, monkeypatch):
    config, genre = configuration(), corpus.genre("low")
    model = start(config, genre, 3).model
    whole = evaluation.Evaluation(config, genre, "validation").measure(model)
    assert whole.n_snippets > 3
    monkeypatch.setattr(evaluation, "EVALUATION_BATCH", 3)
    parts = evaluation.Evaluation(config, genre, "validation").measure(model)
    assert parts.n_snippets == whole.n_snippets
    assert parts[:7] == pytest.approx(whole[:7], rel=1e-5)


def test_a_cpu_measures_no_more_snippets_at_once_than_its_cache_holds(
    corpus, configuration, monkeypatch
):
    config, genre, seen = configuration(), corpus.genre("low"), []
    model = start(config, genre, 3).model
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda roll: seen.append(len(roll)) or encode(roll))
    monkeypatch.setattr(evaluation, "EVALUATION_BATCH", 5)
    found = evaluation.Evaluation(config, genre, "validation").measure(model)
    assert max(seen) <= 5
    assert sum(seen) == found.n_snippets == 16


def test_a_model_is_measured_as_one_that_is_done_and_as_exactly_as_it_was_trained(
    corpus, configuration, monkeypatch
):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    seen = []

    class Model(RVAE):
        def encode(self, roll):
            seen.append((precision.in_bfloat16(), self.training))
            return torch.zeros(len(roll), 2, 4), torch.zeros(len(roll), 2, 4)

        def decode(self, roll, z, keep=None):
            return torch.zeros_like(roll)

    for asked in ("mixed", "fp32"):
        config = configuration(precision=asked)
        evaluation.Evaluation(config, corpus.genre("low"), "test").measure(Model(config).train())
    assert seen == [(True, False), (False, False)]
