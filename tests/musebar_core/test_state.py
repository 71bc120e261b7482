"""When a run is evaluated, which epoch it reports, and when its encoder lags."""

from dataclasses import replace

import pytest

from musebar_core.annealing import Schedule
from musebar_core.baselines import pitch_frequencies
from musebar_core.config import TrainingConfig
from musebar_core.errors import DivergedError
from musebar_core.metric_table import EpochMetrics, Metrics
from musebar_core.state import check_losses, keep_row, next_evaluation, start
from musebar_core.training import _encoder_lags


@pytest.mark.parametrize(
    ("epoch", "following"), [(0, 4), (1, 4), (3, 4), (4, 8), (7, 8), (8, 10), (9, 10)]
)
def test_an_evaluation_follows_every_fourth_epoch_and_the_last(epoch, following):
    training = replace(TrainingConfig(), epochs=10, evaluate_every=4)
    assert next_evaluation(training, epoch) == following


@pytest.mark.parametrize(
    ("bce", "kl", "diverged"),
    [
        (1.0, 1.0, False),
        (float("nan"), 1.0, True),
        (1.0, float("nan"), True),
        (float("inf"), 1.0, True),
        (1.0, float("inf"), True),
    ],
)
def test_either_loss_that_is_no_finite_number_ends_the_run(configuration, bce, kl, diverged):
    if not diverged:
        check_losses(configuration(), 7, bce, kl)
        return
    with pytest.raises(DivergedError, match=r"by epoch 7 \(bce .* set training.gradient_clip"):
        check_losses(configuration(), 7, bce, kl)


def row(epoch, bce, kl=0.0, mi_lower=0.0):
    known = {"bce": bce, "kl": kl, "elbo": -(bce + kl), "mi_lower": mi_lower, "collapsed": False}
    return EpochMetrics(epoch, 1.0, bce, kl, Metrics.from_dict(known))


def kept(config, corpus, *rows):
    state = start(config, corpus.genre("low"), 0)
    for one in rows:
        keep_row(config, state, one)
    return state


def test_of_epochs_as_good_the_first_is_reported(configuration, corpus):
    state = kept(configuration(), corpus, row(4, 10.0), row(8, 10.0), row(12, 11.0))
    assert (state.best_epoch, len(state.history)) == (4, 3)


def test_the_epoch_at_which_the_ramp_has_ended_may_be_reported(configuration, corpus):
    config = configuration(epochs=12, annealing=Schedule("linear", 0.0, 2 / 3))
    assert kept(config, corpus, row(7, 1.0), row(8, 10.0), row(12, 11.0)).best_epoch == 8


def test_the_kept_weights_are_a_copy_of_those_of_the_reported_epoch(configuration, corpus):
    state = kept(configuration(), corpus, row(4, 10.0))
    before = state.best_weights["output.bias"].clone()
    state.model.output.bias.data += 1
    assert (state.best_weights["output.bias"] == before).all()
    keep_row(configuration(), state, row(8, 11.0))
    assert (state.best_weights["output.bias"] == before).all()
    keep_row(configuration(), state, row(12, 9.0))
    assert (state.best_weights["output.bias"] == before + 1).all()


@pytest.mark.parametrize(
    ("seen", "lags"),
    [
        ([], True),
        ([1.0], True),
        ([1.0, 2.0], True),
        ([1.0, 1.0], False),
        ([2.0, 1.0], False),
        ([1.0, 2.0, 1.5, 3.0], False),
        ([1.0, 2.0, 3.0], True),
    ],
)
def test_the_encoder_lags_as_long_as_information_has_risen_at_every_evaluation(seen, lags):
    history = [row(4 * at, 10.0, mi_lower=mi) for at, mi in enumerate(seen)]
    assert _encoder_lags(history) is lags


def test_a_run_starts_before_its_first_epoch_with_nothing_to_report(configuration, corpus):
    state = start(configuration(), corpus.genre("low"), 0)
    assert (state.epoch, state.best_epoch, state.seconds) == (0, 0, 0.0)
    assert (state.history, state.best_weights) == ([], {})


def test_a_run_starts_from_the_parameters_of_its_seed(configuration, corpus):
    genre = corpus.genre("low")
    one, again, other = (
        start(configuration(), genre, seed).model.state_dict() for seed in (1, 1, 2)
    )
    assert all((one[name] == again[name]).all() for name in one)
    assert any((one[name] != other[name]).any() for name in one)


@pytest.mark.parametrize("asked", [True, False])
def test_the_output_bias_is_that_of_the_pitches_where_it_is_asked_for(configuration, corpus, asked):
    genre = corpus.genre("low")
    bias = start(configuration(output_bias=asked), genre, 0).model.output.bias.detach()
    said = bias.sigmoid().numpy() == pytest.approx(pitch_frequencies(genre), rel=1e-4)
    assert bool(said) is asked


@pytest.mark.parametrize(("end", "best"), [(1.0, 4), (0.5, 8)])
def test_kl_counts_by_the_final_weight(configuration, corpus, end, best):
    config = configuration(annealing=Schedule("constant", end=end))
    # BCE + KL of 10 and 11, BCE + KL / 2 of 10 and 9.5
    assert kept(config, corpus, row(4, 10.0, 0.0), row(8, 8.0, 3.0)).best_epoch == best


def test_a_run_that_diverged_says_its_losses_and_its_rate(configuration):
    with pytest.raises(DivergedError) as caught:
        check_losses(configuration(learning_rate=0.5), 7, float("nan"), 2.5)
    assert str(caught.value) == (
        "the loss is no longer a finite number by epoch 7 (bce nan, kl 2.5): "
        "lower training.learning_rate (0.5) or set training.gradient_clip"
    )
