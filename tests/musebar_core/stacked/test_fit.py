from __future__ import annotations

import dataclasses
import gc
import weakref
from importlib import import_module
from types import SimpleNamespace

import pytest
import torch

from musebar_core import checkpoint, training
from musebar_core.annealing import Schedule
from musebar_core.errors import ConfigurationError, DivergedError
from musebar_core.settings import SETTINGS
from musebar_core.stacked import Run, fit, model
from musebar_core.stacked.fit import _at_once
from musebar_core.state import start

STACK = import_module("musebar_core.stacked.fit")  # the room has a function of that name
CLOSE = {"rel": 1e-10, "abs": 1e-10}


@pytest.fixture
def genre(corpus):
    return corpus.genre("low")


@pytest.fixture
def float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def runs_of(genre, *pairs):
    return [Run(config, seed, start(config, genre, seed)) for config, seed in pairs]


def together(genre, *pairs):
    runs = runs_of(genre, *pairs)
    list(fit(runs, genre))
    return runs


def alone(genre, config, seed):
    state = start(config, genre, seed)
    list(training.fit(config, genre, seed, state))
    return state


def measured(metrics):
    """All that an evaluation measures: what is taken once a run is None in it."""
    return {name: value for name, value in metrics._asdict().items() if value is not None}


def assert_equal(found, wanted):
    """Histories and weights of two states agree to 1e-10."""
    assert [row.epoch for row in found.history] == [row.epoch for row in wanted.history]
    for ours, theirs in zip(found.history, wanted.history, strict=True):
        assert (ours.weight, ours.train_bce, ours.train_kl_bars) == pytest.approx(
            (theirs.weight, theirs.train_bce, theirs.train_kl_bars), **CLOSE
        )
        assert measured(ours.validation) == pytest.approx(measured(theirs.validation), **CLOSE)
    assert found.best_epoch == wanted.best_epoch
    for name, values in wanted.best_weights.items():
        assert torch.allclose(found.best_weights[name], values, rtol=0, atol=1e-9), name
    for name, values in wanted.model.state_dict().items():
        assert torch.allclose(found.model.state_dict()[name], values, rtol=0, atol=1e-9), name


@pytest.mark.usefixtures("float64")
def test_seeds_together_end_as_the_same_seeds_alone(configuration, genre):
    config = configuration(gradient_clip=1.0, input_dropout=0.3, annealing=Schedule("linear"))
    for run in together(genre, (config, 0), (config, 3), (config, 7)):
        assert_equal(run.state, alone(genre, config, run.seed))


@pytest.mark.usefixtures("float64")
def test_configurations_of_other_shapes_together_end_as_they_do_alone(configuration, genre):
    configs = [
        configuration(latent=2, regularizers=4, free_bits=0.1, epochs=8),
        configuration(latent=5, regularizers=1, annealing=Schedule("cosine"), gradient_clip=0.5),
        configuration(
            latent=3,
            regularizers=2,
            learning_rate=0.02,
            evaluate_every=3,
            output_bias=True,
            input_dropout=0.5,
        ),
    ]
    for run in together(genre, *((config, 1) for config in configs)):
        assert_equal(run.state, alone(genre, run.config, 1))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_each_encoder_in_a_stack_ends_as_it_does_alone(
    configuration, genre, pooling, bidirectional
):
    def shaped(latent, regularizers):
        config = configuration(latent, regularizers, batch=2, input_dropout=0.3)
        model = {"pooling": pooling, "bidirectional": bidirectional}
        return dataclasses.replace(config, model=dataclasses.replace(config.model, **model))

    # The segments of a bidirectional encoder are one stack's own.
    configs = [shaped(4, 2), shaped(3, 2 if bidirectional else 4)]
    for run in together(genre, *((config, 1) for config in configs)):
        assert_equal(run.state, alone(genre, run.config, 1))


@pytest.mark.usefixtures("float64")
def test_options_of_one_run_leave_the_other_runs_of_a_stack_as_they_are_alone(configuration, genre):
    configs = [
        configuration(annealing=Schedule("linear", end=0.3)),
        configuration(regularizers=4, free_nats=0.05),
        configuration(scheduled_sampling=0.9, input_dropout=0.3),
        configuration(latent=2, transposition=6, free_bits=0.1),
        configuration(),
    ]
    for run in together(genre, *((config, 1) for config in configs)):
        assert_equal(run.state, alone(genre, run.config, 1))


OTHER = {
    "latent_length": 2,
    "regularizers": 4,
    "annealing": "cosine",
    "annealing_start": 0.1,
    "annealing_length": 0.6,
    "annealing_cycles": 2,
    "annealing_ratio": 0.8,
    "annealing_end": 0.3,
    "free_bits": 0.1,
    "free_nats": 0.5,
    "batch_norm": 0.5,
    "input_dropout": 0.4,
    "scheduled_sampling": 0.9,
    "transposition": 5,
    "hidden": 6,
    "layers": 1,
    "snippet_steps": 8,
    "steps_per_bar": 2,
    "steps_per_quarter": 2,
    "epochs": 6,
    "batch": 3,
    "learning_rate": 0.02,
    "warm_up": 0.5,
    "decay": "cosine",
    "gradient_clip": 0.01,
    "output_bias": True,
    "encoder_steps": 1,
    "pooling": "mean",
    "bidirectional": True,
    "precision": "mixed",
    "evaluate_every": 3,
    "evaluation_snippets": 8,
    "curve_snippets": 4,
}
"""Of every setting another value than that of the configurations here; bars follow from steps."""


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "one", [each for each in SETTINGS if each.name != "bars"], ids=lambda one: one.name
)
def test_a_setting_differs_within_a_stack_as_it_does_alone_or_keeps_out_of_it(
    configuration, genre, one
):
    kind = "cyclical" if one.kind_only else "linear"
    plain = configuration(annealing=Schedule(kind, cycles=1), epochs=8)
    section = getattr(plain, one.section)
    section = dataclasses.replace(section, **{one.field: OTHER[one.name]})
    other = dataclasses.replace(plain, **{one.section: section})
    assert one.of(other) != one.of(plain)
    if other.stack == plain.stack:
        assert training_of(other, genre) != training_of(plain, genre)
        for run in together(genre, (plain, 1), (other, 1)):
            assert_equal(run.state, alone(genre, run.config, 1))


def test_curves_of_as_many_snippets_from_other_windows_are_kept_apart(configuration):
    whole = configuration(evaluation_snippets=4)
    partial = configuration(evaluation_snippets=8, curve_snippets=4)
    assert whole.training.snippets_on_the_way == partial.training.snippets_on_the_way
    assert whole.stack != partial.stack


def test_a_run_that_diverges_leaves_nothing_of_its_stack_behind(configuration, genre, monkeypatch):
    """Its error refers to no frame that holds the stack, whether garbage is collected or not."""
    stacks = []
    advance = STACK._Stack.advance

    def watched(self):
        stacks.append(weakref.ref(self._weights))
        return advance(self)

    monkeypatch.setattr(STACK._Stack, "advance", watched)
    gc.collect()
    gc.disable()
    try:
        configs = [configuration(learning_rate=rate) for rate in (1e30, 0.01)]
        runs = [Run(config, 1, start(config, genre, 1)) for config in configs]
        rows = [row for _, row in fit(runs, genre)]
        assert any(isinstance(row, DivergedError) for row in rows)
        assert [each() for each in stacks] == [None] * len(stacks)
    finally:
        gc.enable()


def training_of(config, genre):
    """What a run alone goes through, evaluations apart from each other."""
    return [
        (row.epoch, row.weight, row.train_bce, row.train_kl_bars)
        for row in alone(genre, config, 1).history
    ]


def normalised(config, spread):
    return dataclasses.replace(config, model=dataclasses.replace(config.model, batch_norm=spread))


@pytest.mark.usefixtures("float64")
def test_each_normalised_run_of_a_stack_has_moments_of_its_own(configuration, genre):
    configs = [
        normalised(configuration(4, 2, gradient_clip=1.0), 0.5),
        normalised(configuration(2, 2, epochs=8), 1.0),
        normalised(configuration(3, 2, free_nats=0.5, scheduled_sampling=1.0), 0.7),
    ]
    for run in together(genre, *((config, 1) for config in configs)):
        assert run.state.model.mu_norm.variance.shape == (2, run.config.model.latent_length)
        assert_equal(run.state, alone(genre, run.config, 1))


def test_normalised_runs_stack_with_their_like_alone(configuration):
    plain = configuration()
    assert normalised(plain, 0.5).stack == normalised(configuration(latent=2), 1.0).stack
    assert normalised(plain, 0.5).stack != plain.stack
    assert normalised(plain, 0.5).stack != normalised(configuration(4, 4), 0.5).stack


def test_a_run_that_diverges_drops_out_and_the_others_never_notice(configuration, genre):
    fine, wild = configuration(), configuration(learning_rate=1e30)
    ended = {}
    runs = runs_of(genre, (fine, 0), (wild, 1), (fine, 2))
    for run, row in fit(runs, genre):
        ended[run.seed] = row
    assert isinstance(ended[1], DivergedError)
    assert "lower training.learning_rate" in str(ended[1])
    calm = together(genre, (fine, 0), (fine, 1), (fine, 2))
    for run, other in ((runs[0], calm[0]), (runs[2], calm[2])):
        assert run.state.epoch == 12
        assert [row.validation.bce for row in run.state.history] == pytest.approx(
            [row.validation.bce for row in other.state.history], rel=1e-5
        )


def test_two_stacks_of_the_same_runs_are_equal_bit_for_bit(configuration, genre):
    first, second = (together(genre, (configuration(), 0), (configuration(), 1)) for _ in "ab")
    assert [run.state.history for run in first] == [run.state.history for run in second]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("spread", [0.0, 0.5])
@pytest.mark.parametrize("stacked_first", [True, False])
def test_a_run_goes_on_alone_from_a_stack_and_in_a_stack_from_alone(
    configuration, genre, tmp_path, stacked_first, spread
):
    config = normalised(configuration(gradient_clip=1.0, annealing=Schedule("linear")), spread)
    identity = checkpoint.Identity(config, genre.name, genre.fingerprint, "somewhere", 3)
    fresh = runs_of(genre, (config, 3), (config, 4))
    rows = fit(fresh, genre) if stacked_first else training.fit(config, genre, 3, fresh[0].state)
    next(iter(rows))
    checkpoint.save(tmp_path / "s", identity, fresh[0].state)
    state = checkpoint.resume(tmp_path / "s", identity)
    assert state.epoch == 4
    if stacked_first:
        list(training.fit(config, genre, 3, state))
    else:
        later = runs_of(genre, (config, 4))
        list(fit([Run(config, 3, state), *later], genre))
        assert_equal(later[0].state, alone(genre, config, 4))
    assert_equal(state, alone(genre, config, 3))


def test_what_cannot_be_stacked_is_refused_with_what_to_do(configuration, genre):
    with pytest.raises(ConfigurationError, match="train them in turn"):
        together(genre, (configuration(), 0), (configuration(hidden=4), 0))


@pytest.mark.slow
def test_final_figures_of_ten_seeds_are_statistically_the_same(configuration, genre):
    config = configuration(hidden=32, epochs=200, evaluate_every=50)
    stacked = [run.state for run in together(genre, *((config, seed) for seed in range(10)))]
    plain = [alone(genre, config, seed) for seed in range(10)]
    figures = torch.tensor(
        [[state.history[-1].validation.bce for state in states] for states in (stacked, plain)]
    )
    differences = figures[0] - figures[1]
    # A paired t of 9 degrees of freedom beyond 3.25 has a probability under 1%.
    t = differences.mean() / (differences.std() / 10**0.5)
    assert abs(float(t)) < 3.25
    assert float(differences.abs().mean()) < float(figures[1].std())


def test_a_mixed_stack_trains_with_rounded_factors_and_is_evaluated_with_whole_ones(
    configuration, genre
):
    still = {"epochs": 2, "evaluate_every": 2, "learning_rate": 1e-12}
    exact, rounded, auto = (
        together(genre, (configuration(precision=each, **still), 1))[0].state.history[0]
        for each in ("fp32", "mixed", "auto")
    )
    assert auto == rounded
    assert rounded.validation == exact.validation
    assert rounded.train_bce != exact.train_bce
    assert rounded.train_bce == pytest.approx(exact.train_bce, rel=1e-3)


def test_snippets_evaluated_in_parts_are_all_evaluated(configuration, genre, monkeypatch):
    config = configuration(epochs=4)
    whole = together(genre, (config, 0), (config, 1))
    monkeypatch.setattr(STACK, "_EVALUATION_SNIPPETS", 6)  # three of each model
    parts = together(genre, (config, 0), (config, 1))
    for one, other in zip(whole, parts, strict=True):
        assert other.state.history[0].validation[:7] == pytest.approx(
            one.state.history[0].validation[:7], rel=1e-5
        )


def test_what_a_gpus_evaluation_infers_in_parts_is_all_there(configuration, genre, monkeypatch):
    """What :func:`musebar_core.stacked.model.infer` gives, here by the stack's own passes."""
    config, taken = configuration(epochs=4, precision="mixed"), []
    whole = together(genre, (config, 0), (config, 1))

    def infer(p, shape, pitches, noise):
        taken.append(len(pitches))
        roll = model.roll_of(pitches.expand(len(noise), -1, -1), noise)
        posteriors = model.encode(p, shape, roll)
        logits = model.decode(p, shape, roll, model.sample(posteriors, noise))
        return model.bce(logits, roll), posteriors

    monkeypatch.setattr(model, "infer", infer)
    monkeypatch.setattr(model, "can_infer", lambda like, shape: True)
    monkeypatch.setattr(STACK, "_at_once", lambda models, inferred, on_gpu: 7)
    parts = together(genre, (config, 0), (config, 1))
    assert taken == [7, 7, 2]
    for one, other in zip(whole, parts, strict=True):
        assert other.state.history[0].validation[:7] == pytest.approx(
            one.state.history[0].validation[:7], rel=1e-5
        )


@pytest.mark.parametrize(
    ("models", "where", "snippets"),
    [
        (1, {}, 512),
        (10, {}, 51),
        (1000, {}, 1),
        (10, {"on_gpu": True}, 204),
        (10, {"on_gpu": True, "inferred": True}, 768),
        (100, {"on_gpu": True, "inferred": True}, 128),
    ],
    ids=str,
)
def test_the_more_models_the_fewer_snippets_of_each_are_evaluated_at_once(models, where, snippets):
    assert _at_once(models, **{"inferred": False, "on_gpu": False} | where) == snippets


def test_the_time_of_a_stack_is_shared_by_its_runs(configuration, genre, monkeypatch):
    clock = SimpleNamespace(perf_counter=iter([10.0, 14.0, 20.0, 30.0]).__next__)
    monkeypatch.setattr(STACK, "time", clock)
    runs = together(genre, (configuration(epochs=4), 0), (configuration(epochs=8), 1))
    assert [run.state.seconds for run in runs] == [2.0, 12.0]


def test_nothing_is_trained_where_there_is_nothing_to_train(configuration, genre):
    assert list(fit([], genre)) == []
    (run,) = together(genre, (configuration(epochs=4), 0))
    assert list(fit([run], genre)) == []


def test_configurations_that_are_not_alike_are_refused_before_any_is_trained(configuration, genre):
    lone = runs_of(genre, (configuration(encoder_steps=1), 0))
    with pytest.raises(ConfigurationError, match=r"no encoder_steps$"):
        next(iter(fit(lone, genre)))
    assert lone[0].state.epoch == 0
