"""The LSTM layers of M models one after the other, each as one kernel over all its steps.

What :mod:`musebar_core.stacked.sweep` computes, in half as many bytes: the recurrent weights are
read once a layer, not once a step. Shapes are those of that module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch.autograd.function import once_differentiable

if TYPE_CHECKING:
    from torch import Tensor


class Kernels(Protocol):
    """What :mod:`musebar_core.stacked.resident` offers."""

    def forward(
        self, sums: Tensor, weights: Tensor, start: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Gates, h, h as a product reads it, and c of all steps."""

    def backward(
        self, gates: Tensor, weights: Tensor, c: Tensor, arriving: Tensor, dc: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Gradients of the gates' sums, and the same as a product reads them."""

    def rounded(self, values: Tensor, dtype: torch.dtype) -> Tensor:
        """Factors as a product reads them."""


class ByLayer(torch.autograd.Function):
    """Outputs of the top layer, ``[M, T, B, H]``."""

    @staticmethod
    def forward(  # noqa: D102
        ctx: Any,  # noqa: ANN401
        sums: Tensor,
        recurrent: Tensor,
        upper: Tensor,
        bias: Tensor,
        h_start: Tensor,
        c_start: Tensor,
        dtypes: tuple[torch.dtype, torch.dtype],
        kernels: Kernels,
    ) -> Tensor:
        layers = len(recurrent)
        weights = kernels.rounded(recurrent, dtypes[0])
        inputs = kernels.rounded(upper, dtypes[0]).transpose(2, 3)
        kept: list[Tensor] = []
        below, h = sums.contiguous(), sums
        for layer in range(layers):
            start = h_start[layer], c_start[layer]
            gates, h, operand, c = kernels.forward(below, weights[layer], start)
            kept += [gates, h, c]
            if layer + 1 < layers:
                below = _product(_rows(operand[:, 1:]), inputs[layer]).view_as(sums)
                below += bias[layer, :, None, None]
        ctx.save_for_backward(recurrent, upper, *kept)
        ctx.dtype, ctx.kernels = dtypes[1], kernels
        return h[:, 1:].clone()

    @staticmethod
    @once_differentiable
    def backward(  # noqa: D102
        ctx: Any,  # noqa: ANN401
        d_top: Tensor,
    ) -> tuple[Tensor | None, ...]:
        recurrent, upper, *kept = ctx.saved_tensors
        kernels: Kernels = ctx.kernels
        layers, models, _, hidden = recurrent.shape
        weights, inputs = (kernels.rounded(each, ctx.dtype) for each in (recurrent, upper))
        d_recurrent, d_upper = torch.empty_like(recurrent), torch.empty_like(upper)
        d_bias = upper.new_empty(upper.shape[:3])
        dh, dc = (d_top.new_zeros(layers, models, d_top.shape[2], hidden) for _ in "hc")
        d_sums = arriving = d_top
        for layer in reversed(range(layers)):
            gates, h, c = kept[3 * layer : 3 * layer + 3]
            d_sums, operand = kernels.backward(gates, weights[layer], c, arriving, dc[layer])
            rows = _rows(operand[:, :-1])
            turned = rows.transpose(1, 2)
            d_recurrent[layer] = _product(turned, _rows(kernels.rounded(h[:, :-1], ctx.dtype)))
            dh[layer] = _product(operand[:, 0], weights[layer])
            if layer:
                below = kernels.rounded(kept[3 * layer - 2][:, 1:], ctx.dtype)
                d_upper[layer - 1] = _product(turned, _rows(below))
                d_bias[layer - 1] = d_sums.sum(dim=(1, 2))
                arriving = _product(rows, inputs[layer - 1]).view_as(d_top)
        return d_sums, d_recurrent, d_upper, d_bias, dh, dc, None, None


def _rows(values: Tensor) -> Tensor:
    """Steps and snippets as one axis: a view, as they lie side by side within each model."""
    models, steps, snippets, width = values.shape
    return values.view(models, steps * snippets, width)


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Batched product summed, and left, in float32 (float64 where the factors are)."""
    if a.dtype in {torch.float16, torch.bfloat16}:
        return torch.bmm(a, b, out_dtype=torch.float32)
    return torch.bmm(a, b)
