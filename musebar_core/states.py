"""What a finished run is: undertrained, collapsed or informative."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musebar_core.metric_table import Metrics


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
