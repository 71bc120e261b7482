from __future__ import annotations

import numpy as np
import pytest
import torch

from musebar_core.model import piano_roll
from musebar_core.scheduled_sampling import choices, heard, share


@pytest.mark.parametrize(
    ("u", "expected"), [(0.0, 0.8 / (1 + np.exp(5))), (0.5, 0.4), (1.0, 0.8 / (1 + np.exp(-5)))]
)
def test_the_share_grows_by_an_inverse_sigmoid(u, expected):
    assert share(0.8, u) == pytest.approx(expected)


@pytest.mark.parametrize("u", [0.1, 0.4, 0.9])
def test_the_schedule_is_bengios_with_k_e_to_the_5(u):
    k = np.exp(5)
    steps = 2 * k * np.log(k) * u
    assert 1 - share(1.0, u) == pytest.approx(k / (k + np.exp(steps / k)))


def test_about_the_share_of_inputs_is_replaced():
    own = choices(np.random.default_rng(0), (100, 100), 0.3)
    assert own.shape == (100, 100, 1)
    assert float((own >= 0).double().mean()) == pytest.approx(0.3, abs=0.02)


def test_what_is_replaced_at_a_small_share_is_replaced_at_a_larger_one_by_the_same_number():
    few, many = (choices(np.random.default_rng(0), (20, 20), each) for each in (0.1, 0.6))
    assert torch.equal(few[few >= 0], many[few >= 0])


def test_where_nothing_is_replaced_there_is_no_choice():
    assert choices(np.random.default_rng(0), (5, 5), 0.0) is None


def test_a_sample_is_the_symbol_at_which_the_probabilities_reach_the_number():
    chances = torch.full((1, 4, 128), 1e-12)
    chances[..., 60], chances[..., 64] = 0.5, 0.3  # a rest is what they leave, 0.2
    own = torch.tensor([0.49, 0.51, 0.81, -1.0], dtype=torch.float64)[None, :, None]
    truth = piano_roll(torch.tensor([[10, 10, 10, 10]]))
    found = heard(truth, torch.logit(chances.double()), own)
    assert torch.equal(found, piano_roll(torch.tensor([[60, 64, 128, 10]])))


def test_no_gradient_passes_through_the_samples():
    logits = torch.zeros(1, 2, 128, requires_grad=True)
    own = torch.full((1, 2, 1), 0.5, dtype=torch.float64)
    assert not heard(piano_roll(torch.tensor([[1, 2]])), logits, own).requires_grad


def test_nought_is_a_number_that_a_sample_is_drawn_by():
    chances = torch.full((1, 1, 128), 1e-12).double()
    chances[..., 0] = 0.5
    own = torch.zeros(1, 1, 1, dtype=torch.float64)
    found = heard(piano_roll(torch.tensor([[10]])), torch.logit(chances), own)
    assert torch.equal(found, piano_roll(torch.tensor([[0]])))
