"""How exactly the products of training are computed: a switch, held for a while.

Weights, Adam's moments, cell states and sums are float32 always. See docs/performance.md for what
each precision changes, and where.
"""

from __future__ import annotations

import functools
import os
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import torch

from musebar_core.config import Precision

if TYPE_CHECKING:
    from collections.abc import Iterator

_WITH_BFLOAT16 = ("BF16", "FP16", "AMX", "AVX10", "ALL", "DEFAULT")
"""What the names of oneDNN's instruction sets that have bfloat16 products hold, or of no limit."""

_in_bfloat16: ContextVar[bool] = ContextVar("in_bfloat16", default=False)


@functools.cache
def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself (avx512_bf16 or AMX), and oneDNN may."""
    allowed = os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL").upper()
    supported = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(name in allowed for name in _WITH_BFLOAT16) and any(
        getattr(torch.cpu, name, bool)() for name in supported
    )


def in_bfloat16() -> bool:
    """Whether recurrent products on a CPU are to be of bfloat16 factors now."""
    return _in_bfloat16.get()


def settled(precision: Precision, device: torch.device | str) -> Precision:
    """What a precision is on a device.

    ``auto`` is ``mixed`` where final figures were shown to be those of ``fp32``, which is on a CPU
    (docs/performance.md); on a GPU it is ``fp32``.
    """
    if precision is not Precision.AUTO:
        return precision
    return Precision.FP32 if torch.device(device).type == "cuda" else Precision.MIXED


def arithmetic(precision: Precision, device: torch.device | str) -> str:
    """What the LSTM products of a run's training are made of on this machine."""
    precision = settled(precision, device)
    if torch.device(device).type == "cuda":
        return {
            Precision.FP32: "float32",
            Precision.TF32: "TensorFloat-32",
            Precision.MIXED: "float16 and bfloat16",
        }[precision]
    return "bfloat16" if precision is Precision.MIXED and has_bfloat16() else "float32"


@contextmanager
def computing(precision: Precision, device: torch.device | str) -> Iterator[None]:
    """Compute float32 products as this precision says; restore what was set before.

    Parameters
    ----------
    precision
        On a GPU, ``fp32``: as they are; ``tf32`` and ``mixed``: factors rounded to TensorFloat-32
        (10 bits of mantissa), sums in float32. On a CPU, ``mixed``: factors of the LSTMs' products
        rounded to bfloat16 (7 bits), where the processor has such products; else as they are.
        ``auto`` as :func:`settled` says.
    device
        Where the products are.
    """
    precision = settled(precision, device)
    if torch.device(device).type == "cuda":
        with allowing_tf32(allowed=precision is not Precision.FP32):
            yield
        return
    before = _in_bfloat16.set(precision is Precision.MIXED and has_bfloat16())
    try:
        yield
    finally:
        _in_bfloat16.reset(before)


@contextmanager
def allowing_tf32(*, allowed: bool) -> Iterator[None]:
    """Switch TensorFloat-32 in matrix products and cuDNN's recurrent layers, on or off.

    By itself torch leaves it off in the former and on in the latter.
    """
    name: str
    wanted: str | bool
    parts: tuple[Any, ...]
    # torch 2.9 renamed the switches, and refuses to read the old names once the new are set.
    if hasattr(torch.backends.cudnn, "rnn"):
        name, wanted = "fp32_precision", ("ieee", "tf32")[allowed]
        parts = torch.backends.cuda.matmul, torch.backends.cudnn.rnn
    else:
        name, wanted = "allow_tf32", allowed
        parts = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [getattr(part, name) for part in parts]
    for part in parts:
        setattr(part, name, wanted)
    try:
        yield
    finally:
        for owner, was in zip(parts, before, strict=True):
            setattr(owner, name, was)
