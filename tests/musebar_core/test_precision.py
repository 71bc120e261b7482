from __future__ import annotations

import dataclasses

import pytest
import torch

from musebar_core import checkpoint, precision, training
from musebar_core.annealing import Schedule
from musebar_core.config import Precision
from musebar_core.errors import ConfigurationError
from musebar_core.precision import allowing_tf32, computing, has_bfloat16, in_bfloat16
from musebar_core.state import start

MIXED_SHARE = 0.002
"""Largest share of a BCE that rounding to halves moved in a short run."""


@pytest.fixture
def genre(corpus):
    return corpus.genre("low")


def history(config, genre, seed=0):
    return list(training.fit(config, genre, seed))


def switches():
    return torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.rnn.fp32_precision


def test_full_precision_leaves_recorded_configurations_their_ids(configuration):
    config = configuration()
    assert "precision" not in config.canonical_json()
    assert configuration(precision="fp32").config_id == config.config_id
    assert configuration(precision="tf32").config_id != config.config_id


def test_an_unknown_precision_is_refused_with_the_known_ones(configuration):
    with pytest.raises(ConfigurationError, match="fp32, tf32, mixed, auto"):
        configuration(precision="fp8")


@pytest.mark.parametrize("asked", ["mixed", "auto"])
def test_mixed_is_refused_for_what_its_lstm_does_not_know(configuration, asked):
    with pytest.raises(ConfigurationError, match=f"precision {asked}: .* use fp32 or tf32"):
        configuration(precision=asked, encoder_steps=2)


def test_auto_is_mixed_on_a_cpu_and_full_precision_on_a_gpu(configuration, genre):
    assert [precision.settled(Precision.AUTO, each) for each in ("cpu", "cuda", "cuda:1")] == [
        Precision.MIXED,
        Precision.FP32,
        Precision.FP32,
    ]
    for asked in set(Precision) - {Precision.AUTO}:
        assert {precision.settled(asked, each) for each in ("cpu", "cuda")} == {asked}
    assert configuration(precision="auto").config_id != configuration(precision="mixed").config_id
    auto, mixed = (history(configuration(precision=each), genre) for each in ("auto", "mixed"))
    assert auto == mixed


def test_tf32_changes_nothing_on_a_cpu(configuration, genre):
    assert history(configuration(), genre) == history(configuration(precision="tf32"), genre)


def test_mixed_moves_a_short_run_by_its_rounding_and_no_further(configuration, genre):
    exact, rounded = (history(configuration(precision=each), genre) for each in ("fp32", "mixed"))
    for ours, theirs in zip(rounded, exact, strict=True):
        assert ours.validation.bce == pytest.approx(theirs.validation.bce, rel=MIXED_SHARE)
        assert (ours.validation.bce != theirs.validation.bce) == has_bfloat16()


def test_mixed_is_full_precision_where_the_processor_has_no_such_products(
    configuration, genre, monkeypatch
):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    assert precision.arithmetic(Precision.MIXED, "cpu") == "float32"
    assert history(configuration(), genre) == history(configuration(precision="mixed"), genre)


def test_a_mixed_run_that_is_resumed_equals_an_unbroken_one(configuration, genre, tmp_path):
    config = configuration(epochs=8, evaluate_every=4, precision="mixed")
    identity = checkpoint.Identity(config, genre.name, genre.fingerprint, "somewhere", 0)
    state = start(config, genre, 0)
    first = next(training.fit(config, genre, 0, state))
    checkpoint.save(tmp_path / "run", identity, state)
    later = training.fit(config, genre, 0, checkpoint.resume(tmp_path / "run", identity))
    assert [first, *later] == history(config, genre)


@pytest.mark.parametrize(
    ("allowed", "has_it"),
    [("AVX2", False), ("AVX512_CORE", False), ("AVX512_CORE_VNNI", False), ("ALL", None)],
)
def test_onednn_that_may_not_use_bfloat16_has_none(monkeypatch, allowed, has_it):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", allowed)
    expected = has_bfloat16() if has_it is None else has_it
    assert has_bfloat16.__wrapped__() == expected


@pytest.mark.parametrize(
    ("asked", "on_gpu"),
    [
        ("fp32", "float32"),
        ("tf32", "TensorFloat-32"),
        ("mixed", "float16 and bfloat16"),
        ("auto", "float32"),
    ],
)
def test_arithmetic_is_named_by_where_it_is_done(asked, on_gpu, monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    assert precision.arithmetic(Precision(asked), "cuda") == on_gpu
    on_cpu = "bfloat16" if asked in ("mixed", "auto") else "float32"
    assert precision.arithmetic(Precision(asked), "cpu") == on_cpu


@pytest.mark.parametrize("asked", Precision)
def test_products_are_bfloat16_only_within_a_mixed_computation(asked, monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    is_mixed = asked in (Precision.MIXED, Precision.AUTO)
    with computing(asked, "cpu"):
        assert in_bfloat16() == is_mixed
        with computing(Precision.FP32, "cpu"):
            assert not in_bfloat16()
        assert in_bfloat16() == is_mixed
    assert not in_bfloat16()


def test_mixed_trains_with_every_option_of_the_loss_and_the_inputs(configuration, genre):
    options = {
        "free_nats": 0.1,
        "scheduled_sampling": 1.0,
        "transposition": 3,
        "precision": "mixed",
    }
    config = configuration(annealing=Schedule("linear", end=0.5), **options)
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, batch_norm=0.5))
    found = history(config, genre)
    assert found[-1].validation.bce < found[0].validation.bce
    assert found == history(config, genre)


def test_switches_are_held_for_a_while_and_restored():
    before = switches()
    with allowing_tf32(allowed=True):
        assert switches() == ("tf32", "tf32")
        with allowing_tf32(allowed=False):
            assert switches() == ("ieee", "ieee")
    assert switches() == before


@pytest.mark.parametrize("asked", Precision)
def test_on_a_cpu_no_switch_of_a_gpu_is_touched(asked):
    before = switches()
    with computing(asked, "cpu"):
        assert switches() == before


@pytest.mark.slow
def test_final_figures_of_ten_seeds_are_those_of_full_precision_within_their_spread(
    configuration, genre
):
    config = configuration(hidden=32, epochs=200, evaluate_every=50, gradient_clip=1.0)
    mixed = dataclasses.replace(
        config, training=dataclasses.replace(config.training, precision="mixed")
    )
    figures = torch.tensor(
        [
            [history(each, genre, seed)[-1].validation.bce for seed in range(10)]
            for each in (config, mixed)
        ]
    )
    differences = figures[1] - figures[0]
    # A paired t of 9 degrees of freedom beyond 3.25 has a probability under 1%.
    t = differences.mean() / (differences.std() / 10**0.5)
    assert abs(float(t)) < 3.25
    assert float(differences.abs().mean()) < float(figures[0].std())


@pytest.fixture
def processor(monkeypatch):
    """A processor that has these of the two kinds of bfloat16 products."""

    def make(*kinds):
        for kind in ("avx512_bf16", "amx_tile"):
            monkeypatch.setattr(
                torch.cpu, f"_is_{kind}_supported", lambda kind=kind: kind in kinds, raising=False
            )

    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    return make


@pytest.mark.parametrize(
    ("kinds", "has_it"),
    [((), False), (("avx512_bf16",), True), (("amx_tile",), True)],
)
def test_either_kind_of_bfloat16_products_is_enough(processor, kinds, has_it):
    processor(*kinds)
    assert has_bfloat16.__wrapped__() is has_it


@pytest.mark.parametrize(
    ("allowed", "may"),
    [
        ("AVX512_CORE_BF16", True),
        ("AVX512_CORE_FP16", True),
        ("AVX512_CORE_AMX", True),
        ("AVX10_1_512", True),
        ("all", True),
        ("default", True),
        ("AVX512_CORE", False),
        ("SSE41", False),
    ],
)
def test_onednn_has_bfloat16_from_the_sets_of_instructions_on_that_have_it(
    processor, monkeypatch, allowed, may
):
    processor("avx512_bf16", "amx_tile")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", allowed)
    assert has_bfloat16.__wrapped__() is may


@pytest.mark.parametrize(("asked", "held"), [("fp32", "ieee"), ("tf32", "tf32"), ("mixed", "tf32")])
def test_on_a_gpu_the_switches_are_those_of_the_precision(asked, held):
    before = switches()
    with computing(Precision(asked), "cuda"):
        assert switches() == (held, held)
    assert switches() == before


def test_what_was_set_comes_back_where_a_computation_fails(monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    before = switches()
    for device in ("cpu", "cuda"):
        with pytest.raises(ZeroDivisionError), computing(Precision.MIXED, device):
            raise ZeroDivisionError
        assert not in_bfloat16()
        assert switches() == before


def test_a_step_of_training_is_as_exact_as_it_is_asked_for(configuration, genre, monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    seen = []

    def step(*_):
        seen.append(in_bfloat16())
        raise ZeroDivisionError

    monkeypatch.setattr(training, "optimise", step)
    for asked in ("mixed", "fp32"):
        with pytest.raises(ZeroDivisionError):
            history(configuration(precision=asked), genre)
    assert seen == [True, False]
