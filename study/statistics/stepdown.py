"""Many sign-flip tests at once: the step-down max-t test of a whole family.

The signs of a whole seed are flipped together, in every row of the family at once, and each row
is held against the largest |t| of all that are left (Westfall and Young 1993, algorithm 4.1;
Romano and Wolf 2005). It asks what Holm's correction asks, and pays less where tests tell of the
same thing (mutual information and KL): its smallest adjusted p-value is that of a single test,
whatever the size of the family. A single row gives the sign-flip test itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from study.statistics.signflip import patterns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ROUNDING = 1e-9
"""Statistics closer than this are equal but for rounding."""


def step_down(differences: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Adjust two-sided sign-flip tests over their family.

    Parameters
    ----------
    differences
        ``[m, n]``: row i holds what test i compares, one figure a paired seed, NaN where a seed
        is missing from it. Its centre would be 0. All rows have the same seeds in the same order.

    Returns
    -------
    tuple of float
        Adjusted p-value of each row; 1 for a row of zeros, or without a seed. The chance that
        any row whose centre is 0 has one at most alpha is alpha.
    """
    table = np.asarray(differences, dtype=np.float64)
    if table.size == 0:
        return (1.0,) * len(table)
    sizes = _sizes(table)
    observed = sizes[:, 0] * (1 - ROUNDING) - ROUNDING
    order = np.argsort(-observed, kind="stable")
    largest = np.maximum.accumulate(sizes[order][::-1], axis=0)[::-1]
    p_values = (largest >= observed[order][:, None]).mean(axis=1)
    adjusted = np.ones(len(table))
    adjusted[order] = np.maximum.accumulate(p_values)
    return tuple(adjusted.tolist())


def _sizes(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """|t| of each row under each pattern of signs, ``[m, F]``, the observed pattern first."""
    signs = patterns(table.shape[1])
    values = np.nan_to_num(table)
    n = np.isfinite(table).sum(axis=1, keepdims=True)
    lengths = np.sqrt(n * (values**2).sum(axis=1, keepdims=True))
    lengths[lengths == 0] = np.inf
    cosine = values @ signs.T / lengths
    share = np.minimum(cosine**2, 1 - 1e-12)
    t: NDArray[np.float64] = np.sqrt((n - 1) * share / (1 - share))
    return t
