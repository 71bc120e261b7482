"""What training measures of a model, as plain values.

Readers of results need no torch: this module imports none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Metrics(NamedTuple):
    """One evaluation on one split; the meanings are in design terms: nats per snippet.

    ``kl`` is of the last posterior (z's), ``kl_bars`` the mean over the r posteriors.
    ``informative_share`` is None where ``kl`` is 0. What computes them is
    :func:`musebar_core.metrics.measure`.
    """

    bce: float
    kl: float
    kl_bars: float
    elbo: float
    mi_lower: float
    mi_upper: float
    mi_cap: float
    active_units: int
    informative_share: float | None
    collapsed: bool
    n_snippets: int

    @classmethod
    def from_dict(cls, values: Mapping[str, object], prefix: str = "") -> Metrics:
        """Read values by name; what an older product did not measure is None.

        Parameters
        ----------
        values
            By the metrics' names, each after ``prefix``; others are left alone.
        prefix
            As ``validation_``.
        """
        return cls._make(values.get(prefix + name) for name in cls._fields)


@dataclass(frozen=True)
class EpochMetrics:
    """One evaluated epoch.

    Attributes
    ----------
    epoch
        Optimiser steps done.
    weight
        Weight of the KL term in the last of them.
    train_bce, train_kl_bars
        Nats per snippet, means over the steps since the last evaluation.
    validation
        Metrics on the validation split.
    """

    epoch: int
    weight: float
    train_bce: float
    train_kl_bars: float
    validation: Metrics
