"""The model against the equations: forward, losses and gradients, in float64."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from musebar_core.code import importance_nll
from musebar_core.model import RVAE, initialise, piano_roll, sample
from musebar_core.objective import bce, kl, training_loss
from musebar_core.scheduled_sampling import heard

_SPEC = importlib.util.spec_from_file_location(
    "reference", Path(__file__).with_name("reference.py")
)
reference = sys.modules["reference"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(reference)

N, T, LATENT = 3, 16, 4
WEIGHT = 0.7


def setting(configuration, regularizers, spread=0.0):
    config = configuration(latent=LATENT, regularizers=regularizers, hidden=5)
    model = RVAE(replace(config, model=replace(config.model, batch_norm=spread)))
    initialise(model, 1)
    model = model.double()
    rng = np.random.default_rng(2)
    with torch.no_grad():  # larger than at the start, so that no gate is near its linear range
        for parameter in model.parameters():
            parameter.mul_(3.0)
    pitches = rng.integers(50, 70, size=(N, T))
    pitches[0, :3] = pitches[1, 5] = 128
    noise = rng.standard_normal((N, LATENT))
    keep = (rng.random((N, T)) > 0.4).astype(float)
    return model, pitches, noise, keep


def loss_of(model, pitches, noise, keep=None, own=None, **free):
    roll = piano_roll(torch.from_numpy(pitches)).double()
    mu, logvar = model.encode(roll)
    mask = None if keep is None else torch.from_numpy(keep)[..., None]
    z = sample(mu, logvar, torch.from_numpy(noise))
    logits = model.decode(roll, z, mask)
    if own is not None:
        logits = model.decode(heard(roll, logits, torch.from_numpy(own)[..., None]), z, mask)
    loss, _, _ = training_loss(logits, roll, (mu, logvar), weight=WEIGHT, **free)
    return loss, logits, mu, logvar, roll


def agrees(ours, theirs):
    ours = ours.detach().numpy()
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-6 * max(np.abs(theirs).max(), 1e-12)
    return True


def assert_the_equations_hold(model, pitches, noise, spread=0.0, **options):
    loss, logits, mu, logvar, roll = loss_of(model, pitches, noise, **options)
    loss.backward()
    parameters = {k: v.detach().numpy() for k, v in model.named_parameters()}
    expected = reference.answer(
        parameters, pitches, model.steps, noise, weight=WEIGHT, spread=spread, **options
    )
    assert agrees(logits, expected.logits)
    assert agrees(mu, expected.mu)
    assert agrees(logvar, expected.logvar)
    assert agrees(bce(logits, roll), expected.bce)
    assert agrees(kl(mu, logvar), expected.kl)
    assert loss.item() == pytest.approx(expected.loss, rel=1e-6)
    for name, parameter in model.named_parameters():
        assert agrees(parameter.grad, expected.grads[name]), name
    return expected


@pytest.mark.parametrize(
    ("regularizers", "dropped", "free_bits"), [(1, False, 0.0), (2, True, 0.3), (4, True, 0.0)]
)
def test_the_model_agrees_with_the_equations(configuration, regularizers, dropped, free_bits):
    model, pitches, noise, keep = setting(configuration, regularizers)
    keep = keep if dropped else None
    assert_the_equations_hold(model, pitches, noise, keep=keep, free_bits=free_bits)


def test_free_nats_agree_with_the_equations(configuration):
    model, pitches, noise, keep = setting(configuration, 2)
    found = reference.answer(
        {k: v.detach().numpy() for k, v in model.named_parameters()},
        *(pitches, model.steps, noise),
        weight=WEIGHT,
    )
    between = float(np.median(found.kl))  # some posteriors hold more, some less
    assert_the_equations_hold(model, pitches, noise, keep=keep, free_nats=between)


@pytest.mark.parametrize("regularizers", [1, 2])
def test_a_normalised_mean_agrees_with_the_equations(configuration, regularizers):
    model, pitches, noise, keep = setting(configuration, regularizers, spread=0.6)
    found = assert_the_equations_hold(model, pitches, noise, spread=0.6, keep=keep)
    assert found.mu.std(axis=0) == pytest.approx(np.full((regularizers, LATENT), 0.6), rel=0.01)


def test_scheduled_sampling_agrees_with_the_equations(configuration):
    model, pitches, noise, keep = setting(configuration, 2)
    rng = np.random.default_rng(4)
    own = np.where(rng.random((N, T)) < 0.5, rng.random((N, T)), -1.0)
    assert_the_equations_hold(model, pitches, noise, keep=keep, own=own)


def test_forward_draws_one_code_and_agrees_with_the_equations(configuration):
    model, pitches, _, _ = setting(configuration, 2)
    noise = torch.randn(
        (N, LATENT), generator=torch.Generator().manual_seed(5), dtype=torch.float64
    )
    logits, mu, logvar = model(torch.from_numpy(pitches), torch.Generator().manual_seed(5))
    parameters = {k: v.detach().numpy() for k, v in model.named_parameters()}
    expected = reference.answer(parameters, pitches, model.steps, noise.numpy(), weight=1.0)
    assert agrees(logits, expected.logits)
    assert agrees(mu, expected.mu)
    assert agrees(logvar, expected.logvar)


def test_the_references_own_gradients_agree_with_its_losses(configuration):
    model, pitches, noise, _ = setting(configuration, 2)
    parameters = {k: v.detach().numpy().copy() for k, v in model.named_parameters()}

    pitches, noise = pitches[:1], noise[:1]

    def answer():
        return reference.answer(parameters, pitches, model.steps, noise, weight=WEIGHT)

    grads = answer().grads
    rng = np.random.default_rng(3)
    for name, value in parameters.items():
        place = np.unravel_index(rng.integers(value.size), value.shape)
        kept, step = value[place], 1e-5
        value[place] = kept + step
        above = answer().loss
        value[place] = kept - step
        below = answer().loss
        value[place] = kept
        scale = max(abs(grads[name][place]), 1e-3)
        assert abs((above - below) / (2 * step) - grads[name][place]) < 1e-5 * scale, name


def test_the_likelihood_agrees_with_the_equations(configuration):
    model, pitches, _, _ = setting(configuration, 2)
    noise = np.random.default_rng(3).standard_normal((5, N, LATENT))
    roll = piano_roll(torch.from_numpy(pitches)).double()
    with torch.no_grad():
        mu, logvar = (each[:, -1] for each in model.encode(roll))
        ours = importance_nll(model, roll, mu, logvar, torch.from_numpy(noise))
    parameters = {name: value.detach().numpy() for name, value in model.named_parameters()}
    theirs = reference.importance_nll(parameters, pitches, [7, 15], noise)
    assert np.abs(ours.numpy() - theirs).max() < 1e-4
