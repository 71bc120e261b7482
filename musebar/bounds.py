"""What numbers the commands take, and the functions of the same names: each bound stands here."""

from __future__ import annotations

from numbers import Integral, Real
from typing import NamedTuple, cast

from musebar_core.errors import UsageError


class Whole(NamedTuple):
    """A whole number's bounds, both included."""

    least: int
    most: int

    def check(self, name: str, value: object) -> None:
        """Refuse what is no whole number, or beyond the bounds."""
        if isinstance(value, bool) or not isinstance(value, Integral) or not self._holds(value):
            raise UsageError(f"{name} {value!r}: a whole number from {self.least} to {self.most}")

    def _holds(self, value: Integral) -> bool:
        return self.least <= int(value) <= self.most


class Range(NamedTuple):
    """A number's bounds: the upper included, the lower unless it is ``above``."""

    least: float
    most: float
    above: bool = False

    def check(self, name: str, value: object) -> None:
        """Refuse what is no number, or beyond the bounds."""
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not self._holds(cast("float", value)):
            first = f"above {self.least:g}" if self.above else f"from {self.least:g}"
            raise UsageError(f"{name} {value!r}: a number {first} to {self.most:g}")

    def _holds(self, value: float) -> bool:
        return self.least <= value <= self.most and not (self.above and value == self.least)


SAMPLES = Whole(1, 1000)
INTERPOLATED = Whole(2, 1000)
STEPS = Whole(1, 100_000)
BAR = Whole(1, 100_000)
THREADS = Whole(1, 1024)
TEMPERATURE = Range(0.05, 100)
TOP_P = Range(0, 1, above=True)
