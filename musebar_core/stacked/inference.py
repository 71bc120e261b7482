"""LSTM layers of M models over many snippets, forwards only: what an evaluation takes.

A tick is one Triton kernel: the products of all layers at work, with halves for factors, and the
cells' pointwise half behind them. No gate is ever written to memory. Layer k is one step behind
layer k - 1, whose state of the tick before is its input. The first layer's input is a symbol: its
product is a row of a table.
"""
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN202, N803  Triton's dialect of Python

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

ROWS, UNITS, DEPTH = 128, 32, 64
"""A program's block: snippets, hidden units (four times as many gates), and a product's stride."""

_WARPS, _STAGES = 8, 3


@triton.jit
def _tanh(x):
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit
def _multiply(total, states, weights, inside, H: tl.constexpr, DEPTH: tl.constexpr):
    for k in range(0, H, DEPTH):
        total = tl.dot(tl.load(states + k, inside, 0.0), tl.load(weights + k), total)
    return total


@triton.jit
def _tick(
    symbols,
    table,
    base,
    bias,
    upper,
    recurrent,
    h,
    c,
    read,
    tick,
    first,
    snippets,
    base_model,
    base_row,
    every,
    reads,
    H: tl.constexpr,
    ROWS: tl.constexpr,
    UNITS: tl.constexpr,
    DEPTH: tl.constexpr,
    SYMBOLS: tl.constexpr,
    LAYERS: tl.constexpr,
):
    model, models = tl.program_id(1).to(tl.int64), tl.num_programs(1)
    layer = first + tl.program_id(2)
    step = tick - layer
    block = tl.program_id(0)
    row = block // (H // UNITS) * ROWS + tl.arange(0, ROWS)
    unit = block % (H // UNITS) * UNITS + tl.arange(0, UNITS)
    inside = (row < snippets)[:, None]
    gate = tl.arange(0, 4 * UNITS)
    gate = gate // UNITS * H + block % (H // UNITS) * UNITS + gate % UNITS
    k = tl.arange(0, DEPTH)
    cell = layer * models + model
    size = snippets * H
    # Of two slots of states the one holds the step before, the other this step's.
    own = h + (cell * 2 + (step + 1) % 2) * size
    weights = gate[None, :] * H + k[:, None]
    states = row[:, None] * H + k[None, :]
    total = tl.zeros((ROWS, 4 * UNITS), tl.float32)
    total = _multiply(total, own + states, recurrent + cell * 4 * H * H + weights, inside, H, DEPTH)
    if layer > 0:
        below = h + ((cell - models) * 2 + step % 2) * size
        inputs = upper + (cell - models) * 4 * H * H
        total = _multiply(total, below + states, inputs + weights, inside, H, DEPTH)
    even, odd = tl.split(total.reshape(ROWS, 2, 2, UNITS).permute(0, 3, 1, 2))
    i, g = tl.split(even)
    f, o = tl.split(odd)
    if layer > 0:
        shared = bias + (cell - models) * 4 * H + unit[None, :]
        i += tl.load(shared)
        f += tl.load(shared + H)
        g += tl.load(shared + 2 * H)
        o += tl.load(shared + 3 * H)
    else:
        symbol = tl.load(symbols + step * snippets + row, row < snippets, 0).to(tl.int64)
        looked = table + (model * SYMBOLS + symbol)[:, None] * 4 * H + unit[None, :]
        added = base + model * base_model + row[:, None] * base_row + unit[None, :]
        i += tl.load(looked, inside, 0.0) + tl.load(added, inside, 0.0)
        f += tl.load(looked + H, inside, 0.0) + tl.load(added + H, inside, 0.0)
        g += tl.load(looked + 2 * H, inside, 0.0) + tl.load(added + 2 * H, inside, 0.0)
        o += tl.load(looked + 3 * H, inside, 0.0) + tl.load(added + 3 * H, inside, 0.0)
    state = row[:, None] * H + unit[None, :]
    before = tl.load(c + cell * size + state, inside, 0.0)
    after = tl.sigmoid(f) * before + tl.sigmoid(i) * _tanh(g)
    tl.store(c + cell * size + state, after, inside)
    out = (tl.sigmoid(o) * _tanh(after)).to(h.dtype.element_ty)
    tl.store(h + (cell * 2 + step % 2) * size + state, out, inside)
    if (layer == LAYERS - 1) & ((step + 1) % every == 0):
        tl.store(read + (model * reads + step // every) * size + state, out, inside)


def suits(like: Tensor, hidden: int) -> bool:
    """Whether layers of this size can be computed here."""
    return like.is_cuda and like.dtype == torch.float32 and hidden % DEPTH == 0


def outputs(
    symbols: Tensor,
    table: Tensor,
    base: Tensor,
    layers: tuple[Tensor, Tensor, Tensor],
    start: tuple[Tensor, Tensor],
    every: int = 1,
    *,
    rows: int = ROWS,
) -> Tensor:
    """Take M models over T steps.

    Parameters
    ----------
    symbols
        Inputs, int32 ``[T, B]``.
    table
        What each symbol adds to the gates of the first layer, ``[M, symbols, 4H]``.
    base
        What else they begin with: ``[M, 4H]``, or ``[M, B, 4H]`` for each snippet its own.
    layers
        Recurrent weights ``[K, M, 4H, H]`` and, of the layers over the first, input weights
        ``[K - 1, M, 4H, H]`` and the sums of both biases ``[K - 1, M, 4H]``.
    start
        States before the first step, h and c, ``[K, M, B, H]``.
    every
        Steps between two outputs that are wanted.
    rows
        Snippets of a program.

    Returns
    -------
    Tensor
        Outputs of the top layer after every so many steps, half precision ``[M, T / every, B, H]``.
    """
    recurrent, upper, bias = layers
    k, models, snippets, hidden = start[0].shape
    steps, reads = len(symbols), len(symbols) // every
    recurrent, upper = (each.to(torch.float16).contiguous() for each in (recurrent, upper))
    h = recurrent.new_empty(k, models, 2, snippets, hidden)
    h[:, :, 1] = start[0]
    c = start[1].clone(memory_format=torch.contiguous_format)
    read = h.new_empty(models, reads, snippets, hidden)
    strides = base.stride(0), base.stride(1) if base.dim() == start[0].dim() - 1 else 0
    tensors = (
        symbols.contiguous(),
        table.contiguous(),
        base,
        bias.contiguous(),
        upper,
        recurrent,
        h,
        c,
        read,
    )
    sizes = {
        "H": hidden,
        "ROWS": rows,
        "UNITS": UNITS,
        "DEPTH": DEPTH,
        "SYMBOLS": table.shape[1],
        "LAYERS": k,
    }
    blocks = triton.cdiv(snippets, rows) * (hidden // UNITS)
    for tick in range(steps + k - 1):
        first, last = max(0, tick - steps + 1), min(k - 1, tick)
        _tick[blocks, models, last - first + 1](
            *tensors,
            tick,
            first,
            snippets,
            *strides,
            every,
            reads,
            **sizes,
            num_warps=_WARPS,
            num_stages=_STAGES,
        )
    return read
