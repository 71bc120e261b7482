"""torch's LSTM over piano rolls, without the products whose result is known beforehand.

A roll is 0 in all but a few dozen of its 128 columns, and the decoder's z is the same at every
step. Read as plain inputs, they are a third of a small model's arithmetic; see
docs/performance.md.

Shapes: N snippets, T steps, P = 128 pitches, H hidden units, L latent dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from musebar_core.precision import in_bfloat16

if TYPE_CHECKING:
    from torch import Tensor, nn

_LSTM = 2
"""Which recurrent layer it is, as torch counts them."""

_WIDTHS = 16
"""Input widths are multiples of it: vectors are full, and few shapes serve all batches."""


def states_of(
    lstm: nn.LSTM,
    roll: Tensor,
    code: Tensor | None = None,
    state: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Top states ``[N, T, H]`` of an LSTM that reads ``[roll, code]`` at every step.

    On a CPU, columns of the roll that are 0 throughout are left out, with their weights. Of code
    and its weights W, where N < L, the product W code is taken once, and is the weight of an input
    that says which snippet it is. Gradients are those of the whole product: 0 for what is left out.
    On a GPU all is read as it is: cuDNN wants its weights in one piece.

    Parameters
    ----------
    lstm
        Batch first, without dropout; its input is as wide as roll and code.
    roll
        ``[N, T, P]``, without gradient.
    code
        ``[N, L]``; None for an LSTM that reads the roll alone.
    state
        h and c to begin with, each ``[layers, N, H]``; zeros by default.
    """
    if roll.device.type != "cpu":
        inputs = roll if code is None else torch.cat([roll, _at_every_step(code, roll)], dim=-1)
        return lstm(inputs, state)[0]  # type: ignore[no-any-return]
    weights: list[Tensor] = list(lstm.parameters())
    inputs, weights[0] = _condensed(weights[0], roll, code)
    if state is None:
        zero = roll.new_zeros(lstm.num_layers, len(roll), lstm.hidden_size)
        state = (zero, zero)
    if in_bfloat16():
        return _in_halves(inputs, weights, state)
    states, _, _ = torch.lstm(
        inputs,
        state,
        weights,
        has_biases=True,
        num_layers=lstm.num_layers,
        dropout=0.0,
        train=torch.is_grad_enabled(),
        bidirectional=False,
        batch_first=True,
    )
    return states


def _in_halves(inputs: Tensor, weights: list[Tensor], state: tuple[Tensor, Tensor]) -> Tensor:
    """Top states of an LSTM whose products are of bfloat16 factors; its cell states are float32.

    oneDNN's layer as torch calls it, one at a time: torch's own call keeps cell states in bfloat16.
    """
    states = inputs.transpose(0, 1).bfloat16()
    for layer, (hidden, cells) in enumerate(zip(*state, strict=True)):
        of_layer = [each.bfloat16() for each in weights[4 * layer : 4 * layer + 4]]
        states = torch.ops.aten.mkldnn_rnn_layer(
            states.contiguous(),
            *of_layer,
            hidden.bfloat16(),
            cells.float(),
            reverse=False,
            batch_sizes=[],
            mode=_LSTM,
            hidden_size=hidden.shape[-1],
            num_layers=1,
            has_biases=True,
            bidirectional=False,
            batch_first=False,
            train=torch.is_grad_enabled(),
        )[0]
    return states.transpose(0, 1).to(inputs.dtype)


def _condensed(weights: Tensor, roll: Tensor, code: Tensor | None) -> tuple[Tensor, Tensor]:
    """Inputs ``[N, T, K]`` and weights ``[4H, K]`` whose product is that of ``[roll, code]``."""
    n, _, pitches = roll.shape
    of_roll, of_code = weights.tensor_split([pitches], dim=1)
    beside: list[tuple[Tensor, Tensor]] = []
    if code is not None and n < code.shape[1]:
        which = torch.eye(n, dtype=roll.dtype)
        beside = [(_at_every_step(which, roll), of_code @ code.T)]
    elif code is not None:
        beside = [(_at_every_step(code, roll), of_code)]
    columns = _sounding(roll, sum(weight.shape[1] for _, weight in beside))
    parts = [(roll[..., columns], of_roll[:, columns]), *beside]
    inputs, condensed = (torch.cat(each, dim=-1) for each in zip(*parts, strict=True))
    return inputs, condensed


def _at_every_step(rows: Tensor, roll: Tensor) -> Tensor:
    """Repeat ``[N, K]`` to ``[N, T, K]``."""
    return rows[:, None].expand(-1, roll.shape[1], -1)


def _sounding(roll: Tensor, beside: int) -> Tensor:
    """Columns that are not 0 throughout, and silent ones up to a full width with those beside."""
    sounding = roll.any(dim=1).any(dim=0)
    width = -(-(int(sounding.sum()) + beside) // _WIDTHS) * _WIDTHS
    return sounding.int().argsort(descending=True, stable=True)[: width - beside]
