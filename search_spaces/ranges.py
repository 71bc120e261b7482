"""Ranges of numbers, as a space may have them in place of a list: a list is made of each."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_VALUES = 1_000
"""Values of a parameter, at most."""

DIGITS = 3
"""Significant digits of values that lie evenly between two others."""

Number = int | Annotated[float, Field(allow_inf_nan=False)]


class Range(BaseModel):
    """From ``low`` to ``high``, both included.

    By ``step``, which is 1 between whole numbers; else ``points`` of them, evenly apart, or by one
    ratio where ``log``. A sampler sees ranks, so that neighbours are alike to it either way.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    low: Number
    high: Number
    step: Number | None = None
    log: bool = False
    points: Annotated[int, Field(ge=2, le=MOST_VALUES)] | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"low {self.low:g} has no logarithm: leave log out, or begin above 0")
        if self.step is not None and (self.log or self.points is not None):
            raise ValueError("step goes with neither log nor points: the ratio follows from points")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise ValueError(f"step {self.step:g} is not between 0 and {self.high - self.low:g}")
        if (count := self._count()) > MOST_VALUES:
            raise ValueError(f"{count:,} values, and at most {MOST_VALUES:,} go: a larger step")
        return self

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers."""
        ends = (self.low, self.high, *([] if self.step is None else [self.step]))
        return all(isinstance(end, int) for end in ends)

    def values(self) -> tuple[int | float, ...]:
        """All of them, rising, each once."""
        if not self._is_stepped:
            spaced = np.geomspace if self.log else np.linspace
            between = [_rounded(x) for x in spaced(self.low, self.high, self._count())[1:-1]]
            inner = [round(x) for x in between] if self.is_whole else between
            return tuple(dict.fromkeys((self.low, *inner, self.high)))
        step = self._step
        found = [self.low + at * step for at in range(self._count())]
        return tuple(found) if self.is_whole else tuple(float(f"{x:.12g}") for x in found)

    @property
    def _is_stepped(self) -> bool:
        return self.step is not None or (self.is_whole and not self.log and self.points is None)

    @property
    def _step(self) -> int | float:
        return 1 if self.step is None else self.step

    def _count(self) -> int:
        if not self._is_stepped:
            return self.points or POINTS
        return math.floor((self.high - self.low) / self._step + 1e-9) + 1


POINTS = 25
"""Values of a range that names neither their number nor their step."""


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
