from __future__ import annotations

import math

import pytest
import torch

from musebar_core.objective import bce, kl, regularizer, training_loss


def test_bce_of_even_odds_is_log_two_for_every_pitch_and_step():
    assert bce(torch.zeros(3, 5, 128), torch.ones(3, 5, 128)).tolist() == pytest.approx(
        [5 * 128 * math.log(2)] * 3
    )


def test_bce_of_one_cell_is_minus_the_log_of_its_probability():
    logits = torch.full((1, 1, 2), math.log(3.0))  # probability 3/4 each
    targets = torch.tensor([[[1.0, 0.0]]])
    assert bce(logits, targets).item() == pytest.approx(-math.log(0.75) - math.log(0.25))


def test_kl_is_the_closed_form():
    mu, variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 3.0]])
    by_hand = 0.5 * (1 + 0.5 - 1 - math.log(0.5)) + 0.5 * (4 + 3 - 1 - math.log(3))
    assert kl(mu, variance.log()).item() == pytest.approx(by_hand)


def test_kl_of_the_prior_is_zero():
    assert kl(torch.zeros(4, 7), torch.zeros(4, 7)).tolist() == [0.0] * 4


def test_the_regularizer_is_the_mean_over_posteriors_and_snippets():
    mu = torch.tensor([[[1.0], [3.0]], [[0.0], [2.0]]])  # two snippets, two posteriors, L = 1
    assert regularizer(mu, torch.zeros_like(mu)).item() == pytest.approx((1 + 9 + 0 + 4) / 8)


def test_free_bits_leave_a_dimension_alone_until_it_holds_more():
    mu = torch.tensor([[[0.1, 2.0]]], requires_grad=True)
    loss = regularizer(mu, torch.zeros_like(mu), free_bits=0.5)
    loss.backward()
    assert loss.item() == pytest.approx(0.5 + 2.0)
    assert mu.grad.tolist() == [[[0.0, 2.0]]]


def test_free_nats_leave_a_snippet_alone_until_it_holds_more_in_all():
    mu = torch.tensor([[[1.0, 1.0]], [[2.0, 2.0]]], requires_grad=True)  # KL 1 and 4
    loss = regularizer(mu, torch.zeros_like(mu), free_nats=1.5)
    loss.backward()
    assert loss.item() == pytest.approx((0 + 4 - 1.5) / 2)
    assert mu.grad.tolist() == [[[0.0, 0.0]], [[1.0, 1.0]]]


def test_free_nats_are_each_posteriors_own():
    mu = torch.tensor([[[1.0], [3.0]]])  # one snippet; KL 0.5 after one bar, 4.5 after the other
    assert regularizer(mu, torch.zeros_like(mu), free_nats=2.0).item() == pytest.approx(2.5 / 2)


def test_the_loss_weighs_the_kl_term_alone():
    logits, targets = torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
    mu = torch.ones(1, 1, 1)
    loss, reconstruction, kl_bars = training_loss(
        logits, targets, (mu, torch.zeros_like(mu)), weight=0.25
    )
    assert loss.item() == pytest.approx(math.log(2) + 0.25 * 0.5)
    assert (reconstruction.item(), kl_bars.item()) == pytest.approx((math.log(2), 0.5))


def test_free_nats_are_counted_before_free_bits_and_nothing_free_is_the_plain_mean():
    mu = torch.tensor([[[1.0, 3.0]]])  # KL 0.5 and 4.5
    logvar = torch.zeros_like(mu)
    assert regularizer(mu, logvar).item() == pytest.approx(5.0)
    assert regularizer(mu, logvar, free_bits=1.0).item() == pytest.approx(1.0 + 4.5)
    assert regularizer(mu, logvar, free_bits=1.0, free_nats=2.0).item() == pytest.approx(3.0)
    assert regularizer(mu, logvar, free_nats=9.0).item() == 0.0


def test_the_means_that_are_reported_are_free_of_weight_and_of_gradients():
    logits = torch.zeros(1, 1, 1, requires_grad=True)
    mu = torch.full((1, 2, 1), 2.0, requires_grad=True)
    loss, reconstruction, kl_bars = training_loss(
        logits, torch.ones(1, 1, 1), (mu, torch.zeros(1, 2, 1)), weight=0.0, free_nats=1.0
    )
    assert loss.item() == reconstruction.item() == pytest.approx(math.log(2))
    assert kl_bars.item() == pytest.approx(2.0)
    assert loss.requires_grad
    assert not reconstruction.requires_grad
    assert not kl_bars.requires_grad
