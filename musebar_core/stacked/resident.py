"""A layer over all its steps as one Triton kernel, its recurrent weights resident on the chip.

A model's layer is shared by H / U programs. Each holds the weights of U hidden units in shared
memory from the first step to the last, and all of them meet at every step: a program writes its
units' part of the state, adds one to its model's counter, and waits until the counter says that
all parts are there. Programs that wait for one another must run at the same time: launches are
cooperative, which refuses what does not fit, and of at most as many models as fit. A batch of more
snippets than a program has columns is taken in parts, each as a model of its own would be.
"""
# mypy: ignore-errors
# ruff: noqa: ANN001  Triton's types

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton

from musebar_core.stacked import resident_kernels

if TYPE_CHECKING:
    from torch import Tensor

UNITS = 16
"""U: hidden units of a program, so that the weights of three programs fit a multiprocessor."""

COLUMNS = 16
"""Snippets of a program at most: as many columns as its products have."""

LARGEST_BATCH = {2: 64, 4: 16}
"""Snippets up to which this is the quicker way, by the bytes of a weight.

Up to 16 it was measured. Beyond, a part costs what a batch of its size does, and the other way,
measured at 20, grows by what a snippet costs it: with halves they meet at about 64.
"""

_HIDDEN = (64, 128, 256, 512, 1024)
_COUNTER = 32  # integers between two models' counters, as the kernels have it: a cache line
_WARPS = 4
_AMPERE = 8


def suits(like: Tensor, hidden: int, snippets: int, itemsize: int) -> bool:
    """Whether a layer of this size can be computed here; ``itemsize`` is of a weight in bytes."""
    if hidden not in _HIDDEN or snippets > LARGEST_BATCH[itemsize] or not like.is_cuda:
        return False
    device = torch.cuda.get_device_properties(like.device)
    held = 4 * UNITS * hidden * itemsize
    scratch = 4 * _columns(_parts(snippets)[1]) * (hidden // 4 * itemsize + 64)
    return (
        device.major >= _AMPERE
        and held + scratch <= device.shared_memory_per_block_optin
        and hidden // UNITS <= device.multi_processor_count
    )


def forward(
    sums: Tensor, weights: Tensor, start: tuple[Tensor, Tensor], *, units: int = UNITS
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Take a layer of M models over all steps.

    Parameters
    ----------
    sums
        Input product and both biases, float32 ``[M, T, B, 4H]``.
    weights
        Recurrent weights as a product is to read them, ``[M, 4H, H]``: halves, or float32
        already rounded to TensorFloat-32.
    start
        States before the first step, h and c, ``[M, B, H]``.
    units
        U, of each program.

    Returns
    -------
    tuple
        Gates after their activations ``[M, T, B, 4H]``; then, each ``[M, T + 1, B, H]`` with the
        start in front: h, h rounded as the weights are, and c.
    """
    models, steps, snippets, wide = sums.shape
    hidden = wide // 4
    gates = torch.empty_like(sums)
    h, c = (sums.new_empty(models, steps + 1, snippets, hidden) for _ in range(2))
    h[:, 0], c[:, 0] = start
    operand = torch.empty_like(h, dtype=weights.dtype)
    operand[:, 0] = rounded(h[:, 0], weights.dtype)
    tensors = (sums, gates, weights, h, operand, c)
    _launch(resident_kernels.forward, tensors, steps, snippets, hidden, units)
    return gates, h, operand, c


def backward(
    gates: Tensor, weights: Tensor, c: Tensor, arriving: Tensor, dc: Tensor, *, units: int = UNITS
) -> tuple[Tensor, Tensor]:
    """Derive a layer of M models over all steps.

    Parameters
    ----------
    gates, c
        As :func:`forward` returned them.
    weights
        Recurrent weights, rounded as the gradients shall be.
    arriving
        What reaches each output from outside the layer, float32 ``[M, T, B, H]``.
    dc
        Gradient of the last cell state ``[M, B, H]``; left as that of the first.
    units
        U, of each program.

    Returns
    -------
    tuple of Tensor
        Gradients of the sums before the activations ``[M, T, B, 4H]``, and the same rounded,
        ``[M, T + 1, B, 4H]`` with zeros behind the last step.
    """
    models, steps, snippets, wide = gates.shape
    dgates = torch.empty_like(gates)
    operand = gates.new_empty(models, steps + 1, snippets, wide, dtype=weights.dtype)
    operand[:, steps] = 0
    tensors = (gates, weights, c, arriving.contiguous(), dc, dgates, operand)
    _launch(resident_kernels.backward, tensors, steps, snippets, wide // 4, units)
    return dgates, operand


def rounded(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Round as a product's factors are: to a half type, or to TensorFloat-32 within float32."""
    if dtype != torch.float32:
        return values.to(dtype)
    return ((values.contiguous().view(torch.int32) + 0x1000) & -0x2000).view(torch.float32)


def _launch(kernel, tensors, steps, snippets, hidden, units) -> None:
    programs, (parts, share) = hidden // units, _parts(snippets)
    turns = len(tensors[0]) * parts
    counters = torch.zeros(turns * _COUNTER, dtype=torch.int32, device=tensors[0].device)
    whole = (*tensors, counters, snippets, share, parts)
    sizes = {
        "steps": steps,
        "H": hidden,
        "U": units,
        "N": _columns(share),
        "TF32": tensors[kernel.arg_names.index("weights")].dtype == torch.float32,
    }
    options = {"num_warps": _WARPS, "num_stages": 1}
    at_once = turns
    if programs > 1:
        options["launch_cooperative_grid"] = True
        together = _resident(kernel, (*whole, 0), tuple(sizes.items()), tuple(options.items()))
        rounds = triton.cdiv(turns * programs, together // programs * programs)
        at_once = triton.cdiv(turns, rounds)
    for first in range(0, turns, at_once):
        kernel[programs, min(at_once, turns - first)](*whole, first, **sizes, **options)


_known: dict[tuple[object, ...], int] = {}


def _resident(kernel, arguments, sizes, options) -> int:
    """How many programs run at the same time on the device."""
    device = arguments[0].device
    key = (kernel.fn.__name__, device.index, arguments[1].dtype, arguments[2].dtype, sizes)
    if key not in _known:
        compiled = kernel.warmup(*arguments, grid=(1,), **dict(sizes), **dict(options))
        compiled._init_handles()  # noqa: SLF001  loads it, which counts its registers
        found = torch.cuda.get_device_properties(device)
        registers = triton.cdiv(compiled.n_regs, 8) * 8 * 32 * _WARPS
        by_memory = found.shared_memory_per_multiprocessor // (compiled.metadata.shared + 1024)
        each = min(by_memory, found.regs_per_multiprocessor // registers)
        _known[key] = each * found.multi_processor_count
    return _known[key]


def _parts(snippets: int) -> tuple[int, int]:
    """Into how many parts a batch is taken, and the snippets of each; the last may have fewer."""
    parts = triton.cdiv(snippets, COLUMNS)
    return parts, triton.cdiv(snippets, parts)


def _columns(share: int) -> int:
    return 8 if share <= 8 else COLUMNS  # a product has at least eight
