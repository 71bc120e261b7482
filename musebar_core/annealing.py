"""KL-annealing schedules: the weight of the KL term over the course of training."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from musebar_core.errors import ConfigurationError

LOGISTIC_STEEPNESS = 10.0
"""Slope of the logistic ramp; Bowman et al. (2016) give none. 10 spans 0.7% to 99.3%."""


OPTION = {"option": True}
"""Marks a setting that came after the first configurations were recorded: at its default it
changes nothing, and it stays out of the canonical JSON there, so that a configuration recorded
before it keeps its ``config_id``."""


class ScheduleKind(StrEnum):
    """The shapes of the ramp, in the order in which ties between them are broken."""

    CONSTANT = "constant"
    LINEAR = "linear"
    LOGISTIC = "logistic"
    COSINE = "cosine"
    CYCLICAL = "cyclical"


@dataclass(frozen=True)
class Schedule:
    """One annealing schedule, on the fraction of training done.

    Attributes
    ----------
    kind
        Shape of the ramp from 0 to ``end``; ``constant`` is weight ``end`` throughout.
    start
        Fraction of training before the ramp begins; the weight is 0 until then.
    length
        Fraction of training that the ramp (or all cycles together) takes.
    cycles, ratio
        ``cyclical`` alone: number of cycles, and the share of each spent rising
        (Fu et al. 2019, M and R).
    end
        Weight once the ramp is over, above 0 and at most 1. Under 1 the loss is that of a
        beta-VAE (Higgins et al. 2017) with beta under 1, which buys information for rate
        (Alemi et al. 2018; MusicVAE, Roberts et al. 2018, ends at 0.2).

    Settings that a kind does not use are reset to their defaults, so that two
    schedules that do the same are equal.

    Raises
    ------
    ConfigurationError
        If a setting is out of range, or the ramp would not have ended when training does.
    """

    kind: ScheduleKind = ScheduleKind.CONSTANT
    start: float = 0.0
    length: float = 0.5
    cycles: int = 4
    ratio: float = 0.5
    end: float = field(default=1.0, metadata=OPTION)

    def __post_init__(self) -> None:
        try:
            kind = ScheduleKind(self.kind)
        except ValueError:
            allowed = ", ".join(ScheduleKind)
            raise ConfigurationError(
                f"unknown annealing schedule '{self.kind}' (known: {allowed})"
            ) from None
        object.__setattr__(self, "kind", kind)
        if kind is ScheduleKind.CONSTANT:
            object.__setattr__(self, "start", 0.0)
            object.__setattr__(self, "length", 0.0)
        if kind is not ScheduleKind.CYCLICAL:
            object.__setattr__(self, "cycles", 1)
            object.__setattr__(self, "ratio", 1.0)
        for name in ("start", "length", "ratio", "end"):
            object.__setattr__(self, name, finite(f"annealing {name}", getattr(self, name)))
        self._check()

    @property
    def ended(self) -> float:
        """Fraction of training after which the weight is ``end`` for good."""
        return min(self.start + self.length, 1.0)

    def _check(self) -> None:
        if not (0 <= self.start <= 1 and 0 <= self.length <= 1):
            raise ConfigurationError(
                f"annealing start {self.start} and length {self.length} are fractions of training: "
                "use values from 0 to 1"
            )
        if self.start + self.length > 1 + 1e-9:
            raise ConfigurationError(
                f"annealing start {self.start} + length {self.length} is over 1: the weight would "
                f"not have reached {self.end:g} when training ends; shorten one of them"
            )
        if type(self.cycles) is not int or self.cycles < 1 or not 0 < self.ratio <= 1:
            raise ConfigurationError(
                f"cyclical annealing needs a whole number of cycles >= 1 and 0 < ratio <= 1, "
                f"not {self.cycles} and {self.ratio}"
            )
        if not 0 < self.end <= 1:
            raise ConfigurationError(
                f"annealing end {self.end}: the final KL weight, above 0 and at most 1"
            )


def finite(name: str, value: object) -> float:
    """Return ``value`` as a float; :class:`ConfigurationError` if it is no finite number."""
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    if not abs(number) <= sys.float_info.max:  # a whole number may be beyond it
        raise ConfigurationError(f"{name} {value!r}: a finite number")
    return float(number)


def weight(schedule: Schedule, u: float) -> float:
    """Weight of the KL term after a fraction ``u`` of training.

    Parameters
    ----------
    schedule
        The schedule.
    u
        Fraction of training done, 0 to 1.

    Returns
    -------
    float
        A weight from 0 to ``schedule.end``; exactly that once the ramp is over.

    Notes
    -----
    The logistic ramp is rescaled to pass through 0 and 1 at its ends (Bowman et al. 2016
    leave slope and centre open); ``cyclical`` rises linearly in the first ``ratio`` of each
    cycle and stays at its top for the rest of it (Fu et al. 2019, eq. 6).
    """
    if u >= schedule.ended:
        return schedule.end
    if u < schedule.start:
        return 0.0
    return schedule.end * _height(schedule, (u - schedule.start) / schedule.length)


def _height(schedule: Schedule, ramp: float) -> float:
    """Height of the shape, 0 to 1, after a fraction ``ramp`` of its length, 0 to below 1."""
    match schedule.kind:
        case ScheduleKind.CONSTANT:
            return 1.0
        case ScheduleKind.LINEAR:
            return ramp
        case ScheduleKind.COSINE:
            return (1 - math.cos(math.pi * ramp)) / 2
        case ScheduleKind.LOGISTIC:
            low = _logistic(0.0)
            return (_logistic(ramp) - low) / (_logistic(1.0) - low)
        case ScheduleKind.CYCLICAL:
            within_cycle = (ramp * schedule.cycles) % 1.0
            return min(1.0, within_cycle / schedule.ratio)
        case unknown:
            assert_never(unknown)


def _logistic(ramp: float) -> float:
    return 1 / (1 + math.exp(-LOGISTIC_STEEPNESS * (ramp - 0.5)))
