"""The step of a stack, where a GPU's recording of it is played by a stand-in."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch

from musebar_core.corpus import SnippetSampler
from musebar_core.stacked import model
from musebar_core.stacked.step import Step
from musebar_core.stacked.sweep import OPERANDS
from musebar_core.stacked.weights import Weights
from musebar_core.state import start


@pytest.fixture
def step(corpus, configuration):
    """A step of two runs, with its inputs drawn."""
    genre, configs = corpus.genre("low"), [configuration(), configuration()]
    weights = Weights([start(config, genre, seed) for seed, config in enumerate(configs)])
    shape = model.Shape.of(configs, weights.values, OPERANDS["fp32"])
    made = Step(configs, weights, shape, SnippetSampler(genre, configs[0].grid))
    made._put(made._draw([0, 1], [1, 1]))
    return made


@pytest.fixture
def without_a_gpu(monkeypatch):
    """Streams and recordings that do nothing: what is recorded is done as it is said."""
    stream = SimpleNamespace(wait_stream=lambda other: None)
    for name, played in (
        ("Stream", lambda: stream),
        ("current_stream", lambda: stream),
        ("stream", lambda _: nullcontext()),
        ("graph", lambda _: nullcontext()),
        ("CUDAGraph", SimpleNamespace),
    ):
        monkeypatch.setattr(torch.cuda, name, played)


@pytest.mark.usefixtures("without_a_gpu")
def test_recording_a_step_leaves_the_runs_as_they_were(step):
    weights, taken = step._weights, []
    before = [each.clone() for each in (weights.values, weights.mean, weights.square, step.totals)]
    compute = step._compute
    step._compute = lambda: (taken.append(None), compute())
    step._capture()
    assert len(taken) == 4, "three to warm up, and the one that is recorded"
    after = (weights.values, weights.mean, weights.square, step.totals)
    for found, wanted in zip(after, before, strict=True):
        assert torch.equal(found, wanted)
    compute()
    assert not torch.equal(weights.values, before[0])
