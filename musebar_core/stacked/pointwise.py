"""Which code computes the pointwise half of a cell: a Triton kernel on a GPU, else plain torch."""

from __future__ import annotations

import functools
import importlib.util
from typing import TYPE_CHECKING

from musebar_core.stacked import cell

if TYPE_CHECKING:
    from torch import Tensor


def forward(gates: Tensor, c_before: Tensor, c: Tensor, h: Tensor) -> None:
    """See :func:`musebar_core.stacked.cell.forward`."""
    if on_gpu(gates):
        from musebar_core.stacked import kernels

        kernels.forward(gates, c_before, c, h)
    else:
        cell.forward(gates, c_before, c, h)


def backward(
    gates: Tensor, c_before: Tensor, c: Tensor, dh: Tensor, dc: Tensor, dgates: Tensor
) -> None:
    """See :func:`musebar_core.stacked.cell.backward`."""
    if on_gpu(gates):
        from musebar_core.stacked import kernels

        kernels.backward(gates, c_before, c, dh, dc, dgates)
    else:
        cell.backward(gates, c_before, c, dh, dc, dgates)


def on_gpu(values: Tensor) -> bool:
    """Whether Triton computes with these values."""
    return values.is_cuda and has_triton()


@functools.cache
def has_triton() -> bool:
    """Whether Triton is installed; torch's builds for CUDA bring it along."""
    return importlib.util.find_spec("triton") is not None
