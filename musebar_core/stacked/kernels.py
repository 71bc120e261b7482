"""The pointwise half of an LSTM cell as Triton kernels: one read and one write of each value.

The same mathematics as :mod:`musebar_core.stacked.cell`, which the tests hold them against.
Each program computes a block of hidden units of one snippet of one cell.
"""
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN202, N803  Triton's own dialect of Python

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 256


@triton.jit
def _tanh(x):
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit
def _forward(
    gates,
    c_before,
    c,
    h,
    gates_cell,
    before_cell,
    c_cell,
    h_cell,
    snippets,
    hidden,
    BLOCK: tl.constexpr,
):
    row, block = tl.program_id(0).to(tl.int64), tl.program_id(1)
    cell, snippet = row // snippets, row % snippets
    unit = block * BLOCK + tl.arange(0, BLOCK)
    inside = unit < hidden
    at = gates + cell * gates_cell + snippet * 4 * hidden + unit
    state = snippet * hidden + unit
    i = tl.sigmoid(tl.load(at, inside, 0.0))
    f = tl.sigmoid(tl.load(at + hidden, inside, 0.0))
    g = _tanh(tl.load(at + 2 * hidden, inside, 0.0))
    o = tl.sigmoid(tl.load(at + 3 * hidden, inside, 0.0))
    after = f * tl.load(c_before + cell * before_cell + state, inside, 0.0) + i * g
    tl.store(at, i, inside)
    tl.store(at + hidden, f, inside)
    tl.store(at + 2 * hidden, g, inside)
    tl.store(at + 3 * hidden, o, inside)
    tl.store(c + cell * c_cell + state, after, inside)
    tl.store(h + cell * h_cell + state, o * _tanh(after), inside)


@triton.jit
def _backward(
    gates,
    c_before,
    c,
    dh,
    dc,
    dgates,
    gates_cell,
    before_cell,
    c_cell,
    dh_cell,
    dc_cell,
    dgates_cell,
    snippets,
    hidden,
    BLOCK: tl.constexpr,
):
    row, block = tl.program_id(0).to(tl.int64), tl.program_id(1)
    cell, snippet = row // snippets, row % snippets
    unit = block * BLOCK + tl.arange(0, BLOCK)
    inside = unit < hidden
    at = gates + cell * gates_cell + snippet * 4 * hidden + unit
    out = dgates + cell * dgates_cell + snippet * 4 * hidden + unit
    state = snippet * hidden + unit
    i, f = tl.load(at, inside, 0.0), tl.load(at + hidden, inside, 0.0)
    g, o = tl.load(at + 2 * hidden, inside, 0.0), tl.load(at + 3 * hidden, inside, 0.0)
    before = tl.load(c_before + cell * before_cell + state, inside, 0.0)
    squashed = _tanh(tl.load(c + cell * c_cell + state, inside, 0.0))
    d_h = tl.load(dh + cell * dh_cell + state, inside, 0.0)
    d_c = tl.load(dc + cell * dc_cell + state, inside, 0.0)
    d_c += d_h * o * (1 - squashed * squashed)
    tl.store(out, d_c * g * i * (1 - i), inside)
    tl.store(out + hidden, d_c * before * f * (1 - f), inside)
    tl.store(out + 2 * hidden, d_c * i * (1 - g * g), inside)
    tl.store(out + 3 * hidden, d_h * squashed * o * (1 - o), inside)
    tl.store(dc + cell * dc_cell + state, d_c * f, inside)


@triton.jit
def _adam(
    values,
    mean,
    square,
    gradients,
    scales,
    rates,
    roots,
    size,
    stride,
    first: tl.constexpr,
    second: tl.constexpr,
    epsilon: tl.constexpr,
    BLOCK: tl.constexpr,
):
    row = tl.program_id(1)
    unit = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = unit < size
    g = tl.load(gradients + row.to(tl.int64) * size + unit, inside, 0.0) * tl.load(scales + row)
    unit += row.to(tl.int64) * stride
    m = tl.load(mean + unit, inside, 0.0)
    s = tl.load(square + unit, inside, 0.0)
    m += (g - m) * (1 - first)
    s = s * second + g * g * (1 - second)
    change = m / (tl.sqrt(s) / tl.load(roots + row) + epsilon)
    tl.store(mean + unit, m, inside)
    tl.store(square + unit, s, inside)
    before = tl.load(values + unit, inside, 0.0)
    tl.store(values + unit, before - change * tl.load(rates + row), inside)


def adam(
    values: Tensor,
    mean: Tensor,
    square: Tensor,
    gradients: Tensor,
    rows: tuple[Tensor, Tensor, Tensor],
    constants: tuple[float, float, float],
) -> None:
    """Take one step of Adam in each row, in place: seven passes over memory in all.

    Parameters
    ----------
    values, mean, square, gradients
        Float32 ``[M, D]``; the rows of the first three may lie further apart.
    rows
        Float32 ``[M]`` each: what a row's gradient is scaled by, its learning rate over the
        first moment's correction, the root of the second's.
    constants
        Both betas and epsilon.
    """
    models, size = values.shape
    grid = (triton.cdiv(size, 4 * BLOCK), models)
    _adam[grid](
        values,
        mean,
        square,
        gradients.contiguous(),
        *rows,
        size,
        values.stride(0),
        *constants,
        BLOCK=4 * BLOCK,
    )


def forward(gates: Tensor, c_before: Tensor, c: Tensor, h: Tensor) -> None:
    """See :func:`musebar_core.stacked.cell.forward`."""
    cells, snippets, hidden = c.shape
    grid = (cells * snippets, triton.cdiv(hidden, BLOCK))
    _forward[grid](
        gates,
        c_before,
        c,
        h,
        gates.stride(0),
        c_before.stride(0),
        c.stride(0),
        h.stride(0),
        snippets,
        hidden,
        BLOCK=BLOCK,
    )


def backward(
    gates: Tensor, c_before: Tensor, c: Tensor, dh: Tensor, dc: Tensor, dgates: Tensor
) -> None:
    """See :func:`musebar_core.stacked.cell.backward`."""
    cells, snippets, hidden = c.shape
    grid = (cells * snippets, triton.cdiv(hidden, BLOCK))
    _backward[grid](
        gates,
        c_before,
        c,
        dh,
        dc,
        dgates,
        gates.stride(0),
        c_before.stride(0),
        c.stride(0),
        dh.stride(0),
        dc.stride(0),
        dgates.stride(0),
        snippets,
        hidden,
        BLOCK=BLOCK,
    )
