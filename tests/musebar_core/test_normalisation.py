from __future__ import annotations

import pytest
import torch

from musebar_core.normalisation import SpreadNorm
from musebar_core.objective import kl


def values(n=64, r=2, length=3):
    return torch.randn(n, r, length, generator=torch.Generator().manual_seed(0)) * 5 + 2


def test_in_training_each_dimension_has_mean_0_and_the_spread_over_the_batch():
    found = SpreadNorm(1, 1, 2.0)(torch.tensor([[[1.0]], [[3.0]], [[5.0]], [[7.0]]]))
    scale = 2.0 / 5.0**0.5  # the values' variance is 5 about their mean 4
    assert found.flatten().tolist() == pytest.approx([k * scale for k in (-3, -1, 1, 3)], rel=1e-5)


def test_running_moments_move_a_tenth_of_the_way_and_divide_by_n_minus_1():
    norm = SpreadNorm(1, 1, 1.0)
    norm(torch.tensor([[[1.0]], [[3.0]]]))
    assert norm.mean.item() == pytest.approx(0.1 * 2.0)
    assert norm.variance.item() == pytest.approx(0.9 * 1.0 + 0.1 * 2.0)


def test_in_evaluation_running_moments_stand_for_the_batchs_and_stay_as_they_are():
    norm = SpreadNorm(1, 1, 0.5).eval()
    norm.mean.fill_(1.0)
    norm.variance.fill_(4.0)
    assert norm(torch.tensor([[[5.0]]])).item() == pytest.approx(0.5 * (5 - 1) / 2, rel=1e-5)
    assert (norm.mean.item(), norm.variance.item()) == (1.0, 4.0)


def test_it_agrees_with_torchs_own_batch_normalisation():
    ours, theirs = SpreadNorm(2, 3, 1.0), torch.nn.BatchNorm1d(6, affine=False)
    for training in (True, True, False):
        ours.train(training)
        theirs.train(training)
        given = values()
        assert torch.allclose(ours(given).flatten(1), theirs(given.flatten(1)), atol=1e-5)


@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_the_mean_kl_is_at_least_half_the_square_of_the_spread_a_dimension(spread):
    mu = SpreadNorm(2, 3, spread)(values())
    least = 3 * spread**2 / 2
    assert kl(mu, torch.zeros_like(mu)).mean(dim=0).tolist() == pytest.approx([least] * 2, rel=1e-4)
