from __future__ import annotations

import pytest
import torch

from musebar_core.model import initialise
from musebar_core.stacked.model import Shape, bce, decode, encode, regularizer, roll_of, sample
from musebar_core.stacked.sweep import FULL
from musebar_core.stacked.weights import Weights
from musebar_core.state import TrainingState, build

RATES, CLIPS = (0.1, 0.01, 0.5), (0.0, 0.3, 100.0)


def states_of(configuration, *latent):
    states = []
    for seed, length in enumerate(latent):
        state = build(configuration(latent=length))
        initialise(state.model, seed)
        state.model.double()
        states.append(state)
    return states


def gradients_of(states, draw):
    """Something derivable for each parameter, the same for both paths."""
    generator = torch.Generator().manual_seed(draw)
    for state in states:
        for parameter in state.model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)


def test_adam_on_all_models_is_adam_on_each(configuration):
    states = states_of(configuration, 4, 4, 4)
    weights = Weights(states)
    optimizers = [
        torch.optim.Adam(state.model.parameters(), lr=rate)
        for state, rate in zip(states, RATES, strict=True)
    ]
    for draw in range(5):
        gradients_of(states, draw)
        rows = [torch.cat([p.grad.flatten() for p in state.model.parameters()]) for state in states]
        if draw >= 2:
            rows[1][0] = float("nan")
        weights.step(
            list(weights._views(torch.stack(rows)).values()),
            torch.tensor(RATES, dtype=torch.float64),
            torch.tensor(CLIPS, dtype=torch.float64),
        )
        for state, optimizer, clip in zip(states, optimizers, CLIPS, strict=True):
            if clip > 0:
                torch.nn.utils.clip_grad_norm_(state.model.parameters(), clip)
            optimizer.step()
        compared = (0, 1, 2) if draw < 2 else (0, 2)
        for row in compared:
            own = torch.cat([p.detach().flatten() for p in states[row].model.parameters()])
            assert torch.allclose(weights.values[row, : len(own)], own, rtol=0, atol=1e-12)
    assert weights.values[1].isnan().any()


def test_stored_and_loaded_again_nothing_has_changed(configuration):
    states = states_of(configuration, 2, 5)
    weights = Weights(states)
    gradients = [torch.randn_like(leaf) for leaf in weights.leaves.values()]
    weights.step(gradients, torch.ones(2).double(), torch.zeros(2).double())
    for row, state in enumerate(states):
        weights.store(row, state)
    again = Weights(states)
    own = again.values != 0
    assert torch.equal(again.values[own], weights.values[own])
    assert torch.equal(again.square[own], weights.square[own])
    assert torch.equal(again.steps, weights.steps)


def test_padded_dimensions_have_no_gradient_and_never_move(configuration):
    configs = [configuration(latent=2, regularizers=4), configuration(latent=5, regularizers=1)]
    states = states_of(configuration, 2, 5)
    weights = Weights(states)
    shape = Shape.of(configs, weights.values, FULL)
    torch.manual_seed(0)
    pitches = torch.randint(0, 129, (2, 3, 16))
    roll = roll_of(pitches, weights.values)
    noise = torch.randn(2, 3, 5).double() * shape.own_dimensions[:, None]
    narrow = {
        "mu.weight": (slice(2, None),),
        "logvar.bias": (slice(2, None),),
        "state.weight": (slice(None), slice(2, None)),
        "decoder.weight_ih_l0": (slice(None), slice(130, None)),
    }
    for _ in range(3):
        posteriors = encode(weights.leaves, shape, roll)
        logits = decode(weights.leaves, shape, roll, sample(posteriors, noise))
        loss = (bce(logits, roll).mean(dim=1) + regularizer(posteriors, shape)[0]).sum()
        gradients = weights.gradients(loss)
        views = dict(zip(weights.leaves, gradients, strict=True))
        weights.step(gradients, torch.ones(2).double(), torch.zeros(2).double())
        for name, padding in narrow.items():
            assert not views[name][0][padding].any(), name
            assert not weights.leaves[name][0][padding].any(), name
            assert views[name][1][padding].any(), name


def test_a_state_that_was_never_trained_loads_without_moments(configuration):
    states = states_of(configuration, 3)
    weights = Weights(states)
    weights.store(0, states[0])
    assert isinstance(states[0], TrainingState)
    assert not states[0].optimizer.moments
    assert float(weights.steps[0]) == pytest.approx(0)
