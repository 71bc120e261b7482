"""What is left out of the LSTM's products changes nothing but the time they take."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from musebar_core.model import PITCHES, piano_roll
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
