"""What bounds a training step on this processor: arithmetic, and reading weights anew each time.

A step cannot take less than its products at the best rate that any product of the machine reaches;
and the recurrent weights, which every time step needs anew, once more forwards and once more
backwards, cannot come faster than the cache that holds them gives them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPES = ((512, 512, 512), (1024, 1024, 1024), (1024, 256, 1024), (2048, 2048, 2048))
"""Products (rows, inner, columns) of which the quickest is the peak."""

REPEATS = 15
READ_AT_ONCE = 64 * 2**20
"""Bytes that a measurement of a reading rate reads in all."""


@dataclass(frozen=True)
class Layer:
    """An LSTM layer of a step: N rows and T steps, ``inputs`` wide, H hidden units.

    Attributes
    ----------
    is_first
        Whether nothing below it wants a gradient.
    """

    rows: int
    steps: int
    inputs: int
    hidden: int
    is_first: bool

    @property
    def arithmetic(self) -> float:
        """Floating-point operations, forwards and backwards."""
        return self._at_once + 2 * self.steps * self._recurrent

    @property
    def _at_once(self) -> float:
        """Of products of all time steps together: of inputs, and of the weights' gradients."""
        gates = 2.0 * self.rows * self.steps * 4 * self.hidden
        passes = 2 if self.is_first else 3
        return gates * (passes * self.inputs + self.hidden)

    @property
    def _recurrent(self) -> float:
        """Of the recurrent product of a time step, one way."""
        return 2.0 * self.rows * self.hidden * 4 * self.hidden

    @property
    def weights(self) -> int:
        """Bytes of the recurrent weights."""
        return 4 * self.hidden * self.hidden * 4

    @property
    def seconds(self) -> float:
        """The least that it can take, by rates measured on this machine."""
        each = max(self._recurrent / peak(), self.weights / reading_rate(self.weights))
        return self._at_once / peak() + 2 * self.steps * each


@cache
def peak() -> float:
    """Floating-point operations a second of the quickest product: torch's own, or oneDNN's."""
    return max(rate for shape in SHAPES for rate in _rates(*shape))


@cache
def reading_rate(size: int) -> float:
    """Bytes a second at which an array of ``size`` bytes comes that was read just before."""
    values = torch.ones(size // 4)
    matrix, one = values.view(-1, 512), torch.ones(512)
    times = max(READ_AT_ONCE // size, 1)

    def again(read: Callable[[], object]) -> Callable[[], None]:
        def all_times() -> None:
            for _ in range(times):
                read()

        return all_times

    ways = values.sum, lambda: matrix @ one
    return max(times * size / _best(again(way)) for way in ways)


def _rates(rows: int, inner: int, columns: int) -> tuple[float, float]:
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    blocked, weights = left.to_mkldnn(), right.T.contiguous().to_mkldnn()
    operations = 2.0 * rows * inner * columns
    return (
        operations / _best(lambda: left @ right),
        operations / _best(lambda: functional.linear(blocked, weights)),
    )


def _best(work: Callable[[], object]) -> float:
    """Seconds of the quickest of a few."""
    work()
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)
