"""What is left out of the LSTM's products changes nothing but the time they take."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from musebar_core.config import Precision
from musebar_core.model import PITCHES, piano_roll
from musebar_core.precision import computing, has_bfloat16
from musebar_core.recurrence import states_of

T, H, LAYERS = 12, 7, 2


def _songs(n: int, lowest: int, highest: int) -> torch.Tensor:
    return piano_roll(torch.randint(lowest, highest + 1, (n, T))).double()


def _lstm(width: int) -> nn.LSTM:
    return nn.LSTM(width, H, LAYERS, batch_first=True).double()


def _both(lstm: nn.LSTM, roll: torch.Tensor, given: list[torch.Tensor]) -> list[list[torch.Tensor]]:
    """States and all gradients, by the product as a whole and by :func:`states_of`."""
    found = []
    for whole in (True, False):
        wanted = [*lstm.parameters(), *given]
        code, state = (given[0], (given[1], given[2])) if given else (None, None)
        if whole:
            inputs = (
                roll if code is None else torch.cat([roll, code[:, None].expand(-1, T, -1)], dim=-1)
            )
            states = lstm(inputs, state)[0]
        else:
            states = states_of(lstm, roll, code, state)
        gradients = torch.autograd.grad((states * torch.arange(1.0, H + 1)).sin().sum(), wanted)
        found.append([states, *gradients])
    return found


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("lowest", "highest"), [(60, 72), (0, 3), (100, 128), (0, 128), (128, 128), (127, 127)]
)
@pytest.mark.parametrize("n", [1, 5, 40])
def test_states_and_gradients_without_a_code_are_the_lstms(n, lowest, highest):
    whole, ours = _both(_lstm(PITCHES), _songs(n, lowest, highest), [])
    for expected, found in zip(whole, ours, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("n", "latent"), [(5, 20), (19, 20), (20, 20), (40, 20), (3, 1), (1, 2)])
@pytest.mark.parametrize(("lowest", "highest"), [(50, 80), (0, 128), (128, 128)])
def test_states_and_gradients_with_a_code_are_the_lstms(n, latent, lowest, highest):
    given = [torch.randn(n, latent), torch.randn(LAYERS, n, H), torch.randn(LAYERS, n, H)]
    given = [value.double().requires_grad_() for value in given]
    whole, ours = _both(_lstm(PITCHES + latent), _songs(n, lowest, highest), given)
    for expected, found in zip(whole, ours, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


def test_in_single_precision_a_step_of_the_model_differs_by_rounding():
    lstm = nn.LSTM(PITCHES + 20, 64, LAYERS, batch_first=True)
    roll, code = _songs(5, 40, 90).float(), torch.randn(5, 20)
    whole = lstm(torch.cat([roll, code[:, None].expand(-1, T, -1)], dim=-1))[0]
    torch.testing.assert_close(states_of(lstm, roll, code), whole, rtol=0, atol=1e-6)


needs_bfloat16 = pytest.mark.skipif(not has_bfloat16(), reason="no bfloat16 in this processor")


def _in_turn(lstm, *given):
    """States and gradients in float32 and by bfloat16 products."""
    found = []
    for precision in (Precision.FP32, Precision.MIXED):
        lstm.zero_grad()
        with computing(precision, "cpu"):
            states = states_of(lstm, *given)
        (states * torch.linspace(-1, 1, states.shape[-1])).sum().backward()
        found.append([states.detach(), *(each.grad.clone() for each in lstm.parameters())])
    return found


@needs_bfloat16
@pytest.mark.parametrize(("n", "hidden", "latent"), [(1, 7, 0), (5, 48, 20), (40, 32, 4)])
def test_products_of_bfloat16_give_states_and_gradients_to_a_hundredth(n, hidden, latent):
    lstm = nn.LSTM(PITCHES + latent, hidden, LAYERS, batch_first=True)
    roll = piano_roll(torch.randint(50, 80, (n, 64)))
    given = (roll, torch.randn(n, latent)) if latent else (roll,)
    exact, rounded = _in_turn(lstm, *given)
    for ours, theirs in zip(rounded, exact, strict=True):
        assert ours.dtype == theirs.dtype == torch.float32
        error = float((ours - theirs).norm() / theirs.norm())
        assert 0 < error < 0.01


@needs_bfloat16
def test_cell_states_stay_float32_where_products_are_bfloat16():
    """A cell that grows by 0.005 a step grows to 2, where bfloat16 steps by 0.008 beyond 1."""
    lstm = nn.LSTM(PITCHES, 16, 1, batch_first=True)
    with torch.no_grad():
        for each in lstm.parameters():
            each.zero_()
        lstm.bias_ih_l0[:] = torch.tensor([-3.0, 20.0, 0.1, 20.0]).repeat_interleave(16)
        roll = piano_roll(torch.full((1, 400), 60))
        exact = states_of(lstm, roll)
        with computing(Precision.MIXED, "cpu"):
            rounded = states_of(lstm, roll)
        kept = torch.lstm(
            roll.bfloat16(),
            (torch.zeros(1, 1, 16).bfloat16(),) * 2,
            [each.bfloat16() for each in lstm.parameters()],
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=False,
            bidirectional=False,
            batch_first=True,
        )[0]
    assert float((rounded - exact).abs().max()) < 0.004  # half a step of bfloat16 below 1
    assert float((kept.float() - exact).abs().max()) > 0.04


@needs_bfloat16
def test_products_of_bfloat16_are_the_same_bit_for_bit_again():
    lstm = nn.LSTM(PITCHES, 48, LAYERS, batch_first=True)
    roll = piano_roll(torch.randint(50, 80, (8, 64)))
    for one, again in zip(_in_turn(lstm, roll)[1], _in_turn(lstm, roll)[1], strict=True):
        assert torch.equal(one, again)
