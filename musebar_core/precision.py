"""How exactly the products of training are computed: a switch of torch's, held for a while.

Weights, Adam's moments, cell states and sums are float32 always. See docs/performance.md for what
each precision changes, and where.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from musebar_core.config import Precision

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def computing(precision: Precision, device: torch.device | str) -> Iterator[None]:
    """Compute float32 products on a GPU as this precision says; restore what was set before.

    Parameters
    ----------
    precision
        ``fp32``: as they are. ``tf32`` and ``mixed``: factors rounded to TensorFloat-32
        (10 bits of mantissa), sums in float32.
    device
        Where the products are. A CPU has no such products: nothing is switched there.
    """
    if torch.device(device).type != "cuda":
        yield
        return
    with allowing_tf32(allowed=precision is not Precision.FP32):
        yield


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
