"""What a finished run is: undertrained, collapsed or informative."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from musebar_core.metric_table import Metrics


_MOST = sys.float_info.max
"""Of a number's size: a whole one may be beyond it."""


class RunState(StrEnum):
    """What a run with metrics is, by its validation figures."""

    UNDERTRAINED = "undertrained"
    """It does not beat the Markov chain: nothing that it shows about codes counts."""
    COLLAPSED = "collapsed"
    """Trained, and its code says nothing."""
    INFORMATIVE = "informative"

    @property
    def collapsed(self) -> bool | None:
        """Whether the code is empty; None where that cannot be said yet."""
        return None if self is RunState.UNDERTRAINED else self is RunState.COLLAPSED


def run_state(metrics: Metrics, markov: float | None) -> RunState:
    """Judge a run by its evaluation; a plateau on the way to a model is no collapse.

    Parameters
    ----------
    metrics
        On the validation split, at the reported epoch.
    markov
        BCE of the Markov chain on the same snippets (:mod:`musebar_core.baselines`), nats per
        snippet; None where it is not known, and then every run counts as trained.
    """
    if markov is not None and not metrics.bce < markov:
        return RunState.UNDERTRAINED
    return RunState.COLLAPSED if metrics.collapsed else RunState.INFORMATIVE


@dataclass(frozen=True)
class Standing:
    """What a model is worth, for a checkpoint to remember: on validation, at the reported epoch.

    Attributes
    ----------
    state
        Whether what it plays and what its codes say counts for anything.
    bce, markov
        Its BCE and the Markov chain's on the same snippets, nats per snippet; the latter None
        where it is not known.
    mi_lower, mi_upper
        Bracket of what its code says, nats.
    active_units
        Dimensions that say something.
    """

    state: RunState
    bce: float
    markov: float | None
    mi_lower: float
    mi_upper: float
    active_units: int

    @classmethod
    def of(cls, metrics: Metrics, markov: float | None) -> Standing:
        """Judge a model by its evaluation, as :func:`run_state` does."""
        return cls(
            run_state(metrics, markov),
            metrics.bce,
            markov,
            metrics.mi_lower,
            metrics.mi_upper,
            metrics.active_units,
        )

    @classmethod
    def read(cls, content: Mapping[str, object]) -> Standing:
        """Read what ``dataclasses.asdict`` wrote.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is something else.
        """
        figures = [content[name] for name in ("bce", "mi_lower", "mi_upper")]
        markov, units = content["markov"], content["active_units"]
        numbers = [*figures, *([] if markov is None else [markov])]
        if not all(type(each) in {int, float} and abs(each) <= _MOST for each in numbers):  # type: ignore[arg-type]
            raise TypeError("its standing has figures that are no numbers")
        if type(units) is not int or units < 0:
            raise TypeError(f"its standing has {units!r} active units")
        bce, lower, upper = (float(each) for each in figures)  # type: ignore[arg-type]
        known = None if markov is None else float(markov)  # type: ignore[arg-type]
        return cls(RunState(str(content["state"])), bce, known, lower, upper, units)
