"""Evaluations of a stack forwards only: what is made of the kernel's outputs, without a GPU."""

from __future__ import annotations

import sys

import pytest
import torch

import musebar_core.stacked
from musebar_core.config import Configuration, Grid, ModelConfig
from musebar_core.model import initialise
from musebar_core.stacked import Run, fit, model
from musebar_core.stacked.sweep import FULL
from musebar_core.stacked.weights import Weights
from musebar_core.state import build, start
from tests.musebar_core.stacked import inference_reference


@pytest.fixture(autouse=True)
def _without_triton(monkeypatch):
    name = "musebar_core.stacked.inference"
    monkeypatch.setitem(sys.modules, name, inference_reference)
    monkeypatch.setattr(musebar_core.stacked, "inference", inference_reference, raising=False)


@pytest.mark.parametrize(
    ("layers", "bidirectional", "pooling"),
    [(2, False, "last"), (1, True, "max"), (3, False, "mean"), (2, True, "last")],
)
def test_what_is_inferred_is_what_the_models_compute(layers, bidirectional, pooling):
    """But for what a symbol adds to the gates, which is rounded to a half."""
    configs = [
        Configuration(Grid(1, 4, 16), ModelConfig(8, layers, latent, r, bidirectional, pooling))
        for latent, r in ((6, 2), (3, 2 if bidirectional else 4))
    ]
    states = [build(config) for config in configs]
    for seed, state in enumerate(states):
        initialise(state.model, seed)
    weights = Weights(states)
    weights.values.mul_(2)
    shape = model.Shape.of(configs, weights.values, FULL)
    generator = torch.Generator().manual_seed(0)
    pitches = torch.randint(0, 129, (5, 16), generator=generator)
    noise = torch.randn(2, 5, 6, generator=generator) * shape.own_dimensions[:, None]
    p = weights.named
    with torch.no_grad():
        bce, posteriors = model.infer(p, shape, pitches, noise)
        roll = model.roll_of(pitches.expand(2, -1, -1), noise)
        wanted = model.encode(p, shape, roll)
        logits = model.decode(p, shape, roll, model.sample(wanted, noise))
    assert torch.allclose(bce, model.bce(logits, roll), rtol=1e-4)
    for ours, theirs in zip(posteriors, wanted, strict=True):
        assert torch.allclose(ours, theirs, atol=2e-3)
        assert not torch.equal(ours, theirs)


@pytest.mark.parametrize(("precision", "infers"), [("fp32", False), ("tf32", True)])
def test_an_evaluation_infers_where_it_can_and_need_not_be_exact(
    configuration, corpus, monkeypatch, precision, infers
):
    genre, config = corpus.genre("low"), configuration(epochs=4, precision=precision)
    inferred = []
    plain = model.infer

    def infer(*given):
        inferred.append(len(given[2]))
        return plain(*given)

    monkeypatch.setattr(model, "infer", infer)
    runs = [Run(config, seed, start(config, genre, seed)) for seed in (0, 1)]
    exact = [row for _, row in fit(runs, genre)]
    assert inferred == []  # on a CPU it cannot
    monkeypatch.setattr(model, "can_infer", lambda *_: True)
    runs = [Run(config, seed, start(config, genre, seed)) for seed in (0, 1)]
    found = [row for _, row in fit(runs, genre)]
    assert bool(inferred) is infers
    for ours, theirs in zip(found, exact, strict=True):
        assert ours.validation[:7] == pytest.approx(theirs.validation[:7], rel=5e-3)
