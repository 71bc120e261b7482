from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from musebar_core import checkpoint, evaluation, training
from musebar_core.annealing import Schedule
from musebar_core.baselines import pitch_frequencies
from musebar_core.corpus import SnippetSampler
from musebar_core.draws import draw
from musebar_core.errors import CheckpointError, ConfigurationError, DivergedError
from musebar_core.metric_table import EpochMetrics, Metrics
from musebar_core.model import piano_roll
from musebar_core.objective import training_loss
from musebar_core.randomness import Purpose, keep_mask, latent_noise, stream
from musebar_core.scheduled_sampling import heard
from musebar_core.state import keep_row, start


@pytest.fixture
def genre(corpus):
    return corpus.genre("low")


def identity(config, genre, seed=3):
    return checkpoint.Identity(config, genre.name, genre.fingerprint, "somewhere", seed)


def run(config, genre, seed=3, state=None):
    state = state or start(config, genre, seed)
    rows = list(training.fit(config, genre, seed, state))
    return rows, evaluation.outcome(config, genre, state)


def without_time(outcome):
    return outcome.validation, outcome.test, outcome.last_validation, outcome.last_test


def test_evaluation_comes_every_so_many_epochs_and_at_the_last(configuration, genre):
    rows, _ = run(configuration(epochs=10, evaluate_every=4), genre)
    assert [row.epoch for row in rows] == [4, 8, 10]


def test_training_lowers_the_bce_far_below_its_start(configuration, genre):
    rows, _ = run(configuration(epochs=60, evaluate_every=20, learning_rate=0.02), genre)
    assert rows[-1].validation.bce < 0.5 * rows[0].train_bce


def test_two_runs_of_one_seed_are_equal_bit_for_bit(configuration, genre):
    assert without_time(run(configuration(), genre)[1]) == without_time(
        run(configuration(), genre)[1]
    )


def test_another_seed_gives_other_figures(configuration, genre):
    assert (
        run(configuration(), genre, 0)[1].validation != run(configuration(), genre, 1)[1].validation
    )


@pytest.mark.parametrize("stop_at", [4, 8, 12])
def test_a_resumed_run_equals_an_unbroken_one(configuration, genre, tmp_path, stop_at):
    config = configuration(
        input_dropout=0.3,
        annealing=Schedule("linear"),
        gradient_clip=1.0,
        decay="cosine",
        warm_up=0.25,
        encoder_steps=1,
        free_nats=0.01,
        scheduled_sampling=1.0,
        transposition=3,
    )
    config = replace(config, model=replace(config.model, batch_norm=0.5))
    path = tmp_path / "state.safetensors"
    state = start(config, genre, 3)
    for row in training.fit(config, genre, 3, state):
        if row.epoch == stop_at:
            checkpoint.save(path, identity(config, genre), state)
            break
    resumed = checkpoint.resume(path, identity(config, genre))
    rows, outcome = run(config, genre, state=resumed)
    unbroken_rows, unbroken = run(config, genre)
    assert without_time(outcome) == without_time(unbroken)
    assert resumed.history == training_history(unbroken_rows)
    assert [row.epoch for row in rows] == [e for e in (4, 8, 12) if e > stop_at]


def training_history(rows):
    return list(rows)


def once_a_run(metrics):
    return metrics._replace(nll=None, reconstruction_accuracy=None)


def test_the_reported_epoch_is_the_one_of_maximal_validation_elbo(configuration, genre):
    rows, outcome = run(configuration(epochs=40, learning_rate=0.05), genre)
    best = max(rows, key=lambda row: row.validation.elbo)
    assert outcome.best_epoch == best.epoch
    assert once_a_run(outcome.validation) == best.validation
    assert outcome.last_validation == rows[-1].validation


def evaluated(epoch, bce, kl):
    """An evaluated epoch of such validation figures; the rest is of no account."""
    metrics = Metrics.from_dict({"bce": bce, "kl": kl, "elbo": -(bce + kl), "collapsed": False})
    return EpochMetrics(epoch, 1.0, bce, kl, metrics)


def reported(config, genre, *rows):
    state = start(config, genre, 0)
    for row in rows:
        keep_row(config, state, row)
    return state.best_epoch


def test_no_epoch_is_reported_before_annealing_has_ended(configuration, genre):
    config = configuration(epochs=12, annealing=Schedule("linear", length=0.5))
    rows = evaluated(4, 1, 0), evaluated(8, 9, 1), evaluated(12, 9, 2)
    assert reported(config, genre, *rows) == 8
    assert reported(config, genre, rows[0]) == 0


def test_the_reported_epoch_is_best_at_the_runs_own_final_weight(configuration, genre):
    rows = evaluated(4, 10, 0), evaluated(8, 8, 3), evaluated(12, 8.5, 2.5)
    half = configuration(epochs=12, annealing=Schedule("constant", end=0.5))
    assert reported(configuration(epochs=12), genre, *rows) == 4  # 10, 11, 11
    assert reported(half, genre, *rows) == 8  # 10, 9.5, 9.75


def test_the_saved_model_measures_as_the_run_reported(configuration, genre, tmp_path):
    config = configuration(epochs=40, learning_rate=0.05)
    state = start(config, genre, 3)
    list(training.fit(config, genre, 3, state))
    outcome = evaluation.outcome(config, genre, state)
    checkpoint.save_weights(tmp_path / "m", identity(config, genre), state)
    found, model = checkpoint.load_model(tmp_path / "m")
    assert found == identity(config, genre)
    assert evaluation.evaluate(config, genre, model, "test") == outcome.test


def test_the_output_bias_starts_at_the_log_odds_of_the_pitches(configuration, genre):
    state = start(configuration(output_bias=True), genre, 0)
    probabilities = torch.sigmoid(state.model.output.bias).detach().numpy()
    assert probabilities == pytest.approx(pitch_frequencies(genre), rel=1e-4)


def test_a_rate_of_nearly_nothing_moves_nearly_nothing(configuration, genre):
    config = configuration(epochs=1, evaluate_every=1, warm_up=1.0, learning_rate=0.01)
    falling = configuration(epochs=1000, evaluate_every=1, warm_up=1.0, learning_rate=0.01)
    moved = []
    for each in (config, falling):
        state = start(each, genre, 0)
        before = state.model.output.bias.detach().clone()
        next(iter(training.fit(each, genre, 0, state)))
        moved.append(float((state.model.output.bias.detach() - before).abs().max()))
    assert moved == pytest.approx([0.01, 0.00001], rel=1e-2)


def test_encoder_steps_move_the_encoder_alone_and_end_when_mi_stops_rising(configuration, genre):
    plain, aggressive = (
        configuration(evaluate_every=1),
        configuration(evaluate_every=1, encoder_steps=3),
    )
    steps = []
    for config in (plain, aggressive):
        state = start(config, genre, 0)
        list(training.fit(config, genre, 0, state))
        steps.append([int(moments.step) for moments in state.optimizer.moments.values()])
        names = [name for name, _ in state.model.named_parameters()]
    mi = [row.validation.mi_lower for row in state.history]
    rising = 1 + next(k for k in range(1, 12) if mi[k] <= mi[k - 1])
    for name, without, given in zip(names, *steps, strict=True):
        encoder = name.startswith(("encoder", "mu", "logvar"))
        assert without == 12
        assert given == 12 + (3 * rising if encoder else 0), name


@pytest.mark.parametrize("fit", [training.fit, training._fit_mixed])
def test_a_loss_that_is_no_number_ends_the_run_with_what_to_do(configuration, genre, fit):
    config = configuration(learning_rate=1e12, epochs=20)
    with pytest.raises(DivergedError, match="lower training"):
        list(fit(config, genre, 0, start(config, genre, 0)))


def test_a_run_as_a_stack_of_one_gives_the_rows_of_a_run_alone(configuration, genre):
    config = configuration()
    rows = list(training._fit_mixed(config, genre, 0, start(config, genre, 0)))
    alone, _ = run(config, genre, seed=0)
    assert [row.epoch for row in rows] == [row.epoch for row in alone]
    assert rows[-1].validation.bce == pytest.approx(alone[-1].validation.bce, rel=1e-4)


def test_a_checkpoint_of_another_run_is_not_resumed(configuration, genre, tmp_path):
    config = configuration()
    state = start(config, genre, 3)
    checkpoint.save(tmp_path / "s", identity(config, genre), state)
    with pytest.raises(CheckpointError, match="another run"):
        checkpoint.resume(tmp_path / "s", identity(config, genre, seed=4))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x04pickle", b"\xff" * 64])
def test_a_file_that_is_no_checkpoint_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        checkpoint.load_model(path)


def test_a_checkpoint_with_a_flipped_bit_is_refused(configuration, genre, tmp_path):
    config, path = configuration(), tmp_path / "m"
    state = start(config, genre, 3)
    list(training.fit(config, genre, 3, state))
    checkpoint.save_weights(path, identity(config, genre), state)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not those that were written"):
        checkpoint.load_model(path)


def test_an_unwritten_checkpoint_leaves_the_old_one_alone(
    configuration, genre, tmp_path, monkeypatch
):
    config, path = configuration(), tmp_path / "s"
    state = start(config, genre, 3)
    checkpoint.save(path, identity(config, genre), state)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(path, identity(config, genre), state)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_snippets_of_a_seed_do_not_depend_on_the_model(configuration, corpus):
    sampler = SnippetSampler(corpus.genre("low"), configuration().grid)
    first, again = (sampler.draw(4, stream(5, Purpose.SNIPPETS, 9)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, sampler.draw(4, stream(5, Purpose.SNIPPETS, 10)))


def test_noise_of_few_dimensions_is_the_first_columns_of_the_noise_of_many():
    few, many = (latent_noise(stream("f", Purpose.EVALUATION), 6, n) for n in (2, 5))
    assert torch.equal(few, many[:, :2])


def test_input_dropout_zeroes_its_share():
    keep = keep_mask(stream(0, Purpose.INPUT_DROPOUT, 1), (100, 100), 0.3)
    assert float(keep.mean()) == pytest.approx(0.7, abs=0.02)
    assert set(keep.unique().tolist()) == {0.0, 1.0}


def test_metrics_are_plain_floats_that_json_keeps_exactly(configuration, genre):
    metrics = run(configuration(), genre)[1].validation
    assert all(type(v) in {float, int, bool, type(None)} for v in metrics)
    assert math.isfinite(metrics.bce)


def normalised(config, spread=0.5):
    return replace(config, model=replace(config.model, batch_norm=spread))


def test_a_normalised_model_begins_with_the_parameters_of_a_plain_one(configuration, genre):
    configs = configuration(), normalised(configuration())
    plain, other = (start(config, genre, 3) for config in configs)
    for name, parameter in plain.model.named_parameters():
        assert torch.equal(parameter, dict(other.model.named_parameters())[name]), name


def test_a_saved_model_keeps_its_running_moments(configuration, genre, tmp_path):
    config = normalised(configuration(epochs=40))
    state = start(config, genre, 3)
    list(training.fit(config, genre, 3, state))
    outcome = evaluation.outcome(config, genre, state)
    checkpoint.save_weights(tmp_path / "m", identity(config, genre), state)
    _, model = checkpoint.load_model(tmp_path / "m")
    assert torch.equal(model.mu_norm.mean, state.best_weights["mu_norm.mean"])
    assert float(model.mu_norm.mean.abs().max()) > 0
    assert evaluation.evaluate(config, genre, model, "test") == outcome.test


def test_a_model_without_normalisation_keeps_the_checkpoint_it_had(configuration, genre):
    names = set(start(configuration(), genre, 0).model.state_dict())
    assert names == {name for name in names if not name.startswith("mu_norm")}
    added = set(start(normalised(configuration()), genre, 0).model.state_dict()) - names
    assert added == {"mu_norm.mean", "mu_norm.variance"}


def test_a_batch_of_one_cannot_be_normalised(configuration, genre):
    with pytest.raises(ConfigurationError, match="one snippet has no spread"):
        normalised(configuration(batch=1))
    lone = replace(genre, table=genre.table.assign(group="one artist"))
    with pytest.raises(ConfigurationError, match=r"set training\.batch to 2 or more"):
        run(normalised(configuration(batch="per_group")), lone)


def test_transposition_is_for_training_alone(configuration, genre):
    still = configuration(learning_rate=1e-12)
    moved = configuration(learning_rate=1e-12, transposition=6)
    plain, other = (run(config, genre)[0][0] for config in (still, moved))
    assert other.validation.bce == pytest.approx(plain.validation.bce, rel=1e-6)
    assert other.train_bce != pytest.approx(plain.train_bce, rel=1e-6)


def test_an_epochs_row_has_the_weight_of_its_last_step_and_the_means_of_all_since(
    configuration, genre
):
    annealing = Schedule("linear", 0.0, 1.0)
    each, fourth = (
        run(configuration(epochs=8, evaluate_every=every, annealing=annealing), genre)[0]
        for every in (1, 4)
    )
    assert [row.weight for row in fourth] == [0.5, 1.0]
    for name in ("train_bce", "train_kl_bars"):
        steps = [getattr(row, name) for row in each]
        means = [sum(steps[:4]) / 4, sum(steps[4:]) / 4]
        assert [getattr(row, name) for row in fourth] == pytest.approx(means, rel=1e-6)


def test_the_time_of_a_run_is_that_between_its_evaluations_and_before(
    configuration, genre, monkeypatch
):
    clock = SimpleNamespace(perf_counter=iter([10.0, 13.0, 20.0]).__next__)
    monkeypatch.setattr(training, "time", clock)
    state = start(configuration(epochs=8), genre, 3)
    state.seconds = 100.0
    seen = [state.seconds for _ in training.fit(configuration(epochs=8), genre, 3, state)]
    assert seen == [103.0, 110.0]


def moved(config, genre):
    """How far one step moves the output bias at most."""
    state = start(config, genre, 0)
    before = state.model.output.bias.detach().clone()
    next(iter(training.fit(config, genre, 0, state)))
    return float((state.model.output.bias.detach() - before).abs().max())


def test_a_gradient_is_clipped_to_what_is_asked_and_else_left_as_it_is(configuration, genre):
    """Adam moves by its rate whatever the gradient's size, until it vanishes beside 1e-8."""
    one = {"epochs": 1, "evaluate_every": 1, "learning_rate": 0.01}
    assert moved(configuration(**one), genre) == pytest.approx(0.01, rel=1e-2)
    assert moved(configuration(gradient_clip=0.5, **one), genre) == pytest.approx(0.01, rel=1e-2)
    assert 0 < moved(configuration(gradient_clip=1e-12, **one), genre) < 1e-5


@pytest.mark.parametrize("weight", [0.25, 1.0])
@pytest.mark.parametrize("free", [{}, {"free_bits": 0.01}, {"free_nats": 0.02}], ids=str)
def test_a_step_is_taken_on_the_loss_of_its_own_draws(configuration, genre, weight, free):
    """All that is drawn is heard: of what is dropped nothing, of the rest the models own."""
    config = configuration(
        epochs=4,
        annealing=Schedule("linear", 0.0, 1.0, end=weight),
        input_dropout=0.4,
        scheduled_sampling=1.0,
        transposition=3,
        **free,
    )
    state, sampler = start(config, genre, 3), SnippetSampler(genre, config.grid)
    state.epoch = 4
    drawn = draw(config, sampler, 3, 4)
    roll, model = piano_roll(drawn.pitches), state.model
    mu, logvar = model.encode(roll)
    z = mu[:, -1] + (0.5 * logvar[:, -1]).exp() * drawn.noise
    inputs = heard(roll, model.decode(roll, z, drawn.keep), drawn.own)
    loss, bce, kl_bars = training_loss(
        model.decode(inputs, z, drawn.keep), roll, (mu, logvar), weight=weight, **free
    )
    names = [name for name, _ in model.named_parameters()]
    wanted = dict(zip(names, torch.autograd.grad(loss, list(model.parameters())), strict=True))
    found = training._backpropagate(config, sampler, 3, state)
    assert found == (bce, kl_bars)
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter.grad, wanted[name], atol=1e-6), name


def test_encoder_steps_draw_each_their_own(configuration, genre, monkeypatch):
    seen = []

    def drawn(config, sampler, seed, epoch, *inner):
        seen.append((seed, epoch, *inner))
        return draw(config, sampler, seed, epoch, *inner)

    monkeypatch.setattr(training, "draw", drawn)
    next(training.fit(configuration(evaluate_every=2, encoder_steps=2), genre, 5))
    assert seen == [(5, 1, 0), (5, 1, 1), (5, 1), (5, 2, 0), (5, 2, 1), (5, 2)]
