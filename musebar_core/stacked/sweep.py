"""The LSTM layers of M models as one sweep over time, with its own backward pass.

Shapes: M models, K layers, T steps, B snippets, H hidden units, C steps of lag.

All layers go over the snippets in one wavefront: at tick w, layer k is at step w - k C. The M K
cells of a tick are one batched product and one pointwise kernel. A layer's input product is taken
C steps at a time, as soon as the layer below has done them. Buffers are laid out
``[K M, ticks, B, ...]``, so that a tick of the layers at work, and a stretch of steps of one layer,
are both plain strided views: nothing is copied together before a product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable

from musebar_core.config import Precision
from musebar_core.stacked import pointwise
from musebar_core.stacked.bylayer import ByLayer

if TYPE_CHECKING:
    from torch import Tensor

LAG = 20
"""C: steps a layer is behind the one below it."""


@dataclass(frozen=True)
class Operands:
    """What the factors of a product are rounded to; None is not at all. Sums stay as they are."""

    forward: torch.dtype | None = None
    backward: torch.dtype | None = None
    tf32: bool = False

    @property
    def on_chip(self) -> tuple[torch.dtype, torch.dtype] | None:
        """What tensor cores read, forwards and backwards; None where the factors are float32."""
        if self.forward is None or self.backward is None:
            return (torch.float32, torch.float32) if self.tf32 else None
        return self.forward, self.backward


FULL = Operands()
TF32 = Operands(tf32=True)
"""float32 factors, which a GPU may round to 10 bits; a CPU does not."""
HALF = Operands(forward=torch.float16, backward=torch.bfloat16)
"""Weights and states lie within a half's range; gradients need the range of a bfloat16."""

OPERANDS = {Precision.FP32: FULL, Precision.TF32: TF32, Precision.MIXED: HALF}


class _Plan:
    """Which layer does what at which tick."""

    def __init__(self, layers: int, steps: int, lag: int) -> None:
        self.layers, self.steps, self.lag = layers, steps, lag
        self.ticks = steps + (layers - 1) * lag

    def at_work(self, tick: int) -> range:
        """Layers that take a step at this tick."""
        first = max(0, (tick - self.steps) // self.lag + 1)
        return range(first, min(self.layers - 1, tick // self.lag) + 1)

    def chunks(self, tick: int) -> list[tuple[int, slice]]:
        """Layers over the first that begin a stretch of steps at this tick, and the stretch."""
        begun = [(layer, tick - layer * self.lag) for layer in range(1, self.layers)]
        return [
            (layer, slice(step, min(step + self.lag, self.steps)))
            for layer, step in begun
            if 0 <= step < self.steps and step % self.lag == 0
        ]


class _Buffers:
    """Views into a buffer ``[K M, ticks, B, ...]``, by tick and by layer."""

    def __init__(self, plan: _Plan, models: int) -> None:
        self.plan, self.models = plan, models

    def rows(self, layer: int) -> slice:
        return slice(layer * self.models, (layer + 1) * self.models)

    def at_work(self, tick: int) -> slice:
        layers = self.plan.at_work(tick)
        return slice(layers.start * self.models, layers.stop * self.models)

    def stretch(self, buffer: Tensor, layer: int, steps: slice, later: int = 0) -> Tensor:
        """Steps of one layer, ``[M, steps B, ...]``; ``later`` 1 reads the state after each."""
        first = layer * self.plan.lag + later
        view = buffer[self.rows(layer), first + steps.start : first + steps.stop]
        return view.flatten(1, 2) if view.is_contiguous() else _merge(view)


def sweep(
    sums: Tensor,
    recurrent: Tensor,
    upper: Tensor,
    bias: Tensor,
    start: tuple[Tensor, Tensor],
    *,
    lag: int = LAG,
    operands: Operands = FULL,
) -> Tensor:
    """Outputs of the top layer of M models.

    Parameters
    ----------
    sums
        Input product and both biases of the first layer, ``[M, T, B, 4H]``.
    recurrent
        Recurrent weights, ``[K, M, 4H, H]``.
    upper, bias
        Input weights ``[K - 1, M, 4H, H]`` and the sum of both biases ``[K - 1, M, 4H]`` of the
        layers over the first.
    start
        States before the first step, h and c, each ``[K, M, B, H]``.
    lag
        C; any number over 0 gives the same values.
    operands
        What the factors of the products are rounded to.

    Returns
    -------
    Tensor
        ``[M, T, B, H]``.
    """
    dtypes = operands.on_chip
    if dtypes is not None and _stays_on_chip(sums, dtypes[0]):
        from musebar_core.stacked import resident

        top: Tensor = ByLayer.apply(sums, recurrent, upper, bias, *start, dtypes, resident)  # type: ignore[no-untyped-call]
    else:
        top = _Sweep.apply(sums, recurrent, upper, bias, *start, lag, operands)  # type: ignore[no-untyped-call]
    return top


def _stays_on_chip(sums: Tensor, dtype: torch.dtype) -> bool:
    """Whether each layer can be one kernel that holds its weights, as small batches want it."""
    if not (sums.is_cuda and sums.dtype == torch.float32 and pointwise.has_triton()):
        return False
    from musebar_core.stacked import resident

    return resident.suits(sums, sums.shape[3] // 4, sums.shape[2], dtype.itemsize)


class _Sweep(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        sums: Tensor,
        recurrent: Tensor,
        upper: Tensor,
        bias: Tensor,
        h_start: Tensor,
        c_start: Tensor,
        lag: int,
        operands: Operands,
    ) -> Tensor:
        layers, models, _, hidden = recurrent.shape
        steps, snippets = sums.shape[1:3]
        plan = _Plan(layers, steps, min(lag, steps))
        at = _Buffers(plan, models)
        gates = sums.new_empty(layers * models, plan.ticks, snippets, 4 * hidden)
        h, c = (sums.new_empty(layers * models, plan.ticks + 1, snippets, hidden) for _ in "hc")
        gates[:models, :steps] = sums
        for layer in range(layers):
            h[at.rows(layer), layer * plan.lag] = h_start[layer]
            c[at.rows(layer), layer * plan.lag] = c_start[layer]
        weights = _cast(recurrent.flatten(0, 1).transpose(1, 2), operands.forward)
        inputs = _cast(upper.transpose(2, 3), operands.forward)
        for tick in range(plan.ticks):
            for layer, some in plan.chunks(tick):
                below = at.stretch(h, layer - 1, some, later=1)
                target = at.stretch(gates, layer, some)
                target.copy_(bias[layer - 1, :, None].expand_as(target))
                _add_product(target, below, inputs[layer - 1], operands.forward)
            rows = at.at_work(tick)
            _add_product(gates[rows, tick], h[rows, tick], weights[rows], operands.forward)
            pointwise.forward(
                gates[rows, tick], c[rows, tick], c[rows, tick + 1], h[rows, tick + 1]
            )
        ctx.save_for_backward(gates, h, c, recurrent, upper)
        ctx.at, ctx.operands = at, operands
        top = h[at.rows(layers - 1), (layers - 1) * plan.lag + 1 :]
        return top[:, :steps].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_top: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        gates, h, c, recurrent, upper = ctx.saved_tensors
        at: _Buffers = ctx.at
        plan, dtype = at.plan, ctx.operands.backward
        layers, models, _, hidden = recurrent.shape
        snippets = gates.shape[2]
        dgates = torch.empty_like(gates)
        # What reaches each output from above; what reaches it from later comes with dh.
        arriving = gates.new_empty(layers * models, plan.ticks, snippets, hidden)
        arriving[at.rows(layers - 1), (layers - 1) * plan.lag :] = d_top
        dh, dc = (gates.new_zeros(layers * models, snippets, hidden) for _ in "hc")
        weights = _cast(recurrent.flatten(0, 1), dtype)
        inputs = _cast(upper, dtype)
        for tick in reversed(range(plan.ticks)):
            rows = at.at_work(tick)
            dh[rows] += arriving[rows, tick]
            pointwise.backward(
                gates[rows, tick],
                c[rows, tick],
                c[rows, tick + 1],
                dh[rows],
                dc[rows],
                dgates[rows, tick],
            )
            _set_product(dh[rows], dgates[rows, tick], weights[rows], dtype)
            for layer, some in plan.chunks(tick):
                below = at.stretch(arriving, layer - 1, some)
                _set_product(below, at.stretch(dgates, layer, some), inputs[layer - 1], dtype)
        whole = slice(0, plan.steps)
        d_sums = dgates[:models, : plan.steps]
        d_recurrent, d_upper = torch.empty_like(recurrent), torch.empty_like(upper)
        for layer in range(layers):
            turned = at.stretch(dgates, layer, whole).transpose(1, 2)
            _set_product(d_recurrent[layer], turned, at.stretch(h, layer, whole), dtype)
            if layer:
                below = at.stretch(h, layer - 1, whole, later=1)
                _set_product(d_upper[layer - 1], turned, below, dtype)
        d_bias = gates.new_empty(layers - 1, models, 4 * hidden)
        for layer in range(1, layers):
            d_bias[layer - 1] = at.stretch(dgates, layer, whole).sum(dim=1)
        states = (each.unflatten(0, (layers, models)) for each in (dh, dc))
        return d_sums, d_recurrent, d_upper, d_bias, *states, None, None


def _merge(view: Tensor) -> Tensor:
    """Steps and snippets as one axis: a view, as they lie side by side within each model."""
    models, steps, snippets, width = view.shape
    return view.view(models, steps * snippets, width)


def _cast(values: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Round a factor. Off a GPU the product of halves is slow, so rounded values stay as wide."""
    if dtype is None:
        return values
    return values.to(dtype) if values.is_cuda else values.to(dtype).to(values.dtype)


def _add_product(out: Tensor, a: Tensor, b: Tensor, dtype: torch.dtype | None) -> None:
    """Add the product of ``a``, still to be rounded, and ``b``, rounded before."""
    if b.dtype == out.dtype:
        out.baddbmm_(_cast(a, dtype), b)
    else:
        out.add_(torch.bmm(_cast(a, dtype), b, out_dtype=out.dtype))


def _set_product(out: Tensor, a: Tensor, b: Tensor, dtype: torch.dtype | None) -> None:
    a, b = _cast(a, dtype), (_cast(b, dtype) if b.dtype == out.dtype else b)
    out.copy_(torch.bmm(a, b) if b.dtype == out.dtype else torch.bmm(a, b, out_dtype=out.dtype))
