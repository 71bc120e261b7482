"""The pointwise half of an LSTM cell, forwards and backwards, in plain torch.

Shapes: A cells at once (layers x models), B snippets, H hidden units. Gates stand in PyTorch's
order: input, forget, cell, output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def forward(gates: Tensor, c_before: Tensor, c: Tensor, h: Tensor) -> None:
    """One step of A cells, in place.

    Parameters
    ----------
    gates
        Sums before the activations, ``[A, B, 4H]``; left as the activations.
    c_before
        Cell state before the step, ``[A, B, H]``.
    c, h
        Written: cell state and output after the step.
    """
    hidden = c.shape[-1]
    gates[..., : 2 * hidden].sigmoid_()
    gates[..., 2 * hidden : 3 * hidden].tanh_()
    gates[..., 3 * hidden :].sigmoid_()
    inputs, forget, new, output = gates.chunk(4, dim=-1)
    c.copy_(forget).mul_(c_before).addcmul_(inputs, new)
    h.copy_(c).tanh_().mul_(output)


def backward(
    gates: Tensor, c_before: Tensor, c: Tensor, dh: Tensor, dc: Tensor, dgates: Tensor
) -> None:
    """Gradients of one step of A cells.

    Parameters
    ----------
    gates, c_before, c
        As :func:`forward` left them.
    dh
        Gradient of the output, whole, ``[A, B, H]``.
    dc
        Gradient of the cell state after the step; left as that before it.
    dgates
        Written: gradient of the sums before the activations, ``[A, B, 4H]``.
    """
    inputs, forget, new, output = gates.chunk(4, dim=-1)
    d_inputs, d_forget, d_new, d_output = dgates.chunk(4, dim=-1)
    squashed = c.tanh()
    d_output.copy_(dh * squashed * output * (1 - output))
    dc.add_(dh * output * (1 - squashed * squashed))
    d_inputs.copy_(dc * new * inputs * (1 - inputs))
    d_forget.copy_(dc * c_before * forget * (1 - forget))
    d_new.copy_(dc * inputs * (1 - new * new))
    dc.mul_(forget)
